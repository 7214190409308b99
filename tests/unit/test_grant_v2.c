/* SPDX-License-Identifier: MIT */
/*
 * test_grant_v2.c - version 2: status frames, parts of pages, third domains
 */
#include "grant/world.h"

#include <pthread.h>

#include <lodge/atomic.h>

static void give2(unsigned int dom, grant_ref_t ref, domid_t to,
		  const struct page *pg, uint16_t flags)
{
	union grant_entry_v2 *e = entry2(dom, ref);

	e->full_page.frame = mfn_x(page_to_mfn(pg));
	e->hdr.domid = to;
	e->hdr.flags = GTF_permit_access | flags;
}

static void give_part(grant_ref_t ref, uint16_t start, uint16_t length)
{
	give2(1, ref, 2, frame, GTF_sub_page);
	entry2(1, ref)->sub_page.page_off = start;
	entry2(1, ref)->sub_page.length = length;
}

/* Domain @dom's entry tells @to to use @gref of @third. */
static void refer(unsigned int dom, grant_ref_t ref, domid_t to, domid_t third,
		  grant_ref_t gref, uint16_t flags)
{
	union grant_entry_v2 *e = entry2(dom, ref);

	e->transitive.trans_domid = third;
	e->transitive.gref = gref;
	e->hdr.domid = to;
	e->hdr.flags = GTF_transitive | flags;
}

static int copy2(struct gnttab_copy *op)
{
	assert_int_equal(call(2, GNTTABOP_copy, op, 1), 0);
	return op->status;
}

static struct gnttab_copy into(uint16_t to, uint16_t len)
{
	struct gnttab_copy op = copy_op(to, 0, len);

	swap(op.source, op.dest);
	op.flags = GNTCOPY_dest_gref;
	return op;
}

static void marks_are_in_the_status(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);
	grant_handle_t ro;

	assert_int_equal(set_version(1, 2), 0);
	assert_int_equal(map_with(&op), GNTST_general_error); /* cleared */
	assert_int_equal(status_of(1, REF), 0);
	give2(1, REF, 2, frame, 0);
	assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(status_of(1, REF), GTF_reading | GTF_writing);
	assert_int_equal(entry2(1, REF)->hdr.flags, GTF_permit_access);
	ro = map_ok(2, GNTMAP_host_map | GNTMAP_readonly);
	assert_int_equal(unmap_by(1, 0, op.handle), GNTST_okay);
	assert_int_equal(status_of(1, REF), GTF_reading);
	/* A refusal takes off what it set, and no more. */
	entry2(1, REF)->hdr.flags |= GTF_readonly;
	assert_int_equal(map_with(&op), GNTST_general_error);
	assert_int_equal(status_of(1, REF), GTF_reading);
	assert_int_equal(unmap_by(2, 0, ro), GNTST_okay);
	assert_int_equal(status_of(1, REF), 0);
	op.ref = 256;
	assert_int_equal(map_with(&op), GNTST_bad_gntref);
}

static void changes_of_version(void **state)
{
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);
	grant_handle_t h = map_ok(3, GNTMAP_host_map);
	struct page *status;

	assert_int_equal(set_version(1, 2), -EBUSY);
	assert_int_equal(unmap_by(3, 0, h), GNTST_okay);
	/* A reserved entry goes along, in use or not. */
	give(3, 2, frame, GTF_readonly);
	op.ref = 3;
	op.flags |= GNTMAP_readonly;
	assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(set_version(1, 2), 0);
	assert_int_equal(entry2(1, 3)->hdr.flags,
			 GTF_permit_access | GTF_readonly);
	assert_int_equal(entry2(1, 3)->hdr.domid, 2);
	assert_int_equal(entry2(1, 3)->full_page.frame,
			 mfn_x(page_to_mfn(frame)));
	assert_int_equal(status_of(1, 3), GTF_reading);
	assert_int_equal(entry2(1, REF)->hdr.flags, 0);

	status = virt_to_page(doms[1].grants->status[0]);
	assert_true(page_get(status, &doms[1]));
	assert_int_equal(set_version(1, 1), -EBUSY);
	page_put(status);
	refer(1, 5, 2, 0, 9, 0);
	assert_int_equal(set_version(1, 1), -ERANGE);
	give2(1, 5, 2, frame, 0);
	entry2(1, 5)->full_page.frame = 1UL << 32;
	assert_int_equal(set_version(1, 1), -ERANGE);
	assert_int_equal(status_of(1, 3), GTF_reading);
	give2(1, 5, 2, frame, GTF_sub_page);
	assert_int_equal(set_version(1, 1), 0);
	assert_int_equal(entry(1, 3)->flags,
			 GTF_permit_access | GTF_readonly | GTF_reading);
	assert_int_equal(entry(1, 5)->flags, 0);
	assert_int_equal(unmap_by(1, 0, op.handle), GNTST_okay);
	assert_int_equal(marks(3), 0);
}

static void status_grows_with_the_table(void **state)
{
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 9};
	struct gnttab_get_status_frames st = {.dom = DOMID_SELF};
	uint64_t list[3] = {0};
	xen_pfn_t frames[9];
	mfn_t mfn;

	op.frame_list.p = frames;
	st.frame_list.p = list;
	st.nr_frames = 2;
	assert_int_equal(set_version(1, 2), 0);
	assert_int_equal(call(1, GNTTABOP_get_status_frames, &st, 1), 0);
	assert_int_equal(st.status, GNTST_general_error);
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(call(1, GNTTABOP_get_status_frames, &st, 1), 0);
	assert_int_equal(st.status, GNTST_okay);
	assert_int_equal(list[1],
			 mfn_x(virt_to_mfn(doms[1].grants->status[1])));
	/* Asked for the third, the table grows so that it is there. */
	assert_int_equal(grant_table_get_frame(&doms[1], 2, true, &mfn), 0);
	assert_int_equal(doms[1].grants->nr_frames, 17);
	assert_int_equal(grant_table_get_frame(&doms[1], 8, true, &mfn),
			 -EINVAL);
	assert_int_equal(grant_table_nr_frames(&doms[1], true), 8);
}

static void parts_can_be_copied_only(void **state)
{
	struct gnttab_map_grant_ref map = map_op(1, GNTMAP_host_map);
	struct gnttab_copy op;

	assert_int_equal(set_version(1, 2), 0);
	give_part(REF, 100, 50);
	op = copy_op(100, 0, 50);
	assert_int_equal(copy2(&op), GNTST_okay);
	op = copy_op(99, 0, 2);
	assert_int_equal(copy2(&op), GNTST_general_error);
	op = copy_op(149, 0, 2);
	assert_int_equal(copy2(&op), GNTST_general_error);
	op = copy_op(0, 0, 0);
	assert_int_equal(copy2(&op), GNTST_general_error);
	op = into(149, 1);
	assert_int_equal(copy2(&op), GNTST_okay);
	op = into(150, 1);
	assert_int_equal(copy2(&op), GNTST_general_error);
	assert_int_equal(map_with(&map), GNTST_general_error);
	/* All of it is a part, too; and one that ends behind the page. */
	give_part(REF, 0, 4096);
	assert_int_equal(map_with(&map), GNTST_general_error);
	give_part(REF, 4090, 0xffff);
	op = copy_op(4090, 0, 6);
	assert_int_equal(copy2(&op), GNTST_okay);
	assert_int_equal(status_of(1, REF), 0);
	assert_int_equal(frame->count_info, PCI_ALLOCATED | 1);
	assert_int_equal(own->count_info, PCI_ALLOCATED | 1);
}

/* Domain 0's frame, granted to 1, which refers 2 to it. */
static void third_domains(void **state)
{
	struct page *far = domain_page_alloc(&doms[0], 0, 0);
	struct gnttab_map_grant_ref map = map_op(1, GNTMAP_host_map);
	struct gnttab_copy op = copy_op(5, 0, 6);

	assert_int_equal(set_version(0, 2), 0);
	assert_int_equal(set_version(1, 2), 0);
	give2(0, 30, 1, far, 0);
	refer(1, REF, 2, 0, 30, 0);
	strcpy((char *)page_to_virt(far) + 5, "thing");
	assert_int_equal(copy2(&op), GNTST_okay);
	assert_string_equal(page_to_virt(own), "thing");
	op = into(0, 6);
	assert_int_equal(copy2(&op), GNTST_okay);
	assert_string_equal(page_to_virt(far), "thing");
	assert_int_equal(map_with(&map), GNTST_general_error);
	/* The referrer may be stricter; and so may the third. */
	refer(1, REF, 2, 0, 30, GTF_readonly);
	assert_int_equal(copy2(&op), GNTST_general_error);
	refer(1, REF, 2, 0, 30, 0);
	give2(0, 30, 1, far, GTF_readonly);
	assert_int_equal(copy2(&op), GNTST_general_error);
	give2(0, 30, 2, far, 0); /* to the user itself: not by this way */
	assert_int_equal(copy2(&op), GNTST_general_error);
	/* To itself, to nobody, and two steps. */
	refer(1, REF, 2, 1, REF, 0);
	assert_int_equal(copy2(&op), GNTST_general_error);
	refer(1, REF, 2, 77, 30, 0);
	assert_int_equal(copy2(&op), GNTST_general_error);
	refer(1, REF, 2, DOMID_SELF, 30, 0);
	assert_int_equal(copy2(&op), GNTST_general_error);
	refer(0, 30, 1, 2, 30, 0);
	refer(1, REF, 2, 0, 30, 0);
	assert_int_equal(copy2(&op), GNTST_general_error);
	assert_int_equal(status_of(1, REF) | status_of(0, 30), 0);
	assert_int_equal(far->count_info, PCI_ALLOCATED | 1);
	assert_true(page_get(far, &doms[0]));
	assert_true(page_put_alloc_ref(far));
	page_put(far);
}

static void swaps(void **state)
{
	struct gnttab_swap_grant_ref op = {.ref_a = REF, .ref_b = 20};
	union grant_entry_v2 was;

	assert_int_equal(set_version(1, 2), 0);
	give_part(REF, 7, 9);
	was = *entry2(1, REF);
	assert_int_equal(call(1, GNTTABOP_swap_grant_ref, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_memory_equal(entry2(1, 20), &was, sizeof(was));
	assert_int_equal(entry2(1, REF)->hdr.flags, 0);
}

/* By the protocol of version 2: clear, then look at the status. */
static volatile bool stop;

static void *granter(void *arg)
{
	unsigned long *withdrawn = arg;

	while (!stop) {
		atomic_xchg(&entry2(1, REF)->hdr.flags, 0);
		smp_mb();
		if (!(atomic_load(&doms[1].grants->status[0][REF]) &
		      (GTF_reading | GTF_writing))) {
			if (frame->type_info & PTI_COUNT_MASK)
				*withdrawn = ~0UL;
			else
				++*withdrawn;
		}
		atomic_store(&entry2(1, REF)->hdr.flags, GTF_permit_access);
		if (*withdrawn == ~0UL)
			break;
	}
	return NULL;
}

static void withdrawal_races_with_use(void **state)
{
	unsigned long withdrawn = 0;
	unsigned int i, mapped = 0;
	pthread_t t;

	assert_int_equal(set_version(1, 2), 0);
	give2(1, REF, 2, frame, 0);
	stop = false;
	pthread_create(&t, NULL, granter, &withdrawn);
	for (i = 0; i < 100000 || !withdrawn || !mapped; i++) {
		struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);

		if (map_with(&op))
			continue;
		mapped++;
		assert_int_equal(unmap_by(1, 0, op.handle), GNTST_okay);
	}
	stop = true;
	pthread_join(t, NULL);
	assert_int_not_equal(withdrawn, ~0UL);
	assert_int_equal(status_of(1, REF), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(marks_are_in_the_status),
		T(changes_of_version),
		T(status_grows_with_the_table),
		T(parts_can_be_copied_only),
		T(third_domains),
		T(swaps),
		T(withdrawal_races_with_use),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
