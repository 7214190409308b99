/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - ticket locks that know their place in the lock order
 *
 * Fair (FIFO). A lock taken in interrupt context must be taken with
 * interrupts off everywhere: use the _irqsave forms. The debug build asserts
 * the order of locklevel.h per CPU, and that a lock is released by its taker.
 */
#ifndef LODGE_SPINLOCK_H
#define LODGE_SPINLOCK_H

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/locklevel.h>
#include <lodge/types.h>
#include <lodge/x86.h>

typedef struct {
	uint16_t next;		/* [a] ticket handed out next */
	uint16_t serving;	/* [a] ticket whose holder may enter */
	uint16_t level;		/* [a] enum lock_level; how it was used */
	uint16_t holder;	/* debug build: cpu + 1 of the holder */
} spinlock_t;

#define SPINLOCK_INIT(lvl) { 0, 0, (lvl), 0 }

static inline void spin_init(spinlock_t *l, enum lock_level level)
{
	*l = (spinlock_t)SPINLOCK_INIT((uint16_t)level);
}

bool spin_trylock(spinlock_t *l);
/* Somebody else has it, or the order is to be checked. */
void spin_lock_checked(spinlock_t *l);
void spin_unlock_checked(spinlock_t *l);
void spin_lock_wait(spinlock_t *l, uint16_t ticket);

/**
 * spin_lock() - take a lock, in the order of arrival
 * @l: the lock
 *
 * Context: any but NMI. If interrupt handlers take @l, interrupts are off.
 */
static inline void spin_lock(spinlock_t *l)
{
	uint16_t ticket;

	if (DEBUG_BUILD) {
		spin_lock_checked(l);
		return;
	}
	ticket = atomic_fetch_add(&l->next, (uint16_t)1);
	if (unlikely(atomic_load(&l->serving) != ticket))
		spin_lock_wait(l, ticket);
}

/**
 * spin_unlock() - release a lock
 * @l: the lock, taken by this CPU
 *
 * Context: as spin_lock().
 */
static inline void spin_unlock(spinlock_t *l)
{
	if (DEBUG_BUILD)
		spin_unlock_checked(l);
	else
		atomic_store(&l->serving, (uint16_t)(l->serving + 1));
}

/**
 * spin_lock_irqsave() - switch interrupts off, then take a lock
 * @l: the lock
 *
 * Context: any but NMI.
 * Return: what spin_unlock_irqrestore() wants.
 */
static inline unsigned long spin_lock_irqsave(spinlock_t *l)
{
	unsigned long flags = irq_save();

	spin_lock(l);
	return flags;
}

/**
 * spin_unlock_irqrestore() - release a lock, then restore interrupts
 * @l:     the lock, taken by this CPU
 * @flags: from spin_lock_irqsave()
 *
 * Context: any but NMI.
 */
static inline void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags)
{
	spin_unlock(l);
	irq_restore(flags);
}

/**
 * spin_lock_irq() - switch interrupts off, which are on, then take a lock
 * @l: the lock
 *
 * Context: a guest's call, or the like: IRQs on.
 */
static inline void spin_lock_irq(spinlock_t *l)
{
	ASSERT(irqs_enabled());
	irq_disable();
	spin_lock(l);
}

/**
 * spin_unlock_irq() - release a lock, then switch interrupts on
 * @l: the lock, taken by spin_lock_irq()
 *
 * Context: as spin_lock_irq().
 */
static inline void spin_unlock_irq(spinlock_t *l)
{
	spin_unlock(l);
	irq_enable();
}

/* Held by this CPU (debug build), held by anybody (release build). */
bool spin_is_held(const spinlock_t *l);
/* For panic(): break every lock of the output path. */
void spin_force_unlock(spinlock_t *l);

/* Two locks of one level: the order is the caller's rule (locklevel.h). */
void spin_lock_nested(spinlock_t *l);

/* Around an interrupt handler (not NMI): what the interrupted code holds is
 * not compared. Costs nothing in the release build. */
unsigned int spin_irq_enter(void);
void spin_irq_exit(unsigned int base);
/* Debug build: panics if this CPU holds a lock. */
void spin_assert_none(void);

#endif
