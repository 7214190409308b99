/* SPDX-License-Identifier: MIT */
/*
 * test_pv_types.c - PV memory rules 1 to 4, 6, 7: types, entries, slots, TLBs
 */
#include "pv/world.h"

#include <lodge/atomic.h>

static void pin_and_unpin_tree(void **state)
{
	struct tree t = new_tree(&dom_a);

	assert_int_equal(pin(4, t.l4), 0);
	assert_int_equal(page_type(t.l4), PT_L4);
	assert_int_equal(page_type(t.l3), PT_L3);
	assert_int_equal(page_type(t.l2), PT_L2);
	assert_int_equal(page_type(t.l1), PT_L1);
	assert_int_equal(page_type(t.data), PT_WRITABLE);
	check_audit(&dom_a, 0, 0);
	assert_int_equal(unpin(t.l4), 0);
	assert_true(is_untyped(t.l4) && is_untyped(t.l3) && is_untyped(t.l2) &&
		    is_untyped(t.l1) && is_untyped(t.data));
	check_audit(&dom_a, 0, 0);
}

static void pin_twice_and_unpin_twice(void **state)
{
	struct page *pg = new_frame(&dom_a);

	assert_int_equal(pin(2, pg), 0);
	assert_int_equal(pin(2, pg), -EINVAL);
	assert_int_equal(pin(3, pg), -EINVAL);
	assert_int_equal(unpin(pg), 0);
	assert_int_equal(unpin(pg), -EINVAL);
	assert_int_equal(ref_count(pg), 1);
}

static void types_exclude_each_other(void **state)
{
	static const enum page_type types[] = {PT_L1, PT_L2,  PT_L3,
					       PT_L4, PT_SEG, PT_WRITABLE};
	struct page *pg = new_frame(&dom_a);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(page_get_type(pg, types[i], true), 0);
		for (j = 0; j < ARRAY_SIZE(types); j++) {
			if (i == j)
				continue;
			assert_int_equal(page_get_type(pg, types[j], true),
					 -EINVAL);
		}
		page_put_type(pg);
		assert_int_equal(pv_release_run(&dom_a), 0);
		assert_true(is_untyped(pg));
	}
}

static void counts_refuse_to_wrap(void **state)
{
	struct page *pg = new_frame(&dom_a);

	assert_int_equal(page_get_type(pg, PT_WRITABLE, false), 0);
	pg->type_info |= PTI_COUNT_MASK;
	assert_int_equal(page_get_type(pg, PT_WRITABLE, false), -EINVAL);
	assert_int_equal(page_hold_type(pg), PT_NONE);
	assert_int_equal(pg->type_info & PTI_COUNT_MASK, PTI_COUNT_MASK);
	pg->type_info -= PTI_COUNT_MASK - 1;
	page_put_type(pg);
}

static void every_entry_pays(void **state)
{
	struct tree t = new_tree(&dom_a);
	struct page *ro = new_frame(&dom_a);

	put_entry(t.l1, 1, entry(t.data, LEAF));
	put_entry(t.l1, 2, entry(ro, LEAF_RO));
	put_entry(t.l1, 511, entry(t.data, LEAF_RO));
	put_entry(t.l2, 511, entry(t.l1, LINK));
	assert_int_equal(pin(4, t.l4), 0);
	assert_int_equal(ref_count(t.data), 1 + 3);
	assert_int_equal(type_count(t.data), 2);
	assert_int_equal(ref_count(ro), 2);
	assert_true(is_untyped(ro));
	assert_int_equal(type_count(t.l1), 2);
	assert_int_equal(ref_count(t.l1), 3);
	check_audit(&dom_a, 0, 0);
	assert_int_equal(unpin(t.l4), 0);
	assert_int_equal(ref_count(t.data), 1);
}

/* Each frame that is not one's own, at each level. */
static void only_ones_own(void **state)
{
	struct page *theirs = new_frame(&dom_b), *ours = page_alloc(0, 0);
	unsigned int level;

	for (level = 1; level <= 4; level++) {
		uint64_t flags = level > 1 ? LINK : LEAF_RO;
		int refused = level > 1 ? -EINVAL : -EBUSY;
		struct page *pt = new_frame(&dom_a);

		put_entry(pt, 3, entry(theirs, flags));
		assert_int_equal(pin(level, pt), refused);
		put_entry(pt, 3, entry(ours, flags));
		assert_int_equal(pin(level, pt), refused);
		put_entry(pt, 3, pte_make(MFN(WORLD_FRAMES), flags));
		assert_int_equal(pin(level, pt), level > 1 ? -EINVAL : -EPERM);
		assert_true(is_untyped(pt));
		assert_int_equal(ref_count(pt), 1);
	}
	assert_int_equal(ref_count(theirs), 1);
	page_free(ours, 0);
}

static void refused_forms(void **state)
{
	static const uint64_t upper[] = {PTE_PSE,   PTE_GLOBAL, PTE_PWT,
					 PTE_PCD,   1UL << 59,	1UL << 62,
					 1UL << 40, 1UL << 51};
	struct page *below = new_frame(&dom_a), *pt = new_frame(&dom_a);
	unsigned int level, i;

	for (level = 2; level <= 4; level++) {
		for (i = 0; i < ARRAY_SIZE(upper); i++) {
			put_entry(pt, 9, entry(below, LINK | upper[i]));
			assert_int_equal(pin(level, pt), -EINVAL);
		}
		put_entry(pt, 9, entry(below, LINK | PTE_NX | PTE_AVAIL));
		assert_int_equal(pin(level, pt), 0);
		assert_int_equal(unpin(pt), 0);
	}
	put_entry(pt, 9, entry(below, LEAF | 1UL << 59));
	assert_int_equal(pin(1, pt), -EINVAL);
	put_entry(pt, 9, entry(below, LEAF | 1UL << 40));
	assert_int_equal(pin(1, pt), -EPERM);
	cpu_features.nx = false;
	put_entry(pt, 9, entry(below, LEAF | PTE_NX));
	assert_int_equal(pin(1, pt), -EINVAL);
	put_entry(pt, 9, entry(below, LINK | PTE_NX));
	assert_int_equal(pin(2, pt), -EINVAL);
	cpu_features.nx = true;
}

/* The user bit is forced; global is ours to give, to user pages. */
static void stored_form_of_leaves(void **state)
{
	struct page *pt = new_frame(&dom_a), *data = new_frame(&dom_a);
	uint64_t kernel = LEAF & ~PTE_USER;

	put_entry(pt, 0, entry(data, LEAF));
	put_entry(pt, 1, entry(data, kernel));
	put_entry(pt, 2, entry(data, kernel | PTE_GLOBAL));
	put_entry(pt, 3, entry(data, LEAF | PTE_GUEST_KERNEL));
	put_entry(pt, 4, entry(data, LEAF | PTE_PAT | PTE_PCD));
	assert_int_equal(pin(1, pt), 0);
	assert_int_equal(table_of(pt)[0], entry(data, LEAF | PTE_GLOBAL));
	assert_int_equal(table_of(pt)[1], entry(data, LEAF | PTE_GUEST_KERNEL));
	assert_int_equal(table_of(pt)[2], table_of(pt)[1]);
	assert_int_equal(table_of(pt)[3], table_of(pt)[1]);
	/* No device, no business with caching. */
	assert_int_equal(table_of(pt)[4], table_of(pt)[0]);
	/* Read, changed and written back it is still the kernel's. */
	assert_int_equal(
		do_update(maddr(pt, 1), table_of(pt)[1] & ~PTE_RW, DOMID_SELF),
		0);
	assert_false(table_of(pt)[1] & PTE_GLOBAL);
	assert_int_equal(unpin(pt), 0);
}

static void no_linear_maps(void **state)
{
	struct page *pt = new_frame(&dom_a);
	unsigned int level;

	for (level = 2; level <= 4; level++) {
		put_entry(pt, 5, entry(pt, LINK));
		assert_int_equal(pin(level, pt), -EINVAL);
		assert_true(is_untyped(pt));
		put_entry(pt, 5, 0);
		assert_int_equal(pin(level, pt), 0);
		assert_int_equal(
			do_update(maddr(pt, 5), entry(pt, LINK), DOMID_SELF),
			-EINVAL);
		assert_int_equal(unpin(pt), 0);
	}
	/* As data, but read-only. */
	put_entry(pt, 5, entry(pt, LEAF));
	assert_int_equal(pin(1, pt), -EBUSY);
	put_entry(pt, 5, entry(pt, LEAF_RO));
	assert_int_equal(pin(1, pt), 0);
	assert_int_equal(unpin(pt), 0);
}

static void our_slots(void **state)
{
	struct page *pt = new_frame(&dom_a), *below = new_frame(&dom_a);
	unsigned int i;

	for (i = HYP_FIRST_SLOT; i <= HYP_LAST_SLOT; i++)
		put_entry(pt, i, entry(below, LINK));
	assert_int_equal(pin(4, pt), 0);
	assert_true(is_untyped(below));
	for (i = HYP_FIRST_SLOT; i <= HYP_LAST_SLOT; i++) {
		assert_int_equal(pte_mfn(table_of(pt)[i]).x, i);
		assert_int_equal(do_update(maddr(pt, i), 0, DOMID_SELF),
				 -EINVAL);
	}
	assert_int_equal(do_update(maddr(pt, HYP_FIRST_SLOT - 1),
				   entry(below, LINK), DOMID_SELF),
			 0);
	assert_int_equal(do_update(maddr(pt, HYP_LAST_SLOT + 1),
				   entry(below, LINK), DOMID_SELF),
			 0);
	check_audit(&dom_a, 0, 0);
	assert_int_equal(unpin(pt), 0);
	for (i = HYP_FIRST_SLOT; i <= HYP_LAST_SLOT; i++)
		assert_int_equal(table_of(pt)[i], 0);
}

/* A bad entry behind good ones: all that was taken is given back. */
static void refusal_undoes_all(void **state)
{
	unsigned int level, bad;

	for (level = 1; level <= 4; level++) {
		for (bad = 0; bad < PTES_PER_TABLE; bad += 73) {
			struct page *pt = new_frame(&dom_a);
			struct page *good = new_frame(&dom_a);
			unsigned int i;

			for (i = 0; i < PTES_PER_TABLE; i++)
				put_entry(pt, i,
					  entry(good, level > 1 ? LINK : LEAF));
			put_entry(pt, bad, entry(good, LINK | 1UL << 59));
			if (level == 4 && bad >= HYP_FIRST_SLOT &&
			    bad <= HYP_LAST_SLOT)
				continue;
			assert_int_equal(pin(level, pt), -EINVAL);
			assert_true(is_untyped(pt) && is_untyped(good));
			assert_int_equal(ref_count(good), 1);
			assert_int_equal(ref_count(pt), 1);
		}
	}
}

/* What a CPU did not flush since a frame was writable it flushes now. */
static void tlbs_flush_before_a_new_type(void **state)
{
	struct page *pt = new_frame(&dom_a), *other = new_frame(&dom_a);
	unsigned int ipis;

	assert_int_equal(page_get_type(pt, PT_WRITABLE, false), 0);
	assert_int_equal(page_get_type(other, PT_WRITABLE, false), 0);
	page_put_type(pt);
	page_put_type(other);
	ipis = fake_nr_ipis;
	/* Writable again: nothing to forget. */
	assert_int_equal(page_get_type(pt, PT_WRITABLE, false), 0);
	page_put_type(pt);
	assert_int_equal(fake_nr_ipis, ipis);
	assert_int_equal(pin(1, pt), 0);
	assert_int_equal(fake_nr_ipis, ipis + 1);
	/* The other one was writable before that flush. */
	assert_int_equal(pin(1, other), 0);
	assert_int_equal(fake_nr_ipis, ipis + 1);
	/* A table may be walked from a cache: it does not become data so. */
	assert_int_equal(unpin(pt), 0);
	assert_int_equal(page_get_type(pt, PT_WRITABLE, false), 0);
	assert_int_equal(fake_nr_ipis, ipis + 2);
	page_put_type(pt);
	assert_int_equal(unpin(other), 0);
}

/* Written past the cache, then a table: the cache must not hide it. */
static void uncached_data_becomes_a_table(void **state)
{
	struct page *pt, *data;

	world_run(dom_c.vcpus[0]);
	pt = new_frame(&dom_c);
	data = new_frame(&dom_c);
	put_entry(pt, 0, entry(data, LEAF | PTE_PCD));
	assert_int_equal(pin(1, pt), 0);
	assert_true(table_of(pt)[0] & PTE_PCD);
	assert_int_equal(do_update(maddr(pt, 0), 0, DOMID_SELF), 0);
	assert_int_equal(fake_x86[0].nr_clflush, 0);
	assert_int_equal(pin(1, data), 0);
	assert_int_equal(fake_x86[0].nr_clflush, 64);
	assert_int_equal(unpin(data), 0);
	assert_int_equal(pin(1, data), 0);
	assert_int_equal(fake_x86[0].nr_clflush, 64);
}

static void loaded_roots_are_referenced(void **state)
{
	struct tree t = new_tree(&dom_a), u = new_tree(&dom_a);
	struct vcpu *v = dom_a.vcpus[0];

	assert_int_equal(pin(4, t.l4), 0);
	assert_int_equal(
		do_ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(t.l4)), 0), 0);
	assert_int_equal(read_cr3(), maddr(t.l4, 0));
	assert_int_equal(
		do_ext(MMUEXT_NEW_USER_BASEPTR, mfn_x(page_to_mfn(u.l4)), 0),
		0);
	assert_int_equal(read_cr3(), maddr(t.l4, 0));
	assert_int_equal(unpin(t.l4), 0);
	assert_int_equal(page_type(t.l1), PT_L1);
	check_audit(&dom_a, 0, 0);
	assert_true(pv_enter_user_mode(v));
	assert_false(v->pv->kernel_mode);
	assert_int_equal(read_cr3(), maddr(u.l4, 0));
	assert_int_equal(fake_x86[0].nr_swapgs, 1);
	pv_enter_kernel_mode(v);
	assert_true(v->pv->kernel_mode);
	assert_int_equal(read_cr3(), maddr(t.l4, 0));
	assert_int_equal(fake_x86[0].nr_swapgs, 2);
	assert_int_equal(do_ext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	assert_true(is_untyped(u.l1));
	assert_int_equal(
		do_ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(u.l4)), 0), 0);
	assert_true(is_untyped(t.l1) && is_untyped(t.l4));
	/* It has the global bit now, which a root's entry may not have. */
	assert_int_equal(
		do_ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(t.l1)), 0),
		-EINVAL);
	check_audit(&dom_a, 0, 0);
	/* No user root: the guest may not go there. */
	assert_false(pv_enter_user_mode(v));
	assert_true(v->pv->kernel_mode);
	assert_int_equal(read_cr3(), maddr(u.l4, 0));
	assert_int_equal(fake_x86[0].nr_swapgs, 2);
}

static void roots_of_others_are_refused(void **state)
{
	struct tree t = new_tree(&dom_b);

	assert_int_equal(
		do_ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(t.l4)), 0),
		-EINVAL);
	assert_int_equal(do_ext(MMUEXT_NEW_BASEPTR, WORLD_FRAMES, 0), -EINVAL);
	assert_int_equal(pin(4, t.l4), -EINVAL);
	assert_true(is_untyped(t.l1));
}

#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(pin_and_unpin_tree),
		WORLD_TEST(pin_twice_and_unpin_twice),
		WORLD_TEST(types_exclude_each_other),
		WORLD_TEST(counts_refuse_to_wrap),
		WORLD_TEST(every_entry_pays),
		WORLD_TEST(only_ones_own),
		WORLD_TEST(refused_forms),
		WORLD_TEST(stored_form_of_leaves),
		WORLD_TEST(no_linear_maps),
		WORLD_TEST(our_slots),
		WORLD_TEST(refusal_undoes_all),
		WORLD_TEST(tlbs_flush_before_a_new_type),
		WORLD_TEST(uncached_data_becomes_a_table),
		WORLD_TEST(loaded_roots_are_referenced),
		WORLD_TEST(roots_of_others_are_refused),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
