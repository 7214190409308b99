/* SPDX-License-Identifier: MIT */
/*
 * transfer - frames that change hands, here from a domain to itself
 *
 * A frame that is in use stays; one that is not is gone, whether the other side
 * has it or not. What is lost is populated again.
 */
#include <guestkit/grant.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/test.h>

#define NO_SUCH_MFN   0x3ffffffffUL
#define NO_SUCH_DOMID 1234
#define SELF	      0
#define DONE \
	(GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed)

enum { REF_ACCEPTS = 20, REF_FREE };

static int transfer(unsigned long mfn, domid_t domid, grant_ref_t ref)
{
	struct gnttab_transfer op = {
		.mfn = mfn,
		.domid = domid,
		.ref = ref,
		.status = 77,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_transfer, &op, 1))
		return -99;
	return op.status;
}

static long pages_now(void)
{
	domid_t self = DOMID_SELF;

	return HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
}

/* A new frame at @page's place, whose own was lost. */
static bool refill(uint8_t *page)
{
	xen_pfn_t extent = virt_to_pfn(page);
	struct xen_memory_reservation r = {
		.extent_start.p = &extent,
		.nr_extents = 1,
		.domid = DOMID_SELF,
	};

	if (HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) != 1)
		return false;
	p2m[virt_to_pfn(page)] = extent;
	return !page_protect(page, true);
}

/* Refused with @status, and lost by it. */
static void check_lost(domid_t domid, grant_ref_t ref, int status)
{
	uint8_t *page = page_alloc();
	long before = pages_now();

	REQUIRE(page && !page_map(page, 0));
	CHECK_EQ(transfer(virt_to_mfn(page), domid, ref), status);
	CHECK_EQ(pages_now(), before - 1);
	REQUIRE(refill(page));
	page_free(page);
}

TEST(transfer_to_self)
{
	uint8_t *page = page_alloc();
	long before = pages_now();
	unsigned long mfn;

	REQUIRE(page && (grant_table || !grant_set_up()));
	mfn = virt_to_mfn(page);
	*page = 0x42;
	/* Mapped, and not mapped. */
	CHECK_EQ(transfer(mfn, SELF, REF_FREE), RECORDED(GNTST_bad_page));
	REQUIRE(!page_map(page, 0));
	grant_table[REF_ACCEPTS].domid = SELF;
	grant_table[REF_ACCEPTS].frame = 0;
	grant_table[REF_ACCEPTS].flags = GTF_accept_transfer;
	CHECK_EQ(transfer(mfn, SELF, REF_ACCEPTS), GNTST_okay);
	CHECK_EQ(grant_table[REF_ACCEPTS].flags, DONE);
	CHECK_EQ(grant_table[REF_ACCEPTS].frame, mfn);
	CHECK_EQ(pages_now(), before);
	CHECK_EQ(pte_update_op(mfn << PAGE_SHIFT, virt_to_pfn(page),
			       MMU_MACHPHYS_UPDATE, NULL, DOMID_SELF),
		 0);
	CHECK_EQ(page_protect(page, true), 0);
	CHECK_EQ(*page, 0x42);
	page_free(page);
}

TEST(transfer_wrong)
{
	long before = pages_now();

	REQUIRE(grant_table || !grant_set_up());
	CHECK_EQ(transfer(NO_SUCH_MFN, SELF, REF_FREE),
		 RECORDED(GNTST_bad_page));
	CHECK_EQ(pages_now(), before);
	check_lost(NO_SUCH_DOMID, REF_FREE, GNTST_bad_domain);
	check_lost(DOMID_SELF, REF_FREE, RECORDED(GNTST_bad_domain));
	check_lost(SELF, REF_FREE, RECORDED(GNTST_general_error));
	check_lost(SELF, 100000, RECORDED(GNTST_general_error));
	grant_table[REF_ACCEPTS].domid = NO_SUCH_DOMID;
	grant_table[REF_ACCEPTS].flags = GTF_accept_transfer;
	check_lost(SELF, REF_ACCEPTS, RECORDED(GNTST_general_error));
	CHECK_EQ(grant_table[REF_ACCEPTS].flags, GTF_accept_transfer);
	grant_table[REF_ACCEPTS].flags = 0;
	CHECK_EQ(pages_now(), before);
}
