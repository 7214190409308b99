/* SPDX-License-Identifier: MIT */
/*
 * record.h - how what must survive looks in a file
 *
 *	file	preamble | record | record | ... | zeroes
 *	record	u32 length | u32 CRC-32C | sequence number | items | padding
 *	item	u8 type | u8 which fields | those fields | body
 *
 * Numbers without a size are varints (varint.h). A record's length is that of
 * all but the padding, which makes it a multiple of 4; the checksum covers what
 * is behind it. A record counts as a whole or not at all.
 *
 * The preamble has the layout of format 1, in which every length is fixed, and
 * means "forget all but the tree; what follows is of this format". A daemon
 * that does not know the format refuses the file, rather than take it for a
 * torn one.
 */
#ifndef XS_RECORD_H
#define XS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define JOURNAL_FORMAT 3u	/* of streams as well, stream.c */

enum item_type {
	ITEM_NODE = 1,		/* a node is created or changed */
	ITEM_REMOVE,		/* a node is removed with all below it */
	ITEM_CURSOR,		/* counters of a connection's stream */
	ITEM_CONN_OPEN,
	ITEM_CONN_CLOSE,
	ITEM_WATCH,
	ITEM_UNWATCH,
	ITEM_TXN_START,
	ITEM_TXN_END,
	ITEM_DOMAIN,		/* all about a domain but its nodes */
	ITEM_LIMIT,
	ITEM_RESET,		/* the preamble; a: format */
	ITEM_SNAPSHOT_END,	/* q: number of nodes */
	ITEM_TREE,		/* body: nodes, packed (pack.h) */
};

#define ITEM_HAS_VALUE 1u
#define ITEM_HAS_PERMS 2u

struct item {
	uint8_t type;
	uint8_t flags;
	uint16_t nr;		/* entries of an array, or bytes of a value */
	uint32_t a, b, c;	/* meaning depends on the type: recover.c */
	uint32_t str_len;	/* of the body's first string, with its NUL */
	uint32_t len;		/* of the body: strings and arrays */
	uint64_t q;
};

/* What an item takes in a file, at most, its body apart. */
#define ITEM_ROOM 48u

struct rec {
	uint32_t len;		/* stored last */
	uint32_t crc;		/* of all that follows */
};

/* What a record takes beside its items, at most. */
#define REC_ROOM (sizeof(struct rec) + 16)

/* From the begin of a record to that of the next one. */
#define REC_SPACE(len) (((size_t)(len) + 3) & ~(size_t)3)

struct preamble {
	struct rec rec;
	uint64_t seq;
	uint32_t item_len;	/* from here on */
	uint8_t type;		/* ITEM_RESET */
	uint8_t zero[3];
	uint32_t format;
	uint32_t zeroes[3];
	uint64_t q;
};

_Static_assert(sizeof(struct preamble) == 48, "the layout of format 1");

void preamble_make(struct preamble *p);
uint32_t preamble_format(const uint8_t *data, size_t size);

uint8_t *item_put(struct buf *b, const struct item *it);
size_t rec_make(uint8_t *to, uint64_t seq, const struct buf *items);

typedef bool (*item_fn)(void *arg, uint64_t seq, const struct item *it,
			const uint8_t *body);
bool records_parse(const uint8_t *data, size_t size, size_t *end, item_fn fn,
		   void *arg);
bool item_string(const struct item *it, const uint8_t *body, const char **s);

#endif
