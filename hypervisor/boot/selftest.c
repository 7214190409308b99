/* SPDX-License-Identifier: MIT */
/*
 * selftest.c - debug build: break something on purpose, to see what is told
 *
 * selftest=df runs over the end of the boot CPU's stack; selftest=hang lets
 * the last CPU spin with interrupts off, for the watchdog to find.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>

/* Never ends; the compiler shall not know. */
static volatile bool goes_on = true;

static unsigned long overflow_stack(unsigned long depth)
{
	volatile unsigned long room[32];

	room[depth % 32] = depth;
	if (!goes_on)
		return 0;
	return overflow_stack(depth + 1) + room[depth % 32];
}

static void break_stack(void)
{
	printk("selftest: %lu calls\n", overflow_stack(0));
}

static void spin(void *unused)
{
	while (goes_on)
		cpu_relax();
}

static void hang_last_cpu(void)
{
	unsigned int last = 63 - (unsigned int)__builtin_clzl(
					 cpu_online_map.bits);
	cpumask_t mask = cpumask_of(last);

	printk("selftest: CPU %u hangs from now on\n", last);
	smp_call(&mask, spin, NULL, false);
}

static const struct {
	const char *name;
	void (*fn)(void);
} tests[] = {
	{ "df", break_stack },
	{ "hang", hang_last_cpu },
};

static void (*chosen)(void);

static int __init parse_selftest(const char *value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tests) && DEBUG_BUILD; i++) {
		if (strcmp(value, tests[i].name))
			continue;
		chosen = tests[i].fn;
		return 0;
	}
	return -EINVAL;
}
PARAM_FN("selftest", parse_selftest, "debug build only: break something at "
	 "the end of boot: df (stack overflow) or hang (a CPU stops)");

/* Boot CPU, at the end of boot, IRQs on. */
void selftest_run(void)
{
	if (chosen)
		chosen();
}
