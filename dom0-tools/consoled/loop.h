/* SPDX-License-Identifier: MIT */
/*
 * loop.h - what is waited for
 */
#ifndef CONSOLED_LOOP_H
#define CONSOLED_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* A descriptor; set to zero, with @fd and @ready, before it is first used. */
struct source {
	int fd;
	uint32_t events;	/* EPOLL*; what was last asked for */
	bool added;
	void (*ready)(struct source *s, uint32_t events);
};

/* All of this ends the program if it fails: there is no way on. */
void loop_init(void);
/* @events: 0, nothing but errors and hang-ups is told of */
void loop_want(struct source *s, uint32_t events);
/* Not told of again, also of what has come already; does not close it. */
void loop_remove(struct source *s);
/* Tells of what there is, after at most @ms; negative: when something is. */
void loop_wait(int ms);

uint64_t now_ms(void);

#endif
