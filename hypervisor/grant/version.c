/* SPDX-License-Identifier: MIT */
/*
 * version.c - from one version of a grant table to the other
 *
 * Only while no grant is in use, but for the reserved entries at the beginning:
 * these keep what they say, and their marks, if they permit access to a whole
 * page; all others are cleared. The domain's other vCPUs may write to the
 * table meanwhile: what they write, in the wrong layout for a moment, harms
 * nobody but the domain.
 *
 * Locks: LOCK_GRANT.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

#define MARKS (GTF_reading | GTF_writing)

/* A reserved entry on its way; flags 0: nothing. */
struct kept {
	union grant_header h;
	uint64_t frame;
};

static bool others_in_use(struct grant_table *gt)
{
	unsigned int reserved = 0;
	grant_ref_t ref;

	for (ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++)
		reserved += grant_active_used(grant_active_entry(gt, ref));
	return gt->nr_used > reserved;
}

/* Has the domain, or a tool, one of its status frames mapped? */
static bool status_mapped(const struct grant_table *gt)
{
	unsigned int i;

	for (i = 0; i < gt->nr_status; i++) {
		const struct page *pg = virt_to_page(gt->status[i]);

		if ((READ_ONCE(pg->count_info) & PCI_COUNT_MASK) > 1)
			return true;
	}
	return false;
}

/* 0; -ERANGE: it says what the other version cannot. */
static int keep_one(struct grant_table *gt, grant_ref_t ref,
		    const struct grant_format *to, struct kept *k)
{
	*k = (struct kept){0};
	k->h.word = READ_ONCE(*gt->fmt->header(gt, ref));
	k->frame = gt->fmt->frame(gt, ref);
	k->h.flags &= (uint16_t)~MARKS;
	if ((k->h.flags & GTF_type_mask) == GTF_transitive)
		return -ERANGE;
	if ((k->h.flags & GTF_type_mask) != GTF_permit_access ||
	    (k->h.flags & GTF_sub_page)) {
		*k = (struct kept){0};
		return 0;
	}
	return to->frame_bits < 64 && k->frame >> to->frame_bits ? -ERANGE : 0;
}

static void write_kept(struct grant_table *gt, const struct kept *kept)
{
	grant_ref_t ref;

	for (ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
		const struct grant_active *act = grant_active_entry(gt, ref);
		uint16_t flags;

		gt->fmt->set_frame(gt, ref, kept[ref].frame);
		atomic_store(gt->fmt->header(gt, ref), kept[ref].h.word);
		if (grant_active_used(act))
			(void)gt->fmt->mark(gt, ref, act->domid, act->nr_write,
					    &flags);
	}
}

static void clear_all(struct grant_table *gt)
{
	unsigned int i;

	for (i = 0; i < gt->nr_frames; i++)
		memset(gt->shared[i], 0, PAGE_SIZE);
	for (i = 0; i < gt->nr_status; i++)
		memset(gt->status[i], 0, PAGE_SIZE);
}

static int change(struct grant_table *gt, const struct grant_format *to)
{
	struct kept kept[GNTTAB_NR_RESERVED_ENTRIES];
	grant_ref_t ref;
	int rc = 0;

	if (others_in_use(gt))
		return -EBUSY;
	for (ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES && !rc; ref++)
		rc = keep_one(gt, ref, to, &kept[ref]);
	if (rc)
		return rc;
	if (to->version == 2)
		rc = grant_status_grow(gt);
	else if (status_mapped(gt))
		rc = -EBUSY;
	if (rc)
		return rc;

	clear_all(gt);
	WRITE_ONCE(gt->fmt, to);
	write_kept(gt, kept);
	return 0;
}

/**
 * grant_set_version() - GNTTABOP_set_version
 * @v:   the caller
 * @arg: struct gnttab_set_version; the version in force is written, always
 *
 * Context: no locks held; takes LOCK_GRANT.
 * Return: 0; -EINVAL no such version; -ENOSYS not offered to this domain;
 *         -EBUSY grants are in use, or the status frames are mapped;
 *         -ERANGE a reserved entry cannot be expressed; -ENOMEM. On error
 *         nothing has changed.
 */
long grant_set_version(struct vcpu *v, void *arg)
{
	struct gnttab_set_version *op = arg;
	struct grant_table *gt = v->domain->grants;
	const struct grant_format *to =
		op->version == 2 ? &grant_format_v2 : &grant_format_v1;
	long rc = 0;

	spin_lock(&gt->lock);
	if (op->version != 1 && op->version != 2)
		rc = -EINVAL;
	else if (to->version > gt->max_version)
		rc = -ENOSYS;
	else if (to != gt->fmt)
		rc = change(gt, to);
	op->version = gt->fmt->version;
	spin_unlock(&gt->lock);
	return rc;
}
