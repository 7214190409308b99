/* SPDX-License-Identifier: MIT */
/*
 * copy.c - GNTTABOP_copy: bytes from one frame to another
 *
 * Each end is a frame of the caller's own or a grant to it; both are
 * referenced (for writing: also by type) while the bytes move, and a grant
 * shows its marks as long. Ends may lie in one frame and overlap. A grant of
 * version 2 may allow a part of the frame only, or refer to another domain's
 * grant, which must be whole or a part: one step, no further.
 */
#include "private.h"

#include <lodge/access.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

/* A grant that is pinned for the caller, or for who refers it to a third. */
struct copy_pin {
	struct domain *granter; /* referenced; NULL: none */
	grant_ref_t ref;
};

struct copy_end {
	struct page *pg;
	struct copy_pin pin;	/* NULL: the caller's own frame */
	struct copy_pin via;	/* the transitive grant that led there */
	uint16_t start, length; /* what of the frame may be touched */
	bool write;
};

static void end_init(struct copy_end *e, bool write)
{
	e->pin.granter = NULL;
	e->via.granter = NULL;
	e->start = 0;
	e->write = write;
}

/* A frame by number is the caller's own, if it is not refused. */
static int foreign_status(struct vcpu *v, domid_t domid)
{
	struct domain *d;
	int rc = domain_get_for(v->domain, domid, &d);

	if (!rc)
		domain_put(d);
	return rc == -ESRCH ? GNTST_bad_domain : GNTST_permission_denied;
}

static inline int end_get_own(struct vcpu *v, const struct gnttab_copy_ptr *ptr,
		       struct copy_end *e)
{
	int rc;

	if (ptr->domid != DOMID_SELF)
		return foreign_status(v, ptr->domid);
	e->length = PAGE_SIZE;
	e->pg = gfn_get_page(v->domain, GFN(ptr->u.gmfn),
			     e->write ? GFN_WRITE : GFN_READ, &rc);
	return e->pg ? GNTST_okay : grant_page_status(rc);
}

static void pin_put(struct copy_pin *pin, bool write)
{
	if (!pin->granter)
		return;
	grant_unpin(pin->granter, pin->ref, write);
	domain_put(pin->granter);
	pin->granter = NULL;
}

/* @e->pin is the transitive one; the grant that it names is for its granter,
 * and cannot be another's again. */
static __noinline int follow_transitive(struct copy_end *e, const struct grant_what *what)
{
	struct domain *third = what->domid == DOMID_SELF
				       ? NULL
				       : domain_get(NULL, what->domid);
	const struct grant_active *found;
	int status = GNTST_general_error;

	if (!third)
		return status;
	if (third != e->pin.granter)
		status = grant_pin(third, what->ref, e->pin.granter, e->write,
				   GRANT_PART, &found);
	if (!status && found->what.transitive) {
		grant_unpin(third, what->ref, e->write);
		status = GNTST_general_error;
	}
	if (status) {
		domain_put(third);
		return status;
	}
	e->via = e->pin;
	e->pin = (struct copy_pin){third, what->ref};
	e->pg = found->pg;
	e->start = found->what.start;
	e->length = found->what.length;
	return GNTST_okay;
}

static int end_get_grant(struct vcpu *v, const struct gnttab_copy_ptr *ptr,
			 struct copy_end *e)
{
	struct domain *granter = domain_get(v->domain, ptr->domid);
	const struct grant_active *act;
	int status;

	if (!granter)
		return GNTST_bad_domain;
	status = grant_pin(granter, ptr->u.ref, v->domain, e->write,
			   GRANT_PART, &act);
	if (status) {
		domain_put(granter);
		return status;
	}
	e->pin = (struct copy_pin){granter, ptr->u.ref};
	e->pg = act->pg;
	e->start = act->what.start;
	e->length = act->what.length;
	if (act->what.transitive)
		status = follow_transitive(e, &act->what);
	if (status)
		pin_put(&e->pin, e->write);
	return status;
}

static __forceinline void end_put(struct copy_end *e)
{
	if (!e->pin.granter) {
		gfn_put_page(e->pg, e->write ? GFN_WRITE : GFN_READ);
		return;
	}
	pin_put(&e->pin, e->write);
	pin_put(&e->via, e->write);
}

static bool within_page(uint16_t offset, uint16_t len)
{
	return (unsigned long)offset + len <= PAGE_SIZE;
}

static bool within_end(const struct copy_end *e, uint16_t offset, uint16_t len)
{
	return offset >= e->start &&
	       (unsigned int)offset + len <= (unsigned int)e->start + e->length;
}

/* GNTST_general_error: beyond what the grant shows. */
static __forceinline int end_get(struct vcpu *v,
				 const struct gnttab_copy_ptr *ptr, bool is_ref,
				 uint16_t len, struct copy_end *e)
{
	int status = is_ref ? end_get_grant(v, ptr, e) : end_get_own(v, ptr, e);

	if (status || within_end(e, ptr->offset, len))
		return status;
	end_put(e);
	return GNTST_general_error;
}

static inline void copy_bytes(const struct copy_end *dst, uint16_t to,
			      const struct copy_end *src, uint16_t from,
			      uint16_t len)
{
	char *d = (char *)page_to_virt(dst->pg) + to;
	const char *s = (const char *)page_to_virt(src->pg) + from;

	if (likely(dst->pg != src->pg))
		memcpy(d, s, len);
	else
		memmove(d, s, len);
}

static int copy_between(struct vcpu *v, const struct gnttab_copy *op)
{
	struct copy_end src, dst;
	int status;

	end_init(&src, false);
	end_init(&dst, true);
	status = end_get(v, &op->source, op->flags & GNTCOPY_source_gref,
			 op->len, &src);
	if (status)
		return status;
	status = end_get(v, &op->dest, op->flags & GNTCOPY_dest_gref, op->len,
			 &dst);
	if (!status) {
		copy_bytes(&dst, op->dest.offset, &src, op->source.offset,
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
