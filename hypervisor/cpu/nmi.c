/* SPDX-License-Identifier: MIT */
/*
 * nmi.c - interrupts that nothing can mask: ours, and those of the machine
 *
 * An NMI that we sent is claimed by a handler. What is left comes from the
 * chip set, which tells the reason in port 0x61, or from a button; only the
 * boot CPU's LINT1 is wired to it. Option nmi= says what becomes of these.
 *
 * Locks: none can be taken here, and nothing may be waited for. What is to be
 * done at leisure is raised as WORK_NMI. The way out of an NMI does not look at
 * pending work, so the CPU interrupts itself then: it takes that as soon as the
 * interrupted code lets interrupts in, and a guest always does.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/lib.h>
#include <lodge/work.h>
#include <lodge/x86.h>
#include <xen/nmi.h>

/* IBM PC AT: system control port B, as far as it tells of NMIs. */
#define PORT_SYSTEM_B		0x61
#define SYSTEM_B_SERR		0x80
#define SYSTEM_B_IOCHK		0x40
#define SYSTEM_B_IOCHK_OFF	0x08
#define SYSTEM_B_SERR_OFF	0x04
#define SYSTEM_B_KEEP		0x0f

#define MAX_HANDLERS 4
static bool (*handlers[MAX_HANDLERS])(struct cpu_user_regs *regs); /* [I] */

static enum nmi_policy { NMI_IGNORE, NMI_DOM0, NMI_FATAL } policy =
	DEBUG_BUILD ? NMI_FATAL : NMI_DOM0;

static unsigned int unreported;		/* [a] reasons for the hook */
static bool ignored_once;		/* [C] boot CPU */

void (*nmi_report_hook)(unsigned int reasons);

static int __init parse_nmi(const char *value)
{
	static const char *const names[] = {
		[NMI_IGNORE] = "ignore",
		[NMI_DOM0] = "dom0",
		[NMI_FATAL] = "fatal",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(value, names[i]))
			continue;
		policy = (enum nmi_policy)i;
		return 0;
	}
	return -EINVAL;
}
PARAM_FN("nmi", parse_nmi, "NMIs of the machine: ignore, dom0 (the default of "
	 "the release build) or fatal (of the debug build)");

/*
 * The chip set's error lines are switched off once they have been seen: they
 * are edges of one event, and would come again at once.
 */
static unsigned int machine_reasons(void)
{
	uint8_t port = smp_processor_id() ? 0 : inb(PORT_SYSTEM_B);
	uint8_t off = port & SYSTEM_B_KEEP;
	unsigned int reasons = 0;

	if (port & SYSTEM_B_SERR) {
		reasons |= XEN_NMIREASON_pci_serr;
		off |= SYSTEM_B_SERR_OFF;
	}
	if (port & SYSTEM_B_IOCHK) {
		reasons |= XEN_NMIREASON_io_error;
		off |= SYSTEM_B_IOCHK_OFF;
	}
	if (!reasons)
		return XEN_NMIREASON_unknown;
	outb(PORT_SYSTEM_B, off);
	return reasons;
}

static const char *reason_text(unsigned int reasons)
{
	if (reasons & XEN_NMIREASON_pci_serr)
		return "PCI system error";
	if (reasons & XEN_NMIREASON_io_error)
		return "I/O check";
	return "no known reason";
}

static void machine_nmi(struct cpu_user_regs *regs)
{
	unsigned int reasons = machine_reasons();

	switch (policy) {
	case NMI_FATAL:
		panic_regs(regs, "NMI: %s", reason_text(reasons));
	case NMI_DOM0:
		(void)atomic_fetch_or(&unreported, reasons);
		work_raise(WORK_NMI);
		return;
	case NMI_IGNORE:
		if (!ignored_once)
			printk(LOG_WARN "NMI: %s; it and all later ones are "
			       "ignored\n", reason_text(reasons));
		ignored_once = true;
	}
}

static bool claimed(struct cpu_user_regs *regs)
{
	unsigned int i;

	for (i = 0; i < MAX_HANDLERS; i++)
		if (handlers[i] && handlers[i](regs))
			return true;
	return false;
}

/* On the NMI's own stack. */
void do_nmi(struct cpu_user_regs *regs)
{
	if (!claimed(regs))
		machine_nmi(regs);
	if (work_pending())
		apic_send_self(VEC_EVENT_CHECK);
}

/* WORK_NMI: IRQs on, no locks held. */
static void report(void)
{
	unsigned int reasons = atomic_xchg(&unreported, 0U);

	if (!reasons)
		return;
	printk(LOG_WARN "NMI: %s; Dom0 is told\n", reason_text(reasons));
	if (nmi_report_hook)
		nmi_report_hook(reasons);
}

/**
 * nmi_register() - add a handler that may claim an NMI
 * @fn: returns true if the NMI was its own; runs in NMI context
 *
 * Context: boot, one CPU.
 */
void nmi_register(bool (*fn)(struct cpu_user_regs *regs))
{
	unsigned int i;

	for (i = 0; i < MAX_HANDLERS; i++) {
		if (handlers[i])
			continue;
		handlers[i] = fn;
		return;
	}
	BUG();
}

/**
 * nmi_init() - NMIs for Dom0 can be delivered from here on
 *
 * Context: boot CPU, once.
 */
void __init nmi_init(void)
{
	work_register(WORK_NMI, report);
}
