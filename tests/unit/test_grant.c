/* SPDX-License-Identifier: MIT */
/*
 * test_grant.c - grant tables: marks, references, handles, copies
 *
 * Domain 0 is the control domain, 1 grants, 2 uses; frames are real ones of the
 * allocator, page tables are an array of entries by address. All calls go
 * through the hypercall's table. After each test every frame, reference and
 * domain reference must be back.
 */
#include "fake/machine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <lodge/atomic.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include "../../hypervisor/grant/private.h"
#include "../../hypervisor/mm/private.h"

#define NR_DOMAINS	3
#define NR_VCPUS	2
#define REF		8
#define NO_HANDLE	12345678

static struct domain doms[NR_DOMAINS];
static struct vcpu vcpus[NR_DOMAINS][NR_VCPUS];
static struct vcpu *vcpu_pointers[NR_DOMAINS][NR_VCPUS];
static struct page *frame;	/* domain 1's, granted by REF */
static struct page *own;	/* domain 2's */
static uint64_t free_at_start;

/* ---- what lies beside grants ---- */
void debug_key_register(char key, const char *what, void (*fn)(void))
{
	assert_int_equal(key, 'g');
}

void work_raise(enum work w)
{
}

bool domain_try_get(struct domain *d)
{
	atomic_add_return(&d->refs, 1);
	return true;
}

void domain_put(struct domain *d)
{
	assert_true(atomic_sub_return(&d->refs, 1) > 0);
}

struct domain *domain_get(struct domain *self, domid_t domid)
{
	struct domain *d = domid == DOMID_SELF ? self : NULL;

	if (domid < NR_DOMAINS)
		d = &doms[domid];
	if (!d || domain_is_dying(d))
		return NULL;
	atomic_add_return(&d->refs, 1);
	return d;
}

/* Page tables: addresses PAGE_SIZE * index. */
static struct {
	bool present;
	mfn_t mfn;
	unsigned int flags;
} ptes[64];
/* Flushes that had been made when an entry was cleared last. */
static unsigned int flushes_at_unmap;
static bool unmapped;

static unsigned int flushes(void)
{
	return fake_x86[0].nr_cr3_loads;
}

/* Writable and table types exclude each other, as in mm/. */
struct page *gfn_get_page(struct domain *d, gfn_t gfn, enum gfn_access access,
			  int *rc)
{
	struct page *pg;

	*rc = -EINVAL;
	if (!mfn_valid(MFN(gfn_x(gfn))))
		return NULL;
	*rc = -EPERM;
	pg = mfn_to_page(MFN(gfn_x(gfn)));
	if (!page_get(pg, d))
		return NULL;
	if (access == GFN_READ)
		return pg;
	if (page_type(pg) != PT_WRITABLE && (pg->type_info & PTI_COUNT_MASK)) {
		page_put(pg);
		return NULL;
	}
	pg->type_info &= ~PTI_TYPE_MASK;
	pg->type_info |= (uint64_t)PT_WRITABLE << PTI_TYPE_SHIFT;
	atomic_add_return(&pg->type_info, 1);
	return pg;
}

void gfn_put_page(struct page *pg, enum gfn_access access)
{
	/* No frame is let go while a TLB may still hold it. */
	if (unmapped)
		assert_true(flushes() > flushes_at_unmap);
	if (access == GFN_WRITE) {
		assert_int_equal(page_type(pg), PT_WRITABLE);
		assert_true(pg->type_info & PTI_COUNT_MASK);
		atomic_sub_return(&pg->type_info, 1);
	}
	page_put(pg);
}

static int fake_map(struct vcpu *v, uint64_t addr, mfn_t mfn,
		    unsigned int flags, unsigned int cache_flags)
{
	if (addr / PAGE_SIZE >= ARRAY_SIZE(ptes))
		return GNTST_general_error;
	ptes[addr / PAGE_SIZE].present = true;
	ptes[addr / PAGE_SIZE].mfn = mfn;
	ptes[addr / PAGE_SIZE].flags = flags;
	return GNTST_okay;
}

static int fake_unmap(struct vcpu *v, uint64_t addr, mfn_t mfn,
		      unsigned int flags)
{
	unsigned int i = (unsigned int)(addr / PAGE_SIZE);

	if (i >= ARRAY_SIZE(ptes) || !ptes[i].present ||
	    !mfn_eq(ptes[i].mfn, mfn))
		return GNTST_general_error;
	ptes[i].present = false;
	flushes_at_unmap = flushes();
	unmapped = true;
	return GNTST_okay;
}

static int fake_replace(struct vcpu *v, uint64_t addr, mfn_t mfn,
			uint64_t new_addr, unsigned int flags)
{
	int rc = fake_unmap(v, addr, mfn, flags);

	if (!rc && new_addr) {
		ptes[addr / PAGE_SIZE] = ptes[new_addr / PAGE_SIZE];
		ptes[new_addr / PAGE_SIZE].present = false;
	}
	return rc;
}

static const struct grant_map_ops map_ops = { fake_map, fake_unmap,
					      fake_replace };

/* ---- set-up ---- */
static void domain_setup(unsigned int id)
{
	struct domain *d = &doms[id];
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->domid = (domid_t)id;
	d->refs = 1;
	d->state = DOM_ALIVE;
	d->privileged = id == 0;
	d->max_vcpus = NR_VCPUS;
	d->max_pages = 16;
	d->vcpus = vcpu_pointers[id];
	d->dirty_cpus.bits = 1;
	spin_init(&d->pages_lock, LOCK_DOMPAGES);
	list_init(&d->pages);
	strcpy(d->name, "d?");
	for (i = 0; i < NR_VCPUS; i++) {
		vcpus[id][i].id = i;
		vcpus[id][i].domain = d;
		d->vcpus[i] = &vcpus[id][i];
	}
	assert_int_equal(grant_table_init(d), 0);
}

static struct grant_entry_v1 *entry(unsigned int dom, grant_ref_t ref)
{
	struct grant_entry_v1 *e = doms[dom].grants->shared[ref / 512];

	return &e[ref % 512];
}

static void give(grant_ref_t ref, domid_t to, const struct page *pg,
		 uint16_t flags)
{
	*entry(1, ref) = (struct grant_entry_v1){
		.flags = GTF_permit_access | flags,
		.domid = to,
		.frame = (uint32_t)mfn_x(page_to_mfn(pg)),
	};
}

static int group_setup(void **state)
{
	fake_memory_init(32UL << (20 - PAGE_SHIFT));
	tlb_init();
	grant_init();
	return 0;
}

static int setup(void **state)
{
	unsigned int id;

	fake_preempt = false;
	fake_nr_continued = 0;
	memset(fake_x86, 0, sizeof(fake_x86));
	memset(ptes, 0, sizeof(ptes));
	unmapped = false;
	grant_map_ops = &map_ops;
	cpu_online_map.bits = 1;
	free_at_start = mm_free_frames();
	for (id = 0; id < NR_DOMAINS; id++)
		domain_setup(id);
	frame = domain_page_alloc(&doms[1], 0, 0);
	own = domain_page_alloc(&doms[2], 0, 0);
	give(REF, 2, frame, 0);
	return 0;
}

static void release(struct page *pg)
{
	assert_int_equal(pg->count_info, PCI_ALLOCATED | 1);
	assert_int_equal(pg->type_info & PTI_COUNT_MASK, 0);
	assert_true(page_get(pg, pg->owner));
	assert_true(page_put_alloc_ref(pg));
	page_put(pg);
}

static int teardown(void **state)
{
	unsigned int id;

	release(frame);
	release(own);
	for (id = 0; id < NR_DOMAINS; id++)
		grant_table_destroy(&doms[id]);
	deferred_free_run();
	assert_int_equal(mm_free_frames(), free_at_start);
	for (id = 0; id < NR_DOMAINS; id++)
		assert_int_equal(doms[id].refs, 1);
	assert_true(irqs_enabled());
	return 0;
}

/* ---- calls ---- */
static long call_as(struct vcpu *v, unsigned int cmd, void *arg,
		    unsigned int count)
{
	const uint64_t a[6] = { cmd, (uint64_t)arg, count };

	return hypercall_grant_table_op(v, a);
}

static long call(unsigned int dom, unsigned int cmd, void *arg,
		 unsigned int count)
{
	return call_as(&vcpus[dom][0], cmd, arg, count);
}

static struct gnttab_map_grant_ref map_op(unsigned int slot, uint32_t flags)
{
	return (struct gnttab_map_grant_ref){
		.host_addr = slot * PAGE_SIZE,
		.flags = flags,
		.ref = REF,
		.dom = 1,
		.handle = NO_HANDLE,
	};
}

static int map_with(struct gnttab_map_grant_ref *op)
{
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, op, 1), 0);
	return op->status;
}

static grant_handle_t map_ok(unsigned int slot, uint32_t flags)
{
	struct gnttab_map_grant_ref op = map_op(slot, flags);

	assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(op.dev_bus_addr,
			 mfn_x(page_to_mfn(frame)) << PAGE_SHIFT);
	return op.handle;
}

static int unmap_by(unsigned int slot, uint64_t bus, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = slot * PAGE_SIZE,
		.dev_bus_addr = bus,
		.handle = handle,
		.status = 99,
	};

	assert_int_equal(call(2, GNTTABOP_unmap_grant_ref, &op, 1), 0);
	return op.status;
}

static unsigned int marks(grant_ref_t ref)
{
	return entry(1, ref)->flags & (GTF_reading | GTF_writing);
}

/* ---- tests ---- */
static void map_and_unmap(void **state)
{
	grant_handle_t h = map_ok(3, GNTMAP_host_map);

	assert_true(ptes[3].present);
	assert_int_equal(marks(REF), GTF_reading | GTF_writing);
	/* The allocation, and ours for reading and writing. */
	assert_int_equal(frame->count_info & PCI_COUNT_MASK, 3);
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
		{ GNTMAP_host_map, REF, DOMID_SELF, GNTST_bad_domain },
		{ GNTMAP_host_map, REF, 77, GNTST_bad_domain },
		{ GNTMAP_host_map, 9, 1, GNTST_general_error },
		{ GNTMAP_host_map, 512, 1, GNTST_bad_gntref },
		{ GNTMAP_host_map, ~0u, 1, GNTST_bad_gntref },
		{ 0, REF, 1, GNTST_bad_gntref },
		{ GNTMAP_host_map, REF, 0, GNTST_general_error },
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
	give(REF, 2, own, 0);	/* not the granter's */
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

	/* Of a list of maps one is done before the question. */
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, maps, 3),
			 HYPERCALL_CONTINUED);
	assert_int_equal(fake_continued_args[2], 2);
	assert_int_equal(unmap_by(1, 0, maps[0].handle), GNTST_okay);
}

static void lost_answers_are_undone(void **state)
{
	/* The element lies in a page that can be read, not written. */
	struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map |
						   GNTMAP_device_map);

	assert_int_equal(call(2, GNTTABOP_map_grant_ref, NULL, 1), -EFAULT);
	fake_copy_to_fails = true;
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, &op, 1), -EFAULT);
	fake_copy_to_fails = false;
	assert_false(ptes[1].present);
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
		struct gnttab_unmap_grant_ref u = { .dev_bus_addr = bus,
						    .handle = i };

		assert_int_equal(call_as(&vcpus[2][1],
					 GNTTABOP_unmap_grant_ref, &u, 1),
				 0);
		assert_int_equal(u.status, GNTST_okay);
	}
	assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(unmap_by(0, bus, op.handle), GNTST_okay);
	gt->max_chunks = 1024;
}

static void no_memory_changes_nothing(void **state)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 3 };
	xen_pfn_t frames[3];

	op.frame_list.p = frames;
	fake_heap_fail_after(1);
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	fake_heap_fail_never();
	assert_int_equal(op.status, GNTST_general_error);
	assert_int_equal(call(1, GNTTABOP_setup_table, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
}

static void table_grows_to_its_limit(void **state)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 2 };
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	xen_pfn_t frames[64] = { 0 };
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
	struct gnttab_get_version get = { .dom = DOMID_SELF };
	struct gnttab_set_version set = { .version = 2 };
	struct gnttab_get_status_frames frames = { .dom = DOMID_SELF };

	assert_int_equal(call(1, GNTTABOP_get_version, &get, 1), 0);
	assert_int_equal(get.version, 1);
	get.dom = 2;
	assert_int_equal(call(1, GNTTABOP_get_version, &get, 1), -EPERM);
	get.dom = 44;
	assert_int_equal(call(1, GNTTABOP_get_version, &get, 1), -ESRCH);
	assert_int_equal(call(1, GNTTABOP_set_version, &set, 1), -ENOSYS);
	assert_int_equal(set.version, 1);
	assert_int_equal(call(1, GNTTABOP_set_version, &set, 1), 0);
	set.version = 3;
	assert_int_equal(call(1, GNTTABOP_set_version, &set, 1), -EINVAL);
	assert_int_equal(call(1, GNTTABOP_get_status_frames, &frames, 1), 0);
	assert_int_equal(frames.status, GNTST_general_error);
	assert_int_equal(call(1, GNTTABOP_transfer, &set, 1), -ENOSYS);
	assert_int_equal(call(1, 13, &set, 1), -ENOSYS);
	assert_int_equal(call(1, ~0u, &set, 1), -EINVAL);
	assert_int_equal(call(1, GNTTABOP_copy, &set, 1u << 31), -EINVAL);
}

static struct gnttab_copy copy_op(uint16_t from, uint16_t to, uint16_t len)
{
	return (struct gnttab_copy){
		.source = { .u.ref = REF, .domid = 1, .offset = from },
		.dest = { .u.gmfn = mfn_x(page_to_mfn(own)),
			  .domid = DOMID_SELF,
			  .offset = to },
		.len = len,
		.flags = GNTCOPY_source_gref,
	};
}

static int copy_with(struct gnttab_copy *op)
{
	assert_int_equal(call(2, GNTTABOP_copy, op, 1), 0);
	assert_int_equal(marks(REF), 0);
	return op->status;
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
	op.flags = 0;	/* a foreign frame by number */
	assert_int_equal(copy_with(&op), GNTST_permission_denied);
	op.source.domid = 55;
	assert_int_equal(copy_with(&op), GNTST_bad_domain);
	op = copy_op(0, 0, 1);
	op.source.u.ref = 9;
	assert_int_equal(copy_with(&op), GNTST_general_error);
	op = copy_op(0, 0, 1);
	op.source.domid = 55;
	assert_int_equal(copy_with(&op), GNTST_bad_domain);
	op = copy_op(0, 0, 1);
	op.dest.u.gmfn = ~0UL;
	assert_int_equal(copy_with(&op), GNTST_bad_page);
	op.dest.u.gmfn = mfn_x(page_to_mfn(frame));	/* not the caller's */
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
	struct gnttab_swap_grant_ref op = { .ref_a = REF, .ref_b = 20 };
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

static void death_releases_all(void **state)
{
	unsigned int i, calls = 1;

	for (i = 1; i < 20; i++)
		map_ok(i, i % 2 ? GNTMAP_host_map :
				  GNTMAP_host_map | GNTMAP_device_map |
					  GNTMAP_readonly);
	doms[2].state = DOM_DYING;
	doms[1].state = DOM_DYING;	/* the granter goes as well */
	fake_preempt = true;
	while (grant_table_release_mappings(&doms[2]) == -ERESTART)
		calls++;
	assert_int_equal(calls, 20);
	assert_int_equal(marks(REF), 0);
	assert_int_equal(doms[1].refs, 2);	/* it has a frame */
}

static void dump_names_the_user(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);

	fake_log_clear();
	grant_dump();
	assert_non_null(strstr(fake_log, "8: d2 reads 0 writes 1"));
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

/* The granter withdraws while the user maps: one of the two sees the other. */
static volatile bool stop;

static void *granter(void *arg)
{
	unsigned long *withdrawn = arg;

	while (!stop) {
		uint16_t want = GTF_permit_access;

		if (atomic_cmpxchg(&entry(1, REF)->flags, &want, 0)) {
			/* Nobody may have it now. */
			if (frame->type_info & PTI_COUNT_MASK)
				*withdrawn = ~0UL;
			else
				++*withdrawn;
			atomic_store(&entry(1, REF)->flags, GTF_permit_access);
		}
	}
	return NULL;
}

static void withdrawal_races_with_use(void **state)
{
	unsigned long withdrawn = 0;
	unsigned int i, mapped = 0;
	pthread_t t;

	stop = false;
	pthread_create(&t, NULL, granter, &withdrawn);
	for (i = 0; i < 200000 || !withdrawn; i++) {
		struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);

		if (map_with(&op))
			continue;
		mapped++;
		assert_int_equal(unmap_by(1, 0, op.handle), GNTST_okay);
	}
	stop = true;
	pthread_join(t, NULL);
	assert_int_not_equal(withdrawn, ~0UL);
	assert_true(mapped > 0);
}

/* Two vCPUs map, and undo what they guess: each pin ends exactly once. */
static void *guesser(void *arg)
{
	unsigned int vcpu = (unsigned int)(uintptr_t)arg, i;
	uint64_t bus = mfn_x(page_to_mfn(frame)) << PAGE_SHIFT;

	fake_cpu_id = vcpu;
	for (i = 0; i < 50000; i++) {
		struct gnttab_map_grant_ref m = map_op(0, GNTMAP_device_map);
		struct gnttab_unmap_grant_ref u = {
			.dev_bus_addr = bus,
			.handle = i * 7 % 200,
		};

		call_as(&vcpus[2][vcpu], GNTTABOP_map_grant_ref, &m, 1);
		call_as(&vcpus[2][vcpu], GNTTABOP_unmap_grant_ref, &u, 1);
	}
	return NULL;
}

static void handles_are_undone_once(void **state)
{
	pthread_t t[NR_VCPUS];
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		pthread_create(&t[i], NULL, guesser, (void *)(uintptr_t)i);
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(t[i], NULL);
	while (grant_table_release_mappings(&doms[2]))
		;
	assert_int_equal(marks(REF), 0);
	assert_int_equal(frame->count_info, PCI_ALLOCATED | 1);
	cpu_online_map.bits = 3;	/* free frames in its cache count */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
		T(handles_run_out_and_come_back),
		T(no_memory_changes_nothing),
		T(table_grows_to_its_limit),
		T(versions),
		T(copies),
		T(bad_copies_are_refused),
		T(cache_flushes),
		T(swap_of_entries),
		T(death_releases_all),
		T(dump_names_the_user),
		T(withdrawal_races_with_use),
		T(handles_are_undone_once),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
