/* SPDX-License-Identifier: MIT */
/*
 * msix.c - tables of MSI-X
 *
 * A table lies in memory that one of the device's BARs decodes. Where, is read
 * from configuration space and compared with what Dom0 says; a table may lie
 * neither in RAM nor on the registers of an interrupt controller. Its pages
 * are read-only for guests from the moment that Dom0 announces the device.
 *
 * Locks: msi_lock (LOCK_PCI) guards the tables' records; ranges_lock
 * (LOCK_IRQCHIP) the list of protected pages, which page-table code asks.
 */
#include "msi.h"

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/pci.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

/* PCI 3.0, 6.8.2: the MSI-X capability and its table. */
#define MSIX_CONTROL		2
#define MSIX_CONTROL_ENTRIES(c)	(((c) & 0x7ff) + 1U)
#define MSIX_CONTROL_MASK_ALL	0x4000
#define MSIX_CONTROL_ENABLE	0x8000
#define MSIX_TABLE		4
#define MSIX_TABLE_BIR(t)	((t) & 7)
#define MSIX_TABLE_OFFSET(t)	((t) & ~7U)
#define MSIX_SIZE		12

#define ENTRY_SIZE		16
#define ENTRY_ADDRESS_LOW	0
#define ENTRY_ADDRESS_HIGH	4
#define ENTRY_DATA		8
#define ENTRY_CONTROL		12
#define ENTRY_MASKED		1U

/* PCI 3.0, 6.2.5.1: base address registers. */
#define NR_BARS_NORMAL		6
#define NR_BARS_BRIDGE		2
#define BAR_IO			1U
#define BAR_TYPE(b)		((b) >> 1 & 3)
#define BAR_TYPE_64		2
#define BAR_ADDRESS(b)		((b) & ~15U)

#define MAX_RANGES 256

struct frame_range {
	uint64_t first, last;	/* frames */
	uint32_t sbdf;
};

static struct list_head tables = LIST_HEAD_INIT(tables);
static spinlock_t ranges_lock = SPINLOCK_INIT(LOCK_IRQCHIP);
static struct frame_range ranges[MAX_RANGES];
static unsigned int nr_ranges;

/* ---- protected pages ---- */

bool msix_owns_mfn(mfn_t mfn)
{
	unsigned long flags = spin_lock_irqsave(&ranges_lock);
	bool found = false;
	unsigned int i;

	for (i = 0; i < nr_ranges && !found; i++)
		found = mfn_x(mfn) >= ranges[i].first &&
			mfn_x(mfn) <= ranges[i].last;
	spin_unlock_irqrestore(&ranges_lock, flags);
	return found;
}

static uint64_t table_end(const struct msix_table *t)
{
	return t->address + (uint64_t)t->nr_entries * ENTRY_SIZE;
}

static int range_add(const struct msix_table *t)
{
	unsigned long flags = spin_lock_irqsave(&ranges_lock);
	int rc = -ENOMEM;

	if (nr_ranges < MAX_RANGES) {
		ranges[nr_ranges++] = (struct frame_range){
			.first = t->address >> PAGE_SHIFT,
			.last = (table_end(t) - 1) >> PAGE_SHIFT,
			.sbdf = t->sbdf,
		};
		rc = 0;
	}
	spin_unlock_irqrestore(&ranges_lock, flags);
	return rc;
}

static void range_remove(uint32_t sbdf)
{
	unsigned long flags = spin_lock_irqsave(&ranges_lock);
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (ranges[i].sbdf == sbdf)
			ranges[i--] = ranges[--nr_ranges];
	spin_unlock_irqrestore(&ranges_lock, flags);
}

/* ---- where the table is ---- */

/* What BAR @nr decodes; 0: no memory, or not set. */
static uint64_t bar_address(uint32_t sbdf, unsigned int nr)
{
	uint8_t type = pci_conf_read8(sbdf, PCI_HEADER_TYPE) & 0x7f;
	unsigned int nr_bars = type == PCI_TYPE_NORMAL ? NR_BARS_NORMAL :
			       type == PCI_TYPE_BRIDGE ? NR_BARS_BRIDGE : 0;
	uint64_t address;
	uint32_t bar;

	if (nr >= nr_bars)
		return 0;
	bar = pci_conf_read32(sbdf, PCI_BAR(nr));
	if (bar & BAR_IO)
		return 0;
	address = BAR_ADDRESS(bar);
	if (BAR_TYPE(bar) != BAR_TYPE_64)
		return address;
	if (nr + 1 >= nr_bars)
		return 0;
	return address |
	       (uint64_t)pci_conf_read32(sbdf, PCI_BAR(nr + 1)) << 32;
}

/* Device memory, not RAM, and not a page that routes interrupts already. */
static bool plausible(const struct msix_table *t)
{
	uint64_t frame, last = (table_end(t) - 1) >> PAGE_SHIFT;

	if (table_end(t) < t->address ||
	    (table_end(t) - 1) >> cpu_features.phys_bits)
		return false;
	for (frame = t->address >> PAGE_SHIFT; frame <= last; frame++)
		if (mfn_valid(MFN(frame)) || irq_controller_owns_mfn(MFN(frame)))
			return false;
	return true;
}

/*
 * Reads the capability into @t. @claimed: what Dom0 says the BAR decodes, 0:
 * nothing. A virtual function's BARs read as zero: Dom0 alone knows.
 * 0; -ENODEV no capability; -EINVAL nowhere, or elsewhere than Dom0 says.
 */
static int read_capability(uint32_t sbdf, uint64_t claimed,
			   struct msix_table *t)
{
	uint32_t where;
	uint64_t bar;

	t->sbdf = sbdf;
	t->cap = pci_find_capability(sbdf, PCI_CAP_ID_MSIX);
	if (!t->cap || t->cap + MSIX_SIZE > PCI_HEADER_END)
		return -ENODEV;
	where = pci_conf_read32(sbdf, t->cap + MSIX_TABLE);
	bar = bar_address(sbdf, MSIX_TABLE_BIR(where));
	if (claimed && bar && claimed != bar)
		return -EINVAL;
	if (!bar)
		bar = claimed;
	if (!bar)
		return -EINVAL;
	t->address = bar + MSIX_TABLE_OFFSET(where);
	t->nr_entries = MSIX_CONTROL_ENTRIES(
		pci_conf_read16(sbdf, t->cap + MSIX_CONTROL));
	return plausible(t) ? 0 : -EINVAL;
}

static struct msix_table *find_table(uint32_t sbdf)
{
	struct msix_table *t;

	list_for_each(t, &tables, link)
		if (t->sbdf == sbdf)
			return t;
	return NULL;
}

static void drop_table(struct msix_table *t)
{
	range_remove(t->sbdf);
	list_del(&t->link);
	kfree(t);
}

/*
 * The record of a device's table as it is now. A BAR that was moved while the
 * table was not in use is followed. 0; errors as read_capability(), -EBUSY
 * moved while in use, -ENOMEM.
 */
static int table_lookup(uint32_t sbdf, uint64_t claimed,
			struct msix_table **table)
{
	struct msix_table *t = find_table(sbdf), now = { 0 };
	int rc = read_capability(sbdf, claimed, &now);

	if (rc)
		return rc;
	if (t && t->address == now.address &&
	    t->nr_entries == now.nr_entries) {
		*table = t;
		return 0;
	}
	if (t && t->nr_used)
		return -EBUSY;
	now.announced = t && t->announced;
	if (t)
		drop_table(t);
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = now;
	rc = range_add(t);
	if (rc) {
		kfree(t);
		return rc;
	}
	list_add(&t->link, &tables);
	*table = t;
	return 0;
}

int msix_protect(uint32_t sbdf)
{
	struct msix_table *t;
	int rc = table_lookup(sbdf, 0, &t);

	if (!rc)
		t->announced = true;
	/* Without the capability, or without an address yet: nothing to do. */
	return rc == -ENODEV || rc == -EINVAL ? 0 : rc;
}

void msix_unprotect(uint32_t sbdf)
{
	struct msix_table *t = find_table(sbdf);

	if (t && !t->nr_used)
		drop_table(t);
	else if (t)
		t->announced = false;
}

/* ---- uses of a table ---- */

static uint16_t control_read(const struct msix_table *t)
{
	return pci_conf_read16(t->sbdf, t->cap + MSIX_CONTROL);
}

static void control_write(const struct msix_table *t, uint16_t control)
{
	pci_conf_write16(t->sbdf, t->cap + MSIX_CONTROL, control);
}

static int map_table(struct msix_table *t)
{
	unsigned int i;

	if (t->map)
		return 0;
	t->map = ioremap(PADDR(t->address),
			 (size_t)t->nr_entries * ENTRY_SIZE);
	if (!t->map)
		return -ENOMEM;
	/* Nothing goes out that nobody asked for. */
	for (i = 0; i < t->nr_entries; i++)
		mmio_write32(t->map + i * ENTRY_SIZE + ENTRY_CONTROL,
			     ENTRY_MASKED);
	return 0;
}

int msix_table_get(const struct msi_request *rq, struct msi_entry *e)
{
	struct msix_table *t;
	int rc = table_lookup(rq->sbdf, rq->table_base, &t);

	if (rc)
		return rc;
	rc = -EINVAL;
	if (rq->entry >= t->nr_entries || rq->nr_vectors != 1)
		goto out;
	rc = -ENXIO;
	if (!(pci_conf_read16(rq->sbdf, PCI_COMMAND) & PCI_COMMAND_MEMORY))
		goto out;
	rc = map_table(t);
	if (rc)
		goto out;
	t->nr_used++;
	e->table = t;
	return 0;
out:
	if (!t->nr_used && !t->announced)
		drop_table(t);
	return rc;
}

void msix_table_put(struct msi_entry *e)
{
	struct msix_table *t = e->table;

	if (--t->nr_used)
		return;
	control_write(t, control_read(t) & ~MSIX_CONTROL_ENABLE);
	iounmap(t->map);
	t->map = NULL;
	if (!t->announced)
		drop_table(t);
}

/* ---- one entry ---- */

static char *entry_regs(const struct msi_entry *e)
{
	return e->table->map + e->index * ENTRY_SIZE;
}

static void write_control(const struct msi_entry *e, bool masked)
{
	mmio_write32(entry_regs(e) + ENTRY_CONTROL, masked ? ENTRY_MASKED : 0);
	/* The store has arrived when a load from the device returns. */
	(void)mmio_read32(entry_regs(e) + ENTRY_CONTROL);
}

static void msix_set_mask(struct irq_desc *desc)
{
	write_control(desc->msi, desc->masked);
}

/* Masked meanwhile: the device remembers what it wanted to send. */
static void msix_route(struct irq_desc *desc)
{
	struct msi_message m = msi_compose(desc->vector,
					   cpu_apic_id(desc->cpu));
	char *regs = entry_regs(desc->msi);

	write_control(desc->msi, true);
	mmio_write32(regs + ENTRY_ADDRESS_LOW, (uint32_t)m.address);
	mmio_write32(regs + ENTRY_ADDRESS_HIGH, (uint32_t)(m.address >> 32));
	mmio_write32(regs + ENTRY_DATA, m.data);
	write_control(desc->msi, desc->masked);
}

static enum irq_move msix_movable(const struct irq_desc *desc)
{
	return IRQ_MOVE_CPU_AND_VECTOR;
}

const struct irq_chip msix_chip = {
	.name = "MSI-X",
	.mask = msix_set_mask,
	.unmask = msix_set_mask,
	.route = msix_route,
	.movable = msix_movable,
};

void msix_program(const struct msi_entry *e)
{
	struct irq_desc *desc = irq_desc(e->irq);
	uint16_t control = control_read(e->table);
	unsigned long flags;

	/* Enabled but silent while the entry is written. */
	control_write(e->table, control | MSIX_CONTROL_ENABLE |
				MSIX_CONTROL_MASK_ALL);
	flags = spin_lock_irqsave(&desc->lock);
	msix_route(desc);
	spin_unlock_irqrestore(&desc->lock, flags);
	control_write(e->table, (control | MSIX_CONTROL_ENABLE) &
				(uint16_t)~MSIX_CONTROL_MASK_ALL);
}
