/* SPDX-License-Identifier: MIT */
/*
 * timer.c - each CPU's timers
 *
 *	idle --timer_set--> armed --expires--> running --> idle
 *	idle <--timer_stop-- armed		any --timer_kill--> killed
 *
 * A timer is in the heap of one CPU, whose local APIC interrupts when the
 * first one expires; handlers run from WORK_TIMER, with interrupts on and no
 * lock held. A handler may free its timer: nothing here touches a timer after
 * its handler was entered.
 *
 * Locks: the queue's (LOCK_TIMER) of t->cpu guards the members marked [t]. A
 * timer changes its CPU only with both queues' locks held, lower CPU first.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/work.h>

struct timer_queue {
	spinlock_t lock;	/* LOCK_TIMER */
	struct timer *root;	/* [t] expires first */
	struct timer *running;	/* [a] whose handler runs; may be freed */
	uint64_t nr_fired;	/* [t] */
};

static DEFINE_PER_CPU(struct timer_queue, timer_queue);

static struct timer_queue *queue_of(unsigned int cpu)
{
	return &per_cpu(timer_queue, cpu);
}

/* The CPU may change until the lock is held. Returns the locked queue. */
static struct timer_queue *lock_queue(const struct timer *t,
				      unsigned long *flags)
{
	for (;;) {
		unsigned int cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = queue_of(cpu);

		*flags = spin_lock_irqsave(&q->lock);
		if (READ_ONCE(t->cpu) == cpu)
			return q;
		spin_unlock_irqrestore(&q->lock, *flags);
	}
}

/* With the lock: the queue's first timer may be another one now. */
static void rearm(const struct timer_queue *q, unsigned int cpu)
{
	if (cpu != smp_processor_id())
		work_raise_on(cpu, WORK_TIMER);
	else
		apic_timer_set(q->root ? q->root->expires_ns : 0);
}

static void insert(struct timer_queue *q, struct timer *t)
{
	q->root = heap_insert(q->root, t);
	if (q->root == t)
		rearm(q, t->cpu);
}

static void disarm(struct timer_queue *q, struct timer *t)
{
	if (t->rank)
		q->root = heap_remove(q->root, t);
}

/**
 * timer_init() - prepare a timer
 * @t:   memory of the caller's; idle afterwards
 * @fn:  handler: interrupts on, no lock held; may set, stop or free @t
 * @arg: its argument
 * @cpu: where it shall run; present, online before the timer is set
 *
 * Context: any.
 */
void timer_init(struct timer *t, void (*fn)(void *), void *arg,
		unsigned int cpu)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = (uint16_t)cpu };
}

/**
 * timer_set() - arm, or arm anew
 * @t:          initialised
 * @expires_ns: system time; in the past: as soon as can be
 *
 * Nothing happens after timer_kill().
 *
 * Context: any but NMI; takes LOCK_TIMER.
 */
void timer_set(struct timer *t, uint64_t expires_ns)
{
	unsigned long flags;
	struct timer_queue *q = lock_queue(t, &flags);

	disarm(q, t);
	/* 0 means "none" to the APIC's timer. */
	t->expires_ns = max(expires_ns, 1UL);
	if (!t->killed)
		insert(q, t);
	spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * timer_stop() - disarm
 * @t: initialised
 *
 * The handler may still be running on its CPU.
 *
 * Context: any but NMI; takes LOCK_TIMER.
 */
void timer_stop(struct timer *t)
{
	unsigned long flags;
	struct timer_queue *q = lock_queue(t, &flags);

	disarm(q, t);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* On whichever CPU: a migration does not wait for the handler. */
static void wait_for_handler(const struct timer *t)
{
	unsigned int cpu;

	for_each_cpu(cpu, &cpu_online_map) {
		if (cpu == smp_processor_id())
			continue;	/* then we are that handler */
		while (atomic_load(&queue_of(cpu)->running) == t)
			cpu_relax();
	}
}

/**
 * timer_kill() - disarm for good
 * @t: initialised
 *
 * On return the handler does not run (unless it is the caller itself) and
 * timer_set() has no effect any more: the memory may be reused.
 *
 * Context: interrupts on, no lock held that the handler takes; takes
 * LOCK_TIMER.
 */
void timer_kill(struct timer *t)
{
	unsigned long flags;
	struct timer_queue *q = lock_queue(t, &flags);

	disarm(q, t);
	t->killed = true;
	spin_unlock_irqrestore(&q->lock, flags);
	wait_for_handler(t);
}

static unsigned long lock_pair(struct timer_queue *a, struct timer_queue *b)
{
	unsigned long flags = spin_lock_irqsave(&a->lock);

	spin_lock_nested(&b->lock);
	return flags;
}

/**
 * timer_migrate() - let a timer run on another CPU
 * @t:   initialised; stays armed if it is
 * @cpu: online
 *
 * A handler that runs already goes on where it is.
 *
 * Context: any but NMI; takes LOCK_TIMER of both CPUs, lower first.
 */
void timer_migrate(struct timer *t, unsigned int cpu)
{
	struct timer_queue *to = queue_of(cpu);
	unsigned long flags;

	for (;;) {
		unsigned int old = READ_ONCE(t->cpu);
		struct timer_queue *from = queue_of(old);
		bool armed;

		if (old == cpu)
			return;
		flags = old < cpu ? lock_pair(from, to) : lock_pair(to, from);
		if (t->cpu != old) {
			spin_unlock(&from->lock);
			spin_unlock_irqrestore(&to->lock, flags);
			continue;
		}
		armed = t->rank != 0;
		disarm(from, t);
		WRITE_ONCE(t->cpu, (uint16_t)cpu);
		if (armed)
			insert(to, t);
		spin_unlock(&from->lock);
		spin_unlock_irqrestore(&to->lock, flags);
		return;
	}
}

/**
 * timer_active() - is it armed?
 * @t: initialised
 *
 * Context: any; takes no lock: a hint unless the caller excludes changes.
 */
bool timer_active(const struct timer *t)
{
	return READ_ONCE(t->rank) != 0;
}

/* The first timer if it has expired, out of the heap and marked as running. */
static bool take_expired(struct timer_queue *q, void (**fn)(void *),
			 void **arg)
{
	unsigned long flags = spin_lock_irqsave(&q->lock);
	struct timer *t = q->root;
	bool expired = t && t->expires_ns <= system_time_ns();

	if (expired) {
		disarm(q, t);
		*fn = t->fn;
		*arg = t->arg;
		q->nr_fired++;
	}
	atomic_store(&q->running, expired ? t : NULL);
	if (!expired)
		apic_timer_set(t ? t->expires_ns : 0);
	spin_unlock_irqrestore(&q->lock, flags);
	return expired;
}

/* WORK_TIMER: runs what has expired, sets the APIC for what is next. */
static void run_expired(void)
{
	struct timer_queue *q = &this_cpu(timer_queue);
	void (*fn)(void *);
	void *arg;

	while (take_expired(q, &fn, &arg))
		fn(arg);
}

/**
 * timers_init_cpu() - this CPU's empty queue
 *
 * Context: each CPU, before a timer is set there.
 */
void timers_init_cpu(void)
{
	spin_init(&this_cpu(timer_queue).lock, LOCK_TIMER);
}

static void dump_cpu(unsigned int cpu, uint64_t now)
{
	struct timer_queue *q = queue_of(cpu);
	unsigned long flags = spin_lock_irqsave(&q->lock);
	const struct timer *t = q->root;

	printk("  CPU%u: %lu fired", cpu, q->nr_fired);
	/* Down the left side: the heap's order is not total, so only a few. */
	for (; t; t = t->left)
		printk("\n    %pB(%p) in %ld us", (void *)t->fn, t->arg,
		       (int64_t)(t->expires_ns - now) / 1000);
	spin_unlock_irqrestore(&q->lock, flags);
	printk("\n");
}

/**
 * timers_dump() - debug key 'a': what is armed
 *
 * Prints for each CPU the first timer and a path of later ones.
 *
 * Context: WORK_KEYS; takes each CPU's LOCK_TIMER in turn.
 */
void timers_dump(void)
{
	uint64_t now = system_time_ns();
	unsigned int cpu;

	printk("Timers at %lu ns:\n", now);
	for_each_cpu(cpu, &cpu_online_map)
		dump_cpu(cpu, now);
}

/**
 * timers_init() - the boot CPU's queue; WORK_TIMER; debug key 'a'
 *
 * Context: boot CPU, by time_init().
 */
void timers_init(void)
{
	timers_init_cpu();
	work_register(WORK_TIMER, run_expired);
	debug_key_register('a', "timers", timers_dump);
}
