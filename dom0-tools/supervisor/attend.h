/* SPDX-License-Identifier: MIT */
/*
 * attend.h - the daemon's work, until it is told to stop
 */
#ifndef SUPERVISOR_ATTEND_H
#define SUPERVISOR_ATTEND_H

struct lodge_attendance;

/* From now on a signal ends the program between two looks. */
void attend_catch_signals(void);

/* Watches, and acts, at least once. @ready is called once all that there was is dealt with. */
void attend_until_stopped(const struct lodge_attendance *how,
			  void (*ready)(void));

#endif
