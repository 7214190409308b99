/* SPDX-License-Identifier: MIT */
/*
 * rights.c - which ports, device memory and interrupts a domain may have
 *
 * Nobody gives what he has not: the caller must have all of the range.
 *
 * Locks: each set's own.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>

static long change(struct rangeset *own, struct rangeset *set, uint64_t first,
		   uint64_t last, bool allow)
{
	if (!rangeset_contains(own, first, last))
		return -EPERM;
	return allow ? rangeset_add(set, first, last) :
		       rangeset_remove(set, first, last);
}

/**
 * domctl_irq_permission() - XEN_DOMCTL_irq_permission
 * @v:   the caller
 * @arg: struct domctl_call: the caller's number of the interrupt
 *
 * Return: 0; -EPERM: the caller has it not; -EINVAL: no such interrupt;
 *         -ENOMEM, -ENOSPC.
 */
long domctl_irq_permission(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_irq_permission *op = &call->op.u.irq_permission;
	int irq;

	if (op->pirq >= NR_PIRQS || op->allow_access > 1)
		return -EINVAL;
	irq = pirq_to_irq(v->domain, op->pirq);
	if (irq < 0)
		return -EPERM;
	return change(v->domain->irqs, call->d->irqs, (unsigned int)irq,
		      (unsigned int)irq, op->allow_access);
}

/**
 * domctl_iomem_permission() - XEN_DOMCTL_iomem_permission
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Mappings that there are stay.
 *
 * Return: 0; -EPERM: the caller has it not; -EINVAL: no range; -ENOMEM,
 *         -ENOSPC.
 */
long domctl_iomem_permission(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_iomem_permission *op =
		&call->op.u.iomem_permission;
	uint64_t last = op->first_mfn + op->nr_mfns - 1;

	if (last < op->first_mfn ||
	    last >> (cpu_features.phys_bits - PAGE_SHIFT))
		return -EINVAL;
	return change(v->domain->iomem, call->d->iomem, op->first_mfn, last,
		      op->allow_access);
}

/**
 * domctl_ioport_permission() - XEN_DOMCTL_ioport_permission
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EPERM: the caller has it not; -EINVAL: no range; -ENOMEM,
 *         -ENOSPC.
 */
long domctl_ioport_permission(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_ioport_permission *op =
		&call->op.u.ioport_permission;
	uint64_t last = (uint64_t)op->first_port + op->nr_ports - 1;

	if (!op->nr_ports)
		return 0;
	if (last > 0xffff)
		return -EINVAL;
	return change(v->domain->ioports, call->d->ioports, op->first_port,
		      last, op->allow_access);
}
