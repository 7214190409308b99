/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - the table of all calls
 */
#ifndef LODGE_HYPERCALL_H
#define LODGE_HYPERCALL_H

#include <lodge/errno.h>
#include <lodge/guest.h>

#define NR_HYPERCALLS 64

/*
 * The arguments of a call, in the order in which struct cpu_user_regs has their
 * registers: those of a guest that calls are used where they lie, and are the
 * caller's own CPU's alone.
 */
struct call_args {
	uint64_t arg3;		/* r10 */
	uint64_t arg5;		/* r9 */
	uint64_t arg4;		/* r8 */
	uint64_t nr;		/* rax: the call's number */
	uint64_t rcx;		/* none */
	uint64_t arg2;		/* rdx */
	uint64_t arg1;		/* rsi */
	uint64_t arg0;		/* rdi */
};

#define CALL_ARG_IS(member, reg)                                              \
	_Static_assert(offsetof(struct cpu_user_regs, r10) +                  \
			       offsetof(struct call_args, member) ==          \
		       offsetof(struct cpu_user_regs, reg),                   \
		       #member " is in " #reg)
CALL_ARG_IS(arg0, rdi);
CALL_ARG_IS(arg1, rsi);
CALL_ARG_IS(arg2, rdx);
CALL_ARG_IS(arg3, r10);
CALL_ARG_IS(arg4, r8);
CALL_ARG_IS(arg5, r9);
CALL_ARG_IS(nr, rax);

static inline const struct call_args *
call_args_of(const struct cpu_user_regs *regs)
{
	return (const void *)((const char *)regs +
			      offsetof(struct cpu_user_regs, r10));
}

/* Beside OP_DOM0: there is a handler, and every domain may call it. */
#define CALL_ANYBODY 0x80

struct hypercall {
	const char *name;
	long (*fn)(struct vcpu *v, const struct call_args *a);
	uint8_t nr_args;
	uint8_t flags;		/* CALL_ANYBODY; OP_DOM0; 0: there is none */
	uint8_t errno_none;	/* without @fn: refused with this */
	const char *note;	/* why */
};

extern const struct hypercall hypercall_table[NR_HYPERCALLS];

/* The same for a row that not everybody may call, or nobody can. */
long hypercall_restricted(const struct hypercall *h, struct vcpu *v,
			  const struct call_args *a);

/**
 * hypercall_invoke() - carry out one call, already decoded
 * @v:  current
 * @nr: its number
 * @a:  its arguments; a call that is continued rewrites the registers
 *
 * Return: the handler's result; HYPERCALL_CONTINUED: the guest will call
 *         again, or its registers are already as they shall be; -ENOSYS: no
 *         such call, or what its row says; -EPERM: not for this domain.
 */
static inline long hypercall_invoke(struct vcpu *v, unsigned long nr,
				    const struct call_args *a)
{
	const struct hypercall *h;

	if (unlikely(nr >= NR_HYPERCALLS))
		return -ENOSYS;
	h = &hypercall_table[nr];
	if (unlikely(!(h->flags & CALL_ANYBODY)))
		return hypercall_restricted(h, v, a);
	return h->fn(v, a);
}

/**
 * do_hypercall() - carry out what a guest's registers ask for
 * @v:    current
 * @regs: its registers; rax is written
 *
 * Context: IRQs on, no locks.
 */
static inline void do_hypercall(struct vcpu *v, struct cpu_user_regs *regs)
{
	long rc = hypercall_invoke(v, regs->rax, call_args_of(regs));

	if (rc != HYPERCALL_CONTINUED)
		regs->rax = (uint64_t)rc;
}

/* Handlers, by subsystem; each is a row of hypercall/table.c. */
#define DECLARE_HYPERCALL(name)                                               \
	long hypercall_##name(struct vcpu *v, const struct call_args *a)
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
