/* SPDX-License-Identifier: MIT */
/*
 * switch.c - a PV vCPU comes onto a CPU, runs, and leaves it
 */
#include "private.h"

#include <lodge/asm-offsets.h>
#include <lodge/atomic.h>
#include <lodge/cpu.h>
#include <lodge/event.h>
#include <lodge/lib.h>
#include <lodge/work.h>

/**
 * pv_switch_from() - put this CPU's guest state into @v
 * @v: the vCPU whose state it is
 *
 * Context: IRQs off, scheduler.
 */
void pv_switch_from(struct vcpu *v)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();

	pv_save_segments(v, regs);
	v->regs = *regs;
	fpu_save(v);
	if (v->pv->dr[7] & 0xff)
		write_dr7(X86_DR7_DEFAULT);
}

/**
 * pv_load_cr4() - the bits of the guest's CR4 that the processor must know
 * @v: current, or about to be
 *
 * With TSD its user mode may not read the TSC; its kernel, in ring 3 as well,
 * is emulated then. With DE there is no DR4: a processor may say so before it
 * looks at the privilege, and then nothing can be emulated.
 */
void pv_load_cr4(const struct vcpu *v)
{
	unsigned long cr4 = read_cr4();
	unsigned long other = (cr4 ^ v->pv->cr4) &
			      (X86_CR4_TSD | X86_CR4_DE);

	if (other)
		write_cr4(cr4 ^ other);
}

/**
 * pv_switch_to() - load @v's state
 * @v: current already; no CPU holds its state
 *
 * Context: IRQs off, scheduler.
 */
void pv_switch_to(struct vcpu *v)
{
	*guest_cpu_user_regs() = v->regs;
	/* An NMI between two roots must find a GDT that both show. */
	load_gdt((unsigned long)mfn_to_virt(cpu_gdt_mfn(smp_processor_id())) -
		 GDT_RESERVED_BYTE);
	pv_load_root(v);
	pv_load_descriptors(v);
	pv_load_segments(v, &v->regs);
	fpu_restore(v);
	pv_load_cr4(v);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, v->tsc_aux);
	if (v->pv->dr[7] & 0xff)
		pv_load_debugregs(v);
}

static inline bool event_due(const struct vcpu *v)
{
	return READ_ONCE(v->info->evtchn_upcall_pending) &&
	       !READ_ONCE(v->info->evtchn_upcall_mask) &&
	       v->pv->callbacks[CALLBACKTYPE_event].rip;
}

static bool nmi_due(const struct vcpu *v)
{
	return (READ_ONCE(v->pv->due) & DUE_NMI) && !v->pv->nmi_masked;
}

static bool failsafe_due(const struct vcpu *v)
{
	return READ_ONCE(v->pv->due) & DUE_FAILSAFE;
}

/* What ends a vCPU's waiting, if it was there before it began. */
bool pv_has_pending(const struct vcpu *v)
{
	return evtchn_upcall_pending(v) || nmi_due(v);
}

/* Masked until the next IRET; without a handler it is lost. */
static void deliver_nmi(struct vcpu *v)
{
	struct pv_callback cb = { v->pv->traps[X86_EXC_NMI].address, true };

	if (!cb.rip)
		return;
	v->pv->nmi_masked = true;
	pv_bounce(v, &cb);
}

/**
 * pv_set_due() - mark, or no more, what the way out has to deliver
 * @v:    a vCPU; DUE_NMI any, else current
 * @what: one of DUE_
 *
 * Context: any.
 */
void pv_set_due(struct vcpu *v, uint32_t what, bool due)
{
	if (due)
		(void)atomic_fetch_or(&v->pv->due, what);
	else
		(void)atomic_fetch_and(&v->pv->due, ~what);
}

/* One of what is due but seldom; each masks itself, so that the next look ends.
 */
static void deliver_rare(struct vcpu *v)
{
	if (!failsafe_due(v)) {
		pv_set_due(v, DUE_NMI, false);
		deliver_nmi(v);
	} else if (!pv_retry_segments(v)) {
		pv_set_due(v, DUE_FAILSAFE, false);
		pv_failsafe(v);
	}
}

/*
 * SYSRET loads rip from rcx and rflags from r11, and flat segments. Some
 * processors fault in ring 0 on a non-canonical rip; single-stepping and RF
 * want IRET, and so does a frame that no SYSCALL made: on its way in ss became
 * null (pv_load_segments()).
 */
static __forceinline enum exit_how
exit_plain(const struct cpu_user_regs *regs)
{
	if (regs->entry_vector == ENTRY_SYSCALL &&
	    regs->rcx == regs->rip && regs->r11 == regs->rflags &&
	    regs->cs == SEL_RING3_CS64 && regs->ss == SEL_RING3_DS32 &&
	    is_canonical(regs->rip) &&
	    !(regs->rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF)))
		return EXIT_SYSRET;
	return EXIT_IRET;
}

static __noinline enum exit_how exit_event(struct vcpu *v)
{
	irq_enable();
	pv_bounce(v, &v->pv->callbacks[CALLBACKTYPE_event]);
	return EXIT_AGAIN;
}

/* Something rare is marked; it may be masked. */
static __noinline enum exit_how exit_rare(struct vcpu *v)
{
	if (!failsafe_due(v) && !nmi_due(v))
		return event_due(v) ? exit_event(v)
				    : exit_plain(guest_cpu_user_regs());
	irq_enable();
	deliver_rare(v);
	return EXIT_AGAIN;
}

/**
 * guest_exit() - the last look before the guest runs
 * @regs: current's registers
 *
 * Context: entry.S, IRQs off, no work pending.
 * Return: how to leave; EXIT_AGAIN: something was delivered with IRQs on, so
 *         there may be work or more to deliver.
 */
enum exit_how guest_exit(struct cpu_user_regs *regs)
{
	struct vcpu *v = vcpu_of(regs);

	if (unlikely(READ_ONCE(v->pv->due)))
		return exit_rare(v);
	if (unlikely(event_due(v)))
		return exit_event(v);
	return exit_plain(regs);
}
