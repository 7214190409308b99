/* SPDX-License-Identifier: MIT */
/*
 * mm-ptwrite.c - a guest's plain stores to its L1 tables
 *
 * A guest maps its tables read-only; a store to one faults. If it is an L1
 * table of its own the store is decoded and done as an explicit update: the
 * operand is fetched once, checked and stored (mm-table.c). Stores lie within
 * one entry of one table: whatever crosses, or cannot be checked as a whole,
 * stays the page fault that it is. So does a value that is refused.
 *
 * Pages of interrupt controllers and MSI-X tables are read-only to everybody
 * as well. Drivers of the control domain that mask an interrupt write there:
 * the store is decoded, and dropped.
 *
 * If the frame is no table of the guest's any more by then, the store is
 * refused. No locks but those of the functions called.
 */
#include "mm.h"

#include <lodge/cpu.h>
#include <lodge/emulate.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/mm.h>

#define DR6_BS 0x4000UL

/**
 * struct ptwrite - one store
 * @v:     current
 * @table: the frame that is to be written
 * @is_device: a device page, to which nothing is stored
 * @page:  virtual address at which it is mapped
 */
struct ptwrite {
	struct vcpu *v;
	mfn_t table;
	bool is_device;
	unsigned long page;
};

static unsigned int pt_fetch(struct emul_ctxt *c, uint64_t addr, void *buf,
			     unsigned int bytes)
{
	size_t left = copy_from_guest(buf, GUEST_PTR(addr), bytes);

	if (left)
		emul_raise_pf(c, addr + bytes - left, PFEC_USER | PFEC_INSN);
	return bytes - (unsigned int)left;
}

static int pt_segment(struct emul_ctxt *c, enum emul_seg seg,
		      struct emul_segment *out)
{
	*out = (struct emul_segment){
		.usable = true,
		.readable = true,
		.writable = true,
		.limit = ~0U,
		.big = true,
	};
	if (seg == EMUL_SEG_FS)
		out->base = rdmsr(MSR_FS_BASE);
	else if (seg == EMUL_SEG_GS)
		out->base = rdmsr(MSR_GS_BASE);
	return EMUL_OK;
}

static int pt_read(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		   struct emul_val *val, unsigned int bytes)
{
	size_t left;

	*val = (struct emul_val){0};
	left = copy_from_guest(val, GUEST_PTR(addr), bytes);
	if (left)
		return emul_raise_pf(c, addr + bytes - left, PFEC_USER);
	return EMUL_OK;
}

/* Does the store lie in one entry of the page that faulted? */
static bool store_fits(const struct ptwrite *w, uint64_t addr,
		       unsigned int bytes)
{
	return (addr & PAGE_MASK) == w->page &&
	       addr % sizeof(uint64_t) + bytes <= sizeof(uint64_t);
}

static uint64_t operand_mask(unsigned int bytes)
{
	return bytes < 8 ? (1UL << bytes * 8) - 1 : ~0UL;
}

/*
 * Replaces the bytes at @addr by @val, if they are *@old or if @old is NULL.
 * *@old becomes what they were.
 */
static int store(struct ptwrite *w, uint64_t addr, uint64_t *old, uint64_t val,
		 unsigned int bytes)
{
	unsigned int shift = addr % sizeof(uint64_t) * 8;
	uint64_t mask = operand_mask(bytes) << shift;
	uint64_t at = paddr_x(mfn_to_paddr(w->table)) | PAGE_OFFSET(addr);
	struct pte_write pw = {
		.fd = w->v->domain,
		.val = val << shift & mask,
		.keep = ~mask,
	};
	int rc;

	if (old) {
		pw.compare = mask;
		pw.expected = *old << shift & mask;
	}
	rc = pv_l1_write(w->v->domain, PADDR(at), &pw);
	if (rc && rc != -EAGAIN)
		return EMUL_UNHANDLED;
	if (old)
		*old = (pw.expected & mask) >> shift;
	return EMUL_OK;
}

static int pt_write(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		    const struct emul_val *val, unsigned int bytes)
{
	struct ptwrite *w = c->priv;

	if (!store_fits(w, addr, bytes))
		return EMUL_UNHANDLED;
	return w->is_device ? EMUL_OK : store(w, addr, NULL, val->lo, bytes);
}

static int pt_cmpxchg(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		      struct emul_val *old, const struct emul_val *new,
		      unsigned int bytes, bool lock)
{
	struct ptwrite *w = c->priv;

	if (!store_fits(w, addr, bytes))
		return EMUL_UNHANDLED;
	if (w->is_device)
		return pt_read(c, seg, addr, old, bytes);
	return store(w, addr, &old->lo, new->lo, bytes);
}

static const struct emul_ops ptwrite_ops = {
	.fetch = pt_fetch,
	.segment = pt_segment,
	.read = pt_read,
	.write = pt_write,
	.cmpxchg = pt_cmpxchg,
};

/* What @rc means for the guest. True: it may go on (or has an exception). */
static bool finish(struct vcpu *v, const struct emul_ctxt *c, int rc)
{
	switch (rc) {
	case EMUL_OK:
		if (c->retire & EMUL_RETIRE_SINGLESTEP) {
			v->pv->dr[6] |= DR6_BS;
			pv_inject_trap(v, X86_EXC_DB, 0);
		}
		return true;
	case EMUL_RETRY:
		return true;
	case EMUL_EXCEPTION:
		if (c->event.vector == X86_EXC_PF)
			pv_inject_page_fault(v, c->event.cr2, c->event.error);
		else
			pv_inject_trap(v, c->event.vector, c->event.error);
		return true;
	default:
		return false;
	}
}

/**
 * pv_ptwrite_fault() - a write fault on a page that is there
 * @v:    current, in the guest's kernel mode
 * @regs: its frame
 * @addr: where it faulted
 *
 * Context: interrupts on, no locks.
 * Return: true: the store is done (or is to be tried again, or the guest has
 *         another exception); false: not a table or device page, or refused.
 */
bool pv_ptwrite_fault(struct vcpu *v, struct cpu_user_regs *regs,
		      unsigned long addr)
{
	struct ptwrite w = {.v = v, .page = addr & PAGE_MASK};
	struct emul_ctxt c = {
		.ops = &ptwrite_ops,
		.priv = &w,
		.regs = regs,
		.mode = EMUL_MODE_64,
	};
	uint64_t e = pv_walk_l1e(v, addr);
	struct page *pg;

	if (!(e & PTE_PRESENT) || e & PTE_RW)
		return false;
	w.table = pte_mfn(e);
	pg = pte_page(e);
	w.is_device = !pg;
	if (pg ? !pv_is_l1_of(pg, v->domain) : !irq_mmio_protected(w.table))
		return false;
	return finish(v, &c, emul_run(&c));
}
