/* SPDX-License-Identifier: MIT */
/*
 * cache.c - GNTTABOP_cache_flush: part of a frame leaves the caches
 *
 * The frame is named by its machine address. It is the caller's own or one
 * that it uses by a grant; anybody else's caches are not its business.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/x86.h>
#include <xen/xen.h>

#define CACHE_LINE 64

static void flush_lines(const struct page *pg, unsigned int offset,
			unsigned int length)
{
	const char *p = page_to_virt(pg);
	unsigned int at;

	for (at = ALIGN_DOWN(offset, CACHE_LINE); at < offset + length;
	     at += CACHE_LINE)
		clflush(p + at);
}

/* Takes a reference if @v may flush it. */
static bool frame_get(struct vcpu *v, struct page *pg)
{
	struct domain *owner = READ_ONCE(pg->owner);
	bool used;

	if (page_get(pg, v->domain))
		return true;
	/*
	 * Type-stable memory: a stale owner is a domain still. By its number,
	 * as one that is just being built, or taken apart, has no grants yet.
	 */
	owner = owner ? domain_get_any(READ_ONCE(owner->domid)) : NULL;
	if (!owner)
		return false;
	used = page_get(pg, owner);
	if (used && !grant_used_by(owner, pg, v->domain)) {
		page_put(pg);
		used = false;
	}
	domain_put(owner);
	return used;
}

static long flush_one(struct vcpu *v, const struct gnttab_cache_flush *op)
{
	mfn_t mfn = paddr_to_mfn(PADDR(op->a.dev_bus_addr));
	struct page *pg;

	if ((unsigned long)op->offset + op->length > PAGE_SIZE ||
	    (op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL)))
		return -EINVAL;
	if (!op->op || !op->length)
		return 0;
	if (!mfn_valid(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!frame_get(v, pg))
		return -EPERM;
	flush_lines(pg, op->offset, op->length);
	page_put(pg);
	return 0;
}

/**
 * grant_cache_flush() - GNTTABOP_cache_flush
 * @v:     the caller
 * @nr:    the operation
 * @arg:   guest pointer to an array of struct gnttab_cache_flush
 * @count: elements
 *
 * Cleaning and invalidating are one on this architecture. Preemptible.
 *
 * Context: no locks held; takes LOCK_GRANT.
 * Return: 0; -EFAULT; -EINVAL beyond the end of the page, not memory, or an
 *         operation that is not defined (GNTTAB_CACHE_SOURCE_GREF is not
 *         offered); -EPERM not the caller's; HYPERCALL_CONTINUED. Elements
 *         before a wrong one are done.
 */
long grant_cache_flush(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		       unsigned long count)
{
	struct gnttab_cache_flush op;
	unsigned long i;
	long rc = 0;

	for (i = 0; i < count && !rc; i++) {
		guest_ptr_t at = guest_ptr_add(arg, i * sizeof(op));

		if (i && hypercall_preempt_check())
			return hypercall_continue(__HYPERVISOR_grant_table_op,
						  3, (unsigned long)nr, at.va,
						  count - i);
		rc = copy_from_guest(&op, at, sizeof(op)) ? -EFAULT :
							    flush_one(v, &op);
	}
	return rc;
}
