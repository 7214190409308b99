/* SPDX-License-Identifier: MIT */
/*
 * memory - the memory_op call of a control domain on itself
 *
 * Extents given back and taken, exchanged below an address, asked about; the
 * counts and the orders that lie; what was done when only part could be.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_MFN   0x3ffffffffUL
#define NO_SUCH_DOMID 1234
#define BAD_POINTER   ((void *)0x1000)
#define NR	      8

static long pages_now(void)
{
	domid_t self = DOMID_SELF;

	return HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
}

static long reserve(unsigned int op, xen_pfn_t *extents, unsigned long nr,
		    unsigned int order, unsigned int flags)
{
	struct xen_memory_reservation r = {
		.extent_start.p = extents,
		.nr_extents = nr,
		.extent_order = order,
		.mem_flags = flags,
		.domid = DOMID_SELF,
	};

	return HYPERVISOR_memory_op(op, &r);
}

static long give_back(unsigned long mfn)
{
	xen_pfn_t extent = mfn;

	return reserve(XENMEM_decrease_reservation, &extent, 1, 0, 0);
}

/* A page of ours that nothing maps any more, but its place. */
static uint8_t *take_out(void)
{
	uint8_t *page = page_alloc();

	if (page && page_map(page, 0))
		page = NULL;
	return page;
}

static long put_in(uint8_t *page, unsigned long mfn)
{
	p2m[virt_to_pfn(page)] = mfn;
	return page_map(page, pte_make(mfn, PTE_KERNEL));
}

TEST(reservations)
{
	domid_t self = DOMID_SELF, other = NO_SUCH_DOMID;
	long now = pages_now();
	long max = HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self);

	CHECK(now >= (long)start_info->nr_pages);
	CHECK(max >= now);
	CHECK(HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL) > 0x10000);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_current_reservation, &other),
		 -ESRCH);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_maximum_reservation, &other),
		 -ESRCH);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_current_reservation, BAD_POINTER),
		 -EFAULT);
}

/* That is what the guest itself says its map has. */
TEST(maximum_gpfn)
{
	domid_t self = DOMID_SELF;
	unsigned long was;

	REQUIRE(shared_info);
	was = shared_info->arch.max_pfn;
	shared_info->arch.max_pfn = start_info->nr_pages;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_maximum_gpfn, &self),
		 start_info->nr_pages - 1);
	shared_info->arch.max_pfn = was;
}

/* A page given back is gone from the count; one populated has its place. */
TEST(decrease_and_populate)
{
	uint8_t *page = take_out();
	long before = pages_now();
	xen_pfn_t pfn;

	REQUIRE(page);
	CHECK_EQ(give_back(virt_to_mfn(page)), 1);
	CHECK_EQ(pages_now(), before - 1);
	pfn = virt_to_pfn(page);
	CHECK_EQ(reserve(XENMEM_populate_physmap, &pfn, 1, 0, 0), 1);
	CHECK_EQ(pages_now(), before);
	CHECK_EQ(mfn_to_pfn(pfn), virt_to_pfn(page));
	CHECK_EQ(put_in(page, pfn), 0);
	CHECK_NO_FAULT(*(volatile uint8_t *)page = 1);
	page_free(page);
}

/* What comes back is empty or still our own, never another's. */
TEST(new_pages_are_clean)
{
	uint8_t *page = page_alloc();
	xen_pfn_t mfn;
	unsigned int i, dirt = 0;

	REQUIRE(page);
	memset(page, 0x5a, PAGE_BYTES);
	mfn = virt_to_mfn(page);
	REQUIRE(!page_map(page, 0));
	CHECK_EQ(give_back(mfn), 1);
	mfn = 0;
	CHECK_EQ(reserve(XENMEM_increase_reservation, &mfn, 1, 0, 0), 1);
	CHECK_EQ(pte_update_op(mfn << PAGE_SHIFT, virt_to_pfn(page),
			       MMU_MACHPHYS_UPDATE, NULL, DOMID_SELF),
		 0);
	CHECK_EQ(put_in(page, mfn), 0);
	for (i = 0; i < PAGE_BYTES; i++)
		dirt += page[i] != 0 && page[i] != 0x5a;
	CHECK_EQ(dirt, 0);
	page_free(page);
}

/* Still mapped: it can be used until the last entry for it has gone. */
TEST(decrease_while_mapped)
{
	uint8_t *page = page_alloc();
	long before = pages_now();
	xen_pfn_t pfn;

	REQUIRE(page);
	CHECK_EQ(give_back(virt_to_mfn(page)), 1);
	CHECK_NO_FAULT(*(volatile uint8_t *)page = 7);
	CHECK_EQ(*(volatile uint8_t *)page, 7);
	CHECK_EQ(pages_now(), RECORDED(before));
	CHECK_EQ(page_map(page, 0), 0);
	CHECK_EQ(pages_now(), before - 1);
	pfn = virt_to_pfn(page);
	CHECK_EQ(reserve(XENMEM_populate_physmap, &pfn, 1, 0, 0), 1);
	CHECK_EQ(put_in(page, pfn), 0);
	page_free(page);
}

TEST(decrease_wrong)
{
	long before = pages_now();

	CHECK_EQ(give_back(NO_SUCH_MFN), RECORDED(0));
	CHECK_EQ(give_back(~0UL), RECORDED(0));
	CHECK_EQ(give_back(0xb8), RECORDED(0));
	CHECK_EQ(reserve(XENMEM_decrease_reservation, BAD_POINTER, 1, 0, 0),
		 RECORDED(0));
	CHECK_EQ(reserve(XENMEM_decrease_reservation, NULL, 0, 0, 0), 0);
	CHECK_EQ(pages_now(), before);
}

/* The second of three is wrong: one was done. */
TEST(decrease_in_part)
{
	uint8_t *a = take_out(), *b = take_out();
	long before = pages_now();
	xen_pfn_t extents[3];

	REQUIRE(a && b);
	extents[0] = virt_to_mfn(a);
	extents[1] = NO_SUCH_MFN;
	extents[2] = virt_to_mfn(b);
	CHECK_EQ(reserve(XENMEM_decrease_reservation, extents, 3, 0, 0), 1);
	CHECK_EQ(pages_now(), before - 1);
	CHECK_EQ(put_in(b, extents[2]), 0);
	extents[0] = virt_to_pfn(a);
	CHECK_EQ(reserve(XENMEM_populate_physmap, extents, 1, 0, 0), 1);
	CHECK_EQ(put_in(a, extents[0]), 0);
	page_free(a);
	page_free(b);
}

TEST(increase_wrong)
{
	xen_pfn_t extent;
	long before = pages_now();

	CHECK_EQ(reserve(XENMEM_increase_reservation, &extent, 1, 30, 0),
		 RECORDED(0));
	CHECK_EQ(reserve(XENMEM_increase_reservation, &extent, 1, ~0U, 0),
		 RECORDED(0));
	CHECK_EQ(reserve(XENMEM_increase_reservation, &extent, ~0UL, 0, 0),
		 RECORDED(0));
	CHECK_EQ(reserve(XENMEM_increase_reservation, &extent, 0, 0, 0), 0);
	CHECK_EQ(pages_now(), before);
}

TEST(populate_wrong)
{
	xen_pfn_t extent = ~0UL;
	long before = pages_now();

	CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 30, 0),
		 RECORDED(0));
	CHECK_EQ(reserve(XENMEM_populate_physmap, BAD_POINTER, 1, 0, 0),
		 RECORDED(0));
	CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0,
			 XENMEMF_populate_on_demand),
		 RECORDED(0));
	CHECK_EQ(pages_now(), before);
}

TEST(other_domains)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1,
		.domid = NO_SUCH_DOMID,
	};

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_increase_reservation, &r),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_decrease_reservation, BAD_POINTER),
		 RECORDED(0));
}

static long exchange(struct xen_memory_exchange *x, xen_pfn_t *in,
		     unsigned long nr_in, unsigned int order_in, xen_pfn_t *out,
		     unsigned long nr_out, unsigned int order_out,
		     unsigned int flags)
{
	memset(x, 0, sizeof(*x));
	x->in.extent_start.p = in;
	x->in.nr_extents = nr_in;
	x->in.extent_order = order_in;
	x->in.domid = DOMID_SELF;
	x->out.extent_start.p = out;
	x->out.nr_extents = nr_out;
	x->out.extent_order = order_out;
	x->out.mem_flags = flags;
	x->out.domid = DOMID_SELF;
	return HYPERVISOR_memory_op(XENMEM_exchange, x);
}

/* Eight scattered pages for eight in a row, below 4 GiB: swiotlb's wish. */
TEST(exchange_for_one_extent)
{
	struct xen_memory_exchange x;
	uint8_t *pages = page_alloc_many(NR);
	xen_pfn_t in[NR], out;
	unsigned int i, wrong = 0;
	long before = pages_now();

	REQUIRE(pages);
	for (i = 0; i < NR; i++) {
		in[i] = virt_to_mfn(pages + i * PAGE_BYTES);
		REQUIRE(!page_map(pages + i * PAGE_BYTES, 0));
	}
	out = virt_to_pfn(pages);
	CHECK_EQ(exchange(&x, in, NR, 0, &out, 1, 3, XENMEMF_address_bits(32)),
		 0);
	CHECK_EQ(x.nr_exchanged, NR);
	CHECK_EQ(pages_now(), before);
	CHECK_BITS(out, NR - 1, 0);
	CHECK(out + NR <= 1UL << 20);
	for (i = 0; i < NR; i++)
		wrong += mfn_to_pfn(out + i) != virt_to_pfn(pages) + i ||
			 put_in(pages + i * PAGE_BYTES, out + i);
	CHECK_EQ(wrong, 0);
	CHECK_NO_FAULT(memset(pages, 0, NR * PAGE_BYTES));
}

TEST(exchange_wrong)
{
	struct xen_memory_exchange x;
	uint8_t *page = page_alloc();
	xen_pfn_t in[2], out[2];

	REQUIRE(page);
	in[0] = in[1] = virt_to_mfn(page);
	out[0] = out[1] = virt_to_pfn(page);
	CHECK_EQ(exchange(&x, in, 1, 0, out, 2, 0, 0), RECORDED(-EINVAL));
	CHECK_EQ(exchange(&x, in, 1, 0, out, 1, 1, 0), RECORDED(-EINVAL));
	CHECK_EQ(exchange(&x, in, 1, 64, out, 1, 64, 0), RECORDED(-EPERM));
	CHECK_EQ(exchange(&x, in, ~0UL, 0, out, ~0UL, 0, 0), RECORDED(-EFAULT));
	CHECK_EQ(exchange(&x, BAD_POINTER, 1, 0, out, 1, 0, 0),
		 RECORDED(-EFAULT));
	in[0] = NO_SUCH_MFN;
	CHECK_EQ(exchange(&x, in, 1, 0, out, 1, 0, 0), RECORDED(-EINVAL));
	CHECK_EQ(x.nr_exchanged, 0);
	/* Mapped writable by us: it cannot be taken. */
	in[0] = virt_to_mfn(page);
	CHECK_EQ(exchange(&x, in, 1, 0, out, 1, 0, XENMEMF_address_bits(13)),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, BAD_POINTER), -EFAULT);
	x.in.domid = NO_SUCH_DOMID;
	x.out.domid = NO_SUCH_DOMID;
	x.nr_exchanged = 0;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, &x), RECORDED(-ESRCH));
	x.in.domid = DOMID_SELF;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, &x), RECORDED(-EINVAL));
	x.out.domid = DOMID_SELF;
	x.nr_exchanged = 99;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, &x), RECORDED(-EINVAL));
}

struct e820 {
	uint64_t start, bytes;
	uint32_t type;
} __attribute__((packed));

TEST(memory_map)
{
	static struct e820 entries[64];
	struct xen_memory_map map = {
		.nr_entries = 64,
		.buffer.p = entries,
	};

	/* The control domain has no map of its own. */
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_memory_map, &map),
		 RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map), 0);
	CHECK(map.nr_entries > 2);
	CHECK_EQ(entries[0].start, 0);
	CHECK_EQ(entries[0].type, 1);
	CHECK(entries[1].start >= entries[0].bytes);
	map.nr_entries = 1;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map),
		 RECORDED(-EINVAL));
	CHECK_EQ(map.nr_entries, RECORDED(1));
	map.nr_entries = 0;
	map.buffer.p = NULL;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map),
		 RECORDED(0));
	CHECK(map.nr_entries > 2);
	map.nr_entries = 64;
	map.buffer.p = BAD_POINTER;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machine_memory_map, BAD_POINTER),
		 -EFAULT);
}

TEST(machphys)
{
	struct xen_machphys_mapping mapping;
	static xen_pfn_t frames[4];
	struct xen_machphys_mfn_list list = {
		.max_extents = 4,
		.extent_start.p = frames,
	};

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mapping, &mapping), 0);
	CHECK_EQ(mapping.v_start, MACH2PHYS_VIRT_START);
	CHECK_EQ(mapping.v_end, MACH2PHYS_VIRT_END);
	CHECK(mapping.max_mfn >= virt_to_mfn(start_info));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mapping, BAD_POINTER),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list), 0);
	CHECK(list.nr_extents >= 1);
	CHECK(frames[0] != 0);
	list.max_extents = 0;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list), 0);
	CHECK_EQ(list.nr_extents, 0);
	list.max_extents = 4;
	list.extent_start.p = BAD_POINTER;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list),
		 -EFAULT);
}

/* For guests with a translated map only. */
TEST(translated_only)
{
	struct xen_add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
	};
	struct xen_remove_from_physmap remove = {.domid = DOMID_SELF};
	struct xen_pod_target pod = {.domid = DOMID_SELF};

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_add_to_physmap, &add),
		 RECORDED(-EACCES));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_remove_from_physmap, &remove),
		 RECORDED(-EACCES));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_get_pod_target, &pod),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_pod_target, &pod),
		 RECORDED(-EINVAL));
}

TEST(no_shared_pages)
{
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_get_sharing_freed_pages, NULL),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_get_sharing_shared_pages, NULL),
		 RECORDED(0));
}

TEST(no_virtual_numa)
{
	struct xen_vnuma_topology_info info = {.domid = DOMID_SELF};

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_get_vnumainfo, &info),
		 RECORDED(-EOPNOTSUPP));
}

TEST(unknown)
{
	CHECK_EQ(HYPERVISOR_memory_op(8, NULL), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_memory_op(29, NULL), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_memory_op(63, NULL), RECORDED(-ENOSYS));
	/* Above the sub-operation there is the hypervisor's own bookkeeping. */
	CHECK_EQ(HYPERVISOR_memory_op(63 | 1 << 6, NULL), RECORDED(-ENOSYS));
}

/* A guest may claim to have done part of the work already. */
TEST(start_extent_by_hand)
{
	uint8_t *page = take_out();
	xen_pfn_t extents[2];
	long before = pages_now();
	struct xen_memory_reservation r = {
		.extent_start.p = extents,
		.nr_extents = 2,
		.domid = DOMID_SELF,
	};

	REQUIRE(page);
	extents[0] = NO_SUCH_MFN;
	extents[1] = virt_to_mfn(page);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_decrease_reservation | 1 << 6, &r),
		 RECORDED(2));
	CHECK_EQ(pages_now(), before - 1);
	CHECK_EQ(
		HYPERVISOR_memory_op(XENMEM_decrease_reservation | 99 << 6, &r),
		RECORDED(99));
	extents[0] = virt_to_pfn(page);
	CHECK_EQ(reserve(XENMEM_populate_physmap, extents, 1, 0, 0), 1);
	CHECK_EQ(put_in(page, extents[0]), 0);
}
