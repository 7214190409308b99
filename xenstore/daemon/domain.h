/* SPDX-License-Identifier: MIT */
/*
 * domain.h - what the daemon knows of a domain: its state, use and limits
 *
 *	(none) --first use--> KNOWN --INTRODUCE--> INTRODUCED
 *	                        ^------- RELEASE, death -------'
 *
 * A domain that owns a node or has limits of its own is known before it is
 * introduced. All clients on sockets act as Dom0, which has no limits.
 */
#ifndef XS_DOMAIN_H
#define XS_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perms.h"

#define DOMID_LIMIT 0x7ff0u	/* real domains are below */

enum limit {
	LIMIT_NODES,
	LIMIT_WATCHES,
	LIMIT_TRANSACTIONS,
	LIMIT_OUTSTANDING,
	LIMIT_TXN_NODES,
	LIMIT_MEMORY,
	LIMIT_NODE_SIZE,
	LIMIT_PATH_MAX,
	LIMIT_PERMS,
	LIMIT_DEPTH,
	LIMIT_TXN_KEPT,
	LIMIT_NR
};

#define LIMIT_DEFAULT UINT32_MAX	/* in limit[]: the global one counts */

struct conn;

struct domain {
	struct identity id;
	bool introduced;
	bool shutdown;		/* @releaseDomain for its shutdown was sent */
	uint64_t gfn;		/* of the ring page, as INTRODUCE gave it */
	uint32_t port;		/* its end of the event channel */
	struct conn *conn;	/* its ring; NULL if there is none */
	long nodes;		/* nodes that it owns */
	long bytes;		/* memory that it is charged for */
	unsigned int watches;
	unsigned int txns;
	unsigned int outstanding; /* replies that it has not taken */
	uint32_t limit[LIMIT_NR];
	uint32_t logged;	/* limits whose refusal is in the log */
};

struct domain *domain_lookup(uint16_t domid);
struct domain *domain_make(uint16_t domid);
struct domain *domain_next(int *cursor);
void domain_forget(struct domain *d);

const char *limit_name(enum limit l);
const char *limit_help(enum limit l);
int limit_by_name(const char *name);
uint32_t limit_of(const struct domain *d, enum limit l);
uint32_t limit_global(enum limit l);
void limit_set(struct domain *d, enum limit l, uint32_t value);
long limit_usage(const struct domain *d, enum limit l);
bool limit_allows(struct domain *d, enum limit l, long value);

#endif
