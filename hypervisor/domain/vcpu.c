/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - birth and end of vCPUs
 *
 * A vCPU is born down (VPF_DOWN) and without a context; VCPUOP_initialise or
 * the builder gives it one, VCPUOP_up lets it run.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/guest.h>

/* vcpu_event_pending_hook: the scheduler knows no kinds of guests. */
bool vcpu_has_pending(const struct vcpu *v)
{
	return v->domain->ops->has_pending(v);
}

void vcpu_stop(struct vcpu *v)
{
	set_bit(VPF_DYING, &v->pause_flags);
	sched_vcpu_destroy(v);
	vcpu_timers_kill(v);
}

/* Accepts a half-built vCPU. */
void vcpu_free(struct vcpu *v)
{
	vcpu_stop(v);
	if (v->domain->ops)
		v->domain->ops->vcpu_destroy(v);
	if (v->evtchn)
		evtchn_vcpu_destroy(v);
	vcpu_info_free(v);
	fpu_free(v->fpu);
	kfree(v);
}

static int vcpu_parts_init(struct vcpu *v)
{
	int rc = vcpu_info_init(v);

	if (rc)
		return rc;
	v->fpu = fpu_alloc();
	if (!v->fpu)
		return -ENOMEM;
	rc = perdomain_vcpu_init(v->domain, v->id);
	if (!rc)
		rc = v->domain->ops->vcpu_init(v);
	if (!rc)
		rc = evtchn_vcpu_init(v);
	if (rc)
		return rc;
	vcpu_timers_init(v);
	return sched_vcpu_init(v);
}

/**
 * vcpu_create() - add a vCPU to a domain that does not run yet
 * @d:  the domain
 * @id: below d->max_vcpus
 *
 * Context: d->lock held, or nobody knows the domain yet.
 * Return: 0; -EINVAL: @id is out of range; -EEXIST; -ENOMEM. On an error the
 *         domain is as it was.
 */
int vcpu_create(struct domain *d, unsigned int id)
{
	struct vcpu *v;
	int rc;

	if (id >= d->max_vcpus)
		return -EINVAL;
	if (d->vcpus[id])
		return -EEXIST;
	v = kzalloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->id = id;
	v->domain = d;
	v->xcr0 = 1;
	v->pause_flags = BIT(VPF_DOWN);
	if (d->control_pauses)
		v->pause_flags |= BIT(VPF_CONTROL);
	v->runstate.state = RUNSTATE_offline;
	rc = vcpu_parts_init(v);
	if (rc)
		vcpu_free(v);
	else
		atomic_store(&d->vcpus[id], v);
	return rc;
}
