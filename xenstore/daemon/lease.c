/* SPDX-License-Identifier: MIT */
/*
 * lease.c - whoever keeps losing commits is let through
 *
 *	FREE --a client loses LOSSES commits in a row--> HELD
 *	HELD --it commits, leaves, or HOLD_NS pass-----> COOLING
 *	COOLING --as long as it was held---------------> FREE
 *
 * A guest gets its next lease only after GUEST_COOL times as long.
 *
 * While a lease is held, the paths that its holder's last lost transaction
 * looked at are protected: a request of anybody else that would change one of
 * them is not refused but waits, unconsumed, until the lease ends. The holder
 * starts again meanwhile, sees a still picture, and commits.
 *
 * A client can protect only what it may itself read or write, and only for
 * HOLD_NS at a time; a guest for 2 % of the time, all together for half of it.
 * So the lease is a poor weapon. One lease at a time is enough: the others that lose keep their
 * count and come next.
 */
#include "lease.h"

#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "log.h"
#include "store.h"
#include "txn.h"
#include "util.h"

#define LOSSES 3
#define HOLD_NS (100u * 1000 * 1000)
#define GUEST_COOL 50u

static struct conn *holder;
static uint64_t since, cool_until;
static char **paths;		/* protected, in no order */
static uint32_t nr_paths;

static void release(uint64_t now)
{
	uint64_t took = MIN(now - since, HOLD_NS);
	uint32_t i;

	cool_until = since + 2 * took;
	holder->lease_after = since + took *
			      (holder->dom->id.domid ? GUEST_COOL : 2);
	holder = NULL;
	for (i = 0; i < nr_paths; i++)
		free(paths[i]);
	free(paths);
	paths = NULL;
	nr_paths = 0;
}

/* A node that is missing is judged by the nearest above it. */
static bool may_hold(const struct conn *c, const char *path)
{
	char *p = xstrdup(path);
	struct node *n;
	bool may;

	while (!(n = tree_find(store_root(), p)))
		*strrchr(p, '/') = '\0';
	may = perms_allowed(node_perms(n), &c->dom->id) != 0;
	free(p);
	return may;
}

static void grant(const struct txn *t, uint64_t now)
{
	uint32_t i;

	paths = xcalloc(t->set_used, sizeof(*paths));
	for (i = 0; i < t->set_size; i++)
		if (t->set[i].path && may_hold(t->conn, t->set[i].path))
			paths[nr_paths++] = xstrdup(t->set[i].path);
	holder = t->conn;
	since = now;
	log_debug("%s lost %u commits: %u paths are held for it",
		  t->conn->name, t->conn->losses, nr_paths);
}

/**
 * lease_blocks() - must a change of @path by @c wait for a lease to end?
 *
 * A change concerns the node, its parent's list of children, and, if it is a
 * removal, what is below.
 */
bool lease_blocks(const struct conn *c, const char *path)
{
	size_t parent = (size_t)(strrchr(path, '/') - path);
	const char *p;
	uint32_t i;

	if (!holder || holder == c)
		return false;
	for (i = 0; i < nr_paths; i++) {
		p = paths[i];
		if (path_below(p, path) ||
		    (!strncmp(p, path, parent) && !p[parent]))
			return true;
	}
	return false;
}

/**
 * lease_outcome() - a transaction has ended
 * @lost: by a conflict
 */
void lease_outcome(const struct txn *t, bool lost)
{
	struct conn *c = t->conn;
	uint64_t now;

	c->losses = lost ? c->losses + 1 : 0;
	if (!lost && holder != c)
		return;
	now = now_ns();
	lease_tick(now);
	if (holder == c && !lost)
		release(now);
	else if (!holder && c->losses >= LOSSES && now >= cool_until &&
		 now >= c->lease_after && t->set_used)
		grant(t, now);
}

void lease_conn_gone(const struct conn *c)
{
	if (holder == c)
		release(now_ns());
}

/**
 * lease_tick() - end a lease whose time is over
 *
 * Return: true if nobody holds a lease, so that whoever waits may go on.
 */
bool lease_tick(uint64_t now)
{
	if (holder && now - since >= HOLD_NS)
		release(now);
	return !holder;
}

/* How long until lease_tick() lets those who wait go on. */
int lease_timeout_ms(uint64_t now)
{
	uint64_t end = since + HOLD_NS;

	return !holder || end <= now ? 0 : (int)((end - now) / 1000000 + 1);
}
