/* SPDX-License-Identifier: MIT */
/*
 * say.c - what the administrator is told
 */
#include "say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define LONGEST 512

static const char *name;
static bool to_syslog, all, once;

void say_as(const char *program)
{
	name = program;
}

void say_to_syslog(void)
{
	openlog(name, LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

void say_all(void)
{
	all = true;
}

void say_once(void)
{
	once = true;
}

static bool is_repeated(const char *text)
{
	static char last[LONGEST];

	if (!strcmp(text, last))
		return true;
	strcpy(last, text);
	return false;
}

/* One write for a line, so that lines of several programs stay whole. */
static void emit(int level, const char *format, va_list ap)
{
	char text[LONGEST];

	vsnprintf(text, sizeof(text), format, ap);
	if (once && is_repeated(text))
		return;
	if (to_syslog)
		syslog(level, "%s", text);
	else
		fprintf(stderr, "%s: %s\n", name, text);
}

void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(LOG_NOTICE, format, ap);
	va_end(ap);
}

void say_more(const char *format, ...)
{
	va_list ap;

	if (!all)
		return;
	va_start(ap, format);
	emit(LOG_INFO, format, ap);
	va_end(ap);
}

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(LOG_ERR, format, ap);
	va_end(ap);
	exit(EXIT_FAILURE);
}
