/* SPDX-License-Identifier: MIT */
/*
 * test_objects.c - small objects, with the debug build's guards
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/mm.h>
#include "../../hypervisor/mm/private.h"

void deferred_free_page(struct page *pg)
{
	fail();
}

void domain_page_release(struct page *pg)
{
	fail();
}

static int group_setup(void **state)
{
	fake_memory_init(64UL << (20 - PAGE_SHIFT));
	return 0;
}

static void every_size_works(void **state)
{
	size_t size;

	for (size = 1; size < 20000; size = size < 200 ? size + 1 : size * 9 / 8) {
		unsigned char *p = kmalloc(size), *q = kmalloc(size);

		assert_non_null(p);
		assert_non_null(q);
		assert_int_equal((unsigned long)p % 16, 0);
		if (size >= 64)
			assert_int_equal((unsigned long)p % 64, 0);
		assert_true(p + size <= q || q + size <= p);
		memset(p, 1, size);
		memset(q, 2, size);
		assert_int_equal(p[size - 1], 1);
		kfree(p);
		assert_int_equal(q[0], 2);
		kfree(q);
	}
}

static void limits(void **state)
{
	void *p = kmalloc(1UL << 20);

	assert_non_null(p);
	kfree(p);
	assert_null(kmalloc((1UL << 20) + 1));
	assert_null(kmalloc(0));
	assert_null(kmalloc(~0UL));
	assert_null(kcalloc(1UL << 40, 1UL << 40));
	assert_null(kcalloc(3, ~0UL / 2));
	kfree(NULL);
}

static void zeroed(void **state)
{
	static const char zeroes[9000];
	unsigned char *p = kmalloc(9000);

	memset(p, 0xff, 9000);
	kfree(p);
	p = kzalloc(9000);
	assert_memory_equal(p, zeroes, 9000);
	kfree(p);
	p = kcalloc(7, 33);
	assert_memory_equal(p, zeroes, 7 * 33);
	kfree(p);
}

static void frames_come_back(void **state)
{
	static void *p[5000];
	uint64_t before = mm_free_frames();
	unsigned int i;

	for (i = 0; i < 5000; i++)
		assert_non_null(p[i] = kmalloc(100));
	assert_true(mm_free_frames() < before);
	for (i = 0; i < 5000; i += 2)
		kfree(p[i]);
	for (i = 1; i < 5000; i += 2)
		kfree(p[i]);
	/* One empty slab may be kept. */
	assert_true(mm_free_frames() + 1 >= before);
}

static void random_use(void **state)
{
	static unsigned char *p[500];
	static size_t size[500];
	unsigned int round, i, n;

	srand(2);
	for (round = 0; round < 50000; round++) {
		i = (unsigned int)rand() % 500;
		if (!p[i]) {
			size[i] = 1 + (size_t)rand() % 3000;
			p[i] = kmalloc(size[i]);
			memset(p[i], (int)i, size[i]);
			continue;
		}
		for (n = 0; n < size[i]; n++)
			assert_int_equal(p[i][n], i & 0xff);
		kfree(p[i]);
		p[i] = NULL;
	}
	for (i = 0; i < 500; i++)
		kfree(p[i]);
}

static void overrun_is_caught(void **state)
{
	char *p = kmalloc(20);

	p[20] = 1;
	expect_assert_failure(kfree(p));
	assert_non_null(strstr(fake_panic, "behind its end"));
}

static void double_free_is_caught(void **state)
{
	char *p = kmalloc(100);

	kfree(p);
	expect_assert_failure(kfree(p));
	assert_non_null(strstr(fake_panic, "freed twice"));
}

static void use_after_free_is_caught(void **state)
{
	char *p = kmalloc(300);

	kfree(p);
	p[200] = 1;
	expect_assert_failure(kmalloc(300));
	assert_non_null(strstr(fake_panic, "after it was freed"));
}

static void inner_pointer_is_caught(void **state)
{
	char *p = kmalloc(900);

	expect_assert_failure(kfree(p + 16));
	kfree(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_works),
		cmocka_unit_test(limits),
		cmocka_unit_test(zeroed),
		cmocka_unit_test(frames_come_back),
		cmocka_unit_test(random_use),
		cmocka_unit_test(inner_pointer_is_caught),
		cmocka_unit_test(overrun_is_caught),
		cmocka_unit_test(double_free_is_caught),
		cmocka_unit_test(use_after_free_is_caught),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
