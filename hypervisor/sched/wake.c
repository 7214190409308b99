/* SPDX-License-Identifier: MIT */
/*
 * wake.c - what others tell the scheduler about a vCPU
 *
 * The flags change first, without a lock; then the run queue's lock is taken
 * and the flags are looked at again (see core.c).
 *
 * Locks: as core.c.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include <lodge/x86.h>

bool (*vcpu_event_pending_hook)(const struct vcpu *v);

/**
 * vcpu_wake() - a vCPU may have become runnable
 * @v: any vCPU; nothing happens if its flags say otherwise
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 */
void vcpu_wake(struct vcpu *v)
{
	bool placed = false;
	unsigned long flags;
	struct runq *rq;
	unsigned int cpu;
	uint64_t now;

	for (;;) {
		rq = sched_lock_of(v, &flags);
		if (!sched_runnable(v) || v->sched.queued || v->sched.running)
			break;
		cpu = placed ? v->sched.cpu : sched_ops_of(v)->choose_cpu(v);
		placed = true;
		if (cpu == v->sched.cpu) {
			now = system_time_ns();
			sched_set_runstate(v, RUNSTATE_runnable, now);
			sched_account(rq, now);
			sched_enqueue(rq, v, true);
			sched_consider_preemption(rq, v, now);
			break;
		}
		READ_ONCE(runqs[cpu].ops)->move(v, cpu);
		spin_unlock_irqrestore(&rq->lock, flags);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
}

static void sleep_locked(struct runq *rq, struct vcpu *v)
{
	if (v->sched.running) {
		sched_kick(rq);
		return;
	}
	if (v->sched.queued)
		sched_dequeue(rq, v);
	sched_set_runstate(v, sched_waiting_runstate(v), system_time_ns());
}

/**
 * vcpu_sleep_nosync() - a vCPU may no longer be runnable
 * @v: any vCPU, also the current one
 *
 * If it runs it stops soon, but has not when this returns.
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 */
void vcpu_sleep_nosync(struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	if (!sched_runnable(v))
		sleep_locked(rq, v);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/**
 * vcpu_sleep_sync() - wait until a vCPU does not run, its state in memory
 * @v: not the current one
 *
 * Returns at once if the vCPU is runnable again.
 *
 * Context: IRQs on, nothing above LOCK_CALL held.
 */
void vcpu_sleep_sync(struct vcpu *v)
{
	BUG_ON(v == current);
	vcpu_sleep_nosync(v);
	while (!sched_runnable(v) && READ_ONCE(v->sched.running))
		cpu_relax();
	if (!sched_runnable(v))
		sched_unload(v);
}

/**
 * vcpu_pause() - keep a vCPU from running until vcpu_unpause()
 * @v: not the current one
 *
 * Counted: as many vcpu_unpause() as vcpu_pause(). On return its state is in
 * memory.
 *
 * Context: as vcpu_sleep_sync().
 */
void vcpu_pause(struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	if (v->pause_count++ == 0)
		set_bit(VPF_PAUSED, &v->pause_flags);
	spin_unlock_irqrestore(&rq->lock, flags);
	vcpu_sleep_sync(v);
}

/**
 * vcpu_unpause() - undo one vcpu_pause()
 * @v: paused
 *
 * Context: as vcpu_wake().
 */
void vcpu_unpause(struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	BUG_ON(v->pause_count == 0);
	if (--v->pause_count == 0)
		clear_bit(VPF_PAUSED, &v->pause_flags);
	spin_unlock_irqrestore(&rq->lock, flags);
	vcpu_wake(v);
}

/**
 * vcpu_unblock() - what a blocked vCPU waits for has come
 * @v: any vCPU
 *
 * Context: as vcpu_wake().
 */
void vcpu_unblock(struct vcpu *v)
{
	if (test_and_clear_bit(VPF_BLOCKED, &v->pause_flags))
		vcpu_wake(v);
}

/**
 * vcpu_block() - the current vCPU waits for an event
 *
 * It stops on its way out of the hypervisor. If an event is pending it goes on
 * at once: the flag is set before the question is asked, and a sender asks in
 * the other order, so none is missed.
 *
 * Context: current is a guest's.
 */
void vcpu_block(void)
{
	struct vcpu *v = current;

	set_bit(VPF_BLOCKED, &v->pause_flags);
	smp_mb();
	if (vcpu_event_pending_hook(v))
		clear_bit(VPF_BLOCKED, &v->pause_flags);
	else
		work_raise(WORK_SCHEDULE);
}

/**
 * vcpu_yield() - the current vCPU lets another one go first
 *
 * Context: current is a guest's.
 */
void vcpu_yield(void)
{
	runqs[smp_processor_id()].yielding = true;
	work_raise(WORK_SCHEDULE);
}

/**
 * vcpu_set_affinity() - say on which CPUs a vCPU may run
 * @v:    any vCPU
 * @hard: the CPUs
 *
 * It leaves a CPU that is not among them soon, but may still run there when
 * this returns.
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 * Return: 0; -EINVAL none of the CPUs is online and in the domain's pool:
 *         nothing has changed.
 */
int vcpu_set_affinity(struct vcpu *v, const cpumask_t *hard)
{
	cpumask_t cpus, mask = { READ_ONCE(hard->bits) };
	unsigned long flags;
	struct runq *rq;

	cpus = sched_pool_cpus(READ_ONCE(v->domain->sched.pool));
	if (!(mask.bits & cpus.bits))
		return -EINVAL;
	rq = sched_lock_of(v, &flags);
	v->sched.affinity = mask;
	if (v->sched.queued)
		sched_dequeue(rq, v);	/* and placed anew below */
	else if (v->sched.running && !cpumask_test(&mask, sched_cpu_of(rq)))
		sched_kick(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
	vcpu_wake(v);
	return 0;
}

/**
 * vcpu_set_soft_affinity() - say on which CPUs a vCPU would rather run
 * @v:    any vCPU
 * @soft: the CPUs; those outside its hard affinity do not count
 *
 * Followed when it is woken; it does not move for it while it runs.
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 */
void vcpu_set_soft_affinity(struct vcpu *v, const cpumask_t *soft)
{
	cpumask_t mask = { READ_ONCE(soft->bits) };
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	v->sched.soft = mask;
	spin_unlock_irqrestore(&rq->lock, flags);
}

/**
 * vcpu_set_weight() - say how much of a contended CPU a vCPU gets
 * @v:      any vCPU
 * @weight: against that of others; not 0
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 */
void vcpu_set_weight(struct vcpu *v, uint16_t weight)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);
	bool there = v->sched.queued || v->sched.running;

	if (v->sched.running)
		sched_account(rq, system_time_ns());
	if (there)
		sched_remove_weight(rq, v);
	v->sched.weight = weight;
	if (there)
		sched_add_weight(rq, v);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/**
 * vcpu_get_affinity() - both masks, as they were set
 * @v:    any vCPU
 * @hard: written
 * @soft: written
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held.
 */
void vcpu_get_affinity(struct vcpu *v, cpumask_t *hard, cpumask_t *soft)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	*hard = v->sched.affinity;
	*soft = v->sched.soft;
	spin_unlock_irqrestore(&rq->lock, flags);
}
