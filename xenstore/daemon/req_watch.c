/* SPDX-License-Identifier: MIT */
/*
 * req_watch.c - requests about watches and transactions
 */
#include <errno.h>
#include <string.h>

#include "journal.h"
#include "lease.h"
#include "txn.h"
#include "util.h"
#include "watch.h"
#include "wire.h"

/* With the longest path an event must still fit into a message. */
#define TOKEN_MAX (XENSTORE_PAYLOAD_MAX - XENSTORE_ABS_PATH_MAX - 2)

/* A path to watch: an ordinary one made canonical, or a special one. */
static int watch_path(struct req *r, const char *given, const char **path)
{
	if (*given != '@')
		return req_path(r, given, path);
	*path = given;
	return path_special(given) ? 0 : EINVAL;
}

int do_watch(struct req *r)
{
	const char *s[3], *path;
	unsigned int n = req_strings(r, s, 3);
	uint32_t depth = UINT32_MAX;
	int rc;

	if (n < 2 || strlen(s[1]) > TOKEN_MAX)
		return EINVAL;
	if (n == 3 && *s[2] && !parse_u32(s[2], INT32_MAX, &depth))
		return EINVAL;
	rc = watch_path(r, s[0], &path);
	if (rc)
		return rc;
	if (*path == '@' && depth != UINT32_MAX && depth != 1)
		return EINVAL;
	if (!journal_ready(r->len + ITEM_ROOM))
		return ENOSPC;
	rc = watch_add(r->c, s[0], path, s[1], (int)depth);
	if (!rc)
		watch_initial(r->c, s[0], s[1]);
	return rc;
}

int do_unwatch(struct req *r)
{
	const char *s[2], *path;
	int rc;

	if (req_strings(r, s, 2) != 2)
		return EINVAL;
	rc = watch_path(r, s[0], &path);
	return rc ? rc : watch_remove(r->c, path, s[1]);
}

int do_reset_watches(struct req *r)
{
	conn_reset(r->c);
	return 0;
}

int do_transaction_start(struct req *r)
{
	uint32_t id;
	int rc;

	if (r->t)
		return EBUSY;
	if (!journal_ready(ITEM_ROOM))
		return ENOSPC;
	rc = txn_start(r->c, &id);
	if (!rc)
		req_reply_string(r, arena_printf(r->mem, "%u", id));
	return rc;
}

int do_transaction_end(struct req *r)
{
	if (r->len != 2 || r->data[1] ||
	    (r->data[0] != 'T' && r->data[0] != 'F'))
		return EINVAL;
	if (!r->t)
		return ENOENT;
	if (r->data[0] == 'T')
		return txn_commit(r->t);
	lease_outcome(r->t, false);
	txn_abort(r->t);
	return 0;
}
