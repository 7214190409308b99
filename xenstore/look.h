/* SPDX-License-Identifier: MIT */
/*
 * look.h - look for a message for a moment before sleeping until it comes
 *
 * Who makes one request after the other sends the next as soon as it has its
 * reply, and the daemon answers at once. To put a processor to sleep and to
 * wake it takes longer than either, and in a virtual machine, which Dom0 is,
 * several times as long. So while messages come soon one after the other, the
 * daemon and the library look for the next one for LOOK_NS before they sleep.
 * After one look in vain they sleep at once, until several waits in a row were
 * short again: so a burst of messages costs one look in vain at most, and a
 * sender who chooses his pauses to make it costly one for every five messages.
 *
 * Where a process may use one processor only, nobody could send anything
 * meanwhile, and it never looks.
 */
#ifndef XS_LOOK_H
#define XS_LOOK_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define LOOK_NS 60000u
#define LOOK_SOON_NS 200000u	/* a short wait, sleep and waking included */
#define LOOK_AFTER 4u		/* short waits in a row */

struct look {
	bool alone;
	unsigned int soon;	/* waits in a row that were short */
};

static inline uint64_t look_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Is there a processor for anybody else? */
static inline void look_init(struct look *l)
{
	cpu_set_t cpus;

	l->soon = 0;
	l->alone = sched_getaffinity(0, sizeof(cpus), &cpus) ||
		   CPU_COUNT(&cpus) < 2;
}

static inline bool look_is_worth_it(const struct look *l)
{
	return !l->alone && l->soon >= LOOK_AFTER;
}

/* Look until then; @now: sleep at once. */
static inline uint64_t look_until(const struct look *l, uint64_t now)
{
	return look_is_worth_it(l) ? now + LOOK_NS : now;
}

/* A wait is over; @came: with what was waited for. */
static inline void look_learn(struct look *l, uint64_t waited_ns, bool came)
{
	uint64_t limit = look_is_worth_it(l) ? LOOK_NS : LOOK_SOON_NS;

	if (came && waited_ns < limit)
		l->soon++;
	else
		l->soon = 0;
}

#endif
