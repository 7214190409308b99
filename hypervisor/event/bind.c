/* SPDX-License-Identifier: MIT */
/*
 * bind.c - ports come into use: unbound, interdomain, IPI; whom they notify
 *
 * States and locks: private.h.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/x86.h>

/**
 * evtchn_alloc_unbound() - EVTCHNOP_alloc_unbound
 * @v:   the caller
 * @arg: struct evtchn_alloc_unbound; port is written on success
 *
 * Context: no locks held; takes LOCK_EVTCHN of the named domain.
 * Return: 0; -ESRCH no such domain; -EPERM not the caller's; -ENOSPC no port,
 *         or no memory for one.
 */
long evtchn_alloc_unbound(struct vcpu *v, void *arg)
{
	struct evtchn_alloc_unbound *op = arg;
	domid_t remote = op->remote_dom;
	struct evtchn *chn;
	unsigned long flags;
	struct domain *d;
	long rc;

	rc = domain_get_for(v->domain, op->dom, &d);
	if (rc)
		return rc;
	if (remote == DOMID_SELF)
		remote = v->domain->domid;

	spin_lock(&d->evtchn->lock);
	rc = -ENOSPC;
	chn = evtchn_find_free(d);
	if (chn) {
		flags = evtchn_change_begin(chn);
		chn->unbound_dom = remote;
		evtchn_change_end(chn, flags, EVTCHN_UNBOUND, 0);
		op->port = chn->port;
		rc = 0;
	}
	spin_unlock(&d->evtchn->lock);
	domain_put(d);
	return rc;
}

/* Both ports locked, lower address first. */
static void connect(struct domain *ld, struct evtchn *lchn, struct domain *rd,
		    struct evtchn *rchn)
{
	struct evtchn *first = min(lchn, rchn), *second = max(lchn, rchn);
	unsigned long flags = spin_lock_irqsave(&first->lock);

	spin_lock_nested(&second->lock);
	lchn->remote_dom = rd;
	lchn->remote_port = rchn->port;
	lchn->state = EVTCHN_INTERDOMAIN;
	lchn->vcpu = 0;
	rchn->remote_dom = ld;
	rchn->remote_port = lchn->port;
	rchn->state = EVTCHN_INTERDOMAIN;
	/* The peer may have sent before this: that must not be lost. */
	evtchn_set_pending(ld, lchn);
	spin_unlock(&second->lock);
	spin_unlock_irqrestore(&first->lock, flags);
}

static long bind_locked(struct domain *ld, struct domain *rd,
			struct evtchn_bind_interdomain *op)
{
	struct evtchn *rchn = evtchn_lookup(rd, op->remote_port), *lchn;

	if (rd->evtchn->closing)
		return -ESRCH;
	if (!rchn || rchn->state != EVTCHN_UNBOUND ||
	    rchn->unbound_dom != ld->domid)
		return -EINVAL;
	lchn = evtchn_find_free(ld);
	if (!lchn)
		return -ENOSPC;
	connect(ld, lchn, rd, rchn);
	op->local_port = lchn->port;
	return 0;
}

/**
 * evtchn_bind_interdomain() - EVTCHNOP_bind_interdomain
 * @v:   the caller, who gets a port joined to a peer's unbound port
 * @arg: struct evtchn_bind_interdomain; local_port is written on success
 *
 * The ports point at each other without a reference to the other's domain: a
 * domain closes its ports, under both locks, before it goes.
 *
 * Context: no locks held; takes LOCK_EVTCHN of both domains.
 * Return: 0; -ESRCH no such domain, or it is dying; -EINVAL no such port, or
 *         not offered to the caller; -ENOSPC the caller has no free port.
 */
long evtchn_bind_interdomain(struct vcpu *v, void *arg)
{
	struct evtchn_bind_interdomain *op = arg;
	struct domain *ld = v->domain;
	struct domain *rd = domain_get(ld, op->remote_dom);
	long rc;

	if (!rd)
		return -ESRCH;
	evtchn_lock_domains(ld, rd);
	rc = bind_locked(ld, rd, op);
	evtchn_unlock_domains(ld, rd);
	domain_put(rd);
	return rc;
}

/**
 * evtchn_bind_ipi() - EVTCHNOP_bind_ipi
 * @v:   the caller
 * @arg: struct evtchn_bind_ipi; port is written on success
 *
 * Context: no locks held; takes LOCK_EVTCHN.
 * Return: 0; -ENOENT no such vCPU; -ENOSPC no free port.
 */
long evtchn_bind_ipi(struct vcpu *v, void *arg)
{
	struct evtchn_bind_ipi *op = arg;
	struct domain *d = v->domain;
	struct evtchn *chn;
	long rc = -ENOSPC;

	if (!domain_vcpu(d, op->vcpu))
		return -ENOENT;
	spin_lock(&d->evtchn->lock);
	chn = evtchn_find_free(d);
	if (chn) {
		evtchn_change_end(chn, evtchn_change_begin(chn), EVTCHN_IPI,
				  op->vcpu);
		op->port = chn->port;
		rc = 0;
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/* Under LOCK_EVTCHN: the state cannot change; senders read vcpu untorn. */
static long move_port(struct domain *d, struct evtchn *chn, struct vcpu *to)
{
	switch (chn->state) {
	case EVTCHN_VIRQ:
		if (!evtchn_virq_is_global(chn->virq))
			return -EINVAL;
		break;
	case EVTCHN_UNBOUND:
	case EVTCHN_INTERDOMAIN:
		break;
	case EVTCHN_PIRQ:
		pirq_set_cpu(d, chn->pirq, to->sched.cpu);
		break;
	default:
		return -EINVAL;
	}
	WRITE_ONCE(chn->vcpu, (uint16_t)to->id);
	return 0;
}

/**
 * evtchn_bind_vcpu() - EVTCHNOP_bind_vcpu
 * @v:   the caller
 * @arg: struct evtchn_bind_vcpu
 *
 * Context: no locks held; takes LOCK_EVTCHN.
 * Return: 0; -ENOENT no such vCPU; -EINVAL no such port, not open, or bound to
 *         its vCPU for good (IPI, per-vCPU virq).
 */
long evtchn_bind_vcpu(struct vcpu *v, void *arg)
{
	struct evtchn_bind_vcpu *op = arg;
	struct domain *d = v->domain;
	struct vcpu *to = domain_vcpu(d, op->vcpu);
	struct evtchn *chn;
	long rc = -EINVAL;

	if (!to)
		return -ENOENT;
	spin_lock(&d->evtchn->lock);
	chn = evtchn_lookup(d, op->port);
	if (chn)
		rc = move_port(d, chn, to);
	spin_unlock(&d->evtchn->lock);
	return rc;
}
