/* SPDX-License-Identifier: MIT */
/*
 * traps.c - exceptions that a PV guest raised, and its system calls
 *
 * What we cause ourselves (by running its kernel in ring 3, by keeping its
 * page tables read-only, by loading LDT pages late) is mended here and goes
 * unseen; all else becomes the guest's own exception.
 */
#include "private.h"

#include <lodge/asm-offsets.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/hypercall.h>

#define DR6_BS		0x4000UL
#define INSN_INT	0xcd
#define IDT_ERROR	2	/* error code: the index is one of the IDT */

static unsigned long ldt_area(const struct vcpu *v)
{
	return PERDOMAIN_BASE + v->id * PERDOMAIN_VCPU_SIZE +
	       PERDOMAIN_LDT_PAGE * PAGE_SIZE;
}

/* A not present page of the vCPU's LDT. */
static bool fix_ldt(struct vcpu *v, unsigned long addr, uint32_t error)
{
	unsigned long offset = addr - ldt_area(v);

	if (error & (PFEC_PRESENT | PFEC_RSVD))
		return false;
	return offset < 16 * PAGE_SIZE && pv_ldt_fault(v, offset);
}

/* The guest knows its LDT by its own address, not by that of our mapping. */
static unsigned long guest_cr2(const struct vcpu *v, unsigned long addr)
{
	unsigned long offset = addr - ldt_area(v);

	return offset < 16 * PAGE_SIZE ? v->pv->ldt_base + offset : addr;
}

static bool in_our_slots(unsigned long addr)
{
	return addr >= HYPERVISOR_VIRT_START && addr < HYPERVISOR_VIRT_END;
}

static bool is_table_write(const struct vcpu *v, uint32_t error)
{
	return v->pv->kernel_mode &&
	       (error & (PFEC_PRESENT | PFEC_WRITE | PFEC_RSVD)) ==
		       (PFEC_PRESENT | PFEC_WRITE);
}

static void page_fault(struct vcpu *v, struct cpu_user_regs *regs,
		       unsigned long addr)
{
	uint32_t error = regs->error_code;

	if (in_our_slots(addr)) {
		if (!fix_ldt(v, addr, error))
			pv_inject_page_fault(v, guest_cr2(v, addr), error);
		return;
	}
	if (is_table_write(v, error) && pv_ptwrite_fault(v, regs, addr))
		return;
	if (pv_spurious_fault(v, regs, addr))
		return;
	pv_inject_page_fault(v, addr, error);
}

/* May software raise this gate from where it runs? */
static bool gate_open(const struct vcpu *v, unsigned int vector)
{
	unsigned int dpl = TI_GET_DPL(&v->pv->traps[vector]);

	return v->pv->traps[vector].address &&
	       dpl >= (v->pv->kernel_mode ? 1 : 3);
}

/* rip is behind the instruction; a closed gate is a #GP at it. */
static void software_interrupt(struct vcpu *v, struct cpu_user_regs *regs,
			       unsigned int vector, unsigned int insn_bytes)
{
	if (gate_open(v, vector)) {
		pv_inject_trap(v, vector, 0);
		return;
	}
	regs->rip -= insn_bytes;
	pv_inject_trap(v, X86_EXC_GP, vector * 8 | IDT_ERROR);
}

/*
 * "int n" at one of our gates. The vector is taken from the instruction: that
 * in the error code is wrong on some emulators.
 */
static bool is_int_instruction(const struct cpu_user_regs *regs,
			       unsigned int *vector)
{
	uint8_t insn[2];

	if (!(regs->error_code & IDT_ERROR))
		return false;
	if (pv_copy_from(insn, regs->rip, 2) || insn[0] != INSN_INT)
		return false;
	*vector = insn[1];
	return true;
}

static void general_protection(struct vcpu *v, struct cpu_user_regs *regs)
{
	unsigned int vector;

	if (is_int_instruction(regs, &vector)) {
		regs->rip += 2;
		software_interrupt(v, regs, vector, 2);
		return;
	}
	if (regs->error_code == 0 && pv_emulate_privop(v, regs))
		return;
	pv_inject_trap(v, X86_EXC_GP, regs->error_code);
}

/* CR0.TS is set for the guest's own wish only. */
static void device_not_available(struct vcpu *v, struct cpu_user_regs *regs)
{
	if (v->fpu_ts)
		fpu_set_ts(v, false);
	pv_inject_trap(v, X86_EXC_NM, 0);
}

static void debug_trap(struct vcpu *v, unsigned long dr6)
{
	v->pv->dr[6] |= dr6 & ~X86_DR6_DEFAULT;
	pv_inject_trap(v, X86_EXC_DB, 0);
}

static void invalid_opcode(struct vcpu *v, struct cpu_user_regs *regs)
{
	if (!pv_emulate_forced(v, regs))
		pv_inject_trap(v, X86_EXC_UD, 0);
}

static void breakpoint(struct vcpu *v, struct cpu_user_regs *regs)
{
	software_interrupt(v, regs, regs->entry_vector, 1);
}

/* What is not just passed on. */
static void (*const handlers[32])(struct vcpu *v,
				  struct cpu_user_regs *regs) = {
	[X86_EXC_BP] = breakpoint,
	[X86_EXC_OF] = breakpoint,
	[X86_EXC_UD] = invalid_opcode,
	[X86_EXC_NM] = device_not_available,
	[X86_EXC_GP] = general_protection,
};

/**
 * guest_trap() - an exception of current's
 * @regs: its registers
 *
 * CR2 and DR6 are read before IRQs go on: another trap would overwrite them.
 *
 * Context: entry.S, IRQs off.
 */
void guest_trap(struct cpu_user_regs *regs)
{
	unsigned int vector = regs->entry_vector;
	struct vcpu *v = vcpu_of(regs);
	unsigned long value;

	if (vector == X86_EXC_PF) {
		value = read_cr2();
		irq_enable();
		page_fault(v, regs, value);
		return;
	}
	if (vector == X86_EXC_DB) {
		value = read_dr6();
		write_dr6(X86_DR6_DEFAULT);
		irq_enable();
		debug_trap(v, value);
		return;
	}
	irq_enable();
	if (vector >= ARRAY_SIZE(handlers))
		software_interrupt(v, regs, vector, 2);	/* int 0x80 */
	else if (handlers[vector])
		handlers[vector](v, regs);
	else
		pv_inject_trap(v, vector, regs->error_code);
}

/*
 * A system call of user mode's, to the guest's kernel; without a callback it is
 * what the processor would raise for an instruction that is switched off.
 */
static __noinline void bounce_syscall(struct vcpu *v,
				      struct cpu_user_regs *regs,
				      unsigned int type)
{
	const struct pv_callback *cb = &v->pv->callbacks[type];

	regs->rflags |= X86_EFLAGS_IF;
	if (likely(cb->rip && !v->pv->kernel_mode)) {
		pv_bounce(v, cb);
	} else if (type == CALLBACKTYPE_sysenter) {
		pv_inject_trap(v, X86_EXC_GP, 0);
	} else {
		regs->rip -= 2;
		pv_inject_trap(v, X86_EXC_UD, 0);
	}
}

/**
 * guest_syscall() - a hypercall of current's kernel, or its user mode's SYSCALL
 * @regs: its registers
 *
 * Context: entry.S, IRQs on.
 */
void guest_syscall(struct cpu_user_regs *regs)
{
	struct vcpu *v = vcpu_of(regs);

	if (v->pv->kernel_mode)
		do_hypercall(v, regs);
	else
		bounce_syscall(v, regs, CALLBACKTYPE_syscall);
}

/**
 * guest_syscall32() - SYSCALL of 32-bit code, or SYSENTER
 * @regs: current's registers; entry_vector says which it was
 *
 * Context: entry.S, IRQs on.
 */
void guest_syscall32(struct cpu_user_regs *regs)
{
	bounce_syscall(vcpu_of(regs), regs,
		       regs->entry_vector == ENTRY_SYSENTER ?
				CALLBACKTYPE_sysenter :
				CALLBACKTYPE_syscall32);
}

/**
 * guest_iret_fault() - IRETQ refused the frame
 * @regs: the frame; entry_vector and error_code are the exception's
 * @cr2:  of a #PF
 *
 * The guest has the exception as if its new state had raised it.
 *
 * Context: entry.S, IRQs on.
 */
void guest_iret_fault(struct cpu_user_regs *regs, unsigned long cr2)
{
	struct vcpu *v = vcpu_of(regs);

	if (regs->entry_vector == X86_EXC_PF)
		pv_inject_page_fault(v, guest_cr2(v, cr2), regs->error_code);
	else
		pv_inject_trap(v, regs->entry_vector, regs->error_code);
}

/**
 * guest_iret_retry() - a #PF of IRETQ: it loads a selector of the guest's LDT
 * @regs: our frame
 * @cr2:  where
 *
 * Nothing is locked there, so that the page can be brought in.
 *
 * Context: IRQs off; they are on meanwhile.
 * Return: true: the page is there now.
 */
bool guest_iret_retry(struct cpu_user_regs *regs, unsigned long cr2)
{
	bool fixed;

	irq_enable();
	fixed = fix_ldt(current, cr2, regs->error_code);
	irq_disable();
	return fixed;
}
