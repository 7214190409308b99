/* SPDX-License-Identifier: MIT */
/*
 * log.c - messages for the administrator, and the access trace
 *
 * A message is one write(), so that the lines of keeper and daemon do not mix.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRACE_MAX 160		/* bytes of a payload that the trace shows */

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static enum log_level level = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;
bool log_tracing;

/**
 * log_open() - append messages to a file from now on
 * @path: file, created with mode 0640 if it is missing
 *
 * Return: 0, or the errno of open(); messages then go where they went before.
 */
int log_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (fd < 0)
		return errno;
	if (log_fd != STDERR_FILENO)
		close(log_fd);
	log_fd = fd;
	return 0;
}

bool log_set_level(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(level_names) / sizeof(*level_names); i++) {
		if (strcmp(name, level_names[i]))
			continue;
		level = (enum log_level)i;
		return true;
	}
	return false;
}

const char *log_level_name(void)
{
	return level_names[level];
}

static void emit(const char *tag, const char *fmt, va_list ap)
{
	char line[1024];
	struct timespec ts;
	struct tm tm;
	size_t n;
	int len;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ %s: ",
			      ts.tv_nsec / 1000000, tag);
	len = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (len > 0)
		n += (size_t)len;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	/* Nobody is left to tell when the log itself cannot be written. */
	if (write(log_fd, line, n) < 0)
		return;
}

void log_at(enum log_level at, const char *fmt, ...)
{
	va_list ap;

	if (at > level)
		return;
	va_start(ap, fmt);
	emit(level_names[at], fmt, ap);
	va_end(ap);
}

void log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("fatal", fmt, ap);
	va_end(ap);
	abort();
}

static void trace_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("trace", fmt, ap);
	va_end(ap);
}

/**
 * log_trace() - one line for a message that came in or goes out
 * @who:   name of the client, e.g. "dom3" or "sock12"
 * @what:  direction and type, e.g. "> READ"
 * @tx_id: transaction, 0 for none
 * @data:  payload; NULs and unprintable bytes are shown as dots
 */
void log_trace(const char *who, const char *what, unsigned int tx_id,
	       const void *data, size_t len)
{
	char text[TRACE_MAX + 1];
	const char *p = data;
	size_t i, n = len < TRACE_MAX ? len : TRACE_MAX;

	if (!log_tracing)
		return;
	for (i = 0; i < n; i++)
		text[i] = p[i] == '\0' ? ' ' :
			  p[i] < ' ' || p[i] > '~' ? '.' : p[i];
	text[n] = '\0';
	trace_line("%s %s tx %u len %zu: %s%s", who, what, tx_id, len, text,
		   n < len ? "..." : "");
}
