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
	void *slot[];
};

struct node {
	uint32_t refs;
	uint16_t name_len;
	uint16_t value_len;
	struct perms *perms;	/* [r] */
	struct kids *kids;	/* [r] NULL: no children */
	uint64_t gen;		/* change that last set value or permissions */
	uint64_t kids_gen;	/* change that last added or removed a child */
	char data[];		/* name, NUL, value */
};

static inline const char *node_name(const struct node *n)
{
	return n->data;
}

static inline const char *node_value(const struct node *n)
{
	return n->data + n->name_len + 1;
}

/* Bytes that a node is charged for. */
static inline long node_bytes(const struct node *n)
{
	return (long)(sizeof(*n) + n->name_len + 1u + n->value_len +
		      sizeof(void *));
}

struct node *node_new(const char *name, size_t name_len, const void *value,
		      size_t value_len, struct perms *perms, uint64_t gen);
struct node *node_get(struct node *n);
void node_put(struct node *n);
struct node *node_own(struct node *n);
struct node *node_set_value(struct node *n, const void *value, size_t len,
			    uint64_t gen);

void kids_put(struct kids *k);
struct node *kids_find(const struct kids *k, const char *name, size_t len);
struct node **kids_slot(struct kids **kp, const char *name, size_t len);
void kids_insert(struct kids **kp, struct node *n);
struct node *kids_remove(struct kids **kp, const char *name, size_t len);

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
