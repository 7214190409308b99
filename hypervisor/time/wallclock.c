/* SPDX-License-Identifier: MIT */
/*
 * wallclock.c - time of day, as an offset of system time
 *
 * Begins with the firmware's clock; Dom0 corrects it.
 *
 * Locks: wallclock.lock (LOCK_PLATFORM).
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/spinlock.h>

static struct {
	spinlock_t lock;
	uint64_t sec;		/* since 1970, at system time 0 */
	uint32_t nsec;
	uint64_t base_ns;	/* [a] both as one, for who cannot lock */
} wallclock = { .lock = SPINLOCK_INIT(LOCK_PLATFORM) };

void (*wallclock_changed_hook)(void);

/**
 * wallclock_get() - the time of day at system time 0
 * @sec:  out, seconds since 1970
 * @nsec: out, nanoseconds, below 10^9
 *
 * Context: any; takes LOCK_PLATFORM.
 */
void wallclock_get(uint64_t *sec, uint32_t *nsec)
{
	unsigned long flags = spin_lock_irqsave(&wallclock.lock);

	*sec = wallclock.sec;
	*nsec = wallclock.nsec;
	spin_unlock_irqrestore(&wallclock.lock, flags);
}

/**
 * wallclock_set() - say what time of day it was
 * @sec:      seconds since 1970
 * @nsec:     nanoseconds, below 10^9
 * @stime_ns: the system time at which it was so
 *
 * A time of day so early that system time 0 falls before 1970 puts it there.
 *
 * Context: no locks at or above LOCK_PLATFORM; calls wallclock_changed_hook.
 */
void wallclock_set(uint64_t sec, uint32_t nsec, uint64_t stime_ns)
{
	uint64_t back_sec = stime_ns / NS_PER_SEC;
	uint32_t back_nsec = (uint32_t)(stime_ns % NS_PER_SEC);
	unsigned long flags;

	if (nsec < back_nsec) {
		nsec += (uint32_t)NS_PER_SEC;
		back_sec++;
	}
	nsec -= back_nsec;
	if (sec < back_sec) {
		sec = back_sec;
		nsec = 0;
	}
	flags = spin_lock_irqsave(&wallclock.lock);
	wallclock.sec = sec - back_sec;
	wallclock.nsec = nsec;
	WRITE_ONCE(wallclock.base_ns, wallclock.sec * NS_PER_SEC + nsec);
	spin_unlock_irqrestore(&wallclock.lock, flags);
	if (wallclock_changed_hook)
		wallclock_changed_hook();
}

/**
 * wallclock_base_ns() - the time of day at system time 0
 *
 * Context: any, NMI included; takes no lock.
 * Return: nanoseconds since 1970; 0: not known.
 */
uint64_t wallclock_base_ns(void)
{
	return READ_ONCE(wallclock.base_ns);
}

void wallclock_init(void)
{
	uint64_t sec = rtc_read_seconds();

	if (sec == 0)
		printk(LOG_WARN "no time of day: the CMOS clock shows none\n");
	wallclock_set(sec, 0, sec ? system_time_ns() : 0);
}
