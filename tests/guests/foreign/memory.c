/* SPDX-License-Identifier: MIT */
/*
 * foreign - what a control domain does with another domain's memory
 *
 * A second domain is made that never runs. Its memory is populated, claimed,
 * given back and exchanged; its frames are mapped, pinned as page tables and
 * named; the frames of its grant table and of the machine-to-physical table
 * are mapped. It is destroyed while something of it is still mapped, and stays
 * until the last mapping has gone.
 */
#include "foreign.h"

#define NO_SUCH_MFN   0x0fffffffUL
#define NO_SUCH_DOMID 1234
#define BAD_POINTER   ((void *)0x1000)

struct peer peer;

bool peer_make(void)
{
	long domid;

	if (peer.made)
		return true;
	domid = domain_create(PEER_MAX_PAGES, PEER_GRANT_FRAMES, 2);
	if (domid == -ENOSYS) {
		test_skip("no domains can be made");
		return false;
	}
	peer.domid = (domid_t)domid;
	peer.window = page_alloc();
	if (domid <= 0 || !peer.window || page_map(peer.window, 0) ||
	    domain_populate(peer.domid, 0, peer.mfns, PEER_PAGES, 0) !=
		    PEER_PAGES) {
		test_error("no second domain: %ld", domid);
		return false;
	}
	peer.made = true;
	return true;
}

static long ask(unsigned int op, domid_t domid)
{
	return HYPERVISOR_memory_op(op, &domid);
}

static long reserve(unsigned int op, domid_t domid, xen_pfn_t *extents,
		    unsigned long nr, unsigned int order)
{
	struct xen_memory_reservation r = {
		.extent_start.p = extents,
		.nr_extents = nr,
		.extent_order = order,
		.domid = domid,
	};

	return HYPERVISOR_memory_op(op, &r);
}

static long claim(unsigned long nr)
{
	return reserve(XENMEM_claim_pages, peer.domid, NULL, nr, 0);
}

static long ext(unsigned int cmd, unsigned long arg1, unsigned long arg2,
		unsigned int foreigndom)
{
	struct mmuext_op op = {
		.cmd = cmd,
		.arg1.linear_addr = arg1,
		.arg2.src_mfn = arg2,
	};

	return HYPERVISOR_mmuext_op(&op, 1, NULL, foreigndom);
}

static long map_va(uint64_t pte, domid_t domid)
{
	return HYPERVISOR_update_va_mapping_otherdomain(
		(unsigned long)peer.window, pte, UVMF_INVLPG | UVMF_LOCAL,
		domid);
}

TEST(reservations)
{
	unsigned long pages, big, flags;

	if (!peer_make())
		return;
	flags = domain_state(peer.domid, &pages);
	CHECK_BITS(flags, XEN_DOMINF_dying | XEN_DOMINF_hvm_guest, 0);
	CHECK_EQ(pages, PEER_PAGES);
	CHECK_EQ(ask(XENMEM_current_reservation, peer.domid), PEER_PAGES);
	CHECK_EQ(ask(XENMEM_maximum_reservation, peer.domid), PEER_MAX_PAGES);
	CHECK_EQ(ask(XENMEM_maximum_gpfn, peer.domid), RECORDED(0));
	CHECK_EQ(mfn_to_pfn(peer.mfns[3]), 3);
	/* 2 MiB in one piece; a second is more than it may have. */
	CHECK_EQ(domain_populate(peer.domid, 512, &big, 1, 9), 1);
	CHECK_BITS(big, 511, 0);
	CHECK_EQ(mfn_to_pfn(big + 5), 517);
	CHECK_EQ(ask(XENMEM_current_reservation, peer.domid), PEER_PAGES + 512);
	pages = big;
	CHECK_EQ(domain_populate(peer.domid, 1024, &big, 1, 9), RECORDED(0));
	CHECK_EQ(reserve(XENMEM_decrease_reservation, peer.domid, &pages, 1, 9),
		 1);
	CHECK_EQ(ask(XENMEM_current_reservation, peer.domid), PEER_PAGES);
}

TEST(exchange_and_increase)
{
	xen_pfn_t in, out = 77;
	struct xen_memory_exchange x = {
		.in = {.extent_start.p = &in, .nr_extents = 1},
		.out = {.extent_start.p = &out, .nr_extents = 1},
	};

	if (!peer_make())
		return;
	in = peer.mfns[PEER_PAGES - 1];
	CHECK_EQ(reserve(XENMEM_decrease_reservation, peer.domid, &in, 1, 0),
		 1);
	CHECK_EQ(reserve(XENMEM_increase_reservation, peer.domid, &in, 1, 0),
		 1);
	x.in.domid = x.out.domid = peer.domid;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_exchange, &x), RECORDED(0));
	CHECK_EQ(x.nr_exchanged, 1);
	CHECK_EQ(mfn_to_pfn(out), 77);
	peer.mfns[PEER_PAGES - 1] = out;
	CHECK_EQ(ask(XENMEM_current_reservation, peer.domid), PEER_PAGES);
}

TEST(claims)
{
	xen_pfn_t extent = 0;
	struct xen_memory_reservation r = {.nr_extents = 100};

	if (!peer_make())
		return;
	CHECK_EQ(claim(100), 0);
	CHECK_EQ(claim(101), RECORDED(-EINVAL));
	CHECK_EQ(claim(0), 0);
	CHECK_EQ(claim(0), 0);
	CHECK_EQ(claim(PEER_PAGES), RECORDED(-EINVAL));
	CHECK_EQ(claim(1), RECORDED(-EINVAL));
	CHECK_EQ(claim(PEER_MAX_PAGES), 0);
	CHECK_EQ(claim(0), 0);
	CHECK_EQ(claim(PEER_MAX_PAGES + 1), RECORDED(-EINVAL));
	CHECK_EQ(claim(~0UL), RECORDED(-EINVAL));
	CHECK_EQ(reserve(XENMEM_claim_pages, peer.domid, &extent, 100, 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(reserve(XENMEM_claim_pages, peer.domid, NULL, 100, 1),
		 RECORDED(-EINVAL));
	CHECK_EQ(reserve(XENMEM_claim_pages, NO_SUCH_DOMID, NULL, 100, 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(reserve(XENMEM_claim_pages, DOMID_SELF, NULL, 0, 0),
		 RECORDED(-EINVAL));
	r.domid = peer.domid;
	r.mem_flags = 1;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_claim_pages, &r),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_claim_pages, BAD_POINTER),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_claim_pages | 1 << 6, &r),
		 RECORDED(-EINVAL));
}

TEST(set_memory_map)
{
	static struct {
		uint64_t start, bytes;
		uint32_t type;
	} __attribute__((packed)) map[2] = {{0, 4096, 1}, {4096, 8192, 1}};
	struct xen_foreign_memory_map m = {
		.map.nr_entries = 2,
		.map.buffer.p = map,
	};

	if (!peer_make())
		return;
	m.domid = peer.domid;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_memory_map, &m), 0);
	m.map.buffer.p = BAD_POINTER;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_memory_map, &m), -EFAULT);
	m.map.nr_entries = 129;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_memory_map, &m), -EFAULT);
	m.map.nr_entries = 100000;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_memory_map, &m),
		 RECORDED(-EINVAL));
	m.map.nr_entries = 2;
	m.domid = NO_SUCH_DOMID;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_set_memory_map, &m), -ESRCH);
}

TEST(map_frames)
{
	uint8_t *w;

	if (!peer_make())
		return;
	w = peer.window;
	CHECK_EQ(domain_map(peer.domid, w, peer.mfns[0], PTE_KERNEL), 0);
	memset(w, 0x31, PAGE_BYTES);
	CHECK_EQ(map_va(pte_make(peer.mfns[1], PTE_KERNEL), peer.domid), 0);
	CHECK_EQ(*(volatile uint8_t *)w, 0);
	CHECK_EQ(map_va(pte_make(peer.mfns[0], PTE_RO), peer.domid), 0);
	CHECK_EQ(*(volatile uint8_t *)w, 0x31);
	CHECK_FAULT(VECTOR_PF, *(volatile uint8_t *)w = 0);
	CHECK_EQ(map_va(0, peer.domid), 0);
	CHECK_EQ(pte_read(w, 1), 0);
}

TEST(map_wrong)
{
	uint8_t *w;
	unsigned long own;

	if (!peer_make())
		return;
	w = peer.window;
	own = virt_to_mfn(w);
	CHECK_EQ(domain_map(peer.domid, w, own, PTE_KERNEL), RECORDED(-EBUSY));
	CHECK_EQ(domain_map(DOMID_SELF, w, peer.mfns[0], PTE_KERNEL),
		 RECORDED(-EBUSY));
	CHECK_EQ(domain_map(peer.domid, w, NO_SUCH_MFN, PTE_KERNEL),
		 RECORDED(-EPERM));
	CHECK_EQ(domain_map(peer.domid, w, 0xb8, PTE_KERNEL), RECORDED(-EPERM));
	CHECK_EQ(domain_map(peer.domid, w, 0xfee00, PTE_KERNEL),
		 RECORDED(-EPERM));
	CHECK_EQ(domain_map(NO_SUCH_DOMID, w, peer.mfns[0], PTE_KERNEL),
		 -ESRCH);
	CHECK_EQ(domain_map(DOMID_INVALID, w, peer.mfns[0], PTE_KERNEL),
		 RECORDED(-ESRCH));
	/* One's own number is nobody else's. */
	CHECK_EQ(domain_map(0, w, own, PTE_KERNEL), RECORDED(-ESRCH));
	CHECK_EQ(map_va(pte_make(own, PTE_KERNEL), 0), RECORDED(-ESRCH));
	CHECK_EQ(map_va(pte_make(peer.mfns[0], PTE_KERNEL), NO_SUCH_DOMID),
		 -ESRCH);
	CHECK_EQ(pte_read(w, 1), 0);
}

/* An error for one frame of many, as privcmd goes on behind it. */
TEST(map_list)
{
	struct mmu_update list[3];
	unsigned int done = 77;
	uint8_t *w;

	if (!peer_make())
		return;
	w = peer.window;
	list[0] = (struct mmu_update){pte_machine(w, 1),
				      pte_make(peer.mfns[0], PTE_KERNEL)};
	list[1] = (struct mmu_update){pte_machine(w, 1),
				      pte_make(NO_SUCH_MFN, PTE_KERNEL)};
	list[2] = (struct mmu_update){pte_machine(w, 1), 0};
	CHECK_EQ(HYPERVISOR_mmu_update(list, 3, &done, peer.domid),
		 RECORDED(-EPERM));
	CHECK_EQ(done, 1);
	CHECK_EQ(HYPERVISOR_mmu_update(list + 2, 1, &done, peer.domid), 0);
	CHECK_EQ(done, 1);
	CHECK_EQ(pte_read(w, 1), 0);
}

TEST(pin_tables)
{
	unsigned int tables, both;
	uint8_t *w;

	if (!peer_make())
		return;
	w = peer.window;
	tables = (peer.domid + 1U) << 16;
	both = tables | peer.domid;
	REQUIRE(!domain_map(peer.domid, w, peer.mfns[0], PTE_KERNEL));
	memset(w, 0, PAGE_BYTES);
	((uint64_t *)w)[0] = pte_make(peer.mfns[1], PTE_KERNEL);
	/* Writable by us: no table. */
	CHECK_EQ(ext(MMUEXT_PIN_L1_TABLE, peer.mfns[0], 0, peer.domid),
		 -EINVAL);
	CHECK_EQ(domain_map(peer.domid, w, peer.mfns[0], PTE_RO), 0);
	CHECK_EQ(ext(MMUEXT_PIN_L1_TABLE, peer.mfns[0], 0, peer.domid), 0);
	CHECK_EQ(ext(MMUEXT_PIN_L1_TABLE, peer.mfns[0], 0, peer.domid),
		 RECORDED(-EINVAL));
	CHECK_EQ(ext(MMUEXT_PIN_L2_TABLE, peer.mfns[0], 0, peer.domid),
		 -EINVAL);
	CHECK_EQ(domain_map(peer.domid, w, peer.mfns[0], PTE_KERNEL),
		 RECORDED(-EBUSY));
	CHECK_EQ(pte_mfn(((volatile uint64_t *)w)[0]), peer.mfns[1]);
	/* Its entries, by the domain of the tables and that of the frames. */
	CHECK_EQ(pte_update_op(peer.mfns[0] << PAGE_SHIFT | 8,
			       pte_make(peer.mfns[2], PTE_KERNEL),
			       MMU_NORMAL_PT_UPDATE, NULL, both),
		 0);
	CHECK_EQ(pte_mfn(((volatile uint64_t *)w)[1]), peer.mfns[2]);
	CHECK_EQ(pte_update_op(peer.mfns[0] << PAGE_SHIFT | 16,
			       pte_make(virt_to_mfn(w), PTE_KERNEL),
			       MMU_NORMAL_PT_UPDATE, NULL, both),
		 RECORDED(-EBUSY));
	CHECK_EQ(pte_update_op(peer.mfns[0] << PAGE_SHIFT | 8, 0,
			       MMU_NORMAL_PT_UPDATE, NULL, peer.domid),
		 -EINVAL);
	CHECK_EQ(pte_update_op(peer.mfns[0] << PAGE_SHIFT | 8, 0,
			       MMU_NORMAL_PT_UPDATE, NULL,
			       (NO_SUCH_DOMID + 1U) << 16 | peer.domid),
		 -ESRCH);
	CHECK_EQ(ext(MMUEXT_CLEAR_PAGE, peer.mfns[0], 0, peer.domid), -EINVAL);
	CHECK_EQ(ext(MMUEXT_UNPIN_TABLE, peer.mfns[0], 0, peer.domid), 0);
	CHECK_EQ(ext(MMUEXT_UNPIN_TABLE, peer.mfns[0], 0, peer.domid),
		 RECORDED(-EINVAL));
	CHECK_EQ(ext(MMUEXT_PIN_L1_TABLE, peer.mfns[0], 0, DOMID_SELF),
		 -EINVAL);
	CHECK_EQ(ext(MMUEXT_PIN_L1_TABLE, peer.mfns[0], 0, NO_SUCH_DOMID),
		 -ESRCH);
	CHECK_EQ(page_map(w, 0), 0);
}

TEST(other_operations)
{
	static const unsigned int own_only[] = {
		MMUEXT_NEW_BASEPTR,  MMUEXT_TLB_FLUSH_LOCAL,
		MMUEXT_INVLPG_LOCAL, MMUEXT_TLB_FLUSH_ALL,
		MMUEXT_INVLPG_ALL,   MMUEXT_FLUSH_CACHE,
		MMUEXT_SET_LDT,
	};
	unsigned int i;

	if (!peer_make())
		return;
	for (i = 0; i < sizeof(own_only) / sizeof(own_only[0]); i++)
		CHECK_EQ(ext(own_only[i], peer.mfns[4], 0, peer.domid),
			 RECORDED(-EPERM));
	CHECK_EQ(ext(MMUEXT_CLEAR_PAGE, peer.mfns[4], 0, peer.domid), 0);
	CHECK_EQ(ext(MMUEXT_COPY_PAGE, peer.mfns[4], peer.mfns[5], peer.domid),
		 0);
	CHECK_EQ(pte_update_op(peer.mfns[2] << PAGE_SHIFT, 99,
			       MMU_MACHPHYS_UPDATE, NULL, peer.domid),
		 0);
	CHECK_EQ(mfn_to_pfn(peer.mfns[2]), 99);
	CHECK_EQ(pte_update_op(peer.mfns[2] << PAGE_SHIFT, 2,
			       MMU_MACHPHYS_UPDATE, NULL, DOMID_SELF),
		 -EINVAL);
	CHECK_EQ(mfn_to_pfn(peer.mfns[2]), 99);
}

/* Tools map the machine-to-physical table to save a guest. */
TEST(machine_to_physical)
{
	unsigned long mfn = virt_to_mfn(peer.window), pfn;
	static xen_pfn_t chunks[8];
	struct xen_machphys_mfn_list list = {
		.max_extents = 8,
		.extent_start.p = chunks,
	};
	uint8_t *w;

	if (!peer_make())
		return;
	w = peer.window;
	mfn = virt_to_mfn(w);
	REQUIRE(!HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list));
	/* 8 bytes a frame, 512 in a page, 262144 in a chunk. */
	CHECK_EQ(domain_map(DOMID_XEN, w,
			    chunks[mfn / 262144] + mfn % 262144 / 512, PTE_RO),
		 0);
	pfn = ((volatile uint64_t *)w)[mfn % 512];
	CHECK_EQ(pfn, virt_to_pfn(w));
	CHECK_EQ(domain_map(DOMID_XEN, w, chunks[0], PTE_KERNEL),
		 RECORDED(-EBUSY));
	CHECK_EQ(domain_map(DOMID_XEN, w, peer.mfns[0], PTE_RO),
		 RECORDED(-EBUSY));
	CHECK_EQ(domain_map(DOMID_SELF, w, chunks[0], PTE_RO),
		 RECORDED(-EBUSY));
	CHECK_EQ(domain_map(peer.domid, w, chunks[0], PTE_RO),
		 RECORDED(-EBUSY));
	CHECK_EQ(map_va(pte_make(chunks[0] + 511, PTE_RO), DOMID_XEN), 0);
	CHECK_EQ(page_map(w, 0), 0);
}

static long acquire(struct xen_mem_acquire_resource r)
{
	return HYPERVISOR_memory_op(XENMEM_acquire_resource, &r);
}

TEST(acquire_resource)
{
	unsigned long list[PEER_GRANT_FRAMES];
	struct xen_mem_acquire_resource
		r =
			{
				.type = XENMEM_resource_grant_table,
				.nr_frames = 1,
				.frame_list.p = list,
			},
		bad;

	if (!peer_make())
		return;
	r.domid = peer.domid;
	bad = r;
	bad.nr_frames = 0;
	CHECK_EQ(acquire(bad), RECORDED(-EINVAL));
	bad.frame_list.p = NULL;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_acquire_resource, &bad), 0);
	CHECK_EQ(bad.nr_frames, PEER_GRANT_FRAMES);
	bad.id = XENMEM_resource_grant_table_id_status;
	bad.nr_frames = 0;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_acquire_resource, &bad), 0);
	CHECK_EQ(bad.nr_frames, RECORDED(1));
	bad.nr_frames = 1;
	CHECK_EQ(acquire(bad), RECORDED(-EINVAL));
	/* The table grows as far as is asked for. */
	CHECK_EQ(domain_acquire(peer.domid, 0, 0, list, PEER_GRANT_FRAMES), 0);
	CHECK(list[0] && list[3] && list[0] != list[3]);
	CHECK_EQ(domain_acquire(peer.domid, 0, 0, list, PEER_GRANT_FRAMES + 1),
		 RECORDED(-EINVAL));
	CHECK_EQ(domain_acquire(peer.domid, 0, PEER_GRANT_FRAMES, list, 1),
		 RECORDED(-EINVAL));
	CHECK_EQ(domain_acquire(peer.domid, 0, ~0U, list, 2),
		 RECORDED(-EINVAL));
	CHECK_EQ(domain_acquire(peer.domid, 0, 0, list, ~0U),
		 RECORDED(-EINVAL));
	CHECK_EQ(domain_acquire(peer.domid, 1, 0, list, 1), RECORDED(-EINVAL));
	CHECK_EQ(domain_acquire(peer.domid, 2, 0, list, 1), RECORDED(-EINVAL));
	CHECK_EQ(domain_acquire(NO_SUCH_DOMID, 0, 0, list, 1), -ESRCH);
	CHECK_EQ(domain_acquire(DOMID_SELF, 0, 0, list, 1), RECORDED(-ESRCH));
	CHECK_EQ(domain_acquire(0, 0, 0, list, 1), RECORDED(-EPERM));
	CHECK_EQ(domain_acquire(peer.domid, 0, 0, BAD_POINTER, 1), -EFAULT);
	bad = r;
	bad.pad = 1;
	CHECK_EQ(acquire(bad), RECORDED(-EINVAL));
	bad = r;
	bad.type = XENMEM_resource_ioreq_server;
	CHECK_EQ(acquire(bad), RECORDED(-EINVAL));
	bad.type = XENMEM_resource_vmtrace_buf;
	CHECK_EQ(acquire(bad), RECORDED(-EINVAL));
	bad.type = 3;
	CHECK_EQ(acquire(bad), RECORDED(-EOPNOTSUPP));
	/* And a frame of it is mapped as that domain's. */
	CHECK_EQ(domain_map(DOMID_SELF, peer.window, list[0], PTE_KERNEL),
		 RECORDED(-EBUSY));
	CHECK_EQ(domain_map(peer.domid, peer.window, list[0], PTE_KERNEL), 0);
	CHECK_EQ(page_map(peer.window, 0), 0);
}
