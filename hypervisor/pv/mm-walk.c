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

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

/**
 * struct walk - a way through four levels
 * @l1:     frame of the L1 table, any number
 * @common: permissions and presence that all levels down to @l1 give
 * @nx:     PTE_NX if one of them has it
 */
struct walk {
	mfn_t l1;
	uint64_t common, nx;
};

static bool guest_address(unsigned long va)
{
	return is_canonical(va) && !l4_slot_is_ours(PT_L4, pte_slot(va, PT_L4));
}

static bool walk_to_l1(mfn_t root, unsigned long va, struct walk *w)
{
	uint64_t common = ~0UL, nx = 0;
	mfn_t table = root;
	unsigned int level;

	if (!guest_address(va))
		return false;
	for (level = PT_L4; level > PT_L1; level--) {
		struct page *pt = page_lookup(table);
		uint64_t e = pt ? pv_pte_read(pt, pte_slot(va, level)) : 0;

		if (!(e & PTE_PRESENT))
			return false;
		common &= e;
		nx |= e & PTE_NX;
		table = pte_mfn(e);
	}
	*w = (struct walk){.l1 = table, .common = common, .nx = nx};
	return true;
}

/* The entry at the end of the way; 0: there is none. */
static uint64_t read_l1e(const struct walk *w, unsigned long va)
{
	struct page *pt = page_lookup(w->l1);

	return pt ? pv_pte_read(pt, pte_slot(va, PT_L1)) : 0;
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

	return walk_to_l1(loaded_root(v), va, &w) ? read_l1e(&w, va) : 0;
}

/**
 * pv_spurious_fault() - was what faulted allowed after all?
 * @v:    current
 * @regs: with the error code of the page fault
 * @addr: where
 *
 * A translation that was there before a permission was added may still be in
 * the TLB; the processor has dropped it with the fault.
 *
 * Return: true: the guest may simply go on.
 */
bool pv_spurious_fault(struct vcpu *v, const struct cpu_user_regs *regs,
		       unsigned long addr)
{
	uint64_t e, error = regs->error_code;
	struct walk w;

	if (error & (PFEC_RSVD | PFEC_PKEY) ||
	    !walk_to_l1(loaded_root(v), addr, &w))
		return false;
	e = read_l1e(&w, addr);
	w.common &= e;
	w.nx |= e & PTE_NX;
	if (!(w.common & PTE_PRESENT) || !(w.common & PTE_USER))
		return false;
	if (error & PFEC_WRITE && !(w.common & PTE_RW))
		return false;
	return !(error & PFEC_INSN && w.nx);
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
