/* SPDX-License-Identifier: MIT */
/*
 * null.c - the policy for pools with no more vCPUs than CPUs
 *
 * Whoever has a CPU keeps it until it blocks: no slices, no preemption, no
 * weights. A vCPU wakes where it ran last or, if that CPU has somebody, on
 * one that has nobody. With more vCPUs than CPUs the rest wait in the order
 * in which they came.
 *
 * Locks: the run queue's, held by the caller.
 */
#include "private.h"

#include <lodge/console.h>

static struct list_head queues[NR_CPUS];

void null_init_cpu(unsigned int cpu)
{
	list_init(&queues[cpu]);
}

static void null_vcpu_init(struct vcpu *v)
{
	v->sched.vruntime_ns = 0;
}

static void null_enqueue(struct vcpu *v, bool wakeup)
{
	list_add_tail(&v->sched.link, &queues[v->sched.cpu]);
}

static void null_dequeue(struct vcpu *v)
{
	list_del(&v->sched.link);
}

/* Who has it keeps it: what is put back goes to the front. */
static struct vcpu *null_pick(unsigned int cpu, uint64_t now_ns,
			      uint64_t *slice_ns)
{
	struct vcpu *v, *keeps = NULL;

	*slice_ns = NS_PER_SEC;
	list_for_each(v, &queues[cpu], sched.link)
		if (!keeps || v == runqs[cpu].curr)
			keeps = v;
	if (keeps)
		list_del(&keeps->sched.link);
	return keeps;
}

static void null_account(struct vcpu *v, uint64_t ran_ns)
{
}

static unsigned int null_choose_cpu(struct vcpu *v)
{
	cpumask_t allowed = sched_allowed_cpus(v);
	unsigned int cpu = v->sched.cpu;

	if (cpumask_test(&allowed, cpu))
		return sched_least_wanted(&allowed, cpu, sched_load(cpu));
	return sched_least_wanted(&allowed, cpu, ~0U);
}

static bool null_preempts(const struct vcpu *woken, const struct vcpu *running)
{
	return false;
}

/* Keeping the CPU is the policy's promise. */
static void null_yield(struct vcpu *v)
{
}

static void null_move(struct vcpu *v, unsigned int cpu)
{
	WRITE_ONCE(v->sched.cpu, (uint16_t)cpu);
}

/* Only an idle CPU takes over; nobody is given away for weight's sake. */
static struct vcpu *null_candidate(const struct sched_wish *wish)
{
	struct vcpu *v;

	if (wish->below != SCHED_NO_LIMIT)
		return NULL;
	list_for_each(v, &queues[wish->from], sched.link)
		if (v != runqs[wish->from].curr &&
		    cpumask_test(&v->sched.affinity, wish->to))
			return v;
	return NULL;
}

static void null_dump(unsigned int cpu)
{
	const struct vcpu *v;

	list_for_each(v, &queues[cpu], sched.link)
		printk("    waits: d%uv%u\n", v->domain->domid, v->id);
}

const struct sched_ops null_ops = {
	.name = "null",
	.vcpu_init = null_vcpu_init,
	.enqueue = null_enqueue,
	.dequeue = null_dequeue,
	.pick = null_pick,
	.account = null_account,
	.choose_cpu = null_choose_cpu,
	.preempts = null_preempts,
	.yield = null_yield,
	.move = null_move,
	.candidate = null_candidate,
	.dump = null_dump,
};
