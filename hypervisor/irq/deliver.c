/* SPDX-License-Identifier: MIT */
/*
 * deliver.c - an interrupt came in: acknowledge it and hand it on
 *
 * Message-signalled and edge-triggered interrupts are acknowledged before
 * anybody is told, so that a new edge meanwhile is latched by the local APIC
 * and comes again. A level-triggered line is masked at its IO-APIC, then
 * acknowledged: other interrupts keep flowing, and the line stays quiet until
 * all guests that share it have served their devices (irq_guest_eoi), or for so
 * long as one may hold up the others.
 *
 * Locks: the descriptor's, but not while a handler or guest is told: those
 * take locks of lower levels.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/console.h>
#include <lodge/percpu.h>

/* A line of ours may come so often in so much time. */
#define STORM_LIMIT	200
#define STORM_WINDOW_NS	(10 * NS_PER_MS)

/* So long a guest may keep a line closed that others have too. Linux takes one
 * that comes each 100 ms, and that it cannot explain, for stuck. */
#define WAIT_LIMIT_NS	(125 * NS_PER_MS)

void (*irq_guest_notify)(struct domain *d, unsigned int pirq);

/* Fixed vectors: VEC_IRQ_CLEANUP and those above the dynamic ones. */
static void (*fixed_handlers[256])(struct cpu_user_regs *);	/* [I] */
static unsigned long stray_said[BITS_TO_LONGS(256)];		/* [a] */
static uint64_t nr_stray;					/* [a] */

/**
 * vector_register() - handler of a fixed vector
 * @vector: outside of the dynamic range
 * @fn:     runs with interrupts off, the interrupt already acknowledged
 *
 * Context: boot, before the vector can come.
 */
void vector_register(unsigned int vector, void (*fn)(struct cpu_user_regs *))
{
	fixed_handlers[vector] = fn;
}

/**
 * irq_stray_count() - number of interrupts on vectors that nobody has
 *
 * Return: since boot, all CPUs.
 */
uint64_t irq_stray_count(void)
{
	return atomic_load(&nr_stray);
}

/* Nobody's: counted, and said once for each vector. */
static void stray_vector(unsigned int vector)
{
	atomic_add_return(&nr_stray, 1);
	if (!test_and_set_bit(vector, stray_said))
		printk(LOG_WARN "CPU%u: interrupt on vector 0x%02x, which "
		       "belongs to nobody\n", smp_processor_id(), vector);
}

/*
 * With the lock, the line masked or acknowledged. If the source cannot move
 * now, or there is no vector, the next interrupt tries again. One that comes
 * when nobody has the irq any more finds no source to move.
 */
static void move_if_wanted(struct irq_desc *desc)
{
	unsigned int cpu = desc->target_cpu;
	enum irq_move how;
	int vector;

	if (likely(cpu == desc->cpu) || desc->old_vector ||
	    desc->use == IRQ_FREE || !vector_cpu_ok(cpu))
		return;
	how = desc->chip->movable(desc);
	if (how == IRQ_MOVE_NOT)
		return;
	vector = vector_alloc(cpu, desc->irq, desc->vector,
			      how == IRQ_MOVE_CPU);
	if (vector < 0)
		return;
	desc->old_cpu = desc->cpu;
	desc->old_vector = desc->vector;
	desc->cpu = cpu;
	desc->vector = (unsigned int)vector;
	desc->chip->route(desc);
}

/* The first interrupt by the new route: nothing new comes by the old one. */
static void finish_move(struct irq_desc *desc, unsigned int vector)
{
	if (likely(!desc->old_vector) || desc->vector != vector ||
	    desc->cpu != smp_processor_id())
		return;
	vector_release(desc->old_cpu, desc->old_vector);
	desc->old_vector = 0;
}

static void acknowledge(struct irq_desc *desc)
{
	if (desc->level)
		irq_mask(desc);
	apic_eoi();
}

/* A line that we serve, and that was closed for a while, or one that waits for
 * a guest that does not serve it, is opened again. */
static void reopen_line(void *arg)
{
	struct irq_desc *desc = arg;
	unsigned long flags = spin_lock_irqsave(&desc->lock);
	unsigned int i;

	for (i = 0; i < desc->nr_guests; i++)
		desc->guests[i].unserved = false;
	if (desc->use == IRQ_OURS || desc->nr_unserved)
		irq_unmask(desc);
	desc->nr_unserved = 0;
	spin_unlock_irqrestore(&desc->lock, flags);
}

void irq_reopen_init(struct irq_desc *desc)
{
	timer_init(&desc->reopen, reopen_line, desc, 0);
}

void irq_limit_wait(struct irq_desc *desc)
{
	timer_set(&desc->reopen, system_time_ns() + WAIT_LIMIT_NS);
}

/*
 * Another device, or a broken one, may hold a level-triggered line of ours for
 * ever: the CPU would take it again and again and do nothing else. With the
 * lock. true: it came too often and stays closed until the timer opens it.
 */
static bool line_storms(struct irq_desc *desc)
{
	uint64_t now = system_time_ns();

	if (now - desc->storm.since_ns >= STORM_WINDOW_NS) {
		desc->storm.since_ns = now;
		desc->storm.count = 0;
	}
	if (++desc->storm.count < STORM_LIMIT)
		return false;
	if (!desc->storm.said)
		printk(LOG_WARN "GSI %u (%s) is not quiet after it was served: "
		       "held back from now on\n", desc->irq, desc->name);
	desc->storm.said = true;
	desc->storm.count = 0;
	timer_set(&desc->reopen, now + STORM_WINDOW_NS);
	return true;
}

/*
 * Ours. An edge that comes on another CPU (the irq has moved) while the
 * handler runs here makes it run once more; it never runs twice at a time.
 */
static void deliver_ours(struct irq_desc *desc)
{
	void (*fn)(void *) = desc->fn;
	void *arg = desc->arg;

	if (desc->running) {
		desc->again = true;
		spin_unlock(&desc->lock);
		return;
	}
	desc->running = true;
	do {
		desc->again = false;
		spin_unlock(&desc->lock);
		fn(arg);
		spin_lock(&desc->lock);
	} while (desc->again);
	desc->running = false;
	if (desc->level && !line_storms(desc))
		irq_unmask(desc);
	spin_unlock(&desc->lock);
}

/* irq_unbind_guest() waits for notifying, so that no domain goes meanwhile. */
static void deliver_guests(struct irq_desc *desc)
{
	struct irq_guest told[IRQ_MAX_GUESTS];
	unsigned int i, nr = desc->nr_guests;

	for (i = 0; i < nr; i++) {
		if (desc->level && !desc->guests[i].unserved) {
			desc->guests[i].unserved = true;
			desc->nr_unserved++;
		}
		told[i] = desc->guests[i];
	}
	if (desc->nr_unserved && nr > 1)
		irq_limit_wait(desc);
	atomic_add_return(&desc->notifying, 1);
	spin_unlock(&desc->lock);
	for (i = 0; i < nr; i++)
		irq_guest_notify(told[i].d, told[i].pirq);
	atomic_sub_return(&desc->notifying, 1);
}

static void deliver(struct irq_desc *desc, unsigned int vector)
{
	spin_lock(&desc->lock);
	desc->count++;
	acknowledge(desc);
	finish_move(desc, vector);
	move_if_wanted(desc);
	switch (desc->use) {
	case IRQ_OURS:
		deliver_ours(desc);
		break;
	case IRQ_GUEST:
		deliver_guests(desc);
		break;
	default:	/* came while it was being unbound; stays masked */
		desc->nr_unclaimed++;
		spin_unlock(&desc->lock);
	}
}

static void deliver_fixed(struct cpu_user_regs *regs, unsigned int vector)
{
	/* A spurious interrupt is not in service. */
	if (vector == VEC_SPURIOUS) {
		atomic_add_return(&nr_stray, 1);
		return;
	}
	apic_eoi();
	if (fixed_handlers[vector])
		fixed_handlers[vector](regs);
	else
		stray_vector(vector);
}

static void deliver_vector(struct cpu_user_regs *regs, unsigned int vector)
{
	struct irq_desc *desc;
	int irq;

	if (vector < VEC_FIRST_DYNAMIC || vector > VEC_LAST_DYNAMIC) {
		deliver_fixed(regs, vector);
		return;
	}
	irq = vector_to_irq(vector);
	desc = irq < 0 ? NULL : irq_desc((unsigned int)irq);
	if (desc) {
		deliver(desc, vector);
		return;
	}
	apic_eoi();
	stray_vector(vector);
}

/**
 * do_irq() - an interrupt vector was taken
 * @regs:   what it interrupted
 * @vector: 0x20 to 0xff
 *
 * Context: from entry.S, interrupts off; they stay off.
 */
void do_irq(struct cpu_user_regs *regs, unsigned int vector)
{
	unsigned int locks = spin_irq_enter();

	deliver_vector(regs, vector);
	spin_irq_exit(locks);
}
