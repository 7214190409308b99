/* SPDX-License-Identifier: MIT */
/*
 * test_xs_look.c - the store's daemon and library look for the next message
 * without sleeping only while that pays
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "look.h"

#define NOW 1000000u
#define SHORT (LOOK_NS - 1)
#define ASLEEP (LOOK_SOON_NS - 1)	/* short for who slept meanwhile */

static bool looks(const struct look *l)
{
	uint64_t until = look_until(l, NOW);

	assert_true(until == NOW || until == NOW + LOOK_NS);
	return until > NOW;
}

static void burst(struct look *l, unsigned int messages, uint64_t wait)
{
	while (messages--)
		look_learn(l, wait, true);
}

static void looks_after_several_short_waits(void **state)
{
	struct look l = { .alone = false };

	burst(&l, LOOK_AFTER - 1, ASLEEP);
	assert_false(looks(&l));
	burst(&l, 1, ASLEEP);
	assert_true(looks(&l));
	burst(&l, 1000, SHORT);
	assert_true(looks(&l));
}

static void a_look_in_vain_is_the_last(void **state)
{
	struct look l = { .alone = false };

	burst(&l, LOOK_AFTER, ASLEEP);
	burst(&l, 1, ASLEEP);		/* came, but while it slept again */
	assert_false(looks(&l));
	burst(&l, LOOK_AFTER - 1, ASLEEP);
	assert_false(looks(&l));
	burst(&l, 1, ASLEEP);
	assert_true(looks(&l));
}

static void long_or_empty_waits_end_it(void **state)
{
	struct look l = { .alone = false };

	burst(&l, LOOK_AFTER - 1, ASLEEP);
	burst(&l, 1, LOOK_SOON_NS);
	burst(&l, 1, ASLEEP);
	assert_false(looks(&l));
	burst(&l, LOOK_AFTER - 1, ASLEEP);
	assert_true(looks(&l));
	look_learn(&l, 0, false);	/* a signal, a connection that ended */
	assert_false(looks(&l));
}

static void never_with_one_processor(void **state)
{
	cpu_set_t all, one;
	struct look l;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	look_init(&l);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	burst(&l, 10 * LOOK_AFTER, SHORT);
	assert_false(looks(&l));
	if (CPU_COUNT(&all) < 2)
		return;
	look_init(&l);
	burst(&l, LOOK_AFTER, SHORT);
	assert_true(looks(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_after_several_short_waits),
		cmocka_unit_test(a_look_in_vain_is_the_last),
		cmocka_unit_test(long_or_empty_waits_end_it),
		cmocka_unit_test(never_with_one_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
