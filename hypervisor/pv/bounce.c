/* SPDX-License-Identifier: MIT */
/*
 * bounce.c - frames on the guest kernel's stack: exceptions, events, system
 * calls
 *
 * A frame, from the lowest address: rcx, r11, [error code], rip, cs with the
 * event mask in its upper half, rflags, rsp, ss. The failsafe callback's has
 * ds, es, fs and gs instead of the error code. cs has privilege level 0 if the
 * guest's kernel was interrupted. <xen/arch-x86/xen.h>, <xen/callback.h>.
 *
 * All of this works on the registers of current, and needs IRQs on: a guest
 * whose stack cannot be written is crashed.
 */
#include "private.h"

#include <lodge/cpu.h>

/* The longest: rcx, r11, four selectors, rip, cs, rflags, rsp, ss. */
#define MAX_FRAME 11

#define VECTORS_WITH_ERROR_CODE 0x60227d00U

struct frame {
	uint64_t words[MAX_FRAME];
	unsigned int nr;
};

static void push(struct frame *f, uint64_t word)
{
	f->words[f->nr++] = word;
}

/* What the guest believes of IF and IOPL. */
static uint64_t guest_rflags(const struct vcpu *v, uint64_t rflags)
{
	rflags &= ~(uint64_t)(X86_EFLAGS_IF | X86_EFLAGS_IOPL);
	if (!READ_ONCE(v->info->evtchn_upcall_mask))
		rflags |= X86_EFLAGS_IF;
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		rflags |= (uint64_t)v->pv->iopl << 12;
	return rflags;
}

static void push_iret_frame(struct frame *f, struct vcpu *v, bool from_kernel)
{
	const struct cpu_user_regs *regs = guest_cpu_user_regs();
	uint64_t mask = READ_ONCE(v->info->evtchn_upcall_mask);
	uint64_t cs = from_kernel ? regs->cs & ~3U : regs->cs;

	push(f, regs->rip);
	push(f, cs | mask << 32);
	push(f, guest_rflags(v, regs->rflags));
	push(f, regs->rsp);
	push(f, regs->ss);
}

/* The kernel's stack, below what is in use if the kernel was interrupted. */
static unsigned long frame_stack(const struct vcpu *v, bool from_kernel)
{
	unsigned long sp = from_kernel ? guest_cpu_user_regs()->rsp :
					 v->pv->kernel_rsp;

	return sp & ~15UL;
}

/* Writes the frame and continues the guest's kernel at @cb. */
static void enter_kernel(struct vcpu *v, const struct frame *f,
			 bool from_kernel, const struct pv_callback *cb)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();
	unsigned long sp = frame_stack(v, from_kernel) - f->nr * 8;

	if (!cb->rip) {
		domain_crash(v->domain, "it has no handler for what happened");
		return;
	}
	if (!from_kernel)
		pv_toggle_mode(v);
	if (pv_copy_to(sp, f->words, f->nr * 8)) {
		domain_crash(v->domain,
			     "its kernel stack at %016lx cannot be written", sp);
		return;
	}
	regs->rip = cb->rip;
	regs->cs = FLAT_KERNEL_CS;
	regs->ss = FLAT_KERNEL_SS;
	regs->rsp = sp;
	/* DF too: a system call's handler counts on SYSCALL to clear it. */
	regs->rflags &= ~(uint64_t)(X86_EFLAGS_TF | X86_EFLAGS_NT |
				    X86_EFLAGS_RF | X86_EFLAGS_VM |
				    X86_EFLAGS_AC | X86_EFLAGS_DF);
	if (cb->mask_events)
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
}

/**
 * pv_bounce() - continue the guest's kernel at a callback
 * @v:     current
 * @cb:    where to
 * @error: error code to be pushed, NULL: none
 *
 * Context: IRQs on, no locks. A guest that cannot take it is crashed.
 */
void pv_bounce(struct vcpu *v, const struct pv_callback *cb,
	       const uint32_t *error)
{
	const struct cpu_user_regs *regs = guest_cpu_user_regs();
	bool from_kernel = v->pv->kernel_mode;
	struct frame f = { .nr = 0 };

	push(&f, regs->rcx);
	push(&f, regs->r11);
	if (error)
		push(&f, *error);
	push_iret_frame(&f, v, from_kernel);
	enter_kernel(v, &f, from_kernel, cb);
}

/**
 * pv_failsafe() - the guest's selectors or its IRET frame cannot be loaded
 * @v: current; its regs hold the frame that failed, ds to gs included
 *
 * Context: IRQs on, no locks. A guest without the callback is crashed.
 */
void pv_failsafe(struct vcpu *v)
{
	const struct pv_callback *cb = &v->pv->callbacks[CALLBACKTYPE_failsafe];
	const struct cpu_user_regs *regs = guest_cpu_user_regs();
	bool from_kernel = v->pv->kernel_mode;
	struct frame f = { .nr = 0 };

	if (!cb->rip) {
		domain_crash(v->domain, "it returns to cs:rip %04x:%016lx, "
			     "which cannot be loaded, and has no failsafe "
			     "callback", regs->cs, regs->rip);
		return;
	}
	push(&f, regs->rcx);
	push(&f, regs->r11);
	push(&f, regs->ds);
	push(&f, regs->es);
	push(&f, regs->fs);
	push(&f, regs->gs);
	push_iret_frame(&f, v, from_kernel);
	enter_kernel(v, &f, from_kernel, cb);
}

/**
 * pv_inject_trap() - the guest sees an exception
 * @v:          current
 * @vector:     its number
 * @error_code: pushed if the vector has one
 *
 * Context: IRQs on, no locks.
 */
void pv_inject_trap(struct vcpu *v, unsigned int vector, uint32_t error_code)
{
	const struct trap_info *t = &v->pv->traps[vector];
	struct pv_callback cb = { t->address, TI_GET_IF(t) };
	bool has_error = vector < 32 && VECTORS_WITH_ERROR_CODE >> vector & 1;

	if (!cb.rip) {
		domain_crash(v->domain, "exception %u at rip %016lx and no "
			     "handler for it", vector,
			     guest_cpu_user_regs()->rip);
		return;
	}
	pv_bounce(v, &cb, has_error ? &error_code : NULL);
}

/**
 * pv_inject_page_fault() - the guest sees #PF
 * @v:          current
 * @cr2:        faulting address
 * @error_code: as the processor gave it; a guest kernel's own access is told
 *              as a supervisor's
 *
 * Context: IRQs on, no locks.
 */
void pv_inject_page_fault(struct vcpu *v, unsigned long cr2,
			  uint32_t error_code)
{
	if (v->pv->kernel_mode)
		error_code &= ~(uint32_t)PFEC_USER;
	else
		error_code |= PFEC_USER;
	v->pv->cr2 = cr2;
	v->info->arch.cr2 = cr2;
	pv_inject_trap(v, X86_EXC_PF, error_code);
}
