/* SPDX-License-Identifier: MIT */
/*
 * query.c - operations that show a domain its table
 *
 * Locks: private.h. Frames of a table do not change any more once they are
 * there, so lists of them are written without the lock.
 */
#include "private.h"

#include <lodge/access.h>
#include <lodge/errno.h>

struct domain *grant_target(struct domain *caller, domid_t domid,
			    int16_t *status)
{
	struct domain *d;
	int rc = domain_get_for(caller, domid, &d);

	if (!rc)
		return d;
	*status = rc == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
	return NULL;
}

/* @frames: @nr addresses in the direct map. */
static int16_t write_frame_list(void *const *frames, unsigned int nr,
				guest_ptr_t list)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		xen_pfn_t mfn = mfn_x(virt_to_mfn(frames[i]));

		if (copy_to_guest(guest_ptr_add(list, i * sizeof(mfn)), &mfn,
				  sizeof(mfn)))
			return GNTST_bad_virt_addr;
	}
	return GNTST_okay;
}

/**
 * grant_setup_table() - GNTTABOP_setup_table
 * @v:   the caller
 * @arg: struct gnttab_setup_table; status is written, frame_list filled
 *
 * The frames stay when the list cannot be written: the domain may ask again.
 *
 * Context: no locks held; takes LOCK_GRANT.
 * Return: 0; status tells: GNTST_bad_domain; GNTST_permission_denied;
 *         GNTST_general_error too many frames, or no memory;
 *         GNTST_bad_virt_addr the list.
 */
long grant_setup_table(struct vcpu *v, void *arg)
{
	struct gnttab_setup_table *op = arg;
	struct domain *d = grant_target(v->domain, op->dom, &op->status);
	int rc;

	if (!d)
		return 0;
	spin_lock(&d->grants->lock);
	rc = grant_table_grow(d->grants, op->nr_frames);
	spin_unlock(&d->grants->lock);
	/* The first nr_frames pointers do not change any more. */
	op->status = rc ? GNTST_general_error
			: write_frame_list(d->grants->shared, op->nr_frames,
					   guest_ptr(op->frame_list));
	domain_put(d);
	return 0;
}

/**
 * grant_query_size() - GNTTABOP_query_size
 * @v:   the caller
 * @arg: struct gnttab_query_size; sizes and status are written
 *
 * Context: no locks held.
 * Return: 0; status tells: GNTST_bad_domain; GNTST_permission_denied.
 */
long grant_query_size(struct vcpu *v, void *arg)
{
	struct gnttab_query_size *op = arg;
	struct domain *d = grant_target(v->domain, op->dom, &op->status);

	if (!d)
		return 0;
	op->nr_frames = READ_ONCE(d->grants->nr_frames);
	op->max_nr_frames = d->grants->max_frames;
	op->status = GNTST_okay;
	domain_put(d);
	return 0;
}

/**
 * grant_get_version() - GNTTABOP_get_version
 * @v:   the caller
 * @arg: struct gnttab_get_version; version is written on success
 *
 * Return: 0; -ESRCH no such domain; -EPERM not the caller's.
 */
long grant_get_version(struct vcpu *v, void *arg)
{
	struct gnttab_get_version *op = arg;
	int16_t status;
	struct domain *d = grant_target(v->domain, op->dom, &status);

	if (!d)
		return status == GNTST_bad_domain ? -ESRCH : -EPERM;
	op->version = d->grants->fmt->version;
	domain_put(d);
	return 0;
}

/**
 * grant_get_status_frames() - GNTTABOP_get_status_frames
 * @v:   the caller
 * @arg: struct gnttab_get_status_frames; status is written, frame_list filled
 *
 * Return: 0; status tells: GNTST_bad_domain; GNTST_permission_denied;
 *         GNTST_general_error: more than there are, and version 1 has none;
 *         GNTST_bad_virt_addr the list.
 */
long grant_get_status_frames(struct vcpu *v, void *arg)
{
	struct gnttab_get_status_frames *op = arg;
	struct domain *d = grant_target(v->domain, op->dom, &op->status);
	unsigned int nr = 0;

	if (!d)
		return 0;
	spin_lock(&d->grants->lock);
	if (d->grants->fmt->version == 2)
		nr = d->grants->nr_status;
	spin_unlock(&d->grants->lock);
	op->status =
		op->nr_frames > nr
			? GNTST_general_error
			: write_frame_list((void *const *)d->grants->status,
					   op->nr_frames,
					   guest_ptr(op->frame_list));
	domain_put(d);
	return 0;
}
