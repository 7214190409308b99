/* SPDX-License-Identifier: MIT */
/*
 * unfinished.c - domains that are being made or ended, and who is at it
 */
#include "unfinished.h"

#include "config.h"
#include "host.h"
#include "process.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/lodge/unfinished"

/* ---- processes ---------------------------------------------------------- */

static bool is_abandoned(const struct unfinished *u)
{
	const struct process p = {u->pid, u->start};

	return process_is_gone(&p);
}

static bool is_ours(const struct unfinished *u)
{
	return u->pid == (unsigned int)getpid() && !u->abandoned;
}

/* ---- nodes -------------------------------------------------------------- */

/* False: it is none of ours. @text becomes a part of it. */
static bool parse(struct unfinished *u, const char *uuid, const char *text)
{
	int at = 0;

	if (!text || !parse_uuid(uuid, u->uuid) ||
	    sscanf(text, "%u %llu %u%n", &u->pid, &u->start, &u->domid,
		   &at) != 3 || text[at] != ' ')
		return false;
	u->name = strdup(text + at + 1);
	u->abandoned = is_abandoned(u);
	return u->name;
}

static int put_of(struct lodge *l, struct store_change *t, const char *uuid,
		  struct process p, unsigned int domid, const char *name)
{
	char *text;
	int rc;

	if (asprintf(&text, "%u %llu %u %s", p.pid, p.start, domid, name) < 0)
		return fail(l, ENOMEM, "there is no memory");
	rc = store_put(t, STORE_KEEP, text, ROOT "/%s", uuid);
	free(text);
	return rc;
}

/* It is this process that is at it. */
static int put(struct lodge *l, struct store_change *t, const char *uuid,
	       unsigned int domid, const char *name)
{
	struct process p;
	int rc = process_self(l, &p);

	return rc ? rc : put_of(l, t, uuid, p, domid, name);
}

static int tell_of(struct lodge *l, const struct unfinished *u,
		   const char *node)
{
	if (!u->abandoned)
		return fail(l, EEXIST,
			    "process %u is creating or destroying \"%s\", %s",
			    u->pid, u->name, node);
	fail(l, EEXIST, "\"%s\", %s, is half made or half ended", u->name,
	     node);
	hint(l, "lodge destroy of that name says why it cannot be ended");
	return -EEXIST;
}

/* Of one name, at work. */
static int check_one(struct lodge *l, struct store_change *t, const char *node,
		     const uint8_t uuid[16], const char *name)
{
	struct unfinished u = {.name = NULL};
	char *text;
	int rc = store_get(t, &text, ROOT "/%s", node);

	if (!rc && parse(&u, node, text) &&
	    (!strcmp(u.name, name) || !memcmp(u.uuid, uuid, 16)))
		rc = tell_of(l, &u, node);
	free(u.name);
	free(text);
	return rc;
}

int unfinished_begin(struct lodge *l, struct store_change *t,
		     const uint8_t uuid[16], const char *name)
{
	char ours[UUID_TEXT], **uuids;
	unsigned int nr, i;
	int rc = store_get_list(t, &uuids, &nr, ROOT);

	uuid_text(ours, uuid);
	for (i = 0; i < nr && !rc; i++)
		rc = check_one(l, t, uuids[i], uuid, name);
	free(uuids);
	return rc ? rc : put(l, t, ours, STORE_NOBODY, name);
}

/* The name of a domain, or that which it was to have; to be free()d */
static int find_name(struct store_change *t, const char *uuid,
		     unsigned int domid, char **name)
{
	struct unfinished u = {.name = NULL};
	char *text;
	int rc = store_get(t, name, "/local/domain/%u/name", domid);

	if (rc || *name)
		return rc;
	rc = store_get(t, &text, ROOT "/%s", uuid);
	if (!rc && parse(&u, uuid, text))
		*name = u.name;
	free(text);
	return rc;
}

int unfinished_take(struct lodge *l, struct store_change *t,
		    const uint8_t uuid[16], unsigned int domid)
{
	char text[UUID_TEXT], *name;
	int rc;

	uuid_text(text, uuid);
	rc = find_name(t, text, domid, &name);
	if (!rc)
		rc = put(l, t, text, domid, name ? name : "");
	free(name);
	return rc;
}

int unfinished_check(struct lodge *l, struct store_change *t,
		     const uint8_t uuid[16])
{
	char text[UUID_TEXT], *node;
	int rc;

	uuid_text(text, uuid);
	rc = store_get(t, &node, ROOT "/%s", text);
	if (!rc && node)
		rc = fail(l, EBUSY, "it is being made or ended");
	free(node);
	return rc;
}

/* *u: what the node says, u->name to be free()d, NULL: there is none of ours */
static int read_one(struct store_change *t, const uint8_t uuid[16],
		    struct unfinished *u)
{
	char node[UUID_TEXT], *text;
	int rc;

	*u = (struct unfinished){.name = NULL};
	uuid_text(node, uuid);
	rc = store_get(t, &text, ROOT "/%s", node);
	if (!rc)
		parse(u, node, text);
	free(text);
	return rc;
}

int unfinished_end(struct store_change *t, const uint8_t uuid[16])
{
	struct unfinished u;
	char node[UUID_TEXT];
	int rc = read_one(t, uuid, &u);

	uuid_text(node, uuid);
	if (!rc && u.name && is_ours(&u))
		rc = store_remove(t, ROOT "/%s", node);
	free(u.name);
	return rc;
}

/* One at work: whose, and, once that is known, how it ended. */
struct work {
	struct lodge *l;
	const uint8_t *uuid;
};

static int forget(struct store_change *t, void *arg)
{
	const struct work *w = arg;

	return unfinished_end(t, w->uuid);
}

int unfinished_forget(struct lodge *l, const uint8_t uuid[16])
{
	struct work w = {l, uuid};

	return store_change(l, forget, &w);
}

static int complete(struct store_change *t, void *arg)
{
	const struct work *w = arg;
	struct unfinished u;
	int rc = read_one(t, w->uuid, &u);
	bool ours = u.name && is_ours(&u);

	free(u.name);
	if (rc)
		return rc;
	return ours ? unfinished_end(t, w->uuid)
		    : fail(w->l, ECANCELED,
			   "another process has destroyed it meanwhile");
}

int unfinished_complete(struct lodge *l, const uint8_t uuid[16])
{
	struct work w = {l, uuid};

	return store_change(l, complete, &w);
}

struct adoption {
	struct work w;
	bool ours;
};

static int adopt(struct store_change *t, void *arg)
{
	struct adoption *a = arg;
	struct unfinished u;
	char node[UUID_TEXT];
	int rc = read_one(t, a->w.uuid, &u);

	uuid_text(node, a->w.uuid);
	a->ours = !rc && u.name && u.abandoned;
	if (a->ours)
		rc = put(a->w.l, t, node, u.domid, u.name);
	free(u.name);
	return rc;
}

int unfinished_adopt(struct lodge *l, const uint8_t uuid[16])
{
	struct adoption a = {.w = {l, uuid}};
	int rc = store_change(l, adopt, &a);

	return rc ? rc : a.ours;
}

struct giving_back {
	struct work w;
	const struct unfinished *of;
};

static int give_back(struct store_change *t, void *arg)
{
	const struct giving_back *g = arg;
	const struct process p = {g->of->pid, g->of->start};
	struct unfinished u;
	char node[UUID_TEXT];
	int rc = read_one(t, g->w.uuid, &u);

	uuid_text(node, g->w.uuid);
	if (!rc && u.name && is_ours(&u))
		rc = put_of(g->w.l, t, node, p, g->of->domid, g->of->name);
	free(u.name);
	return rc;
}

int unfinished_give_back(struct lodge *l, const struct unfinished *u)
{
	struct giving_back g = {{l, u->uuid}, u};

	return store_change(l, give_back, &g);
}

/* ---- all of them -------------------------------------------------------- */

static int read_all(struct lodge *l, struct unfinished *list, size_t *nr,
		    char **uuids, unsigned int nr_uuids)
{
	unsigned int i;
	char *text;
	int rc = 0;

	for (i = 0; i < nr_uuids && !rc; i++) {
		rc = store_read(l, &text, ROOT "/%s", uuids[i]);
		/* One may have ended meanwhile. */
		if (!rc && parse(&list[*nr], uuids[i], text))
			(*nr)++;
		free(text);
	}
	return rc;
}

int unfinished_list(struct lodge *l, struct unfinished **list, size_t *nr)
{
	unsigned int nr_uuids;
	char **uuids;
	int rc = store_list(l, &uuids, &nr_uuids, ROOT);

	*nr = 0;
	*list = NULL;
	if (!rc && nr_uuids) {
		*list = calloc(nr_uuids, sizeof(**list));
		rc = *list ? read_all(l, *list, nr, uuids, nr_uuids)
			   : fail(l, ENOMEM, "there is no memory");
	}
	free(uuids);
	if (rc) {
		unfinished_free(*list, *nr);
		*list = NULL;
		*nr = 0;
	}
	return rc;
}

void unfinished_free(struct unfinished *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		free(list[i].name);
	free(list);
}

/* One that has not told its number has not told anything else either. */
bool unfinished_is(const struct unfinished *u, unsigned int domid,
		   const uint8_t uuid[16], const char *name)
{
	return !memcmp(u->uuid, uuid, 16) &&
	       (u->domid == STORE_NOBODY ? !name : u->domid == domid);
}
