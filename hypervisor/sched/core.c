/* SPDX-License-Identifier: MIT */
/*
 * core.c - when vCPUs run: wake-up, sleep, and the choice of the next one
 *
 *   not runnable --wake--> QUEUED --schedule--> RUNNING --schedule--> QUEUED
 *        ^-------------------- schedule, sleep ----'
 *
 * A vCPU is runnable while its pause_flags are zero. Others change the flags
 * without a lock and then call vcpu_wake() or vcpu_sleep_nosync(), which take
 * the lock of its run queue and look at the flags again: whoever comes last
 * sees the truth. v->sched.cpu says which queue that is; it changes under the
 * lock of the old queue only, while v is neither queued nor running.
 *
 * Locks: runq.lock [q], interrupts off. Two at a time: the second one is only
 * tried, never waited for. Nothing of a guest's is loaded or saved under it
 * (switch.c).
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/guest.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include <lodge/x86.h>

struct runq runqs[NR_CPUS];
const struct sched_ops *sched_first_policy = &fair_ops;

bool sched_runnable(const struct vcpu *v)
{
	return READ_ONCE(v->pause_flags) == 0;
}

bool sched_is_idle(const struct vcpu *v)
{
	return v->domain == NULL;
}

/* What a vCPU that does not run is doing, for the guest's and tools' eyes. */
int sched_waiting_runstate(const struct vcpu *v)
{
	unsigned long flags = READ_ONCE(v->pause_flags);

	if (flags & ~(BIT(VPF_BLOCKED) | BIT(VPF_POLL) | BIT(VPF_CAPPED)))
		return RUNSTATE_offline;
	return flags & ~BIT(VPF_CAPPED) ? RUNSTATE_blocked : RUNSTATE_runnable;
}

void sched_set_runstate(struct vcpu *v, int state, uint64_t now)
{
	if (!sched_is_idle(v) && v->runstate.state != state)
		vcpu_runstate_change(v, state, now);
}

struct runq *sched_lock_of(struct vcpu *v, unsigned long *flags)
{
	struct runq *rq;

	for (;;) {
		rq = &runqs[READ_ONCE(v->sched.cpu)];
		*flags = spin_lock_irqsave(&rq->lock);
		if (rq == &runqs[v->sched.cpu])
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

unsigned int sched_cpu_of(const struct runq *rq)
{
	return (unsigned int)(rq - runqs);
}

/* ---- for policies ---- */

cpumask_t sched_allowed_cpus(const struct vcpu *v)
{
	cpumask_t m = sched_pool_cpus(READ_ONCE(v->domain->sched.pool));

	m.bits &= v->sched.affinity.bits;
	return m;
}

unsigned int sched_least_wanted(const cpumask_t *mask, unsigned int best,
				unsigned int best_load)
{
	unsigned int cpu, load;

	for_each_cpu(cpu, mask) {
		if (best_load == 0)
			break;
		load = sched_load(cpu);
		if (load >= best_load)
			continue;
		best = cpu;
		best_load = load;
	}
	return best;
}

unsigned int sched_load(unsigned int cpu)
{
	const struct runq *rq = &runqs[cpu];

	return READ_ONCE(rq->nr_queued) + (READ_ONCE(rq->curr) != rq->idle);
}

/* ---- queues; the lock is held ---- */

void sched_enqueue(struct runq *rq, struct vcpu *v, bool wakeup)
{
	ASSERT(!v->sched.queued && !v->sched.running);
	rq->ops->enqueue(v, wakeup);
	v->sched.queued = true;
	WRITE_ONCE(rq->nr_queued, rq->nr_queued + 1);
	sched_add_weight(rq, v);
}

void sched_dequeue(struct runq *rq, struct vcpu *v)
{
	ASSERT(v->sched.queued);
	rq->ops->dequeue(v);
	v->sched.queued = false;
	WRITE_ONCE(rq->nr_queued, rq->nr_queued - 1);
	sched_remove_weight(rq, v);
}

/* Brings the time that curr has used up to date, and with it the policy's idea
 * of where this queue stands: before anything is compared or put into it. */
void sched_account(struct runq *rq, uint64_t now)
{
	struct vcpu *v = rq->curr;
	uint64_t ran = now > v->sched.started_ns ?
			       now - v->sched.started_ns : 0;

	v->sched.started_ns = now;
	v->sched.cpu_time_ns += ran;
	if (sched_is_idle(v))
		return;
	rq->ops->account(v, ran);
	sched_cap_charge(v, ran);
}

/* The CPU shall choose again. */
void sched_kick(struct runq *rq)
{
	work_raise_on(sched_cpu_of(rq), WORK_SCHEDULE);
}

static void arm_timer(struct runq *rq, uint64_t at)
{
	if (rq->timer_ns && rq->timer_ns <= at)
		return;
	rq->timer_ns = at;
	timer_set(&rq->timer, at);
}

/* A slice has an end only if somebody waits for it, or a cap says so. */
static void set_slice_timer(struct runq *rq)
{
	uint64_t at = rq->nr_queued || rq->slice_hard ? rq->slice_end_ns : 0;

	if (rq->timer_ns == at)
		return;
	rq->timer_ns = at;
	if (at)
		timer_set(&rq->timer, at);
	else
		timer_stop(&rq->timer);
}

/* @v has just been queued, and curr accounted for. Who has run for less than
 * the rate limit keeps the CPU until then: a switch must be worth its cost. */
void sched_consider_preemption(struct runq *rq, struct vcpu *v, uint64_t now)
{
	uint64_t earliest = rq->curr_since_ns + sched_ratelimit_ns;

	if (sched_is_idle(rq->curr)) {
		sched_kick(rq);
		return;
	}
	if (!rq->ops->preempts(v, rq->curr))
		arm_timer(rq, rq->slice_end_ns);
	else if (earliest <= now)
		sched_kick(rq);
	else
		arm_timer(rq, min(earliest, rq->slice_end_ns));
}

/* ---- the choice ---- */

/*
 * Puts curr back to where it belongs. True: it may run on, but not here; the
 * caller wakes it somewhere else once the lock is released.
 */
static bool put_curr(struct runq *rq)
{
	struct vcpu *v = rq->curr;
	bool yielding = rq->yielding;
	cpumask_t allowed;

	rq->yielding = false;
	v->sched.running = false;
	if (sched_is_idle(v))
		return false;
	sched_remove_weight(rq, v);
	if (!sched_runnable(v))
		return false;
	allowed = sched_allowed_cpus(v);
	if (!cpumask_test(&allowed, sched_cpu_of(rq)))
		return true;
	if (yielding)
		rq->ops->yield(v);
	sched_enqueue(rq, v, false);
	return false;
}

/* The next one, in no queue; NULL: idle. */
static struct vcpu *take_next(struct runq *rq, uint64_t now,
			      uint64_t *slice_ns)
{
	struct vcpu *v;

	do {
		v = rq->ops->pick(sched_cpu_of(rq), now, slice_ns);
		if (v) {
			v->sched.queued = false;
			WRITE_ONCE(rq->nr_queued, rq->nr_queued - 1);
			sched_remove_weight(rq, v);
		} else {
			v = sched_pull(rq, now);
		}
	} while (v && sched_cap_parks(v, now));
	return v;
}

static struct vcpu *choose(struct runq *rq, uint64_t now)
{
	uint64_t slice_ns = 0;
	struct vcpu *v = take_next(rq, now, &slice_ns);

	rq->slice_hard = false;
	if (!v)
		return rq->idle;
	sched_add_weight(rq, v);
	slice_ns = sched_cap_slice(v, slice_ns, &rq->slice_hard);
	rq->slice_end_ns = now + slice_ns;
	v->sched.running = true;
	return v;
}

static void switch_accounts(struct runq *rq, struct vcpu *prev,
			    struct vcpu *next, uint64_t now)
{
	if (prev == next)
		return;
	sched_set_runstate(prev, sched_waiting_runstate(prev), now);
	sched_set_runstate(next, RUNSTATE_running, now);
	next->sched.started_ns = now;
	rq->curr_since_ns = now;
	WRITE_ONCE(rq->curr, next);
}

/**
 * schedule() - choose who runs on this CPU
 *
 * Context: WORK_SCHEDULE: IRQs on, no locks held. Returns if the same vCPU
 * goes on; else this stack is gone, and the CPU is on its way into the other
 * guest or idle.
 */
void schedule(void)
{
	struct runq *rq = &runqs[smp_processor_id()];
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	struct vcpu *prev = rq->curr, *next;
	uint64_t now = system_time_ns();
	bool evicted;

	sched_account(rq, now);
	evicted = put_curr(rq);
	sched_balance(rq, now);
	next = choose(rq, now);
	switch_accounts(rq, prev, next, now);
	set_slice_timer(rq);
	spin_unlock_irqrestore(&rq->lock, flags);

	if (evicted)
		vcpu_wake(prev);
	if (next == prev)
		return;
	if (next != rq->idle)
		sched_unload_elsewhere(next);
	irq_disable();
	sched_switch(next);
}

/**
 * idle_loop() - what a CPU does with nothing to do: its work, and sleep
 *
 * Context: on a fresh stack, with IRQs on or off.
 */
void idle_loop(void)
{
	for (;;) {
		irq_disable();
		if (work_pending())
			irq_enable();
		else
			irq_enable_and_halt();
		work_run();
	}
}

/* ---- start, and debug key ---- */

/* To Xen's tools ours is credit2: the same parameters, with the same meaning. */
static int parse_policy(const char *s)
{
	static const struct {
		const char *name;
		const struct sched_ops *ops;
	} policies[] = {
		{ "fair", &fair_ops },
		{ "credit2", &fair_ops },
		{ "null", &null_ops },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		if (strcmp(s, policies[i].name))
			continue;
		sched_first_policy = policies[i].ops;
		return 0;
	}
	return -EINVAL;
}
PARAM_FN("sched", parse_policy,
	 "scheduling policy: fair, or credit2, its other name; null");

void sched_dump(unsigned int cpu)
{
	struct runq *rq = &runqs[cpu];
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	const struct vcpu *v = rq->curr;

	if (sched_is_idle(v))
		printk("CPU %u: idle, %u wait\n", cpu, rq->nr_queued);
	else
		printk("CPU %u: d%uv%u for %llu us, %u wait\n", cpu,
		       v->domain->domid, v->id,
		       (system_time_ns() - rq->curr_since_ns) / NS_PER_US,
		       rq->nr_queued);
	rq->ops->dump(cpu);
	spin_unlock_irqrestore(&rq->lock, flags);
}
