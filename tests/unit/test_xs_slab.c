/* SPDX-License-Identifier: MIT */
/*
 * test_xs_slab.c - the store's memory for nodes: objects keep what is written
 * to them, lie apart, and what was freed is used again
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slab.h"

#define OBJECTS 5000u
#define LONGEST 600u		/* some come from malloc() */

static struct object {
	uint8_t *p;
	size_t size;
	uint8_t mark;
} objects[OBJECTS];

static uint32_t draw(uint32_t below)
{
	static uint32_t seed = 1;

	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void mark(struct object *o, size_t size)
{
	o->size = size;
	o->mark = (uint8_t)draw(256);
	memset(o->p, o->mark, size);
}

static void is_intact(const struct object *o, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		assert_int_equal(o->p[i], o->mark);
}

static void make(struct object *o, size_t size)
{
	o->p = slab_alloc(size);
	assert_int_equal((uintptr_t)o->p % 8, 0);
	mark(o, size);
}

static void drop(struct object *o)
{
	is_intact(o, o->size);
	slab_free(o->p, o->size);
	o->p = NULL;
}

static void resize(struct object *o, size_t size)
{
	o->p = slab_resize(o->p, o->size, size);
	assert_int_equal((uintptr_t)o->p % 8, 0);
	is_intact(o, size < o->size ? size : o->size);
	mark(o, size);
}

static void drop_all(void)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		if (objects[i].p)
			drop(&objects[i]);
}

static void test_objects_keep_their_contents(void **state)
{
	struct object *o;
	unsigned int i;

	for (i = 0; i < 40 * OBJECTS; i++) {
		o = &objects[draw(OBJECTS)];
		if (!o->p)
			make(o, 1 + draw(LONGEST));
		else if (draw(2))
			resize(o, 1 + draw(LONGEST));
		else
			drop(o);
	}
	drop_all();
}

static void fill(size_t size)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		make(&objects[i], size);
}

/* Whoever fills and empties the store in turn must not make it grow. */
static void test_empty_pages_serve_other_lengths(void **state)
{
	size_t size, pages;

	fill(SLAB_LARGEST);
	drop_all();
	pages = slab_pages();
	for (size = 1; size <= SLAB_LARGEST; size += 37) {
		fill(size);
		drop_all();
	}
	assert_int_equal(slab_pages(), pages);
}

/* Freed objects in pages that are not empty are used before new pages. */
static void test_gaps_are_filled(void **state)
{
	unsigned int i;
	size_t pages;

	fill(SLAB_LARGEST);
	pages = slab_pages();
	for (i = 0; i < OBJECTS; i += 2)
		drop(&objects[i]);
	for (i = 0; i < OBJECTS; i += 2)
		make(&objects[i], SLAB_LARGEST);
	assert_int_equal(slab_pages(), pages);
	drop_all();
}

/* What a node of the store takes: its length, rounded up to 8. */
static void test_small_objects_lie_close(void **state)
{
	make(&objects[0], 17);
	make(&objects[1], 17);
	assert_int_equal(labs(objects[1].p - objects[0].p), 24);
	drop_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_keep_their_contents),
		cmocka_unit_test(test_empty_pages_serve_other_lengths),
		cmocka_unit_test(test_gaps_are_filled),
		cmocka_unit_test(test_small_objects_lie_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
