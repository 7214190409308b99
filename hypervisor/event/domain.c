/* SPDX-License-Identifier: MIT */
/*
 * domain.c - what a domain and a vCPU have of event channels, from birth to end
 *
 * States and locks: private.h.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/irq.h>

static void ports_free(struct evtchn_domain *e)
{
	unsigned int i, k;

	for (i = 0; i < MAX_GROUPS; i++) {
		struct evtchn_group *group = e->groups[i];

		for (k = 0; group && k < CHUNKS_PER_GROUP; k++)
			kfree(group->chunks[k]);
		kfree(group);
	}
}

/**
 * evtchn_init() - hooks and debug key; once, at boot
 */
void evtchn_init(void)
{
	irq_guest_notify = evtchn_send_pirq;
	debug_key_register('e', "dump event channels", evtchn_dump);
}

/**
 * evtchn_domain_init() - a domain's port table, with the 2-level bits
 * @d: a domain being built
 *
 * Return: 0; -ENOMEM.
 */
int evtchn_domain_init(struct domain *d)
{
	struct evtchn_domain *e = kzalloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, LOCK_EVTCHN);
	e->ops = &evtchn_2l_ops;
	e->next_free = 1;
	e->max_port = MAX_PORTS - 1;
	d->evtchn = e;
	if (evtchn_make_port(d, 0))
		return 0;
	ports_free(e);
	d->evtchn = NULL;
	kfree(e);
	return -ENOMEM;
}

/**
 * evtchn_set_max_port() - XEN_DOMCTL_set_max_evtchn
 * @d:    any domain
 * @port: the highest that it is given from now on; those in use stay
 *
 * Context: no locks held; takes LOCK_EVTCHN.
 */
void evtchn_set_max_port(struct domain *d, evtchn_port_t port)
{
	spin_lock(&d->evtchn->lock);
	d->evtchn->max_port = min(port, (evtchn_port_t)MAX_PORTS - 1);
	spin_unlock(&d->evtchn->lock);
}

/**
 * evtchn_domain_kill() - close every port of a dying domain; let go of its
 *                        pages
 * @d: its vCPUs do not run any more, but still exist
 *
 * Peers' ports become unbound; nothing is given out any more. May be called
 * again at any time.
 *
 * Context: no locks held, IRQs on; takes LOCK_EVTCHN of peers. Preemptible.
 * Return: 0; -ERESTART preempted: call it again.
 */
int evtchn_domain_kill(struct domain *d)
{
	int rc;

	spin_lock(&d->evtchn->lock);
	d->evtchn->closing = true;
	spin_unlock(&d->evtchn->lock);
	evtchn_virqs_disown(d);
	rc = evtchn_close_all(d);
	if (!rc) {
		BUG_ON(!fifo_leave(d));
		pirqs_release_page(d);
	}
	return rc;
}

/**
 * evtchn_domain_destroy() - free the table of ports
 * @d: a dying domain; what evtchn_domain_kill() has not done is done now
 *
 * Context: no locks held, IRQs on; takes LOCK_EVTCHN of peers.
 */
void evtchn_domain_destroy(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;

	while (evtchn_domain_kill(d))
		;
	ports_free(e);
	kfree(e->pirqs);
	d->evtchn = NULL;
	kfree(e);
}

/**
 * evtchn_vcpu_init() - a vCPU's table of virqs
 * @v: a vCPU being made
 *
 * Return: 0; -ENOMEM.
 */
int evtchn_vcpu_init(struct vcpu *v)
{
	v->evtchn = kzalloc(sizeof(*v->evtchn));
	return v->evtchn ? 0 : -ENOMEM;
}

/**
 * evtchn_vcpu_destroy() - free it
 * @v: a vCPU that nobody sends virqs to any more
 */
void evtchn_vcpu_destroy(struct vcpu *v)
{
	kfree(v->evtchn);
	v->evtchn = NULL;
}
