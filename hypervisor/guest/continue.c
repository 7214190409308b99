/* SPDX-License-Identifier: MIT */
/*
 * continue.c - long calls: stop, step the guest back, go on later
 *
 * A call that is preempted puts its progress into its own arguments (or into
 * the objects it works on), and the guest's rip back onto the instruction that
 * made it. The guest may be interrupted, moved or descheduled in between; it
 * then makes the same call again. Inside a multicall the entry's arguments are
 * rewritten instead, and the multicall itself is continued.
 */
#include <lodge/guest.h>

#include <stdarg.h>

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/work.h>

#define SYSCALL_INSN_BYTES 2

static uint32_t preempt_debug;
PARAM_UINT("preempt-debug", preempt_debug,
	   "debug build: preempt long calls at each n-th question");

static DEFINE_PER_CPU(uint32_t, preempt_questions);

/**
 * hypercall_preempt_check() - should a long operation stop here?
 *
 * Return: true if this CPU has something else to do first.
 */
bool hypercall_preempt_check(void)
{
	if (DEBUG_BUILD && preempt_debug &&
	    ++this_cpu(preempt_questions) % preempt_debug == 0)
		return true;
	return work_urgent();
}

static void set_argument(struct cpu_user_regs *regs, unsigned int i,
			 uint64_t value)
{
	switch (i) {
	case 0:
		regs->rdi = value;
		break;
	case 1:
		regs->rsi = value;
		break;
	case 2:
		regs->rdx = value;
		break;
	case 3:
		regs->r10 = value;
		break;
	case 4:
		regs->r8 = value;
		break;
	case 5:
		regs->r9 = value;
		break;
	}
}

/**
 * hypercall_continue() - have current's call entered again
 * @nr:      the call
 * @nr_args: how many arguments follow, each as long as a register; the others
 *           keep their value
 *
 * Return: what the handler must return.
 */
long hypercall_continue(unsigned int nr, unsigned int nr_args, ...)
{
	struct multicall_state *mc = &current->multicall;
	struct cpu_user_regs *regs = guest_cpu_user_regs();
	unsigned int i;
	va_list ap;

	BUG_ON(nr_args > 6);
	va_start(ap, nr_args);
	for (i = 0; i < nr_args; i++) {
		unsigned long arg = va_arg(ap, unsigned long);

		if (mc->active)
			mc->call.args[i] = arg;
		else
			set_argument(regs, i, arg);
	}
	va_end(ap);
	if (mc->active) {
		mc->preempted = true;
	} else {
		regs->rax = nr;
		regs->rip -= SYSCALL_INSN_BYTES;
	}
	return HYPERCALL_CONTINUED;
}
