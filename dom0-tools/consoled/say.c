/* SPDX-License-Identifier: MIT */
/*
 * say.c - what the administrator is told
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

static bool to_syslog, all;

void say_to_syslog(void)
{
	openlog("lodge-consoled", LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

void say_all(void)
{
	all = true;
}

/* One write for a line, so that lines of several programs stay whole. */
static void emit(int level, const char *format, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, ap);
	if (to_syslog)
		syslog(level, "%s", text);
	else
		fprintf(stderr, "lodge-consoled: %s\n", text);
}

void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(LOG_WARNING, format, ap);
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
