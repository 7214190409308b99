/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xs_journal.c - any recorded state
 *
 * The bytes are a journal as they are; or the items of one record, to which a
 * right checksum is added: else the fuzzer would not get past it; or the nodes
 * of a snapshot before compression.
 */
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "journal.h"
#include "recover.h"
#include "record.h"
#include "store.h"
#include "util.h"
#include "xs_harness.h"

#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_IT_IS, ITEMS, NODES, KINDS };

/* A file of one record. Return: its length. */
static size_t wrap(const struct buf *items, uint8_t **out)
{
	struct preamble p;
	uint8_t *rec;
	uint32_t len;

	*out = calloc(1, sizeof(p) + REC_ROOM + items->len);
	if (!*out)
		abort();
	preamble_make(&p);
	memcpy(*out, &p, sizeof(p));
	rec = *out + sizeof(p);
	len = (uint32_t)rec_make(rec, 1, items);
	memcpy(rec, &len, sizeof(len));
	return sizeof(p) + REC_SPACE(len);
}

static void compress(const uint8_t *data, size_t size, struct buf *items)
{
	size_t room = ZSTD_compressBound(size);
	struct item it = { .type = ITEM_TREE };
	uint8_t *small = malloc(room);
	size_t len;

	if (!small)
		abort();
	len = ZSTD_compress(small, room, data, size, 1);
	if (ZSTD_isError(len))
		abort();
	it.len = (uint32_t)len;
	memcpy(item_put(items, &it), small, len);
	free(small);
}

static size_t make_file(const uint8_t *data, size_t size, uint8_t **file)
{
	struct buf items = { 0 };
	size_t len = size - 1;

	if (data[0] % KINDS == AS_IT_IS) {
		*file = malloc(len + 1);
		if (!*file)
			abort();
		memcpy(*file, data + 1, len);
		return len;
	}
	if (data[0] % KINDS == ITEMS)
		buf_put(&items, data + 1, len);
	else
		compress(data + 1, len, &items);
	len = wrap(&items, file);
	buf_free(&items);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct recover_state s = { 0 };
	uint8_t *copy;
	size_t end, len;

	if (!ready)
		harness_init();
	ready = true;
	if (!size)
		return 0;
	len = make_file(data, size, &copy);
	recover_records(copy, len, &end, &s);
	if (end > len)
		abort();
	free(copy);
	journal_drop();
	harness_reset();
	return 0;
}
