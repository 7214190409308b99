/* SPDX-License-Identifier: MIT */
/*
 * world.c - host tests: PV domains with memory
 */
#include "world.h"

#include <stdio.h>

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/irq.h>
#include <lodge/work.h>
#include <xen/memory.h>
#include "../../../hypervisor/mm/private.h"

#define NR_VCPUS 2

struct domain dom_a, dom_b, dom_c;
static struct domain special_io, special_xen;
struct domain *dom_io = &special_io, *dom_xen = &special_xen;
struct domain *dom0 = &dom_c;
const struct grant_map_ops *grant_map_ops;
struct cpu_features cpu_features = {.phys_bits = 36, .nx = true};

static struct vcpu vcpus[3][NR_VCPUS];
static struct pv_vcpu pv_vcpus[3][NR_VCPUS];
static struct vcpu *vcpu_lists[3][NR_VCPUS];
static struct pv_domain pv_domains[3];
static uint64_t free_at_start;

static const struct page_type_ops type_ops = {
	.validate = pv_table_validate,
	.release = pv_table_release,
};

/* ---- what the code under test calls of layers that are not linked ---- */

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
	assert_true(atomic_sub_return(&d->refs, 1) < 1U << 31);
}

struct domain *domain_get(struct domain *self, domid_t domid)
{
	struct domain *all[] = {&dom_a, &dom_b, &dom_c};
	unsigned int i;

	if (domid == DOMID_SELF)
		domid = self->domid;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i]->domid == domid && !domain_is_dying(all[i])) {
			domain_try_get(all[i]);
			return all[i];
		}
	}
	return NULL;
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	d->is_shut_down = true;
}

void paging_fill_hyp_slots(uint64_t *l4, const struct domain *d)
{
	unsigned int i;

	for (i = HYP_FIRST_SLOT; i <= HYP_LAST_SLOT; i++)
		l4[i] = pte_make(MFN(i), PTE_PRESENT | PTE_RW);
}

bool irq_mmio_protected(mfn_t mfn)
{
	return mfn_x(mfn) == PROTECTED_MFN;
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
}

unsigned long fake_gdt_base, fake_ldt_base;
unsigned int fake_ldt_entries;

void load_gdt(unsigned long base)
{
	fake_gdt_base = base;
}

void load_ldt(unsigned long base, unsigned int nr_entries)
{
	fake_ldt_base = base;
	fake_ldt_entries = nr_entries;
}

mfn_t cpu_gdt_mfn(unsigned int cpu)
{
	return MFN(FIRST_GDT_MFN + cpu);
}

void vcpu_pause(struct vcpu *v)
{
}

void vcpu_unpause(struct vcpu *v)
{
}

/* ---- domains ---- */

static void domain_set_up(struct domain *d, unsigned int nr)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	memset(&pv_domains[nr], 0, sizeof(pv_domains[nr]));
	d->domid = (domid_t)nr;
	d->refs = 1;
	d->state = DOM_ALIVE;
	d->max_pages = WORLD_FRAMES;
	d->max_vcpus = NR_VCPUS;
	d->vcpus = vcpu_lists[nr];
	d->pv = &pv_domains[nr];
	d->iomem = rangeset_new();
	spin_init(&d->lock, LOCK_DOMAIN);
	spin_init(&d->pages_lock, LOCK_DOMPAGES);
	list_init(&d->pages);
	snprintf(d->name, sizeof(d->name), "d%u", nr);
	assert_int_equal(perdomain_init(d), 0);
	for (i = 0; i < NR_VCPUS; i++) {
		struct vcpu *v = &vcpus[nr][i];

		memset(v, 0, sizeof(*v));
		memset(&pv_vcpus[nr][i], 0, sizeof(pv_vcpus[nr][i]));
		v->id = i;
		v->domain = d;
		v->pv = &pv_vcpus[nr][i];
		v->pv->kernel_mode = true;
		v->pv->kernel_root = INVALID_MFN;
		v->pv->user_root = INVALID_MFN;
		vcpu_lists[nr][i] = v;
		assert_int_equal(perdomain_vcpu_init(d, i), 0);
	}
}

int world_group_setup(void **state)
{
	fake_memory_init(WORLD_FRAMES);
	tlb_init();
	page_type_ops = &type_ops;
	grant_map_ops = &pv_grant_map_ops;
	return pv_descriptors_init();
}

int world_setup(void **state)
{
	deferred_free_run();
	free_at_start = mm_free_frames();
	cpu_online_map.bits = 3;
	memset(fake_x86, 0, sizeof(fake_x86));
	fake_x86[0].cr4 = fake_x86[1].cr4 = X86_CR4_PGE;
	fake_preempt = false;
	fake_preempt_every = 0;
	fake_log_clear();
	special_io.domid = DOMID_IO;
	special_xen.domid = DOMID_XEN;
	domain_set_up(&dom_a, 0);
	domain_set_up(&dom_b, 1);
	domain_set_up(&dom_c, 2);
	dom_c.privileged = true;
	assert_int_equal(rangeset_add(dom_c.iomem, DEVICE_MFN,
				      DEVICE_MFN + DEVICE_NR - 1),
			 0);
	world_run(dom_a.vcpus[0]);
	return 0;
}

static void kill_domain(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	d->state = DOM_DYING;
	for_each_vcpu (d, v, i) {
		while (pv_drop_roots(v))
			;
		pv_destroy_ldt(v);
		pv_destroy_gdt(v);
	}
	while (pv_relinquish_memory(d))
		;
}

static void free_domain(struct domain *d)
{
	deferred_free_run();
	if (d->tot_pages)
		fputs(fake_log, stderr);
	assert_int_equal(d->tot_pages, 0);
	assert_int_equal(d->refs, 1);
	perdomain_destroy(d);
	rangeset_free(d->iomem);
}

int world_teardown(void **state)
{
	fake_cpu_id = 0;
	kill_domain(&dom_a);
	kill_domain(&dom_b);
	kill_domain(&dom_c);
	free_domain(&dom_a);
	free_domain(&dom_b);
	free_domain(&dom_c);
	assert_int_equal(mm_free_frames(), free_at_start);
	return 0;
}

void world_run(struct vcpu *v)
{
	current = v;
	cpumask_set(&v->dirty_cpus, fake_cpu_id);
	cpumask_set(&v->domain->dirty_cpus, fake_cpu_id);
}

/* ---- frames and tables ---- */

struct page *new_frame(struct domain *d)
{
	struct page *pg = domain_page_alloc(d, 0, 0);

	assert_non_null(pg);
	return pg;
}

uint64_t *table_of(struct page *pg)
{
	return page_to_virt(pg);
}

uint64_t entry(const struct page *pg, uint64_t flags)
{
	return pte_make(page_to_mfn(pg), flags);
}

void put_entry(struct page *pt, unsigned int slot, uint64_t e)
{
	assert_true(is_untyped(pt));
	table_of(pt)[slot] = e;
}

struct tree new_tree(struct domain *d)
{
	struct tree t = {
		.l4 = new_frame(d),
		.l3 = new_frame(d),
		.l2 = new_frame(d),
		.l1 = new_frame(d),
		.data = new_frame(d),
	};

	put_entry(t.l4, 0, entry(t.l3, LINK));
	put_entry(t.l3, 0, entry(t.l2, LINK));
	put_entry(t.l2, 0, entry(t.l1, LINK));
	put_entry(t.l1, 0, entry(t.data, LEAF));
	return t;
}

static struct page *new_wide_table(struct domain *d, unsigned int level,
				   unsigned int width)
{
	struct page *pt = new_frame(d);
	unsigned int i;

	for (i = 0; i < width; i++) {
		struct page *pg = level > 1
					  ? new_wide_table(d, level - 1, width)
					  : new_frame(d);

		put_entry(pt, i * 7, entry(pg, level > 1 ? LINK : LEAF));
	}
	return pt;
}

struct page *new_wide_tree(struct domain *d, unsigned int width)
{
	return new_wide_table(d, 4, width);
}

/* ---- calls ---- */

long call(long (*fn)(struct vcpu *v, const struct call_args *a), uint64_t a0,
	  uint64_t a1, uint64_t a2, uint64_t a3)
{
	unsigned long *next = fake_continued_args;
	unsigned int tries = 0;
	long rc;

	next[0] = a0;
	next[1] = a1;
	next[2] = a2;
	next[3] = a3;
	for (;;) {
		const struct call_args a = {
			.arg0 = next[0], .arg1 = next[1],
			.arg2 = next[2], .arg3 = next[3],
		};

		rc = fn(current, &a);
		if (rc != HYPERCALL_CONTINUED)
			return rc;
		/* It must get on; a guest would take interrupts here. */
		assert_true(++tries < 1000000);
		cpu_relax();
	}
}

long do_ext(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
	struct mmuext_op op = {.cmd = cmd};

	op.arg1.mfn = arg1;
	op.arg2.src_mfn = arg2;
	return call(hypercall_mmuext_op, (uint64_t)&op, 1, 0, DOMID_SELF);
}

long do_update(uint64_t ptr, uint64_t val, unsigned int foreigndom)
{
	struct mmu_update req = {ptr, val};

	return call(hypercall_mmu_update, (uint64_t)&req, 1, 0, foreigndom);
}

long pin(unsigned int level, const struct page *pg)
{
	return do_ext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_x(page_to_mfn(pg)),
		      0);
}

long unpin(const struct page *pg)
{
	return do_ext(MMUEXT_UNPIN_TABLE, mfn_x(page_to_mfn(pg)), 0);
}

uint64_t maddr(const struct page *pt, unsigned int slot)
{
	return paddr_x(mfn_to_paddr(page_to_mfn(pt))) + slot * 8;
}

/* ---- checks ---- */

void check_audit(struct domain *d, unsigned long spare_refs,
		 unsigned long spare_writable)
{
	struct pv_audit r;

	assert_int_equal(pv_audit(d, &r), 0);
	if (r.errors)
		fputs(fake_log, stderr);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.frames, d->tot_pages);
	assert_int_equal(r.spare_refs, spare_refs);
	assert_int_equal(r.spare_writable, spare_writable);
}

uint64_t type_count(const struct page *pg)
{
	return pg->type_info & PTI_COUNT_MASK;
}

uint64_t ref_count(const struct page *pg)
{
	return pg->count_info & PCI_COUNT_MASK;
}

bool is_untyped(const struct page *pg)
{
	return !type_count(pg) && page_type(pg) == PT_NONE;
}
