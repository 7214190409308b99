/* SPDX-License-Identifier: MIT */
/*
 * descriptors.c - a guest's GDT and LDT
 *
 * Both are made of frames of the guest that have the segment type: it cannot
 * write them, and their contents are checked. They are mapped, read-only and
 * for us alone, in the per-domain slot: 14 pages of GDT, then the page of the
 * CPU that runs the vCPU, then from page 16 on the LDT.
 *
 * GDT frames are referenced while they are installed. A page without a frame
 * shows zeroes: a selector in it is one of a descriptor that is not present.
 * LDT pages come in when the processor faults on them, through the mapping
 * that the guest's kernel has for them, and go when the guest sets another
 * LDT, loads another root or flushes, and when the vCPU goes.
 *
 * In a descriptor that is used the privilege level is made 3, as the guest's
 * kernel runs there too, and the accessed bit is set, so that the processor
 * never wants to write it. Gates and system descriptors are refused: with a
 * call gate a guest could enter ring 0.
 *
 * State belongs to the CPU that runs the vCPU; no locks.
 */
#include "mm.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/mm.h>

#define DESC_PER_PAGE	(PAGE_SIZE / sizeof(uint64_t))
#define GDT_MAX_ENTRIES (GDT_GUEST_FRAMES * DESC_PER_PAGE)
#define LDT_MAX_ENTRIES 8192
#define LDT_PAGES	16

#define DESC_ACCESSED (1UL << 40)
#define DESC_S	      (1UL << 44) /* code or data, not system */
#define DESC_DPL3     (3UL << 45)
#define DESC_PRESENT  (1UL << 47)

#define SEL_RPL 3
#define SEL_TI	4 /* of the LDT */

static mfn_t zero_page;

static unsigned long vcpu_area(const struct vcpu *v)
{
	return PERDOMAIN_BASE + v->id * (unsigned long)PERDOMAIN_VCPU_SIZE;
}

/* Sets the mapping of page @page of a vCPU's area. */
static void map_page(struct vcpu *v, unsigned int page, uint64_t pte)
{
	uint64_t *ptes = perdomain_ptes(v->domain, v->id);

	if (ptes[page] == pte)
		return;
	WRITE_ONCE(ptes[page], pte);
	/* Where else it was mapped it is flushed before @v runs there. */
	tlb_flush_local_one(vcpu_area(v) + page * PAGE_SIZE);
}

/**
 * pv_descriptors_init() - at boot, once
 *
 * Return: 0; -ENOMEM.
 */
int pv_descriptors_init(void)
{
	void *va = frames_alloc(0, MEMF_ZERO);

	if (!va)
		return -ENOMEM;
	zero_page = virt_to_mfn(va);
	return 0;
}

/**
 * pv_check_descriptor() - may a guest have that descriptor?
 * @desc: changed so that it is harmless
 *
 * Return: false: it is a gate or another system descriptor.
 */
bool pv_check_descriptor(uint64_t *desc)
{
	if (!(*desc & DESC_PRESENT))
		return true;
	if (!(*desc & DESC_S))
		return false;
	*desc |= DESC_DPL3 | DESC_ACCESSED;
	return true;
}

/**
 * pv_segment_validate() - check a frame that becomes a descriptor page
 * @pg: BUSY frame: nobody else can write it
 *
 * Return: 0; -EINVAL a descriptor is refused.
 */
int pv_segment_validate(struct page *pg)
{
	uint64_t *desc = page_to_virt(pg), d;
	unsigned int i;

	for (i = 0; i < DESC_PER_PAGE; i++) {
		d = READ_ONCE(desc[i]);
		if (!pv_check_descriptor(&d))
			return -EINVAL;
		if (d != desc[i])
			WRITE_ONCE(desc[i], d);
	}
	return 0;
}

/**
 * pv_fixup_selector() - may a guest have that selector?
 * @sel: its privilege level is made 3, that of a null selector stays
 *
 * Return: false: it names a descriptor of ours that is not for guests.
 */
bool pv_fixup_selector(uint16_t *sel)
{
	uint16_t s = *sel | SEL_RPL;

	if (!(*sel & ~SEL_RPL))
		return true;
	if (!(s & SEL_TI) && s >= GDT_RESERVED_BYTE && s != SEL_RING3_CS32 &&
	    s != SEL_RING3_DS32 && s != SEL_RING3_CS64)
		return false;
	*sel = s;
	return true;
}

static struct page *get_segment_page(struct domain *d, uint64_t mfn)
{
	struct page *pg;

	if (!mfn_valid(MFN(mfn)))
		return NULL;
	pg = mfn_to_page(MFN(mfn));
	if (!page_get(pg, d))
		return NULL;
	if (page_get_type(pg, PT_SEG, false)) {
		page_put(pg);
		return NULL;
	}
	return pg;
}

static void put_segment_page(mfn_t mfn)
{
	struct page *pg = mfn_to_page(mfn);

	page_put_type(pg);
	page_put(pg);
}

static unsigned int gdt_pages(unsigned int entries)
{
	return DIV_ROUND_UP(entries, DESC_PER_PAGE);
}

/* Shows the first @nr pages of the GDT, and zeroes in the others. */
static void map_gdt(struct vcpu *v, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < GDT_GUEST_FRAMES; i++)
		map_page(v, i,
			 pte_make(i < nr ? v->pv->gdt_frames[i] : zero_page,
				  MAP_RO));
}

/**
 * pv_destroy_gdt() - take a vCPU's GDT away
 * @v: current, or not running
 *
 * Context: interrupts on.
 */
void pv_destroy_gdt(struct vcpu *v)
{
	unsigned int i, nr = gdt_pages(v->pv->gdt_entries);

	if (!nr)
		return;
	map_gdt(v, 0);
	v->pv->gdt_entries = 0;
	for (i = 0; i < nr; i++)
		put_segment_page(v->pv->gdt_frames[i]);
}

/**
 * pv_set_gdt() - give a vCPU another GDT
 * @v:       current, or not running
 * @frames:  machine frames of it, as many as @entries need
 * @entries: descriptors in it; 0: none
 *
 * Context: interrupts on.
 * Return: 0, and the old frames are released; -EINVAL too many entries, or a
 *         frame is not the domain's, or is used otherwise, or holds a
 *         descriptor that is refused: the old GDT stays.
 */
int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
	unsigned int i, nr = gdt_pages(entries);

	if (entries > GDT_MAX_ENTRIES)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (!get_segment_page(v->domain, frames[i])) {
			while (i--)
				put_segment_page(MFN(frames[i]));
			return -EINVAL;
		}
	}
	pv_destroy_gdt(v);
	for (i = 0; i < nr; i++)
		v->pv->gdt_frames[i] = MFN(frames[i]);
	v->pv->gdt_entries = entries;
	map_gdt(v, nr);
	return 0;
}

/**
 * pv_destroy_ldt_pages() - forget the LDT pages that were faulted in
 * @v: current, or not running
 *
 * They are looked up anew when the processor needs them.
 *
 * Context: interrupts on.
 */
void pv_destroy_ldt_pages(struct vcpu *v)
{
	uint64_t *ptes;
	unsigned int i;

	if (!v->pv->ldt_mapped)
		return;
	ptes = perdomain_ptes(v->domain, v->id);
	for (i = 0; i < LDT_PAGES; i++) {
		mfn_t mfn = pte_mfn(ptes[PERDOMAIN_LDT_PAGE + i]);

		if (!(v->pv->ldt_mapped >> i & 1))
			continue;
		map_page(v, PERDOMAIN_LDT_PAGE + i, 0);
		put_segment_page(mfn);
	}
	v->pv->ldt_mapped = 0;
}

/**
 * pv_destroy_ldt() - take a vCPU's LDT away
 * @v: not running any more
 *
 * Context: interrupts on.
 */
void pv_destroy_ldt(struct vcpu *v)
{
	pv_destroy_ldt_pages(v);
	v->pv->ldt_entries = 0;
	v->pv->ldt_base = 0;
}

static unsigned long ldt_area(const struct vcpu *v)
{
	return vcpu_area(v) + PERDOMAIN_LDT_PAGE * PAGE_SIZE;
}

/**
 * pv_set_ldt() - MMUEXT_SET_LDT
 * @v:       current
 * @base:    virtual address in the guest's kernel, on a page boundary
 * @entries: descriptors in it; 0: none, whatever @base is
 *
 * Context: interrupts on.
 * Return: 0; -EINVAL more than 8192 entries, or an address that no guest has.
 */
int pv_set_ldt(struct vcpu *v, unsigned long base, unsigned int entries)
{
	if (!entries)
		base = 0;
	if (entries > LDT_MAX_ENTRIES || PAGE_OFFSET(base) ||
	    !is_canonical(base) ||
	    (base >= RO_M2P_BASE && base < DIRECTMAP_END + (1UL << 39)))
		return -EINVAL;
	if (v->pv->ldt_base == base && v->pv->ldt_entries == entries)
		return 0;
	pv_destroy_ldt_pages(v);
	v->pv->ldt_base = base;
	v->pv->ldt_entries = entries;
	load_ldt(ldt_area(v), entries);
	return 0;
}

/**
 * pv_ldt_fault() - the processor faulted on a page of the LDT
 * @v:      current
 * @offset: bytes into the mapped LDT area
 *
 * Context: interrupts on.
 * Return: true: the page is there now, run the instruction again; false: it
 *         is not part of the LDT, or what the guest has there is refused.
 */
bool pv_ldt_fault(struct vcpu *v, unsigned long offset)
{
	unsigned int i = offset / PAGE_SIZE;
	unsigned long va = v->pv->ldt_base + i * PAGE_SIZE;
	struct page *pg;
	paddr_t at;
	uint64_t e;

	if (offset / sizeof(uint64_t) >= v->pv->ldt_entries ||
	    v->pv->ldt_mapped >> i & 1)
		return false;
	/* The user's root need not map it. */
	if (!pv_find_l1e(v->pv->kernel_root, va, &at) ||
	    pv_l1_read(v->domain, at, &e) || !(e & PTE_PRESENT))
		return false;
	pg = get_segment_page(v->domain, mfn_x(pte_mfn(e)));
	if (!pg)
		return false;
	map_page(v, PERDOMAIN_LDT_PAGE + i, pte_make(page_to_mfn(pg), MAP_RO));
	v->pv->ldt_mapped |= (uint16_t)(1U << i);
	return true;
}

/**
 * pv_load_descriptors() - load GDTR and LDTR for a vCPU on this CPU
 * @v: the vCPU that this CPU switches to; its root is loaded
 *
 * Context: interrupts off.
 */
void pv_load_descriptors(struct vcpu *v)
{
	if (!v->pv->gdt_entries)
		map_gdt(v, 0);
	map_page(v, GDT_GUEST_FRAMES,
		 pte_make(cpu_gdt_mfn(smp_processor_id()), MAP_RO));
	load_gdt(vcpu_area(v));
	load_ldt(ldt_area(v), v->pv->ldt_entries);
}

/**
 * hypercall_set_gdt() - give the calling vCPU another GDT
 * @v: current
 * @a: address of a list of frame numbers, number of descriptors
 *
 * Return: 0; -EINVAL as pv_set_gdt(); -EFAULT.
 */
long hypercall_set_gdt(struct vcpu *v, const struct call_args *a)
{
	uint64_t frames[GDT_GUEST_FRAMES];
	unsigned int entries = (uint32_t)a->arg1;

	if (entries > GDT_MAX_ENTRIES)
		return -EINVAL;
	if (copy_from_guest(frames, GUEST_PTR(a->arg0),
			    gdt_pages(entries) * sizeof(frames[0])))
		return -EFAULT;
	return pv_set_gdt(v, frames, entries);
}

/* Stores a checked descriptor in a frame that may hold it. */
static int store_descriptor(struct page *pg, unsigned int at, uint64_t desc)
{
	uint64_t *p = (uint64_t *)page_to_virt(pg) + at;
	enum page_type type = page_hold_type(pg);
	int rc = 0;

	if (type == PT_NONE) {
		type = PT_WRITABLE;
		rc = page_get_type(pg, type, false);
		if (rc)
			return rc;
	}
	if (type == PT_SEG || type == PT_WRITABLE)
		WRITE_ONCE(*p, desc);
	else
		rc = -EINVAL;
	page_put_type(pg);
	return rc;
}

/**
 * hypercall_update_descriptor() - write one descriptor
 * @v: current
 * @a: machine address of it, new contents
 *
 * Return: 0; -EINVAL not aligned, not the domain's, the frame is a page
 *         table, or the descriptor is refused.
 */
long hypercall_update_descriptor(struct vcpu *v, const struct call_args *a)
{
	mfn_t mfn = paddr_to_mfn(PADDR(a->arg0));
	uint64_t desc = a->arg1;
	struct page *pg;
	int rc;

	if (a->arg0 % sizeof(desc) || !mfn_valid(mfn) ||
	    !pv_check_descriptor(&desc))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!page_get(pg, v->domain))
		return -EINVAL;
	rc = store_descriptor(pg, PAGE_OFFSET(a->arg0) / sizeof(desc), desc);
	page_put(pg);
	return rc;
}
