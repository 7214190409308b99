/* SPDX-License-Identifier: MIT */
/*
 * device_list.c - the disks and networks that a guest has, by both ends
 */
#include "device.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *device_kind(enum lodge_device_kind kind)
{
	static const char *const kinds[] = {
		[LODGE_VBD] = "vbd",
		[LODGE_VIF] = "vif",
	};

	return kinds[kind];
}

/* A number that either end may have written, or not. */
static int read_number(struct lodge *l, int *number, const char *base,
		       const char *node)
{
	char *text;
	int rc = store_read(l, &text, "%s/%s", base, node);

	*number = text ? atoi(text) : -1;
	free(text);
	return rc;
}

static int read_front(struct lodge *l, struct lodge_device *d,
		      const char *front)
{
	const struct {
		const char *node;
		int *number;
	} numbers[] = {
		{"state", &d->state},
		{"event-channel", &d->event_channel},
		{"ring-ref", &d->ring_ref},
		{"tx-ring-ref", &d->tx_ring_ref},
		{"rx-ring-ref", &d->rx_ring_ref},
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !rc; i++)
		rc = read_number(l, numbers[i].number, front, numbers[i].node);
	return rc;
}

static int read_back(struct lodge *l, struct lodge_device *d)
{
	const struct {
		const char *node;
		char **text;
	} texts[] = {
		{"dev", &d->vdev},
		{"params", &d->target},
		{"mode", &d->mode},
		{"mac", &d->mac},
		{"bridge", &d->bridge},
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]) && !rc; i++)
		rc = store_read(l, texts[i].text, "%s/%s", d->backend,
				texts[i].node);
	return rc;
}

static int read_device(struct lodge *l, unsigned int domid, const char *kind,
		       struct lodge_device *d)
{
	char front[64];
	int rc;

	snprintf(front, sizeof(front), DEVICE_FRONT_PATH, domid, kind,
		 d->devid);
	rc = store_read(l, &d->backend, DEVICE_RECORD_PATH "/backend", domid,
			kind, d->devid);
	if (rc || !d->backend)
		return rc;
	if (sscanf(d->backend, "/local/domain/%u/", &d->backend_domid) != 1)
		d->backend_domid = 0;
	rc = read_front(l, d, front);
	return rc ? rc : read_back(l, d);
}

static int read_all(struct lodge *l, unsigned int domid, const char *kind,
		    char **ids, unsigned int nr_ids, struct lodge_device *list,
		    size_t *nr)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < nr_ids && !rc; i++) {
		list[*nr].devid = (unsigned int)strtoul(ids[i], NULL, 10);
		rc = read_device(l, domid, kind, &list[*nr]);
		/* One without has gone meanwhile. */
		*nr += rc || list[*nr].backend;
	}
	return rc;
}

int lodge_devices(struct lodge *l, unsigned int domid,
		  enum lodge_device_kind kind, struct lodge_device **list,
		  size_t *nr)
{
	const char *name = device_kind(kind);
	unsigned int nr_ids;
	char **ids;
	int rc = store_list(l, &ids, &nr_ids, "/libxl/%u/device/%s", domid,
			    name);

	*nr = 0;
	*list = rc ? NULL : calloc(nr_ids + 1, sizeof(**list));
	if (!rc)
		rc = *list ? read_all(l, domid, name, ids, nr_ids, *list, nr)
			   : fail(l, ENOMEM, "there is no memory");
	free(ids);
	if (!rc)
		return 0;
	lodge_devices_free(*list, *nr);
	*list = NULL;
	*nr = 0;
	return fail_because(l, "cannot list the devices of domain %u", domid);
}

void lodge_devices_free(struct lodge_device *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		free(list[i].backend);
		free(list[i].vdev);
		free(list[i].target);
		free(list[i].mode);
		free(list[i].mac);
		free(list[i].bridge);
	}
	free(list);
}
