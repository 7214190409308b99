/* SPDX-License-Identifier: MIT */
/*
 * mm-grant.c - grant mappings in a PV guest's page tables
 *
 * A grant mapping is an L1 entry that names another domain's frame. Like any
 * entry it holds its own references (mm-entry.c), besides those that the
 * grant table holds for the mapping: so the guest may overwrite or clear it by
 * any other call. It is made here only, as here alone the frame's owner counts
 * as the one that the entry may name.
 *
 * The caller flushes before it reports a mapping as gone: an entry that is
 * removed may still be in the TLBs of d->dirty_cpus.
 *
 * No locks but those of the functions called.
 */
#include "mm.h"

#include <lodge/errno.h>
#include <lodge/mm.h>
#include <xen/grant_table.h>

#define AVAIL_SHIFT 9
#define AVAIL_BITS  (PTE_AVAIL >> AVAIL_SHIFT)

/**
 * struct pte_place - an L1 entry
 * @pt:   its table, referenced
 * @slot: which entry of it
 */
struct pte_place {
	struct page *pt;
	unsigned int slot;
};

/* @host_addr is an address, or (@contains_pte) the machine address of an
 * entry. False: there is no such L1 table of the caller's. */
static bool find_place(struct vcpu *v, uint64_t host_addr, bool contains_pte,
		       struct pte_place *place)
{
	struct domain *d = v->domain;

	if (!contains_pte) {
		place->pt = pv_l1_table(d, v->pv->kernel_root, host_addr);
		place->slot = pte_slot(host_addr, PT_L1);
		return place->pt;
	}
	if (host_addr % sizeof(uint64_t))
		return false;
	place->pt = pv_table_get(d, paddr_to_mfn(PADDR(host_addr)));
	place->slot = PAGE_OFFSET(host_addr) / sizeof(uint64_t);
	return place->pt;
}

static uint64_t make_entry(mfn_t mfn, unsigned int flags,
			   unsigned int cache_flags)
{
	uint64_t e = pte_make(mfn, PTE_PRESENT | PTE_ACCESSED | PTE_NX |
					   (cache_flags & PTE_CACHE));

	e |= (uint64_t)(flags >> _GNTMAP_guest_avail0 & AVAIL_BITS)
	     << AVAIL_SHIFT;
	if (!(flags & GNTMAP_readonly))
		e |= PTE_RW | PTE_DIRTY;
	if (flags & GNTMAP_application_map)
		e |= PTE_USER;
	return e;
}

/**
 * grant_map() - grant_map_ops->map
 * @v:           current
 * @host_addr:   virtual address, or machine address of an L1 entry
 * @mfn:         the frame; the caller holds what the grant needs
 * @flags:       GNTMAP_
 * @cache_flags: PTE_PWT, PTE_PCD, PTE_PAT
 *
 * What the entry held before is given back.
 *
 * Return: GNTST_okay; GNTST_general_error no such L1 entry of the caller's, or
 *         the frame cannot be mapped so.
 */
static int grant_map(struct vcpu *v, uint64_t host_addr, mfn_t mfn,
		     unsigned int flags, unsigned int cache_flags)
{
	struct pte_write w = {
		.mode = PTE_SET,
		.val = make_entry(mfn, flags, cache_flags),
	};
	struct pte_place place;
	int rc;

	if (!mfn_valid(mfn))
		return GNTST_general_error;
	w.fd = mfn_to_page(mfn)->owner;
	if (!w.fd)
		return GNTST_general_error;
	if (!find_place(v, host_addr, flags & GNTMAP_contains_pte, &place))
		return GNTST_general_error;
	rc = pv_l1_write(place.pt, place.slot, &w);
	pv_table_put(place.pt);
	return rc ? GNTST_general_error : GNTST_okay;
}

/* Clears the entry if it names @mfn; *old is what it was. */
static int clear_entry(struct pte_place *place, mfn_t mfn, uint64_t val,
		       struct domain *fd)
{
	struct pte_write w = {.fd = fd, .mode = PTE_COMPARE, .val = val};
	int rc;

	w.expected = pv_pte_read(place->pt, place->slot);
	for (;;) {
		uint64_t seen = w.expected;

		if (!(seen & PTE_PRESENT) || !mfn_eq(pte_mfn(seen), mfn))
			return GNTST_general_error;
		rc = pv_l1_write(place->pt, place->slot, &w);
		if (rc)
			return GNTST_general_error;
		if (w.expected == seen)
			return GNTST_okay;
	}
}

/**
 * grant_unmap() - grant_map_ops->unmap
 * @v:         current
 * @host_addr: as it was mapped
 * @mfn:       the frame that is expected there
 * @flags:     GNTMAP_ as it was mapped
 *
 * Return: GNTST_okay; GNTST_general_error no such L1 entry of the caller's, or
 *         it does not map @mfn (any more).
 */
static int grant_unmap(struct vcpu *v, uint64_t host_addr, mfn_t mfn,
		       unsigned int flags)
{
	struct pte_place place;
	int rc;

	if (!find_place(v, host_addr, flags & GNTMAP_contains_pte, &place))
		return GNTST_general_error;
	rc = clear_entry(&place, mfn, 0, v->domain);
	pv_table_put(place.pt);
	return rc;
}

/* Moves the entry at @from to @to, which must name @mfn. */
static int move_entry(struct vcpu *v, struct pte_place *from,
		      struct pte_place *to, mfn_t mfn)
{
	struct pte_write w = {.fd = v->domain, .mode = PTE_SET};
	uint64_t e = pv_pte_read(from->pt, from->slot);
	int rc;

	/* The new place pays first; a refusal leaves both as they were. */
	rc = clear_entry(to, mfn, e, v->domain);
	if (rc)
		return rc;
	return pv_l1_write(from->pt, from->slot, &w) ? GNTST_general_error
						     : GNTST_okay;
}

/**
 * grant_replace() - grant_map_ops->replace: GNTTABOP_unmap_and_replace
 * @v:         current
 * @host_addr: virtual address at which the grant is mapped
 * @mfn:       the frame that is expected there
 * @new_addr:  virtual address whose entry is moved there; 0: none
 * @flags:     GNTMAP_ as it was mapped
 *
 * Return: as unmap; GNTST_general_error also: the mapping cannot be moved, or
 *         there is no L1 entry at one of the addresses.
 */
static int grant_replace(struct vcpu *v, uint64_t host_addr, mfn_t mfn,
			 uint64_t new_addr, unsigned int flags)
{
	struct pte_place to, from;
	int rc = GNTST_general_error;

	if (flags & GNTMAP_contains_pte)
		return GNTST_general_error;
	if (!new_addr)
		return grant_unmap(v, host_addr, mfn, flags);
	if (!find_place(v, host_addr, false, &to))
		return rc;
	if (find_place(v, new_addr, false, &from)) {
		rc = move_entry(v, &from, &to, mfn);
		pv_table_put(from.pt);
	}
	pv_table_put(to.pt);
	return rc;
}

const struct grant_map_ops pv_grant_map_ops = {
	.map = grant_map,
	.unmap = grant_unmap,
	.replace = grant_replace,
};
