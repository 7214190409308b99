/* SPDX-License-Identifier: MIT */
/*
 * txn.h - transactions: a private view, and what it looked at
 */
#ifndef XS_TXN_H
#define XS_TXN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "tree.h"

struct arena;
struct conn;
struct domain;

/* What a transaction learned about a path of its base version. */
#define ACC_EXISTS 1u		/* whether it exists */
#define ACC_NODE 2u		/* its value or permissions */
#define ACC_PERMS 4u		/* its permissions */
#define ACC_KIDS 8u		/* the names of its children */
#define ACC_TREE 16u		/* all of it: it was removed */

struct access {
	const char *path;
	uint32_t hash;
	uint32_t flags;
};

struct txn_op {
	STAILQ_ENTRY(txn_op) next;
	const char *path;
	const void *value;	/* NULL: not changed */
	size_t len;
	struct perms *perms;	/* [r] NULL: not changed */
	bool remove;
	bool implied;		/* only there for what is below it */
};

struct txn_delta {
	uint16_t domid;
	long nodes, bytes;
};

struct txn {
	LIST_ENTRY(txn) link;	/* of its connection */
	struct conn *conn;
	uint32_t id;
	bool doomed;		/* its end will be EAGAIN */
	uint64_t look_at;	/* node_copied_bytes when to see what it
				   keeps alive */
	uint32_t changes;	/* made in the view */
	struct node *base;	/* [r] the version it started from */
	struct tree view;	/* base plus its own changes */
	struct arena *mem;
	STAILQ_HEAD(, txn_op) ops;
	size_t op_bytes;	/* what they will take in the journal */
	long bytes;		/* of memory that its domain is charged for */
	struct access *set;	/* open hash table */
	uint32_t set_size, set_used;
	struct txn_delta *delta;
	uint32_t nr_delta;
};

int txn_start(struct conn *c, uint32_t *id);
void txn_restore(struct conn *c, uint32_t id);
struct txn *txn_lookup(struct conn *c, uint32_t id);
void txn_abort(struct txn *t);
void txn_abort_all(struct conn *c);
int txn_commit(struct txn *t);
void txn_dump(struct conn *c);
void txn_poll(void);

int txn_access(struct txn *t, const char *path, unsigned int flags);
void txn_put(struct txn *t, const char *path, const void *value, size_t len,
	     struct perms *perms);
void txn_imply(struct txn *t, const char *path, struct perms *perms);
void txn_remove(struct txn *t, const char *path);
int txn_room(const struct txn *t, size_t nodes, size_t bytes);
long txn_bytes(const struct domain *d);
long txn_extra_nodes(const struct txn *t, uint16_t domid);
long txn_extra_bytes(const struct txn *t, uint16_t domid);
bool txn_accessed(const struct txn *t, const char *path);

#endif
