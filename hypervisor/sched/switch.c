/* SPDX-License-Identifier: MIT */
/*
 * switch.c - whose state a CPU holds
 *
 * A CPU that goes idle keeps the state of the vCPU it ran: often that is the
 * next one to run there, and then nothing has to be loaded. A bit of
 * v->dirty_cpus says that a CPU holds v's state. A CPU that wants to load v
 * first has all others give it up; as a vCPU is in at most one run queue, only
 * one CPU at a time can want that.
 *
 * No locks are held while a guest's state is saved or loaded; interrupts are
 * off, so that a request from another CPU sees all of it or nothing.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/guest.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

static struct runq *this_runq(void)
{
	return &runqs[smp_processor_id()];
}

/* Our own tables only: nothing of a guest's is referred to any more. */
static void load_idle_state(void)
{
	mfn_t gdt = cpu_gdt_mfn(smp_processor_id());

	load_ldt(0, 0);
	load_gdt((unsigned long)mfn_to_virt(gdt) - GDT_RESERVED_BYTE);
	tlb_load_root(paddr_x(mfn_to_paddr(virt_to_mfn(hyp_l4))));
}

/* IRQs off. */
static void unload_this_cpu(struct runq *rq)
{
	struct vcpu *v = rq->loaded;

	v->domain->ops->switch_from(v);
	load_idle_state();
	WRITE_ONCE(rq->loaded, NULL);
	/* Atomic and last: whoever sees the bit clear sees the state saved. */
	cpumask_clear(&v->dirty_cpus, smp_processor_id());
}

/*
 * On each CPU that may hold the state of @arg. A vCPU that was chosen here
 * again stays; else it is only left over: this CPU idles, or has chosen
 * another one and not yet got to loading it.
 */
static void unload_request(void *arg)
{
	struct runq *rq = this_runq();

	if (rq->loaded == arg && READ_ONCE(rq->curr) != arg)
		unload_this_cpu(rq);
}

void sched_unload_elsewhere(struct vcpu *v)
{
	cpumask_t others = {
		atomic_load(&v->dirty_cpus.bits) & ~BIT(smp_processor_id()),
	};

	if (!cpumask_empty(&others))
		smp_call(&others, unload_request, v, true);
}

void sched_unload(struct vcpu *v)
{
	unsigned long flags;

	sched_unload_elsewhere(v);
	flags = irq_save();
	unload_request(v);
	irq_restore(flags);
}

/* First on the fresh stack: what the guest is to find out about its new turn.
 * Its areas may be anywhere in its memory, so interrupts are on. */
static void enter_guest(void)
{
	struct vcpu *v = current;
	unsigned int cpu = smp_processor_id();

	irq_enable();
	if (v->sched.timers_cpu != cpu) {
		vcpu_timers_move(v, cpu);
		v->sched.timers_cpu = (uint16_t)cpu;
	}
	vcpu_update_time(v);
	vcpu_runstate_publish(v);
	exit_to_guest();
}

static void load_vcpu(struct runq *rq, struct vcpu *next)
{
	unsigned int cpu = smp_processor_id();
	struct vcpu *prev = rq->loaded;

	ASSERT((atomic_load(&next->dirty_cpus.bits) & ~BIT(cpu)) == 0);
	if (prev)
		prev->domain->ops->switch_from(prev);
	cpumask_set(&next->dirty_cpus, cpu);
	WRITE_ONCE(rq->loaded, next);
	next->domain->ops->switch_to(next);
	/* Only now does nothing of it remain in this CPU. */
	if (prev)
		cpumask_clear(&prev->dirty_cpus, cpu);
}

void sched_switch(struct vcpu *next)
{
	struct runq *rq = this_runq();

	spin_assert_none();
	current = next;
	if (next == rq->idle)
		reset_stack_and_run(idle_loop);
	if (rq->loaded != next)
		load_vcpu(rq, next);
	reset_stack_and_run(enter_guest);
}
