/* SPDX-License-Identifier: MIT */
/*
 * say.h - what the administrator is told: on standard error, or syslog
 */
#ifndef SERVICE_SAY_H
#define SERVICE_SAY_H

/* Who speaks; at first on standard error. */
void say_as(const char *program);
/* To syslog from now on: there is no standard error any more. */
void say_to_syslog(void);
/* Also what say_more() says. */
void say_all(void);
/* A line that is the same as the one before is left out from now on. */
void say_once(void);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The last word: exit status 1. */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
