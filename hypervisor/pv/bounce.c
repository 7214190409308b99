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
#include "access.h"
#include "private.h"

#include <lodge/cpu.h>

#define VECTORS_WITH_ERROR_CODE 0x60227d00U

/* From the lowest address. */
struct bounce_frame {
	uint64_t head[3];	/* rcx, r11, error code; or begins at 1 */
	struct iret_frame {
		uint64_t rip, cs, rflags, rsp, ss;
	} iret;
};

struct failsafe_frame {
	uint64_t rcx, r11, ds, es, fs, gs;
	struct iret_frame iret;
};

/* What the guest believes of IF and IOPL. */
static uint64_t guest_rflags(const struct vcpu *v, uint64_t rflags, bool masked)
{
	rflags &= ~(uint64_t)(X86_EFLAGS_IF | X86_EFLAGS_IOPL);
	if (!masked)
		rflags |= X86_EFLAGS_IF;
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		rflags |= (uint64_t)v->pv->iopl << 12;
	return rflags;
}

static inline void fill_iret_frame(struct iret_frame *f, const struct vcpu *v,
				   const struct cpu_user_regs *regs)
{
	uint64_t mask = READ_ONCE(v->info->evtchn_upcall_mask);
	uint64_t cs = regs->cs;

	if (v->pv->kernel_mode)
		cs &= ~(uint64_t)3;
	f->rip = regs->rip;
	f->cs = cs | mask << 32;
	f->rflags = guest_rflags(v, regs->rflags, mask);
	f->rsp = regs->rsp;
	f->ss = regs->ss;
}

static void stack_bad(struct vcpu *v, unsigned long sp)
{
	domain_crash(v->domain, "its kernel stack at %016lx cannot be written",
		     sp);
}

/*
 * Writes the frame, @bytes that end with iret, and continues the guest's kernel
 * at @rip: on its own stack if it was interrupted itself.
 */
static inline void enter_kernel(struct vcpu *v, struct cpu_user_regs *regs,
				const void *frame, size_t bytes,
				unsigned long rip, bool mask_events)
{
	unsigned long sp = regs->rsp;

	if (!v->pv->kernel_mode) {
		sp = v->pv->kernel_rsp;
		pv_enter_kernel_mode(v);
	}
	sp = (sp & ~15UL) - bytes;
	if (unlikely(pv_put_frame(sp, frame, bytes))) {
		stack_bad(v, sp);
		return;
	}
	regs->rip = rip;
	regs->cs = FLAT_KERNEL_CS;
	regs->ss = FLAT_KERNEL_SS;
	regs->rsp = sp;
	/* DF too: a system call's handler counts on SYSCALL to clear it. */
	regs->rflags &= ~(uint64_t)(X86_EFLAGS_TF | X86_EFLAGS_NT |
				    X86_EFLAGS_RF | X86_EFLAGS_VM |
				    X86_EFLAGS_AC | X86_EFLAGS_DF);
	if (mask_events)
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
}

/* The frame that all have but the failsafe callback. */
static inline void bounce(struct vcpu *v, unsigned long rip, bool mask_events,
			  bool has_error, uint32_t error)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();
	struct bounce_frame f;
	uint64_t *lowest = has_error ? &f.head[0] : &f.head[1];

	f.head[2] = error;
	lowest[0] = regs->rcx;
	lowest[1] = regs->r11;
	fill_iret_frame(&f.iret, v, regs);
	enter_kernel(v, regs, lowest, has_error ? sizeof(f) : sizeof(f) - 8,
		     rip, mask_events);
}

/**
 * pv_bounce() - continue the guest's kernel at a callback
 * @v:  current
 * @cb: where to
 *
 * Context: IRQs on, no locks. A guest that cannot take it is crashed.
 */
void pv_bounce(struct vcpu *v, const struct pv_callback *cb)
{
	if (unlikely(!cb->rip)) {
		domain_crash(v->domain, "it has no handler for what happened");
		return;
	}
	bounce(v, cb->rip, cb->mask_events, false, 0);
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
	struct cpu_user_regs *regs = guest_cpu_user_regs();
	struct failsafe_frame f = {
		.rcx = regs->rcx, .r11 = regs->r11,
		.ds = regs->ds, .es = regs->es, .fs = regs->fs, .gs = regs->gs,
	};

	if (!cb->rip) {
		domain_crash(v->domain, "it returns to cs:rip %04x:%016lx, "
			     "which cannot be loaded, and has no failsafe "
			     "callback", regs->cs, regs->rip);
		return;
	}
	fill_iret_frame(&f.iret, v, regs);
	enter_kernel(v, regs, &f, sizeof(f), cb->rip, cb->mask_events);
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

	if (unlikely(!t->address)) {
		domain_crash(v->domain, "exception %u at rip %016lx and no "
			     "handler for it", vector,
			     guest_cpu_user_regs()->rip);
		return;
	}
	bounce(v, t->address, TI_GET_IF(t),
	       vector < 32 && VECTORS_WITH_ERROR_CODE >> vector & 1,
	       error_code);
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
