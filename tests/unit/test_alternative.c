/* SPDX-License-Identifier: MIT */
/*
 * test_alternative.c - instructions replaced at boot: the right ones, whole,
 * and nothing beside them
 */
#include <lodge/alternative.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/machine.h"

#define OLD 0xaa
#define FEATURE_A 3
#define FEATURE_B 17

/* Rows and code in one object: the distance between them fits 32 bits. */
static struct {
	struct alternative row[3];
	uint8_t code[64];
	uint8_t with[64];
} image;

static void set_row(unsigned int i, unsigned int site, unsigned int site_bytes,
		    unsigned int with, unsigned int with_bytes,
		    unsigned int feature)
{
	struct alternative *a = &image.row[i];

	a->site = (int32_t)(&image.code[site] - (uint8_t *)&a->site);
	a->with = (int32_t)(&image.with[with] - (uint8_t *)&a->with);
	a->site_bytes = (uint8_t)site_bytes;
	a->with_bytes = (uint8_t)with_bytes;
	a->feature = (uint16_t)feature;
}

static int setup(void **state)
{
	unsigned int i;

	memset(&image, 0, sizeof(image));
	memset(image.code, OLD, sizeof(image.code));
	for (i = 0; i < sizeof(image.with); i++)
		image.with[i] = (uint8_t)(0x40 + i);
	return 0;
}

static void assert_untouched(unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		assert_int_equal(image.code[from], OLD);
}

static void test_replaces_exactly(void **state)
{
	set_row(0, 8, 3, 5, 3, FEATURE_A);
	assert_int_equal(alternatives_apply(image.row, image.row + 1,
					    1UL << FEATURE_A), 1);
	assert_memory_equal(image.code + 8, image.with + 5, 3);
	assert_untouched(0, 8);
	assert_untouched(11, sizeof(image.code));
}

static void test_only_wanted_features(void **state)
{
	set_row(0, 0, 4, 0, 4, FEATURE_A);
	set_row(1, 8, 4, 8, 4, FEATURE_B);
	set_row(2, 16, 4, 16, 4, FEATURE_A);
	assert_int_equal(alternatives_apply(image.row, image.row + 3,
					    1UL << FEATURE_A), 2);
	assert_memory_equal(image.code, image.with, 4);
	assert_untouched(4, 16);
	assert_memory_equal(image.code + 16, image.with + 16, 4);
}

static void test_no_feature_no_row(void **state)
{
	set_row(0, 0, 4, 0, 4, 0);
	assert_int_equal(alternatives_apply(image.row, image.row + 1, 0), 0);
	assert_int_equal(alternatives_apply(image.row, image.row, ~0UL), 0);
	assert_untouched(0, sizeof(image.code));
}

/* What is left is filled with as few NOPs as can be, and no byte more. */
static void test_pads_with_nops(void **state)
{
	static const uint8_t nop3[] = { 0x0f, 0x1f, 0x00 };
	static const uint8_t nop9[] = { 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 };

	set_row(0, 4, 14, 0, 2, FEATURE_A);
	alternatives_apply(image.row, image.row + 1, 1UL << FEATURE_A);
	assert_memory_equal(image.code + 4, image.with, 2);
	assert_memory_equal(image.code + 6, nop9, 9);
	assert_memory_equal(image.code + 15, nop3, 3);
	assert_untouched(18, sizeof(image.code));
}

static void test_removes_instruction(void **state)
{
	set_row(0, 0, 1, 0, 0, FEATURE_A);
	alternatives_apply(image.row, image.row + 1, 1UL << FEATURE_A);
	assert_int_equal(image.code[0], 0x90);
	assert_untouched(1, sizeof(image.code));
}

/* What follows the site would be overwritten. */
static void test_refuses_longer(void **state)
{
	set_row(0, 0, 3, 0, 4, FEATURE_A);
	expect_assert_failure(alternatives_apply(image.row, image.row + 1,
						 1UL << FEATURE_A));
	assert_untouched(0, sizeof(image.code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_replaces_exactly, setup),
		cmocka_unit_test_setup(test_only_wanted_features, setup),
		cmocka_unit_test_setup(test_no_feature_no_row, setup),
		cmocka_unit_test_setup(test_pads_with_nops, setup),
		cmocka_unit_test_setup(test_removes_instruction, setup),
		cmocka_unit_test_setup(test_refuses_longer, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
