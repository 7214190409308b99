/* SPDX-License-Identifier: MIT */
/*
 * test_memory_op.c - a domain's memory grows, shrinks and is exchanged
 */
#include "pv/world.h"

#include <lodge/boot.h>
#include <lodge/grant.h>
#include <xen/memory.h>

#define NR 8

struct boot_info boot_info;

/* ---- another's grant table: four frames, and one of status ---- */
unsigned int grant_table_nr_frames(const struct domain *d, bool status)
{
	return status ? 1 : 4;
}

int grant_table_get_frame(struct domain *d, unsigned int idx, bool status,
			  mfn_t *mfn)
{
	if (status)
		return -EINVAL; /* of a table of version 1 */
	*mfn = MFN(1000U * d->domid + idx);
	return 0;
}

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

/* Frames that the domain cannot be told of are not its. */
static void answers_are_lost(void **state)
{
	xen_pfn_t list[NR] = {100};

	fake_copy_to_fails = true;
	assert_int_equal(reserve(XENMEM_populate_physmap, list, NR, 0), 0);
	assert_int_equal(reserve(XENMEM_populate_physmap, list, 1, 3), 0);
	assert_int_equal(reserve(XENMEM_increase_reservation, list, 1, 3), 0);
	fake_copy_to_fails = false;
	assert_int_equal(dom_a.tot_pages, 0);
	assert_int_equal(list[0], 100);
}

/* With each number of frames left: as many are given, and no more. */
static void memory_runs_out(void **state)
{
	unsigned int left, i;

	for (left = 0; left < NR; left++) {
		xen_pfn_t list[NR] = {0};

		fake_frames_leave(left);
		assert_int_equal(reserve(XENMEM_populate_physmap, list, NR, 0),
				 left);
		assert_int_equal(dom_a.tot_pages, left);
		for (i = left; i < NR; i++)
			assert_int_equal(list[i], 0);
		fake_frames_restore();
		assert_int_equal(reserve(XENMEM_decrease_reservation, list,
					 left, 0),
				 left);
		assert_int_equal(dom_a.tot_pages, 0);
	}
}

/* One extent of eight for eight: the n-th cannot be had, for each n. */
static void memory_runs_out_in_an_exchange(void **state)
{
	xen_pfn_t in = 7, out[NR];
	struct xen_memory_exchange x = {
		.in = {.extent_start.p = &in,
		       .nr_extents = 1,
		       .extent_order = 3,
		       .domid = DOMID_SELF},
		.out = {.extent_start.p = out,
			.nr_extents = NR,
			.domid = DOMID_SELF},
	};
	unsigned int left, i;

	assert_int_equal(reserve(XENMEM_populate_physmap, &in, 1, 3), 1);
	for (left = 0; left <= NR; left++) {
		long want = left < NR ? -ENOMEM : 0;

		for (i = 0; i < NR; i++)
			out[i] = 200 + i;
		fake_frames_leave(left);
		assert_int_equal(memory_op(XENMEM_exchange, &x), want);
		fake_frames_restore();
		assert_int_equal(dom_a.tot_pages, NR);
		assert_int_equal(x.nr_exchanged, !want);
		for (i = 0; i < NR && want; i++)
			assert_int_equal(out[i], 200 + i);
		check_audit(&dom_a, 0, 0);
	}
	/* And the list of the guest's numbers, before all of this. */
	x.in = x.out;
	x.out = (struct xen_memory_reservation){
		.extent_start.p = &in, .nr_extents = 1, .extent_order = 3,
		.domid = DOMID_SELF,
	};
	x.nr_exchanged = 0;
	fake_heap_fail_after(0);
	assert_int_equal(memory_op(XENMEM_exchange, &x), -ENOMEM);
	fake_heap_fail_never();
	assert_int_equal(dom_a.tot_pages, NR);
}

/* What the control domain does for a guest that never ran. */
static void for_another(void **state)
{
	xen_pfn_t list[NR], out = 55;
	struct xen_memory_reservation r = {
		.extent_start.p = list,
		.nr_extents = NR,
		.domid = dom_b.domid,
	};
	struct xen_memory_exchange x = {
		.in = {.extent_start.p = list,
		       .nr_extents = 1,
		       .domid = dom_b.domid},
		.out = {.extent_start.p = &out,
			.nr_extents = 1,
			.domid = dom_b.domid},
	};
	unsigned int i;

	for (i = 0; i < NR; i++)
		list[i] = i;
	assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 0);
	assert_int_equal(memory_op(XENMEM_current_reservation, &r.domid),
			 -EPERM);
	assert_int_equal(memory_op(XENMEM_exchange, &x), -EPERM);
	world_run(dom_c.vcpus[0]);
	fake_preempt_every = 3;
	assert_int_equal(memory_op(XENMEM_populate_physmap, &r), NR);
	assert_int_equal(dom_b.tot_pages, NR);
	assert_int_equal(dom_c.tot_pages, 0);
	assert_int_equal(m2p_get(MFN(list[7])), 7);
	assert_int_equal(memory_op(XENMEM_current_reservation, &r.domid), NR);
	assert_int_equal(memory_op(XENMEM_maximum_reservation, &r.domid),
			 WORLD_FRAMES);
	assert_int_equal(memory_op(XENMEM_exchange, &x), 0);
	assert_int_equal(m2p_get(MFN(out)), 55);
	list[0] = out;
	assert_int_equal(memory_op(XENMEM_decrease_reservation, &r), NR);
	assert_int_equal(dom_b.tot_pages, 0);
	r.domid = 99;
	assert_int_equal(memory_op(XENMEM_populate_physmap, &r), 0);
	assert_int_equal(memory_op(XENMEM_current_reservation, &r.domid),
			 -ESRCH);
}

static void claims(void **state)
{
	struct xen_memory_reservation r = {
		.nr_extents = 10,
		.domid = dom_b.domid,
	};

	assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EPERM);
	world_run(dom_c.vcpus[0]);
	assert_int_equal(memory_op(XENMEM_claim_pages, NULL), -EFAULT);
	assert_int_equal(memory_op(XENMEM_claim_pages | 1 << 6, &r), -EINVAL);
	r.extent_order = 1;
	assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
	r.extent_order = 0;
	r.mem_flags = 1;
	assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
	r.mem_flags = 0;
	r.extent_start.p = (xen_pfn_t *)&r;
	assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
	r.extent_start.p = NULL;
	r.domid = 99;
	assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
	r.domid = DOMID_SELF;
	assert_int_equal(memory_op(XENMEM_claim_pages, &r), -EINVAL);
	assert_int_equal(mm_claimed_frames(), 0);
	r.domid = dom_b.domid;
	assert_int_equal(memory_op(XENMEM_claim_pages, &r), 0);
	assert_int_equal(mm_claimed_frames(), 10);
	/* The domain's teardown gives it up. */
}

static long acquire(struct xen_mem_acquire_resource r, uint32_t *nr)
{
	long rc = memory_op(XENMEM_acquire_resource, &r);

	if (nr)
		*nr = r.nr_frames;
	return rc;
}

static void resources(void **state)
{
	xen_pfn_t list[4] = {0};
	struct xen_mem_acquire_resource
		r =
			{
				.domid = dom_b.domid,
				.type = XENMEM_resource_grant_table,
				.nr_frames = 4,
				.frame_list.p = list,
			},
		bad;
	uint32_t nr;

	assert_int_equal(acquire(r, NULL), -EPERM);
	world_run(dom_c.vcpus[0]);
	fake_preempt_every = 1;
	assert_int_equal(acquire(r, NULL), 0);
	assert_int_equal(list[0], 1000);
	assert_int_equal(list[3], 1003);
	r.frame = 2;
	r.nr_frames = 2;
	assert_int_equal(acquire(r, NULL), 0);
	assert_int_equal(list[0], 1002);
	/* How many are there? */
	bad = r;
	bad.nr_frames = 0;
	assert_int_equal(acquire(bad, NULL), -EINVAL);
	bad.frame_list.p = NULL;
	assert_int_equal(acquire(bad, &nr), 0);
	assert_int_equal(nr, 4);
	bad.id = XENMEM_resource_grant_table_id_status;
	assert_int_equal(acquire(bad, &nr), 0);
	assert_int_equal(nr, 1);
	bad.nr_frames = 1;
	assert_int_equal(acquire(bad, NULL), -EINVAL);
	/* Each field by itself. */
#define BAD(field, value, rc)                               \
	do {                                                \
		bad = r;                                    \
		bad.field = (value);                        \
		assert_int_equal(acquire(bad, NULL), (rc)); \
	} while (0)
	BAD(nr_frames, 3, -EINVAL);
	BAD(nr_frames, ~0U, -EINVAL);
	BAD(frame, 4, -EINVAL);
	BAD(frame, ~0UL, -EINVAL);
	BAD(frame, 1UL << 32, -EINVAL);
	BAD(pad, 1, -EINVAL);
	BAD(id, 2, -EINVAL);
	BAD(type, XENMEM_resource_ioreq_server, -EINVAL);
	BAD(type, XENMEM_resource_vmtrace_buf, -EINVAL);
	BAD(type, 3, -EOPNOTSUPP);
	BAD(domid, 99, -ESRCH);
	BAD(domid, DOMID_SELF, -ESRCH);
	BAD(domid, dom_c.domid, -EPERM);
	BAD(frame_list.p, (xen_pfn_t *)8, -EFAULT);
#undef BAD
	assert_int_equal(memory_op(XENMEM_acquire_resource, NULL), -EFAULT);
	assert_int_equal(memory_op(XENMEM_acquire_resource | 9 << 6, &r),
			 -EINVAL);
}

#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(grow_and_shrink), WORLD_TEST(limits),
		WORLD_TEST(answers_are_lost),
		WORLD_TEST(memory_runs_out),
		WORLD_TEST(memory_runs_out_in_an_exchange),
		WORLD_TEST(exchange),	     WORLD_TEST(for_another),
		WORLD_TEST(claims),	     WORLD_TEST(resources),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
