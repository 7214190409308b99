/* SPDX-License-Identifier: MIT */
/*
 * vcpu-info.c - where a vCPU's vcpu_info lies
 *
 * The first 32 vCPUs start with the one in shared_info; those behind them have
 * a private one that the guest cannot see, so that events sent early are kept.
 * VCPUOP_register_vcpu_info moves it, once, into a frame of the guest's, which
 * then holds a writable reference for good.
 *
 * Locks: d->lock against two moves at once. Senders read v->info once; the old
 * one is never freed before the vCPU, and what they set in it during the move
 * is made good by marking everything pending afterwards.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/guest.h>
#include <lodge/lib.h>

static struct vcpu_info *initial_info(struct vcpu *v)
{
	if (v->id < XEN_LEGACY_MAX_VCPUS)
		return &v->domain->shared_info->vcpu_info[v->id];
	return v->info_map;
}

/* 0; -ENOMEM */
int vcpu_info_init(struct vcpu *v)
{
	if (v->id >= XEN_LEGACY_MAX_VCPUS) {
		v->info_map = kzalloc(sizeof(struct vcpu_info));
		if (!v->info_map)
			return -ENOMEM;
	}
	v->info = initial_info(v);
	v->info->evtchn_upcall_mask = 1;
	return 0;
}

void vcpu_info_release(struct vcpu *v)
{
	if (!v->info_page)
		return;
	/* A debug key may still look at it. */
	atomic_store(&v->info, initial_info(v));
	gfn_put_page(v->info_page, GFN_WRITE);
	v->info_page = NULL;
}

void vcpu_info_free(struct vcpu *v)
{
	vcpu_info_release(v);
	kfree(v->info_map);
	v->info_map = NULL;
}

bool vcpu_info_usable(const struct vcpu *v)
{
	return v->id < XEN_LEGACY_MAX_VCPUS || v->info_page;
}

static bool offset_valid(unsigned int offset)
{
	return offset <= PAGE_SIZE - sizeof(struct vcpu_info) &&
	       offset % 8 == 0;
}

static int move_locked(struct vcpu *v, struct page *pg, unsigned int offset)
{
	struct vcpu_info *info;

	if (v->info_page)
		return -EINVAL;
	if (v != current && !test_bit(VPF_DOWN, &v->pause_flags))
		return -EBUSY;
	info = (struct vcpu_info *)((char *)page_to_virt(pg) + offset);
	memcpy(info, v->info, sizeof(*info));
	v->info_page = pg;
	atomic_store(&v->info, info);
	return 0;
}

int vcpu_info_move(struct vcpu *v, gfn_t gfn, unsigned int offset)
{
	struct page *pg;
	int rc;

	if (!offset_valid(offset))
		return -ENXIO;
	pg = gfn_get_page(v->domain, gfn, GFN_WRITE, &rc);
	if (!pg)
		return -EINVAL;
	spin_lock(&v->domain->lock);
	rc = move_locked(v, pg, offset);
	spin_unlock(&v->domain->lock);
	if (rc)
		gfn_put_page(pg, GFN_WRITE);
	else
		evtchn_vcpu_info_moved(v);
	return rc;
}
