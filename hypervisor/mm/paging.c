/* SPDX-License-Identifier: MIT */
/*
 * paging.c - the hypervisor's own page tables
 *
 * hyp_l4 is the root that idle CPUs use; every other root copies its slots 256
 * to 271, except that of per-domain mappings, so they share the tables below
 * and see each change at once. No table of ours is ever freed.
 *
 * The direct map holds memory only (RAM of the loader's map), in the largest
 * pages that fit, never executable: what is not memory is never mapped
 * cacheable, ioremap() maps it on demand. The image, and the direct map of it,
 * have 4 KiB pages: at first all of it is writable, as the entry code is
 * patched; paging_protect_image() ends that, in both places.
 *
 * Locks: LOCK_PAGING, IRQs on, guards the entries of tables once APs run.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

#define L4_INDEX(va)	(((va) >> SHIFT_512G) & 511)
#define LINK_FLAGS	(PTE_PRESENT | PTE_RW | PTE_ACCESSED)
/* Early tables map the low 4 GiB: ours must lie there until we switch. */
#define EARLY_LIMIT	(1UL << (32 - PAGE_SHIFT))

uint64_t *hyp_l4;

static spinlock_t paging_lock = SPINLOCK_INIT(LOCK_PAGING);
static struct bootmem *early_frames;	/* until the allocator runs */

static uint64_t pte_make(mfn_t mfn, uint64_t flags)
{
	if (!cpu_features.nx)
		flags &= ~PTE_NX;
	return mfn_x(mfn) << PAGE_SHIFT | flags;
}

static uint64_t *entry_table(uint64_t e)
{
	return mfn_to_virt(MFN((e & PTE_ADDR_MASK) >> PAGE_SHIFT));
}

static uint64_t link_flags(unsigned long va)
{
	return L4_INDEX(va) == L4_INDEX(RO_M2P_BASE) ? LINK_FLAGS | PTE_USER :
						       LINK_FLAGS;
}

static uint64_t *early_table(void)
{
	uint64_t mfn = bootmem_alloc(early_frames, 1, 1, EARLY_LIMIT);
	uint64_t *table;

	if (!mfn)
		panic_no_memory("page tables below 4 GiB");
	table = mfn_to_virt(MFN(mfn));
	memset(table, 0, PAGE_SIZE);
	return table;
}

/* The entry for @va in the table whose entries cover 2^shift bytes. */
static uint64_t *early_entry(unsigned long va, unsigned int shift)
{
	uint64_t *table = hyp_l4;
	unsigned int s;

	for (s = SHIFT_512G; s > shift; s -= 9) {
		uint64_t *e = &table[(va >> s) & 511];

		if (!*e)
			*e = pte_make(virt_to_mfn(early_table()),
				      link_flags(va));
		BUG_ON(s < SHIFT_512G && (*e & PTE_PSE));
		table = entry_table(*e);
	}
	return &table[(va >> shift) & 511];
}

static unsigned int best_shift(unsigned long va, uint64_t pa, uint64_t bytes,
			       unsigned int most)
{
	unsigned int shift = most;

	while (shift > PAGE_SHIFT &&
	       (((va | pa) & (BIT(shift) - 1)) || bytes < BIT(shift)))
		shift -= 9;
	return shift;
}

/* Large pages up to 2^most bytes. */
static void early_map(unsigned long va, uint64_t pa, uint64_t bytes,
		      uint64_t flags, unsigned int most)
{
	if (most == SHIFT_1G && !cpu_features.pages_1g)
		most = SHIFT_2M;
	while (bytes) {
		unsigned int shift = best_shift(va, pa, bytes, most);
		uint64_t f = shift > PAGE_SHIFT ? flags | PTE_PSE : flags;

		*early_entry(va, shift) = pte_make(MFN(pa >> PAGE_SHIFT), f);
		va += BIT(shift);
		pa += BIT(shift);
		bytes -= BIT(shift);
	}
}

/* The image and what shares its large pages get small ones. */
static void early_direct_map(uint64_t start, uint64_t end)
{
	uint64_t image[2] = {
		ALIGN_DOWN((uint64_t)IMAGE_PHYS_BASE, SIZE_2M),
		ALIGN_UP(IMAGE_PHYS_BASE + (uint64_t)(image_end - image_start),
			 SIZE_2M),
	};

	while (start < end) {
		unsigned int most = SHIFT_1G;
		uint64_t stop = end;

		if (start < image[0]) {
			stop = min(stop, image[0]);
		} else if (start < image[1]) {
			stop = min(stop, image[1]);
			most = PAGE_SHIFT;
		}
		early_map(DIRECTMAP_BASE + start, start, stop - start, MAP_RW,
			  most);
		start = stop;
	}
}

/* L3s of all slots that every root shares. */
static void early_slots(void)
{
	unsigned int i;

	hyp_l4 = early_table();
	for (i = HYP_FIRST_SLOT; i < HYP_LAST_SLOT; i++)
		if (i != PERDOMAIN_SLOT)
			early_entry((unsigned long)i << SHIFT_512G |
					    0xffffUL << 48,
				    SHIFT_1G);
}

static uint64_t early_large_page(void)
{
	uint64_t mfn = bootmem_alloc(early_frames, FRAMES_2M, FRAMES_2M,
				     ~0UL);

	if (!mfn)
		panic_no_memory("the frame table");
	return mfn << PAGE_SHIFT;
}

/* A chunk of the frame table and of both views of the M2P, if missing. */
static void early_tables_for(uint64_t mfn)
{
	unsigned long ft = FRAME_TABLE_BASE + (mfn >> CHUNK_SHIFT) * SIZE_2M;
	unsigned long m2p = ALIGN_DOWN(mfn * sizeof(uint64_t), SIZE_2M);
	uint64_t pa;

	if (!*early_entry(ft, SHIFT_2M))
		early_map(ft, early_large_page(), SIZE_2M, MAP_RW, SHIFT_2M);
	if (*early_entry(M2P_BASE + m2p, SHIFT_2M))
		return;
	pa = early_large_page();
	early_map(M2P_BASE + m2p, pa, SIZE_2M, MAP_RW, SHIFT_2M);
	early_map(RO_M2P_BASE + m2p, pa, SIZE_2M, MAP_RO | PTE_USER, SHIFT_2M);
}

static void fill_tables_for(uint64_t mfn)
{
	uint64_t m2p = mfn * sizeof(uint64_t) >> SHIFT_2M;

	if (!frame_table_has_chunk(mfn >> CHUNK_SHIFT))
		frame_table_add_chunk(mfn >> CHUNK_SHIFT);
	if (!m2p_has_chunk(m2p))
		m2p_init_chunk(m2p, (*early_entry(M2P_BASE + m2p * SIZE_2M,
						  SHIFT_2M) &
				     PTE_ADDR_MASK) >>
					    PAGE_SHIFT);
}

static void for_each_chunk(const struct mfn_range *r, void (*fn)(uint64_t))
{
	uint64_t mfn;

	for (mfn = ALIGN_DOWN(r->start, CHUNK_FRAMES); mfn < r->end;
	     mfn += CHUNK_FRAMES)
		fn(mfn);
}

/*
 * Builds the final map from all memory of @bi below frame @limit, with tables
 * taken from @bm, loads it, and initializes frame table and M2P.
 */
void paging_init(struct bootmem *bm, const struct boot_info *bi,
		 uint64_t limit)
{
	static struct bootmem __initdata ram;
	unsigned int i;

	early_frames = bm;
	bootmem_init(&ram, bi, limit);
	early_slots();
	early_map(IMAGE_BASE, IMAGE_PHYS_BASE,
		  (uint64_t)(image_end - image_start), MAP_RW & ~PTE_NX,
		  PAGE_SHIFT);
	for (i = 0; i < ram.nr; i++) {
		early_direct_map(ram.ranges[i].start << PAGE_SHIFT,
				 ram.ranges[i].end << PAGE_SHIFT);
		for_each_chunk(&ram.ranges[i], early_tables_for);
	}
	if (cpu_features.nx)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NX);
	tlb_load_root(mfn_x(virt_to_mfn(hyp_l4)) << PAGE_SHIFT);

	for (i = 0; i < ram.nr; i++) {
		for_each_chunk(&ram.ranges[i], fill_tables_for);
		frame_table_add_ram(ram.ranges[i].start, ram.ranges[i].end);
	}
	early_frames = NULL;
}

/* The first entry on the way to @va's L1 that links nothing; NULL: none. */
static uint64_t *missing_link(unsigned long va)
{
	uint64_t *table = hyp_l4;
	unsigned int s;

	for (s = SHIFT_512G; s > PAGE_SHIFT; s -= 9) {
		uint64_t *e = &table[(va >> s) & 511], entry = READ_ONCE(*e);

		BUG_ON(s < SHIFT_512G && (entry & PTE_PSE));
		if (!entry)
			return e;
		table = entry_table(entry);
	}
	return NULL;
}

static uint64_t *l1_entry(unsigned long va)
{
	uint64_t *table = hyp_l4;
	unsigned int s;

	for (s = SHIFT_512G; s > PAGE_SHIFT; s -= 9)
		table = entry_table(table[(va >> s) & 511]);
	return &table[(va >> PAGE_SHIFT) & 511];
}

/* Allocates before the lock is taken: LOCK_BUDDY comes first. */
static int make_table(unsigned long va)
{
	uint64_t *e, *table;

	while ((e = missing_link(va)) != NULL) {
		BUG_ON(e >= hyp_l4 && e < hyp_l4 + PTES_PER_TABLE);
		table = frames_alloc(0, MEMF_ZERO);
		if (!table)
			return -ENOMEM;
		spin_lock(&paging_lock);
		if (!*e) {
			WRITE_ONCE(*e, pte_make(virt_to_mfn(table),
						link_flags(va)));
			table = NULL;
		}
		spin_unlock(&paging_lock);
		frames_free(table, 0);	/* another CPU was faster */
	}
	return 0;
}

int paging_make_tables(unsigned long va, unsigned long nr)
{
	unsigned long end = va + (nr << PAGE_SHIFT);
	int rc = 0;

	for (va = ALIGN_DOWN(va, SIZE_2M); va < end && !rc; va += SIZE_2M)
		rc = make_table(va);
	return rc;
}

/**
 * map_frames() - map adjoining frames
 * @va:    where, in our slots; nothing may be mapped there
 * @mfn:   the first frame
 * @nr:    how many
 * @flags: MAP_RO and the like
 *
 * Context: no locks above LOCK_TIMER held; takes LOCK_BUDDY, LOCK_PAGING.
 * Return: 0; -ENOMEM no memory for a table, nothing is mapped.
 */
int map_frames(unsigned long va, mfn_t mfn, unsigned long nr, uint64_t flags)
{
	int rc = paging_make_tables(va, nr);
	unsigned long i;

	if (rc)
		return rc;
	spin_lock(&paging_lock);
	for (i = 0; i < nr; i++) {
		uint64_t *e = l1_entry(va + (i << PAGE_SHIFT));

		BUG_ON(*e);
		WRITE_ONCE(*e, pte_make(mfn_add(mfn, i), flags));
	}
	spin_unlock(&paging_lock);
	return 0;
}

/**
 * unmap_frames() - unmap pages, and flush every CPU's TLB
 * @va: from map_frames(); what was not mapped is skipped
 * @nr: how many pages
 *
 * Context: IRQs on once APs run; takes LOCK_PAGING, LOCK_CALL.
 */
void unmap_frames(unsigned long va, unsigned long nr)
{
	unsigned long i;

	spin_lock(&paging_lock);
	for (i = 0; i < nr; i++)
		if (!missing_link(va + (i << PAGE_SHIFT)))
			WRITE_ONCE(*l1_entry(va + (i << PAGE_SHIFT)), 0);
	spin_unlock(&paging_lock);
	if (nr == 1)
		tlb_flush_mask_one(&cpu_online_map, va);
	else
		tlb_flush_mask(&cpu_online_map, FLUSH_GLOBAL);
}

/**
 * paging_fill_hyp_slots() - write our slots into a root
 * @l4: the root, one page
 * @d:  whose per-domain slot goes into it; NULL: none
 */
void paging_fill_hyp_slots(uint64_t *l4, const struct domain *d)
{
	unsigned int i;

	for (i = HYP_FIRST_SLOT; i <= HYP_LAST_SLOT; i++)
		if (i != PERDOMAIN_SLOT)
			WRITE_ONCE(l4[i], hyp_l4[i]);
	WRITE_ONCE(l4[PERDOMAIN_SLOT],
		   d && d->perdomain_l3 ?
			   pte_make(virt_to_mfn(d->perdomain_l3), LINK_FLAGS) :
			   0);
}

/* Both views of a part of the image: as linked, and in the direct map. */
static void protect(const char *start, const char *end, uint64_t flags,
		    uint64_t direct_flags)
{
	unsigned long va;

	for (va = (unsigned long)start; va < (unsigned long)end;
	     va += PAGE_SIZE) {
		mfn_t mfn = virt_to_mfn((void *)va);

		WRITE_ONCE(*l1_entry(va), flags ? pte_make(mfn, flags) : 0);
		WRITE_ONCE(*l1_entry((unsigned long)mfn_to_virt(mfn)),
			   pte_make(mfn, direct_flags));
	}
}

/*
 * From here on nothing is both writable and executable, and .init and what
 * .bss leaves out to be aligned are gone from the image's addresses. IRQs on,
 * all CPUs online.
 */
void paging_protect_image(void)
{
	spin_lock(&paging_lock);
	protect(text_start, text_end, MAP_RX, MAP_RO);
	protect(init_start, init_end, 0, MAP_RW);
	protect(rodata_start, rodata_end, MAP_RO, MAP_RO);
	protect(rodata_end, data_end, MAP_RW, MAP_RW);
	protect(data_end, bss_start, 0, MAP_RW);
	protect(bss_start, image_end, MAP_RW, MAP_RW);
	spin_unlock(&paging_lock);
	tlb_flush_mask(&cpu_online_map, FLUSH_GLOBAL);
}
