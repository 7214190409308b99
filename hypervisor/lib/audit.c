/* SPDX-License-Identifier: MIT */
/*
 * audit.c - how parts of the audit tell of a contradiction
 */
#include <lodge/audit.h>

#include <lodge/console.h>
#include <lodge/lib.h>

#include <stdarg.h>

#define MAX_TOLD 20

/**
 * audit_error() - two records contradict each other
 * @a:   the audit
 * @fmt: one line that says which, without its end
 *
 * The first few are printed, all are counted.
 */
void audit_error(struct audit *a, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	if (a->errors++ >= MAX_TOLD || a->quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	printk("audit: %s\n", what);
}
