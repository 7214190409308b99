/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the time of this vCPU
 */
#ifndef GUESTKIT_CLOCK_H
#define GUESTKIT_CLOCK_H

#include <guestkit/xen.h>

#define NS_PER_MS 1000000UL
#define NS_PER_S  1000000000UL

/* System time in nanoseconds, of this vCPU's time page. */
uint64_t clock_ns(void);
/* The same from any copy of such a page. */
uint64_t clock_of_ns(const volatile struct vcpu_time_info *time);
/* Runs, yielding, for this long. */
void clock_wait_ns(uint64_t ns);

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

#endif /* GUESTKIT_CLOCK_H */
