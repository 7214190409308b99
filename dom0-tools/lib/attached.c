/* SPDX-License-Identifier: MIT */
/*
 * attached.c - the devices that a guest has, as far as they are ours to end
 */
#include "attached.h"

#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- is it ours? -------------------------------------------------------- */

static int check_script(struct lodge *l, const struct device *d)
{
	char *script;
	int rc = store_read(l, &script, DEVICE_RECORD_PATH "/script", d->domid,
			    d->kind, d->devid);

	if (rc || !script)
		return rc;
	fail(l, EOPNOTSUPP,
	     "%s %u was attached by the script %s, which this "
	     "version does not run",
	     d->kind, d->devid, script);
	hint(l, "end it with the tool that attached it");
	free(script);
	return -EOPNOTSUPP;
}

/* It may be served by a program, or by another domain. */
static int check_back(struct lodge *l, const struct device *d)
{
	char ours[128], *theirs;
	int rc = store_read(l, &theirs, DEVICE_RECORD_PATH "/backend", d->domid,
			    d->kind, d->devid);

	if (rc)
		return rc;
	snprintf(ours, sizeof(ours), DEVICE_BACK_PATH, d->kind, d->domid,
		 d->devid);
	if (!theirs || strcmp(theirs, ours)) {
		rc = fail(l, EOPNOTSUPP,
			  "%s %u is not served by Dom0's "
			  "kernel",
			  d->kind, d->devid);
		hint(l, "end it with the tool that attached it");
	}
	free(theirs);
	return rc;
}

/* A loop device that is not what was asked for was made for this disk. */
static int find_loop(struct lodge *l, struct attached *f)
{
	const struct device *d = &f->d;
	char *path, *target = NULL;
	unsigned int nr;
	int rc = store_read(l, &path, DEVICE_BACK_PATH "/physical-device-path",
			    d->kind, d->domid, d->devid);

	if (!rc)
		rc = store_read(l, &target, DEVICE_BACK_PATH "/params",
				d->kind, d->domid, d->devid);
	if (path && target && strcmp(path, target) &&
	    sscanf(path, "/dev/loop%u", &nr) == 1)
		snprintf(f->loop, sizeof(f->loop),
			 "/sys/block/loop%u/loop/backing_file", nr);
	free(path);
	free(target);
	return rc;
}

/* ---- lists -------------------------------------------------------------- */

static int add_device(struct lodge *l, struct attached **list,
		      unsigned int domid, const char *kind, unsigned int devid)
{
	struct attached *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return fail(l, ENOMEM, "there is no memory");
	snprintf(f->kind, sizeof(f->kind), "%s", kind);
	f->d = (struct device){f->kind, domid, devid};
	f->next = *list;
	*list = f;
	rc = check_script(l, &f->d);
	if (!rc)
		rc = check_back(l, &f->d);
	return rc ? rc : find_loop(l, f);
}

static int find_kind(struct lodge *l, struct attached **list,
		     unsigned int domid, const char *kind)
{
	char **ids;
	unsigned int nr, i;
	int rc;

	/* The console is the store's: its daemon sees the domain go. */
	if (!strcmp(kind, "console"))
		return 0;
	rc = store_list(l, &ids, &nr, "/libxl/%u/device/%s", domid, kind);
	for (i = 0; i < nr && !rc; i++)
		rc = add_device(l, list, domid, kind,
				(unsigned int)strtoul(ids[i], NULL, 10));
	free(ids);
	return rc;
}

int attached_find(struct lodge *l, unsigned int domid, struct attached **list)
{
	char **kinds;
	unsigned int nr, i;
	int rc = store_list(l, &kinds, &nr, "/libxl/%u/device", domid);

	*list = NULL;
	for (i = 0; i < nr && !rc; i++)
		rc = find_kind(l, list, domid, kinds[i]);
	free(kinds);
	return rc;
}

int attached_find_one(struct lodge *l, const struct device *d,
		      struct attached **list)
{
	char *backend;
	int rc = store_read(l, &backend, DEVICE_RECORD_PATH "/backend",
			    d->domid, d->kind, d->devid);
	bool there = backend;

	*list = NULL;
	free(backend);
	if (rc)
		return rc;
	return there ? add_device(l, list, d->domid, d->kind, d->devid)
		     : fail(l, ENOENT, "it has no %s %u", d->kind, d->devid);
}

void attached_free(struct attached *list)
{
	struct attached *next;

	for (; list; list = next) {
		next = list->next;
		free(list);
	}
}
