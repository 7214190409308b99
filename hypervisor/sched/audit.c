/* SPDX-License-Identifier: MIT */
/*
 * audit.c - is each vCPU where it says, and each queue as long as it says?
 *
 * Locks: the run queue's, of one vCPU or CPU at a time; see <lodge/audit.h>.
 */
#include <lodge/audit.h>

#include <lodge/cpu.h>

#include "private.h"

/* With the lock. */
static bool is_in_place(const struct runq *rq, const struct vcpu *v)
{
	const struct sched_vcpu *s = &v->sched;
	cpumask_t allowed = sched_allowed_cpus(v);

	if (!s->queued && !s->running)
		return true;
	return !(s->queued && s->running) && sched_runnable(v) &&
	       cpumask_test(&allowed, s->cpu) &&
	       (rq->curr == v) == s->running;
}

static void check_vcpu(struct audit *a, struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);
	bool ok = is_in_place(rq, v);

	if (v->sched.queued)
		a->queued[v->sched.cpu]++;
	if (v->sched.queued || v->sched.running)
		a->weight[v->sched.cpu] += v->sched.weight;
	spin_unlock_irqrestore(&rq->lock, flags);
	a->vcpus++;
	if (!ok)
		audit_error(a, "%s vCPU %u is out of place on CPU %u%s%s",
			    v->domain->name, v->id, v->sched.cpu,
			    v->sched.queued ? ", queued" : "",
			    v->sched.running ? ", running" : "");
}

/**
 * sched_audit_domain() - look at where a domain's vCPUs are
 * @a: counted by CPU
 * @d: the domain, referenced
 *
 * Context: takes LOCK_RUNQ; guests other than current do not run.
 */
void sched_audit_domain(struct audit *a, struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu(d, v, i)
		check_vcpu(a, v);
}

/**
 * sched_audit() - look at all queues and pools
 * @a: after sched_audit_domain() of all domains
 *
 * Context: takes LOCK_POOL, LOCK_RUNQ; guests other than current do not run.
 */
void sched_audit(struct audit *a)
{
	unsigned int cpu;

	for_each_cpu(cpu, &cpu_online_map) {
		struct runq *rq = &runqs[cpu];
		unsigned long flags = spin_lock_irqsave(&rq->lock);
		uint32_t queued = rq->nr_queued, weight = rq->weight;

		spin_unlock_irqrestore(&rq->lock, flags);
		if (queued != a->queued[cpu] || weight != a->weight[cpu])
			audit_error(a, "CPU %u: %u vCPUs wait, of weight %u "
				    "with the one that runs; it counts %u, %u",
				    cpu, a->queued[cpu], a->weight[cpu],
				    queued, weight);
	}
	sched_pools_audit(a);
}
