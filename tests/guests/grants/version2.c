/* SPDX-License-Identifier: MIT */
/*
 * version2 - the second layout of the table, in grants of a domain to itself
 *
 * Change of version and what survives it; marks in the status frames; parts of
 * a page and grants of third domains, which can be copied and not mapped.
 */
#include <guestkit/grant.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>

#define NO_SUCH_DOMID 1234
#define SELF	      0
#define MARKS	      (GTF_reading | GTF_writing)

/* One of those that a change of version keeps, and others. */
enum { REF_KEPT = 3, REF_BAD = 5, REF_PART = 9, REF_WHOLE, REF_VIA };

static uint8_t table_page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint8_t status_page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static volatile union grant_entry_v2 *const table = (void *)table_page;
static volatile uint16_t *const marks = (void *)status_page;
static uint8_t *page, *other;

static bool set_up(void)
{
	if (!grant_table && grant_set_up())
		return false;
	if (!page)
		page = page_alloc();
	if (!other)
		other = page_alloc();
	return page && other;
}

/* The version in force goes to *now. */
static long set_version(unsigned int version, unsigned int *now)
{
	struct gnttab_set_version op = {.version = version};
	long rc = HYPERVISOR_grant_table_op(GNTTABOP_set_version, &op, 1);

	*now = op.version;
	return rc;
}

static int status_frames(domid_t dom, unsigned int nr, uint64_t *frames)
{
	struct gnttab_get_status_frames op = {
		.nr_frames = nr,
		.dom = dom,
		.status = 77,
		.frame_list.p = frames,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_get_status_frames, &op, 1))
		return -99;
	return op.status;
}

/* Into version 2, with table and status mapped. */
static bool enter(void)
{
	unsigned int now;
	uint64_t status;
	xen_pfn_t frame;
	struct gnttab_setup_table setup = {
		.dom = DOMID_SELF,
		.nr_frames = 1,
		.frame_list.p = &frame,
	};

	return set_up() && !set_version(2, &now) && now == 2 &&
	       !HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1) &&
	       !setup.status && !status_frames(DOMID_SELF, 1, &status) &&
	       !page_map(table_page, pte_make(frame, PTE_KERNEL)) &&
	       !page_map(status_page, pte_make(status, PTE_KERNEL));
}

static void leave(void)
{
	unsigned int now;

	CHECK_EQ(page_protect(status_page, true), 0);
	CHECK_EQ(set_version(1, &now), 0);
	CHECK_EQ(now, 1);
}

static void give(grant_ref_t ref, const void *what, unsigned int flags)
{
	table[ref].full_page.frame = virt_to_mfn(what);
	table[ref].hdr.domid = SELF;
	asm volatile("" ::: "memory");
	table[ref].hdr.flags = GTF_permit_access | flags;
}

static void give_part(grant_ref_t ref, const void *what, unsigned int offset,
		      unsigned int length)
{
	table[ref].sub_page.page_off = offset;
	table[ref].sub_page.length = length;
	give(ref, what, GTF_sub_page);
}

static int map_at(struct gnttab_map_grant_ref *op, void *where, grant_ref_t ref,
		  uint32_t flags)
{
	*op = (struct gnttab_map_grant_ref){
		.host_addr = (unsigned long)where,
		.ref = ref,
		.dom = SELF,
		.flags = GNTMAP_host_map | flags,
	};
	if (page_map(where, 0) ||
	    HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 1))
		return -99;
	return op->status;
}

static int unmap(const struct gnttab_map_grant_ref *map)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = map->host_addr,
		.handle = map->handle,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		return -99;
	return op.status;
}

static int copy_op(struct gnttab_copy *op)
{
	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, op, 1))
		return -99;
	return op->status;
}

/* From the grant into page, or the other way. */
static int copy(grant_ref_t ref, unsigned int offset, unsigned int len,
		bool into)
{
	struct gnttab_copy_ptr grant = {
		.u.ref = ref,
		.domid = SELF,
		.offset = offset,
	};
	struct gnttab_copy_ptr own = {
		.u.gmfn = virt_to_mfn(page),
		.domid = DOMID_SELF,
	};
	struct gnttab_copy op = {
		.source = into ? own : grant,
		.dest = into ? grant : own,
		.len = len,
		.flags = into ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
	};

	return copy_op(&op);
}

TEST(not_while_in_use)
{
	struct gnttab_map_grant_ref map;
	unsigned int now;

	REQUIRE(set_up());
	grant_give(REF_WHOLE, SELF, virt_to_mfn(page), 0);
	CHECK_EQ(map_at(&map, other, REF_WHOLE, 0), GNTST_okay);
	CHECK_EQ(set_version(2, &now), RECORDED(-EBUSY));
	CHECK_EQ(now, 1);
	CHECK_EQ(set_version(1, &now), 0);
	CHECK_EQ(set_version(3, &now), -EINVAL);
	CHECK_EQ(now, RECORDED(1));
	CHECK_EQ(unmap(&map), GNTST_okay);
	page_protect(other, true);
}

TEST(reserved_entries_stay)
{
	struct gnttab_get_version get = {.dom = DOMID_SELF};
	uint64_t frames[2];

	REQUIRE(set_up());
	CHECK_EQ(status_frames(DOMID_SELF, 1, frames),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(status_frames(DOMID_SELF, 0, frames), RECORDED(GNTST_okay));
	grant_give(REF_KEPT, SELF, virt_to_mfn(page), GTF_readonly);
	grant_give(REF_WHOLE, SELF, virt_to_mfn(page), 0);
	REQUIRE(enter());
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &get, 1), 0);
	CHECK_EQ(get.version, 2);
	CHECK_EQ(status_frames(DOMID_SELF, 2, frames),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(status_frames(NO_SUCH_DOMID, 1, frames), GNTST_bad_domain);
	CHECK_EQ(table[REF_KEPT].hdr.flags, GTF_permit_access | GTF_readonly);
	CHECK_EQ(table[REF_KEPT].hdr.domid, SELF);
	CHECK_EQ(table[REF_KEPT].full_page.frame, virt_to_mfn(page));
	CHECK_EQ(table[REF_WHOLE].hdr.flags, 0);
	leave();
	CHECK_EQ(grant_table[REF_KEPT].flags, GTF_permit_access | GTF_readonly);
	CHECK_EQ(grant_table[REF_KEPT].frame, virt_to_mfn(page));
	CHECK(grant_take_back(REF_KEPT));
}

TEST(way_back)
{
	unsigned int now;

	REQUIRE(enter());
	/* Whoever has the status mapped would lose it. */
	CHECK_EQ(set_version(1, &now), RECORDED(-EBUSY));
	CHECK_EQ(now, 2);
	CHECK_EQ(page_protect(status_page, true), 0);
	/* What version 1 cannot say. */
	table[REF_BAD].hdr.flags = GTF_transitive;
	CHECK_EQ(set_version(1, &now), RECORDED(-ERANGE));
	table[REF_BAD].full_page.frame = 1UL << 33;
	table[REF_BAD].hdr.flags = GTF_permit_access;
	CHECK_EQ(set_version(1, &now), RECORDED(-ERANGE));
	CHECK_EQ(now, 2);
	table[REF_BAD].hdr.flags = 0;
	leave();
}

TEST(status_marks)
{
	struct gnttab_map_grant_ref read, write;
	uint8_t *window = page_alloc();

	REQUIRE(window && enter());
	give(REF_WHOLE, page, 0);
	*page = 0x77;
	CHECK_EQ(map_at(&read, other, REF_WHOLE, GNTMAP_readonly), GNTST_okay);
	CHECK_BITS(marks[REF_WHOLE], MARKS, GTF_reading);
	CHECK_EQ(map_at(&write, window, REF_WHOLE, 0), GNTST_okay);
	CHECK_BITS(marks[REF_WHOLE], MARKS, MARKS);
	CHECK_EQ(table[REF_WHOLE].hdr.flags, GTF_permit_access);
	CHECK_EQ(*(volatile uint8_t *)window, 0x77);
	CHECK_EQ(unmap(&write), GNTST_okay);
	CHECK_BITS(marks[REF_WHOLE], MARKS, GTF_reading);
	CHECK_EQ(unmap(&read), GNTST_okay);
	CHECK_BITS(marks[REF_WHOLE], MARKS, 0);
	CHECK_EQ(map_at(&read, other, 255, 0), RECORDED(GNTST_general_error));
	CHECK_EQ(map_at(&read, other, 100000, 0), RECORDED(GNTST_bad_gntref));
	page_protect(other, true);
	page_protect(window, true);
	page_free(window);
	leave();
}

TEST(part_of_a_page)
{
	struct gnttab_map_grant_ref map;

	REQUIRE(enter());
	memset(other, 0x21, PAGE_BYTES);
	give_part(REF_PART, other, 100, 50);
	CHECK_EQ(copy(REF_PART, 100, 50, false), GNTST_okay);
	CHECK_EQ(page[49], 0x21);
	CHECK_EQ(copy(REF_PART, 99, 50, false), RECORDED(GNTST_general_error));
	CHECK_EQ(copy(REF_PART, 101, 50, false), RECORDED(GNTST_general_error));
	CHECK_EQ(copy(REF_PART, 100, 51, false), RECORDED(GNTST_general_error));
	CHECK_EQ(copy(REF_PART, 120, 0, false), RECORDED(GNTST_okay));
	CHECK_EQ(copy(REF_PART, 0, 0, false), RECORDED(GNTST_general_error));
	page[0] = 0x22;
	CHECK_EQ(copy(REF_PART, 149, 1, true), GNTST_okay);
	CHECK_EQ(other[149], 0x22);
	CHECK_EQ(other[150], 0x21);
	CHECK_EQ(marks[REF_PART], 0);
	CHECK_EQ(map_at(&map, other, REF_PART, 0),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(marks[REF_PART], 0);
	page_protect(other, true);
	/* It ends behind the page: that is the granter's business. */
	give_part(REF_PART, other, 4000, 500);
	CHECK_EQ(copy(REF_PART, 4000, 96, false), RECORDED(GNTST_okay));
	leave();
}

/* To oneself there is no third domain; guest foreign has one. */
TEST(no_third_domain)
{
	struct gnttab_map_grant_ref map;

	REQUIRE(enter());
	give(REF_WHOLE, other, 0);
	table[REF_VIA].transitive.trans_domid = SELF;
	table[REF_VIA].transitive.gref = REF_WHOLE;
	table[REF_VIA].hdr.domid = SELF;
	table[REF_VIA].hdr.flags = GTF_transitive;
	CHECK_EQ(copy(REF_VIA, 0, 5, false), RECORDED(GNTST_general_error));
	CHECK_EQ(map_at(&map, other, REF_VIA, 0),
		 RECORDED(GNTST_general_error));
	page_protect(other, true);
	table[REF_VIA].transitive.trans_domid = NO_SUCH_DOMID;
	CHECK_EQ(copy(REF_VIA, 0, 5, false), RECORDED(GNTST_general_error));
	table[REF_VIA].transitive.trans_domid = DOMID_SELF;
	CHECK_EQ(copy(REF_VIA, 0, 5, false), RECORDED(GNTST_general_error));
	CHECK_EQ(marks[REF_VIA] | marks[REF_WHOLE], 0);
	leave();
}

TEST(swap_in_version_2)
{
	struct gnttab_swap_grant_ref op = {
		.ref_a = REF_PART,
		.ref_b = REF_WHOLE,
	};

	REQUIRE(enter());
	give_part(REF_PART, other, 100, 50);
	give(REF_WHOLE, page, GTF_readonly);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(table[REF_WHOLE].hdr.flags, GTF_permit_access | GTF_sub_page);
	CHECK_EQ(table[REF_WHOLE].sub_page.page_off, 100);
	CHECK_EQ(table[REF_PART].hdr.flags, GTF_permit_access | GTF_readonly);
	CHECK_EQ(table[REF_PART].full_page.frame, virt_to_mfn(page));
	leave();
}
