/* SPDX-License-Identifier: MIT */
/*
 * pools.c - XEN_SYSCTL_cpupool_op: pools of CPUs, each with a policy
 *
 * The usual policy answers for credit2, the other one is null.
 *
 * Locks: none here; sched/ has its own.
 */
#include "private.h"

#include <lodge/errno.h>

static long pool_create(struct xen_sysctl_cpupool_op *op)
{
	bool null = op->sched_id == XEN_SCHEDULER_NULL;

	if (!null && op->sched_id != XEN_SCHEDULER_CREDIT2)
		return -ENOENT;
	return cpupool_create(&op->cpupool_id, null);
}

static long pool_destroy(struct xen_sysctl_cpupool_op *op)
{
	return cpupool_destroy(op->cpupool_id);
}

/* Of the pool with that number, or the next higher one. */
static long pool_info(struct xen_sysctl_cpupool_op *op)
{
	struct cpupool_info info;
	int rc = cpupool_get_info(op->cpupool_id, false, &info);

	if (rc)
		return rc;
	op->cpupool_id = info.id;
	op->sched_id = info.null ? XEN_SCHEDULER_NULL : XEN_SCHEDULER_CREDIT2;
	op->n_dom = info.nr_domains;
	return cpumask_to_guest(&op->cpumap, &info.cpus);
}

/* Any CPU: the first that serves. */
static long pool_add_cpu(struct xen_sysctl_cpupool_op *op)
{
	unsigned int cpu = op->cpu;
	cpumask_t free;

	if (cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY) {
		free = cpupool_free_cpus();
		cpu = cpumask_next(&free, 0);
		if (cpu >= NR_CPUS)
			return -ENODEV;
	}
	return cpu < NR_CPUS ? cpupool_add_cpu(op->cpupool_id, cpu) : -EINVAL;
}

/* Any CPU: the last one, or that which an earlier pass has begun with. */
static long pool_remove_cpu(struct xen_sysctl_cpupool_op *op)
{
	unsigned int cpu = op->cpu;

	if (cpu == XEN_SYSCTL_CPUPOOL_PAR_ANY)
		cpu = CPUPOOL_ANY;
	else if (cpu >= NR_CPUS)
		return -EINVAL;
	return cpupool_remove_cpu(op->cpupool_id, cpu);
}

static long pool_move_domain(struct xen_sysctl_cpupool_op *op)
{
	struct domain *d;
	int rc;

	if (op->domid > DOMID_MASK)
		return -EINVAL;
	d = domain_get(current->domain, (domid_t)op->domid);
	if (!d)
		return -ESRCH;
	rc = cpupool_move_domain(d, op->cpupool_id);
	domain_put(d);
	return rc;
}

static long pool_free_info(struct xen_sysctl_cpupool_op *op)
{
	cpumask_t free = cpupool_free_cpus();

	return cpumask_to_guest(&op->cpumap, &free);
}

static long (*const pool_ops[])(struct xen_sysctl_cpupool_op *op) = {
	[XEN_SYSCTL_CPUPOOL_OP_CREATE] = pool_create,
	[XEN_SYSCTL_CPUPOOL_OP_DESTROY] = pool_destroy,
	[XEN_SYSCTL_CPUPOOL_OP_INFO] = pool_info,
	[XEN_SYSCTL_CPUPOOL_OP_ADDCPU] = pool_add_cpu,
	[XEN_SYSCTL_CPUPOOL_OP_RMCPU] = pool_remove_cpu,
	[XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN] = pool_move_domain,
	[XEN_SYSCTL_CPUPOOL_OP_FREEINFO] = pool_free_info,
};

/**
 * sysctl_cpupool() - XEN_SYSCTL_cpupool_op
 * @v:   the caller
 * @arg: struct xen_sysctl; answers are written
 *
 * Return: 0; -ENOSYS: no such operation; -ERESTART: preempted; else as
 *         <xen/sysctl.h> lists them.
 */
long sysctl_cpupool(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_cpupool_op *op = &s->u.cpupool_op;

	if (op->op >= ARRAY_SIZE(pool_ops) || !pool_ops[op->op])
		return -ENOSYS;
	return pool_ops[op->op](op);
}
