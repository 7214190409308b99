/* SPDX-License-Identifier: MIT */
/*
 * clock.c - system time from the TSC and the vCPU's time page
 */
#include <guestkit/clock.h>
#include <guestkit/hypercall.h>
#include <guestkit/vcpu.h>

static uint64_t scale(uint64_t delta, uint32_t mul, int8_t shift)
{
	if (shift < 0)
		delta >>= -shift;
	else
		delta <<= shift;
	return (unsigned __int128)delta * mul >> 32;
}

uint64_t clock_of_ns(const volatile struct vcpu_time_info *time)
{
	uint32_t version;
	uint64_t ns;

	do {
		version = time->version & ~1U;
		asm volatile("" ::: "memory");
		ns = time->system_time + scale(tsc_read() - time->tsc_timestamp,
					       time->tsc_to_system_mul,
					       time->tsc_shift);
		asm volatile("" ::: "memory");
	} while (time->version != version);
	return ns;
}

uint64_t clock_ns(void)
{
	return clock_of_ns(&this_vcpu()->info->time);
}

void clock_wait_ns(uint64_t ns)
{
	uint64_t end = clock_ns() + ns;

	while (clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}
