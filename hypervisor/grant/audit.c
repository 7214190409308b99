/* SPDX-License-Identifier: MIT */
/*
 * audit.c - do handles and the grants that they use agree?
 *
 *   handle (mapper) --granter, ref--> active entry --frame--> granter's frame
 *
 * Each way in which a handle is mapped uses its entry once; while no guest
 * runs nothing else does.
 *
 * Locks: LOCK_GRANT of one table at a time; see <lodge/audit.h>.
 */
#include <lodge/audit.h>

#include "private.h"

/* With the granter's lock. */
static bool entry_permits(struct grant_table *gt, const struct track *t,
			  const struct domain *user)
{
	const struct grant_active *act;

	if (t->ref >= grant_nr_refs(gt))
		return false;
	act = grant_active_entry(gt, t->ref);
	if (act->domid != user->domid || !act->pg)
		return false;
	return t->flags & GNTMAP_readonly ? act->nr_read : act->nr_write;
}

static void check_handle(struct audit *a, struct domain *d,
			 grant_handle_t handle, const struct track *t)
{
	struct domain *granter = t->granter;
	bool ok;

	if (!granter || granter->domid >= DOMID_FIRST_RESERVED) {
		audit_error(a, "%s handle %u is of no domain's grant", d->name,
			    handle);
		return;
	}
	a->domains[granter->domid].tracks++;
	a->domains[granter->domid].pins +=
		!!(t->state & TRACK_HOST) + !!(t->state & TRACK_DEVICE);
	spin_lock(&granter->grants->lock);
	ok = entry_permits(granter->grants, t, d);
	spin_unlock(&granter->grants->lock);
	if (!ok)
		audit_error(a, "%s handle %u: %s does not know of a use of its "
			    "grant %u", d->name, handle, granter->name, t->ref);
}

static unsigned int count_free(struct grant_table *gt, unsigned int vcpu,
			       unsigned int limit)
{
	uint32_t next = gt->free_tracks[vcpu];
	unsigned int n = 0;

	while (next && n <= limit) {
		const struct track *t = track_lookup(gt, next - 1);

		if (!t || t->state & TRACK_ANY)
			break;
		n++;
		next = t->next;
	}
	return n;
}

/**
 * grant_audit_handles() - look at what a domain has mapped
 * @a: uses are counted at the granters
 * @d: the mapper, referenced
 *
 * Context: takes LOCK_GRANT of granters; guests do not run.
 */
void grant_audit_handles(struct audit *a, struct domain *d)
{
	struct grant_table *gt = d->grants;
	unsigned int nr = gt->nr_chunks * TRACKS_PER_CHUNK, used = 0, i;
	unsigned int nr_free = 0;

	for (i = 0; i < nr; i++) {
		const struct track *t = track_lookup(gt, i);

		if (!(READ_ONCE(t->state) & TRACK_ANY))
			continue;
		used++;
		check_handle(a, d, i, t);
	}
	for (i = 0; nr && i < d->max_vcpus; i++)
		nr_free += count_free(gt, i, nr);
	if (used + nr_free != nr)
		audit_error(a, "%s: of %u handles %u are used, %u free",
			    d->name, nr, used, nr_free);
}

/* With the lock. */
static void check_entry(struct audit *a, struct grant_table *gt,
			grant_ref_t ref, const struct grant_active *act)
{
	if (act->what.transitive)
		return;
	if (!act->pg || act->pg->owner != gt->d)
		audit_error(a, "%s grant %u is used, but not of its frame",
			    gt->d->name, ref);
}

/**
 * grant_audit_domain() - look at a domain's grants in use
 * @a: after grant_audit_handles() of all domains
 * @d: the granter, referenced
 *
 * Context: takes LOCK_GRANT; guests do not run.
 */
void grant_audit_domain(struct audit *a, struct domain *d)
{
	struct grant_table *gt = d->grants;
	uint64_t pins = 0;
	unsigned int used = 0;
	grant_ref_t ref;

	spin_lock(&gt->lock);
	for (ref = 0; ref < grant_nr_refs(gt); ref++) {
		const struct grant_active *act = grant_active_entry(gt, ref);

		if (!grant_active_used(act))
			continue;
		used++;
		pins += (uint64_t)act->nr_read + act->nr_write;
		check_entry(a, gt, ref, act);
	}
	if (used != gt->nr_used)
		audit_error(a, "%s: %u grants are used, %u are counted",
			    d->name, used, gt->nr_used);
	if (pins != a->domains[d->domid].pins)
		audit_error(a, "%s: its grants are used %lu times, by handles "
			    "%lu times", d->name, (unsigned long)pins,
			    (unsigned long)a->domains[d->domid].pins);
	a->grants += used;
	spin_unlock(&gt->lock);
}

/**
 * grant_audit_frames() - count the references that grants in use hold
 * @w: frames that are counted
 * @d: the granter, referenced
 *
 * Context: takes LOCK_GRANT; guests do not run.
 */
void grant_audit_frames(struct frame_window *w, struct domain *d)
{
	struct grant_table *gt = d->grants;
	grant_ref_t ref;

	spin_lock(&gt->lock);
	for (ref = 0; ref < grant_nr_refs(gt); ref++) {
		const struct grant_active *act = grant_active_entry(gt, ref);

		if (!grant_active_used(act) || !act->pg)
			continue;
		audit_count(w, page_to_mfn(act->pg), 1, act->nr_write ? 1 : 0);
	}
	spin_unlock(&gt->lock);
}
