/* SPDX-License-Identifier: MIT */
/*
 * heap.c - host tests: small objects from the C library, which finds leaks
 *
 * fake_heap_fail_after(n): the n-th allocation from now on (0: the next) fails,
 * and all after it, until fake_heap_fail_never().
 */
#include "machine.h"

#include <stdlib.h>

#include <lodge/mm.h>

static unsigned long left = ~0UL;

void fake_heap_fail_after(unsigned long n)
{
	left = n;
}

void fake_heap_fail_never(void)
{
	left = ~0UL;
}

static bool may_have(void)
{
	if (left == ~0UL)
		return true;
	if (left == 0)
		return false;
	left--;
	return true;
}

void *kmalloc(size_t size)
{
	return size && size <= 1UL << 20 && may_have() ? malloc(size) : NULL;
}

void *kzalloc(size_t size)
{
	return size && size <= 1UL << 20 && may_have() ? calloc(1, size) :
							 NULL;
}

void *kcalloc(size_t nr, size_t size)
{
	return may_have() ? calloc(nr, size) : NULL;
}

void kfree(void *p)
{
	free(p);
}
