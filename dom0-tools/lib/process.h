/* SPDX-License-Identifier: MIT */
/*
 * process.h - which process has written something, and is it still there?
 */
#ifndef LODGE_PROCESS_H
#define LODGE_PROCESS_H

#include <stdbool.h>

struct lodge;

/* Two of one number differ by when they were started, in clock ticks. */
struct process {
	unsigned int pid;
	unsigned long long start;
};

/* This one. 0; -EIO, and an error */
int process_self(struct lodge *l, struct process *p);
/* Of one that nobody can tell of it is not said. */
bool process_is_gone(const struct process *p);

#endif
