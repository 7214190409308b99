/* SPDX-License-Identifier: MIT */
/*
 * domain.c - birth, names and end of domains
 *
 *   BUILDING --domain_publish--> ALIVE --> DYING --> DEAD
 *
 * Look-up by number takes no lock: struct domain lives in memory that is only
 * ever reused for a struct domain, so that a stale pointer may be read; the
 * count is raised unless it is zero, and the number is then checked again.
 *
 * Locks: domlist_lock guards the table and the list; d->lock life-cycle state.
 */
#include <lodge/domain.h>

#include <stdarg.h>

#include <lodge/boot.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/grant.h>
#include <lodge/guest.h>
#include <lodge/lib.h>
#include <lodge/work.h>
#include <xen/sched.h>

#include "private.h"

#define DOMID_TABLE_SIZE	DOMID_FIRST_RESERVED

struct domain *dom0, *dom_io, *dom_xen;

static spinlock_t domlist_lock = SPINLOCK_INIT(LOCK_DOMLIST);
static struct list_head domlist = LIST_HEAD_INIT(domlist);
static struct domain **domain_table;	/* [a] by domid */

static struct domain *special_domain(domid_t domid, const char *name)
{
	struct domain *d = kzalloc(sizeof(*d));

	if (!d)
		panic("No memory for the first domains");
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
	printk("  vcpu %u: cpu %u flags %lx upcall %u/%u time %lu ms\n", v->id,
	       v->sched.cpu, v->pause_flags,
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
		panic("No memory for the table of domains");
	dom_io = special_domain(DOMID_IO, "dom_io");
	dom_xen = special_domain(DOMID_XEN, "dom_xen");
	domain_time_init();
	domain_console_init();
	domain_nmi_init();
	evtchn_init();
	grant_init();
	debug_key_register('q', "dump domains and their vCPUs", dump_domains);
	debug_key_register('0', "dump Dom0's registers", dump_dom0_registers);
}

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

/* Accepts a half-built domain. */
static void domain_free(struct domain *d)
{
	unsigned int i;

	domain_watchdogs_kill(d);
	sched_domain_destroy(d);
	/* Peers' events reach vCPUs until the ports are closed. */
	if (d->evtchn)
		evtchn_domain_destroy(d);
	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpus && d->vcpus[i])
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
	kfree(d);
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

/**
 * domain_alloc() - build a domain in private
 * @domid:     its number
 * @max_vcpus: slots for vCPUs, 1 to MAX_VCPUS
 * @ops:       what kind of guest
 *
 * Return: the domain, one reference, in state BUILDING, known to nobody;
 *         NULL: no memory.
 */
struct domain *domain_alloc(domid_t domid, unsigned int max_vcpus,
			    const struct guest_ops *ops)
{
	struct domain *d = kzalloc(sizeof(*d));

	if (!d)
		return NULL;
	d->domid = domid;
	d->refs = 1;
	d->state = DOM_BUILDING;
	d->ops = ops;
	d->max_vcpus = max_vcpus;
	spin_init(&d->lock, LOCK_DOMAIN);
	spin_init(&d->pages_lock, LOCK_DOMPAGES);
	list_init(&d->list);
	list_init(&d->pages);
	snprintf(d->name, sizeof(d->name), "d%u", domid);
	domain_watchdogs_init(d);
	sched_domain_init(d);
	d->vcpus = kcalloc(max_vcpus, sizeof(*d->vcpus));
	if (d->vcpus && !domain_parts_init(d))
		return d;
	domain_free(d);
	return NULL;
}

/**
 * domain_publish() - let others find it by its number
 * @d: complete; its number is free (BUG otherwise)
 */
void domain_publish(struct domain *d)
{
	spin_lock(&domlist_lock);
	BUG_ON(domain_table[d->domid]);
	list_add_tail(&d->list, &domlist);
	atomic_store(&d->state, DOM_ALIVE);
	atomic_store(&domain_table[d->domid], d);
	spin_unlock(&domlist_lock);
	domain_update_wallclock(d);
}

/**
 * domain_try_get() - one more reference, unless the last one is gone
 * @d: memory that is or was a struct domain
 *
 * Return: true: the caller holds a reference.
 */
bool domain_try_get(struct domain *d)
{
	uint32_t refs = atomic_load(&d->refs);

	while (refs)
		if (atomic_cmpxchg(&d->refs, &refs, refs + 1))
			return true;
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
 * domain_put() - give a reference back
 * @d: the domain
 *
 * The last one belongs to the path that ends the domain. Dom0, the only domain
 * there is without a toolstack's calls, ends with the machine.
 */
void domain_put(struct domain *d)
{
	BUG_ON(atomic_sub_return(&d->refs, 1) == 0);
}

static const char *const shutdown_names[] = {
	"power-off", "reboot", "suspend", "crash", "watchdog", "soft reset",
};

/* The control domain's end is the machine's. */
static void __noreturn dom0_shutdown(unsigned int code)
{
	printk("Dom0 ended: %s\n", shutdown_names[code]);
	switch (code) {
	case SHUTDOWN_poweroff:
		machine_halt();
	case SHUTDOWN_crash:
		if (opt_noreboot)
			machine_halt();
		machine_restart();
	default:
		machine_restart();
	}
}

/**
 * domain_shutdown() - the domain stops running
 * @d:    the domain
 * @code: SHUTDOWN_, at most SHUTDOWN_MAX
 *
 * All its vCPUs stop; one that is current stops when it leaves the
 * hypervisor. Dom0's shutdown does not return.
 *
 * Context: no locks.
 */
void domain_shutdown(struct domain *d, unsigned int code)
{
	struct vcpu *v;
	unsigned int i;

	if (d->privileged)
		dom0_shutdown(code);
	spin_lock(&d->lock);
	if (!d->is_shut_down) {
		d->is_shut_down = true;
		d->shutdown_code = code;
	}
	spin_unlock(&d->lock);
	for_each_vcpu(d, v, i) {
		set_bit(VPF_SHUTDOWN, &v->pause_flags);
		vcpu_sleep_nosync(v);
	}
	evtchn_send_global_virq(VIRQ_DOM_EXC);
}

/**
 * domain_crash() - a guest did something that cannot go on
 * @d:   the domain
 * @fmt: one sentence that says what
 *
 * Context: no locks. Returns, except for Dom0; the domain does not run on.
 */
void domain_crash(struct domain *d, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	printk(LOG_ERR "%s crashed: %s\n", d->name, why);
	if (current && current->domain == d) {
		printk(LOG_ERR "%s vcpu %u:\n", d->name, current->id);
		show_registers(guest_cpu_user_regs());
	}
	domain_shutdown(d, SHUTDOWN_crash);
}
