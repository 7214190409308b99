/* SPDX-License-Identifier: MIT */
/*
 * panic.c - the end, told as well as it can be
 *
 * The first CPU that comes here stops the others, breaks the console's locks
 * and tells. One that panics meanwhile stands still. If telling itself goes
 * wrong, one more sentence is tried, then none.
 */
#include <lodge/atomic.h>
#include <lodge/boot.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/symbols.h>
#include <lodge/time.h>
#include <lodge/x86.h>

#define NOBODY		(~0U)
#define TAIL_LINES	40
#define REBOOT_DELAY_MS	5000

static unsigned int teller = NOBODY;	/* [a] the CPU that panicked first */
static unsigned int depth;		/* [C] of that CPU */

bool opt_noreboot;
PARAM_BOOL("noreboot", opt_noreboot,
	   "halt instead of rebooting after a panic or a crash of Dom0");

/* How often we came here before, on this CPU; others do not return. */
static unsigned int enter(void)
{
	unsigned int nobody = NOBODY, cpu = smp_processor_id();

	irq_disable();
	if (!atomic_cmpxchg(&teller, &nobody, cpu) && nobody != cpu)
		halt_forever();
	return depth++;
}

static void finish(void) __noreturn;
static void finish(void)
{
	if (opt_noreboot) {
		printk("Halted (noreboot).\n");
		halt_forever();
	}
	printk("Rebooting in %u seconds.\n", REBOOT_DELAY_MS / 1000);
	if (tsc_khz())
		mdelay(REBOOT_DELAY_MS);
	machine_restart();
}

/* The guest that this CPU runs, if any. */
static void tell_guest(void)
{
	const struct cpu_user_regs *r = guest_cpu_user_regs();
	const struct vcpu *v = current;

	if (!v || !v->domain)
		return;
	printk("Guest d%uv%u: rip %04x:%016lx rsp %04x:%016lx rflags %08lx\n",
	       v->domain->domid, v->id, r->cs, r->rip, r->ss, r->rsp,
	       r->rflags);
}

static void tell_head(const char *fmt, va_list ap)
{
	char buf[256];

	vsnprintf(buf, sizeof(buf), fmt, ap);
	printk("\n****************************************\n");
	printk("Panic on CPU %u: %s\n", smp_processor_id(), buf);
}

static void tell(const struct cpu_user_regs *regs, unsigned long rbp,
		 const char *fmt, va_list ap) __noreturn;
static void tell(const struct cpu_user_regs *regs, unsigned long rbp,
		 const char *fmt, va_list ap)
{
	unsigned int before = enter();

	if (before == 1) {
		console_force_unlock();
		printk("Panic within a panic: %s\n", fmt);
		finish();
	}
	if (before > 1 && opt_noreboot)
		halt_forever();
	if (before > 1)
		machine_restart();
	smp_stop_others();
	console_force_unlock();
	console_dump_tail(TAIL_LINES);
	tell_head(fmt, ap);
	if (regs) {
		show_registers(regs);
		backtrace(regs->rip, regs->rbp, regs->rsp);
	} else {
		backtrace(0, rbp, read_rsp());
	}
	tell_guest();
	finish();
}

/**
 * panic() - the hypervisor cannot go on
 * @fmt: one sentence, without an end of line
 *
 * Context: any, NMI included.
 */
void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(NULL, (unsigned long)__builtin_frame_address(0), fmt, ap);
}

/**
 * panic_regs() - panic() at the place of an exception
 * @regs: the frame of the exception, taken in the hypervisor
 * @fmt:  as panic()
 *
 * Context: any, NMI included.
 */
void panic_regs(const struct cpu_user_regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(regs, 0, fmt, ap);
}

/**
 * bug() - a condition that cannot be, is
 * @file: source file
 * @line: line there
 * @what: the condition, in words
 *
 * Context: any, NMI included.
 */
void bug(const char *file, unsigned int line, const char *what)
{
	panic("%s at %s:%u", what, file, line);
}
