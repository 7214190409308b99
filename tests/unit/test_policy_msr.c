/* SPDX-License-Identifier: MIT */
/*
 * test_policy_msr.c - the MSRs of a CPU policy, read and written by tools
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/errno.h>

#include "../../hypervisor/control/private.h"

#define PLATFORM_INFO	  0xce
#define ARCH_CAPABILITIES 0x10a

static guest_ptr_t at(const void *p)
{
	return GUEST_PTR((uint64_t)p);
}

static void both_are_told(void **state)
{
	xen_msr_entry_t list[3];
	uint32_t nr = 3;

	memset(list, 0xff, sizeof(list));
	assert_int_equal(policy_put_msrs(at(list), &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(list[0].idx, PLATFORM_INFO);
	assert_int_equal(list[1].idx, ARCH_CAPABILITIES);
	assert_int_equal(list[0].flags | list[1].flags, 0);
	assert_int_equal(list[0].val | list[1].val, 0);
	/* And nothing behind them. */
	assert_int_equal(list[2].idx, ~0U);
}

static void room_is_asked_for(void **state)
{
	xen_msr_entry_t list[2] = { { 0 } };
	uint32_t nr = 0;

	assert_int_equal(policy_put_msrs(at(NULL), &nr), 0);
	assert_int_equal(nr, 2);
	for (nr = 0; nr < 2;) {
		uint32_t room = nr++;

		assert_int_equal(policy_put_msrs(at(list), &room), -ENOBUFS);
	}
	assert_int_equal(list[0].idx, 0);
	nr = 2;
	fake_copy_to_fails = true;
	assert_int_equal(policy_put_msrs(at(list), &nr), -EFAULT);
	fake_copy_to_fails = false;
	assert_int_equal(policy_put_msrs(at((void *)8), &nr), -EFAULT);
}

static void what_was_told_is_taken(void **state)
{
	xen_msr_entry_t list[2];
	uint32_t nr = 2, err = 7;

	assert_int_equal(policy_put_msrs(at(list), &nr), 0);
	assert_int_equal(policy_check_msrs(at(list), nr, &err), 0);
	assert_int_equal(policy_check_msrs(at(list), 0, &err), 0);
	assert_int_equal(policy_check_msrs(at(NULL), 0, &err), 0);
	assert_int_equal(err, 7);
}

static void others_are_refused_by_name(void **state)
{
	static const struct {
		xen_msr_entry_t entry;
		int rc;
	} bad[] = {
		{ { PLATFORM_INFO, 0, 1UL << 31 }, -EINVAL },
		{ { ARCH_CAPABILITIES, 0, 1 }, -EINVAL },
		{ { ARCH_CAPABILITIES, 1, 0 }, -EINVAL },
		{ { 0x10b, 0, 0 }, -ERANGE },
		{ { ~0U, ~0U, ~0UL }, -ERANGE },
	};
	xen_msr_entry_t list[2] = { { PLATFORM_INFO, 0, 0 } };
	uint32_t err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = 0;
		list[1] = bad[i].entry;
		assert_int_equal(policy_check_msrs(at(list), 2, &err),
				 bad[i].rc);
		assert_int_equal(err, bad[i].entry.idx);
	}
	assert_int_equal(policy_check_msrs(at(list), 3, &err), -E2BIG);
	assert_int_equal(policy_check_msrs(at(list), ~0U, &err), -E2BIG);
	assert_int_equal(policy_check_msrs(at((void *)8), 1, &err), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_are_told),
		cmocka_unit_test(room_is_asked_for),
		cmocka_unit_test(what_was_told_is_taken),
		cmocka_unit_test(others_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
