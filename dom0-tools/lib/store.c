/* SPDX-License-Identifier: MIT */
/*
 * store.c - what the library asks of xenstore, and what it changes
 */
#include "store.h"

#include "host.h"

#include <errno.h>
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

int store_read(struct lodge *l, char **value, const char *path, ...)
{
	unsigned int length;
	char full[256];
	va_list ap;
	int rc;

	*value = NULL;
	rc = store_open(l);
	if (rc)
		return rc;
	va_start(ap, path);
	vsnprintf(full, sizeof(full), path, ap);
	va_end(ap);
	*value = xs_read(l->store, XBT_NULL, full, &length);
	if (*value || errno == ENOENT || errno == EACCES)
		return 0;
	return fail(l, errno, "cannot read %s in the store: %s", full,
		    strerror(errno));
}

/* ---- changes ------------------------------------------------------------ */

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

/* False, and an error: there is no such long path. */
static bool make_path(struct lodge *l, char path[PATH_MOST],
		      const char *format, va_list ap)
{
	int length = vsnprintf(path, PATH_MOST, format, ap);

	if (length >= 0 && length < PATH_MOST)
		return true;
	fail(l, ENAMETOOLONG, "%s... is too long for the store", path);
	return false;
}

int store_put(struct store_change *t, struct store_rights rights,
	      const char *value, const char *format, ...)
{
	struct xs_permissions perms[] = {
		{.id = rights.owner, .perms = XS_PERM_NONE},
		{.id = rights.reader, .perms = XS_PERM_READ},
	};
	char path[PATH_MOST];
	va_list ap;
	bool ok;

	va_start(ap, format);
	ok = make_path(t->l, path, format, ap);
	va_end(ap);
	if (!ok)
		return -ENAMETOOLONG;
	if (!xs_write(t->l->store, t->t, path, value,
		      (unsigned int)strlen(value)))
		return refused(t->l, "write", path);
	return xs_set_permissions(t->l->store, t->t, path, perms,
				  (unsigned int)rights.nr)
		       ? 0
		       : refused(t->l, "give rights to", path);
}

int store_get(struct store_change *t, char **value, const char *format, ...)
{
	unsigned int length;
	char path[PATH_MOST];
	va_list ap;
	bool ok;

	*value = NULL;
	va_start(ap, format);
	ok = make_path(t->l, path, format, ap);
	va_end(ap);
	if (!ok)
		return -ENAMETOOLONG;
	*value = xs_read(t->l->store, t->t, path, &length);
	return *value || errno == ENOENT ? 0 : refused(t->l, "read", path);
}

int store_remove(struct store_change *t, const char *format, ...)
{
	char path[PATH_MOST];
	va_list ap;
	bool ok;

	va_start(ap, format);
	ok = make_path(t->l, path, format, ap);
	va_end(ap);
	if (!ok)
		return -ENAMETOOLONG;
	return xs_rm(t->l->store, t->t, path) || errno == ENOENT
		       ? 0
		       : refused(t->l, "remove", path);
}

int store_find_name(struct store_change *t, const char *name,
		    unsigned int *domid)
{
	unsigned int nr, length, i;
	char path[PATH_MOST], **ids, *other;

	*domid = STORE_NOBODY;
	ids = xs_directory(t->l->store, t->t, "/local/domain", &nr);
	if (!ids)
		return errno == ENOENT ? 0 : refused(t->l, "list",
						     "/local/domain");
	for (i = 0; i < nr && *domid == STORE_NOBODY; i++) {
		snprintf(path, sizeof(path), "/local/domain/%s/name", ids[i]);
		other = xs_read(t->l->store, t->t, path, &length);
		if (other && !strcmp(other, name))
			*domid = (unsigned int)strtoul(ids[i], NULL, 10);
		free(other);
	}
	free(ids);
	return 0;
}

int store_list(struct lodge *l, char ***list, unsigned int *nr,
	       const char *format, ...)
{
	char path[PATH_MOST];
	int rc = store_open(l);
	va_list ap;
	bool ok;

	*list = NULL;
	*nr = 0;
	if (rc)
		return rc;
	va_start(ap, format);
	ok = make_path(l, path, format, ap);
	va_end(ap);
	if (!ok)
		return -ENAMETOOLONG;
	*list = xs_directory(l->store, XBT_NULL, path, nr);
	return *list || errno == ENOENT ? 0 : refused(l, "list", path);
}

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
