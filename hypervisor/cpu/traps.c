/* SPDX-License-Identifier: MIT */
/*
 * traps.c - exceptions: the guest's go to the guest layer, ours are fixed up
 * or end in panic()
 *
 * An instruction that may fault has a row in .ex_table: its address and where
 * to go on instead, both relative to themselves.
 */
#include "private.h"

#include <lodge/asm-offsets.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/domain.h>
#include <lodge/lib.h>

struct ex_entry {
	int32_t fault, fixup;
};

extern const struct ex_entry ex_table_start[], ex_table_end[];

/* What IRETQ raised on a guest's frame, until its fixup runs. */
struct iret_fault {
	uint32_t vector, error_code;
	unsigned long cr2;
};
static DEFINE_PER_CPU(struct iret_fault, iret_fault);

static const char *const trap_names[32] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow",
	"bound range", "invalid opcode", "device not available",
	"double fault", "coprocessor segment", "invalid TSS",
	"segment not present", "stack fault", "general protection",
	"page fault", "spurious interrupt", "x87 error", "alignment check",
	"machine check", "SIMD error", "virtualization", "control protection",
};

static const char *trap_name(unsigned int vector)
{
	if (vector < ARRAY_SIZE(trap_names) && trap_names[vector])
		return trap_names[vector];
	return "exception";
}

/**
 * exception_fixup() - go on elsewhere after a fault that was foreseen
 * @regs: frame of the fault, taken in the hypervisor
 *
 * Return: true, and rip is the fixup's, if the instruction has a row.
 */
bool exception_fixup(struct cpu_user_regs *regs)
{
	const struct ex_entry *e;

	for (e = ex_table_start; e < ex_table_end; e++) {
		if ((unsigned long)&e->fault + (long)e->fault != regs->rip)
			continue;
		regs->rip = (unsigned long)&e->fixup + (long)e->fixup;
		return true;
	}
	return false;
}

/**
 * show_registers() - print a frame, for panics and debug keys
 * @regs: of the hypervisor or of a guest
 */
void show_registers(const struct cpu_user_regs *regs)
{
	printk("cpu %u  %s  rip %04x:%016lx %pB\n", smp_processor_id(),
	       guest_mode(regs) ? "guest" : "hypervisor", regs->cs, regs->rip,
	       (void *)regs->rip);
	printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", regs->rax,
	       regs->rbx, regs->rcx, regs->rdx);
	printk("rsi %016lx rdi %016lx rbp %016lx rsp %04x:%016lx\n", regs->rsi,
	       regs->rdi, regs->rbp, regs->ss, regs->rsp);
	printk("r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", regs->r8,
	       regs->r9, regs->r10, regs->r11);
	printk("r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", regs->r12,
	       regs->r13, regs->r14, regs->r15);
	printk("rflags %08lx cr0 %08lx cr2 %016lx cr3 %012lx cr4 %08lx\n",
	       regs->rflags, read_cr0(), read_cr2(), read_cr3(), read_cr4());
}

static void __noreturn fatal_trap(struct cpu_user_regs *regs)
{
	unsigned int vector = regs->entry_vector;

	if (vector == X86_EXC_PF)
		panic_regs(regs, "Page fault in the hypervisor at %016lx "
			   "(error code %x)", read_cr2(), regs->error_code);
	panic_regs(regs, "%s (vector %u, error code %x) in the hypervisor",
		   trap_name(vector), vector, regs->error_code);
}

/* Its usual cause: a stack ran into the page below it, which is not mapped. */
static void __noreturn double_fault(struct cpu_user_regs *regs)
{
	unsigned long block = (unsigned long)get_cpu_info() &
			      ~((unsigned long)STACK_SIZE - 1);
	unsigned long offset = read_cr2() - block;

	if (offset < STACK_SIZE &&
	    !STACK_PAGE_USED((unsigned int)(offset >> PAGE_SHIFT)))
		panic_regs(regs, "Double fault: the stack has overflowed");
	fatal_trap(regs);
}

/* entry.S: an exception with CPL 0; IRQs off. */
void trap_from_hypervisor(struct cpu_user_regs *regs)
{
	/* The guest layer lets interrupts in, and they may fault, too. */
	unsigned long cr2 = read_cr2();

	if (regs->rip == (unsigned long)guest_iret) {
		if (regs->entry_vector == X86_EXC_PF &&
		    guest_iret_retry(regs, cr2))
			return;
		this_cpu(iret_fault) = (struct iret_fault){
			regs->entry_vector, regs->error_code, cr2
		};
	}
	if (exception_fixup(regs))
		return;
	fatal_trap(regs);
}

/* entry.S: NMI, #DF, #MC, and #DB with CPL 0; on a stack of their own. */
void trap_on_ist(struct cpu_user_regs *regs)
{
	switch (regs->entry_vector) {
	case X86_EXC_NMI:
		do_nmi(regs);
		break;
	case X86_EXC_MC:
		do_machine_check(regs);
		break;
	case X86_EXC_DB:
		/* A breakpoint or watchpoint of the guest's hit on our access. */
		write_dr6(X86_DR6_DEFAULT);
		break;
	default:
		double_fault(regs);
	}
}

/* entry.S: IRQs on; this CPU has not left the fixup since. */
void iret_fault_from_guest(struct cpu_user_regs *regs)
{
	regs->entry_vector = this_cpu(iret_fault).vector;
	regs->error_code = this_cpu(iret_fault).error_code;
	guest_iret_fault(regs, this_cpu(iret_fault).cr2);
}

/**
 * rdmsr_safe() - read an MSR that may not exist
 * Return: 0 and *val; -EIO: the processor raised #GP.
 */
int rdmsr_safe(uint32_t msr, uint64_t *val)
{
	uint32_t lo = 0, hi = 0;
	int rc;

	__asm__ volatile("1: rdmsr; xor %0, %0; jmp 3f\n"
			 "2: mov %4, %0\n"
			 "3:\n"
			 ".pushsection .ex_table, \"a\"\n"
			 ".balign 4\n"
			 ".long 1b - ., 2b - .\n"
			 ".popsection"
			 : "=&r"(rc), "+a"(lo), "+d"(hi)
			 : "c"(msr), "i"(-5 /* -EIO */));
	if (!rc)
		*val = (uint64_t)hi << 32 | lo;
	return rc;
}

/**
 * wrmsr_safe() - write an MSR that may refuse
 * Return: 0; -EIO: the processor raised #GP.
 */
int wrmsr_safe(uint32_t msr, uint64_t val)
{
	int rc;

	__asm__ volatile("1: wrmsr; xor %0, %0; jmp 3f\n"
			 "2: mov %4, %0\n"
			 "3:\n"
			 ".pushsection .ex_table, \"a\"\n"
			 ".balign 4\n"
			 ".long 1b - ., 2b - .\n"
			 ".popsection"
			 : "=&r"(rc)
			 : "c"(msr), "a"((uint32_t)val),
			   "d"((uint32_t)(val >> 32)), "i"(-5 /* -EIO */)
			 : "memory");
	return rc;
}
