/* SPDX-License-Identifier: MIT */
/*
 * bitmap.h - plain bitmaps and sets of CPUs
 *
 * Not atomic, except where a function says so; atomic.h has the atomic ones.
 */
#ifndef LODGE_BITMAP_H
#define LODGE_BITMAP_H

#include <lodge/atomic.h>
#include <lodge/types.h>

#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, 64)

/* First set (clear) bit at or after @from and below @size; @size if none. */
unsigned long find_next_bit(const unsigned long *map, unsigned long size,
			    unsigned long from);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size,
				 unsigned long from);
unsigned int bitmap_weight(const unsigned long *map, unsigned long size);

static inline void bitmap_set(unsigned long *map, unsigned long nr)
{
	map[nr / 64] |= 1UL << (nr & 63);
}

static inline void bitmap_clear(unsigned long *map, unsigned long nr)
{
	map[nr / 64] &= ~(1UL << (nr & 63));
}

#define NR_CPUS 64

typedef struct {
	unsigned long bits;
} cpumask_t;

#define CPUMASK_NONE ((cpumask_t){ 0 })

static inline cpumask_t cpumask_of(unsigned int cpu)
{
	return (cpumask_t){ 1UL << cpu };
}

static inline bool cpumask_test(const cpumask_t *m, unsigned int cpu)
{
	return READ_ONCE(m->bits) >> cpu & 1;
}

/* Atomic. */
static inline void cpumask_set(cpumask_t *m, unsigned int cpu)
{
	set_bit(cpu, &m->bits);
}

/* Atomic. */
static inline void cpumask_clear(cpumask_t *m, unsigned int cpu)
{
	clear_bit(cpu, &m->bits);
}

static inline bool cpumask_empty(const cpumask_t *m)
{
	return READ_ONCE(m->bits) == 0;
}

static inline unsigned int cpumask_weight(const cpumask_t *m)
{
	return (unsigned int)__builtin_popcountl(READ_ONCE(m->bits));
}

/* First CPU at or after @from, NR_CPUS if there is none. */
static inline unsigned int cpumask_next(const cpumask_t *m, unsigned int from)
{
	unsigned long b;

	if (from >= NR_CPUS)
		return NR_CPUS;
	b = READ_ONCE(m->bits) >> from;
	return b ? from + (unsigned int)__builtin_ctzl(b) : NR_CPUS;
}

#define for_each_cpu(cpu, mask)                                               \
	for (cpu = cpumask_next(mask, 0); cpu < NR_CPUS;                      \
	     cpu = cpumask_next(mask, cpu + 1))

#endif
