/* SPDX-License-Identifier: MIT */
/*
 * trap.c - exceptions and callbacks, once entry.S has built their frame
 *
 * An entry of user mode (RPL 3 in the saved cs; the kernel's is shown with
 * RPL 0) ends user_run(), unless a hook wants it: events have one.
 */
#include <guestkit/trap.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include "private.h"

#define TRAP_STUB_BYTES 32
#define NR_HOOKS	(ENTRY_NMI + 1)
#define RFLAGS_IF	(1UL << 9)

uint64_t failsafe_selectors[4];

static trap_hook_t *hooks[NR_HOOKS];

void trap_handle(struct cpu_user_regs *regs);

struct vcpu *this_vcpu(void)
{
	unsigned long rsp;

	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	return (struct vcpu *)(rsp & ~(STACK_BYTES - 1UL));
}

struct trap *last_trap(void)
{
	return &this_vcpu()->trap;
}

struct jump *trap_catch_begin(struct jump *jump)
{
	struct vcpu *v = this_vcpu();
	struct jump *outer = v->catcher;

	v->catcher = jump;
	return outer;
}

void trap_catch_end(struct jump *outer)
{
	this_vcpu()->catcher = outer;
}

void trap_hook(unsigned int entry, trap_hook_t *hook)
{
	hooks[entry] = hook;
}

void jump_back(struct cpu_user_regs *regs, const struct jump *jump, int value)
{
	regs->rbx = jump->rbx;
	regs->rbp = jump->rbp;
	regs->r12 = jump->r12;
	regs->r13 = jump->r13;
	regs->r14 = jump->r14;
	regs->r15 = jump->r15;
	regs->rsp = jump->rsp;
	regs->rip = jump->rip;
	regs->rax = value;
	regs->cs = FLAT_KERNEL_CS & ~3;
	regs->ss = FLAT_KERNEL_SS;
	regs->rflags &= RFLAGS_IF;
}

/* A fault in here would find its way here again. */
static void show(const struct trap *trap)
{
	const struct cpu_user_regs *regs = &trap->regs;
	static bool showing;

	if (showing)
		guest_shutdown(SHUTDOWN_crash);
	showing = true;
	print("FAILED unexpected trap %d error %x rip %lx cs %x cr2 %lx\n",
	      trap->vector, trap->error_code, regs->rip, regs->cs, trap->cr2);
	print("NOTE rax %lx rcx %lx rdx %lx rbx %lx rsp %lx rflags %lx\n",
	      regs->rax, regs->rcx, regs->rdx, regs->rbx, regs->rsp,
	      regs->rflags);
	showing = false;
}

static void record(struct vcpu *v, const struct cpu_user_regs *regs)
{
	struct trap *trap = &v->trap;

	trap->vector = regs->entry_vector;
	trap->error_code = regs->error_code;
	trap->count++;
	memcpy(&trap->regs, regs, offsetof(struct cpu_user_regs, es));
	if (v->info) {
		trap->cr2 = v->info->arch.cr2;
		trap->masked = v->info->evtchn_upcall_mask;
	}
}

static void end_user_run(struct vcpu *v, struct cpu_user_regs *regs)
{
	v->in_user = false;
	memcpy(&v->user_regs, regs, offsetof(struct cpu_user_regs, es));
	jump_back(regs, &v->user_jump, 1);
	regs->rflags &= ~RFLAGS_IF;
}

void trap_handle(struct cpu_user_regs *regs)
{
	struct vcpu *v = this_vcpu();
	trap_hook_t *hook = hooks[regs->entry_vector];

	if (regs->entry_vector != ENTRY_EVENT)
		record(v, regs);
	if (hook && hook(regs))
		return;
	if (v->in_user && regs->entry_vector != ENTRY_FAILSAFE) {
		end_user_run(v, regs);
		return;
	}
	v->in_user = false;
	if (v->catcher) {
		jump_back(regs, v->catcher, 1);
		return;
	}
	show(&v->trap);
	test_abandon();
}

struct trap_info trap_table_entry(unsigned int vector)
{
	bool by_software = vector == VECTOR_BP || vector == VECTOR_OF;
	struct trap_info entry = {
		.vector = vector,
		.flags = by_software ? 3 : 0,
		.cs = FLAT_KERNEL_CS,
		.address = (unsigned long)trap_stubs + vector * TRAP_STUB_BYTES,
	};

	return entry;
}

long trap_table_install(void)
{
	struct trap_info table[33];
	unsigned int vector;

	for (vector = 0; vector < 32; vector++)
		table[vector] = trap_table_entry(vector);
	memset(&table[32], 0, sizeof(table[32]));
	return HYPERVISOR_set_trap_table(table);
}

long trap_table_set(const struct trap_info *entry)
{
	struct trap_info table[2] = {*entry};

	return HYPERVISOR_set_trap_table(table);
}

static const void *const callback_entry[] = {
	[CALLBACKTYPE_event] = event_entry,
	[CALLBACKTYPE_failsafe] = failsafe_entry,
	[CALLBACKTYPE_syscall] = syscall_entry,
	[CALLBACKTYPE_nmi] = nmi_entry,
	[CALLBACKTYPE_sysenter] = sysenter_entry,
	[CALLBACKTYPE_syscall32] = syscall32_entry,
};

long callback_install(unsigned int type, unsigned int flags)
{
	struct callback_register reg = {
		.type = type,
		.flags = flags,
		.address = (unsigned long)callback_entry[type],
	};

	return HYPERVISOR_callback_op(CALLBACKOP_register, &reg);
}
