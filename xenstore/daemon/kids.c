/* SPDX-License-Identifier: MIT */
/*
 * kids.c - the ordered map of a node's children: a B-tree that shares pages
 *
 * Invariants: a page has 1 to KIDS_MAX slots, and only that of an empty map
 * none; all leaves are on level 0; the root of a map has at least two slots
 * unless it is a leaf; names in a map are distinct and ascend. Two neighbours
 * that together fill less than half a page become one when something is
 * removed next to them.
 */
#include "node.h"

#include <string.h>

#include "names.h"
#include "slab.h"
#include "util.h"

static size_t page_size(unsigned int cap)
{
	return sizeof(struct kids) + cap * sizeof(void *);
}

static struct kids *page_alloc(unsigned int cap, unsigned int level)
{
	struct kids *k = slab_alloc(page_size(cap));

	*k = (struct kids){ .refs = 1, .cap = (uint8_t)cap,
			    .level = (uint8_t)level };
	return k;
}

/* Its slots are somebody else's by now. */
static void page_free(struct kids *k)
{
	names_forget(k);
	slab_free(k, page_size(k->cap));
}

static void slot_get(const struct kids *k, unsigned int i)
{
	if (k->level)
		((struct kids *)k->slot[i])->refs++;
	else
		node_get(k->slot[i]);
}

/**
 * kids_put() - give a reference to a page back; NULL is allowed
 *
 * The last one frees the page and all that only it kept alive.
 */
void kids_put(struct kids *k)
{
	unsigned int i;

	if (!k || --k->refs)
		return;
	for (i = 0; i < k->nr; i++) {
		if (k->level)
			kids_put(k->slot[i]);
		else
			node_put(k->slot[i]);
	}
	page_free(k);
}

/* Exchange a reference to a page for one that may be written through. */
static struct kids *page_own(struct kids *k)
{
	struct kids *c;
	unsigned int i;

	if (k->refs == 1)
		return k;
	c = page_alloc(k->cap, k->level);
	node_copied_bytes += page_size(k->cap);
	c->nr = k->nr;
	c->gen = k->gen;
	memcpy(c->slot, k->slot, k->nr * sizeof(void *));
	for (i = 0; i < c->nr; i++)
		slot_get(c, i);
	kids_put(k);
	return c;
}

static const struct node *page_first(const struct kids *k)
{
	while (k->level)
		k = k->slot[0];
	return k->slot[0];
}

static int name_cmp(const struct node *n, const char *name, size_t len)
{
	int c = memcmp(node_name(n), name, MIN(n->name_len, len));

	if (c)
		return c;
	return n->name_len < len ? -1 : n->name_len > len;
}

static const struct node *slot_first(const struct kids *k, unsigned int i)
{
	return k->level ? page_first(k->slot[i]) : k->slot[i];
}

/* How many slots begin with a name that is not after @name? */
static unsigned int page_rank(const struct kids *k, const char *name,
			      size_t len)
{
	unsigned int lo = 0, hi = k->nr, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (name_cmp(slot_first(k, mid), name, len) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/**
 * kids_find() - look a child up by name
 * @k: map, or NULL for an empty one
 *
 * Return: the child, borrowed from the map; NULL if there is none.
 */
struct node *kids_find(const struct kids *k, const char *name, size_t len)
{
	unsigned int rank;
	struct node *n;

	for (; k; k = k->slot[rank - 1]) {
		rank = page_rank(k, name, len);
		if (!rank)
			return NULL;
		if (!k->level) {
			n = k->slot[rank - 1];
			return name_cmp(n, name, len) ? NULL : n;
		}
	}
	return NULL;
}

/**
 * kids_slot() - the place of a child in a map that the caller owns
 * @kp: the owning node's pointer to the map, or to NULL for an empty one; pages
 *      on the way become private
 *
 * Return: where the map's reference to the child is kept, to be exchanged for
 *         another of the same name, valid until the map changes its shape;
 *         NULL if there is no such child.
 */
struct node **kids_slot(struct kids **kp, const char *name, size_t len)
{
	struct node **np;
	unsigned int rank;
	struct kids *k;

	while (*kp) {
		k = *kp = page_own(*kp);
		rank = page_rank(k, name, len);
		if (!rank)
			break;
		if (!k->level) {
			np = (struct node **)&k->slot[rank - 1];
			return name_cmp(*np, name, len) ? NULL : np;
		}
		kp = (struct kids **)&k->slot[rank - 1];
	}
	return NULL;
}

/* How many slots to allocate for so many. */
static unsigned int roomy(unsigned int nr)
{
	if (nr <= 2)
		return nr;
	return MIN(nr < 8 ? (nr + 1) & ~1u : (nr + 3) & ~3u, KIDS_MAX);
}

static struct kids *page_resize(struct kids *k, unsigned int cap)
{
	k = slab_resize(k, page_size(k->cap), page_size(cap));
	k->cap = (uint8_t)cap;
	return k;
}

static struct kids *page_reserve(struct kids *k)
{
	return k->nr < k->cap ? k : page_resize(k, roomy(k->nr + 1u));
}

/* @k has room. */
static void page_insert_at(struct kids *k, unsigned int at, void *slot)
{
	memmove(&k->slot[at + 1], &k->slot[at],
		(k->nr - at) * sizeof(void *));
	k->slot[at] = slot;
	k->nr++;
}

/* Move the upper half of a full page into a new one, and give back its room. */
static struct kids *page_split(struct kids **kp)
{
	struct kids *k = *kp;
	unsigned int half = k->nr / 2;
	struct kids *r = page_alloc(roomy(half + 1), k->level);

	r->nr = (uint8_t)half;
	k->nr = (uint8_t)(k->nr - half);
	memcpy(r->slot, &k->slot[k->nr], half * sizeof(void *));
	*kp = page_resize(k, roomy(k->nr));
	return r;
}

/*
 * Put @slot at @at into *@kp, splitting it if it is full.
 * Return: the new right neighbour of *@kp, or NULL if it was not split.
 */
static struct kids *page_add(struct kids **kp, unsigned int at, void *slot)
{
	struct kids *right = NULL;
	struct kids *k = *kp;

	if (k->nr == KIDS_MAX) {
		/* Names often ascend: then leave the left page full. */
		if (at == KIDS_MAX) {
			right = page_alloc(2, k->level);
			page_insert_at(right, 0, slot);
			return right;
		}
		right = page_split(kp);
		k = *kp;
		if (at > k->nr) {
			page_insert_at(right, at - k->nr, slot);
			return right;
		}
	}
	k = *kp = page_reserve(k);
	page_insert_at(k, at, slot);
	return right;
}

static struct kids *insert(struct kids **kp, struct node *n)
{
	struct kids *k = *kp = page_own(*kp);
	unsigned int rank = page_rank(k, node_name(n), n->name_len);
	struct kids *split;

	if (!k->level)
		return page_add(kp, rank, n);
	if (!rank)
		rank = 1;
	split = insert((struct kids **)&k->slot[rank - 1], n);
	return split ? page_add(kp, rank, split) : NULL;
}

/**
 * kids_insert() - add a child whose name is not in the map
 * @kp: the owning node's pointer to the map, NULL in it for an empty one
 * @n:  reference that the map takes over
 * @gen: number of the change
 */
void kids_insert(struct kids **kp, struct node *n, uint64_t gen)
{
	struct kids *split, *root;

	*kp = *kp ? page_own(*kp) : page_alloc(1, 0);
	names_forget(*kp);
	split = insert(kp, n);
	if (split) {
		root = page_alloc(4, (*kp)->level + 1u);
		root->nr = 2;
		root->slot[0] = *kp;
		root->slot[1] = split;
		*kp = root;
	}
	(*kp)->gen = gen;
}

static void *page_take(struct kids *k, unsigned int at)
{
	void *slot = k->slot[at];

	k->nr--;
	memmove(&k->slot[at], &k->slot[at + 1],
		(k->nr - at) * sizeof(void *));
	return slot;
}

/* Join slots @at and @at + 1 of @k if both together are small. */
static void page_join(struct kids *k, unsigned int at)
{
	struct kids *l, *r;
	unsigned int i;

	if (at + 1 >= k->nr)
		return;
	l = k->slot[at];
	r = k->slot[at + 1];
	if (l->nr + r->nr > KIDS_MAX / 2)
		return;
	l = k->slot[at] = page_own(l);
	for (i = 0; i < r->nr; i++) {
		slot_get(r, i);
		l = k->slot[at] = page_reserve(l);
		page_insert_at(l, l->nr, r->slot[i]);
	}
	kids_put(page_take(k, at + 1));
}

static struct node *remove_from(struct kids **kp, const char *name, size_t len)
{
	struct kids *k = *kp = page_own(*kp);
	unsigned int at = page_rank(k, name, len) - 1;
	struct kids *child;
	struct node *n;

	if (!k->level)
		return page_take(k, at);
	n = remove_from((struct kids **)&k->slot[at], name, len);
	child = k->slot[at];
	if (!child->nr) {
		page_free(page_take(k, at));
		return n;
	}
	page_join(k, at);
	if (at)
		page_join(k, at - 1);
	return n;
}

/**
 * kids_remove() - take an existing child out of a map that the caller owns
 * @kp:   the owning node's pointer to the map, which may become empty
 * @name: of a child that is there (kids_find() found it)
 * @gen:  number of the change
 *
 * Return: the map's reference to the child, which is now the caller's.
 */
struct node *kids_remove(struct kids **kp, const char *name, size_t len,
			 uint64_t gen)
{
	struct kids *k = *kp = page_own(*kp);
	struct node *n;

	names_forget(k);
	n = remove_from(kp, name, len);
	while (k->nr == 1 && k->level) {
		*kp = page_own(k->slot[0]);
		page_free(k);
		k = *kp;
	}
	k->gen = gen;
	return n;
}

/* Go down to the first leaf below @k; idx is the slot to visit next. */
static void iter_descend(struct kids_iter *it, const struct kids *k)
{
	for (;; k = k->slot[0]) {
		it->depth++;
		it->page[it->depth] = k;
		it->idx[it->depth] = k->level ? 1 : 0;
		if (!k->level)
			return;
	}
}

void kids_iter_init(struct kids_iter *it, const struct kids *k)
{
	it->depth = -1;
	if (k)
		iter_descend(it, k);
}

/**
 * kids_iter_next() - the next node of the map
 *
 * Return: a node borrowed from the map; NULL after the last one.
 */
struct node *kids_iter_next(struct kids_iter *it)
{
	const struct kids *k;

	while (it->depth >= 0) {
		k = it->page[it->depth];
		if (it->idx[it->depth] == k->nr) {
			it->depth--;
			continue;
		}
		if (!k->level)
			return k->slot[it->idx[it->depth]++];
		iter_descend(it, k->slot[it->idx[it->depth]++]);
	}
	return NULL;
}
