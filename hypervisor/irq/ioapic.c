/* SPDX-License-Identifier: MIT */
/*
 * ioapic.c - the IO-APICs: pins, redirection entries, ISA overrides
 *
 * A pin's entry is written from its descriptor alone; nothing is read back
 * except the remote IRR bit, which says that a level-triggered interrupt is on
 * its way or in service. An IO-APIC clears that bit only for an EOI with the
 * entry's vector, so the vector of a level-triggered pin stays while it is set.
 *
 * Locks: ioapic_lock (LOCK_IRQCHIP) guards the index register of all IO-APICs.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

/* 82093AA: registers in memory, and indirect ones. */
#define IOREGSEL	0x00
#define IOWIN		0x10
#define REG_ID		0x00
#define REG_VERSION	0x01
#define REG_ENTRY(pin)	(0x10 + 2 * (pin))
#define MAX_PINS	240

#define ENTRY_ACTIVE_LOW	(1UL << 13)
#define ENTRY_REMOTE_IRR	(1UL << 14)
#define ENTRY_LEVEL		(1UL << 15)
#define ENTRY_MASKED		(1UL << 16)
#define ENTRY_DEST_SHIFT	56

/* ACPI 6, table 5-26: MPS INTI flags. */
#define INTI_POLARITY(f)	((f) & 3)
#define INTI_TRIGGER(f)		((f) >> 2 & 3)
#define INTI_BUS_DEFAULT	0
#define INTI_POLARITY_LOW	3
#define INTI_TRIGGER_LEVEL	3

#define NR_ISA_IRQS 16

struct ioapic {
	char *regs;		/* NULL: left out */
	uint64_t address;
	unsigned int gsi_base, nr_pins;
};

static struct ioapic ioapics[ACPI_MAX_IOAPICS];	/* [I] after ioapic_init */
static unsigned int nr_ioapics;
static spinlock_t ioapic_lock = SPINLOCK_INIT(LOCK_IRQCHIP);

static uint32_t read_reg(const struct ioapic *io, uint32_t reg)
{
	unsigned long flags = spin_lock_irqsave(&ioapic_lock);
	uint32_t v;

	mmio_write32(io->regs + IOREGSEL, reg);
	v = mmio_read32(io->regs + IOWIN);
	spin_unlock_irqrestore(&ioapic_lock, flags);
	return v;
}

static void write_reg(const struct ioapic *io, uint32_t reg, uint32_t v)
{
	unsigned long flags = spin_lock_irqsave(&ioapic_lock);

	mmio_write32(io->regs + IOREGSEL, reg);
	mmio_write32(io->regs + IOWIN, v);
	spin_unlock_irqrestore(&ioapic_lock, flags);
}

static const struct ioapic *gsi_to_ioapic(unsigned int gsi)
{
	const struct ioapic *io;

	for (io = ioapics; io < ioapics + nr_ioapics; io++)
		if (gsi >= io->gsi_base && gsi - io->gsi_base < io->nr_pins)
			return io;
	return NULL;
}

bool ioapic_has_gsi(unsigned int gsi)
{
	return gsi_to_ioapic(gsi) != NULL;
}

bool ioapic_owns_mfn(mfn_t mfn)
{
	const struct ioapic *io;

	for (io = ioapics; io < ioapics + nr_ioapics; io++)
		if (mfn_eq(mfn, paddr_to_mfn(PADDR(io->address))))
			return true;
	return false;
}

/* ---- what the firmware says of a pin ---- */

static struct ioapic_mode override_mode(uint16_t flags, struct ioapic_mode mode)
{
	if (INTI_POLARITY(flags) != INTI_BUS_DEFAULT)
		mode.active_low = INTI_POLARITY(flags) == INTI_POLARITY_LOW;
	if (INTI_TRIGGER(flags) != INTI_BUS_DEFAULT)
		mode.level = INTI_TRIGGER(flags) == INTI_TRIGGER_LEVEL;
	return mode;
}

/*
 * ISA lines are edges, active high; the SCI and PCI's lines are levels, active
 * low. An override gives an ISA line another pin, and may change its mode.
 */
struct ioapic_mode ioapic_default_mode(unsigned int gsi)
{
	static const struct ioapic_mode isa = { false, false };
	static const struct ioapic_mode pci = { true, true };
	unsigned int i;

	for (i = 0; i < acpi_info.nr_overrides; i++) {
		bool sci = acpi_info.have_fadt &&
			   acpi_info.overrides[i].source == acpi_info.sci_int;

		if (acpi_info.overrides[i].gsi == gsi)
			return override_mode(acpi_info.overrides[i].flags,
					     sci ? pci : isa);
	}
	if (acpi_info.have_fadt && gsi == acpi_info.sci_int)
		return pci;
	return gsi < NR_ISA_IRQS ? isa : pci;
}

uint64_t ioapic_compose(unsigned int vector, uint32_t apic_id,
			struct ioapic_mode mode, bool masked)
{
	return (uint64_t)apic_id << ENTRY_DEST_SHIFT |
	       (masked ? ENTRY_MASKED : 0) | (mode.level ? ENTRY_LEVEL : 0) |
	       (mode.active_low ? ENTRY_ACTIVE_LOW : 0) | vector;
}

/* ---- a pin, by its descriptor ---- */

static uint64_t desc_entry(const struct irq_desc *desc)
{
	struct ioapic_mode mode = { desc->level, desc->active_low };

	return ioapic_compose(desc->vector, cpu_apic_id(desc->cpu), mode,
			      desc->masked);
}

static uint32_t desc_reg(const struct irq_desc *desc, const struct ioapic *io)
{
	return REG_ENTRY(desc->irq - io->gsi_base);
}

/* The low half alone holds the mask bit: one store. */
static void pin_write_low(struct irq_desc *desc)
{
	const struct ioapic *io = gsi_to_ioapic(desc->irq);

	write_reg(io, desc_reg(desc, io), (uint32_t)desc_entry(desc));
}

/*
 * A level-triggered pin may wait for the EOI of an interrupt that was on its
 * way when its last user went. With a new vector it would wait for ever, as an
 * EOI names the vector. A pin that is made an edge, masked, forgets it.
 */
static void pin_forget(const struct irq_desc *desc, const struct ioapic *io)
{
	static const struct ioapic_mode edge = { false, false };

	if (read_reg(io, desc_reg(desc, io)) & ENTRY_REMOTE_IRR)
		write_reg(io, desc_reg(desc, io),
			  (uint32_t)ioapic_compose(desc->vector, 0, edge,
						   true));
}

/*
 * An open pin never has the new half of one route and the old half of another:
 * pin_movable() allows an open one a new CPU only, which is the high half.
 */
static void pin_route(struct irq_desc *desc)
{
	const struct ioapic *io = gsi_to_ioapic(desc->irq);
	uint64_t entry = desc_entry(desc);

	if (desc->masked)
		pin_forget(desc, io);
	write_reg(io, desc_reg(desc, io) + 1, (uint32_t)(entry >> 32));
	write_reg(io, desc_reg(desc, io), (uint32_t)entry);
}

/* An edge on a masked pin would be lost, so edges move unmasked. */
static enum irq_move pin_movable(const struct irq_desc *desc)
{
	const struct ioapic *io = gsi_to_ioapic(desc->irq);

	if (!desc->level)
		return IRQ_MOVE_CPU;
	if (read_reg(io, desc_reg(desc, io)) & ENTRY_REMOTE_IRR)
		return IRQ_MOVE_NOT;
	return IRQ_MOVE_CPU_AND_VECTOR;
}

const struct irq_chip ioapic_chip = {
	.name = "IO-APIC",
	.mask = pin_write_low,
	.unmask = pin_write_low,
	.route = pin_route,
	.movable = pin_movable,
};

/* ---- start ---- */

static void mask_all(const struct ioapic *io)
{
	unsigned int pin;

	for (pin = 0; pin < io->nr_pins; pin++) {
		write_reg(io, REG_ENTRY(pin), ENTRY_MASKED);
		write_reg(io, REG_ENTRY(pin) + 1, 0);
	}
}

static void init_one(unsigned int nr)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	uint32_t version;

	io->address = acpi_info.ioapics[nr].address;
	io->gsi_base = acpi_info.ioapics[nr].gsi_base;
	if (mfn_valid(paddr_to_mfn(PADDR(io->address)))) {
		printk(LOG_WARN "IO-APIC at 0x%lx: that is memory, left out\n",
		       io->address);
		return;
	}
	io->regs = ioremap(PADDR(io->address), 0x20);
	if (!io->regs)
		panic_no_memory("the mapping of an IO-APIC");
	version = read_reg(io, REG_VERSION);
	io->nr_pins = (version >> 16 & 0xff) + 1;
	if (version == ~0U || io->nr_pins > MAX_PINS) {
		printk(LOG_WARN "IO-APIC at 0x%lx does not answer, left out\n",
		       io->address);
		iounmap(io->regs);
		return;
	}
	mask_all(io);
	printk(LOG_INFO "IO-APIC %u at 0x%lx: GSI %u to %u\n",
	       acpi_info.ioapics[nr].id, io->address, io->gsi_base,
	       io->gsi_base + io->nr_pins - 1);
	nr_ioapics++;
}

/* The largest GSI we number; firmware that counts higher is wrong. */
#define MAX_GSIS 4096

unsigned int ioapic_init(void)
{
	unsigned int i, end, nr_gsis = 0;

	for (i = 0; i < acpi_info.nr_ioapics; i++)
		if (acpi_info.ioapics[i].gsi_base < MAX_GSIS - MAX_PINS)
			init_one(i);
	for (i = 0; i < nr_ioapics; i++) {
		end = ioapics[i].gsi_base + ioapics[i].nr_pins;
		nr_gsis = max(nr_gsis, end);
	}
	if (nr_ioapics == 0)
		panic("no IO-APIC: ACPI's MADT names none that answers; turn "
		      "ACPI and the IO-APIC on in the firmware's setup");
	return nr_gsis;
}

/**
 * ioapic_guest_read() - what a register of an IO-APIC holds
 * @address: where the IO-APIC is, as in the MADT
 * @reg:     indirect register
 * @value:   out
 *
 * Context: any; takes ioapic_lock.
 * Return: 0; -EINVAL no IO-APIC there, or it has no such register.
 */
int ioapic_guest_read(uint64_t address, uint32_t reg, uint32_t *value)
{
	const struct ioapic *io;

	for (io = ioapics; io < ioapics + nr_ioapics; io++) {
		if (io->address != address)
			continue;
		if (reg >= REG_ENTRY(io->nr_pins) ||
		    (reg > REG_VERSION + 1 && reg < REG_ENTRY(0)))
			return -EINVAL;
		*value = read_reg(io, reg);
		return 0;
	}
	return -EINVAL;
}
