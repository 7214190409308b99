/* SPDX-License-Identifier: MIT */
/*
 * sample.c - what all domains have used by now, in one go
 */
#include "sample.h"

#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xen/vcpu.h>

#define PAGE_SHIFT 12
#define DOM0	   0	/* where this runs */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int take_host(struct lodge *l, struct lodge_sample *s)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
	int rc = hv_sysctl(l, &op);

	s->nr_cpus = op.u.physinfo.nr_cpus;
	s->cpu_khz = op.u.physinfo.cpu_khz;
	s->total_kib = op.u.physinfo.total_pages << (PAGE_SHIFT - 10);
	s->free_kib = op.u.physinfo.free_pages << (PAGE_SHIFT - 10);
	return rc;
}

/* How long a vCPU of ours was kept waiting; nobody tells of others'. */
static uint64_t get_waited(struct lodge *l, unsigned int domid,
			   unsigned int vcpu)
{
	struct vcpu_runstate_info state;

	if (domid != DOM0 || hv_vcpu_op(l, VCPUOP_get_runstate_info, vcpu,
					&state, sizeof(state)))
		return LODGE_UNKNOWN;
	return state.time[RUNSTATE_runnable];
}

/* False: there is no such vCPU. */
static bool take_vcpu(struct lodge *l, unsigned int domid, unsigned int id,
		      struct lodge_sample_vcpu *v)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getvcpuinfo,
		.domain = (domid_t)domid,
		.u.getvcpuinfo.vcpu = id,
	};

	if (hv_domctl(l, &op))
		return false;
	v->id = id;
	v->cpu = op.u.getvcpuinfo.cpu;
	v->online = op.u.getvcpuinfo.online;
	v->running = op.u.getvcpuinfo.running;
	v->blocked = op.u.getvcpuinfo.blocked;
	v->cpu_time_ns = op.u.getvcpuinfo.cpu_time;
	v->waited_ns = get_waited(l, domid, id);
	return true;
}

static int take_vcpus(struct lodge *l, struct lodge_sample_domain *d)
{
	unsigned int id, end = d->info.max_vcpu_id + 1;

	if (d->info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID)
		return 0;
	d->vcpus = calloc(end, sizeof(*d->vcpus));
	if (!d->vcpus)
		return fail(l, ENOMEM, "there is no memory");
	for (id = 0; id < end; id++)
		if (take_vcpu(l, d->info.domid, id, &d->vcpus[d->nr_vcpus]))
			d->nr_vcpus++;
	return 0;
}

static int take_target(struct lodge *l, struct lodge_sample_domain *d)
{
	char *text, *end;
	int rc = store_read(l, &text, "/local/domain/%u/memory/target",
			    d->info.domid);

	d->target_kib = LODGE_UNKNOWN;
	if (text && *text >= '0' && *text <= '9') {
		d->target_kib = strtoull(text, &end, 10);
		if (*end)
			d->target_kib = LODGE_UNKNOWN;
	}
	free(text);
	return rc;
}

static int take_domain(struct lodge *l, struct lodge_sample_domain *d)
{
	int rc = take_vcpus(l, d);

	if (!rc)
		rc = take_target(l, d);
	if (!rc)
		d->grant_frames = sample_grants(l, d->info.domid);
	return rc;
}

/* A daemon that does not tell is asked once. */
static void take_store(struct lodge *l, struct lodge_sample *s)
{
	bool tells = true;
	size_t i, k;

	for (i = 0; i < s->nr_domains; i++) {
		for (k = 0; k < LODGE_STORE_LIMITS; k++)
			s->domains[i].store[k] = (struct lodge_usage){
				LODGE_UNKNOWN, LODGE_UNKNOWN};
		/* One that has gone meanwhile is no reason to stop. */
		if (tells)
			tells = sample_store(l, s->domains[i].info.domid,
					     s->domains[i].store) || i;
	}
}

/* The sample has their names from now on. */
static int take_domains(struct lodge *l, struct lodge_sample *s)
{
	struct lodge_domain *list;
	size_t nr, i;
	int rc = lodge_domains(l, &list, &nr);

	if (rc)
		return rc;
	s->domains = calloc(nr + 1, sizeof(*s->domains));
	if (!s->domains) {
		lodge_domains_free(list, nr);
		return fail(l, ENOMEM, "there is no memory");
	}
	s->nr_domains = nr;
	for (i = 0; i < nr; i++) {
		s->domains[i].info = list[i];
		list[i].name = NULL;
	}
	lodge_domains_free(list, nr);
	for (i = 0; i < nr && !rc; i++)
		rc = take_domain(l, &s->domains[i]);
	return rc;
}

int lodge_sample_take(struct lodge *l, struct lodge_sample **out)
{
	struct lodge_sample *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return fail(l, ENOMEM, "there is no memory");
	s->time_ns = now_ns();
	rc = take_domains(l, s);
	if (!rc)
		rc = take_host(l, s);
	if (!rc && sample_devices(s))
		rc = fail(l, ENOMEM, "there is no memory");
	if (!rc)
		take_store(l, s);
	if (!rc) {
		*out = s;
		return 0;
	}
	lodge_sample_free(s);
	return fail_because(l, "cannot look at the domains");
}

void lodge_sample_free(struct lodge_sample *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->nr_domains; i++) {
		free(s->domains[i].info.name);
		free(s->domains[i].vcpus);
		free(s->domains[i].vifs);
		free(s->domains[i].vbds);
	}
	free(s->domains);
	free(s);
}
