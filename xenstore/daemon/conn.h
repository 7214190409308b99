/* SPDX-License-Identifier: MIT */
/*
 * conn.h - a client: a socket, or the ring of a domain
 *
 *	OPEN --conn_kill()--> DOOMED --end of this turn--> (gone)
 *
 * Above its transport a client of either kind looks the same. A client is
 * never freed in the midst of work on it: it is doomed, which nothing undoes,
 * and reaped when the event loop holds no pointer to it.
 */
#ifndef XS_CONN_H
#define XS_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "path.h"
#include "stream.h"

struct conn;
struct domain;
struct txn;
struct watch;

/*
 * How bytes get from and to a client. All return 0 or an errno; EAGAIN means
 * that the client must do something first, and the loop is told when it did.
 */
struct transport {
	int (*fill)(struct conn *c);	/* from the client into the stream */
	int (*flush)(struct conn *c);	/* from the stream to the client */
	void (*end_turn)(struct conn *c); /* all was filled or flushed that
					   will be for now */
	int (*recover)(struct conn *c);	/* after a restart: how far did they
					   get? */
	void (*want)(struct conn *c, bool read, bool write);
	void (*close)(struct conn *c, int why);
};

struct conn {
	TAILQ_ENTRY(conn) link;		/* in the list of all */
	TAILQ_ENTRY(conn) run;		/* in the run queue, if queued */
	LIST_ENTRY(conn) held;		/* waits for a lease, if is_held */
	uint32_t id;
	const struct transport *tp;
	struct domain *dom;
	struct stream *st;
	int fd;				/* socket; -1 for a ring */
	void *priv;			/* of the transport */
	bool readonly;
	bool queued;
	bool is_held;
	bool doomed;
	bool reading;			/* waits for bytes from it */
	bool writing;			/* waits until it takes bytes */
	bool eof;			/* it will send no more */
	bool touched;			/* owed events by this request */
	uint32_t rec_in, rec_out;	/* recovery: counters in the journal */
	int doom_errno;
	struct conn *touched_next;
	int64_t credit_ns;		/* deficit round robin, loop.c */
	uint64_t round_nr;		/* of its last turn */
	unsigned int losses;		/* commits lost in a row, lease.c */
	uint64_t lease_after;		/* it gets no lease before, ns */
	uint32_t next_txn;
	LIST_HEAD(, txn) txns;
	LIST_HEAD(, watch) watches;
	uint64_t owed[256];		/* ends of replies not sent yet */
	uint8_t owed_head, owed_tail;	/* indices, they wrap */
	struct queued_event *events;	/* lately queued, conn.c */
	char name[16];			/* "dom3", "sock12" */
};

TAILQ_HEAD(conn_list, conn);
extern struct conn_list conns;

struct conn *conn_new(uint32_t id, struct domain *dom);
int conn_attach(struct conn *c, const struct transport *tp, struct stream *st);
struct conn *conn_lookup(uint32_t id);
uint32_t conn_next_id(void);
void conn_seen_id(uint32_t id);
void conn_kill(struct conn *c, int why, const char *reason);
void conn_reap(void);
void conn_reset(struct conn *c);
void conn_dump(void);

void conn_send(struct conn *c, const void *hdr, const void *payload,
	       size_t len);
void conn_owe_reply(struct conn *c);
bool conn_may_request(struct conn *c);
void conn_send_event(struct conn *c, const char *path, const char *token);
void conn_commit(struct conn *c, uint32_t in_done);
void conn_flush(struct conn *c);
void conn_want(struct conn *c, bool read, bool write);

#endif
