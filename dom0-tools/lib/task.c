/* SPDX-License-Identifier: MIT */
/*
 * task.c - long work tells how far it is, and can be ended
 */
#include "task.h"

#include <errno.h>

int task_goes_on(struct lodge *l, const struct lodge_task *task,
		 const char *what, uint64_t done, uint64_t total)
{
	if (!task || task->progress(task->arg, what, done, total))
		return 0;
	return fail(l, ECANCELED, "it was ended before it was done");
}
