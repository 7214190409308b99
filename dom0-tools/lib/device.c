/* SPDX-License-Identifier: MIT */
/*
 * device.c - a paravirtual device: two ends that meet in the store
 */
#include "device.h"

#include "clock.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xenbus.h>

#define PATH_MOST 128
#define STEP_MS	  2

static void front_path(char path[PATH_MOST], const struct device *d)
{
	snprintf(path, PATH_MOST, DEVICE_FRONT_PATH, d->domid, d->kind,
		 d->devid);
}

static void back_path(char path[PATH_MOST], const struct device *d)
{
	snprintf(path, PATH_MOST, DEVICE_BACK_PATH, d->kind, d->domid,
		 d->devid);
}

static const char *state_name(int state)
{
	static const char *const names[] = {
		"Unknown",     "Initialising",	"InitWait",
		"Initialised", "Connected",	"Closing",
		"Closed",      "Reconfiguring", "Reconfigured",
	};

	return state >= 0 && state <= XenbusStateReconfigured ? names[state]
							      : "none";
}

int device_check_driver(struct lodge *l, const char *kind)
{
	static const char *const modules[][2] = {
		{"vbd", "is the module xen-blkback loaded?"},
		{"vif", "is the module xen-netback loaded?"},
	};
	char path[PATH_MOST];
	size_t i;

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/drivers/%s", kind);
	if (!access(path, F_OK))
		return 0;
	fail(l, ENODEV, "Dom0 has no back end for \"%s\"", kind);
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (!strcmp(modules[i][0], kind))
			hint(l, modules[i][1]);
	return -ENODEV;
}

/* ---- nodes -------------------------------------------------------------- */

struct writer {
	struct store_change *t;
	const struct device *d;
	char front[PATH_MOST], back[PATH_MOST];
};

static int put_record(const struct writer *w, const char *name,
		      const char *value)
{
	const struct device *d = w->d;

	return store_put(w->t, STORE_KEEP, value, DEVICE_RECORD_PATH "/%s",
			 d->domid, d->kind, d->devid, name);
}

/* A guest's end is the guest's, and its back end may read it. */
static int put_node(const struct writer *w, const struct device_node *n)
{
	int rc = 0;

	if (!n->value)
		return 0;
	if (n->ends & DEVICE_FRONT)
		rc = store_put(w->t, STORE_OPEN(w->d->domid), n->value, "%s/%s",
			       w->front, n->name);
	if (!rc && n->ends & DEVICE_BACK)
		rc = store_put(w->t, STORE_SHOW(w->d->domid), n->value, "%s/%s",
			       w->back, n->name);
	if (!rc && n->ends & DEVICE_RECORD)
		rc = put_record(w, n->name, n->value);
	return rc;
}

static int put_nodes(const struct writer *w, const struct device_node *nodes,
		     size_t nr)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < nr && !rc; i++)
		rc = put_node(w, &nodes[i]);
	return rc;
}

int device_put(struct store_change *t, const struct device *d,
	       const struct device_node *nodes, size_t nr)
{
	struct writer w = {.t = t, .d = d};
	char id[16];
	const struct device_node common[] = {
		{DEVICE_FRONT | DEVICE_RECORD, "backend", w.back},
		{DEVICE_FRONT, "backend-id", "0"},
		{DEVICE_BACK | DEVICE_RECORD, "frontend", w.front},
		{DEVICE_BACK | DEVICE_RECORD, "frontend-id", id},
		{DEVICE_BACK | DEVICE_RECORD, "online", "1"},
	};
	/* Last: who sees it finds all the others. */
	const struct device_node state = {
		DEVICE_FRONT | DEVICE_BACK | DEVICE_RECORD,
		"state",
		"1",
	};
	int rc;

	front_path(w.front, d);
	back_path(w.back, d);
	snprintf(id, sizeof(id), "%u", d->domid);
	rc = store_put(t, STORE_OPEN(d->domid), "", "%s", w.front);
	if (!rc)
		rc = store_put(t, STORE_SHOW(d->domid), "", "%s", w.back);
	if (!rc)
		rc = put_nodes(&w, common, sizeof(common) / sizeof(common[0]));
	if (!rc)
		rc = put_nodes(&w, nodes, nr);
	return rc ? rc : put_node(&w, &state);
}

struct tell {
	struct lodge *l;
	const struct device *d;
	const char *name, *value;
};

/* A node that is written makes those above it: not of a device that is gone. */
static int tell_one(struct store_change *t, void *arg)
{
	const struct tell *one = arg;
	const struct device *d = one->d;
	char *state;
	int rc = store_get(t, &state, DEVICE_BACK_PATH "/state", d->kind,
			   d->domid, d->devid);
	bool there = state;

	free(state);
	if (rc)
		return rc;
	if (!there)
		return fail(one->l, ESRCH, "%s %u has gone meanwhile", d->kind,
			    d->devid);
	return store_put(t, STORE_SHOW(d->domid), one->value,
			 DEVICE_BACK_PATH "/%s", d->kind, d->domid, d->devid,
			 one->name);
}

int device_tell_back(struct lodge *l, const struct device *d, const char *name,
		     const char *value)
{
	struct tell one = {
		.l = l,
		.d = d,
		.name = name,
		.value = value,
	};

	return store_change(l, tell_one, &one);
}

/* ---- waiting ------------------------------------------------------------ */

static int state_of(const char *text)
{
	return text ? atoi(text) : -1;
}

int device_stalled(struct lodge *l, const struct device *d, int code)
{
	char *why = NULL, *state = NULL;
	int rc;

	rc = store_read(l, &why, DEVICE_TROUBLE_PATH "/error", d->kind,
			d->domid, d->devid);
	if (!rc)
		rc = store_read(l, &state, DEVICE_BACK_PATH "/state", d->kind,
				d->domid, d->devid);
	if (!rc)
		rc = fail(l, code,
			  "the back end of %s %u in Dom0 is in state "
			  "%s%s%s",
			  d->kind, d->devid, state_name(state_of(state)),
			  why ? ": error " : "", why ? why : "");
	free(why);
	free(state);
	return rc;
}

int device_wait_sysfs(int (*look)(const void *arg), const void *arg, long end)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	int rc;

	while (!(rc = look(arg))) {
		if (clock_ms() >= end)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
	}
	return rc < 0 ? rc : 0;
}

struct state_wait {
	struct lodge *l;
	const struct device *d;
	int state;
};

static int look_at_state(void *arg)
{
	struct state_wait *w = arg;
	const struct device *d = w->d;
	char *text;
	int rc = store_read(w->l, &text, DEVICE_BACK_PATH "/state", d->kind,
			    d->domid, d->devid);

	w->state = state_of(text);
	free(text);
	return rc ? rc : w->state != XenbusStateInitialising;
}

int device_wait_back(struct lodge *l, const struct device *d)
{
	struct state_wait w = {.l = l, .d = d};
	char path[PATH_MOST + 8];
	int rc;

	snprintf(path, sizeof(path), DEVICE_BACK_PATH "/state", d->kind,
		 d->domid, d->devid);
	rc = store_wait(l, path, look_at_state, &w, DEVICE_DEADLINE_MS);
	/* A guest that runs may be quick. */
	if (!rc && w.state >= XenbusStateInitWait &&
	    w.state <= XenbusStateConnected)
		return 0;
	return rc && rc != -ETIMEDOUT ? rc
				      : device_stalled(l, d, rc ? -rc : EIO);
}
