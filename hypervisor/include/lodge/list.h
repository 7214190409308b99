/* SPDX-License-Identifier: MIT */
/*
 * list.h - circular doubly linked lists, linked through a member
 *
 * A list is a struct list_head that points at itself when empty. Nothing here
 * locks: the owner of the list says what guards it.
 */
#ifndef LODGE_LIST_H
#define LODGE_LIST_H

#include <lodge/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }

static inline void list_init(struct list_head *h)
{
	h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
	return h->next == h;
}

static inline void list_insert_between(struct list_head *n,
				       struct list_head *prev,
				       struct list_head *next)
{
	next->prev = n;
	n->next = next;
	n->prev = prev;
	prev->next = n;
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	list_insert_between(n, h, h->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	list_insert_between(n, h->prev, h);
}

/* Unlinks and makes the entry an empty list again. */
static inline void list_del(struct list_head *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
	list_init(n);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member)                                  \
	list_entry((head)->next, type, member)
#define list_for_each(pos, head, member)                                      \
	for (pos = list_entry((head)->next, typeof(*pos), member);            \
	     &pos->member != (head);                                          \
	     pos = list_entry(pos->member.next, typeof(*pos), member))
/* The entry at hand may be unlinked or freed by the body. */
#define list_for_each_safe(pos, tmp, head, member)                            \
	for (pos = list_entry((head)->next, typeof(*pos), member),            \
	    tmp = list_entry(pos->member.next, typeof(*pos), member);         \
	     &pos->member != (head);                                          \
	     pos = tmp,                                                       \
	    tmp = list_entry(tmp->member.next, typeof(*tmp), member))

#endif
