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
 * The tables above L1 are walked once for neighbours in a list (grant_near). Who
 * changes them meanwhile may find entries of that list in the L1 table that was
 * there before: no other than if the change came later.
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

/* The addresses of one L1 table; never 0. */
#define REGION_SHIFT 21
#define REGION_KNOWN (1UL << 63)

static __noinline bool find_anew(struct vcpu *v, unsigned long va, paddr_t *at)
{
	if (!pv_find_l1e(v->pv->kernel_root, va, at))
		return false;
	v->grant_near = (struct grant_near){
		.region = va >> REGION_SHIFT | REGION_KNOWN,
		.table = paddr_x(*at) & PAGE_MASK,
	};
	return true;
}

/* @host_addr is an address, or (@contains_pte) already the machine address of
 * an entry. False: there is no table for it. */
static inline bool find_place(struct vcpu *v, uint64_t host_addr,
			      bool contains_pte, paddr_t *at)
{
	const struct grant_near *near = &v->grant_near;

	if (contains_pte) {
		*at = PADDR(host_addr);
		return host_addr % sizeof(uint64_t) == 0;
	}
	if (near->region != (host_addr >> REGION_SHIFT | REGION_KNOWN))
		return find_anew(v, host_addr, at);
	*at = PADDR(near->table |
		    pte_slot(host_addr, PT_L1) * sizeof(uint64_t));
	return true;
}

static uint64_t make_entry(mfn_t mfn, unsigned int flags)
{
	uint64_t e = pte_make(mfn, PTE_PRESENT | PTE_ACCESSED | PTE_NX);

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
 * @v:         current
 * @host_addr: virtual address, or machine address of an L1 entry
 * @pg:        the frame; the caller holds what the grant needs
 * @flags:     GNTMAP_
 *
 * What the entry held before is given back.
 *
 * Return: GNTST_okay; GNTST_general_error no such L1 entry of the caller's, or
 *         the frame cannot be mapped so.
 */
static int grant_map(struct vcpu *v, uint64_t host_addr, struct page *pg,
		     unsigned int flags)
{
	struct pte_write w = {
		.fd = pg->owner,
		.val = make_entry(page_to_mfn(pg), flags),
	};
	paddr_t at;

	if (!w.fd ||
	    !find_place(v, host_addr, flags & GNTMAP_contains_pte, &at))
		return GNTST_general_error;
	return pv_l1_write(v->domain, at, &w) ? GNTST_general_error
					      : GNTST_okay;
}

/* Replaces the entry if it names @mfn, and allows what GNTMAP_ @flags say. */
static int replace_entry(struct vcpu *v, paddr_t at, mfn_t mfn,
			 unsigned int flags, uint64_t val)
{
	uint64_t rw = flags & GNTMAP_readonly ? 0 : PTE_RW;
	struct pte_write w = {
		.fd = v->domain,
		.val = val,
		.compare = PTE_PRESENT | PTE_RW | PTE_ADDR_MASK,
		.expected = pte_make(mfn, PTE_PRESENT | rw),
	};

	return pv_l1_write(v->domain, at, &w) ? GNTST_general_error
					      : GNTST_okay;
}

/**
 * grant_unmap() - grant_map_ops->unmap
 * @v:         current
 * @host_addr: as it was mapped
 * @mfn:       the frame that is expected there
 * @flags:     GNTMAP_ as it was mapped
 *
 * Return: GNTST_okay; GNTST_general_error no such L1 entry of the caller's, or
 *         it does not map @mfn (any more), or not as @flags say.
 */
static int grant_unmap(struct vcpu *v, uint64_t host_addr, mfn_t mfn,
		       unsigned int flags)
{
	paddr_t at;

	if (!find_place(v, host_addr, flags & GNTMAP_contains_pte, &at))
		return GNTST_general_error;
	return replace_entry(v, at, mfn, flags, 0);
}

/* Moves the entry at @from to @to, which must name @mfn. */
static int move_entry(struct vcpu *v, paddr_t from, paddr_t to, mfn_t mfn,
		      unsigned int flags)
{
	struct pte_write w = {.fd = v->domain};
	uint64_t e;
	int rc;

	if (pv_l1_read(v->domain, from, &e))
		return GNTST_general_error;
	/* The new place pays first; a refusal leaves both as they were. */
	rc = replace_entry(v, to, mfn, flags, e);
	if (rc)
		return rc;
	return pv_l1_write(v->domain, from, &w) ? GNTST_general_error
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
	paddr_t to, from;

	if (flags & GNTMAP_contains_pte)
		return GNTST_general_error;
	if (!new_addr)
		return grant_unmap(v, host_addr, mfn, flags);
	if (!find_place(v, host_addr, false, &to) ||
	    !find_place(v, new_addr, false, &from))
		return GNTST_general_error;
	return move_entry(v, from, to, mfn, flags);
}

const struct grant_map_ops pv_grant_map_ops = {
	.map = grant_map,
	.unmap = grant_unmap,
	.replace = grant_replace,
};
