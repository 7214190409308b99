/* SPDX-License-Identifier: MIT */
/*
 * guest.c - one guest's console: from its ring to its readers and its log
 *
 *	      .------------- an event; somebody typed -------------.
 *	      v                                                    |
 *	   QUEUED --turn--> nothing there: events are let in --> WAITING
 *	      ^  '--> something was, or the readers need time --> HELD
 *	      '------------------- a moment later -----------------'
 *
 * A turn moves one ring's content, and guests take turns, each at most one in
 * TURN_MS. Meanwhile a guest's port stays masked, so that neither one that
 * writes byte by byte nor one that sends events for nothing takes more of this
 * processor than that.
 *
 * What is read goes to the log, then to the readers, and only then is the
 * guest told that there is room again. So whoever kills this program at any
 * moment may make the log, and readers that keep up, repeat a ring's content,
 * but never lack it.
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"
#include "say.h"

#define TURN_MS	   1		/* 2 MiB/s */
#define READERS_MS 20		/* until readers are looked at again */

struct guest_options guest_options;

static TAILQ_HEAD(turns, guest) queue = TAILQ_HEAD_INITIALIZER(queue);
static struct turns waiting = TAILQ_HEAD_INITIALIZER(waiting);

static void enqueue(struct guest *g)
{
	if (g->queued || g->held)
		return;
	g->queued = true;
	TAILQ_INSERT_TAIL(&queue, g, turn);
}

static void hold(struct guest *g)
{
	g->held = true;
	TAILQ_INSERT_TAIL(&waiting, g, turn);
}

static void forget_turn(struct guest *g)
{
	if (g->queued)
		TAILQ_REMOVE(&queue, g, turn);
	if (g->held)
		TAILQ_REMOVE(&waiting, g, turn);
	g->queued = g->held = false;
}

/* ---- output ------------------------------------------------------------- */

/* Bytes taken; 0: there is nothing, -EAGAIN the readers need time. */
static ssize_t take_output(struct guest *g, bool hurry)
{
	char text[RING_OUT_BYTES];
	XENCONS_RING_IDX end;
	ssize_t n = ring_read(g->page.ring, text, &end);

	if (n < 0 && !g->damaged)
		say("domain %u has damaged its console's ring", g->domid);
	g->damaged = n < 0;
	if (n <= 0)
		return 0;
	if (!hurry && (size_t)n > audience_room(&g->audience))
		return -EAGAIN;
	log_write(&g->log, text, (size_t)n);
	audience_add(&g->audience, text, (size_t)n);
	audience_flush(&g->audience);
	ring_taken(g->page.ring, end);
	channel_notify(&g->channel);
	return n;
}

/* ---- input -------------------------------------------------------------- */

/* Only what the guest has room for is read: the rest waits where it is. */
static bool typed(struct audience *a, int fd)
{
	struct guest *g = (struct guest *)
		((char *)a - offsetof(struct guest, audience));
	ssize_t n, room = ring_room(g->page.ring);
	char text[RING_IN_BYTES];

	if (room <= 0) {
		audience_take_typing(a, false);
		return true;
	}
	n = read(fd, text, (size_t)room);
	if (n > 0 && ring_write(g->page.ring, text, (size_t)n) > 0)
		channel_notify(&g->channel);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* ---- turns -------------------------------------------------------------- */

static void take_turn(struct guest *g, uint64_t now)
{
	ssize_t n = -EBUSY;

	if (now >= g->next_ms) {
		n = take_output(g, false);
		g->next_ms = now + (n == -EAGAIN ? READERS_MS : TURN_MS);
	}
	if (n >= 0)
		audience_take_typing(&g->audience,
				     ring_room(g->page.ring) > 0);
	if (n) {
		hold(g);
	} else if (g->masked) {
		g->masked = false;
		channel_unmask(&g->channel);
	}
}

/* Ms until the next of those that are held, or -1. */
static int release_held(uint64_t now)
{
	struct guest *g, *next;
	uint64_t first = UINT64_MAX;

	for (g = TAILQ_FIRST(&waiting); g; g = next) {
		next = TAILQ_NEXT(g, turn);
		if (g->next_ms <= now) {
			forget_turn(g);
			enqueue(g);
		} else if (g->next_ms < first) {
			first = g->next_ms;
		}
	}
	return first == UINT64_MAX ? -1 : (int)(first - now);
}

int guests_round(void)
{
	struct guest *g, *last = TAILQ_LAST(&queue, turns);
	uint64_t now = now_ms();
	int ms;

	while (last && (g = TAILQ_FIRST(&queue))) {
		forget_turn(g);
		take_turn(g, now);
		if (g == last)
			break;
	}
	ms = release_held(now);
	return TAILQ_EMPTY(&queue) ? ms : 0;
}

static void event_came(struct channel *c)
{
	struct guest *g = (struct guest *)
		((char *)c - offsetof(struct guest, channel));

	g->masked = true;
	enqueue(g);
}

/* ---- begin and end ------------------------------------------------------ */

/* What is told once, until it works. Returns @rc */
static int failed(struct guest *g, const char *what, int rc)
{
	if (!g->failing)
		say("cannot %s of domain %u: %s", what, g->domid,
		    strerror(-rc));
	g->failing = true;
	return rc;
}

static int attach(struct guest *g, const struct console_nodes *nodes)
{
	int rc;

	g->channel = (struct channel){.port = -1, .came = event_came};
	rc = page_map(&g->page, g->domid, nodes->frame);
	if (rc)
		return failed(g, "map the console", rc);
	rc = channel_bind(&g->channel, g->domid, nodes->port);
	if (rc) {
		page_unmap(&g->page);
		return failed(g, "serve the console", rc);
	}
	g->port = nodes->port;
	g->frame = nodes->frame;
	/* What it wrote before anybody listened brings no event. */
	g->masked = false;
	enqueue(g);
	return 0;
}

static void detach(struct guest *g)
{
	forget_turn(g);
	channel_close(&g->channel);
	page_unmap(&g->page);
}

static int open_readers(struct guest *g, size_t limit)
{
	char path[128];
	int rc;

	snprintf(path, sizeof(path), "%s/%u", guest_options.socket_dir,
		 g->domid);
	g->audience.patient = guest_options.patient;
	g->audience.typed = typed;
	rc = audience_open(&g->audience, limit, path);
	return rc ? failed(g, "make a terminal", rc) : 0;
}

static void start_log(struct guest *g, const char *name)
{
	char *file;

	g->log = (struct log_file){.fd = -1};
	if (!guest_options.log)
		return;
	file = log_guest_name(name, g->domid);
	if (file)
		log_open(&g->log, guest_options.log, file);
	else
		say("domain %u has no log: there is no memory", g->domid);
	free(file);
}

static int connect_first(struct guest *g, const struct console_nodes *nodes)
{
	int rc = attach(g, nodes);

	if (rc)
		return rc;
	rc = open_readers(g, nodes->limit);
	if (rc) {
		detach(g);
		return rc;
	}
	start_log(g, nodes->name);
	g->connected = true;
	g->failing = false;
	say_more("serving the console of domain %u at %s", g->domid,
		 g->audience.tty_name);
	return 0;
}

/* The rest of one ring is taken before another one. */
static void drain(struct guest *g)
{
	unsigned int i;

	/* The guest may still be writing: a few times is enough. */
	for (i = 0; i < 4 && take_output(g, true) > 0; i++)
		;
}

int guest_connect(struct guest *g, const struct console_nodes *nodes)
{
	int rc;

	if (!g->connected)
		return connect_first(g, nodes);
	if (g->port == nodes->port && g->frame == nodes->frame)
		return 0;
	drain(g);
	detach(g);
	rc = attach(g, nodes);
	if (rc)
		guest_disconnect(g);
	return rc;
}

void guest_disconnect(struct guest *g)
{
	if (!g->connected)
		return;
	if (g->page.ring)
		drain(g);
	detach(g);
	audience_close(&g->audience);
	log_close(&g->log);
	g->connected = false;
	say_more("the console of domain %u has ended", g->domid);
}
