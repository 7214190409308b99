/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of time/ share
 *
 *	scale.c      counts to nanoseconds and back; steering of a scale
 *	platform.c   the clock that all CPUs can read: HPET, PM timer, PIT
 *	tsc.c        system time: the TSC, kept in step with the platform clock
 *	heap.c       a priority queue made of timers
 *	timer.c      each CPU's timers
 *	rtc.c        the firmware's clock
 *	wallclock.c  time of day
 */
#ifndef LODGE_TIME_PRIVATE_H
#define LODGE_TIME_PRIVATE_H

#include <lodge/time.h>
#include <lodge/types.h>

/* ---- scale.c ---- */
/* ns = (count << shift, or >> -shift) * mul_frac / 2^32 */
struct rate {
	uint32_t mul_frac;	/* at least 2^31 */
	int8_t shift;
};
struct rate rate_from_hz(uint64_t hz);
/* @count counts were @ns nanoseconds; both nonzero, below 2^62. */
struct rate rate_from_ratio(uint64_t ns, uint64_t count);
uint64_t rate_to_ns(struct rate r, uint64_t count);
/* The smallest count that lasts at least @ns. */
uint64_t rate_to_count(struct rate r, uint64_t ns);
uint64_t rate_to_hz(struct rate r);
/* More ns per count, by @ppb parts in 10^9, at most a tenth. */
struct rate rate_adjust(struct rate r, int64_t ppb);
/* Parts in 10^9 by which @a counts more nanoseconds than @b. */
int64_t rate_difference(struct rate a, struct rate b);
uint64_t scale_to_ns(const struct time_scale *ts, uint64_t tsc);
uint64_t scale_to_tsc(const struct time_scale *ts, uint64_t ns);

/* A reading of TSC and platform clock at one moment. */
struct clock_pair {
	uint64_t tsc, ns;
	uint64_t width_tsc;	/* how far apart the two reads were at most */
};
/*
 * The next second's scale: continues @old at @now without a step, runs at
 * @rate, and makes up for being @error_ns behind (negative: ahead).
 */
#define SLEW_MAX_PPB	500000		/* 500 ppm */
#define STEP_MIN_NS	(10 * NS_PER_MS)
struct time_scale scale_steer(const struct time_scale *old, uint64_t now_tsc,
			      struct rate rate, int64_t error_ns);

/* ---- platform.c ---- */
struct platform_clock {
	const char *name;
	unsigned int bits;	/* width of the counter */
	/* Its frequency in Hz; 0: not there, or does not count. */
	uint64_t (*start)(void);
	uint64_t (*read)(void);
};
void platform_init(void);
/* ns since platform_init; takes LOCK_PLATFORM. */
uint64_t platform_ns(void);
/* So long after it was read its counter shows the same again. */
uint64_t platform_turn_ns(void);
/* Counts since @last, when a counter of @bits bits shows @now and another
 * clock says @elapsed counts (it may be wrong by less than half a turn). */
uint64_t platform_unwrap(uint64_t last, uint64_t now, unsigned int bits,
			 uint64_t elapsed);
/* The least disturbed of several pairs. */
struct clock_pair clock_pair_read(void);

/* ---- tsc.c ---- */
void tsc_init_cpu(void);
/* System time is calibrated: good for comparisons. */
bool tsc_ready(void);

/* ---- timer.c ---- */
void timers_init_cpu(void);

/* ---- heap.c: a leftist heap, smallest expires_ns first ---- */
struct timer *heap_insert(struct timer *root, struct timer *t);
struct timer *heap_remove(struct timer *root, struct timer *t);

/* ---- rtc.c ---- */
struct rtc_time {
	uint8_t second, minute, hour, day, month, year, century, status_b;
};
/* Seconds since 1970; 0: not a date. @raw as in the registers. */
uint64_t rtc_to_seconds(const struct rtc_time *raw);
void wallclock_init(void);

#endif
