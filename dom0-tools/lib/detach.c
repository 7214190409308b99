/* SPDX-License-Identifier: MIT */
/*
 * detach.c - the end of a guest's devices
 *
 *   all, of a guest that does not run, or one by force:
 *	take the guest's end --> wait for the driver --> forget
 *   one:
 *	the back end closes --> the guest's does --> the driver ends --> forget
 *
 * A back end whose other end is gone or closed, and that is not online, ends
 * by itself. What it writes into the store comes before it has ended, and a
 * guest can have it end earlier: so the kernel's own objects are waited for.
 */
#include "attached.h"
#include "clock.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/io/xenbus.h>

struct detachment {
	struct lodge *l;
	struct attached *list;
	bool asked; /* the guest is to close its end */
};

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
	const struct attached *f;
	int rc = 0;

	for (f = a->list; f && !rc; f = f->next) {
		rc = close_back(t, &f->d);
		if (!rc)
			rc = store_remove(t, DEVICE_FRONT_PATH, f->d.domid,
					  f->kind, f->d.devid);
	}
	return rc;
}

/* No driver of the guest's has it, or none any more. */
static bool is_idle(const char *state)
{
	return !state || atoi(state) == XenbusStateInitialising ||
	       atoi(state) == XenbusStateClosed;
}

static int ask_front(struct store_change *t, void *arg)
{
	struct detachment *a = arg;
	const struct device *d = &a->list->d;
	char *state;
	int rc = store_get(t, &state, DEVICE_FRONT_PATH "/state", d->domid,
			   d->kind, d->devid);

	a->asked = !is_idle(state);
	free(state);
	if (rc)
		return rc;
	return a->asked ? close_back(t, d) : take_front(t, a);
}

/* A device below a directory, which goes with the last one. */
__attribute__((format(printf, 3, 4))) static int
remove_from(struct store_change *t, unsigned int devid, const char *format, ...)
{
	char directory[128], **left;
	unsigned int nr;
	va_list ap;
	int rc;

	va_start(ap, format);
	vsnprintf(directory, sizeof(directory), format, ap);
	va_end(ap);
	rc = store_remove(t, "%s/%u", directory, devid);
	if (!rc)
		rc = store_get_list(t, &left, &nr, "%s", directory);
	if (rc)
		return rc;
	free(left);
	return nr ? 0 : store_remove(t, "%s", directory);
}

static int forget_one(struct store_change *t, const struct device *d)
{
	int rc = remove_from(t, d->devid, "/local/domain/0/backend/%s/%u",
			     d->kind, d->domid);

	if (!rc)
		rc = remove_from(t, d->devid,
				 "/local/domain/0/error/backend/%s/%u",
				 d->kind, d->domid);
	if (!rc)
		rc = remove_from(t, d->devid, "/local/domain/%u/device/%s",
				 d->domid, d->kind);
	return rc ? rc
		  : remove_from(t, d->devid, "/libxl/%u/device/%s", d->domid,
				d->kind);
}

static int forget(struct store_change *t, void *arg)
{
	const struct detachment *a = arg;
	const struct attached *f;
	int rc = 0;

	for (f = a->list; f && !rc; f = f->next)
		rc = forget_one(t, &f->d);
	return rc;
}

/* A device that no driver has taken up stays until its nodes go. */
static int is_gone(const void *arg)
{
	const struct attached *f = arg;
	char driver[96];

	snprintf(driver, sizeof(driver), "/sys/devices/%s-%u-%u/driver",
		 f->kind, f->d.domid, f->d.devid);
	return access(driver, F_OK) && (!*f->loop || access(f->loop, F_OK));
}

/*
 * All of them, by one deadline: however many stall. The last that does not let
 * go is what is told.
 */
static int wait_all(const struct detachment *a)
{
	long end = clock_ms() + DEVICE_DEADLINE_MS;
	const struct attached *f;
	int rc = 0;

	for (f = a->list; f; f = f->next)
		if (device_wait_sysfs(is_gone, f, end))
			rc = device_stalled(a->l, &f->d, ETIMEDOUT);
	return rc;
}

static int end_all(struct detachment *a)
{
	int rc = store_change(a->l, take_front, a), waited;

	if (rc)
		return rc;
	waited = wait_all(a);
	rc = store_change(a->l, forget, a);
	return rc ? rc : waited;
}

int device_detach_all(struct lodge *l, unsigned int domid)
{
	struct detachment a = {.l = l};
	int rc = attached_find(l, domid, &a.list);

	if (!rc && a.list)
		rc = end_all(&a);
	attached_free(a.list);
	return rc;
}

int device_check_detach(struct lodge *l, unsigned int domid)
{
	struct attached *list;
	int rc = attached_find(l, domid, &list);

	attached_free(list);
	return rc;
}

/* ---- one ---------------------------------------------------------------- */

/* A guest that does not let go may still use it: then nothing is forgotten. */
static int end_one(struct detachment *a)
{
	const struct device *d = &a->list->d;
	int rc = store_change(a->l, ask_front, a);

	if (rc)
		return rc;
	if (!device_wait_sysfs(is_gone, a->list,
			       clock_ms() + DEVICE_DEADLINE_MS))
		return store_change(a->l, forget, a);
	if (!a->asked)
		return device_stalled(a->l, d, ETIMEDOUT);
	fail(a->l, ETIMEDOUT, "the guest does not let go of %s %u", d->kind,
	     d->devid);
	hint(a->l, "is it paused? --force takes the device away");
	return -ETIMEDOUT;
}

int device_detach(struct lodge *l, const struct device *d, bool force)
{
	struct detachment a = {.l = l};
	int rc = attached_find_one(l, d, &a.list);

	if (!rc)
		rc = force ? end_all(&a) : end_one(&a);
	attached_free(a.list);
	return rc;
}
