/* SPDX-License-Identifier: MIT */
/*
 * domain-pages.c - frames of domains: given, taken away, freed late
 *
 *   no owner --assign--> d's, on d->pages, count 1 (the allocation's)
 *   d's --last page_put--> deferred queue, off d->pages --TLBs clean--> free
 *   d's --steal--> no owner, stamped; page_free() queues it likewise
 *
 * A domain with frames is kept alive by one reference for all of them, and
 * by one for each of its frames in a queue, where the last frame off the list
 * takes over the former. So a dead domain's number of frames is zero. Frames
 * of ours that it was shown are not on its list: each has a reference to it,
 * goes through the queue when nobody has it any more, and stays ours.
 *
 * Each CPU has a queue of its own: IRQs off, no lock. WORK_DEFERRED empties
 * it: one flush of the CPUs that have not flushed since the frames were
 * queued, then the frames are free.
 *
 * A claim puts free memory by for a domain: what others allocate leaves as much
 * free as all claims together. It shrinks as its domain gets new frames. What
 * the hypervisor allocates for itself is not held back by claims.
 *
 * Locks: d->pages_lock guards list, counts and claim, and orders assignment
 * against the death of the domain: who finds it alive there is found by its
 * teardown. The sum of all claims is atomic.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/work.h>

/* [C] frames linked by page.link.next, NULL at the end. */
DEFINE_PER_CPU(struct list_head *, deferred_frames);

/* [a] of all domains */
static uint64_t claimed_frames;

/* The caller knows that @d is alive: it has frames, or a reference. */
static void domain_get_again(struct domain *d)
{
	atomic_add_return(&d->refs, 1);
}

void deferred_free_page(struct page *pg)
{
	unsigned long flags = irq_save();

	pg->link.next = this_cpu(deferred_frames);
	this_cpu(deferred_frames) = &pg->link;
	irq_restore(flags);
	work_raise(WORK_DEFERRED);
}

/**
 * domain_page_release() - page_put() has dropped the last general reference
 * @pg: a frame that nobody can reference any more
 *
 * Context: as page_put().
 */
void domain_page_release(struct page *pg)
{
	struct domain *d = pg->owner;
	bool last = true;

	BUG_ON(!d);
	ASSERT(!(pg->type_info & PTI_COUNT_MASK));
	if (!(pg->count_info & PCI_SHARED)) {
		spin_lock(&d->pages_lock);
		list_del(&pg->link);
		last = --d->tot_pages == 0;
		spin_unlock(&d->pages_lock);
	}
	if (!last)
		domain_get_again(d);
	/* Who mapped it has removed the entry: later flushes are good. */
	pg->tlb_stamp = tlb_clock();
	deferred_free_page(pg);
}

static struct list_head *deferred_take(void)
{
	unsigned long flags = irq_save();
	struct list_head *first = this_cpu(deferred_frames);

	this_cpu(deferred_frames) = NULL;
	irq_restore(flags);
	return first;
}

/* CPUs that have not flushed since each of these frames was queued. */
static cpumask_t deferred_mask(struct list_head *first)
{
	cpumask_t all = CPUMASK_NONE;
	uint32_t seen = 0;
	struct list_head *p;

	for (p = first; p; p = p->next) {
		uint32_t stamp = list_entry(p, struct page, link)->tlb_stamp;
		cpumask_t mask = cpu_online_map;

		if (stamp == seen)
			continue;
		seen = stamp;
		tlb_filter(&mask, stamp);
		all.bits |= mask.bits;
	}
	return all;
}

/* No TLB has it. */
static void free_frame(struct page *pg)
{
	struct domain *d = pg->owner;

	if (!(pg->count_info & PCI_SHARED)) {
		pg->owner = NULL;
		pg->tlb_stamp = 0;
		pg->count_info = PCI_SCRUB;
		buddy_free(pg, 0);
	}
	/* May free the domain, and the frames of ours that it was shown. */
	if (d)
		domain_put(d);
}

/**
 * deferred_free_run() - free the frames that wait on this CPU
 *
 * Context: WORK_DEFERRED: IRQs on, no locks held.
 */
void deferred_free_run(void)
{
	struct list_head *p = deferred_take(), *next;
	cpumask_t mask;

	if (!p)
		return;
	mask = deferred_mask(p);
	tlb_flush_mask(&mask, FLUSH_GLOBAL);
	for (; p; p = next) {
		next = p->next;
		free_frame(list_entry(p, struct page, link));
	}
}

/* Frames taken from one domain must leave the TLBs before another has them. */
static void assign_flush(struct page *pg, uint64_t nr)
{
	cpumask_t all = CPUMASK_NONE;
	uint64_t i;

	for (i = 0; i < nr; i++) {
		cpumask_t mask = cpu_online_map;

		if (!pg[i].tlb_stamp)
			continue;
		tlb_filter(&mask, pg[i].tlb_stamp);
		all.bits |= mask.bits;
	}
	if (!cpumask_empty(&all))
		tlb_flush_mask(&all, FLUSH_GLOBAL);
}

static void assign_one(struct domain *d, struct page *pg)
{
	BUG_ON(pg->owner || (pg->count_info & PCI_COUNT_MASK));
	pg->owner = d;
	pg->type_info = 0;
	pg->tlb_stamp = 0;
	pg->nr_validated = 0; /* the allocator's order lay there */
	list_add_tail(&pg->link, &d->pages);
	/* From here on others may reference it: everything else is set. */
	atomic_store(&pg->count_info, PCI_ALLOCATED | 1);
}

/* What is new to the domain comes out of its claim, or out of what nobody has
 * claimed; @nr frames are not free any more. False: others have claimed it. */
static bool take_claimed(struct domain *d, uint64_t nr)
{
	uint64_t own = min(d->claim, nr);
	uint64_t others = READ_ONCE(claimed_frames) - own;

	ASSERT(spin_is_held(&d->pages_lock));
	if (own < nr && others && mm_free_frames() < others)
		return false;
	d->claim -= own;
	if (own)
		atomic_sub_return(&claimed_frames, own);
	return true;
}

enum assign_how { ASSIGN, ASSIGN_FORCE, ASSIGN_NEW };

static int assign(struct domain *d, struct page *pg, unsigned int order,
		  enum assign_how how)
{
	uint64_t nr = 1UL << order, i;
	int rc = -EINVAL;

	assign_flush(pg, nr);
	spin_lock(&d->pages_lock);
	if (domain_is_dying(d))
		goto out_unlock;
	rc = -E2BIG;
	if (how != ASSIGN_FORCE &&
	    (d->tot_pages > d->max_pages || d->max_pages - d->tot_pages < nr))
		goto out_unlock;
	rc = -ENOMEM;
	if (how == ASSIGN_NEW && !take_claimed(d, nr))
		goto out_unlock;

	if (!d->tot_pages)
		domain_get_again(d);
	d->tot_pages += nr;
	for (i = 0; i < nr; i++)
		assign_one(d, pg + i);
	rc = 0;
out_unlock:
	spin_unlock(&d->pages_lock);
	return rc;
}

/**
 * domain_page_assign() - make frames without owner a domain's
 * @d:     the domain; the caller has a reference
 * @pg:    first of the frames; their contents stay
 * @order: 2^order of them
 * @force: beyond max_pages too
 *
 * Context: IRQs on if the frames were another domain's (a TLB flush); takes
 * LOCK_DOMPAGES.
 * Return: 0; -EINVAL the domain is dying; -E2BIG it would have more than
 *         max_pages. On error nothing has changed.
 */
int domain_page_assign(struct domain *d, struct page *pg, unsigned int order,
		       bool force)
{
	return assign(d, pg, order, force ? ASSIGN_FORCE : ASSIGN);
}

/**
 * domain_page_alloc() - give a domain new frames
 * @d:     the domain; the caller has a reference
 * @order: 2^order adjoining, aligned frames, each freed on its own
 * @memf:  MEMF_BITS(n); MEMF_NO_SCRUB if the caller writes all of it before
 *         the domain can read it; MEMF_STALE if the domain may find what was
 *         there before any domain was; else the frames are cleared
 *
 * Context: no locks above LOCK_PAGETABLE held.
 * Return: struct page of the first; NULL: no memory, max_pages exceeded, or
 *         the domain is dying.
 */
struct page *domain_page_alloc(struct domain *d, unsigned int order,
			       unsigned int memf)
{
	struct page *pg;

	if (!(memf & (MEMF_NO_SCRUB | MEMF_STALE)))
		memf |= MEMF_ZERO;
	pg = page_alloc(order, memf);
	if (!pg)
		return NULL;
	if (assign(d, pg, order, ASSIGN_NEW)) {
		page_free(pg, order);
		return NULL;
	}
	return pg;
}

/* Adds to the sum if as much is free and not claimed. */
static bool add_claimed(uint64_t nr)
{
	uint64_t sum = READ_ONCE(claimed_frames);

	do {
		uint64_t free = mm_free_frames();

		if (free < sum || free - sum < nr)
			return false;
	} while (!atomic_cmpxchg(&claimed_frames, &sum, sum + nr));
	return true;
}

/**
 * domain_claim() - put memory by for a domain
 * @d:  the domain; the caller has a reference
 * @nr: frames that it is to have in all; 0: it gives its claim up
 *
 * Context: takes LOCK_DOMPAGES.
 * Return: 0; -EINVAL it has a claim, or as many frames already, or may not have
 *         as many, or is dying; -ENOMEM.
 */
int domain_claim(struct domain *d, uint64_t nr)
{
	int rc = -EINVAL;

	spin_lock(&d->pages_lock);
	if (!nr) {
		atomic_sub_return(&claimed_frames, d->claim);
		d->claim = 0;
		rc = 0;
	} else if (!d->claim && nr > d->tot_pages && nr <= d->max_pages &&
		   !domain_is_dying(d)) {
		rc = -ENOMEM;
		if (add_claimed(nr - d->tot_pages)) {
			d->claim = nr - d->tot_pages;
			rc = 0;
		}
	}
	spin_unlock(&d->pages_lock);
	return rc;
}

/**
 * mm_claimed_frames() - how much of the free memory is put by
 */
uint64_t mm_claimed_frames(void)
{
	return READ_ONCE(claimed_frames);
}

/**
 * domain_page_steal() - take a frame away from a domain, for reuse
 * @d:  the owner; the caller has a reference to it
 * @pg: the frame
 *
 * Afterwards it has no owner. TLBs may still hold it: page_free() and
 * domain_page_assign() see to that before anybody else gets it.
 *
 * Context: no locks held: may drop a reference to @d.
 * Return: 0; -EINVAL: not @d's, or somebody has a reference other than the
 *         allocation's; nothing has changed.
 */
int domain_page_steal(struct domain *d, struct page *pg)
{
	uint64_t only_us = PCI_ALLOCATED | 2;
	bool last;

	/* With a reference of our own the owner cannot change. */
	if (!page_get(pg, d))
		return -EINVAL;
	if ((READ_ONCE(pg->type_info) & PTI_COUNT_MASK) ||
	    !atomic_cmpxchg(&pg->count_info, &only_us, PCI_SCRUB)) {
		page_put(pg);
		return -EINVAL;
	}
	spin_lock(&d->pages_lock);
	list_del(&pg->link);
	last = --d->tot_pages == 0;
	spin_unlock(&d->pages_lock);

	pg->tlb_stamp = tlb_clock();
	pg->type_info = 0;
	pg->owner = NULL;
	if (last)
		domain_put(d);
	return 0;
}
