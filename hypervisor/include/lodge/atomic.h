/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - atomic read-modify-write and memory barriers
 *
 * Thin names over the compiler's builtins (sequentially consistent), so that
 * a reader sees which accesses other CPUs race with.
 */
#ifndef LODGE_ATOMIC_H
#define LODGE_ATOMIC_H

#include <lodge/types.h>

#define atomic_load(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_add_return(p, v)	__atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)
#define atomic_sub_return(p, v)	__atomic_sub_fetch(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_add(p, v)	__atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v)	__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v)	__atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

/* Stores @new if *p equals *old; else loads *p into *old. True if stored. */
#define atomic_cmpxchg(p, old, new)                                           \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST,     \
				    __ATOMIC_SEQ_CST)

#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()	__atomic_thread_fence(__ATOMIC_RELEASE)

/* Bit operations on bitmaps that other CPUs or guests change too. */
static inline bool test_and_set_bit(unsigned long nr, volatile void *map)
{
	unsigned long m = 1UL << (nr & 63);

	return atomic_fetch_or((volatile unsigned long *)map + nr / 64, m) & m;
}

static inline bool test_and_clear_bit(unsigned long nr, volatile void *map)
{
	unsigned long m = 1UL << (nr & 63);

	return atomic_fetch_and((volatile unsigned long *)map + nr / 64, ~m) &
	       m;
}

static inline void set_bit(unsigned long nr, volatile void *map)
{
	(void)test_and_set_bit(nr, map);
}

static inline void clear_bit(unsigned long nr, volatile void *map)
{
	(void)test_and_clear_bit(nr, map);
}

static inline bool test_bit(unsigned long nr, const volatile void *map)
{
	return ((const volatile unsigned long *)map)[nr / 64] >> (nr & 63) & 1;
}

#endif
