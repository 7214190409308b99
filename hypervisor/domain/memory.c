/* SPDX-License-Identifier: MIT */
/*
 * memory.c - HYPERVISOR_memory_op: the table, and what only asks
 *
 * Specification: <xen/memory.h>. Operations on lists of extents are in
 * memory-reservation.c and memory-exchange.c, maps in memory-map.c.
 *
 * A domain may name itself, by DOMID_SELF or by its number; another only who is
 * privileged over it may (<lodge/access.h>).
 */
#include "memory.h"

#include <lodge/access.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/mm.h>

/* Order of the largest extent that @d may ask for. */
unsigned int memory_max_order(const struct domain *d)
{
	return d->privileged ? MEMORY_MAX_ORDER_DOM0 : MEMORY_MAX_ORDER;
}

/* XENMEMF_ flags as the allocator's. All memory is of one node. */
unsigned int memory_alloc_flags(unsigned int mem_flags)
{
	unsigned int bits = XENMEMF_get_address_bits(mem_flags);

	/* No limit, or one that no memory exceeds. */
	return bits && bits < 64 ? MEMF_BITS(bits) : 0;
}

/* The call goes on behind its first @done extents. */
long memory_continue(unsigned int nr, uint64_t done, guest_ptr_t arg)
{
	return hypercall_continue(__HYPERVISOR_memory_op, 2,
				  (unsigned long)(nr | done << MEMOP_BITS),
				  arg.va);
}

/* Element @nr of a list of frame numbers. */
guest_ptr_t memory_list_entry(guest_ptr_t list, uint64_t nr)
{
	return guest_ptr_add(list, nr * sizeof(xen_pfn_t));
}

static long maximum_ram_page(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			     unsigned long done)
{
	return (long)(max_mfn - 1);
}

/* A number about the domain that the request names. */
static long ask_domain(struct vcpu *v, domid_t domid,
		       long (*what)(const struct domain *d))
{
	struct domain *d;
	long rc = domain_get_for(v->domain, domid, &d);

	if (rc)
		return rc;
	rc = what(d);
	domain_put(d);
	return rc;
}

static long tot_pages(const struct domain *d)
{
	return (long)READ_ONCE(d->tot_pages);
}

static long max_pages(const struct domain *d)
{
	uint64_t max = READ_ONCE(d->max_pages);

	return (long)min(max, (uint64_t)INT64_MAX);
}

/* A PV guest says itself how far its frame numbers go. */
static long maximum_gpfn_of(const struct domain *d)
{
	uint64_t nr = READ_ONCE(d->shared_info->arch.max_pfn);

	return nr ? (long)nr - 1 : 0;
}

static long current_reservation(struct vcpu *v, void *arg)
{
	const struct xen_memory_domain *op = arg;

	return ask_domain(v, op->domid, tot_pages);
}

static long maximum_reservation(struct vcpu *v, void *arg)
{
	const struct xen_memory_domain *op = arg;

	return ask_domain(v, op->domid, max_pages);
}

static long maximum_gpfn(struct vcpu *v, void *arg)
{
	const struct xen_memory_domain *op = arg;

	return ask_domain(v, op->domid, maximum_gpfn_of);
}

/* Pages are never shared between domains: how many there are, or were saved. */
static long no_shared_pages(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			    unsigned long done)
{
	return 0;
}

#define NO_TRANSLATION "PV guests name machine frames"

static const struct op memory_ops[] = {
	OP_RAWFN(XENMEM_increase_reservation, memory_reservation, 0),
	OP_RAWFN(XENMEM_decrease_reservation, memory_reservation, 0),
	OP_RAWFN(XENMEM_maximum_ram_page, maximum_ram_page, 0),
	OP(XENMEM_current_reservation, current_reservation, struct xen_memory_domain, OP_IN),
	OP(XENMEM_maximum_reservation, maximum_reservation, struct xen_memory_domain, OP_IN),
	OP(XENMEM_machphys_mfn_list, memory_machphys_list, struct xen_machphys_mfn_list, OP_INOUT),
	OP_RAWFN(XENMEM_populate_physmap, memory_reservation, 0),
	OP_NONE(XENMEM_add_to_physmap, EACCES, NO_TRANSLATION),
	OP(XENMEM_memory_map, memory_map_get, struct xen_memory_map, OP_INOUT),
	OP(XENMEM_machine_memory_map, memory_map_machine, struct xen_memory_map, OP_INOUT | OP_DOM0),
	OP_RAWFN(XENMEM_exchange, memory_exchange, 0),
	OP(XENMEM_machphys_mapping, memory_machphys_mapping, struct xen_machphys_mapping, OP_OUT),
	OP(XENMEM_set_memory_map, memory_map_set, struct xen_foreign_memory_map, OP_IN),
	OP(XENMEM_maximum_gpfn, maximum_gpfn, struct xen_memory_domain, OP_IN),
	OP_NONE(XENMEM_remove_from_physmap, EACCES, NO_TRANSLATION),
	OP_NONE(XENMEM_set_pod_target, EINVAL, "no populate-on-demand for PV"),
	OP_NONE(XENMEM_get_pod_target, EINVAL, "no populate-on-demand for PV"),
	OP_RAWFN(XENMEM_get_sharing_freed_pages, no_shared_pages, OP_DOM0),
	OP_RAWFN(XENMEM_get_sharing_shared_pages, no_shared_pages, OP_DOM0),
	OP_NONE(XENMEM_paging_op, EOPNOTSUPP, "no paging to disk"),
	OP_NONE(XENMEM_access_op, EOPNOTSUPP, "no access monitoring"),
	OP_NONE(XENMEM_sharing_op, EOPNOTSUPP, "no page sharing"),
	OP_NONE(XENMEM_add_to_physmap_batch, EACCES, NO_TRANSLATION),
	OP_RAWFN(XENMEM_claim_pages, memory_claim, OP_DOM0),
	OP_NONE(XENMEM_machphys_compat_mfn_list, EOPNOTSUPP, "no 32-bit PV guests"),
	OP_NONE(XENMEM_get_vnumainfo, EOPNOTSUPP, "no virtual NUMA topology"),
	OP(XENMEM_reserved_device_memory_map, memory_reserved_devices, struct xen_reserved_device_memory_map, OP_INOUT),
	OP_RAWFN(XENMEM_acquire_resource, memory_acquire_resource, 0),
};

static const struct op_table memory_table = {
	.name = "memory_op",
	.ops = memory_ops,
	.nr_ops = ARRAY_SIZE(memory_ops),
	.unknown = ENOSYS,
};

/**
 * hypercall_memory_op() - HYPERVISOR_memory_op(op, arg)
 * @v: current
 * @a: operation (MEMOP_BITS), guest pointer to its argument
 *
 * Return: as the operation says; see memory_ops.
 */
long hypercall_memory_op(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)(a->arg0 & MEMOP_MASK),
			   GUEST_PTR(a->arg1), a->arg0 >> MEMOP_BITS,
			   &memory_table);
}
