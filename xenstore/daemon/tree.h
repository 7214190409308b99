/* SPDX-License-Identifier: MIT */
/*
 * tree.h - a version of the whole store, and changes to it by path
 *
 * Paths are canonical (path.h): "/" or "/a/b". A tree charges what it holds to
 * the domains that own the nodes, through one callback; a transaction's view
 * keeps a tally of its own until it is committed.
 */
#ifndef XS_TREE_H
#define XS_TREE_H

#include "node.h"

struct tree {
	struct node *root;	/* [r] */
	void (*charge)(struct tree *t, uint16_t domid, long nodes, long bytes);
};

/* What became of the nodes of a subtree, e.g. when it was removed. */
typedef void (*tree_visit_fn)(void *arg, const char *path,
			      const struct node *n);

void tree_init(struct tree *t, struct perms *root_perms);
struct node *tree_find(const struct node *root, const char *path);
bool tree_differ(const struct node **a, const struct node **b,
		 const char *path);
const struct node *tree_put(struct tree *t, const char *path,
			    const void *value, size_t len,
			    struct perms *perms, uint64_t gen);
void tree_remove(struct tree *t, const char *path, uint64_t gen);
void tree_walk(const struct node *n, const char *path, tree_visit_fn fn,
	       void *arg);

/* The same, in slices: the cursor owns the version that it walks over. */
struct tree_cursor;
struct tree_cursor *tree_cursor_open(struct node *root);
const struct node *tree_cursor_next(struct tree_cursor *c,
				    unsigned int *depth);
void tree_cursor_close(struct tree_cursor *c);

#endif
