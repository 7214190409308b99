/* SPDX-License-Identifier: MIT */
/*
 * stamp.c - the time at the beginning of each line of the log
 *
 * The clocks lie in layers above and are handed in by console_set_clocks();
 * until then lines have no stamp. They are read with the console's lock held,
 * and never from an NMI.
 */
#include "private.h"

#include <lodge/cmdline.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/x86.h>

#define NS_PER_SEC 1000000000UL

static uint64_t (*boot_ns)(void);	/* [I] since boot */
static uint64_t (*base_ns)(void);	/* [I] time of day at boot, since 1970 */

enum { STAMP_NONE, STAMP_DATE, STAMP_DATEMS, STAMP_BOOT, STAMP_RAW };
static unsigned int stamp_form;

static int parse_timestamps(const char *s)
{
	static const char *const forms[] = {
		"none", "date", "datems", "boot", "raw",
	};
	unsigned int i;

	if (!*s)
		s = "date";
	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(s, forms[i])) {
			stamp_form = i;
			return 0;
		}
	return -EINVAL;
}
PARAM_FN("console_timestamps", parse_timestamps,
	 "time on each line: none, date, datems, boot (seconds), raw (TSC)");

/**
 * console_set_clocks() - what time is it?
 * @since_boot:  nanoseconds, in any context
 * @day_of_boot: nanoseconds from 1970 to boot, in any context, without a lock
 *
 * Context: at boot, once.
 */
void console_set_clocks(uint64_t (*since_boot)(void),
			uint64_t (*day_of_boot)(void))
{
	base_ns = day_of_boot;
	boot_ns = since_boot;
}

uint64_t console_now_ns(void)
{
	return boot_ns ? boot_ns() : 0;
}

struct date {
	unsigned int year, month, day;
};

/*
 * Days since 1970 to a date. Counted from 1 March of year 0, so that the leap
 * day is the last of its year: 146097 days are 400 years.
 */
static struct date date_of(uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153;
	struct date d = {
		.day = (unsigned int)(doy - (153 * mp + 2) / 5 + 1),
		.month = (unsigned int)(mp < 10 ? mp + 3 : mp - 9),
	};

	d.year = (unsigned int)(yoe + era * 400 + (d.month <= 2));
	return d;
}

static size_t stamp_date(char *buf, size_t size, uint64_t ns)
{
	uint64_t s = ns / NS_PER_SEC;
	unsigned int day_s = (unsigned int)(s % 86400);
	struct date d = date_of(s / 86400);
	int n;

	n = snprintf(buf, size, "[%04u-%02u-%02u %02u:%02u:%02u", d.year,
		     d.month, d.day, day_s / 3600, day_s / 60 % 60,
		     day_s % 60);
	if (stamp_form == STAMP_DATEMS)
		n += snprintf(buf + n, size - (size_t)n, ".%03u",
			      (unsigned int)(ns % NS_PER_SEC / 1000000));
	n += snprintf(buf + n, size - (size_t)n, "] ");
	return (size_t)n;
}

size_t stamp_line(char *buf, size_t size)
{
	uint64_t ns;

	if (stamp_form == STAMP_NONE || !boot_ns)
		return 0;
	if (stamp_form == STAMP_RAW)
		return (size_t)snprintf(buf, size, "[%016lx] ", rdtsc());
	ns = boot_ns();
	if (stamp_form == STAMP_BOOT)
		return (size_t)snprintf(buf, size, "[%6lu.%06lu] ",
					ns / NS_PER_SEC,
					ns % NS_PER_SEC / 1000);
	return stamp_date(buf, size, base_ns() + ns);
}
