/* SPDX-License-Identifier: MIT */
/*
 * peergrants - grants between two domains, and the death of one of them
 *
 * We write into the other domain's table what it would have written itself, as
 * toolstacks do for the console and the store. The last test destroys it.
 */
#include "foreign.h"

#include <guestkit/grant.h>

#define SELF  0
#define MARKS (GTF_reading | GTF_writing)
#define DONE \
	(GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed)

enum { REF_RW = 12, REF_RO, REF_ACCEPTS, REF_FREE, REF_OTHER };

static uint8_t *entries_page, *mapped;
static volatile struct grant_entry_v1 *entries;

static void peer_give(grant_ref_t ref, domid_t to, unsigned long mfn,
		      unsigned int flags)
{
	entries[ref].domid = to;
	entries[ref].frame = (uint32_t)mfn;
	asm volatile("" ::: "memory");
	entries[ref].flags = GTF_permit_access | flags;
}

static bool set_up(void)
{
	unsigned long mfn;

	if (!peer_make())
		return false;
	if (entries)
		return true;
	entries_page = page_alloc();
	mapped = page_alloc();
	if (!entries_page || !mapped || page_map(entries_page, 0) ||
	    page_map(mapped, 0) || domain_acquire(peer.domid, 0, 0, &mfn, 1) ||
	    domain_map(peer.domid, entries_page, mfn, PTE_KERNEL)) {
		test_error("no table of the other domain");
		return false;
	}
	entries = (void *)entries_page;
	peer_give(REF_RW, SELF, peer.mfns[6], 0);
	peer_give(REF_RO, SELF, peer.mfns[7], GTF_readonly);
	peer_give(REF_OTHER, peer.domid, peer.mfns[8], 0);
	return true;
}

static int map_ref(grant_ref_t ref, uint32_t flags, grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (unsigned long)mapped,
		.ref = ref,
		.dom = peer.domid,
		.flags = GNTMAP_host_map | flags,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1))
		return -99;
	*handle = op.handle;
	return op.status;
}

static int unmap(grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = (unsigned long)mapped,
		.handle = handle,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		return -99;
	return op.status;
}

static struct gnttab_copy copy_of(domid_t dom, grant_ref_t ref, bool into)
{
	struct gnttab_copy_ptr grant = {.u.ref = ref, .domid = dom};
	struct gnttab_copy_ptr own = {
		.u.gmfn = virt_to_mfn(mapped),
		.domid = DOMID_SELF,
	};

	return (struct gnttab_copy){
		.source = into ? own : grant,
		.dest = into ? grant : own,
		.len = 16,
		.flags = into ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
	};
}

static int copy(domid_t dom, grant_ref_t ref, bool into)
{
	struct gnttab_copy op = copy_of(dom, ref, into);

	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1))
		return -99;
	return op.status;
}

static uint8_t first_byte(unsigned long mfn, domid_t domid)
{
	uint8_t byte;

	if (domain_map(domid, peer.window, mfn, PTE_RO))
		return 0xff;
	byte = *(volatile uint8_t *)peer.window;
	page_map(peer.window, 0);
	return byte;
}

static bool fill(unsigned long mfn, uint8_t byte)
{
	if (domain_map(peer.domid, peer.window, mfn, PTE_KERNEL))
		return false;
	memset(peer.window, byte, PAGE_BYTES);
	return !page_map(peer.window, 0);
}

TEST(ask_about_another)
{
	struct gnttab_query_size size;
	struct gnttab_get_version version;
	xen_pfn_t frames[PEER_GRANT_FRAMES + 1];
	struct gnttab_setup_table setup = {
		.nr_frames = PEER_GRANT_FRAMES,
		.frame_list.p = frames,
	};

	if (!set_up())
		return;
	size.dom = setup.dom = version.dom = peer.domid;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &size, 1), 0);
	CHECK_EQ(size.status, GNTST_okay);
	CHECK_EQ(size.max_nr_frames, PEER_GRANT_FRAMES);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &version, 1),
		 0);
	CHECK_EQ(version.version, 1);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
	CHECK_EQ(setup.status, GNTST_okay);
	setup.nr_frames++;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0);
	CHECK_EQ(setup.status, RECORDED(GNTST_general_error));
}

TEST(map_and_unmap)
{
	grant_handle_t handle;

	if (!set_up())
		return;
	REQUIRE(fill(peer.mfns[6], 0x61) && fill(peer.mfns[7], 0x71));
	CHECK_EQ(map_ref(REF_RW, 0, &handle), GNTST_okay);
	CHECK_BITS(entries[REF_RW].flags, MARKS, MARKS);
	CHECK_EQ(*(volatile uint8_t *)mapped, 0x61);
	*(volatile uint8_t *)mapped = 0x62;
	CHECK_EQ(unmap(handle), GNTST_okay);
	CHECK_BITS(entries[REF_RW].flags, MARKS, 0);
	CHECK_EQ(first_byte(peer.mfns[6], peer.domid), 0x62);
	CHECK_EQ(map_ref(REF_RO, 0, &handle), GNTST_general_error);
	CHECK_EQ(map_ref(REF_RO, GNTMAP_readonly, &handle), GNTST_okay);
	CHECK_BITS(entries[REF_RO].flags, MARKS, GTF_reading);
	CHECK_FAULT(VECTOR_PF, *(volatile uint8_t *)mapped = 0);
	CHECK_EQ(unmap(handle), GNTST_okay);
	CHECK_EQ(map_ref(REF_OTHER, 0, &handle), GNTST_general_error);
	CHECK_EQ(map_ref(REF_FREE, 0, &handle), GNTST_general_error);
}

TEST(copies)
{
	if (!set_up())
		return;
	REQUIRE(fill(peer.mfns[6], 0x63) && fill(peer.mfns[7], 0x73));
	CHECK_EQ(copy(peer.domid, REF_RO, false), GNTST_okay);
	CHECK_EQ(page_protect(mapped, true), 0);
	CHECK_EQ(mapped[15], 0x73);
	CHECK_EQ(copy(peer.domid, REF_RW, true), GNTST_okay);
	CHECK_EQ(first_byte(peer.mfns[6], peer.domid), 0x73);
	CHECK_EQ(copy(peer.domid, REF_RO, true), GNTST_general_error);
	CHECK_EQ(copy(peer.domid, REF_OTHER, false), GNTST_general_error);
	CHECK_EQ(page_map(mapped, 0), 0);
	CHECK_BITS(entries[REF_RW].flags | entries[REF_RO].flags, MARKS, 0);
}

/* A grant of ours that refers its user, ourselves, to one of the peer's. */
TEST(transitive)
{
	struct gnttab_set_version version = {.version = 2};
	volatile union grant_entry_v2 *table;

	if (!set_up())
		return;
	REQUIRE(grant_table || !grant_set_up());
	REQUIRE(!HYPERVISOR_grant_table_op(GNTTABOP_set_version, &version, 1));
	table = (void *)grant_table;
	REQUIRE(fill(peer.mfns[6], 0x64) && fill(peer.mfns[7], 0x74));
	table[20].transitive.trans_domid = peer.domid;
	table[20].transitive.gref = REF_RW;
	table[20].hdr.domid = SELF;
	table[20].hdr.flags = GTF_transitive;
	CHECK_EQ(copy(SELF, 20, false), GNTST_okay);
	CHECK_EQ(first_byte(virt_to_mfn(mapped), DOMID_SELF), 0x64);
	CHECK_EQ(copy(SELF, 20, true), GNTST_okay);
	table[20].transitive.gref = REF_RO;
	CHECK_EQ(copy(SELF, 20, false), GNTST_okay);
	CHECK_EQ(copy(SELF, 20, true), RECORDED(GNTST_general_error));
	table[20].hdr.flags = GTF_transitive | GTF_readonly;
	table[20].transitive.gref = REF_RW;
	CHECK_EQ(copy(SELF, 20, true), RECORDED(GNTST_general_error));
	table[20].transitive.gref = REF_OTHER;
	CHECK_EQ(copy(SELF, 20, false), RECORDED(GNTST_general_error));
	CHECK_BITS(entries[REF_RW].flags | entries[REF_RO].flags, MARKS, 0);
	table[20].hdr.flags = 0;
	version.version = 1;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &version, 1),
		 0);
}

TEST(transfer_to_another)
{
	unsigned long pages, before;
	uint8_t *page = page_alloc();
	struct gnttab_transfer op = {.ref = REF_ACCEPTS};

	if (!set_up())
		return;
	REQUIRE(page);
	*page = 0x51;
	REQUIRE(!page_map(page, 0));
	domain_state(peer.domid, &before);
	entries[REF_ACCEPTS].domid = SELF;
	entries[REF_ACCEPTS].flags = GTF_accept_transfer;
	op.mfn = virt_to_mfn(page);
	op.domid = peer.domid;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_transfer, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(entries[REF_ACCEPTS].flags, DONE);
	CHECK_EQ(entries[REF_ACCEPTS].frame, op.mfn);
	domain_state(peer.domid, &pages);
	CHECK_EQ(pages, before + 1);
	/* Not ours any more. */
	CHECK_EQ(page_map(page, pte_make(op.mfn, PTE_KERNEL)),
		 RECORDED(-EBUSY));
	CHECK_EQ(first_byte(op.mfn, peer.domid), 0x51);
}

/*
 * It dies with a frame of it mapped as a foreign one, a grant of it in use, and
 * its table mapped: each keeps the shell, and what it needs.
 */
TEST(death)
{
	unsigned long pages = 77;
	grant_handle_t handle;
	unsigned int i;

	if (!set_up())
		return;
	REQUIRE(fill(peer.mfns[6], 0x65));
	CHECK_EQ(map_ref(REF_RW, 0, &handle), GNTST_okay);
	CHECK_EQ(domain_map(peer.domid, peer.window, peer.mfns[9], PTE_KERNEL),
		 0);
	CHECK_EQ(domain_destroy(peer.domid), 0);
	CHECK_BITS(domain_state(peer.domid, &pages), XEN_DOMINF_dying,
		   XEN_DOMINF_dying);
	CHECK_EQ(pages, 2);
	CHECK_EQ(domain_destroy(peer.domid), RECORDED(0));
	/* Nothing new of it can be had. */
	for (i = 0; i < 5; i++)
		CHECK(domain_map(peer.domid, peer.window, peer.mfns[i],
				 PTE_KERNEL) < 0);
	CHECK_EQ(domain_populate(peer.domid, 0, &pages, 1, 0), 0);
	CHECK_NO_FAULT(*(volatile uint8_t *)peer.window = 1);
	CHECK_EQ(*(volatile uint8_t *)mapped, 0x65);
	CHECK_EQ(unmap(handle), GNTST_okay);
	CHECK_BITS(entries[REF_RW].flags, MARKS, 0);
	domain_state(peer.domid, &pages);
	CHECK_EQ(pages, 1);
	CHECK_EQ(page_map(peer.window, 0), 0);
	CHECK(domain_state(peer.domid, &pages) != -1);
	CHECK_EQ(pages, 0);
	CHECK_EQ(page_map(entries_page, 0), 0);
	entries = NULL;
	CHECK_EQ(domain_state(peer.domid, &pages), -1);
	peer.made = false;
}

/* One that has a bit of everything, and a claim, when it dies. */
static void live_and_die(void)
{
	struct xen_memory_reservation claim = {.nr_extents = 900};
	struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE};
	unsigned long mfns[4];
	domid_t d;
	long domid = domain_create(PEER_MAX_PAGES, PEER_GRANT_FRAMES, 2);

	REQUIRE(domid > 0);
	d = (domid_t)domid;
	claim.domid = d;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_claim_pages, &claim), 0);
	CHECK_EQ(domain_populate(d, 0, mfns, 1, 9), 1);
	CHECK_EQ(domain_populate(d, 512, mfns, 4, 0), 4);
	pin.arg1.mfn = mfns[0];
	CHECK_EQ(HYPERVISOR_mmuext_op(&pin, 1, NULL, d), 0);
	CHECK_EQ(domain_acquire(d, 0, 0, mfns, 4), 0);
	CHECK_EQ(domain_destroy(d), 0);
	CHECK_EQ(domain_state(d, mfns), -1);
}

/* Some hypervisors free what a domain had a little later. */
static unsigned long free_pages_at_rest(unsigned long at_least)
{
	unsigned long pages, claimed;
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		if (!machine_free_pages(&pages, &claimed))
			return 0;
		if (pages >= at_least && !claimed)
			break;
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	return pages;
}

/* Made and ended often: everything comes back. The first one may leave behind
 * what the hypervisor keeps for the next. */
TEST(again_and_again)
{
	unsigned long before;
	unsigned int i;

	if (!peer_make())
		return;
	CHECK_EQ(domain_destroy(peer.domid), 0);
	peer.made = false;
	live_and_die();
	before = free_pages_at_rest(0);
	REQUIRE(before);
	for (i = 0; i < 20; i++)
		live_and_die();
	CHECK(free_pages_at_rest(before) >= before);
}
