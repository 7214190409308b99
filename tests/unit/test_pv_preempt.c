/* SPDX-License-Identifier: MIT */
/*
 * test_pv_preempt.c - PV memory rules 8 and 11: stop anywhere, and go on, or
 * undo, or die
 *
 * 'Should I stop?' is answered yes on each n-th question, for many n: so each
 * operation is interrupted at each of its steps.
 */
#include "pv/world.h"

#define EVERY_MAX 40

static bool whole_domain_untyped(struct domain *d)
{
	uint64_t mfn;

	for (mfn = 0; mfn < WORLD_FRAMES; mfn++) {
		const struct page *pg = mfn_to_page(MFN(mfn));

		if (pg->owner == d && ref_count(pg) &&
		    (!is_untyped(pg) || ref_count(pg) != 1))
			return false;
	}
	return true;
}

static void pin_unpin_at_every_step(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 4);

	for (fake_preempt_every = 1; fake_preempt_every < EVERY_MAX;
	     fake_preempt_every++) {
		assert_int_equal(pin(4, l4), 0);
		check_audit(&dom_a, 0, 0);
		assert_int_equal(unpin(l4), 0);
		assert_true(whole_domain_untyped(&dom_a));
		assert_int_equal(dom_a.pv->release_pending, 0);
	}
	assert_true(fake_nr_continued > 100);
}

/* The last leaf of all is bad. */
static void refusal_at_every_step(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 4);
	struct page *theirs = new_frame(&dom_b), *pt = l4;
	unsigned int level;

	for (level = 4; level > 1; level--)
		pt = mfn_to_page(pte_mfn(table_of(pt)[21]));
	put_entry(pt, 21, entry(theirs, LEAF_RO));
	for (fake_preempt_every = 1; fake_preempt_every < EVERY_MAX;
	     fake_preempt_every++) {
		assert_int_equal(pin(4, l4), -EBUSY);
		while (pv_release_run(&dom_a))
			;
		assert_true(whole_domain_untyped(&dom_a));
	}
}

static void change_of_roots_at_every_step(void **state)
{
	struct page *one = new_wide_tree(&dom_a, 3);
	struct page *two = new_wide_tree(&dom_a, 3);

	for (fake_preempt_every = 1; fake_preempt_every < EVERY_MAX;
	     fake_preempt_every++) {
		swap(one, two);
		assert_int_equal(
			do_ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(one)), 0),
			0);
		assert_int_equal(page_type(one), PT_L4);
		assert_true(is_untyped(two));
		check_audit(&dom_a, 0, 0);
	}
}

/* An update that takes one subtree in and lets another one go. */
static void update_at_every_step(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 3);
	struct page *other = new_wide_tree(&dom_a, 3);
	uint64_t in = table_of(other)[0], out = table_of(l4)[0];

	assert_int_equal(pin(4, l4), 0);
	for (fake_preempt_every = 1; fake_preempt_every < EVERY_MAX;
	     fake_preempt_every++) {
		assert_int_equal(do_update(maddr(l4, 0), in, DOMID_SELF), 0);
		assert_true(is_untyped(mfn_to_page(pte_mfn(out))));
		assert_int_equal(page_type(mfn_to_page(pte_mfn(in))), PT_L3);
		check_audit(&dom_a, 0, 0);
		swap(in, out);
	}
}

static long list_of_updates(struct page *l1, uint64_t e, unsigned int *done)
{
	static struct mmu_update list[200];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		list[i].ptr = maddr(l1, i);
		list[i].val = e;
	}
	*done = 0xdead;
	return call(hypercall_mmu_update, (uint64_t)list, ARRAY_SIZE(list),
		    (uint64_t)done, DOMID_SELF);
}

static void done_counts_all_passes(void **state)
{
	struct page *l1 = new_frame(&dom_a), *data = new_frame(&dom_a);
	unsigned int done;

	assert_int_equal(pin(1, l1), 0);
	for (fake_preempt_every = 1; fake_preempt_every < EVERY_MAX;
	     fake_preempt_every++) {
		assert_int_equal(list_of_updates(l1, entry(data, LEAF), &done),
				 0);
		assert_int_equal(done, 200);
		assert_int_equal(type_count(data), 200);
		assert_int_equal(list_of_updates(l1, 0, &done), 0);
		assert_int_equal(ref_count(data), 1);
	}
}

/* One pass only: the call is not made again. */
static long pin_once(struct page *pg)
{
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE};
	struct call_args a = {
		.arg0 = (uint64_t)&op, .arg1 = 1, .arg3 = DOMID_SELF};

	op.arg1.mfn = mfn_x(page_to_mfn(pg));
	return hypercall_mmuext_op(current, &a);
}

/* A stopped tree may be gone on with by another vCPU. */
static void another_goes_on(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 4);

	fake_preempt_every = 5;
	assert_int_equal(pin_once(l4), HYPERCALL_CONTINUED);
	assert_true(l4->type_info & PTI_PARTIAL);
	check_audit(&dom_a, 0, 0);
	/* It counts as a table, but as no valid one. */
	assert_int_equal(page_hold_type(l4), PT_NONE);
	assert_int_equal(page_get_type(l4, PT_WRITABLE, false), -EINVAL);
	fake_cpu_id = 1;
	world_run(dom_a.vcpus[1]);
	assert_int_equal(pin(4, l4), 0);
	check_audit(&dom_a, 0, 0);
	fake_cpu_id = 0;
	/* The first one finds it pinned. */
	assert_int_equal(pin(4, l4), -EINVAL);
}

/*
 * An update stops half way into a tree, and before it is made again its table
 * is none any more: it becomes a plain write, and the tree below is given up.
 */
static void overtaken_by_a_release(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 3);
	struct page *l3 = new_wide_tree(&dom_a, 4), *l2;
	struct mmu_update req = {maddr(l4, 3), 0};
	struct call_args a = {
		.arg0 = (uint64_t)&req, .arg1 = 1, .arg3 = DOMID_SELF};

	l3 = mfn_to_page(pte_mfn(table_of(l3)[0]));
	l2 = mfn_to_page(pte_mfn(table_of(l3)[0]));
	req.val = entry(l3, LINK);
	assert_int_equal(pin(4, l4), 0);
	fake_preempt_every = 5;
	assert_int_equal(hypercall_mmu_update(current, &a), HYPERCALL_CONTINUED);
	assert_true(l3->type_info & PTI_PARTIAL);
	fake_preempt_every = 0;
	fake_cpu_id = 1;
	world_run(dom_a.vcpus[1]);
	assert_int_equal(unpin(l4), 0);
	assert_true(l3->type_info & PTI_PARTIAL);
	fake_cpu_id = 0;
	world_run(dom_a.vcpus[0]);
	assert_int_equal(do_update(req.ptr, req.val, DOMID_SELF), 0);
	assert_true(is_untyped(l3) && is_untyped(l2));
	assert_true(whole_domain_untyped(&dom_a));
}

/* ... or never: the domain dies with it, stopped at any step. */
static void death_at_every_step(void **state)
{
	unsigned int n;

	for (n = 1; n < EVERY_MAX; n++) {
		struct page *l4 = new_wide_tree(&dom_a, 4), *other;

		fake_preempt_every = n;
		pin_once(l4);
		other = new_wide_tree(&dom_a, 3);
		assert_int_equal(do_ext(MMUEXT_NEW_BASEPTR,
					mfn_x(page_to_mfn(other)), 0),
				 0);
		assert_int_equal(do_ext(MMUEXT_NEW_USER_BASEPTR,
					mfn_x(page_to_mfn(other)), 0),
				 0);
		check_audit(&dom_a, 0, 0);
		/* Torn down with the same interruptions, then afresh. */
		world_teardown(state);
		world_setup(state);
	}
}

/* A table that another CPU is just checking: come again. */
static void busy_below(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 3);
	struct page *l3 = mfn_to_page(pte_mfn(table_of(l4)[7]));
	uint64_t info = l3->type_info;

	l3->type_info = (uint64_t)PT_L3 << PTI_TYPE_SHIFT | PTI_BUSY | 1;
	assert_int_equal(pin_once(l4), HYPERCALL_CONTINUED);
	assert_true(l4->type_info & PTI_PARTIAL);
	assert_int_equal(l4->nr_validated, 7);
	l3->type_info = info;
	assert_int_equal(pin(4, l4), 0);
	check_audit(&dom_a, 0, 0);
}

/* A table on the queue may not be had until it is done with. */
static void get_while_it_is_released(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 3);

	assert_int_equal(page_get_type(l4, PT_L4, true), 0);
	page_put_type(l4);
	assert_true(l4->type_info & PTI_RELEASING);
	assert_int_equal(page_get_type(l4, PT_L4, true), -EINTR);
	assert_int_equal(page_get_type(l4, PT_WRITABLE, false), -EINVAL);
	assert_int_equal(page_hold_type(l4), PT_NONE);
	check_audit(&dom_a, 0, 0);
	/* The call works off the queue first. */
	assert_int_equal(pin(4, l4), 0);
	check_audit(&dom_a, 0, 0);
}

/* The frame is given up while it is on the queue. */
static void freed_while_it_is_released(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 2);
	uint64_t left = dom_a.tot_pages - 1;

	assert_int_equal(page_get_type(l4, PT_L4, true), 0);
	page_put_type(l4);
	assert_true(page_get(l4, &dom_a));
	assert_true(page_put_alloc_ref(l4));
	page_put(l4);
	assert_int_equal(dom_a.tot_pages, left + 1);
	assert_int_equal(pv_release_run(&dom_a), 0);
	assert_int_equal(dom_a.tot_pages, left);
}

static void dying_domains_get_no_tables(void **state)
{
	struct page *l4 = new_wide_tree(&dom_a, 2);

	fake_preempt_every = 3;
	assert_int_equal(pin_once(l4), HYPERCALL_CONTINUED);
	dom_a.state = DOM_DYING;
	/* What was begun is undone. */
	assert_int_equal(page_get_type(l4, PT_L4, true), -EINVAL);
	while (pv_release_run(&dom_a))
		;
	assert_true(is_untyped(l4));
}

#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(pin_unpin_at_every_step),
		WORLD_TEST(refusal_at_every_step),
		WORLD_TEST(change_of_roots_at_every_step),
		WORLD_TEST(update_at_every_step),
		WORLD_TEST(done_counts_all_passes),
		WORLD_TEST(another_goes_on),
		WORLD_TEST(overtaken_by_a_release),
		WORLD_TEST(death_at_every_step),
		WORLD_TEST(busy_below),
		WORLD_TEST(get_while_it_is_released),
		WORLD_TEST(freed_while_it_is_released),
		WORLD_TEST(dying_domains_get_no_tables),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
