/* SPDX-License-Identifier: MIT */
/*
 * world.c - a simulated machine for the tests of interrupts
 *
 * Registers are recorded, and an order-of-events log says what happened to the
 * source, the local APIC and the guest in which order.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>

struct acpi_info acpi_info;
struct cpu_features cpu_features;

/* ---- what happened, in order ---- */

char events[256];

void event(const char *what)
{
	strncat(events, what, sizeof(events) - strlen(events) - 1);
}

/* ---- IO-APIC ---- */

static uint32_t ioapic_window[8];
uint32_t ioapic_regs[0x40];
const uint32_t ioapic_version = (NR_PINS - 1) << 16 | 0x20;
char bar_memory[4 * PAGE_SIZE];

static bool mmio_read(const volatile void *p, unsigned int bytes, uint32_t *v)
{
	if (p != &ioapic_window[4])
		return false;
	*v = ioapic_window[0] == 1 ? ioapic_version :
				     ioapic_regs[ioapic_window[0]];
	return true;
}

static bool mmio_write(volatile void *p, unsigned int bytes, uint32_t v)
{
	uint32_t reg = ioapic_window[0];

	if (p != &ioapic_window[4])
		return false;
	if (reg >= 0x10 && reg % 2 == 0 &&
	    (v & MASKED) != (ioapic_regs[reg] & MASKED))
		event(v & MASKED ? "mask " : "open ");
	if (reg >= 0x10 && reg % 2 == 0)
		v = (v & ~REMOTE_IRR) |
		    (v & LEVEL ? ioapic_regs[reg] & REMOTE_IRR : 0);
	ioapic_regs[reg] = v;
	return true;
}

uint32_t pin_low(unsigned int gsi)
{
	return ioapic_regs[0x10 + 2 * gsi];
}

uint32_t pin_dest(unsigned int gsi)
{
	return ioapic_regs[0x11 + 2 * gsi] >> 24;
}

void *ioremap(paddr_t addr, size_t size)
{
	if (paddr_x(addr) == IOAPIC_BASE)
		return ioapic_window;
	assert_true(paddr_x(addr) >= 0xd0000000 &&
		    paddr_x(addr) + size <= 0xd0000000 + sizeof(bar_memory));
	return bar_memory + (paddr_x(addr) - 0xd0000000);
}

void iounmap(void *va)
{
}

/* RAM is below 1 GiB. */
bool mfn_valid(mfn_t mfn)
{
	return mfn_x(mfn) < 0x40000;
}

unsigned int allocations_left = ~0U;

void *kzalloc(size_t size)
{
	return allocations_left && allocations_left-- ? calloc(1, size) : NULL;
}

void *kcalloc(size_t nr, size_t size)
{
	return calloc(nr, size);
}

void kfree(void *p)
{
	free(p);
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
}

/* ---- time ---- */

uint64_t now_ns;
struct timer *armed;

uint64_t system_time_ns(void)
{
	return now_ns;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg,
		unsigned int cpu)
{
	t->fn = fn;
	t->arg = arg;
}

void timer_set(struct timer *t, uint64_t expires_ns)
{
	t->expires_ns = expires_ns;
	armed = t;
}

/* ---- the rest ---- */

unsigned long find_next_bit(const unsigned long *map, unsigned long size,
			    unsigned long from)
{
	while (from < size && !(map[from / 64] >> from % 64 & 1))
		from++;
	return min(from, size);
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size,
				 unsigned long from)
{
	while (from < size && map[from / 64] >> from % 64 & 1)
		from++;
	return min(from, size);
}

/* ---- local APICs ---- */

unsigned int nr_eois;
bool cleanup_pending[NR_TEST_CPUS];
mfn_t platform_frame;

void apic_eoi(void)
{
	nr_eois++;
	event("eoi ");
}

void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
	assert_int_equal(vector, VEC_IRQ_CLEANUP);
	cleanup_pending[cpu] = true;
}

void apic_send_self(unsigned int vector)
{
	apic_send_ipi(fake_cpu_id, vector);
}

mfn_t apic_mmio_mfn(void)
{
	return MFN(LAPIC_BASE >> PAGE_SHIFT);
}

mfn_t platform_mmio_mfn(void)
{
	return platform_frame;
}

/* Not the same as the number, to tell them apart; CPU 3 is out of reach. */
unsigned int cpu_apic_id(unsigned int cpu)
{
	return cpu == 3 ? 0x100 : 0x10 + cpu;
}

void interrupt(unsigned int cpu, unsigned int vector)
{
	unsigned int self = fake_cpu_id;
	bool off = fake_x86[cpu].irqs_off;

	fake_cpu_id = cpu;
	fake_x86[cpu].irqs_off = true;
	do_irq(guest_cpu_user_regs(), vector);
	assert_true(fake_x86[cpu].irqs_off);
	fake_x86[cpu].irqs_off = off;
	fake_cpu_id = self;
}

bool take_cleanup(unsigned int cpu)
{
	if (!cleanup_pending[cpu])
		return false;
	cleanup_pending[cpu] = false;
	interrupt(cpu, VEC_IRQ_CLEANUP);
	return true;
}

void take_cleanups(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_TEST_CPUS; cpu++)
		while (take_cleanup(cpu))
			;
}

unsigned int raise_gsi(unsigned int gsi)
{
	assert_false(pin_low(gsi) & MASKED);
	interrupt(pin_dest(gsi) - 0x10, pin_low(gsi) & 0xff);
	return pin_low(gsi) & 0xff;
}

/* ---- guests ---- */

struct domain *const guest_a = (struct domain *)0xa0;
struct domain *const guest_b = (struct domain *)0xb0;
unsigned int told_a, told_b, last_pirq;

static void notify(struct domain *d, unsigned int pirq)
{
	event("tell ");
	told_a += d == guest_a;
	told_b += d == guest_b;
	last_pirq = pirq;
}

/* ---- PCI: 00:01.0 has MSI at 0x50, 00:02.0 MSI-X at 0x60 in BAR 0 ---- */

uint8_t conf[2][256];
unsigned int msi_cap, msix_cap;
void (*conf_write_hook)(void);

static void run_conf_write_hook(void)
{
	void (*hook)(void) = conf_write_hook;

	conf_write_hook = NULL;
	if (hook)
		hook();
}

static bool has_msix(uint32_t sbdf)
{
	return sbdf == MSIX_DEV || sbdf >= TWIN_DEV(0);
}

static uint8_t *conf_of(uint32_t sbdf)
{
	return sbdf == MSI_DEV ? conf[0] : has_msix(sbdf) ? conf[1] : NULL;
}

#define DEFINE_CONF(bits)                                                     \
	uint##bits##_t pci_conf_read##bits(uint32_t sbdf, unsigned int reg)   \
	{                                                                     \
		uint##bits##_t v = (uint##bits##_t)~0U;                       \
		if (conf_of(sbdf))                                            \
			memcpy(&v, conf_of(sbdf) + reg, sizeof(v));           \
		return v;                                                     \
	}                                                                     \
	void pci_conf_write##bits(uint32_t sbdf, unsigned int reg,            \
				  uint##bits##_t v)                           \
	{                                                                     \
		run_conf_write_hook();                                        \
		memcpy(conf_of(sbdf) + reg, &v, sizeof(v));                   \
	}
DEFINE_CONF(8)
DEFINE_CONF(16)
DEFINE_CONF(32)

unsigned int pci_find_capability(uint32_t sbdf, uint8_t id)
{
	return sbdf == MSI_DEV && id == PCI_CAP_ID_MSI ? msi_cap :
	       has_msix(sbdf) && id == PCI_CAP_ID_MSIX ? msix_cap : 0;
}

void devices_reset(uint16_t msi_control)
{
	msi_cap = MSI_CAP;
	msix_cap = MSIX_CAP;
	memset(conf, 0, sizeof(conf));
	memcpy(conf[0], "\x34\x12", 2);
	memcpy(conf[0] + MSI_CAP + 2, &msi_control, 2);
	memcpy(conf[1], "\x34\x12", 2);
	conf[1][PCI_COMMAND] = PCI_COMMAND_MEMORY;
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0000004);	/* 64-bit */
	pci_conf_write32(MSIX_DEV, PCI_BAR(1), 0);
	pci_conf_write16(MSIX_DEV, MSIX_CAP + 2, 7);	/* 8 entries */
	pci_conf_write32(MSIX_DEV, MSIX_CAP + 4, 0x2000);	/* BIR 0 */
	memset(bar_memory, 0, sizeof(bar_memory));
}

uint32_t table_word(unsigned int entry, unsigned int offset)
{
	uint32_t v;

	memcpy(&v, bar_memory + 0x2000 + 16 * entry + offset, 4);
	return v;
}

const struct msi_request msi_one = { .sbdf = MSI_DEV, .nr_vectors = 1 };

struct msi_request msix_request(unsigned int entry)
{
	return (struct msi_request){ .sbdf = MSIX_DEV,
				     .table_base = 0xd0000000,
				     .entry = entry,
				     .nr_vectors = 1 };
}

/* ---- set-up ---- */

int setup(void **state)
{
	acpi_info.nr_ioapics = 2;
	acpi_info.ioapics[0].address = RAM_ADDRESS;
	acpi_info.ioapics[1].address = IOAPIC_BASE;
	acpi_info.have_fadt = true;
	acpi_info.sci_int = 9;
	acpi_info.nr_overrides = 3;
	acpi_info.overrides[0].source = 0;	/* PIT on pin 2 */
	acpi_info.overrides[0].gsi = 2;
	acpi_info.overrides[1].source = 9;	/* SCI: level, high */
	acpi_info.overrides[1].gsi = 9;
	acpi_info.overrides[1].flags = 0xd;
	acpi_info.overrides[2].source = 5;	/* level, low, moved */
	acpi_info.overrides[2].gsi = 20;
	acpi_info.overrides[2].flags = 0xf;
	cpu_features.phys_bits = 40;
	cpu_online_map.bits = (1UL << NR_TEST_CPUS) - 1;
	fake_mmio_read_hook = mmio_read;
	fake_mmio_write_hook = mmio_write;
	irq_guest_notify = notify;
	irq_init();
	return 0;
}

int start(void **state)
{
	fake_cpu_id = 0;
	platform_frame = INVALID_MFN;
	take_cleanups();
	told_a = told_b = nr_eois = 0;
	armed = NULL;
	events[0] = '\0';
	fake_log_clear();
	devices_reset(MSI_64 | MSI_PVM | MSI_4_MESSAGES);
	return 0;
}
