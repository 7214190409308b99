/* SPDX-License-Identifier: MIT */
/*
 * test_memory_op.c - a domain's memory grows, shrinks and is exchanged
 */
#include "pv/world.h"

#include <lodge/boot.h>
#include <xen/memory.h>

#define NR 8

struct boot_info boot_info;

static long memory_op(unsigned int op, void *arg)
{
	return call(hypercall_memory_op, op, (uint64_t)arg, 0, 0);
}

static long reserve(unsigned int op, xen_pfn_t *list, unsigned long nr,
		    unsigned int order)
{
	struct xen_memory_reservation r = {
		.extent_start.p = list,
		.nr_extents = nr,
		.extent_order = order,
		.domid = DOMID_SELF,
	};

	return memory_op(op, &r);
}

/* At every step: what is there is what is counted. */
static void grow_and_shrink(void **state)
{
	unsigned int every, i;

	for (every = 1; every < 5; every++) {
		xen_pfn_t list[NR];

		fake_preempt_every = every;
		for (i = 0; i < NR; i++)
			list[i] = 100 + i;
		assert_int_equal(reserve(XENMEM_populate_physmap, list, NR, 0),
				 NR);
		assert_int_equal(dom_a.tot_pages, NR);
		for (i = 0; i < NR; i++)
			assert_int_equal(m2p_get(MFN(list[i])), 100 + i);
		list[5] = WORLD_FRAMES;
		assert_int_equal(
			reserve(XENMEM_decrease_reservation, list, NR, 0), 5);
		assert_int_equal(dom_a.tot_pages, NR - 5);
		assert_int_equal(
			reserve(XENMEM_decrease_reservation, list + 6, 2, 0),
			2);
		assert_int_equal(dom_a.tot_pages, 1);
		world_teardown(state);
		world_setup(state);
	}
}

static void limits(void **state)
{
	xen_pfn_t one = 1;

	dom_a.max_pages = 0;
	assert_int_equal(reserve(XENMEM_increase_reservation, &one, 1, 0), 0);
	dom_a.max_pages = WORLD_FRAMES;
	assert_int_equal(reserve(XENMEM_increase_reservation, &one, 1, 30), 0);
	assert_int_equal(reserve(XENMEM_increase_reservation, &one, ~0UL, 0),
			 0);
	assert_int_equal(dom_a.tot_pages, 0);
}

/* Eight for one of order 3: all of them, or none. */
static void exchange(void **state)
{
	xen_pfn_t in[NR], out = 100;
	struct xen_memory_exchange x = {
		.in = {.extent_start.p = in,
		       .nr_extents = NR,
		       .domid = DOMID_SELF},
		.out = {.extent_start.p = &out,
			.nr_extents = 1,
			.extent_order = 3,
			.domid = DOMID_SELF},
	};
	struct page *used;
	unsigned int i;

	for (i = 0; i < NR; i++)
		in[i] = mfn_x(page_to_mfn(new_frame(&dom_a)));
	used = mfn_to_page(MFN(in[NR - 1]));
	assert_int_equal(page_get_type(used, PT_WRITABLE, false), 0);
	assert_int_equal(memory_op(XENMEM_exchange, &x), -EINVAL);
	assert_int_equal(x.nr_exchanged, 0);
	assert_int_equal(out, 100);
	assert_int_equal(dom_a.tot_pages, NR);
	check_audit(&dom_a, 0, 1);
	page_put_type(used);
	x.out.mem_flags = XENMEMF_address_bits(13);
	assert_int_equal(memory_op(XENMEM_exchange, &x), -ENOMEM);
	assert_int_equal(dom_a.tot_pages, NR);
	x.out.mem_flags = 0;
	assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
	assert_int_equal(x.nr_exchanged, NR);
	assert_int_equal(out % NR, 0);
	assert_int_equal(m2p_get(MFN(out + 3)), 103);
	assert_int_equal(dom_a.tot_pages, NR);
	check_audit(&dom_a, 0, 0);
}

#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(grow_and_shrink),
		WORLD_TEST(limits),
		WORLD_TEST(exchange),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
