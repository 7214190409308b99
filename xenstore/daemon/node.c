/* SPDX-License-Identifier: MIT */
/*
 * node.c - one node: creation, references, private copies
 */
#include "node.h"

#include <string.h>

#include "slab.h"
#include "util.h"

_Static_assert(NODE_INNER_OFFSET % _Alignof(struct inner) == 0 &&
	       NODE_INNER_OFFSET >= offsetof(struct node, data),
	       "an inner node's part lies behind the header, aligned");

uint64_t node_copied_bytes;

static size_t node_size(bool inner, size_t name_len, size_t value_len)
{
	return offsetof(struct node, data) + (inner ? NODE_INNER_ROOM : 0) +
	       name_len + 1 + value_len;
}

static size_t size_of(const struct node *n)
{
	return node_size(n->inner, n->name_len, n->value_len);
}

/**
 * node_new() - a node without children
 * @name:  not terminated; at most 3,071 bytes
 * @value: at most 4,096 bytes
 * @perms: the node takes a reference of its own
 *
 * Return: the only reference.
 */
struct node *node_new(const char *name, size_t name_len, const void *value,
		      size_t value_len, struct perms *perms)
{
	struct node *n = slab_alloc(node_size(false, name_len, value_len));

	n->refs = 1;
	n->perms_id = perms_get(perms)->id;
	n->name_len = name_len & 0xfff;
	n->value_len = value_len & 0x1fff;
	n->inner = false;
	memcpy(n->data, name, name_len);
	n->data[name_len] = '\0';
	if (value_len)
		memcpy(n->data + name_len + 1, value, value_len);
	return n;
}

struct node *node_get(struct node *n)
{
	n->refs++;
	return n;
}

/**
 * node_put() - give a reference back
 *
 * The last one frees the node and all that only it kept alive. The recursion
 * is as deep as the tree, which the length of a path bounds.
 */
void node_put(struct node *n)
{
	if (!n || --n->refs)
		return;
	perms_put(node_perms(n));
	kids_put(node_kids(n));
	slab_free(n, size_of(n));
}

static struct node *node_copy(const struct node *n)
{
	size_t size = size_of(n);
	struct node *c = slab_alloc(size);
	struct kids *k;

	memcpy(c, n, size);
	node_copied_bytes += size;
	c->refs = 1;
	perms_get(node_perms(c));
	k = node_kids(c);
	if (k)
		k->refs++;
	return c;
}

/**
 * node_own() - exchange a reference for one that may be written through
 * @n: the caller's reference; consumed
 *
 * Return: @n itself if nobody else holds it, otherwise a copy.
 */
struct node *node_own(struct node *n)
{
	struct node *c;

	if (n->refs == 1)
		return n;
	c = node_copy(n);
	node_put(n);
	return c;
}

/**
 * node_set_value() - give a node that the caller owns a new value
 * @n:     result of node_own(); consumed
 * @value: may not point into @n
 * @gen:   number of the change
 *
 * Return: the node, which may have moved.
 */
struct node *node_set_value(struct node *n, const void *value, size_t len,
			    uint64_t gen)
{
	if (len != n->value_len)
		n = slab_resize(n, size_of(n),
				node_size(n->inner, n->name_len, len));
	n->value_len = len & 0x1fff;
	if (len)
		memcpy((char *)node_value(n), value, len);
	if (n->inner)
		node_inner(n)->gen = gen;
	return n;
}

/* Give a node that the caller owns another list of permissions. */
void node_set_perms(struct node *n, struct perms *perms, uint64_t gen)
{
	perms_get(perms);
	perms_put(node_perms(n));
	n->perms_id = perms->id;
	if (n->inner)
		node_inner(n)->gen = gen;
}

static bool same_contents(const struct node *a, const struct node *b)
{
	return a->perms_id == b->perms_id && a->value_len == b->value_len &&
	       !memcmp(node_value(a), node_value(b), a->value_len);
}

/**
 * node_changed() - were value or permissions of a node set, or was it made anew?
 * @was: the node in an older version that is still held
 * @is:  the node of the same path now
 *
 * A leaf that became an inner node counts as unchanged if it looks the same:
 * should it have been set to the same meanwhile, nobody can tell.
 */
bool node_changed(const struct node *was, const struct node *is)
{
	if (was == is)
		return false;
	if (!is->inner)
		return true;
	if (node_inner(is)->gen != (was->inner ? node_inner(was)->gen : 0))
		return true;
	return !same_contents(was, is);
}

/**
 * node_kids_place() - where a node that the caller owns keeps its map
 * @np: the caller's reference; the node moves if it had no place for one
 *
 * Return: valid until the node is changed.
 */
struct kids **node_kids_place(struct node **np)
{
	struct node *n = *np;
	size_t text = n->name_len + 1u + n->value_len;

	if (!n->inner) {
		n = slab_resize(n, size_of(n), size_of(n) + NODE_INNER_ROOM);
		memmove(n->data + NODE_INNER_ROOM, n->data, text);
		memset(n->data, 0, NODE_INNER_ROOM);
		n->inner = true;
		*np = n;
	}
	return &node_inner(n)->kids;
}

/**
 * node_kept_bytes() - what an older version of a subtree keeps in memory
 * @was: the node in the older version
 * @is:  the node of the same path in the current one, or NULL
 *
 * Return: bytes of nodes that @was has and @is has not, and of slots of maps
 *         that differ; an upper bound, because maps share pages.
 */
size_t node_kept_bytes(const struct node *was, const struct node *is)
{
	const struct kids *now = is ? node_kids(is) : NULL;
	struct kids_iter it;
	struct node *kid;
	size_t sum;

	if (was == is)
		return 0;
	sum = size_of(was);
	if (node_kids(was) == now)
		return sum;
	kids_iter_init(&it, node_kids(was));
	while ((kid = kids_iter_next(&it)))
		sum += sizeof(void *) +
		       node_kept_bytes(kid, kids_find(now, node_name(kid),
						      kid->name_len));
	return sum;
}
