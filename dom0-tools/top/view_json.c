/* SPDX-License-Identifier: MIT */
/*
 * view_json.c - a look at the domains as a line of JSON
 *
 * A number that nobody knows is null; "rates" are those since the look before,
 * and null in the first look at a domain.
 */
#include <errno.h>

#include "cli.h"
#include "json.h"
#include "view.h"

/* Where the numbers of something are that has several. */
struct member {
	const char *name;
	size_t offset;
};

#define MEMBER(type, name, member) {name, offsetof(struct type, member)}
#define COUNT(list)		   (sizeof(list) / sizeof((list)[0]))

static void number(yajl_gen g, const char *name, uint64_t value)
{
	if (value <= INT64_MAX) {
		json_number(g, name, value);
		return;
	}
	json_name(g, name);
	yajl_gen_null(g);
}

static void numbers(yajl_gen g, const void *base, const struct member *m,
		    size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		number(g, m[i].name,
		       *(const uint64_t *)((const char *)base + m[i].offset));
}

static void usage(yajl_gen g, const char *name, const struct lodge_usage *u)
{
	json_name(g, name);
	yajl_gen_map_open(g);
	number(g, "used", u->used);
	number(g, "limit", u->limit);
	yajl_gen_map_close(g);
}

/* ---- what a domain has --------------------------------------------------- */

static void vcpus(yajl_gen g, const struct lodge_sample_domain *d)
{
	size_t i;

	json_name(g, "vcpu_list");
	yajl_gen_array_open(g);
	for (i = 0; i < d->nr_vcpus; i++) {
		const struct lodge_sample_vcpu *v = &d->vcpus[i];

		yajl_gen_map_open(g);
		json_number(g, "vcpu", v->id);
		json_bool(g, "online", v->online);
		json_bool(g, "running", v->running);
		json_bool(g, "blocked", v->blocked);
		json_number(g, "cpu", v->cpu);
		number(g, "cpu_time_ns", v->cpu_time_ns);
		number(g, "waited_ns", v->waited_ns);
		yajl_gen_map_close(g);
	}
	yajl_gen_array_close(g);
}

static void vifs(yajl_gen g, const struct lodge_sample_domain *d)
{
	/* What Dom0 receives the guest has sent. */
	static const struct member members[] = {
		MEMBER(lodge_sample_vif, "sent_bytes", rx_bytes),
		MEMBER(lodge_sample_vif, "sent_packets", rx_packets),
		MEMBER(lodge_sample_vif, "sent_errors", rx_errors),
		MEMBER(lodge_sample_vif, "sent_drops", rx_drops),
		MEMBER(lodge_sample_vif, "received_bytes", tx_bytes),
		MEMBER(lodge_sample_vif, "received_packets", tx_packets),
		MEMBER(lodge_sample_vif, "received_errors", tx_errors),
		MEMBER(lodge_sample_vif, "received_drops", tx_drops),
	};
	size_t i;

	json_name(g, "networks");
	yajl_gen_array_open(g);
	for (i = 0; i < d->nr_vifs; i++) {
		yajl_gen_map_open(g);
		json_number(g, "devid", d->vifs[i].id);
		numbers(g, &d->vifs[i], members, COUNT(members));
		yajl_gen_map_close(g);
	}
	yajl_gen_array_close(g);
}

static void vbds(yajl_gen g, const struct lodge_sample_domain *d)
{
	static const struct member members[] = {
		MEMBER(lodge_sample_vbd, "reads", reads),
		MEMBER(lodge_sample_vbd, "writes", writes),
		MEMBER(lodge_sample_vbd, "read_sectors", read_sectors),
		MEMBER(lodge_sample_vbd, "written_sectors", write_sectors),
		MEMBER(lodge_sample_vbd, "out_of_requests", out_of_requests),
	};
	size_t i;

	json_name(g, "disks");
	yajl_gen_array_open(g);
	for (i = 0; i < d->nr_vbds; i++) {
		yajl_gen_map_open(g);
		json_number(g, "devid", d->vbds[i].id);
		numbers(g, &d->vbds[i], members, COUNT(members));
		yajl_gen_map_close(g);
	}
	yajl_gen_array_close(g);
}

static void store(yajl_gen g, const struct lodge_sample_domain *d)
{
	size_t i;

	json_name(g, "store");
	yajl_gen_map_open(g);
	for (i = 0; i < LODGE_STORE_LIMITS; i++)
		usage(g, lodge_store_limit_names[i], &d->store[i]);
	yajl_gen_map_close(g);
}

static void rates(yajl_gen g, const struct top_domain *d)
{
	const struct top_rates *r = &d->rates;

	json_name(g, "rates");
	if (!d->history[TOP_CPU].nr) {
		yajl_gen_null(g);
		return;
	}
	yajl_gen_map_open(g);
	json_real(g, "cpu_percent", r->cpu_percent);
	json_real(g, "wait_percent", r->wait_percent);
	json_bool(g, "wait_counted", r->wait_counted);
	json_real(g, "sent_bytes", r->sent);
	json_real(g, "received_bytes", r->received);
	json_real(g, "reads", r->reads);
	json_real(g, "writes", r->writes);
	json_real(g, "read_bytes", r->read);
	json_real(g, "written_bytes", r->written);
	yajl_gen_map_close(g);
}

/* ---- one look ------------------------------------------------------------ */

static void domain(yajl_gen g, const struct top_domain *d)
{
	const struct lodge_domain *info = &d->now->info;

	yajl_gen_map_open(g);
	json_number(g, "domid", info->domid);
	json_text(g, "name", info->name);
	json_text(g, "uuid", cli_uuid_text(info->uuid));
	json_text(g, "type", info->flags & LODGE_HARDWARE ? "hvm" : "pv");
	json_states(g, info->flags);
	if (info->flags & LODGE_SHUTDOWN)
		json_number(g, "shutdown_reason", info->shutdown_reason);
	number(g, "memory_kib", info->memory_kib);
	number(g, "max_memory_kib", top_max_memory(d->now));
	number(g, "target_kib", d->now->target_kib);
	json_number(g, "vcpus", info->online_vcpus);
	number(g, "cpu_time_ns", info->cpu_time_ns);
	rates(g, d);
	vcpus(g, d->now);
	vifs(g, d->now);
	vbds(g, d->now);
	usage(g, "grant_frames", &d->now->grant_frames);
	store(g, d->now);
	yajl_gen_map_close(g);
}

static void host(yajl_gen g, const struct lodge_sample *s)
{
	json_name(g, "host");
	yajl_gen_map_open(g);
	json_number(g, "cpus", s->nr_cpus);
	json_number(g, "cpu_khz", s->cpu_khz);
	number(g, "total_kib", s->total_kib);
	number(g, "free_kib", s->free_kib);
	yajl_gen_map_close(g);
}

int view_json(FILE *out, const struct top_model *m)
{
	yajl_gen g = json_begin();
	const unsigned char *text;
	size_t length, i;
	bool good;

	if (!g)
		return -ENOMEM;
	yajl_gen_config(g, yajl_gen_beautify, 0);
	yajl_gen_map_open(g);
	json_real(g, "interval_s", m->interval_s);
	host(g, m->sample);
	json_name(g, "domains");
	yajl_gen_array_open(g);
	for (i = 0; i < m->nr; i++)
		domain(g, &m->domains[i]);
	yajl_gen_array_close(g);
	yajl_gen_map_close(g);
	good = yajl_gen_get_buf(g, &text, &length) == yajl_gen_status_ok;
	if (good) {
		fwrite(text, 1, length, out);
		fputc('\n', out);
	}
	yajl_gen_free(g);
	return good ? 0 : -ENOMEM;
}
