/* SPDX-License-Identifier: MIT */
/*
 * table.c - a domain's grant table: made, grown, ended
 *
 * The frames are ours, shown to the domain (page_share()). Those of version 2's
 * status grow with them while that version is in force, and stay when it is
 * left. A dying domain is not shown them any more, but its grants may be in use
 * by others, and their marks change, until its last reference is gone.
 *
 * Locks: private.h.
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

#define MAX_TABLE_FRAMES 4096

static void free_shared_frame(void *va)
{
	page_unshare(virt_to_page(va));
	frames_free(va, 0);
}

static unsigned int status_frames(unsigned int nr_frames)
{
	return DIV_ROUND_UP(nr_frames * grant_format_v2.refs_per_frame,
			    (unsigned int)GRANT_STATUS_PER_FRAME);
}

/* Frames up to these numbers, which count for nothing yet. */
static int make_frames(struct grant_table *gt, unsigned int nr_frames,
		       unsigned int nr_status)
{
	unsigned int i;

	for (i = gt->nr_status; i < nr_status; i++) {
		gt->status[i] = frames_alloc(0, MEMF_ZERO);
		if (!gt->status[i])
			return -ENOMEM;
	}
	for (i = gt->nr_frames; i < nr_frames; i++) {
		gt->active[i] = kcalloc(GRANT_MAX_REFS_PER_FRAME,
					sizeof(*gt->active[i]));
		gt->shared[i] = frames_alloc(0, MEMF_ZERO);
		if (!gt->active[i] || !gt->shared[i])
			return -ENOMEM;
	}
	return 0;
}

/* As many of them as there are. */
static void unmake_frames(struct grant_table *gt, unsigned int nr_frames,
			  unsigned int nr_status)
{
	unsigned int i;

	for (i = gt->nr_status; i < nr_status; i++) {
		frames_free(gt->status[i], 0);
		gt->status[i] = NULL;
	}
	for (i = gt->nr_frames; i < nr_frames; i++) {
		frames_free(gt->shared[i], 0);
		kfree(gt->active[i]);
		gt->shared[i] = NULL;
		gt->active[i] = NULL;
	}
}

/* They are the table's, and the domain may map them. No entry lacks its
 * status. */
static void show_frames(struct grant_table *gt, unsigned int nr_frames,
			unsigned int nr_status)
{
	for (; gt->nr_status < nr_status; gt->nr_status++)
		page_share(virt_to_page(gt->status[gt->nr_status]), gt->d,
			   true);
	for (; gt->nr_frames < nr_frames; gt->nr_frames++)
		page_share(virt_to_page(gt->shared[gt->nr_frames]), gt->d,
			   true);
}

static int grow(struct grant_table *gt, unsigned int nr_frames,
		unsigned int nr_status)
{
	int rc = make_frames(gt, nr_frames, nr_status);

	if (rc)
		unmake_frames(gt, nr_frames, nr_status);
	else
		show_frames(gt, nr_frames, nr_status);
	return rc;
}

int grant_status_grow(struct grant_table *gt)
{
	ASSERT(spin_is_held(&gt->lock));
	return grow(gt, gt->nr_frames, status_frames(gt->nr_frames));
}

int grant_table_grow(struct grant_table *gt, unsigned int nr_frames)
{
	ASSERT(spin_is_held(&gt->lock));
	if (nr_frames > gt->max_frames || gt->ended)
		return -EINVAL;
	return grow(gt, nr_frames,
		    gt->fmt->version == 2 ? status_frames(nr_frames) : 0);
}

static unsigned int default_frames(void)
{
	return min(max(opt_max_frames, 1U), MAX_TABLE_FRAMES + 0U);
}

/* Pointers for the largest table; 0; -ENOMEM: what there is stays. */
static int alloc_pointers(struct grant_table *gt)
{
	gt->shared = kcalloc(gt->max_frames, sizeof(*gt->shared));
	gt->active = kcalloc(gt->max_frames, sizeof(*gt->active));
	gt->status =
		kcalloc(status_frames(gt->max_frames), sizeof(*gt->status));
	gt->tracks = kcalloc(max(gt->max_chunks, 1U), sizeof(*gt->tracks));
	gt->free_tracks = kcalloc(gt->d->max_vcpus, sizeof(*gt->free_tracks));
	return gt->shared && gt->active && gt->status && gt->tracks &&
			       gt->free_tracks
		       ? 0
		       : -ENOMEM;
}

static int init_with(struct domain *d, const struct grant_limits *l)
{
	struct grant_table *gt = kzalloc(sizeof(*gt));
	int rc;

	if (!gt)
		return -ENOMEM;
	d->grants = gt;
	gt->d = d;
	gt->fmt = &grant_format_v1;
	gt->max_version = l->max_version;
	gt->max_frames = (unsigned int)l->max_frames;
	gt->max_chunks = (unsigned int)l->max_track_frames;
	spin_init(&gt->lock, LOCK_GRANT);
	rc = alloc_pointers(gt);
	if (!rc) {
		spin_lock(&gt->lock);
		rc = grant_table_grow(gt, 1);
		spin_unlock(&gt->lock);
	}
	if (rc)
		grant_table_destroy(d);
	return rc;
}

/* Less than 0 is the default, which is also the most. 0; -EINVAL */
static int check_limit(int *limit, unsigned int most)
{
	if (*limit < 0)
		*limit = (int)most;
	return (unsigned int)*limit > most ? -EINVAL : 0;
}

/**
 * grant_check_limits() - could a domain be built with these limits?
 * @l: limits; those below 0 are replaced by the default
 *
 * Return: 0; -EINVAL no frames, more than the command line allows, or a version
 *         that there is not.
 */
int grant_check_limits(struct grant_limits *l)
{
	if (check_limit(&l->max_frames, default_frames()) ||
	    check_limit(&l->max_track_frames, opt_max_tracks) ||
	    !l->max_frames || l->max_version < 1 || l->max_version > 2)
		return -EINVAL;
	return 0;
}

/**
 * grant_table_init() - a domain's table of one frame
 * @d: a domain being built; max_vcpus is set
 *
 * Return: 0; -ENOMEM.
 */
int grant_table_init(struct domain *d)
{
	struct grant_limits l = GRANT_LIMITS_DEFAULT;
	int rc = grant_check_limits(&l);

	return rc ? rc : init_with(d, &l);
}

/**
 * grant_table_set_limits() - other limits than the default ones
 * @d:      a domain being built, which nobody has seen
 * @limits: as XEN_DOMCTL_createdomain gives them
 *
 * Context: no locks held.
 * Return: 0; -EINVAL no frames, more than the command line allows, or a version
 *         that there is not; -ENOMEM. On error the domain's table is as it was.
 */
int grant_table_set_limits(struct domain *d, const struct grant_limits *limits)
{
	struct grant_table *old = d->grants, *new;
	struct grant_limits l = *limits;
	int rc = grant_check_limits(&l);

	if (rc)
		return rc;
	rc = init_with(d, &l);
	new = rc ? old : d->grants;
	if (!rc) {
		d->grants = old;
		grant_table_destroy(d);
	}
	d->grants = new;
	return rc;
}

/**
 * grant_table_end() - a dying domain is not shown its table any more
 * @d: dying; once
 *
 * Who has mapped a frame of it, as the toolstack may, keeps the domain's shell.
 *
 * Context: IRQs on, no locks held; takes LOCK_GRANT.
 */
void grant_table_end(struct domain *d)
{
	struct grant_table *gt = d->grants;
	unsigned int i;

	spin_lock(&gt->lock);
	gt->ended = true; /* it grows no more */
	spin_unlock(&gt->lock);
	for (i = 0; i < gt->nr_frames; i++)
		page_share_end(virt_to_page(gt->shared[i]));
	for (i = 0; i < gt->nr_status; i++)
		page_share_end(virt_to_page(gt->status[i]));
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
		free_shared_frame(gt->shared[i]);
		kfree(gt->active[i]);
	}
	for (i = 0; i < gt->nr_status; i++)
		free_shared_frame(gt->status[i]);
	tracks_destroy(gt);
	kfree(gt->shared);
	kfree(gt->active);
	kfree(gt->status);
	d->grants = NULL;
	kfree(gt);
}

/* Lock held. What must be there for status frame @idx. 0; -EINVAL; -ENOMEM */
static int grow_for_status(struct grant_table *gt, unsigned int idx)
{
	unsigned int per_status =
		GRANT_STATUS_PER_FRAME / grant_format_v2.refs_per_frame;

	if (gt->fmt->version != 2 || idx >= status_frames(gt->max_frames))
		return -EINVAL;
	return grant_table_grow(gt, max(gt->nr_frames, idx * per_status + 1));
}

/**
 * grant_table_get_frame() - a frame of the table, made if need be
 * @d:      whose table
 * @idx:    which frame
 * @status: of the status frames instead, which version 1 has not
 * @mfn:    written on success
 *
 * Context: no locks above LOCK_PCI held; takes LOCK_GRANT.
 * Return: 0; -EINVAL no such frame can be, or the domain is dying; -ENOMEM.
 */
int grant_table_get_frame(struct domain *d, unsigned int idx, bool status,
			  mfn_t *mfn)
{
	struct grant_table *gt = d->grants;
	int rc = -EINVAL;

	spin_lock(&gt->lock);
	if (status)
		rc = grow_for_status(gt, idx);
	else if (idx < gt->max_frames)
		rc = grant_table_grow(gt, idx + 1);
	if (!rc)
		*mfn = virt_to_mfn(status ? (void *)gt->status[idx]
					  : gt->shared[idx]);
	spin_unlock(&gt->lock);
	return rc;
}

/**
 * grant_table_nr_frames() - how many frames the table may have
 * @d:      whose table
 * @status: of the status frames
 */
unsigned int grant_table_nr_frames(const struct domain *d, bool status)
{
	unsigned int most = d->grants->max_frames;

	return status ? status_frames(most) : most;
}
