/* SPDX-License-Identifier: MIT */
/*
 * test_grant_table.c - grant tables: size, versions, copies and swaps
 */
#include "grant/world.h"

static unsigned int nr_frames(unsigned int dom)
{
	struct gnttab_query_size size = {.dom = DOMID_SELF};

	assert_int_equal(call(dom, GNTTABOP_query_size, &size, 1), 0);
	return size.nr_frames;
}

/* The n-th small object cannot be had, for each n. */
static void no_memory_changes_nothing(void **state)
{
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 3};
	uint32_t refs = doms[1].refs;
	uint64_t free = mm_free_frames();
	xen_pfn_t frames[3];
	unsigned int n;

	op.frame_list.p = frames;
	for (n = 0; n < 2; n++) {
		fake_heap_fail_after(n);
		assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
		fake_heap_fail_never();
		assert_int_equal(op.status, GNTST_general_error);
		assert_int_equal(nr_frames(1), 1);
		assert_int_equal(mm_free_frames(), free);
		assert_int_equal(doms[1].refs, refs);
	}
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
}

#define LEFT_MAX 16

/* The n-th frame cannot be had, for each n: of both kinds, in version 2. */
static void no_frames_change_nothing(void **state)
{
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 9};
	xen_pfn_t frames[9];
	unsigned int left;

	assert_int_equal(set_version(1, 2), 0);
	op.frame_list.p = frames;
	op.status = GNTST_general_error;
	for (left = 0; op.status; left++) {
		uint32_t refs = doms[1].refs;

		assert_true(left < LEFT_MAX);
		fake_frames_leave(left);
		assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
		if (op.status) {
			assert_int_equal(mm_free_frames(), left);
			assert_int_equal(nr_frames(1), 1);
			assert_int_equal(doms[1].grants->nr_status, 1);
			assert_int_equal(doms[1].refs, refs);
		}
		fake_frames_restore();
	}
	/* Eight more, and one of status for those behind the eighth. */
	assert_int_equal(left - 1, 9);
	assert_int_equal(nr_frames(1), 9);
	assert_int_equal(doms[1].grants->nr_status, 2);
}

/* Nor does another version, for which there is no status frame. */
static void no_frame_for_version_2(void **state)
{
	fake_frames_leave(0);
	assert_int_equal(set_version(1, 2), -ENOMEM);
	fake_frames_restore();
	assert_int_equal(doms[1].grants->nr_status, 0);
	assert_int_equal(set_version(1, 2), 0);
}

static void table_grows_to_its_limit(void **state)
{
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 2};
	struct gnttab_query_size size = {.dom = DOMID_SELF};
	xen_pfn_t frames[64] = {0};
	mfn_t mfn;

	op.frame_list.p = frames;
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(frames[1],
			 mfn_x(virt_to_mfn(doms[1].grants->shared[1])));
	assert_int_equal(frames[2], 0);
	/* The guest may map and write it, never free it or make it a table. */
	assert_ptr_equal(mfn_to_page(MFN(frames[0]))->owner, &doms[1]);
	assert_int_equal(page_type(mfn_to_page(MFN(frames[0]))), PT_WRITABLE);

	op.nr_frames = 65;
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_general_error);
	op.nr_frames = 1;
	op.frame_list.p = NULL;
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_bad_virt_addr);
	op.dom = 2;
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_permission_denied);
	op.dom = 99;
	assert_int_equal(call(0, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_bad_domain);
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 2), -EINVAL);

	assert_int_equal(call(1, GNTTABOP_query_size, &size, 1), 0);
	assert_int_equal(size.nr_frames, 2);
	assert_int_equal(size.max_nr_frames, 64);
	assert_int_equal(grant_table_get_frame(&doms[1], 5, false, &mfn), 0);
	assert_int_equal(doms[1].grants->nr_frames, 6);
	assert_int_equal(grant_table_get_frame(&doms[1], 64, false, &mfn),
			 -EINVAL);
	assert_int_equal(grant_table_get_frame(&doms[1], 0, true, &mfn),
			 -EINVAL);
}

static void versions(void **state)
{
	struct gnttab_get_version get = {.dom = DOMID_SELF};
	struct gnttab_set_version set = {.version = 1};
	struct gnttab_get_status_frames frames = {.dom = DOMID_SELF};

	assert_int_equal(call(1, GNTTABOP_get_version, &get, 1), 0);
	assert_int_equal(get.version, 1);
	get.dom = 2;
	assert_int_equal(call(1, GNTTABOP_get_version, &get, 1), -EPERM);
	get.dom = 44;
	assert_int_equal(call(1, GNTTABOP_get_version, &get, 1), -EPERM);
	assert_int_equal(call(0, GNTTABOP_get_version, &get, 1), -ESRCH);
	assert_int_equal(call(1, GNTTABOP_set_version, &set, 1), 0);
	set.version = 0;
	assert_int_equal(call(1, GNTTABOP_set_version, &set, 1), -EINVAL);
	assert_int_equal(set.version, 1);
	set.version = 3;
	assert_int_equal(call(1, GNTTABOP_set_version, &set, 1), -EINVAL);
	assert_int_equal(call(1, GNTTABOP_get_status_frames, &frames, 1), 0);
	assert_int_equal(frames.status, GNTST_okay);
	frames.nr_frames = 1;
	assert_int_equal(call(1, GNTTABOP_get_status_frames, &frames, 1), 0);
	assert_int_equal(frames.status, GNTST_general_error);
	assert_int_equal(call(1, 13, &set, 1), -ENOSYS);
	assert_int_equal(call(1, ~0u, &set, 1), -EINVAL);
	assert_int_equal(call(1, GNTTABOP_copy, &set, 1u << 31), -EINVAL);
}

static int limits_of(int frames, int tracks, unsigned int version)
{
	struct grant_limits l = {frames, tracks, version};

	return grant_table_set_limits(&doms[2], &l);
}

static void limits(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);
	struct gnttab_query_size size = {.dom = DOMID_SELF};
	struct grant_table *gt = doms[2].grants;

	assert_int_equal(limits_of(0, 4, 1), -EINVAL);
	assert_int_equal(limits_of(65, 4, 1), -EINVAL);
	assert_int_equal(limits_of(4, 1025, 1), -EINVAL);
	assert_int_equal(limits_of(4, 4, 0), -EINVAL);
	assert_int_equal(limits_of(4, 4, 3), -EINVAL);
	fake_heap_fail_after(2);
	assert_int_equal(limits_of(4, 4, 1), -ENOMEM);
	fake_heap_fail_never();
	assert_ptr_equal(doms[2].grants, gt);

	assert_int_equal(limits_of(2, 0, 1), 0);
	assert_int_equal(call(2, GNTTABOP_query_size, &size, 1), 0);
	assert_int_equal(size.nr_frames, 1);
	assert_int_equal(size.max_nr_frames, 2);
	assert_int_equal(map_with(&op), GNTST_no_space);
	assert_int_equal(set_version(2, 2), -ENOSYS);
	assert_int_equal(limits_of(-1, -1, 2), 0);
	assert_int_equal(call(2, GNTTABOP_query_size, &size, 1), 0);
	assert_int_equal(size.max_nr_frames, 64);
	assert_int_equal(doms[2].refs, 3); /* of a frame, and of the table */
}

static void copies(void **state)
{
	struct gnttab_copy op = copy_op(10, 4089, 7);
	char *there = page_to_virt(frame), *here = page_to_virt(own);

	strcpy(there + 10, "granted");
	assert_int_equal(copy_with(&op), GNTST_okay);
	assert_memory_equal(here + 4089, "granted", 7);
	assert_int_equal(here[4088], 0);
	op = copy_op(0, 0, 4096);
	assert_int_equal(copy_with(&op), GNTST_okay);
	/* The other way. */
	strcpy(here, "answer");
	op = copy_op(0, 100, 7);
	swap(op.source, op.dest);
	op.flags = GNTCOPY_dest_gref;
	assert_int_equal(copy_with(&op), GNTST_okay);
	assert_int_equal(op.dest.offset, 0);
	assert_memory_equal(there, here + 100, 7);
	/* Both ends in one frame, overlapping. */
	strcpy(here, "0123456789");
	op = copy_op(0, 2, 8);
	op.source = op.dest;
	op.source.offset = 0;
	op.flags = 0;
	assert_int_equal(copy_with(&op), GNTST_okay);
	assert_string_equal(here, "0101234567");
}

static void bad_copies_are_refused(void **state)
{
	struct gnttab_copy op = copy_op(4090, 0, 7);

	assert_int_equal(copy_with(&op), GNTST_bad_copy_arg);
	op = copy_op(0, 0xffff, 1);
	assert_int_equal(copy_with(&op), GNTST_bad_copy_arg);
	op = copy_op(0, 0, 4097);
	assert_int_equal(copy_with(&op), GNTST_bad_copy_arg);
	op = copy_op(0, 0, 1);
	op.flags = 0; /* a foreign frame by number */
	assert_int_equal(copy_with(&op), GNTST_permission_denied);
	op.source.domid = 55;
	assert_int_equal(copy_with(&op), GNTST_permission_denied);
	op = copy_op(0, 0, 1);
	op.source.u.ref = 9;
	assert_int_equal(copy_with(&op), GNTST_general_error);
	op = copy_op(0, 0, 1);
	op.source.domid = 55;
	assert_int_equal(copy_with(&op), GNTST_bad_domain);
	op = copy_op(0, 0, 1);
	op.dest.u.gmfn = ~0UL;
	assert_int_equal(copy_with(&op), GNTST_bad_page);
	op.dest.u.gmfn = mfn_x(page_to_mfn(frame)); /* not the caller's */
	assert_int_equal(copy_with(&op), GNTST_general_error);
	give(REF, 2, frame, GTF_readonly);
	op = copy_op(0, 0, 1);
	swap(op.source, op.dest);
	op.flags = GNTCOPY_dest_gref;
	assert_int_equal(copy_with(&op), GNTST_general_error);
	assert_int_equal(own->count_info, PCI_ALLOCATED | 1);
	assert_int_equal(frame->count_info, PCI_ALLOCATED | 1);
}

static long flush_with(struct page *pg, uint16_t offset, uint16_t len,
		       uint32_t what)
{
	struct gnttab_cache_flush op = {
		.a.dev_bus_addr = mfn_x(page_to_mfn(pg)) << PAGE_SHIFT,
		.offset = offset,
		.length = len,
		.op = what,
	};

	return call(2, GNTTABOP_cache_flush, &op, 1);
}

static void cache_flushes(void **state)
{
	grant_handle_t h;

	assert_int_equal(flush_with(own, 0, 4096, GNTTAB_CACHE_CLEAN), 0);
	assert_int_equal(fake_x86[0].nr_clflush, 64);
	assert_int_equal(flush_with(own, 63, 2, GNTTAB_CACHE_INVAL), 0);
	assert_int_equal(fake_x86[0].nr_clflush, 66);
	assert_int_equal(flush_with(own, 0, 0, GNTTAB_CACHE_CLEAN), 0);
	assert_int_equal(flush_with(own, 0, 9, 0), 0);
	assert_int_equal(flush_with(own, 1, 4096, 1), -EINVAL);
	assert_int_equal(flush_with(own, 0, 1, 4), -EINVAL);
	assert_int_equal(flush_with(own, 0, 1, GNTTAB_CACHE_SOURCE_GREF),
			 -EINVAL);
	assert_int_equal(call(2, GNTTABOP_cache_flush, NULL, 1), -EFAULT);
	assert_int_equal(call(2, GNTTABOP_cache_flush, NULL, 0), 0);
	/* Another's only while a grant is in use. */
	assert_int_equal(flush_with(frame, 0, 64, 1), -EPERM);
	h = map_ok(1, GNTMAP_host_map);
	assert_int_equal(flush_with(frame, 0, 64, 1), 0);
	assert_int_equal(fake_x86[0].nr_clflush, 67);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
	assert_int_equal(flush_with(frame, 0, 64, 1), -EPERM);
	assert_int_equal(flush_with(&frame_table[0], 0, 64, 1), -EPERM);
}

static void swap_of_entries(void **state)
{
	struct gnttab_swap_grant_ref op = {.ref_a = REF, .ref_b = 20};
	struct grant_entry_v1 was = *entry(1, REF);
	grant_handle_t h;

	assert_int_equal(call(1, GNTTABOP_swap_grant_ref, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_memory_equal(entry(1, 20), &was, sizeof(was));
	assert_int_equal(entry(1, REF)->flags, 0);
	assert_int_equal(call(1, GNTTABOP_swap_grant_ref, &op, 1), 0);
	h = map_ok(1, GNTMAP_host_map);
	assert_int_equal(call(1, GNTTABOP_swap_grant_ref, &op, 1), 0);
	assert_int_equal(op.status, GNTST_eagain);
	op.ref_a = 512;
	assert_int_equal(call(1, GNTTABOP_swap_grant_ref, &op, 1), 0);
	assert_int_equal(op.status, GNTST_bad_gntref);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_memory_changes_nothing),
		T(no_frames_change_nothing),
		T(no_frame_for_version_2),
		T(table_grows_to_its_limit),
		T(versions),
		T(limits),
		T(copies),
		T(bad_copies_are_refused),
		T(cache_flushes),
		T(swap_of_entries),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
