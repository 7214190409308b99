/* SPDX-License-Identifier: MIT */
/*
 * journal.h - the record of everything that must survive
 *
 * The state directory holds, for generation N:
 *
 *	snap.N		the tree when journal.N began; none: it was empty
 *	journal.N	first a record of all that is not in the tree (domains,
 *			connections, watches, transactions, limits), then one
 *			record for each request that changed something
 *
 * A new generation begins when a journal has grown long. Its snapshot is
 * written bit by bit between requests; until it is complete, generation N - 1
 * and both journals are what counts.
 *
 * A record is a header and items. It counts as a whole or not at all.
 */
#ifndef XS_JOURNAL_H
#define XS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;
struct perms;

/*
 * Raised when an older daemon could not read what is written, so that it
 * refuses it as a whole instead of taking it for damaged.
 */
#define JOURNAL_FORMAT 1u

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
	ITEM_RESET,		/* forget all but the tree: a journal begins,
				   of format a */
	ITEM_SNAPSHOT_END,
};

#define ITEM_HAS_VALUE 1u
#define ITEM_HAS_PERMS 2u

/* Fixed part of every item; strings and arrays follow it, then padding. */
struct item {
	uint32_t len;		/* of the whole item, a multiple of 8 */
	uint8_t type;
	uint8_t flags;
	uint16_t nr;		/* entries of an array, or bytes of a value */
	uint32_t a, b, c;	/* meaning depends on the type: recover.c */
	uint32_t str_len;	/* of the first string with its NUL */
	uint64_t q;
};

struct rec {
	uint32_t len;		/* of header and items; written last */
	uint32_t crc;		/* of seq and items */
	uint64_t seq;
};

int journal_open(const char *dir, uint64_t gen, uint64_t pos);
void journal_begin(void);
int journal_rotate(void);
void journal_poll(void);
bool journal_busy(void);
bool journal_ready(size_t need);

uint64_t journal_seq(void);
void journal_set_seq(uint64_t seq);
bool journal_pending(void);
void journal_drop(void);
void journal_commit(void);

void journal_node(const char *path, const void *value, size_t len,
		  const struct perms *ps);
void journal_remove(const char *path);
void journal_cursor(uint32_t conn, uint32_t in_done, uint32_t out_end);
void journal_conn(bool open, uint32_t conn, uint32_t domid, bool readonly);
void journal_watch(uint32_t conn, const char *path, const char *token,
		   int depth);
void journal_unwatch(uint32_t conn, const char *path, const char *token);
void journal_txn(bool start, uint32_t conn, uint32_t id);
void journal_domain(uint16_t domid, uint16_t target, uint64_t gfn,
		    uint32_t port, bool introduced, bool shutdown);
void journal_limit(uint32_t domid, unsigned int limit, uint32_t value);

/* The reader's side, journal_read.c. */
struct journal_map {
	uint8_t *data;
	size_t size;
};

typedef bool (*journal_item_fn)(void *arg, uint64_t seq,
				const struct item *it, const uint8_t *body);
bool journal_parse(const uint8_t *data, size_t size, size_t *end,
		   journal_item_fn fn, void *arg);
bool item_string(const struct item *it, const uint8_t *body, const char **s);

#endif
