/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the clock of deadlines
 */
#ifndef LODGE_CLOCK_H
#define LODGE_CLOCK_H

/* In ms, since any time; nobody sets it. */
long clock_ms(void);

#endif
