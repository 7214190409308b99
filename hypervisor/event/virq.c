/* SPDX-License-Identifier: MIT */
/*
 * virq.c - virtual interrupts: the hypervisor's own events
 *
 * A per-vCPU virq (timer, debug) has a port for each vCPU and stays there. A
 * global one has one port in the domain, known by vCPU 0's table, and may be
 * moved by EVTCHNOP_bind_vcpu. The tables are read without a lock: the port's
 * own state is looked at again under its lock before it is used.
 */
#include "private.h"

#include <lodge/errno.h>

/*
 * Who gets the global virqs; NULL: the control domain. Not referenced: a domain
 * gives them up when it begins to die, under the lock that sending holds.
 */
static struct {
	spinlock_t lock;			/* LOCK_VIRQ, IRQs off */
	struct domain *owner[NR_VIRQS];
} global_virqs = { .lock = SPINLOCK_INIT(LOCK_VIRQ) };

bool evtchn_virq_is_global(uint32_t virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
		return false;
	default:
		return true;
	}
}

static long bind_virq_locked(struct vcpu *to, struct evtchn_bind_virq *op)
{
	evtchn_port_t *slot = &to->evtchn->virq_port[op->virq];
	struct evtchn *chn;
	unsigned long flags;

	if (*slot)
		return -EEXIST;
	chn = evtchn_find_free(to->domain);
	if (!chn)
		return -ENOSPC;
	flags = evtchn_change_begin(chn);
	chn->virq = op->virq;
	evtchn_change_end(chn, flags, EVTCHN_VIRQ, to->id);
	WRITE_ONCE(*slot, chn->port);
	op->port = chn->port;
	return 0;
}

/**
 * evtchn_bind_virq() - EVTCHNOP_bind_virq
 * @v:   the caller
 * @arg: struct evtchn_bind_virq; port is written on success
 *
 * Context: no locks held; takes LOCK_EVTCHN.
 * Return: 0; -EINVAL no such virq, or a global one for another vCPU than 0;
 *         -ENOENT no such vCPU; -EEXIST bound already; -ENOSPC no free port.
 */
long evtchn_bind_virq(struct vcpu *v, void *arg)
{
	struct evtchn_bind_virq *op = arg;
	struct domain *d = v->domain;
	struct vcpu *to;
	long rc;

	if (op->virq >= NR_VIRQS)
		return -EINVAL;
	if (evtchn_virq_is_global(op->virq) && op->vcpu != 0)
		return -EINVAL;
	to = domain_vcpu(d, op->vcpu);
	if (!to)
		return -ENOENT;
	spin_lock(&d->evtchn->lock);
	rc = bind_virq_locked(to, op);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/**
 * evtchn_send_virq() - raise a virtual interrupt
 * @v:    the vCPU; for a global one, vCPU 0 of the domain
 * @virq: VIRQ_
 *
 * Nothing happens if the guest has not bound it.
 *
 * Context: any but NMI; takes LOCK_PORT.
 */
void evtchn_send_virq(struct vcpu *v, unsigned int virq)
{
	struct evtchn *chn;
	unsigned long flags;
	evtchn_port_t port;

	if (!v->evtchn)
		return;
	port = READ_ONCE(v->evtchn->virq_port[virq]);
	chn = port ? evtchn_lookup(v->domain, port) : NULL;
	if (!chn)
		return;
	flags = spin_lock_irqsave(&chn->lock);
	if (chn->state == EVTCHN_VIRQ && chn->virq == virq)
		evtchn_set_pending(v->domain, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
}

/**
 * evtchn_send_global_virq() - raise a virtual interrupt that one domain has
 * @virq: VIRQ_ of the global kind
 *
 * It is the control domain's, unless evtchn_set_virq_owner() says otherwise.
 *
 * Context: any but NMI; takes LOCK_VIRQ, LOCK_PORT.
 */
void evtchn_send_global_virq(unsigned int virq)
{
	unsigned long flags = spin_lock_irqsave(&global_virqs.lock);
	struct domain *d = global_virqs.owner[virq];

	if (!d)
		d = READ_ONCE(dom0);
	if (d && d->vcpus[0])
		evtchn_send_virq(d->vcpus[0], virq);
	spin_unlock_irqrestore(&global_virqs.lock, flags);
}

/**
 * evtchn_set_virq_owner() - XEN_DOMCTL_set_virq_handler
 * @d:    who gets the virq from now on; the caller has a reference
 * @virq: any number
 *
 * Context: no locks held; takes LOCK_EVTCHN, LOCK_VIRQ.
 * Return: 0; -EINVAL no such virq, or it is one of each vCPU; -ESRCH @d is
 *         dying.
 */
int evtchn_set_virq_owner(struct domain *d, uint32_t virq)
{
	unsigned long flags;
	int rc = -ESRCH;

	if (virq >= NR_VIRQS || !evtchn_virq_is_global(virq))
		return -EINVAL;
	/* Whoever kills it disowns it after it has set this. */
	spin_lock(&d->evtchn->lock);
	if (!d->evtchn->closing) {
		flags = spin_lock_irqsave(&global_virqs.lock);
		global_virqs.owner[virq] = d->privileged ? NULL : d;
		spin_unlock_irqrestore(&global_virqs.lock, flags);
		rc = 0;
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

void evtchn_virqs_disown(struct domain *d)
{
	unsigned long flags = spin_lock_irqsave(&global_virqs.lock);
	unsigned int i;

	for (i = 0; i < NR_VIRQS; i++)
		if (global_virqs.owner[i] == d)
			global_virqs.owner[i] = NULL;
	spin_unlock_irqrestore(&global_virqs.lock, flags);
}
