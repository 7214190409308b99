/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - flushing the TLBs of one CPU and of many
 *
 * The flush clock counts flushes of whole TLBs. A flush moves the clock before
 * it begins and notes that time for its CPU when it is done; a stamp is the
 * clock's value when a translation was last of use. A CPU whose time is later
 * than a stamp has begun and finished a flush since: it holds nothing of then.
 * Stamps are 32 bits wide: one is taken for the latest moment that has its
 * low bits, which is never too early, so that an old one costs a flush, not a
 * hole. 0 is no stamp: nothing to flush.
 *
 * While CR4.PGE is on a load of CR3 leaves global entries: it does not count.
 *
 * Locks: LOCK_CALL: one request at a time. The sender has interrupts on, also
 * while it waits for the lock, and so answers others' requests.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>

#define FLUSH_ONE	0x80	/* one page: flush_request.va */

static uint64_t clock_now = 1;		/* [a] low half never 0 */
/* Time of the last whole flush; written by its CPU, read by all. */
DEFINE_PER_CPU(uint64_t, tlb_time);

static struct {
	spinlock_t lock;
	cpumask_t waiting;	/* [a] CPUs that have still to answer */
	unsigned long va;	/* constant while waiting is not empty */
	unsigned int how;
} flush_request = { .lock = SPINLOCK_INIT(LOCK_CALL) };

static uint64_t clock_tick(void)
{
	uint64_t now;

	do {
		now = atomic_add_return(&clock_now, 1);
	} while (!(uint32_t)now);
	return now;
}

/**
 * tlb_clock() - the flush clock, as a stamp
 *
 * Read it after the last entry that mapped the frame is gone.
 *
 * Return: the present value; never 0.
 */
uint32_t tlb_clock(void)
{
	uint64_t now;

	smp_mb();
	now = atomic_load(&clock_now);
	return (uint32_t)now ? (uint32_t)now : (uint32_t)clock_tick();
}

/**
 * tlb_filter() - forget the CPUs that have flushed since a stamp
 * @mask:  CPUs; those that hold nothing as old as @stamp are dropped
 * @stamp: from tlb_clock(); 0: there is nothing to flush at all
 */
void tlb_filter(cpumask_t *mask, uint32_t stamp)
{
	uint64_t now = atomic_load(&clock_now), then;
	unsigned int cpu;

	if (!stamp) {
		mask->bits = 0;
		return;
	}
	then = (now & ~0xffffffffUL) | stamp;
	if (then > now)
		then -= 1UL << 32;
	for_each_cpu(cpu, mask)
		if (atomic_load(&per_cpu(tlb_time, cpu)) > then)
			mask->bits &= ~BIT(cpu);
}

/**
 * tlb_load_root() - load CR3
 * @cr3: the new value
 *
 * Context: IRQs off.
 */
void tlb_load_root(uint64_t cr3)
{
	uint64_t now;

	if (read_cr4() & X86_CR4_PGE) {
		write_cr3(cr3);
		return;
	}
	now = clock_tick();
	write_cr3(cr3);
	atomic_store(&this_cpu(tlb_time), now);
}

/* All entries, global ones too. IRQs off. */
static void flush_everything(void)
{
	unsigned long cr4 = read_cr4();
	uint64_t now = clock_tick();

	if (cr4 & X86_CR4_PGE) {
		write_cr4(cr4 & ~X86_CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
	atomic_store(&this_cpu(tlb_time), now);
}

/**
 * tlb_flush_local() - flush this CPU's TLB
 * @how: FLUSH_GLOBAL, FLUSH_CACHE
 *
 * Context: any.
 */
void tlb_flush_local(unsigned int how)
{
	unsigned long flags = irq_save();

	if (how & FLUSH_CACHE)
		wbinvd();
	if (how & FLUSH_GLOBAL)
		flush_everything();
	else
		tlb_load_root(read_cr3());
	irq_restore(flags);
}

/**
 * tlb_flush_local_one() - flush one page of this CPU's TLB
 * @va: an address in it; global entries go as well
 *
 * Context: any.
 */
void tlb_flush_local_one(unsigned long va)
{
	invlpg(va);
}

static void flush_here(unsigned int how, unsigned long va)
{
	if (how & FLUSH_ONE)
		tlb_flush_local_one(va);
	else
		tlb_flush_local(how);
}

/* VEC_TLB_FLUSH, IRQs off: what another CPU asked for, if it still does. */
static void tlb_answer(struct cpu_user_regs *regs)
{
	unsigned int cpu = smp_processor_id();

	if (!cpumask_test(&flush_request.waiting, cpu))
		return;
	flush_here(READ_ONCE(flush_request.how), READ_ONCE(flush_request.va));
	cpumask_clear(&flush_request.waiting, cpu);
}

static __noinline void flush_others(cpumask_t others, unsigned int how,
				    unsigned long va)
{
	ASSERT(irqs_enabled());
	spin_lock(&flush_request.lock);
	flush_request.how = how;
	flush_request.va = va;
	atomic_store(&flush_request.waiting.bits, others.bits);
	apic_send_ipi_mask(&others, VEC_TLB_FLUSH);
	while (!cpumask_empty(&flush_request.waiting))
		cpu_relax();
	spin_unlock(&flush_request.lock);
}

static void flush_mask(const cpumask_t *mask, unsigned int how,
		       unsigned long va)
{
	uint64_t all = READ_ONCE(mask->bits), self = BIT(smp_processor_id());
	cpumask_t others = {all & READ_ONCE(cpu_online_map.bits) & ~self};

	if (all & self)
		flush_here(how, va);
	if (!cpumask_empty(&others))
		flush_others(others, how, va);
}

/**
 * tlb_flush_mask() - flush the TLBs of CPUs
 * @mask: which; those that are not online are left out
 * @how:  FLUSH_GLOBAL, FLUSH_CACHE
 *
 * Context: IRQs on unless no other CPU is in @mask; takes LOCK_CALL. No lock
 * may be held that somebody waits for with IRQs off.
 */
void tlb_flush_mask(const cpumask_t *mask, unsigned int how)
{
	flush_mask(mask, how, 0);
}

/**
 * tlb_flush_mask_one() - flush one page of the TLBs of CPUs
 * @mask: which; those that are not online are left out
 * @va:   an address in the page
 *
 * Context: as tlb_flush_mask().
 */
void tlb_flush_mask_one(const cpumask_t *mask, unsigned long va)
{
	flush_mask(mask, FLUSH_ONE, va);
}

/* Once, before the first AP starts. */
void tlb_init(void)
{
	vector_register(VEC_TLB_FLUSH, tlb_answer);
}
