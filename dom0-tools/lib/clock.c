/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the clock of deadlines
 */
#include "clock.h"

#include <time.h>

long clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
