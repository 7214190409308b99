/* SPDX-License-Identifier: MIT */
/*
 * mm-table.c - change one entry of a table that is in force
 *
 * Check, store, drop: what the new entry needs is taken first, then it is
 * stored in one atomic step, then what the old one held is given back. If the
 * new one is refused nothing has changed. Every store into a guest's table
 * goes through l1_store() or pte_store(), every read through pv_pte_read(): the
 * processor sets accessed and dirty bits meanwhile, and nobody else anything.
 *
 * The table's lock (LOCK_PAGETABLE, struct page.lock) orders two vCPUs that
 * change one table. For a table above L1 it is taken while the caller holds the
 * table's type, so that validation and release never run beside it.
 *
 * For an L1 table the lock alone is enough, and no reference is taken:
 *  - it is taken first, of whichever frame, then the frame is looked at: is it
 *    an L1 table in force, of this domain? If not it is let go of again;
 *  - who takes an L1 table out of force marks it first (page_put_type()), then
 *    waits until the lock is free (pv_table_wait()), then releases its entries.
 * Lock and mark are changed by locked instructions before the other is looked
 * at: so one of the two sees the other. Until the lock is free the frame keeps
 * type and owner, as the one who waits has references to both.
 *
 * No CPU holds two of these locks. Nothing that is done under one takes a table
 * out of force, or waits for somebody who does.
 */
#include "mm.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

/* A frame has no room for a lock that knows its level. In the debug build each
 * CPU holds one of its own, for the check, while it holds a table's. */
static spinlock_t order_marks[NR_CPUS] = {
	[0 ... NR_CPUS - 1] = SPINLOCK_INIT(LOCK_PAGETABLE),
};

static void table_lock(struct page *pt)
{
	uint32_t old = 0;

	if (DEBUG_BUILD)
		spin_lock(&order_marks[smp_processor_id()]);
	while (!atomic_cmpxchg(&pt->lock, &old, 1)) {
		cpu_relax();
		old = 0;
	}
}

static void table_unlock(struct page *pt)
{
	atomic_store(&pt->lock, 0);
	if (DEBUG_BUILD)
		spin_unlock(&order_marks[smp_processor_id()]);
}

static uint64_t *pte_address(const struct page *pt, unsigned int slot)
{
	return (uint64_t *)page_to_virt(pt) + slot;
}

/**
 * pv_is_l1_of() - is a frame an L1 table of a domain at this moment?
 * @pt: any frame
 * @d:  the domain
 *
 * The answer lasts while the table's lock is held.
 */
bool pv_is_l1_of(const struct page *pt, const struct domain *d)
{
	uint64_t in_force = (uint64_t)PT_L1 << PTI_TYPE_SHIFT | PTI_VALIDATED;
	uint64_t info = READ_ONCE(pt->type_info);

	return (info & (PTI_TYPE_MASK | PTI_VALIDATED)) == in_force &&
	       READ_ONCE(pt->owner) == d;
}

/* The L1 table of @d's at a frame, locked. NULL: it is none. */
static inline struct page *l1_lock(const struct domain *d, mfn_t mfn)
{
	struct page *pt = page_lookup(mfn);

	/* Locks of frames that are none of the caller's are left alone. */
	if (!pt || !pv_is_l1_of(pt, d))
		return NULL;
	table_lock(pt);
	if (likely(pv_is_l1_of(pt, d)))
		return pt;
	table_unlock(pt);
	return NULL;
}

/**
 * pv_table_wait() - wait for who holds the lock of a table
 * @pt: out of force: nobody takes its lock to keep it any more
 *
 * Context: interrupts on, no table's lock held.
 */
void pv_table_wait(const struct page *pt)
{
	while (unlikely(atomic_load(&pt->lock)))
		cpu_relax();
}

/**
 * pv_pte_store() - store an entry
 * @pt:      a table; no other store can happen meanwhile
 * @slot:    which entry
 * @val:     as it is to be
 * @keep_ad: add the accessed and dirty bits that it has
 *
 * Return: what it was, its accessed and dirty bits up to the last moment.
 */
uint64_t pv_pte_store(struct page *pt, unsigned int slot, uint64_t val,
		      bool keep_ad)
{
	uint64_t *p = pte_address(pt, slot);
	uint64_t old = READ_ONCE(*p), new;

	do {
		new = keep_ad ? val | (old & PTE_AD) : val;
	} while (!atomic_cmpxchg(p, &old, new));
	return old;
}

static bool same_frame(uint64_t a, uint64_t b)
{
	return a & b & PTE_PRESENT && !((a ^ b) & PTE_ADDR_MASK);
}

static bool is_expected(const struct pte_write *w, uint64_t e)
{
	return (e & w->compare) == w->expected;
}

/*
 * Stores @val, to which accessed and dirty bits come that have been set since
 * *@old was read. False: by that the entry is not what is expected any more.
 */
static bool l1_store(uint64_t *p, uint64_t *old, uint64_t val,
		     const struct pte_write *w)
{
	while (!atomic_cmpxchg(p, old, val | (*old & w->keep & PTE_AD)))
		if (!is_expected(w, *old))
			return false;
	return true;
}

/*
 * As pv_l1_write(). An entry that names the same frame as before keeps the
 * references that it goes on needing. So flags can also be changed in an entry
 * that another domain's grant made, as long as they do not allow more. The rest
 * is given back before the lock is free: what stays in the entry may be all
 * that holds the frame, and then the next one to write here drops it.
 */
static int l1_write_locked(struct page *pt, uint64_t *p, struct pte_write *w)
{
	uint64_t old = READ_ONCE(*p), val = w->val | (old & w->keep);
	bool same = w->fd == pt->owner && same_frame(old, val), stored = false;
	int rc;

	if (is_expected(w, old)) {
		rc = pv_l1e_get(pt->owner, w->fd, &val, same ? old : 0);
		if (rc)
			return rc;
		stored = l1_store(p, &old, val, w);
		if (stored)
			pv_l1e_put(old, same ? val : 0);
		else
			pv_l1e_put(val, same ? old : 0);
	}
	w->expected = old;
	return stored ? 0 : -EAGAIN;
}

/**
 * pv_l1_read() - read an entry of an L1 table
 * @d:  whose table
 * @at: any machine address
 * @e:  the entry
 *
 * Context: interrupts on; takes LOCK_PAGETABLE.
 * Return: 0; -ESRCH: no L1 table of @d's is there.
 */
int pv_l1_read(const struct domain *d, paddr_t at, uint64_t *e)
{
	struct page *pt = l1_lock(d, paddr_to_mfn(at));

	if (!pt)
		return -ESRCH;
	*e = pv_pte_read(pt, paddr_slot(at));
	table_unlock(pt);
	return 0;
}

/**
 * pv_l1_write() - change an entry of an L1 table
 * @d:  whose table
 * @at: any machine address; the entry in which it lies
 * @w:  what to store
 *
 * Context: interrupts on; takes LOCK_PAGETABLE.
 * Return: 0; -ESRCH: no L1 table of @d's is there; -EAGAIN: the entry is not
 *         what @w expects; -EINVAL, -EBUSY, -EPERM as pv_l1e_get(). On error
 *         nothing has changed.
 */
int pv_l1_write(const struct domain *d, paddr_t at, struct pte_write *w)
{
	struct page *pt = l1_lock(d, paddr_to_mfn(at));
	int rc;

	if (!pt)
		return -ESRCH;
	rc = l1_write_locked(pt, pte_address(pt, paddr_slot(at)), w);
	table_unlock(pt);
	return rc;
}

/* Same frame as before: nothing to pay. 1: it is not. */
static int upper_write_flags(struct page *pt, unsigned int slot, uint64_t val,
			     bool keep_ad)
{
	int rc = 1;

	table_lock(pt);
	if (same_frame(pv_pte_read(pt, slot), val)) {
		rc = pv_upper_check(&val);
		if (!rc)
			pv_pte_store(pt, slot, val, keep_ad);
	}
	table_unlock(pt);
	return rc;
}

/**
 * pv_upper_write() - change an entry of an L2, L3 or L4 table
 * @pt:      the table; the caller holds its type
 * @level:   its type
 * @slot:    which entry
 * @val:     new entry
 * @keep_ad: add the accessed and dirty bits that it has
 *
 * The table that the old entry named may be left on the release queue.
 *
 * Context: interrupts on; takes LOCK_PAGETABLE.
 * Return: 0; -EINVAL one of our slots, or as pv_upper_get(); -EINTR,
 *         -ERESTART: call again. Nothing has changed on error.
 */
int pv_upper_write(struct page *pt, enum page_type level, unsigned int slot,
		   uint64_t val, bool keep_ad)
{
	uint64_t old;
	int rc;

	if (l4_slot_is_ours(level, slot))
		return -EINVAL;
	rc = upper_write_flags(pt, slot, val, keep_ad);
	if (rc <= 0)
		return rc;
	if (val & PTE_PRESENT) {
		rc = pv_upper_get(pt->owner, level, &val, true);
		if (rc)
			return rc;
	}
	table_lock(pt);
	old = pv_pte_store(pt, slot, val, keep_ad);
	table_unlock(pt);
	pv_upper_put(old);
	return 0;
}
