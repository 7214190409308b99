/* SPDX-License-Identifier: MIT */
/*
 * config.c - PCI configuration space
 *
 * By memory (MCFG, PCI Express) where Dom0, or the memory map, says that the
 * range is really the bridge's; else by ports 0xcf8 and 0xcfc, which reach the
 * first 256 bytes of segment 0. A bus is mapped when it is first wanted: 1 MiB
 * of address space each.
 *
 * Locks: cf8_lock (LOCK_IRQCHIP) guards the port pair. A mapped bus is
 * published by one atomic store and stays.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/atomic.h>
#include <lodge/boot.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

#define CF8_ADDRESS	0xcf8
#define CFC_DATA	0xcfc
#define CF8_ENABLE	0x80000000U
#define CF8_REGISTER(a)	((a) & 0x80fffffcU)

#define NR_BUSES	256
#define BUS_SHIFT	20		/* bytes of MCFG for each bus */
#define CONF_SIZE	4096
#define CONF_SIZE_CF8	256

struct mcfg_range {
	uint64_t address;	/* of bus 0, whether it is in the range or not */
	uint16_t segment;
	uint8_t start_bus, end_bus;
	bool usable;		/* [a] */
	char *bus[NR_BUSES];	/* [a] NULL: not mapped yet */
};

static struct mcfg_range *ranges[ACPI_MAX_MCFG];	/* [I] after pci_init */
static unsigned int nr_ranges;
static spinlock_t cf8_lock = SPINLOCK_INIT(LOCK_IRQCHIP);

/* ---- memory-mapped ---- */

static struct mcfg_range *find_range(uint16_t segment, uint8_t bus)
{
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (ranges[i]->segment == segment &&
		    bus >= ranges[i]->start_bus && bus <= ranges[i]->end_bus)
			return ranges[i];
	return NULL;
}

/* NULL: no memory, or now is not the time to ask for it. */
static char *map_bus(struct mcfg_range *r, uint8_t bus)
{
	uint64_t address = r->address + ((uint64_t)bus << BUS_SHIFT);
	char *none = NULL, *map;

	if (!irqs_enabled())
		return NULL;
	map = ioremap(PADDR(address), 1UL << BUS_SHIFT);
	if (map && !atomic_cmpxchg(&r->bus[bus], &none, map)) {
		iounmap(map);
		map = none;	/* somebody else was first */
	}
	return map;
}

/* Where a function's configuration space is mapped; NULL: it is not. */
static char *mcfg_space(uint32_t sbdf)
{
	uint8_t bus = (uint8_t)PCI_BUS(sbdf);
	struct mcfg_range *r = find_range(PCI_SEGMENT(sbdf), bus);
	char *map;

	if (!r || !READ_ONCE(r->usable))
		return NULL;
	map = atomic_load(&r->bus[bus]);
	if (!map)
		map = map_bus(r, bus);
	return map ? map + (PCI_DEVFN(sbdf) << 12) : NULL;
}

/* As narrow as asked: neighbours may be cleared by writing ones. */
static void mcfg_write(char *reg, unsigned int bytes, uint32_t v)
{
	switch (bytes) {
	case 1:
		mmio_write8(reg, (uint8_t)v);
		break;
	case 2:
		mmio_write16(reg, (uint16_t)v);
		break;
	default:
		mmio_write32(reg, v);
	}
}

/* ---- ports ---- */

static uint32_t port_read(unsigned int port, unsigned int bytes)
{
	switch (bytes) {
	case 1:
		return inb((uint16_t)port);
	case 2:
		return inw((uint16_t)port);
	default:
		return inl((uint16_t)port);
	}
}

static void port_write(unsigned int port, unsigned int bytes, uint32_t v)
{
	switch (bytes) {
	case 1:
		outb((uint16_t)port, (uint8_t)v);
		break;
	case 2:
		outw((uint16_t)port, (uint16_t)v);
		break;
	default:
		outl((uint16_t)port, v);
	}
}

static uint32_t all_ones(unsigned int bytes)
{
	return ~0U >> (32 - 8 * bytes);
}

static bool cf8_access_ok(uint32_t cf8, unsigned int offset, unsigned int bytes)
{
	return (cf8 & CF8_ENABLE) && (bytes == 1 || bytes == 2 || bytes == 4) &&
	       offset % bytes == 0 && offset + bytes <= 4;
}

/**
 * pci_cf8_read() - a guest's read of port 0xcfc + @offset
 * @cf8:    what the guest wrote to 0xcf8
 * @offset: 0 to 3
 * @bytes:  1, 2 or 4
 *
 * Context: any; takes cf8_lock.
 * Return: the value; all ones where real hardware would answer nothing.
 */
uint32_t pci_cf8_read(uint32_t cf8, unsigned int offset, unsigned int bytes)
{
	unsigned long flags;
	uint32_t v;

	if (!cf8_access_ok(cf8, offset, bytes))
		return ~0U;
	flags = spin_lock_irqsave(&cf8_lock);
	outl(CF8_ADDRESS, CF8_REGISTER(cf8));
	v = port_read(CFC_DATA + offset, bytes);
	spin_unlock_irqrestore(&cf8_lock, flags);
	return v;
}

/**
 * pci_cf8_write() - a guest's write to port 0xcfc + @offset
 * @cf8:    what the guest wrote to 0xcf8
 * @offset: 0 to 3
 * @bytes:  1, 2 or 4
 * @v:      the value
 *
 * Context: any; takes cf8_lock.
 */
void pci_cf8_write(uint32_t cf8, unsigned int offset, unsigned int bytes,
		   uint32_t v)
{
	unsigned long flags;

	if (!cf8_access_ok(cf8, offset, bytes))
		return;
	flags = spin_lock_irqsave(&cf8_lock);
	outl(CF8_ADDRESS, CF8_REGISTER(cf8));
	port_write(CFC_DATA + offset, bytes, v);
	spin_unlock_irqrestore(&cf8_lock, flags);
}

/* ---- both ---- */

static uint32_t cf8_of(uint32_t sbdf, unsigned int reg)
{
	return CF8_ENABLE | (sbdf & 0xffff) << 8 | (reg & 0xfc);
}

static bool reachable_by_cf8(uint32_t sbdf, unsigned int reg)
{
	return PCI_SEGMENT(sbdf) == 0 && reg < CONF_SIZE_CF8;
}

static uint32_t conf_read(uint32_t sbdf, unsigned int reg, unsigned int bytes)
{
	char *space;

	if (reg % bytes || reg >= CONF_SIZE)
		return all_ones(bytes);
	space = mcfg_space(sbdf);
	if (space)
		return mmio_read32(space + (reg & ~3U)) >> reg % 4 * 8 &
		       all_ones(bytes);
	if (reachable_by_cf8(sbdf, reg))
		return pci_cf8_read(cf8_of(sbdf, reg), reg & 3, bytes);
	return all_ones(bytes);
}

static void conf_write(uint32_t sbdf, unsigned int reg, unsigned int bytes,
		       uint32_t v)
{
	char *space;

	if (reg % bytes || reg >= CONF_SIZE)
		return;
	space = mcfg_space(sbdf);
	if (space)
		mcfg_write(space + reg, bytes, v);
	else if (reachable_by_cf8(sbdf, reg))
		pci_cf8_write(cf8_of(sbdf, reg), reg & 3, bytes, v);
}

/**
 * pci_conf_read8() - read a byte of configuration space
 * @sbdf: device
 * @reg:  0 to 4095
 *
 * Context: any. An interrupt handler reaches buses that were mapped before.
 * Return: the value; all ones if nothing answers or the register is beyond
 *         reach.
 */
uint8_t pci_conf_read8(uint32_t sbdf, unsigned int reg)
{
	return (uint8_t)conf_read(sbdf, reg, 1);
}

/** pci_conf_read16() - as pci_conf_read8(), for two bytes; @reg is even */
uint16_t pci_conf_read16(uint32_t sbdf, unsigned int reg)
{
	return (uint16_t)conf_read(sbdf, reg, 2);
}

/** pci_conf_read32() - as pci_conf_read8(), for four; @reg is a multiple */
uint32_t pci_conf_read32(uint32_t sbdf, unsigned int reg)
{
	return conf_read(sbdf, reg, 4);
}

/**
 * pci_conf_write8() - write a byte of configuration space
 * @sbdf: device
 * @reg:  0 to 4095; one beyond reach is ignored
 * @v:    the value
 *
 * Context: as pci_conf_read8().
 */
void pci_conf_write8(uint32_t sbdf, unsigned int reg, uint8_t v)
{
	conf_write(sbdf, reg, 1, v);
}

/** pci_conf_write16() - as pci_conf_write8(), for two bytes; @reg is even */
void pci_conf_write16(uint32_t sbdf, unsigned int reg, uint16_t v)
{
	conf_write(sbdf, reg, 2, v);
}

/** pci_conf_write32() - as pci_conf_write8(), for four; @reg is a multiple */
void pci_conf_write32(uint32_t sbdf, unsigned int reg, uint32_t v)
{
	conf_write(sbdf, reg, 4, v);
}

#define STATUS_CAPABILITIES	0x10
#define FIRST_CAPABILITY	0x40
#define MAX_CAPABILITIES	((CONF_SIZE_CF8 - FIRST_CAPABILITY) / 4)

/**
 * pci_find_capability() - where a capability's registers begin
 * @sbdf: device; what it says is not trusted
 * @id:   PCI_CAP_ID_...
 *
 * A list that points below the capabilities, is longer than there is room for
 * (a loop), or ends in registers that do not answer, ends there.
 *
 * Return: offset, a multiple of four, from 0x40 to 0xfc; 0: not there.
 */
unsigned int pci_find_capability(uint32_t sbdf, uint8_t id)
{
	unsigned int reg, left = MAX_CAPABILITIES;
	uint8_t type = pci_conf_read8(sbdf, PCI_HEADER_TYPE) & 0x7f;
	uint16_t head;

	if (pci_conf_read16(sbdf, PCI_VENDOR_ID) == 0xffff || type > 2 ||
	    !(pci_conf_read16(sbdf, PCI_STATUS) & STATUS_CAPABILITIES))
		return 0;
	reg = pci_conf_read8(sbdf, type == PCI_TYPE_CARDBUS ?
			     PCI_CAP_POINTER_CARDBUS : PCI_CAP_POINTER);
	for (; left; left--) {
		reg &= 0xfc;
		if (reg < FIRST_CAPABILITY)
			return 0;
		head = pci_conf_read16(sbdf, reg);
		if (head == 0xffff)
			return 0;
		if ((head & 0xff) == id)
			return reg;
		reg = head >> 8;
	}
	return 0;
}

/* ---- MCFG ---- */

static uint64_t range_start(const struct mcfg_range *r)
{
	return r->address + ((uint64_t)r->start_bus << BUS_SHIFT);
}

static uint64_t range_size(const struct mcfg_range *r)
{
	return ((uint64_t)r->end_bus - r->start_bus + 1) << BUS_SHIFT;
}

/* Firmware keeps the range free: then it may be believed without Dom0. */
static bool reserved_by_firmware(const struct mcfg_range *r)
{
	uint64_t start = range_start(r), end = start + range_size(r);
	unsigned int i;

	for (i = 0; i < boot_info.nr_ranges; i++) {
		const struct mem_range *m = &boot_info.ranges[i];

		if (m->kind == MEM_RESERVED && m->start <= start &&
		    m->start + m->size >= end)
			return true;
	}
	return false;
}

static void add_range(unsigned int nr)
{
	struct mcfg_range *r;

	if (acpi_info.mcfg[nr].start_bus > acpi_info.mcfg[nr].end_bus)
		return;
	r = kzalloc(sizeof(*r));
	if (!r)
		return;
	r->address = acpi_info.mcfg[nr].address;
	r->segment = acpi_info.mcfg[nr].segment;
	r->start_bus = acpi_info.mcfg[nr].start_bus;
	r->end_bus = acpi_info.mcfg[nr].end_bus;
	r->usable = reserved_by_firmware(r);
	ranges[nr_ranges++] = r;
	printk(LOG_INFO "PCI MCFG: segment %u, buses %u to %u at 0x%lx%s\n",
	       r->segment, r->start_bus, r->end_bus, range_start(r),
	       r->usable ? "" : ", not used until Dom0 knows it");
}

/**
 * pci_init() - note the memory-mapped ranges of configuration space
 *
 * Context: boot CPU, after acpi_init() and mm_init().
 */
void pci_init(void)
{
	unsigned int i;

	for (i = 0; i < acpi_info.nr_mcfg; i++)
		add_range(i);
}

bool pci_segment_known(uint16_t segment)
{
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (ranges[i]->segment == segment)
			return true;
	return segment == 0;
}

/**
 * pci_mmcfg_reserved() - Dom0 says whether a range of MCFG can be trusted
 * @address:   of its bus 0
 * @segment:   PCI segment
 * @start_bus: first bus
 * @end_bus:   last bus
 * @usable:    reserved for this in Dom0's view of ACPI
 *
 * Context: any.
 * Return: 0; -ENODEV the MCFG table has no such entry.
 */
int pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t start_bus,
		       uint8_t end_bus, bool usable)
{
	struct mcfg_range *r = find_range(segment, start_bus);

	if (!r || r->address != address || r->start_bus != start_bus ||
	    r->end_bus < end_bus)
		return -ENODEV;
	WRITE_ONCE(r->usable, usable);
	return 0;
}
