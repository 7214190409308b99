/* SPDX-License-Identifier: MIT */
/*
 * heap.c - a priority queue made of the timers themselves
 *
 * A leftist heap: a node expires no later than its children, and the rank of
 * a node (the length of its rightmost path) is never larger on the right. So
 * that path has at most log2(n + 1) nodes, and joining two heaps walks only
 * such paths: inserting and removing any timer takes O(log n) steps, and no
 * memory. rank is 0 for a timer that is in no heap.
 *
 * Locks: the caller's, around the whole heap.
 */
#include "private.h"

static unsigned int rank(const struct timer *t)
{
	return t ? t->rank : 0;
}

/* The children are right; makes the rank and the order of the two so. */
static void settle(struct timer *t)
{
	if (rank(t->left) < rank(t->right))
		swap(t->left, t->right);
	t->rank = (uint16_t)(rank(t->right) + 1);
}

/* As deep as the two right paths are long together. */
static struct timer *join(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->expires_ns < a->expires_ns)
		swap(a, b);
	a->right = join(a->right, b);
	a->right->parent = a;
	settle(a);
	return a;
}

/**
 * heap_insert() - add a timer
 * @root: of the heap; NULL: empty
 * @t:    in no heap; expires_ns is set
 *
 * Return: the new root: a timer that expires first.
 */
struct timer *heap_insert(struct timer *root, struct timer *t)
{
	t->left = t->right = NULL;
	t->rank = 1;
	root = join(root, t);
	root->parent = NULL;
	return root;
}

/**
 * heap_remove() - take a timer out
 * @root: of the heap
 * @t:    in it
 *
 * Return: the new root; NULL: the heap is empty now.
 */
struct timer *heap_remove(struct timer *root, struct timer *t)
{
	struct timer *rest = join(t->left, t->right), *up = t->parent;
	unsigned int old;

	if (rest)
		rest->parent = up;
	if (!up)
		root = rest;
	else if (up->left == t)
		up->left = rest;
	else
		up->right = rest;
	/* Ranks above may fall; where one stays, all further up stay. */
	for (; up; up = up->parent) {
		old = up->rank;
		settle(up);
		if (up->rank == old)
			break;
	}
	t->left = t->right = t->parent = NULL;
	t->rank = 0;
	return root;
}
