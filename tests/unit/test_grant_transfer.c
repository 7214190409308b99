/* SPDX-License-Identifier: MIT */
/*
 * test_grant_transfer.c - a frame becomes another domain's, or nobody's
 */
#include "grant/world.h"

#define NR 5 /* frames that domain 2 has to give */

static struct page *gift;

static int transfer(struct page *pg, domid_t to, grant_ref_t ref)
{
	struct gnttab_transfer op = {
		.mfn = mfn_x(page_to_mfn(pg)),
		.domid = to,
		.ref = ref,
	};

	assert_int_equal(call(2, GNTTABOP_transfer, &op, 1), 0);
	return op.status;
}

static void accept(grant_ref_t ref, domid_t from)
{
	*entry(1, ref) = (struct grant_entry_v1){
		.flags = GTF_accept_transfer,
		.domid = from,
	};
}

static struct page *new_gift(void)
{
	gift = domain_page_alloc(&doms[2], 0, 0);
	assert_non_null(gift);
	return gift;
}

static void drop(struct page *pg, struct domain *d)
{
	assert_true(page_get(pg, d));
	assert_true(page_put_alloc_ref(pg));
	page_put(pg);
}

static void one_changes_hands(void **state)
{
	new_gift();
	strcpy(page_to_virt(gift), "given");
	m2p_set(page_to_mfn(gift), 7);
	accept(9, 2);
	assert_int_equal(transfer(gift, 1, 9), GNTST_okay);
	assert_int_equal(entry(1, 9)->flags, GTF_accept_transfer |
						     GTF_transfer_committed |
						     GTF_transfer_completed);
	assert_int_equal(entry(1, 9)->frame, mfn_x(page_to_mfn(gift)));
	assert_ptr_equal(gift->owner, &doms[1]);
	assert_int_equal(doms[1].tot_pages, 2);
	assert_int_equal(doms[2].tot_pages, 1);
	assert_string_equal(page_to_virt(gift), "given");
	assert_int_equal(m2p_get(page_to_mfn(gift)), M2P_INVALID);
	/* Once. */
	assert_int_equal(transfer(new_gift(), 1, 9), GNTST_general_error);
	assert_int_equal(doms[2].tot_pages, 1);
	drop(mfn_to_page(MFN(entry(1, 9)->frame)), &doms[1]);
}

/* No TLB may still show it to who gave it. */
static void tlbs_forget_it(void **state)
{
	unsigned int before;

	new_gift();
	accept(9, 2);
	before = flushes();
	assert_int_equal(transfer(gift, 1, 9), GNTST_okay);
	assert_true(flushes() > before);
	drop(gift, &doms[1]);
}

static void one_in_use_stays(void **state)
{
	accept(9, 2);
	assert_true(page_get(own, &doms[2]));
	assert_int_equal(transfer(own, 1, 9), GNTST_bad_page);
	page_put(own);
	assert_int_equal(transfer(frame, 1, 9), GNTST_bad_page);
	assert_int_equal(
		transfer(virt_to_page(doms[2].grants->shared[0]), 1, 9),
		GNTST_bad_page);
	assert_int_equal(transfer(&frame_table[max_mfn], 1, 9), GNTST_bad_page);
	assert_int_equal(entry(1, 9)->flags, GTF_accept_transfer);
	assert_int_equal(doms[2].tot_pages, 1);
}

/* By the ABI the caller has lost it. */
static void refused_ones_are_freed(void **state)
{
	static const struct {
		domid_t domid;
		grant_ref_t ref;
		int status;
	} bad[NR] = {
		{77, 9, GNTST_bad_domain},
		{DOMID_SELF, 9, GNTST_bad_domain},
		{1, 10, GNTST_general_error},
		{1, REF, GNTST_general_error},
		{1, 512, GNTST_general_error},
	};
	uint64_t most = doms[1].max_pages;
	unsigned int i;

	accept(9, 2);
	accept(10, 0); /* from another */
	for (i = 0; i < NR; i++)
		assert_int_equal(transfer(new_gift(), bad[i].domid, bad[i].ref),
				 bad[i].status);
	doms[1].max_pages = doms[1].tot_pages;
	assert_int_equal(transfer(new_gift(), 1, 9), GNTST_general_error);
	doms[1].max_pages = most;
	assert_int_equal(entry(1, 9)->flags, GTF_accept_transfer);
	assert_int_equal(entry(1, 10)->flags, GTF_accept_transfer);
	assert_int_equal(doms[2].tot_pages, 1);
	assert_int_equal(doms[1].tot_pages, 1);
}

static void version_2_has_room_for_larger_numbers(void **state)
{
	assert_int_equal(set_version(1, 2), 0);
	entry2(1, 9)->hdr.domid = 2;
	entry2(1, 9)->hdr.flags = GTF_accept_transfer;
	assert_int_equal(transfer(new_gift(), 1, 9), GNTST_okay);
	assert_int_equal(entry2(1, 9)->full_page.frame,
			 mfn_x(page_to_mfn(gift)));
	assert_int_equal(entry2(1, 9)->hdr.flags,
			 GTF_accept_transfer | GTF_transfer_committed |
				 GTF_transfer_completed);
	drop(gift, &doms[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_changes_hands),
		T(tlbs_forget_it),
		T(one_in_use_stays),
		T(refused_ones_are_freed),
		T(version_2_has_room_for_larger_numbers),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
