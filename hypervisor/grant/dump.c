/* SPDX-License-Identifier: MIT */
/*
 * dump.c - debug key 'g': grants in use
 */
#include "private.h"

#include <lodge/console.h>

static void dump_entry(struct grant_table *gt, grant_ref_t ref)
{
	const struct grant_active *act = grant_active_entry(gt, ref);

	if (!grant_active_used(act))
		return;
	printk("  %u: d%u reads %u writes %u ", ref, act->domid, act->nr_read,
	       act->nr_write);
	if (act->what.transitive)
		printk("by d%u's %u\n", act->what.domid, act->what.ref);
	else
		printk("gfn %lx mfn %lx\n", (unsigned long)act->what.gfn,
		       (unsigned long)mfn_x(page_to_mfn(act->pg)));
}

static void dump_domain(struct domain *d)
{
	struct grant_table *gt = d->grants;
	grant_ref_t ref;

	printk("%s: grants, version %u, %u of %u frames, %u of %u frames of "
	       "handles\n",
	       d->name, gt->fmt->version, gt->nr_frames, gt->max_frames,
	       gt->nr_chunks, gt->max_chunks);
	spin_lock(&gt->lock);
	for (ref = 0; ref < grant_nr_refs(gt); ref++)
		dump_entry(gt, ref);
	spin_unlock(&gt->lock);
}

void grant_dump(void)
{
	unsigned int id;

	for (id = 0; id < DOMID_FIRST_RESERVED; id++) {
		struct domain *d = domain_get(NULL, (domid_t)id);

		if (!d)
			continue;
		dump_domain(d);
		domain_put(d);
	}
}

/**
 * grant_init() - debug key; once, at boot
 */
void grant_init(void)
{
	debug_key_register('g', "dump grants in use", grant_dump);
}
