/* SPDX-License-Identifier: MIT */
/*
 * percpu.c - what a CPU needs before it can run
 *
 * The boot CPU uses the linker's template of the per-CPU variables itself, at
 * offset 0; every other CPU gets a copy. All of it is made by the boot CPU
 * before the new CPU is started, and is never given back.
 */
#include "private.h"

#include <lodge/asm-offsets.h>
#include <lodge/boot.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

_Static_assert(sizeof(struct cpu_info) == CPUINFO_SIZE, "asm-offsets.h");
_Static_assert(offsetof(struct cpu_info, pending_work) ==
	       CPUINFO_pending_work, "asm-offsets.h");
_Static_assert(offsetof(struct cpu_user_regs, rax) == REGS_rax &&
	       offsetof(struct cpu_user_regs, rcx) == REGS_rcx &&
	       offsetof(struct cpu_user_regs, r11) == REGS_r11 &&
	       offsetof(struct cpu_user_regs, error_code) == REGS_error_code &&
	       offsetof(struct cpu_user_regs, entry_vector) ==
		       REGS_entry_vector &&
	       offsetof(struct cpu_user_regs, rip) == REGS_rip &&
	       offsetof(struct cpu_user_regs, cs) == REGS_cs &&
	       offsetof(struct cpu_user_regs, rflags) == REGS_rflags &&
	       offsetof(struct cpu_user_regs, rsp) == REGS_rsp &&
	       offsetof(struct cpu_user_regs, ss) == REGS_ss &&
	       offsetof(struct cpu_user_regs, es) == REGS_es, "asm-offsets.h");

cpumask_t cpu_present_map = { 1 };
cpumask_t cpu_online_map = { 1 };
unsigned int nr_cpus_present = 1;
unsigned long percpu_offsets[NR_CPUS];

DEFINE_PER_CPU(struct tss, tss);
DEFINE_PER_CPU(uint64_t *, gdt_page);
DEFINE_PER_CPU(uint8_t *, syscall_stubs);
DEFINE_PER_CPU(struct cpu_info *, stack_info);

/* A copy of the template for an AP; the boot CPU has its own already. */
static int percpu_area_prepare(unsigned int cpu)
{
	size_t size = (size_t)(percpu_end - percpu_start);
	unsigned int order = 0;
	void *area;

	if (cpu == 0)
		return 0;
	while ((PAGE_SIZE << order) < size)
		order++;
	area = frames_alloc(order, MEMF_ZERO);
	if (!area)
		return -ENOMEM;
	/* The boot CPU's values would be wrong here: an AP starts from zero. */
	percpu_offsets[cpu] = (unsigned long)area - (unsigned long)percpu_start;
	return 0;
}

static int stack_prepare(unsigned int cpu)
{
	struct cpu_info *info;
	char *stack;

	if (cpu == 0) {
		per_cpu(stack_info, 0) = get_cpu_info();
		return 0;
	}
	stack = stack_alloc();
	if (!stack)
		return -ENOMEM;
	info = (struct cpu_info *)(stack + STACK_SIZE) - 1;
	memset(info, 0, sizeof(*info));
	info->cpu = cpu;
	info->percpu_offset = percpu_offsets[cpu];
	per_cpu(stack_info, cpu) = info;
	return 0;
}

/**
 * cpu_prepare() - make the per-CPU area, stack, GDT page and SYSCALL stubs
 * @cpu: number of the CPU to be; 0 is the boot CPU, which runs already
 *
 * Context: boot CPU, after mm_init(). On an error the CPU must not be started;
 * what was allocated stays with it.
 * Return: 0; -ENOMEM.
 */
int cpu_prepare(unsigned int cpu)
{
	int rc = percpu_area_prepare(cpu);

	if (!rc)
		rc = stack_prepare(cpu);
	if (rc)
		return rc;
	per_cpu(gdt_page, cpu) = frames_alloc(0, MEMF_ZERO);
	if (!per_cpu(gdt_page, cpu))
		return -ENOMEM;
	return syscall_stubs_prepare(cpu);
}

/**
 * cpu_stack() - stack block of a prepared CPU
 * @cpu: its number
 *
 * Return: the address just below its cpu_info, 16-byte aligned: the initial
 *         stack pointer.
 */
void *cpu_stack(unsigned int cpu)
{
	return (void *)((unsigned long)per_cpu(stack_info, cpu) & ~15UL);
}

/**
 * cpu_gdt_mfn() - frame of the GDT page that goes behind a guest's 14 frames
 * @cpu: an online CPU
 */
mfn_t cpu_gdt_mfn(unsigned int cpu)
{
	return virt_to_mfn(per_cpu(gdt_page, cpu));
}

/**
 * cpu_init_this() - descriptor tables, MSRs and control registers of this CPU
 *
 * Context: each CPU once, after cpu_prepare() of it, on its own stack, IRQs
 * off.
 */
void cpu_init_this(void)
{
	unsigned long cr4 = X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE |
			    X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;

	if (smp_processor_id() == 0 && cpu_prepare(0))
		panic_no_memory("the boot CPU's descriptor tables");
	desc_init_this();
	syscall_init_this();
	wrmsr(MSR_PAT, PAT_ABI);
	if (cpu_features.xsave)
		cr4 |= X86_CR4_OSXSAVE;
	if (cpu_features.fsgsbase)
		cr4 |= X86_CR4_FSGSBASE;
	write_cr4(cr4 | protect_cr4());
	write_cr0(X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET |
		  X86_CR0_MP | X86_CR0_PE | X86_CR0_AM);
	mce_init_this();
	fpu_init_cpu();
	write_dr7(X86_DR7_DEFAULT);
	write_dr6(X86_DR6_DEFAULT);
}
