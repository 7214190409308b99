/* SPDX-License-Identifier: MIT */
/*
 * guest_devices.c - the disks and networks that a guest starts with
 */
#include "guest_devices.h"

#include "clock.h"
#include "device.h"
#include "host.h"
#include "link.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_BRIDGE "xenbr0" /* as xl's */
#define USUAL_MTU      1500
/* netback wants a script's name, and xl runs it when it ends a device. */
#define NO_SCRIPT    "/bin/true"
#define LINK_STEP_MS 500

#define BOTH (DEVICE_BACK | DEVICE_RECORD)
#define ALL  (DEVICE_FRONT | BOTH)

/* ---- what is not served ------------------------------------------------- */

struct missing {
	bool wanted;
	const char *what;
};

static int check_missing(struct lodge *l, const struct missing *list, size_t nr,
			 const char *name)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (list[i].wanted)
			return fail(l, EOPNOTSUPP,
				    "%s: %s cannot be created by "
				    "this version",
				    name, list[i].what);
	return 0;
}

static int check_disk(struct lodge *l, const struct lodge_disk *d)
{
	const struct missing list[] = {
		{!d->target, "empty drives"},
		{d->format != LODGE_DISK_RAW,
		 "disks of other formats than raw"},
		{d->backend_type == LODGE_BACKEND_QDISK, "disks by qdisk"},
		{d->backend, "disks of another domain's"},
		{d->script, "disks with a script"},
	};

	return check_missing(l, list, sizeof(list) / sizeof(list[0]), d->vdev);
}

static int check_vif(struct lodge *l, const struct lodge_vif *v)
{
	const struct missing list[] = {
		{v->backend, "interfaces of another domain's"},
		{v->script, "interfaces with a script"},
		{v->gateway_dev, "routed interfaces"},
	};

	return check_missing(l, list, sizeof(list) / sizeof(list[0]), "vif");
}

/* ---- opening ------------------------------------------------------------ */

struct disks {
	struct lodge *l;
	const struct guest_devices *d;
};

static int check_disks(struct store_change *t, void *arg)
{
	const struct disks *all = arg;
	const struct guest_devices *d = all->d;
	size_t i;
	int rc = 0;

	for (i = 0; i < d->config->nr_disks && !rc; i++)
		rc = block_check(all->l, t, &d->config->disks[i], &d->disks[i]);
	return rc;
}

/* What is in use is said before anything is made. */
static int open_disks(struct lodge *l, struct guest_devices *d)
{
	struct disks all = {l, d};
	size_t i;
	int rc = d->config->nr_disks ? device_check_driver(l, "vbd") : 0;

	for (i = 0; i < d->config->nr_disks && !rc; i++) {
		rc = check_disk(l, &d->config->disks[i]);
		if (!rc)
			rc = block_open(l, &d->config->disks[i], &d->disks[i]);
	}
	return rc || !d->config->nr_disks ? rc
					  : store_change(l, check_disks, &all);
}

/* From the same the same: FNV-1a, folded to what is asked for. */
static void mix(const uint8_t *seed, unsigned int devid, uint8_t out[3])
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < GUEST_SEED; i++)
		hash = (hash ^ seed[i]) * 0x100000001b3;
	hash = (hash ^ devid) * 0x100000001b3;
	hash ^= hash >> 32;
	for (i = 0; i < 3; i++)
		out[i] = (uint8_t)(hash >> 8 * i);
}

/* One of those that Xen's own organisation number gives. */
static int choose_mac(struct lodge *l, const uint8_t *seed, unsigned int devid,
		      uint8_t mac[6])
{
	static const uint8_t organisation[3] = {0x00, 0x16, 0x3e};

	memcpy(mac, organisation, sizeof(organisation));
	if (seed)
		mix(seed, devid, mac + 3);
	else if (getrandom(mac + 3, 3, 0) != 3)
		return fail(l, EIO, "there are no random numbers");
	mac[3] &= 0x7f;
	return 0;
}

static int open_vif(struct lodge *l, const struct lodge_vif *config,
		    const uint8_t *seed, struct guest_vif *v)
{
	uint32_t mtu;
	int rc = check_vif(l, config);

	if (rc)
		return rc;
	v->bridge = config->bridge ? config->bridge : DEFAULT_BRIDGE;
	rc = link_check_bridge(l, v->bridge, &mtu);
	if (rc)
		return rc;
	v->mtu = config->mtu ? config->mtu : mtu;
	if (!config->has_mac)
		return choose_mac(l, seed, config->devid, v->mac);
	memcpy(v->mac, config->mac, sizeof(v->mac));
	return 0;
}

static int open_vifs(struct lodge *l, struct guest_devices *d,
		     const uint8_t *seed)
{
	size_t i;
	int rc = d->config->nr_vifs ? device_check_driver(l, "vif") : 0;

	for (i = 0; i < d->config->nr_vifs && !rc; i++)
		rc = open_vif(l, &d->config->vifs[i], seed, &d->vifs[i]);
	return rc;
}

int guest_devices_open(struct lodge *l, struct guest_devices *d,
		       const struct lodge_domain_config *config,
		       const uint8_t *seed)
{
	size_t i;
	int rc;

	*d = (struct guest_devices){
		.config = config,
		.disks = calloc(config->nr_disks + 1, sizeof(*d->disks)),
		.vifs = calloc(config->nr_vifs + 1, sizeof(*d->vifs)),
	};
	if (!d->disks || !d->vifs)
		return fail(l, ENOMEM, "there is no memory");
	for (i = 0; i < config->nr_disks; i++)
		d->disks[i] = BLOCK_NONE;
	rc = open_vifs(l, d, seed);
	return rc ? rc : open_disks(l, d);
}

void guest_devices_close(struct guest_devices *d)
{
	size_t i;

	for (i = 0; d->disks && i < d->config->nr_disks; i++)
		block_close(&d->disks[i]);
	free(d->disks);
	free(d->vifs);
	*d = (struct guest_devices){0};
}

/* ---- nodes -------------------------------------------------------------- */

static struct device disk_device(const struct lodge_disk *d, unsigned int domid)
{
	return (struct device){"vbd", domid, d->devid};
}

static struct device vif_device(const struct lodge_vif *v, unsigned int domid)
{
	return (struct device){"vif", domid, v->devid};
}

static int put_disk(struct store_change *t, const struct lodge_disk *d,
		    const struct block *b, unsigned int domid)
{
	const struct device device = disk_device(d, domid);
	const char *type = d->cdrom ? "cdrom" : "disk";
	char number[16], physical[32];
	const struct device_node nodes[] = {
		{DEVICE_FRONT, "virtual-device", number},
		{DEVICE_FRONT, "protocol", "x86_64-abi"},
		{DEVICE_FRONT, "trusted", d->untrusted ? "0" : "1"},
		{ALL, "device-type", type},
		{BOTH, "params", d->target},
		{BOTH, "removable", d->cdrom ? "1" : "0"},
		{BOTH, "bootable", "1"},
		{BOTH, "dev", d->vdev},
		{BOTH, "type", "phy"},
		{BOTH, "mode", d->writable ? "w" : "r"},
		{BOTH, "discard-enable", d->no_discard ? "0" : "1"},
		{BOTH, "specification", "xen"},
		{DEVICE_BACK, "script", NO_SCRIPT},
		{DEVICE_BACK, "physical-device-path",
		 *b->loop ? b->loop : d->target},
		{DEVICE_BACK, "physical-device", physical},
	};

	snprintf(number, sizeof(number), "%u", d->devid);
	snprintf(physical, sizeof(physical), "%x:%x", b->major, b->minor);
	return device_put(t, &device, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

/*
 * The back end waits with the guest's end until hotplug-status says that the
 * interface is set up.
 */
static int put_vif(struct store_change *t, const struct lodge_vif *config,
		   const struct guest_vif *v, unsigned int domid)
{
	const struct device device = vif_device(config, domid);
	char handle[16], mac[18], rate[32], mtu[16];
	const struct device_node nodes[] = {
		{ALL, "handle", handle},
		{ALL, "mac", mac},
		{DEVICE_FRONT, "trusted", config->untrusted ? "0" : "1"},
		{DEVICE_FRONT, "mtu", v->mtu != USUAL_MTU ? mtu : NULL},
		{BOTH, "mtu", config->mtu ? mtu : NULL},
		{BOTH, "bridge", v->bridge},
		{BOTH, "ip", config->ip},
		{BOTH, "rate", config->rate_bytes ? rate : NULL},
		{BOTH, "vifname", config->ifname},
		{BOTH, "type", "vif"},
		{DEVICE_BACK, "script", NO_SCRIPT},
		{BOTH, "hotplug-status", ""},
	};

	snprintf(handle, sizeof(handle), "%u", config->devid);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", v->mac[0],
		 v->mac[1], v->mac[2], v->mac[3], v->mac[4], v->mac[5]);
	snprintf(rate, sizeof(rate), "%llu,%u",
		 (unsigned long long)config->rate_bytes,
		 config->rate_interval_us);
	snprintf(mtu, sizeof(mtu), "%u", v->mtu);
	return device_put(t, &device, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

int guest_devices_put(struct lodge *l, struct store_change *t,
		      const struct guest_devices *d, unsigned int domid)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < d->config->nr_disks && !rc; i++) {
		rc = block_check(l, t, &d->config->disks[i], &d->disks[i]);
		if (!rc)
			rc = put_disk(t, &d->config->disks[i], &d->disks[i],
				      domid);
	}
	for (i = 0; i < d->config->nr_vifs && !rc; i++)
		rc = put_vif(t, &d->config->vifs[i], &d->vifs[i], domid);
	return rc;
}

/* ---- back ends ---------------------------------------------------------- */

struct opening {
	struct lodge *l;
	const struct device *d;
};

/* A back end that has opened its device says so in sysfs alone. */
static int is_open(const void *arg)
{
	const struct opening *o = arg;
	const struct device *d = o->d;
	char path[96];
	int rc;

	snprintf(path, sizeof(path),
		 "/sys/bus/xen-backend/devices/%s-%u-%u/physical_device",
		 d->kind, d->domid, d->devid);
	if (!access(path, F_OK))
		return 1;
	rc = device_wait_back(o->l, d);
	return rc < 0 ? rc : 0;
}

static int wait_opened(struct lodge *l, const struct device *d)
{
	const struct opening o = {l, d};
	int rc = device_wait_sysfs(is_open, &o,
				   clock_ms() + DEVICE_DEADLINE_MS);

	return rc == -ETIMEDOUT ? device_stalled(l, d, ETIMEDOUT) : rc;
}

static int wait_disk(struct lodge *l, const struct lodge_disk *disk,
		     unsigned int domid)
{
	const struct device d = disk_device(disk, domid);
	int rc = device_wait_back(l, &d);

	return rc ? rc : wait_opened(l, &d);
}

/* netback says that it waits, and only then makes the interface. */
static int wait_link(struct lodge *l, const struct device *d, const char *name,
		     unsigned int *index)
{
	unsigned int waited;
	char path[96];
	int rc;

	snprintf(path, sizeof(path), "/sys/devices/%s-%u-%u/net/%s/ifindex",
		 d->kind, d->domid, d->devid, name);
	for (waited = 0;; waited += LINK_STEP_MS) {
		rc = link_wait(l, path, LINK_STEP_MS, index);
		if (rc != -ETIMEDOUT)
			return rc;
		rc = device_wait_back(l, d);
		if (rc)
			return rc;
		if (waited >= DEVICE_DEADLINE_MS)
			return device_stalled(l, d, ETIMEDOUT);
	}
}

static int wait_vif(struct lodge *l, const struct lodge_vif *config,
		    const struct guest_vif *v, unsigned int domid)
{
	const struct device d = vif_device(config, domid);
	const struct link_wish wish = {v->bridge, config->ifname, v->mtu};
	unsigned int index;
	char name[32];
	int rc = device_wait_back(l, &d);

	snprintf(name, sizeof(name), "vif%u.%u", domid, config->devid);
	if (!rc)
		rc = wait_link(l, &d, name, &index);
	if (!rc)
		rc = link_set_up(l, name, index, &wish);
	return rc ? rc : device_tell_back(l, &d, "hotplug-status", "connected");
}

int guest_devices_wait(struct lodge *l, const struct guest_devices *d,
		       unsigned int domid)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < d->config->nr_disks && !rc; i++)
		rc = wait_disk(l, &d->config->disks[i], domid);
	for (i = 0; i < d->config->nr_vifs && !rc; i++)
		rc = wait_vif(l, &d->config->vifs[i], &d->vifs[i], domid);
	return rc;
}
