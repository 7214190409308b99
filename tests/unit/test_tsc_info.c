/* SPDX-License-Identifier: MIT */
/*
 * test_tsc_info.c - which rates of the time-stamp counter a guest may come with
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/time.h>

#include "../../hypervisor/control/private.h"

#define KHZ	2445424U
#define NOW_NS	123456789U

static struct domain d;

uint64_t tsc_khz(void)
{
	return KHZ;
}

uint64_t system_time_ns(void)
{
	return NOW_NS;
}

static long set(uint32_t mode, uint32_t khz, uint32_t incarnation)
{
	struct domctl_call call = { .d = &d };

	call.op.u.tsc_info.tsc_mode = mode;
	call.op.u.tsc_info.gtsc_khz = khz;
	call.op.u.tsc_info.incarnation = incarnation;
	return domctl_set_tsc(NULL, &call);
}

static struct xen_domctl_tsc_info get(void)
{
	struct domctl_call call = { .d = &d };

	memset(&call.op.u, 0xff, sizeof(call.op.u));
	assert_int_equal(domctl_get_tsc(NULL, &call), 0);
	assert_int_equal(call.op.u.tsc_info.pad, 0);
	return call.op.u.tsc_info;
}

static void rates_of_this_machine(void **state)
{
	assert_int_equal(set(0, 0, 0), 0);
	assert_int_equal(set(0, KHZ, 0), 0);
	assert_int_equal(set(0, KHZ - KHZ / 4096, 0), 0);
	assert_int_equal(set(0, KHZ + KHZ / 4096, 3), 0);
	assert_int_equal(get().tsc_mode, 0);
	assert_int_equal(get().gtsc_khz, KHZ);
	assert_int_equal(get().elapsed_nsec, NOW_NS);
	assert_int_equal(get().incarnation, 4);
}

static void rates_that_would_be_emulated(void **state)
{
	assert_int_equal(set(0, KHZ, 5), 0);
	assert_int_equal(set(0, KHZ + KHZ / 4096 + 1, 0), -EOPNOTSUPP);
	assert_int_equal(set(0, KHZ - KHZ / 4096 - 1, 0), -EOPNOTSUPP);
	assert_int_equal(set(0, 1, 0), -EOPNOTSUPP);
	assert_int_equal(set(0, ~0U, 0), -EOPNOTSUPP);
	assert_int_equal(set(1, 0, 0), -EOPNOTSUPP);
	assert_int_equal(set(3, KHZ, 0), -EINVAL);
	assert_int_equal(set(~0U, 0, 0), -EINVAL);
	assert_int_equal(get().incarnation, 6);
}

static void never_emulated_takes_any(void **state)
{
	assert_int_equal(set(2, 1, 9), 0);
	assert_int_equal(get().tsc_mode, 2);
	assert_int_equal(get().gtsc_khz, 0);
	assert_int_equal(get().elapsed_nsec, 0);
	assert_int_equal(get().incarnation, 10);
}

static int setup(void **state)
{
	memset(&d, 0, sizeof(d));
	spin_init(&d.lock, LOCK_DOMAIN);
	return 0;
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rates_of_this_machine),
		T(rates_that_would_be_emulated),
		T(never_emulated_takes_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
