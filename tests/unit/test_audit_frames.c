/* SPDX-License-Identifier: MIT */
/*
 * test_audit_frames.c - the audit finds frames in two states, wrong lists, and
 * references that nobody has or that nobody counted
 */
#include "pv/world.h"

#include <lodge/audit.h>

#include "../../hypervisor/mm/private.h"

#define NR_DOMAINS 8

static struct domain *const doms[] = { &dom_a, &dom_b, &dom_c };

/* Of the state of frames, and of lists. */
static unsigned long state_errors(void)
{
	struct domain_tally tallies[NR_DOMAINS] = { { 0 } };
	struct audit a = { .quiet = true, .domains = tallies };
	unsigned int i;

	mm_audit(&a);
	for (i = 0; i < ARRAY_SIZE(doms); i++)
		mm_audit_domain(&a, doms[i]);
	assert_true(a.errors || a.free_frames == mm_free_frames());
	return a.errors;
}

/* Of references. */
static unsigned long reference_errors(void)
{
	static struct frame_tally tally[WORLD_FRAMES];
	struct audit a = { .quiet = true };
	struct frame_window w = { .a = &a, .tally = tally };
	unsigned int i;

	/* Windows of a size that does not fit. */
	for (w.first = 0; w.first < max_mfn; w.first += w.nr) {
		w.nr = min(max_mfn - w.first, (uint64_t)5000);
		memset(tally, 0, sizeof(tally));
		pv_audit_frames(&w);
		for (i = 0; i < ARRAY_SIZE(doms); i++)
			pv_audit_domain(&w, doms[i]);
		pv_audit_compare(&w);
	}
	return a.errors;
}

static void what_is_right_is_clean(void **state)
{
	struct tree t = new_tree(&dom_a);

	assert_int_equal(pin(4, t.l4), 0);
	new_frame(&dom_b);
	assert_int_equal(state_errors(), 0);
	assert_int_equal(reference_errors(), 0);
	assert_int_equal(unpin(t.l4), 0);
	assert_int_equal(state_errors(), 0);
	assert_int_equal(reference_errors(), 0);
}

static void references_that_nobody_has(void **state)
{
	struct tree t = new_tree(&dom_a);

	assert_int_equal(pin(4, t.l4), 0);
	assert_true(page_get(t.data, &dom_a));
	assert_int_equal(reference_errors(), 1);
	assert_int_equal(page_get_type(t.data, PT_WRITABLE, false), 0);
	assert_int_equal(reference_errors(), 2);
	page_put_type(t.data);
	page_put(t.data);
	t.l2->type_info++;
	assert_int_equal(reference_errors(), 1);
	t.l2->type_info--;
	assert_int_equal(reference_errors(), 0);
	assert_int_equal(unpin(t.l4), 0);
}

static void references_that_nobody_counted(void **state)
{
	struct tree t = new_tree(&dom_a);

	assert_int_equal(pin(4, t.l4), 0);
	t.l1->count_info--;
	assert_int_equal(reference_errors(), 1);
	t.l1->count_info++;
	t.data->type_info--;
	assert_int_equal(reference_errors(), 1);
	t.data->type_info++;
	assert_int_equal(reference_errors(), 0);
	assert_int_equal(unpin(t.l4), 0);
}

static void lists_of_domains(void **state)
{
	struct page *pg = new_frame(&dom_a), *last = new_frame(&dom_a);

	dom_a.tot_pages++;
	assert_int_equal(state_errors(), 1);
	dom_a.tot_pages--;
	list_del(&last->link);
	assert_int_equal(state_errors(), 1);
	list_add_tail(&last->link, &dom_a.pages);
	/* Both are wrong: one has too few, the other too many. */
	pg->owner = &dom_b;
	assert_int_equal(state_errors(), 2);
	pg->owner = &dom_a;
	assert_int_equal(state_errors(), 0);
}

/* The first free block that is larger than a frame. */
static struct page *free_block(void)
{
	uint64_t mfn;

	for (mfn = 0; mfn < max_mfn; mfn++) {
		struct page *pg = mfn_to_page(MFN(mfn));

		if ((pg->count_info & PCI_FREE) && pg->free.order)
			return pg;
	}
	fail_msg("no free block");
	return NULL;
}

static void free_frames_in_use(void **state)
{
	struct page *pg = free_block();
	unsigned int order = pg->free.order;

	pg[1].owner = &dom_a;
	assert_true(state_errors() >= 1);
	pg[1].owner = NULL;
	pg[1].count_info |= 1;
	assert_true(state_errors() >= 1);
	pg[1].count_info &= ~PCI_COUNT_MASK;
	pg->free.order = (uint8_t)(order - 1);
	assert_true(state_errors() >= 1);
	pg->free.order = (uint8_t)order;
	pg->count_info &= ~PCI_FREE;
	assert_true(state_errors() >= 1);
	pg->count_info |= PCI_FREE;
	assert_int_equal(state_errors(), 0);
}

static void frames_without_owner(void **state)
{
	struct page *pg = page_alloc(0, 0);

	pg->count_info = 1;
	assert_int_equal(state_errors(), 1);
	pg->count_info = 0;
	assert_int_equal(state_errors(), 0);
	page_free(pg, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_right_is_clean),
		T(references_that_nobody_has),
		T(references_that_nobody_counted),
		T(lists_of_domains),
		T(free_frames_in_use),
		T(frames_without_owner),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
