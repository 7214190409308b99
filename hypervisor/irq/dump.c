/* SPDX-License-Identifier: MIT */
/*
 * dump.c - debug key 'i': who has which interrupt, and how often it came
 *
 * Locks: each descriptor's for the time of its own copy; printing is done
 * without.
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/lib.h>

static const char *const use_names[] = {
	[IRQ_FREE] = "free",
	[IRQ_OURS] = "ours",
	[IRQ_GUEST] = "guest",
};

static void print_guests(const struct irq_desc *desc)
{
	unsigned int i;

	for (i = 0; i < desc->nr_guests; i++)
		printk("      pirq %u%s\n", desc->guests[i].pirq,
		       desc->guests[i].unserved ? ", not served yet" : "");
}

static void print_desc(const struct irq_desc *desc, const char *source)
{
	printk("  %3u %-7s %-5s %s %s CPU%u 0x%02x %s count %lu unclaimed %lu"
	       " %s%s\n", desc->irq, desc->chip->name, use_names[desc->use],
	       desc->level ? "level" : "edge ",
	       desc->active_low ? "low " : "high", desc->cpu, desc->vector,
	       desc->masked ? "masked" : "open  ", desc->count,
	       desc->nr_unclaimed, desc->name ? desc->name : "", source);
	print_guests(desc);
}

/**
 * irq_dump() - print every interrupt that has, or had, a user
 *
 * Context: WORK_KEYS; takes each descriptor's lock in turn.
 */
void irq_dump(void)
{
	struct irq_desc copy, *desc;
	char source[64];
	unsigned long flags;
	unsigned int irq;

	printk("Interrupts (%u GSIs, %lu strays):\n", irq_nr_gsis(),
	       irq_stray_count());
	for (irq = 0; irq < irq_count(); irq++) {
		desc = irq_desc(irq);
		if (!desc)
			continue;
		flags = spin_lock_irqsave(&desc->lock);
		copy = *desc;
		source[0] = '\0';
		if (desc->msi)
			msi_describe(desc, source, sizeof(source));
		spin_unlock_irqrestore(&desc->lock, flags);
		if (copy.use != IRQ_FREE || copy.count)
			print_desc(&copy, source);
	}
}
