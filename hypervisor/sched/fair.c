/* SPDX-License-Identifier: MIT */
/*
 * fair.c - the fair policy: everyone gets time in proportion to its weight
 *
 * Each vCPU has a virtual time, which advances while it runs, the slower the
 * greater its weight. A CPU runs the one that is furthest behind. base_ns of a
 * queue follows the smallest virtual time there and never goes back; a vCPU's
 * time only means something relative to its queue's base, and is re-based when
 * it moves.
 *
 * Who slept is put at most WAKE_CREDIT behind the base: enough to get the CPU
 * at once from one that computes, not enough to save up time by sleeping.
 *
 * Locks: the run queue's, held by the caller.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/console.h>

#define WAKE_CREDIT_NS	(5 * NS_PER_MS)
/* A woken vCPU must be that far behind to take the CPU away. */
#define WAKE_MARGIN_NS	(NS_PER_MS / 2)

static struct fair_queue {
	struct list_head list;		/* by virtual time, smallest first */
	uint64_t base_ns;		/* others read it as a hint */
} queues[NR_CPUS];

static struct fair_queue *queue_of(const struct vcpu *v)
{
	return &queues[v->sched.cpu];
}

static struct vcpu *first_of(const struct fair_queue *q)
{
	if (list_empty(&q->list))
		return NULL;
	return list_first_entry(&q->list, struct vcpu, sched.link);
}

static uint64_t weighted(const struct vcpu *v, uint64_t ns)
{
	return ns * SCHED_DEFAULT_WEIGHT / v->sched.weight;
}

/* @ns less @delta, not below 0. */
static uint64_t before(uint64_t ns, uint64_t delta)
{
	return ns > delta ? ns - delta : 0;
}

void fair_init_cpu(unsigned int cpu)
{
	list_init(&queues[cpu].list);
	queues[cpu].base_ns = 0;
}

static void fair_vcpu_init(struct vcpu *v)
{
	v->sched.vruntime_ns = READ_ONCE(queue_of(v)->base_ns);
}

/* The base follows @vruntime_ns, or the first in the queue if that is less. */
static void advance_base(struct fair_queue *q, uint64_t vruntime_ns)
{
	const struct vcpu *first = first_of(q);

	if (first)
		vruntime_ns = min(vruntime_ns, first->sched.vruntime_ns);
	WRITE_ONCE(q->base_ns, max(q->base_ns, vruntime_ns));
}

static void insert_sorted(struct fair_queue *q, struct vcpu *v)
{
	struct list_head *at = q->list.prev;

	while (at != &q->list &&
	       list_entry(at, struct vcpu, sched.link)->sched.vruntime_ns >
		       v->sched.vruntime_ns)
		at = at->prev;
	list_add(&v->sched.link, at);
}

static void fair_enqueue(struct vcpu *v, bool wakeup)
{
	struct fair_queue *q = queue_of(v);
	uint64_t least = before(q->base_ns, WAKE_CREDIT_NS);

	if (wakeup)
		v->sched.vruntime_ns = max(v->sched.vruntime_ns, least);
	insert_sorted(q, v);
}

static void fair_dequeue(struct vcpu *v)
{
	list_del(&v->sched.link);
}

static struct vcpu *fair_pick(unsigned int cpu, uint64_t now_ns,
			      uint64_t *slice_ns)
{
	struct fair_queue *q = &queues[cpu];
	struct vcpu *v = first_of(q);

	*slice_ns = sched_slice_ns;
	if (!v)
		return NULL;
	list_del(&v->sched.link);
	advance_base(q, v->sched.vruntime_ns);
	return v;
}

static void fair_account(struct vcpu *v, uint64_t ran_ns)
{
	v->sched.vruntime_ns += weighted(v, ran_ns);
	advance_base(queue_of(v), v->sched.vruntime_ns);
}

/*
 * The CPU that the fewest want; where it ran last, if that is no worse than
 * the others: its state may still be there. Where it would rather be comes
 * first: another one only if there is less to do.
 */
static unsigned int fair_choose_cpu(struct vcpu *v)
{
	cpumask_t hard = sched_allowed_cpus(v);
	cpumask_t soft = { hard.bits & v->sched.soft.bits };
	unsigned int best = v->sched.cpu;

	if (cpumask_empty(&soft))
		soft = hard;
	best = sched_least_wanted(&soft, best, cpumask_test(&soft, best)
						 ? sched_load(best) : ~0U);
	/* If none of its CPUs is online the machine is being stopped. */
	if (!cpumask_test(&hard, best))
		return best;
	return sched_least_wanted(&hard, best, sched_load(best));
}

static bool fair_preempts(const struct vcpu *woken, const struct vcpu *running)
{
	return woken->sched.vruntime_ns + WAKE_MARGIN_NS <
	       running->sched.vruntime_ns;
}

/* Behind the one that would be next otherwise. */
static void fair_yield(struct vcpu *v)
{
	const struct vcpu *first = first_of(queue_of(v));

	if (first)
		v->sched.vruntime_ns = max(v->sched.vruntime_ns,
					   first->sched.vruntime_ns + 1);
}

/* Keeps its distance to the base, within bounds. */
static void fair_move(struct vcpu *v, unsigned int cpu)
{
	uint64_t from = READ_ONCE(queue_of(v)->base_ns);
	uint64_t to = READ_ONCE(queues[cpu].base_ns);
	uint64_t vruntime = v->sched.vruntime_ns;

	if (vruntime >= from)
		vruntime = to + min(vruntime - from, 10 * sched_slice_ns);
	else
		vruntime = before(to, min(from - vruntime, WAKE_CREDIT_NS));
	v->sched.vruntime_ns = vruntime;
	v->sched.joined_ns = system_time_ns();
	WRITE_ONCE(v->sched.cpu, (uint16_t)cpu);
}

/*
 * The first that weighs less than the limit: both queues come closer to each
 * other. One of just that weight would change nothing but who has a CPU with
 * less to do: they take turns, whoever came first goes first.
 */
static struct vcpu *fair_candidate(const struct sched_wish *wish)
{
	uint64_t earliest = ~0ULL;
	struct vcpu *v, *turn = NULL;

	list_for_each(v, &queues[wish->from].list, sched.link) {
		if (!cpumask_test(&v->sched.affinity, wish->to))
			continue;
		if (v->sched.weight < wish->below)
			return v;
		if (!wish->in_turn || v->sched.weight > wish->below ||
		    v->sched.joined_ns >= earliest)
			continue;
		earliest = v->sched.joined_ns;
		turn = v;
	}
	return turn;
}

static void fair_dump(unsigned int cpu)
{
	const struct vcpu *v;

	printk("    base %llu us\n", queues[cpu].base_ns / NS_PER_US);
	list_for_each(v, &queues[cpu].list, sched.link)
		printk("    waits: d%uv%u weight %u time %llu us\n",
		       v->domain->domid, v->id, v->sched.weight,
		       v->sched.vruntime_ns / NS_PER_US);
}

const struct sched_ops fair_ops = {
	.name = "fair",
	.vcpu_init = fair_vcpu_init,
	.enqueue = fair_enqueue,
	.dequeue = fair_dequeue,
	.pick = fair_pick,
	.account = fair_account,
	.choose_cpu = fair_choose_cpu,
	.preempts = fair_preempts,
	.yield = fair_yield,
	.move = fair_move,
	.candidate = fair_candidate,
	.dump = fair_dump,
};
