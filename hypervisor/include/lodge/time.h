/* SPDX-License-Identifier: MIT */
/*
 * time.h - system time, wall clock, timers
 *
 * System time is nanoseconds since boot, the same on all CPUs, never backward:
 * a per-CPU linear function of the TSC, recalibrated each second against the
 * platform clock (HPET, else the ACPI PM timer, else the PIT).
 */
#ifndef LODGE_TIME_H
#define LODGE_TIME_H

#include <lodge/list.h>
#include <lodge/types.h>

struct vcpu;
struct domain;

#define NS_PER_SEC	1000000000ULL
#define NS_PER_MS	1000000ULL
#define NS_PER_US	1000ULL

/* Finds the platform clock, calibrates TSC and APIC timer. Panics with a
 * sentence when there is no usable timer. */
void time_init(void);
/* Boot only: the TSC's rate again, over all the time since time_init(). */
void time_refine(void);
/* The last of these, before a guest runs: as good as guests need it. */
void time_settle(void);
void time_init_cpu(void);	/* each AP, on it */
uint64_t system_time_ns(void);
uint64_t tsc_khz(void);
void udelay(unsigned int us);
void mdelay(unsigned int ms);
const char *platform_clock_name(void);
/* The frame of the platform clock's registers; INVALID_MFN: it has none. */
mfn_t platform_mmio_mfn(void);

/* What struct vcpu_time_info needs: valid on the calling CPU. */
struct time_scale {
	uint64_t tsc_stamp;	/* TSC at the stamp */
	uint64_t stime_ns;	/* system time there */
	uint32_t mul_frac;	/* tsc_to_system_mul */
	int8_t shift;		/* tsc_shift */
};
void time_get_scale(struct time_scale *ts);
/* TSC at @ns of system time: for deadline timers. */
uint64_t time_ns_to_tsc(uint64_t ns);
/* Set by domain/: run on a CPU after each recalibration there. */
extern void (*time_recalibrated_hook)(void);

/* Wall clock: seconds and nanoseconds since 1970 at system time 0. */
void wallclock_get(uint64_t *sec, uint32_t *nsec);
/* The same as one number of ns; any context. */
uint64_t wallclock_base_ns(void);
/* Dom0 sets it: that wall time was at @stime_ns. */
void wallclock_set(uint64_t sec, uint32_t nsec, uint64_t stime_ns);
/* The firmware's clock, read at boot; XENPF_settime does not write it. */
uint64_t rtc_read_seconds(void);
/* Bumped by each wallclock_set; domain/ copies into shared_info. */
extern void (*wallclock_changed_hook)(void);

/* ---- timers: a heap per CPU; handlers run from WORK_TIMER, IRQs on ---- */
struct timer {
	uint64_t expires_ns;		/* [t] system time */
	void (*fn)(void *);		/* [I] */
	void *arg;			/* [I] */
	/* The heap is made of the timers: arming one cannot fail. */
	struct timer *left, *right, *parent;	/* [t] */
	uint16_t rank;			/* [t] of the heap node; 0: not armed */
	uint16_t cpu;			/* [t] whose heap */
	bool killed;			/* [t] */
};
void timer_init(struct timer *t, void (*fn)(void *), void *arg,
		unsigned int cpu);
/* (Re)arms; a time in the past fires at once. */
void timer_set(struct timer *t, uint64_t expires_ns);
/* Not armed afterwards; the handler may still be running on its CPU. */
void timer_stop(struct timer *t);
/* The handler has ended, and timer_set() has no effect any more. */
void timer_kill(struct timer *t);
void timer_migrate(struct timer *t, unsigned int cpu);
bool timer_active(const struct timer *t);
/* Finds CPUs that hang ("watchdog"); all are online and serve timers now. */
void watchdog_start(void);
void watchdog_alive(void);
/* From WORK_TIMER / the APIC timer's vector. */
void timers_init(void);
void timers_dump(void);		/* debug key 'a' */

#endif
