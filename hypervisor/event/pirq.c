/* SPDX-License-Identifier: MIT */
/*
 * pirq.c - physical interrupts as a domain numbers them
 *
 *   unmapped --pirq_map--> mapped to an irq --bind_pirq--> bound to a port
 *   bound --close--> mapped --pirq_unmap--> unmapped
 *
 * The table is made with the first mapping. Changes are made under the
 * domain's LOCK_EVTCHN; the interrupt path reads the port without a lock and
 * looks at its state again under the port's. A port that is closed has its irq
 * let go of first: irq_unbind_guest() waits until no notification is on
 * its way, so it may be called without the port's lock only.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/irq.h>

#define FIRST_MSI_PIRQ (irq_nr_gsis())

/* NULL: out of range, or no table yet. */
static struct pirq *pirq_entry(const struct domain *d, unsigned int pirq)
{
	struct pirq *table = atomic_load(&d->evtchn->pirqs);

	return table && pirq < NR_PIRQS ? &table[pirq] : NULL;
}

static struct pirq *table_make(struct evtchn_domain *e)
{
	struct pirq *table;
	unsigned int i;

	if (e->pirqs)
		return e->pirqs;
	table = kcalloc(NR_PIRQS, sizeof(*table));
	if (!table)
		return NULL;
	for (i = 0; i < NR_PIRQS; i++)
		table[i].irq = -1;
	atomic_store(&e->pirqs, table);
	return table;
}

/**
 * pirq_to_irq() - our number for a domain's interrupt
 * @d:    the domain
 * @pirq: any number
 *
 * Return: the irq; -1: not mapped.
 */
int pirq_to_irq(const struct domain *d, unsigned int pirq)
{
	const struct pirq *p = pirq_entry(d, pirq);

	return p ? READ_ONCE(p->irq) : -1;
}

/**
 * irq_to_pirq() - a domain's number for our interrupt
 * @d:   the domain
 * @irq: our number
 *
 * Return: the pirq; -1: not mapped.
 */
int irq_to_pirq(const struct domain *d, unsigned int irq)
{
	const struct pirq *table = atomic_load(&d->evtchn->pirqs);
	unsigned int i;

	for (i = 0; table && i < NR_PIRQS; i++)
		if (READ_ONCE(table[i].irq) == (int)irq)
			return (int)i;
	return -1;
}

/**
 * pirq_next_mapped() - go through a domain's interrupts
 * @d:    the domain
 * @pirq: any number
 *
 * Return: the lowest pirq that is mapped and not below @pirq; -1: none.
 */
int pirq_next_mapped(const struct domain *d, unsigned int pirq)
{
	const struct pirq *table = atomic_load(&d->evtchn->pirqs);

	for (; table && pirq < NR_PIRQS; pirq++)
		if (READ_ONCE(table[pirq].irq) >= 0)
			return (int)pirq;
	return -1;
}

/**
 * pirq_map() - give an interrupt a number in a domain
 * @d:    the domain; that it may have @irq has been checked
 * @pirq: the number
 * @irq:  ours
 * @msi:  whether it is a message, not a line
 *
 * Context: no locks above LOCK_PCI held; takes LOCK_EVTCHN.
 * Return: 0, also when they belong together already; -EINVAL the number is
 *         out of range, or one of a line for a message; -EEXIST either has
 *         another partner; -ENOSPC no memory for the table.
 */
int pirq_map(struct domain *d, unsigned int pirq, unsigned int irq, bool msi)
{
	struct evtchn_domain *e = d->evtchn;
	struct pirq *table;
	int rc = -ENOSPC;

	if (pirq >= NR_PIRQS || (msi && pirq < FIRST_MSI_PIRQ))
		return -EINVAL;
	spin_lock(&e->lock);
	table = table_make(e);
	if (!table)
		goto out_unlock;
	rc = 0;
	if (table[pirq].irq == (int)irq)
		goto out_unlock;
	rc = -EEXIST;
	if (table[pirq].irq >= 0 || irq_to_pirq(d, irq) >= 0)
		goto out_unlock;
	WRITE_ONCE(table[pirq].irq, (int)irq);
	rc = 0;
out_unlock:
	spin_unlock(&e->lock);
	return rc;
}

/**
 * pirq_unmap() - take the number away
 * @d:    the domain
 * @pirq: the number; a port that is bound to it stays open, and silent
 *
 * Context: IRQs on, no locks above LOCK_PCI held; takes LOCK_EVTCHN.
 * Return: 0; -EINVAL not mapped.
 */
int pirq_unmap(struct domain *d, unsigned int pirq)
{
	struct pirq *p = pirq_entry(d, pirq);
	int rc = -EINVAL;

	if (!p)
		return rc;
	spin_lock(&d->evtchn->lock);
	if (p->irq >= 0) {
		pirq_unbind(d, pirq);
		WRITE_ONCE(p->irq, -1);
		rc = 0;
	}
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/**
 * pirq_find_free() - numbers that are not in use
 * @d:   the domain
 * @nr:  how many, one behind the other; not 0
 * @msi: for messages: none of a line's
 *
 * They are not reserved: the caller orders itself against others.
 *
 * Return: the first; -ENOSPC.
 */
int pirq_find_free(struct domain *d, unsigned int nr, bool msi)
{
	unsigned int pirq, found = 0;

	for (pirq = msi ? FIRST_MSI_PIRQ : 16; pirq < NR_PIRQS; pirq++) {
		found = pirq_to_irq(d, pirq) < 0 ? found + 1 : 0;
		if (found == nr)
			return (int)(pirq + 1 - nr);
	}
	return -ENOSPC;
}

void pirq_set_cpu(struct domain *d, uint32_t pirq, unsigned int cpu)
{
	int irq = pirq_to_irq(d, pirq);

	if (irq >= 0)
		irq_set_affinity((unsigned int)irq, cpu);
}

/* The guest is told whether it must send an EOI. */
static void eoi_map_update(struct evtchn_domain *e, unsigned int pirq, int irq)
{
	unsigned long *map = atomic_load(&e->eoi_map);

	if (!map)
		return;
	if (irq >= 0 && irq_needs_eoi((unsigned int)irq))
		set_bit(pirq, map);
	else
		clear_bit(pirq, map);
}

void pirq_unbind(struct domain *d, uint32_t pirq)
{
	struct pirq *p = pirq_entry(d, pirq);

	if (!p || !p->port)
		return;
	if (p->irq >= 0)
		irq_unbind_guest((unsigned int)p->irq, d);
	eoi_map_update(d->evtchn, pirq, -1);
	WRITE_ONCE(p->port, 0);
}

/* The port is ready before the first interrupt can come. */
static long bind_pirq_locked(struct domain *d, struct pirq *p,
			     struct evtchn_bind_pirq *op)
{
	struct evtchn *chn = evtchn_find_free(d);
	unsigned long flags;
	int rc;

	if (!chn)
		return -ENOSPC;
	flags = evtchn_change_begin(chn);
	chn->pirq = op->pirq;
	evtchn_change_end(chn, flags, EVTCHN_PIRQ, 0);
	WRITE_ONCE(p->port, chn->port);
	eoi_map_update(d->evtchn, op->pirq, p->irq);

	rc = irq_bind_guest((unsigned int)p->irq, d, op->pirq,
			    op->flags & BIND_PIRQ__WILL_SHARE);
	if (!rc) {
		irq_set_affinity((unsigned int)p->irq,
				 d->vcpus[0]->sched.cpu);
		op->port = chn->port;
		return 0;
	}
	eoi_map_update(d->evtchn, op->pirq, -1);
	WRITE_ONCE(p->port, 0);
	flags = evtchn_change_begin(chn);
	evtchn_change_end(chn, flags, EVTCHN_FREE, 0);
	evtchn_give_back(d, chn);
	return rc;
}

/**
 * evtchn_bind_pirq() - EVTCHNOP_bind_pirq
 * @v:   the caller
 * @arg: struct evtchn_bind_pirq; port is written on success
 *
 * Who may have a pirq was decided when it was mapped.
 *
 * Context: no locks held; takes LOCK_EVTCHN.
 * Return: 0; -EINVAL no such pirq; -EPERM a line that the domain does not
 *         have; -EEXIST bound already; -ENOSPC no free port; -EBUSY somebody
 *         else has it and it cannot be shared.
 */
long evtchn_bind_pirq(struct vcpu *v, void *arg)
{
	struct evtchn_bind_pirq *op = arg;
	struct domain *d = v->domain;
	struct pirq *p = pirq_entry(d, op->pirq);
	long rc = op->pirq < irq_nr_gsis() ? -EPERM : -EINVAL;

	if (!p)
		return rc;
	spin_lock(&d->evtchn->lock);
	if (p->port)
		rc = -EEXIST;
	else if (p->irq >= 0)
		rc = bind_pirq_locked(d, p, op);
	spin_unlock(&d->evtchn->lock);
	return rc;
}

/**
 * evtchn_send_pirq() - an interrupt came in
 * @d:    whose it is
 * @pirq: its number there
 *
 * Context: interrupt, IRQs off, no lock of an irq held; takes LOCK_PORT.
 */
void evtchn_send_pirq(struct domain *d, unsigned int pirq)
{
	struct pirq *p = pirq_entry(d, pirq);
	evtchn_port_t port = p ? READ_ONCE(p->port) : 0;
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags;

	if (!chn)
		return;
	flags = spin_lock_irqsave(&chn->lock);
	if (chn->state == EVTCHN_PIRQ && chn->pirq == pirq)
		evtchn_set_pending(d, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
}

/**
 * pirq_eoi() - PHYSDEVOP_eoi: the guest has served an interrupt
 * @d:    the domain
 * @pirq: its number there
 *
 * Context: no locks held.
 * Return: 0; -EINVAL no such pirq, or not mapped.
 */
int pirq_eoi(struct domain *d, unsigned int pirq)
{
	struct pirq *p = pirq_entry(d, pirq);
	int irq = p ? READ_ONCE(p->irq) : -1;
	evtchn_port_t port;

	if (irq < 0)
		return -EINVAL;
	port = READ_ONCE(p->port);
	if (port && READ_ONCE(d->evtchn->eoi_unmasks))
		(void)evtchn_unmask_port(d, port);	/* gone: no matter */
	irq_guest_eoi((unsigned int)irq, d);
	return 0;
}

/**
 * pirq_needs_eoi() - PHYSDEVOP_irq_status_query
 * @d:    the domain
 * @pirq: its number there
 */
bool pirq_needs_eoi(struct domain *d, unsigned int pirq)
{
	int irq = pirq_to_irq(d, pirq);

	return irq >= 0 && irq_needs_eoi((unsigned int)irq);
}

/**
 * pirq_set_eoi_map() - PHYSDEVOP_pirq_eoi_gmfn_v1, _v2
 * @d:           the domain
 * @gfn:         a frame of it: bit n says that pirq n needs an EOI
 * @auto_unmask: PHYSDEVOP_eoi unmasks the event channel from now on
 *
 * The frame is referenced until the domain ends.
 *
 * Context: no locks held; takes LOCK_EVTCHN.
 * Return: 0; -EBUSY set already, or @d is dying; -EINVAL not a frame that the
 *         domain may write.
 */
int pirq_set_eoi_map(struct domain *d, gfn_t gfn, bool auto_unmask)
{
	struct evtchn_domain *e = d->evtchn;
	unsigned int i;
	struct page *pg;
	int rc;

	pg = gfn_get_page(d, gfn, GFN_WRITE, &rc);
	if (!pg)
		return -EINVAL;
	spin_lock(&e->lock);
	if (e->eoi_page || e->closing) {
		spin_unlock(&e->lock);
		gfn_put_page(pg, GFN_WRITE);
		return -EBUSY;
	}
	e->eoi_page = pg;
	e->eoi_unmasks = auto_unmask;
	atomic_store(&e->eoi_map, page_to_virt(pg));
	for (i = 0; i < NR_PIRQS; i++) {
		struct pirq *p = pirq_entry(d, i);

		eoi_map_update(e, i, p && p->port ? p->irq : -1);
	}
	spin_unlock(&e->lock);
	return 0;
}

/* The domain is dying; its ports are closed. */
void pirqs_release_page(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	struct page *pg;

	spin_lock(&e->lock);
	pg = e->eoi_page;
	atomic_store(&e->eoi_map, NULL);
	e->eoi_page = NULL;
	spin_unlock(&e->lock);
	if (pg)
		gfn_put_page(pg, GFN_WRITE);
}
