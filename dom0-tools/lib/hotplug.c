/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c - disks and networks of a guest that runs: they come and go
 *
 * One that comes is told of by the same nodes as those that were there at the
 * start; the guest's kernel watches them.
 */
#include "device.h"
#include "guest_devices.h"
#include "guest_store.h"
#include "host.h"
#include "store.h"
#include "unfinished.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- coming ------------------------------------------------------------- */

/* One device, as a guest that starts has several. */
struct coming {
	struct lodge *l;
	uint8_t uuid[16];
	struct device device;
	struct lodge_vif *vif; /* NULL: it is a disk */
	struct guest_devices all;
};

/* The next number, unless the configuration has one. */
static int choose_devid(struct store_change *t, struct coming *n)
{
	unsigned int nr, i, devid, next = 0;
	char **ids;
	int rc;

	if (!n->vif || n->vif->has_devid)
		return 0;
	rc = store_get_list(t, &ids, &nr, "/libxl/%u/device/vif",
			    n->device.domid);
	for (i = 0; i < nr; i++) {
		devid = (unsigned int)strtoul(ids[i], NULL, 10);
		next = devid < next ? next : devid + 1;
	}
	free(ids);
	n->device.devid = n->vif->devid = next;
	return rc;
}

static int check_new(struct store_change *t, const struct coming *n)
{
	const struct device *d = &n->device;
	char *backend;
	int rc = store_get(t, &backend, DEVICE_RECORD_PATH "/backend",
			   d->domid, d->kind, d->devid);

	if (!rc && backend)
		rc = fail(n->l, EEXIST, "it has a %s %u already", d->kind,
			  d->devid);
	free(backend);
	return rc;
}

static int put(struct store_change *t, void *arg)
{
	struct coming *n = arg;
	int rc = guest_store_check(n->l, t, n->device.domid);

	if (!rc)
		rc = unfinished_check(n->l, t, n->uuid);
	if (!rc)
		rc = choose_devid(t, n);
	if (!rc)
		rc = check_new(t, n);
	return rc ? rc
		  : guest_devices_put(n->l, t, &n->all, n->device.domid);
}

/* The error that is told is the one that led here. */
static void take_back(struct coming *n)
{
	struct lodge other = aside(n->l);

	/* A loop device stays while we have it open. */
	guest_devices_close(&n->all);
	device_detach(&other, &n->device, true);
	aside_end(n->l, &other);
}

static int come(struct coming *n, const struct lodge_domain_config *config)
{
	int rc = guest_devices_open(n->l, &n->all, config, NULL);

	if (!rc)
		rc = store_change(n->l, put, n);
	if (!rc) {
		rc = guest_devices_wait(n->l, &n->all, n->device.domid);
		if (rc)
			take_back(n);
	}
	guest_devices_close(&n->all);
	return rc;
}

static int attach(struct coming *n, const struct lodge_domain_config *config)
{
	struct xen_domctl_getdomaininfo info;
	int rc = n->device.domid
			 ? hv_domain_info(n->l, n->device.domid, &info)
			 : fail(n->l, EINVAL, "it is Dom0, the host's own");

	if (!rc && info.flags & XEN_DOMINF_dying)
		rc = fail(n->l, EBUSY, "it is being ended");
	if (rc)
		return rc;
	memcpy(n->uuid, info.handle, sizeof(n->uuid));
	return come(n, config);
}

int lodge_disk_attach(struct lodge *l, unsigned int domid,
		      const struct lodge_disk *disk)
{
	const struct lodge_domain_config config = {
		.nr_disks = 1,
		.disks = disk,
	};
	struct coming n = {.l = l, .device = {"vbd", domid, disk->devid}};

	return attach(&n, &config)
		       ? fail_because(l, "cannot attach %s to domain %u",
				      disk->vdev, domid)
		       : 0;
}

int lodge_vif_attach(struct lodge *l, unsigned int domid,
		     const struct lodge_vif *vif)
{
	struct lodge_vif copy = *vif;
	const struct lodge_domain_config config = {
		.nr_vifs = 1,
		.vifs = &copy,
	};
	struct coming n = {
		.l = l,
		.device = {"vif", domid, vif->devid},
		.vif = &copy,
	};

	return attach(&n, &config)
		       ? fail_because(l, "cannot attach a vif to domain %u",
				      domid)
		       : 0;
}

/* ---- going -------------------------------------------------------------- */

int lodge_device_detach(struct lodge *l, unsigned int domid,
			enum lodge_device_kind kind, unsigned int devid,
			bool force)
{
	const struct device d = {device_kind(kind), domid, devid};
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(l, domid, &info);

	if (!rc)
		rc = device_detach(l, &d, force);
	return rc ? fail_because(l, "cannot detach a device of domain %u",
				 domid)
		  : 0;
}
