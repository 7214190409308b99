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
	uint64_t xfeature_mask;		/* XCR0 bits we can enable */
};
extern struct cpu_features cpu_features;
/* Panics with a sentence when something indispensable is missing. */
void cpu_detect_features(void);

/* ---- bring-up ---- */
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
void nmi_register(bool (*fn)(struct cpu_user_regs *regs));

/* ---- entry.S ---- */
/* Throws this stack away and returns to the guest of current (or idles). */
void reset_stack_and_run(void (*fn)(void)) __noreturn;
void exit_to_guest(void) __noreturn;

/* ---- FPU and extended state (cpu/fpu.c) ---- */
struct fpu;
/* Lazily loaded; the area has the size of the largest XCR0 we offer. */
struct fpu *fpu_alloc(void);		/* NULL: no memory */
void fpu_free(struct fpu *f);
/* Leaving (saves if loaded), entering (sets CR0.TS), first use (#NM). */
void fpu_save(struct vcpu *v);
void fpu_restore(struct vcpu *v);
/* Sets XCR0 for the vCPU: 0; -EINVAL a combination the processor refuses. */
int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0);
size_t fpu_state_size(uint64_t xcr0);
void fpu_init_cpu(void);
/* The 512-byte legacy area of vcpu_guest_context. */
void fpu_import_legacy(struct fpu *f, const void *fxsave);
void fpu_export_legacy(const struct fpu *f, void *fxsave);

/* ---- what guests see of CPUID and MSRs (cpu/cpuid.c, cpu/msr.c) ---- */
void cpuid_policy_init(void);
/*
 * CPUID as @v sees it: an allow-list over the host's leaves, the hypervisor
 * leaves at 0x40000000, OSXSAVE and leaf 0xD by the vCPU's state.
 */
void guest_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
		 struct cpuid_regs *out);
/* 0: *val read (written); -EACCES: the guest gets #GP. */
int guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val);
int guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val);

/* ---- addresses ---- */
static inline bool is_canonical(unsigned long va)
{
	return (unsigned long)((long)(va << 16) >> 16) == va;
}

/* Loads and stores that may fault; on a fault they return nonzero. */
int rdmsr_safe(uint32_t msr, uint64_t *val);
int wrmsr_safe(uint32_t msr, uint64_t val);

#endif
