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

#include <lodge/locklevel.h>
#include <lodge/types.h>

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

void spin_lock(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
/* Interrupts go off before the lock is waited for. */
unsigned long spin_lock_irqsave(spinlock_t *l);
void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags);
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
