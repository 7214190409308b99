/* SPDX-License-Identifier: MIT */
/*
 * domain.c - numbers of domains, and finding a domain by its number
 *
 *   number: FREE --domid_reserve--> RESERVED --domain_publish--> a domain's
 *   number: a domain's --domain_struct_put--> FREE
 *
 * Look-up by number takes no lock: struct domain lives in memory that is only
 * ever reused for a struct domain, so that a stale pointer may be read; the
 * count is raised unless it is zero, and the number is then checked again. A
 * reserved number leads to a struct domain whose count is always zero.
 *
 * Locks: domlist_lock guards the table, the list (in ascending order) and the
 * structures that wait to be used again.
 */
#include <lodge/domain.h>

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/grant.h>
#include <lodge/guest.h>
#include <lodge/lib.h>
#include <lodge/work.h>

#include "private.h"

#define DOMID_TABLE_SIZE	DOMID_FIRST_RESERVED

struct domain *dom0, *dom_io, *dom_xen;

static spinlock_t domlist_lock = SPINLOCK_INIT(LOCK_DOMLIST);
static struct list_head domlist = LIST_HEAD_INIT(domlist);
static struct list_head spare = LIST_HEAD_INIT(spare);	/* by d->list */
static struct domain **domain_table;	/* [a] by domid; NULL: free */
static struct domain reserved;		/* refs stay 0 */
static domid_t last_domid;		/* given out last */

static struct domain *special_domain(domid_t domid, const char *name)
{
	struct domain *d = kzalloc(sizeof(*d));

	if (!d)
		panic_no_memory("the first domains");
	d->domid = domid;
	d->refs = 1;
	d->state = DOM_ALIVE;
	d->max_pages = ~0UL;
	spin_init(&d->lock, LOCK_DOMAIN);
	spin_init(&d->pages_lock, LOCK_DOMPAGES);
	list_init(&d->list);
	list_init(&d->pages);
	strlcpy(d->name, name, sizeof(d->name));
	return d;
}

static void dump_vcpu(const struct vcpu *v)
{
	printk("  vcpu %u: cpu %u of %lx flags %lx upcall %u/%u time %lu ms\n",
	       v->id, v->sched.cpu, READ_ONCE(v->sched.affinity.bits),
	       v->pause_flags,
	       READ_ONCE(v->info->evtchn_upcall_pending),
	       READ_ONCE(v->info->evtchn_upcall_mask),
	       (unsigned long)(v->sched.cpu_time_ns / NS_PER_MS));
}

/* Debug key 'q'. */
static void dump_domains(void)
{
	struct domain *d;
	struct vcpu *v;
	unsigned int i;

	spin_lock(&domlist_lock);
	list_for_each(d, &domlist, list) {
		printk("%s: state %u refs %u pages %lu of %lu %s\n", d->name,
		       d->state, d->refs, (unsigned long)d->tot_pages,
		       (unsigned long)d->max_pages, d->ops->name);
		for_each_vcpu(d, v, i)
			dump_vcpu(v);
	}
	spin_unlock(&domlist_lock);
}

/* Debug key '0'. */
static void dump_dom0_registers(void)
{
	struct vcpu *v;
	unsigned int i;

	if (!dom0)
		return;
	for_each_vcpu(dom0, v, i) {
		printk("%s vcpu %u:\n", dom0->name, v->id);
		show_registers(v == current ? guest_cpu_user_regs() : &v->regs);
	}
}

/**
 * domains_init() - the table and the owners of frames that are no guest's
 *
 * Context: boot CPU, once, after mm_init() and sched_init().
 */
void domains_init(void)
{
	domain_table = kcalloc(DOMID_TABLE_SIZE, sizeof(*domain_table));
	if (!domain_table)
		panic_no_memory("the table of domains");
	dom_io = special_domain(DOMID_IO, "dom_io");
	dom_xen = special_domain(DOMID_XEN, "dom_xen");
	domain_time_init();
	domain_console_init();
	domain_nmi_init();
	evtchn_init();
	grant_init();
	work_register(WORK_DOMAINS, domain_free_run);
	debug_key_register('q', "dump domains and their vCPUs", dump_domains);
	debug_key_register('0', "dump Dom0's registers", dump_dom0_registers);
}

/* An empty struct domain, maybe one that was used before. NULL: no memory. */
struct domain *domain_struct_get(void)
{
	struct domain *d = NULL;

	spin_lock(&domlist_lock);
	if (!list_empty(&spare)) {
		d = list_first_entry(&spare, struct domain, list);
		list_del(&d->list);
	}
	spin_unlock(&domlist_lock);
	/* Whoever looks at it still finds that refs is 0, and stays 0. */
	if (d)
		memset(d, 0, sizeof(*d));
	else
		d = kzalloc(sizeof(*d));
	return d;
}

/* Nothing of it is left but its number, if it has one. */
void domain_struct_put(struct domain *d)
{
	spin_lock(&domlist_lock);
	if (domain_table[d->domid] == d)
		atomic_store(&domain_table[d->domid], NULL);
	list_add(&d->list, &spare);
	spin_unlock(&domlist_lock);
}

/* With the lock. Any number but 0, in turn: tools remember a number for a
 * while after its domain has gone. DOMID_INVALID: none is free. */
static domid_t next_free(void)
{
	domid_t id = last_domid;

	do {
		if (++id >= DOMID_TABLE_SIZE)
			id = 1;
		if (!domain_table[id])
			return id;
	} while (id != last_domid);
	return DOMID_INVALID;
}

/**
 * domid_reserve() - a number for a new domain
 * @want:  the number; any number if it is none of a guest
 * @domid: written on success
 *
 * Return: 0; -EEXIST: @want is in use; -ENOMEM: all are.
 */
int domid_reserve(domid_t want, domid_t *domid)
{
	bool any = want >= DOMID_TABLE_SIZE;
	domid_t id;
	int rc = 0;

	spin_lock(&domlist_lock);
	id = any ? next_free() : want;
	if (id == DOMID_INVALID)
		rc = -ENOMEM;
	else if (domain_table[id])
		rc = -EEXIST;
	else
		domain_table[id] = &reserved;
	if (!rc && any)
		last_domid = id;
	spin_unlock(&domlist_lock);
	if (!rc)
		*domid = id;
	return rc;
}

/**
 * domid_release() - nothing came of a reserved number
 * @domid: from domid_reserve()
 */
void domid_release(domid_t domid)
{
	spin_lock(&domlist_lock);
	BUG_ON(domain_table[domid] != &reserved);
	domain_table[domid] = NULL;
	spin_unlock(&domlist_lock);
}

/**
 * domain_publish() - let others find it by its number
 * @d: complete, except for memory and vCPUs; its number is reserved
 */
void domain_publish(struct domain *d)
{
	struct domain *next;

	spin_lock(&domlist_lock);
	BUG_ON(domain_table[d->domid] != &reserved);
	list_for_each(next, &domlist, list)
		if (next->domid > d->domid)
			break;
	list_add_tail(&d->list, &next->list);
	atomic_store(&d->state, DOM_ALIVE);
	atomic_store(&domain_table[d->domid], d);
	spin_unlock(&domlist_lock);
	domain_update_wallclock(d);
}

/* Its last reference is gone: it is in no list any more. */
void domain_unlist(struct domain *d)
{
	spin_lock(&domlist_lock);
	list_del(&d->list);
	spin_unlock(&domlist_lock);
}

/* One more reference, unless the last one is gone. */
static bool raise_refs(struct domain *d)
{
	uint32_t refs = atomic_load(&d->refs);

	while (refs)
		if (atomic_cmpxchg(&d->refs, &refs, refs + 1))
			return true;
	return false;
}

/**
 * domain_try_get() - one more reference, unless the last one is gone
 * @d: memory that is or was a struct domain
 *
 * Return: true: the caller holds a reference; false: nobody has it any more, or
 *         it has become another domain that nobody knows yet.
 */
bool domain_try_get(struct domain *d)
{
	if (!raise_refs(d))
		return false;
	if (likely(READ_ONCE(d->state) != DOM_BUILDING))
		return true;
	domain_put(d);
	return false;
}

/**
 * domain_get() - find a domain by its number
 * @self:  what DOMID_SELF means
 * @domid: number, or DOMID_SELF
 *
 * Return: the domain, referenced: domain_put() it; NULL: there is none, or it
 *         is dying.
 */
struct domain *domain_get(struct domain *self, domid_t domid)
{
	struct domain *d = self;

	if (domid != DOMID_SELF) {
		if (domid >= DOMID_TABLE_SIZE)
			return NULL;
		d = atomic_load(&domain_table[domid]);
	}
	if (!d || !domain_try_get(d))
		return NULL;
	if (!domain_is_dying(d) && (domid == DOMID_SELF || d->domid == domid))
		return d;
	domain_put(d);
	return NULL;
}

/**
 * domain_get_any() - find a domain that may be dying
 * @domid: its number
 *
 * Return: the domain, referenced; NULL: there is none.
 */
struct domain *domain_get_any(domid_t domid)
{
	struct domain *d;

	if (domid >= DOMID_TABLE_SIZE)
		return NULL;
	d = atomic_load(&domain_table[domid]);
	if (!d || !domain_try_get(d))
		return NULL;
	if (d->domid == domid)
		return d;
	domain_put(d);
	return NULL;
}

/**
 * domain_get_next() - go through all domains, one after the other
 * @from: the lowest number that is wanted
 *
 * Return: the domain with that number or the next higher one, referenced,
 *         dying or not; NULL: there is none.
 */
struct domain *domain_get_next(unsigned int from)
{
	struct domain *d, *found = NULL;

	spin_lock(&domlist_lock);
	list_for_each(d, &domlist, list) {
		if (d->domid >= from && domain_try_get(d)) {
			found = d;
			break;
		}
	}
	spin_unlock(&domlist_lock);
	return found;
}

/**
 * domain_put() - give a reference back
 * @d: the domain
 *
 * After the last one it is freed, before this CPU returns to a guest.
 *
 * Context: any but NMI.
 */
void domain_put(struct domain *d)
{
	if (atomic_sub_return(&d->refs, 1) == 0)
		domain_free_later(d);
}
