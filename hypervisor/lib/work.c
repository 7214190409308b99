/* SPDX-License-Identifier: MIT */
/*
 * work.c - pending work of a CPU
 *
 * The word is cpu_info.pending_work, at the end of each CPU's stack block, so
 * that the entry code tests it with one instruction.
 */
#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/work.h>

static void (*work_fns[NR_WORK])(void);		/* [I] after boot */

/* It lies at the end of the block that the initial stack pointer is in. */
static struct cpu_info *cpu_info_of(unsigned int cpu)
{
	unsigned long sp = (unsigned long)cpu_stack(cpu);

	return (struct cpu_info *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}

/**
 * work_register() - say what one kind of work does
 * @w:  the kind
 * @fn: called on the CPU that the work was raised on, interrupts on, no
 *      lock held
 *
 * Context: at boot, once per kind.
 */
void work_register(enum work w, void (*fn)(void))
{
	BUG_ON(w >= NR_WORK || work_fns[w]);
	work_fns[w] = fn;
}

/**
 * work_raise() - this CPU has something to do before it returns to a guest
 * @w: what
 *
 * Context: any.
 */
void work_raise(enum work w)
{
	(void)atomic_fetch_or(&get_cpu_info()->pending_work, 1U << w);
}

/**
 * work_raise_on() - another CPU has something to do
 * @cpu: which, prepared; may be this one
 * @w:   what
 *
 * No interrupt is sent if that CPU had unserved work already: whoever raised
 * that has sent one, or the CPU is on its way to look.
 *
 * Context: any but NMI.
 */
void work_raise_on(unsigned int cpu, enum work w)
{
	if (cpu == smp_processor_id()) {
		work_raise(w);
		return;
	}
	if (!atomic_fetch_or(&cpu_info_of(cpu)->pending_work, 1U << w))
		smp_send_event_check(cpu);
}

/**
 * work_pending() - is there any work for this CPU?
 *
 * Context: any.
 * Return: true if work_run() would do something.
 */
bool work_pending(void)
{
	return READ_ONCE(get_cpu_info()->pending_work) != 0;
}

/**
 * work_urgent() - should a long operation stop for this CPU's work?
 *
 * Releases that were put off do not count: the operation itself puts them
 * off, and would stop at each of its steps.
 *
 * Context: any.
 */
bool work_urgent(void)
{
	return READ_ONCE(get_cpu_info()->pending_work) & ~(1U << WORK_DEFERRED);
}

/**
 * work_run() - do all pending work of this CPU
 *
 * Lower numbers first; work raised meanwhile is done as well. The scheduler,
 * last, may not return: the CPU then comes back by another way, and tests the
 * word again.
 *
 * Context: interrupts on, no locks held.
 */
void work_run(void)
{
	uint32_t *word = &get_cpu_info()->pending_work;
	uint32_t bits;
	unsigned int w;

	while ((bits = READ_ONCE(*word)) != 0) {
		w = (unsigned int)__builtin_ctz(bits);
		(void)atomic_fetch_and(word, ~(1U << w));
		BUG_ON(w >= NR_WORK || !work_fns[w]);
		work_fns[w]();
	}
}
