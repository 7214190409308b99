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
static void device_not_available(struct vcpu *v)
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

/* What must be read before IRQs go on: another trap would overwrite it. */
static void pv_trap(struct cpu_user_regs *regs, unsigned int vector)
{
	struct vcpu *v = current;
	unsigned long cr2 = 0, dr6 = 0;

	if (vector == X86_EXC_PF) {
		cr2 = read_cr2();
	} else if (vector == X86_EXC_DB) {
		dr6 = read_dr6();
		write_dr6(X86_DR6_DEFAULT);
	}
	irq_enable();
	switch (vector) {
	case X86_EXC_PF:
		page_fault(v, regs, cr2);
		break;
	case X86_EXC_GP:
		general_protection(v, regs);
		break;
	case X86_EXC_UD:
		if (!pv_emulate_forced(v, regs))
			pv_inject_trap(v, vector, 0);
		break;
	case X86_EXC_NM:
		device_not_available(v);
		break;
	case X86_EXC_DB:
		debug_trap(v, dr6);
		break;
	case X86_EXC_BP:
	case X86_EXC_OF:
		software_interrupt(v, regs, vector, 1);
		break;
	case 0x80:
		software_interrupt(v, regs, vector, 2);
		break;
	default:
		pv_inject_trap(v, vector, regs->error_code);
	}
}

/* A system call of the guest's user mode, or a hypercall of its kernel. */
static void pv_syscall(struct cpu_user_regs *regs, unsigned int kind)
{
	struct vcpu *v = current;
	const struct pv_callback *cb;

	if (kind == ENTRY_SYSCALL && v->pv->kernel_mode) {
		do_hypercall(regs);
		return;
	}
	regs->rflags |= X86_EFLAGS_IF;
	if (kind == ENTRY_SYSCALL)
		cb = &v->pv->callbacks[CALLBACKTYPE_syscall];
	else if (kind == ENTRY_SYSCALL32)
		cb = &v->pv->callbacks[CALLBACKTYPE_syscall32];
	else
		cb = &v->pv->callbacks[CALLBACKTYPE_sysenter];
	if (cb->rip && !v->pv->kernel_mode) {
		pv_bounce(v, cb, NULL);
		return;
	}
	if (kind == ENTRY_SYSENTER) {
		pv_inject_trap(v, X86_EXC_GP, 0);
		return;
	}
	regs->rip -= 2;
	pv_inject_trap(v, X86_EXC_UD, 0);
}

/*
 * IRETQ refused the frame: the guest has the exception as if its new state
 * had raised it.
 */
static void pv_iret_fault(struct cpu_user_regs *regs, unsigned long cr2)
{
	struct vcpu *v = current;

	if (regs->entry_vector == X86_EXC_PF)
		pv_inject_page_fault(v, guest_cr2(v, cr2), regs->error_code);
	else
		pv_inject_trap(v, regs->entry_vector, regs->error_code);
}

/*
 * A fault of ours at an address in the guest's LDT: IRETQ loads a selector of
 * it. Nothing is locked there, so that the page can be brought in.
 */
static bool pv_hyp_fault(struct cpu_user_regs *regs, unsigned long cr2)
{
	struct vcpu *v = current;
	bool fixed;

	if (!v || !v->pv || regs->rip != (unsigned long)guest_iret)
		return false;
	irq_enable();
	fixed = fix_ldt(v, cr2, regs->error_code);
	irq_disable();
	return fixed;
}

void pv_traps_init(void)
{
	guest_trap_hook = pv_trap;
	guest_syscall_hook = pv_syscall;
	guest_iret_fault_hook = pv_iret_fault;
	hyp_fault_hook = pv_hyp_fault;
}
