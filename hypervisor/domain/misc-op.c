/* SPDX-License-Identifier: MIT */
/*
 * misc-op.c - calls of one operation each: vm_assist, set_timer_op,
 * fpu_taskswitch
 */
#include <lodge/hypercall.h>

#include <lodge/cpu.h>
#include <lodge/errno.h>

/*
 * 4gb_segments and pae_extended_cr3 concern 32-bit guests; they are accepted,
 * as on Xen, and mean nothing to a 64-bit one.
 */
#define VM_ASSIST_OFFERED                                                     \
	(BIT(VMASST_TYPE_4gb_segments) |                                      \
	 BIT(VMASST_TYPE_writable_pagetables) |                               \
	 BIT(VMASST_TYPE_pae_extended_cr3) |                                  \
	 BIT(VMASST_TYPE_architectural_iopl) |                                \
	 BIT(VMASST_TYPE_runstate_update_flag))

/**
 * domain_set_vm_assist() - all of them at once, for a context or a save record
 * @d:     not running
 * @types: a bit for each; those that are not offered are left out
 */
void domain_set_vm_assist(struct domain *d, uint64_t types)
{
	atomic_store(&d->vm_assist, types & VM_ASSIST_OFFERED);
}

/**
 * hypercall_vm_assist() - HYPERVISOR_vm_assist(cmd, type)
 *
 * Return: 0; -EINVAL: a type that there is not; -ENOSYS: no such command.
 */
long hypercall_vm_assist(struct vcpu *v, const struct call_args *a)
{
	unsigned int type = (unsigned int)a->arg1;

	if (type >= 64 || !(VM_ASSIST_OFFERED >> type & 1))
		return -EINVAL;
	switch ((unsigned int)a->arg0) {
	case VMASST_CMD_enable:
		set_bit(type, &v->domain->vm_assist);
		return 0;
	case VMASST_CMD_disable:
		clear_bit(type, &v->domain->vm_assist);
		return 0;
	default:
		return -ENOSYS;
	}
}

/**
 * hypercall_set_timer_op() - HYPERVISOR_set_timer_op(timeout)
 *
 * The single-shot timer at that system time; 0 stops it.
 *
 * Return: 0.
 */
long hypercall_set_timer_op(struct vcpu *v, const struct call_args *a)
{
	if (!a->arg0) {
		timer_stop(&v->singleshot);
		return 0;
	}
	timer_migrate(&v->singleshot, smp_processor_id());
	timer_set(&v->singleshot, a->arg0);
	return 0;
}

/**
 * hypercall_fpu_taskswitch() - HYPERVISOR_fpu_taskswitch(set)
 *
 * Return: 0.
 */
long hypercall_fpu_taskswitch(struct vcpu *v, const struct call_args *a)
{
	fpu_set_ts(v, a->arg0 != 0);
	return 0;
}
