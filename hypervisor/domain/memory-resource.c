/* SPDX-License-Identifier: MIT */
/*
 * memory-resource.c - XENMEM_acquire_resource: frames of ours about a domain
 *
 * A toolstack learns where another domain's grant table lies, to map it by its
 * machine frames (as a foreign mapping) and write its first entries: also of a
 * domain that never ran. The table grows as far as is asked for.
 *
 * No locks but those of the functions called.
 */
#include "memory.h"

#include <lodge/access.h>
#include <lodge/errno.h>
#include <lodge/grant.h>

/* A kind of frames: how many there can be, and one of them. 0 or an errno. */
struct resource {
	int (*size)(const struct domain *d, uint32_t id, uint32_t *nr);
	int (*frame)(struct domain *d, uint32_t id, unsigned int idx,
		     mfn_t *mfn);
};

static int grant_size(const struct domain *d, uint32_t id, uint32_t *nr)
{
	if (id > XENMEM_resource_grant_table_id_status)
		return -EINVAL;
	*nr = grant_table_nr_frames(
		d, id == XENMEM_resource_grant_table_id_status);
	return 0;
}

static int grant_frame(struct domain *d, uint32_t id, unsigned int idx,
		       mfn_t *mfn)
{
	return grant_table_get_frame(
		d, idx, id == XENMEM_resource_grant_table_id_status, mfn);
}

/* For device models of HVM guests; tracing was asked for by nobody. */
static int no_size(const struct domain *d, uint32_t id, uint32_t *nr)
{
	return -EINVAL;
}

static const struct resource resources[] = {
	[XENMEM_resource_ioreq_server] = {no_size, NULL},
	[XENMEM_resource_grant_table] = {grant_size, grant_frame},
	[XENMEM_resource_vmtrace_buf] = {no_size, NULL},
};

/* -ERESTART: stopped; *done says after how many. */
static int tell_frames(struct domain *d, const struct resource *r,
		       const struct xen_mem_acquire_resource *op,
		       unsigned long *done)
{
	guest_ptr_t list = guest_ptr(op->frame_list);
	unsigned long first = *done;

	for (; *done < op->nr_frames; ++*done) {
		xen_pfn_t pfn;
		mfn_t mfn;
		int rc;

		if (*done != first && hypercall_preempt_check())
			return -ERESTART;
		rc = r->frame(d, op->id, (unsigned int)(op->frame + *done),
			      &mfn);
		if (rc)
			return rc;
		pfn = mfn_x(mfn);
		if (copy_to_guest(memory_list_entry(list, *done), &pfn,
				  sizeof(pfn)))
			return -EFAULT;
	}
	return 0;
}

/* No list and no frames: how many are there? */
static int tell_size(uint32_t size, guest_ptr_t arg)
{
	if (copy_to_guest(
		    guest_ptr_add(arg, offsetof(struct xen_mem_acquire_resource,
						nr_frames)),
		    &size, sizeof(size)))
		return -EFAULT;
	return 0;
}

static int acquire(struct domain *d, const struct xen_mem_acquire_resource *op,
		   guest_ptr_t arg, unsigned long *done)
{
	bool has_list = !guest_ptr_null(guest_ptr(op->frame_list));
	const struct resource *r;
	uint32_t size;
	int rc;

	if (op->type >= ARRAY_SIZE(resources))
		return -EOPNOTSUPP;
	r = &resources[op->type];
	rc = r->size(d, op->id, &size);
	if (rc)
		return rc;
	if (has_list != !!op->nr_frames)
		return -EINVAL;
	if (!has_list)
		return tell_size(size, arg);
	if (op->frame >= size || op->nr_frames > size - op->frame ||
	    *done > op->nr_frames)
		return -EINVAL;
	return tell_frames(d, r, op, done);
}

/**
 * memory_acquire_resource() - XENMEM_acquire_resource
 * @v:    the caller
 * @nr:   the operation's number
 * @arg:  struct xen_mem_acquire_resource; another domain than the caller
 * @done: frames of earlier passes
 *
 * Context: no locks held.
 * Return: 0; -EINVAL no such id or frame, a resource that the domain has not,
 *         a list without frames or frames without a list; -EOPNOTSUPP no such
 *         type; -ESRCH, -EPERM the domain; -ENOMEM; -EFAULT;
 *         HYPERCALL_CONTINUED. Frames before the one that failed are there.
 */
long memory_acquire_resource(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			     unsigned long done)
{
	struct xen_mem_acquire_resource op;
	struct domain *d;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.pad)
		return -EINVAL;
	if (op.domid == DOMID_SELF)
		return -ESRCH;
	if (op.domid == v->domain->domid)
		return -EPERM;
	rc = domain_get_for(v->domain, op.domid, &d);
	if (rc)
		return rc;
	rc = acquire(d, &op, arg, &done);
	domain_put(d);
	return rc == -ERESTART ? memory_continue(nr, done, arg) : rc;
}
