/* SPDX-License-Identifier: MIT */
/*
 * clock.c - what time it is; tests have a clock of their own
 */
#include <time.h>

#include "loop.h"

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
