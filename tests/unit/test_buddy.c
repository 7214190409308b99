/* SPDX-License-Identifier: MIT */
/*
 * test_buddy.c - the frame allocator and the boot-time ranges before it
 *
 * The machine has 512 MiB from address 0; the low 1 MiB is kept back.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/errno.h>
#include <lodge/percpu.h>
#include "../../hypervisor/mm/private.h"

#define NR_FRAMES	(512UL << (20 - PAGE_SHIFT))
#define NR_FREE		(NR_FRAMES - 256)

static struct page *deferred;

/* Of domain-pages.c, which is not linked here. */
void deferred_free_page(struct page *pg)
{
	deferred = pg;
}

void domain_page_release(struct page *pg)
{
	fail();
}

/* Frames in caches come back to the lists only by the batch. */
static int setup(void **state)
{
	fake_memory_init(NR_FRAMES);
	return 0;
}

static void all_free_at_start(void **state)
{
	assert_int_equal(mm_free_frames(), NR_FREE);
	assert_int_equal(mm_total_frames(), NR_FREE);
	assert_int_equal(max_mfn, NR_FRAMES);
}

static void blocks_are_aligned_and_distinct(void **state)
{
	struct page *pg[MAX_ORDER + 1];
	unsigned int o;

	for (o = 0; o <= 14; o++) {
		pg[o] = page_alloc(o, 0);
		assert_non_null(pg[o]);
		assert_int_equal(mfn_x(page_to_mfn(pg[o])) & ((1UL << o) - 1),
				 0);
		/* Seen by a later overlap. */
		memset(page_to_virt(pg[o]), (int)o + 1, PAGE_SIZE << o);
	}
	for (o = 0; o <= 14; o++) {
		unsigned char *p = page_to_virt(pg[o]);

		assert_int_equal(p[0], o + 1);
		assert_int_equal(p[(PAGE_SIZE << o) - 1], o + 1);
		page_free(pg[o], o);
	}
	assert_int_equal(mm_free_frames(), NR_FREE);
}

static void freed_blocks_join(void **state)
{
	static struct page *pg[NR_FREE];
	unsigned long i, n = 0;

	/* No block of the largest size can survive this. */
	while ((pg[n] = page_alloc(4, 0)) != NULL)
		n++;
	assert_true(n >= NR_FREE / 16 - CHUNK_FRAMES / 16);
	assert_null(page_alloc(10, 0));
	for (i = 0; i < n; i += 2)
		page_free(pg[i], 4);
	for (i = 1; i < n; i += 2)
		page_free(pg[i], 4);
	/* 256 to 512 MiB is one block of 2^16 frames again. */
	pg[0] = page_alloc(16, 0);
	assert_non_null(pg[0]);
	page_free(pg[0], 16);
	assert_int_equal(mm_free_frames(), NR_FREE);
}

static void limit_is_kept(void **state)
{
	unsigned int bits;

	for (bits = 21; bits <= 29; bits++) {
		struct page *pg = page_alloc(0, MEMF_BITS(bits));

		assert_non_null(pg);
		assert_true(mfn_x(page_to_mfn(pg)) << PAGE_SHIFT <
			    1UL << bits);
		page_free(pg, 0);
	}
	/* Only the low 1 MiB is below 2^20, and it is not ours. */
	assert_null(page_alloc(0, MEMF_BITS(20)));
	assert_null(page_alloc(0, MEMF_BITS(12)));
	assert_null(page_alloc(9, MEMF_BITS(21)));
}

static void low_memory_is_kept_for_last(void **state)
{
	struct page *pg = page_alloc(9, 0);

	assert_true(mfn_x(page_to_mfn(pg)) >= NR_FRAMES / 2);
	page_free(pg, 9);
}

static void bad_orders_are_refused(void **state)
{
	assert_null(page_alloc(MAX_ORDER + 1, 0));
	assert_null(page_alloc(17, 0));
}

static void scrub_happens_once(void **state)
{
	struct page *pg = page_alloc(3, 0);
	unsigned char *p = page_to_virt(pg);

	/* Freed by the hypervisor: stale contents may stay. */
	memset(p, 0x5a, PAGE_SIZE << 3);
	page_free(pg, 3);
	pg = page_alloc(3, MEMF_NO_SCRUB);
	assert_ptr_equal(page_to_virt(pg), p);
	assert_int_equal(p[0], 0x5a);

	/* A domain's: two of the eight frames are to be cleared. */
	pg[2].count_info = PCI_SCRUB;
	pg[7].count_info = PCI_SCRUB;
	page_free(pg, 3);
	pg = page_alloc(3, 0);
	assert_ptr_equal(page_to_virt(pg), p);
	assert_int_equal(p[0], 0x5a);
	assert_int_equal(p[2 * PAGE_SIZE], 0);
	assert_int_equal(p[8 * PAGE_SIZE - 1], 0);
	assert_int_equal(p[7 * PAGE_SIZE - 1], 0x5a);
	assert_int_equal(pg[2].count_info, 0);
	page_free(pg, 3);

	pg = page_alloc(3, MEMF_ZERO);
	assert_int_equal(p[0], 0);
	assert_memory_equal(p, p + 1, (PAGE_SIZE << 3) - 1);
	page_free(pg, 3);
}

static void double_free_is_caught(void **state)
{
	struct page *pg = page_alloc(5, 0), *one = page_alloc(0, 0);

	page_free(pg, 5);
	expect_assert_failure(page_free(pg, 5));
	page_free(one, 0);
	expect_assert_failure(page_free(one, 0));
	fake_x86[0].irqs_off = false;
}

static void stamped_frames_wait(void **state)
{
	struct page *pg = page_alloc(0, 0);
	uint64_t before = mm_free_frames();

	pg->tlb_stamp = 7;
	deferred = NULL;
	page_free(pg, 0);
	assert_ptr_equal(deferred, pg);
	assert_int_equal(mm_free_frames(), before);
	pg->tlb_stamp = 0;
	page_free(pg, 0);
}

static void caches_are_per_cpu(void **state)
{
	struct page *a, *b, *pg[200];
	unsigned int i;

	cpu_online_map.bits = 3;
	a = page_alloc(0, 0);
	page_free(a, 0);
	fake_cpu_id = 1;
	b = page_alloc(0, 0);
	assert_ptr_not_equal(a, b);
	page_free(b, 0);
	fake_cpu_id = 0;
	assert_ptr_equal(page_alloc(0, 0), a);
	page_free(a, 0);
	/* A cache does not grow without end. */
	for (i = 0; i < 200; i++)
		pg[i] = page_alloc(0, 0);
	for (i = 0; i < 200; i++)
		page_free(pg[i], 0);
	assert_int_equal(mm_free_frames(), NR_FREE);
	assert_true(!fake_x86[0].irqs_off);
	cpu_online_map.bits = 1;
}

/* Random sizes and order; every frame has one holder at a time. */
static void random_use_loses_nothing(void **state)
{
	static struct page *pg[1000];
	static unsigned char order[1000], owner[NR_FRAMES];
	unsigned int round, i;

	srand(1);
	for (round = 0; round < 100000; round++) {
		uint64_t mfn;

		i = (unsigned int)rand() % 1000;
		if (!pg[i]) {
			order[i] = (unsigned char)(rand() % 8);
			pg[i] = page_alloc(order[i], MEMF_NO_SCRUB);
			if (!pg[i])
				continue;
			mfn = mfn_x(page_to_mfn(pg[i]));
			for (uint64_t n = 0; n < 1UL << order[i]; n++)
				assert_int_equal(owner[mfn + n]++, 0);
		} else {
			mfn = mfn_x(page_to_mfn(pg[i]));
			memset(owner + mfn, 0, 1UL << order[i]);
			page_free(pg[i], order[i]);
			pg[i] = NULL;
		}
	}
	for (i = 0; i < 1000; i++)
		if (pg[i])
			page_free(pg[i], order[i]);
	fake_cpu_id = 1;	/* its cache still counts, the CPU is gone */
	cpu_online_map.bits = 3;
	assert_int_equal(mm_free_frames(), NR_FREE);
	fake_cpu_id = 0;
	cpu_online_map.bits = 1;
}

static void hole_has_no_page(void **state)
{
	assert_true(mfn_valid(MFN(0)));
	assert_true(mfn_valid(MFN(NR_FRAMES - 1)));
	assert_false(mfn_valid(MFN(NR_FRAMES)));
	assert_false(mfn_valid(INVALID_MFN));
	frame_table[100].count_info |= PCI_HOLE;
	assert_false(mfn_valid(MFN(100)));
	assert_true(mfn_valid(MFN(101)));
	frame_table[100].count_info &= ~PCI_HOLE;
}

static void only_kept_back_frames_can_be_released(void **state)
{
	expect_assert_failure(buddy_add_range(1000, 1001));
	fake_x86[0].irqs_off = false;
}

static void m2p_remembers(void **state)
{
	mfn_t mfn;

	assert_int_equal(m2p_get(MFN(300)), M2P_INVALID);
	m2p_set(MFN(300), 42);
	assert_int_equal(m2p_get(MFN(300)), 42);
	assert_int_equal(m2p_get(MFN(299)), M2P_INVALID);
	assert_int_equal(m2p_get(MFN(1UL << 40)), M2P_INVALID);
	assert_int_equal(m2p_get(INVALID_MFN), M2P_INVALID);
	assert_true(m2p_frame(0, &mfn));
	assert_int_equal(mfn_x(mfn), 1);
	assert_false(m2p_frame(1, &mfn));
	assert_false(m2p_frame(~0u, &mfn));
}

static struct boot_info bi;

static void add_range(uint64_t start, uint64_t size, uint32_t kind)
{
	bi.ranges[bi.nr_ranges++] = (struct mem_range){ start, size, kind };
}

static void bootmem_takes_whole_frames_of_ram(void **state)
{
	struct bootmem bm;

	memset(&bi, 0, sizeof(bi));
	add_range(0, 0x9fc00, MEM_RAM);
	add_range(0x9fc00, 0x400, MEM_RESERVED);
	add_range(0x100800, 0x1000, MEM_RAM);	/* no whole frame */
	add_range(0x200000, 0x100000, MEM_RAM);
	add_range(0x300000, 0x1000, MEM_ACPI);
	add_range(0x1000000, 0x1000000, MEM_RAM);
	bootmem_init(&bm, &bi, 0x1800);
	assert_int_equal(bm.nr, 3);
	assert_int_equal(bm.ranges[0].end, 0x9f);
	assert_int_equal(bm.ranges[1].start, 0x200);
	assert_int_equal(bm.ranges[2].end, 0x1800);
}

static void bootmem_reserve_cuts(void **state)
{
	struct bootmem bm;

	bootmem_init(&bm, &bi, ~0UL);
	bootmem_reserve(&bm, 0x210, 0x220);		/* a hole */
	bootmem_reserve(&bm, 0x280, 0x1100);		/* ends and begins */
	bootmem_reserve(&bm, 0, 0x9f);			/* all */
	bootmem_reserve(&bm, 0x9f, 0x200);		/* nothing */
	assert_int_equal(bm.nr, 3);
	assert_int_equal(bm.ranges[0].start, 0x200);
	assert_int_equal(bm.ranges[0].end, 0x210);
	assert_int_equal(bm.ranges[1].start, 0x220);
	assert_int_equal(bm.ranges[1].end, 0x280);
	assert_int_equal(bm.ranges[2].start, 0x1100);
	assert_int_equal(bm.ranges[2].end, 0x2000);
}

static void bootmem_gives_the_highest(void **state)
{
	struct bootmem bm;

	bootmem_init(&bm, &bi, ~0UL);
	assert_int_equal(bootmem_alloc(&bm, 1, 1, ~0UL), 0x1fff);
	assert_int_equal(bootmem_alloc(&bm, 0x200, 0x200, ~0UL), 0x1c00);
	assert_int_equal(bootmem_alloc(&bm, 1, 1, ~0UL), 0x1ffe);
	assert_int_equal(bootmem_alloc(&bm, 1, 1, 0x300), 0x2ff);
	assert_int_equal(bootmem_alloc(&bm, 0x100, 1, 0x300), 0);
	assert_int_equal(bootmem_alloc(&bm, 0x10000, 1, ~0UL), 0);
}

static void describe_names_the_state(void **state)
{
	char buf[160];

	page_describe(&frame_table[0], buf, sizeof(buf));
	assert_non_null(strstr(buf, "mfn 0 owner - count 0 reserved"));
	page_describe(&frame_table[0], buf, 8);
	assert_int_equal(strlen(buf), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_free_at_start),
		cmocka_unit_test(blocks_are_aligned_and_distinct),
		cmocka_unit_test(freed_blocks_join),
		cmocka_unit_test(limit_is_kept),
		cmocka_unit_test(low_memory_is_kept_for_last),
		cmocka_unit_test(bad_orders_are_refused),
		cmocka_unit_test(scrub_happens_once),
		cmocka_unit_test(double_free_is_caught),
		cmocka_unit_test(stamped_frames_wait),
		cmocka_unit_test(caches_are_per_cpu),
		cmocka_unit_test(random_use_loses_nothing),
		cmocka_unit_test(hole_has_no_page),
		cmocka_unit_test(only_kept_back_frames_can_be_released),
		cmocka_unit_test(m2p_remembers),
		cmocka_unit_test(bootmem_takes_whole_frames_of_ram),
		cmocka_unit_test(bootmem_reserve_cuts),
		cmocka_unit_test(bootmem_gives_the_highest),
		cmocka_unit_test(describe_names_the_state),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
