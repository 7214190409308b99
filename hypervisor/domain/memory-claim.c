/* SPDX-License-Identifier: MIT */
/*
 * memory-claim.c - XENMEM_claim_pages: memory is put by for a domain
 *
 * The toolstack claims what a domain is to have before it begins to populate
 * it, so that two domains which are built at the same time do not both fail
 * half way.
 *
 * No locks but those of the functions called.
 */
#include "memory.h"

#include <lodge/access.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

static bool request_ok(const struct xen_memory_reservation *req)
{
	return guest_ptr_null(guest_ptr(req->extent_start)) &&
	       !req->extent_order && !req->mem_flags;
}

/**
 * memory_claim() - XENMEM_claim_pages
 * @v:    the caller, privileged
 * @nr:   the operation's number
 * @arg:  struct xen_memory_reservation
 * @done: nothing can be done already
 *
 * Return: 0; -EINVAL a field that must be zero, no such domain, or as
 *         domain_claim(); -ENOMEM; -EFAULT.
 */
long memory_claim(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		  unsigned long done)
{
	struct xen_memory_reservation req;
	struct domain *d;
	long rc;

	if (done)
		return -EINVAL;
	if (copy_from_guest(&req, arg, sizeof(req)))
		return -EFAULT;
	if (!request_ok(&req) || req.domid == DOMID_SELF ||
	    domain_get_for(v->domain, req.domid, &d))
		return -EINVAL;
	rc = domain_claim(d, req.nr_extents);
	domain_put(d);
	return rc;
}
