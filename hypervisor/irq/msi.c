/* SPDX-License-Identifier: MIT */
/*
 * msi.c - message-signalled interrupts of PCI devices
 *
 * The hypervisor alone writes the registers that say where a message goes: the
 * MSI capability in configuration space, the MSI-X table in a BAR (msix.c). A
 * message goes to one CPU by its physical APIC id.
 *
 * One struct msi_entry stands for one irq, or for a group of adjoining ones of
 * a multiple-message MSI, which share one capability and so one CPU: a group
 * stays where it was allocated.
 *
 * Locks: msi_lock (LOCK_PCI) guards the list of entries and the msix_table
 * records. Masks and routes of a live entry are written with its descriptor's
 * lock (LOCK_IRQ); an entry is taken away when no descriptor has it any more.
 * A group's descriptors share a register of mask bits, which is written without
 * a lock of its own (set_mask_bits()).
 */
#include "private.h"
#include "msi.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>
#include <lodge/pci.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

/* PCI 3.0, 6.8.1: the MSI capability. */
#define MSI_CONTROL		2
#define MSI_CONTROL_ENABLE	0x0001
#define MSI_CONTROL_CAPABLE(c)	((c) >> 1 & 7)	/* log2 */
#define MSI_CONTROL_ENABLED(n)	((n) << 4)	/* log2 */
#define MSI_CONTROL_ENABLED_MASK 0x0070
#define MSI_CONTROL_64BIT	0x0080
#define MSI_CONTROL_MASKS	0x0100
#define MSI_ADDRESS_LOW		4
#define MSI_ADDRESS_HIGH	8
#define MSI_DATA(is64)		((is64) ? 12 : 8)
#define MSI_MASK_BITS(is64)	((is64) ? 16 : 12)
#define MSI_SIZE(is64)		(MSI_DATA(is64) + 2)
#define MSI_SIZE_MASKS(is64)	(MSI_MASK_BITS(is64) + 8)
#define MSI_MAX_MESSAGES	32

/* SDM 3A, 11.11: where a message is written, and what. */
#define MESSAGE_ADDRESS		0xfee00000U
#define MESSAGE_DEST_SHIFT	12

spinlock_t msi_lock = SPINLOCK_INIT(LOCK_PCI);
static struct list_head entries = LIST_HEAD_INIT(entries);

struct msi_message msi_compose(unsigned int vector, uint32_t apic_id)
{
	return (struct msi_message){
		.address = MESSAGE_ADDRESS | apic_id << MESSAGE_DEST_SHIFT,
		.data = vector,		/* fixed delivery, edge */
	};
}

/* ---- the capability's registers ---- */

static uint16_t control_read(const struct msi_entry *e)
{
	return pci_conf_read16(e->sbdf, e->cap + MSI_CONTROL);
}

static void control_write(const struct msi_entry *e, uint16_t control)
{
	pci_conf_write16(e->sbdf, e->cap + MSI_CONTROL, control);
}

static void set_enable(const struct msi_entry *e, bool enable)
{
	uint16_t control = control_read(e) & ~MSI_CONTROL_ENABLE;

	control_write(e, control | (enable ? MSI_CONTROL_ENABLE : 0));
}

/* Two CPUs may mask different messages of a device at a time: who has written
 * what is not wanted any more writes again. */
static void set_mask_bits(struct msi_entry *e, uint32_t bits, bool masked)
{
	uint32_t want;

	if (masked)
		atomic_fetch_or(&e->masks, bits);
	else
		atomic_fetch_and(&e->masks, ~bits);
	do {
		want = atomic_load(&e->masks);
		pci_conf_write32(e->sbdf, e->cap + MSI_MASK_BITS(e->is64),
				 want);
		smp_mb();
	} while (atomic_load(&e->masks) != want);
}

/*
 * Without mask bits the whole capability is switched. A message that the
 * device wants to send meanwhile may be lost, but then nobody listens either.
 */
static void msi_set_mask(struct irq_desc *desc)
{
	struct msi_entry *e = desc->msi;

	if (e->has_masks)
		set_mask_bits(e, 1U << (desc->irq - e->irq), desc->masked);
	else if (e->nr == 1)
		set_enable(e, !desc->masked);
}

static void write_message(const struct msi_entry *e, struct msi_message m)
{
	pci_conf_write32(e->sbdf, e->cap + MSI_ADDRESS_LOW,
			 (uint32_t)m.address);
	if (e->is64)
		pci_conf_write32(e->sbdf, e->cap + MSI_ADDRESS_HIGH,
				 (uint32_t)(m.address >> 32));
	pci_conf_write16(e->sbdf, e->cap + MSI_DATA(e->is64),
			 (uint16_t)m.data);
}

/*
 * The message is two registers: msi_movable() allows an unmasked one a new CPU
 * only, which is the low half of the address. With mask bits it is masked for
 * the time, and the device remembers what it wanted to send.
 */
static void msi_route(struct irq_desc *desc)
{
	struct msi_entry *e = desc->msi;
	bool masked = desc->masked;

	if (desc->irq != e->irq)
		return;		/* the group's first one speaks for all */
	if (e->has_masks) {
		desc->masked = true;
		msi_set_mask(desc);
	}
	write_message(e, msi_compose(desc->vector, cpu_apic_id(desc->cpu)));
	if (e->has_masks) {
		desc->masked = masked;
		msi_set_mask(desc);
	}
}

static enum irq_move msi_movable(const struct irq_desc *desc)
{
	if (desc->msi->nr > 1)
		return IRQ_MOVE_NOT;
	return desc->msi->has_masks ? IRQ_MOVE_CPU_AND_VECTOR : IRQ_MOVE_CPU;
}

static const struct irq_chip msi_chip = {
	.name = "MSI",
	.mask = msi_set_mask,
	.unmask = msi_set_mask,
	.route = msi_route,
	.movable = msi_movable,
};

/* ---- entries, with msi_lock ---- */

struct msi_entry *msi_find_entry(uint32_t sbdf)
{
	struct msi_entry *e;

	list_for_each(e, &entries, link)
		if (e->sbdf == sbdf)
			return e;
	return NULL;
}

static struct msi_entry *find_msix_entry(uint32_t sbdf, unsigned int index)
{
	struct msi_entry *e;

	list_for_each(e, &entries, link)
		if (e->sbdf == sbdf && e->table && e->index == index)
			return e;
	return NULL;
}

static void desc_init_msi(struct irq_desc *desc, struct msi_entry *e,
			  unsigned int cpu, unsigned int vector)
{
	unsigned long flags = spin_lock_irqsave(&desc->lock);

	desc->msi = e;
	desc->level = desc->active_low = false;
	desc->masked = true;
	desc->cpu = desc->target_cpu = cpu;
	desc->vector = vector;
	desc->count = desc->nr_unclaimed = 0;
	spin_unlock_irqrestore(&desc->lock, flags);
}

static unsigned int first_cpu(void)
{
	unsigned int cpu = smp_processor_id();

	return vector_cpu_ok(cpu) ? cpu : 0;
}

/* Numbers and vectors for @e->nr messages. 0; -ENOSPC; -ENOMEM */
static int entry_get_irqs(struct msi_entry *e, const struct irq_chip *chip)
{
	unsigned int cpu = first_cpu(), i;
	int vector, rc = irq_alloc_msi(e->nr, chip, &e->irq);

	if (rc)
		return rc;
	vector = vector_alloc_anywhere(&cpu, e->irq, e->nr);
	if (vector < 0) {
		irq_free_msi(e->irq, e->nr);
		return vector;
	}
	for (i = 0; i < e->nr; i++)
		desc_init_msi(irq_desc(e->irq + i), e, cpu,
			      (unsigned int)vector + i);
	return 0;
}

/* Nobody is bound (checked by the caller, or unbound by it). */
static void entry_put_irqs(struct msi_entry *e)
{
	struct irq_desc *desc;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < e->nr; i++) {
		desc = irq_desc(e->irq + i);
		flags = spin_lock_irqsave(&desc->lock);
		irq_mask(desc);
		irq_drop_vectors(desc);
		desc->msi = NULL;
		spin_unlock_irqrestore(&desc->lock, flags);
	}
	irq_free_msi(e->irq, e->nr);
}

/* ---- MSI ---- */

static bool valid_count(unsigned int nr, uint16_t control)
{
	return nr && nr <= MSI_MAX_MESSAGES && (nr & (nr - 1)) == 0 &&
	       nr <= 1U << MSI_CONTROL_CAPABLE(control);
}

static void msi_program(struct msi_entry *e)
{
	struct irq_desc *desc = irq_desc(e->irq);
	unsigned int log2 = (unsigned int)__builtin_ctz(e->nr);
	uint16_t control = control_read(e);
	unsigned long flags;

	control &= ~(MSI_CONTROL_ENABLE | MSI_CONTROL_ENABLED_MASK);
	control_write(e, control);
	if (e->has_masks)
		set_mask_bits(e, ~0U, true);
	flags = spin_lock_irqsave(&desc->lock);
	msi_route(desc);
	spin_unlock_irqrestore(&desc->lock, flags);
	control |= (uint16_t)MSI_CONTROL_ENABLED(log2);
	if (e->has_masks || e->nr > 1)
		control |= MSI_CONTROL_ENABLE;
	control_write(e, control);
}

/* Finds the capability. 0; -ENODEV none, or one that does not fit in. */
static int read_capability(struct msi_entry *e, uint16_t *control)
{
	e->cap = pci_find_capability(e->sbdf, PCI_CAP_ID_MSI);
	if (!e->cap)
		return -ENODEV;
	*control = control_read(e);
	e->is64 = *control & MSI_CONTROL_64BIT;
	e->has_masks = *control & MSI_CONTROL_MASKS;
	if (e->cap + (e->has_masks ? MSI_SIZE_MASKS(e->is64) :
				     MSI_SIZE(e->is64)) > PCI_HEADER_END)
		return -ENODEV;
	return 0;
}

static int alloc_msi(const struct msi_request *rq, struct msi_entry *e)
{
	uint16_t control;
	int rc = read_capability(e, &control);

	if (rc)
		return rc;
	if (msi_find_entry(rq->sbdf))
		return -EBUSY;
	if (!valid_count(rq->nr_vectors, control))
		return -EINVAL;
	e->nr = rq->nr_vectors;
	rc = entry_get_irqs(e, &msi_chip);
	if (!rc)
		msi_program(e);
	return rc;
}

/* ---- MSI-X ---- */

static int alloc_msix(const struct msi_request *rq, struct msi_entry *e)
{
	struct msi_entry *other = msi_find_entry(rq->sbdf);
	int rc;

	if (find_msix_entry(rq->sbdf, rq->entry) || (other && !other->table))
		return -EBUSY;
	e->index = rq->entry;
	e->nr = 1;
	rc = msix_table_get(rq, e);
	if (rc)
		return rc;
	rc = entry_get_irqs(e, &msix_chip);
	if (rc)
		msix_table_put(e);
	else
		msix_program(e);
	return rc;
}

/* ---- for physdev ---- */

/**
 * msi_alloc() - take irqs and program a device to send them, masked
 * @rq:  device, kind and number
 * @irq: out, the first irq
 *
 * Context: thread; takes LOCK_PCI and inner ones.
 * Return: 0; -ENODEV nothing answers, or no such capability; -EINVAL a number
 *         of messages or an entry that the device does not have, or a table
 *         that lies where none can; -EBUSY in use already; -ENXIO MSI-X while
 *         the device does not decode memory; -ENOSPC no vectors; -ENOMEM. On
 *         error the device sends what it sent before.
 */
int msi_alloc(const struct msi_request *rq, unsigned int *irq)
{
	struct msi_entry *e = kzalloc(sizeof(*e));
	int rc;

	if (!e)
		return -ENOMEM;
	e->sbdf = rq->sbdf;
	spin_lock(&msi_lock);
	rc = rq->table_base ? alloc_msix(rq, e) : alloc_msi(rq, e);
	if (!rc)
		list_add(&e->link, &entries);
	spin_unlock(&msi_lock);
	if (rc) {
		kfree(e);
		return rc;
	}
	*irq = e->irq;
	return 0;
}

static struct msi_entry *entry_of(unsigned int irq)
{
	struct irq_desc *desc = irq_desc(irq);
	struct msi_entry *e = desc ? desc->msi : NULL;

	return e && e->irq == irq ? e : NULL;
}

/**
 * msi_free() - give back what msi_alloc() gave
 * @irq: the first irq; no guest is bound to any of them
 *
 * The device sends no more. Nothing happens for an irq that is not the first
 * of a message allocation.
 *
 * Context: thread; takes LOCK_PCI and inner ones.
 */
void msi_free(unsigned int irq)
{
	struct msi_entry *e;

	spin_lock(&msi_lock);
	e = entry_of(irq);
	if (e) {
		list_del(&e->link);
		if (!e->table)
			set_enable(e, false);
		entry_put_irqs(e);
		if (e->table)
			msix_table_put(e);
	}
	spin_unlock(&msi_lock);
	kfree(e);
}

/**
 * msi_group_size() - how many irqs belong together
 * @irq: any
 *
 * Context: thread; takes LOCK_PCI.
 * Return: what msi_alloc() gave with @irq as the first one; 0: it did not.
 */
unsigned int msi_group_size(unsigned int irq)
{
	const struct msi_entry *e;
	unsigned int nr;

	spin_lock(&msi_lock);
	e = entry_of(irq);
	nr = e ? e->nr : 0;
	spin_unlock(&msi_lock);
	return nr;
}

static void restore_masks(const struct msi_entry *e)
{
	struct irq_desc *desc;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < e->nr; i++) {
		desc = irq_desc(e->irq + i);
		flags = spin_lock_irqsave(&desc->lock);
		desc->chip->mask(desc);		/* as desc->masked says */
		spin_unlock_irqrestore(&desc->lock, flags);
	}
}

/**
 * msi_restore() - program a device's messages again
 * @sbdf: a device that lost them: it was reset, or without power
 *
 * Context: thread; takes LOCK_PCI and inner ones.
 * Return: 0; -ENODEV nothing answers there.
 */
int msi_restore(uint32_t sbdf)
{
	struct msi_entry *e;

	if (pci_conf_read16(sbdf, PCI_VENDOR_ID) == 0xffff)
		return -ENODEV;
	spin_lock(&msi_lock);
	list_for_each(e, &entries, link) {
		if (e->sbdf != sbdf)
			continue;
		if (e->table)
			msix_program(e);
		else
			msi_program(e);
		restore_masks(e);
	}
	spin_unlock(&msi_lock);
	return 0;
}

/**
 * msi_device_add() - Dom0 announced a device, or that its MSI-X table is in
 *                    place
 * @sbdf: which
 *
 * From now on the pages of its MSI-X table, if it has one, are protected
 * (irq_mmio_protected).
 *
 * Context: thread; takes LOCK_PCI.
 * Return: 0, also without MSI-X; -EBUSY the table is elsewhere now, but in
 *         use; -ENOMEM.
 */
int msi_device_add(uint32_t sbdf)
{
	int rc;

	spin_lock(&msi_lock);
	rc = msix_protect(sbdf);
	spin_unlock(&msi_lock);
	return rc;
}

/**
 * msi_device_remove() - Dom0 took a device away, or may move its MSI-X table
 * @sbdf: which
 *
 * Context: thread; takes LOCK_PCI.
 * Return: 0; -EBUSY its messages are in use.
 */
int msi_device_remove(uint32_t sbdf)
{
	int rc = -EBUSY;

	spin_lock(&msi_lock);
	if (!msi_find_entry(sbdf)) {
		msix_unprotect(sbdf);
		rc = 0;
	}
	spin_unlock(&msi_lock);
	return rc;
}

/* For the dump; with the descriptor's lock, which keeps the entry alive. */
void msi_describe(const struct irq_desc *desc, char *buf, size_t size)
{
	const struct msi_entry *e = desc->msi;

	snprintf(buf, size, "%04x:%02x:%02x.%u %u", PCI_SEGMENT(e->sbdf),
		 PCI_BUS(e->sbdf), PCI_DEVFN(e->sbdf) >> 3, e->sbdf & 7,
		 e->table ? e->index : desc->irq - e->irq);
}
