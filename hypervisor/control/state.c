/* SPDX-License-Identifier: MIT */
/*
 * state.c - what of a vCPU is not in its context: extended state, MSRs
 *
 * Extended state is two words, the XCR0 in force and all that was ever in it,
 * and an XSAVE area in the standard format with all components that we offer.
 *
 * Locks: none; the vCPU is paused meanwhile.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

struct xstate {
	uint64_t xcr0, xcr0_accum;
	uint8_t area[];
};

/* Of all components; 0: the processor has no XSAVE. */
static size_t xstate_size(void)
{
	if (!cpu_features.xsave)
		return 0;
	return sizeof(struct xstate) +
	       fpu_state_size(cpu_features.xfeature_mask);
}

static long give_xstate(struct vcpu *t, guest_ptr_t to, size_t size)
{
	struct xstate *x = kzalloc(size);
	long rc = 0;

	if (!x)
		return -ENOMEM;
	vcpu_pause(t);
	x->xcr0 = t->xcr0;
	fpu_export_state(t->fpu, x->area, size - sizeof(*x));
	vcpu_unpause(t);
	x->xcr0_accum = cpu_features.xfeature_mask;
	if (copy_to_guest(to, x, size))
		rc = -EFAULT;
	kfree(x);
	return rc;
}

/**
 * domctl_get_xstate() - XEN_DOMCTL_getvcpuextstate
 * @v:   the caller
 * @arg: struct domctl_call; without room, size and mask are written
 *
 * Return: 0; -EINVAL: another size or mask; -EINVAL, -ESRCH: no such vCPU;
 *         -ENOMEM; -EFAULT.
 */
long domctl_get_xstate(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_vcpuextstate *op = &call->op.u.vcpuextstate;
	size_t size = xstate_size();
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	if (!op->size || !size) {
		op->size = size;
		op->xfeature_mask = cpu_features.xfeature_mask;
		return 0;
	}
	if (op->size != size ||
	    op->xfeature_mask != cpu_features.xfeature_mask)
		return -EINVAL;
	return give_xstate(t, guest_ptr(op->buffer), size);
}

static long take_xstate(struct vcpu *t, guest_ptr_t from, size_t size)
{
	struct xstate *x = kmalloc(size);
	long rc = -EFAULT;

	if (!x)
		return -ENOMEM;
	if (!copy_from_guest(x, from, size)) {
		vcpu_pause(t);
		rc = fpu_import_state(t, x->xcr0, x->area, size - sizeof(*x));
		vcpu_unpause(t);
	}
	kfree(x);
	return rc;
}

/**
 * domctl_set_xstate() - XEN_DOMCTL_setvcpuextstate
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EINVAL: a size or contents that cannot be; -EINVAL, -ESRCH: no
 *         such vCPU; -ENOMEM; -EFAULT. On an error nothing has changed.
 */
long domctl_set_xstate(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_vcpuextstate *op = &call->op.u.vcpuextstate;
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	if (op->size <= sizeof(struct xstate) || op->size > xstate_size())
		return -EINVAL;
	return take_xstate(t, guest_ptr(op->buffer), op->size);
}

#define MAX_MSRS	1	/* that a guest keeps itself: MSR_TSC_AUX */

/**
 * domctl_get_msrs() - XEN_DOMCTL_get_vcpu_msrs
 * @v:   the caller
 * @arg: struct domctl_call; msr_count is written
 *
 * Return: 0; -ENOBUFS: more MSRs than room; -EINVAL, -ESRCH: no such vCPU;
 *         -EFAULT.
 */
long domctl_get_msrs(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_vcpu_msrs *op = &call->op.u.vcpu_msrs;
	xen_domctl_vcpu_msr_t msr = { .index = MSR_TSC_AUX };
	uint32_t room = op->msr_count, nr;
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	op->msr_count = MAX_MSRS;
	if (guest_ptr_null(guest_ptr(op->msrs)))
		return 0;
	vcpu_pause(t);
	msr.value = t->tsc_aux;
	vcpu_unpause(t);
	/* Zero is what it begins with. */
	nr = msr.value ? 1 : 0;
	op->msr_count = nr;
	if (room < nr)
		return -ENOBUFS;
	return nr && copy_to_guest(guest_ptr(op->msrs), &msr, sizeof(msr)) ?
		       -EFAULT : 0;
}

static bool msr_ok(const xen_domctl_vcpu_msr_t *msr)
{
	return !msr->reserved && msr->index == MSR_TSC_AUX &&
	       cpu_features.rdtscp && !(msr->value >> 32);
}

/**
 * domctl_set_msrs() - XEN_DOMCTL_set_vcpu_msrs
 * @v:   the caller
 * @arg: struct domctl_call; msr_count says which one was refused
 *
 * Return: 0; -EINVAL: an MSR that is not the guest's, or more than there are;
 *         -EINVAL, -ESRCH: no such vCPU; -EFAULT.
 */
long domctl_set_msrs(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_vcpu_msrs *op = &call->op.u.vcpu_msrs;
	xen_domctl_vcpu_msr_t msr;
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	if (op->msr_count > MAX_MSRS)
		return -EINVAL;
	if (!op->msr_count)
		return 0;
	if (copy_from_guest(&msr, guest_ptr(op->msrs), sizeof(msr)))
		return -EFAULT;
	if (!msr_ok(&msr)) {
		op->msr_count = 0;
		return -EINVAL;
	}
	vcpu_pause(t);
	t->tsc_aux = msr.value;
	vcpu_unpause(t);
	return 0;
}
