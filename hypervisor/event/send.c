/* SPDX-License-Identifier: MIT */
/*
 * send.c - events on their way: sent, noticed, unmasked, polled for
 *
 * Sending takes the port's lock and no other. From there the domain that is to
 * be told cannot go away: its own port, or the peer's, would have to be closed
 * under that lock first.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/sched.h>
#include <lodge/x86.h>

#define WAITS (1UL << VPF_BLOCKED | 1UL << VPF_POLL)

static __noinline void tell(struct vcpu *v, const struct vcpu_info *info)
{
	v->domain->ops->event_kick(v);
	vcpu_unblock(v);
	/* A vCPU that polls for other ports takes this event, too. */
	if (test_bit(VPF_POLL, &v->pause_flags) &&
	    !READ_ONCE(info->evtchn_upcall_mask) &&
	    vcpu_poll_end(v))
		vcpu_wake(v);
}

void evtchn_notify(struct vcpu *v, struct vcpu_info *info)
{
	/* Set already: whoever did it has told the vCPU. */
	if (atomic_xchg(&info->evtchn_upcall_pending, 1))
		return;
	/* Current looks on its way out. That it is to wait it says first, and
	 * then it looks; we the other way round. */
	if (v != current || READ_ONCE(v->pause_flags) & WAITS)
		tell(v, info);
}

/* vCPUs in SCHEDOP_poll; a masked port wakes them too. */
static __noinline void wake_pollers(struct domain *d, evtchn_port_t port)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu(d, v, i) {
		unsigned int wanted;

		if (!test_bit(VPF_POLL, &v->pause_flags))
			continue;
		wanted = READ_ONCE(v->poll_port);
		if ((!wanted || wanted == port) &&
		    vcpu_poll_end(v))
			vcpu_wake(v);
	}
}

static const struct evtchn_ops *ops_of(const struct domain *d)
{
	return atomic_load(&d->evtchn->ops);
}

static inline void set_pending(struct domain *d, struct evtchn *chn)
{
	struct vcpu *v = domain_vcpu(d, READ_ONCE(chn->vcpu));

	/* A full barrier: the port is pending before we look; they look again
	 * after they have said that they poll. */
	ops_of(d)->set_pending(v, chn);
	if (unlikely(READ_ONCE(d->nr_polling)))
		wake_pollers(d, chn->port);
}

__noinline void evtchn_set_pending(struct domain *d, struct evtchn *chn)
{
	set_pending(d, chn);
}

/* Port's lock held. */
static inline long send_locked(struct domain *d, struct evtchn *chn)
{
	switch (chn->state) {
	case EVTCHN_IPI:
		set_pending(d, chn);
		return 0;
	case EVTCHN_INTERDOMAIN:
		d = chn->remote_dom;
		evtchn_set_pending(d, evtchn_lookup(d, chn->remote_port));
		return 0;
	case EVTCHN_UNBOUND:
		/* The binder's port starts pending: nothing is lost. */
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * evtchn_send() - EVTCHNOP_send
 * @v:   the caller, current
 * @arg: guest pointer to struct evtchn_send
 *
 * The most frequent of all operations: it reads the one word of its argument
 * itself, without the dispatcher's buffer.
 *
 * Context: as op_dispatch(), IRQs on; takes LOCK_PORT.
 * Return: 0; -EFAULT; -EINVAL no such port, or not one a guest can send on.
 */
long evtchn_send(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		 unsigned long extra)
{
	struct evtchn_send op;
	struct evtchn *chn;
	long rc;

	if (unlikely(copy_from_guest(&op, arg, sizeof(op))))
		return -EFAULT;
	chn = evtchn_lookup(v->domain, op.port);
	if (!chn)
		return -EINVAL;
	spin_lock_irq(&chn->lock);
	rc = send_locked(v->domain, chn);
	spin_unlock_irq(&chn->lock);
	return rc;
}

/**
 * evtchn_send_to() - an event by a domain's port, to one domain only
 * @d:    a domain, which may have shut down
 * @port: any number
 * @peer: whom the event is for
 *
 * Context: any but NMI; takes LOCK_PORT.
 * Return: false: the port does not lead there; nobody is told.
 */
bool evtchn_send_to(struct domain *d, unsigned int port,
		    const struct domain *peer)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags;
	bool sent;

	if (!chn)
		return false;
	flags = spin_lock_irqsave(&chn->lock);
	sent = chn->state == EVTCHN_INTERDOMAIN && chn->remote_dom == peer &&
	       !send_locked(d, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
	return sent;
}

int evtchn_unmask_port(struct domain *d, evtchn_port_t port)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	const struct evtchn_ops *ops;
	unsigned long flags;
	int rc = -EINVAL;

	if (!chn)
		return rc;
	flags = spin_lock_irqsave(&chn->lock);
	ops = ops_of(d);
	if (port < ops->nr_ports) {
		ops->unmask(domain_vcpu(d, chn->vcpu), chn);
		rc = 0;
	}
	spin_unlock_irqrestore(&chn->lock, flags);
	return rc;
}

/**
 * evtchn_unmask() - EVTCHNOP_unmask
 * @v:   the caller
 * @arg: struct evtchn_unmask
 *
 * A port that is closed may be unmasked: its mask bit is the guest's.
 *
 * Context: any; takes LOCK_PORT.
 * Return: 0; -EINVAL no such port.
 */
long evtchn_unmask(struct vcpu *v, void *arg)
{
	struct evtchn_unmask *op = arg;

	return evtchn_unmask_port(v->domain, op->port);
}

/**
 * evtchn_upcall_pending() - would the guest get an upcall now?
 * @v: a vCPU
 *
 * Context: any; the guest changes both bytes at any time.
 */
bool evtchn_upcall_pending(const struct vcpu *v)
{
	const struct vcpu_info *info = READ_ONCE(v->info);

	return info && READ_ONCE(info->evtchn_upcall_pending) &&
	       !READ_ONCE(info->evtchn_upcall_mask);
}

/**
 * evtchn_port_pending() - is a port's pending bit set? (SCHEDOP_poll)
 * @d:    a domain
 * @port: any number
 *
 * Context: any; takes LOCK_PORT.
 * Return: 0; 1; -EINVAL no such port, or it is not open.
 */
int evtchn_port_pending(struct domain *d, unsigned int port)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags;
	int rc = -EINVAL;

	if (!chn)
		return rc;
	flags = spin_lock_irqsave(&chn->lock);
	if (chn->state != EVTCHN_FREE)
		rc = ops_of(d)->is_pending(d, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
	return rc;
}

/**
 * evtchn_vcpu_info_moved() - a vCPU's vcpu_info has a new place
 * @v: the vCPU; v->info is the new one
 *
 * Events that were set in the old one meanwhile must not be lost: the guest
 * looks at all of them once.
 *
 * Context: no locks needed.
 */
void evtchn_vcpu_info_moved(struct vcpu *v)
{
	ops_of(v->domain)->rescan(v);
	evtchn_notify_vcpu(v);
}
