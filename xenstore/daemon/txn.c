/* SPDX-License-Identifier: MIT */
/*
 * txn.c - transactions
 *
 *	(none) --START--> OPEN --END F, reset, disconnect--> (none)
 *	                    |---END T, no conflict: its changes are applied
 *	                    '---END T, conflict: EAGAIN, nothing happened
 *
 * Starting takes a reference to the current root: the cost does not depend on
 * the size of the tree. Reads and writes go to the view; the transaction notes
 * what it learned of which path. At the end each note is checked: if what the
 * transaction learned from its base still holds in the current version, then
 * doing it all now gives the same answers, so its changes are applied to the
 * current version in one step. Four traces; A and B are open, "!" marks EAGAIN:
 *
 *  1  A reads /x      B writes /y    B ends   A writes /z   A ends
 *	A learned /x and that /z is absent: both still hold. Both commit.
 *  2  A reads /x      B writes /x    B ends   A writes /z   A ends !
 *	/x is another node now. A would have computed /z from an old value.
 *  3  A creates /d/a  B creates /d/b B ends   A ends
 *	Each learned that its own name is absent, and the permissions of /d,
 *	which did not change. Neither listed /d. Both commit.
 *  4  A lists /d      B creates /d/b B ends   A writes /z   A ends !
 *	The names in /d are no longer what A saw.
 *
 * A transaction that changed nothing saw one version and harms nobody: it
 * commits, whatever happened meanwhile.
 *
 * A transaction that was open when the daemon was restarted goes on, on the
 * version that was recovered, without the changes that it had made; its end
 * is EAGAIN, so its client does it again.
 *
 * The version that a transaction started from keeps nodes in memory that were
 * changed or removed since. If that becomes more than the domain's limit, the
 * transaction likewise goes on, on the current version (txn_poll()).
 */
#include "txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "lease.h"
#include "store.h"
#include "util.h"

#define VIEW_GEN (1ull << 63)	/* generations that only a view has */

static void txn_charge(struct tree *view, uint16_t domid, long nodes,
		       long bytes)
{
	struct txn *t = (struct txn *)((char *)view -
				       offsetof(struct txn, view));
	uint32_t i;

	for (i = 0; i < t->nr_delta; i++)
		if (t->delta[i].domid == domid)
			break;
	if (i == t->nr_delta) {
		t->delta = xrealloc(t->delta, (i + 1) * sizeof(*t->delta));
		t->delta[i] = (struct txn_delta){ .domid = domid };
		t->nr_delta++;
	}
	t->delta[i].nodes += nodes;
	t->delta[i].bytes += bytes;
}

static const struct txn_delta *delta_of(const struct txn *t, uint16_t domid)
{
	static const struct txn_delta none;
	uint32_t i;

	for (i = 0; i < t->nr_delta; i++)
		if (t->delta[i].domid == domid)
			return &t->delta[i];
	return &none;
}

/* Nodes that the transaction's end would add to a domain's. */
long txn_extra_nodes(const struct txn *t, uint16_t domid)
{
	return delta_of(t, domid)->nodes;
}

/* Likewise bytes: its own memory is given back then. */
long txn_extra_bytes(const struct txn *t, uint16_t domid)
{
	long own = domid == t->conn->dom->id.domid ? t->bytes : 0;

	return delta_of(t, domid)->bytes - own;
}

/* --- its own memory, charged to its client's domain while it is open --- */

/* Slots of the table are at least a quarter full, or the table is small. */
static long access_bytes(size_t path_len)
{
	return (long)(4 * sizeof(struct access) + path_len + 1);
}

/* The change is kept as such, and as a node in the view. */
static long op_bytes(size_t path_len, size_t value_len)
{
	return (long)(sizeof(struct txn_op) + NODE_CHARGE +
		      2 * (path_len + 1 + value_len));
}

static void use(struct txn *t, long bytes)
{
	t->bytes += bytes;
	t->conn->dom->bytes += bytes;
}

static bool may_use(struct domain *d, long bytes)
{
	return limit_allows(d, LIMIT_MEMORY, d->bytes + bytes);
}

/**
 * txn_room() - is there memory for changes in a transaction?
 * @nodes: how many nodes are created or changed
 * @bytes: of their paths and values together
 *
 * Return: 0; ENOSPC its client's domain would have too much.
 */
int txn_room(const struct txn *t, size_t nodes, size_t bytes)
{
	long each = op_bytes(0, 0);

	return may_use(t->conn->dom, (long)nodes * each + 2 * (long)bytes) ?
		       0 : ENOSPC;
}

/* Memory of all transactions that a domain is charged for. */
long txn_bytes(const struct domain *d)
{
	const struct conn *c;
	const struct txn *t;
	long sum = 0;

	TAILQ_FOREACH(c, &conns, link) {
		if (c->dom != d)
			continue;
		LIST_FOREACH(t, &c->txns, link)
			sum += t->bytes;
	}
	return sum;
}

#define ARENA_BLOCK 1024
#define TXN_BYTES ((long)sizeof(struct txn) + ARENA_BLOCK)
#define LOOK_AGAIN 1048576u	/* bytes copied, if there is no limit now */

static uint64_t next_look;	/* the least look_at of all */

/* When to look at what a transaction keeps, if it may keep @more bytes. */
static void look_later(struct txn *t, uint64_t more)
{
	t->look_at = node_copied_bytes + more;
	if (t->look_at < next_look)
		next_look = t->look_at;
}

static uint64_t may_keep(const struct txn *t)
{
	uint32_t max = limit_of(t->conn->dom, LIMIT_TXN_KEPT);

	return max ? max : LOOK_AGAIN;
}

static struct txn *txn_new(struct conn *c, uint32_t id)
{
	struct txn *t = xcalloc(1, sizeof(*t));

	t->conn = c;
	t->id = id;
	t->base = node_get(store_root());
	t->view.root = node_get(store_root());
	t->view.charge = txn_charge;
	t->mem = arena_new(ARENA_BLOCK);
	STAILQ_INIT(&t->ops);
	look_later(t, may_keep(t));
	LIST_INSERT_HEAD(&c->txns, t, link);
	c->dom->txns++;
	use(t, TXN_BYTES);
	journal_txn(true, c->id, id);
	return t;
}

/**
 * txn_start() - open a transaction
 * @id: its number, set on success
 *
 * Return: 0; ENOSPC the domain has as many as it may, or too much memory.
 */
int txn_start(struct conn *c, uint32_t *id)
{
	if (!limit_allows(c->dom, LIMIT_TRANSACTIONS, c->dom->txns + 1l) ||
	    !may_use(c->dom, TXN_BYTES))
		return ENOSPC;
	do {
		c->next_txn++;
	} while (!c->next_txn || txn_lookup(c, c->next_txn));
	*id = txn_new(c, c->next_txn)->id;
	return 0;
}

/* A transaction that was open when the daemon was restarted. */
void txn_restore(struct conn *c, uint32_t id)
{
	txn_new(c, id)->doomed = true;
	c->next_txn = counter_max(c->next_txn, id);
}

struct txn *txn_lookup(struct conn *c, uint32_t id)
{
	struct txn *t;

	LIST_FOREACH(t, &c->txns, link)
		if (t->id == id)
			return t;
	return NULL;
}

/* Forget what it saw and did, but not that it is open. */
static void txn_empty(struct txn *t)
{
	struct txn_op *op;

	use(t, TXN_BYTES - t->bytes);
	STAILQ_FOREACH(op, &t->ops, next)
		perms_put(op->perms);
	STAILQ_INIT(&t->ops);
	t->op_bytes = 0;
	arena_reset(t->mem);
	free(t->set);
	t->set = NULL;
	t->set_size = t->set_used = 0;
	t->nr_delta = 0;
	node_put(t->base);
	node_put(t->view.root);
	t->base = t->view.root = NULL;
}

/**
 * txn_abort() - close a transaction; its changes are forgotten
 */
void txn_abort(struct txn *t)
{
	journal_txn(false, t->conn->id, t->id);
	t->conn->dom->txns--;
	LIST_REMOVE(t, link);
	txn_empty(t);
	use(t, -TXN_BYTES);
	arena_free(t->mem);
	free(t->delta);
	free(t);
}

void txn_abort_all(struct conn *c)
{
	struct txn *t;

	while ((t = LIST_FIRST(&c->txns)))
		txn_abort(t);
}

/* Does a transaction keep more than it may? Then let go of what it keeps. */
static void look(struct txn *t)
{
	size_t kept = node_kept_bytes(t->base, store_root());
	uint64_t max = may_keep(t);

	if (limit_allows(t->conn->dom, LIMIT_TXN_KEPT, (long)kept)) {
		look_later(t, kept + max / 4 < max ? max - kept : max / 4);
		return;
	}
	txn_empty(t);
	t->base = node_get(store_root());
	t->view.root = node_get(store_root());
	t->doomed = true;
	look_later(t, max);
}

/**
 * txn_poll() - between requests: do open transactions keep too much alive?
 *
 * They are looked at only when as much was copied as one more may keep, so
 * this costs little in the long run. What one keeps may exceed the limit by a
 * quarter until it is looked at again. Dom0 has no limit.
 */
void txn_poll(void)
{
	struct conn *c;
	struct txn *t;

	if (node_copied_bytes < next_look)
		return;
	next_look = UINT64_MAX;
	TAILQ_FOREACH(c, &conns, link) {
		LIST_FOREACH(t, &c->txns, link) {
			if (!c->dom->id.domid)
				continue;
			if (node_copied_bytes >= t->look_at)
				look(t);
			else if (t->look_at < next_look)
				next_look = t->look_at;
		}
	}
}

void txn_dump(struct conn *c)
{
	struct txn *t;

	LIST_FOREACH(t, &c->txns, link)
		journal_txn(true, c->id, t->id);
}

/* --- what it looked at --- */

static struct access *set_slot(struct access *set, uint32_t size,
			       uint32_t hash, const char *path)
{
	uint32_t i = hash & (size - 1);

	while (set[i].path &&
	       (set[i].hash != hash || strcmp(set[i].path, path)))
		i = (i + 1) & (size - 1);
	return &set[i];
}

static void set_grow(struct txn *t)
{
	uint32_t size = t->set_size ? t->set_size * 2 : 16;
	struct access *set = xcalloc(size, sizeof(*set));
	uint32_t i;

	for (i = 0; i < t->set_size; i++)
		if (t->set[i].path)
			*set_slot(set, size, t->set[i].hash, t->set[i].path) =
				t->set[i];
	free(t->set);
	t->set = set;
	t->set_size = size;
}

/**
 * txn_access() - note that the transaction learned something about a path
 * @t:     NULL if the request is in no transaction: nothing to note
 * @flags: ACC_*
 *
 * Return: 0; ENOSPC it has looked at as many nodes as the domain may, or the
 *         domain would have too much memory.
 */
int txn_access(struct txn *t, const char *path, unsigned int flags)
{
	size_t len = strlen(path);
	struct access *a;
	uint32_t hash;

	if (!t)
		return 0;
	if (t->set_used * 2 >= t->set_size)
		set_grow(t);
	hash = hash_bytes(path, len);
	a = set_slot(t->set, t->set_size, hash, path);
	if (!a->path) {
		if (!limit_allows(t->conn->dom, LIMIT_TXN_NODES,
				  t->set_used + 1l) ||
		    !may_use(t->conn->dom, access_bytes(len)))
			return ENOSPC;
		use(t, access_bytes(len));
		a->path = arena_strndup(t->mem, path, len);
		a->hash = hash;
		t->set_used++;
	}
	a->flags |= flags;
	return 0;
}

/* Did the transaction look at this path? */
bool txn_accessed(const struct txn *t, const char *path)
{
	return t->set_size &&
	       set_slot(t->set, t->set_size, hash_bytes(path, strlen(path)),
			path)->path;
}

static bool still_holds(const struct txn *t, const struct access *a)
{
	const struct node *was = t->base, *is = store_root();

	if (!tree_differ(&was, &is, a->path))
		return true;
	if (!was || !is || a->flags & ACC_TREE)
		return false;
	if (a->flags & ACC_NODE && node_changed(was, is))
		return false;
	if (a->flags & ACC_PERMS && was->perms_id != is->perms_id)
		return false;
	return !(a->flags & ACC_KIDS) ||
	       node_kids_gen(was) == node_kids_gen(is);
}

static bool conflicts(const struct txn *t)
{
	uint32_t i;

	if (t->doomed)
		return true;
	if (t->base == store_root() || STAILQ_EMPTY(&t->ops))
		return false;
	for (i = 0; i < t->set_size; i++)
		if (t->set[i].path && !still_holds(t, &t->set[i]))
			return true;
	return false;
}

/* --- changes --- */

static struct txn_op *op_add(struct txn *t, const char *path,
			     size_t value_len)
{
	struct txn_op *op = arena_alloc(t->mem, sizeof(*op));
	size_t len = strlen(path);

	*op = (struct txn_op){ .path = arena_strndup(t->mem, path, len) };
	STAILQ_INSERT_TAIL(&t->ops, op, next);
	t->op_bytes += 2 * len + ITEM_ROOM;
	t->changes++;
	use(t, op_bytes(len, value_len));
	return op;
}

static void put(struct txn *t, const char *path, const void *value, size_t len,
		struct perms *perms, bool implied)
{
	struct txn_op *op = op_add(t, path, len);

	if (value)
		op->value = arena_strndup(t->mem, value, len);
	op->len = len;
	op->perms = perms ? perms_get(perms) : NULL;
	op->implied = implied;
	t->op_bytes += len + (perms ? perms->nr * sizeof(struct perm) : 0);
	tree_put(&t->view, path, value, len, perms, VIEW_GEN + t->changes);
}

/* As tree_put(), in the view. */
void txn_put(struct txn *t, const char *path, const void *value, size_t len,
	     struct perms *perms)
{
	put(t, path, value, len, perms, false);
}

/* As store_imply(), in the view. */
void txn_imply(struct txn *t, const char *path, struct perms *perms)
{
	put(t, path, "", 0, perms, true);
}

/* As tree_remove(), in the view. */
void txn_remove(struct txn *t, const char *path)
{
	op_add(t, path, 0)->remove = true;
	tree_remove(&t->view, path, VIEW_GEN + t->changes);
}

static bool within_limits(const struct txn *t)
{
	struct domain *d = t->conn->dom;
	long nodes = txn_extra_nodes(t, d->id.domid);
	long bytes = txn_extra_bytes(t, d->id.domid);

	return (nodes <= 0 || limit_allows(d, LIMIT_NODES,
					   d->nodes + nodes)) &&
	       (bytes <= 0 || limit_allows(d, LIMIT_MEMORY,
					   d->bytes + bytes));
}

static bool held_back(const struct txn *t)
{
	const struct txn_op *op;

	STAILQ_FOREACH(op, &t->ops, next)
		if (lease_blocks(t->conn, op->path))
			return true;
	return false;
}

/**
 * txn_commit() - apply a transaction's changes and close it
 *
 * Return: 0; EAGAIN something that it read or wrote was changed by somebody
 *         else: it is closed and nothing was applied; ENOSPC likewise, a
 *         limit or the journal has no room; LEASE_WAIT it is still open, and
 *         the request must be tried again later.
 */
int txn_commit(struct txn *t)
{
	struct txn_op *op;
	int rc = 0;

	if (held_back(t))
		return LEASE_WAIT;
	if (conflicts(t))
		rc = EAGAIN;
	else if (!within_limits(t) || !journal_ready(t->op_bytes))
		rc = ENOSPC;
	if (!rc) {
		STAILQ_FOREACH(op, &t->ops, next) {
			if (op->remove)
				store_remove(op->path);
			else if (op->implied)
				store_imply(op->path, op->perms);
			else
				store_put(op->path, op->value, op->len,
					  op->perms);
		}
	}
	lease_outcome(t, rc == EAGAIN && !t->doomed);
	txn_abort(t);
	return rc;
}
