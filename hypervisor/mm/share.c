/* SPDX-License-Identifier: MIT */
/*
 * share.c - frames of ours that a domain may map
 *
 *   ours --page_share--> shown --page_share_end--> shown to who has it yet
 *   shown to nobody, its domain without references --page_unshare--> ours
 *
 * shared_info, grant tables, and (read-only, of dom_xen) the table of machine
 * frames. Such a frame is never on its domain's list and never freed by it;
 * its general references keep the domain alive, as the domain's own frames do.
 *
 * No locks: see frame-table.c.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/domain.h>

/**
 * page_share() - show a frame of ours to a domain
 * @pg:       a frame from page_alloc()
 * @d:        who may reference it from now on
 * @writable: whether it may map it writable
 *
 * One type reference is held, so that the frame cannot become a page table;
 * for a read-only frame it is of no type that allows anything. The frame holds
 * a reference to @d, until page_share_end() and until all have let go of it.
 */
void page_share(struct page *pg, struct domain *d, bool writable)
{
	uint64_t type = writable ? PT_WRITABLE : PT_NONE;

	ASSERT(!pg->owner && !(pg->count_info & PCI_COUNT_MASK));
	atomic_add_return(&d->refs, 1);
	pg->owner = d;
	pg->type_info = type << PTI_TYPE_SHIFT | PTI_VALIDATED | 1;
	atomic_store(&pg->count_info, PCI_SHARED | 1);
}

/**
 * page_share_end() - a dying domain lets go of a frame that it was shown
 * @pg: from page_share(); once
 *
 * We may go on using it. Others who have it mapped keep the domain's shell
 * until they let go.
 *
 * Context: as page_put().
 */
void page_share_end(struct page *pg)
{
	ASSERT(READ_ONCE(pg->count_info) & PCI_SHARED);
	page_put_type(pg);
	page_put(pg);
}

/**
 * page_unshare() - a frame that was shown to a domain is only ours again
 * @pg: from page_share(), of a domain without references or one that nobody
 *      has seen yet: so nobody else has the frame
 *
 * The caller frees it.
 */
void page_unshare(struct page *pg)
{
	uint64_t count = pg->count_info & PCI_COUNT_MASK;

	BUG_ON(!(pg->count_info & PCI_SHARED) || count > 1);
	if (count)
		atomic_sub_return(&pg->owner->refs, 1);
	pg->owner = NULL;
	pg->type_info = 0;
	pg->tlb_stamp = 0;
	pg->count_info = PCI_SCRUB;
}
