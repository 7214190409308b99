/* SPDX-License-Identifier: MIT */
/*
 * level2.c - pending and mask bits in shared_info, selector words per vCPU
 *
 * The guest changes all of these at any time: every access is one atomic
 * operation, and nothing that is read back is trusted with more than itself.
 */
#include "private.h"

#include <lodge/atomic.h>

#define PORTS_PER_WORD	64

static inline void level2_tell(struct vcpu *v, evtchn_port_t port)
{
	struct vcpu_info *info = READ_ONCE(v->info);
	unsigned long bit = 1UL << port / PORTS_PER_WORD;

	if (info && !(atomic_fetch_or(&info->evtchn_pending_sel, bit) & bit))
		evtchn_notify(v, info);
}

static void level2_set_pending(struct vcpu *v, struct evtchn *chn)
{
	struct shared_info *s = v->domain->shared_info;

	if (test_and_set_bit(chn->port, s->evtchn_pending))
		return;
	if (!test_bit(chn->port, s->evtchn_mask))
		level2_tell(v, chn->port);
}

static void level2_clear_pending(struct domain *d, struct evtchn *chn)
{
	clear_bit(chn->port, d->shared_info->evtchn_pending);
}

static void level2_unmask(struct vcpu *v, struct evtchn *chn)
{
	struct shared_info *s = v->domain->shared_info;

	if (test_and_clear_bit(chn->port, s->evtchn_mask) &&
	    test_bit(chn->port, s->evtchn_pending))
		level2_tell(v, chn->port);
}

static bool level2_is_pending(const struct domain *d, const struct evtchn *chn)
{
	return test_bit(chn->port, d->shared_info->evtchn_pending);
}

static bool level2_is_masked(const struct domain *d, const struct evtchn *chn)
{
	return test_bit(chn->port, d->shared_info->evtchn_mask);
}

/* A bit belongs to its port, whoever has that. */
static bool level2_is_busy(const struct domain *d, const struct evtchn *chn)
{
	return false;
}

static void level2_rescan(struct vcpu *v)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	atomic_store(&info->evtchn_pending_sel, ~0UL);
}

const struct evtchn_ops evtchn_2l_ops = {
	.name = "2-level",
	.nr_ports = EVTCHN_2L_NR_CHANNELS,
	.set_pending = level2_set_pending,
	.clear_pending = level2_clear_pending,
	.unmask = level2_unmask,
	.is_pending = level2_is_pending,
	.is_masked = level2_is_masked,
	.is_busy = level2_is_busy,
	.rescan = level2_rescan,
};
