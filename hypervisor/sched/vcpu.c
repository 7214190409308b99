/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - the scheduler's start, and how it gets and loses vCPUs
 *
 * Each CPU has an idle vCPU, which belongs to no domain, is in no queue and
 * runs when no other does.
 *
 * Locks: as core.c.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/percpu.h>
#include <lodge/work.h>

#define DEFAULT_SLICE_MS	10
#define DEFAULT_RATELIMIT_US	1000
#define MAX_SLICE_MS		1000

static uint32_t slice_ms = DEFAULT_SLICE_MS;
PARAM_UINT("sched_slice_ms", slice_ms,
	   "longest time that a vCPU runs while others wait, 1 to 1000");

static uint32_t ratelimit_us = DEFAULT_RATELIMIT_US;
PARAM_UINT("sched_ratelimit_us", ratelimit_us,
	   "time that a vCPU runs at least before another one preempts it");

static bool pin_dom0;
PARAM_BOOL("dom0_vcpus_pin", pin_dom0, "keep each vCPU of Dom0 on one CPU");

uint64_t sched_slice_ns = DEFAULT_SLICE_MS * NS_PER_MS;
uint64_t sched_ratelimit_ns = DEFAULT_RATELIMIT_US * NS_PER_US;

/**
 * idle_vcpu() - the vCPU of a CPU that has nothing to do
 * @cpu: a CPU that sched_init_cpu() was called for
 *
 * Context: any.
 * Return: the vCPU.
 */
struct vcpu *idle_vcpu(unsigned int cpu)
{
	return runqs[cpu].idle;
}

/**
 * cpu_current_vcpu() - whose state does a CPU hold?
 * @cpu: any number
 *
 * Context: any. A hint: it may have changed when the caller looks at it.
 * Return: the vCPU that runs there or, if the CPU idles, ran there last; NULL:
 *         none.
 */
struct vcpu *cpu_current_vcpu(unsigned int cpu)
{
	return cpu < NR_CPUS ? READ_ONCE(runqs[cpu].loaded) : NULL;
}

/**
 * sched_idle_ns() - time that a CPU had nothing to do
 * @cpu: any number
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 * Return: nanoseconds since it was started; 0: there is no such CPU.
 */
uint64_t sched_idle_ns(unsigned int cpu)
{
	struct runq *rq;
	unsigned long flags;
	uint64_t ns;

	if (cpu >= NR_CPUS || !cpumask_test(&cpu_online_map, cpu))
		return 0;
	rq = &runqs[cpu];
	flags = spin_lock_irqsave(&rq->lock);
	if (rq->curr == rq->idle)
		sched_account(rq, system_time_ns());
	ns = rq->idle->sched.cpu_time_ns;
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}

static void slice_timer_fired(void *unused)
{
	work_raise(WORK_SCHEDULE);
}

/**
 * sched_init_cpu() - run queue and idle vCPU of a CPU
 * @cpu: a prepared CPU that does not run yet, or the boot CPU
 *
 * Context: boot CPU, after timers_init().
 */
void sched_init_cpu(unsigned int cpu)
{
	struct runq *rq = &runqs[cpu];
	struct vcpu *idle = kzalloc(sizeof(*idle));

	if (!idle)
		panic_no_memory("the idle vCPU of CPU %u", cpu);
	idle->id = cpu;
	idle->sched.cpu = (uint16_t)cpu;
	idle->sched.weight = SCHED_DEFAULT_WEIGHT;
	idle->sched.affinity = cpumask_of(cpu);
	list_init(&idle->sched.link);
	spin_init(&rq->lock, LOCK_RUNQ);
	timer_init(&rq->timer, slice_timer_fired, NULL, cpu);
	rq->idle = rq->curr = idle;
	fair_init_cpu(cpu);
	null_init_cpu(cpu);
	sched_pool_init_cpu(rq);
}

/**
 * sched_set_ratelimit() - how long a vCPU runs before another may preempt it
 * @us: microseconds; 0: no limit
 *
 * Context: any.
 * Return: 0; -EINVAL: longer than a slice; nothing has changed.
 */
int sched_set_ratelimit(uint32_t us)
{
	if (us * NS_PER_US > sched_slice_ns)
		return -EINVAL;
	WRITE_ONCE(sched_ratelimit_ns, us * NS_PER_US);
	return 0;
}

/**
 * sched_get_ratelimit() - the time that sched_set_ratelimit() set
 *
 * Context: any.
 * Return: microseconds.
 */
uint32_t sched_get_ratelimit(void)
{
	return (uint32_t)(READ_ONCE(sched_ratelimit_ns) / NS_PER_US);
}

/* Debug key 'r'. */
static void dump_all(void)
{
	unsigned int cpu;

	printk("policy %s, slice %llu us, rate limit %llu us\n",
	       runqs[0].ops->name, sched_slice_ns / NS_PER_US,
	       sched_ratelimit_ns / NS_PER_US);
	for_each_cpu(cpu, &cpu_online_map)
		sched_dump(cpu);
}

/**
 * sched_init() - start the scheduler on the boot CPU
 *
 * From here on the boot CPU's current vCPU is its idle vCPU.
 *
 * Context: boot CPU, after timers_init().
 */
void sched_init(void)
{
	sched_slice_ns = min(max(slice_ms, 1U), (uint32_t)MAX_SLICE_MS) *
			 NS_PER_MS;
	sched_ratelimit_ns = min(ratelimit_us * NS_PER_US, sched_slice_ns);
	sched_pools_init(sched_first_policy);
	sched_init_cpu(0);
	current = idle_vcpu(0);
	work_register(WORK_SCHEDULE, schedule);
	debug_key_register('r', "run queues", dump_all);
}

/* The n-th CPU, round and round. */
static unsigned int spread(const cpumask_t *cpus, unsigned int n)
{
	unsigned int cpu = cpumask_next(cpus, 0);

	for (n %= cpumask_weight(cpus); n; n--)
		cpu = cpumask_next(cpus, cpu + 1);
	return cpu;
}

/**
 * sched_vcpu_init() - take a new vCPU over
 * @v: not runnable, as its pause flags say; its timers are on this CPU
 *
 * Context: the creator's; after all CPUs have started.
 * Return: 0.
 */
int sched_vcpu_init(struct vcpu *v)
{
	cpumask_t cpus = sched_pool_cpus(v->domain->sched.pool);
	unsigned int cpu = spread(&cpus, v->id);

	list_init(&v->sched.link);
	v->sched.weight = v->domain->sched.weight;
	v->sched.cpu = (uint16_t)cpu;
	v->sched.timers_cpu = (uint16_t)smp_processor_id();
	v->sched.affinity = (cpumask_t){ ~0UL };
	v->sched.soft = (cpumask_t){ ~0UL };
	if (pin_dom0 && v->domain->domid == 0)
		v->sched.affinity = cpumask_of(cpu);
	sched_ops_of(v)->vcpu_init(v);
	return 0;
}

/**
 * sched_vcpu_destroy() - a vCPU will not run any more
 * @v: not runnable for good, and not the current one
 *
 * On return no CPU holds anything of it.
 *
 * Context: as vcpu_sleep_sync().
 */
void sched_vcpu_destroy(struct vcpu *v)
{
	vcpu_sleep_sync(v);
	BUG_ON(v->sched.queued || v->sched.running);
}
