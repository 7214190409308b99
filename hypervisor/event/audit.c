/* SPDX-License-Identifier: MIT */
/*
 * audit.c - does each port agree with what it is bound to?
 *
 * Ports of two domains name each other; those of a virq or an interrupt are
 * named by the vCPU's and the domain's tables.
 *
 * Locks: LOCK_EVTCHN of the domain that is looked at; of its peers none, which
 * do not run (<lodge/audit.h>).
 */
#include <lodge/audit.h>

#include <lodge/bitmap.h>

#include "fifo.h"

static void check_peer(struct audit *a, struct domain *d,
		       const struct evtchn *chn)
{
	const struct domain *rd = chn->remote_dom;
	const struct evtchn *peer = NULL;

	if (rd && rd->evtchn)
		peer = evtchn_lookup(rd, chn->remote_port);
	if (!peer || peer->state != EVTCHN_INTERDOMAIN ||
	    peer->remote_dom != d || peer->remote_port != chn->port)
		audit_error(a, "%s port %u: its peer, %s port %u, does not "
			    "know it", d->name, chn->port,
			    rd ? rd->name : "none", chn->remote_port);
}

static void check_virq(struct audit *a, struct domain *d,
		       const struct evtchn *chn)
{
	const struct vcpu *v = domain_vcpu(d, chn->vcpu);

	/* A global one is vCPU 0's, wherever it notifies. */
	if (chn->virq < NR_VIRQS && evtchn_virq_is_global(chn->virq))
		v = d->vcpus[0];
	if (chn->virq >= NR_VIRQS || !v ||
	    v->evtchn->virq_port[chn->virq] != chn->port)
		audit_error(a, "%s port %u: virq %u is not bound to it",
			    d->name, chn->port, chn->virq);
}

static void check_pirq(struct audit *a, struct domain *d,
		       const struct evtchn *chn)
{
	const struct pirq *pirqs = d->evtchn->pirqs;

	if (!pirqs || chn->pirq >= NR_PIRQS ||
	    pirqs[chn->pirq].port != chn->port)
		audit_error(a, "%s port %u: pirq %u is not bound to it",
			    d->name, chn->port, chn->pirq);
}

static void check_port(struct audit *a, struct domain *d,
		       const struct evtchn *chn)
{
	a->ports++;
	if (chn->vcpu >= d->max_vcpus)
		audit_error(a, "%s port %u notifies vCPU %u", d->name,
			    chn->port, chn->vcpu);
	switch (chn->state) {
	case EVTCHN_FREE:
		audit_error(a, "%s port %u is given out, but free", d->name,
			    chn->port);
		break;
	case EVTCHN_INTERDOMAIN:
		check_peer(a, d, chn);
		break;
	case EVTCHN_VIRQ:
		check_virq(a, d, chn);
		break;
	case EVTCHN_PIRQ:
		check_pirq(a, d, chn);
		break;
	default:
		break;
	}
}

static const struct evtchn *used_port(const struct domain *d,
				      evtchn_port_t port)
{
	return evtchn_next_used(d, port) == port ? evtchn_lookup(d, port) :
						   NULL;
}

static void check_virqs_of(struct audit *a, struct domain *d,
			   const struct vcpu *v)
{
	unsigned int i;

	for (i = 0; i < NR_VIRQS; i++) {
		evtchn_port_t port = v->evtchn->virq_port[i];
		const struct evtchn *chn = port ? used_port(d, port) : NULL;

		if (port && (!chn || chn->state != EVTCHN_VIRQ ||
			     chn->virq != i))
			audit_error(a, "%s vCPU %u: virq %u goes to port %u",
				    d->name, v->id, i, port);
	}
}

static void check_pirqs_of(struct audit *a, struct domain *d)
{
	const struct pirq *pirqs = d->evtchn->pirqs;
	unsigned int i;

	for (i = 0; pirqs && i < NR_PIRQS; i++) {
		evtchn_port_t port = pirqs[i].port;
		const struct evtchn *chn = port ? used_port(d, port) : NULL;

		if (port && (!chn || chn->state != EVTCHN_PIRQ ||
			     chn->pirq != i))
			audit_error(a, "%s: pirq %u goes to port %u", d->name,
				    i, port);
	}
}

/* A port that is not given out is bound to nothing. */
static void check_unused(struct audit *a, struct domain *d)
{
	evtchn_port_t port, used = evtchn_next_used(d, 1);
	const struct evtchn *chn;

	for (port = 1; port < d->evtchn->ops->nr_ports; port++) {
		if (used && used < port)
			used = evtchn_next_used(d, port);
		if (port == used)
			continue;
		chn = evtchn_lookup(d, port);
		if (!chn) {
			/* Ports are made by the chunk. */
			port |= PORTS_PER_CHUNK - 1;
			continue;
		}
		if (chn->state != EVTCHN_FREE)
			audit_error(a, "%s port %u is bound, but not given out",
				    d->name, port);
	}
}

/**
 * evtchn_audit_domain() - look at a domain's ports
 * @a: the audit
 * @d: the domain, referenced
 *
 * Context: takes LOCK_EVTCHN; guests do not run.
 */
void evtchn_audit_domain(struct audit *a, struct domain *d)
{
	evtchn_port_t port = 0;
	struct vcpu *v;
	unsigned int i;

	spin_lock(&d->evtchn->lock);
	while ((port = evtchn_next_used(d, port + 1)) != 0)
		check_port(a, d, evtchn_lookup(d, port));
	check_unused(a, d);
	for_each_vcpu(d, v, i)
		check_virqs_of(a, d, v);
	check_pirqs_of(a, d);
	spin_unlock(&d->evtchn->lock);
}

/**
 * evtchn_audit_frames() - count the references to the pages that ports need
 * @w: frames that are counted
 * @d: the domain, referenced
 *
 * Context: takes LOCK_EVTCHN; guests do not run.
 */
void evtchn_audit_frames(struct frame_window *w, struct domain *d)
{
	const struct evtchn_domain *e = d->evtchn;
	struct vcpu *v;
	unsigned int i;

	spin_lock(&d->evtchn->lock);
	for (i = 0; e->fifo && i < e->fifo->nr_pages; i++)
		audit_count_writable(w, virt_to_page(e->fifo->words[i]));
	for_each_vcpu(d, v, i)
		if (v->evtchn->fifo)
			audit_count_writable(w, v->evtchn->fifo->page);
	if (e->eoi_page)
		audit_count_writable(w, e->eoi_page);
	spin_unlock(&d->evtchn->lock);
}
