/* SPDX-License-Identifier: MIT */
/*
 * details.c - what the store says of how and when a guest was made
 */
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int read_kib(struct lodge *l, unsigned int domid, const char *node,
		    uint64_t *kib)
{
	char *text;
	int rc = store_read(l, &text, "/local/domain/%u/memory/%s", domid,
			    node);

	*kib = text ? strtoull(text, NULL, 10) : 0;
	free(text);
	return rc;
}

static int read_sizes(struct lodge *l, unsigned int domid,
		      struct lodge_details *d)
{
	int rc = read_kib(l, domid, "static-max", &d->max_kib);

	if (!rc)
		rc = read_kib(l, domid, "target", &d->target_kib);
	return rc ? rc : read_kib(l, domid, "videoram", &d->video_kib);
}

/* A bit for each vCPU that it may use. */
static int read_vcpus(struct lodge *l, unsigned int domid,
		      struct lodge_details *d)
{
	unsigned int nr, i;
	char **ids, *text;
	int rc = store_list(l, &ids, &nr, "/local/domain/%u/cpu", domid);

	for (i = 0; i < nr && !rc; i++) {
		unsigned long id = strtoul(ids[i], NULL, 10);

		rc = store_read(l, &text, "/local/domain/%u/cpu/%s/availability",
				domid, ids[i]);
		if (text && !strcmp(text, "online") && id < LODGE_MAX_VCPUS)
			d->available[id / 8] |= (uint8_t)(1U << id % 8);
		free(text);
	}
	free(ids);
	return rc;
}

static int read_image(struct lodge *l, unsigned int domid,
		      struct lodge_details *d)
{
	char *vm;
	int rc = store_read(l, &vm, "/local/domain/%u/vm", domid);

	if (rc || !vm)
		return rc;
	rc = store_read(l, &d->kernel, "%s/image/kernel", vm);
	if (!rc)
		rc = store_read(l, &d->ramdisk, "%s/image/ramdisk", vm);
	if (!rc)
		rc = store_read(l, &d->cmdline, "%s/image/cmdline", vm);
	free(vm);
	return rc;
}

int lodge_domain_details(struct lodge *l, unsigned int domid,
			 struct lodge_details *d)
{
	int rc;

	*d = (struct lodge_details){0};
	rc = read_sizes(l, domid, d);
	if (!rc)
		rc = read_vcpus(l, domid, d);
	if (!rc)
		rc = read_image(l, domid, d);
	if (!rc)
		return 0;
	lodge_details_free(d);
	return fail_because(l, "cannot read how domain %u was made", domid);
}

void lodge_details_free(struct lodge_details *d)
{
	free(d->kernel);
	free(d->ramdisk);
	free(d->cmdline);
	*d = (struct lodge_details){0};
}

/* ---- since when --------------------------------------------------------- */

static int read_host_uptime(struct lodge *l, uint64_t *seconds)
{
	unsigned long long s;
	FILE *f = fopen("/proc/uptime", "re");
	bool good = f && fscanf(f, "%llu", &s) == 1;

	if (f)
		fclose(f);
	if (!good)
		return fail(l, EIO, "/proc/uptime cannot be read");
	*seconds = s;
	return 0;
}

static int read_start(struct lodge *l, unsigned int domid, uint64_t *seconds)
{
	uint64_t now = (uint64_t)time(NULL), start;
	char *vm, *text = NULL;
	int rc = store_read(l, &vm, "/local/domain/%u/vm", domid);

	if (!rc && vm)
		rc = store_read(l, &text, "%s/start_time", vm);
	if (!rc && !text)
		rc = fail(l, ESRCH, "nobody knows since when domain %u is there",
			  domid);
	start = text ? strtoull(text, NULL, 10) : 0;
	free(text);
	free(vm);
	*seconds = now > start ? now - start : 0;
	return rc;
}

int lodge_domain_uptime(struct lodge *l, unsigned int domid, uint64_t *seconds)
{
	return domid ? read_start(l, domid, seconds)
		     : read_host_uptime(l, seconds);
}
