/* SPDX-License-Identifier: MIT */
/*
 * req_tree.c - requests that read and change nodes
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "journal.h"
#include "lease.h"
#include "names.h"
#include "store.h"
#include "txn.h"
#include "util.h"
#include "wire.h"

/* The path of a request whose payload is exactly one string. */
static int only_path(struct req *r, const char **path)
{
	const char *s[2];

	if (req_strings(r, s, 2) != 1 || strlen(s[0]) + 1 != r->len)
		return EINVAL;
	return req_path(r, s[0], path);
}

/*
 * May the request change @path now, and is there room to record it: @nodes
 * nodes whose paths and values take @bytes?
 */
static int may_change(struct req *r, const char *path, size_t nodes,
		      size_t bytes)
{
	if (r->t)
		return txn_room(r->t, nodes, bytes);
	if (lease_blocks(r->c, path))
		return LEASE_WAIT;
	return journal_ready(2 * XENSTORE_ABS_PATH_MAX * ITEM_ROOM +
			     2 * bytes) ? 0 : ENOSPC;
}

static void change(struct req *r, const char *path, const void *value,
		   size_t len, struct perms *perms)
{
	if (r->t)
		txn_put(r->t, path, value, len, perms);
	else
		store_put(path, value, len, perms);
}

static void imply(struct req *r, const char *path, struct perms *perms)
{
	if (r->t)
		txn_imply(r->t, path, perms);
	else
		store_imply(path, perms);
}

/* --- reading --- */

int do_read(struct req *r)
{
	const char *path;
	struct node *n;
	int rc;

	rc = only_path(r, &path);
	if (!rc)
		rc = req_node(r, path, ACC_NODE, PERM_READ, &n);
	if (!rc)
		req_reply(r, arena_strndup(r->mem, node_value(n),
					   n->value_len), n->value_len);
	return rc;
}

int do_directory(struct req *r)
{
	const char *path, *names;
	struct node *n;
	size_t len;
	int rc;

	rc = only_path(r, &path);
	if (!rc)
		rc = req_node(r, path, ACC_KIDS, PERM_READ, &n);
	if (rc)
		return rc;
	names = names_list(node_kids(n), &len);
	if (!names)
		return E2BIG;
	req_reply(r, names, len);
	return 0;
}

/*
 * The generation comes first; an empty name behind the last one tells that the
 * list is complete.
 */
int do_directory_part(struct req *r)
{
	char *out = arena_alloc(r->mem, XENSTORE_PAYLOAD_MAX);
	const char *s[2], *path;
	struct node *n;
	uint32_t skip;
	size_t len;
	bool more;
	int rc;

	if (req_strings(r, s, 2) != 2 || !parse_u32(s[1], INT32_MAX, &skip))
		return EINVAL;
	rc = req_path(r, s[0], &path);
	if (!rc)
		rc = req_node(r, path, ACC_KIDS, PERM_READ, &n);
	if (rc)
		return rc;
	len = (size_t)snprintf(out, 32, "%" PRIu64, node_kids_gen(n)) + 1;
	len += names_copy(node_kids(n), skip, out + len,
			  XENSTORE_PAYLOAD_MAX - 1 - len, &more);
	if (!more)
		out[len++] = '\0';
	req_reply(r, out, len);
	return 0;
}

/* --- creating and writing --- */

/* May the client's domain own @nodes more nodes and @bytes more of memory? */
static int within_limits(struct req *r, long nodes, long bytes)
{
	struct domain *d = r->c->dom;
	uint16_t id = d->id.domid;

	if (r->t) {
		nodes += txn_extra_nodes(r->t, id);
		bytes += txn_extra_bytes(r->t, id);
	}
	if ((nodes > 0 && !limit_allows(d, LIMIT_NODES, d->nodes + nodes)) ||
	    (bytes > 0 && !limit_allows(d, LIMIT_MEMORY, d->bytes + bytes)))
		return ENOSPC;
	return 0;
}

/* What a node that the client creates below @parent may be used for. */
static struct perms *inherit(const struct req *r, const struct node *parent)
{
	if (req_privileged(r))
		return perms_get(node_perms(parent));
	return perms_with_owner(node_perms(parent), r->c->dom->id.domid);
}

/*
 * The nearest node above a missing one: new nodes need its write permission,
 * and get what they may be used for from it.
 */
static int nearest(struct req *r, const char *path, const char **above,
		   struct node **n)
{
	int rc;

	do {
		rc = txn_access(r->t, path, ACC_EXISTS);
		if (rc)
			return rc;
		path = path_parent(r->mem, path);
		*n = tree_find(req_root(r), path);
	} while (!*n);
	*above = path;
	return req_node(r, path, 0, PERM_WRITE, n);
}

/* Create @path and what is missing above it. */
static int create(struct req *r, const char *path, const void *value,
		  size_t len)
{
	const char *above, *slash;
	struct perms *ps;
	struct node *n;
	long missing;
	int rc;

	rc = nearest(r, path, &above, &n);
	if (rc)
		return rc;
	missing = (long)(path_depth(path) - path_depth(above));
	rc = within_limits(r, missing, missing * (long)NODE_CHARGE +
			   (long)(strlen(path) - strlen(above) + len));
	if (!rc)
		rc = may_change(r, path, (size_t)missing,
				strlen(path) * (size_t)missing + len);
	if (rc)
		return rc;
	ps = inherit(r, n);
	for (slash = path + (above[1] ? strlen(above) : 0);
	     (slash = strchr(slash + 1, '/'));)
		imply(r, arena_strndup(r->mem, path, (size_t)(slash - path)),
		      ps);
	change(r, path, value, len, ps);
	perms_put(ps);
	return 0;
}

static int write_node(struct req *r, const char *path, const void *value,
		      size_t len)
{
	struct node *n = tree_find(req_root(r), path);
	int rc;

	if (!limit_allows(r->c->dom, LIMIT_NODE_SIZE, (long)len))
		return ENOSPC;
	if (!n)
		return create(r, path, value, len);
	rc = req_access(r, path, n, ACC_NODE, PERM_WRITE);
	if (!rc && perms_owner(node_perms(n)) == r->c->dom->id.domid)
		rc = within_limits(r, 0, (long)len - n->value_len);
	if (!rc)
		rc = may_change(r, path, 1, strlen(path) + len);
	if (!rc)
		change(r, path, value, len, NULL);
	return rc;
}

int do_write(struct req *r)
{
	const char *s[1], *path;
	size_t skip;
	int rc;

	if (req_strings(r, s, 1) != 1)
		return EINVAL;
	rc = req_path(r, s[0], &path);
	if (rc)
		return rc;
	skip = strlen(s[0]) + 1;
	return write_node(r, path, r->data + skip, r->len - skip);
}

int do_mkdir(struct req *r)
{
	const char *path;
	struct node *n;
	int rc;

	rc = only_path(r, &path);
	if (rc)
		return rc;
	n = tree_find(req_root(r), path);
	return n ? req_access(r, path, n, 0, PERM_WRITE) :
		   create(r, path, "", 0);
}

/* --- removing --- */

/* Nothing is there; that is an error only if nothing is above it either. */
static int rm_missing(struct req *r, const char *path)
{
	const char *parent = path_parent(r->mem, path);
	struct node *n;
	int rc;

	rc = txn_access(r->t, path, ACC_EXISTS);
	return rc ? rc : req_node(r, parent, 0, PERM_READ, &n);
}

int do_rm(struct req *r)
{
	const char *path;
	struct node *n;
	int rc;

	rc = only_path(r, &path);
	if (rc)
		return rc;
	if (!path[1])
		return EINVAL;
	n = tree_find(req_root(r), path);
	if (!n)
		return rm_missing(r, path);
	rc = req_access(r, path, n, ACC_TREE, PERM_WRITE);
	if (!rc)
		rc = may_change(r, path, 1, strlen(path));
	if (rc)
		return rc;
	if (r->t)
		txn_remove(r->t, path);
	else
		store_remove(path);
	return 0;
}

/* --- permissions --- */

static void reply_perms(struct req *r, const struct perms *ps)
{
	char *out = arena_alloc(r->mem, ps->nr * 8ul);
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < ps->nr; i++)
		len += perm_format(&ps->p[i], out + len, 8) + 1;
	req_reply(r, out, len);
}

/* "@introduceDomain" and "@releaseDomain" have permissions, and only those. */
static int get_special(struct req *r, const char *path)
{
	int which = store_special(path);

	if (which < 0 || strcmp(path, store_special_name((enum special)which)))
		return EINVAL;
	if (!req_privileged(r))
		return EACCES;
	reply_perms(r, store_special_perms((enum special)which));
	return 0;
}

int do_get_perms(struct req *r)
{
	const char *path;
	struct node *n;
	int rc;

	if (r->len > 1 && r->data[0] == '@' && !r->data[r->len - 1])
		return get_special(r, r->data);
	rc = only_path(r, &path);
	if (!rc)
		rc = req_node(r, path, ACC_NODE, PERM_READ, &n);
	if (!rc)
		reply_perms(r, node_perms(n));
	return rc;
}

/* Read the entries that follow the path. */
static int parse_perms(struct req *r, const char *p, struct perms **ps)
{
	unsigned int max = (unsigned int)r->len / 3 + 1, n;
	const char **s = arena_alloc(r->mem, max * sizeof(*s));
	struct perm *list = arena_alloc(r->mem, max * sizeof(*list));
	struct req rest = *r;

	rest.data = p;
	rest.len = r->len - (size_t)(p - r->data);
	max = req_strings(&rest, s, max);
	if (!max || r->data[r->len - 1])
		return EINVAL;
	for (n = 0; n < max; n++)
		if (!perm_parse(s[n], &list[n]))
			return EINVAL;
	if (!limit_allows(r->c->dom, LIMIT_PERMS, (long)max) ||
	    max * 8ul > XENSTORE_PAYLOAD_MAX)
		return ENOSPC;
	*ps = perms_intern(list, max);
	return 0;
}

static int set_special(struct req *r, const char *path, struct perms *ps)
{
	int which = store_special(path);

	if (which < 0 || strcmp(path, store_special_name((enum special)which)))
		return ENOENT;
	if (!req_privileged(r))
		return EACCES;
	if (r->t)
		return EINVAL;
	store_set_special((enum special)which, ps);
	journal_node(path, NULL, 0, ps);
	return 0;
}

static int set_node(struct req *r, const char *given, struct perms *ps)
{
	const char *path;
	struct node *n;
	int rc;

	rc = req_path(r, given, &path);
	if (!rc)
		rc = req_node(r, path, ACC_NODE, 0, &n);
	if (rc)
		return rc;
	if (!perms_is_owner(node_perms(n), &r->c->dom->id))
		return EACCES;
	if (perms_owner(ps) != perms_owner(node_perms(n)) && !req_privileged(r))
		return EPERM;
	rc = may_change(r, path, 1, strlen(path) +
			ps->nr * sizeof(struct perm));
	if (!rc)
		change(r, path, NULL, 0, ps);
	return rc;
}

int do_set_perms(struct req *r)
{
	struct perms *ps;
	const char *s[1];
	int rc;

	if (req_strings(r, s, 1) != 1)
		return EINVAL;
	rc = parse_perms(r, s[0] + strlen(s[0]) + 1, &ps);
	if (rc)
		return rc;
	rc = *s[0] == '@' ? set_special(r, s[0], ps) : set_node(r, s[0], ps);
	perms_put(ps);
	return rc;
}
