/* SPDX-License-Identifier: MIT */
/*
 * halt.h - all guests are being shut down
 *
 *	/lodge/halting = "PID START"	who is at it; if that process is gone,
 *					nobody is
 */
#ifndef LODGE_HALT_H
#define LODGE_HALT_H

#include <stdbool.h>

struct lodge;

/* Is somebody at it? 0; -errno, and an error */
int halt_is_on(struct lodge *l, bool *on);

#endif
