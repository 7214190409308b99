/* SPDX-License-Identifier: MIT */
/*
 * xs_harness.c - the xenstore daemon without processes and sockets
 *
 * A client's bytes go straight into its stream; what it is sent is looked at
 * message by message, as a client would, and dropped.
 */
#define _GNU_SOURCE
#include "xs_harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "lease.h"
#include "log.h"
#include "loop.h"
#include "store.h"
#include "util.h"
#include "wire.h"

static int fill(struct conn *c)
{
	return EAGAIN;
}

/* Everything that is sent must be whole messages within the limits. */
static int flush(struct conn *c)
{
	struct stream *s = c->st;
	struct xsd_sockmsg hdr;

	while (s->sent != s->out_end) {
		if (s->out_end - s->sent < sizeof(hdr) ||
		    stream_copy_owed(s, &hdr, sizeof(hdr)) ||
		    hdr.len > XENSTORE_PAYLOAD_MAX ||
		    hdr.type >= XS_TYPE_COUNT ||
		    s->out_end - s->sent < sizeof(hdr) + hdr.len)
			abort();
		s->sent += sizeof(hdr) + hdr.len;
	}
	return 0;
}

static int recover(struct conn *c)
{
	return 0;
}

static void end_turn(struct conn *c)
{
}

static void want(struct conn *c, bool r, bool w)
{
}

static void gone(struct conn *c, int why)
{
}

static const struct transport transport = {
	.fill = fill, .flush = flush, .end_turn = end_turn,
	.recover = recover, .want = want,
	.close = gone,
};

static char dir[] = "/tmp/xsfuzzXXXXXX";

static void cleanup(void)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/journal.0", dir);
	unlink(name);
	rmdir(dir);
}

/* Once per process. */
void harness_init(void)
{
	if (!mkdtemp(dir))
		abort();
	atexit(cleanup);
	log_set_level("error");
	store_init();
	wire_init();
	if (journal_open(dir, 0, 0))
		abort();
}

struct conn *harness_client(uint16_t domid)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct conn *c = conn_new(conn_next_id(), domain_make(domid));

	if (fd < 0 || stream_format(fd, 0, 0))
		abort();
	if (conn_attach(c, &transport, stream_open(fd)))
		abort();
	return c;
}

/* Give a client's bytes to the daemon, and let it work. */
void harness_feed(struct conn *c, const uint8_t *data, size_t len)
{
	uint8_t *where;
	size_t n;

	while (len && !c->doomed) {
		n = MIN(len, stream_in_space(c->st, &where));
		if (!n)
			return;
		memcpy(where, data, n);
		stream_in_filled(c->st, n);
		data += n;
		len -= n;
		while (wire_step(c))
			conn_flush(c);
		conn_flush(c);
		loop_forget(c);
	}
}

/* The root stays; whoever it was given to has it no more. */
static void reset_root(void)
{
	const struct perm dom0 = { 0, 0 };
	struct perms *ps = perms_intern(&dom0, 1);

	store_put("/", "", 0, ps);
	perms_put(ps);
}

/*
 * Forget all clients and nodes; what is charged for them must be gone. The
 * costly look at everything is taken now and then.
 */
void harness_reset(void)
{
	static unsigned int runs;
	struct domain *d = domain_lookup(3);
	struct kids_iter it;
	struct node *kid;
	struct conn *c;
	char path[4096];

	lease_tick(now_ns() + 1000000000u);
	TAILQ_FOREACH(c, &conns, link)
		conn_kill(c, 0, NULL);
	conn_reap();
	if (runs % 64 == 0 && !store_check())
		abort();
	for (;;) {
		kids_iter_init(&it, node_kids(store_root()));
		kid = kids_iter_next(&it);
		if (!kid)
			break;
		snprintf(path, sizeof(path), "/%s", node_name(kid));
		store_remove(path);
	}
	reset_root();
	journal_drop();
	conn_commit(NULL, 0);
	if (d && (d->nodes || d->watches || d->txns || d->bytes))
		abort();
	/* The journal need not grow from run to run. */
	if (runs++ % 64 == 0 && journal_open(dir, 0, 0))
		abort();
}
