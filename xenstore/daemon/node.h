/* SPDX-License-Identifier: MIT */
/*
 * node.h - nodes, and the ordered map in which a node keeps its children
 *
 *	node "device" --kids--> [ page: vbd | vif | vkbd ]
 *	                                |
 *	                              node "vbd" --kids--> [ page: 51712 ]
 *
 * Everything here is counted by references and immutable while more than one
 * reference exists. Whoever wants to change something that is shared first
 * makes its own copy of it and of all that lies above (node_own(),
 * kids_slot()); what is not on that path stays shared. A version of the whole
 * tree is therefore one pointer to its root, and taking one costs one
 * increment. What only one version holds is changed in place.
 *
 * A map is a B-tree of pages with at most KIDS_MAX slots, ordered by name
 * (bytes, shorter first). Its inner pages hold no keys of their own: the key
 * of a page is the name of its first node.
 */
#ifndef XS_NODE_H
#define XS_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perms.h"

#define KIDS_MAX 32

struct kids {
	uint32_t refs;
	uint8_t nr;		/* slots in use */
	uint8_t cap;		/* slots allocated */
	uint8_t level;		/* 0: slots are nodes; else pages of level - 1 */
	uint8_t list;		/* first page of a map: place of its list of
				   names, names.c; 0: none */
	uint64_t gen;		/* first page of a map: change that last added
				   or removed a child */
	void *slot[];
};

/*
 * There are many nodes, and most have no children: only a node that has, or
 * once had, a child is an inner one, with more about it. Whether a leaf was
 * changed since some version shows in its address, because a change replaces
 * what that version holds; an inner node is also replaced when something below
 * it changes, so it needs @gen (node_changed()).
 */
struct inner {
	struct kids *kids;	/* [r] */
	uint64_t gen;		/* change that last set value or permissions
				   since it became an inner node; 0: none */
};

struct node {
	uint32_t refs;
	uint32_t perms_id;	/* [r] */
	uint32_t name_len : 12;
	uint32_t value_len : 13;
	uint32_t inner : 1;
	char data[];		/* [padding, struct inner,] name, NUL, value */
};

#define NODE_INNER_OFFSET 16
#define NODE_INNER_ROOM (NODE_INNER_OFFSET - offsetof(struct node, data) + \
			 sizeof(struct inner))

static inline const char *node_name(const struct node *n)
{
	return n->data + (n->inner ? NODE_INNER_ROOM : 0);
}

static inline const char *node_value(const struct node *n)
{
	return node_name(n) + n->name_len + 1;
}

static inline struct perms *node_perms(const struct node *n)
{
	return perms_by_id[n->perms_id];
}

static inline struct inner *node_inner(const struct node *n)
{
	return (struct inner *)((char *)n + NODE_INNER_OFFSET);
}

/* The map of its children, borrowed; NULL: it never had any. */
static inline struct kids *node_kids(const struct node *n)
{
	return n->inner ? node_inner(n)->kids : NULL;
}

/* Number of the change that last added or removed a child; 0: it never had any. */
static inline uint64_t node_kids_gen(const struct node *n)
{
	const struct kids *k = node_kids(n);

	return k ? k->gen : 0;
}

/*
 * Bytes that a node is charged for: the same whether it is an inner one or
 * not, because that is not its owner's doing alone.
 */
#define NODE_CHARGE (sizeof(struct node) + NODE_INNER_ROOM + sizeof(void *))

static inline long node_bytes(const struct node *n)
{
	return (long)(NODE_CHARGE + n->name_len + 1u + n->value_len);
}

struct node *node_new(const char *name, size_t name_len, const void *value,
		      size_t value_len, struct perms *perms);
struct node *node_get(struct node *n);
void node_put(struct node *n);
struct node *node_own(struct node *n);
struct node *node_set_value(struct node *n, const void *value, size_t len,
			    uint64_t gen);
void node_set_perms(struct node *n, struct perms *perms, uint64_t gen);
bool node_changed(const struct node *was, const struct node *is);
struct kids **node_kids_place(struct node **np);

/*
 * Bytes that were copied so far because another version held the original:
 * what that version alone keeps alive since some moment is no more.
 */
extern uint64_t node_copied_bytes;
size_t node_kept_bytes(const struct node *was, const struct node *is);

void kids_put(struct kids *k);
struct node *kids_find(const struct kids *k, const char *name, size_t len);
struct node **kids_slot(struct kids **kp, const char *name, size_t len);
void kids_insert(struct kids **kp, struct node *n, uint64_t gen);
struct node *kids_remove(struct kids **kp, const char *name, size_t len,
			 uint64_t gen);

/*
 * A cursor over the nodes of one map, in order. The map must not change while
 * the cursor is in use.
 */
#define KIDS_DEPTH 16
struct kids_iter {
	const struct kids *page[KIDS_DEPTH];
	uint8_t idx[KIDS_DEPTH];
	int depth;		/* -1: no more */
};

void kids_iter_init(struct kids_iter *it, const struct kids *k);
struct node *kids_iter_next(struct kids_iter *it);

#endif
