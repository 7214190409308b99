/* SPDX-License-Identifier: MIT */
/*
 * sched-op.c - HYPERVISOR_sched_op: yield, block, poll, shutdown
 *
 * Specification: <xen/sched.h>. Nothing here sleeps: a flag is set, and the
 * vCPU stops when it is about to leave the hypervisor.
 */
#include <lodge/hypercall.h>

#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/work.h>
#include <xen/sched.h>

#include "private.h"

#define MAX_POLL_PORTS 128

static long op_yield(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		     unsigned long extra)
{
	vcpu_yield();
	return 0;
}

/* Atomically unmasks events and waits for one. */
static long op_block(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		     unsigned long extra)
{
	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	vcpu_block();
	return 0;
}

static long op_shutdown(struct vcpu *v, void *arg)
{
	const struct sched_shutdown *op = arg;

	if (op->reason > SHUTDOWN_MAX)
		return -EINVAL;
	domain_shutdown(v->domain, op->reason);
	return 0;
}

static long op_shutdown_code(struct vcpu *v, void *arg)
{
	const struct sched_shutdown *op = arg;
	long rc = 0;

	spin_lock(&v->domain->lock);
	if (v->domain->is_shut_down)
		rc = -EBUSY;
	else
		v->domain->shutdown_code = op->reason;
	spin_unlock(&v->domain->lock);
	return rc;
}

/* 1: one of the ports is pending; 0; negative: bad port or address. */
static long poll_ports(struct vcpu *v, const struct sched_poll *poll)
{
	evtchn_port_t port;
	unsigned int i;
	int rc;

	for (i = 0; i < poll->nr_ports; i++) {
		if (copy_from_guest(&port,
				    guest_ptr_add(guest_ptr(poll->ports),
						  i * sizeof(port)),
				    sizeof(port)))
			return -EFAULT;
		rc = evtchn_port_pending(v->domain, port);
		if (rc)
			return rc;
		if (poll->nr_ports == 1)
			WRITE_ONCE(v->poll_port, port);
	}
	return 0;
}

static long op_poll(struct vcpu *v, void *arg)
{
	const struct sched_poll *poll = arg;
	long rc;

	if (poll->nr_ports > MAX_POLL_PORTS)
		return -EINVAL;
	WRITE_ONCE(v->poll_port, 0);
	/* First: a port that is set from now on wakes us. */
	vcpu_poll_begin(v);
	rc = evtchn_upcall_pending(v) ? 1 : poll_ports(v, poll);
	if (rc) {
		/* A wake-up that came in between has cleared it already. */
		(void)vcpu_poll_end(v);
		return rc < 0 ? rc : 0;
	}
	/* That of an earlier poll may still run. */
	timer_stop(&v->poll_timer);
	if (poll->timeout) {
		timer_migrate(&v->poll_timer, smp_processor_id());
		timer_set(&v->poll_timer, poll->timeout);
	}
	vcpu_sleep_nosync(v);
	return 0;
}

static long op_remote_shutdown(struct vcpu *v, void *arg)
{
	const struct sched_remote_shutdown *op = arg;
	struct domain *d;

	if (op->reason > SHUTDOWN_MAX)
		return -EINVAL;
	/* "Remote": a domain by its number only. */
	if (op->domain_id == DOMID_SELF)
		return -ESRCH;
	d = domain_get(v->domain, op->domain_id);
	if (!d)
		return -ESRCH;
	domain_shutdown(d, op->reason);
	domain_put(d);
	return 0;
}

static long op_watchdog(struct vcpu *v, void *arg)
{
	const struct sched_watchdog *op = arg;

	return domain_watchdog(v->domain, op->id, op->timeout);
}

/* Dom0's driver of the platform must run on one CPU for a moment. */
static long op_pin_override(struct vcpu *v, void *arg)
{
	const struct sched_pin_override *op = arg;
	cpumask_t mask = v->saved_affinity;
	int rc;

	if (op->pcpu < 0) {
		if (cpumask_empty(&mask))
			return -EINVAL;
		v->saved_affinity = CPUMASK_NONE;
		return vcpu_set_affinity(v, &mask);
	}
	if (op->pcpu >= NR_CPUS)
		return -EINVAL;
	if (!cpumask_empty(&mask))
		return -EBUSY;
	mask.bits = v->sched.affinity.bits;
	rc = vcpu_set_affinity(v, &(cpumask_t){ 1UL << op->pcpu });
	if (!rc)
		v->saved_affinity = mask;
	return rc;
}

static const struct op ops[] = {
	OP_RAWFN(SCHEDOP_yield, op_yield, 0),
	OP_RAWFN(SCHEDOP_block, op_block, 0),
	OP(SCHEDOP_shutdown, op_shutdown, struct sched_shutdown, OP_IN),
	OP(SCHEDOP_poll, op_poll, struct sched_poll, OP_IN),
	OP(SCHEDOP_remote_shutdown, op_remote_shutdown, struct sched_remote_shutdown, OP_IN | OP_DOM0),
	OP(SCHEDOP_shutdown_code, op_shutdown_code, struct sched_shutdown, OP_IN),
	OP(SCHEDOP_watchdog, op_watchdog, struct sched_watchdog, OP_IN),
	OP(SCHEDOP_pin_override, op_pin_override, struct sched_pin_override, OP_IN | OP_DOM0),
};

static const struct op_table table = {
	"sched_op", ops, ARRAY_SIZE(ops), ENOSYS,
};

/**
 * hypercall_sched_op() - HYPERVISOR_sched_op(cmd, arg)
 *
 * Return: 0; -ENOSYS: no such operation; -EFAULT; -EINVAL; and what the
 *         operation says.
 */
long hypercall_sched_op(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg1), 0,
			   &table);
}

/**
 * hypercall_sched_op_compat() - the call of before 3.0.1: yield and block,
 * with shutdown's reason as a value
 */
long hypercall_sched_op_compat(struct vcpu *v, const struct call_args *a)
{
	struct sched_shutdown shutdown = { (unsigned int)a->arg1 };

	switch (a->arg0) {
	case SCHEDOP_yield:
	case SCHEDOP_block:
		return hypercall_sched_op(v, a);
	case SCHEDOP_shutdown:
		return op_shutdown(v, &shutdown);
	default:
		return -ENOSYS;
	}
}
