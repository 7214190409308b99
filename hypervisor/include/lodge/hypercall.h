/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - the table of all calls
 */
#ifndef LODGE_HYPERCALL_H
#define LODGE_HYPERCALL_H

#include <lodge/errno.h>
#include <lodge/guest.h>

#define NR_HYPERCALLS 64

/* Beside OP_DOM0: there is a handler, and every domain may call it. */
#define CALL_ANYBODY 0x80

struct hypercall {
	const char *name;
	/* @a: the six argument registers. */
	long (*fn)(struct vcpu *v, const uint64_t a[6]);
	uint8_t nr_args;
	uint8_t flags;		/* CALL_ANYBODY; OP_DOM0; 0: there is none */
	uint8_t errno_none;	/* without @fn: refused with this */
	const char *note;	/* why */
};

extern const struct hypercall hypercall_table[NR_HYPERCALLS];

/* The same for a row that not everybody may call, or nobody can. */
long hypercall_restricted(const struct hypercall *h, struct vcpu *v,
			  const uint64_t a[6]);

/**
 * hypercall_invoke() - carry out one call, already decoded
 * @v:  current
 * @nr: its number
 * @a:  the six argument registers; a call that is continued may rewrite them
 *
 * Return: the handler's result; HYPERCALL_CONTINUED: the guest will call
 *         again, or its registers are already as they shall be; -ENOSYS: no
 *         such call, or what its row says; -EPERM: not for this domain.
 */
static inline long hypercall_invoke(struct vcpu *v, unsigned long nr,
				    const uint64_t a[6])
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
	const uint64_t a[6] = { regs->rdi, regs->rsi, regs->rdx,
				regs->r10, regs->r8,  regs->r9 };
	long rc = hypercall_invoke(v, regs->rax, a);

	if (rc != HYPERCALL_CONTINUED)
		regs->rax = (uint64_t)rc;
}

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
