/* SPDX-License-Identifier: MIT */
/*
 * guest.h - one guest's console: from its ring to its readers and its log
 */
#ifndef CONSOLED_GUEST_H
#define CONSOLED_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "audience.h"
#include "logfile.h"
#include "xen.h"

/* What the store says of a console, docs/misc/console.txt. */
struct console_nodes {
	uint32_t port;
	uint64_t frame;
	size_t limit;
	char *name;		/* of the guest; NULL: it has none */
};

struct guest {
	unsigned int domid;
	LIST_ENTRY(guest) link;
	bool connected;		/* and what follows is there */
	struct channel channel;
	struct console_page page;
	uint32_t port;		/* the guest's */
	uint64_t frame;
	struct audience audience;
	struct log_file log;
	/* Whose turn it is. */
	TAILQ_ENTRY(guest) turn;
	bool queued, held;
	bool masked;		/* an event came, and was not answered yet */
	uint64_t next_ms;	/* when it may have another one */
	bool damaged;		/* its ring; that was said */
	bool failing;		/* to connect; that was said */
};

/* Of all guests; set once. */
struct guest_options {
	const char *socket_dir;
	const struct log_style *log;	/* NULL: what they write is not kept */
	bool patient;		/* a full buffer stops the guest */
};

extern struct guest_options guest_options;

/**
 * guest_connect() - begin to serve, or go on with another ring or port
 *
 * Return: 0, also if nothing has changed; -errno: it is not connected, and it
 *         was said why, once.
 */
int guest_connect(struct guest *g, const struct console_nodes *nodes);

/* The last of what the guest wrote goes where the rest went. */
void guest_disconnect(struct guest *g);

/* Turns of those who wait for one; how many ms until the next, or -1. */
int guests_round(void);

#endif
