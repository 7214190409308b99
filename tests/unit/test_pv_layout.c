/* SPDX-License-Identifier: MIT */
/*
 * test_pv_layout.c - a guest's first memory, as the toolstack lays it out
 *
 * Each layout is judged by the rules of <xen/xen.h>, and its page tables are
 * walked as a processor walks them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pv_layout.h"

#define MIB	(1UL << 20)
#define GIB	(1UL << 30)
#define LINUX	0xffffffff80000000UL
#define P2M	0x0000008000000000UL

#define FIRST_MFN	0x1000		/* mfn of pfn 0; then downwards */

static uint64_t mfn_of(uint64_t pfn)
{
	/* No pfn is its own mfn, neighbours are no neighbours. */
	return FIRST_MFN + (pfn ^ 5);
}

static struct pv_layout lay(const struct pv_wish *w)
{
	struct pv_layout l;

	assert_null(pv_layout(&l, w));
	return l;
}

/* ---- places ------------------------------------------------------------- */

struct places {
	const struct pv_layout *l;
	uint64_t next;		/* pfn behind the part before */
};

static void follows(struct places *p, const struct pv_area *area,
		    uint64_t least)
{
	assert_true(area->nr >= least);
	if (!area->nr)
		return;
	assert_int_equal(area->pfn, p->next);
	p->next += area->nr;
}

static void mapped(struct places *p, const struct pv_area *area,
		   uint64_t least)
{
	follows(p, area, least);
	if (area->nr)
		assert_int_equal(area->va,
				 p->l->v_start + area->pfn * PV_PAGE_SIZE);
}

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
}

/* The order and the room that <xen/xen.h> promises. */
static void check_places(const struct pv_layout *l, const struct pv_wish *w)
{
	struct places p = {.l = l, .next = pages(w->end - w->virt_base)};

	assert_int_equal(l->v_start, w->virt_base);
	if (!w->mod_start_pfn)
		mapped(&p, &l->ramdisk, pages(w->ramdisk_bytes));
	if (!w->init_p2m)
		mapped(&p, &l->frames, pages(w->nr_pages * 8));
	mapped(&p, &l->start_info, 1);
	mapped(&p, &l->store, 1);
	mapped(&p, &l->console, 1);
	mapped(&p, &l->tables, 4);
	mapped(&p, &l->stack, 1);
	assert_int_equal(l->v_end % (4 * MIB), 0);
	assert_true(l->v_end - (l->v_start + p.next * PV_PAGE_SIZE) >=
		    MIB / 2);
	p.next = (l->v_end - l->v_start) / PV_PAGE_SIZE;
	if (w->init_p2m) {
		follows(&p, &l->frames, pages(w->nr_pages * 8));
		assert_int_equal(l->frames.va, w->init_p2m);
		follows(&p, &l->frame_tables, 3);
	}
	if (w->mod_start_pfn)
		follows(&p, &l->ramdisk, pages(w->ramdisk_bytes));
	assert_int_equal(l->min_pages, p.next);
}

/* ---- page tables -------------------------------------------------------- */

struct memory {
	uint64_t nr;
	uint64_t *mfns;
	uint64_t **page;	/* by pfn; NULL: no table */
	uint64_t tables;	/* how many were asked for */
};

static uint64_t *table_at(void *arg, uint64_t pfn)
{
	struct memory *m = arg;

	assert_true(pfn < m->nr);
	assert_null(m->page[pfn]);
	m->page[pfn] = calloc(1, PV_PAGE_SIZE);
	assert_non_null(m->page[pfn]);
	m->tables++;
	return m->page[pfn];
}

static void make_tables(struct memory *m, const struct pv_layout *l)
{
	uint64_t pfn;

	*m = (struct memory){.nr = l->min_pages};
	m->mfns = calloc(m->nr, sizeof(*m->mfns));
	m->page = calloc(m->nr, sizeof(*m->page));
	assert_non_null(m->mfns);
	assert_non_null(m->page);
	for (pfn = 0; pfn < m->nr; pfn++)
		m->mfns[pfn] = mfn_of(pfn);
	pv_tables(l, m->mfns, table_at, m);
}

static void free_tables(struct memory *m)
{
	uint64_t pfn;

	for (pfn = 0; pfn < m->nr; pfn++)
		free(m->page[pfn]);
	free(m->page);
	free(m->mfns);
}

static uint64_t pfn_of(uint64_t entry)
{
	return ((entry >> PV_PAGE_SHIFT) - FIRST_MFN) ^ 5;
}

/* The entry that maps @va; 0: none does. */
static uint64_t walk(const struct memory *m, uint64_t root, uint64_t va)
{
	static const unsigned int shifts[] = {39, 30, 21, 12};
	uint64_t entry = 0, *table = m->page[root];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		assert_non_null(table);
		entry = table[va >> shifts[i] & 511];
		if (!(entry & 1))
			return 0;
		/* Tables are the user's too; a leaf is the kernel's. */
		assert_int_equal(entry & 5, i < 3 ? 5 : 1);
		if (i < 3)
			table = m->page[pfn_of(entry)];
	}
	return entry;
}

static void check_mapping(const struct memory *m, const struct pv_layout *l,
			  uint64_t va, uint64_t pfn, uint64_t nr)
{
	uint64_t entry;

	for (; nr; nr--, pfn++, va += PV_PAGE_SIZE) {
		entry = walk(m, l->tables.pfn, va);
		assert_int_equal(entry >> PV_PAGE_SHIFT, mfn_of(pfn));
		/* Tables cannot be written, all else can. */
		assert_int_equal(!(entry & 2), m->page[pfn] != NULL);
	}
}

static void check_tables(const struct pv_layout *l)
{
	uint64_t pages = (l->v_end - l->v_start) / PV_PAGE_SIZE;
	struct memory m;

	make_tables(&m, l);
	assert_int_equal(m.tables, l->tables.nr + l->frame_tables.nr);
	check_mapping(&m, l, l->v_start, 0, pages);
	if (l->v_end)
		assert_int_equal(walk(&m, l->tables.pfn, l->v_end), 0);
	if (l->frame_tables.nr) {
		check_mapping(&m, l, l->frames.va, l->frames.pfn,
			      l->frames.nr);
		assert_int_equal(walk(&m, l->tables.pfn, l->frames.va +
				      l->frames.nr * PV_PAGE_SIZE), 0);
	}
	free_tables(&m);
}

/* ---- tests -------------------------------------------------------------- */

static struct pv_wish linux_wish(void)
{
	return (struct pv_wish){
		.virt_base = LINUX,
		.start = LINUX + 16 * MIB,
		.end = LINUX + 16 * MIB + 45 * MIB + 123,
		.init_p2m = P2M,
		.mod_start_pfn = true,
		.nr_pages = 256 * MIB / PV_PAGE_SIZE,
		.ramdisk_bytes = 30 * MIB + 1,
	};
}

static void judge(const struct pv_wish *w)
{
	struct pv_layout l = lay(w);

	check_places(&l, w);
	check_tables(&l);
}

/* Linux wants its list elsewhere and its ramdisk unmapped; others nothing. */
static void test_kinds(void **state)
{
	struct pv_wish w = linux_wish();
	unsigned int kind;

	(void)state;
	for (kind = 0; kind < 8; kind++) {
		w.init_p2m = kind & 1 ? P2M : 0;
		w.mod_start_pfn = kind & 2;
		w.ramdisk_bytes = kind & 4 ? 5 * MIB : 0;
		judge(&w);
	}
}

/* Ends around each boundary of a table, sizes around each of a list's page. */
static void test_sizes(void **state)
{
	static const uint64_t bases[] = {
		0, 4 * MIB, GIB - 8 * MIB, 512 * GIB - 8 * MIB, LINUX,
		0xffff880000000000UL,
	};
	struct pv_wish w = {0};
	unsigned int i, size;

	(void)state;
	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (size = 1; size < 9 * 256; size += 37) {
			w.virt_base = bases[i];
			w.start = w.virt_base;
			w.end = w.start + size * PV_PAGE_SIZE;
			w.nr_pages = size * 300UL;
			w.init_p2m = size & 1 ? 0x0000400000000000UL +
						(size % 5) * (GIB - 4096) : 0;
			judge(&w);
		}
}

/* Kernel and start together may be less than what a guest has. */
static void test_least(void **state)
{
	struct pv_wish w = linux_wish();
	struct pv_layout l = lay(&w);

	(void)state;
	assert_true(l.min_pages > pages(w.end - w.virt_base) +
		    pages(w.ramdisk_bytes));
	w.nr_pages = l.min_pages;
	assert_true(lay(&w).min_pages <= w.nr_pages);
}

static void refused(const struct pv_wish *w, const char *words)
{
	struct pv_layout l;
	const char *wrong = pv_layout(&l, w);

	assert_non_null(wrong);
	assert_non_null(strstr(wrong, words));
}

static void test_bases_refused(void **state)
{
	static const uint64_t bases[] = {
		LINUX + 1, LINUX + 4095, 1UL << 47, 0xffff800000000000UL,
		0xffff87fffffff000UL, 0x0000ffff00000000UL,
	};
	struct pv_wish w = linux_wish();
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		w.virt_base = bases[i];
		w.start = bases[i];
		w.end = bases[i] + 1;
		refused(&w, "address that no guest can use");
	}
}

static void test_ranges_refused(void **state)
{
	struct pv_wish w = linux_wish();

	(void)state;
	w.start = LINUX - 1;
	refused(&w, "behind its own first address");
	w = linux_wish();
	w.end = w.start;
	refused(&w, "behind its own first address");
	w = linux_wish();
	w.virt_base = (1UL << 47) - 4 * MIB;
	w.start = w.virt_base;
	w.end = w.start + MIB;
	refused(&w, "no room behind");
	w = linux_wish();
	w.virt_base = 0;
	w.start = 0;
	w.end = (1UL << 46) + 1;
	refused(&w, "no room behind");
}

/* Numbers that wrap when they are rounded or multiplied. */
static void test_huge_refused(void **state)
{
	static const uint64_t huge[] = {
		UINT64_MAX, UINT64_MAX - 4095, 1UL << 63, 1UL << 61,
		(1UL << 47) + 1,
	};
	struct pv_wish w;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		w = linux_wish();
		w.nr_pages = huge[i];
		refused(&w, "no room behind");
		w = linux_wish();
		w.ramdisk_bytes = huge[i];
		refused(&w, "no room behind");
	}
}

static void test_list_refused(void **state)
{
	static const uint64_t places[] = {
		P2M + 8, LINUX, LINUX + 64 * MIB, LINUX - GIB, 1UL << 47,
		(1UL << 47) - 4096, 0xffff800000000000UL, -8192UL,
	};
	struct pv_wish w = linux_wish();
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		w.init_p2m = places[i];
		refused(&w, "where something else lies");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_bases_refused),
		cmocka_unit_test(test_ranges_refused),
		cmocka_unit_test(test_huge_refused),
		cmocka_unit_test(test_list_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
