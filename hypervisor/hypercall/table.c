/* SPDX-License-Identifier: MIT */
/*
 * table.c - all hypercalls, by number; <lodge/hypercall.h> dispatches by it
 *
 * An empty row answers -ENOSYS; CALL_NONE says which other error, and why. docs/abi.md is made from these rows.
 */
#include <lodge/hypercall.h>

#include <xen/arch-x86/xen-mca.h>

#define CALL(nr, nargs) \
	[__HYPERVISOR_##nr] = { #nr, hypercall_##nr, nargs, CALL_ANYBODY }
#define CALL_DOM0(nr, nargs) \
	[__HYPERVISOR_##nr] = { #nr, hypercall_##nr, nargs, OP_DOM0 }

#define CALL_NONE(nr, err, why) \
	[__HYPERVISOR_##nr] = { #nr, NULL, 0, 0, err, why }

const struct hypercall hypercall_table[NR_HYPERCALLS] = {
	CALL(set_trap_table, 1),
	CALL(mmu_update, 4),
	CALL(set_gdt, 2),
	CALL(stack_switch, 2),
	CALL(set_callbacks, 3),
	CALL(fpu_taskswitch, 1),
	CALL(sched_op_compat, 2),
	CALL_DOM0(platform_op, 1),
	CALL(set_debugreg, 2),
	CALL(get_debugreg, 1),
	CALL(update_descriptor, 2),
	CALL(memory_op, 2),
	CALL(multicall, 2),
	CALL(update_va_mapping, 3),
	CALL(set_timer_op, 1),
	CALL(event_channel_op_compat, 1),
	CALL(xen_version, 2),
	CALL(console_io, 3),
	CALL(physdev_op_compat, 1),
	CALL(grant_table_op, 3),
	CALL(vm_assist, 2),
	CALL(update_va_mapping_otherdomain, 4),
	CALL(iret, 0),
	CALL(vcpu_op, 3),
	CALL(set_segment_base, 2),
	CALL(mmuext_op, 4),
	CALL(nmi_op, 2),
	CALL(sched_op, 2),
	CALL(callback_op, 2),
	CALL(event_channel_op, 2),
	CALL(physdev_op, 2),
	CALL_DOM0(sysctl, 1),
	CALL_DOM0(domctl, 1),
	CALL_NONE(xenpmu_op, EOPNOTSUPP, "performance counters are not offered"),
	CALL_DOM0(mca, 1),
};
