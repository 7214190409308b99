/* SPDX-License-Identifier: MIT */
/*
 * test_consoled_ring.c - a guest's console page, whatever the guest wrote there
 *
 * The page ends where its memory ends, so that the sanitizer sees each byte
 * that is read or written beside the rings.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buffer.h"
#include "ring.h"

#define WRAP 0xfffffff0U	/* indices that soon begin at 0 again */

static struct xencons_interface *page;

static int setup(void **state)
{
	page = calloc(1, sizeof(*page));
	return !page;
}

static int teardown(void **state)
{
	free(page);
	return 0;
}

/* As the guest does it. */
static void guest_writes(const char *text)
{
	for (; *text; text++)
		page->out[MASK_XENCONS_IDX(page->out_prod++, page->out)] =
			*text;
}

static void assert_read(const char *text)
{
	char got[RING_OUT_BYTES];
	XENCONS_RING_IDX end;

	assert_int_equal(ring_read(page, got, &end), strlen(text));
	assert_memory_equal(got, text, strlen(text));
	assert_int_equal(end, page->out_prod);
	ring_taken(page, end);
	assert_int_equal(page->out_cons, page->out_prod);
}

/* ---- output ------------------------------------------------------------- */

static void reads_what_was_written(void **state)
{
	assert_read("");
	guest_writes("hello");
	assert_read("hello");
	assert_read("");
}

static void reads_over_the_end(void **state)
{
	page->out_cons = page->out_prod = WRAP;
	guest_writes("twenty-four bytes of it.");
	assert_true(page->out_prod < 24);
	assert_read("twenty-four bytes of it.");
}

static void nothing_is_taken_before_it_is_said(void **state)
{
	char got[RING_OUT_BYTES];
	XENCONS_RING_IDX end;

	guest_writes("kept");
	assert_int_equal(ring_read(page, got, &end), 4);
	assert_int_equal(page->out_cons, 0);
	/* What comes meanwhile is not taken with it. */
	guest_writes("more");
	ring_taken(page, end);
	assert_read("more");
}

static void a_full_ring_is_none_too_many(void **state)
{
	char got[RING_OUT_BYTES];
	XENCONS_RING_IDX end;

	page->out_cons = 77;
	page->out_prod = 77 + RING_OUT_BYTES;
	assert_int_equal(ring_read(page, got, &end), RING_OUT_BYTES);
	page->out_prod++;
	assert_int_equal(ring_read(page, got, &end), -EBADMSG);
}

static void damaged_output_is_not_read(void **state)
{
	static const XENCONS_RING_IDX bad[][2] = {
		{0, 0x80000000}, {0, 0xffffffff}, {1, 0}, {5000, 10},
		{0x7fffffff, 0xffffffff}, {0, RING_OUT_BYTES + 1},
	};
	char got[RING_OUT_BYTES];
	XENCONS_RING_IDX end = 4711;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		page->out_cons = bad[i][0];
		page->out_prod = bad[i][1];
		assert_int_equal(ring_read(page, got, &end), -EBADMSG);
		assert_int_equal(end, 4711);
	}
	/* The guest mends it. */
	page->out_cons = page->out_prod = 1;
	guest_writes("again");
	assert_read("again");
}

/* ---- input -------------------------------------------------------------- */

static void writes_as_much_as_there_is_room(void **state)
{
	char text[RING_IN_BYTES + 8];

	memset(text, 'x', sizeof(text));
	assert_int_equal(ring_room(page), RING_IN_BYTES);
	assert_int_equal(ring_write(page, "abc", 3), 3);
	assert_int_equal(ring_room(page), RING_IN_BYTES - 3);
	assert_int_equal(ring_write(page, text, sizeof(text)),
			 RING_IN_BYTES - 3);
	assert_int_equal(ring_room(page), 0);
	assert_int_equal(ring_write(page, text, 1), 0);
	assert_memory_equal(page->in, "abcxxx", 6);
	assert_int_equal(page->in_prod, RING_IN_BYTES);
}

static void writes_over_the_end(void **state)
{
	page->in_cons = page->in_prod = WRAP;
	assert_int_equal(ring_write(page, "twenty-four bytes of it.", 24), 24);
	assert_memory_equal(page->in, "s of it.", 8);
	assert_int_equal(page->in_prod, WRAP + 24);
}

static void damaged_input_is_not_written(void **state)
{
	static const XENCONS_RING_IDX bad[][2] = {
		{0, RING_IN_BYTES + 1}, {1, 0}, {0x80000000, 0},
		{0xffffffff, 0x7fffffff},
	};
	struct xencons_interface before;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		page->in_cons = bad[i][0];
		page->in_prod = bad[i][1];
		before = *page;
		assert_int_equal(ring_room(page), -EBADMSG);
		assert_int_equal(ring_write(page, "x", 1), -EBADMSG);
		assert_memory_equal(page, &before, sizeof(before));
	}
}

/* ---- the buffer --------------------------------------------------------- */

/* What is there from @pos on, in one piece or two. */
static void assert_holds(const struct buffer *b, uint64_t pos,
			 const char *text)
{
	size_t nr, length = strlen(text);
	const char *at;

	for (; length; text += nr, length -= nr, pos += nr) {
		at = buffer_at(b, pos, &nr);
		assert_in_range(nr, 1, length);
		assert_memory_equal(at, text, nr);
	}
	assert_int_equal(pos, b->end);
	buffer_at(b, pos, &nr);
	assert_int_equal(nr, 0);
}

static void the_oldest_goes_first(void **state)
{
	struct buffer b;

	assert_true(buffer_init(&b, 8));
	buffer_add(&b, "abcde", 5);
	assert_int_equal(b.start, 0);
	assert_holds(&b, 0, "abcde");
	buffer_add(&b, "fghij", 5);
	assert_int_equal(b.start, 2);
	assert_holds(&b, 2, "cdefghij");
	assert_holds(&b, 9, "j");
	buffer_add(&b, "ABCDEFGH", 8);
	assert_holds(&b, b.start, "ABCDEFGH");
	buffer_free(&b);
}

static void forgotten_is_gone_but_counted(void **state)
{
	struct buffer b;

	assert_true(buffer_init(&b, 8));
	buffer_add(&b, "abcde", 5);
	buffer_forget(&b);
	assert_int_equal(b.start, 5);
	assert_holds(&b, 5, "");
	buffer_add(&b, "fghijklm", 8);
	assert_holds(&b, 5, "fghijklm");
	buffer_add(&b, "no", 2);
	assert_holds(&b, 7, "hijklmno");
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_what_was_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(reads_over_the_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_taken_before_it_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_ring_is_none_too_many,
						setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_output_is_not_read,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			writes_as_much_as_there_is_room, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_over_the_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(damaged_input_is_not_written,
						setup, teardown),
		cmocka_unit_test(the_oldest_goes_first),
		cmocka_unit_test(forgotten_is_gone_but_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
