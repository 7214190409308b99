/* SPDX-License-Identifier: MIT */
/*
 * test_domain_pages.c - frames of domains: references, theft, deferred free,
 * and the flush clock that says when a frame may be used again
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/atomic.h>
#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include "../../hypervisor/mm/private.h"

static struct domain dom_a, dom_b;
static uint64_t free_at_start;
static unsigned int nr_raised;

void work_raise(enum work w)
{
	assert_int_equal(w, WORK_DEFERRED);
	nr_raised++;
}

void domain_put(struct domain *d)
{
	assert_true(d->refs > 0);
	d->refs--;
}

static void domain_setup(struct domain *d, domid_t id)
{
	memset(d, 0, sizeof(*d));
	d->domid = id;
	d->refs = 1;
	d->state = DOM_ALIVE;
	d->max_pages = 16;
	spin_init(&d->pages_lock, LOCK_DOMPAGES);
	list_init(&d->pages);
}

static int group_setup(void **state)
{
	fake_memory_init(32UL << (20 - PAGE_SHIFT));
	tlb_init();
	return 0;
}

static int setup(void **state)
{
	domain_setup(&dom_a, 1);
	domain_setup(&dom_b, 2);
	cpu_online_map.bits = 3;
	free_at_start = mm_free_frames();
	nr_raised = 0;
	memset(fake_x86, 0, sizeof(fake_x86));
	return 0;
}

/* Whatever a test did, nothing may be left over. */
static int teardown(void **state)
{
	deferred_free_run();
	assert_int_equal(mm_free_frames(), free_at_start);
	assert_int_equal(dom_a.refs, 1);
	assert_int_equal(dom_b.refs, 1);
	assert_true(list_empty(&dom_a.pages));
	assert_int_equal(dom_a.tot_pages + dom_b.tot_pages, 0);
	return 0;
}

static void release(struct page *pg)
{
	assert_true(page_get(pg, pg->owner));
	assert_true(page_put_alloc_ref(pg));
	page_put(pg);
}

static void alloc_and_release(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 2, 0);
	unsigned int i;

	assert_non_null(pg);
	assert_int_equal(dom_a.tot_pages, 4);
	assert_int_equal(dom_a.refs, 2);
	for (i = 0; i < 4; i++) {
		assert_ptr_equal(pg[i].owner, &dom_a);
		assert_int_equal(pg[i].count_info, PCI_ALLOCATED | 1);
		assert_int_equal(*(uint64_t *)page_to_virt(pg + i), 0);
	}
	memset(page_to_virt(pg), 0xaa, PAGE_SIZE << 2);
	for (i = 0; i < 4; i++)
		release(pg + i);
	assert_int_equal(dom_a.tot_pages, 0);
	assert_true(nr_raised > 0);
	/* The queue keeps the domain, not the frames' number. */
	assert_true(dom_a.refs > 1);
	assert_int_equal(mm_free_frames(), free_at_start - 4);
	assert_false(page_get(pg, &dom_a));
	deferred_free_run();
	/* What it left is gone, also for the hypervisor's own use. */
	for (i = 0; i < 64; i++) {
		struct page *p = page_alloc(0, 0);

		assert_int_equal(*(uint64_t *)page_to_virt(p), 0);
		page_free(p, 0);
	}
}

/* What nobody owned may stay; what a domain left never reaches another. */
static void stale_is_not_anothers(void **state)
{
	struct page *pg = page_alloc(0, 0);
	unsigned int i;

	memset(page_to_virt(pg), 0xbb, PAGE_SIZE);
	page_free(pg, 0);
	/* Of single frames, the last that was freed is the first. */
	assert_ptr_equal(domain_page_alloc(&dom_a, 0, MEMF_STALE), pg);
	assert_int_equal(*(uint8_t *)page_to_virt(pg), 0xbb);
	memset(page_to_virt(pg), 0xaa, PAGE_SIZE);
	release(pg);
	deferred_free_run();
	assert_ptr_equal(domain_page_alloc(&dom_b, 0, MEMF_STALE), pg);
	for (i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((uint8_t *)page_to_virt(pg))[i], 0);
	release(pg);
}

static void limit_and_death_refuse(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 4, 0), *own;

	assert_non_null(pg);
	assert_null(domain_page_alloc(&dom_a, 0, 0));
	own = page_alloc(0, 0);
	assert_int_equal(domain_page_assign(&dom_a, own, 0, false), -E2BIG);
	assert_null(own->owner);
	assert_int_equal(domain_page_assign(&dom_a, own, 0, true), 0);
	assert_int_equal(dom_a.tot_pages, 17);
	/* More than the limit already: no wrap in the comparison. */
	assert_null(domain_page_alloc(&dom_a, 0, 0));
	dom_a.state = DOM_DYING;
	dom_a.max_pages = 100;
	assert_null(domain_page_alloc(&dom_a, 0, 0));
	release(own);
	for (unsigned int i = 0; i < 16; i++)
		release(pg + i);
}

static void references_are_the_owners(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 0, 0);
	struct page *ours = page_alloc(0, 0);

	assert_false(page_get(pg, &dom_b));
	assert_int_equal(pg->count_info, PCI_ALLOCATED | 1);
	assert_true(page_get(pg, &dom_a));
	/* Nobody gets at the hypervisor's or at kept-back frames. */
	assert_false(page_get(ours, &dom_a));
	assert_false(page_get(ours, NULL));
	assert_false(page_get(&frame_table[0], NULL));
	/* The count does not wrap. */
	pg->count_info = PCI_ALLOCATED | PCI_COUNT_MASK;
	assert_false(page_get(pg, &dom_a));
	pg->count_info = PCI_ALLOCATED | 2;
	assert_true(page_put_alloc_ref(pg));
	assert_false(page_put_alloc_ref(pg));
	page_put(pg);
	page_free(ours, 0);
}

static void allocated_ref_goes_first(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 0, 0);

	assert_true(page_get(pg, &dom_a));
	assert_true(page_put_alloc_ref(pg));
	/* Somebody still has it: it stays the domain's. */
	assert_int_equal(dom_a.tot_pages, 1);
	assert_int_equal(domain_page_steal(&dom_a, pg), -EINVAL);
	page_put(pg);
	assert_int_equal(dom_a.tot_pages, 0);
}

static void steal_needs_the_last_reference(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 0, 0);

	assert_int_equal(domain_page_steal(&dom_b, pg), -EINVAL);
	assert_true(page_get(pg, &dom_a));
	assert_int_equal(domain_page_steal(&dom_a, pg), -EINVAL);
	assert_int_equal(pg->count_info, PCI_ALLOCATED | 2);
	page_put(pg);
	pg->type_info = (uint64_t)PT_L1 << PTI_TYPE_SHIFT | 1;
	assert_int_equal(domain_page_steal(&dom_a, pg), -EINVAL);
	pg->type_info = 0;

	strcpy(page_to_virt(pg), "secret");
	assert_int_equal(domain_page_steal(&dom_a, pg), 0);
	assert_null(pg->owner);
	assert_int_equal(dom_a.tot_pages, 0);
	assert_int_equal(dom_a.refs, 1);
	assert_false(page_get(pg, &dom_a));

	/* A transfer takes the contents along; TLBs are clean before. */
	assert_int_equal(domain_page_assign(&dom_b, pg, 0, false), 0);
	assert_int_equal(fake_x86[0].nr_cr3_loads, 1);
	assert_int_equal(fake_x86[1].nr_cr3_loads, 1);
	assert_string_equal(page_to_virt(pg), "secret");
	assert_true(page_get(pg, &dom_b));
	page_put(pg);
	release(pg);
}

static void stolen_frame_is_freed_late(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 0, 0);

	assert_int_equal(domain_page_steal(&dom_a, pg), 0);
	page_free(pg, 0);
	assert_int_equal(mm_free_frames(), free_at_start - 1);
	deferred_free_run();
	assert_int_equal(mm_free_frames(), free_at_start);
	assert_int_equal(fake_x86[1].nr_cr3_loads, 1);
}

static void shared_frames_stay_ours(void **state)
{
	struct page *pg = page_alloc(0, MEMF_ZERO);

	page_share(pg, &dom_a, true);
	assert_int_equal(page_type(pg), PT_WRITABLE);
	assert_int_equal(dom_a.tot_pages, 0);
	assert_true(page_get(pg, &dom_a));
	assert_false(page_put_alloc_ref(pg));
	assert_int_equal(domain_page_steal(&dom_a, pg), -EINVAL);
	/* The guest has it mapped yet: its shell stays until it lets go. */
	assert_int_equal(dom_a.refs, 2);
	page_share_end(pg);
	deferred_free_run();
	assert_int_equal(dom_a.refs, 2);
	page_put(pg);
	assert_false(page_get(pg, &dom_a));
	assert_int_equal(dom_a.refs, 2);
	deferred_free_run();
	assert_int_equal(dom_a.refs, 1);
	page_unshare(pg);
	page_free(pg, 0);
	assert_int_equal(mm_free_frames(), free_at_start);

	pg = page_alloc(0, MEMF_ZERO);
	page_share(pg, &dom_a, false);
	assert_int_equal(page_type(pg), PT_NONE);
	assert_int_equal(pg->type_info & PTI_COUNT_MASK, 1);
	page_unshare(pg);
	assert_int_equal(dom_a.refs, 1);
	assert_null(pg->owner);
	page_free(pg, 0);
}

static void release_many(struct page *pg, unsigned int nr)
{
	while (nr--)
		release(pg++);
}

/* Two guests are built, in memory that is enough for one and a half. */
static void claims_are_kept(void **state)
{
	uint64_t half = free_at_start / 2;
	struct page *pg;

	dom_a.max_pages = dom_b.max_pages = free_at_start + 1;
	assert_int_equal(domain_claim(&dom_a, free_at_start + 1), -ENOMEM);
	assert_int_equal(domain_claim(&dom_a, free_at_start + 2), -EINVAL);
	assert_int_equal(domain_claim(&dom_a, half), 0);
	assert_int_equal(mm_claimed_frames(), half);
	assert_int_equal(domain_claim(&dom_a, half + 1), -EINVAL);
	assert_int_equal(domain_claim(&dom_b, free_at_start - half + 1),
			 -ENOMEM);
	assert_int_equal(domain_claim(&dom_b, free_at_start - half), 0);
	/* Its own frames come out of its claim: nothing is left over. */
	pg = domain_page_alloc(&dom_a, 3, 0);
	assert_non_null(pg);
	assert_int_equal(mm_claimed_frames(), free_at_start - 8);
	assert_int_equal(domain_claim(&dom_b, 0), 0);
	assert_int_equal(domain_claim(&dom_b, 0), 0);
	assert_int_equal(mm_claimed_frames(), half - 8);
	release_many(pg, 8);
	assert_int_equal(domain_claim(&dom_a, 0), 0);
	assert_int_equal(mm_claimed_frames(), 0);
}

static void claimed_memory_is_not_others(void **state)
{
	struct page *mine, *theirs;

	dom_a.max_pages = free_at_start;
	assert_int_equal(domain_claim(&dom_a, free_at_start - 1), 0);
	theirs = domain_page_alloc(&dom_b, 0, 0);
	assert_non_null(theirs);
	assert_null(domain_page_alloc(&dom_b, 0, 0));
	mine = domain_page_alloc(&dom_a, 0, 0);
	assert_non_null(mine);
	/* As many as it has are claimed already; and the dead claim nothing. */
	assert_int_equal(domain_claim(&dom_b, 1), -EINVAL);
	assert_int_equal(domain_claim(&dom_a, 0), 0);
	assert_int_equal(domain_claim(&dom_a, 1), -EINVAL);
	dom_a.state = DOM_DYING;
	assert_int_equal(domain_claim(&dom_a, 2), -EINVAL);
	assert_int_equal(mm_claimed_frames(), 0);
	release(mine);
	release(theirs);
}

static void free_flushes_only_who_must(void **state)
{
	struct page *pg = domain_page_alloc(&dom_a, 1, 0);

	release(pg);
	/* CPU 1 happens to flush after the release: once is enough. */
	fake_cpu_id = 1;
	tlb_flush_local(FLUSH_GLOBAL);
	fake_cpu_id = 0;
	deferred_free_run();
	assert_int_equal(fake_x86[0].nr_cr3_loads, 1);
	assert_int_equal(fake_x86[1].nr_cr3_loads, 1);

	/* A flush before the release is of no use. */
	fake_cpu_id = 1;
	tlb_flush_local(FLUSH_GLOBAL);
	fake_cpu_id = 0;
	release(pg + 1);
	deferred_free_run();
	assert_int_equal(fake_x86[1].nr_cr3_loads, 3);
}

static void filter_follows_the_clock(void **state)
{
	cpumask_t mask = { 3 };
	uint32_t stamp = tlb_clock();

	assert_int_not_equal(stamp, 0);
	tlb_filter(&mask, stamp);
	assert_int_equal(mask.bits, 3);
	tlb_load_root(0x1000);
	tlb_filter(&mask, stamp);
	assert_int_equal(mask.bits, 2);
	tlb_filter(&mask, 0);
	assert_int_equal(mask.bits, 0);
	/* An odd stamp of long ago is taken for a late one: flush. */
	mask.bits = 3;
	tlb_filter(&mask, stamp + 1000000);
	assert_int_equal(mask.bits, 3);
}

static void cr3_load_keeps_global_entries(void **state)
{
	cpumask_t mask = { 1 };
	uint32_t stamp;

	fake_x86[0].cr4 = X86_CR4_PGE;
	stamp = tlb_clock();
	tlb_load_root(0x2000);
	tlb_flush_local(0);
	tlb_filter(&mask, stamp);
	assert_int_equal(mask.bits, 1);
	tlb_flush_local(FLUSH_GLOBAL);
	assert_int_equal(fake_x86[0].cr4, X86_CR4_PGE);
	tlb_filter(&mask, stamp);
	assert_int_equal(mask.bits, 0);
}

static void flush_reaches_the_mask_only(void **state)
{
	cpumask_t mask = { 2 };

	tlb_flush_mask(&mask, FLUSH_GLOBAL | FLUSH_CACHE);
	assert_int_equal(fake_x86[0].nr_cr3_loads, 0);
	assert_int_equal(fake_x86[1].nr_cr3_loads, 1);
	assert_int_equal(fake_x86[1].nr_wbinvd, 1);
	mask.bits = 3;
	tlb_flush_mask_one(&mask, 0x1234000);
	assert_int_equal(fake_x86[0].last_invlpg, 0x1234000);
	assert_int_equal(fake_x86[1].last_invlpg, 0x1234000);
	assert_int_equal(fake_x86[1].nr_cr3_loads, 1);
	/* CPU 5 is not there. */
	mask.bits = BIT(5);
	tlb_flush_mask(&mask, FLUSH_GLOBAL);
	assert_int_equal(fake_x86[5].nr_cr3_loads, 0);
	/* Alone, interrupts may be off. */
	fake_x86[0].irqs_off = true;
	mask.bits = 1;
	tlb_flush_mask(&mask, FLUSH_GLOBAL);
	assert_int_equal(fake_x86[0].nr_cr3_loads, 1);
	fake_x86[0].irqs_off = false;
}

static void perdomain_tables(void **state)
{
	uint64_t *first, *last;

	assert_int_equal(perdomain_init(&dom_a), 0);
	assert_int_equal(perdomain_vcpu_init(&dom_a, 0), 0);
	assert_int_equal(perdomain_vcpu_init(&dom_a, 1), 0);
	assert_int_equal(perdomain_vcpu_init(&dom_a, MAX_VCPUS - 1), 0);
	first = perdomain_ptes(&dom_a, 0);
	last = perdomain_ptes(&dom_a, MAX_VCPUS - 1);
	assert_ptr_equal(perdomain_ptes(&dom_a, 1),
			 first + PERDOMAIN_VCPU_PAGES);
	assert_int_equal(PAGE_OFFSET(last), PAGE_SIZE - 32 * 8);
	assert_int_equal(mm_free_frames(), free_at_start - 4);
	perdomain_destroy(&dom_a);
	perdomain_destroy(&dom_a);
	assert_int_equal(mm_free_frames(), free_at_start);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(alloc_and_release),
		T(stale_is_not_anothers),
		T(limit_and_death_refuse),
		T(references_are_the_owners),
		T(allocated_ref_goes_first),
		T(steal_needs_the_last_reference),
		T(stolen_frame_is_freed_late),
		T(shared_frames_stay_ours),
		T(free_flushes_only_who_must),
		T(claims_are_kept),
		T(claimed_memory_is_not_others),
		T(filter_follows_the_clock),
		T(cr3_load_keeps_global_entries),
		T(flush_reaches_the_mask_only),
		T(perdomain_tables),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
