/* SPDX-License-Identifier: MIT */
/*
 * fuzz_console_ring.c - a guest that writes any indices into its console
 *
 * Each piece of the input is what the guest writes there before the daemon
 * looks once more. The daemon's own index alone may change, by what it did.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void check_read(struct xencons_interface *page)
{
	struct xencons_interface before = *page;
	XENCONS_RING_IDX end = 1;
	char text[RING_OUT_BYTES];
	ssize_t n = ring_read(page, text, &end), i;

	expect(!memcmp(page, &before, sizeof(before)));
	expect(n <= (ssize_t)RING_OUT_BYTES);
	if (n < 0)
		return;
	expect(end == before.out_prod && end - before.out_cons ==
	       (XENCONS_RING_IDX)n);
	for (i = 0; i < n; i++)
		expect(text[i] == page->out[MASK_XENCONS_IDX(
			before.out_cons + (XENCONS_RING_IDX)i, page->out)]);
	ring_taken(page, end);
	expect(page->out_cons == end);
}

static void check_write(struct xencons_interface *page, size_t nr)
{
	static const char text[2 * RING_IN_BYTES];
	struct xencons_interface before = *page;
	ssize_t room = ring_room(page), n = ring_write(page, text, nr);

	expect(room < 0 ? n == room : n <= room && n <= (ssize_t)nr);
	if (n < 0)
		n = 0;
	expect(page->in_prod == before.in_prod + (XENCONS_RING_IDX)n);
	expect(!memcmp(page->out, before.out, sizeof(before.out)));
	expect(page->in_cons == before.in_cons);
	expect(page->out_cons == before.out_cons);
	expect(page->out_prod == before.out_prod);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xencons_interface *page = calloc(1, sizeof(*page));
	XENCONS_RING_IDX indices[4];
	size_t piece = sizeof(indices) + 1;

	memset(page->out, 7, sizeof(page->out));
	memset(page->in, 7, sizeof(page->in));
	for (; size >= piece; data += piece, size -= piece) {
		memcpy(indices, data, sizeof(indices));
		page->in_cons = indices[0];
		page->out_prod = indices[1];
		/* Those of the daemon's, half of the time. */
		if (data[piece - 1] & 1) {
			page->in_prod = indices[2];
			page->out_cons = indices[3];
		}
		page->out[indices[0] % sizeof(page->out)] = (char)data[0];
		check_read(page);
		check_write(page, data[piece - 1]);
	}
	free(page);
	return 0;
}
