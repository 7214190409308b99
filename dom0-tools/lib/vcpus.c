/* SPDX-License-Identifier: MIT */
/*
 * vcpus.c - the vCPUs of a domain
 */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int get_max_cpus(struct lodge *l, unsigned int *max_cpus)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
	int rc = hv_sysctl(l, &op);

	*max_cpus = op.u.physinfo.max_cpu_id + 1;
	return rc;
}

static int get_info(struct lodge *l, unsigned int domid, struct lodge_vcpu *v)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getvcpuinfo,
		.domain = (domid_t)domid,
		.u.getvcpuinfo.vcpu = v->id,
	};
	int rc = hv_domctl(l, &op);

	if (rc)
		return rc;
	v->online = op.u.getvcpuinfo.online;
	v->running = op.u.getvcpuinfo.running;
	v->blocked = op.u.getvcpuinfo.blocked;
	v->cpu = op.u.getvcpuinfo.cpu;
	v->cpu_time_ns = op.u.getvcpuinfo.cpu_time;
	return 0;
}

/* Both maps with one call, through one buffer. */
static int get_affinity(struct lodge *l, unsigned int domid,
			struct lodge_vcpu *v, unsigned int bits)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getvcpuaffinity,
		.domain = (domid_t)domid,
		.u.vcpuaffinity = {
			.flags = XEN_VCPUAFFINITY_HARD |
				 XEN_VCPUAFFINITY_SOFT,
			.vcpu = v->id,
			.cpumap_hard.nr_bits = bits,
			.cpumap_soft.nr_bits = bits,
		},
	};
	size_t bytes = (bits + 7) / 8;
	uint8_t *maps = hv_alloc(l, 2 * bytes);
	int rc;

	if (!maps)
		return -lodge_error(l)->code;
	set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_hard.bitmap, maps);
	set_xen_guest_handle_raw(op.u.vcpuaffinity.cpumap_soft.bitmap,
				 maps + bytes);
	rc = hv_domctl(l, &op);
	memcpy(v->hard, maps, bytes);
	memcpy(v->soft, maps + bytes, bytes);
	hv_free(l, maps);
	return rc;
}

/* An id without a vCPU, which a domain may have, is passed over. */
static int get_all(struct lodge *l, unsigned int domid, unsigned int max_id,
		   unsigned int bits, struct lodge_vcpu *list, size_t *nr)
{
	unsigned int id;
	int rc = 0;

	for (id = 0; id <= max_id && !rc; id++) {
		struct lodge_vcpu *v = &list[*nr];

		v->id = id;
		v->hard = calloc(2, (bits + 7) / 8);
		if (!v->hard)
			return fail(l, ENOMEM, "there is no memory");
		v->soft = v->hard + (bits + 7) / 8;
		rc = get_info(l, domid, v);
		if (rc == -ESRCH) {
			free(v->hard);
			rc = 0;
			continue;
		}
		(*nr)++;
		if (!rc)
			rc = get_affinity(l, domid, v, bits);
	}
	return rc;
}

int lodge_vcpus(struct lodge *l, unsigned int domid, struct lodge_vcpu **list,
		size_t *nr)
{
	struct xen_domctl_getdomaininfo info;
	unsigned int bits;
	int rc;

	*list = NULL;
	*nr = 0;
	rc = get_max_cpus(l, &bits);
	if (!rc)
		rc = hv_domain_info(l, domid, &info);
	if (!rc && info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID)
		return 0;
	if (!rc) {
		*list = calloc((size_t)info.max_vcpu_id + 1, sizeof(**list));
		rc = *list ? get_all(l, domid, info.max_vcpu_id, bits, *list,
				     nr)
			   : fail(l, ENOMEM, "there is no memory");
	}
	if (!rc)
		return 0;
	lodge_vcpus_free(*list, *nr);
	*list = NULL;
	*nr = 0;
	return fail_because(l, "cannot list the vCPUs of domain %u", domid);
}

void lodge_vcpus_free(struct lodge_vcpu *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		free(list[i].hard);
	free(list);
}
