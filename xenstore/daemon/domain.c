/* SPDX-License-Identifier: MIT */
/*
 * domain.c - table of domains, and the limits that each must keep to
 *
 * A limit is one row of limits[]; 0 means that it is not enforced. The first
 * refusal of each limit is logged with domain, limit and value; the next ones
 * are not, until the limit is set anew: a hostile guest must not fill the log.
 */
#include "domain.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"

static const struct {
	const char *name;
	const char *help;
	uint32_t initial;
} limits[LIMIT_NR] = {
	[LIMIT_NODES] = { "nodes", "Nodes per domain", 1000 },
	[LIMIT_WATCHES] = { "watches", "Watches per domain", 128 },
	[LIMIT_TRANSACTIONS] = { "transactions",
				 "Transactions per domain", 10 },
	[LIMIT_OUTSTANDING] = { "outstanding",
				"Outstanding replies per domain", 20 },
	[LIMIT_TXN_NODES] = { "transaction-nodes",
			      "Nodes accessed per transaction", 1024 },
	[LIMIT_MEMORY] = { "memory", "Bytes of memory per domain", 2621440 },
	[LIMIT_NODE_SIZE] = { "node-size", "Bytes of a node's value", 2048 },
	[LIMIT_PATH_MAX] = { "path-max", "Bytes of a path", 2048 },
	[LIMIT_PERMS] = { "permissions", "Permissions per node", 5 },
	[LIMIT_DEPTH] = { "depth", "Components of a path", 64 },
	[LIMIT_TXN_KEPT] = { "transaction-kept",
			     "Old bytes kept per transaction", 1048576 },
};

static uint32_t global[LIMIT_NR];
static bool global_ready;
static struct domain *table[DOMID_LIMIT];

static uint32_t *globals(void)
{
	unsigned int i;

	if (!global_ready) {
		for (i = 0; i < LIMIT_NR; i++)
			global[i] = limits[i].initial;
		global_ready = true;
	}
	return global;
}

struct domain *domain_lookup(uint16_t domid)
{
	return domid < DOMID_LIMIT ? table[domid] : NULL;
}

/**
 * domain_make() - look a domain up, or begin to know it
 * @domid: below DOMID_LIMIT
 */
struct domain *domain_make(uint16_t domid)
{
	struct domain *d = table[domid];
	unsigned int i;

	if (d)
		return d;
	d = table[domid] = xcalloc(1, sizeof(*d));
	d->id = (struct identity){ domid, DOMID_LIMIT };
	for (i = 0; i < LIMIT_NR; i++)
		d->limit[i] = LIMIT_DEFAULT;
	return d;
}

/**
 * domain_next() - walk over all known domains
 * @cursor: starts at 0
 *
 * Return: the next one; NULL after the last.
 */
struct domain *domain_next(int *cursor)
{
	while (*cursor < (int)DOMID_LIMIT) {
		struct domain *d = table[(*cursor)++];

		if (d)
			return d;
	}
	return NULL;
}

/**
 * domain_forget() - a domain is gone: drop what was said about it
 *
 * The record stays while the domain still owns nodes or is introduced.
 */
void domain_forget(struct domain *d)
{
	if (d->introduced || d->conn || d->nodes || !d->id.domid)
		return;
	table[d->id.domid] = NULL;
	free(d);
}

const char *limit_name(enum limit l)
{
	return limits[l].name;
}

const char *limit_help(enum limit l)
{
	return limits[l].help;
}

/* Return: an enum limit, or -1. */
int limit_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < LIMIT_NR; i++)
		if (!strcmp(name, limits[i].name))
			return (int)i;
	return -1;
}

/* The limit in force for a domain; 0: none. */
uint32_t limit_of(const struct domain *d, enum limit l)
{
	if (!d->id.domid)
		return 0;
	return d->limit[l] == LIMIT_DEFAULT ? globals()[l] : d->limit[l];
}

uint32_t limit_global(enum limit l)
{
	return globals()[l];
}

/**
 * limit_set() - change a limit
 * @d:     domain, or NULL for all that have no value of their own
 * @value: 0 for no limit
 *
 * What a domain uses already stays; it cannot grow beyond the new limit.
 */
void limit_set(struct domain *d, enum limit l, uint32_t value)
{
	int cursor = 0;

	if (d) {
		d->limit[l] = value;
		d->logged &= ~(1u << l);
		return;
	}
	globals()[l] = value;
	while ((d = domain_next(&cursor)))
		d->logged &= ~(1u << l);
}

/* What a domain uses of a limit; -1 if the limit is one per item. */
long limit_usage(const struct domain *d, enum limit l)
{
	switch (l) {
	case LIMIT_NODES:
		return d->nodes;
	case LIMIT_WATCHES:
		return d->watches;
	case LIMIT_TRANSACTIONS:
		return d->txns;
	case LIMIT_OUTSTANDING:
		return d->outstanding;
	case LIMIT_MEMORY:
		return d->bytes;
	default:
		return -1;
	}
}

/**
 * limit_allows() - may a domain have @value of something?
 *
 * Return: false if that is over its limit; the first time this is logged.
 */
bool limit_allows(struct domain *d, enum limit l, long value)
{
	uint32_t max = limit_of(d, l);

	if (!max || value <= (long)max)
		return true;
	if (!(d->logged & 1u << l))
		log_warn("dom%u: refused: %s %ld is over the limit of %u",
			 d->id.domid, limits[l].name, value, max);
	d->logged |= 1u << l;
	return false;
}
