/* SPDX-License-Identifier: MIT */
/*
 * guests.c - the guests that there are
 *
 * The store tells when domains come and go, and when what it says of a console
 * changes: a tool may write that before or after the domain is there. Nothing
 * of it is kept: all is found again after a restart.
 */
#include "guests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "guest.h"
#include "say.h"
#include "xenstore.h"

#define COME "@introduceDomain"
#define GONE "@releaseDomain"

#define LIMIT_LEAST   (64UL << 10)
#define LIMIT_DEFAULT (1UL << 20)
#define LIMIT_MOST    (16UL << 20)
#define RETRY_MS      1000

static struct xs_handle *store;
static bool anyone_failed;
static LIST_HEAD(, guest) guests = LIST_HEAD_INITIALIZER(guests);

/* ---- what the store says ------------------------------------------------ */

/* To be free()d; NULL: there is no such node */
static char *read_node(xs_transaction_t t, unsigned int domid,
		       const char *node)
{
	unsigned int length;
	char path[80];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	return xs_read(store, t, path, &length);
}

/* False: there is no number */
static bool read_number(unsigned int domid, const char *node, uint64_t *value)
{
	char *text = read_node(XBT_NULL, domid, node), *end = text;

	if (text)
		*value = strtoull(text, &end, 10);
	free(text);
	return end != text;
}

/* Is it a console of ours? Others are QEMU's. */
static bool is_ours(unsigned int domid)
{
	char *type = read_node(XBT_NULL, domid, "console/type");
	bool ours = !type || !strcmp(type, "xenconsoled");

	free(type);
	return ours;
}

static size_t choose_limit(unsigned int domid)
{
	uint64_t limit;

	if (!read_number(domid, "console/limit", &limit))
		return LIMIT_DEFAULT;
	if (!limit || limit > LIMIT_MOST)
		return LIMIT_MOST;
	return limit < LIMIT_LEAST ? LIMIT_LEAST : limit;
}

/* False: not all of it is there yet. Then n->name is to be free()d. */
static bool read_nodes(unsigned int domid, struct console_nodes *n)
{
	uint64_t port;

	if (!read_number(domid, "console/port", &port) ||
	    !read_number(domid, "console/ring-ref", &n->frame) ||
	    port > UINT32_MAX || !is_ours(domid))
		return false;
	n->port = (uint32_t)port;
	n->limit = choose_limit(domid);
	n->name = read_node(XBT_NULL, domid, "name");
	return true;
}

/* Not of a console that is being removed: that would bring it back. */
static void tell_tty(unsigned int domid, const char *tty)
{
	xs_transaction_t t;
	char path[80], *ring;

	snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
	do {
		t = xs_transaction_start(store);
		if (t == XBT_NULL)
			break;
		ring = read_node(t, domid, "console/ring-ref");
		if (ring)
			xs_write(store, t, path, tty,
				 (unsigned int)strlen(tty));
		free(ring);
	} while (!xs_transaction_end(store, t, !ring) && errno == EAGAIN);
}

/* ---- guests ------------------------------------------------------------- */

static struct guest *find(unsigned int domid)
{
	struct guest *g;

	LIST_FOREACH(g, &guests, link)
		if (g->domid == domid)
			break;
	return g;
}

static void watch_paths(unsigned int domid, char path[80], char token[16])
{
	snprintf(path, 80, "/local/domain/%u/console", domid);
	snprintf(token, 16, "%u", domid);
}

/* Its watch begins with an event, which is when its nodes are looked at. */
static void add(unsigned int domid)
{
	struct guest *g = calloc(1, sizeof(*g));
	char path[80], token[16];

	if (!g) {
		say("domain %u is not served: there is no memory", domid);
		return;
	}
	g->domid = domid;
	LIST_INSERT_HEAD(&guests, g, link);
	watch_paths(domid, path, token);
	xs_watch(store, path, token);
}

static void end(struct guest *g)
{
	char path[80], token[16];

	watch_paths(g->domid, path, token);
	xs_unwatch(store, path, token);
	guest_disconnect(g);
	LIST_REMOVE(g, link);
	free(g);
}

static void look_at(struct guest *g)
{
	bool served = g->connected;
	struct console_nodes n;

	if (!read_nodes(g->domid, &n))
		return;
	if (guest_connect(g, &n))
		anyone_failed = true;
	else if (!served)
		tell_tty(g->domid, g->audience.tty_name);
	free(n.name);
}

/* ---- events ------------------------------------------------------------- */

static bool is_there(unsigned int domid)
{
	bool there;

	errno = 0;
	there = xs_is_domain_introduced(store, domid);
	if (!there && errno == EIO)
		die("the store has gone");
	return there;
}

static void look_for_new(void)
{
	unsigned int nr = 0, i, domid;
	char **ids = xs_directory(store, XBT_NULL, "/local/domain", &nr);

	for (i = 0; ids && i < nr; i++) {
		domid = (unsigned int)strtoul(ids[i], NULL, 10);
		if (domid && !find(domid) && is_there(domid))
			add(domid);
	}
	free(ids);
}

static void look_for_gone(void)
{
	struct guest *g, *next;

	for (g = LIST_FIRST(&guests); g; g = next) {
		next = LIST_NEXT(g, link);
		if (!is_there(g->domid))
			end(g);
	}
}

static void take_event(const char *path, const char *token)
{
	struct guest *g;

	if (!strcmp(path, COME)) {
		look_for_new();
	} else if (!strcmp(path, GONE)) {
		look_for_gone();
	} else {
		g = find((unsigned int)strtoul(token, NULL, 10));
		if (g)
			look_at(g);
	}
}

static void take_events(struct source *s, uint32_t which)
{
	char **event;

	while ((event = xs_check_watch(store))) {
		take_event(event[XS_WATCH_PATH], event[XS_WATCH_TOKEN]);
		free(event);
	}
	if (errno != EAGAIN)
		die("the store does not answer: %s", strerror(errno));
}

static struct source from_store = {.ready = take_events};

void guests_start(void)
{
	store = xs_open(0);
	if (!store)
		die("cannot speak to the store: %s", strerror(errno));
	from_store.fd = xs_fileno(store);
	if (from_store.fd < 0 || !xs_watch(store, COME, COME) ||
	    !xs_watch(store, GONE, GONE))
		die("cannot watch domains in the store: %s", strerror(errno));
	loop_want(&from_store, EPOLLIN);
}

int guests_retry(void)
{
	static uint64_t last;
	uint64_t now = now_ms();
	struct guest *g;

	if (!anyone_failed || now - last < RETRY_MS)
		return anyone_failed ? RETRY_MS : -1;
	last = now;
	anyone_failed = false;
	LIST_FOREACH(g, &guests, link)
		if (g->failing && !g->connected)
			look_at(g);
	return anyone_failed ? RETRY_MS : -1;
}

void guests_reopen_logs(void)
{
	struct guest *g;

	LIST_FOREACH(g, &guests, link)
		if (g->connected)
			log_reopen(&g->log);
}

void guests_stop(void)
{
	struct guest *g;

	LIST_FOREACH(g, &guests, link) {
		if (!g->connected)
			continue;
		guest_disconnect(g);
		tell_tty(g->domid, "");
	}
}
