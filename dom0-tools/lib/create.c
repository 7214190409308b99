/* SPDX-License-Identifier: MIT */
/*
 * create.c - from a configuration to a guest that waits to be started
 *
 *   tell of it --> read the kernel, plan, open the disks --> domain --> memory
 *   and contents --> store --> back ends take the devices up --> it is done
 *
 * Before the domain exists only what was told has to be taken back; afterwards
 * whatever fails ends with its destruction. If this process is killed, whoever
 * comes next knows by what was told (unfinished.h).
 */
#include "affinity.h"
#include "change.h"
#include "guest_devices.h"
#include "guest_store.h"
#include "host.h"
#include "image.h"
#include "pv_build.h"
#include "restart.h"
#include "store.h"
#include "unfinished.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/version.h>

#define DEFAULT_PORTS	1023
#define MIB_PAGES	256

struct creation {
	struct lodge *l;
	const struct lodge_domain_config *c;
	const struct lodge_task *task;
	struct image *image;
	struct image_ramdisk ramdisk;
	struct pv_parts parts;
	struct pv_layout layout;
	struct pv_rings rings;
	struct guest_devices devices;
	const struct restart *again;	/* NULL: it is no restart */
	struct record kept;	/* text: the configuration's */
	uint8_t uuid[16];
	unsigned int domid;
};

/* ---- what cannot be created --------------------------------------------- */

static int check_supported(struct lodge *l,
			   const struct lodge_domain_config *c)
{
	const struct {
		bool wanted;
		const char *what;
	} missing[] = {
		{c->nr_channels, "channel"},
		{c->driver_domain, "driver_domain"},
		{c->host_e820, "e820_host"},
	};
	size_t i;

	for (i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (missing[i].wanted)
			return fail(l, EOPNOTSUPP, "guests with \"%s\" cannot "
				    "be created by this version",
				    missing[i].what);
	return c->kernel ? 0
			 : fail(l, EOPNOTSUPP, "guests without \"kernel\" "
				"cannot be created by this version");
}

/*
 * In the store it is looked for in the transaction that writes it. A domain
 * that is gone but for who still has a page of it does not count.
 */
static int check_uuid(struct creation *n)
{
	struct lodge_domain *list;
	char text[UUID_TEXT];
	size_t nr, i;
	int rc = lodge_domains(n->l, &list, &nr);

	if (rc)
		return rc;
	uuid_text(text, n->uuid);
	for (i = 0; i < nr && !rc; i++)
		if (!(list[i].flags & LODGE_DYING) &&
		    !memcmp(list[i].uuid, n->uuid, sizeof(n->uuid)))
			rc = fail(n->l, EEXIST,
				  "the domain \"%s\" has the UUID %s already",
				  list[i].name ? list[i].name : "", text);
	lodge_domains_free(list, nr);
	return rc;
}

static int find_namesake(struct store_change *t, const struct creation *n)
{
	unsigned int other;
	int rc = store_find_name(t, n->c->name, &other);

	if (rc || other == STORE_NOBODY)
		return rc;
	return fail(n->l, EEXIST, "domain %u is already called \"%s\"", other,
		    n->c->name);
}

static int put_intent(struct store_change *t, void *arg)
{
	struct creation *n = arg;
	int rc = find_namesake(t, n);

	if (!rc)
		rc = restart_check_name(n->l, t, n->c->name, n->uuid);
	if (!rc && n->again)
		rc = restart_check(n->l, t, n->uuid);
	return rc ? rc : unfinished_begin(n->l, t, n->uuid, n->c->name);
}

/*
 * What others have left takes memory. Of one that cannot be ended lodge list
 * tells; it keeps away only those of its name or UUID.
 */
static void finish_others(struct creation *n)
{
	struct lodge other = aside(n->l);
	size_t nr;

	lodge_finish(&other, NULL, &nr);
	aside_end(n->l, &other);
}

static int begin(struct creation *n)
{
	int rc;

	finish_others(n);
	rc = n->c->has_uuid || n->again ? check_uuid(n) : 0;
	return rc ? rc : store_change(n->l, put_intent, n);
}

/*
 * What Dom0 is offered its guests are, but for being Dom0. That stores to page
 * tables work is not on that list, though they do for every PV guest.
 */
static int check_features(struct creation *n)
{
	struct xen_feature_info offered = {.submap_idx = 0};
	uint32_t missing;
	int rc = hv_version(n->l, XENVER_get_features, &offered,
			    sizeof(offered));

	if (rc < 0)
		return rc;
	offered.submap |= 1U << XENFEAT_writable_page_tables;
	offered.submap &= ~(1U << XENFEAT_dom0);
	missing = n->image->features_needed & ~offered.submap;
	return missing ? fail(n->l, ENOEXEC, "the kernel \"%s\" needs features "
			      "that guests are not offered here: bits %#x",
			      n->c->kernel, missing)
		       : 0;
}

/* ---- what it is made of ------------------------------------------------- */

static int read_parts(struct creation *n)
{
	const struct lodge_domain_config *c = n->c;
	int rc;

	rc = image_read(n->l, &n->image, c->kernel, c->memory_mib << 20);
	if (!rc)
		rc = check_features(n);
	if (rc)
		return rc;
	n->parts.image = n->image;
	n->parts.kernel_path = c->kernel;
	n->parts.cmdline = c->cmdline ? c->cmdline : "";
	n->parts.nr_pages = c->memory_mib * MIB_PAGES;
	if (c->ramdisk) {
		rc = image_ramdisk_open(n->l, &n->ramdisk, c->ramdisk,
					c->memory_mib << 20);
		if (rc)
			return rc;
		n->parts.ramdisk = &n->ramdisk;
		n->parts.ramdisk_path = c->ramdisk;
	}
	rc = pv_plan(n->l, &n->layout, &n->parts);
	return rc ? rc : guest_devices_open(n->l, &n->devices, c,
					    n->kept.seed);
}

static void free_parts(struct creation *n)
{
	if (n->parts.ramdisk)
		image_ramdisk_close(&n->ramdisk);
	image_free(n->image);
	guest_devices_close(&n->devices);
}

int random_uuid(struct lodge *l, uint8_t uuid[16])
{
	if (getrandom(uuid, 16, 0) != 16)
		return fail(l, EIO, "there are no random numbers");
	/* RFC 4122: version 4, made of random numbers */
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	return 0;
}

static int choose_uuid(struct creation *n)
{
	if (n->again || n->c->has_uuid) {
		memcpy(n->uuid, n->again ? n->again->uuid : n->c->uuid,
		       sizeof(n->uuid));
		return 0;
	}
	return random_uuid(n->l, n->uuid);
}

/* The whole line of restarts has the first one's seed. */
static void choose_record(struct creation *n)
{
	if (n->again)
		n->kept = n->again->past;
	else
		memcpy(n->kept.seed, n->uuid, sizeof(n->kept.seed));
	n->kept.text = (char *)n->c->text;
	n->kept.begun_s = record_now_s();
}

/* ---- the domain --------------------------------------------------------- */

static int grant_version(struct creation *n)
{
	struct lodge_host_info host;

	if (n->c->max_grant_version)
		return (int)n->c->max_grant_version;
	if (lodge_host(n->l, &host))
		return -lodge_error(n->l)->code;
	return strstr(host.virt_caps, "gnttab-v2") ? 2 : 1;
}

static int32_t limit_or_default(unsigned int limit)
{
	return limit ? (int32_t)limit : -1;
}

static int make_domain(struct creation *n)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain};
	struct xen_domctl_createdomain *d = &op.u.createdomain;
	unsigned int pool = 0;
	int version = grant_version(n), rc = 0;

	if (version < 0)
		return version;
	if (n->c->pool)
		rc = lodge_cpupool_find(n->l, n->c->pool, &pool);
	if (rc)
		return rc;
	d->cpupool_id = pool;
	memcpy(d->handle, n->uuid, sizeof(n->uuid));
	d->max_vcpus = n->c->max_vcpus;
	d->max_evtchn_port = n->c->max_event_channels
				     ? n->c->max_event_channels
				     : DEFAULT_PORTS;
	d->max_grant_frames = limit_or_default(n->c->max_grant_frames);
	d->max_maptrack_frames = limit_or_default(n->c->max_maptrack_frames);
	d->grant_opts = XEN_DOMCTL_GRANT_version((unsigned int)version);
	/* Any domid that is free. */
	op.domain = DOMID_FIRST_RESERVED;
	rc = hv_domctl(n->l, &op);
	n->domid = op.domain;
	return rc;
}

static int control(struct creation *n, struct xen_domctl *op, uint32_t cmd)
{
	op->cmd = cmd;
	op->domain = (domid_t)n->domid;
	return hv_domctl(n->l, op);
}

static int set_vcpus(struct creation *n)
{
	struct xen_domctl op = {.u.max_vcpus.max = n->c->max_vcpus};

	return control(n, &op, XEN_DOMCTL_max_vcpus);
}

static int set_memory(struct creation *n)
{
	struct xen_domctl op = {
		.u.max_mem.max_memkb =
			n->c->max_memory_mib * 1024 + SLACK_KIB,
	};

	return control(n, &op, XEN_DOMCTL_max_mem);
}

static int set_clock(struct creation *n)
{
	struct xen_domctl tsc = {.u.tsc_info.tsc_mode = n->c->tsc_mode};
	struct xen_domctl offset = {
		.u.settimeoffset.time_offset_seconds = n->c->rtc_offset_s,
	};
	int rc = control(n, &tsc, XEN_DOMCTL_settscinfo);

	return rc || !n->c->rtc_offset_s
		       ? rc
		       : control(n, &offset, XEN_DOMCTL_settimeoffset);
}

/* What is 0 stays as the scheduler has it. */
static int set_share(struct creation *n)
{
	struct lodge_share share;
	int rc;

	if (!n->c->weight && !n->c->cap)
		return 0;
	rc = lodge_domain_share(n->l, n->domid, &share);
	if (rc)
		return rc;
	if (n->c->weight)
		share.weight = n->c->weight;
	if (n->c->cap)
		share.cap = n->c->cap;
	return lodge_domain_set_share(n->l, n->domid, &share);
}

static int set_affinities(struct creation *n)
{
	return affinity_set(n->l, n->domid, n->c);
}

static int make_port(struct creation *n, uint32_t *port)
{
	struct evtchn_alloc_unbound op = {.dom = (domid_t)n->domid};
	int rc = hv_event_op(n->l, EVTCHNOP_alloc_unbound, &op, sizeof(op));

	*port = op.port;
	return rc < 0 ? rc : 0;
}

static int make_ports(struct creation *n)
{
	int rc = make_port(n, &n->rings.store_port);

	return rc ? rc : make_port(n, &n->rings.console_port);
}

/* ---- all of it ---------------------------------------------------------- */

static int build(struct creation *n)
{
	return pv_build(n->l, n->domid, &n->layout, &n->parts, &n->rings,
			n->task);
}

static int publish(struct creation *n)
{
	struct guest_record r = {
		.domid = n->domid,
		.config = n->c,
		.rings = &n->rings,
		.devices = &n->devices,
		.guest_os = n->image->guest_os,
		.kept = &n->kept,
		.again = n->again,
	};
	int rc;

	memcpy(r.uuid, n->uuid, sizeof(r.uuid));
	rc = guest_store_write(n->l, &r);
	return rc ? rc : guest_store_introduce(n->l, &r);
}

static int wait_devices(struct creation *n)
{
	return guest_devices_wait(n->l, &n->devices, n->domid);
}

static int finish(struct creation *n)
{
	return unfinished_complete(n->l, n->uuid);
}

static int furnish(struct creation *n)
{
	static int (*const steps[])(struct creation *n) = {
		set_vcpus, set_affinities, set_memory, set_clock, set_share,
		make_ports,
		build, publish, wait_devices, finish,
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
		rc = steps[i](n);
	return rc;
}

/* The error that is told is the one that led here. */
static int take_back(struct creation *n, bool made, int rc)
{
	struct lodge other = aside(n->l);

	/* A loop device stays while we have it open. */
	guest_devices_close(&n->devices);
	if (made)
		destroy_and_forget(&other, n->domid, n->uuid);
	else
		unfinished_forget(&other, n->uuid);
	aside_end(n->l, &other);
	return rc;
}

static int make(struct creation *n)
{
	int rc = read_parts(n);

	if (!rc)
		rc = make_domain(n);
	if (rc)
		return take_back(n, false, rc);
	rc = furnish(n);
	return rc ? take_back(n, true, rc) : 0;
}

static int create(struct creation *n, unsigned int *domid)
{
	int rc = check_supported(n->l, n->c);

	if (!rc)
		rc = choose_uuid(n);
	if (!rc) {
		choose_record(n);
		rc = begin(n);
	}
	if (!rc) {
		rc = make(n);
		free_parts(n);
	}
	*domid = n->domid;
	return rc ? fail_because(n->l, "cannot create \"%s\"", n->c->name) : 0;
}

int lodge_domain_create(struct lodge *l, const struct lodge_domain_config *c,
			const struct lodge_task *task, unsigned int *domid)
{
	struct creation n = {.l = l, .c = c, .task = task};

	return create(&n, domid);
}

int create_again(struct lodge *l, const struct lodge_domain_config *c,
		 const struct restart *r, unsigned int *domid)
{
	struct creation n = {.l = l, .c = c, .again = r};

	return create(&n, domid);
}
