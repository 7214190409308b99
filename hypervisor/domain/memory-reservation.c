/* SPDX-License-Identifier: MIT */
/*
 * memory-reservation.c - a domain's memory grows and shrinks
 *
 * increase_reservation, populate_physmap and decrease_reservation go through a
 * list of extents and return how many of them they did, whatever stopped them:
 * a bad address, a frame that is not the domain's, no memory. They never
 * return an error number. They are
 * preempted between two extents; an extent has at most 2^MEMORY_MAX_ORDER_DOM0
 * frames.
 *
 * No locks but those of the functions called.
 */
#include "memory.h"

#include <lodge/access.h>
#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

/* One operation on one list. */
struct extents {
	struct domain *d;
	guest_ptr_t list; /* may be NULL where nothing is read from it */
	unsigned int order;
	unsigned int memf;
};

/* Gives up the allocation's reference; what else holds the frame keeps it. */
static bool decrease_frame(struct domain *d, mfn_t mfn)
{
	struct page *pg;
	bool done;

	if (!mfn_valid(mfn))
		return false;
	pg = mfn_to_page(mfn);
	if (!page_get(pg, d))
		return false;
	done = page_put_alloc_ref(pg);
	if (done)
		m2p_set(mfn, M2P_INVALID);
	page_put(pg);
	return done;
}

/* Nobody was told of them. */
static void take_back(struct extents *e, mfn_t first)
{
	uint64_t i;

	for (i = 0; i < 1UL << e->order; i++)
		(void)decrease_frame(e->d, mfn_add(first, i));
}

/* The frames are @e->d's now; the guest is told where they are, if it wants.
 * False: it cannot be told, and they are not. */
static bool hand_out(struct extents *e, struct page *pg, uint64_t nr,
		     uint64_t pfn)
{
	mfn_t mfn = page_to_mfn(pg);
	xen_pfn_t first = mfn_x(mfn);
	uint64_t i;

	for (i = 0; i < 1UL << e->order; i++)
		m2p_set(mfn_add(mfn, i),
			pfn == M2P_INVALID ? M2P_INVALID : pfn + i);
	if (guest_ptr_null(e->list))
		return true;
	if (!copy_to_guest(memory_list_entry(e->list, nr), &first,
			   sizeof(first)))
		return true;
	take_back(e, mfn);
	return false;
}

static bool increase_one(struct extents *e, uint64_t nr)
{
	struct page *pg = domain_page_alloc(e->d, e->order, e->memf);

	return pg && hand_out(e, pg, nr, M2P_INVALID);
}

static bool populate_one(struct extents *e, uint64_t nr)
{
	struct page *pg;
	xen_pfn_t pfn;

	if (copy_from_guest(&pfn, memory_list_entry(e->list, nr), sizeof(pfn)))
		return false;
	pg = domain_page_alloc(e->d, e->order, e->memf);
	return pg && hand_out(e, pg, nr, pfn);
}

static bool decrease_one(struct extents *e, uint64_t nr)
{
	xen_pfn_t mfn;
	uint64_t i;

	if (copy_from_guest(&mfn, memory_list_entry(e->list, nr), sizeof(mfn)))
		return false;
	for (i = 0; i < 1UL << e->order; i++)
		if (!decrease_frame(e->d, MFN(mfn + i)))
			return false;
	return true;
}

static bool (*one_extent(unsigned int op))(struct extents *e, uint64_t nr)
{
	switch (op) {
	case XENMEM_increase_reservation:
		return increase_one;
	case XENMEM_populate_physmap:
		return populate_one;
	default:
		return decrease_one;
	}
}

/* May these extents be asked for at all? */
static bool request_ok(const struct domain *caller,
		       const struct xen_memory_reservation *req,
		       unsigned int op, unsigned long done)
{
	if (req->nr_extents > MEMOP_MAX_EXTENTS || done > req->nr_extents ||
	    req->extent_order > memory_max_order(caller))
		return false;
	/* Populated on demand is for guests with nested paging. */
	return op != XENMEM_populate_physmap ||
	       !(req->mem_flags & XENMEMF_populate_on_demand);
}

/**
 * memory_reservation() - the three operations on a reservation
 * @v:    the caller
 * @nr:   XENMEM_increase_reservation, _decrease_ or XENMEM_populate_physmap
 * @arg:  struct xen_memory_reservation
 * @done: extents done by earlier passes
 *
 * Context: no locks.
 * Return: how many extents are done; none of this pass if the request cannot be
 *         read, makes no sense, or is about a domain that is not the caller's
 *         business.
 */
long memory_reservation(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			unsigned long done)
{
	bool (*one)(struct extents * e, uint64_t i) = one_extent(nr);
	struct xen_memory_reservation req;
	struct extents e;
	uint64_t i;

	if (copy_from_guest(&req, arg, sizeof(req)) ||
	    !request_ok(v->domain, &req, nr, done) ||
	    domain_get_for(v->domain, req.domid, &e.d))
		return (long)done;
	e.list = guest_ptr(req.extent_start);
	e.order = req.extent_order;
	e.memf = memory_alloc_flags(req.mem_flags);

	for (i = done; i < req.nr_extents; i++) {
		if (i != done && hypercall_preempt_check())
			break;
		if (!one(&e, i)) {
			domain_put(e.d);
			return (long)i;
		}
	}
	domain_put(e.d);
	return i < req.nr_extents ? memory_continue(nr, i, arg) : (long)i;
}
