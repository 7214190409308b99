/* SPDX-License-Identifier: MIT */
/*
 * record.c - write records, and take a journal or a snapshot apart
 *
 * The reader believes nothing: lengths are checked against what is there
 * before they are used, and a record is looked into only if its checksum is
 * right. It stops at the first record that is not whole.
 */
#include "record.h"

#include <string.h>

#include "util.h"
#include "varint.h"

enum field {
	FIELD_FLAGS, FIELD_NR, FIELD_A, FIELD_B, FIELD_C, FIELD_STR_LEN,
	FIELD_LEN, FIELD_Q, FIELD_COUNT
};

static const uint64_t field_max[FIELD_COUNT] = {
	UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
	UINT32_MAX, UINT64_MAX
};

_Static_assert(2 + FIELD_COUNT * 5 + 5 <= ITEM_ROOM,
	       "seven fields of at most 5 bytes, one of 10");

static uint32_t checksum(const uint8_t *rec, size_t len)
{
	return crc32c(0, rec + sizeof(struct rec), len - sizeof(struct rec));
}

/* --- the preamble --- */

void preamble_make(struct preamble *p)
{
	*p = (struct preamble){
		.rec.len = sizeof(*p),
		.item_len = sizeof(*p) - offsetof(struct preamble, item_len),
		.type = ITEM_RESET,
		.format = JOURNAL_FORMAT,
	};
	p->rec.crc = checksum((const uint8_t *)p, sizeof(*p));
}

/**
 * preamble_format() - which format does a file have?
 *
 * Return: 0 if it does not begin with a whole preamble. In format 1 the first
 *         record of a journal may hold more than that; a snapshot has none.
 */
uint32_t preamble_format(const uint8_t *data, size_t size)
{
	struct preamble p;

	if (size < sizeof(p))
		return 0;
	memcpy(&p, data, sizeof(p));
	if (p.rec.len < sizeof(p) || p.rec.len > size ||
	    checksum(data, p.rec.len) != p.rec.crc || p.type != ITEM_RESET ||
	    p.item_len != sizeof(p) - offsetof(struct preamble, item_len))
		return 0;
	return p.format;
}

/* --- writing --- */

/**
 * item_put() - append an item
 *
 * Return: where its body goes, of @it->len bytes.
 */
uint8_t *item_put(struct buf *b, const struct item *it)
{
	const uint64_t field[FIELD_COUNT] = {
		it->flags, it->nr, it->a, it->b, it->c, it->str_len, it->len,
		it->q
	};
	uint8_t head[ITEM_ROOM], *p = head + 2;
	unsigned int i;

	head[0] = it->type;
	head[1] = 0;
	for (i = 0; i < FIELD_COUNT; i++) {
		if (!field[i])
			continue;
		head[1] |= (uint8_t)(1u << i);
		p = varint_put(p, field[i]);
	}
	buf_put(b, head, (size_t)(p - head));
	return buf_grow(b, it->len);
}

/**
 * rec_make() - write a record, all but its length
 * @to: room for the items and REC_ROOM, all zeroes
 *
 * Return: the length to be stored as its first word. The next record begins
 *         at the next multiple of 4.
 */
size_t rec_make(uint8_t *to, uint64_t seq, const struct buf *items)
{
	uint8_t *p = varint_put(to + sizeof(struct rec), seq);
	uint32_t crc;
	size_t len;

	if (items->len)
		memcpy(p, items->data, items->len);
	len = (size_t)(p - to) + items->len;
	crc = checksum(to, len);
	memcpy(to + offsetof(struct rec, crc), &crc, sizeof(crc));
	return len;
}

/* --- reading --- */

static bool item_get(const uint8_t **pp, const uint8_t *end, struct item *it)
{
	uint64_t field[FIELD_COUNT] = { 0 };
	const uint8_t *p = *pp + 2;
	unsigned int i, which;

	if (end - *pp < 2)
		return false;
	which = (*pp)[1];
	for (i = 0; i < FIELD_COUNT; i++)
		if (which & 1u << i &&
		    !varint_get(&p, end, field_max[i], &field[i]))
			return false;
	*it = (struct item){
		.type = (*pp)[0],
		.flags = (uint8_t)field[FIELD_FLAGS],
		.nr = (uint16_t)field[FIELD_NR],
		.a = (uint32_t)field[FIELD_A],
		.b = (uint32_t)field[FIELD_B],
		.c = (uint32_t)field[FIELD_C],
		.str_len = (uint32_t)field[FIELD_STR_LEN],
		.len = (uint32_t)field[FIELD_LEN],
		.q = field[FIELD_Q],
	};
	*pp = p;
	return it->str_len <= it->len && it->len <= (size_t)(end - p);
}

static bool items_valid(const uint8_t *p, const uint8_t *end)
{
	struct item it;

	for (; p < end; p += it.len)
		if (!item_get(&p, end, &it))
			return false;
	return true;
}

static bool items_apply(const uint8_t *p, const uint8_t *end, uint64_t seq,
			item_fn fn, void *arg)
{
	struct item it;

	for (; p < end; p += it.len)
		if (!item_get(&p, end, &it) || !fn(arg, seq, &it, p))
			return false;
	return true;
}

static bool record_apply(const uint8_t *rec, size_t len, item_fn fn, void *arg)
{
	const uint8_t *p = rec + sizeof(struct rec), *end = rec + len;
	uint64_t seq;

	return varint_get(&p, end, UINT64_MAX, &seq) && items_valid(p, end) &&
	       items_apply(p, end, seq, fn, arg);
}

/**
 * records_parse() - hand every item of every whole record to a function
 * @data: a file: preamble and records
 * @size: bytes of @data
 * @end:  where the first record begins that is not whole
 * @fn:   called for each item; false: the item makes no sense
 *
 * Return: true if the records end as an orderly writer leaves them, with
 *         nothing but a length of zero; false if what follows @end was torn
 *         or damaged, or @fn refused an item of the record there.
 */
bool records_parse(const uint8_t *data, size_t size, size_t *end, item_fn fn,
		   void *arg)
{
	struct item reset = { .type = ITEM_RESET };
	size_t pos = sizeof(struct preamble);
	struct rec r = { 0 };

	*end = 0;
	memcpy(&r, data, MIN(size, sizeof(r)));
	if (!r.len)
		return true;
	reset.a = preamble_format(data, size);
	if (r.len != sizeof(struct preamble) || !fn(arg, 0, &reset, NULL))
		return false;
	for (;; pos += REC_SPACE(r.len)) {
		*end = MIN(pos, size);
		if (pos >= size)
			return true;
		if (size - pos < sizeof(r))
			return false;
		memcpy(&r, data + pos, sizeof(r));
		if (!r.len)
			return true;
		if (r.len < sizeof(r) || r.len > size - pos ||
		    checksum(data + pos, r.len) != r.crc ||
		    !record_apply(data + pos, r.len, fn, arg))
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
