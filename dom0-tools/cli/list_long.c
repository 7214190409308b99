/* SPDX-License-Identifier: MIT */
/*
 * list_long.c - lodge list -l, in the members of xl list -l
 *
 * What xl does not have in its own files neither the hypervisor nor the store
 * know, as what is to be done when a guest ends: it is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

static void json_empty(yajl_gen g, const char *name)
{
	json_name(g, name);
	yajl_gen_map_open(g);
	yajl_gen_map_close(g);
}

static void json_identity(yajl_gen g, const struct lodge_domain *d)
{
	json_name(g, "c_info");
	yajl_gen_map_open(g);
	json_text(g, "type", d->flags & LODGE_HARDWARE ? "hvm" : "pv");
	json_text(g, "name", d->name);
	if (d->domid)
		json_text(g, "uuid", cli_uuid_text(d->uuid));
	yajl_gen_map_close(g);
}

static void json_vcpus(yajl_gen g, const struct lodge_domain *d,
		       const struct lodge_details *details)
{
	unsigned int i;

	if (!d->domid)
		return;
	json_number(g, "max_vcpus", d->max_vcpu_id + 1u);
	json_name(g, "avail_vcpus");
	yajl_gen_array_open(g);
	for (i = 0; i < LODGE_MAX_VCPUS; i++)
		if (details->available[i / 8] >> i % 8 & 1)
			yajl_gen_integer(g, i);
	yajl_gen_array_close(g);
}

static void json_share(yajl_gen g, const struct lodge_share *share)
{
	json_name(g, "sched_params");
	yajl_gen_map_open(g);
	json_text(g, "sched", "credit2");
	json_number(g, "weight", share->weight);
	json_number(g, "cap", share->cap);
	yajl_gen_map_close(g);
}

/* @share: NULL if its scheduler knows none */
static void json_build(yajl_gen g, const struct lodge_domain *d,
		       const struct lodge_details *details,
		       const struct lodge_share *share)
{
	json_name(g, "b_info");
	yajl_gen_map_open(g);
	json_vcpus(g, d, details);
	json_number(g, "max_memkb", details->max_kib ? details->max_kib
						     : d->max_memory_kib);
	json_number(g, "target_memkb", details->target_kib
					       ? details->target_kib
					       : d->memory_kib);
	if (d->domid)
		json_number(g, "video_memkb", details->video_kib);
	if (share)
		json_share(g, share);
	json_text(g, "kernel", details->kernel);
	json_text(g, "cmdline", details->cmdline);
	json_text(g, "ramdisk", details->ramdisk);
	json_empty(g, "type.pv");
	json_empty(g, "arch_arm");
	json_empty(g, "arch_x86");
	yajl_gen_map_close(g);
}

static void json_disk(yajl_gen g, const struct lodge_device *disk)
{
	yajl_gen_map_open(g);
	json_text(g, "pdev_path", disk->target);
	json_text(g, "vdev", disk->vdev);
	json_number(g, "readwrite", disk->mode && strchr(disk->mode, 'w'));
	yajl_gen_map_close(g);
}

static void json_vif(yajl_gen g, const struct lodge_device *vif)
{
	yajl_gen_map_open(g);
	json_number(g, "devid", vif->devid);
	json_text(g, "mac", vif->mac);
	json_text(g, "bridge", vif->bridge);
	yajl_gen_map_close(g);
}

/* Nothing at all of a kind of which there is none. */
static int json_devices(struct lodge *l, yajl_gen g,
			const struct lodge_domain *d,
			enum lodge_device_kind kind, const char *name,
			void (*show)(yajl_gen g, const struct lodge_device *d))
{
	struct lodge_device *list;
	size_t nr, i;

	if (lodge_devices(l, d->domid, kind, &list, &nr))
		return cli_failed(l);
	if (nr) {
		json_name(g, name);
		yajl_gen_array_open(g);
	}
	for (i = 0; i < nr; i++)
		show(g, &list[i]);
	if (nr)
		yajl_gen_array_close(g);
	lodge_devices_free(list, nr);
	return CLI_DONE;
}

static int json_config(struct lodge *l, yajl_gen g,
		       const struct lodge_domain *d,
		       const struct lodge_details *details)
{
	struct lodge_share share;
	bool has_share = !lodge_domain_share(l, d->domid, &share);
	int status;

	yajl_gen_map_open(g);
	json_identity(g, d);
	json_build(g, d, details, has_share ? &share : NULL);
	status = json_devices(l, g, d, LODGE_VBD, "disks", json_disk);
	if (!status)
		status = json_devices(l, g, d, LODGE_VIF, "nics", json_vif);
	yajl_gen_map_close(g);
	return status;
}

int cli_json_long(struct lodge *l, yajl_gen g, const struct lodge_domain *d)
{
	struct lodge_details details;
	int status;

	if (lodge_domain_details(l, d->domid, &details))
		return cli_failed(l);
	yajl_gen_map_open(g);
	json_number(g, "domid", d->domid);
	json_name(g, "config");
	status = json_config(l, g, d, &details);
	yajl_gen_map_close(g);
	lodge_details_free(&details);
	return status;
}
