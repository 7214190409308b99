/* SPDX-License-Identifier: MIT */
/*
 * affinity.c - on which CPUs of this host a guest runs
 */
#include "affinity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The CPUs that there are, by number. */
struct host_cpus {
	unsigned int nr;
	unsigned int node[LODGE_MAX_CPUS]; /* XEN_INVALID_NODE_ID: no such CPU */
};

static int read_nodes(struct lodge *l, struct host_cpus *h,
		      struct xen_sysctl_cputopo *list, unsigned int nr)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_cputopoinfo,
		.u.cputopoinfo.num_cpus = nr,
	};
	unsigned int i;
	int rc;

	set_xen_guest_handle_raw(op.u.cputopoinfo.cputopo, list);
	rc = hv_sysctl(l, &op);
	if (rc)
		return rc;
	h->nr = op.u.cputopoinfo.num_cpus < nr ? op.u.cputopoinfo.num_cpus : nr;
	for (i = 0; i < h->nr; i++)
		h->node[i] = list[i].core == XEN_INVALID_CORE_ID
				     ? XEN_INVALID_NODE_ID
				     : list[i].node;
	return 0;
}

static int read_host(struct lodge *l, struct host_cpus *h)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_cputopoinfo};
	struct xen_sysctl_cputopo *list;
	int rc = hv_sysctl(l, &op);
	unsigned int nr = op.u.cputopoinfo.num_cpus;

	if (rc)
		return rc;
	nr = nr < LODGE_MAX_CPUS ? nr : LODGE_MAX_CPUS;
	list = hv_alloc(l, nr * sizeof(*list));
	if (!list)
		return -lodge_error(l)->code;
	rc = read_nodes(l, h, list, nr);
	hv_free(l, list);
	return rc;
}

/* ---- lists -------------------------------------------------------------- */

static bool has_cpu(const struct host_cpus *h, unsigned int cpu)
{
	return cpu < h->nr && h->node[cpu] != XEN_INVALID_NODE_ID;
}

static bool in_range(const struct host_cpus *h, const struct lodge_cpu_range *r,
		     unsigned int cpu)
{
	unsigned int n = r->nodes ? h->node[cpu] : cpu;

	return r->all || (n >= r->first && n <= r->last);
}

/* Each number of a range is one of a CPU or node that is there. */
static int check_range(struct lodge *l, const struct host_cpus *h,
		       const struct lodge_cpu_range *r, const char *key)
{
	unsigned int n, cpu;
	bool found;

	for (n = r->first; !r->all && n <= r->last; n++) {
		found = !r->nodes && has_cpu(h, n);
		for (cpu = 0; r->nodes && cpu < h->nr && !found; cpu++)
			found = has_cpu(h, cpu) && h->node[cpu] == n;
		if (!found)
			return fail(l, EINVAL,
				    "%s names %s %u, which this "
				    "host has not",
				    key, r->nodes ? "node" : "CPU", n);
	}
	return 0;
}

static int resolve(struct lodge *l, const struct host_cpus *h,
		   const struct lodge_cpu_list *list, const char *key,
		   uint8_t *map)
{
	unsigned int cpu;
	size_t i;
	int rc;

	memset(map, 0, LODGE_MAX_CPUS / 8);
	for (i = 0; i < list->nr; i++) {
		const struct lodge_cpu_range *r = &list->ranges[i];

		rc = check_range(l, h, r, key);
		if (rc)
			return rc;
		for (cpu = 0; cpu < h->nr; cpu++)
			if (!has_cpu(h, cpu) || !in_range(h, r, cpu))
				continue;
			else if (r->exclude)
				map[cpu / 8] &= (uint8_t) ~(1U << cpu % 8);
			else
				map[cpu / 8] |= (uint8_t)(1U << cpu % 8);
	}
	return 0;
}

static bool is_empty(const uint8_t *map)
{
	size_t i;

	for (i = 0; i < LODGE_MAX_CPUS / 8 && !map[i]; i++)
		;
	return i == LODGE_MAX_CPUS / 8;
}

int affinity_resolve(struct lodge *l, const struct lodge_cpu_list *list,
		     const char *key, uint8_t map[LODGE_MAX_CPUS / 8])
{
	struct host_cpus *host = malloc(sizeof(*host));
	int rc;

	if (!host)
		return fail(l, ENOMEM, "there is no memory");
	rc = read_host(l, host);
	if (!rc)
		rc = resolve(l, host, list, key, map);
	if (!rc && is_empty(map))
		rc = fail(l, EINVAL, "%s names no CPU", key);
	free(host);
	return rc;
}

/* ---- vCPUs -------------------------------------------------------------- */

/* Which vCPUs, from @first to before @end, and how. */
struct setting {
	struct lodge *l;
	unsigned int domid, first, end;
	uint32_t flags; /* beside the kind of affinity */
	const struct host_cpus *host;
	uint8_t *map; /* of the hypervisor's reach */
};

static int set_one(const struct setting *s, unsigned int vcpu, uint32_t kind)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_setvcpuaffinity,
		.domain = (domid_t)s->domid,
		.u.vcpuaffinity = {.vcpu = vcpu, .flags = kind | s->flags},
	};
	struct xenctl_bitmap *map = kind == XEN_VCPUAFFINITY_HARD
					    ? &op.u.vcpuaffinity.cpumap_hard
					    : &op.u.vcpuaffinity.cpumap_soft;

	map->nr_bits = s->host->nr;
	set_xen_guest_handle_raw(map->bitmap, s->map);
	return hv_domctl(s->l, &op);
}

/* One list is for all vCPUs; of several each has its own, as far as they go. */
static int set_kind(const struct setting *s, const struct lodge_affinity *a,
		    uint32_t kind, const char *key)
{
	unsigned int vcpu;
	int rc = 0;

	for (vcpu = s->first; vcpu < s->end && !rc; vcpu++) {
		if (a->each && vcpu >= a->nr)
			break;
		rc = resolve(s->l, s->host, &a->lists[a->each ? vcpu : 0], key,
			     s->map);
		if (!rc && is_empty(s->map))
			rc = fail(s->l, EINVAL, "%s leaves a vCPU no CPU", key);
		if (!rc)
			rc = set_one(s, vcpu, kind);
	}
	return rc;
}

static int set_all(struct setting *s, const struct lodge_affinity *hard,
		   const struct lodge_affinity *soft)
{
	int rc = 0;

	if (hard->nr)
		rc = set_kind(s, hard, XEN_VCPUAFFINITY_HARD, "cpus");
	if (!rc && soft->nr)
		rc = set_kind(s, soft, XEN_VCPUAFFINITY_SOFT, "cpus_soft");
	return rc;
}

static int set(struct setting *s, const struct lodge_affinity *hard,
	       const struct lodge_affinity *soft)
{
	struct host_cpus *host;
	int rc;

	if (!hard->nr && !soft->nr)
		return 0;
	host = malloc(sizeof(*host));
	if (!host)
		return fail(s->l, ENOMEM, "there is no memory");
	s->host = host;
	s->map = hv_alloc(s->l, LODGE_MAX_CPUS / 8);
	rc = s->map ? read_host(s->l, host) : -lodge_error(s->l)->code;
	if (!rc)
		rc = set_all(s, hard, soft);
	hv_free(s->l, s->map);
	free(host);
	return rc;
}

int affinity_set(struct lodge *l, unsigned int domid,
		 const struct lodge_domain_config *c)
{
	struct setting s = {.l = l, .domid = domid, .end = c->max_vcpus};

	return set(&s, &c->hard, &c->soft);
}

static int pin(struct setting *s, unsigned int vcpu,
	       const struct lodge_domain_config *c)
{
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(s->l, s->domid, &info);

	if (rc)
		return rc;
	s->end = info.max_vcpu_id + 1;
	if (vcpu == LODGE_ALL_VCPUS)
		return set(s, &c->hard, &c->soft);
	if (vcpu >= s->end)
		return fail(s->l, EINVAL, "it has no vCPU %u: the last is %u",
			    vcpu, s->end - 1);
	s->first = vcpu;
	s->end = vcpu + 1;
	return set(s, &c->hard, &c->soft);
}

int lodge_domain_pin(struct lodge *l, unsigned int domid, unsigned int vcpu,
		     const struct lodge_domain_config *c, bool force)
{
	struct setting s = {
		.l = l,
		.domid = domid,
		.flags = force ? XEN_VCPUAFFINITY_FORCE : 0,
	};

	return pin(&s, vcpu, c)
		       ? fail_because(l, "cannot pin vCPUs of domain %u", domid)
		       : 0;
}
