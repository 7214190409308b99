/* SPDX-License-Identifier: MIT */
/*
 * transfer.c - GNTTABOP_transfer: a frame becomes another domain's
 *
 *   accept_transfer --committed--> frame is the domain's --completed--> done
 *
 * The frame must be mapped and used nowhere. Once it is taken from the caller
 * it is gone, by the ABI, also if the other domain cannot have it: then it is
 * freed. Its contents go with it.
 *
 * Locks: LOCK_GRANT of the receiver, not over the change of owner.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/errno.h>

/* It is what @from may transfer to, and becomes committed. */
static int commit(struct grant_table *gt, grant_ref_t ref, domid_t from,
		  uint64_t mfn)
{
	union grant_header old, new;
	uint32_t *word;

	if (ref >= grant_nr_refs(gt))
		return GNTST_general_error;
	if (gt->fmt->frame_bits < 64 && mfn >> gt->fmt->frame_bits)
		return GNTST_address_too_big;
	if (grant_active_used(grant_active_entry(gt, ref)))
		return GNTST_general_error;
	word = gt->fmt->header(gt, ref);
	old.word = READ_ONCE(*word);
	do {
		if (old.flags != GTF_accept_transfer || old.domid != from)
			return GNTST_general_error;
		new = old;
		new.flags |= GTF_transfer_committed;
	} while (!atomic_cmpxchg(word, &old.word, new.word));
	return GNTST_okay;
}

/*
 * The entry is written as the version of the moment has it: a domain that
 * changes it meanwhile loses the entry, not the frame.
 */
static void complete(struct grant_table *gt, grant_ref_t ref, uint64_t mfn)
{
	if (ref >= grant_nr_refs(gt))
		return;
	gt->fmt->set_frame(gt, ref, mfn);
	atomic_fetch_or(gt->fmt->header(gt, ref),
			(uint32_t)GTF_transfer_completed);
}

static void uncommit(struct grant_table *gt, grant_ref_t ref)
{
	if (ref < grant_nr_refs(gt))
		atomic_fetch_and(gt->fmt->header(gt, ref),
				 ~(uint32_t)GTF_transfer_committed);
}

static bool has_room(const struct domain *d)
{
	return READ_ONCE(d->tot_pages) < READ_ONCE(d->max_pages);
}

static int give(struct domain *from, struct domain *to, grant_ref_t ref,
		struct page *pg)
{
	struct grant_table *gt = to->grants;
	uint64_t mfn = mfn_x(page_to_mfn(pg));
	int status = GNTST_general_error;

	spin_lock(&gt->lock);
	/* Asked first, so that a committed entry all but always completes. */
	if (has_room(to))
		status = commit(gt, ref, from->domid, mfn);
	spin_unlock(&gt->lock);
	if (status)
		return status;
	if (domain_page_assign(to, pg, 0, false))
		status = GNTST_general_error;
	spin_lock(&gt->lock);
	if (status)
		uncommit(gt, ref);
	else
		complete(gt, ref, mfn);
	spin_unlock(&gt->lock);
	return status;
}

/* GNTST_bad_page: it stays the caller's. */
static int transfer(struct domain *from, const struct gnttab_transfer *op)
{
	mfn_t mfn = MFN(op->mfn);
	struct domain *to = NULL;
	struct page *pg;
	int status = GNTST_bad_domain;

	if (!mfn_valid(mfn))
		return GNTST_bad_page;
	pg = mfn_to_page(mfn);
	if (domain_page_steal(from, pg))
		return GNTST_bad_page;
	m2p_set(mfn, M2P_INVALID);
	if (op->domid != DOMID_SELF)
		to = domain_get(from, op->domid);
	if (to) {
		status = give(from, to, op->ref, pg);
		domain_put(to);
	}
	if (status)
		page_free(pg, 0);
	return status;
}

/**
 * grant_transfer_one() - GNTTABOP_transfer, one element
 * @v:   the caller
 * @arg: struct gnttab_transfer; status is written: GNTST_bad_page not the
 *       caller's, or in use: it stays; GNTST_bad_domain; GNTST_address_too_big
 *       for an entry of version 1; GNTST_general_error no such entry, not one
 *       that accepts a transfer from the caller, or no room: the frame is gone
 *
 * Context: IRQs on, no locks held; takes LOCK_GRANT, LOCK_DOMPAGES.
 */
void grant_transfer_one(struct vcpu *v, void *arg)
{
	struct gnttab_transfer *op = arg;

	op->status = (int16_t)transfer(v->domain, op);
}
