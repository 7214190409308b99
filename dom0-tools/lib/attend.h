/* SPDX-License-Identifier: MIT */
/*
 * attend.h - what the files that act at the end of guests call of each other
 */
#ifndef LODGE_ATTEND_H
#define LODGE_ATTEND_H

#include "restart.h"

#define TROUBLE_MS 10000	/* what failed, or others do, is looked at */

struct lodge_attendance;
struct lodge_config;

/* One look at all guests. */
struct attending {
	struct lodge *l;
	const struct lodge_attendance *how;
	int again_ms;		/* negative: not before something happens */
};

/* ---- again.c ---- */
void attend_tell(const struct attending *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Why the last call has failed, which is tried again. */
void attend_tell_error(struct attending *a);
/* After so long at the latest. */
void attend_call_again(struct attending *a, uint64_t ms);

/* Settings that were kept. 0; -ENOMEM, and an error */
int attend_read(struct lodge *l, const char *text,
		struct lodge_config **config);

/* All that are to be started again. As restart_list() */
int attend_restarts(struct attending *a);

#endif
