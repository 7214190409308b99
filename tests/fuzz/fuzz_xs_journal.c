/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xs_journal.c - any recorded state
 *
 * The bytes are a journal as they are, or the items of one record, to which a
 * right checksum is added: else the fuzzer would not get past it.
 */
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "journal.h"
#include "recover.h"
#include "store.h"
#include "util.h"
#include "xs_harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t wrap(const uint8_t *data, size_t size, uint8_t **out)
{
	size_t padded = (size + 7) & ~(size_t)7;
	struct rec r = { .len = (uint32_t)(sizeof(r) + padded), .seq = 1 };

	*out = calloc(1, r.len);
	if (!*out)
		abort();
	memcpy(*out + sizeof(r), data, size);
	memcpy(*out, &r, sizeof(r));
	r.crc = crc32c(0, *out + offsetof(struct rec, seq),
		       r.len - offsetof(struct rec, seq));
	memcpy(*out, &r, sizeof(r));
	return r.len;
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
	if (data[0] & 1) {
		len = wrap(data + 1, size - 1, &copy);
	} else {
		len = size - 1;
		copy = malloc(len + 1);
		if (!copy)
			abort();
		memcpy(copy, data + 1, len);
	}
	recover_records(copy, len, &end, &s);
	if (end > len)
		abort();
	free(copy);
	journal_drop();
	harness_reset();
	return 0;
}
