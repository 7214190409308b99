/* SPDX-License-Identifier: MIT */
/*
 * mm-walk.c - find the entry that maps an address, and a frame by its number
 *
 * The walk goes through the direct map and takes no references on its way: a
 * loaded root holds its tables, but another vCPU may take a subtree out of it
 * meanwhile, and what is read then is a frame's new contents. So each frame
 * number is checked to be memory before it is followed, and whoever writes to
 * the entry at which it ends (pv_l1_write()) finds out whether it is one.
 *
 * No locks.
 */
#include "mm.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

/* The bits of an entry that each level of a way must give. No-execute is turned
 * over (rights_of()), as it takes. */
#define RIGHTS (PTE_PRESENT | PTE_USER | PTE_RW | PTE_NX)

/**
 * struct walk - a way through four levels
 * @l1:     frame of the L1 table, any number
 * @rights: what all levels down to it give, of RIGHTS
 */
struct walk {
	mfn_t l1;
	uint64_t rights;
};

static bool guest_address(unsigned long va)
{
	return is_canonical(va) && !l4_slot_is_ours(PT_L4, pte_slot(va, PT_L4));
}

static uint64_t rights_of(uint64_t e)
{
	return (e ^ PTE_NX) & RIGHTS;
}

/* The entry for @va in a frame of memory. */
static inline uint64_t entry_of(mfn_t table, unsigned long va,
				unsigned int level)
{
	const uint64_t *entries =
		(const uint64_t *)(DIRECTMAP_BASE +
				   paddr_x(mfn_to_paddr(table)));

	return READ_ONCE(entries[pte_slot(va, level)]);
}

/* The same in a table that may be any number; 0: there is none. */
static inline uint64_t read_entry(mfn_t table, unsigned long va,
				  unsigned int level)
{
	return mfn_is_memory(table) ? entry_of(table, va, level) : 0;
}

/* One level down: *table is the one below. False: there is none. A root is
 * held by who has it loaded, what other levels name is not. */
static inline bool step_down(mfn_t *table, unsigned long va,
			     unsigned int level, uint64_t *rights)
{
	uint64_t e = level == PT_L4 ? entry_of(*table, va, level)
				    : read_entry(*table, va, level);

	*rights &= rights_of(e);
	*table = pte_mfn(e);
	return e & PTE_PRESENT;
}

static bool walk_to_l1(mfn_t root, unsigned long va, struct walk *w)
{
	uint64_t rights = RIGHTS;
	mfn_t table = root;

	ASSERT(mfn_is_memory(root));
	if (!guest_address(va) || !step_down(&table, va, PT_L4, &rights) ||
	    !step_down(&table, va, PT_L3, &rights) ||
	    !step_down(&table, va, PT_L2, &rights))
		return false;
	*w = (struct walk){.l1 = table, .rights = rights};
	return true;
}

static mfn_t loaded_root(const struct vcpu *v)
{
	return v->pv->kernel_mode ? v->pv->kernel_root : v->pv->user_root;
}

/**
 * pv_find_l1e() - where the L1 entry lies that maps an address
 * @root: frame of the root
 * @va:   any address
 * @at:   its machine address; another vCPU may make it anything meanwhile
 *
 * Return: true; false: a table is missing, or the address is ours.
 */
bool pv_find_l1e(mfn_t root, unsigned long va, paddr_t *at)
{
	struct walk w;

	if (!walk_to_l1(root, va, &w))
		return false;
	*at = PADDR(paddr_x(mfn_to_paddr(w.l1)) |
		    pte_slot(va, PT_L1) * sizeof(uint64_t));
	return true;
}

/**
 * pv_walk_l1e() - the L1 entry that maps an address in the loaded root
 * @v:  current
 * @va: any address
 *
 * Return: the entry; 0: there is none, or the address is ours.
 */
uint64_t pv_walk_l1e(struct vcpu *v, unsigned long va)
{
	struct walk w;

	return walk_to_l1(loaded_root(v), va, &w) ?
		       read_entry(w.l1, va, PT_L1) : 0;
}

/**
 * pv_spurious_fault() - was what faulted allowed after all?
 * @v:    current
 * @regs: with the error code of the page fault
 * @addr: where
 *
 * A translation that was there before a permission was added may still be in
 * the TLB; the processor has dropped it with the fault. None is kept of what
 * was not present.
 *
 * Return: true: the guest may simply go on.
 */
bool pv_spurious_fault(struct vcpu *v, const struct cpu_user_regs *regs,
		       unsigned long addr)
{
	uint64_t error = regs->error_code, rights;
	struct walk w;

	if ((error & (PFEC_PRESENT | PFEC_RSVD | PFEC_PKEY)) != PFEC_PRESENT ||
	    !walk_to_l1(loaded_root(v), addr, &w))
		return false;
	rights = w.rights & rights_of(read_entry(w.l1, addr, PT_L1));
	if (!(rights & PTE_PRESENT) || !(rights & PTE_USER))
		return false;
	if (error & PFEC_WRITE && !(rights & PTE_RW))
		return false;
	return !(error & PFEC_INSN) || rights & PTE_NX;
}

/**
 * pv_gfn_get_page() - guest_ops->gfn_get_page for PV guests
 * @d:      whose
 * @gfn:    equal to the machine frame number
 * @access: GFN_WRITE also takes a writable type reference
 * @rc:     written on error
 *
 * Context: interrupts on; no lock above LOCK_PAGETABLE.
 * Return: the page; NULL and *rc: -EINVAL no memory there, -EPERM not @d's, or
 *         of a type that must not be written.
 */
struct page *pv_gfn_get_page(struct domain *d, gfn_t gfn,
			     enum gfn_access access, int *rc)
{
	struct page *pg = page_lookup(MFN(gfn_x(gfn)));

	*rc = pg ? -EPERM : -EINVAL;
	if (!pg || !page_get(pg, d))
		return NULL;
	if (access == GFN_WRITE && page_get_type(pg, PT_WRITABLE, false)) {
		page_put(pg);
		return NULL;
	}
	*rc = 0;
	return pg;
}
