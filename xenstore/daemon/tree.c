/* SPDX-License-Identifier: MIT */
/*
 * tree.c - look-up and change by path, walks over a version
 *
 * A change owns every node from the root to the one that is changed: nodes
 * that another version shares are copied on the way (node.h). Callers have
 * checked everything; nothing here fails.
 */
#define _GNU_SOURCE
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "util.h"

/* The next component of *@path, which stands on a slash; NULL at the end. */
static const char *component(const char **path, size_t *len)
{
	const char *name = *path + 1;

	if (!**path || !*name)
		return NULL;
	*path = strchrnul(name, '/');
	*len = (size_t)(*path - name);
	return name;
}

static void charge(struct tree *t, const struct node *n, int sign)
{
	t->charge(t, perms_owner(node_perms(n)), sign, sign * node_bytes(n));
}

static void charge_all(struct tree *t, const struct node *n, int sign)
{
	struct kids_iter it;
	struct node *kid;

	charge(t, n, sign);
	kids_iter_init(&it, node_kids(n));
	while ((kid = kids_iter_next(&it)))
		charge_all(t, kid, sign);
}

/**
 * tree_init() - an empty store: the root alone, with an empty value
 * @t: its charge callback is set
 */
void tree_init(struct tree *t, struct perms *root_perms)
{
	t->root = node_new("", 0, NULL, 0, root_perms);
	charge(t, t->root, 1);
}

/**
 * tree_find() - look a node up
 * @root: any version
 *
 * Return: the node, borrowed from that version; NULL if it does not exist.
 */
struct node *tree_find(const struct node *root, const char *path)
{
	const struct node *n = root;
	const char *name;
	size_t len;

	while (n && (name = component(&path, &len)))
		n = kids_find(node_kids(n), name, len);
	return (struct node *)n;
}

/**
 * tree_differ() - do two versions differ in a path, or in what is below it?
 * @a, @b: two roots; set to what is at @path in each, or NULL, if they differ
 *
 * What both share on the way to @path tells at once that they do not.
 */
bool tree_differ(const struct node **a, const struct node **b,
		 const char *path)
{
	const char *name;
	size_t len;

	while (*a != *b && (name = component(&path, &len))) {
		*a = *a ? kids_find(node_kids(*a), name, len) : NULL;
		*b = *b ? kids_find(node_kids(*b), name, len) : NULL;
	}
	return *a != *b;
}

/*
 * Give the node at *@np new contents; the tree owns *@np.
 * Return: the node that is there now.
 */
static struct node *set_contents(struct tree *t, struct node **np,
				 const void *value, size_t len,
				 struct perms *perms, uint64_t gen)
{
	struct node *n;

	charge(t, *np, -1);
	n = node_own(*np);
	if (value)
		n = node_set_value(n, value, len, gen);
	if (perms)
		node_set_perms(n, perms, gen);
	*np = n;
	charge(t, n, 1);
	return n;
}

/**
 * tree_put() - create a node or change an existing one
 * @path:  its parent exists
 * @value: new value, or NULL to leave it (an empty one if the node is new)
 * @perms: new list, or NULL to leave it; not NULL if the node is new
 * @gen:   number of the change
 *
 * Return: the node, borrowed from the tree.
 */
const struct node *tree_put(struct tree *t, const char *path,
			    const void *value, size_t len,
			    struct perms *perms, uint64_t gen)
{
	struct node **np = &t->root, **kid;
	struct node *n;
	const char *name;
	size_t name_len;

	while ((name = component(&path, &name_len))) {
		*np = node_own(*np);
		kid = kids_slot(node_kids_place(np), name, name_len);
		if (!kid) {
			n = node_new(name, name_len, value, len, perms);
			kids_insert(node_kids_place(np), n, gen);
			charge(t, n, 1);
			return n;
		}
		np = kid;
	}
	return set_contents(t, np, value, len, perms, gen);
}

/**
 * tree_remove() - remove a node with all that is below it
 * @path: exists, and is not the root
 * @gen:  number of the change
 */
void tree_remove(struct tree *t, const char *path, uint64_t gen)
{
	struct node **np = &t->root;
	const char *name, *next;
	size_t len = 0, next_len;
	struct node *n;

	name = component(&path, &len);
	while ((next = component(&path, &next_len))) {
		*np = node_own(*np);
		np = kids_slot(node_kids_place(np), name, len);
		name = next;
		len = next_len;
	}
	*np = node_own(*np);
	n = kids_remove(node_kids_place(np), name, len, gen);
	charge_all(t, n, -1);
	node_put(n);
}

static void walk(const struct node *n, struct buf *path, tree_visit_fn fn,
		 void *arg)
{
	size_t len = path->len;
	struct kids_iter it;
	struct node *kid;

	fn(arg, len == 1 ? "/" : (char *)path->data, n);
	kids_iter_init(&it, node_kids(n));
	while ((kid = kids_iter_next(&it))) {
		path_enter(path, len, node_name(kid), kid->name_len);
		walk(kid, path, fn, arg);
	}
	path->len = len;
	path->data[len - 1] = '\0';
}

/**
 * tree_walk() - visit a node and all that is below it, parents first
 * @n:    node of any version, which must not change meanwhile
 * @path: its path
 */
void tree_walk(const struct node *n, const char *path, tree_visit_fn fn,
	       void *arg)
{
	struct buf b = { 0 };

	buf_put(&b, path[1] ? path : "", path[1] ? strlen(path) + 1 : 1);
	walk(n, &b, fn, arg);
	buf_free(&b);
}

struct tree_cursor {
	struct node *root;	/* [r] */
	struct kids_iter *level;	/* the children at each depth */
	unsigned int depth, cap;
	bool started;
};

struct tree_cursor *tree_cursor_open(struct node *root)
{
	struct tree_cursor *c = xcalloc(1, sizeof(*c));

	c->root = node_get(root);
	return c;
}

static void cursor_push(struct tree_cursor *c, const struct node *n)
{
	if (c->depth == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->level = xrealloc(c->level, c->cap * sizeof(*c->level));
	}
	kids_iter_init(&c->level[c->depth++], node_kids(n));
}

/**
 * tree_cursor_next() - the next node, parents before children
 * @depth: of that node; 0 for the root
 *
 * Return: the node, borrowed from the version; NULL after the last one.
 */
const struct node *tree_cursor_next(struct tree_cursor *c, unsigned int *depth)
{
	struct node *n;

	if (!c->started) {
		c->started = true;
		cursor_push(c, c->root);
		*depth = 0;
		return c->root;
	}
	while (c->depth) {
		n = kids_iter_next(&c->level[c->depth - 1]);
		if (n) {
			*depth = c->depth;
			cursor_push(c, n);
			return n;
		}
		c->depth--;
	}
	return NULL;
}

void tree_cursor_close(struct tree_cursor *c)
{
	if (!c)
		return;
	node_put(c->root);
	free(c->level);
	free(c);
}
