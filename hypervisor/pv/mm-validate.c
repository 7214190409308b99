/* SPDX-License-Identifier: MIT */
/*
 * mm-validate.c - check a frame that becomes a table, and give back after
 *
 * Implements page_type_ops; the states are those of mm/page-type.c. While a
 * table is checked nobody else can change it: it is mapped writable nowhere,
 * TLBs have forgotten that it ever was, and the update calls want a table that
 * is validated. Only the processor may set accessed and dirty bits, through a
 * paging-structure cache that remembers it as a table of the same level.
 *
 * Depth is bounded by the levels: a table asks for those one level below.
 * The way back has no depth at all: a tree's tables go on a queue of their
 * domain, one by one, and pv_release_run() drops their entries; the tables
 * below that lose their last reference by this join the queue.
 *
 * No locks. The queue is pushed to by compare-and-exchange, and emptied as a
 * whole; release_pending counts tables until they are done with.
 */
#include "mm.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

static int validate_l1(struct domain *d, struct page *pt)
{
	unsigned int i;
	int rc = 0;

	for (i = pte_next_present(pt, 0); i < PTES_PER_TABLE;
	     i = pte_next_present(pt, i + 1)) {
		uint64_t raw = pv_pte_read(pt, i), e = raw;

		rc = pv_l1e_get(d, d, &e, 0);
		if (rc)
			break;
		if (e != raw)
			pv_pte_store(pt, i, e, true);
	}
	/* Entry i was refused: those before it are paid. */
	while (rc && i--)
		pv_l1e_put(pv_pte_read(pt, i), 0);
	return rc;
}

/* The entry at @slot, which the guest may have left empty. 1: it has paid. */
static int validate_slot(struct domain *d, struct page *pt,
			 enum page_type level, unsigned int slot,
			 bool preemptible)
{
	uint64_t raw = pv_pte_read(pt, slot), e = raw;
	int rc;

	if (l4_slot_is_ours(level, slot) || !(e & PTE_PRESENT))
		return 0;
	rc = pv_upper_get(d, level, &e, preemptible);
	if (rc)
		return rc;
	if (e != raw)
		pv_pte_store(pt, slot, e, true);
	return 1;
}

static int validate_upper(struct domain *d, struct page *pt,
			  enum page_type level, bool preemptible)
{
	unsigned int i;

	for (i = pte_next_present(pt, pt->nr_validated); i < PTES_PER_TABLE;
	     i = pte_next_present(pt, i + 1)) {
		int rc = validate_slot(d, pt, level, i, preemptible);

		if (rc < 0) {
			pt->nr_validated = i;
			return rc == -EINTR && i ? -ERESTART : rc;
		}
		if (rc && preemptible && i + 1 < PTES_PER_TABLE &&
		    hypercall_preempt_check()) {
			pt->nr_validated = i + 1;
			return -ERESTART;
		}
	}
	pt->nr_validated = PTES_PER_TABLE;
	if (level == PT_L4)
		paging_fill_hyp_slots(page_to_virt(pt), d);
	return 0;
}

/**
 * pv_table_validate() - page_type_ops->validate
 * @pg:          BUSY frame; nr_validated entries are paid already
 * @type:        PT_L1 to PT_L4, or PT_SEG
 * @preemptible: may stop between two entries
 *
 * Context: interrupts on; no lock above LOCK_PAGETABLE.
 * Return: 0; -EINVAL, -EBUSY, -EPERM: an entry is refused: nr_validated says
 *         how many before it are paid (L1, segment: none); -EINVAL also: the
 *         domain is dying; -EINTR: another CPU works on a table below, and
 *         nothing is done; -ERESTART: stopped.
 */
int pv_table_validate(struct page *pg, enum page_type type, bool preemptible)
{
	struct domain *d = pg->owner;
	int rc;

	/* After BUSY was set: teardown sees either that or this refusal. */
	if (!d->pv || domain_is_dying(d))
		return -EINVAL;
	switch (type) {
	case PT_L1:
		return validate_l1(d, pg);
	case PT_L2:
	case PT_L3:
	case PT_L4:
		rc = validate_upper(d, pg, type, preemptible);
		if (rc == -ERESTART)
			pv_note_stopped(pg, type);
		return rc;
	case PT_SEG:
		return pv_segment_validate(pg);
	default:
		return -EINVAL;
	}
}

static void queue_push(struct domain *d, struct page *pg)
{
	struct page *head = READ_ONCE(d->pv->release_list);

	do {
		pg->next_release = head;
	} while (!atomic_cmpxchg(&d->pv->release_list, &head, pg));
}

/**
 * pv_table_release() - page_type_ops->release
 * @pg:   RELEASING (L2 to L4), or BUSY
 * @type: what it was
 *
 * Context: as page_put_type().
 */
void pv_table_release(struct page *pg, enum page_type type)
{
	unsigned int i;

	if (type == PT_SEG)
		return;
	if (type == PT_L1) {
		pv_table_wait(pg);
		for (i = pte_next_present(pg, 0); i < PTES_PER_TABLE;
		     i = pte_next_present(pg, i + 1))
			pv_l1e_put(pv_pte_read(pg, i), 0);
		return;
	}
	atomic_fetch_add(&pg->owner->pv->release_pending, 1);
	queue_push(pg->owner, pg);
}

/* Drops one entry; true if it held something. */
static bool release_slot(struct page *pt, enum page_type level,
			 unsigned int slot)
{
	uint64_t *table = page_to_virt(pt);
	uint64_t e = pv_pte_read(pt, slot);

	if (l4_slot_is_ours(level, slot)) {
		WRITE_ONCE(table[slot], 0);
		return false;
	}
	pv_upper_put(e);
	return e & PTE_PRESENT;
}

/* 0: the table is done with; -ERESTART: stopped, at least one entry on. */
static int release_entries(struct page *pt)
{
	enum page_type level = page_type(pt);

	while (pt->nr_validated) {
		pt->nr_validated--;
		if (release_slot(pt, level, pt->nr_validated) &&
		    pt->nr_validated && hypercall_preempt_check())
			return -ERESTART;
	}
	return 0;
}

/* Works off a list taken from the queue; what is left goes back. */
static int release_list(struct domain *d, struct page *pg)
{
	struct page *next;
	int rc = 0;

	for (; pg; pg = next) {
		next = pg->next_release;
		if (!rc)
			rc = release_entries(pg);
		if (rc) {
			queue_push(d, pg);
			continue;
		}
		page_type_released(pg);
		atomic_sub_return(&d->pv->release_pending, 1);
		if (next && hypercall_preempt_check())
			rc = -ERESTART;
	}
	return rc;
}

/**
 * pv_release_work() - work off a domain's release queue
 * @d: a PV domain
 *
 * When it returns 0 each table that had lost its last reference before the
 * call is none any more, those that another CPU was working on included.
 *
 * Context: interrupts on, no locks; each call gets at least one entry on, or
 * waits for another CPU that does.
 * Return: 0; -ERESTART: stopped, call again.
 */
int pv_release_work(struct domain *d)
{
	while (atomic_load(&d->pv->release_pending)) {
		struct page *pg = atomic_xchg(&d->pv->release_list, NULL);

		if (pg) {
			int rc = release_list(d, pg);

			if (rc)
				return rc;
		} else {
			cpu_relax();
		}
		if (atomic_load(&d->pv->release_pending) &&
		    hypercall_preempt_check())
			return -ERESTART;
	}
	return 0;
}
