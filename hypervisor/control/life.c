/* SPDX-License-Identifier: MIT */
/*
 * life.c - a toolstack makes, pauses, sizes and ends domains
 *
 * Locks: d->lock orders changes against each other and against the domain's
 * death.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/grant.h>
#include <lodge/lib.h>
#include <lodge/pv.h>

#define PAGES_PER_KIB(kib) ((kib) >> (PAGE_SHIFT - 10))

/* Flags that mean something for a PV guest on a machine without an IOMMU. */
#define FLAGS_KNOWN	XEN_DOMCTL_CDF_xs_domain

static bool config_ok(const struct xen_domctl_createdomain *c)
{
	return !(c->flags & ~FLAGS_KNOWN) && !c->iommu_opts &&
	       !c->vmtrace_size && c->max_vcpus && c->max_vcpus <= MAX_VCPUS &&
	       XEN_DOMCTL_GRANT_version(c->grant_opts) &&
	       !(c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) &&
	       !(c->arch.misc_flags & ~XEN_X86_MSR_RELAXED);
}

/* What is not there from the start. 0 or an errno. */
static int set_limits(struct domain *d,
		      const struct xen_domctl_createdomain *c)
{
	const struct grant_limits limits = {
		.max_frames = c->max_grant_frames,
		.max_track_frames = c->max_maptrack_frames,
		.max_version = XEN_DOMCTL_GRANT_version(c->grant_opts),
	};
	int rc = grant_table_set_limits(d, &limits);

	evtchn_set_max_port(d, c->max_evtchn_port);
	if (!rc && c->cpupool_id)
		rc = cpupool_move_domain(d, c->cpupool_id);
	return rc == -ENOENT ? -ESRCH : rc;
}

static int create(const struct xen_domctl_createdomain *c, domid_t domid)
{
	const struct domain_config config = {
		.domid = domid,
		.max_vcpus = c->max_vcpus,
		.ops = &pv_guest_ops,
	};
	struct domain *d = domain_alloc(&config);
	int rc;

	if (!d) {
		domid_release(domid);
		return -ENOMEM;
	}
	rc = set_limits(d, c);
	if (rc) {
		domain_discard(d);
		return rc;
	}
	memcpy(d->handle, c->handle, sizeof(d->handle));
	d->is_xenstore = c->flags & XEN_DOMCTL_CDF_xs_domain;
	d->control_pauses = 1;
	domain_publish(d);
	return 0;
}

/**
 * domctl_create() - XEN_DOMCTL_createdomain
 * @v:   the caller
 * @arg: struct domctl_call; the number of the domain is written
 *
 * The domain is there, paused, without memory and vCPUs.
 *
 * Return: 0; -EINVAL: a configuration that we do not offer; -EOPNOTSUPP: with
 *         devices emulated; -ESRCH: no such pool of CPUs; -EEXIST: the number is
 *         in use; -ENOMEM.
 */
long domctl_create(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_createdomain *c = &call->op.u.createdomain;
	domid_t want = call->op.domain, domid;
	int rc;

	if (!config_ok(c))
		return -EINVAL;
	if (c->arch.emulation_flags)
		return -EOPNOTSUPP;
	/* Number 0 asks for any. */
	rc = domid_reserve(want ? want : DOMID_INVALID, &domid);
	if (!rc)
		rc = create(c, domid);
	if (!rc)
		call->op.domain = domid;
	return rc;
}

/**
 * domctl_destroy() - XEN_DOMCTL_destroydomain
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0: dead, and gone when nobody holds anything of it; -ERESTART:
 *         preempted.
 */
long domctl_destroy(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	return domain_kill(call->d);
}

/**
 * domctl_pause() - XEN_DOMCTL_pausedomain
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: as domain_pause().
 */
long domctl_pause(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	return domain_pause(call->d);
}

/**
 * domctl_unpause() - XEN_DOMCTL_unpausedomain
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Who builds a domain writes all of its shared_info, or puts one there that
 * was saved on another day: the time of day in it is written anew.
 *
 * Return: as domain_unpause().
 */
long domctl_unpause(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	domain_update_wallclock(call->d);
	return domain_unpause(call->d);
}

/**
 * domctl_resume() - XEN_DOMCTL_resumedomain
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0.
 */
long domctl_resume(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	domain_resume(call->d);
	return 0;
}

/**
 * domctl_subscribe() - XEN_DOMCTL_subscribe
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Whenever the domain suspends from now on the caller gets an event by this
 * port of the domain's, and nobody VIRQ_DOM_EXC. Any number will do, as on
 * Debian's Xen: the port is looked at when it is used, and where it does not
 * lead to the caller it is the virq after all. 0 ends it.
 *
 * Return: 0.
 */
long domctl_subscribe(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	spin_lock(&call->d->lock);
	call->d->suspend_port = call->op.u.subscribe.port;
	spin_unlock(&call->d->lock);
	return 0;
}

/**
 * domctl_max_mem() - XEN_DOMCTL_max_mem
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Frames that it has already stay.
 *
 * Return: 0.
 */
long domctl_max_mem(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct domain *d = call->d;

	spin_lock(&d->pages_lock);
	d->max_pages = PAGES_PER_KIB(call->op.u.max_mem.max_memkb);
	spin_unlock(&d->pages_lock);
	return 0;
}

/* Those that are there already are an earlier pass's. */
static long create_vcpus(struct domain *d)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < d->max_vcpus && !rc; i++) {
		if (d->vcpus[i])
			continue;
		rc = vcpu_create(d, i);
		if (!rc && i + 1 < d->max_vcpus && hypercall_preempt_check())
			rc = -ERESTART;
	}
	return rc;
}

/**
 * domctl_max_vcpus() - XEN_DOMCTL_max_vcpus: make the vCPUs
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EINVAL: not the number that the domain was made for; -ESRCH: it
 *         is dying; -ENOMEM: some may have been made; -ERESTART: preempted.
 */
long domctl_max_vcpus(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct domain *d = call->d;
	long rc = -ESRCH;

	if (call->op.u.max_vcpus.max != d->max_vcpus)
		return -EINVAL;
	spin_lock(&d->lock);
	if (!domain_is_dying(d))
		rc = create_vcpus(d);
	spin_unlock(&d->lock);
	return rc;
}

/**
 * domctl_set_handle() - XEN_DOMCTL_setdomainhandle
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0.
 */
long domctl_set_handle(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	spin_lock(&call->d->lock);
	memcpy(call->d->handle, call->op.u.setdomainhandle.handle,
	       sizeof(call->d->handle));
	spin_unlock(&call->d->lock);
	return 0;
}

/**
 * domctl_set_virq_handler() - XEN_DOMCTL_set_virq_handler
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: as evtchn_set_virq_owner().
 */
long domctl_set_virq_handler(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	return evtchn_set_virq_owner(call->d,
				     call->op.u.set_virq_handler.virq);
}

/**
 * domctl_set_time_offset() - XEN_DOMCTL_settimeoffset
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0.
 */
long domctl_set_time_offset(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	WRITE_ONCE(call->d->time_offset_s,
		   call->op.u.settimeoffset.time_offset_seconds);
	domain_update_wallclock(call->d);
	return 0;
}

/**
 * domctl_set_address_size() - XEN_DOMCTL_set_address_size
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0: 64 bits, as it has; -EINVAL: no other kind of PV guest is offered.
 */
long domctl_set_address_size(struct vcpu *v, void *arg)
{
	const struct domctl_call *call = arg;

	return call->op.u.address_size.size == 64 ? 0 : -EINVAL;
}

/**
 * domctl_get_address_size() - XEN_DOMCTL_get_address_size
 * @v:   the caller
 * @arg: struct domctl_call; written
 *
 * Return: 0.
 */
long domctl_get_address_size(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;

	call->op.u.address_size.size = 64;
	return 0;
}
