/* SPDX-License-Identifier: MIT */
/*
 * vector.c - which vector of which CPU belongs to which irq
 *
 *	free --alloc--> in use --release--> stale --cleanup--> free
 *
 * Each CPU has a table of its own. A vector that is given up stays stale, and
 * still leads to its irq, until the CPU has taken every interrupt it accepted
 * before: VEC_IRQ_CLEANUP is the lowest vector of all, so that a CPU which
 * takes it has nothing else left. It may have been sent for an earlier vector,
 * though, and one that was given up since may be waiting already: a CPU sends
 * itself another one for those that it finds stale the first time.
 *
 * Locks: vector_lock (LOCK_IRQCHIP) guards all tables. The delivery path reads
 * its own CPU's table without: an entry in use does not change.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>

#define NR_DYNAMIC	(VEC_LAST_DYNAMIC - VEC_FIRST_DYNAMIC + 1)
#define MAX_DEVICE_APIC_ID 0xfe		/* 0xff is all CPUs */

struct vector_table {
	uint16_t irq_plus_1[256];	/* 0: free */
	unsigned long stale[BITS_TO_LONGS(256)];
	unsigned long leaving[BITS_TO_LONGS(256)];	/* seen stale once */
	unsigned int next;		/* where the search begins */
};

static DEFINE_PER_CPU(struct vector_table, vectors);
static spinlock_t vector_lock = SPINLOCK_INIT(LOCK_IRQCHIP);

static bool vector_usable(const struct vector_table *t, unsigned int vector)
{
	return vector >= VEC_FIRST_DYNAMIC && vector <= VEC_LAST_DYNAMIC &&
	       vector != VEC_GUEST_SYSCALL32 &&
	       vector != VEC_HYPERCALL_COMPAT && !t->irq_plus_1[vector];
}

/**
 * vector_cpu_ok() - can a device's interrupt reach that CPU?
 * @cpu: any number
 *
 * Without interrupt remapping a message and an IO-APIC entry carry 8 bits.
 *
 * Return: true if it is online and its APIC id fits.
 */
bool vector_cpu_ok(unsigned int cpu)
{
	return cpu < NR_CPUS && cpumask_test(&cpu_online_map, cpu) &&
	       cpu_apic_id(cpu) <= MAX_DEVICE_APIC_ID;
}

static int find_vector(const struct vector_table *t, unsigned int wanted,
		       bool only)
{
	unsigned int i, vector;

	if (vector_usable(t, wanted))
		return (int)wanted;
	if (only)
		return -ENOSPC;
	for (i = 0; i < NR_DYNAMIC; i++) {
		vector = VEC_FIRST_DYNAMIC + (t->next + i) % NR_DYNAMIC;
		if (vector_usable(t, vector))
			return (int)vector;
	}
	return -ENOSPC;
}

/**
 * vector_alloc() - take a free vector
 * @cpu:    online CPU
 * @irq:    for whom
 * @wanted: preferred vector, 0: none
 * @only:   no other will do
 *
 * Context: any; takes vector_lock.
 * Return: the vector; -ENOSPC all (or @wanted) are in use or stale.
 */
int vector_alloc(unsigned int cpu, unsigned int irq, unsigned int wanted,
		 bool only)
{
	struct vector_table *t = &per_cpu(vectors, cpu);
	unsigned long flags = spin_lock_irqsave(&vector_lock);
	int vector = find_vector(t, wanted, only);

	if (vector > 0) {
		t->irq_plus_1[vector] = (uint16_t)(irq + 1);
		t->next = (unsigned int)vector + 1 - VEC_FIRST_DYNAMIC;
	}
	spin_unlock_irqrestore(&vector_lock, flags);
	return vector;
}

static bool block_usable(const struct vector_table *t, unsigned int first,
			 unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!vector_usable(t, first + i))
			return false;
	return true;
}

/**
 * vector_alloc_block() - take adjoining vectors for a multiple-message MSI
 * @cpu: online CPU
 * @irq: for whom the first one is; the following irqs get the following ones
 * @nr:  a power of two, at most 32; the first vector is a multiple of it
 *
 * Context: any; takes vector_lock.
 * Return: the first vector; -ENOSPC no such block is free.
 */
int vector_alloc_block(unsigned int cpu, unsigned int irq, unsigned int nr)
{
	struct vector_table *t = &per_cpu(vectors, cpu);
	unsigned long flags = spin_lock_irqsave(&vector_lock);
	unsigned int first, i;
	int rc = -ENOSPC;

	for (first = ALIGN_UP(VEC_FIRST_DYNAMIC, nr);
	     first + nr - 1 <= VEC_LAST_DYNAMIC; first += nr) {
		if (!block_usable(t, first, nr))
			continue;
		for (i = 0; i < nr; i++)
			t->irq_plus_1[first + i] = (uint16_t)(irq + i + 1);
		rc = (int)first;
		break;
	}
	spin_unlock_irqrestore(&vector_lock, flags);
	return rc;
}

/**
 * vector_alloc_anywhere() - vectors as vector_alloc_block() takes them
 * @cpu: in: online CPU that is asked first; out: whose they are
 * @irq: for whom the first one is
 * @nr:  a power of two, at most 32
 *
 * Context: any; takes vector_lock.
 * Return: the first vector; -ENOSPC no CPU that devices reach has such a block.
 */
int vector_alloc_anywhere(unsigned int *cpu, unsigned int irq,
			  unsigned int nr)
{
	int vector = vector_alloc_block(*cpu, irq, nr);
	unsigned int other;

	for_each_cpu(other, &cpu_online_map) {
		if (vector >= 0)
			break;
		if (!vector_cpu_ok(other))
			continue;
		vector = vector_alloc_block(other, irq, nr);
		*cpu = other;
	}
	return vector;
}

/**
 * vector_release() - give a vector up
 * @cpu:    whose it is
 * @vector: in use; the source sends it no more
 *
 * Context: any but NMI; takes vector_lock and interrupts @cpu.
 */
void vector_release(unsigned int cpu, unsigned int vector)
{
	unsigned long flags = spin_lock_irqsave(&vector_lock);

	ASSERT(per_cpu(vectors, cpu).irq_plus_1[vector]);
	bitmap_set(per_cpu(vectors, cpu).stale, vector);
	spin_unlock_irqrestore(&vector_lock, flags);
	apic_send_ipi(cpu, VEC_IRQ_CLEANUP);
}

static void cleanup_interrupt(struct cpu_user_regs *regs)
{
	struct vector_table *t = &this_cpu(vectors);
	unsigned long vector;
	bool again = false;
	unsigned int i;

	spin_lock(&vector_lock);
	for (vector = find_next_bit(t->leaving, 256, 0); vector < 256;
	     vector = find_next_bit(t->leaving, 256, vector + 1))
		t->irq_plus_1[vector] = 0;
	for (i = 0; i < ARRAY_SIZE(t->stale); i++) {
		again |= t->stale[i] != 0;
		t->leaving[i] = t->stale[i];
		t->stale[i] = 0;
	}
	spin_unlock(&vector_lock);
	if (again)
		apic_send_self(VEC_IRQ_CLEANUP);
}

/**
 * vector_to_irq() - the irq that a vector of this CPU belongs to
 * @vector: any
 *
 * Context: interrupts off. Takes no lock.
 * Return: the irq, also of a stale vector; -1: nobody's.
 */
int vector_to_irq(unsigned int vector)
{
	return (int)READ_ONCE(this_cpu(vectors).irq_plus_1[vector]) - 1;
}

/**
 * vectors_init() - get ready to hand out vectors
 *
 * Context: boot CPU, once.
 */
void vectors_init(void)
{
	vector_register(VEC_IRQ_CLEANUP, cleanup_interrupt);
}
