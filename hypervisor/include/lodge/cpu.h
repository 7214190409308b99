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
 * What the guest layer does with a guest in ring 3. Only one kind of guest runs
 * there, so these are bound by the linker, and entry.S calls them as they are.
 * @regs is guest_regs.
 */
/* An exception of the guest's; IRQs off. */
void guest_trap(struct cpu_user_regs *regs);
/* SYSCALL of 64-bit code; the other forms, entry_vector says which. IRQs on. */
void guest_syscall(struct cpu_user_regs *regs);
void guest_syscall32(struct cpu_user_regs *regs);
/*
 * Last thing before the guest runs, IRQs off, no work pending: delivers events.
 * The answer says how to leave.
 */
enum exit_how { EXIT_IRET, EXIT_SYSRET, EXIT_AGAIN };
enum exit_how guest_exit(struct cpu_user_regs *regs);
/* The frame could not be loaded by IRET: IRQs on. */
void guest_iret_fault(struct cpu_user_regs *regs, unsigned long cr2);
/* IRET had a #PF (@regs is ours): true: try it again. IRQs off. */
bool guest_iret_retry(struct cpu_user_regs *regs, unsigned long cr2);
/* entry.S: the instruction that loads a guest's frame. */
extern const char guest_iret[];
static inline bool guest_mode(const struct cpu_user_regs *regs)
{
	return (regs->cs & 3) == 3;
}
/* CPL 0 fault at an instruction with a fixup: true, rip moved to the fixup. */
bool exception_fixup(struct cpu_user_regs *regs);
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
