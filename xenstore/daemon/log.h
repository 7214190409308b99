/* SPDX-License-Identifier: MIT */
/*
 * log.h - messages for the administrator, and the access trace
 *
 * Messages go to standard error (which systemd keeps), or to a file once
 * log_open() named one. Levels can be changed while running. The trace shows
 * every request and reply; it is off until someone switches it on.
 */
#ifndef XS_LOG_H
#define XS_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

extern bool log_tracing;

int log_open(const char *path);
bool log_set_level(const char *name);
const char *log_level_name(void);
void log_at(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void log_fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
void log_trace(const char *who, const char *what, unsigned int tx_id,
	       const void *data, size_t len);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
