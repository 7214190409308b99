/* SPDX-License-Identifier: MIT */
/*
 * info.c - what a toolstack is told about domains and vCPUs
 *
 * Numbers are of the moment; no two of them need belong to the same one.
 *
 * Locks: d->lock for the handle and the pauses.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

static uint64_t cpu_time(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	vcpu_runstate_get(v, &r);
	return r.time[RUNSTATE_running];
}

static bool is_running(const struct vcpu *v)
{
	return READ_ONCE(v->runstate.state) == RUNSTATE_running;
}

/* Waits for an event, and is not stopped otherwise. */
static bool is_blocked(const struct vcpu *v)
{
	return READ_ONCE(v->pause_flags) & (BIT(VPF_BLOCKED) | BIT(VPF_POLL));
}

static void sum_up_vcpus(struct domain *d,
			 struct xen_domctl_getdomaininfo *info)
{
	bool running = false, blocked = true;
	struct vcpu *v;
	unsigned int i;

	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for_each_vcpu(d, v, i) {
		info->max_vcpu_id = i;
		info->cpu_time += cpu_time(v);
		if (test_bit(VPF_DOWN, &v->pause_flags))
			continue;
		info->nr_online_vcpus++;
		running |= is_running(v);
		blocked &= is_blocked(v);
	}
	if (running)
		info->flags |= XEN_DOMINF_running;
	else if (blocked && info->nr_online_vcpus)
		info->flags |= XEN_DOMINF_blocked;
}

static uint32_t state_flags(const struct domain *d)
{
	/* All of the upper half, as Xen does it: no code is all ones. */
	uint32_t flags = d->shutdown_code << XEN_DOMINF_shutdownshift;

	if (READ_ONCE(d->state) == DOM_DEAD)
		flags |= XEN_DOMINF_dying;
	if (d->is_shut_down)
		flags |= XEN_DOMINF_shutdown;
	if (d->control_pauses)
		flags |= XEN_DOMINF_paused;
	if (d->is_xenstore)
		flags |= XEN_DOMINF_xs_domain;
	return flags;
}

/**
 * domain_info_fill() - XEN_DOMCTL_getdomaininfo's answer
 * @d:    referenced
 * @info: written
 *
 * Context: no locks; takes d->lock.
 */
void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->domid;
	spin_lock(&d->lock);
	info->flags = state_flags(d);
	memcpy(info->handle, d->handle, sizeof(info->handle));
	spin_unlock(&d->lock);
	sum_up_vcpus(d, info);
	info->tot_pages = READ_ONCE(d->tot_pages);
	info->max_pages = READ_ONCE(d->max_pages);
	info->shared_info_frame = mfn_x(virt_to_mfn(d->shared_info));
	info->outstanding_pages = READ_ONCE(d->claim);
	info->cpupool = cpupool_of(d);
	info->gpaddr_bits = (uint8_t)cpu_features.phys_bits;
}

/**
 * domctl_get_info() - XEN_DOMCTL_getdomaininfo
 * @v:   the caller
 * @arg: struct domctl_call: about the domain with that number, or the next
 *       higher one that there is
 *
 * Return: 0; -ESRCH: there is none.
 */
long domctl_get_info(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct domain *d = domain_get_next(call->op.domain);

	if (!d)
		return -ESRCH;
	domain_info_fill(d, &call->op.u.getdomaininfo);
	call->op.domain = d->domid;
	domain_put(d);
	return 0;
}

/**
 * domctl_get_vcpu_info() - XEN_DOMCTL_getvcpuinfo
 * @v:   the caller
 * @arg: struct domctl_call; written
 *
 * Return: 0; -EINVAL, -ESRCH: no such vCPU.
 */
long domctl_get_vcpu_info(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_getvcpuinfo *info = &call->op.u.getvcpuinfo;
	long rc;
	struct vcpu *t = call_vcpu(call, info->vcpu, &rc);

	if (!t)
		return rc;
	info->online = !test_bit(VPF_DOWN, &t->pause_flags);
	info->blocked = is_blocked(t);
	info->running = is_running(t);
	info->cpu_time = cpu_time(t);
	info->cpu = READ_ONCE(t->sched.cpu);
	return 0;
}
