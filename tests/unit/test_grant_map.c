/* SPDX-License-Identifier: MIT */
/*
 * test_grant_map.c - grants are mapped and unmapped: marks, references, handles
 */
#include "grant/world.h"

#include <lodge/console.h>

static void map_and_unmap(void **state)
{
	grant_handle_t h = map_ok(3, GNTMAP_host_map);

	assert_true(ptes[3].present);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	/* The allocation, and ours. */
	assert_int_equal(frame->count_info & PCI_COUNT_MASK, 2);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, 1);
	assert_int_equal(unmap_by(3, 0, h), GNTST_okay);
	assert_false(ptes[3].present);
	assert_int_equal(flushes(), 1);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(unmap_by(3, 0, h), GNTST_bad_handle);
	assert_int_equal(unmap_by(3, 0, NO_HANDLE), GNTST_bad_handle);
	assert_int_equal(unmap_by(3, 0, ~0u), GNTST_bad_handle);
}

static void read_only_means_so(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);
	grant_handle_t h;

	give(REF, 2, frame, GTF_readonly);
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(op.handle, NO_HANDLE);
	assert_int_equal(marks(REF), 0);
	h = map_ok(1, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(marks(REF), GTF_reading);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, 0);
	/* Nor while it is in use. */
	op = map_op(2, GNTMAP_host_map);
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(marks(REF), GTF_reading);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

static void marks_follow_the_uses(void **state)
{
	grant_handle_t ro = map_ok(1, GNTMAP_host_map | GNTMAP_readonly);
	grant_handle_t rw = map_ok(2, GNTMAP_host_map);
	grant_handle_t rw2 = map_ok(3, GNTMAP_host_map);

	assert_int_equal(unmap_by(2, 0, rw), GNTST_okay);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_int_equal(unmap_by(3, 0, rw2), GNTST_okay);
	assert_int_equal(marks(REF), GTF_reading);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, 0);
	assert_int_equal(unmap_by(1, 0, ro), GNTST_okay);
	assert_int_equal(marks(REF), 0);
	/* A writer alone, then a reader, who outlives it. */
	rw = map_ok(1, GNTMAP_host_map);
	ro = map_ok(2, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(unmap_by(1, 0, rw), GNTST_okay);
	assert_int_equal(marks(REF), GTF_reading);
	assert_int_equal(unmap_by(2, 0, ro), GNTST_okay);
}

static void refusals_change_nothing(void **state)
{
	struct gnttab_map_grant_ref op;
	static const struct {
		uint32_t flags;
		grant_ref_t ref;
		domid_t dom;
		int status;
	} bad[] = {
		{GNTMAP_host_map, REF, DOMID_SELF, GNTST_bad_domain},
		{GNTMAP_host_map, REF, 77, GNTST_bad_domain},
		{GNTMAP_host_map, 9, 1, GNTST_general_error},
		{GNTMAP_host_map, 512, 1, GNTST_bad_gntref},
		{GNTMAP_host_map, ~0u, 1, GNTST_bad_gntref},
		{0, REF, 1, GNTST_bad_gntref},
		{GNTMAP_host_map, REF, 0, GNTST_general_error},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		op = map_op(1, bad[i].flags);
		op.ref = bad[i].ref;
		op.dom = bad[i].dom;
		assert_int_equal(map_with(&op), bad[i].status);
		assert_int_equal(op.handle, NO_HANDLE);
	}
	/* An address where nothing can be mapped. */
	op = map_op(1000, GNTMAP_host_map | GNTMAP_device_map);
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(marks(REF), 0);
	/* Other types of entry, another grantee. */
	entry(1, REF)->flags = GTF_accept_transfer;
	op = map_op(1, GNTMAP_host_map);
	assert_int_equal(map_with(&op), GNTST_general_error);
	give(REF, 0, frame, 0);
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(frame->count_info, PCI_ALLOCATED | 1);
}

static void bad_frames_are_refused(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);

	entry(1, REF)->frame = 0xfffffff;
	assert_int_equal(map_with(&op), GNTST_bad_page);
	give(REF, 2, own, 0); /* not the granter's */
	assert_int_equal(map_with(&op), GNTST_general_error);
	give(REF, 2, frame, 0);
	frame->type_info = (uint64_t)PT_L1 << PTI_TYPE_SHIFT | 1;
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(marks(REF), 0);
	/* Reading a page table is no harm. */
	op.flags |= GNTMAP_readonly;
	assert_int_equal(map_with(&op), GNTST_okay);
	/* Writing it is, also while it is in use. */
	op.flags = GNTMAP_host_map;
	op.host_addr = 2 * PAGE_SIZE;
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(marks(REF), GTF_reading);
	assert_int_equal(unmap_by(1, 0, op.handle), GNTST_okay);
	frame->type_info = 0;
}

static void pinned_entry_keeps_its_frame(void **state)
{
	grant_handle_t a = map_ok(1, GNTMAP_host_map), b;
	struct gnttab_map_grant_ref op = map_op(2, GNTMAP_host_map);

	/* A granter that changes a grant in use fools nobody but itself. */
	entry(1, REF)->frame = (uint32_t)mfn_x(page_to_mfn(frame)) + 1;
	assert_int_equal(map_with(&op), GNTST_okay);
	b = op.handle;
	assert_true(mfn_eq(ptes[2].mfn, page_to_mfn(frame)));
	entry(1, REF)->domid = 0;
	op.host_addr = 3 * PAGE_SIZE;
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(call(0, GNTTABOP_map_grant_ref, &op, 1), 0);
	assert_int_equal(op.status, GNTST_general_error);
	entry(1, REF)->flags = 0;
	assert_int_equal(unmap_by(1, 0, a), GNTST_okay);
	assert_int_equal(unmap_by(2, 0, b), GNTST_okay);
	assert_int_equal(entry(1, REF)->flags, 0);
}

static void device_and_host_go_apart(void **state)
{
	uint64_t bus = mfn_x(page_to_mfn(frame)) << PAGE_SHIFT;
	grant_handle_t h = map_ok(1, GNTMAP_host_map | GNTMAP_device_map);

	assert_int_equal(unmap_by(0, bus + PAGE_SIZE, h), GNTST_bad_dev_addr);
	assert_int_equal(unmap_by(5, bus, h), GNTST_general_error);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	/* Neither, or a kind that it has not (any more): nothing to do. */
	assert_int_equal(unmap_by(0, 0, h), GNTST_okay);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_int_equal(unmap_by(1, bus, h), GNTST_okay);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(unmap_by(0, 0, h), GNTST_bad_handle);
	h = map_ok(0, GNTMAP_device_map);
	assert_false(ptes[0].present);
	assert_int_equal(unmap_by(0, bus, h), GNTST_okay);
}

static void wrong_place_keeps_the_mapping(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);

	assert_int_equal(unmap_by(7, 0, h), GNTST_general_error);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

static void replace_moves_an_entry(void **state)
{
	struct gnttab_unmap_and_replace op = {
		.host_addr = PAGE_SIZE,
		.new_addr = 9 * PAGE_SIZE,
		.handle = map_ok(1, GNTMAP_host_map),
	};

	ptes[9].present = true;
	ptes[9].mfn = page_to_mfn(own);
	assert_int_equal(call(2, GNTTABOP_unmap_and_replace, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_true(mfn_eq(ptes[1].mfn, page_to_mfn(own)));
	assert_false(ptes[9].present);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(call(2, GNTTABOP_unmap_and_replace, &op, 1), 0);
	assert_int_equal(op.status, GNTST_bad_handle);
}

static void batches_flush_once_and_may_stop(void **state)
{
	struct gnttab_map_grant_ref maps[40];
	struct gnttab_unmap_grant_ref ops[40];
	unsigned int i;

	for (i = 0; i < 40; i++)
		maps[i] = map_op(i + 1, GNTMAP_host_map);
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, maps, 40), 0);
	for (i = 0; i < 40; i++)
		ops[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = maps[i].host_addr,
			.handle = i == 5 ? NO_HANDLE : maps[i].handle,
		};
	fake_preempt = true;
	assert_int_equal(call(2, GNTTABOP_unmap_grant_ref, ops, 40),
			 HYPERCALL_CONTINUED);
	assert_int_equal(fake_continued_args[0], GNTTABOP_unmap_grant_ref);
	assert_ptr_equal(fake_continued_args[1], &ops[32]);
	assert_int_equal(fake_continued_args[2], 8);
	assert_int_equal(flushes(), 1);
	assert_int_equal(ops[4].status, GNTST_okay);
	assert_int_equal(ops[5].status, GNTST_bad_handle);
	assert_int_equal(ops[31].status, GNTST_okay);
	assert_true(ptes[40].present);
	assert_int_equal(call(2, GNTTABOP_unmap_grant_ref, &ops[32], 8), 0);
	assert_int_equal(flushes(), 2);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_int_equal(unmap_by(6, 0, maps[5].handle), GNTST_okay);
	assert_int_equal(marks(REF), 0);

	/* Of a list of maps eight are done before the question. */
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, maps, 10),
			 HYPERCALL_CONTINUED);
	assert_ptr_equal(fake_continued_args[1], &maps[8]);
	assert_int_equal(fake_continued_args[2], 2);
	for (i = 0; i < 8; i++)
		assert_int_equal(unmap_by(i + 1, 0, maps[i].handle),
				 GNTST_okay);
}

static void lost_answers_are_undone(void **state)
{
	/* The element lies in a page that can be read, not written. */
	struct gnttab_map_grant_ref op =
		map_op(1, GNTMAP_host_map | GNTMAP_device_map);

	assert_int_equal(call(2, GNTTABOP_map_grant_ref, NULL, 1), -EFAULT);
	fake_copy_to_fails = true;
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, &op, 1), -EFAULT);
	fake_copy_to_fails = false;
	assert_false(ptes[1].present);
	assert_int_equal(marks(REF), 0);
}

/* Of a batch what can be told stays, the rest is undone. */
static void half_of_the_answers_are_lost(void **state)
{
	struct gnttab_map_grant_ref maps[5];
	unsigned int i;

	for (i = 0; i < 5; i++)
		maps[i] = map_op(i + 1, GNTMAP_host_map);
	fake_copy_to_end = (unsigned long)&maps[3] - 1;
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, maps, 5), -EFAULT);
	fake_copy_to_end = 0;
	for (i = 0; i < 5; i++)
		assert_int_equal(ptes[i + 1].present, i < 2);
	assert_int_equal(maps[1].status, GNTST_okay);
	assert_int_equal(unmap_by(1, 0, maps[0].handle), GNTST_okay);
	assert_int_equal(unmap_by(2, 0, maps[1].handle), GNTST_okay);
	assert_int_equal(marks(REF), 0);
}

static grant_handle_t lost_handle;
static unsigned int nr_look_ups;

/* The domain's other vCPU undoes the first element before the second one is
 * begun, and then takes the page away in which the answers belong. */
static void undo_first(void)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = PAGE_SIZE, .handle = lost_handle,
	};

	if (++nr_look_ups != 2)
		return;
	look_up_hook = NULL;
	assert_int_equal(
		call_as(&vcpus[2][1], GNTTABOP_unmap_grant_ref, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	fake_copy_to_fails = true;
}

/* The first element's handle is the second one's by then: what is undone is
 * what is mapped, or the granter is told that a frame is free that is not. */
static void lost_answers_of_one_handle(void **state)
{
	struct gnttab_map_grant_ref maps[2] = {
		map_op(1, GNTMAP_host_map), map_op(2, GNTMAP_host_map),
	};

	lost_handle = map_ok(1, GNTMAP_host_map);
	assert_int_equal(unmap_by(1, 0, lost_handle), GNTST_okay);
	nr_look_ups = 0;
	look_up_hook = undo_first;
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, maps, 2), -EFAULT);
	fake_copy_to_fails = false;
	assert_int_equal(nr_look_ups, 2);
	assert_false(ptes[1].present);
	assert_false(ptes[2].present);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(map_ok(3, GNTMAP_host_map), lost_handle);
	assert_int_equal(unmap_by(3, 0, lost_handle), GNTST_okay);
}

/* A reader's entry is not given for a writer's mapping: nobody could write by a
 * grant that is over. */
static void entries_are_not_taken_for_others(void **state)
{
	grant_handle_t ro = map_ok(1, GNTMAP_host_map | GNTMAP_readonly);
	grant_handle_t rw = map_ok(2, GNTMAP_host_map);
	struct gnttab_unmap_and_replace op = {
		.host_addr = PAGE_SIZE, .handle = rw,
	};

	assert_int_equal(unmap_by(1, 0, rw), GNTST_general_error);
	assert_int_equal(unmap_by(2, 0, ro), GNTST_general_error);
	assert_int_equal(call(2, GNTTABOP_unmap_and_replace, &op, 1), 0);
	assert_int_equal(op.status, GNTST_general_error);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_true(ptes[1].present && ptes[2].present);
	assert_int_equal(unmap_by(1, 0, ro), GNTST_okay);
	assert_int_equal(unmap_by(2, 0, rw), GNTST_okay);
	assert_int_equal(marks(REF), 0);
}

/* Who reads gets the right to write, and loses it again. */
static void readers_and_writers_share_a_frame(void **state)
{
	grant_handle_t ro = map_ok(1, GNTMAP_host_map | GNTMAP_readonly);
	grant_handle_t rw = map_ok(2, GNTMAP_host_map);

	assert_int_equal(frame->count_info & PCI_COUNT_MASK, 2);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, 1);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_int_equal(unmap_by(2, 0, rw), GNTST_okay);
	assert_int_equal(frame->count_info & PCI_COUNT_MASK, 2);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, 0);
	assert_int_equal(marks(REF), GTF_reading);
	rw = map_ok(2, GNTMAP_host_map);
	assert_int_equal(unmap_by(1, 0, ro), GNTST_okay);
	assert_int_equal(frame->count_info & PCI_COUNT_MASK, 2);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, 1);
	assert_int_equal(unmap_by(2, 0, rw), GNTST_okay);
	assert_int_equal(frame->count_info & PCI_COUNT_MASK, 1);
	assert_int_equal(marks(REF), 0);
}

static void handles_run_out_and_come_back(void **state)
{
	struct grant_table *gt = doms[2].grants;
	struct gnttab_map_grant_ref op = map_op(0, GNTMAP_device_map);
	uint64_t bus = mfn_x(page_to_mfn(frame)) << PAGE_SHIFT;
	unsigned int i, most;

	gt->max_chunks = 2;
	most = 2 * TRACKS_PER_CHUNK;
	for (i = 0; i < most; i++)
		assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(map_with(&op), GNTST_no_space);
	/* Whoever unmaps, a handle returns to the vCPU that mapped. */
	for (i = 0; i < most; i++) {
		struct gnttab_unmap_grant_ref u = {.dev_bus_addr = bus,
						   .handle = i};

		assert_int_equal(
			call_as(&vcpus[2][1], GNTTABOP_unmap_grant_ref, &u, 1),
			0);
		assert_int_equal(u.status, GNTST_okay);
	}
	assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(unmap_by(0, bus, op.handle), GNTST_okay);
	gt->max_chunks = 1024;
}

static void no_memory_for_handles(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);
	grant_handle_t h;

	fake_frames_leave(0);
	assert_int_equal(map_with(&op), GNTST_no_space);
	fake_frames_restore();
	assert_int_equal(op.handle, NO_HANDLE);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(doms[2].grants->nr_chunks, 0);
	h = map_ok(1, GNTMAP_host_map);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

static void death_releases_all(void **state)
{
	unsigned int i, calls = 1;

	for (i = 1; i < 20; i++)
		map_ok(i, i % 2 ? GNTMAP_host_map
				: GNTMAP_host_map | GNTMAP_device_map |
					  GNTMAP_readonly);
	doms[2].state = DOM_DYING;
	doms[1].state = DOM_DYING; /* the granter goes as well */
	fake_preempt = true;
	while (grant_table_release_mappings(&doms[2]) == -ERESTART)
		calls++;
	/* Each handle in use, and some of the free ones, end a turn. */
	assert_true(calls >= 20 && calls < 40);
	assert_int_equal(marks(REF), 0);
	/* It has a frame, and a frame of a table. */
	assert_int_equal(doms[1].refs, 3);
}

/* The granter dies with its frame and its table in others' hands. */
static void a_zombie_stays_until_all_let_go(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);
	struct page *table = virt_to_page(doms[1].grants->shared[0]);

	assert_true(page_get(table, &doms[1])); /* a tool has it mapped */
	doms[1].state = DOM_DYING;
	grant_table_end(&doms[1]);
	deferred_free_run();
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	assert_int_equal(doms[1].refs, 4); /* frame, table, handle */
	page_put(table);
	deferred_free_run();
	assert_false(page_get(table, &doms[1]));
	assert_int_equal(doms[1].refs, 3);
	/* The marks are kept in a table that nobody sees any more. */
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(doms[1].refs, 2);
}

static void a_dying_table_does_not_grow(void **state)
{
	mfn_t mfn;

	doms[1].state = DOM_DYING;
	grant_table_end(&doms[1]);
	assert_int_equal(grant_table_get_frame(&doms[1], 1, false, &mfn),
			 -EINVAL);
	deferred_free_run();
}

static void dump_names_the_user(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);

	fake_log_clear();
	grant_dump();
	assert_non_null(strstr(fake_log, "8: d2 reads 0 writes 1"));
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(map_and_unmap),
		T(read_only_means_so),
		T(marks_follow_the_uses),
		T(refusals_change_nothing),
		T(bad_frames_are_refused),
		T(pinned_entry_keeps_its_frame),
		T(device_and_host_go_apart),
		T(wrong_place_keeps_the_mapping),
		T(replace_moves_an_entry),
		T(batches_flush_once_and_may_stop),
		T(lost_answers_are_undone),
		T(half_of_the_answers_are_lost),
		T(lost_answers_of_one_handle),
		T(entries_are_not_taken_for_others),
		T(readers_and_writers_share_a_frame),
		T(handles_run_out_and_come_back),
		T(no_memory_for_handles),
		T(death_releases_all),
		T(a_zombie_stays_until_all_let_go),
		T(a_dying_table_does_not_grow),
		T(dump_names_the_user),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
