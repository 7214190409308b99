/* SPDX-License-Identifier: MIT */
/*
 * port.c - a domain's ports: found, given out, made and destroyed
 *
 * Ports live in chunks that are made on demand and stay until the domain is
 * freed, so that look-up takes no lock. Port 0 is there, closed, and never
 * given out. States and locks: private.h.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/x86.h>

struct evtchn *evtchn_lookup(const struct domain *d, evtchn_port_t port)
{
	struct evtchn *chunk;

	if (port >= d->evtchn->ops->nr_ports)
		return NULL;
	chunk = atomic_load(&d->evtchn->chunks[port / PORTS_PER_CHUNK]);
	return chunk ? &chunk[port % PORTS_PER_CHUNK] : NULL;
}

static struct evtchn *chunk_new(struct evtchn_domain *e, unsigned int nr)
{
	struct evtchn *chunk = kcalloc(PORTS_PER_CHUNK, sizeof(*chunk));
	unsigned int i;

	if (!chunk)
		return NULL;
	for (i = 0; i < PORTS_PER_CHUNK; i++) {
		spin_init(&chunk[i].lock, LOCK_PORT);
		chunk[i].port = nr * PORTS_PER_CHUNK + i;
	}
	atomic_store(&e->chunks[nr], chunk);
	return chunk;
}

struct evtchn *evtchn_find_free(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	evtchn_port_t port;

	ASSERT(spin_is_held(&e->lock));
	if (e->closing)
		return NULL;
	for (port = e->next_free; port < e->ops->nr_ports; port++) {
		struct evtchn *chn;

		if (!e->chunks[port / PORTS_PER_CHUNK] &&
		    !chunk_new(e, port / PORTS_PER_CHUNK))
			return NULL;
		chn = evtchn_lookup(d, port);
		if (chn->state == EVTCHN_FREE) {
			e->next_free = port;
			return chn;
		}
	}
	e->next_free = port;
	return NULL;
}

unsigned long evtchn_change_begin(struct evtchn *chn)
{
	return spin_lock_irqsave(&chn->lock);
}

void evtchn_change_end(struct evtchn *chn, unsigned long flags,
		       enum evtchn_state state, unsigned int vcpu)
{
	chn->vcpu = (uint16_t)vcpu;
	chn->state = (uint8_t)state;
	spin_unlock_irqrestore(&chn->lock, flags);
}

void evtchn_lock_domains(struct domain *a, struct domain *b)
{
	if (a->domid > b->domid)
		swap(a, b);
	spin_lock(&a->evtchn->lock);
	if (a != b)
		spin_lock_nested(&b->evtchn->lock);
}

void evtchn_unlock_domains(struct domain *a, struct domain *b)
{
	spin_unlock(&a->evtchn->lock);
	if (a != b)
		spin_unlock(&b->evtchn->lock);
}

struct domain *evtchn_target(struct domain *caller, domid_t domid, long *rc)
{
	struct domain *d = domain_get(caller, domid);

	*rc = -ESRCH;
	if (d && d != caller && !caller->privileged) {
		domain_put(d);
		*rc = -EPERM;
		d = NULL;
	}
	return d;
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
	if (!chunk_new(e, 0)) {
		kfree(e);
		return -ENOMEM;
	}
	d->evtchn = e;
	return 0;
}

/**
 * evtchn_domain_destroy() - close every port and free the table
 * @d: a dying domain; its vCPUs do not run but still exist
 *
 * Context: no locks held; takes LOCK_EVTCHN of peers.
 */
void evtchn_domain_destroy(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	evtchn_port_t port;
	unsigned int i;

	spin_lock(&e->lock);
	e->closing = true;
	spin_unlock(&e->lock);
	for (port = 1; port < e->ops->nr_ports; port++)
		(void)evtchn_close_port(d, port);	/* if it is open */
	pirqs_destroy(d);
	for (i = 0; i < MAX_CHUNKS; i++)
		kfree(e->chunks[i]);
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
