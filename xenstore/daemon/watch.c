/* SPDX-License-Identifier: MIT */
/*
 * watch.c - index of watches by path, and the events that they cause
 *
 * The index is a trie: a spot for each component of each watched path. An
 * event at /a/b/c visits the spots of /, /a, /a/b, /a/b/c; a removal visits in
 * addition what lies below. Its cost depends on the depth of the path and on
 * the watches that match, not on how many there are.
 *
 * All spots are in one hash table, keyed by parent and name. A spot lives
 * while it has watches or spots below it.
 *
 * Who cannot read a node is not told about it; who could read it before its
 * permissions changed, or before it was removed, is told of that change.
 */
#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "tree.h"
#include "util.h"

struct spot {
	struct spot *next;		/* in its bucket */
	struct spot *parent;
	LIST_ENTRY(spot) sibling;
	LIST_HEAD(, spot) kids;
	LIST_HEAD(, watch) watches;
	uint32_t hash;
	uint32_t len;
	char name[];			/* terminated */
};

struct watch {
	LIST_ENTRY(watch) in_conn;
	LIST_ENTRY(watch) in_spot;
	struct conn *conn;
	struct spot *spot;
	int depth;			/* levels below; -1: all */
	size_t strip;			/* relative: cut this from the front */
	long charged;			/* bytes of memory, to its domain */
	const char *token;		/* behind the path in @text */
	char text[];			/* path as registered, token */
};

/* Two roots: real paths, and special ones, whose names begin with "@". */
static struct spot root, special_root;
static struct spot **table;
static uint32_t table_size, table_used;

static uint32_t spot_hash(const struct spot *parent, const char *name,
			  size_t len)
{
	return hash_bytes(name, len) ^
	       (uint32_t)((uintptr_t)parent >> 4) * 0x9e3779b1u;
}

static struct spot *spot_find(const struct spot *parent, const char *name,
			      size_t len)
{
	uint32_t hash = spot_hash(parent, name, len);
	struct spot *s;

	if (!table_size)
		return NULL;
	for (s = table[hash & (table_size - 1)]; s; s = s->next)
		if (s->hash == hash && s->parent == parent && s->len == len &&
		    !memcmp(s->name, name, len))
			return s;
	return NULL;
}

static void table_grow(void)
{
	uint32_t size = table_size ? table_size * 2 : 256;
	struct spot **bigger = xcalloc(size, sizeof(*bigger));
	struct spot *s, *next;
	uint32_t i;

	for (i = 0; i < table_size; i++) {
		for (s = table[i]; s; s = next) {
			next = s->next;
			s->next = bigger[s->hash & (size - 1)];
			bigger[s->hash & (size - 1)] = s;
		}
	}
	free(table);
	table = bigger;
	table_size = size;
}

static struct spot *spot_make(struct spot *parent, const char *name, size_t len)
{
	struct spot *s = spot_find(parent, name, len);

	if (s)
		return s;
	if (table_used >= table_size)
		table_grow();
	s = xcalloc(1, sizeof(*s) + len + 1);
	memcpy(s->name, name, len);
	s->len = (uint32_t)len;
	s->parent = parent;
	s->hash = spot_hash(parent, name, len);
	s->next = table[s->hash & (table_size - 1)];
	table[s->hash & (table_size - 1)] = s;
	table_used++;
	LIST_INSERT_HEAD(&parent->kids, s, sibling);
	return s;
}

/* Drop spots that have become useless, from @s upwards. */
static void spot_prune(struct spot *s)
{
	struct spot **sp, *up;

	for (; s->parent && LIST_EMPTY(&s->kids) && LIST_EMPTY(&s->watches);
	     s = up) {
		up = s->parent;
		for (sp = &table[s->hash & (table_size - 1)]; *sp != s;)
			sp = &(*sp)->next;
		*sp = s->next;
		table_used--;
		LIST_REMOVE(s, sibling);
		free(s);
	}
}

static struct spot *base_of(const char *path)
{
	return *path == '@' ? &special_root : &root;
}

static const char *next_name(const char **path, size_t *len)
{
	const char *name = **path == '/' ? *path + 1 : *path;

	if (!*name)
		return NULL;
	*path = strchrnul(name, '/');
	*len = (size_t)(*path - name);
	return name;
}

/* What a watch takes at most: itself, and spots that nobody else needs. */
static long watch_size(const char *path, const char *canonical,
		       const char *token)
{
	size_t spots = path_depth(canonical) + 1u;

	return (long)(sizeof(struct watch) + strlen(path) + strlen(token) + 2 +
		      spots * sizeof(struct spot) + strlen(canonical));
}

static struct watch *watch_find(struct conn *c, const char *canonical,
				const char *token)
{
	struct spot *s = base_of(canonical);
	const char *name;
	struct watch *w;
	size_t len;

	while (s && (name = next_name(&canonical, &len)))
		s = spot_find(s, name, len);
	if (!s)
		return NULL;
	LIST_FOREACH(w, &s->watches, in_spot)
		if (w->conn == c && !strcmp(w->token, token))
			return w;
	return NULL;
}

static void insert(struct conn *c, const char *path, const char *canonical,
		   const char *token, int depth)
{
	size_t plen = strlen(path) + 1, tlen = strlen(token) + 1;
	struct watch *w = xmalloc(sizeof(*w) + plen + tlen);
	struct spot *s = base_of(canonical);
	const char *name, *p = canonical;
	size_t len;

	while ((name = next_name(&p, &len)))
		s = spot_make(s, name, len);
	w->conn = c;
	w->spot = s;
	w->depth = depth;
	w->strip = strlen(canonical) + 1 - plen;
	w->charged = watch_size(path, canonical, token);
	w->token = w->text + plen;
	memcpy(w->text, path, plen);
	memcpy(w->text + plen, token, tlen);
	LIST_INSERT_HEAD(&c->watches, w, in_conn);
	LIST_INSERT_HEAD(&s->watches, w, in_spot);
	c->dom->watches++;
	c->dom->bytes += w->charged;
}

/**
 * watch_add() - register a watch; its first event is watch_initial()
 * @path:      as the client gave it; events speak of it in the same way
 * @canonical: the same, absolute; or special
 * @depth:     levels below the path that matter; -1: all
 *
 * Return: 0; EEXIST it is registered already; ENOSPC too many watches or too
 *         much memory for the client's domain.
 */
int watch_add(struct conn *c, const char *path, const char *canonical,
	      const char *token, int depth)
{
	long size = watch_size(path, canonical, token);

	if (watch_find(c, canonical, token))
		return EEXIST;
	if (!limit_allows(c->dom, LIMIT_WATCHES, c->dom->watches + 1l) ||
	    !limit_allows(c->dom, LIMIT_MEMORY, c->dom->bytes + size))
		return ENOSPC;
	insert(c, path, canonical, token, depth);
	journal_watch(c->id, path, token, depth);
	return 0;
}

/* Recovery: no limits, no journal. Return: false if it is there already. */
bool watch_restore(struct conn *c, const char *path, const char *canonical,
		   const char *token, int depth)
{
	if (watch_find(c, canonical, token))
		return false;
	insert(c, path, canonical, token, depth);
	return true;
}

static void watch_free(struct watch *w)
{
	struct spot *s = w->spot;

	w->conn->dom->watches--;
	w->conn->dom->bytes -= w->charged;
	journal_unwatch(w->conn->id, w->text, w->token);
	LIST_REMOVE(w, in_conn);
	LIST_REMOVE(w, in_spot);
	free(w);
	spot_prune(s);
}

/* Return: 0; ENOENT there is no such watch. */
int watch_remove(struct conn *c, const char *canonical, const char *token)
{
	struct watch *w = watch_find(c, canonical, token);

	if (!w)
		return ENOENT;
	watch_free(w);
	return 0;
}

void watch_remove_all(struct conn *c)
{
	struct watch *w;

	while ((w = LIST_FIRST(&c->watches)))
		watch_free(w);
}

void watch_dump(struct conn *c)
{
	struct watch *w;

	LIST_FOREACH(w, &c->watches, in_conn)
		journal_watch(c->id, w->text, w->token, w->depth);
}

/* Memory of all watches that a domain is charged for. */
long watch_bytes(const struct domain *d)
{
	struct conn *c;
	struct watch *w;
	long sum = 0;

	TAILQ_FOREACH(c, &conns, link) {
		if (c->dom != d)
			continue;
		LIST_FOREACH(w, &c->watches, in_conn)
			sum += w->charged;
	}
	return sum;
}

/* The event that tells the client that its watch is in force. */
void watch_initial(struct conn *c, const char *path, const char *token)
{
	conn_send_event(c, path, token);
}

static bool may_see(const struct watch *w, const struct perms *ps)
{
	return ps && perms_allowed(ps, &w->conn->dom->id) & PERM_READ;
}

/* Tell the watches of one spot about an event @levels below it. */
static void fire_spot(struct spot *s, const char *path, int levels,
		      const struct perms *now, const struct perms *before)
{
	struct watch *w;

	LIST_FOREACH(w, &s->watches, in_spot) {
		if (w->depth >= 0 && levels > w->depth)
			continue;
		if (may_see(w, now) || may_see(w, before))
			conn_send_event(w->conn, path + w->strip, w->token);
	}
}

/* All spots from the root down to @path; the last one, if it exists. */
static struct spot *fire_above(const char *path, const struct perms *now,
			       const struct perms *before)
{
	int levels = (int)path_depth(path);
	const char *name, *p = path;
	struct spot *s = &root;
	size_t len;

	fire_spot(s, path, levels, now, before);
	while (s && (name = next_name(&p, &len))) {
		s = spot_find(s, name, len);
		if (s)
			fire_spot(s, path, --levels, now, before);
	}
	return s;
}

/**
 * watch_fire() - a node was created or changed
 * @path:   of the node
 * @now:    its permissions
 * @before: those it had, if they were changed; else NULL
 */
void watch_fire(const char *path, const struct perms *now,
		const struct perms *before)
{
	fire_above(path, now, before);
}

static void fire_below(struct spot *s, struct buf *path, const struct node *n)
{
	size_t len = path->len;
	struct node *kid;
	struct spot *k;

	LIST_FOREACH(k, &s->kids, sibling) {
		kid = kids_find(node_kids(n), k->name, k->len);
		if (!kid)
			continue;
		path_enter(path, len, k->name, k->len);
		fire_spot(k, (char *)path->data, 0, node_perms(kid), NULL);
		fire_below(k, path, kid);
	}
	path->len = len;
}

/**
 * watch_fire_removed() - a node was removed with all below it
 * @n: what was removed
 *
 * Watches above are told of @path; those below of their own path, if a node
 * was there.
 */
void watch_fire_removed(const char *path, const struct node *n)
{
	struct spot *s = fire_above(path, node_perms(n), NULL);
	struct buf b = { 0 };

	if (!s || LIST_EMPTY(&s->kids))
		return;
	buf_put(&b, path, strlen(path) + 1);
	fire_below(s, &b, n);
	buf_free(&b);
}

/**
 * watch_fire_special() - a domain came, went or shut down
 * @special: "@introduceDomain" or "@releaseDomain"
 * @domid:   which one; told to those who asked for depth 1
 * @ps:      who may see the event
 */
void watch_fire_special(const char *special, uint16_t domid,
			const struct perms *ps)
{
	struct spot *s = spot_find(&special_root, special, strlen(special));
	char number[8], one[64];
	struct watch *w;

	if (!s)
		return;
	snprintf(number, sizeof(number), "%u", domid);
	snprintf(one, sizeof(one), "%s/%u", special, domid);
	LIST_FOREACH(w, &s->watches, in_spot)
		if (may_see(w, ps))
			conn_send_event(w->conn, w->depth == 1 ? one : special,
					w->token);
	s = spot_find(s, number, strlen(number));
	if (s)
		fire_spot(s, one, 0, ps, NULL);
}
