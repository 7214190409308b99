/* SPDX-License-Identifier: MIT */
/*
 * say.h - what the administrator is told: on standard error, or syslog
 */
#ifndef CONSOLED_SAY_H
#define CONSOLED_SAY_H

#include <stdbool.h>

/* To syslog from now on: there is no standard error any more. */
void say_to_syslog(void);
/* Also what say_more() says. */
void say_all(void);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_more(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The last word: exit status 1. */
_Noreturn void die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
