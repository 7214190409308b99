/* SPDX-License-Identifier: MIT */
/*
 * store.c - what the library asks of xenstore, and what it changes
 */
#include "store.h"

#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore.h"

int store_open(struct lodge *l)
{
	if (l->store)
		return 0;
	l->store = xs_open(0);
	if (l->store)
		return 0;
	fail(l, errno, "cannot speak to the store: %s", strerror(errno));
	hint(l, "does xenstored run?");
	return -lodge_error(l)->code;
}

#define PATH_MOST 256

struct store_change {
	struct lodge *l;
	xs_transaction_t t;
};

static int refused(struct lodge *l, const char *what, const char *path)
{
	int error = errno;

	return fail(l, error, "cannot %s %s in the store: %s", what, path,
		    strerror(error));
}

/* 0; -ENAMETOOLONG, and an error: there is no such long path */
static int make_path(struct lodge *l, char path[PATH_MOST],
		     const char *format, va_list ap)
{
	int length = vsnprintf(path, PATH_MOST, format, ap);

	if (length >= 0 && length < PATH_MOST)
		return 0;
	return fail(l, ENAMETOOLONG, "%s... is too long for the store", path);
}

/* That of the caller's format and the arguments behind it; as make_path() */
#define MAKE_PATH(l, path, format)                                \
	({                                                        \
		va_list ap_;                                      \
		int rc_;                                          \
								  \
		va_start(ap_, format);                            \
		rc_ = make_path(l, path, format, ap_);            \
		va_end(ap_);                                      \
		rc_;                                              \
	})

/* ---- reading ------------------------------------------------------------ */

/* What we may not see is not there. */
static int read_node(struct lodge *l, xs_transaction_t t, char **value,
		     const char *path)
{
	unsigned int length;

	*value = xs_read(l->store, t, path, &length);
	return *value || errno == ENOENT || errno == EACCES
		       ? 0
		       : refused(l, "read", path);
}

int store_read(struct lodge *l, char **value, const char *format, ...)
{
	char path[PATH_MOST];
	int rc = store_open(l);

	*value = NULL;
	if (!rc)
		rc = MAKE_PATH(l, path, format);
	return rc ? rc : read_node(l, XBT_NULL, value, path);
}

int store_get(struct store_change *t, char **value, const char *format, ...)
{
	char path[PATH_MOST];
	int rc = MAKE_PATH(t->l, path, format);

	*value = NULL;
	return rc ? rc : read_node(t->l, t->t, value, path);
}

char *store_control(struct lodge *l, const char *command, const char *word)
{
	char argument[32];
	int length = snprintf(argument, sizeof(argument), "%s", word);

	if (store_open(l) || length < 0 || length >= (int)sizeof(argument))
		return NULL;
	return xs_control_command(l->store, command, argument,
				  (unsigned int)length + 1);
}

static int list_node(struct lodge *l, xs_transaction_t t, char ***list,
		     unsigned int *nr, const char *path)
{
	*nr = 0;
	*list = xs_directory(l->store, t, path, nr);
	return *list || errno == ENOENT ? 0 : refused(l, "list", path);
}

int store_list(struct lodge *l, char ***list, unsigned int *nr,
	       const char *format, ...)
{
	char path[PATH_MOST];
	int rc = store_open(l);

	*list = NULL;
	*nr = 0;
	if (!rc)
		rc = MAKE_PATH(l, path, format);
	return rc ? rc : list_node(l, XBT_NULL, list, nr, path);
}

int store_get_list(struct store_change *t, char ***list, unsigned int *nr,
		   const char *format, ...)
{
	char path[PATH_MOST];
	int rc = MAKE_PATH(t->l, path, format);

	*list = NULL;
	*nr = 0;
	return rc ? rc : list_node(t->l, t->t, list, nr, path);
}

/* ---- changes ------------------------------------------------------------ */

int store_change(struct lodge *l,
		 int (*fill)(struct store_change *t, void *arg), void *arg)
{
	struct store_change change = {.l = l};
	int rc = store_open(l);

	if (rc)
		return rc;
	do {
		change.t = xs_transaction_start(l->store);
		if (change.t == XBT_NULL)
			return refused(l, "change", "anything");
		rc = fill(&change, arg);
		if (rc) {
			xs_transaction_end(l->store, change.t, true);
			return rc;
		}
		if (xs_transaction_end(l->store, change.t, false))
			return 0;
	} while (errno == EAGAIN);
	return refused(l, "complete the changes", "made");
}

int store_put(struct store_change *t, struct store_rights rights,
	      const char *value, const char *format, ...)
{
	struct xs_permissions perms[] = {
		{.id = rights.owner, .perms = XS_PERM_NONE},
		{.id = rights.reader, .perms = XS_PERM_READ},
	};
	char path[PATH_MOST];
	int rc = MAKE_PATH(t->l, path, format);

	if (rc)
		return rc;
	if (!xs_write(t->l->store, t->t, path, value,
		      (unsigned int)strlen(value)))
		return refused(t->l, "write", path);
	return xs_set_permissions(t->l->store, t->t, path, perms,
				  (unsigned int)rights.nr)
		       ? 0
		       : refused(t->l, "give rights to", path);
}

int store_remove(struct store_change *t, const char *format, ...)
{
	char path[PATH_MOST];
	int rc = MAKE_PATH(t->l, path, format);

	if (rc)
		return rc;
	return xs_rm(t->l->store, t->t, path) || errno == ENOENT
		       ? 0
		       : refused(t->l, "remove", path);
}

int store_find_name(struct store_change *t, const char *name,
		    unsigned int *domid)
{
	unsigned int nr, i;
	char **ids, *other;
	int rc = store_get_list(t, &ids, &nr, "/local/domain");

	*domid = STORE_NOBODY;
	for (i = 0; i < nr && !rc && *domid == STORE_NOBODY; i++) {
		rc = store_get(t, &other, "/local/domain/%s/name", ids[i]);
		if (other && !strcmp(other, name))
			*domid = (unsigned int)strtoul(ids[i], NULL, 10);
		free(other);
	}
	free(ids);
	return rc;
}

/* ---- rings -------------------------------------------------------------- */

int store_introduce(struct lodge *l, unsigned int domid, uint64_t mfn,
		    unsigned int port)
{
	int rc = store_open(l);

	if (rc)
		return rc;
	return xs_introduce_domain(l->store, domid, mfn, port)
		       ? 0
		       : fail(l, errno, "the store does not take up domain "
			      "%u: %s", domid, strerror(errno));
}

int store_release(struct lodge *l, unsigned int domid)
{
	int rc = store_open(l);

	if (rc)
		return rc;
	/* It may have been released, or never been taken up. */
	return xs_release_domain(l->store, domid) || errno == ENOENT ||
			       errno == EINVAL
		       ? 0
		       : fail(l, errno, "the store does not let go of domain "
			      "%u: %s", domid, strerror(errno));
}
