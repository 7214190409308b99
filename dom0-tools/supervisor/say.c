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

#include "liblodge.h"

static bool to_syslog;

void say_to_syslog(void)
{
	openlog("lodge-supervisor", LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

/* What fails again as it has before is told once. */
static bool is_repeated(const char *text)
{
	static char last[512];

	if (!strncmp(text, last, sizeof(last) - 1))
		return true;
	snprintf(last, sizeof(last), "%s", text);
	return false;
}

/* One write for a line, so that lines of several programs stay whole. */
void say_text(void *arg, const char *text)
{
	(void)arg;
	if (is_repeated(text))
		return;
	if (to_syslog)
		syslog(LOG_NOTICE, "%s", text);
	else
		fprintf(stderr, "lodge-supervisor: %s\n", text);
}

static void emit(const char *format, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, ap);
	say_text(NULL, text);
}

void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(format, ap);
	va_end(ap);
}

void say_error(const struct lodge *l)
{
	char *text = lodge_error_text(l);

	say_text(NULL, text ? text : "there is no memory");
	free(text);
}

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(format, ap);
	va_end(ap);
	exit(EXIT_FAILURE);
}
