/* SPDX-License-Identifier: MIT */
/*
 * mm-walk.c - find the entry that maps an address, and a frame by its number
 *
 * The walk goes through the direct map and takes no references on its way: a
 * loaded root holds its tables, but another vCPU may take a subtree out of it
 * meanwhile, and what is read then is a frame's new contents. So each frame
 * number is checked to be memory before it is followed, and whoever wants to
 * write to the table it ends at holds that table's type first.
 *
 * No locks.
 */
#include "mm.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

/**
 * struct walk - a way through four levels
 * @l1:     frame of the L1 table
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
	unsigned int level;

	*w = (struct walk){.l1 = root, .common = ~0UL};
	if (!guest_address(va))
		return false;
	for (level = PT_L4; level > PT_L1; level--) {
		uint64_t e;

		if (!mfn_valid(w->l1))
			return false;
		e = pv_pte_read(mfn_to_page(w->l1), pte_slot(va, level));
		if (!(e & PTE_PRESENT))
			return false;
		w->common &= e;
		w->nx |= e & PTE_NX;
		w->l1 = pte_mfn(e);
	}
	return mfn_valid(w->l1);
}

static mfn_t loaded_root(const struct vcpu *v)
{
	return v->pv->kernel_mode ? v->pv->kernel_root : v->pv->user_root;
}

/**
 * pv_table_get() - reference a frame that is an L1 table now
 * @d:   whose
 * @mfn: any number
 *
 * Return: the table with a general and an L1 type reference, which
 *         pv_table_put() drops; NULL: not @d's, or not an L1 table.
 */
struct page *pv_table_get(struct domain *d, mfn_t mfn)
{
	enum page_type type;
	struct page *pt;

	if (!mfn_valid(mfn))
		return NULL;
	pt = mfn_to_page(mfn);
	if (!page_get(pt, d))
		return NULL;
	type = page_hold_type(pt);
	if (type == PT_L1)
		return pt;
	if (type != PT_NONE)
		page_put_type(pt);
	page_put(pt);
	return NULL;
}

/**
 * pv_table_put() - drop what pv_table_get() or pv_l1_table() took
 * @pt: the table
 */
void pv_table_put(struct page *pt)
{
	page_put_type(pt);
	page_put(pt);
}

/**
 * pv_l1_table() - the L1 table that maps an address
 * @d:    whose tables
 * @root: frame of the root
 * @va:   any address
 *
 * Return: as pv_table_get(); NULL also if a table above is missing.
 */
struct page *pv_l1_table(struct domain *d, mfn_t root, unsigned long va)
{
	struct walk w;

	return walk_to_l1(root, va, &w) ? pv_table_get(d, w.l1) : NULL;
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

	if (!walk_to_l1(loaded_root(v), va, &w))
		return 0;
	return pv_pte_read(mfn_to_page(w.l1), pte_slot(va, PT_L1));
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
	e = pv_pte_read(mfn_to_page(w.l1), pte_slot(addr, PT_L1));
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
	mfn_t mfn = MFN(gfn_x(gfn));
	struct page *pg;

	*rc = -EINVAL;
	if (!mfn_valid(mfn))
		return NULL;
	*rc = -EPERM;
	pg = mfn_to_page(mfn);
	if (!page_get(pg, d))
		return NULL;
	if (access == GFN_WRITE && page_get_type(pg, PT_WRITABLE, false)) {
		page_put(pg);
		return NULL;
	}
	*rc = 0;
	return pg;
}
