/* SPDX-License-Identifier: MIT */
/*
 * test_time_scale.c - counts to nanoseconds and back; steering
 */
#include "fake/machine.h"

#include <stdlib.h>

#include "../../hypervisor/time/private.h"

static const uint64_t clocks_hz[] = {
	1193182, 3579545, 14318180, 24000000, 100000000, 999999999,
	1000000000, 1000000001, 2445423000, 4294967296, 5000000000,
};

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t random64(void)
{
	return (uint64_t)random() << 62 ^ (uint64_t)random() << 31 ^
	       (uint64_t)random();
}

/* Against the same in wide arithmetic, which the host has. */
static void a_rate_is_right_to_a_part_in_2_to_the_31(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(clocks_hz); i++) {
		struct rate r = rate_from_hz(clocks_hz[i]);
		uint64_t count = clocks_hz[i] * 1000, ns;

		ns = rate_to_ns(r, count);
		assert_true(r.mul_frac >= 1U << 31);
		assert_true(distance(ns, 1000 * NS_PER_SEC) <=
			    1000 * NS_PER_SEC / (1UL << 30));
		assert_true(distance(rate_to_hz(r), clocks_hz[i]) <=
			    clocks_hz[i] / (1UL << 28) + 1);
	}
}

static void any_ratio_gives_a_normal_rate(void **state)
{
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		uint64_t ns = random64() >> (random() % 62) | 1;
		uint64_t count = random64() >> (random() % 62) | 1;
		struct rate r = rate_from_ratio(ns, count);
		long double want = (long double)ns / (long double)count;
		long double got = (long double)r.mul_frac / 4294967296.0L;
		int s = r.shift;

		for (; s > 0; s--)
			got *= 2;
		for (; s < 0; s++)
			got /= 2;
		assert_true(r.mul_frac >= 1U << 31);
		assert_true(got <= want * 1.000000001L);
		assert_true(got >= want * 0.999999998L);
	}
}

/* A deadline computed from it never fires early by the clock itself. */
static void counts_are_rounded_up(void **state)
{
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(clocks_hz); i++) {
		struct rate r = rate_from_hz(clocks_hz[i]);

		for (n = 0; n < 2000; n++) {
			uint64_t ns = random64() % (86400 * NS_PER_SEC);
			uint64_t count = rate_to_count(r, ns);
			uint64_t one = rate_to_ns(r, 2) + 2;

			assert_true(rate_to_ns(r, count) >= ns);
			assert_true(rate_to_ns(r, count) <= ns + one);
		}
	}
}

static void a_rate_can_be_nudged_across_a_power_of_two(void **state)
{
	static const uint64_t at_the_edge[] = { 1000000000, 2000000000,
						500000000, 3000000000 };
	static const int64_t ppb[] = { 0, 1000, -1000, 500000, -500000 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(at_the_edge); i++)
		for (j = 0; j < ARRAY_SIZE(ppb); j++) {
			struct rate r = rate_from_hz(at_the_edge[i]);
			struct rate n = rate_adjust(r, ppb[j]);

			assert_true(n.mul_frac >= 1U << 31);
			assert_true(llabs(rate_difference(n, r) - ppb[j]) < 5);
		}
}

static void before_the_stamp_time_stands(void **state)
{
	struct time_scale ts = { 1000000, 777, 1U << 31, 1 };

	assert_int_equal(scale_to_ns(&ts, 999999), 777);
	assert_int_equal(scale_to_ns(&ts, 0), 777);
	assert_int_equal(scale_to_ns(&ts, 1000010), 787);
	assert_int_equal(scale_to_tsc(&ts, 5), 1000000);
	assert_int_equal(scale_to_tsc(&ts, 787), 1000010);
}

/* The new function begins where the old one ends, whatever the error is. */
static void steering_never_steps_back(void **state)
{
	struct rate r = rate_from_hz(2445423000);
	struct time_scale ts = { 12345, 678, r.mul_frac, r.shift }, next;
	uint64_t tsc = 12345, before;
	unsigned int i;

	for (i = 0; i < 5000; i++) {
		int64_t error = (int64_t)(random64() % (4 * NS_PER_SEC)) -
				(int64_t)(2 * NS_PER_SEC);

		tsc += random64() % 10000000000;
		before = scale_to_ns(&ts, tsc);
		next = scale_steer(&ts, tsc, r, error);
		assert_true(scale_to_ns(&next, tsc) >= before);
		assert_true(scale_to_ns(&next, tsc + 1000) > before);
		if (error <= (int64_t)STEP_MIN_NS)
			assert_int_equal(scale_to_ns(&next, tsc), before);
		ts = next;
	}
}

static void a_small_error_is_gone_after_a_second(void **state)
{
	static const int64_t errors[] = { 0, 1, -1, 999, -50000, 50000,
					  -400000, 400000 };
	struct rate r = rate_from_hz(3000000000);
	struct time_scale ts = { 0, 0, r.mul_frac, r.shift }, next;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		int64_t want = (int64_t)NS_PER_SEC + errors[i], got;

		next = scale_steer(&ts, 0, r, errors[i]);
		got = (int64_t)scale_to_ns(&next, 3000000000);
		assert_true(llabs(got - want) < 10);
	}
}

static void a_large_error_is_worn_off_slowly_or_stepped_over(void **state)
{
	struct rate r = rate_from_hz(1000000000);
	struct time_scale ts = { 0, 0, r.mul_frac, r.shift }, next;

	/* Ahead: at most 500 ppm slower. */
	next = scale_steer(&ts, 0, r, -(int64_t)NS_PER_SEC);
	assert_true(distance(scale_to_ns(&next, 1000000000), 999500000) < 10);
	/* Behind: at once. */
	next = scale_steer(&ts, 0, r, (int64_t)NS_PER_SEC);
	assert_int_equal(next.stime_ns, NS_PER_SEC);
	assert_true(distance(scale_to_ns(&next, 1000000000), 2000000000) < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_right_to_a_part_in_2_to_the_31),
		cmocka_unit_test(any_ratio_gives_a_normal_rate),
		cmocka_unit_test(counts_are_rounded_up),
		cmocka_unit_test(a_rate_can_be_nudged_across_a_power_of_two),
		cmocka_unit_test(before_the_stamp_time_stands),
		cmocka_unit_test(steering_never_steps_back),
		cmocka_unit_test(a_small_error_is_gone_after_a_second),
		cmocka_unit_test(
			a_large_error_is_worn_off_slowly_or_stepped_over),
	};

	srandom(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
