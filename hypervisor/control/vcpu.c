/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - a toolstack reads and writes the contexts of vCPUs
 *
 * The vCPU is paused meanwhile, and the domain is not the caller's own.
 *
 * Locks: d->lock orders first contexts against each other, and against the
 * domain's death.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/lib.h>

#define EXT_CONTEXT_SIZE sizeof(struct xen_domctl_ext_vcpucontext)

struct vcpu *call_vcpu(const struct domctl_call *call, uint32_t id, long *rc)
{
	struct vcpu *v = domain_vcpu(call->d, id);

	if (!v)
		*rc = id < call->d->max_vcpus ? -ESRCH : -EINVAL;
	return v;
}

static long set_context(struct domain *d, struct vcpu *t,
			const struct vcpu_guest_context *ctx)
{
	long rc = -ESRCH;
	bool wake = false;

	spin_lock(&d->lock);
	if (!domain_is_dying(d))
		rc = d->ops->set_context(t, ctx);
	if (!rc && (ctx->flags & VGCF_online))
		wake = test_and_clear_bit(VPF_DOWN, &t->pause_flags);
	spin_unlock(&d->lock);
	if (!rc)
		domain_set_vm_assist(d, ctx->vm_assist);
	if (wake)
		vcpu_timers_up(t);
	return rc;
}

/**
 * domctl_set_context() - XEN_DOMCTL_setvcpucontext
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * No context at all stops the vCPU and takes its context away: not offered.
 *
 * Return: 0; -EINVAL: no such vCPU, or a context that cannot be; -ENOMEM;
 *         -EFAULT; -ERESTART: preempted.
 */
long domctl_set_context(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	guest_ptr_t from = guest_ptr(call->op.u.vcpucontext.ctxt);
	struct vcpu_guest_context *ctx;
	struct vcpu *t = domain_vcpu(call->d, call->op.u.vcpucontext.vcpu);
	long rc;

	if (!t)
		return -EINVAL;
	ctx = kmalloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	rc = -EFAULT;
	if (!copy_from_guest(ctx, from, sizeof(*ctx))) {
		vcpu_pause(t);
		rc = set_context(call->d, t, ctx);
		vcpu_unpause(t);
	}
	kfree(ctx);
	return rc;
}

/**
 * domctl_get_context() - XEN_DOMCTL_getvcpucontext
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EINVAL, -ESRCH: no such vCPU; -ENODATA: it has no context;
 *         -ENOMEM; -EFAULT.
 */
long domctl_get_context(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	guest_ptr_t to = guest_ptr(call->op.u.vcpucontext.ctxt);
	struct vcpu_guest_context *ctx;
	long rc;
	struct vcpu *t = call_vcpu(call, call->op.u.vcpucontext.vcpu, &rc);

	if (!t)
		return rc;
	if (!READ_ONCE(t->initialised))
		return -ENODATA;
	ctx = kzalloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	vcpu_pause(t);
	call->d->ops->get_context(t, ctx);
	vcpu_unpause(t);
	rc = copy_to_guest(to, ctx, sizeof(*ctx)) ? -EFAULT : 0;
	kfree(ctx);
	return rc;
}

/**
 * domctl_set_ext_context() - XEN_DOMCTL_set_ext_vcpucontext
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EINVAL: another size, or contents that cannot be; -EINVAL,
 *         -ESRCH: no such vCPU.
 */
long domctl_set_ext_context(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_ext_vcpucontext *ext = &call->op.u.ext_vcpucontext;
	long rc;
	struct vcpu *t = call_vcpu(call, ext->vcpu, &rc);

	if (!t)
		return rc;
	if (ext->size != EXT_CONTEXT_SIZE)
		return -EINVAL;
	vcpu_pause(t);
	rc = call->d->ops->set_ext_context(t, ext);
	vcpu_unpause(t);
	return rc;
}

/**
 * domctl_get_ext_context() - XEN_DOMCTL_get_ext_vcpucontext
 * @v:   the caller
 * @arg: struct domctl_call; written
 *
 * Return: 0; -EINVAL, -ESRCH: no such vCPU.
 */
long domctl_get_ext_context(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_ext_vcpucontext *ext = &call->op.u.ext_vcpucontext;
	uint32_t id = ext->vcpu;
	long rc;
	struct vcpu *t = call_vcpu(call, id, &rc);

	if (!t)
		return rc;
	memset(ext, 0, EXT_CONTEXT_SIZE);
	ext->vcpu = id;
	ext->size = EXT_CONTEXT_SIZE;
	vcpu_pause(t);
	call->d->ops->get_ext_context(t, ext);
	vcpu_unpause(t);
	return 0;
}

/**
 * domctl_send_trigger() - XEN_DOMCTL_sendtrigger
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -EINVAL, -ESRCH: no such vCPU; -ENOSYS: a PV guest has an NMI and
 *         nothing else.
 */
long domctl_send_trigger(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	const struct xen_domctl_sendtrigger *op = &call->op.u.sendtrigger;
	long rc;
	struct vcpu *t = call_vcpu(call, op->vcpu, &rc);

	if (!t)
		return rc;
	if (op->trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return -ENOSYS;
	call->d->ops->send_nmi(t);
	return 0;
}
