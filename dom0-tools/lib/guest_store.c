/* SPDX-License-Identifier: MIT */
/*
 * guest_store.c - what the store says of a guest
 */
#include "guest_store.h"

#include "guest_devices.h"
#include "host.h"
#include "restart.h"
#include "store.h"
#include "unfinished.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void uuid_text(char text[UUID_TEXT], const uint8_t uuid[16])
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		text += sprintf(text, "%s%02x",
				i == 4 || i == 6 || i == 8 || i == 10 ? "-"
								      : "",
				uuid[i]);
}

/* One transaction at work. */
struct writing {
	struct lodge *l;
	struct store_change *t;
	const struct guest_record *r;
	const struct lodge_domain_config *c;
	unsigned int domid;
	char uuid[UUID_TEXT];
};

/* ---- nodes -------------------------------------------------------------- */

/* Nodes of the guest's own, below its directory. */
static const char *const given[] = {
	"control/shutdown", "control/feature-poweroff",
	"control/feature-reboot", "control/feature-suspend", "control/sysrq",
	"device/suspend/event-channel", "data", "drivers", "error", "feature",
	"attr",
};

static int give_nodes(const struct writing *w)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(given) / sizeof(given[0]) && !rc; i++)
		rc = store_put(w->t, STORE_GIVE(w->domid), "",
			       "/local/domain/%u/%s", w->domid, given[i]);
	return rc;
}

/* A text, and a number, below the guest's directory. */
static int put(const struct writing *w, const char *node, const char *value)
{
	return store_put(w->t, STORE_SHOW(w->domid), value,
			 "/local/domain/%u/%s", w->domid, node);
}

static int put_number(const struct writing *w, const char *node,
		      uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return put(w, node, text);
}

static int put_vcpus(const struct writing *w)
{
	char node[40];
	unsigned int i;
	int rc = 0;

	for (i = 0; i < w->c->max_vcpus && !rc; i++) {
		snprintf(node, sizeof(node), "cpu/%u/availability", i);
		rc = put(w, node, i < w->c->vcpus ? "online" : "offline");
	}
	return rc;
}

static int put_memory(const struct writing *w)
{
	int rc = put_number(w, "memory/static-max",
			    w->c->max_memory_mib * 1024);

	if (!rc)
		rc = put_number(w, "memory/target", w->c->memory_mib * 1024);
	return rc ? rc : put_number(w, "memory/videoram", 0);
}

static int put_store_ring(const struct writing *w)
{
	int rc = put_number(w, "store/port", w->r->rings->store_port);

	return rc ? rc : put_number(w, "store/ring-ref",
				    w->r->rings->store_mfn);
}

static int put_domain(const struct writing *w)
{
	char vm[UUID_TEXT + 8];
	int rc;

	snprintf(vm, sizeof(vm), "/vm/%s", w->uuid);
	rc = store_put(w->t, STORE_SHOW(w->domid), "", "/local/domain/%u",
		       w->domid);
	if (!rc)
		rc = put(w, "vm", vm);
	if (!rc)
		rc = put(w, "name", w->c->name);
	if (!rc)
		rc = put_number(w, "domid", w->domid);
	if (!rc)
		rc = put(w, "control/platform-feature-"
			    "multiprocessor-suspend", "1");
	if (!rc)
		rc = put(w, "control/platform-feature-xs_reset_watches", "1");
	return rc;
}

/* ---- the console -------------------------------------------------------- */

static int put_console_end(const struct writing *w)
{
	static const char *const texts[][2] = {
		{"console/backend-id", "0"},
		{"console/limit", "1048576"},
		{"console/type", "xenconsoled"},
		{"console/output", "pty"},
		{"console/tty", ""},
	};
	char back[64];
	size_t i;
	int rc;

	snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/0",
		 w->domid);
	rc = put(w, "console/backend", back);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) && !rc; i++)
		rc = put(w, texts[i][0], texts[i][1]);
	if (!rc)
		rc = put_number(w, "console/ring-ref",
				w->r->rings->console_mfn);
	return rc ? rc : put_number(w, "console/port",
				    w->r->rings->console_port);
}

/* What the back end and the tools know of it: the same nodes twice. */
static int put_console_record(const struct writing *w, struct store_rights s,
			      const char *base)
{
	char front[64], id[16];
	const char *const texts[][2] = {
		{"frontend", front}, {"frontend-id", id}, {"online", "1"},
		{"state", "1"}, {"protocol", "vt100"},
	};
	size_t i;
	int rc = 0;

	snprintf(front, sizeof(front), "/local/domain/%u/console", w->domid);
	snprintf(id, sizeof(id), "%u", w->domid);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) && !rc; i++)
		rc = store_put(w->t, s, texts[i][1], "%s/%s", base,
			       texts[i][0]);
	return rc;
}

static int put_console(const struct writing *w)
{
	char back[64], ours[64];
	int rc;

	snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/0",
		 w->domid);
	snprintf(ours, sizeof(ours), "/libxl/%u/device/console/0", w->domid);
	rc = put_console_end(w);
	if (!rc)
		rc = store_put(w->t, STORE_SHOW(w->domid), "", "%s", back);
	if (!rc)
		rc = put_console_record(w, STORE_SHOW(w->domid), back);
	if (!rc)
		rc = put_console_record(w, STORE_KEEP, ours);
	if (!rc)
		rc = store_put(w->t, STORE_KEEP, back, "%s/backend", ours);
	return rc;
}

static int put_devices(const struct writing *w)
{
	return guest_devices_put(w->l, w->t, w->r->devices, w->domid);
}

/* ---- for the tools ------------------------------------------------------ */

static int put_vm(const struct writing *w, const char *node, const char *value)
{
	return value ? store_put(w->t, STORE_SHOW(w->domid), value,
				 "/vm/%s/%s", w->uuid, node)
		     : 0;
}

static int put_vms(const struct writing *w)
{
	const char *const texts[][2] = {
		{"name", w->c->name}, {"uuid", w->uuid},
		{"image/ostype", *w->r->guest_os ? w->r->guest_os : "linux"},
		{"image/kernel", w->c->kernel},
		{"image/ramdisk", w->c->ramdisk},
		{"image/cmdline", w->c->cmdline},
	};
	struct timespec now;
	char started[40];
	size_t i;
	int rc;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(started, sizeof(started), "%lld.%02ld",
		 (long long)now.tv_sec, now.tv_nsec / 10000000);
	rc = store_put(w->t, STORE_SHOW(w->domid), "", "/vm/%s", w->uuid);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) && !rc; i++)
		rc = put_vm(w, texts[i][0], texts[i][1]);
	return rc ? rc : put_vm(w, "start_time", started);
}

/* From now on it is known by its number. */
static int put_unfinished(const struct writing *w)
{
	return unfinished_take(w->l, w->t, w->r->uuid, w->domid);
}

static int put_type(const struct writing *w)
{
	return store_put(w->t, STORE_KEEP, "pv", "/libxl/%u/type", w->domid);
}

/* Without settings nobody can act at its end. */
static int put_kept(const struct writing *w)
{
	char base[40];

	if (!w->r->kept->text)
		return 0;
	snprintf(base, sizeof(base), RECORD_PATH, w->domid);
	return record_put(w->l, w->t, base, w->r->kept);
}

/* ---- all of it ---------------------------------------------------------- */

static int check_again(const struct writing *w)
{
	return w->r->again ? restart_check(w->l, w->t, w->r->again->uuid) : 0;
}

/* One reading of all names in the transaction that writes ours. */
static int check_name(const struct writing *w)
{
	unsigned int other;
	int rc = store_find_name(w->t, w->c->name, &other);

	if (rc || other == STORE_NOBODY || other == w->domid)
		return rc;
	return fail(w->l, EEXIST, "domain %u is already called \"%s\"", other,
		    w->c->name);
}

/* What is said of a UUID is said of one domain. */
static int check_uuid(const struct writing *w)
{
	char *name;
	int rc = store_get(w->t, &name, "/vm/%s/name", w->uuid);

	if (!rc && name)
		rc = fail(w->l, EEXIST, "the domain \"%s\" has the UUID %s "
			  "already", name, w->uuid);
	free(name);
	return rc;
}

static int write_all(struct store_change *t, void *arg)
{
	static int (*const parts[])(const struct writing *w) = {
		check_again, check_name, check_uuid, put_domain, give_nodes,
		put_vcpus, put_memory, put_store_ring, put_console,
		put_devices, put_vms, put_type, put_kept, put_unfinished,
	};
	struct writing *w = arg;
	size_t i;
	int rc = 0;

	w->t = t;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && !rc; i++)
		rc = parts[i](w);
	return rc;
}

int guest_store_write(struct lodge *l, const struct guest_record *r)
{
	struct writing w = {
		.l = l, .r = r, .c = r->config, .domid = r->domid,
	};

	uuid_text(w.uuid, r->uuid);
	return store_change(l, write_all, &w);
}

int guest_store_check(struct lodge *l, struct store_change *t,
		      unsigned int domid)
{
	char *id;
	int rc = store_get(t, &id, "/local/domain/%u/domid", domid);
	bool there = id;

	free(id);
	return rc || there ? rc
			   : fail(l, ESRCH, "there is no domain %u", domid);
}

int guest_store_introduce(struct lodge *l, const struct guest_record *r)
{
	return store_introduce(l, r->domid, r->rings->store_mfn,
			       r->rings->store_port);
}

struct gone {
	unsigned int domid;
	const uint8_t *id;
	char uuid[UUID_TEXT];
};

/* What is said below /vm is another's, if the domain does not point there. */
static int forget_vm(struct store_change *t, const struct gone *g)
{
	char ours[UUID_TEXT + 8], *vm;
	int rc = store_get(t, &vm, "/local/domain/%u/vm", g->domid);

	snprintf(ours, sizeof(ours), "/vm/%s", g->uuid);
	if (vm && !strcmp(vm, ours))
		rc = store_remove(t, "%s", ours);
	free(vm);
	return rc;
}

static int forget_all(struct store_change *t, void *arg)
{
	const struct gone *g = arg;
	int rc = forget_vm(t, g);

	if (!rc)
		rc = store_remove(t, "/local/domain/%u", g->domid);
	if (!rc)
		rc = store_remove(t, "/local/domain/0/backend/console/%u",
				  g->domid);
	if (!rc)
		rc = store_remove(t, "/libxl/%u", g->domid);
	return rc ? rc : unfinished_end(t, g->id);
}

int guest_store_forget(struct lodge *l, unsigned int domid,
		       const uint8_t uuid[16])
{
	struct gone g = {.domid = domid, .id = uuid};

	uuid_text(g.uuid, uuid);
	return store_change(l, forget_all, &g);
}
