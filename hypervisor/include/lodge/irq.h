/* SPDX-License-Identifier: MIT */
/*
 * irq.h - vectors, local APIC, IO-APIC, MSI; interrupts for us and for guests
 *
 * An irq is our number for one source: GSIs come first (irq == GSI), MSIs
 * follow. A guest knows it as a pirq. irq/ delivers to a guest by the hook
 * irq_guest_notify, which event/ sets: this layer knows no event channels.
 */
#ifndef LODGE_IRQ_H
#define LODGE_IRQ_H

#include <lodge/bitmap.h>
#include <lodge/types.h>

struct cpu_user_regs;
struct domain;

/* Fixed vectors; 0x21..0xdf are given out, higher ones win arbitration. The
 * lowest one says that a CPU has taken all it had accepted before. */
#define VEC_IRQ_CLEANUP		0x20
#define VEC_FIRST_DYNAMIC	0x21
#define VEC_LAST_DYNAMIC	0xdf
#define VEC_HYPERCALL_COMPAT	0x82
#define VEC_GUEST_SYSCALL32	0x80	/* never given out: int 0x80 */
#define VEC_APIC_TIMER		0xf0
#define VEC_EVENT_CHECK		0xf8
#define VEC_CALL_FUNCTION	0xf9
#define VEC_TLB_FLUSH		0xfa
#define VEC_APIC_ERROR		0xfe
#define VEC_SPURIOUS		0xff

/* From entry.S for every vector >= 0x20. IRQs off; EOIs as the kind wants. */
void do_irq(struct cpu_user_regs *regs, unsigned int vector);
/* Handlers for our fixed vectors (timer, IPIs); they run with IRQs off and the
 * interrupt already acknowledged. */
void vector_register(unsigned int vector, void (*fn)(struct cpu_user_regs *));

/* Interrupt controllers: MADT, overrides, IO-APICs masked, 8259 off. */
void irq_init(void);
unsigned int irq_nr_gsis(void);
/* Registers of the IO-APIC at that address, as a guest's kernel names them.
 * 0; -EINVAL: no such IO-APIC or register */
int ioapic_guest_read(uint64_t address, uint32_t reg, uint32_t *value);

/* Ours (serial port). 0; -EBUSY: somebody else's. */
int irq_request_gsi(unsigned int gsi, void (*fn)(void *), void *arg,
		    const char *name);

/* Trigger mode and polarity as Dom0 says; 0; -EINVAL no such GSI, or in use
 * in another mode; -EEXIST set so before. */
int irq_setup_gsi(unsigned int gsi, bool level, bool active_low);

/* For guests. @irq comes from a GSI or from msi_alloc(). */
extern void (*irq_guest_notify)(struct domain *d, unsigned int pirq);
/* 0; -EBUSY: bound already (and not sharable); -EINVAL no such irq.
 * @shareable: level-triggered lines only. Unmasked when bound. */
int irq_bind_guest(unsigned int irq, struct domain *d, unsigned int pirq,
		   bool shareable);
/* Returns when no notification for @d is under way on any CPU: the caller
 * holds no lock that irq_guest_notify takes (the port's). */
void irq_unbind_guest(unsigned int irq, struct domain *d);
/* The guest has served it: a level-triggered line is acknowledged now. */
void irq_guest_eoi(unsigned int irq, struct domain *d);
/* Does this irq want irq_guest_eoi (level)? */
bool irq_needs_eoi(unsigned int irq);
/* Do several guests have it? */
bool irq_is_shared(unsigned int irq);
/* Deliver to that CPU from now on (vCPU moved). */
void irq_set_affinity(unsigned int irq, unsigned int cpu);

/* ---- MSI and MSI-X; the device is sbdf: segment << 16 | bus << 8 | devfn ---- */
struct msi_request {
	uint32_t sbdf;
	uint64_t table_base;	/* MSI-X: address of the table's BAR, 0: MSI */
	unsigned int entry;	/* MSI-X: which */
	unsigned int nr_vectors;	/* MSI: 1, or 2^n for multiple messages */
};
/* First of the irqs in *irq. 0; -ENODEV, -EINVAL, -EBUSY, -ENOSPC, -ENOMEM */
int msi_alloc(const struct msi_request *rq, unsigned int *irq);
void msi_free(unsigned int irq);
/* Number of irqs that msi_alloc() gave beginning with @irq; 0: not the first
 * one of a message allocation. */
unsigned int msi_group_size(unsigned int irq);
/* Dom0 announced the device (MSI-X table's pages become read-only), or took
 * it away. 0; -EBUSY its messages are in use; -ENOMEM */
int msi_device_add(uint32_t sbdf);
int msi_device_remove(uint32_t sbdf);
/* Program its messages again (the device was reset or powered down). 0;
 * -ENODEV */
int msi_restore(uint32_t sbdf);
/* Is it a page that no guest may write (MSI-X table, IO-APIC, local APIC)? */
bool irq_mmio_protected(mfn_t mfn);

/* Dumps for the debug key 'i'. */
void irq_dump(void);

/* ---- local APIC (cpu/apic.c) ---- */
void apic_init_boot(void);	/* x2APIC or xAPIC; panics without any */
void apic_init_cpu(void);
uint32_t apic_id(void);
void apic_eoi(void);
mfn_t apic_mmio_mfn(void);
void apic_send_ipi(unsigned int cpu, unsigned int vector);
void apic_send_ipi_mask(const cpumask_t *mask, unsigned int vector);
/* Any context, NMI included. */
void apic_send_self(unsigned int vector);
void apic_send_nmi(unsigned int cpu);
void apic_send_nmi_others(void);
void apic_send_init(uint32_t apic_id);
void apic_send_sipi(uint32_t apic_id, unsigned int page);
/* Next timer interrupt of this CPU, at system time @ns; 0: none. */
void apic_timer_set(uint64_t ns);
/* At each of its interrupts, IRQs off: the watchdog's. */
extern void (*timer_tick_hook)(void);
/* Between these two calls the boot CPU's timer is counted, beside the TSC,
 * whose rate is told when it is known, and again when it is known better. */
void apic_timer_measure(void);
void apic_timer_measured(void);
void apic_timer_set_tsc_rate(uint64_t khz);

#endif
