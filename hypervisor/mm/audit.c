/* SPDX-License-Identifier: MIT */
/*
 * audit.c - is each frame in one state, and each list of frames right?
 *
 *   free:    in a block that a free list has, or in a CPU's cache
 *   owned:   referenced, with an owner; on its list, unless it is ours
 *   leaving: with an owner, but not referenced: in a queue to be freed
 *   ours:    none of these
 *
 * Locks: d->pages_lock for a domain's list; else none, see <lodge/audit.h>.
 */
#include <lodge/audit.h>

#include "private.h"

#define FREE_FLAGS (PCI_FREE | PCI_CACHED)

static struct domain_tally *tally_of(struct audit *a, const struct domain *d)
{
	return d->domid < DOMID_FIRST_RESERVED ? &a->domains[d->domid] : NULL;
}

static void count_owned(struct audit *a, const struct page *pg, uint64_t count)
{
	struct domain_tally *t = tally_of(a, pg->owner);

	if (!t)
		return;
	if (count & PCI_SHARED)
		t->shown += count & PCI_COUNT_MASK ? 1 : 0;
	else if (count & PCI_COUNT_MASK)
		t->frames++;
	else
		t->leaving++;
}

/* Nothing of a former life in a free block, nor two blocks in one place. */
static void check_block(struct audit *a, uint64_t head)
{
	const struct page *pg = mfn_to_page(MFN(head));
	uint64_t i, nr = 1UL << pg->free.order;

	a->free_frames += nr;
	for (i = 0; i < nr; i++) {
		uint64_t count = READ_ONCE(pg[i].count_info);

		if (!mfn_valid(MFN(head + i)) || pg[i].owner ||
		    count & (PCI_COUNT_MASK | PCI_CACHED | PCI_RESERVED) ||
		    (i && count & PCI_FREE)) {
			audit_error(a, "frame %lx is in a free block of order "
				    "%u, but in use", (unsigned long)(head + i),
				    pg->free.order);
			return;
		}
	}
}

static void check_frame(struct audit *a, uint64_t mfn)
{
	const struct page *pg = mfn_to_page(MFN(mfn));
	uint64_t count = READ_ONCE(pg->count_info);

	if (count & PCI_FREE) {
		check_block(a, mfn);
	} else if (count & PCI_CACHED) {
		a->free_frames++;
		if (pg->owner || count & PCI_COUNT_MASK)
			audit_error(a, "frame %lx is in a cache, but in use",
				    (unsigned long)mfn);
	} else if (pg->owner) {
		count_owned(a, pg, count);
	} else if (count & PCI_COUNT_MASK) {
		audit_error(a, "frame %lx is referenced, but nobody's",
			    (unsigned long)mfn);
	}
}

/**
 * mm_audit() - look at all frames, and count them by owner
 * @a: the tallies are filled in
 *
 * Context: no locks held; guests do not run.
 */
void mm_audit(struct audit *a)
{
	uint64_t mfn, free;

	for (mfn = 0; mfn < max_mfn; mfn++)
		if (mfn_valid(MFN(mfn)))
			check_frame(a, mfn);
	free = mm_free_frames();
	if (free != a->free_frames)
		audit_error(a, "%lu frames are free, %lu are counted as free",
			    (unsigned long)a->free_frames, (unsigned long)free);
	buddy_audit(a);
}

/**
 * mm_audit_domain() - does a domain have the frames that it should?
 * @a: after mm_audit()
 * @d: the domain
 */
void mm_audit_domain(struct audit *a, struct domain *d)
{
	const struct domain_tally *t = tally_of(a, d);
	const struct list_head *p;
	uint64_t listed = 0;

	spin_lock(&d->pages_lock);
	for (p = d->pages.next; p != &d->pages; p = p->next) {
		listed++;
		if (list_entry(p, struct page, link)->owner != d ||
		    listed > d->tot_pages)
			break;
	}
	if (listed != d->tot_pages || t->frames != d->tot_pages)
		audit_error(a, "%s: %lu frames, of which %lu in its list and "
			    "%u in the frame table", d->name,
			    (unsigned long)d->tot_pages, (unsigned long)listed,
			    t->frames);
	a->frames += listed;
	spin_unlock(&d->pages_lock);
}
