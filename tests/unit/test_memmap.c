/* SPDX-License-Identifier: MIT */
/*
 * test_memmap.c - firmware's memory maps, the good, the odd and the hostile
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <lodge/boot.h>

static struct mem_range map[BOOT_MAX_RANGES];
static unsigned int nr;

static int clear_map(void **state)
{
	memset(map, 0xee, sizeof(map));
	nr = 0;
	return 0;
}

static void add(uint64_t start, uint64_t end, uint32_t kind)
{
	map[nr++] = (struct mem_range){ start, end - start, kind };
}

static void sanitize(void)
{
	nr = memmap_sanitize(map, nr, BOOT_MAX_RANGES);
}

static void expect(unsigned int i, uint64_t start, uint64_t end, uint32_t kind)
{
	assert_true(i < nr);
	assert_int_equal(map[i].start, start);
	assert_int_equal(map[i].start + map[i].size, end);
	assert_int_equal(map[i].kind, kind);
}

static void sorts(void **state)
{
	add(0x100000, 0x200000, MEM_RAM);
	add(0xf0000, 0x100000, MEM_RESERVED);
	add(0, 0x9fc00, MEM_RAM);
	sanitize();
	assert_int_equal(nr, 3);
	expect(0, 0, 0x9fc00, MEM_RAM);
	expect(1, 0xf0000, 0x100000, MEM_RESERVED);
	expect(2, 0x100000, 0x200000, MEM_RAM);
}

static void joins_neighbours_of_one_kind(void **state)
{
	add(0x2000, 0x3000, MEM_RAM);
	add(0x1000, 0x2000, MEM_RAM);
	add(0x1800, 0x2800, MEM_RAM);
	add(0x4000, 0x5000, MEM_RAM);
	sanitize();
	assert_int_equal(nr, 2);
	expect(0, 0x1000, 0x3000, MEM_RAM);
	expect(1, 0x4000, 0x5000, MEM_RAM);
}

static void the_more_restrictive_kind_wins(void **state)
{
	add(0x1000, 0x9000, MEM_RAM);
	add(0x2000, 0x3000, MEM_ACPI);
	add(0x4000, 0x7000, MEM_RESERVED);
	add(0x5000, 0x6000, MEM_UNUSABLE);
	add(0x6800, 0x7800, MEM_NVS);
	sanitize();
	assert_int_equal(nr, 8);
	expect(0, 0x1000, 0x2000, MEM_RAM);
	expect(1, 0x2000, 0x3000, MEM_ACPI);
	expect(2, 0x3000, 0x4000, MEM_RAM);
	expect(3, 0x4000, 0x5000, MEM_RESERVED);
	expect(4, 0x5000, 0x6000, MEM_UNUSABLE);
	expect(5, 0x6000, 0x7000, MEM_RESERVED);
	expect(6, 0x7000, 0x7800, MEM_NVS);
	expect(7, 0x7800, 0x9000, MEM_RAM);
}

static void unknown_kinds_are_reserved(void **state)
{
	add(0x1000, 0x2000, 12);
	add(0x2000, 0x3000, 0);
	add(0x2800, 0x4000, MEM_RAM);
	sanitize();
	assert_int_equal(nr, 2);
	expect(0, 0x1000, 0x3000, MEM_RESERVED);
	expect(1, 0x3000, 0x4000, MEM_RAM);
}

static void empty_and_endless_ranges(void **state)
{
	add(0x1000, 0x1000, MEM_RAM);
	map[nr++] = (struct mem_range){ 0x8000, UINT64_MAX, MEM_RESERVED };
	map[nr++] = (struct mem_range){ UINT64_MAX - 5, 100, MEM_RAM };
	add(0x2000, 0x3000, MEM_RAM);
	sanitize();
	assert_int_equal(nr, 2);
	expect(0, 0x2000, 0x3000, MEM_RAM);
	expect(1, 0x8000, 1UL << 52, MEM_RESERVED);
}

static void nothing_in_nothing_out(void **state)
{
	sanitize();
	assert_int_equal(nr, 0);
}

/* Ranges inside each other twice as many borders as the result may have. */
static void never_more_than_asked_for(void **state)
{
	unsigned int i;

	for (i = 0; i < BOOT_MAX_RANGES; i++)
		add(0x1000 + i * 0x100, 0x1000000 - i * 0x100,
		    i & 1 ? MEM_ACPI + i % 3 : MEM_RAM);
	sanitize();
	assert_true(nr <= BOOT_MAX_RANGES);
	for (i = 1; i < nr; i++)
		assert_true(map[i - 1].start + map[i - 1].size <=
			    map[i].start);
	clear_map(NULL);
	add(0x1000, 0x2000, MEM_RAM);
	add(0x3000, 0x4000, MEM_RAM);
	add(0x5000, 0x6000, MEM_RAM);
	assert_int_equal(memmap_sanitize(map, nr, 2), 2);
}

/* Byte by byte against the definition, on small made-up maps. */
static uint32_t strongest(const struct mem_range *r, unsigned int n,
			  uint64_t at)
{
	static const unsigned int rank[] = { 0, 1, 4, 2, 3, 5 };
	uint32_t kind = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (at >= r[i].start && at - r[i].start < r[i].size &&
		    rank[r[i].kind] > rank[kind])
			kind = r[i].kind;
	return kind;
}

static void agrees_with_the_definition(void **state)
{
	struct mem_range in[12];
	unsigned int round, i, seed = 3;
	uint64_t at;

	for (round = 0; round < 500; round++) {
		clear_map(NULL);
		for (i = 0; i < ARRAY_SIZE(in); i++) {
			seed = seed * 1103515245 + 12345;
			add(seed >> 8 & 63,
			    (seed >> 8 & 63) + (seed >> 16 & 31),
			    1 + (seed >> 24) % 5);
		}
		memcpy(in, map, sizeof(in));
		sanitize();
		for (at = 0; at < 100; at++)
			assert_int_equal(strongest(map, nr, at),
					 strongest(in, ARRAY_SIZE(in), at));
		for (i = 1; i < nr; i++) {
			uint64_t end = map[i - 1].start + map[i - 1].size;

			assert_true(end <= map[i].start);
			assert_true(end < map[i].start ||
				    map[i - 1].kind != map[i].kind);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sorts, clear_map),
		cmocka_unit_test_setup(joins_neighbours_of_one_kind, clear_map),
		cmocka_unit_test_setup(the_more_restrictive_kind_wins,
				       clear_map),
		cmocka_unit_test_setup(unknown_kinds_are_reserved, clear_map),
		cmocka_unit_test_setup(empty_and_endless_ranges, clear_map),
		cmocka_unit_test_setup(nothing_in_nothing_out, clear_map),
		cmocka_unit_test_setup(never_more_than_asked_for, clear_map),
		cmocka_unit_test_setup(agrees_with_the_definition, clear_map),
	};

	return cmocka_run_group_tests_name("memmap", tests, NULL, NULL);
}
