/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - where a domain's vCPUs run, and how much
 *
 * The usual policy answers for credit2: weights, and caps in per cent of a CPU.
 *
 * Locks: d->lock orders changes of a domain's share; sched/ has its own.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/time.h>

#define KINDS	(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)
#define NR_NODES 1

static bool kinds_ok(uint32_t flags)
{
	return (flags & KINDS) && !(flags & ~(KINDS | XEN_VCPUAFFINITY_FORCE));
}

/* Reads the masks that the request has; the others are all CPUs. */
static int read_masks(const struct xen_domctl_vcpuaffinity *op,
		      cpumask_t *hard, cpumask_t *soft)
{
	int rc = 0;

	if (op->flags & XEN_VCPUAFFINITY_HARD)
		rc = cpumask_from_guest(hard, &op->cpumap_hard);
	if (!rc && (op->flags & XEN_VCPUAFFINITY_SOFT))
		rc = cpumask_from_guest(soft, &op->cpumap_soft);
	return rc;
}

/* The masks as they work out are told. */
static int tell_masks(const struct xen_domctl_vcpuaffinity *op,
		      const cpumask_t *hard, const cpumask_t *soft)
{
	int rc = 0;

	if (op->flags & XEN_VCPUAFFINITY_HARD)
		rc = cpumask_to_guest(&op->cpumap_hard, hard);
	if (!rc && (op->flags & XEN_VCPUAFFINITY_SOFT))
		rc = cpumask_to_guest(&op->cpumap_soft, soft);
	return rc;
}

/**
 * domctl_set_affinity() - XEN_DOMCTL_setvcpuaffinity
 * @v:   the caller
 * @arg: struct domctl_call; the effective masks go out through its handles
 *
 * Return: 0; -EINVAL: no kind of mask, or none of its CPUs is online; -EINVAL,
 *         -ESRCH: no such vCPU; -EFAULT: the answer, the masks are set then.
 */
long domctl_set_affinity(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_vcpuaffinity *op = &call->op.u.vcpuaffinity;
	cpumask_t hard, soft, online = cpu_online_map;
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	if (!kinds_ok(op->flags))
		return -EINVAL;
	vcpu_get_affinity(t, &hard, &soft);
	rc = read_masks(op, &hard, &soft);
	/* What a wider machine has been asked for stays asked for. */
	if (!rc && (op->flags & XEN_VCPUAFFINITY_HARD))
		rc = vcpu_set_affinity(t, &hard);
	if (rc)
		return rc;
	if (op->flags & XEN_VCPUAFFINITY_SOFT)
		vcpu_set_soft_affinity(t, &soft);
	hard.bits &= online.bits;
	soft.bits &= hard.bits;
	return tell_masks(op, &hard, &soft);
}

/**
 * domctl_get_affinity() - XEN_DOMCTL_getvcpuaffinity
 * @v:   the caller
 * @arg: struct domctl_call; the masks go out through its handles
 *
 * Return: 0; -EINVAL: no kind of mask; -EINVAL, -ESRCH: no such vCPU; -EFAULT.
 */
long domctl_get_affinity(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_vcpuaffinity *op = &call->op.u.vcpuaffinity;
	cpumask_t hard, soft;
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	if (!kinds_ok(op->flags))
		return -EINVAL;
	vcpu_get_affinity(t, &hard, &soft);
	return tell_masks(op, &hard, &soft);
}

/**
 * domctl_set_nodes() - XEN_DOMCTL_setnodeaffinity
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * All memory is of node 0.
 *
 * Return: 0; -EINVAL: node 0 is not among them; -EFAULT.
 */
long domctl_set_nodes(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	cpumask_t nodes;
	int rc = cpumask_from_guest(&nodes, &call->op.u.nodeaffinity.nodemap);

	if (rc)
		return rc;
	return nodes.bits & (BIT(NR_NODES) - 1) ? 0 : -EINVAL;
}

/**
 * domctl_get_nodes() - XEN_DOMCTL_getnodeaffinity
 * @v:   the caller
 * @arg: struct domctl_call; the set goes out through its handle
 *
 * Return: 0; -EFAULT.
 */
long domctl_get_nodes(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const cpumask_t nodes = { BIT(NR_NODES) - 1 };

	return cpumask_to_guest(&call->op.u.nodeaffinity.nodemap, &nodes);
}

static long domain_get_share(struct domain *d,
			     struct xen_domctl_sched_credit2 *c)
{
	struct sched_params p = sched_get_params(d);

	c->weight = p.weight;
	c->cap = p.cap;
	return 0;
}

/* Nobody can use more than all of its vCPUs' CPUs. */
static bool cap_ok(const struct domain *d, uint16_t cap)
{
	unsigned int i, nr = 0;

	for (i = 0; i < d->max_vcpus; i++)
		nr += d->vcpus[i] != NULL;
	return cap <= 100 * nr;
}

/* d->lock: two toolstacks at once. */
static long domain_set_share(struct domain *d,
			     const struct xen_domctl_sched_credit2 *c)
{
	struct sched_params p;
	int rc;

	if (!cap_ok(d, c->cap))
		return -EINVAL;
	spin_lock(&d->lock);
	p = sched_get_params(d);
	if (c->weight)
		p.weight = c->weight;
	p.cap = c->cap;
	rc = sched_set_params(d, &p);
	spin_unlock(&d->lock);
	return rc;
}

/**
 * domctl_scheduler() - XEN_DOMCTL_scheduler_op
 * @v:   the caller
 * @arg: struct domctl_call; getinfo's answer is written
 *
 * A weight of 0 stays what it was.
 *
 * Return: 0; -EINVAL: another scheduler, a cap above all of its vCPUs' CPUs, or
 *         operations on single vCPUs, which credit2 has not.
 */
long domctl_scheduler(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_scheduler_op *op = &call->op.u.scheduler_op;

	if (op->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		return domain_get_share(call->d, &op->u.credit2);
	case XEN_DOMCTL_SCHEDOP_putinfo:
		return domain_set_share(call->d, &op->u.credit2);
	default:
		return -EINVAL;
	}
}

/**
 * sysctl_scheduler() - XEN_SYSCTL_scheduler_op: the rate limit
 * @v:   the caller
 * @arg: struct xen_sysctl; getinfo's answer is written
 *
 * Return: 0; -EINVAL: another scheduler than the pool's, or out of range;
 *         -ESRCH: no such pool.
 */
long sysctl_scheduler(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_scheduler_op *op = &s->u.scheduler_op;
	struct cpupool_info pool;
	int rc = 0;

	if (cpupool_get_info(op->cpupool_id, true, &pool))
		return -ESRCH;
	if (op->sched_id != XEN_SCHEDULER_CREDIT2 || pool.null)
		return -EINVAL;
	if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		rc = sched_set_ratelimit(op->u.sched_credit2.ratelimit_us);
	else if (op->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
		rc = -EINVAL;
	if (!rc)
		op->u.sched_credit2.ratelimit_us = sched_get_ratelimit();
	return rc;
}
