/* SPDX-License-Identifier: MIT */
/*
 * say.h - what the administrator is told: on standard error, or syslog
 */
#ifndef SUPERVISOR_SAY_H
#define SUPERVISOR_SAY_H

struct lodge;

/* To syslog from now on: there is no standard error any more. */
void say_to_syslog(void);

/* A line that is the same as the one before is left out. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line of the library's; @arg is not used. */
void say_text(void *arg, const char *text);
/* Why the last call failed. */
void say_error(const struct lodge *l);
/* The last word: exit status 1. */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
