/* SPDX-License-Identifier: MIT */
/*
 * world.h - a simulated machine for the tests of interrupts
 *
 * One IO-APIC of 24 pins (and one that firmware puts into RAM), four CPUs'
 * local APICs, two PCI devices: 00:01.0 has MSI at 0x50, 00:02.0 MSI-X at 0x60,
 * its table in BAR 0.
 */
#ifndef TEST_IRQ_WORLD_H
#define TEST_IRQ_WORLD_H

#include "../fake/machine.h"

#include <lodge/pci.h>
#include <lodge/time.h>
#include "../../../hypervisor/irq/msi.h"

#define RAM_ADDRESS	0x10000000UL
#define IOAPIC_BASE	0xfec00000UL
#define HPET_BASE	0xfed00000UL
#define LAPIC_BASE	0xfee00000UL
#define NR_PINS		24
#define NR_TEST_CPUS	4

/* A pin's entry, its low half. */
#define MASKED		0x10000U
#define LEVEL		0x08000U
#define REMOTE_IRR	0x04000U
#define ACTIVE_LOW	0x02000U

/* What happened, in order: "mask ", "open ", "eoi ", "tell ", "run ". */
extern char events[256];
void event(const char *what);

extern uint32_t ioapic_regs[0x40];
extern const uint32_t ioapic_version;
uint32_t pin_low(unsigned int gsi);
uint32_t pin_dest(unsigned int gsi);

/* A vector comes to a CPU; a pin's to where it is sent, and which. */
void interrupt(unsigned int cpu, unsigned int vector);
unsigned int raise_gsi(unsigned int gsi);
extern unsigned int nr_eois;
/* VEC_IRQ_CLEANUP was sent; one CPU takes one, and whether; all take all. */
extern bool cleanup_pending[NR_TEST_CPUS];
bool take_cleanup(unsigned int cpu);
void take_cleanups(void);

/* System time stands still; the last timer that was armed. */
extern uint64_t now_ns;
extern struct timer *armed;

extern struct domain *const guest_a, *const guest_b;
extern unsigned int told_a, told_b, last_pirq;

extern unsigned int allocations_left;
extern mfn_t platform_frame;		/* registers of the platform clock */

#define MSI_DEV		PCI_SBDF(0, 0, 1 << 3)
#define MSIX_DEV	PCI_SBDF(0, 0, 2 << 3)
/* As many more as one likes: the MSI-X device once more. */
#define TWIN_DEV(n)	PCI_SBDF(1, (n) / 256, (n) % 256)
#define MSI_CAP		0x50
#define MSIX_CAP	0x60
/* Of the MSI capability's control. */
#define MSI_64		0x0080
#define MSI_PVM		0x0100
#define MSI_4_MESSAGES	0x0004

extern uint8_t conf[2][256];
extern unsigned int msi_cap, msix_cap;	/* where the devices have them */
/* Called once, before configuration space is written. May be NULL. */
extern void (*conf_write_hook)(void);
extern char bar_memory[4 * PAGE_SIZE];	/* the MSI-X device's BAR */
void devices_reset(uint16_t msi_control);
uint32_t table_word(unsigned int entry, unsigned int offset);
extern const struct msi_request msi_one;
struct msi_request msix_request(unsigned int entry);

int setup(void **state);
int start(void **state);
#define T(name) cmocka_unit_test_setup(name, start)

#endif
