/* SPDX-License-Identifier: MIT */
/*
 * node.c - one node: creation, references, private copies
 */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static size_t node_size(size_t name_len, size_t value_len)
{
	return offsetof(struct node, data) + name_len + 1 + value_len;
}

/**
 * node_new() - a node without children
 * @name:  not terminated; at most 3,071 bytes
 * @value: at most 4,096 bytes
 * @perms: the node takes a reference of its own
 * @gen:   number of the change that creates it
 *
 * Return: the only reference.
 */
struct node *node_new(const char *name, size_t name_len, const void *value,
		      size_t value_len, struct perms *perms, uint64_t gen)
{
	struct node *n = xmalloc(node_size(name_len, value_len));

	n->refs = 1;
	n->name_len = (uint16_t)name_len;
	n->value_len = (uint16_t)value_len;
	n->perms = perms_get(perms);
	n->kids = NULL;
	n->gen = gen;
	n->kids_gen = gen;
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
	perms_put(n->perms);
	kids_put(n->kids);
	free(n);
}

static struct node *node_copy(const struct node *n)
{
	size_t size = node_size(n->name_len, n->value_len);
	struct node *c = xmalloc(size);

	memcpy(c, n, size);
	c->refs = 1;
	perms_get(c->perms);
	if (c->kids)
		c->kids->refs++;
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
 *
 * Return: the node, which may have moved.
 */
struct node *node_set_value(struct node *n, const void *value, size_t len,
			    uint64_t gen)
{
	if (len != n->value_len)
		n = xrealloc(n, node_size(n->name_len, len));
	n->value_len = (uint16_t)len;
	n->gen = gen;
	if (len)
		memcpy(n->data + n->name_len + 1, value, len);
	return n;
}
