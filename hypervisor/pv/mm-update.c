/* SPDX-License-Identifier: MIT */
/*
 * mm-update.c - the calls that write page-table entries
 *
 * mmu_update takes a list (pv_list_call()). Tables that lose their last
 * reference are released before the next request is looked at: a guest may use
 * the frames otherwise then.
 */
#include "mm.h"

#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/mm.h>

#define PTR_CMD_MASK 7UL

/* Eight bytes into a frame that is no table: it may be written anyway. */
static int plain_write(struct page *pg, unsigned int slot, uint64_t val)
{
	uint64_t *p = (uint64_t *)page_to_virt(pg) + slot;

	WRITE_ONCE(*p, val);
	return 0;
}

static int write_typed(struct mm_call *c, struct page *pg, enum page_type type,
		       unsigned int slot, uint64_t val, bool keep_ad)
{
	struct pte_write w = {
		.fd = c->fd,
		.mode = keep_ad ? PTE_KEEP_AD : PTE_SET,
		.val = val,
	};

	switch (type) {
	case PT_L1:
		return pv_l1_write(pg, slot, &w);
	case PT_L2:
	case PT_L3:
	case PT_L4:
		return pv_upper_write(pg, type, slot, val, keep_ad);
	case PT_WRITABLE:
		return plain_write(pg, slot, val);
	default:
		return -EINVAL;
	}
}

static int update_entry(struct mm_call *c, const struct mmu_update *req,
			bool keep_ad)
{
	uint64_t ptr = req->ptr & ~PTR_CMD_MASK;
	mfn_t mfn = paddr_to_mfn(PADDR(ptr));
	enum page_type type;
	struct page *pg;
	int rc;

	if (!mfn_valid(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!page_get(pg, c->pd))
		return -EINVAL;
	rc = 0;
	type = page_hold_type(pg);
	if (type == PT_NONE) {
		type = PT_WRITABLE;
		rc = page_get_type(pg, type, false);
	}
	if (!rc) {
		rc = write_typed(c, pg, type,
				 PAGE_OFFSET(ptr) / sizeof(uint64_t), req->val,
				 keep_ad);
		page_put_type(pg);
	}
	page_put(pg);
	return rc;
}

static int update_m2p(struct mm_call *c, const struct mmu_update *req)
{
	mfn_t mfn = paddr_to_mfn(PADDR(req->ptr));
	struct page *pg;

	if (!mfn_valid(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!page_get(pg, c->fd))
		return -EINVAL;
	m2p_set(mfn, req->val);
	page_put(pg);
	return 0;
}

static int update_one(struct mm_call *c, const void *arg)
{
	const struct mmu_update *req = arg;

	switch (req->ptr & PTR_CMD_MASK) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return update_entry(c, req, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return update_entry(c, req, true);
	case MMU_MACHPHYS_UPDATE:
		return update_m2p(c, req);
	default:
		return -ENOSYS;
	}
}

static int update_release(struct mm_call *c)
{
	return pv_release_run(c->pd);
}

static const struct mm_list update_list = {
	.nr = __HYPERVISOR_mmu_update,
	.size = sizeof(struct mmu_update),
	.one = update_one,
	.release = update_release,
};

/**
 * hypercall_mmu_update() - write entries of page tables, or of the M2P
 * @v: current
 * @a: list of struct mmu_update, count, unsigned int *done or NULL, foreigndom
 *
 * Return: 0; -EINVAL, -EBUSY a request is refused: see pv_l1_write(); -ENOSYS
 *         no such kind of request; -EPERM device memory that is not the
 *         domain's, or a foreign domain that is not the caller's business;
 *         -ESRCH; -EFAULT the list. Requests before the one that failed are
 *         done, and *done counts them, if it can be written.
 */
long hypercall_mmu_update(struct vcpu *v, const uint64_t a[6])
{
	return pv_list_call(&update_list, v, a, (uint32_t)a[3]);
}

/* The flush that @flags want: which CPUs. 0; -EFAULT */
static int uvm_cpus(struct vcpu *v, uint64_t flags, cpumask_t *cpus)
{
	uint64_t where = flags & ~UVMF_FLUSHTYPE_MASK;

	*cpus = CPUMASK_NONE;
	if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_NONE)
		return 0;
	if (where == UVMF_LOCAL)
		*cpus = cpumask_of(smp_processor_id());
	else if (where == UVMF_ALL)
		cpus->bits = READ_ONCE(v->domain->dirty_cpus.bits);
	else
		return pv_read_vcpumask(v, GUEST_PTR(where), cpus);
	return 0;
}

static int write_mapping(struct mm_call *c, unsigned long va, uint64_t val)
{
	struct pte_write w = {.fd = c->fd, .mode = PTE_SET, .val = val};
	struct page *pt = pv_l1_table(c->v->domain, c->v->pv->kernel_root, va);
	int rc;

	if (!pt)
		return -EINVAL;
	rc = pv_l1_write(pt, pte_slot(va, PT_L1), &w);
	pv_table_put(pt);
	return rc;
}

static int update_mapping(struct mm_call *c, unsigned long va, uint64_t val,
			  uint64_t flags)
{
	cpumask_t cpus;
	int rc = pv_release_run(c->pd);

	if (!rc)
		rc = uvm_cpus(c->v, flags, &cpus);
	if (!rc)
		rc = write_mapping(c, va, val);
	if (rc)
		return rc;
	if (flags & UVMF_TLB_FLUSH)
		c->flush = cpus;
	else if (!cpumask_empty(&cpus))
		tlb_flush_mask_one(&cpus, va);
	return 0;
}

/* Entered again as it was when the release queue could not be worked off. */
static long update_mapping_call(struct vcpu *v, const uint64_t a[6],
				unsigned int nr, unsigned int foreigndom)
{
	struct mm_call c;
	int rc = pv_call_begin(&c, v, foreigndom);

	if (rc)
		return rc;
	rc = update_mapping(&c, a[0], a[1], a[2]);
	pv_call_end(&c);
	return rc == -ERESTART ? hypercall_continue(nr, 0) : rc;
}

/**
 * hypercall_update_va_mapping() - write the L1 entry that maps an address
 * @v: current
 * @a: address, new entry, UVMF_ flags
 *
 * Return: 0; -EINVAL no L1 table there, or the entry is refused; -EBUSY,
 *         -EPERM as mmu_update; -EFAULT the vCPU bitmap. On error the mapping
 *         has not changed.
 */
long hypercall_update_va_mapping(struct vcpu *v, const uint64_t a[6])
{
	return update_mapping_call(v, a, __HYPERVISOR_update_va_mapping,
				   DOMID_SELF);
}

/**
 * hypercall_update_va_mapping_otherdomain() - the same with a foreign frame
 * @v: current
 * @a: address, new entry, UVMF_ flags, domain
 *
 * Return: as update_va_mapping; -ESRCH; -EPERM the caller is not privileged.
 */
long hypercall_update_va_mapping_otherdomain(struct vcpu *v,
					     const uint64_t a[6])
{
	domid_t domid = (domid_t)a[3];

	if (domid == DOMID_IO && !v->domain->privileged)
		return -EPERM;
	return update_mapping_call(
		v, a, __HYPERVISOR_update_va_mapping_otherdomain, domid);
}
