/* SPDX-License-Identifier: MIT */
/*
 * grants - a domain that grants its own pages to itself
 *
 * Set-up, map by address and by entry, unmap, copy; the reference and status
 * bits of the entry while it is used; references, handles, addresses and
 * lengths that are wrong. A use that fails must leave the entry as it was.
 */
#include <guestkit/grant.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_DOMID 1234
#define NO_SUCH_MFN   0x0ffffffUL
#define BAD_POINTER   ((void *)0x1000)
#define SELF	      0 /* the control domain's own number */

enum { REF_RW = 8, REF_RO, REF_OTHER, REF_FREE, REF_TABLE };

static uint8_t *page, *window;

static bool set_up(void)
{
	if (grant_table)
		return true;
	page = page_alloc();
	window = page_alloc();
	if (!page || !window || grant_set_up())
		return false;
	grant_give(REF_RW, SELF, virt_to_mfn(page), 0);
	grant_give(REF_RO, SELF, virt_to_mfn(page), GTF_readonly);
	grant_give(REF_OTHER, NO_SUCH_DOMID, virt_to_mfn(page), 0);
	grant_give(REF_TABLE, SELF, virt_to_mfn((void *)start_info->pt_base),
		   0);
	return true;
}

static int map_at(struct gnttab_map_grant_ref *op, uint64_t address,
		  grant_ref_t ref, domid_t dom, uint32_t flags)
{
	*op = (struct gnttab_map_grant_ref){
		.host_addr = address,
		.ref = ref,
		.dom = dom,
		.flags = flags,
	};
	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 1))
		return -99;
	return op->status;
}

/* Into an empty entry: mapping flushes nothing. */
static int map(struct gnttab_map_grant_ref *op, grant_ref_t ref, domid_t dom,
	       uint32_t flags)
{
	page_map(window, 0);
	return map_at(op, (unsigned long)window, ref, dom, flags);
}

static int unmap_at(uint64_t address, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = address,
		.handle = handle,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		return -99;
	return op.status;
}

static int unmap(grant_handle_t handle)
{
	return unmap_at((unsigned long)window, handle);
}

static uint16_t flags_of(grant_ref_t ref)
{
	return grant_table[ref].flags;
}

TEST(query_size)
{
	struct gnttab_query_size op = {.dom = DOMID_SELF};

	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK(op.nr_frames >= 1);
	CHECK(op.max_nr_frames >= op.nr_frames);
	CHECK(op.max_nr_frames >= 4);
	op.dom = NO_SUCH_DOMID;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_bad_domain);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &op, 2),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_query_size, BAD_POINTER, 1),
		 -EFAULT);
}

TEST(setup_table)
{
	xen_pfn_t frames[4] = {0};
	struct gnttab_setup_table op = {
		.dom = DOMID_SELF,
		.nr_frames = 4,
		.frame_list.p = frames,
	};

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK(frames[0] && frames[3] && frames[0] != frames[3]);
	op.nr_frames = 100000;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1),
		 RECORDED(0));
	CHECK_EQ(op.status, RECORDED(GNTST_general_error));
	op.nr_frames = 1;
	op.dom = NO_SUCH_DOMID;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 1),
		 RECORDED(0));
	CHECK_EQ(op.status, GNTST_bad_domain);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &op, 2),
		 RECORDED(-EINVAL));
}

/* The table is shared memory, not the guest's to make a table of. */
TEST(table_frame)
{
	REQUIRE(set_up());
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE,
			pte_mfn(pte_read((void *)grant_table, 1)), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(flags_of(REF_FREE), 0);
}

/* Only by its number can a domain be the other side of itself. */
TEST(map_of_self)
{
	struct gnttab_map_grant_ref op;

	REQUIRE(set_up());
	CHECK_EQ(map(&op, REF_RW, DOMID_SELF, GNTMAP_host_map),
		 RECORDED(GNTST_bad_domain));
	page_protect(window, true);
}

TEST(map_by_address)
{
	struct gnttab_map_grant_ref op;

	REQUIRE(set_up());
	*page = 0x11;
	*window = 0x22;
	CHECK_EQ(map(&op, REF_RW, SELF, GNTMAP_host_map), GNTST_okay);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing,
		   GTF_reading | GTF_writing);
	CHECK(!grant_take_back(REF_RW));
	CHECK_EQ(*(volatile uint8_t *)window, 0x11);
	*(volatile uint8_t *)window = 0x33;
	CHECK_EQ(*(volatile uint8_t *)page, 0x33);
	CHECK_EQ(unmap(op.handle), GNTST_okay);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing, 0);
	CHECK_FAULT(VECTOR_PF, *(volatile uint8_t *)window);
	CHECK_EQ(unmap(op.handle), GNTST_bad_handle);
	page_protect(window, true);
}

TEST(map_read_only)
{
	struct gnttab_map_grant_ref op;

	REQUIRE(set_up());
	*page = 0x44;
	CHECK_EQ(map(&op, REF_RO, SELF, GNTMAP_host_map), GNTST_general_error);
	CHECK_BITS(flags_of(REF_RO), GTF_reading | GTF_writing, 0);
	CHECK_EQ(map(&op, REF_RO, SELF, GNTMAP_host_map | GNTMAP_readonly),
		 GNTST_okay);
	CHECK_BITS(flags_of(REF_RO), GTF_reading | GTF_writing, GTF_reading);
	CHECK_EQ(*(volatile uint8_t *)window, 0x44);
	CHECK_FAULT(VECTOR_PF, *(volatile uint8_t *)window = 0);
	CHECK_EQ(unmap(op.handle), GNTST_okay);
	CHECK_BITS(flags_of(REF_RO), GTF_reading | GTF_writing, 0);
	page_protect(window, true);
}

/* gntdev gives the machine address of the entry instead. */
TEST(map_by_entry)
{
	struct gnttab_map_grant_ref op;
	uint64_t entry;

	REQUIRE(set_up() && !page_map(window, 0));
	*page = 0x55;
	entry = pte_machine(window, 1);
	CHECK_EQ(map_at(&op, entry, REF_RW, SELF,
			GNTMAP_host_map | GNTMAP_contains_pte |
				GNTMAP_application_map),
		 GNTST_okay);
	CHECK_EQ(*(volatile uint8_t *)window, 0x55);
	CHECK_EQ(unmap_at(entry, op.handle), GNTST_okay);
	CHECK_EQ(pte_read(window, 1), 0);
	page_protect(window, true);
}

TEST(avail_bits)
{
	struct gnttab_map_grant_ref op;

	REQUIRE(set_up());
	CHECK_EQ(map(&op, REF_RW, SELF,
		     GNTMAP_host_map | 1 << _GNTMAP_guest_avail0),
		 GNTST_okay);
	CHECK_BITS(pte_read(window, 1), PTE_AVAIL, 1 << 9);
	CHECK_EQ(unmap(op.handle), GNTST_okay);
	page_protect(window, true);
}

TEST(map_twice)
{
	struct gnttab_map_grant_ref first, second;
	uint8_t *more = page_alloc();

	REQUIRE(set_up() && more && !page_map(more, 0));
	CHECK_EQ(map(&first, REF_RW, SELF, GNTMAP_host_map), 0);
	CHECK_EQ(map_at(&second, (unsigned long)more, REF_RW, SELF,
			GNTMAP_host_map | GNTMAP_readonly),
		 0);
	CHECK(first.handle != second.handle);
	CHECK_EQ(unmap(first.handle), GNTST_okay);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing, GTF_reading);
	CHECK_EQ(unmap_at((unsigned long)more, second.handle), GNTST_okay);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing, 0);
	page_protect(window, true);
	page_protect(more, true);
}

/*
 * The entry of a mapping that may only read is not given for one that may
 * write: whoever has both could go on writing by the other one's entry, after
 * the granter was told that nobody does.
 */
TEST(unmap_one_for_the_other)
{
	struct gnttab_map_grant_ref first, second;
	uint8_t *more = page_alloc();

	REQUIRE(set_up() && more && !page_map(more, 0));
	CHECK_EQ(map(&first, REF_RW, SELF, GNTMAP_host_map), 0);
	CHECK_EQ(map_at(&second, (unsigned long)more, REF_RW, SELF,
			GNTMAP_host_map | GNTMAP_readonly),
		 0);
	CHECK_EQ(unmap_at((unsigned long)more, first.handle),
		 GNTST_general_error);
	CHECK_EQ(unmap(second.handle), GNTST_general_error);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing,
		   GTF_reading | GTF_writing);
	CHECK_EQ(unmap_at((unsigned long)more, second.handle), GNTST_okay);
	CHECK_EQ(unmap(first.handle), GNTST_okay);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing, 0);
	page_protect(window, true);
	page_protect(more, true);
}

TEST(map_wrong)
{
	struct gnttab_map_grant_ref op;

	REQUIRE(set_up());
	CHECK_EQ(map(&op, REF_RW, NO_SUCH_DOMID, GNTMAP_host_map),
		 GNTST_bad_domain);
	CHECK_EQ(map(&op, REF_FREE, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(map(&op, REF_OTHER, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(map(&op, 100000, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_bad_gntref));
	CHECK_EQ(map(&op, ~0U, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_bad_gntref));
	CHECK_EQ(map(&op, REF_RW, SELF, 0), RECORDED(GNTST_bad_gntref));
	CHECK_EQ(map(&op, REF_TABLE, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_general_error));
	CHECK_BITS(flags_of(REF_TABLE), GTF_reading | GTF_writing, 0);
	CHECK_EQ(map_at(&op, HYPERVISOR_VIRT_START, REF_RW, SELF,
			GNTMAP_host_map),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(map_at(&op, 0x0000100000000000, REF_RW, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(map_at(&op, 0x0000900000000000, REF_RW, SELF, GNTMAP_host_map),
		 RECORDED(GNTST_general_error));
	CHECK_EQ(map_at(&op, virt_to_machine(page), REF_RW, SELF,
			GNTMAP_host_map | GNTMAP_contains_pte),
		 RECORDED(GNTST_general_error));
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing, 0);
	page_protect(window, true);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, BAD_POINTER,
					   1),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, NULL, 0), 0);
}

TEST(unmap_wrong)
{
	struct gnttab_map_grant_ref op;
	uint8_t *other = page_alloc();

	REQUIRE(set_up() && other);
	CHECK_EQ(unmap(100000), GNTST_bad_handle);
	CHECK_EQ(unmap(~0U), GNTST_bad_handle);
	CHECK_EQ(map(&op, REF_RW, SELF, GNTMAP_host_map), 0);
	/* At another place than it was mapped: it stays. */
	CHECK_EQ(unmap_at((unsigned long)other, op.handle),
		 RECORDED(GNTST_general_error));
	CHECK_BITS(flags_of(REF_RW), GTF_reading, GTF_reading);
	CHECK_EQ(unmap(op.handle), GNTST_okay);
	CHECK_BITS(flags_of(REF_RW), GTF_reading, 0);
	page_protect(window, true);
}

static int copy_op(struct gnttab_copy *op)
{
	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, op, 1))
		return -99;
	return op->status;
}

static struct gnttab_copy copy_from_ref(grant_ref_t ref, unsigned int from,
					unsigned int to, unsigned int len)
{
	struct gnttab_copy op = {
		.source = {.u.ref = ref, .domid = SELF, .offset = from},
		.dest = {.u.gmfn = virt_to_mfn(window),
			 .domid = DOMID_SELF,
			 .offset = to},
		.len = len,
		.flags = GNTCOPY_source_gref,
	};

	return op;
}

TEST(copy)
{
	struct gnttab_copy op;

	REQUIRE(set_up());
	memset(window, 0, PAGE_BYTES);
	memcpy(page + 10, "granted", 7);
	op = copy_from_ref(REF_RW, 10, 4089, 7);
	CHECK_EQ(copy_op(&op), GNTST_okay);
	CHECK_EQ(memcmp(window + 4089, "granted", 7), 0);
	CHECK_EQ(window[4088], 0);
	op = copy_from_ref(REF_RO, 0, 0, PAGE_BYTES);
	CHECK_EQ(copy_op(&op), GNTST_okay);
	CHECK_EQ(memcmp(window, page, PAGE_BYTES), 0);
	/* And the other way: into the grant. */
	op = copy_from_ref(REF_RW, 0, 0, 1);
	op.dest = op.source;
	op.source.u.gmfn = virt_to_mfn(window);
	op.source.domid = DOMID_SELF;
	op.flags = GNTCOPY_dest_gref;
	window[0] = 0x66;
	CHECK_EQ(copy_op(&op), GNTST_okay);
	CHECK_EQ(page[0], 0x66);
	CHECK_BITS(flags_of(REF_RW), GTF_reading | GTF_writing, 0);
}

TEST(copy_wrong)
{
	struct gnttab_copy op;

	REQUIRE(set_up());
	op = copy_from_ref(REF_RW, 4095, 0, 2);
	CHECK_EQ(copy_op(&op), GNTST_bad_copy_arg);
	op = copy_from_ref(REF_RW, 0, 4095, 2);
	CHECK_EQ(copy_op(&op), GNTST_bad_copy_arg);
	op = copy_from_ref(REF_RW, 0, 0, 4097);
	CHECK_EQ(copy_op(&op), GNTST_bad_copy_arg);
	op = copy_from_ref(REF_RW, 0xffff, 0, 1);
	CHECK_EQ(copy_op(&op), GNTST_bad_copy_arg);
	op = copy_from_ref(REF_FREE, 0, 0, 1);
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_general_error));
	op = copy_from_ref(100000, 0, 0, 1);
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_bad_gntref));
	op = copy_from_ref(REF_RW, 0, 0, 1);
	op.source.domid = NO_SUCH_DOMID;
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_bad_domain));
	op = copy_from_ref(REF_RW, 0, 0, 1);
	op.dest.u.gmfn = NO_SUCH_MFN;
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_bad_page));
	/* Into a read-only grant. */
	op = copy_from_ref(REF_RO, 0, 0, 1);
	op.dest = op.source;
	op.source.u.gmfn = virt_to_mfn(window);
	op.source.domid = DOMID_SELF;
	op.flags = GNTCOPY_dest_gref;
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_general_error));
	/* Into a page table. */
	op = copy_from_ref(REF_RW, 0, 0, 1);
	op.dest.u.gmfn = virt_to_mfn((void *)start_info->pt_base);
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_general_error));
	/* Neither end a grant. */
	op.source.u.gmfn = virt_to_mfn(page);
	op.source.domid = DOMID_SELF;
	op.dest.u.gmfn = virt_to_mfn(window);
	op.flags = 0;
	CHECK_EQ(copy_op(&op), RECORDED(GNTST_okay));
}

/* Each entry of a batch has its status. */
TEST(copy_batch)
{
	struct gnttab_copy ops[3];

	REQUIRE(set_up());
	ops[0] = copy_from_ref(REF_RW, 0, 0, 1);
	ops[1] = copy_from_ref(REF_FREE, 0, 0, 1);
	ops[2] = copy_from_ref(REF_RW, 0, 0, 1);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_copy, ops, 3), 0);
	CHECK_EQ(ops[0].status, GNTST_okay);
	CHECK(ops[1].status != GNTST_okay);
	CHECK_EQ(ops[2].status, GNTST_okay);
}

TEST(get_version)
{
	struct gnttab_get_version op = {.dom = DOMID_SELF};

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &op, 1), 0);
	CHECK_EQ(op.version, 1);
	op.dom = NO_SUCH_DOMID;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &op, 1),
		 RECORDED(-ESRCH));
}

TEST(set_version)
{
	struct gnttab_set_version op = {.version = 3};

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &op, 1),
		 RECORDED(-EINVAL));
	op.version = 0;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &op, 1),
		 RECORDED(-EINVAL));
	op.version = 1;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &op, 1), 0);
	CHECK_EQ(op.version, 1);
}

TEST(swap)
{
	struct gnttab_swap_grant_ref op = {.ref_a = REF_RW, .ref_b = REF_RO};
	uint16_t rw, ro;

	REQUIRE(set_up());
	rw = flags_of(REF_RW);
	ro = flags_of(REF_RO);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK_EQ(flags_of(REF_RW), ro);
	CHECK_EQ(flags_of(REF_RO), rw);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1), 0);
	op.ref_b = 100000;
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_bad_gntref);
}

TEST(unknown)
{
	CHECK_EQ(HYPERVISOR_grant_table_op(13, NULL, 1), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_grant_table_op(~0U, NULL, 1), RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, page, ~0U),
		 RECORDED(-EINVAL));
}
