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
 * and both journals are what counts. How records look is in record.h.
 */
#ifndef XS_JOURNAL_H
#define XS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct perms;

int journal_open(const char *dir, uint64_t gen, uint64_t pos);
int journal_rotate(void);
void journal_poll(bool idle);
void journal_pace(void);
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

#endif
