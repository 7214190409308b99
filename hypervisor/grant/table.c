/* SPDX-License-Identifier: MIT */
/*
 * table.c - a domain's grant table: made, grown, asked about, ended
 *
 * The frames are ours, shown to the domain (page_share()). Locks: private.h.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/errno.h>

static uint32_t opt_max_frames = 64;
PARAM_UINT("gnttab_max_frames", opt_max_frames,
	   "frames that a domain's grant table may have (default 64)");
static uint32_t opt_max_tracks = 1024;
PARAM_UINT("gnttab_max_maptrack_frames", opt_max_tracks,
	   "frames of handles for what a domain maps (default 1024)");

#define MAX_TABLE_FRAMES	4096

static int add_frame(struct grant_table *gt)
{
	unsigned int nr = gt->nr_frames;
	struct page *pg = page_alloc(0, MEMF_ZERO);

	if (!pg)
		return -ENOMEM;
	gt->active[nr] = kcalloc(gt->fmt->refs_per_frame,
				 sizeof(*gt->active[nr]));
	if (!gt->active[nr]) {
		page_free(pg, 0);
		return -ENOMEM;
	}
	page_share(pg, gt->d, true);
	gt->shared[nr] = page_to_virt(pg);
	gt->nr_frames++;
	return 0;
}

int grant_table_grow(struct grant_table *gt, unsigned int nr_frames)
{
	int rc = 0;

	ASSERT(spin_is_held(&gt->lock));
	if (nr_frames > gt->max_frames)
		return -EINVAL;
	while (gt->nr_frames < nr_frames && !rc)
		rc = add_frame(gt);
	return rc;
}

/**
 * grant_table_init() - a domain's table of one frame
 * @d: a domain being built; max_vcpus is set
 *
 * Return: 0; -ENOMEM.
 */
int grant_table_init(struct domain *d)
{
	struct grant_table *gt = kzalloc(sizeof(*gt));
	int rc = -ENOMEM;

	if (!gt)
		return rc;
	d->grants = gt;
	gt->d = d;
	gt->fmt = &grant_format_v1;
	gt->max_frames = min(max(opt_max_frames, 1U), MAX_TABLE_FRAMES + 0U);
	gt->max_chunks = max(opt_max_tracks, 1U);
	spin_init(&gt->lock, LOCK_GRANT);
	gt->shared = kcalloc(gt->max_frames, sizeof(*gt->shared));
	gt->active = kcalloc(gt->max_frames, sizeof(*gt->active));
	gt->tracks = kcalloc(gt->max_chunks, sizeof(*gt->tracks));
	gt->free_tracks = kcalloc(d->max_vcpus, sizeof(*gt->free_tracks));
	if (gt->shared && gt->active && gt->tracks && gt->free_tracks) {
		spin_lock(&gt->lock);
		rc = grant_table_grow(gt, 1);
		spin_unlock(&gt->lock);
	}
	if (rc)
		grant_table_destroy(d);
	return rc;
}

/**
 * grant_table_destroy() - free a domain's table
 * @d: a domain without references: nobody uses its grants, and what it had
 *     mapped was released; or one that is half built
 *
 * Context: IRQs on, no locks held.
 */
void grant_table_destroy(struct domain *d)
{
	struct grant_table *gt = d->grants;
	unsigned int i;

	for (i = 0; i < gt->nr_frames; i++) {
		struct page *pg = virt_to_page(gt->shared[i]);

		if (page_unshare(pg))
			page_free(pg, 0);
		kfree(gt->active[i]);
	}
	tracks_destroy(gt);
	kfree(gt->shared);
	kfree(gt->active);
	d->grants = NULL;
	kfree(gt);
}

/**
 * grant_table_get_frame() - a frame of the table, made if need be
 * @d:      whose table
 * @idx:    which frame
 * @status: of the status frames instead, which version 1 has not
 * @mfn:    written on success
 *
 * Context: no locks above LOCK_PCI held; takes LOCK_GRANT.
 * Return: 0; -EINVAL no such frame can be; -ENOMEM.
 */
int grant_table_get_frame(struct domain *d, unsigned int idx, bool status,
			  mfn_t *mfn)
{
	struct grant_table *gt = d->grants;
	int rc;

	if (status || idx >= gt->max_frames)
		return -EINVAL;
	spin_lock(&gt->lock);
	rc = grant_table_grow(gt, idx + 1);
	if (!rc)
		*mfn = virt_to_mfn(gt->shared[idx]);
	spin_unlock(&gt->lock);
	return rc;
}

struct domain *grant_target(struct domain *caller, domid_t domid,
			    int16_t *status)
{
	struct domain *d = domain_get(caller, domid);

	*status = GNTST_bad_domain;
	if (d && d != caller && !caller->privileged) {
		domain_put(d);
		*status = GNTST_permission_denied;
		d = NULL;
	}
	return d;
}

static int16_t write_frame_list(const struct grant_table *gt, unsigned int nr,
				guest_ptr_t list)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		xen_pfn_t mfn = mfn_x(virt_to_mfn(gt->shared[i]));

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
	op->status = rc ? GNTST_general_error :
			  write_frame_list(d->grants, op->nr_frames,
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
 * grant_set_version() - GNTTABOP_set_version
 * @v:   the caller
 * @arg: struct gnttab_set_version; the version in force is written, always
 *
 * Return: 0: it is version 1, as it was; -ENOSYS version 2 is not offered;
 *         -EINVAL no such version.
 */
long grant_set_version(struct vcpu *v, void *arg)
{
	struct gnttab_set_version *op = arg;
	uint32_t wanted = op->version;

	op->version = v->domain->grants->fmt->version;
	if (wanted == op->version)
		return 0;
	return wanted == 2 ? -ENOSYS : -EINVAL;
}

/**
 * grant_get_status_frames() - GNTTABOP_get_status_frames
 * @v:   the caller
 * @arg: struct gnttab_get_status_frames; status is written
 *
 * Return: 0; status tells: GNTST_bad_domain; GNTST_permission_denied;
 *         GNTST_general_error: version 1 has none.
 */
long grant_get_status_frames(struct vcpu *v, void *arg)
{
	struct gnttab_get_status_frames *op = arg;
	struct domain *d = grant_target(v->domain, op->dom, &op->status);

	if (!d)
		return 0;
	op->status = GNTST_general_error;
	domain_put(d);
	return 0;
}
