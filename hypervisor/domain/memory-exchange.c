/* SPDX-License-Identifier: MIT */
/*
 * memory-exchange.c - XENMEM_exchange: other frames for one's own
 *
 * A PV guest that needs adjoining frames, or frames at low addresses for a
 * device, gives as many others for them. The lists are worked through in
 * chunks, the larger of the two extents each. A chunk is exchanged whole or
 * not at all: the old frames go back if one of the first three steps fails.
 *
 *	take the old frames away from the domain
 *	allocate new ones, and tell the guest their numbers
 *	give them to the domain
 *	free the old ones
 *
 * The guest sees nr_exchanged grow with each chunk; that is also how a call
 * that was preempted knows where to go on.
 *
 * No locks but those of the functions called. Frames that were taken away
 * belong to nobody and are linked by page.link in a list of ours.
 */
#include "memory.h"

#include <lodge/access.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

/**
 * struct exchange - one request
 * @d:         whose memory
 * @x:         private copy of the request
 * @nr_in:     input extents per chunk
 * @nr_out:    output extents per chunk
 * @stolen:    frames of this chunk that @d has given
 * @allocated: first frames of this chunk's new extents
 */
struct exchange {
	struct domain *d;
	struct xen_memory_exchange x;
	uint64_t nr_in, nr_out;
	struct list_head stolen, allocated;
};

static guest_ptr_t in_entry(const struct exchange *e, uint64_t i)
{
	return memory_list_entry(guest_ptr(e->x.in.extent_start), i);
}

static guest_ptr_t out_entry(const struct exchange *e, uint64_t i)
{
	return memory_list_entry(guest_ptr(e->x.out.extent_start), i);
}

static struct page *pop(struct list_head *list)
{
	struct page *pg;

	if (list_empty(list))
		return NULL;
	pg = list_first_entry(list, struct page, link);
	list_del(&pg->link);
	return pg;
}

static int alloc_new(struct exchange *e)
{
	unsigned int memf = memory_alloc_flags(e->x.out.mem_flags);
	uint64_t i;

	for (i = 0; i < e->nr_out; i++) {
		struct page *pg =
			page_alloc(e->x.out.extent_order, memf | MEMF_ZERO);

		if (!pg)
			return -ENOMEM;
		list_add_tail(&pg->link, &e->allocated);
	}
	return 0;
}

static void free_new(struct exchange *e)
{
	struct page *pg;

	while ((pg = pop(&e->allocated)))
		page_free(pg, e->x.out.extent_order);
}

static int steal_extent(struct exchange *e, xen_pfn_t first)
{
	uint64_t i;
	int rc;

	for (i = 0; i < 1UL << e->x.in.extent_order; i++) {
		struct page *pg;

		if (!mfn_valid(MFN(first + i)))
			return -EINVAL;
		pg = mfn_to_page(MFN(first + i));
		rc = domain_page_steal(e->d, pg);
		if (rc)
			return rc;
		list_add_tail(&pg->link, &e->stolen);
	}
	return 0;
}

static int steal_old(struct exchange *e)
{
	uint64_t i, at = e->x.nr_exchanged;
	xen_pfn_t first;
	int rc = 0;

	for (i = 0; !rc && i < e->nr_in; i++) {
		if (copy_from_guest(&first, in_entry(e, at + i), sizeof(first)))
			return -EFAULT;
		rc = steal_extent(e, first);
	}
	return rc;
}

/* They had been the domain's: beyond max_pages too. If it has died
 * meanwhile, nobody misses them. */
static void give_old_back(struct exchange *e)
{
	struct page *pg;

	while ((pg = pop(&e->stolen)))
		if (domain_page_assign(e->d, pg, 0, true))
			page_free(pg, 0);
}

static void free_old(struct exchange *e)
{
	struct page *pg;

	while ((pg = pop(&e->stolen))) {
		m2p_set(page_to_mfn(pg), M2P_INVALID);
		page_free(pg, 0);
	}
}

/*
 * Reads where the guest wants each new extent and writes where it is. @pfns
 * has room for the guest's numbers, which go back into the list if the chunk
 * fails.
 */
static int tell_new(struct exchange *e, uint64_t first, uint64_t *pfns,
		    uint64_t *told)
{
	struct list_head *p;

	*told = 0;
	for (p = e->allocated.next; p != &e->allocated; p = p->next) {
		guest_ptr_t entry = out_entry(e, first + *told);
		const struct page *pg = list_entry(p, struct page, link);
		xen_pfn_t mfn = mfn_x(page_to_mfn(pg));

		if (copy_from_guest(&pfns[*told], entry, sizeof(mfn)) ||
		    copy_to_guest(entry, &mfn, sizeof(mfn)))
			return -EFAULT;
		++*told;
	}
	return 0;
}

static void untell(struct exchange *e, uint64_t first, const uint64_t *pfns,
		   uint64_t told)
{
	while (told--)
		if (copy_to_guest(out_entry(e, first + told), &pfns[told],
				  sizeof(pfns[0])))
			return;
}

/* The domain has given as many: it cannot exceed its limit by this. */
static int give_new(struct exchange *e, const uint64_t *pfns)
{
	unsigned int order = e->x.out.extent_order;
	struct page *pg;
	uint64_t i;
	int rc;

	for (; !list_empty(&e->allocated); pfns++) {
		pg = list_first_entry(&e->allocated, struct page, link);
		list_del(&pg->link);
		rc = domain_page_assign(e->d, pg, order, true);
		if (rc) {
			list_add(&pg->link, &e->allocated);
			return rc;
		}
		for (i = 0; i < 1UL << order; i++)
			m2p_set(mfn_add(page_to_mfn(pg), i), *pfns + i);
	}
	return 0;
}

static int exchange_chunk(struct exchange *e, uint64_t *pfns)
{
	uint64_t chunk = e->x.nr_exchanged / e->nr_in, told = 0;
	int rc = steal_old(e);

	if (!rc)
		rc = alloc_new(e);
	if (!rc)
		rc = tell_new(e, chunk * e->nr_out, pfns, &told);
	if (!rc)
		rc = give_new(e, pfns);
	if (rc) {
		give_old_back(e);
		untell(e, chunk * e->nr_out, pfns, told);
		free_new(e);
		return rc;
	}
	free_old(e);
	e->x.nr_exchanged += e->nr_in;
	return 0;
}

static int check_request(const struct vcpu *v, struct exchange *e)
{
	const struct xen_memory_reservation *in = &e->x.in, *out = &e->x.out;
	unsigned int max_order = memory_max_order(v->domain);

	if (in->extent_order > max_order || out->extent_order > max_order)
		return -EPERM;
	/* No address space has room for such a list. */
	if (in->nr_extents > MEMOP_MAX_EXTENTS ||
	    out->nr_extents > MEMOP_MAX_EXTENTS)
		return -EFAULT;
	if (in->domid != out->domid ||
	    in->nr_extents > ~0UL >> in->extent_order ||
	    out->nr_extents > ~0UL >> out->extent_order ||
	    in->nr_extents << in->extent_order != out->nr_extents
							  << out->extent_order)
		return -EINVAL;
	e->nr_in = e->nr_out = 1;
	if (in->extent_order < out->extent_order)
		e->nr_in = 1UL << (out->extent_order - in->extent_order);
	else
		e->nr_out = 1UL << (in->extent_order - out->extent_order);
	if (e->x.nr_exchanged > in->nr_extents || e->x.nr_exchanged % e->nr_in)
		return -EINVAL;
	return 0;
}

/* -ERESTART: preempted between two chunks. */
static int exchange_all(struct exchange *e)
{
	uint64_t *pfns = kcalloc(e->nr_out, sizeof(*pfns));
	int rc = 0;

	if (!pfns)
		return -ENOMEM;
	while (!rc && e->x.nr_exchanged < e->x.in.nr_extents) {
		rc = exchange_chunk(e, pfns);
		if (!rc && e->x.nr_exchanged < e->x.in.nr_extents &&
		    hypercall_preempt_check())
			rc = -ERESTART;
	}
	kfree(pfns);
	return rc;
}

/**
 * memory_exchange() - XENMEM_exchange
 * @v:    the caller
 * @nr:   the operation's number
 * @arg:  struct xen_memory_exchange
 * @done: not used: nr_exchanged says how far earlier passes came
 *
 * Context: no locks.
 * Return: 0; -EINVAL: lists that do not fit each other, or a frame that is
 *         not the domain's or still in use; -EPERM: extents too large, or a
 *         domain that is not the caller's business; -ESRCH; -ENOMEM; -EFAULT.
 *         nr_exchanged says in any case how many input extents are gone.
 */
long memory_exchange(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		     unsigned long done)
{
	struct exchange e;
	int rc;

	if (copy_from_guest(&e.x, arg, sizeof(e.x)))
		return -EFAULT;
	list_init(&e.stolen);
	list_init(&e.allocated);
	rc = check_request(v, &e);
	if (!rc)
		rc = domain_get_for(v->domain, e.x.in.domid, &e.d);
	if (rc)
		return rc;
	rc = exchange_all(&e);
	domain_put(e.d);
	if (copy_to_guest(
		    guest_ptr_add(arg, offsetof(struct xen_memory_exchange,
						nr_exchanged)),
		    &e.x.nr_exchanged, sizeof(e.x.nr_exchanged)))
		return -EFAULT;
	return rc == -ERESTART ? memory_continue(nr, 0, arg) : rc;
}
