/* SPDX-License-Identifier: MIT */
/*
 * pause.c - the toolstack's pauses of a domain
 *
 * They are counted. A new domain has one, so that it runs when all of it is
 * there; a vCPU that is created later takes part.
 *
 * Locks: d->lock guards the count, and that all vCPUs' flags agree with it.
 */
#include "private.h"

#include <lodge/errno.h>

#define MAX_PAUSES	255

/**
 * domain_pause() - keep a domain from running until domain_unpause()
 * @d: not the caller's own; the caller has a reference
 *
 * On return no vCPU runs, and the state of all is in memory.
 *
 * Context: IRQs on, no locks.
 * Return: 0; -EOVERFLOW: it is paused too often.
 */
int domain_pause(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;
	int rc = 0;

	spin_lock(&d->lock);
	if (d->control_pauses == MAX_PAUSES)
		rc = -EOVERFLOW;
	else if (d->control_pauses++ == 0)
		for_each_vcpu(d, v, i)
			set_bit(VPF_CONTROL, &v->pause_flags);
	spin_unlock(&d->lock);
	if (rc)
		return rc;
	for_each_vcpu(d, v, i)
		vcpu_sleep_sync(v);
	return 0;
}

/**
 * domain_unpause() - undo one pause
 * @d: the domain; the caller has a reference
 *
 * Context: no locks.
 * Return: 0; -EINVAL: it is not paused.
 */
int domain_unpause(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;
	bool wake = false;
	int rc = 0;

	spin_lock(&d->lock);
	if (!d->control_pauses)
		rc = -EINVAL;
	else
		wake = --d->control_pauses == 0;
	if (wake)
		for_each_vcpu(d, v, i)
			clear_bit(VPF_CONTROL, &v->pause_flags);
	spin_unlock(&d->lock);
	if (wake)
		for_each_vcpu(d, v, i)
			vcpu_wake(v);
	return rc;
}
