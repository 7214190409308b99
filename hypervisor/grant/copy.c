/* SPDX-License-Identifier: MIT */
/*
 * copy.c - GNTTABOP_copy: bytes from one frame to another
 *
 * Each end is a frame of the caller's own or a grant to it; both are
 * referenced (for writing: also by type) while the bytes move, and a grant
 * shows its marks as long. Ends may lie in one frame and overlap.
 */
#include "private.h"

#include <lodge/lib.h>

struct copy_end {
	struct page *pg;
	struct domain *granter;	/* NULL: the caller's own frame */
	grant_ref_t ref;
	bool write;
};

/* A frame by number is the caller's own, if it is not refused. */
static int foreign_status(struct vcpu *v, domid_t domid)
{
	struct domain *d = domain_get(v->domain, domid);

	if (!d)
		return GNTST_bad_domain;
	domain_put(d);
	return GNTST_permission_denied;
}

static int end_get_own(struct vcpu *v, const struct gnttab_copy_ptr *ptr,
		       struct copy_end *e)
{
	int rc;

	if (ptr->domid != DOMID_SELF)
		return foreign_status(v, ptr->domid);
	e->pg = gfn_get_page(v->domain, GFN(ptr->u.gmfn),
			     e->write ? GFN_WRITE : GFN_READ, &rc);
	return e->pg ? GNTST_okay : grant_page_status(rc);
}

static int end_get(struct vcpu *v, const struct gnttab_copy_ptr *ptr,
		   bool is_ref, struct copy_end *e)
{
	int status;

	if (!is_ref)
		return end_get_own(v, ptr, e);
	e->granter = domain_get(v->domain, ptr->domid);
	if (!e->granter)
		return GNTST_bad_domain;
	e->ref = ptr->u.ref;
	status = grant_pin(e->granter, e->ref, v->domain, e->write, &e->pg);
	if (status)
		domain_put(e->granter);
	return status;
}

static void end_put(struct copy_end *e)
{
	if (!e->granter) {
		gfn_put_page(e->pg, e->write ? GFN_WRITE : GFN_READ);
		return;
	}
	grant_unpin(e->granter, e->ref, e->write);
	domain_put(e->granter);
}

static bool within_page(uint16_t offset, uint16_t len)
{
	return (unsigned long)offset + len <= PAGE_SIZE;
}

static int copy_between(struct vcpu *v, const struct gnttab_copy *op)
{
	struct copy_end src = { .write = false }, dst = { .write = true };
	int status;

	status = end_get(v, &op->source, op->flags & GNTCOPY_source_gref,
			 &src);
	if (status)
		return status;
	status = end_get(v, &op->dest, op->flags & GNTCOPY_dest_gref, &dst);
	if (!status) {
		memmove((char *)page_to_virt(dst.pg) + op->dest.offset,
			(char *)page_to_virt(src.pg) + op->source.offset,
			op->len);
		end_put(&dst);
	}
	end_put(&src);
	return status;
}

/**
 * grant_copy_one() - GNTTABOP_copy, one element
 * @v:   the caller
 * @arg: struct gnttab_copy; status is written: GNTST_bad_copy_arg beyond the
 *       end of a page; GNTST_general_error the grant does not permit it, or
 *       the frame is not the domain's or of a type that must not be written;
 *       GNTST_permission_denied a frame of another domain without a grant;
 *       GNTST_bad_domain; GNTST_bad_gntref; GNTST_bad_page not memory.
 *       Flags that are not defined are ignored.
 *
 * Context: no locks held; takes LOCK_GRANT.
 */
void grant_copy_one(struct vcpu *v, void *arg)
{
	struct gnttab_copy *op = arg;

	if (!within_page(op->source.offset, op->len) ||
	    !within_page(op->dest.offset, op->len))
		op->status = GNTST_bad_copy_arg;
	else
		op->status = (int16_t)copy_between(v, op);
}
