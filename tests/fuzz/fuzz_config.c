/* SPDX-License-Identifier: MIT */
/*
 * fuzz_config.c - any text as a guest's configuration: it is refused with words
 * that can be shown, or what was read keeps its promises
 */
#include <stdlib.h>
#include <string.h>

#include "liblodge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

static void check_lists(const struct lodge_affinity *a)
{
	size_t i, j;

	for (i = 0; i < a->nr; i++)
		for (j = 0; j < a->lists[i].nr; j++)
			expect(a->lists[i].ranges[j].first <=
			       a->lists[i].ranges[j].last);
}

static void check_disks(const struct lodge_domain_config *d)
{
	size_t i, j;

	for (i = 0; i < d->nr_disks; i++) {
		expect(d->disks[i].vdev && d->disks[i].devid);
		expect(d->disks[i].target || d->disks[i].cdrom);
		expect(!d->disks[i].cdrom || !d->disks[i].writable);
		for (j = 0; j < i; j++)
			expect(d->disks[i].devid != d->disks[j].devid);
	}
}

static void check_vifs(const struct lodge_domain_config *d)
{
	size_t i, j;

	for (i = 0; i < d->nr_vifs; i++) {
		expect(!d->vifs[i].rate_bytes == !d->vifs[i].rate_interval_us);
		expect(!d->vifs[i].ifname || strlen(d->vifs[i].ifname) < 16);
		for (j = 0; j < i; j++)
			expect(d->vifs[i].devid != d->vifs[j].devid);
	}
}

static void check_domain(const struct lodge_domain_config *d)
{
	size_t i;

	expect(d->name && *d->name && d->kernel && *d->kernel == '/');
	expect(d->vcpus && d->vcpus <= d->max_vcpus &&
	       d->max_vcpus <= LODGE_MAX_VCPUS);
	expect(d->memory_mib && d->memory_mib <= d->max_memory_mib);
	check_lists(&d->hard);
	check_lists(&d->soft);
	check_disks(d);
	check_vifs(d);
	for (i = 0; i < d->nr_channels; i++)
		expect(d->channels[i].name && *d->channels[i].name);
}

/* True: one of them is an error */
static bool check_findings(const struct lodge_config *config)
{
	const struct lodge_finding *f;
	bool errors = false;
	size_t nr, i;
	char *text;

	f = lodge_config_findings(config, &nr);
	for (i = 0; i < nr; i++) {
		text = lodge_finding_text(&f[i]);
		expect(text && !strchr(text, '\n'));
		free(text);
		errors |= f[i].severity == LODGE_ERROR;
	}
	return errors;
}

/* What is kept to make the guest anew of is read as the same. */
static void check_text(const char *text)
{
	const struct lodge_source again = {"again", text, strlen(text)};
	struct lodge_config *config;

	if (lodge_config_read(&config, &again, 1))
		return;
	expect(lodge_config_domain(config));
	expect(!strcmp(lodge_config_domain(config)->text, text));
	lodge_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char start[] = "name='a';kernel='/k'\n";
	struct lodge_source sources[] = {
		{"start", start, sizeof(start) - 1},
		{"fuzz", (const char *)data, size},
	};
	const struct lodge_domain_config *d;
	struct lodge_config *config;

	if (lodge_config_read(&config, sources, 2))
		return 0;
	d = lodge_config_domain(config);
	expect(check_findings(config) == !d);
	if (d) {
		check_domain(d);
		check_text(d->text);
	}
	lodge_config_free(config);
	return 0;
}
