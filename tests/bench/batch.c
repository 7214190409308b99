// SPDX-License-Identifier: MIT
/* batch.c - steps measured in batches: see batch.h */
#include "batch.h"

#include <stdio.h>

#define MARK_BEGIN() __asm__ volatile("nopl 0x4c424547(%%rax)" ::: "memory")
#define MARK_END()   __asm__ volatile("nopl 0x4c454e44(%%rax)" ::: "memory")

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

bool nothing_before(void)
{
	return true;
}

static bool batch(const struct path *p, uint64_t *ticks)
{
	uint64_t start;
	unsigned int i;
	bool good = p->before();

	MARK_BEGIN();
	start = rdtsc();
	for (i = 0; i < p->steps; i++)
		good &= p->step(i);
	*ticks = rdtsc() - start;
	MARK_END();
	if (p->spent)
		*ticks = p->spent();
	return good;
}

bool measure(const struct path *p, unsigned int batches)
{
	uint64_t ticks[BATCHES];
	bool good = true;
	unsigned int i;

	for (i = 0; i < batches; i++)
		good &= batch(p, &ticks[i]);
	printf("SAMPLES %s %u", p->name, p->steps);
	for (i = 0; i < batches; i++)
		printf(" %lu", ticks[i]);
	printf("\n");
	return good;
}
