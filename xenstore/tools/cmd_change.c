/* SPDX-License-Identifier: MIT */
/*
 * cmd_change.c - write, rm, chmod; each in one transaction
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static int complain(const char *what, const char *path)
{
	fprintf(stderr, "%s: could not %s path %s\n", tool_name, what, path);
	return 1;
}

int cmd_write(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	      int argc, char **argv)
{
	char *value;
	size_t len;
	bool ok;
	int i;

	if (argc % 2)
		fail("a value is missing for %s", argv[argc - 1]);
	for (i = 0; i < argc; i += 2) {
		value = strdup(argv[i + 1]);
		if (!value)
			fail("out of memory");
		len = o->raw ? strlen(value) : text_unescape(value);
		ok = xs_write(h, t, argv[i], value, (unsigned int)len);
		free(value);
		if (!ok)
			return complain("write", argv[i]);
	}
	return 0;
}

/* Has the node neither children nor a value? */
static bool is_empty(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	unsigned int nr = 0, len = 0;
	char **names = xs_directory(h, t, path, &nr);
	char *value = xs_read(h, t, path, &len);
	bool empty = names && value && !nr && !len;

	free(names);
	free(value);
	return empty;
}

/* Remove what @path leaves empty above it. */
static int tidy(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	char *up = text_parent(path), *next;
	int rc = 0;

	while (up && strcmp(up, "/") && is_empty(h, t, up) && !rc) {
		if (!xs_rm(h, t, up))
			rc = complain("remove", up);
		next = text_parent(up);
		free(up);
		up = next;
	}
	free(up);
	return rc;
}

int cmd_rm(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	   int argc, char **argv)
{
	int i, rc = 0;

	for (i = 0; i < argc && !rc; i++) {
		if (!xs_rm(h, t, argv[i]))
			rc = complain("remove", argv[i]);
		else if (o->tidy)
			rc = tidy(h, t, argv[i]);
	}
	return rc;
}

struct change {
	struct xs_handle *h;
	xs_transaction_t t;
	struct xs_permissions *perms;
	unsigned int nr;
};

static int chmod_one(const struct change *c, const char *path)
{
	if (xs_set_permissions(c->h, c->t, path, c->perms, c->nr))
		return 0;
	fprintf(stderr, "%s: Error occurred setting permissions on '%s': %s\n",
		tool_name, path, strerror(errno));
	return 1;
}

static int chmod_below(const struct change *c, const char *path)
{
	unsigned int nr, i;
	char **names = xs_directory(c->h, c->t, path, &nr), *child;
	int rc = 0;

	if (!names)
		return complain("list", path);
	for (i = 0; i < nr && !rc; i++) {
		child = text_join(path, names[i]);
		rc = chmod_one(c, child);
		if (!rc)
			rc = chmod_below(c, child);
		free(child);
	}
	free(names);
	return rc;
}

static int chmod_above(const struct change *c, const char *path)
{
	char *up = text_parent(path), *next;
	int rc = 0;

	while (up && strcmp(up, "/") && !rc) {
		rc = chmod_one(c, up);
		next = text_parent(up);
		free(up);
		up = next;
	}
	free(up);
	return rc;
}

int cmd_chmod(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	      int argc, char **argv)
{
	struct change c = { h, t, NULL, (unsigned int)argc - 1 };
	unsigned int i;
	int rc;

	c.perms = calloc(c.nr, sizeof(*c.perms));
	if (!c.perms)
		fail("out of memory");
	for (i = 0; i < c.nr; i++)
		if (!xs_strings_to_perms(&c.perms[i], 1, argv[i + 1]))
			fail("Invalid permission specification: '%s'",
			     argv[i + 1]);
	rc = chmod_one(&c, argv[0]);
	if (!rc && o->upto)
		rc = chmod_above(&c, argv[0]);
	if (!rc && o->recurse)
		rc = chmod_below(&c, argv[0]);
	free(c.perms);
	return rc;
}
