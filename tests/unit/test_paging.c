/* SPDX-License-Identifier: MIT */
/*
 * test_paging.c - mm_init(): from the loader's map to the final page tables
 *
 * The machine has memory below 256 MiB (with the usual hole below 1 MiB and
 * some pages of ACPI in the middle), nothing up to 1 GiB, and 130 MiB from
 * there. The image lies at its address and is divided by the linker's names
 * (test_paging.mk). The tables are read as the processor reads them.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include "../../hypervisor/mm/private.h"

#define MIB		(1UL << 20)
#define TOP		(1024 * MIB + 130 * MIB)
#define MODULE		(200 * MIB + 0x800)
#define MODULE_SIZE	(3 * PAGE_SIZE)

struct cpu_features cpu_features;
static struct boot_info bi;

void work_register(enum work w, void (*fn)(void))
{
	assert_int_equal(w, WORK_DEFERRED);
	assert_ptr_equal(fn, deferred_free_run);
}

void work_raise(enum work w)
{
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
	assert_int_equal(key, 'm');
}

void domain_put(struct domain *d)
{
	fail();
}

/* ---- what the processor sees ---- */
struct walk {
	uint64_t pte;		/* the last entry; 0: not mapped */
	unsigned int shift;	/* of what it maps */
	uint64_t all;		/* AND of the entries on the way */
};

static struct walk walk(unsigned long va)
{
	uint64_t *table = hyp_l4;
	struct walk w = { .all = ~0UL };

	for (w.shift = 39;; w.shift -= 9) {
		w.pte = table[(va >> w.shift) & 511];
		w.all &= w.pte;
		if (!(w.pte & PTE_PRESENT)) {
			w.pte = 0;
			return w;
		}
		if (w.shift == PAGE_SHIFT || (w.pte & PTE_PSE))
			return w;
		table = mfn_to_virt(MFN((w.pte & PTE_ADDR_MASK) >>
					PAGE_SHIFT));
	}
}

static uint64_t target(unsigned long va, struct walk w)
{
	uint64_t mask = BIT(w.shift) - 1;

	return (w.pte & PTE_ADDR_MASK & ~mask) | (va & mask);
}

/* ---- set-up ---- */
static void map_area(unsigned long base, unsigned long bytes)
{
	assert_ptr_equal(mmap((void *)base, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				      MAP_FIXED_NOREPLACE,
			      -1, 0),
			 (void *)base);
}

static void add_range(uint64_t start, uint64_t size, uint32_t kind)
{
	bi.ranges[bi.nr_ranges++] = (struct mem_range){ start, size, kind };
}

static int setup(void **state)
{
	map_area(DIRECTMAP_BASE, TOP);
	map_area(FRAME_TABLE_BASE, 16 * SIZE_2M);
	map_area(M2P_BASE, 4 * SIZE_2M);
	add_range(0, 0x9fc00, MEM_RAM);
	add_range(0x9fc00, 0x400, MEM_RESERVED);
	add_range(MIB, 99 * MIB, MEM_RAM);
	add_range(100 * MIB, 0x3000, MEM_ACPI);
	add_range(100 * MIB + 0x3000, 156 * MIB - 0x3000, MEM_RAM);
	add_range(1024 * MIB, 130 * MIB, MEM_RAM);
	bi.nr_modules = 1;
	bi.modules[0].start = MODULE;
	bi.modules[0].size = MODULE_SIZE;
	cpu_features.nx = true;
	cpu_features.pages_1g = true;
	cpu_features.phys_bits = 40;
	mm_init(&bi);
	return 0;
}

/* ---- tests ---- */
static bool is_ram(uint64_t pa)
{
	unsigned int i;

	for (i = 0; i < bi.nr_ranges; i++)
		if (bi.ranges[i].kind == MEM_RAM && pa >= bi.ranges[i].start &&
		    pa + PAGE_SIZE <= bi.ranges[i].start + bi.ranges[i].size)
			return true;
	return false;
}

static void direct_map_is_memory_and_no_more(void **state)
{
	uint64_t pa;

	for (pa = 0; pa < TOP + 4 * MIB; pa += PAGE_SIZE) {
		struct walk w = walk(DIRECTMAP_BASE + pa);

		assert_int_equal(!!w.pte, is_ram(pa));
		assert_int_equal(mfn_valid(MFN(pa >> PAGE_SHIFT)), is_ram(pa));
		if (!w.pte)
			continue;
		assert_int_equal(target(DIRECTMAP_BASE + pa, w), pa);
		assert_true(w.pte & PTE_NX);
		assert_true(w.all & PTE_RW);
		assert_false(w.pte & (PTE_USER | PTE_PCD | PTE_PWT));
	}
	assert_int_equal(max_mfn, TOP >> PAGE_SHIFT);
}

static void large_pages_are_used(void **state)
{
	assert_int_equal(walk(DIRECTMAP_BASE + 64 * MIB).shift, SHIFT_2M);
	assert_int_equal(walk(DIRECTMAP_BASE + 1024 * MIB).shift, SHIFT_2M);
	assert_int_equal(walk(DIRECTMAP_BASE + 100 * MIB + 0x3000).shift,
			 PAGE_SHIFT);
	assert_int_equal(walk(DIRECTMAP_BASE + 2 * MIB).shift, PAGE_SHIFT);
	assert_int_equal(walk(FRAME_TABLE_BASE).shift, SHIFT_2M);
}

static void frame_table_is_sparse(void **state)
{
	unsigned int chunk;

	for (chunk = 0; chunk < 16; chunk++) {
		bool there = chunk < 2 || chunk == 8 || chunk == 9;

		assert_int_equal(!!walk(FRAME_TABLE_BASE + chunk * SIZE_2M).pte,
				 there);
	}
}

static void m2p_is_read_only_to_guests(void **state)
{
	unsigned int chunk;
	mfn_t mfn;

	for (chunk = 0; chunk < 4; chunk++) {
		struct walk ro = walk(RO_M2P_BASE + chunk * SIZE_2M);
		struct walk rw = walk(M2P_BASE + chunk * SIZE_2M);

		assert_int_equal(m2p_frame(chunk, &mfn), chunk < 2);
		assert_int_equal(!!ro.pte, chunk < 2);
		assert_int_equal(!!rw.pte, chunk < 2);
		if (chunk >= 2)
			continue;
		assert_true(ro.all & PTE_USER);
		assert_false(ro.pte & PTE_RW);
		assert_true(ro.pte & PTE_NX);
		assert_false(rw.pte & PTE_USER);
		assert_int_equal(ro.pte & PTE_ADDR_MASK,
				 rw.pte & PTE_ADDR_MASK);
		assert_int_equal(mfn_x(mfn),
				 (ro.pte & PTE_ADDR_MASK) >> PAGE_SHIFT);
	}
	assert_int_equal(m2p_get(MFN(1024)), M2P_INVALID);
	assert_int_equal(m2p_get(MFN(TOP >> PAGE_SHIFT)), M2P_INVALID);
}

static void only_that_slot_is_for_guests(void **state)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (i != ((RO_M2P_BASE >> 39) & 511))
			assert_false(hyp_l4[i] & PTE_USER);
}

static bool in_use_by_us(uint64_t pa)
{
	return frame_table[pa >> PAGE_SHIFT].count_info & PCI_RESERVED;
}

static void some_memory_is_kept_back(void **state)
{
	uint64_t pa;

	for (pa = 0; pa < 0x9f000; pa += PAGE_SIZE)
		assert_true(in_use_by_us(pa));
	for (pa = IMAGE_PHYS_BASE; pa < IMAGE_PHYS_BASE + 0x9000;
	     pa += PAGE_SIZE)
		assert_true(in_use_by_us(pa));
	assert_false(in_use_by_us(IMAGE_PHYS_BASE + 0x9000));
	/* Whole frames, on both sides. */
	for (pa = 200 * MIB; pa < 200 * MIB + 4 * PAGE_SIZE; pa += PAGE_SIZE)
		assert_true(in_use_by_us(pa));
	assert_false(in_use_by_us(200 * MIB + 4 * PAGE_SIZE));
	/* Tables of ours are no free memory. */
	assert_true(in_use_by_us(mfn_x(virt_to_mfn(hyp_l4)) << PAGE_SHIFT));
	assert_true(in_use_by_us(walk(M2P_BASE).pte & PTE_ADDR_MASK));
	assert_int_equal(fake_x86[0].cr3,
			 mfn_x(virt_to_mfn(hyp_l4)) << PAGE_SHIFT);
	assert_true(fake_x86[0].efer & EFER_NX);
}

static void modules_can_be_released(void **state)
{
	uint64_t before = mm_free_frames();

	/* Frames at both ends belong to it in part only. */
	mm_release_range(PADDR(MODULE), MODULE_SIZE);
	assert_int_equal(mm_free_frames(), before + 2);
	assert_true(in_use_by_us(200 * MIB));
	expect_assert_failure(mm_release_range(PADDR(MODULE), MODULE_SIZE));
}

static void roots_share_our_slots(void **state)
{
	uint64_t *root = frames_alloc(0, MEMF_ZERO);
	struct domain d = { .perdomain_l3 = NULL };
	unsigned int i;

	root[255] = root[272] = 0x1234;
	assert_int_equal(perdomain_init(&d), 0);
	paging_fill_hyp_slots(root, &d);
	for (i = HYP_FIRST_SLOT; i <= HYP_LAST_SLOT; i++)
		if (i != PERDOMAIN_SLOT)
			assert_int_equal(root[i], hyp_l4[i]);
	assert_int_equal((root[PERDOMAIN_SLOT] & PTE_ADDR_MASK) >> PAGE_SHIFT,
			 mfn_x(virt_to_mfn(d.perdomain_l3)));
	assert_false(root[PERDOMAIN_SLOT] & PTE_USER);
	assert_int_equal(root[255], 0x1234);
	assert_int_equal(root[272], 0x1234);
	paging_fill_hyp_slots(root, NULL);
	assert_int_equal(root[PERDOMAIN_SLOT], 0);
	perdomain_destroy(&d);
	frames_free(root, 0);
}

static void devices_are_mapped_uncached(void **state)
{
	char *p = ioremap(PADDR(0xfec00010), 0x20);
	char *q = ioremap(PADDR(0xfed00ffc), 8);	/* two pages */
	char *ram = ioremap(PADDR(0x10000), 4);
	struct walk w = walk((unsigned long)p);
	unsigned int loads = fake_x86[0].nr_cr3_loads;

	assert_int_equal(target((unsigned long)p, w), 0xfec00010);
	assert_int_equal(w.pte & (PTE_PCD | PTE_PWT | PTE_NX | PTE_USER),
			 PTE_PCD | PTE_PWT | PTE_NX);
	w = walk((unsigned long)q + 4);
	assert_int_equal(target((unsigned long)q + 4, w), 0xfed01000);
	/* A page that is not mapped lies between any two. */
	assert_int_equal(walk(((unsigned long)p & PAGE_MASK) - PAGE_SIZE).pte,
			 0);
	assert_int_equal(walk(((unsigned long)p & PAGE_MASK) + PAGE_SIZE).pte,
			 0);
	assert_int_equal(walk(((unsigned long)q & PAGE_MASK) +
			      2 * PAGE_SIZE).pte, 0);
	w = walk((unsigned long)ram);
	assert_false(w.pte & PTE_PCD);
	iounmap(q);
	assert_int_equal(walk((unsigned long)q).pte, 0);
	assert_true(fake_x86[0].nr_cr3_loads > loads);
	iounmap(p);
	assert_true(fake_x86[0].nr_invlpg > 0);
	/* The lowest hole is used again. */
	assert_ptr_equal(ioremap(PADDR(0xfee00010), 4), p);
	iounmap(p);
	iounmap(ram);
	iounmap(NULL);
	expect_assert_failure(iounmap(p));
}

/* Firmware's tables and devices name addresses: reserved bits in an entry would
 * fault when they are used. */
static void what_cannot_be_addressed_is_not_mapped(void **state)
{
	char *last = ioremap(PADDR((1UL << 40) - PAGE_SIZE), PAGE_SIZE);

	assert_int_equal(cpu_features.phys_bits, 40);
	assert_non_null(last);
	iounmap(last);
	assert_null(ioremap(PADDR(1UL << 40), 4));
	assert_null(ioremap(PADDR((1UL << 40) - 4), 8));
	assert_null(ioremap(PADDR(1UL << 52), 4));
	assert_null(ioremap(PADDR(~0UL), 1));
	assert_null(ioremap(PADDR(~0UL), 4));
}

static void frames_are_mapped_in_any_order(void **state)
{
	mfn_t mfns[3] = { MFN(5000), MFN(4000), MFN(6000) };
	unsigned long p = (unsigned long)vmap(mfns, 3, MAP_RO);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct walk w = walk(p + i * PAGE_SIZE);

		assert_int_equal(w.pte >> PAGE_SHIFT & 0xffffff,
				 mfn_x(mfns[i]));
		assert_false(w.pte & PTE_RW);
	}
	vunmap((void *)p);
	assert_int_equal(walk(p).pte, 0);
}

/* The last test: the lock stays taken. */
static void nothing_is_mapped_over(void **state)
{
	unsigned long p = (unsigned long)ioremap(PADDR(0xfec00000), 8);

	expect_assert_failure(map_frames(p, MFN(1), 1, MAP_RW));
}

static void stacks_are_guarded(void **state)
{
	unsigned long a = (unsigned long)stack_alloc();
	unsigned long b = (unsigned long)stack_alloc(), off;

	assert_int_equal(a % STACK_SIZE, 0);
	assert_int_equal(b % STACK_SIZE, 0);
	for (off = 0; off < STACK_SIZE; off += PAGE_SIZE) {
		bool used = STACK_PAGE_USED(off / PAGE_SIZE);

		assert_int_equal(!!(walk(a + off).pte & PTE_RW), used);
		assert_int_equal(!!walk(a + off).pte, used);
		assert_int_equal(!!(walk(b + off).pte & PTE_RW), used);
	}
	/* Each stack has a hole below it. */
	for (off = 1; off <= 4; off++) {
		assert_true(STACK_PAGE_USED(STACK_IST_PAGE(off)));
		assert_false(STACK_PAGE_USED(STACK_IST_PAGE(off) - 1));
	}
	assert_false(STACK_PAGE_USED(STACK_FIRST_PAGE - 1));
	assert_int_equal(walk(a - PAGE_SIZE).pte, 0);
	assert_int_equal(walk(b - PAGE_SIZE).pte, 0);
}

static void check_rights(const char *start, const char *end, uint64_t want)
{
	const uint64_t rights = PTE_PRESENT | PTE_RW | PTE_NX | PTE_USER;
	unsigned long va;

	for (va = (unsigned long)start; va < (unsigned long)end;
	     va += PAGE_SIZE)
		assert_int_equal(walk(va).pte & rights, want);
}

static void image_is_protected_in_the_end(void **state)
{
	uint64_t before = mm_free_frames();
	unsigned long va;

	check_rights(image_start, image_end, PTE_PRESENT | PTE_RW);
	mm_init_done();
	check_rights(text_start, text_end, PTE_PRESENT);
	check_rights(rodata_start, rodata_end, PTE_PRESENT | PTE_NX);
	check_rights(rodata_end, data_end, PTE_PRESENT | PTE_RW | PTE_NX);
	check_rights(bss_start, image_end, PTE_PRESENT | PTE_RW | PTE_NX);
	check_rights(init_start, init_end, 0);
	check_rights(data_end, bss_start, 0);
	assert_int_equal(mm_free_frames(), before + 3);
	/* No way round it by the direct map. */
	for (va = DIRECTMAP_BASE; va < DIRECTMAP_BASE + TOP; va += PAGE_SIZE) {
		struct walk w = walk(va);
		unsigned long at = va - DIRECTMAP_BASE - IMAGE_PHYS_BASE +
				   IMAGE_BASE;
		bool ro = (at >= (unsigned long)text_start &&
			   at < (unsigned long)text_end) ||
			  (at >= (unsigned long)rodata_start &&
			   at < (unsigned long)rodata_end);

		if (w.pte)
			assert_int_equal(!!(w.pte & PTE_RW), !ro);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct_map_is_memory_and_no_more),
		cmocka_unit_test(large_pages_are_used),
		cmocka_unit_test(frame_table_is_sparse),
		cmocka_unit_test(m2p_is_read_only_to_guests),
		cmocka_unit_test(only_that_slot_is_for_guests),
		cmocka_unit_test(some_memory_is_kept_back),
		cmocka_unit_test(modules_can_be_released),
		cmocka_unit_test(roots_share_our_slots),
		cmocka_unit_test(devices_are_mapped_uncached),
		cmocka_unit_test(what_cannot_be_addressed_is_not_mapped),
		cmocka_unit_test(stacks_are_guarded),
		cmocka_unit_test(frames_are_mapped_in_any_order),
		cmocka_unit_test(image_is_protected_in_the_end),
		cmocka_unit_test(nothing_is_mapped_over),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
