/* SPDX-License-Identifier: MIT */
/*
 * frames.c - frames of a guest that a toolstack asks about, or prepares
 *
 * Locks: none; a frame is referenced while it is looked at.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/lib.h>

#define FRAMES_MAX	1024	/* asked about at once */
#define BATCH		64

_Static_assert(PT_L1 == 1 && PT_L4 == 4, "as XEN_DOMCTL_PFINFO_L1TAB to L4TAB");

/* What is asked is a frame number; the answer stands in its place. */
static uint32_t info_of(struct domain *d, uint64_t mfn)
{
	enum page_type type;
	uint32_t info = XEN_DOMCTL_PFINFO_XTAB;
	struct page *pg;

	if (!mfn_valid(MFN(mfn)))
		return info;
	pg = mfn_to_page(MFN(mfn));
	if (!page_get(pg, d))
		return info;
	info = XEN_DOMCTL_PFINFO_NOTAB;
	type = page_type(pg);
	if ((READ_ONCE(pg->type_info) & PTI_COUNT_MASK) && type >= PT_L1 &&
	    type <= PT_L4)
		info = (uint32_t)type << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
	if (READ_ONCE(pg->type_info) & PTI_PINNED)
		info |= XEN_DOMCTL_PFINFO_LPINTAB;
	page_put(pg);
	return info;
}

static long answer_batch(struct domain *d, guest_ptr_t list, unsigned int nr)
{
	xen_pfn_t frames[BATCH];
	unsigned int i;

	if (copy_from_guest(frames, list, nr * sizeof(frames[0])))
		return -EFAULT;
	for (i = 0; i < nr; i++)
		frames[i] = info_of(d, frames[i]);
	return copy_to_guest(list, frames, nr * sizeof(frames[0])) ? -EFAULT :
								     0;
}

/**
 * domctl_frame_info() - XEN_DOMCTL_getpageframeinfo3
 * @v:   the caller
 * @arg: struct domctl_call: a list of frame numbers, each replaced by what the
 *       frame is used for
 *
 * Return: 0; -E2BIG: more than 1024; -EFAULT: those before have been replaced.
 */
long domctl_frame_info(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	uint64_t left = call->op.u.getpageframeinfo3.num;
	guest_ptr_t list = guest_ptr(call->op.u.getpageframeinfo3.array);
	unsigned int n;
	long rc = 0;

	if (left > FRAMES_MAX)
		return -E2BIG;
	for (; left && !rc; left -= n) {
		n = (unsigned int)min(left, (uint64_t)BATCH);
		rc = answer_batch(call->d, list, n);
		list = guest_ptr_add(list, n * sizeof(xen_pfn_t));
	}
	return rc;
}

/**
 * domctl_hypercall_page() - XEN_DOMCTL_hypercall_init
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EACCES: not a frame that the domain may write.
 */
long domctl_hypercall_page(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct page *pg;
	int rc;

	pg = gfn_get_page(call->d, GFN(call->op.u.hypercall_init.gmfn),
			  GFN_WRITE, &rc);
	if (!pg)
		return -EACCES;
	call->d->ops->fill_hypercall_page(page_to_virt(pg));
	gfn_put_page(pg, GFN_WRITE);
	return 0;
}

/**
 * domctl_shadow() - XEN_DOMCTL_shadow_op
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * There is no log of dirty memory to be turned off, read or sized. Whoever
 * wants to have one, to migrate a running guest, is told so.
 *
 * Return: -EOPNOTSUPP: no log can be had; -EINVAL: all else.
 */
long domctl_shadow(struct vcpu *v, void *arg)
{
	const struct domctl_call *call = arg;

	return call->op.u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY ?
		       -EOPNOTSUPP : -EINVAL;
}
