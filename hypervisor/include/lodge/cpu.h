/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - the processor: features, descriptor tables, traps, entry and exit
 */
#ifndef LODGE_CPU_H
#define LODGE_CPU_H

#include <lodge/percpu.h>
#include <lodge/types.h>

/* ---- features of the boot CPU (cpu/features.c) ---- */
struct cpu_features {
	uint32_t max_leaf, max_ext_leaf;
	uint32_t family, model, stepping;
	char vendor[13];
	uint8_t phys_bits, virt_bits;
	bool x2apic, tsc_deadline, invariant_tsc, tsc_adjust;
	bool nx, pages_1g, pcid, smep, smap, umip, fsgsbase;
	bool fxsr, xsave, xsaveopt, xsavec;
	bool rdtscp, sysenter, amd;
	bool fpu_pointers_stay;		/* loading a state may leave FIP, FDP */
	uint64_t xfeature_mask;		/* XCR0 bits we can enable */
};
extern struct cpu_features cpu_features;
/* Panics with a sentence when something indispensable is missing. */
void cpu_detect_features(void);

/* ---- bring-up ---- */
/* SMEP, SMAP: decides, and patches the code; boot CPU, before the next. */
void protect_init(void);
/* Debug build: panics if SMAP does not do what it should. */
void protect_self_test(void);
/* Descriptor tables, MSRs, control registers, FPU of the calling CPU. */
void cpu_init_this(void);
/* Per-CPU area, GDT and TSS page and IST stacks for @cpu. 0; -ENOMEM. */
int cpu_prepare(unsigned int cpu);
/* Stack block of a prepared CPU (cpu_info filled in). */
void *cpu_stack(unsigned int cpu);
/* Traps of the boot CPU, before anything else can go wrong. */
void traps_early_init(void);
/* This CPU's GDT page (the one that goes behind a guest's 14 frames). */
mfn_t cpu_gdt_mfn(unsigned int cpu);
void load_gdt(unsigned long base);
void load_ldt(unsigned long base, unsigned int nr_entries);

/* ---- traps (cpu/traps.c) ---- */
/*
 * Handlers for exceptions that a guest raised (CPL 3), set by the guest layer:
 * true if the frame may be returned to.
 */
extern void (*guest_trap_hook)(struct cpu_user_regs *regs, unsigned int vector);
/* A guest executed SYSCALL or SYSENTER; @kind is one of ENTRY_ below. */
extern void (*guest_syscall_hook)(struct cpu_user_regs *regs,
				  unsigned int kind);
/*
 * Last thing before a guest runs, IRQs off: delivers events. Its answer says
 * how to leave.
 */
enum exit_how { EXIT_IRET, EXIT_SYSRET, EXIT_AGAIN };
extern enum exit_how (*guest_exit_hook)(struct cpu_user_regs *regs);
/* The frame could not be loaded by IRET: IRQs on, the frame is guest_regs. */
extern void (*guest_iret_fault_hook)(struct cpu_user_regs *regs,
				     unsigned long cr2);
/* entry.S: the instruction that loads a guest's frame. */
extern const char guest_iret[];
static inline bool guest_mode(const struct cpu_user_regs *regs)
{
	return (regs->cs & 3) == 3;
}
/* CPL 0 fault at an instruction with a fixup: true, rip moved to the fixup. */
bool exception_fixup(struct cpu_user_regs *regs);
/* A #PF taken in the hypervisor at a guest address may be the guest layer's
 * business (lazily faulted LDT, emulated write by copy): true if retried. */
extern bool (*hyp_fault_hook)(struct cpu_user_regs *regs, unsigned long cr2);
void show_registers(const struct cpu_user_regs *regs);

/* ---- NMIs (cpu/nmi.c) ---- */
void nmi_init(void);
void nmi_register(bool (*fn)(struct cpu_user_regs *regs));
/* The machine's NMI is the control domain's: set by domain/, called with IRQs
 * on and no locks. @reasons: XEN_NMIREASON_ bits, at least one. */
extern void (*nmi_report_hook)(unsigned int reasons);

/* ---- entry.S ---- */
/* Throws this stack away and returns to the guest of current (or idles). */
void reset_stack_and_run(void (*fn)(void)) __noreturn;
void exit_to_guest(void) __noreturn;

/* ---- FPU and extended state (cpu/fpu.c) ---- */
struct fpu;
/*
 * Switched eagerly with the vCPU: what another guest computed must not be
 * readable by speculation. The area has the size of the largest XCR0 we offer.
 */
struct fpu *fpu_alloc(void);		/* NULL: no memory */
void fpu_free(struct fpu *f);
/* Leaving and entering; the latter sets XCR0 and CR0.TS as the guest has it. */
void fpu_save(struct vcpu *v);
void fpu_restore(struct vcpu *v);
/* The guest's own CR0.TS, current only. */
void fpu_set_ts(struct vcpu *v, bool ts);
/* Sets XCR0 for current: 0; -EINVAL a combination the processor refuses. */
int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0);
size_t fpu_state_size(uint64_t xcr0);
void fpu_init_cpu(void);
/* The 512-byte legacy area of vcpu_guest_context. */
void fpu_import_legacy(struct fpu *f, const void *fxsave);
void fpu_export_legacy(const struct fpu *f, void *fxsave);
/* All of it, in the standard XSAVE format. @v does not run. 0; -EINVAL */
void fpu_export_state(const struct fpu *f, void *area, size_t size);
int fpu_import_state(struct vcpu *v, uint64_t xcr0, const void *area,
		     size_t size);

/* ---- addresses ---- */
static inline bool is_canonical(unsigned long va)
{
	return (unsigned long)((long)(va << 16) >> 16) == va;
}

/* Loads and stores that may fault; on a fault they return nonzero. */
int rdmsr_safe(uint32_t msr, uint64_t *val);
int wrmsr_safe(uint32_t msr, uint64_t val);

#endif
