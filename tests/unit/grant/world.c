/* SPDX-License-Identifier: MIT */
/*
 * world.c - host tests: three domains with grant tables
 */
#include "world.h"

#include <lodge/atomic.h>
#include <lodge/console.h>
#include <lodge/work.h>

struct domain doms[NR_DOMAINS];
struct vcpu vcpus[NR_DOMAINS][NR_VCPUS];
static struct vcpu *vcpu_pointers[NR_DOMAINS][NR_VCPUS];
struct page *frame, *own;
static uint64_t free_at_start;

/* ---- what lies beside grants ---- */
void debug_key_register(char key, const char *what, void (*fn)(void))
{
	assert_int_equal(key, 'g');
}

void work_raise(enum work w)
{
}

struct domain *domain_get_any(domid_t domid)
{
	if (domid >= NR_DOMAINS)
		return NULL;
	atomic_add_return(&doms[domid].refs, 1);
	return &doms[domid];
}

void domain_put(struct domain *d)
{
	assert_true(atomic_sub_return(&d->refs, 1) > 0);
}

void (*look_up_hook)(void);

struct domain *domain_get(struct domain *self, domid_t domid)
{
	struct domain *d = domid == DOMID_SELF ? self : NULL;

	if (look_up_hook)
		look_up_hook();
	if (domid < NR_DOMAINS)
		d = &doms[domid];
	if (!d || domain_is_dying(d))
		return NULL;
	atomic_add_return(&d->refs, 1);
	return d;
}

struct fake_pte ptes[64];
/* Flushes that had been made when an entry was cleared last. */
static unsigned int flushes_at_unmap;
static bool unmapped;

unsigned int flushes(void)
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
	if (page_get_type(pg, PT_WRITABLE, false)) {
		page_put(pg);
		return NULL;
	}
	return pg;
}

void gfn_put_page(struct page *pg, enum gfn_access access)
{
	/* No frame is let go while a TLB may still hold it. */
	if (unmapped)
		assert_true(flushes() > flushes_at_unmap);
	if (access == GFN_WRITE)
		page_put_type(pg);
	page_put(pg);
}

static int fake_map(struct vcpu *v, uint64_t addr, struct page *pg,
		    unsigned int flags)
{
	if (addr / PAGE_SIZE >= ARRAY_SIZE(ptes))
		return GNTST_general_error;
	ptes[addr / PAGE_SIZE].present = true;
	ptes[addr / PAGE_SIZE].mfn = page_to_mfn(pg);
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
	if ((ptes[i].flags ^ flags) & GNTMAP_readonly)
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

static const struct grant_map_ops map_ops = {fake_map, fake_unmap,
					     fake_replace};

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
	/* Frames of the table hold it, too. */
	assert_int_equal(d->refs, 2);
}

struct grant_entry_v1 *entry(unsigned int dom, grant_ref_t ref)
{
	struct grant_entry_v1 *e = doms[dom].grants->shared[ref / 512];

	return &e[ref % 512];
}

void give(grant_ref_t ref, domid_t to, const struct page *pg, uint16_t flags)
{
	*entry(1, ref) = (struct grant_entry_v1){
		.flags = GTF_permit_access | flags,
		.domid = to,
		.frame = (uint32_t)mfn_x(page_to_mfn(pg)),
	};
}

int group_setup(void **state)
{
	fake_memory_init(32UL << (20 - PAGE_SHIFT));
	tlb_init();
	grant_init();
	return 0;
}

int setup(void **state)
{
	unsigned int id;

	fake_preempt = false;
	fake_nr_continued = 0;
	look_up_hook = NULL;
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

int teardown(void **state)
{
	unsigned int id;

	release(frame);
	release(own);
	for (id = 0; id < NR_DOMAINS; id++) {
		assert_int_equal(doms[id].grants->nr_used, 0);
		grant_table_destroy(&doms[id]);
	}
	deferred_free_run();
	assert_int_equal(mm_free_frames(), free_at_start);
	for (id = 0; id < NR_DOMAINS; id++)
		assert_int_equal(doms[id].refs, 1);
	assert_true(irqs_enabled());
	return 0;
}

/* ---- calls ---- */
long call_as(struct vcpu *v, unsigned int cmd, void *arg, unsigned int count)
{
	const struct call_args a = {
		.arg0 = cmd, .arg1 = (uint64_t)arg, .arg2 = count};

	return hypercall_grant_table_op(v, &a);
}

long call(unsigned int dom, unsigned int cmd, void *arg, unsigned int count)
{
	return call_as(&vcpus[dom][0], cmd, arg, count);
}

struct gnttab_map_grant_ref map_op(unsigned int slot, uint32_t flags)
{
	return (struct gnttab_map_grant_ref){
		.host_addr = slot * PAGE_SIZE,
		.flags = flags,
		.ref = REF,
		.dom = 1,
		.handle = NO_HANDLE,
	};
}

int map_with(struct gnttab_map_grant_ref *op)
{
	assert_int_equal(call(2, GNTTABOP_map_grant_ref, op, 1), 0);
	return op->status;
}

grant_handle_t map_ok(unsigned int slot, uint32_t flags)
{
	struct gnttab_map_grant_ref op = map_op(slot, flags);

	assert_int_equal(map_with(&op), GNTST_okay);
	assert_int_equal(op.dev_bus_addr, mfn_x(page_to_mfn(frame))
						  << PAGE_SHIFT);
	return op.handle;
}

int unmap_by(unsigned int slot, uint64_t bus, grant_handle_t handle)
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

unsigned int marks(grant_ref_t ref)
{
	return entry(1, ref)->flags & (GTF_reading | GTF_writing);
}

struct gnttab_copy copy_op(uint16_t from, uint16_t to, uint16_t len)
{
	return (struct gnttab_copy){
		.source = {.u.ref = REF, .domid = 1, .offset = from},
		.dest = {.u.gmfn = mfn_x(page_to_mfn(own)),
			 .domid = DOMID_SELF,
			 .offset = to},
		.len = len,
		.flags = GNTCOPY_source_gref,
	};
}

int copy_with(struct gnttab_copy *op)
{
	assert_int_equal(call(2, GNTTABOP_copy, op, 1), 0);
	assert_int_equal(marks(REF), 0);
	return op->status;
}

union grant_entry_v2 *entry2(unsigned int dom, grant_ref_t ref)
{
	union grant_entry_v2 *e = doms[dom].grants->shared[ref / 256];

	return &e[ref % 256];
}

unsigned int status_of(unsigned int dom, grant_ref_t ref)
{
	return doms[dom].grants->status[ref / 2048][ref % 2048];
}

long set_version(unsigned int dom, uint32_t version)
{
	struct gnttab_set_version op = {.version = version};
	long rc = call(dom, GNTTABOP_set_version, &op, 1);

	assert_int_equal(op.version, doms[dom].grants->fmt->version);
	return rc;
}
