/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - ticket locks, and the check of their order
 *
 * Debug build: each CPU keeps a stack of the locks it holds. A lock may be
 * taken only while all of them have lower levels. An interrupt handler starts
 * afresh (spin_irq_enter()): what the interrupted code holds is no order of
 * the handler's. Instead, no lock may be taken both in interrupt context and
 * with interrupts on; two bits of the lock's level remember how it was used.
 *
 * Locks of LOCK_NONE are not checked at all: early boot and panic use them.
 */
#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

#define LEVEL_MASK	0x00ff
#define USED_IN_IRQ	0x4000	/* taken by an interrupt handler */
#define USED_IRQS_ON	0x8000	/* taken where one might come */

#define MAX_HELD	16

/* [C] An NMI takes no checked locks. */
struct held_locks {
	unsigned int nr;
	unsigned int base;	/* first of this interrupt's own */
	unsigned int irq_depth;
	spinlock_t *lock[MAX_HELD];
};

static struct held_locks held_locks[NR_CPUS];

/* Both counters at once. */
union tickets {
	struct {
		uint16_t next, serving;
	};
	uint32_t both;
};

_Static_assert(offsetof(spinlock_t, serving) == 2, "trylock swaps both");

static unsigned int lock_level(const spinlock_t *l)
{
	return READ_ONCE(l->level) & LEVEL_MASK;
}

static void check_usage(spinlock_t *l, const struct held_locks *h)
{
	uint16_t use = 0;

	if (h->irq_depth)
		use = USED_IN_IRQ;
	else if (irqs_enabled())
		use = USED_IRQS_ON;
	if ((READ_ONCE(l->level) & use) == use)
		return;
	use |= atomic_fetch_or(&l->level, use);
	if ((use & USED_IN_IRQ) && (use & USED_IRQS_ON))
		panic("lock of level %u is used by interrupt handlers, and "
		      "elsewhere taken with interrupts on", lock_level(l));
}

static void check_order(const spinlock_t *l, const struct held_locks *h,
			bool nested)
{
	unsigned int i, level = lock_level(l);

	for (i = h->base; i < h->nr; i++) {
		unsigned int other = lock_level(h->lock[i]);

		if (other < level || (nested && other == level &&
				      h->lock[i] != l))
			continue;
		panic("lock order: level %u wanted while level %u is held",
		      level, other);
	}
}

/* Before the wait, so that an inversion is named even if it does deadlock. */
static void debug_before(spinlock_t *l, bool nested, bool try)
{
	struct held_locks *h = &held_locks[smp_processor_id()];

	if (!DEBUG_BUILD || lock_level(l) == LOCK_NONE)
		return;
	if (!try)
		check_usage(l, h);
	if (!try)
		check_order(l, h, nested);
	BUG_ON(h->nr == MAX_HELD);
}

static void debug_taken(spinlock_t *l)
{
	struct held_locks *h = &held_locks[smp_processor_id()];

	if (!DEBUG_BUILD)
		return;
	WRITE_ONCE(l->holder, (uint16_t)(smp_processor_id() + 1));
	if (lock_level(l) != LOCK_NONE)
		h->lock[h->nr++] = l;
}

/* Locks need not be released in the reverse order. */
static void debug_release(spinlock_t *l)
{
	struct held_locks *h = &held_locks[smp_processor_id()];
	unsigned int i;

	if (!DEBUG_BUILD)
		return;
	if (READ_ONCE(l->holder) != smp_processor_id() + 1)
		panic("lock of level %u released by CPU %u, holder is CPU %d",
		      lock_level(l), smp_processor_id(), l->holder - 1);
	WRITE_ONCE(l->holder, 0);
	if (lock_level(l) == LOCK_NONE)
		return;
	for (i = h->nr; i-- > 0 && h->lock[i] != l;)
		;
	for (h->nr--; i < h->nr; i++)
		h->lock[i] = h->lock[i + 1];
}

/**
 * spin_lock_wait() - wait for one's turn
 * @l:      the lock
 * @ticket: the caller's
 */
void spin_lock_wait(spinlock_t *l, uint16_t ticket)
{
	while (atomic_load(&l->serving) != ticket)
		cpu_relax();
}

static void lock_common(spinlock_t *l, bool nested)
{
	uint16_t ticket;

	debug_before(l, nested, false);
	ticket = atomic_fetch_add(&l->next, (uint16_t)1);
	if (unlikely(atomic_load(&l->serving) != ticket))
		spin_lock_wait(l, ticket);
	debug_taken(l);
}

/**
 * spin_lock_checked() - spin_lock() of the debug build
 * @l: the lock
 */
void spin_lock_checked(spinlock_t *l)
{
	lock_common(l, false);
}

/**
 * spin_lock_nested() - take a lock while another of its level is held
 * @l: the lock; the caller follows the rule that locklevel.h gives for two
 *     locks of that level
 *
 * Context: as spin_lock().
 */
void spin_lock_nested(spinlock_t *l)
{
	lock_common(l, true);
}

/**
 * spin_trylock() - take a lock if it is free
 * @l: the lock
 *
 * Trying cannot deadlock, so the order is not checked.
 *
 * Context: any but NMI.
 * Return: true if it was taken.
 */
bool spin_trylock(spinlock_t *l)
{
	uint32_t *word = (uint32_t *)(void *)l;
	union tickets old = { .both = READ_ONCE(*word) }, new = old;

	if (old.next != old.serving)
		return false;
	debug_before(l, false, true);
	new.next++;
	if (!atomic_cmpxchg(word, &old.both, new.both))
		return false;
	debug_taken(l);
	return true;
}

/**
 * spin_unlock_checked() - spin_unlock() of the debug build
 * @l: the lock
 */
void spin_unlock_checked(spinlock_t *l)
{
	debug_release(l);
	atomic_store(&l->serving, (uint16_t)(l->serving + 1));
}

/**
 * spin_is_held() - for assertions
 * @l: the lock
 *
 * Context: any.
 * Return: debug build: does this CPU hold it? Release build: does anybody?
 */
bool spin_is_held(const spinlock_t *l)
{
	if (DEBUG_BUILD)
		return READ_ONCE(l->holder) == smp_processor_id() + 1;
	return READ_ONCE(l->next) != READ_ONCE(l->serving);
}

/**
 * spin_force_unlock() - break a lock
 * @l: the lock; its holder and those who wait never run again
 *
 * Context: panic only, the other CPUs stopped.
 */
void spin_force_unlock(spinlock_t *l)
{
	l->next = l->serving = 0;
	l->holder = 0;
}

/**
 * spin_irq_enter() - an interrupt handler begins on this CPU
 *
 * Debug build: locks of the interrupted code are no longer compared.
 *
 * Context: interrupts off.
 * Return: what spin_irq_exit() wants.
 */
unsigned int spin_irq_enter(void)
{
	struct held_locks *h = &held_locks[smp_processor_id()];
	unsigned int base = h->base;

	if (!DEBUG_BUILD)
		return 0;
	h->base = h->nr;
	h->irq_depth++;
	return base;
}

/**
 * spin_irq_exit() - the handler is done, and holds no lock any more
 * @base: from spin_irq_enter()
 *
 * Context: interrupts off.
 */
void spin_irq_exit(unsigned int base)
{
	struct held_locks *h = &held_locks[smp_processor_id()];

	if (!DEBUG_BUILD)
		return;
	if (h->nr != h->base)
		panic("interrupt handler keeps a lock of level %u",
		      lock_level(h->lock[h->nr - 1]));
	h->base = base;
	h->irq_depth--;
}

/**
 * spin_assert_none() - this CPU must hold no lock here
 *
 * Debug build: panics if it does. For places that a lock may not be carried
 * over: the return to a guest, the switch to another vCPU.
 *
 * Context: any but NMI.
 */
void spin_assert_none(void)
{
	const struct held_locks *h = &held_locks[smp_processor_id()];

	if (DEBUG_BUILD && h->nr)
		panic("lock of level %u is held where none may be",
		      lock_level(h->lock[h->nr - 1]));
}
