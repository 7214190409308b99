/* SPDX-License-Identifier: MIT */
/*
 * segments.c - segment registers and bases of a PV guest
 *
 * The registers hold the guest's values while it is on a CPU, in the
 * hypervisor too. While its kernel runs, GS_BASE is the kernel's and
 * SHADOW_GS_BASE the user mode's; the other way round in user mode.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>

#define SEL_LOCAL 4	/* table indicator: of the LDT */

/* Loads a selector; true: it was refused and the register is null now. */
#define DEFINE_LOAD_SELECTOR(reg)                                             \
	static bool load_##reg(uint16_t sel)                                  \
	{                                                                     \
		uint32_t bad = 0;                                             \
		__asm__ volatile("1: movl %1, %%" #reg "\n"                   \
				 "2:\n"                                       \
				 ".pushsection .text.fixup, \"ax\"\n"         \
				 "3: movl %0, %%" #reg "\n"                   \
				 "incl %0\n"                                  \
				 "jmp 2b\n"                                   \
				 ".popsection\n"                              \
				 ".pushsection .ex_table, \"a\"\n"            \
				 ".balign 4\n"                                \
				 ".long 1b - ., 3b - .\n"                     \
				 ".popsection"                                \
				 : "+&r"(bad)                                 \
				 : "r"((uint32_t)sel)                         \
				 : "memory");                                 \
		return bad;                                                   \
	}
DEFINE_LOAD_SELECTOR(ds)
DEFINE_LOAD_SELECTOR(es)
DEFINE_LOAD_SELECTOR(fs)
DEFINE_LOAD_SELECTOR(gs)
#undef DEFINE_LOAD_SELECTOR

/**
 * pv_save_selectors() - ds to gs, from the CPU into a frame
 * @regs: the frame
 */
void pv_save_selectors(struct cpu_user_regs *regs)
{
	uint16_t sel;

	__asm__ volatile("mov %%ds, %0" : "=r"(sel));
	regs->ds = sel;
	__asm__ volatile("mov %%es, %0" : "=r"(sel));
	regs->es = sel;
	__asm__ volatile("mov %%fs, %0" : "=r"(sel));
	regs->fs = sel;
	__asm__ volatile("mov %%gs, %0" : "=r"(sel));
	regs->gs = sel;
}

static uint32_t current_gs_msr(bool user_base, bool kernel_mode)
{
	return user_base == kernel_mode ? MSR_SHADOW_GS_BASE : MSR_GS_BASE;
}

/**
 * pv_save_segments() - selectors and bases of a vCPU that leaves the CPU
 * @v:    the vCPU
 * @regs: its frame, written
 */
void pv_save_segments(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct pv_vcpu *pv = v->pv;

	/* Else the frame still has what the guest wants to be told. */
	if (!(pv->due & DUE_FAILSAFE))
		pv_save_selectors(regs);
	pv->seg_base[PV_FS_BASE] = rdmsr(MSR_FS_BASE);
	pv->seg_base[PV_GS_USER] =
		rdmsr(current_gs_msr(true, pv->kernel_mode));
	pv->seg_base[PV_GS_KERNEL] =
		rdmsr(current_gs_msr(false, pv->kernel_mode));
}

/**
 * pv_load_segments() - selectors and bases of a vCPU that enters the CPU
 * @v:    the vCPU; its descriptor tables and address space are loaded
 * @regs: its frame
 *
 * A selector that cannot be loaded (any more) is null, and the guest hears of
 * it by its failsafe callback, which finds the wanted values.
 */
void pv_load_segments(struct vcpu *v, const struct cpu_user_regs *regs)
{
	struct pv_vcpu *pv = v->pv;
	bool bad;

	/* SYSRET on AMD leaves the hidden part of ss as it is: an interrupt has
	 * made it null. */
	__asm__ volatile("movl %0, %%ss" ::"r"(SEL_RING0_DS));
	bad = load_ds(regs->ds);
	bad |= load_es(regs->es);
	bad |= load_fs(regs->fs);
	bad |= load_gs(regs->gs);
	/* Loading a selector loads the base too: ours come last. */
	wrmsr(MSR_FS_BASE, pv->seg_base[PV_FS_BASE]);
	wrmsr(current_gs_msr(true, pv->kernel_mode), pv->seg_base[PV_GS_USER]);
	wrmsr(current_gs_msr(false, pv->kernel_mode),
	      pv->seg_base[PV_GS_KERNEL]);
	pv_set_due(v, DUE_FAILSAFE, bad);
}

static void fault_in(struct vcpu *v, uint16_t sel)
{
	if (sel & SEL_LOCAL)
		(void)pv_ldt_fault(v, sel & ~7UL);
}

/**
 * pv_retry_segments() - load again what pv_load_segments() could not
 * @v: current; it has not run since
 *
 * A selector may lie in a page of the LDT that was not brought in, which cannot
 * be done with IRQs off.
 *
 * Context: IRQs on, no locks.
 * Return: false: a selector is refused still.
 */
bool pv_retry_segments(struct vcpu *v)
{
	const struct cpu_user_regs *regs = guest_cpu_user_regs();
	unsigned long flags;

	fault_in(v, regs->ds);
	fault_in(v, regs->es);
	fault_in(v, regs->fs);
	fault_in(v, regs->gs);
	flags = irq_save();
	pv_load_segments(v, regs);
	irq_restore(flags);
	return !(v->pv->due & DUE_FAILSAFE);
}

/* The user mode's gs, and the base that its descriptor gives. */
static void load_user_gs(uint16_t sel)
{
	unsigned long flags = irq_save();

	__asm__ volatile("swapgs" ::: "memory");
	load_gs(sel);
	__asm__ volatile("swapgs" ::: "memory");
	irq_restore(flags);
}

/**
 * hypercall_set_segment_base() - HYPERVISOR_set_segment_base(which, base)
 *
 * Return: 0; -EINVAL: a base that is not canonical, or no such base.
 */
long hypercall_set_segment_base(struct vcpu *v, const struct call_args *a)
{
	unsigned int which = (unsigned int)a->arg0;

	if (which != SEGBASE_GS_USER_SEL && !is_canonical(a->arg1))
		return -EINVAL;
	/* Hypercalls come from kernel mode: the user's GS base is in shadow. */
	switch (which) {
	case SEGBASE_FS:
		wrmsr(MSR_FS_BASE, a->arg1);
		return 0;
	case SEGBASE_GS_USER:
		wrmsr(MSR_SHADOW_GS_BASE, a->arg1);
		return 0;
	case SEGBASE_GS_KERNEL:
		wrmsr(MSR_GS_BASE, a->arg1);
		return 0;
	case SEGBASE_GS_USER_SEL:
		/* One that cannot be loaded leaves a null selector, as on Xen. */
		load_user_gs((uint16_t)a->arg1);
		return 0;
	default:
		return -EINVAL;
	}
}
