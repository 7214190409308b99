/* SPDX-License-Identifier: MIT */
/*
 * mm-root.c - the two roots of a vCPU, and which one the processor walks
 *
 * A vCPU holds a general and an L4 type reference to each of its roots, and a
 * CPU has a root in CR3 only while it has the vCPU's state loaded (running, or
 * idling lazily on it). A root is dropped after that CPU has loaded another:
 * the vCPU itself replaces the one it runs on, and teardown waits until no CPU
 * has the vCPU loaded. So unpinning a loaded tree is harmless.
 *
 * User leaves are global (mm-entry.c). Switching between the two roots of a
 * vCPU keeps them, as both show the same user space. Everything else flushes
 * them too: another vCPU on this CPU, and a new base pointer.
 *
 * d->dirty_cpus: a CPU sets its bit before it loads a root of @d, and clears it
 * after it has flushed everything for another domain.
 */
#include "mm.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>

/* [C] whose root this CPU loaded last; only compared, and its bit cleared:
 * memory of a struct domain is never anything else. */
static DEFINE_PER_CPU(struct domain *, root_domain);

static void put_root(mfn_t root)
{
	if (mfn_eq(root, INVALID_MFN))
		return;
	page_put_type(mfn_to_page(root));
	page_put(mfn_to_page(root));
}

static int get_root(struct domain *d, mfn_t root)
{
	struct page *pg = page_get_mfn(root, d);
	int rc;

	if (!pg)
		return -EINVAL;
	rc = page_get_type(pg, PT_L4, true);
	if (rc)
		page_put(pg);
	return rc;
}

static uint64_t mode_cr3(const struct vcpu *v)
{
	return paddr_x(mfn_to_paddr(v->pv->kernel_mode ? v->pv->kernel_root
						       : v->pv->user_root));
}

/**
 * pv_set_root() - make a frame the kernel's or user's root
 * @v:    current, or a vCPU that does not run
 * @root: the frame; of a user root 0 means none
 * @user: which
 *
 * If it is the root that the processor walks it is loaded at once. Global
 * entries are left: the caller flushes before the guest goes on. The old root
 * may be left on the release queue.
 *
 * Context: interrupts on.
 * Return: 0; -EINVAL not the domain's, not fit to be a root; -EPERM an entry
 *         in it names device memory that is not the domain's; -EINTR,
 *         -ERESTART: preempted, call again. On error the roots are as before.
 */
int pv_set_root(struct vcpu *v, mfn_t root, bool user)
{
	mfn_t *slot = user ? &v->pv->user_root : &v->pv->kernel_root;
	mfn_t old = *slot;
	unsigned long flags;
	int rc;

	if (user && !mfn_x(root)) {
		root = INVALID_MFN;
	} else {
		rc = get_root(v->domain, root);
		if (rc)
			return rc;
	}
	flags = irq_save();
	*slot = root;
	if (v == current && v->pv->kernel_mode == !user)
		tlb_load_root(mode_cr3(v));
	irq_restore(flags);
	put_root(old);
	return 0;
}

/**
 * pv_drop_roots() - drop both roots of a vCPU that will not run any more
 * @v: not loaded on any CPU
 *
 * Context: interrupts on, no locks.
 * Return: 0; -ERESTART: preempted, call again.
 */
int pv_drop_roots(struct vcpu *v)
{
	mfn_t kernel = v->pv->kernel_root, user = v->pv->user_root;

	v->pv->kernel_root = INVALID_MFN;
	v->pv->user_root = INVALID_MFN;
	put_root(kernel);
	put_root(user);
	return pv_release_run(v->domain);
}

/**
 * pv_load_root() - load the root of the mode that a vCPU is in
 * @v: the vCPU that this CPU switches to
 *
 * Context: interrupts off.
 */
void pv_load_root(struct vcpu *v)
{
	struct domain *d = v->domain, *old = this_cpu(root_domain);
	unsigned int cpu = smp_processor_id();

	cpumask_set(&d->dirty_cpus, cpu);
	this_cpu(root_domain) = d;
	tlb_load_root(mode_cr3(v));
	tlb_flush_local(FLUSH_GLOBAL);
	if (old && old != d)
		cpumask_clear(&old->dirty_cpus, cpu);
}

/**
 * pv_reload_root() - load the root of the mode that current is in, and no more
 * @v: current, whose mode was changed for a moment
 *
 * Global entries stay, as in pv_enter_kernel_mode().
 *
 * Context: interrupts off.
 */
void pv_reload_root(struct vcpu *v)
{
	tlb_load_root(mode_cr3(v));
}

/*
 * In kernel mode GS_BASE is the kernel's and MSR_SHADOW_GS_BASE the user's. No
 * interrupt may find the mode of one, and root or bases of the other.
 */
static inline void change_mode(struct pv_vcpu *pv, bool to_kernel, mfn_t root)
{
	ASSERT(irqs_enabled() && pv->kernel_mode != to_kernel);
	irq_disable();
	pv->kernel_mode = to_kernel;
	tlb_load_root(paddr_x(mfn_to_paddr(root)));
	swapgs();
	irq_enable();
}

/**
 * pv_enter_kernel_mode() - from the guest's user mode to its kernel's
 * @v: current, in user mode
 *
 * Context: IRQs on.
 */
void pv_enter_kernel_mode(struct vcpu *v)
{
	change_mode(v->pv, true, v->pv->kernel_root);
}

/**
 * pv_enter_user_mode() - from the guest's kernel mode to its user's
 * @v: current, in kernel mode
 *
 * Context: IRQs on.
 * Return: false: it has no user root; the mode is as before.
 */
bool pv_enter_user_mode(struct vcpu *v)
{
	if (unlikely(mfn_eq(v->pv->user_root, INVALID_MFN)))
		return false;
	change_mode(v->pv, false, v->pv->user_root);
	return true;
}
