/* SPDX-License-Identifier: MIT */
/*
 * fake_sample.h - samples that a test has made up
 *
 * Instead of the library's own, of which only lodge_sample_free() is called.
 */
#ifndef FAKE_SAMPLE_H
#define FAKE_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "liblodge_sample.h"

const char *const lodge_store_limit_names[LODGE_STORE_LIMITS] = {
	"nodes", "watches", "transactions", "outstanding", "memory",
};

void lodge_sample_free(struct lodge_sample *s)
{
	size_t i;

	for (i = 0; s && i < s->nr_domains; i++) {
		free(s->domains[i].info.name);
		free(s->domains[i].vcpus);
		free(s->domains[i].vifs);
		free(s->domains[i].vbds);
	}
	if (s)
		free(s->domains);
	free(s);
}

static inline void *one_more(void *list, size_t *nr, size_t size)
{
	char *longer = realloc(list, (*nr + 1) * size);

	memset(longer + *nr * size, 0, size);
	(*nr)++;
	return longer;
}

/* A host of 2 CPUs and 1 GiB, at a time in seconds. */
static inline struct lodge_sample *fake_sample(double at_s)
{
	struct lodge_sample *s = calloc(1, sizeof(*s));

	s->time_ns = (uint64_t)(at_s * 1e9);
	s->nr_cpus = 2;
	s->cpu_khz = 2000000;
	s->total_kib = 1 << 20;
	s->free_kib = 1 << 19;
	return s;
}

/* Of 128 MiB, with two vCPUs; the UUID's first byte tells it from others. */
static inline struct lodge_sample_domain *
fake_domain(struct lodge_sample *s, unsigned int domid, const char *name,
	    uint8_t uuid, double cpu_s)
{
	struct lodge_sample_domain *d;
	size_t i;

	s->domains = one_more(s->domains, &s->nr_domains, sizeof(*d));
	d = &s->domains[s->nr_domains - 1];
	d->info.domid = domid;
	d->info.name = name ? strdup(name) : NULL;
	d->info.uuid[0] = uuid;
	d->info.flags = LODGE_BLOCKED;
	d->info.memory_kib = d->info.max_memory_kib = 131072;
	d->info.cpu_time_ns = (uint64_t)(cpu_s * 1e9);
	d->info.online_vcpus = 2;
	d->info.max_vcpu_id = 1;
	d->target_kib = 131072;
	d->grant_frames = (struct lodge_usage){8, 64};
	for (i = 0; i < LODGE_STORE_LIMITS; i++)
		d->store[i] = (struct lodge_usage){10 * i, 1000};
	for (i = 0; i < 2; i++) {
		d->vcpus = one_more(d->vcpus, &d->nr_vcpus, sizeof(*d->vcpus));
		d->vcpus[i].id = (unsigned int)i;
		d->vcpus[i].online = d->vcpus[i].blocked = true;
		d->vcpus[i].cpu_time_ns = d->info.cpu_time_ns / 2;
		d->vcpus[i].waited_ns = LODGE_UNKNOWN;
	}
	return d;
}

static inline struct lodge_sample_vif *
fake_vif(struct lodge_sample_domain *d, unsigned int id, uint64_t sent,
	 uint64_t received)
{
	d->vifs = one_more(d->vifs, &d->nr_vifs, sizeof(*d->vifs));
	d->vifs[d->nr_vifs - 1] = (struct lodge_sample_vif){
		.id = id, .rx_bytes = sent, .tx_bytes = received};
	return &d->vifs[d->nr_vifs - 1];
}

static inline struct lodge_sample_vbd *
fake_vbd(struct lodge_sample_domain *d, unsigned int id, uint64_t read,
	 uint64_t written)
{
	d->vbds = one_more(d->vbds, &d->nr_vbds, sizeof(*d->vbds));
	d->vbds[d->nr_vbds - 1] = (struct lodge_sample_vbd){
		.id = id, .read_sectors = read, .write_sectors = written,
		.reads = read / 8, .writes = written / 8};
	return &d->vbds[d->nr_vbds - 1];
}

#endif
