/* SPDX-License-Identifier: MIT */
/*
 * test_rangeset.c - sets of numbers, against a plain bitmap
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <lodge/domain.h>

/* The allocator, which can be told to fail. */
static bool out_of_memory;

void *kzalloc(size_t size)
{
	return out_of_memory ? NULL : calloc(1, size);
}

void *kcalloc(size_t nr, size_t size)
{
	return out_of_memory ? NULL : calloc(nr, size);
}

void kfree(void *p)
{
	free(p);
}

static int make_set(void **state)
{
	out_of_memory = false;
	*state = rangeset_new();
	return *state ? 0 : -1;
}

static int free_set(void **state)
{
	rangeset_free(*state);
	return 0;
}

static void is_empty_at_first(void **state)
{
	assert_false(rangeset_contains(*state, 0, 0));
	assert_false(rangeset_contains(*state, 0, UINT64_MAX));
	assert_int_equal(rangeset_remove(*state, 0, UINT64_MAX), 0);
	rangeset_free(NULL);
}

static void joins_neighbours(void **state)
{
	assert_int_equal(rangeset_add(*state, 10, 19), 0);
	assert_int_equal(rangeset_add(*state, 30, 39), 0);
	assert_false(rangeset_contains(*state, 10, 39));
	assert_int_equal(rangeset_add(*state, 20, 29), 0);
	assert_true(rangeset_contains(*state, 10, 39));
	assert_false(rangeset_contains(*state, 9, 39));
	assert_false(rangeset_contains(*state, 10, 40));
}

static void splits_when_a_hole_is_made(void **state)
{
	assert_int_equal(rangeset_add(*state, 0, 99), 0);
	assert_int_equal(rangeset_remove(*state, 40, 59), 0);
	assert_true(rangeset_contains(*state, 0, 39));
	assert_true(rangeset_contains(*state, 60, 99));
	assert_false(rangeset_contains(*state, 39, 40));
	assert_false(rangeset_contains(*state, 59, 60));
}

static void knows_both_ends_of_the_world(void **state)
{
	assert_int_equal(rangeset_add(*state, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(rangeset_add(*state, 0, 0), 0);
	assert_true(rangeset_contains(*state, UINT64_MAX, UINT64_MAX));
	assert_int_equal(rangeset_add(*state, 0, UINT64_MAX), 0);
	assert_true(rangeset_contains(*state, 0, UINT64_MAX));
	assert_int_equal(rangeset_remove(*state, 0, UINT64_MAX), 0);
	assert_false(rangeset_contains(*state, 5, 5));
}

static void refuses_reversed_ranges(void **state)
{
	assert_int_equal(rangeset_add(*state, 5, 4), -EINVAL);
	assert_int_equal(rangeset_remove(*state, 5, 4), -EINVAL);
	assert_int_equal(rangeset_add(*state, 1, 9), 0);
	assert_false(rangeset_contains(*state, 5, 4));
}

static void stays_as_it_was_without_memory(void **state)
{
	uint64_t n;

	for (n = 0; n < 8; n++)
		assert_int_equal(rangeset_add(*state, n * 10, n * 10 + 4), 0);
	out_of_memory = true;
	assert_int_equal(rangeset_add(*state, 500, 500), -ENOMEM);
	assert_int_equal(rangeset_remove(*state, 1, 2), -ENOMEM);
	assert_false(rangeset_contains(*state, 500, 500));
	for (n = 0; n < 8; n++)
		assert_true(rangeset_contains(*state, n * 10, n * 10 + 4));
}

static void has_a_largest_size(void **state)
{
	uint64_t n;
	int rc = 0;

	for (n = 0; n < 10000 && !rc; n++)
		rc = rangeset_add(*state, n * 2, n * 2);
	assert_int_equal(rc, -ENOSPC);
	assert_false(rangeset_contains(*state, n * 2 - 2, n * 2 - 2));
	assert_true(rangeset_contains(*state, n * 2 - 4, n * 2 - 4));
	/* A full one can lose what it has. */
	assert_int_equal(rangeset_remove(*state, 0, 0), 0);
	assert_false(rangeset_contains(*state, 0, 0));
	assert_int_equal(rangeset_remove(*state, 0, UINT64_MAX), 0);
	assert_false(rangeset_contains(*state, 2, 2));
}

#define NR 64	/* a full table of them */

static void only_a_split_needs_memory(void **state)
{
	uint64_t n;

	for (n = 1; n <= NR; n++)
		assert_int_equal(rangeset_add(*state, n * 10, n * 10 + 4), 0);
	out_of_memory = true;
	for (n = 1; n <= NR; n++) {
		uint64_t at = n * 10;

		assert_int_equal(rangeset_remove(*state, at, at), 0);
		assert_int_equal(rangeset_remove(*state, at + 4, at + 5), 0);
		assert_int_equal(rangeset_remove(*state, at + 2, at + 2),
				 -ENOMEM);
		assert_true(rangeset_contains(*state, at + 1, at + 3));
	}
}

#define UNIVERSE 64

static void check_against(const bool *bits, struct rangeset *s)
{
	unsigned int a, b;

	for (a = 0; a < UNIVERSE; a++) {
		bool all = true;

		for (b = a; b < UNIVERSE; b++) {
			all = all && bits[b];
			assert_int_equal(rangeset_contains(s, a, b), all);
		}
	}
}

/* A long sequence of additions and removals, the same each time. */
static void agrees_with_a_bitmap(void **state)
{
	bool bits[UNIVERSE] = { false };
	unsigned int step, i, seed = 7;

	for (step = 0; step < 2000; step++) {
		unsigned int first, last;
		bool add;

		seed = seed * 1103515245 + 12345;
		first = seed >> 16 & 63;
		last = min(first + (seed >> 24 & 15), UNIVERSE - 1U);
		add = seed >> 30 & 1;
		if (add)
			assert_int_equal(rangeset_add(*state, first, last), 0);
		else
			assert_int_equal(rangeset_remove(*state, first, last),
					 0);
		for (i = first; i <= last; i++)
			bits[i] = add;
		check_against(bits, *state);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_set, free_set)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_empty_at_first),
		TEST(joins_neighbours),
		TEST(splits_when_a_hole_is_made),
		TEST(knows_both_ends_of_the_world),
		TEST(refuses_reversed_ranges),
		TEST(stays_as_it_was_without_memory),
		TEST(has_a_largest_size),
		TEST(only_a_split_needs_memory),
		TEST(agrees_with_a_bitmap),
	};

	return cmocka_run_group_tests_name("rangeset", tests, NULL, NULL);
}
