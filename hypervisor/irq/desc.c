/* SPDX-License-Identifier: MIT */
/*
 * desc.c - irq descriptors: who has an interrupt source
 *
 * irqs below nr_gsis are the IO-APICs' pins (irq == GSI) and exist from boot;
 * those above are messages. Descriptors are never freed, so that the delivery
 * path needs no reference.
 *
 * Locks: the descriptor's (LOCK_IRQ); msi_numbers_lock (LOCK_IRQCHIP) guards which
 * message irqs are taken.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/time.h>
#include <lodge/x86.h>

static unsigned int nr_gsis;			/* [I] */
static struct irq_desc **descs;			/* [I] nr_gsis + NR_MSI_IRQS */
static spinlock_t msi_numbers_lock = SPINLOCK_INIT(LOCK_IRQCHIP);
static unsigned long msi_numbers[BITS_TO_LONGS(NR_MSI_IRQS)];

/**
 * irq_nr_gsis() - number of global system interrupts; message irqs follow
 */
unsigned int irq_nr_gsis(void)
{
	return nr_gsis;
}

unsigned int irq_count(void)
{
	return nr_gsis + NR_MSI_IRQS;
}

struct irq_desc *irq_desc(unsigned int irq)
{
	return irq < irq_count() ? atomic_load(&descs[irq]) : NULL;
}

static struct irq_desc *desc_new(unsigned int irq, const struct irq_chip *chip)
{
	struct irq_desc *desc = kzalloc(sizeof(*desc));

	if (!desc)
		return NULL;
	spin_init(&desc->lock, LOCK_IRQ);
	desc->irq = irq;
	desc->chip = chip;
	desc->masked = true;
	atomic_store(&descs[irq], desc);
	return desc;
}

static void init_gsi(unsigned int gsi)
{
	struct ioapic_mode mode = ioapic_default_mode(gsi);
	struct irq_desc *desc = desc_new(gsi, &ioapic_chip);

	if (!desc)
		panic_no_memory("the interrupt descriptors");
	desc->level = mode.level;
	desc->active_low = mode.active_low;
	irq_reopen_init(desc);
}

/**
 * irq_init() - take over the interrupt controllers, everything masked
 *
 * Panics without an IO-APIC or without memory.
 *
 * Context: boot CPU, interrupts off, after acpi_init() and apic_init_boot().
 */
void irq_init(void)
{
	unsigned int gsi;

	i8259_disable();
	nr_gsis = ioapic_init();
	descs = kcalloc(irq_count(), sizeof(descs[0]));
	if (!descs)
		panic_no_memory("the interrupt descriptors");
	for (gsi = 0; gsi < nr_gsis; gsi++)
		if (ioapic_has_gsi(gsi))
			init_gsi(gsi);
	vectors_init();
	debug_key_register('i', "interrupts", irq_dump);
}

/* ---- numbers of messages ---- */

static int find_msi_numbers(unsigned int nr)
{
	unsigned long first = 0, taken;

	for (;;) {
		first = find_next_zero_bit(msi_numbers, NR_MSI_IRQS, first);
		if (first + nr > NR_MSI_IRQS)
			return -ENOSPC;
		taken = find_next_bit(msi_numbers, first + nr, first);
		if (taken >= first + nr)
			return (int)first;
		first = taken + 1;
	}
}

/**
 * irq_alloc_msi() - reserve irqs for messages
 * @nr:   how many, adjoining
 * @chip: which kind
 * @irq:  the first one
 *
 * Context: thread; takes msi_numbers_lock and, in turn, each descriptor's.
 * Return: 0; -ENOSPC all in use; -ENOMEM. On error nothing is reserved.
 */
int irq_alloc_msi(unsigned int nr, const struct irq_chip *chip,
		  unsigned int *irq)
{
	unsigned long flags = spin_lock_irqsave(&msi_numbers_lock);
	int first = find_msi_numbers(nr), rc = first < 0 ? first : 0;
	unsigned int i, base = nr_gsis + (unsigned int)first;
	struct irq_desc *desc;

	for (i = 0; !rc && i < nr; i++) {
		desc = irq_desc(base + i);
		if (!desc)
			desc = desc_new(base + i, chip);
		if (!desc)
			rc = -ENOMEM;
		else
			desc->chip = chip;
	}
	if (!rc) {
		for (i = 0; i < nr; i++)
			bitmap_set(msi_numbers, (unsigned int)first + i);
		*irq = base;
	}
	spin_unlock_irqrestore(&msi_numbers_lock, flags);
	return rc;
}

void irq_free_msi(unsigned int irq, unsigned int nr)
{
	unsigned long flags = spin_lock_irqsave(&msi_numbers_lock);
	unsigned int i;

	for (i = 0; i < nr; i++)
		bitmap_clear(msi_numbers, irq - nr_gsis + i);
	spin_unlock_irqrestore(&msi_numbers_lock, flags);
}

/* ---- with the descriptor's lock ---- */

void irq_mask(struct irq_desc *desc)
{
	desc->masked = true;
	desc->chip->mask(desc);
}

void irq_unmask(struct irq_desc *desc)
{
	desc->masked = false;
	desc->chip->unmask(desc);
}

/* Where it should go, if an interrupt can get there, else where it can. */
int irq_give_vector(struct irq_desc *desc)
{
	unsigned int cpu;
	int vector;

	if (desc->vector)
		return 0;
	if (!vector_cpu_ok(desc->target_cpu))
		desc->target_cpu = 0;
	cpu = desc->target_cpu;
	vector = vector_alloc_anywhere(&cpu, desc->irq, 1);
	if (vector < 0)
		return vector;
	desc->cpu = cpu;
	desc->vector = (unsigned int)vector;
	return 0;
}

void irq_drop_vectors(struct irq_desc *desc)
{
	if (desc->old_vector)
		vector_release(desc->old_cpu, desc->old_vector);
	if (desc->vector)
		vector_release(desc->cpu, desc->vector);
	desc->old_vector = desc->vector = 0;
}

/* A pin gets its vector with its first user; a message has one already. */
static int start(struct irq_desc *desc)
{
	int rc = irq_give_vector(desc);

	if (rc)
		return rc;
	desc->chip->route(desc);
	return 0;
}

static void stop(struct irq_desc *desc)
{
	irq_mask(desc);
	desc->use = IRQ_FREE;
	desc->nr_unserved = 0;
	if (!desc->msi)
		irq_drop_vectors(desc);
}

/* ---- ours ---- */

/**
 * irq_request_gsi() - have a line for the hypervisor itself
 * @gsi:  which
 * @fn:   handler; interrupts are off
 * @arg:  its argument
 * @name: for the dump
 *
 * Context: boot; takes the descriptor's lock.
 * Return: 0; -EINVAL no such GSI; -EBUSY somebody else's; -ENOSPC no vector.
 */
int irq_request_gsi(unsigned int gsi, void (*fn)(void *), void *arg,
		    const char *name)
{
	struct irq_desc *desc = gsi < nr_gsis ? irq_desc(gsi) : NULL;
	unsigned long flags;
	int rc = -EBUSY;

	if (!desc)
		return -EINVAL;
	flags = spin_lock_irqsave(&desc->lock);
	if (desc->use == IRQ_FREE)
		rc = start(desc);
	if (!rc) {
		desc->use = IRQ_OURS;
		desc->fn = fn;
		desc->arg = arg;
		desc->name = name;
		irq_unmask(desc);
	}
	spin_unlock_irqrestore(&desc->lock, flags);
	return rc;
}

/**
 * irq_setup_gsi() - trigger mode and polarity of a line
 * @gsi:        which
 * @level:      level-triggered, else by edges
 * @active_low: polarity
 *
 * Context: any; takes the descriptor's lock.
 * Return: 0; -EEXIST it was set so before by this function; -EINVAL no such
 *         GSI, or it is in use in another mode.
 */
int irq_setup_gsi(unsigned int gsi, bool level, bool active_low)
{
	struct irq_desc *desc = gsi < nr_gsis ? irq_desc(gsi) : NULL;
	unsigned long flags;
	bool same;
	int rc = 0;

	if (!desc)
		return -EINVAL;
	flags = spin_lock_irqsave(&desc->lock);
	same = desc->level == level && desc->active_low == active_low;
	if (same && desc->mode_set)
		rc = -EEXIST;
	else if (!same && desc->use != IRQ_FREE)
		rc = -EINVAL;
	if (!rc) {
		desc->level = level;
		desc->active_low = active_low;
		desc->mode_set = true;
	}
	spin_unlock_irqrestore(&desc->lock, flags);
	return rc;
}

/* ---- guests ---- */

static struct irq_guest *find_guest(struct irq_desc *desc,
				    const struct domain *d)
{
	unsigned int i;

	for (i = 0; i < desc->nr_guests; i++)
		if (desc->guests[i].d == d)
			return &desc->guests[i];
	return NULL;
}

static int may_bind(struct irq_desc *desc, const struct domain *d,
		    bool shareable)
{
	if (desc->use == IRQ_FREE)
		return 0;
	if (desc->use == IRQ_OURS || !desc->level || !desc->shareable ||
	    !shareable || desc->nr_guests == IRQ_MAX_GUESTS ||
	    find_guest(desc, d))
		return -EBUSY;
	return 0;
}

static int bind_locked(struct irq_desc *desc, struct domain *d,
		       unsigned int pirq, bool shareable)
{
	bool first = desc->use == IRQ_FREE;
	int rc = may_bind(desc, d, shareable);

	if (!rc && first)
		rc = start(desc);
	if (rc)
		return rc;
	desc->use = IRQ_GUEST;
	desc->shareable = shareable;
	desc->guests[desc->nr_guests++] = (struct irq_guest){
		.d = d,
		.pirq = pirq,
	};
	/* A line that waits for others to serve it stays masked until then. */
	if (first)
		irq_unmask(desc);
	else if (desc->nr_unserved)
		irq_limit_wait(desc);
	return 0;
}

/**
 * irq_bind_guest() - deliver an interrupt to a guest from now on
 * @irq:       from a GSI or msi_alloc()
 * @d:         the guest; unbinds before it goes
 * @pirq:      its name there, for irq_guest_notify
 * @shareable: other guests may have the line too (level-triggered only)
 *
 * Context: any; takes the descriptor's lock.
 * Return: 0; -EINVAL no such irq; -EBUSY it is ours, bound to @d already, or
 *         to another guest and not shared by both, or shared by too many;
 *         -ENOSPC no free vector. On error nothing has changed.
 */
int irq_bind_guest(unsigned int irq, struct domain *d, unsigned int pirq,
		   bool shareable)
{
	struct irq_desc *desc = irq_desc(irq);
	unsigned long flags;
	int rc = -EINVAL;

	if (!desc)
		return -EINVAL;
	flags = spin_lock_irqsave(&desc->lock);
	/* A message irq that was freed has no source. */
	if (irq < nr_gsis || desc->msi)
		rc = bind_locked(desc, d, pirq, shareable);
	spin_unlock_irqrestore(&desc->lock, flags);
	return rc;
}

/* Guest @g has served its device, or will never. */
static void served(struct irq_desc *desc, struct irq_guest *g)
{
	if (!g->unserved)
		return;
	g->unserved = false;
	if (--desc->nr_unserved == 0)
		irq_unmask(desc);
}

/**
 * irq_unbind_guest() - deliver no more to a guest
 * @irq: any
 * @d:   the guest; nothing happens if it is not bound
 *
 * On return no irq_guest_notify(@d) runs on any CPU.
 *
 * Context: no lock held that irq_guest_notify takes; takes the descriptor's.
 */
void irq_unbind_guest(unsigned int irq, struct domain *d)
{
	struct irq_desc *desc = irq_desc(irq);
	struct irq_guest *g;
	unsigned long flags;

	if (!desc)
		return;
	flags = spin_lock_irqsave(&desc->lock);
	g = find_guest(desc, d);
	if (g && desc->nr_guests == 1) {
		desc->nr_guests = 0;
		stop(desc);
	} else if (g) {
		served(desc, g);
		*g = desc->guests[--desc->nr_guests];
	}
	spin_unlock_irqrestore(&desc->lock, flags);
	while (atomic_load(&desc->notifying))
		cpu_relax();
}

/**
 * irq_guest_eoi() - a guest has served its device
 * @irq: any
 * @d:   the guest
 *
 * The last guest of a level-triggered line opens it again. Nothing happens if
 * @d is not bound or has nothing to acknowledge.
 *
 * Context: any; takes the descriptor's lock.
 */
void irq_guest_eoi(unsigned int irq, struct domain *d)
{
	struct irq_desc *desc = irq_desc(irq);
	struct irq_guest *g;
	unsigned long flags;

	if (!desc)
		return;
	flags = spin_lock_irqsave(&desc->lock);
	g = find_guest(desc, d);
	if (g)
		served(desc, g);
	spin_unlock_irqrestore(&desc->lock, flags);
}

/**
 * irq_needs_eoi() - must guests acknowledge this irq?
 * @irq: any
 *
 * Return: true for a level-triggered line.
 */
bool irq_needs_eoi(unsigned int irq)
{
	const struct irq_desc *desc = irq_desc(irq);

	return desc && READ_ONCE(desc->level);
}

/**
 * irq_is_shared() - do several guests have this irq?
 * @irq: any
 *
 * Return: true if more than one is bound now.
 */
bool irq_is_shared(unsigned int irq)
{
	const struct irq_desc *desc = irq_desc(irq);

	return desc && READ_ONCE(desc->nr_guests) > 1;
}

/**
 * irq_set_affinity() - deliver to another CPU from the next interrupt on
 * @irq: any
 * @cpu: online; a CPU that devices cannot reach changes nothing
 *
 * Context: any; takes the descriptor's lock.
 */
void irq_set_affinity(unsigned int irq, unsigned int cpu)
{
	struct irq_desc *desc = irq_desc(irq);
	unsigned long flags;

	if (!desc || !vector_cpu_ok(cpu))
		return;
	flags = spin_lock_irqsave(&desc->lock);
	desc->target_cpu = cpu;
	spin_unlock_irqrestore(&desc->lock, flags);
}

/* INVALID_MFN stands for "no such page" and is nobody's. */
bool irq_controller_owns_mfn(mfn_t mfn)
{
	return !mfn_eq(mfn, INVALID_MFN) &&
	       (mfn_eq(mfn, apic_mmio_mfn()) ||
		mfn_eq(mfn, platform_mmio_mfn()) || ioapic_owns_mfn(mfn));
}

/**
 * irq_mmio_protected() - is this a page that no guest may write?
 * @mfn: frame
 *
 * Registers by which interrupts are routed: local APIC, IO-APICs, the MSI-X
 * tables of known devices, the HPET if it is our clock.
 *
 * Context: no lock at or above LOCK_IRQCHIP.
 */
bool irq_mmio_protected(mfn_t mfn)
{
	return irq_controller_owns_mfn(mfn) || msix_owns_mfn(mfn);
}
