/* SPDX-License-Identifier: MIT */
/*
 * conn.c - clients: life, what they are owed, and the commit of a request
 *
 * A request may owe bytes to several clients: the reply to one, events to
 * others. They are appended to the streams, the reply before the events, and
 * the streams concerned are chained up ("touched"). conn_commit() then records
 * the new counters of all of them together with the request's other effects,
 * and only after that moves the counters.
 */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "domain.h"
#include "journal.h"
#include "lease.h"
#include "log.h"
#include "loop.h"
#include "txn.h"
#include "util.h"
#include "watch.h"
#include "wire.h"

/* A client that owes us the reading of so much is not read from ... */
#define BACKLOG_STOP 32768u
/* ... and one that lets this much come together is cut off. */
#define BACKLOG_MAX_RING (1u << 20)
#define BACKLOG_MAX_SOCKET (64u << 20)

#define EVENT_SLOTS 256u

struct queued_event {
	uint64_t key;		/* of path and token */
	uint64_t at;		/* output position where it begins */
};

struct event {
	struct conn *conn;
	uint32_t plen, tlen;	/* with NULs; path and token follow */
};

struct conn_list conns = TAILQ_HEAD_INITIALIZER(conns);
static struct conn **by_id;
static uint32_t by_id_size;	/* a power of two */
static uint32_t nr_conns;
static uint32_t last_id;
static struct conn *touched;
static struct buf caused;	/* events of this request: struct event */
static bool any_doomed;

static void id_table_put(struct conn *c)
{
	uint32_t i = c->id & (by_id_size - 1);

	while (by_id[i])
		i = (i + 1) & (by_id_size - 1);
	by_id[i] = c;
}

/* Make the table anew: it has no way to take one entry out. */
static void id_table_rebuild(void)
{
	struct conn *c;

	by_id_size = 64;
	while (by_id_size < 4 * nr_conns)
		by_id_size *= 2;
	free(by_id);
	by_id = xcalloc(by_id_size, sizeof(*by_id));
	TAILQ_FOREACH(c, &conns, link)
		id_table_put(c);
}

struct conn *conn_lookup(uint32_t id)
{
	uint32_t i = id & (by_id_size - 1);

	if (!by_id_size)
		return NULL;
	for (; by_id[i]; i = (i + 1) & (by_id_size - 1))
		if (by_id[i]->id == id)
			return by_id[i];
	return NULL;
}

/* Numbers of rings are even, the keeper gives odd ones to sockets. */
uint32_t conn_next_id(void)
{
	last_id += 2;
	return last_id;
}

void conn_seen_id(uint32_t id)
{
	if (!(id & 1) && id > last_id)
		last_id = id;
}

/**
 * conn_new() - a client that has no transport yet
 * @id: number, unique for ever
 */
struct conn *conn_new(uint32_t id, struct domain *dom)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->id = id;
	c->dom = dom;
	c->fd = -1;
	LIST_INIT(&c->txns);
	LIST_INIT(&c->watches);
	snprintf(c->name, sizeof(c->name), id & 1 ? "sock%u" : "dom%u",
		 id & 1 ? id / 2 : dom->id.domid);
	conn_seen_id(id);
	TAILQ_INSERT_TAIL(&conns, c, link);
	nr_conns++;
	id_table_rebuild();
	return c;
}

/**
 * conn_attach() - give a client its streams and its transport
 * @tp: its private data are in place
 * @st: the client owns them from now on
 *
 * A client that is new, or known from before a restart, begins to be served.
 *
 * Return: 0, or an errno of the transport: the client cannot go on.
 */
int conn_attach(struct conn *c, const struct transport *tp, struct stream *st)
{
	int rc;

	c->tp = tp;
	c->st = st;
	stream_recover(st, c->rec_in, c->rec_out);
	rc = tp->recover(c);
	if (rc)
		return rc;
	conn_want(c, true, st->sent != st->out_end);
	loop_queue(c);
	return 0;
}

/* Tell the transport what the client is waited for, if that changed. */
void conn_want(struct conn *c, bool read, bool write)
{
	if (c->reading == read && c->writing == write)
		return;
	c->reading = read;
	c->writing = write;
	c->tp->want(c, read, write);
}

/**
 * conn_kill() - cut a client off, at the end of this turn
 * @why:    errno that its transport may pass on; 0: it left by itself
 * @reason: one sentence for the log, or NULL
 */
void conn_kill(struct conn *c, int why, const char *reason)
{
	if (c->doomed)
		return;
	if (reason)
		log_warn("%s: cut off: %s", c->name, reason);
	c->doomed = true;
	c->doom_errno = why;
	any_doomed = true;
}

/**
 * conn_reset() - forget the watches and transactions of a client
 */
void conn_reset(struct conn *c)
{
	watch_remove_all(c);
	txn_abort_all(c);
}

static void conn_free(struct conn *c)
{
	conn_reset(c);
	journal_conn(false, c->id, c->dom->id.domid, false);
	journal_commit();
	lease_conn_gone(c);
	loop_forget(c);
	c->dom->outstanding -= (uint8_t)(c->owed_tail - c->owed_head);
	if (c->tp) {
		c->tp->close(c, c->doom_errno);
		stream_close(c->st);
	}
	TAILQ_REMOVE(&conns, c, link);
	nr_conns--;
	id_table_rebuild();
	free(c->events);
	free(c);
}

/* Free the clients that were cut off. Nobody may hold a pointer to one. */
void conn_reap(void)
{
	struct conn *c, *next;

	if (!any_doomed)
		return;
	any_doomed = false;
	for (c = TAILQ_FIRST(&conns); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->doomed)
			conn_free(c);
	}
}

void conn_dump(void)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, link) {
		journal_conn(true, c->id, c->dom->id.domid, c->readonly);
		journal_cursor(c->id, stream_in_done(c->st),
			       (uint32_t)c->st->out_end);
		watch_dump(c);
		txn_dump(c);
	}
}

/* --- what a client is owed --- */

static void touch(struct conn *c)
{
	if (c->touched)
		return;
	c->touched = true;
	c->touched_next = touched;
	touched = c;
}

/**
 * conn_send() - owe a message to a client, if this request is committed
 * @hdr: struct xsd_sockmsg
 */
void conn_send(struct conn *c, const void *hdr, const void *payload,
	       size_t len)
{
	uint64_t max = c->id & 1 ? BACKLOG_MAX_SOCKET : BACKLOG_MAX_RING;
	int rc;

	if (c->doomed)
		return;
	if (stream_backlog(c->st) > max) {
		conn_kill(c, EBUSY, "it does not read what it is sent");
		return;
	}
	rc = stream_reserve(c->st, sizeof(struct xsd_sockmsg) + len);
	if (rc) {
		conn_kill(c, rc, "there is no memory for what it is sent");
		return;
	}
	touch(c);
	stream_append(c->st, hdr, sizeof(struct xsd_sockmsg));
	stream_append(c->st, payload, len);
}

static uint64_t event_key(const char *path, size_t plen, const char *token,
			  size_t tlen)
{
	return (uint64_t)hash_bytes(path, plen) << 32 |
	       (hash_bytes(token, tlen) * 31 + hash_bytes(path, plen - 1));
}

/*
 * An event that is still queued says all that a second one would: the client
 * will look at the node after it was sent. Remember what was queued lately, so
 * that a client that sleeps does not gather the same event for ever. Hashes
 * may collide, and guests would find how: what is queued is compared itself.
 */
static bool event_queued(struct conn *c, uint64_t key,
			 const struct xsd_sockmsg *hdr, const char *text)
{
	struct queued_event *e;

	if (!c->events)
		c->events = xcalloc(EVENT_SLOTS, sizeof(*e));
	e = &c->events[key % EVENT_SLOTS];
	if (e->key == key && e->at >= c->st->sent &&
	    e->at + sizeof(*hdr) + hdr->len <= c->st->out_new &&
	    stream_holds(c->st, e->at, hdr, sizeof(*hdr)) &&
	    stream_holds(c->st, e->at + sizeof(*hdr), text, hdr->len))
		return true;
	e->key = key;
	e->at = c->st->out_new;
	return false;
}

/**
 * conn_send_event() - owe a watch event to a client, behind the reply
 * @path, @token: together at most XENSTORE_PAYLOAD_MAX with their NULs, which
 *                the limits of paths and tokens ensure
 */
void conn_send_event(struct conn *c, const char *path, const char *token)
{
	struct event e = {
		.conn = c,
		.plen = (uint32_t)strlen(path) + 1,
		.tlen = (uint32_t)strlen(token) + 1,
	};

	/* Without a transport: it left while there was no daemon. */
	if (c->doomed || !c->tp || e.plen + e.tlen > XENSTORE_PAYLOAD_MAX)
		return;
	buf_put(&caused, &e, sizeof(e));
	buf_put(&caused, path, e.plen);
	buf_put(&caused, token, e.tlen);
}

static void deliver(const struct event *e, const char *text)
{
	struct xsd_sockmsg hdr = {
		.type = XS_WATCH_EVENT,
		.len = e->plen + e->tlen,
	};

	if (e->conn->doomed ||
	    event_queued(e->conn, event_key(text, e->plen, text + e->plen,
					    e->tlen), &hdr, text))
		return;
	log_trace(e->conn->name, "< EVENT", 0, text, hdr.len);
	conn_send(e->conn, &hdr, text, hdr.len);
}

static void deliver_all(void)
{
	struct event e;
	size_t at;

	for (at = 0; at < caused.len; at += sizeof(e) + e.plen + e.tlen) {
		memcpy(&e, caused.data + at, sizeof(e));
		deliver(&e, (char *)caused.data + at + sizeof(e));
	}
	caused.len = 0;
}

/* The message that was just sent is a reply: count it until it is taken. */
void conn_owe_reply(struct conn *c)
{
	c->owed[c->owed_tail++] = c->st->out_new;
	c->dom->outstanding++;
}

static void replies_taken(struct conn *c)
{
	while (c->owed_head != c->owed_tail &&
	       c->owed[c->owed_head] <= c->st->sent) {
		c->owed_head++;
		c->dom->outstanding--;
	}
}

/**
 * conn_may_request() - may the next request of a client be carried out?
 *
 * Not while it has as many replies to take as its domain may have, or while
 * too much is queued for it.
 */
bool conn_may_request(struct conn *c)
{
	uint8_t owed = (uint8_t)(c->owed_tail - c->owed_head);
	uint32_t max = limit_of(c->dom, LIMIT_OUTSTANDING);

	if (c->doomed || c->is_held || stream_backlog(c->st) > BACKLOG_STOP)
		return false;
	return owed < 255 && (!max || c->dom->outstanding < max);
}

/**
 * conn_commit() - a request is done: record it, then let its effects count
 * @c:       whose request it was; NULL: an event of the daemon itself
 * @in_done: its input counter after the request
 */
void conn_commit(struct conn *c, uint32_t in_done)
{
	struct conn *t;

	deliver_all();
	if (c)
		touch(c);
	if (journal_pending() || (touched && (touched != c ||
					      touched->touched_next))) {
		for (t = touched; t; t = t->touched_next)
			journal_cursor(t->id, t == c ? in_done :
				       stream_in_done(t->st),
				       (uint32_t)t->st->out_new);
		journal_commit();
	}
	while ((t = touched)) {
		touched = t->touched_next;
		t->touched = false;
		stream_commit(t->st, t == c ? in_done :
			      stream_in_done(t->st));
		if (t == c)
			continue;
		conn_flush(t);
		t->tp->end_turn(t);
	}
}

/**
 * conn_flush() - send what the client is owed, as far as it takes it
 *
 * The client has another turn if a request of it may be carried out now, maybe
 * one that had to wait until it took these bytes: nobody else will tell.
 */
void conn_flush(struct conn *c)
{
	int rc = 0;

	if (c->doomed)
		return;
	if (c->st->sent != c->st->out_end)
		rc = c->tp->flush(c);
	if (rc && rc != EAGAIN) {
		conn_kill(c, rc, NULL);
		return;
	}
	replies_taken(c);
	conn_want(c, c->reading, c->st->sent != c->st->out_end);
	if (wire_ready(c))
		loop_queue(c);
}
