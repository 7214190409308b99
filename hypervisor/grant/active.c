/* SPDX-License-Identifier: MIT */
/*
 * active.c - grants in use
 *
 * The first use takes a general reference to the frame, the first for writing
 * a writable type reference too; the last of each gives it back. Marks in the
 * shared entry change with them, under the granter's lock: they are set first
 * and taken off last, so that the granter never sees a frame unused that we
 * still hold.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>

/* They stay where they are. */
static struct grant_active *entry_at(struct grant_table *gt, grant_ref_t ref)
{
	/* The same in both versions: there are at least as many as entries. */
	return &gt->active[ref / GRANT_MAX_REFS_PER_FRAME]
			  [ref % GRANT_MAX_REFS_PER_FRAME];
}

struct grant_active *grant_active_entry(struct grant_table *gt, grant_ref_t ref)
{
	ASSERT(spin_is_held(&gt->lock));
	return entry_at(gt, ref);
}

bool grant_active_used(const struct grant_active *act)
{
	return act->nr_read || act->nr_write;
}

int grant_page_status(int rc)
{
	return rc == -EINVAL ? GNTST_bad_page : GNTST_general_error;
}

/* The marks are set; what they promise is fetched. */
static int take_frame(struct grant_table *gt, struct grant_active *act,
		      bool write)
{
	int rc;

	if (act->what.transitive)
		return GNTST_okay;
	if (!grant_active_used(act)) {
		act->pg = gfn_get_page(gt->d, GFN(act->what.gfn),
				       write ? GFN_WRITE : GFN_READ, &rc);
		return act->pg ? GNTST_okay : grant_page_status(rc);
	}
	if (write && !act->nr_write &&
	    page_get_type(act->pg, PT_WRITABLE, false))
		return GNTST_general_error;
	return GNTST_okay;
}

/* A use has ended, by which nobody writes any more, or which was the @last. */
static void give_frame(struct grant_active *act, bool write, bool last)
{
	if (!act->pg)
		return;
	if (last) {
		gfn_put_page(act->pg, write ? GFN_WRITE : GFN_READ);
		act->pg = NULL;
	} else if (write) {
		page_put_type(act->pg);
	}
}

static bool is_whole(const struct grant_what *what)
{
	return !what->transitive && !what->start && what->length == PAGE_SIZE;
}

/* The entry is marked, by flags that permit it. */
static int take(struct grant_table *gt, grant_ref_t ref,
		struct grant_active *act, bool write, bool whole,
		uint16_t flags)
{
	if (!grant_active_used(act))
		gt->fmt->read(gt, ref, flags, &act->what);
	if (whole && (flags & GTF_sub_page || !is_whole(&act->what)))
		return GNTST_general_error;
	return take_frame(gt, act, write);
}

static int pin_locked(struct grant_table *gt, grant_ref_t ref, domid_t user,
		      bool write, bool whole,
		      const struct grant_active **pinned)
{
	struct grant_active *act;
	uint16_t flags;
	bool used;
	int status;

	if (ref >= grant_nr_refs(gt))
		return GNTST_bad_gntref;
	act = grant_active_entry(gt, ref);
	used = grant_active_used(act);
	if (used && act->domid != user)
		return GNTST_general_error;
	if (act->nr_read + 1 == 0 || act->nr_write + 1 == 0)
		return GNTST_no_space;
	status = gt->fmt->mark(gt, ref, user, write, &flags);
	if (status)
		return status;

	status = take(gt, ref, act, write, whole, flags);
	if (status) {
		if (!act->nr_write)
			gt->fmt->unmark(gt, ref, !used);
		return status;
	}
	act->domid = user;
	if (!used)
		gt->nr_used++;
	if (write)
		act->nr_write++;
	else
		act->nr_read++;
	*pinned = act;
	return GNTST_okay;
}

int grant_pin(struct domain *granter, grant_ref_t ref, struct domain *user,
	      bool write, enum grant_extent extent,
	      const struct grant_active **act)
{
	struct grant_table *gt = granter->grants;
	int status;

	spin_lock(&gt->lock);
	status = pin_locked(gt, ref, user->domid, write,
			    extent == GRANT_WHOLE, act);
	spin_unlock(&gt->lock);
	return status;
}

void grant_unpin(struct domain *granter, grant_ref_t ref, bool write)
{
	struct grant_table *gt = granter->grants;
	struct grant_active *act;
	bool last;

	spin_lock(&gt->lock);
	act = grant_active_entry(gt, ref);
	BUG_ON(write ? !act->nr_write : !act->nr_read);
	if (write)
		act->nr_write--;
	else
		act->nr_read--;
	last = !grant_active_used(act);
	if (last)
		gt->nr_used--;
	if (last || (write && !act->nr_write)) {
		give_frame(act, write, last);
		gt->fmt->unmark(gt, ref, last);
	}
	spin_unlock(&gt->lock);
}

struct page *grant_pinned_page(struct domain *granter, grant_ref_t ref)
{
	return READ_ONCE(entry_at(granter->grants, ref)->pg);
}

bool grant_used_by(struct domain *granter, const struct page *pg,
		   const struct domain *user)
{
	struct grant_table *gt = granter->grants;
	unsigned int left;
	bool used = false;
	grant_ref_t ref = 0;

	spin_lock(&gt->lock);
	for (left = gt->nr_used; left && !used; ref++) {
		const struct grant_active *act = grant_active_entry(gt, ref);

		if (!grant_active_used(act))
			continue;
		left--;
		used = act->pg == pg && act->domid == user->domid;
	}
	spin_unlock(&gt->lock);
	return used;
}

static int16_t swap_refs(struct grant_table *gt, grant_ref_t a, grant_ref_t b)
{
	const struct grant_active *aa, *ab;

	if (a >= grant_nr_refs(gt) || b >= grant_nr_refs(gt))
		return GNTST_bad_gntref;
	aa = grant_active_entry(gt, a);
	ab = grant_active_entry(gt, b);
	if (grant_active_used(aa) || grant_active_used(ab))
		return GNTST_eagain;
	if (a != b)
		gt->fmt->exchange(gt, a, b);
	return GNTST_okay;
}

/**
 * grant_swap_one() - GNTTABOP_swap_grant_ref, one element
 * @v:   the caller
 * @arg: struct gnttab_swap_grant_ref; status is written: GNTST_bad_gntref;
 *       GNTST_eagain one of the two is in use
 *
 * Context: no locks held; takes LOCK_GRANT.
 */
void grant_swap_one(struct vcpu *v, void *arg)
{
	struct gnttab_swap_grant_ref *op = arg;
	struct grant_table *gt = v->domain->grants;

	spin_lock(&gt->lock);
	op->status = swap_refs(gt, op->ref_a, op->ref_b);
	spin_unlock(&gt->lock);
}
