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
		       paddr_t at, uint64_t val, bool keep_ad)
{
	struct pte_write w = {
		.fd = c->fd,
		.val = val,
		.keep = keep_ad ? PTE_AD : 0,
	};

	switch (type) {
	case PT_L1:
		return pv_l1_write(c->pd, at, &w);
	case PT_L2:
	case PT_L3:
	case PT_L4:
		return pv_upper_write(pg, type, paddr_slot(at), val, keep_ad);
	case PT_WRITABLE:
		return plain_write(pg, paddr_slot(at), val);
	default:
		return -EINVAL;
	}
}

/* Whatever the frame is, it stays so while it is written. */
static int update_any(struct mm_call *c, paddr_t at, uint64_t val, bool keep_ad)
{
	struct page *pg = page_get_mfn(paddr_to_mfn(at), c->pd);
	enum page_type type;
	int rc = 0;

	if (!pg)
		return -EINVAL;
	type = page_hold_type(pg);
	if (type == PT_NONE) {
		type = PT_WRITABLE;
		rc = page_get_type(pg, type, false);
	}
	if (!rc) {
		rc = write_typed(c, pg, type, at, val, keep_ad);
		page_put_type(pg);
	}
	page_put(pg);
	return rc;
}

/* Nearly all are for L1 tables, which need not be held. */
static int update_entry(struct mm_call *c, const struct mmu_update *req,
			bool keep_ad)
{
	paddr_t at = PADDR(req->ptr & ~PTR_CMD_MASK);
	struct pte_write w = {
		.fd = c->fd,
		.val = req->val,
		.keep = keep_ad ? PTE_AD : 0,
	};
	int rc = pv_l1_write(c->pd, at, &w);

	return rc == -ESRCH ? update_any(c, at, req->val, keep_ad) : rc;
}

static int update_m2p(struct mm_call *c, const struct mmu_update *req)
{
	mfn_t mfn = paddr_to_mfn(PADDR(req->ptr));
	struct page *pg = page_get_mfn(mfn, c->fd);

	if (!pg)
		return -EINVAL;
	m2p_set(mfn, req->val);
	page_put(pg);
	return 0;
}

static int update_one(struct mm_call *c, const void *arg)
{
	const struct mmu_update *req = arg;

	unsigned int cmd = req->ptr & PTR_CMD_MASK;

	switch (cmd) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
	case MMU_PT_UPDATE_PRESERVE_AD:
		return update_entry(c, req, cmd == MMU_PT_UPDATE_PRESERVE_AD);
	case MMU_MACHPHYS_UPDATE:
		return update_m2p(c, req);
	default:
		return -ENOSYS;
	}
}

static const struct mm_list update_list = {
	.nr = __HYPERVISOR_mmu_update,
	.size = sizeof(struct mmu_update),
	.one = update_one,
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
long hypercall_mmu_update(struct vcpu *v, const struct call_args *a)
{
	return pv_list_call(&update_list, v, a, (uint32_t)a->arg3);
}

static bool wants_vcpus(uint64_t flags)
{
	return (flags & UVMF_FLUSHTYPE_MASK) != UVMF_NONE &&
	       (flags & ~UVMF_FLUSHTYPE_MASK) > UVMF_ALL;
}

/* The flush that UVMF_ @flags want, now that the entry is stored. */
static void flush_mapping(struct vcpu *v, unsigned long va, uint64_t flags,
			  const struct vcpu_bits *bits)
{
	cpumask_t cpus;

	if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_NONE)
		return;
	if (wants_vcpus(flags))
		cpus = pv_cpus_of(v->domain, bits);
	else if (flags & UVMF_ALL)
		cpus = pv_cpus_of_all(v->domain);
	else
		cpus = cpumask_of(smp_processor_id());
	if (flags & UVMF_TLB_FLUSH)
		tlb_flush_mask(&cpus, FLUSH_GLOBAL);
	else
		tlb_flush_mask_one(&cpus, va);
}

static int update_mapping(struct vcpu *v, struct domain *fd, unsigned long va,
			  uint64_t val, uint64_t flags)
{
	struct pte_write w = {.fd = fd, .val = val};
	struct vcpu_bits bits;
	paddr_t at;
	int rc;

	if (wants_vcpus(flags) &&
	    pv_read_vcpus(v, GUEST_PTR(flags & ~UVMF_FLUSHTYPE_MASK), &bits))
		return -EFAULT;
	if (!pv_find_l1e(v->pv->kernel_root, va, &at))
		return -EINVAL;
	rc = pv_l1_write(v->domain, at, &w);
	if (rc)
		return rc == -ESRCH ? -EINVAL : rc;
	flush_mapping(v, va, flags, &bits);
	return 0;
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
long hypercall_update_va_mapping(struct vcpu *v, const struct call_args *a)
{
	struct domain *d = v->domain;

	if (pv_release_run(d))
		return hypercall_continue(__HYPERVISOR_update_va_mapping, 0);
	return update_mapping(v, d, a->arg0, a->arg1, a->arg2);
}

/**
 * hypercall_update_va_mapping_otherdomain() - the same with a foreign frame
 * @v: current
 * @a: address, new entry, UVMF_ flags, domain
 *
 * Return: as update_va_mapping; -ESRCH; -EPERM the caller is not privileged.
 */
long hypercall_update_va_mapping_otherdomain(struct vcpu *v,
					     const struct call_args *a)
{
	domid_t domid = (domid_t)a->arg3;
	struct mm_call c;
	int rc;

	if (domid == DOMID_IO && !v->domain->privileged)
		return -EPERM;
	if (pv_release_run(v->domain))
		return hypercall_continue(
			__HYPERVISOR_update_va_mapping_otherdomain, 0);
	rc = pv_call_begin(&c, v, domid);
	if (rc)
		return rc;
	rc = update_mapping(v, c.fd, a->arg0, a->arg1, a->arg2);
	pv_call_end(&c);
	return rc;
}
