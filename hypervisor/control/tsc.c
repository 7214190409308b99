/* SPDX-License-Identifier: MIT */
/*
 * tsc.c - how a guest's time-stamp counter behaves
 *
 * Guests read the processor's; nothing is emulated. So a guest can come from
 * another machine only if its counter ran at the same rate there.
 *
 * Locks: d->lock guards what tools are told again.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/time.h>

#define TSC_DEFAULT		0	/* as the domain's rate allows */
#define TSC_ALWAYS_EMULATE	1
#define TSC_NEVER_EMULATE	2

/* A rate is measured anew at each boot: this machine's own may be off by that
 * part of itself. */
#define SAME_RATE	4096

static bool is_our_rate(uint64_t khz)
{
	uint64_t ours = tsc_khz();
	uint64_t off = khz > ours ? khz - ours : ours - khz;

	return off <= ours / SAME_RATE;
}

/**
 * domctl_set_tsc() - XEN_DOMCTL_settscinfo
 * @v:   the caller
 * @arg: struct domctl_call; gtsc_khz in kHz, 0 for this machine's
 *
 * Return: 0; -EOPNOTSUPP: the counter would have to be emulated; -EINVAL: no
 *         such mode.
 */
long domctl_set_tsc(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_tsc_info *op = &call->op.u.tsc_info;
	struct domain *d = call->d;

	if (op->tsc_mode > TSC_NEVER_EMULATE)
		return -EINVAL;
	if (op->tsc_mode == TSC_ALWAYS_EMULATE ||
	    (op->tsc_mode == TSC_DEFAULT && op->gtsc_khz &&
	     !is_our_rate(op->gtsc_khz)))
		return -EOPNOTSUPP;
	spin_lock(&d->lock);
	d->tsc_mode = op->tsc_mode;
	d->tsc_incarnation = op->incarnation;
	spin_unlock(&d->lock);
	return 0;
}

/**
 * domctl_get_tsc() - XEN_DOMCTL_gettscinfo
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * What is told is for the next life of the guest, after it was saved: it has
 * one incarnation more. A counter that is never emulated has no rate to keep.
 *
 * Return: 0.
 */
long domctl_get_tsc(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_tsc_info *op = &call->op.u.tsc_info;
	struct domain *d = call->d;

	spin_lock(&d->lock);
	op->tsc_mode = d->tsc_mode;
	op->incarnation = d->tsc_incarnation + 1;
	spin_unlock(&d->lock);
	op->gtsc_khz = 0;
	op->elapsed_nsec = 0;
	if (op->tsc_mode != TSC_NEVER_EMULATE) {
		op->gtsc_khz = (uint32_t)tsc_khz();
		op->elapsed_nsec = system_time_ns();
	}
	op->pad = 0;
	return 0;
}
