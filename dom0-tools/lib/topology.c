/* SPDX-License-Identifier: MIT */
/*
 * topology.c - where CPUs and memory of the host are
 */
#include "host.h"

#include <errno.h>
#include <stdlib.h>

#define NODES_MOST 64 /* more no host has */

/* ---- CPUs --------------------------------------------------------------- */

static void take_cpus(struct lodge_topology *t,
		      const struct xen_sysctl_cputopo *list)
{
	unsigned int i;

	for (i = 0; i < t->nr_cpus; i++)
		t->cpus[i] = (struct lodge_cpu){
			.there = list[i].core != XEN_INVALID_CORE_ID,
			.core = list[i].core,
			.socket = list[i].socket,
			.node = list[i].node,
		};
}

static int read_cpus(struct lodge *l, struct lodge_topology *t,
		     struct xen_sysctl_cputopo *list, unsigned int nr)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_cputopoinfo,
		.u.cputopoinfo.num_cpus = nr,
	};
	int rc;

	set_xen_guest_handle_raw(op.u.cputopoinfo.cputopo, list);
	rc = hv_sysctl(l, &op);
	if (rc)
		return rc;
	t->nr_cpus = op.u.cputopoinfo.num_cpus < nr ? op.u.cputopoinfo.num_cpus
						    : nr;
	t->cpus = calloc(t->nr_cpus + 1, sizeof(*t->cpus));
	if (!t->cpus)
		return fail(l, ENOMEM, "there is no memory");
	take_cpus(t, list);
	return 0;
}

/* How many there are is asked first. */
static int find_cpus(struct lodge *l, struct lodge_topology *t)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_cputopoinfo};
	struct xen_sysctl_cputopo *list;
	int rc = hv_sysctl(l, &op);

	if (rc)
		return rc;
	list = hv_alloc(l, op.u.cputopoinfo.num_cpus * sizeof(*list));
	if (!list)
		return -lodge_error(l)->code;
	rc = read_cpus(l, t, list, op.u.cputopoinfo.num_cpus);
	hv_free(l, list);
	return rc;
}

/* ---- nodes -------------------------------------------------------------- */

/* What the hypervisor fills, in one piece. */
struct nodes {
	struct xen_sysctl_meminfo memory[NODES_MOST];
	uint32_t distances[NODES_MOST * NODES_MOST];
};

static int take_nodes(struct lodge *l, struct lodge_topology *t,
		      const struct nodes *n, unsigned int nr)
{
	unsigned int i;

	t->nodes = calloc(nr + 1, sizeof(*t->nodes));
	t->distances = calloc((size_t)nr * nr + 1, sizeof(*t->distances));
	if (!t->nodes || !t->distances)
		return fail(l, ENOMEM, "there is no memory");
	t->nr_nodes = nr;
	for (i = 0; i < nr; i++)
		t->nodes[i] = (struct lodge_node){
			.there = n->memory[i].memsize !=
				 XEN_INVALID_MEM_SZ,
			.total_kib = n->memory[i].memsize >> 10,
			.free_kib = n->memory[i].memfree >> 10,
		};
	for (i = 0; i < nr * nr; i++)
		t->distances[i] = n->distances[i];
	return 0;
}

static int find_nodes(struct lodge *l, struct lodge_topology *t)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_numainfo,
		.u.numainfo.num_nodes = NODES_MOST,
	};
	struct nodes *n = hv_alloc(l, sizeof(*n));
	unsigned int nr;
	int rc;

	if (!n)
		return -lodge_error(l)->code;
	set_xen_guest_handle_raw(op.u.numainfo.meminfo, n->memory);
	set_xen_guest_handle_raw(op.u.numainfo.distance, n->distances);
	rc = hv_sysctl(l, &op);
	nr = op.u.numainfo.num_nodes;
	if (!rc)
		rc = take_nodes(l, t, n, nr < NODES_MOST ? nr : NODES_MOST);
	hv_free(l, n);
	return rc;
}

/* ---- both --------------------------------------------------------------- */

int lodge_topology(struct lodge *l, struct lodge_topology *t)
{
	int rc;

	*t = (struct lodge_topology){0};
	rc = find_cpus(l, t);
	if (!rc)
		rc = find_nodes(l, t);
	if (!rc)
		return 0;
	lodge_topology_free(t);
	return fail_because(l, "cannot learn about this host's CPUs and nodes");
}

void lodge_topology_free(struct lodge_topology *t)
{
	free(t->cpus);
	free(t->nodes);
	free(t->distances);
	*t = (struct lodge_topology){0};
}

int lodge_domain_nodes(struct lodge *l, unsigned int domid, uint64_t *nodes)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getnodeaffinity,
		.domain = (domid_t)domid,
		.u.nodeaffinity.nodemap.nr_bits = NODES_MOST,
	};
	uint64_t *map = hv_alloc(l, sizeof(*map));
	int rc;

	if (!map)
		return -lodge_error(l)->code;
	set_xen_guest_handle_raw(op.u.nodeaffinity.nodemap.bitmap,
				 (uint8_t *)map);
	rc = hv_domctl(l, &op);
	*nodes = *map;
	hv_free(l, map);
	return rc ? fail_because(l, "cannot read the nodes of domain %u", domid)
		  : 0;
}
