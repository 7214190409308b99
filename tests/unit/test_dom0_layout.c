/* SPDX-License-Identifier: MIT */
/*
 * test_dom0_layout.c - where Dom0's parts lie, and its first page tables
 *
 * A layout is checked by its promises (<xen/xen.h>: order, room, alignment, no
 * overlap), and the tables by walking them as the processor does. Frames are
 * scattered, so that a frame number taken for a page frame number shows.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include "../../hypervisor/pv/dom0.h"

#define VIRT_BASE	0xffffffff80000000UL
#define MIB		(1UL << 20)
#define MFN_STRIDE	3	/* scatters; no two pages share a frame */
#define FIRST_MFN	0x100

static uint8_t *memory;		/* page @pfn at pfn * PAGE_SIZE */
static uint64_t memory_pages;

void *dom0_pfn_to_virt(const struct dom0_build *b, uint64_t pfn)
{
	assert_true(pfn < memory_pages);
	return memory + pfn * PAGE_SIZE;
}

void *mfn_to_virt(mfn_t mfn)
{
	uint64_t pfn = (mfn_x(mfn) - FIRST_MFN) / MFN_STRIDE;

	assert_true(mfn_x(mfn) >= FIRST_MFN &&
		    (mfn_x(mfn) - FIRST_MFN) % MFN_STRIDE == 0);
	assert_true(pfn < memory_pages);
	return memory + pfn * PAGE_SIZE;
}

static struct dom0_image image(uint64_t init_p2m, bool mod_start_pfn)
{
	return (struct dom0_image){
		.virt_base = VIRT_BASE,
		.start = VIRT_BASE + 16 * MIB,
		.end = VIRT_BASE + 48 * MIB + 123,
		.init_p2m = init_p2m,
		.mod_start_pfn = mod_start_pfn,
	};
}

static void in_order(uint64_t *cursor, uint64_t start, uint64_t bytes)
{
	assert_int_equal(start % PAGE_SIZE, 0);
	assert_true(start >= *cursor);
	*cursor = start + bytes;
}

/* What holds for every layout. */
static void check_layout(const struct dom0_layout *l,
			 const struct dom0_image *img)
{
	uint64_t cursor = img->end, pages = (l->v_end - l->v_start) / PAGE_SIZE;

	if (!img->mod_start_pfn)
		in_order(&cursor, l->initrd_va, l->initrd_bytes);
	if (!img->init_p2m)
		in_order(&cursor, l->p2m_va, l->nr_pages * 8);
	in_order(&cursor, l->start_info_va, PAGE_SIZE);
	in_order(&cursor, l->table_va, l->nr_tables * PAGE_SIZE);
	in_order(&cursor, l->stack_va, PAGE_SIZE);
	assert_true(l->v_end >= cursor + 512 * 1024);
	assert_int_equal(l->v_end % (4 * MIB), 0);
	assert_int_equal(l->v_start, img->virt_base);
	assert_int_equal(l->nr_tables,
			 1 + dom0_tables_for(l->v_start, l->v_end));
	assert_int_equal(l->table_pfn, (l->table_va - l->v_start) / PAGE_SIZE);
	assert_true(l->min_pages >= pages);
	assert_int_equal(l->p2m_pages, DIV_ROUND_UP(l->nr_pages, 512));
	if (img->init_p2m) {
		assert_int_equal(l->p2m_va, img->init_p2m);
		assert_int_equal(l->p2m_pfn, pages);
		assert_int_equal(l->p2m_table_pfn, pages + l->p2m_pages);
		pages = l->p2m_table_pfn + l->nr_p2m_tables;
	}
	if (img->mod_start_pfn) {
		assert_int_equal(l->initrd_pfn, pages);
		pages += l->initrd_pages;
	}
	assert_int_equal(l->min_pages, pages);
}

static void every_combination_keeps_its_promises(void **state)
{
	static const uint64_t initrds[] = {
		0, 1, PAGE_SIZE, 5 * MIB + 1, 300 * MIB,
	};
	static const uint64_t sizes[] = {
		1, 512, 513, 1 << 18, (1 << 18) + 1, 1 << 24,
	};
	struct dom0_layout l;
	struct dom0_image img;
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(initrds); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			for (k = 0; k < 4; k++) {
				img = image(k & 1 ? 1UL << 39 : 0, k & 2);
				assert_null(dom0_layout(&l, &img, sizes[j],
							initrds[i]));
				check_layout(&l, &img);
			}
}

static void tables_are_counted(void **state)
{
	assert_int_equal(dom0_tables_for(0, 0), 0);
	assert_int_equal(dom0_tables_for(0, 1), 3);
	assert_int_equal(dom0_tables_for(0, 2 * MIB), 3);
	assert_int_equal(dom0_tables_for(0, 2 * MIB + 1), 4);
	assert_int_equal(dom0_tables_for(2 * MIB - 1, 2 * MIB + 1), 4);
	assert_int_equal(dom0_tables_for(0, (1UL << 30) + 1), 513 + 2 + 1);
	assert_int_equal(dom0_tables_for((1UL << 39) - 1, (1UL << 39) + 1), 6);
}

/* Behind the last address there is nothing. */
static void what_does_not_fit_is_refused(void **state)
{
	struct dom0_image img = image(0, false);
	struct dom0_layout l;

	assert_non_null(dom0_layout(&l, &img, 1 << 18, 2047 * MIB));
	assert_non_null(dom0_layout(&l, &img, 1UL << 28, 0));
	assert_non_null(dom0_layout(&l, &img, 1UL << 50, 0));
	assert_null(dom0_layout(&l, &img, 1 << 18, 1900 * MIB));
	assert_true(l.v_end > l.v_start);

	img.virt_base = (1UL << 47) - 512 * MIB;
	img.start = img.virt_base;
	img.end = img.virt_base + 100 * MIB;
	assert_non_null(dom0_layout(&l, &img, 1 << 18, 410 * MIB));
	assert_null(dom0_layout(&l, &img, 1 << 18, 380 * MIB));
	assert_true(l.v_end <= 1UL << 47);
}

static void a_frame_list_on_the_kernel_is_refused(void **state)
{
	struct dom0_image img = image(0xffffff8000000000UL, false);
	struct dom0_layout l;

	assert_non_null(dom0_layout(&l, &img, 1 << 18, 0));
	img.init_p2m = 0xffffff0000000000UL;
	assert_null(dom0_layout(&l, &img, 1 << 18, 0));
	/* One that is longer than the slot that the kernel chose. */
	assert_non_null(dom0_layout(&l, &img, (1UL << 36) + 1, 0));
}

/* ---- tables ---- */

static void make_memory(struct dom0_build *b)
{
	uint64_t pfn;

	memory_pages = b->l.min_pages;
	memory = malloc(memory_pages * PAGE_SIZE);
	memset(memory, 0xa5, memory_pages * PAGE_SIZE);	/* as at boot: stale */
	b->p2m = malloc(memory_pages * sizeof(*b->p2m));
	for (pfn = 0; pfn < memory_pages; pfn++)
		b->p2m[pfn] = FIRST_MFN + pfn * MFN_STRIDE;
}

static void free_memory(struct dom0_build *b)
{
	free(b->p2m);
	free(memory);
	memory = NULL;
}

/* The leaf for @va, as the processor finds it; 0: none. */
static uint64_t walk(const struct dom0_build *b, uint64_t va)
{
	uint64_t *table = mfn_to_virt(b->root), e;
	int shift;

	for (shift = 39;; shift -= 9) {
		e = table[va >> shift & 511];
		if (!(e & PTE_PRESENT) || shift == 12)
			return e;
		assert_true(e & PTE_USER);
		assert_true(e & PTE_RW);
		table = mfn_to_virt(MFN((e & PTE_ADDR_MASK) >> PAGE_SHIFT));
	}
}

static bool in(uint64_t pfn, uint64_t first, uint64_t nr)
{
	return pfn >= first && pfn < first + nr;
}

static void check_range(const struct dom0_build *b, uint64_t va, uint64_t pfn,
			uint64_t nr)
{
	uint64_t e, i;
	bool table;

	for (i = 0; i < nr; i++) {
		e = walk(b, va + i * PAGE_SIZE);
		table = in(pfn + i, b->l.table_pfn, b->l.nr_tables) ||
			in(pfn + i, b->l.p2m_table_pfn, b->l.nr_p2m_tables);
		assert_int_equal((e & PTE_ADDR_MASK) >> PAGE_SHIFT,
				 b->p2m[pfn + i]);
		/* The kernel's: the user's are global. */
		assert_true((e & PTE_PRESENT) && !(e & PTE_USER));
		assert_int_equal(!!(e & PTE_RW), !table);
		assert_false(e & PTE_NX);
	}
}

static void build_and_check(struct dom0_image img)
{
	struct dom0_build b = { .img = img };

	assert_null(dom0_layout(&b.l, &b.img, 4096, 3 * MIB));
	make_memory(&b);
	dom0_build_tables(&b);
	assert_int_equal(b.next_table, b.end_table);
	check_range(&b, b.l.v_start, 0,
		    (b.l.v_end - b.l.v_start) / PAGE_SIZE);
	assert_int_equal(walk(&b, b.l.v_start - PAGE_SIZE), 0);
	assert_int_equal(walk(&b, b.l.v_end), 0);
	assert_int_equal(mfn_x(b.root), b.p2m[b.l.table_pfn]);
	if (img.init_p2m) {
		check_range(&b, b.l.p2m_va, b.l.p2m_pfn, b.l.p2m_pages);
		assert_int_equal(walk(&b, b.l.p2m_va +
					  b.l.p2m_pages * PAGE_SIZE), 0);
	}
	free_memory(&b);
}

static void tables_map_what_the_layout_says(void **state)
{
	build_and_check(image(0, false));
	build_and_check(image(0, true));
}

static void tables_map_a_frame_list_of_its_own(void **state)
{
	build_and_check(image(1UL << 39, false));
	build_and_check(image(0xffff880000000000UL, true));
}

/* The mapping may cross from one L2 table into the next. */
static void tables_may_cross_a_gigabyte(void **state)
{
	struct dom0_image img = image(0, false);

	img.virt_base = (1UL << 30) - 8 * MIB;
	img.start = img.virt_base;
	img.end = img.start + 6 * MIB;
	build_and_check(img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_keeps_its_promises),
		cmocka_unit_test(tables_are_counted),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_frame_list_on_the_kernel_is_refused),
		cmocka_unit_test(tables_map_what_the_layout_says),
		cmocka_unit_test(tables_map_a_frame_list_of_its_own),
		cmocka_unit_test(tables_may_cross_a_gigabyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
