/* SPDX-License-Identifier: MIT */
/*
 * end.c - how a domain stops: shutdown, crash, resume, kill
 *
 *   ALIVE --domain_shutdown--> ALIVE, shut down --domain_resume--> ALIVE
 *   ALIVE --domain_kill--> DYING --stages of domain_kill--> DEAD
 *
 * Killing takes long, so it goes in stages, each of which may be preempted and
 * is entered again. The order matters: vCPUs stop before what they use goes;
 * page tables go before the grants that they map; references of the domain's
 * to itself (roots, descriptor tables, areas in its own frames) go before its
 * memory can. What others still hold keeps the rest: the domain is DEAD then,
 * and its number in use until they let go.
 *
 * Locks: d->lock and d->pages_lock are both held while a domain begins to die,
 * so that who has either and sees it alive is ahead of the first stage. One
 * caller at a time works on the stages (kill_busy).
 */
#include "private.h"

#include <lodge/boot.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/grant.h>
#include <lodge/guest.h>
#include <lodge/lib.h>
#include <xen/sched.h>

#include <stdarg.h>

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
	case SHUTDOWN_watchdog:
		if (opt_noreboot)
			machine_halt();
		machine_restart();
	default:
		machine_restart();
	}
}

/* The control domain gets the event that it asked for (XEN_DOMCTL_subscribe),
 * if the port leads there: it is the guest's to close and to bind to somebody
 * else. Everything else is told to whoever has the virq. */
static void tell_toolstack(struct domain *d, unsigned int port)
{
	if (!port || !evtchn_send_to(d, port, dom0))
		evtchn_send_global_virq(VIRQ_DOM_EXC);
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
	unsigned int i, port = 0;
	struct vcpu *v;

	if (d->privileged)
		dom0_shutdown(code);
	spin_lock(&d->lock);
	if (!d->is_shut_down) {
		d->is_shut_down = true;
		d->shutdown_code = code;
	}
	if (d->shutdown_code == SHUTDOWN_suspend)
		port = d->suspend_port;
	for_each_vcpu(d, v, i)
		set_bit(VPF_SHUTDOWN, &v->pause_flags);
	spin_unlock(&d->lock);
	for_each_vcpu(d, v, i)
		vcpu_sleep_nosync(v);
	tell_toolstack(d, port);
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

/**
 * domain_resume() - a domain that has shut down goes on
 * @d: the domain
 *
 * Context: no locks; the toolstack has paused it, or nothing has changed since.
 */
void domain_resume(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	spin_lock(&d->lock);
	d->is_shut_down = false;
	d->shutdown_code = SHUTDOWN_CODE_NONE;
	for_each_vcpu(d, v, i)
		clear_bit(VPF_SHUTDOWN, &v->pause_flags);
	spin_unlock(&d->lock);
	for_each_vcpu(d, v, i)
		vcpu_wake(v);
}

/* ---- kill ---- */

static int stop_vcpus(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	domain_watchdogs_kill(d);
	for_each_vcpu(d, v, i)
		vcpu_stop(v);
	return 0;
}

static int drop_roots(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;
	int rc;

	for_each_vcpu(d, v, i) {
		rc = d->ops->vcpu_relinquish(v);
		if (rc)
			return rc;
		vcpu_info_release(v);
	}
	return 0;
}

/* Interrupts, memory that was put by for it, frames of ours that it was
 * shown. */
static int end_shares(struct domain *d)
{
	domain_pirqs_free(d);
	(void)domain_claim(d, 0);
	page_share_end(virt_to_page(d->shared_info));
	grant_table_end(d);
	WRITE_ONCE(d->shares_ended, true);
	return 0;
}

static int drop_memory(struct domain *d)
{
	return d->ops->relinquish_memory(d);
}

static int (*const stages[])(struct domain *d) = {
	stop_vcpus, evtchn_domain_kill, drop_roots, end_shares, drop_memory,
	grant_table_release_mappings,
};

static void begin_to_die(struct domain *d)
{
	spin_lock(&d->lock);
	spin_lock(&d->pages_lock);
	if (d->state == DOM_ALIVE)
		atomic_store(&d->state, DOM_DYING);
	spin_unlock(&d->pages_lock);
	spin_unlock(&d->lock);
}

static int run_stages(struct domain *d)
{
	int rc;

	while (d->kill_stage < ARRAY_SIZE(stages)) {
		rc = stages[d->kill_stage](d);
		if (rc)
			return rc;
		d->kill_stage++;
		if (hypercall_preempt_check())
			return -ERESTART;
	}
	return 0;
}

/**
 * domain_kill() - end a domain
 * @d: not the caller's own; the caller has a reference
 *
 * Context: IRQs on, no locks.
 * Return: 0: it is DEAD, and freed when the last reference goes; -ERESTART:
 *         call again.
 */
int domain_kill(struct domain *d)
{
	int rc;

	begin_to_die(d);
	if (READ_ONCE(d->state) == DOM_DEAD)
		return 0;
	/* Whoever else is at it has been told to stop soon, as we are. */
	if (atomic_xchg(&d->kill_busy, true))
		return -ERESTART;
	rc = d->state == DOM_DEAD ? 0 : run_stages(d);
	if (!rc && d->state != DOM_DEAD) {
		atomic_store(&d->state, DOM_DEAD);
		evtchn_send_global_virq(VIRQ_DOM_EXC);
		domain_put(d);
	}
	atomic_store(&d->kill_busy, false);
	return rc;
}
