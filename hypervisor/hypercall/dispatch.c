/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - from registers to handlers, one by one or in a batch
 */
#include <lodge/hypercall.h>

#include <lodge/errno.h>

/**
 * hypercall_invoke() - carry out one call, already decoded
 * @v:  current
 * @nr: its number
 * @a:  the six argument registers
 *
 * Return: the handler's result; HYPERCALL_CONTINUED: the guest will call
 *         again, or its registers are already as they shall be; -ENOSYS: no
 *         such call, or what its row says; -EPERM: not for this domain.
 */
long hypercall_invoke(struct vcpu *v, unsigned int nr, const uint64_t a[6])
{
	const struct hypercall *h;

	if (nr >= NR_HYPERCALLS)
		return -ENOSYS;
	h = &hypercall_table[nr];
	if (!h->fn)
		return h->errno_none ? -h->errno_none : -ENOSYS;
	if ((h->flags & OP_DOM0) && !v->domain->privileged)
		return -EPERM;
	return h->fn(v, a);
}

/**
 * do_hypercall() - carry out what a guest's registers ask for
 * @regs: current's; rax is written
 *
 * Context: IRQs on, no locks.
 */
void do_hypercall(struct cpu_user_regs *regs)
{
	const uint64_t a[6] = { regs->rdi, regs->rsi, regs->rdx,
				regs->r10, regs->r8,  regs->r9 };
	long rc = -ENOSYS;

	if (regs->rax < NR_HYPERCALLS)
		rc = hypercall_invoke(current, (unsigned int)regs->rax, a);
	if (rc != HYPERCALL_CONTINUED)
		regs->rax = (uint64_t)rc;
}
