/* SPDX-License-Identifier: MIT */
/*
 * detach.c - the end of a guest's devices
 *
 *   Look at all --> take the guest's ends --> wait for the drivers --> forget
 *
 * A back end whose other end is gone, and that is not online, ends by itself.
 * What it writes into the store comes before it has ended, and a guest can
 * have it end earlier: so the kernel's own objects are waited for.
 */
#include "device.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct found {
	struct found *next;
	struct device d;
	char kind[32];
	char loop[64]; /* in sysfs while it serves; "": none */
};

struct detachment {
	struct lodge *l;
	unsigned int domid;
	struct found *list;
};

/* ---- what there is ------------------------------------------------------ */

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
static int find_loop(struct lodge *l, struct found *f)
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

static int add_device(struct detachment *a, const char *kind, const char *id)
{
	struct found *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return fail(a->l, ENOMEM, "there is no memory");
	snprintf(f->kind, sizeof(f->kind), "%s", kind);
	f->d = (struct device){
		.kind = f->kind,
		.domid = a->domid,
		.devid = (unsigned int)strtoul(id, NULL, 10),
	};
	f->next = a->list;
	a->list = f;
	rc = check_script(a->l, &f->d);
	if (!rc)
		rc = check_back(a->l, &f->d);
	return rc ? rc : find_loop(a->l, f);
}

static int find_kind(struct detachment *a, const char *kind)
{
	char **ids;
	unsigned int nr, i;
	int rc;

	/* The console is the store's: its daemon sees the domain go. */
	if (!strcmp(kind, "console"))
		return 0;
	rc = store_list(a->l, &ids, &nr, "/libxl/%u/device/%s", a->domid, kind);
	for (i = 0; i < nr && !rc; i++)
		rc = add_device(a, kind, ids[i]);
	free(ids);
	return rc;
}

static int find_devices(struct detachment *a)
{
	char **kinds;
	unsigned int nr, i;
	int rc = store_list(a->l, &kinds, &nr, "/libxl/%u/device", a->domid);

	for (i = 0; i < nr && !rc; i++)
		rc = find_kind(a, kinds[i]);
	free(kinds);
	return rc;
}

static void free_list(struct found *f)
{
	struct found *next;

	for (; f; f = next) {
		next = f->next;
		free(f);
	}
}

/* ---- the end ------------------------------------------------------------ */

/*
 * Not to be served again, and about to close, as Linux wants it. Somebody else
 * may have ended it meanwhile: then nothing is written.
 */
static int close_back(struct store_change *t, const struct device *d)
{
	static const char *const nodes[][2] = {{"online", "0"}, {"state", "5"}};
	char *state;
	size_t i;
	int rc = store_get(t, &state, DEVICE_BACK_PATH "/state", d->kind,
			   d->domid, d->devid);

	for (i = 0; i < 2 && !rc && state; i++)
		rc = store_put(t, STORE_SHOW(d->domid), nodes[i][1],
			       DEVICE_BACK_PATH "/%s", d->kind, d->domid,
			       d->devid, nodes[i][0]);
	free(state);
	return rc;
}

static int take_front(struct store_change *t, void *arg)
{
	const struct detachment *a = arg;
	const struct found *f;
	int rc = 0;

	for (f = a->list; f && !rc; f = f->next) {
		rc = close_back(t, &f->d);
		if (!rc)
			rc = store_remove(t, DEVICE_FRONT_PATH, a->domid,
					  f->kind, f->d.devid);
	}
	return rc;
}

static int forget_back(struct store_change *t, void *arg)
{
	const struct detachment *a = arg;
	const struct found *f;
	int rc = 0;

	for (f = a->list; f && !rc; f = f->next) {
		rc = store_remove(t, "/local/domain/0/backend/%s/%u", f->kind,
				  a->domid);
		if (!rc)
			rc = store_remove(t,
					  "/local/domain/0/error/backend/"
					  "%s/%u",
					  f->kind, a->domid);
		if (!rc)
			rc = store_remove(t, "/libxl/%u/device/%s", a->domid,
					  f->kind);
	}
	return rc;
}

/* A device that no driver has taken up stays until its nodes go. */
static int is_gone(const void *arg)
{
	const struct found *f = arg;
	char driver[96];

	snprintf(driver, sizeof(driver), "/sys/devices/%s-%u-%u/driver",
		 f->kind, f->d.domid, f->d.devid);
	return access(driver, F_OK) && (!*f->loop || access(f->loop, F_OK));
}

/* All of them; the last that does not let go is what is told. */
static int wait_all(const struct detachment *a)
{
	const struct found *f;
	int rc = 0;

	for (f = a->list; f; f = f->next)
		if (device_wait_sysfs(is_gone, f))
			rc = device_stalled(a->l, &f->d, ETIMEDOUT);
	return rc;
}

static int detach(struct detachment *a)
{
	int rc = find_devices(a), waited;

	if (rc || !a->list)
		return rc;
	rc = store_change(a->l, take_front, a);
	if (rc)
		return rc;
	waited = wait_all(a);
	rc = store_change(a->l, forget_back, a);
	return rc ? rc : waited;
}

int device_detach_all(struct lodge *l, unsigned int domid)
{
	struct detachment a = {.l = l, .domid = domid};
	int rc = detach(&a);

	free_list(a.list);
	return rc;
}

int device_check_detach(struct lodge *l, unsigned int domid)
{
	struct detachment a = {.l = l, .domid = domid};
	int rc = find_devices(&a);

	free_list(a.list);
	return rc;
}
