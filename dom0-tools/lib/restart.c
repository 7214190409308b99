/* SPDX-License-Identifier: MIT */
/*
 * restart.c - guests that have ended and are to be made anew
 */
#include "restart.h"

#include "config.h"
#include "guest_store.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT	"/lodge/restarts"
#define LONGEST 64		/* seconds between two attempts */

static void make_base(char base[64], const uint8_t uuid[16])
{
	char text[UUID_TEXT];

	uuid_text(text, uuid);
	snprintf(base, 64, ROOT "/%s", text);
}

/* ---- one ---------------------------------------------------------------- */

int restart_put(struct lodge *l, struct store_change *t,
		const struct restart *r)
{
	char base[64], *from;
	int rc;

	make_base(base, r->uuid);
	if (asprintf(&from, "%u %s", r->from, r->name) < 0)
		return fail(l, ENOMEM, "there is no memory");
	rc = store_put(t, STORE_KEEP, from, "%s/from", base);
	free(from);
	return rc ? rc : record_put(l, t, base, &r->past);
}

int restart_check(struct lodge *l, struct store_change *t,
		  const uint8_t uuid[16])
{
	char base[64], *from;
	int rc;

	make_base(base, uuid);
	rc = store_get(t, &from, "%s/from", base);
	if (!rc && !from)
		rc = fail(l, ECANCELED, "its restart has been given up");
	free(from);
	return rc;
}

int restart_end(struct store_change *t, const uint8_t uuid[16])
{
	char base[64];

	make_base(base, uuid);
	return store_remove(t, "%s", base);
}

static int end_one(struct store_change *t, void *arg)
{
	return restart_end(t, arg);
}

int restart_forget(struct lodge *l, const uint8_t uuid[16])
{
	uint8_t copy[16];

	memcpy(copy, uuid, sizeof(copy));
	return store_change(l, end_one, copy);
}

struct delay {
	struct lodge *l;
	const struct restart *r;
};

static int put_delay(struct store_change *t, void *arg)
{
	const struct delay *d = arg;
	char base[64], text[48];
	int rc = restart_check(d->l, t, d->r->uuid);

	make_base(base, d->r->uuid);
	snprintf(text, sizeof(text), "%u %llu", d->r->tries,
		 (unsigned long long)d->r->next_s);
	return rc ? rc : store_put(t, STORE_KEEP, text, "%s/wait", base);
}

int restart_delay(struct lodge *l, struct restart *r)
{
	struct delay d = {l, r};
	uint64_t pause_s = r->tries < 6 ? 1ULL << r->tries : LONGEST;

	r->tries++;
	r->next_s = record_now_s() + pause_s;
	return store_change(l, put_delay, &d);
}

/* ---- all of them -------------------------------------------------------- */

/* "DOMID NAME"; the name begins at the return value; NULL: it is not so. */
static const char *parse_from(const char *text, unsigned int *domid)
{
	int at = 0;

	return text && sscanf(text, "%u%n", domid, &at) == 1 &&
			       text[at] == ' '
		       ? text + at + 1
		       : NULL;
}

struct reading {
	struct lodge *l;
	const char *uuid;
	struct restart *r;
};

static int get_more(struct store_change *t, const struct reading *g,
		    const char *base, const char *from)
{
	struct restart *r = g->r;
	unsigned long long next_s = 0;
	const char *name = parse_from(from, &r->from);
	char *wait;
	int rc = store_get(t, &wait, "%s/wait", base);

	if (!rc && (!name || !parse_uuid(g->uuid, r->uuid)))
		rc = fail(g->l, EBADMSG, "%s makes no sense", base);
	if (wait && sscanf(wait, "%u %llu", &r->tries, &next_s) != 2)
		r->tries = 0;
	free(wait);
	if (rc)
		return rc;
	r->next_s = next_s;
	r->name = strdup(name);
	return r->name ? 0 : fail(g->l, ENOMEM, "there is no memory");
}

static void free_one(struct restart *r)
{
	record_free(&r->past);
	free(r->name);
	*r = (struct restart){.name = NULL};
}

static int get_one(struct store_change *t, void *arg)
{
	const struct reading *g = arg;
	char base[64], *from;
	int rc;

	free_one(g->r);
	snprintf(base, sizeof(base), ROOT "/%s", g->uuid);
	rc = store_get(t, &from, "%s/from", base);
	if (!rc)
		rc = get_more(t, g, base, from);
	if (!rc)
		rc = record_get(g->l, t, base, &g->r->past);
	free(from);
	return rc;
}

/* One may have gone meanwhile, or not be ours. */
static int get_all(struct lodge *l, struct restart *list, size_t *nr,
		   char **uuids, unsigned int nr_uuids)
{
	struct reading g = {.l = l};
	unsigned int i;
	int rc = 0;

	for (i = 0; i < nr_uuids; i++) {
		if (strlen(uuids[i]) != UUID_TEXT - 1)
			continue;
		g.uuid = uuids[i];
		g.r = &list[*nr];
		rc = store_change(l, get_one, &g);
		if (!rc)
			(*nr)++;
		else
			free_one(g.r);
		if (rc && rc != -ENOENT && rc != -EBADMSG)
			return rc;
	}
	return 0;
}

int restart_list(struct lodge *l, struct restart **list, size_t *nr)
{
	unsigned int nr_uuids;
	char **uuids;
	int rc = store_list(l, &uuids, &nr_uuids, ROOT);

	*nr = 0;
	*list = NULL;
	if (!rc && nr_uuids) {
		*list = calloc(nr_uuids, sizeof(**list));
		rc = *list ? get_all(l, *list, nr, uuids, nr_uuids)
			   : fail(l, ENOMEM, "there is no memory");
	}
	free(uuids);
	if (!rc)
		return 0;
	restart_free(*list, *nr);
	*list = NULL;
	*nr = 0;
	return rc;
}

void restart_free(struct restart *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		free_one(&list[i]);
	free(list);
}

/* ---- names -------------------------------------------------------------- */

struct namesakes {
	struct lodge *l;
	const char *name;
	size_t nr;		/* of those that were removed */
};

static int is_called(struct store_change *t, const char *uuid,
		     const char *name, bool *yes)
{
	const char *theirs;
	unsigned int domid;
	char *from;
	int rc = store_get(t, &from, ROOT "/%s/from", uuid);

	theirs = parse_from(from, &domid);
	*yes = theirs && (!name || !strcmp(theirs, name));
	free(from);
	return rc;
}

int restart_check_name(struct lodge *l, struct store_change *t,
		       const char *name, const uint8_t uuid[16])
{
	char ours[UUID_TEXT], **uuids;
	unsigned int nr, i;
	bool yes = false;
	int rc = store_get_list(t, &uuids, &nr, ROOT);

	uuid_text(ours, uuid);
	for (i = 0; i < nr && !rc && !yes; i++)
		if (strcmp(uuids[i], ours))
			rc = is_called(t, uuids[i], name, &yes);
	free(uuids);
	if (rc || !yes)
		return rc;
	fail(l, EEXIST, "\"%s\" has ended and is about to be started again",
	     name);
	hint(l, "lodge destroy gives that up");
	return -EEXIST;
}

static int remove_all(struct store_change *t, void *arg)
{
	struct namesakes *n = arg;
	unsigned int nr, i;
	char **uuids;
	bool yes;
	int rc = store_get_list(t, &uuids, &nr, ROOT);

	n->nr = 0;
	for (i = 0; i < nr && !rc; i++) {
		rc = is_called(t, uuids[i], n->name, &yes);
		if (rc || !yes)
			continue;
		rc = store_remove(t, ROOT "/%s", uuids[i]);
		n->nr++;
	}
	free(uuids);
	return rc;
}

int restart_cancel(struct lodge *l, const char *name, size_t *nr)
{
	struct namesakes n = {.l = l, .name = name};
	int rc = store_change(l, remove_all, &n);

	*nr = n.nr;
	return rc;
}
