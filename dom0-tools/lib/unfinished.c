/* SPDX-License-Identifier: MIT */
/*
 * unfinished.c - domains that are being made or ended, and who is at it
 */
#include "unfinished.h"

#include "config.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/lodge/unfinished"

/* ---- processes ---------------------------------------------------------- */

/* When it was started: two of one number differ by that. False: it is gone. */
static bool find_start(unsigned int pid, unsigned long long *start)
{
	char path[32], line[1024], *p = NULL, state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	/* Its name, in brackets, may have any bytes; then state and numbers. */
	if (fgets(line, sizeof(line), f))
		p = strrchr(line, ')');
	fclose(f);
	return p &&
	       sscanf(p + 1,
		      " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		      "%*s %*s %*s %*s %*s %*s %llu",
		      &state, start) == 2 &&
	       state != 'Z' && state != 'X';
}

static bool is_abandoned(const struct unfinished *u)
{
	unsigned long long start;

	return !find_start(u->pid, &start) || start != u->start;
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

static int put(struct lodge *l, struct store_change *t, const char *uuid,
	       unsigned int domid, const char *name)
{
	unsigned int pid = (unsigned int)getpid();
	unsigned long long start;
	char *text;
	int rc;

	if (!find_start(pid, &start))
		return fail(l, EIO, "/proc does not tell of this process");
	if (asprintf(&text, "%u %llu %u %s", pid, start, domid, name) < 0)
		return fail(l, ENOMEM, "there is no memory");
	rc = store_put(t, STORE_KEEP, text, ROOT "/%s", uuid);
	free(text);
	return rc;
}

/* Of one name, at work. */
static int check_one(struct lodge *l, struct store_change *t, const char *node,
		     const uint8_t uuid[16], const char *name)
{
	struct unfinished u = {.name = NULL};
	char *text;
	int rc = store_get(t, &text, ROOT "/%s", node);

	if (!rc && parse(&u, node, text) && !u.abandoned &&
	    (!strcmp(u.name, name) || !memcmp(u.uuid, uuid, 16)))
		rc = fail(l, EEXIST,
			  "process %u is creating or destroying \"%s\", %s",
			  u.pid, u.name, node);
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

int unfinished_end(struct store_change *t, const uint8_t uuid[16])
{
	char text[UUID_TEXT];

	uuid_text(text, uuid);
	return store_remove(t, ROOT "/%s", text);
}

static int end_one(struct store_change *t, void *arg)
{
	return unfinished_end(t, arg);
}

int unfinished_forget(struct lodge *l, const uint8_t uuid[16])
{
	uint8_t copy[16];

	memcpy(copy, uuid, sizeof(copy));
	return store_change(l, end_one, copy);
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
