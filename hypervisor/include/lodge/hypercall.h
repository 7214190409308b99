/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - the table of all calls
 */
#ifndef LODGE_HYPERCALL_H
#define LODGE_HYPERCALL_H

#include <lodge/guest.h>

#define NR_HYPERCALLS 64

struct hypercall {
	const char *name;
	/* @a: the six argument registers. */
	long (*fn)(struct vcpu *v, const uint64_t a[6]);
	uint8_t nr_args;
	uint8_t flags;		/* OP_DOM0 */
	uint8_t errno_none;	/* without @fn: refused with this */
	const char *note;	/* why */
};

extern const struct hypercall hypercall_table[NR_HYPERCALLS];

/* From the entry code: dispatches what is in @regs, writes rax. */
void do_hypercall(struct cpu_user_regs *regs);
/* One call, already decoded (multicall, firmware). -ENOSYS: no such call. */
long hypercall_invoke(struct vcpu *v, unsigned int nr, const uint64_t a[6]);

/* Handlers, by subsystem; each is a row of hypercall/table.c. */
#define DECLARE_HYPERCALL(name)                                               \
	long hypercall_##name(struct vcpu *v, const uint64_t a[6])
DECLARE_HYPERCALL(set_trap_table);
DECLARE_HYPERCALL(mmu_update);
DECLARE_HYPERCALL(set_gdt);
DECLARE_HYPERCALL(stack_switch);
DECLARE_HYPERCALL(set_callbacks);
DECLARE_HYPERCALL(fpu_taskswitch);
DECLARE_HYPERCALL(platform_op);
DECLARE_HYPERCALL(set_debugreg);
DECLARE_HYPERCALL(get_debugreg);
DECLARE_HYPERCALL(update_descriptor);
DECLARE_HYPERCALL(memory_op);
DECLARE_HYPERCALL(multicall);
DECLARE_HYPERCALL(update_va_mapping);
DECLARE_HYPERCALL(set_timer_op);
DECLARE_HYPERCALL(xen_version);
DECLARE_HYPERCALL(console_io);
DECLARE_HYPERCALL(grant_table_op);
DECLARE_HYPERCALL(vm_assist);
DECLARE_HYPERCALL(update_va_mapping_otherdomain);
DECLARE_HYPERCALL(iret);
DECLARE_HYPERCALL(vcpu_op);
DECLARE_HYPERCALL(set_segment_base);
DECLARE_HYPERCALL(mmuext_op);
DECLARE_HYPERCALL(nmi_op);
DECLARE_HYPERCALL(sched_op);
DECLARE_HYPERCALL(sched_op_compat);
DECLARE_HYPERCALL(callback_op);
DECLARE_HYPERCALL(event_channel_op);
DECLARE_HYPERCALL(event_channel_op_compat);
DECLARE_HYPERCALL(physdev_op);
DECLARE_HYPERCALL(physdev_op_compat);
DECLARE_HYPERCALL(mca);
DECLARE_HYPERCALL(sysctl);
DECLARE_HYPERCALL(domctl);

#endif
