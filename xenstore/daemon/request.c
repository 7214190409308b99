/* SPDX-License-Identifier: MIT */
/*
 * request.c - what the handlers of requests have in common
 */
#include <errno.h>
#include <string.h>

#include "domain.h"
#include "store.h"
#include "txn.h"
#include "util.h"
#include "wire.h"

bool req_privileged(const struct req *r)
{
	return r->c->dom->id.domid == 0;
}

/**
 * req_strings() - the strings of which the payload consists
 * @s:   set to at most @max of them
 * @max: how many are wanted; what follows is not looked at
 *
 * Return: how many there are, at most @max; an unterminated rest is none.
 */
unsigned int req_strings(const struct req *r, const char **s, unsigned int max)
{
	const char *p = r->data, *end = r->data + r->len;
	unsigned int n;

	for (n = 0; n < max && p < end; n++) {
		s[n] = p;
		p = memchr(p, 0, (size_t)(end - p));
		if (!p)
			break;
		p++;
	}
	return n;
}

/**
 * req_path() - the canonical form of a path that the client gave
 *
 * Return: 0; EINVAL it is illegal; ENOSPC or E2BIG it is longer or deeper than
 *         the client's domain may use.
 */
int req_path(struct req *r, const char *given, const char **path)
{
	struct domain *d = r->c->dom;

	*path = path_canonical(r->mem, given, d->id.domid);
	if (!*path)
		return EINVAL;
	if (!limit_allows(d, LIMIT_PATH_MAX, (long)strlen(*path)) ||
	    !limit_allows(d, LIMIT_DEPTH, path_depth(*path)))
		return E2BIG;
	return 0;
}

void req_reply(struct req *r, const void *data, size_t len)
{
	r->reply = data;
	r->reply_len = len;
}

/* @s lives as long as the request. */
void req_reply_string(struct req *r, const char *s)
{
	req_reply(r, s, strlen(s) + 1);
}

/* The version that a request sees. */
struct node *req_root(const struct req *r)
{
	return r->t ? r->t->view.root : store_root();
}

/* A node is missing: is the client allowed to know? */
static int missing(struct req *r, const char *path)
{
	struct node *n;
	int rc;

	do {
		path = path_parent(r->mem, path);
		n = tree_find(req_root(r), path);
	} while (!n);
	rc = txn_access(r->t, path, ACC_EXISTS | ACC_PERMS);
	if (rc)
		return rc;
	return perms_allowed(node_perms(n), &r->c->dom->id) & PERM_READ ?
		       ENOENT : EACCES;
}

/**
 * req_access() - what a request is about was found: may it go on?
 * @n:    the node at @path in the version that the request sees
 * @acc:  what the request learns of it (ACC_*), for its transaction
 * @want: what its client must be allowed to do with it (PERM_*)
 *
 * Return: 0; EACCES the client may not do that; ENOSPC the transaction has
 *         looked at too many nodes.
 */
int req_access(struct req *r, const char *path, const struct node *n,
	       unsigned int acc, unsigned int want)
{
	int rc = txn_access(r->t, path, ACC_EXISTS | ACC_PERMS | acc);

	if (rc)
		return rc;
	return (perms_allowed(node_perms(n), &r->c->dom->id) & want) == want ?
		       0 : EACCES;
}

/**
 * req_node() - find a node that a request is about
 * @path: canonical
 * @acc, @want: as for req_access()
 * @n:    set on success
 *
 * Return: 0; ENOENT there is none; EACCES the client may not do that, or may
 *         not know whether there is one; ENOSPC the transaction has looked at
 *         too many nodes.
 */
int req_node(struct req *r, const char *path, unsigned int acc,
	     unsigned int want, struct node **n)
{
	struct node *found = tree_find(req_root(r), path);
	int rc;

	if (found) {
		*n = found;
		return req_access(r, path, found, acc, want);
	}
	rc = txn_access(r->t, path, ACC_EXISTS | ACC_PERMS | acc);
	return rc ? rc : missing(r, path);
}
