/* SPDX-License-Identifier: MIT */
/*
 * mm-table.c - change one entry of a table that is in force
 *
 * Check, store, drop: what the new entry needs is taken first, then it is
 * stored in one atomic step, then what the old one held is given back. If the
 * new one is refused nothing has changed. Every store into a guest's table
 * goes through pv_pte_store() or store_if(), every read through
 * pv_pte_read(): the processor sets accessed and dirty bits meanwhile.
 *
 * The table's lock (LOCK_PAGETABLE, struct page.lock) orders two vCPUs that
 * change one table. It is taken while the caller holds the table's type, so
 * that validation and release never run beside it, and never two at a time.
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
 * pv_pte_read() - read an entry, once
 * @pt:   a table
 * @slot: which entry
 */
uint64_t pv_pte_read(const struct page *pt, unsigned int slot)
{
	return READ_ONCE(*pte_address(pt, slot));
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

/* Stores if the entry is *@old; else *@old is what it is. */
static bool store_if(struct page *pt, unsigned int slot, uint64_t *old,
		     uint64_t val)
{
	return atomic_cmpxchg(pte_address(pt, slot), old, val);
}

static bool same_frame(uint64_t a, uint64_t b)
{
	return a & b & PTE_PRESENT && !((a ^ b) & PTE_ADDR_MASK);
}

/* As @w says. True: stored, and *@old is what it replaced. */
static bool l1_store(struct page *pt, unsigned int slot, struct pte_write *w,
		     uint64_t val, uint64_t *old)
{
	if (w->mode == PTE_COMPARE) {
		if (!store_if(pt, slot, &w->expected, val))
			return false;
		*old = w->expected;
		return true;
	}
	*old = pv_pte_store(pt, slot, val, w->mode == PTE_KEEP_AD);
	return true;
}

/*
 * The entry names the same frame as before and gains no write permission: its
 * general reference stays, and its writable one if it keeps the permission.
 * This alone is allowed for entries that another domain's grant made.
 */
static int l1_write_flags(struct page *pt, unsigned int slot,
			  struct pte_write *w)
{
	uint64_t val = w->val, old;
	int rc = pv_l1e_check(pt->owner, &val);

	if (rc || !l1_store(pt, slot, w, val, &old))
		return rc;
	if (pv_frame_is_device(pte_mfn(val)))
		return 0;
	if (old & ~val & PTE_RW)
		page_put_type(mfn_to_page(pte_mfn(val)));
	else if (val & PTE_RW && val & PTE_CACHE)
		page_note_uncached(mfn_to_page(pte_mfn(val)));
	return 0;
}

static int l1_write_locked(struct page *pt, unsigned int slot,
			   struct pte_write *w, uint64_t *drop)
{
	uint64_t old = pv_pte_read(pt, slot), val = w->val;
	int rc;

	*drop = 0;
	if (w->mode == PTE_COMPARE && old != w->expected) {
		w->expected = old;
		return 0;
	}
	if (w->fd == pt->owner && same_frame(old, val) &&
	    !(val & ~old & PTE_RW))
		return l1_write_flags(pt, slot, w);
	if (val & PTE_PRESENT) {
		rc = pv_l1e_get(pt->owner, w->fd, &val);
		if (rc)
			return rc;
	}
	if (!l1_store(pt, slot, w, val, drop))
		*drop = val;
	return 0;
}

/**
 * pv_l1_write() - change an entry of an L1 table
 * @pt:   the table; the caller holds its type
 * @slot: which entry
 * @w:    what to store. PTE_COMPARE: on success @w->expected is what the entry
 *        held, and the store was made exactly if that is what it said before
 *
 * Context: interrupts on; takes LOCK_PAGETABLE.
 * Return: 0; -EINVAL, -EBUSY, -EPERM as pv_l1e_get(): nothing has changed.
 */
int pv_l1_write(struct page *pt, unsigned int slot, struct pte_write *w)
{
	uint64_t drop;
	int rc;

	table_lock(pt);
	rc = l1_write_locked(pt, slot, w, &drop);
	table_unlock(pt);
	pv_l1e_put(drop);
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
