/* SPDX-License-Identifier: MIT */
/*
 * smp.c - talking to the other CPUs: calls, wake-ups, the final stop
 *
 * A call is one record, guarded by LOCK_CALL, that each target reads when the
 * interrupt comes. The caller holds the lock until every target has read it
 * (and, if it waits, has finished). It spins with interrupts on, so two CPUs
 * that call each other both make progress.
 *
 * Stopping goes its own way: it must work in a panic, whoever holds what.
 */
#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/spinlock.h>
#include <lodge/time.h>
#include <lodge/x86.h>

static struct {
	spinlock_t lock;	/* LOCK_CALL: one call at a time */
	void (*fn)(void *);
	void *arg;
	bool wait;
	cpumask_t pending;	/* [a] have not read it, or not finished */
} call = { .lock = SPINLOCK_INIT(LOCK_CALL) };

#define NOBODY (~0U)
static unsigned int stopper = NOBODY;	/* [a] the CPU that stops all others */

static void stop_this_cpu(void) __noreturn;
static void stop_this_cpu(void)
{
	irq_disable();
	cpumask_clear(&cpu_online_map, smp_processor_id());
	for (;;)
		halt_forever();
}

static bool told_to_stop(void)
{
	unsigned int cpu = atomic_load(&stopper);

	return cpu != NOBODY && cpu != smp_processor_id();
}

static void call_interrupt(struct cpu_user_regs *regs)
{
	unsigned int cpu = smp_processor_id();
	void (*fn)(void *);
	void *arg;
	bool wait;

	if (told_to_stop())
		stop_this_cpu();
	if (!cpumask_test(&call.pending, cpu))
		return;
	fn = call.fn;
	arg = call.arg;
	wait = call.wait;
	if (!wait)
		cpumask_clear(&call.pending, cpu);
	fn(arg);
	if (wait)
		cpumask_clear(&call.pending, cpu);
}

static void call_here(void (*fn)(void *), void *arg)
{
	unsigned long flags = irq_save();

	fn(arg);
	irq_restore(flags);
}

/**
 * smp_call() - run a function on other CPUs
 * @mask: CPUs; those that are not online are left out
 * @fn:   runs with interrupts off; takes no lock below or at LOCK_CALL
 * @arg:  its argument; must outlive the call unless @wait
 * @wait: return only when all have finished
 *
 * On this CPU, if it is in @mask, @fn has always finished on return.
 *
 * Context: interrupts on, no lock at or above LOCK_CALL; takes LOCK_CALL.
 */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg, bool wait)
{
	unsigned int self = smp_processor_id();
	cpumask_t others = {
		READ_ONCE(mask->bits) & READ_ONCE(cpu_online_map.bits),
	};
	bool here = cpumask_test(&others, self);

	others.bits &= ~BIT(self);
	if (!cpumask_empty(&others)) {
		ASSERT(irqs_enabled());
		spin_lock(&call.lock);
		call.fn = fn;
		call.arg = arg;
		call.wait = wait;
		atomic_store(&call.pending.bits, others.bits);
		apic_send_ipi_mask(&others, VEC_CALL_FUNCTION);
	}
	if (here)
		call_here(fn, arg);
	if (!cpumask_empty(&others)) {
		while (atomic_load(&call.pending.bits))
			cpu_relax();
		spin_unlock(&call.lock);
	}
}

/* The way out of the interrupt looks at the pending work: that is all. */
static void event_check_interrupt(struct cpu_user_regs *regs)
{
}

/**
 * smp_send_event_check() - make a CPU look at its pending work
 * @cpu: online CPU
 *
 * Context: any but NMI.
 */
void smp_send_event_check(unsigned int cpu)
{
	apic_send_ipi(cpu, VEC_EVENT_CHECK);
}

static bool others_stopped_within(unsigned int ms)
{
	cpumask_t self = cpumask_of(smp_processor_id());
	unsigned int us;

	for (us = 0; us < ms * 1000; us += 10) {
		if (!(atomic_load(&cpu_online_map.bits) & ~self.bits))
			return true;
		udelay(10);
	}
	return false;
}

static bool stop_nmi(struct cpu_user_regs *regs)
{
	if (told_to_stop())
		stop_this_cpu();
	return false;
}

/**
 * smp_stop_others() - no CPU but this one runs on
 *
 * First by an interrupt, then, for a CPU that has them off, by NMI. If two
 * CPUs ask, the first one goes on and this does not return on the second. May
 * be called again by the CPU that goes on. A CPU that answers not even an NMI
 * is left behind after a tenth of a second.
 *
 * Context: any, NMI included; takes no lock.
 */
void smp_stop_others(void)
{
	unsigned int nobody = NOBODY, self = smp_processor_id();
	cpumask_t others;

	if (!atomic_cmpxchg(&stopper, &nobody, self) && nobody != self)
		stop_this_cpu();
	others = (cpumask_t){ cpu_online_map.bits & ~BIT(self) };
	if (cpumask_empty(&others))
		return;
	apic_send_ipi_mask(&others, VEC_CALL_FUNCTION);
	if (others_stopped_within(100))
		return;
	apic_send_nmi_others();
	(void)others_stopped_within(100);
}

/**
 * smp_ipi_init() - handlers of the inter-processor interrupts of this file
 *
 * Context: boot CPU, once, by apic_init_boot().
 */
void smp_ipi_init(void)
{
	vector_register(VEC_CALL_FUNCTION, call_interrupt);
	vector_register(VEC_EVENT_CHECK, event_check_interrupt);
	nmi_register(stop_nmi);
}
