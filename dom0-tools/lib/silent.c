/* SPDX-License-Identifier: MIT */
/*
 * silent.c - for Xen's libraries: what they would print, our errors say
 */
#include "silent.h"

static void say_nothing(struct xentoollog_logger *logger,
			xentoollog_level level, int errnoval,
			const char *context, const char *format, va_list ap)
{
}

static void show_nothing(struct xentoollog_logger *logger, const char *context,
			 const char *doing_what, int percent,
			 unsigned long done, unsigned long total)
{
}

static void keep(struct xentoollog_logger *logger)
{
}

struct xentoollog_logger silent_logger = {
	.vmessage = say_nothing,
	.progress = show_nothing,
	.destroy = keep,
};
