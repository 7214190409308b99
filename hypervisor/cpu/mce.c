/* SPDX-License-Identifier: MIT */
/*
 * mce.c - machine checks: what the processor says of its own errors
 *
 * Errors lie in banks of MSRs (Intel SDM 3B, chapter 16; AMD APM 2, chapter 9).
 * One that was corrected is logged and forgotten. One that was not, or that
 * leaves the interrupted code unable to go on, ends in panic(): nobody knows
 * whose data are wrong. Dom0 finds no banks (domain/msr.c, domain/mca.c).
 *
 * Locks: none; #MC comes at any moment, on a stack of its own. Banks are the
 * CPU's own, or shared by CPUs that may then each tell of the same error.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/lib.h>

#define CPUID_1_EDX_MCE		(1U << 7)
#define CPUID_1_EDX_MCA		(1U << 14)

#define MSR_MCG_CTL		0x17b
#define MSR_MC_CTL(bank)	(0x400 + 4 * (bank))
#define MSR_MC_STATUS(bank)	(0x401 + 4 * (bank))
#define MSR_MC_ADDR(bank)	(0x402 + 4 * (bank))
#define MSR_MC_MISC(bank)	(0x403 + 4 * (bank))

#define MCG_CAP_BANKS(cap)	((unsigned int)((cap) & 0xff))
#define MCG_CAP_CTL		(1UL << 8)
#define MCG_STATUS_RIPV		(1UL << 0)	/* the frame can be returned to */

#define MC_STATUS_VAL		(1UL << 63)
#define MC_STATUS_OVER		(1UL << 62)	/* others were lost */
#define MC_STATUS_UC		(1UL << 61)	/* not corrected */
#define MC_STATUS_MISCV		(1UL << 59)
#define MC_STATUS_ADDRV		(1UL << 58)
#define MC_STATUS_PCC		(1UL << 57)	/* the CPU's state is wrong */

/* MSRs from 0x400 on have room for so many. */
#define MAX_BANKS		32

static unsigned int nr_banks(void)
{
	uint64_t cap;

	if ((cpuid_count(1, 0).d & (CPUID_1_EDX_MCE | CPUID_1_EDX_MCA)) !=
		    (CPUID_1_EDX_MCE | CPUID_1_EDX_MCA) ||
	    rdmsr_safe(MSR_MCG_CAP, &cap))
		return 0;
	return min(MCG_CAP_BANKS(cap), (unsigned int)MAX_BANKS);
}

struct bank {
	unsigned int nr;
	uint64_t status, addr, misc;
};

/* Is there an error in it? */
static bool read_bank(unsigned int nr, struct bank *b)
{
	*b = (struct bank){ .nr = nr };
	if (rdmsr_safe(MSR_MC_STATUS(nr), &b->status) ||
	    !(b->status & MC_STATUS_VAL))
		return false;
	if (b->status & MC_STATUS_ADDRV)
		(void)rdmsr_safe(MSR_MC_ADDR(nr), &b->addr);
	if (b->status & MC_STATUS_MISCV)
		(void)rdmsr_safe(MSR_MC_MISC(nr), &b->misc);
	return true;
}

static bool is_fatal(const struct bank *b)
{
	return b->status & (MC_STATUS_UC | MC_STATUS_PCC);
}

static void print_bank(const struct bank *b)
{
	printk("CPU %u bank %u: status %016lx address %016lx misc %016lx: "
	       "%s%s\n", smp_processor_id(), b->nr, b->status, b->addr,
	       b->misc, is_fatal(b) ? "uncorrected" : "corrected",
	       b->status & MC_STATUS_OVER ? ", more were lost" : "");
}

/*
 * Prints what there is, and clears what did no harm; a panic leaves the rest
 * for the firmware to read. Return: is there such a rest? *@worst is the first.
 */
static bool harvest_banks(struct bank *worst)
{
	unsigned int i, nr = nr_banks();
	bool harm = false;
	struct bank b;

	for (i = 0; i < nr; i++) {
		if (!read_bank(i, &b))
			continue;
		print_bank(&b);
		if (!is_fatal(&b))
			(void)wrmsr_safe(MSR_MC_STATUS(i), 0);
		else if (!harm)
			*worst = b;
		harm |= is_fatal(&b);
	}
	return harm;
}

/*
 * entry.S, by trap_on_ist(). The interrupted code may have been printing: then
 * our lines are lost in a panic, and its sentence must do.
 */
void do_machine_check(struct cpu_user_regs *regs)
{
	uint64_t status = 0;
	struct bank worst;

	(void)rdmsr_safe(MSR_MCG_STATUS, &status);
	printk(LOG_WARN "Machine check on CPU %u, status %lx\n",
	       smp_processor_id(), status);
	if (harvest_banks(&worst))
		panic_regs(regs, "Machine check: uncorrected error in bank %u: "
			   "status %016lx address %016lx misc %016lx",
			   worst.nr, worst.status, worst.addr, worst.misc);
	if (!(status & MCG_STATUS_RIPV))
		panic_regs(regs, "Machine check: what was interrupted cannot "
			   "go on");
	/* Until this is clear, the next one is a reset. */
	(void)wrmsr_safe(MSR_MCG_STATUS, 0);
}

/**
 * mce_init_this() - let this CPU tell of its errors
 *
 * Whatever is in the banks is of before a reset: it is told and cleared.
 *
 * Context: each CPU once, IRQs off, CR4.MCE set.
 */
void mce_init_this(void)
{
	unsigned int bank, nr = nr_banks();
	struct bank worst;
	uint64_t cap;

	if (!nr)
		return;
	(void)harvest_banks(&worst);
	if (!rdmsr_safe(MSR_MCG_CAP, &cap) && (cap & MCG_CAP_CTL))
		(void)wrmsr_safe(MSR_MCG_CTL, ~0UL);
	for (bank = 0; bank < nr; bank++) {
		(void)wrmsr_safe(MSR_MC_CTL(bank), ~0UL);
		(void)wrmsr_safe(MSR_MC_STATUS(bank), 0);
	}
	(void)wrmsr_safe(MSR_MCG_STATUS, 0);
}
