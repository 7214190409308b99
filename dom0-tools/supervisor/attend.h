/* SPDX-License-Identifier: MIT */
/*
 * attend.h - the daemon's work, until it is told to stop
 */
#ifndef SUPERVISOR_ATTEND_H
#define SUPERVISOR_ATTEND_H

struct lodge_attendance;

/* Watches, and acts. @ready is called once all that there was is dealt with. */
void attend_until_stopped(const struct lodge_attendance *how,
			  void (*ready)(void));

#endif
