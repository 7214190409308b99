/* SPDX-License-Identifier: MIT */
/*
 * test_guest_end.c - what is done when a guest ends: each reason and action
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xen/xen.h>
#include <xen/sched.h>

#include "end.h"

#define QUICK_S 10
#define MOST	3

/* All different, so that none can be taken for another. */
static const struct lodge_domain_config different = {
	.on_poweroff = LODGE_ACTION_DESTROY,
	.on_reboot = LODGE_ACTION_RESTART,
	.on_watchdog = LODGE_ACTION_RENAME_RESTART,
	.on_crash = LODGE_ACTION_PRESERVE,
};

static void test_each_reason_has_its_key(void **state)
{
	static const struct {
		unsigned int reason;
		bool none;
		enum lodge_action action;
	} rows[] = {
		{SHUTDOWN_poweroff, false, LODGE_ACTION_DESTROY},
		{SHUTDOWN_reboot, false, LODGE_ACTION_RESTART},
		{SHUTDOWN_suspend, true, 0},
		{SHUTDOWN_crash, false, LODGE_ACTION_PRESERVE},
		{SHUTDOWN_watchdog, false, LODGE_ACTION_RENAME_RESTART},
		{SHUTDOWN_soft_reset, false, LODGE_ACTION_PRESERVE},
		{SHUTDOWN_MAX + 1, false, LODGE_ACTION_PRESERVE},
		{0xff, false, LODGE_ACTION_PRESERVE},
	};
	struct end_decision d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct guest_end end = {rows[i].reason, QUICK_S, 0};

		d = end_decide(&different, &end, QUICK_S, MOST);
		assert_int_equal(d.none, rows[i].none);
		assert_false(d.too_often);
		if (!d.none)
			assert_int_equal(d.action, rows[i].action);
		assert_non_null(end_words(rows[i].reason));
	}
}

static struct end_decision decide(enum lodge_action action, uint64_t life_s,
				  unsigned int quick, unsigned int quick_s)
{
	const struct lodge_domain_config config = {.on_reboot = action};
	const struct guest_end end = {SHUTDOWN_reboot, life_s, quick};

	return end_decide(&config, &end, quick_s, MOST);
}

/* The one that ends soon once more is kept. */
static void test_too_often(void **state)
{
	static const enum lodge_action again[] = {
		LODGE_ACTION_RESTART, LODGE_ACTION_RENAME_RESTART,
		LODGE_ACTION_COREDUMP_RESTART,
	};
	struct end_decision d;
	unsigned int quick;
	size_t i;

	for (i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		for (quick = 0; quick < MOST; quick = d.quick) {
			d = decide(again[i], QUICK_S - 1, quick, QUICK_S);
			assert_int_equal(d.action, again[i]);
			assert_int_equal(d.quick, quick + 1);
			assert_false(d.too_often);
		}
		d = decide(again[i], 0, quick, QUICK_S);
		assert_int_equal(d.action, LODGE_ACTION_PRESERVE);
		assert_true(d.too_often);
	}
}

/* Who has lived long enough begins to be counted anew; at 0 nobody is. */
static void test_not_too_often(void **state)
{
	struct end_decision d;

	d = decide(LODGE_ACTION_RESTART, QUICK_S, MOST, QUICK_S);
	assert_int_equal(d.action, LODGE_ACTION_RESTART);
	assert_int_equal(d.quick, 0);
	d = decide(LODGE_ACTION_RESTART, 0, MOST, 0);
	assert_int_equal(d.action, LODGE_ACTION_RESTART);
	assert_int_equal(d.quick, 0);
}

/* Nothing is started again: how soon it has ended does not count. */
static void test_final(void **state)
{
	static const enum lodge_action final[] = {
		LODGE_ACTION_DESTROY, LODGE_ACTION_PRESERVE,
		LODGE_ACTION_COREDUMP_DESTROY,
	};
	struct end_decision d;
	size_t i;

	for (i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
		d = decide(final[i], 0, MOST, QUICK_S);
		assert_int_equal(d.action, final[i]);
		assert_false(d.too_often);
	}
}

/* A number in the store may be any. */
static void test_largest_count(void **state)
{
	struct end_decision d;

	d = decide(LODGE_ACTION_RESTART, 0, ~0U, QUICK_S);
	assert_true(d.too_often);
	assert_int_equal(d.quick, MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_reason_has_its_key),
		cmocka_unit_test(test_too_often),
		cmocka_unit_test(test_not_too_often),
		cmocka_unit_test(test_final),
		cmocka_unit_test(test_largest_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
