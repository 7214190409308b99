/* SPDX-License-Identifier: MIT */
/*
 * mm-ext.c - mmuext_op: pins, roots, flushes, and pages moved by us
 *
 * A list of operations (pv_list_call()). Flushes of whole TLBs are gathered and
 * done at the end; those of one page are done at once. Pins, and pages moved by
 * us, may be of a foreign domain; all else is about the caller itself.
 *
 * A pin is a type and a general reference of the guest's, and PTI_PINNED.
 */
#include "mm.h"

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

static void drop_pin(struct page *pg)
{
	page_put_type(pg);
	page_put(pg);
}

/* The caller's references become the pin's. -EINVAL: pinned already. */
static int set_pin(struct domain *d, struct page *pg)
{
	if (atomic_fetch_or(&pg->type_info, PTI_PINNED) & PTI_PINNED)
		return -EINVAL;
	/* Teardown looks for pins after it has made the domain dying. */
	if (domain_is_dying(d) &&
	    atomic_fetch_and(&pg->type_info, ~PTI_PINNED) & PTI_PINNED)
		return -EINVAL;
	return 0;
}

/**
 * pv_pin_table() - keep a table typed until it is unpinned
 * @d:    whose
 * @mfn:  the table
 * @type: PT_L1 to PT_L4
 *
 * Return: 0; -EINVAL: not @d's frame, not that type, or pinned already;
 *         -EINTR, -ERESTART: preempted, call again.
 */
int pv_pin_table(struct domain *d, mfn_t mfn, enum page_type type)
{
	struct page *pg = page_get_mfn(mfn, d);
	int rc;

	if (!pg)
		return -EINVAL;
	rc = page_get_type(pg, type, true);
	if (rc) {
		page_put(pg);
		return rc;
	}
	rc = set_pin(d, pg);
	if (rc)
		drop_pin(pg);
	return rc;
}

static int ext_pin(struct mm_call *c, const struct mmuext_op *op)
{
	return pv_pin_table(
		c->fd, MFN(op->arg1.mfn),
		(enum page_type)(PT_L1 + op->cmd - MMUEXT_PIN_L1_TABLE));
}

static int ext_unpin(struct mm_call *c, const struct mmuext_op *op)
{
	struct page *pg = page_get_mfn(MFN(op->arg1.mfn), c->fd);
	uint64_t old;

	if (!pg)
		return -EINVAL;
	old = atomic_fetch_and(&pg->type_info, ~PTI_PINNED);
	if (old & PTI_PINNED)
		drop_pin(pg);
	page_put(pg);
	return old & PTI_PINNED ? 0 : -EINVAL;
}

static void flush_local(struct mm_call *c)
{
	cpumask_set(&c->flush, smp_processor_id());
}

static int ext_new_base(struct mm_call *c, const struct mmuext_op *op)
{
	bool user = op->cmd == MMUEXT_NEW_USER_BASEPTR;
	int rc = pv_set_root(c->v, MFN(op->arg1.mfn), user);

	if (rc)
		return rc;
	if (!user)
		pv_destroy_ldt_pages(c->v);
	flush_local(c);
	return 0;
}

static int ext_flush_local(struct mm_call *c, const struct mmuext_op *op)
{
	pv_destroy_ldt_pages(c->v);
	flush_local(c);
	return 0;
}

static int ext_invlpg_local(struct mm_call *c, const struct mmuext_op *op)
{
	tlb_flush_local_one(op->arg1.linear_addr);
	return 0;
}

static int ext_flush_multi(struct mm_call *c, const struct mmuext_op *op)
{
	struct vcpu_bits bits;
	cpumask_t cpus;

	if (pv_read_vcpus(c->v, guest_ptr(op->arg2.vcpumask), &bits))
		return -EINVAL;
	cpus = pv_cpus_of(c->v->domain, &bits);
	if (op->cmd == MMUEXT_TLB_FLUSH_MULTI)
		c->flush.bits |= cpus.bits;
	else
		tlb_flush_mask_one(&cpus, op->arg1.linear_addr);
	return 0;
}

static int ext_flush_all(struct mm_call *c, const struct mmuext_op *op)
{
	cpumask_t cpus = pv_cpus_of_all(c->v->domain);

	if (op->cmd == MMUEXT_TLB_FLUSH_ALL)
		c->flush.bits |= cpus.bits;
	else
		tlb_flush_mask_one(&cpus, op->arg1.linear_addr);
	return 0;
}

/* A domain without a device has no business with caches. */
static int ext_flush_cache(struct mm_call *c, const struct mmuext_op *op)
{
	if (!c->v->domain->privileged)
		return -EACCES;
	if (op->cmd == MMUEXT_FLUSH_CACHE)
		flush_local(c);
	else
		c->flush.bits |= READ_ONCE(cpu_online_map.bits);
	c->flush_cache = true;
	return 0;
}

static int ext_set_ldt(struct mm_call *c, const struct mmuext_op *op)
{
	return pv_set_ldt(c->v, op->arg1.linear_addr, op->arg2.nr_ents);
}

/* The destination of a copy or clear, mapped. NULL: not to be written. */
static void *get_writable(struct mm_call *c, uint64_t mfn)
{
	struct page *pg = page_get_mfn(MFN(mfn), c->fd);

	if (pg && page_get_type(pg, PT_WRITABLE, false)) {
		page_put(pg);
		return NULL;
	}
	return pg ? page_to_virt(pg) : NULL;
}

static void put_writable(void *va)
{
	page_put_type(virt_to_page(va));
	page_put(virt_to_page(va));
}

static int ext_clear_page(struct mm_call *c, const struct mmuext_op *op)
{
	void *dst = get_writable(c, op->arg1.mfn);

	if (!dst)
		return -EINVAL;
	memset(dst, 0, PAGE_SIZE);
	put_writable(dst);
	return 0;
}

static int ext_copy_page(struct mm_call *c, const struct mmuext_op *op)
{
	struct page *src = page_get_mfn(MFN(op->arg2.src_mfn), c->fd);
	void *dst;

	if (!src)
		return -EINVAL;
	dst = get_writable(c, op->arg1.mfn);
	if (dst) {
		memmove(dst, page_to_virt(src), PAGE_SIZE);
		put_writable(dst);
	}
	page_put(src);
	return dst ? 0 : -EINVAL;
}

/* PV guests have no large pages. */
static int ext_super(struct mm_call *c, const struct mmuext_op *op)
{
	return -EOPNOTSUPP;
}

static const struct {
	int (*fn)(struct mm_call *c, const struct mmuext_op *op);
	bool foreign; /* may be about frames of another domain */
} ext_ops[] = {
	[MMUEXT_PIN_L1_TABLE] = {ext_pin, true},
	[MMUEXT_PIN_L2_TABLE] = {ext_pin, true},
	[MMUEXT_PIN_L3_TABLE] = {ext_pin, true},
	[MMUEXT_PIN_L4_TABLE] = {ext_pin, true},
	[MMUEXT_UNPIN_TABLE] = {ext_unpin, true},
	[MMUEXT_NEW_BASEPTR] = {ext_new_base, false},
	[MMUEXT_TLB_FLUSH_LOCAL] = {ext_flush_local, false},
	[MMUEXT_INVLPG_LOCAL] = {ext_invlpg_local, false},
	[MMUEXT_TLB_FLUSH_MULTI] = {ext_flush_multi, false},
	[MMUEXT_INVLPG_MULTI] = {ext_flush_multi, false},
	[MMUEXT_TLB_FLUSH_ALL] = {ext_flush_all, false},
	[MMUEXT_INVLPG_ALL] = {ext_flush_all, false},
	[MMUEXT_FLUSH_CACHE] = {ext_flush_cache, false},
	[MMUEXT_SET_LDT] = {ext_set_ldt, false},
	[MMUEXT_NEW_USER_BASEPTR] = {ext_new_base, false},
	[MMUEXT_CLEAR_PAGE] = {ext_clear_page, true},
	[MMUEXT_COPY_PAGE] = {ext_copy_page, true},
	[MMUEXT_FLUSH_CACHE_GLOBAL] = {ext_flush_cache, false},
	[MMUEXT_MARK_SUPER] = {ext_super, true},
	[MMUEXT_UNMARK_SUPER] = {ext_super, true},
};

static int ext_one(struct mm_call *c, const void *arg)
{
	const struct mmuext_op *op = arg;

	if (op->cmd >= ARRAY_SIZE(ext_ops) || !ext_ops[op->cmd].fn)
		return -ENOSYS;
	if (c->fd != c->v->domain && !ext_ops[op->cmd].foreign)
		return -EPERM;
	return ext_ops[op->cmd].fn(c, op);
}

static const struct mm_list ext_list = {
	.nr = __HYPERVISOR_mmuext_op,
	.size = sizeof(struct mmuext_op),
	.one = ext_one,
};

/**
 * hypercall_mmuext_op() - operations on tables, roots and TLBs
 * @v: current
 * @a: list of struct mmuext_op, count, unsigned int *done or NULL, foreigndom
 *
 * Return: 0; -ENOSYS no such operation; -EINVAL not the domain's frame, or
 *         refused as the type that is asked for; -EPERM, -ESRCH the foreign
 *         domain; -EACCES, -EOPNOTSUPP as the operations above; -EFAULT.
 *         Operations before the one that failed are done; *done counts them.
 */
long hypercall_mmuext_op(struct vcpu *v, const struct call_args *a)
{
	if ((domid_t)a->arg3 == DOMID_IO)
		return -EPERM;
	return pv_list_call(&ext_list, v, a, (domid_t)a->arg3);
}
