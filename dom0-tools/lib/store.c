/* SPDX-License-Identifier: MIT */
/*
 * store.c - what the library asks of xenstore
 */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore.h"

static int open_store(struct lodge *l)
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
	rc = open_store(l);
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
