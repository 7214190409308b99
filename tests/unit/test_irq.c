/* SPDX-License-Identifier: MIT */
/*
 * test_irq.c - interrupts on a simulated machine
 *
 * One IO-APIC of 24 pins, four CPUs' local APICs, two PCI devices: an MSI one
 * and an MSI-X one. Registers are recorded, and an order-of-events log says
 * what happened to the source, the local APIC and the guest in which order.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>
#include <lodge/pci.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/time.h>
#include "../../hypervisor/irq/msi.h"

#define IOAPIC_BASE	0xfec00000UL
#define HPET_BASE	0xfed00000UL
#define LAPIC_BASE	0xfee00000UL
#define NR_PINS		24
#define NR_TEST_CPUS	4

#define MASKED		0x10000U
#define LEVEL		0x08000U
#define REMOTE_IRR	0x04000U
#define ACTIVE_LOW	0x02000U

struct acpi_info acpi_info;

/* ---- what happened, in order ---- */

static char events[256];

static void event(const char *what)
{
	strncat(events, what, sizeof(events) - strlen(events) - 1);
}

/* ---- IO-APIC ---- */

static uint32_t ioapic_window[8], ioapic_regs[0x40];
static uint32_t ioapic_version = (NR_PINS - 1) << 16 | 0x20;
static char bar_memory[4 * PAGE_SIZE];	/* the MSI-X device's BAR */

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
		v = (v & ~REMOTE_IRR) | (ioapic_regs[reg] & REMOTE_IRR);
	ioapic_regs[reg] = v;
	return true;
}

static uint32_t pin_low(unsigned int gsi)
{
	return ioapic_regs[0x10 + 2 * gsi];
}

static uint32_t pin_dest(unsigned int gsi)
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

static unsigned int allocations_left = ~0U;

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

static unsigned int nr_eois;
static bool cleanup_pending[NR_TEST_CPUS];
static mfn_t platform_frame;

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

static void interrupt(unsigned int cpu, unsigned int vector)
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

static void take_cleanups(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_TEST_CPUS; cpu++)
		if (cleanup_pending[cpu]) {
			cleanup_pending[cpu] = false;
			interrupt(cpu, VEC_IRQ_CLEANUP);
		}
}

static unsigned int raise_gsi(unsigned int gsi)
{
	assert_false(pin_low(gsi) & MASKED);
	interrupt(pin_dest(gsi) - 0x10, pin_low(gsi) & 0xff);
	return pin_low(gsi) & 0xff;
}

/* ---- guests ---- */

static struct domain *const guest_a = (struct domain *)0xa0;
static struct domain *const guest_b = (struct domain *)0xb0;
static unsigned int told_a, told_b, last_pirq;

static void notify(struct domain *d, unsigned int pirq)
{
	event("tell ");
	told_a += d == guest_a;
	told_b += d == guest_b;
	last_pirq = pirq;
}

/* ---- PCI: 00:01.0 has MSI at 0x50, 00:02.0 MSI-X at 0x60 in BAR 0 ---- */

#define MSI_DEV		PCI_SBDF(0, 0, 1 << 3)
#define MSIX_DEV	PCI_SBDF(0, 0, 2 << 3)
#define MSI_CAP		0x50
#define MSIX_CAP	0x60

static uint8_t conf[2][256];

static uint8_t *conf_of(uint32_t sbdf)
{
	return sbdf == MSI_DEV ? conf[0] : sbdf == MSIX_DEV ? conf[1] : NULL;
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
		memcpy(conf_of(sbdf) + reg, &v, sizeof(v));                   \
	}
DEFINE_CONF(8)
DEFINE_CONF(16)
DEFINE_CONF(32)

unsigned int pci_find_capability(uint32_t sbdf, uint8_t id)
{
	return sbdf == MSI_DEV && id == PCI_CAP_ID_MSI ? MSI_CAP :
	       sbdf == MSIX_DEV && id == PCI_CAP_ID_MSIX ? MSIX_CAP : 0;
}

#define MSI_64	0x0080
#define MSI_PVM	0x0100
#define MSI_32_MESSAGES	0x000a
#define MSI_4_MESSAGES	0x0004

static void devices_reset(uint16_t msi_control)
{
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

static uint32_t table_word(unsigned int entry, unsigned int offset)
{
	uint32_t v;

	memcpy(&v, bar_memory + 0x2000 + 16 * entry + offset, 4);
	return v;
}

static const struct msi_request msi_one = { .sbdf = MSI_DEV, .nr_vectors = 1 };

static struct msi_request msix_request(unsigned int entry)
{
	return (struct msi_request){ .sbdf = MSIX_DEV,
				     .table_base = 0xd0000000,
				     .entry = entry,
				     .nr_vectors = 1 };
}

/* ---- set-up ---- */

static int setup(void **state)
{
	acpi_info.nr_ioapics = 1;
	acpi_info.ioapics[0].address = IOAPIC_BASE;
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
	cpu_online_map.bits = (1UL << NR_TEST_CPUS) - 1;
	fake_mmio_read_hook = mmio_read;
	fake_mmio_write_hook = mmio_write;
	irq_guest_notify = notify;
	irq_init();
	return 0;
}

static int start(void **state)
{
	fake_cpu_id = 0;
	platform_frame = INVALID_MFN;
	take_cleanups();
	told_a = told_b = nr_eois = 0;
	events[0] = '\0';
	fake_log_clear();
	devices_reset(MSI_64 | MSI_PVM | MSI_4_MESSAGES);
	return 0;
}

/* ---- IO-APIC ---- */

static void a_pins_mode_is_what_acpi_says(void **state)
{
	static const struct {
		unsigned int gsi;
		bool level, active_low;
	} want[] = {
		{ 1, false, false },  { 2, false, false }, { 4, false, false },
		{ 9, true, false },   { 15, false, false }, { 16, true, true },
		{ 20, true, true },   { 23, true, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		struct ioapic_mode m = ioapic_default_mode(want[i].gsi);

		assert_int_equal(m.level, want[i].level);
		assert_int_equal(m.active_low, want[i].active_low);
	}
	/* Without a word about the SCI it is PCI-like, also by an override
	 * that says "as the bus has it". */
	acpi_info.overrides[1].flags = 0;
	assert_true(ioapic_default_mode(9).level);
	assert_true(ioapic_default_mode(9).active_low);
	acpi_info.nr_overrides = 1;
	assert_true(ioapic_default_mode(9).level);
	assert_true(ioapic_default_mode(9).active_low);
	acpi_info.overrides[1].flags = 0xd;
	acpi_info.nr_overrides = 3;
}

static void entries_are_composed_as_the_82093aa_has_them(void **state)
{
	struct ioapic_mode edge = { false, false }, pci = { true, true };

	assert_int_equal(ioapic_compose(0x31, 0x12, edge, false),
			 0x1200000000000031);
	assert_int_equal(ioapic_compose(0xdf, 0xfe, pci, true),
			 0xfe0000000001a0df);
}

static void everything_is_masked_at_first(void **state)
{
	unsigned int gsi;

	assert_int_equal(irq_nr_gsis(), NR_PINS);
	for (gsi = 0; gsi < NR_PINS; gsi++)
		assert_int_equal(pin_low(gsi), MASKED);
}

static void a_guest_reads_registers_that_there_are(void **state)
{
	uint32_t v = 0;

	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 1, &v), 0);
	assert_int_equal(v, ioapic_version);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 0x3f, &v), 0);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 0x40, &v), -EINVAL);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 0x3, &v), -EINVAL);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, ~0U, &v), -EINVAL);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE + 16, 1, &v), -EINVAL);
}

static void a_mode_is_not_changed_under_a_user(void **state)
{
	assert_int_equal(irq_setup_gsi(NR_PINS, true, true), -EINVAL);
	assert_int_equal(irq_setup_gsi(16, true, false), 0);
	assert_int_equal(irq_bind_guest(16, guest_a, 16, true), 0);
	assert_int_equal(pin_low(16) & (LEVEL | ACTIVE_LOW), LEVEL);
	assert_int_equal(irq_setup_gsi(16, true, false), -EEXIST);
	assert_int_equal(irq_setup_gsi(16, true, true), -EINVAL);
	assert_int_equal(irq_setup_gsi(16, false, false), -EINVAL);
	irq_unbind_guest(16, guest_a);
	assert_int_equal(irq_setup_gsi(16, true, true), 0);
}

/* ---- delivery ---- */

static void a_level_line_is_quiet_until_it_was_served(void **state)
{
	assert_int_equal(irq_bind_guest(17, guest_a, 117, true), 0);
	assert_true(irq_needs_eoi(17));
	assert_int_equal(pin_low(17) & (LEVEL | ACTIVE_LOW | MASKED),
			 LEVEL | ACTIVE_LOW);
	events[0] = '\0';
	raise_gsi(17);
	assert_string_equal(events, "mask eoi tell ");
	assert_int_equal(last_pirq, 117);
	irq_guest_eoi(17, guest_b);	/* none of its business */
	assert_true(pin_low(17) & MASKED);
	irq_guest_eoi(17, guest_a);
	assert_string_equal(events, "mask eoi tell open ");
	irq_guest_eoi(17, guest_a);	/* once more does nothing */
	assert_string_equal(events, "mask eoi tell open ");
	irq_unbind_guest(17, guest_a);
	assert_true(pin_low(17) & MASKED);
}

static void a_shared_line_waits_for_all(void **state)
{
	assert_int_equal(irq_bind_guest(18, guest_a, 18, true), 0);
	assert_int_equal(irq_bind_guest(18, guest_b, 99, true), 0);
	assert_true(irq_is_shared(18));
	raise_gsi(18);
	assert_int_equal(told_a, 1);
	assert_int_equal(told_b, 1);
	irq_guest_eoi(18, guest_a);
	assert_true(pin_low(18) & MASKED);
	irq_guest_eoi(18, guest_b);
	assert_false(pin_low(18) & MASKED);
	/* One that goes without a word does not hold up the other. */
	raise_gsi(18);
	irq_guest_eoi(18, guest_b);
	irq_unbind_guest(18, guest_a);
	assert_false(pin_low(18) & MASKED);
	assert_false(irq_is_shared(18));
	/* The last one closes it. */
	raise_gsi(18);
	irq_unbind_guest(18, guest_b);
	assert_true(pin_low(18) & MASKED);
}

static void joining_a_line_that_waits_does_not_open_it(void **state)
{
	assert_int_equal(irq_bind_guest(18, guest_a, 18, true), 0);
	raise_gsi(18);
	assert_int_equal(irq_bind_guest(18, guest_b, 18, true), 0);
	assert_true(pin_low(18) & MASKED);
	irq_guest_eoi(18, guest_a);
	assert_false(pin_low(18) & MASKED);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(18, guest_b);
}

static void an_edge_is_acknowledged_before_anybody_is_told(void **state)
{
	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	assert_false(irq_needs_eoi(1));
	assert_int_equal(pin_low(1) & (LEVEL | MASKED), 0);
	events[0] = '\0';
	raise_gsi(1);
	assert_string_equal(events, "eoi tell ");
	raise_gsi(1);
	assert_int_equal(told_a, 2);
	irq_unbind_guest(1, guest_a);
}

static void handler(void *arg)
{
	event("run ");
	++*(unsigned int *)arg;
}

static void binding_is_refused_where_it_must_be(void **state)
{
	static unsigned int runs;

	assert_int_equal(irq_request_gsi(4, handler, &runs, "serial"), 0);
	assert_int_equal(irq_request_gsi(4, handler, &runs, "again"), -EBUSY);
	assert_int_equal(irq_request_gsi(NR_PINS, handler, &runs, "x"),
			 -EINVAL);
	assert_int_equal(irq_bind_guest(4, guest_a, 4, true), -EBUSY);
	assert_int_equal(irq_bind_guest(NR_PINS, guest_a, 4, true), -EINVAL);
	assert_int_equal(irq_bind_guest(~0U, guest_a, 4, true), -EINVAL);
	/* Edges cannot be shared; nor what one of two does not share. */
	assert_int_equal(irq_bind_guest(1, guest_a, 1, true), 0);
	assert_int_equal(irq_bind_guest(1, guest_b, 1, true), -EBUSY);
	assert_int_equal(irq_bind_guest(17, guest_a, 17, true), 0);
	assert_int_equal(irq_bind_guest(17, guest_b, 17, false), -EBUSY);
	assert_int_equal(irq_bind_guest(17, guest_a, 18, true), -EBUSY);
	assert_int_equal(irq_bind_guest(18, guest_a, 18, false), 0);
	assert_int_equal(irq_bind_guest(18, guest_b, 18, true), -EBUSY);
	assert_int_equal(irq_request_gsi(17, handler, &runs, "x"), -EBUSY);
	irq_unbind_guest(1, guest_a);
	irq_unbind_guest(17, guest_a);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(~0U, guest_a);

	events[0] = '\0';
	raise_gsi(4);
	assert_string_equal(events, "eoi run ");
	assert_int_equal(runs, 1);
}

static void shares_are_limited(void **state)
{
	unsigned long i;

	for (i = 0; i < IRQ_MAX_GUESTS; i++)
		assert_int_equal(irq_bind_guest(19, (struct domain *)(i + 1),
						19, true), 0);
	assert_int_equal(irq_bind_guest(19, guest_a, 19, true), -EBUSY);
	for (i = 0; i < IRQ_MAX_GUESTS; i++)
		irq_unbind_guest(19, (struct domain *)(i + 1));
}

static unsigned int again_runs;

/* While it runs on CPU 0 the same edge arrives on another CPU. */
static void handler_with_another_edge(void *arg)
{
	if (++again_runs == 1)
		interrupt(0, pin_low(3) & 0xff);
	assert_true(again_runs <= 2);
}

static void an_edge_during_its_handler_is_not_lost(void **state)
{
	assert_int_equal(irq_request_gsi(3, handler_with_another_edge, NULL,
					 "edge"), 0);
	raise_gsi(3);
	assert_int_equal(again_runs, 2);
	assert_int_equal(nr_eois, 2);
}

static void our_level_line_is_open_again_after_its_handler(void **state)
{
	static unsigned int runs;

	assert_int_equal(irq_request_gsi(22, handler, &runs, "level"), 0);
	events[0] = '\0';
	raise_gsi(22);
	assert_string_equal(events, "mask eoi run open ");
}

static void strays_are_counted_and_said_once(void **state)
{
	uint64_t before = irq_stray_count();

	interrupt(1, 0xc0);
	interrupt(1, 0xc0);
	assert_int_equal(irq_stray_count(), before + 2);
	assert_int_equal(nr_eois, 2);
	assert_non_null(strstr(fake_log, "0xc0"));
	assert_null(strstr(strstr(fake_log, "0xc0") + 1, "0xc0"));
	/* A spurious interrupt is not in service: no EOI. */
	interrupt(1, VEC_SPURIOUS);
	assert_int_equal(nr_eois, 2);
	interrupt(1, 0xf5);		/* fixed, but nobody's */
	assert_int_equal(nr_eois, 3);
	assert_int_equal(irq_stray_count(), before + 4);
}

static void one_that_comes_while_it_is_unbound_is_nobodys(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	vector = pin_low(1) & 0xff;
	irq_unbind_guest(1, guest_a);
	interrupt(0, vector);		/* was on its way */
	assert_int_equal(told_a, 0);
	assert_int_equal(nr_eois, 1);
	assert_int_equal(irq_desc(1)->nr_unclaimed, 1);
	take_cleanups();
	interrupt(0, vector);
	assert_non_null(strstr(fake_log, "belongs to nobody"));
}

/* ---- moving ---- */

static void an_edge_moves_with_its_vector_at_the_next_interrupt(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	vector = pin_low(1) & 0xff;
	irq_set_affinity(1, 2);
	assert_int_equal(pin_dest(1), 0x10);
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x12);
	assert_int_equal(pin_low(1) & 0xff, vector);
	/* One more comes by the old route: it counts. */
	interrupt(0, vector);
	assert_int_equal(told_a, 2);
	assert_false(cleanup_pending[0]);
	raise_gsi(1);
	assert_true(cleanup_pending[0]);
	interrupt(0, vector);		/* still on its way: counts as well */
	assert_int_equal(told_a, 4);
	take_cleanups();
	fake_cpu_id = 0;
	assert_int_equal(vector_to_irq(vector), -1);
	irq_set_affinity(1, 0);
	irq_unbind_guest(1, guest_a);
}

static void an_edge_stays_where_its_vector_is_taken_there(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	vector = pin_low(1) & 0xff;
	assert_int_equal(vector_alloc(2, 500, vector, true), vector);
	irq_set_affinity(1, 2);
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x10);
	vector_release(2, vector);
	take_cleanups();
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x12);
	irq_set_affinity(1, 0);
	irq_unbind_guest(1, guest_a);
}

static void a_level_line_does_not_move_while_in_flight(void **state)
{
	assert_int_equal(irq_bind_guest(17, guest_a, 17, true), 0);
	irq_set_affinity(17, 1);
	ioapic_regs[0x10 + 2 * 17] |= REMOTE_IRR;
	raise_gsi(17);
	assert_int_equal(pin_dest(17), 0x10);
	irq_guest_eoi(17, guest_a);
	ioapic_regs[0x10 + 2 * 17] &= ~REMOTE_IRR;
	raise_gsi(17);
	assert_int_equal(pin_dest(17), 0x11);
	irq_guest_eoi(17, guest_a);
	raise_gsi(17);
	assert_int_equal(told_a, 3);
	irq_set_affinity(17, 0);
	irq_unbind_guest(17, guest_a);
}

static void it_does_not_move_where_it_cannot_arrive(void **state)
{
	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	irq_set_affinity(1, 3);		/* APIC id too wide */
	irq_set_affinity(1, 17);	/* not there */
	irq_set_affinity(1, ~0U);
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x10);
	irq_unbind_guest(1, guest_a);
}

/* ---- vectors ---- */

static void vectors_are_all_given_out_but_the_reserved(void **state)
{
	bool seen[256] = { false };
	unsigned int n = 0, vector;
	int v;

	while ((v = vector_alloc(2, 600, 0, false)) > 0) {
		assert_true(v >= VEC_FIRST_DYNAMIC && v <= VEC_LAST_DYNAMIC);
		assert_true(v != 0x80 && v != 0x82 && v != VEC_IRQ_CLEANUP);
		assert_false(seen[v]);
		seen[v] = true;
		n++;
	}
	assert_int_equal(v, -ENOSPC);
	assert_int_equal(n, VEC_LAST_DYNAMIC - VEC_FIRST_DYNAMIC + 1 - 2);
	/* Given up, but not free before the CPU has taken what it had. */
	vector_release(2, 0x55);
	assert_int_equal(vector_alloc(2, 601, 0, false), -ENOSPC);
	take_cleanups();
	assert_int_equal(vector_alloc(2, 601, 0, false), 0x55);
	for (vector = 0; vector < 256; vector++)
		if (seen[vector])
			vector_release(2, vector);
	take_cleanups();
}

static void blocks_of_vectors_are_aligned_and_whole(void **state)
{
	int a, b;
	unsigned int i;

	a = vector_alloc_block(1, 700, 32);
	b = vector_alloc_block(1, 732, 32);
	assert_true(a > 0 && b > 0 && a != b);
	assert_int_equal(a % 32, 0);
	assert_int_equal(b % 32, 0);
	/* 0x40, 0x60, 0xa0, 0xc0 fit; 0x20 and 0x80 have a reserved one. */
	assert_true(vector_alloc_block(1, 764, 32) > 0);
	assert_true(vector_alloc_block(1, 796, 32) > 0);
	assert_int_equal(vector_alloc_block(1, 828, 32), -ENOSPC);
	fake_cpu_id = 1;
	for (i = 0; i < 32; i++)
		assert_int_equal(vector_to_irq((unsigned int)a + i), 700 + i);
	fake_cpu_id = 0;
	for (i = 0x40; i < 0xe0; i++)
		if (i < 0x80 || i >= 0xa0)
			vector_release(1, i);
	take_cleanups();
}

/* ---- MSI ---- */

static uint16_t msi_control(void)
{
	return pci_conf_read16(MSI_DEV, MSI_CAP + 2);
}

static void messages_are_composed_as_the_sdm_has_them(void **state)
{
	struct msi_message m = msi_compose(0x61, 0x12);

	assert_int_equal(m.address, 0xfee12000);
	assert_int_equal(m.data, 0x61);
}

static void msi_with_masks_is_programmed_masked(void **state)
{
	unsigned int irq, vector;

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_true(irq >= NR_PINS);
	assert_int_equal(msi_group_size(irq), 1);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee10000);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 8), 0);
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 12);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~0U);
	assert_true(msi_control() & 1);
	assert_false(irq_needs_eoi(irq));

	assert_int_equal(irq_bind_guest(irq, guest_a, 77, false), 0);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~1U);
	events[0] = '\0';
	interrupt(0, vector);
	assert_string_equal(events, "eoi tell ");
	assert_int_equal(last_pirq, 77);
	irq_set_affinity(irq, 1);
	interrupt(0, vector);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee11000);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~1U);

	irq_unbind_guest(irq, guest_a);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~0U);
	msi_free(irq);
	assert_false(msi_control() & 1);
	assert_int_equal(msi_group_size(irq), 0);
	assert_int_equal(irq_bind_guest(irq, guest_a, 77, false), -EINVAL);
	msi_free(irq);
}

static void msi_without_masks_is_switched_as_a_whole(void **state)
{
	unsigned int irq, vector;

	devices_reset(0);		/* 32-bit, no masks */
	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_false(msi_control() & 1);
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 8);
	assert_int_equal(irq_bind_guest(irq, guest_a, 7, false), 0);
	assert_true(msi_control() & 1);
	/* A torn message must not be: the vector stays, or all stays. */
	assert_int_equal(vector_alloc(1, 500, vector, true), vector);
	irq_set_affinity(irq, 1);
	interrupt(0, vector);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee10000);
	vector_release(1, vector);
	take_cleanups();
	interrupt(0, vector);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee11000);
	assert_int_equal(pci_conf_read16(MSI_DEV, MSI_CAP + 8), vector);
	irq_unbind_guest(irq, guest_a);
	assert_false(msi_control() & 1);
	msi_free(irq);
}

static void several_messages_share_a_capability(void **state)
{
	struct msi_request rq = { .sbdf = MSI_DEV, .nr_vectors = 4 };
	unsigned int irq, i, vector;

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_int_equal(msi_group_size(irq), 4);
	assert_int_equal(msi_group_size(irq + 1), 0);
	assert_int_equal(msi_control() & 0x71, 0x21);	/* 2^2, enabled */
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 12);
	assert_int_equal(vector % 4, 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(irq_bind_guest(irq + i, guest_a, 100 + i,
						false), 0);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~15U);
	assert_int_equal(pci_conf_read16(MSI_DEV, MSI_CAP + 12), vector);
	interrupt(0, vector + 3);
	assert_int_equal(last_pirq, 103);
	irq_set_affinity(irq + 1, 2);
	interrupt(0, vector + 1);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee10000);
	for (i = 0; i < 4; i++)
		irq_unbind_guest(irq + i, guest_a);
	msi_free(irq);
}

static void wrong_requests_for_messages_change_nothing(void **state)
{
	static const unsigned int bad[] = { 0, 3, 8, 32, 64, ~0U };
	struct msi_request rq = msi_one;
	uint8_t before[2][256];
	unsigned int irq = 12345, i;

	memcpy(before, conf, sizeof(conf));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		rq.nr_vectors = bad[i];
		assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	}
	rq.nr_vectors = 1;
	rq.sbdf = MSIX_DEV;		/* has no MSI */
	assert_int_equal(msi_alloc(&rq, &irq), -ENODEV);
	rq.sbdf = PCI_SBDF(0, 9, 9);	/* not there */
	assert_int_equal(msi_alloc(&rq, &irq), -ENODEV);
	assert_int_equal(irq, 12345);
	assert_memory_equal(before, conf, sizeof(conf));

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_int_equal(msi_alloc(&msi_one, &i), -EBUSY);
	msi_free(irq);
}

static void no_memory_no_message(void **state)
{
	unsigned int irq;

	allocations_left = 0;
	assert_int_equal(msi_alloc(&msi_one, &irq), -ENOMEM);
	allocations_left = ~0U;
	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	msi_free(irq);
}

/* ---- MSI-X ---- */

#define TABLE_MFN MFN(0xd0002)

static void msix_entries_are_written_by_us_alone(void **state)
{
	struct msi_request rq = msix_request(5);
	unsigned int irq, irq2, vector;

	assert_false(irq_mmio_protected(TABLE_MFN));
	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	assert_true(irq_mmio_protected(TABLE_MFN));
	assert_false(irq_mmio_protected(MFN(0xd0001)));
	assert_false(irq_mmio_protected(MFN(0xd0003)));

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_int_equal(msi_alloc(&rq, &irq2), -EBUSY);
	assert_int_equal(pci_conf_read16(MSIX_DEV, MSIX_CAP + 2), 0x8007);
	assert_int_equal(table_word(5, 0), 0xfee10000);
	assert_int_equal(table_word(5, 4), 0);
	vector = table_word(5, 8);
	assert_int_equal(table_word(5, 12), 1);
	assert_int_equal(table_word(0, 12), 1);		/* never asked for */
	assert_int_equal(irq_bind_guest(irq, guest_b, 55, false), 0);
	assert_int_equal(table_word(5, 12), 0);
	interrupt(0, vector);
	assert_int_equal(told_b, 1);
	irq_set_affinity(irq, 2);
	interrupt(0, vector);
	assert_int_equal(table_word(5, 0), 0xfee12000);
	assert_int_equal(table_word(5, 12), 0);
	interrupt(2, table_word(5, 8));
	assert_int_equal(told_b, 3);

	/* A device that lost it all gets it again. */
	memset(bar_memory + 0x2000, 0xee, 16 * 8);
	assert_int_equal(msi_restore(MSIX_DEV), 0);
	assert_int_equal(table_word(5, 0), 0xfee12000);
	assert_int_equal(table_word(5, 12), 0);
	assert_int_equal(msi_restore(PCI_SBDF(0, 9, 9)), -ENODEV);

	assert_int_equal(msi_device_remove(MSIX_DEV), -EBUSY);
	irq_unbind_guest(irq, guest_b);
	assert_int_equal(table_word(5, 12), 1);
	msi_free(irq);
	assert_int_equal(pci_conf_read16(MSIX_DEV, MSIX_CAP + 2), 7);
	assert_true(irq_mmio_protected(TABLE_MFN));
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
	assert_false(irq_mmio_protected(TABLE_MFN));
}

static void a_table_in_use_is_protected_without_being_announced(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq;

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_true(irq_mmio_protected(TABLE_MFN));
	msi_free(irq);
	assert_false(irq_mmio_protected(TABLE_MFN));
}

static void hostile_tables_are_refused(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq, bir;

	rq.entry = 8;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	rq.entry = ~0U;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	rq = msix_request(0);
	rq.table_base = 0xd0001000;	/* not what the BAR says */
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	rq = msix_request(0);
	conf[1][PCI_COMMAND] = 0;
	assert_int_equal(msi_alloc(&rq, &irq), -ENXIO);
	conf[1][PCI_COMMAND] = PCI_COMMAND_MEMORY;
	/* In RAM, on the IO-APIC, on the local APIC. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0x10000000);
	rq.table_base = 0x10000000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), IOAPIC_BASE - 0x2000);
	rq.table_base = IOAPIC_BASE - 0x2000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), LAPIC_BASE - 0x2000);
	rq.table_base = LAPIC_BASE - 0x2000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	/* Beyond the physical address space. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xfffffff4);
	pci_conf_write32(MSIX_DEV, PCI_BAR(1), 0xffffffff);
	rq.table_base = 0xfffffffffffffff0;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	/* In an I/O BAR; in a BAR that there is not, which Dom0 then would
	 * have to vouch for. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xc001);
	rq.table_base = 0x10000000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	for (bir = 5; bir < 8; bir++) {
		pci_conf_write32(MSIX_DEV, PCI_BAR(5), 0xd0000004);
		pci_conf_write32(MSIX_DEV, MSIX_CAP + 4, 0x2000 | bir);
		assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
		assert_int_equal(msi_device_add(MSIX_DEV), 0);
	}
	assert_false(irq_mmio_protected(MFN(0x10002)));
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
}

static void a_table_that_moves_is_followed_unless_in_use(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq;

	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0001004);
	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	assert_false(irq_mmio_protected(MFN(0xd0002)));
	assert_true(irq_mmio_protected(MFN(0xd0003)));
	rq.table_base = 0xd0001000;
	assert_int_equal(msi_alloc(&rq, &irq), 0);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0000004);
	assert_int_equal(msi_device_add(MSIX_DEV), -EBUSY);
	assert_true(irq_mmio_protected(MFN(0xd0003)));
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0001004);
	msi_free(irq);
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
}

static void controllers_registers_are_protected(void **state)
{
	assert_true(irq_mmio_protected(MFN(IOAPIC_BASE >> PAGE_SHIFT)));
	assert_true(irq_mmio_protected(MFN(LAPIC_BASE >> PAGE_SHIFT)));
	assert_false(irq_mmio_protected(MFN(0x12345)));
	assert_false(irq_mmio_protected(INVALID_MFN));
}

/* The platform clock may be a port, or an HPET: its page is ours then. */
static void the_clocks_registers_are_protected(void **state)
{
	mfn_t frame = MFN(HPET_BASE >> PAGE_SHIFT);

	assert_false(irq_mmio_protected(frame));
	platform_frame = frame;
	assert_true(irq_mmio_protected(frame));
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), (HPET_BASE - 0x2000) | 4);
	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	platform_frame = INVALID_MFN;
	assert_false(irq_mmio_protected(frame));
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
}

static void the_dump_names_what_is_bound(void **state)
{
	unsigned int irq;

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_int_equal(irq_bind_guest(irq, guest_a, 345, false), 0);
	irq_dump();
	assert_non_null(strstr(fake_log, "0000:00:01.0"));
	assert_non_null(strstr(fake_log, "pirq 345"));
	irq_unbind_guest(irq, guest_a);
	msi_free(irq);
}

#define T(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_pins_mode_is_what_acpi_says),
		T(entries_are_composed_as_the_82093aa_has_them),
		T(everything_is_masked_at_first),
		T(a_guest_reads_registers_that_there_are),
		T(a_mode_is_not_changed_under_a_user),
		T(a_level_line_is_quiet_until_it_was_served),
		T(a_shared_line_waits_for_all),
		T(joining_a_line_that_waits_does_not_open_it),
		T(an_edge_is_acknowledged_before_anybody_is_told),
		T(binding_is_refused_where_it_must_be),
		T(shares_are_limited),
		T(an_edge_during_its_handler_is_not_lost),
		T(our_level_line_is_open_again_after_its_handler),
		T(strays_are_counted_and_said_once),
		T(one_that_comes_while_it_is_unbound_is_nobodys),
		T(an_edge_moves_with_its_vector_at_the_next_interrupt),
		T(an_edge_stays_where_its_vector_is_taken_there),
		T(a_level_line_does_not_move_while_in_flight),
		T(it_does_not_move_where_it_cannot_arrive),
		T(vectors_are_all_given_out_but_the_reserved),
		T(blocks_of_vectors_are_aligned_and_whole),
		T(messages_are_composed_as_the_sdm_has_them),
		T(msi_with_masks_is_programmed_masked),
		T(msi_without_masks_is_switched_as_a_whole),
		T(several_messages_share_a_capability),
		T(wrong_requests_for_messages_change_nothing),
		T(no_memory_no_message),
		T(msix_entries_are_written_by_us_alone),
		T(a_table_in_use_is_protected_without_being_announced),
		T(hostile_tables_are_refused),
		T(a_table_that_moves_is_followed_unless_in_use),
		T(controllers_registers_are_protected),
		T(the_clocks_registers_are_protected),
		T(the_dump_names_what_is_bound),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
