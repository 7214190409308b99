/* SPDX-License-Identifier: MIT */
/*
 * store.c - the current version of the tree, and every change to it
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "log.h"
#include "txn.h"
#include "util.h"
#include "watch.h"

static struct tree tree;
static long tree_bytes;		/* that domains are charged for it */
static struct perms *special[SPECIAL_NR];
static const char *const special_names[SPECIAL_NR] = {
	[SPECIAL_INTRODUCE] = "@introduceDomain",
	[SPECIAL_RELEASE] = "@releaseDomain",
};

static void charge(struct tree *t, uint16_t domid, long nodes, long bytes)
{
	struct domain *d = domain_make(domid);

	(void)t;
	d->nodes += nodes;
	d->bytes += bytes;
	tree_bytes += bytes;
}

/**
 * store_init() - the store as it is before the first change
 */
void store_init(void)
{
	const struct perm dom0 = { 0, 0 };
	struct perms *ps = perms_intern(&dom0, 1);
	unsigned int i;

	tree.charge = charge;
	tree_init(&tree, ps);
	tree_put(&tree, "/tool", "", 0, ps, 0);
	tree_put(&tree, "/tool/xenstored", "", 0, ps, 0);
	for (i = 0; i < SPECIAL_NR; i++)
		special[i] = perms_get(ps);
	perms_put(ps);
}

struct node *store_root(void)
{
	return tree.root;
}

struct tree *store_tree(void)
{
	return &tree;
}

/* What all domains together are charged for the nodes of the tree. */
size_t store_bytes(void)
{
	return (size_t)tree_bytes;
}

/* Return: a reference to a node's permissions; NULL if there is no node. */
static struct perms *perms_now(const char *path)
{
	const struct node *n = tree_find(tree.root, path);

	return n ? perms_get(node_perms(n)) : NULL;
}

/**
 * store_put() - create a node or change an existing one
 *
 * As tree_put(), with journal and watches.
 */
void store_put(const char *path, const void *value, size_t len,
	       struct perms *perms)
{
	struct perms *before = perms ? perms_now(path) : NULL;
	const struct node *n = tree_put(&tree, path, value, len, perms,
					journal_seq());

	journal_node(path, value, len, perms);
	watch_fire(path, node_perms(n), before);
	perms_put(before);
}

/**
 * store_imply() - create an empty node because one below it is wanted
 *
 * The event of the node that was asked for speaks for it too.
 */
void store_imply(const char *path, struct perms *perms)
{
	tree_put(&tree, path, "", 0, perms, journal_seq());
	journal_node(path, "", 0, perms);
}

/* As tree_remove(), with journal and watches. */
void store_remove(const char *path)
{
	struct node *n = node_get(tree_find(tree.root, path));

	tree_remove(&tree, path, journal_seq());
	journal_remove(path);
	watch_fire_removed(path, n);
	node_put(n);
}

void store_replay_put(const char *path, const void *value, size_t len,
		      struct perms *perms, uint64_t gen)
{
	int which = store_special(path);

	if (which >= 0)
		store_set_special((enum special)which, perms);
	else
		tree_put(&tree, path, value, len, perms, gen);
}

void store_replay_remove(const char *path, uint64_t gen)
{
	tree_remove(&tree, path, gen);
}

/* --- the nodes of a domain that is gone --- */

struct sweep {
	uint16_t domid;
	struct buf owned;	/* paths to remove, NUL-terminated */
	struct buf granted;	/* paths whose permissions mention it */
	size_t last;		/* where the last of owned begins */
};

static void sweep_node(void *arg, const char *path, const struct node *n)
{
	struct sweep *s = arg;
	uint32_t i;

	if (s->owned.len &&
	    path_below(path, (char *)s->owned.data + s->last))
		return;
	if (perms_owner(node_perms(n)) == s->domid) {
		if (!path[1])
			return;
		s->last = s->owned.len;
		buf_put(&s->owned, path, strlen(path) + 1);
		return;
	}
	for (i = 1; i < node_perms(n)->nr; i++) {
		if (node_perms(n)->p[i].domid != s->domid)
			continue;
		buf_put(&s->granted, path, strlen(path) + 1);
		return;
	}
}

/* The string behind @p of those in a buffer; NULL is before the first one. */
static const char *next_string(const struct buf *b, const char *p)
{
	p = p ? p + strlen(p) + 1 : (char *)b->data;
	return p && p < (char *)b->data + b->len ? p : NULL;
}

/**
 * store_release_domain() - remove what a domain owned or was granted
 *
 * Its number may be given to another domain, which must not inherit anything.
 */
void store_release_domain(uint16_t domid)
{
	struct sweep s = { .domid = domid };
	struct perms *ps;
	const char *p = NULL;

	if (!perms_mention(domid))
		return;
	tree_walk(tree.root, "/", sweep_node, &s);
	while ((p = next_string(&s.owned, p)))
		store_remove(p);
	while ((p = next_string(&s.granted, p))) {
		ps = perms_without(node_perms(tree_find(tree.root, p)), domid);
		store_put(p, NULL, 0, ps);
		perms_put(ps);
	}
	buf_free(&s.owned);
	buf_free(&s.granted);
}

/* --- special paths --- */

const char *store_special_name(enum special which)
{
	return special_names[which];
}

/* Which special event a path names, the path of one domain included; or -1. */
int store_special(const char *path)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < SPECIAL_NR; i++) {
		len = strlen(special_names[i]);
		if (!strncmp(path, special_names[i], len) &&
		    (!path[len] || path[len] == '/'))
			return (int)i;
	}
	return -1;
}

struct perms *store_special_perms(enum special which)
{
	return special[which];
}

void store_set_special(enum special which, struct perms *ps)
{
	perms_get(ps);
	perms_put(special[which]);
	special[which] = ps;
}

/**
 * store_dump() - record all that is not in the tree, at the start of a journal
 */
void store_dump(void)
{
	struct domain *d;
	int cursor = 0;
	unsigned int i;

	for (i = 0; i < SPECIAL_NR; i++)
		journal_node(special_names[i], NULL, 0, special[i]);
	for (i = 0; i < LIMIT_NR; i++)
		journal_limit(DOMID_LIMIT, i, limit_global((enum limit)i));
	while ((d = domain_next(&cursor))) {
		journal_domain(d->id.domid, d->id.target, d->gfn, d->port,
			       d->introduced, d->shutdown);
		for (i = 0; i < LIMIT_NR; i++)
			if (d->limit[i] != LIMIT_DEFAULT)
				journal_limit(d->id.domid, i, d->limit[i]);
	}
	conn_dump();
}

/* --- self-check --- */

struct tally {
	long nodes, bytes;
};

static void tally_node(void *arg, const char *path, const struct node *n)
{
	struct tally *t = arg;

	t[perms_owner(node_perms(n))].nodes++;
	t[perms_owner(node_perms(n))].bytes += node_bytes(n);
	if (tree_find(tree.root, path) != n)
		log_error("check: %s is out of order", path);
}

/**
 * store_check() - does what domains are charged for agree with the tree?
 *
 * Return: false, with a line in the log for each domain, if it does not.
 */
bool store_check(void)
{
	struct tally *t = xcalloc(DOMID_LIMIT, sizeof(*t));
	struct domain *d;
	int cursor = 0;
	bool ok = true;

	tree_walk(tree.root, "/", tally_node, t);
	while ((d = domain_next(&cursor))) {
		struct tally *own = &t[d->id.domid];

		own->bytes += watch_bytes(d) + txn_bytes(d);
		if (d->nodes == own->nodes && d->bytes == own->bytes)
			continue;
		log_error("check: dom%u: %ld nodes, %ld bytes charged; "
			  "%ld, %ld found", d->id.domid, d->nodes, d->bytes,
			  own->nodes, own->bytes);
		ok = false;
	}
	free(t);
	return ok;
}
