/* SPDX-License-Identifier: MIT */
/*
 * iret.c - HYPERVISOR_iret: a guest kernel returns to where it was called from
 *
 * <xen/arch-x86/xen-x86_64.h>: the frame on its stack is rax, r11, rcx, flags,
 * rip, cs, rflags, rsp, ss. The privilege level of cs decides: 3 is the
 * guest's user mode, all else its kernel.
 */
#include "access.h"
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/hypercall.h>

/* Flags a guest may load; IF is always set, IOPL and VM never. */
static uint64_t real_rflags(uint64_t rflags)
{
	rflags &= ~(uint64_t)(X86_EFLAGS_IOPL | X86_EFLAGS_VM |
			      X86_EFLAGS_VIF | X86_EFLAGS_VIP);
	return rflags | X86_EFLAGS_IF | X86_EFLAGS_MBS;
}

static void load_frame(struct cpu_user_regs *regs,
		       const struct iret_context *f)
{
	regs->rax = f->rax;
	regs->rip = f->rip;
	regs->rflags = real_rflags(f->rflags);
	regs->rsp = f->rsp;
	if (f->flags & VGCF_in_syscall) {
		/* As SYSRET leaves them. */
		regs->cs = FLAT_USER_CS;
		regs->ss = FLAT_USER_SS;
		regs->rcx = regs->rip;
		regs->r11 = regs->rflags;
		return;
	}
	regs->cs = (uint16_t)f->cs | 3;
	regs->ss = (uint16_t)f->ss | 3;
	regs->rcx = f->rcx;
	regs->r11 = f->r11;
}

/**
 * hypercall_iret() - HYPERVISOR_iret()
 *
 * The registers become those of the frame. One that the processor refuses when
 * it is loaded (selectors, rip) raises the exception in the guest, as if the
 * new state had: pv_iret_fault().
 *
 * Return: nothing that the guest sees. A frame that cannot be read, or a
 *         return to user mode without a user root, crashes the guest.
 */
long hypercall_iret(struct vcpu *v, const struct call_args *a)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();
	struct iret_context f;

	if (pv_get_frame(&f, regs->rsp, sizeof(f))) {
		domain_crash(v->domain, "its iret frame at %016lx cannot be "
			     "read", regs->rsp);
		return HYPERCALL_CONTINUED;
	}
	if ((f.cs & 3) == 3 && !pv_enter_user_mode(v)) {
		domain_crash(v->domain, "it returns to user mode without page "
			     "tables for it");
		return HYPERCALL_CONTINUED;
	}
	load_frame(regs, &f);
	WRITE_ONCE(v->info->evtchn_upcall_mask, !(f.rflags & X86_EFLAGS_IF));
	v->pv->nmi_masked = false;
	return HYPERCALL_CONTINUED;
}
