/* SPDX-License-Identifier: MIT */
/*
 * names.c - the lists of names of wide directories, as clients get them
 *
 *	NONE --names_list() of a map of several pages--> KEPT
 *	  ^-- a child comes or goes, the map is freed, --'
 *	      another list takes its place
 *
 * To visit a thousand children takes longer than to send their names, so the
 * list that was made is kept until the names change. The first page of a map
 * knows the place of its list. There are NR_LISTS places, and a list is at
 * most a message long, which bounds what all of them take: they belong to the
 * daemon, and no domain is charged for them.
 */
#include "names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "node.h"
#include "util.h"

#define NR_LISTS 64

static struct list {
	struct kids *owner;	/* NULL: this place is free */
	char *text;
	size_t len;
} lists[NR_LISTS + 1];		/* place 0 is none */

/**
 * names_copy() - copy the names of a node's children, each with its NUL
 * @k:    their map, or NULL
 * @skip: bytes of the whole list to leave out at its beginning
 * @room: bytes at @out
 * @more: set to whether something is left, because there was no room
 *
 * Return: length in bytes of what was copied.
 */
size_t names_copy(const struct kids *k, size_t skip, char *out, size_t room,
		  bool *more)
{
	struct kids_iter it;
	struct node *kid;
	size_t len = 0, size;

	*more = false;
	kids_iter_init(&it, k);
	while ((kid = kids_iter_next(&it))) {
		size = kid->name_len + 1u;
		if (skip >= size) {
			skip -= size;
			continue;
		}
		if (len + size - skip > room) {
			*more = true;
			break;
		}
		memcpy(out + len, node_name(kid) + skip, size - skip);
		len += size - skip;
		skip = 0;
	}
	return len;
}

static void keep(struct kids *k, const char *text, size_t len)
{
	static unsigned int last;
	struct list *l;

	last = last % NR_LISTS + 1;
	l = &lists[last];
	if (l->owner)
		names_forget(l->owner);
	l->owner = k;
	l->text = memcpy(xmalloc(len), text, len);
	l->len = len;
	k->list = (uint8_t)last;
}

/**
 * names_list() - the names of a node's children, each with its NUL
 * @k:   their map, or NULL
 * @len: set to the length of all in bytes
 *
 * Return: valid until the next call, or the next change of a map; NULL if they
 *         are longer than a message may be.
 */
const char *names_list(struct kids *k, size_t *len)
{
	static char text[XENSTORE_PAYLOAD_MAX];
	bool more;

	if (k && k->list) {
		*len = lists[k->list].len;
		return lists[k->list].text;
	}
	*len = names_copy(k, 0, text, sizeof(text), &more);
	if (more)
		return NULL;
	if (k && k->level)
		keep(k, text, *len);
	return text;
}

/* The names in a map change, or the map is no more: drop its list, if any. */
void names_forget(struct kids *k)
{
	struct list *l = &lists[k->list];

	if (!k->list)
		return;
	k->list = 0;
	l->owner = NULL;
	free(l->text);
}
