/* SPDX-License-Identifier: MIT */
/*
 * locklevel.h - the order in which locks are taken
 *
 * A CPU may take a lock only while every lock it holds has a lower level, or
 * the same level where "nests" says by which order. docs/locking.md explains
 * each; the debug build checks each acquisition and prints both levels.
 */
#ifndef LODGE_LOCKLEVEL_H
#define LODGE_LOCKLEVEL_H

enum lock_level {
	LOCK_NONE = 0,		/* not checked: early boot, panic path */
	LOCK_DOMLIST = 10,	/* list of domains */
	LOCK_DOMAIN = 20,	/* life cycle of one domain */
	LOCK_VCPU = 25,		/* context and areas of one vCPU */
	LOCK_PCI = 30,		/* list of PCI devices */
	LOCK_GRANT = 40,	/* one grant table; nests, lower domid first */
	LOCK_EVTCHN = 45,	/* a domain's ports; nests, lower domid first */
	LOCK_PAGETABLE = 50,	/* one page table's entries; nests, L4 first */
	LOCK_DOMPAGES = 55,	/* list and count of a domain's frames */
	LOCK_VIRQ = 58,		/* owners of global virqs; IRQs off */
	LOCK_PORT = 60,		/* one event-channel port */
	LOCK_EVTQUEUE = 62,	/* one FIFO queue of events; lower address first */
	LOCK_IRQ = 65,		/* one interrupt descriptor; IRQs off */
	LOCK_IRQCHIP = 70,	/* IO-APIC registers, CF8/CFC; IRQs off */
	LOCK_POOL = 72,		/* CPU pools: who is in which */
	LOCK_RUNQ = 75,		/* one run queue; IRQs off; lower CPU first */
	LOCK_CAP = 77,		/* a domain's cap on CPU time; IRQs off */
	LOCK_TIMER = 80,	/* one CPU's timers; IRQs off */
	LOCK_RANGESET = 81,	/* one set of numbers: a domain's rights */
	LOCK_OBJECTS = 82,	/* small-object caches; IRQs off */
	LOCK_BUDDY = 84,	/* free lists of frames; IRQs off */
	LOCK_PAGING = 86,	/* the hypervisor's own page tables */
	LOCK_CALL = 88,		/* cross-CPU call and TLB shoot-down */
	LOCK_PLATFORM = 90,	/* platform clock, wall clock; IRQs off */
	LOCK_WALLCLOCK = 92,	/* writing shared_info's wall clock */
	LOCK_CONSOLE = 95,	/* log ring and serial port; IRQs off */
};

#endif
