/* SPDX-License-Identifier: MIT */
/*
 * journal_read.c - take a journal or a snapshot apart
 *
 * The reader believes nothing: lengths are checked against what is there
 * before they are used, and a record is looked into only if its checksum is
 * right. It stops at the first record that is not whole.
 */
#include "journal.h"

#include <string.h>

#include "util.h"

static bool items_valid(const uint8_t *p, size_t len)
{
	struct item it;

	while (len) {
		if (len < sizeof(it))
			return false;
		memcpy(&it, p, sizeof(it));
		if (it.len < sizeof(it) || it.len > len || it.len % 8 ||
		    it.str_len > it.len - sizeof(it))
			return false;
		p += it.len;
		len -= it.len;
	}
	return true;
}

static bool items_apply(const uint8_t *p, size_t len, uint64_t seq,
			journal_item_fn fn, void *arg)
{
	struct item it;

	for (; len; p += it.len, len -= it.len) {
		memcpy(&it, p, sizeof(it));
		if (!fn(arg, seq, &it, p + sizeof(it)))
			return false;
	}
	return true;
}

/**
 * journal_parse() - hand every item of every whole record to a function
 * @data: records, one after another
 * @size: bytes of @data
 * @end:  where the first record begins that is not whole
 * @fn:   called for each item; false: the item makes no sense
 *
 * Return: true if the records end as an orderly writer leaves them, with
 *         nothing but a length of zero; false if what follows @end was torn
 *         or damaged, or @fn refused an item of the record there.
 */
bool journal_parse(const uint8_t *data, size_t size, size_t *end,
		   journal_item_fn fn, void *arg)
{
	struct rec r;
	size_t pos = 0;

	for (;; pos += r.len) {
		*end = pos;
		if (size - pos < sizeof(r))
			return size == pos;
		memcpy(&r, data + pos, sizeof(r));
		if (!r.len)
			return true;
		if (r.len < sizeof(r) || r.len > size - pos || r.len % 8)
			return false;
		if (crc32c(0, data + pos + offsetof(struct rec, seq),
			   r.len - offsetof(struct rec, seq)) != r.crc)
			return false;
		if (!items_valid(data + pos + sizeof(r), r.len - sizeof(r)) ||
		    !items_apply(data + pos + sizeof(r), r.len - sizeof(r),
				 r.seq, fn, arg))
			return false;
	}
}

/**
 * item_string() - the string with which an item's body begins
 *
 * Return: false if it is not terminated where it should be.
 */
bool item_string(const struct item *it, const uint8_t *body, const char **s)
{
	if (!it->str_len || body[it->str_len - 1] ||
	    memchr(body, 0, it->str_len) != body + it->str_len - 1)
		return false;
	*s = (const char *)body;
	return true;
}
