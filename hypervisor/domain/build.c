/* SPDX-License-Identifier: MIT */
/*
 * build.c - a domain is put together, and taken apart when nobody has it
 *
 * A domain is built in private and becomes known by domain_publish(). Who gives
 * back the last reference may hold any lock, so the domain is put on a list of
 * its CPU's and taken apart from pending work.
 *
 * Locks: the list of dead domains is this CPU's alone, IRQs off.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/grant.h>
#include <lodge/guest.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include <lodge/x86.h>

/* Linked by next_dead. */
static DEFINE_PER_CPU(struct domain *, dead_domains);

static int shared_info_alloc(struct domain *d)
{
	d->shared_info = frames_alloc(0, MEMF_ZERO);
	if (!d->shared_info)
		return -ENOMEM;
	page_share(virt_to_page(d->shared_info), d, true);
	return 0;
}

static void shared_info_free(struct domain *d)
{
	if (!d->shared_info)
		return;
	page_unshare(virt_to_page(d->shared_info));
	frames_free(d->shared_info, 0);
}

static int rights_alloc(struct domain *d)
{
	d->ioports = rangeset_new();
	d->iomem = rangeset_new();
	d->irqs = rangeset_new();
	return d->ioports && d->iomem && d->irqs ? 0 : -ENOMEM;
}

/* Accepts a half-built domain. Its number stays reserved. */
static void take_apart(struct domain *d)
{
	unsigned int i;

	BUG_ON(d->tot_pages);
	domain_watchdogs_kill(d);
	sched_domain_destroy(d);
	/* Peers' events reach vCPUs until the ports are closed. */
	if (d->evtchn)
		evtchn_domain_destroy(d);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpus[i])
			vcpu_free(d->vcpus[i]);
	if (d->ops)
		d->ops->domain_destroy(d);
	perdomain_destroy(d);
	if (d->grants)
		grant_table_destroy(d);
	rangeset_free(d->ioports);
	rangeset_free(d->iomem);
	rangeset_free(d->irqs);
	domain_memmap_free(d);
	shared_info_free(d);
	kfree(d->vcpus);
}

static int domain_parts_init(struct domain *d)
{
	int rc = shared_info_alloc(d);

	if (!rc)
		rc = rights_alloc(d);
	if (!rc)
		rc = perdomain_init(d);
	if (!rc)
		rc = d->ops->domain_init(d);
	if (!rc)
		rc = evtchn_domain_init(d);
	if (!rc)
		rc = grant_table_init(d);
	return rc;
}

static void domain_fill(struct domain *d, const struct domain_config *config)
{
	d->domid = config->domid;
	d->state = DOM_BUILDING;
	d->ops = config->ops;
	d->max_vcpus = config->max_vcpus;
	d->shutdown_code = SHUTDOWN_CODE_NONE;
	spin_init(&d->lock, LOCK_DOMAIN);
	spin_init(&d->pages_lock, LOCK_DOMPAGES);
	list_init(&d->list);
	list_init(&d->pages);
	snprintf(d->name, sizeof(d->name), "d%u", d->domid);
	domain_watchdogs_init(d);
	sched_domain_init(d);
	atomic_store(&d->refs, 1);
}

/* Nobody knows it, but who has an old pointer to its memory may just try to
 * reference it (domain_try_get()), and finds that it must not. */
static void forget_references(struct domain *d)
{
	uint32_t own = 1;

	while (!atomic_cmpxchg(&d->refs, &own, 0)) {
		cpu_relax();
		own = 1;
	}
}

/**
 * domain_alloc() - build a domain in private
 * @config: what it is to be; the number is reserved
 *
 * Return: the domain, one reference, in state BUILDING, known to nobody;
 *         NULL: no memory.
 */
struct domain *domain_alloc(const struct domain_config *config)
{
	struct domain *d = domain_struct_get();

	if (!d)
		return NULL;
	/* First: from domain_fill() on it is in the list of its pool. */
	d->vcpus = kcalloc(config->max_vcpus, sizeof(*d->vcpus));
	if (!d->vcpus) {
		domain_struct_put(d);
		return NULL;
	}
	domain_fill(d, config);
	if (!domain_parts_init(d))
		return d;
	take_apart(d);
	forget_references(d);
	domain_struct_put(d);
	return NULL;
}

/**
 * domain_discard() - take a domain apart that was not published
 * @d: from domain_alloc(), without memory
 */
void domain_discard(struct domain *d)
{
	domid_t domid = d->domid;

	take_apart(d);
	forget_references(d);
	domain_struct_put(d);
	domid_release(domid);
}

/* Its last reference is gone. Any context but NMI. */
void domain_free_later(struct domain *d)
{
	unsigned long flags = irq_save();

	d->next_dead = this_cpu(dead_domains);
	this_cpu(dead_domains) = d;
	irq_restore(flags);
	work_raise(WORK_DOMAINS);
}

static struct domain *next_dead(void)
{
	unsigned long flags = irq_save();
	struct domain *d = this_cpu(dead_domains);

	if (d)
		this_cpu(dead_domains) = d->next_dead;
	irq_restore(flags);
	return d;
}

/* WORK_DOMAINS: IRQs on, no locks held. */
void domain_free_run(void)
{
	struct domain *d;

	while ((d = next_dead()) != NULL) {
		BUG_ON(d->state != DOM_DEAD);
		domain_unlist(d);
		take_apart(d);
		domain_struct_put(d);
	}
}
