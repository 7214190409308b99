/* SPDX-License-Identifier: MIT */
/*
 * ring.c - clients on a ring in shared memory: domains
 *
 * The counters of the ring are the counters of the stream: byte n of the
 * stream is byte n % XENSTORE_RING_SIZE of the ring. That makes a restart
 * simple. Bytes are copied into the stream, then in_fill is raised, then
 * req_cons: killed in between, the next daemon raises req_cons. Bytes are
 * copied into the ring, then rsp_prod is raised: that is "sent", and it is
 * read back from there.
 *
 * The page belongs to the guest as much as to us. Each index is read once into
 * a local; our own positions come from the stream, never from the page; a
 * distance of more than the ring's size ends the connection.
 *
 * The stream's file is ring.<id> in the state directory.
 */
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "log.h"
#include "loop.h"
#include "util.h"
#include "xen.h"

#define FEATURE_WATCH_DEPTH 4u	/* xenstore-ring.txt, bit 2 */
#define FEATURES (XENSTORE_SERVER_FEATURE_RECONNECTION | \
		  XENSTORE_SERVER_FEATURE_ERROR | FEATURE_WATCH_DEPTH)

struct ring {
	volatile struct xenstore_domain_interface *page;
	int port;		/* our end of the event channel */
	bool tell;		/* the guest has not been told of all we did */
	bool renewed;		/* the guest asked for a fresh start */
};

static const char *dir;
static unsigned int nr_rings;

static const char *file_name(char *buf, size_t size, uint32_t id)
{
	snprintf(buf, size, "%s/ring.%u", dir, id);
	return buf;
}

static void barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * The guest asks for a fresh start. It looks at nothing but the connection
 * field until that is cleared, so the indices are ours to choose: both queues
 * end up empty at our own positions. Clearing the field comes last: if we are
 * killed before it, the next daemon finds the request still there.
 */
static void reconnect(struct conn *c)
{
	struct ring *r = c->priv;
	struct stream *s = c->st;

	/* Once aloud: a guest can do this as often as it likes. */
	log_at(r->renewed ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
	       "%s: the guest starts its connection anew", c->name);
	r->renewed = true;
	conn_reset(c);
	conn_commit(c, s->hdr->in_fill);
	s->sent = s->out_end;
	conn_flush(c);
	r->page->req_cons = r->page->req_prod = s->hdr->in_fill;
	r->page->rsp_cons = r->page->rsp_prod = (uint32_t)s->sent;
	r->page->error = XENSTORE_ERROR_NONE;
	barrier();
	r->page->connection = XENSTORE_CONNECTED;
	barrier();
	xen_notify(r->port);
}

/* Are there requests that there is room for, or is there room for responses? */
static bool more_to_do(struct conn *c)
{
	struct ring *r = c->priv;
	struct stream *s = c->st;
	uint8_t *where;

	if (r->page->req_prod != s->hdr->in_fill && stream_in_space(s, &where))
		return true;
	return s->sent != s->out_end &&
	       (uint32_t)s->sent - r->page->rsp_cons != XENSTORE_RING_SIZE;
}

/*
 * The guest is told once for all that a turn took from its requests and added
 * to its responses. It does not tell us of all that it does: requests that
 * follow others which it finds not taken, and responses taken from a ring that
 * it finds not full, are not worth an event to it. What it did while we were
 * about to move our indices is such a case. So look again once they are moved;
 * what it does after that, it tells.
 */
static void ring_end_turn(struct conn *c)
{
	struct ring *r = c->priv;

	barrier();
	if (r->tell) {
		r->tell = false;
		xen_notify(r->port);
	}
	if (more_to_do(c))
		loop_queue(c);
}

static int ring_fill(struct conn *c)
{
	struct ring *r = c->priv;
	uint32_t cons, prod, at, n;
	uint8_t *where;
	size_t room;

	if (r->page->connection == XENSTORE_RECONNECT)
		reconnect(c);
	cons = c->st->hdr->in_fill;
	prod = r->page->req_prod;
	barrier();
	if (prod - cons > XENSTORE_RING_SIZE) {
		log_warn("%s: request ring: producer %u, consumer %u", c->name,
			 prod, cons);
		return ERANGE;
	}
	room = stream_in_space(c->st, &where);
	n = (uint32_t)MIN(prod - cons, room);
	if (!n)
		return EAGAIN;
	stream_rewind(c->st);
	for (at = 0; at < n; at++)
		where[at] = (uint8_t)
			r->page->req[MASK_XENSTORE_IDX(cons + at)];
	barrier();
	stream_in_filled(c->st, n);
	r->page->req_cons = cons + n;
	r->tell = true;
	return 0;
}

static int ring_flush(struct conn *c)
{
	struct ring *r = c->priv;
	struct stream *s = c->st;
	uint32_t prod = (uint32_t)s->sent, cons = r->page->rsp_cons, n, at;
	char bytes[XENSTORE_RING_SIZE];
	int rc;

	barrier();
	if (prod - cons > XENSTORE_RING_SIZE) {
		log_warn("%s: response ring: producer %u, consumer %u",
			 c->name, prod, cons);
		return ERANGE;
	}
	n = XENSTORE_RING_SIZE - (prod - cons);
	n = (uint32_t)MIN(n, s->out_end - s->sent);
	if (!n)
		return EAGAIN;
	rc = stream_copy_owed(s, bytes, n);
	if (rc)
		return rc;
	for (at = 0; at < n; at++)
		r->page->rsp[MASK_XENSTORE_IDX(prod + at)] = bytes[at];
	barrier();
	r->page->rsp_prod = prod + n;
	s->sent += n;
	r->tell = true;
	return s->sent == s->out_end ? 0 : EAGAIN;
}

static int ring_recover(struct conn *c)
{
	struct ring *r = c->priv;
	uint64_t sent = stream_extend(c->st, r->page->rsp_prod);

	/* A guest that reconnects may leave the indices as it likes. */
	if (r->page->connection == XENSTORE_RECONNECT)
		sent = c->st->out_end;
	if (sent > c->st->out_end || sent < c->st->hdr->base)
		return ERANGE;
	c->st->sent = sent;
	r->page->req_cons = c->st->hdr->in_fill;
	barrier();
	xen_notify(r->port);
	return 0;
}

/* The event channel tells of both directions, and ring_end_turn() looks. */
static void ring_want(struct conn *c, bool read, bool write)
{
	(void)c;
	(void)read;
	(void)write;
}

static uint32_t error_code(int why)
{
	switch (why) {
	case ERANGE:
		return XENSTORE_ERROR_RINGIDX;
	case EPROTO:
		return XENSTORE_ERROR_PROTO;
	default:
		return XENSTORE_ERROR_COMM;
	}
}

static void ring_close(struct conn *c, int why)
{
	struct ring *r = c->priv;
	char name[512];

	if (why) {
		r->page->error = error_code(why);
		barrier();
		xen_notify(r->port);
	}
	if (c->dom->conn == c)
		c->dom->conn = NULL;
	xen_unbind(r->port);
	xen_unmap_ring(c->dom->id.domid, (void *)r->page);
	unlink(file_name(name, sizeof(name), c->id));
	free(r);
	nr_rings--;
}

static const struct transport ring_transport = {
	.fill = ring_fill,
	.flush = ring_flush,
	.end_turn = ring_end_turn,
	.recover = ring_recover,
	.want = ring_want,
	.close = ring_close,
};

/* Map and bind. Return: NULL with errno. */
static struct ring *ring_open(struct domain *d)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	r->page = d->id.domid ? xen_map_ring(d->id.domid, d->gfn) :
				xen_map_dom0(&d->port);
	if (!r->page)
		goto err_free;
	r->port = xen_bind(d->id.domid, d->port);
	if (r->port < 0)
		goto err_unmap;
	nr_rings++;
	return r;

err_unmap:
	xen_unmap_ring(d->id.domid, (void *)r->page);
err_free:
	free(r);
	return NULL;
}

static struct stream *new_stream(uint32_t id, uint32_t in, uint32_t out)
{
	struct stream *st;
	char name[512];
	int fd = open(file_name(name, sizeof(name), id),
		      O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return NULL;
	st = stream_format(fd, in, out) ? NULL : stream_open(fd);
	if (!st)
		close(fd);
	return st;
}

/*
 * Give a ring a client with nothing read and nothing owed. The counters begin
 * where the ring's are: nobody promised that those start at zero.
 */
static int ring_attach(struct domain *d, struct ring *r, uint32_t in,
		       uint32_t out)
{
	uint32_t id = conn_next_id();
	struct stream *st = new_stream(id, in, out);
	struct conn *c;

	if (!st)
		return errno ? errno : EIO;
	c = conn_new(id, d);
	c->priv = r;
	c->rec_in = in;
	c->rec_out = out;
	c->dom->conn = c;
	journal_conn(true, id, d->id.domid, false);
	r->page->server_features = FEATURES;
	r->page->error = XENSTORE_ERROR_NONE;
	return conn_attach(c, &ring_transport, st);
}

/**
 * ring_connect() - begin to serve a domain's ring
 * @gfn, @port: as INTRODUCE gave them; of no importance for Dom0
 *
 * Return: 0, or an errno: the page cannot be mapped, the port not be bound.
 */
int ring_connect(struct domain *d, uint64_t gfn, uint32_t port)
{
	struct ring *r;
	int rc;

	d->gfn = gfn;
	d->port = port;
	r = ring_open(d);
	if (!r)
		return errno;
	rc = ring_attach(d, r, r->page->req_cons, r->page->rsp_prod);
	if (rc && d->conn)
		conn_kill(d->conn, rc, "its ring cannot be used");
	return rc;
}

/* Serve a ring whose connection the journal knows. */
static int restore_one(struct conn *c)
{
	char name[512];
	struct stream *st;
	struct ring *r;
	int fd;

	fd = open(file_name(name, sizeof(name), c->id), O_RDWR | O_CLOEXEC);
	st = fd < 0 ? NULL : stream_open(fd);
	if (!st) {
		if (fd >= 0)
			close(fd);
		return EIO;
	}
	r = ring_open(c->dom);
	if (!r) {
		stream_close(st);
		return errno;
	}
	c->priv = r;
	c->dom->conn = c;
	return conn_attach(c, &ring_transport, st);
}

/**
 * ring_restore() - after recovery, serve the rings that were served before
 *
 * A ring that cannot be opened any more most often belongs to a domain that
 * died meanwhile; domain_scan() then releases it.
 */
void ring_restore(void)
{
	struct conn *c;
	int rc;

	TAILQ_FOREACH(c, &conns, link) {
		if (c->id & 1 || c->tp)
			continue;
		rc = restore_one(c);
		if (!rc)
			continue;
		log_warn("%s: its ring is lost: %s", c->name, strerror(rc));
		conn_kill(c, rc, NULL);
	}
}

/* Look at every ring: an event may have been lost while nobody listened. */
void ring_kick_all(void)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, link)
		if (!(c->id & 1))
			loop_queue(c);
}

static struct conn *by_port(int port)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, link)
		if (!(c->id & 1) && c->tp &&
		    ((struct ring *)c->priv)->port == port)
			return c;
	return NULL;
}

static void on_port(int port)
{
	struct conn *c;

	if (xen_is_domain_virq(port)) {
		domain_scan();
		return;
	}
	c = by_port(port);
	if (!c)
		return;
	conn_flush(c);
	loop_queue(c);
}

/*
 * Take the events of all rings, so that nobody waits a round for each of those
 * that came before; but not more, if they come all the time.
 */
static void on_event(struct source *s, uint32_t events)
{
	unsigned int most = nr_rings + 1;
	int port;

	(void)s;
	(void)events;
	while (most-- && (port = xen_pending()) >= 0)
		on_port(port);
}

/**
 * ring_start() - connect to the hypervisor
 * @state_dir: where the streams' files are; the string is kept
 *
 * Return: 0 or an errno: there is no hypervisor, or we may not talk to it.
 */
int ring_start(const char *state_dir)
{
	static struct source src = { .ready = on_event };
	int rc;

	dir = state_dir;
	rc = xen_open();
	if (rc)
		return rc;
	src.fd = xen_event_fd();
	loop_add(&src, EPOLLIN);
	return 0;
}
