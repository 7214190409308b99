/* SPDX-License-Identifier: MIT */
/*
 * loop.c - the event loop, and whose turn it is
 *
 *	        .--- bytes came, bytes were taken, a lease ended ---.
 *	        v                                                   |
 *	     QUEUED --turn--> more to do? --yes--> QUEUED           |
 *	                          '-------no-----> WAITING ---------'
 *
 * Clients that have work queue up, and a round gives each QUANTUM_NS of the
 * daemon's time (deficit round robin), receiving and sending included. A turn
 * ends with the request that used the time up, and what it took too long is
 * deducted from the next rounds, so over time every busy client gets the same
 * share however costly its requests are; also of the snapshot, of which a slice
 * is written for each bit by which the journal grew. Rounds in which a client
 * had nothing to do pay its debt as well; what it did not use is not saved up.
 *
 * The clock goes on while the daemon has no processor, so a long turn in which
 * the kernel gave the processor to somebody else is charged as a short one.
 *
 * Rounds are counted, not spun through: if all who have work are in debt the
 * count jumps to where the first of them has credit, and if nobody has work it
 * jumps to where nobody is in debt. Between two rounds the loop asks the kernel
 * who has become ready, so a client that was idle waits for at most one round.
 *
 * When nobody has work and requests came soon one after the other, the loop
 * looks for the next for a moment before it sleeps (look.h).
 *
 * A client that has more requests than its turn had time for is neither read
 * from nor sent to before those are done, unless their replies become long.
 *
 * A client is read from only while there is room for its requests and it takes
 * its replies: else its own buffers fill up, and it waits.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../look.h"
#include "conn.h"
#include "journal.h"
#include "lease.h"
#include "log.h"
#include "txn.h"
#include "util.h"
#include "wire.h"

#define QUANTUM_NS 5000
#define MAX_DEBT_NS (2000 * QUANTUM_NS)
#define LONG_TURN_NS (10 * QUANTUM_NS)
#define NR_EVENTS 64
#define FLUSH_AT 8192u		/* bytes of replies, while more will follow */

static int epfd = -1;
static struct look look;
static bool stopping;
static TAILQ_HEAD(, conn) runq = TAILQ_HEAD_INITIALIZER(runq);
static unsigned int runq_len;
static uint64_t round_nr;
static LIST_HEAD(, conn) held = LIST_HEAD_INITIALIZER(held);

void loop_init(void)
{
	look_init(&look);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0)
		log_fatal("epoll_create1: %s", strerror(errno));
}

static void control(int op, struct source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (epoll_ctl(epfd, op, s->fd, &ev))
		log_fatal("epoll_ctl: %s", strerror(errno));
}

/* Call @s->ready whenever one of @events (EPOLL*) is there. */
void loop_add(struct source *s, uint32_t events)
{
	control(EPOLL_CTL_ADD, s, events);
}

void loop_change(struct source *s, uint32_t events)
{
	control(EPOLL_CTL_MOD, s, events);
}

void loop_remove(struct source *s)
{
	control(EPOLL_CTL_DEL, s, 0);
}

/* A client has, or may have, something to do. */
void loop_queue(struct conn *c)
{
	if (c->queued || c->is_held || c->doomed)
		return;
	c->queued = true;
	TAILQ_INSERT_TAIL(&runq, c, run);
	runq_len++;
}

/* The next request of a client has to wait until the lease ends. */
void loop_hold(struct conn *c)
{
	c->is_held = true;
	LIST_INSERT_HEAD(&held, c, held);
}

void loop_forget(struct conn *c)
{
	if (c->queued) {
		TAILQ_REMOVE(&runq, c, run);
		runq_len--;
	}
	if (c->is_held)
		LIST_REMOVE(c, held);
	c->queued = c->is_held = false;
}

static void release_held(void)
{
	struct conn *c;

	while ((c = LIST_FIRST(&held))) {
		LIST_REMOVE(c, held);
		c->is_held = false;
		loop_queue(c);
	}
}

/*
 * Carry out requests while the client has credit.
 * Return: true if more of them are there and may be carried out.
 */
static bool serve(struct conn *c, uint64_t start)
{
	uint64_t now = start;
	bool more = true;

	while (more && c->credit_ns > (int64_t)(now - start)) {
		more = wire_step(c);
		now = now_ns();
	}
	return more;
}

/*
 * Send replies, but not yet while more of them will follow: whoever sends many
 * requests in one go gets their replies likewise.
 */
static void answer(struct conn *c, bool more)
{
	if (more && stream_backlog(c->st) < FLUSH_AT)
		loop_queue(c);
	else
		conn_flush(c);
}

/* What the rounds since its last turn have given a client. */
static void earn(struct conn *c)
{
	uint64_t rounds = MIN(round_nr - c->round_nr,
			      MAX_DEBT_NS / QUANTUM_NS + 1ull);

	c->round_nr = round_nr;
	c->credit_ns = MIN(c->credit_ns + (int64_t)rounds * QUANTUM_NS,
			   QUANTUM_NS);
}

/* Did the kernel take the processor away since this was asked last? */
static bool preempted(void)
{
	static long seen;
	struct rusage ru;
	long before = seen;

	if (getrusage(RUSAGE_THREAD, &ru))
		return false;
	seen = ru.ru_nivcsw;
	return seen != before;
}

static void pay(struct conn *c, uint64_t start)
{
	int64_t used = (int64_t)(now_ns() - start);

	if (used > LONG_TURN_NS && preempted())
		used = LONG_TURN_NS;
	c->credit_ns -= MIN(used, MAX_DEBT_NS + c->credit_ns);
}

static void turn(struct conn *c)
{
	uint64_t start = now_ns();
	uint8_t *where;
	bool more;
	int rc = 0;

	if (!c->eof && stream_in_space(c->st, &where))
		rc = c->tp->fill(c);
	if (rc && rc != EAGAIN) {
		conn_kill(c, rc, NULL);
		return;
	}
	more = serve(c, start);
	journal_pace();
	answer(c, more);
	c->tp->end_turn(c);
	if (c->doomed)
		return;
	if (c->eof && !c->queued && !c->is_held) {
		conn_kill(c, 0, NULL);
		return;
	}
	conn_want(c, !c->eof && conn_may_request(c) &&
		  stream_in_space(c->st, &where), c->writing);
	pay(c, start);
}

/* All who have work are in debt: go on to the round in which one is not. */
static void skip_rounds(void)
{
	int64_t best = -MAX_DEBT_NS;
	struct conn *c;

	TAILQ_FOREACH(c, &runq, run)
		if (c->credit_ns > best)
			best = c->credit_ns;
	round_nr += (uint64_t)(-best / QUANTUM_NS);
}

static void round_of_turns(void)
{
	unsigned int n = runq_len, served = 0;
	struct conn *c;

	round_nr++;
	while (n-- && (c = TAILQ_FIRST(&runq))) {
		TAILQ_REMOVE(&runq, c, run);
		runq_len--;
		c->queued = false;
		if (c->doomed)
			continue;
		earn(c);
		if (c->credit_ns > 0) {
			turn(c);
			served++;
		} else {
			loop_queue(c);
		}
	}
	if (TAILQ_EMPTY(&runq))
		round_nr += MAX_DEBT_NS / QUANTUM_NS + 1;
	else if (!served)
		skip_rounds();
}

static int timeout_ms(void)
{
	if (!TAILQ_EMPTY(&runq) || journal_busy())
		return 0;
	return LIST_EMPTY(&held) ? -1 : lease_timeout_ms(now_ns());
}

/* epoll_wait(), which at first looks without sleeping if that is worth it. */
static int look_and_wait(struct epoll_event *ev, int timeout)
{
	uint64_t start = now_ns(), until = look_until(&look, start);
	int n = 0;

	while (!n && now_ns() < until)
		n = epoll_wait(epfd, ev, NR_EVENTS, 0);
	if (!n)
		n = epoll_wait(epfd, ev, NR_EVENTS, timeout);
	look_learn(&look, now_ns() - start, n > 0);
	return n;
}

static void wait_events(void)
{
	struct epoll_event ev[NR_EVENTS];
	int i, n, timeout = timeout_ms();
	struct source *s;

	n = timeout ? look_and_wait(ev, timeout) :
		      epoll_wait(epfd, ev, NR_EVENTS, 0);
	if (n < 0 && errno != EINTR)
		log_fatal("epoll_wait: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		s = ev[i].data.ptr;
		s->ready(s, ev[i].events);
	}
}

/**
 * loop_run() - serve until loop_stop()
 */
void loop_run(void)
{
	while (!stopping) {
		wait_events();
		if (!LIST_EMPTY(&held) && lease_tick(now_ns()))
			release_held();
		round_of_turns();
		conn_reap();
		txn_poll();
		journal_poll(TAILQ_EMPTY(&runq));
	}
}

void loop_stop(void)
{
	stopping = true;
}
