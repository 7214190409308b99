/* SPDX-License-Identifier: MIT */
/*
 * task.h - long work tells how far it is, and can be ended
 */
#ifndef LODGE_TASK_H
#define LODGE_TASK_H

#include "host.h"

/* 0: go on; -ECANCELED, and an error. @task may be NULL. */
int task_goes_on(struct lodge *l, const struct lodge_task *task,
		 const char *what, uint64_t done, uint64_t total);

#endif
