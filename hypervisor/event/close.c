/* SPDX-License-Identifier: MIT */
/*
 * close.c - ports go out of use
 *
 * The peer of a closed interdomain port is unbound again, offered to the
 * domain that closed. States and locks: private.h.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/x86.h>
#include <xen/xen.h>

#define RESET_BATCH	64	/* ports closed between two questions */

/* Its lock and the domain's held: its next life sees nothing of this one. */
static void make_free(struct domain *d, struct evtchn *chn)
{
	d->evtchn->ops->clear_pending(d, chn);
	chn->state = EVTCHN_FREE;
	chn->vcpu = 0;
	chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	chn->remote_dom = NULL;
	chn->remote_port = 0;
	evtchn_give_back(d, chn);
}

/* What points at the port is cut; the domain's lock is held. */
static void detach(struct domain *d, struct evtchn *chn)
{
	if (chn->state == EVTCHN_PIRQ)
		pirq_unbind(d, chn->pirq);
	if (chn->state == EVTCHN_VIRQ)
		WRITE_ONCE(d->vcpus[evtchn_virq_is_global(chn->virq) ?
					    0 :
					    chn->vcpu]
				   ->evtchn->virq_port[chn->virq],
			   0);
}

static int close_single(struct domain *d, struct evtchn *chn)
{
	unsigned long flags;

	if (chn->state == EVTCHN_FREE)
		return -EINVAL;
	detach(d, chn);
	flags = spin_lock_irqsave(&chn->lock);
	make_free(d, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
	return 0;
}

/* Both domains' locks are held. */
static void close_pair(struct domain *d, struct evtchn *chn, struct domain *rd)
{
	struct evtchn *rchn = evtchn_lookup(rd, chn->remote_port);
	struct evtchn *first = min(chn, rchn), *second = max(chn, rchn);
	unsigned long flags;

	BUG_ON(!rchn || rchn->state != EVTCHN_INTERDOMAIN ||
	       rchn->remote_dom != d || rchn->remote_port != chn->port);
	flags = spin_lock_irqsave(&first->lock);
	spin_lock_nested(&second->lock);
	rchn->state = EVTCHN_UNBOUND;
	rchn->remote_dom = NULL;
	rchn->unbound_dom = d->domid;
	make_free(d, chn);
	spin_unlock(&second->lock);
	spin_unlock_irqrestore(&first->lock, flags);
}

/*
 * Closes what needs only @d's lock. An interdomain port's peer is returned
 * instead, with a reference, as its lock may have to be taken first. A peer
 * that is past its last reference is closing its ports: ours will be unbound
 * as soon as it gets our lock.
 */
static int close_or_peer(struct domain *d, struct evtchn *chn,
			 struct domain **peer)
{
	int rc;

	for (;;) {
		bool alone;

		spin_lock(&d->evtchn->lock);
		alone = chn->state != EVTCHN_INTERDOMAIN;
		*peer = alone ? NULL : chn->remote_dom;
		rc = alone ? close_single(d, chn) : 0;
		if (*peer && !domain_try_get(*peer))
			*peer = NULL;
		spin_unlock(&d->evtchn->lock);
		if (alone || *peer)
			return rc;
		cpu_relax();
	}
}

int evtchn_close_port(struct domain *d, evtchn_port_t port)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	struct domain *rd;
	bool closed = false;
	int rc;

	if (!chn)
		return -EINVAL;
	while (!closed) {
		rc = close_or_peer(d, chn, &rd);
		if (!rd)
			return rc;
		evtchn_lock_domains(d, rd);
		/* Still the same? Everything was unlocked. */
		if (chn->state == EVTCHN_INTERDOMAIN &&
		    chn->remote_dom == rd) {
			close_pair(d, chn, rd);
			closed = true;
		}
		evtchn_unlock_domains(d, rd);
		domain_put(rd);
	}
	return 0;
}

/**
 * evtchn_close() - EVTCHNOP_close
 * @v:   the caller
 * @arg: struct evtchn_close
 *
 * Context: no locks held; takes LOCK_EVTCHN of both ends' domains.
 * Return: 0; -EINVAL no such port, or it is not open.
 */
long evtchn_close(struct vcpu *v, void *arg)
{
	struct evtchn_close *op = arg;

	return evtchn_close_port(v->domain, op->port);
}

int evtchn_close_all(struct domain *d)
{
	evtchn_port_t port = 0;
	unsigned int done = 0;

	while ((port = evtchn_next_used(d, port + 1)) != 0) {
		/* Closed by somebody else meanwhile: no matter. */
		(void)evtchn_close_port(d, port);
		if (++done % RESET_BATCH == 0 && hypercall_preempt_check())
			return -ERESTART;
	}
	return 0;
}

/**
 * evtchn_reset_cont() - EVTCHNOP_reset_cont: go on with a reset
 * @v:   the caller
 * @arg: struct evtchn_reset
 *
 * A reset that was stopped goes on by EVTCHNOP_reset itself.
 *
 * Return: -EBUSY there is none to go on with; -ESRCH no such domain; -EPERM
 *         not the caller's.
 */
long evtchn_reset_cont(struct vcpu *v, void *arg)
{
	struct evtchn_reset *op = arg;
	struct domain *d;
	long rc;

	rc = domain_get_for(v->domain, op->dom, &d);
	if (rc)
		return rc;
	domain_put(d);
	return -EBUSY;
}

/**
 * evtchn_reset() - EVTCHNOP_reset: close all ports of a domain
 * @v:   the caller
 * @arg: struct evtchn_reset
 *
 * A domain that resets itself goes back to the 2-level ABI. Preemptible: a port
 * that is closed stays so, and the call starts over.
 *
 * Context: no locks held; takes LOCK_EVTCHN of peers.
 * Return: 0; -ESRCH no such domain; -EPERM not the caller's.
 */
long evtchn_reset(struct vcpu *v, void *arg)
{
	struct evtchn_reset *op = arg;
	struct domain *d;
	long rc;

	rc = domain_get_for(v->domain, op->dom, &d);
	if (rc)
		return rc;
	rc = evtchn_close_all(d);
	/* Another vCPU opens ports meanwhile: begin again. */
	if (!rc && d == v->domain && !fifo_leave(d))
		rc = -ERESTART;
	if (rc)
		rc = hypercall_continue(__HYPERVISOR_event_channel_op, 0);
	domain_put(d);
	return rc;
}
