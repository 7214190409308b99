/* SPDX-License-Identifier: MIT */
/*
 * mm-teardown.c - give back all memory of a dying domain
 *
 *   vCPUs stopped, roots dropped  ->  pins and stopped validations dropped,
 *   allocation references dropped  ->  release queue worked off
 *
 * Each frame on the domain's list is looked at once: the first is moved to the
 * end, and teardown_left counts down. The domain is dying, so the list cannot
 * grow, no table is checked any more, and a pin that comes too late is taken
 * back by who set it. What others still reference stays on the
 * list until they let go.
 *
 * Locks: d->pages_lock for each step along the list.
 */
#include "mm.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>

/* The next frame, referenced; NULL with *more: it is just being freed. */
static struct page *next_frame(struct domain *d, bool *more)
{
	struct page *pg = NULL;

	spin_lock(&d->pages_lock);
	*more = d->pv->teardown_left && !list_empty(&d->pages);
	if (*more) {
		d->pv->teardown_left--;
		pg = list_first_entry(&d->pages, struct page, link);
		list_del(&pg->link);
		list_add_tail(&pg->link, &d->pages);
		if (!page_get(pg, d))
			pg = NULL;
	}
	spin_unlock(&d->pages_lock);
	return pg;
}

/* True: another CPU is just checking it, and must be waited for. */
static bool drop_frame(struct page *pg)
{
	bool busy;

	if (atomic_fetch_and(&pg->type_info, ~PTI_PINNED) & PTI_PINNED) {
		page_put_type(pg);
		page_put(pg);
	}
	page_type_abandon(pg);
	busy = READ_ONCE(pg->type_info) & PTI_BUSY;
	page_put_alloc_ref(pg);
	page_put(pg);
	return busy;
}

/**
 * pv_relinquish_memory() - drop all that a dying domain's frames hold
 * @d: dying; no vCPU of it is loaded anywhere and its roots are dropped
 *
 * Context: interrupts on, no locks; one caller at a time.
 * Return: 0: done; -ERESTART: preempted, call again.
 */
int pv_relinquish_memory(struct domain *d)
{
	bool more = true;

	BUG_ON(!domain_is_dying(d));
	if (!d->pv->teardown_started) {
		d->pv->teardown_left = d->tot_pages;
		d->pv->teardown_started = true;
		(void)domain_claim(d, 0);
	}
	while (more) {
		struct page *pg = next_frame(d, &more);

		/* All over again: it may be left PARTIAL. */
		if (pg && drop_frame(pg))
			d->pv->teardown_left = d->tot_pages;
		if (more && hypercall_preempt_check())
			return -ERESTART;
	}
	return pv_release_run(d);
}
