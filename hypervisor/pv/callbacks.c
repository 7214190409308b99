/* SPDX-License-Identifier: MIT */
/*
 * callbacks.c - where a guest's kernel wants to be entered
 *
 * set_trap_table, set_callbacks, callback_op, nmi_op, stack_switch. Addresses
 * need only be canonical: one that is not mapped is the guest's own fault
 * when it is used.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/lib.h>
#include <xen/nmi.h>

/**
 * hypercall_set_trap_table() - HYPERVISOR_set_trap_table(list)
 *
 * The list ends with an address of 0; no list resets all.
 *
 * Return: 0; -EINVAL: an address that is not canonical; -EFAULT. Entries
 *         before the bad one have been taken.
 */
long hypercall_set_trap_table(struct vcpu *v, const struct call_args *a)
{
	guest_ptr_t list = GUEST_PTR(a->arg0);
	struct trap_info t;

	if (guest_ptr_null(list)) {
		memset(v->pv->traps, 0, sizeof(v->pv->traps));
		return 0;
	}
	for (;;) {
		if (list.va != a->arg0 && hypercall_preempt_check())
			return hypercall_continue(__HYPERVISOR_set_trap_table,
						  1, list.va);
		if (copy_from_guest(&t, list, sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!is_canonical(t.address))
			return -EINVAL;
		t.cs = FLAT_KERNEL_CS;
		v->pv->traps[t.vector] = t;
		list = guest_ptr_add(list, sizeof(t));
	}
}

/**
 * hypercall_set_callbacks() - HYPERVISOR_set_callbacks(event, failsafe,
 * syscall)
 *
 * An address that is not canonical is passed over, as on Xen.
 *
 * Return: 0.
 */
long hypercall_set_callbacks(struct vcpu *v, const struct call_args *a)
{
	struct pv_callback *cb = v->pv->callbacks;

	if (is_canonical(a->arg0))
		cb[CALLBACKTYPE_event] = (struct pv_callback){ a->arg0, true };
	if (is_canonical(a->arg1))
		cb[CALLBACKTYPE_failsafe].rip = a->arg1;
	if (is_canonical(a->arg2))
		cb[CALLBACKTYPE_syscall].rip = a->arg2;
	return 0;
}

struct callback_kind {
	bool known;
	bool removable;		/* may be unregistered */
	bool always_masks;	/* events are masked whatever the flags say */
};

static const struct callback_kind kinds[] = {
	[CALLBACKTYPE_event] = { true, false, true },
	[CALLBACKTYPE_failsafe] = { true, false, false },
	[CALLBACKTYPE_syscall] = { true, false, false },
	[CALLBACKTYPE_nmi] = { true, true, true },
	[CALLBACKTYPE_sysenter] = { true, false, false },
	[CALLBACKTYPE_syscall32] = { true, false, false },
};

static const struct callback_kind *kind_of(unsigned int type)
{
	if (type >= ARRAY_SIZE(kinds) || !kinds[type].known)
		return NULL;
	return &kinds[type];
}

/* NMIs go by the trap table, so that a kernel may as well set it there. */
static void set_nmi_entry(struct vcpu *v, unsigned long rip)
{
	v->pv->traps[X86_EXC_NMI] = (struct trap_info){
		.vector = X86_EXC_NMI,
		.cs = FLAT_KERNEL_CS,
		.address = rip,
	};
}

static long op_register(struct vcpu *v, void *arg)
{
	const struct callback_register *reg = arg;
	const struct callback_kind *kind = kind_of(reg->type);

	if (!is_canonical(reg->address))
		return -EINVAL;
	if (!kind)
		return -ENOSYS;
	if (reg->type == CALLBACKTYPE_nmi) {
		set_nmi_entry(v, reg->address);
		return 0;
	}
	v->pv->callbacks[reg->type] = (struct pv_callback){
		.rip = reg->address,
		.mask_events = kind->always_masks ||
			       (reg->flags & CALLBACKF_mask_events),
	};
	return 0;
}

static long op_unregister(struct vcpu *v, void *arg)
{
	const struct callback_unregister *unreg = arg;
	const struct callback_kind *kind = kind_of(unreg->type);

	if (!kind)
		return -ENOSYS;
	if (!kind->removable)
		return -EINVAL;
	set_nmi_entry(v, 0);	/* the only one that is removable */
	return 0;
}

static const struct op callback_ops[] = {
	OP(CALLBACKOP_register, op_register, struct callback_register, OP_IN),
	OP(CALLBACKOP_unregister, op_unregister, struct callback_unregister, OP_IN),
};

static const struct op_table callback_table = {
	"callback_op", callback_ops, ARRAY_SIZE(callback_ops), ENOSYS,
};

/**
 * hypercall_callback_op() - HYPERVISOR_callback_op(cmd, arg)
 *
 * Return: 0; -EINVAL: address not canonical, or a callback that cannot be
 *         unregistered; -ENOSYS: no such type or operation; -EFAULT.
 */
long hypercall_callback_op(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg1), 0,
			   &callback_table);
}

static long op_nmi_register(struct vcpu *v, void *arg)
{
	const struct xennmi_callback *cb = arg;
	struct callback_register reg = {
		.type = CALLBACKTYPE_nmi,
		.address = cb->handler_address,
	};

	return op_register(v, &reg);
}

static long op_nmi_unregister(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			      unsigned long extra)
{
	struct callback_unregister unreg = { .type = CALLBACKTYPE_nmi };

	return op_unregister(v, &unreg);
}

static const struct op nmi_ops[] = {
	OP(XENNMI_register_callback, op_nmi_register, struct xennmi_callback, OP_IN),
	OP_RAWFN(XENNMI_unregister_callback, op_nmi_unregister, 0),
};

static const struct op_table nmi_table = {
	"nmi_op", nmi_ops, ARRAY_SIZE(nmi_ops), ENOSYS,
};

/**
 * hypercall_nmi_op() - HYPERVISOR_nmi_op(cmd, arg)
 *
 * Return: as callback_op for CALLBACKTYPE_nmi.
 */
long hypercall_nmi_op(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg1), 0,
			   &nmi_table);
}

/**
 * hypercall_stack_switch() - HYPERVISOR_stack_switch(ss, rsp)
 *
 * The stack on which the kernel is entered from user mode.
 *
 * Return: 0.
 */
long hypercall_stack_switch(struct vcpu *v, const struct call_args *a)
{
	uint16_t ss = (uint16_t)a->arg0;

	v->pv->kernel_ss = ss | 3;
	v->pv->kernel_rsp = a->arg1;
	return 0;
}
