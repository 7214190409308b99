/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of irq/ share
 *
 *	desc.c     descriptors: who has an irq; binding, affinity
 *	deliver.c  an interrupt came in: acknowledge, hand on
 *	vector.c   which vector of which CPU belongs to which irq
 *	ioapic.c   pins of the IO-APICs, entries, ISA overrides
 *	msi.c      message-signalled interrupts of PCI devices
 *	msix.c     tables of MSI-X
 *	i8259.c    the old controllers, switched off
 *	dump.c     debug key 'i'
 *
 * [I] immutable once allocated, [q] the descriptor's lock, [a] atomic.
 */
#ifndef LODGE_IRQ_PRIVATE_H
#define LODGE_IRQ_PRIVATE_H

#include <lodge/irq.h>
#include <lodge/spinlock.h>
#include <lodge/time.h>

struct irq_desc;
struct msi_entry;

/* What of an interrupt's route can change just now, losing nothing. */
enum irq_move { IRQ_MOVE_NOT, IRQ_MOVE_CPU, IRQ_MOVE_CPU_AND_VECTOR };

/* A kind of interrupt source. All calls with the descriptor's lock. */
struct irq_chip {
	const char *name;
	void (*mask)(struct irq_desc *desc);
	void (*unmask)(struct irq_desc *desc);
	/* Deliver to desc->cpu, desc->vector from now on; mask state stays. */
	void (*route)(struct irq_desc *desc);
	enum irq_move (*movable)(const struct irq_desc *desc);
};

enum irq_use { IRQ_FREE, IRQ_OURS, IRQ_GUEST };

#define IRQ_MAX_GUESTS 7

struct irq_guest {
	struct domain *d;	/* no reference: unbound before d goes */
	unsigned int pirq;
	bool unserved;		/* level: told, has not acknowledged */
};

/*
 *	FREE --irq_request_gsi--> OURS
 *	FREE --irq_bind_guest--> GUEST (1..n) --irq_unbind_guest--> FREE
 *
 * Never freed: whoever looks one up may keep the pointer.
 */
struct irq_desc {
	spinlock_t lock;		/* LOCK_IRQ [q] */
	unsigned int irq;		/* [I] */
	const struct irq_chip *chip;	/* [I] while it has a source */
	struct msi_entry *msi;		/* [q] MSI and MSI-X */

	enum irq_use use;		/* [q] */
	bool level, active_low;		/* [q] */
	bool masked;			/* [q] at the source */
	bool mode_set;			/* [q] by Dom0, not only by ACPI */

	unsigned int cpu, vector;	/* [q] vector 0: none */
	unsigned int target_cpu;	/* [q] where it should be delivered */
	unsigned int old_cpu, old_vector;	/* [q] 0: no move under way */

	void (*fn)(void *);		/* [q] ours */
	void *arg;
	const char *name;
	bool running, again;		/* [q] */
	struct {
		uint64_t since_ns;	/* [q] count's beginning, system time */
		unsigned int count;	/* [q] */
		bool said;		/* [q] */
	} storm;			/* ours, level-triggered */
	struct timer reopen;		/* its lock; a pin that is closed for no
					 * longer than so */

	bool shareable;			/* [q] */
	unsigned int nr_guests, nr_unserved;	/* [q] */
	struct irq_guest guests[IRQ_MAX_GUESTS];
	unsigned int notifying;		/* [a] CPUs that tell guests */

	uint64_t count, nr_unclaimed;	/* [q] */
};

/* ---- desc.c ---- */
#define NR_MSI_IRQS	1024
/* NULL: no such irq, or not allocated. */
struct irq_desc *irq_desc(unsigned int irq);
unsigned int irq_count(void);
/* First of @nr adjoining irqs for messages, with descriptors of @chip.
 * 0; -ENOSPC; -ENOMEM */
int irq_alloc_msi(unsigned int nr, const struct irq_chip *chip,
		  unsigned int *irq);
void irq_free_msi(unsigned int irq, unsigned int nr);
/* Both with the lock. 0; -ENOSPC */
int irq_give_vector(struct irq_desc *desc);
void irq_drop_vectors(struct irq_desc *desc);
/* A page of registers of ours: local APIC, IO-APIC, platform clock. */
bool irq_controller_owns_mfn(mfn_t mfn);
void irq_mask(struct irq_desc *desc);
void irq_unmask(struct irq_desc *desc);

/* ---- vector.c ---- */
void vectors_init(void);
/*
 * A free vector of @cpu for @irq, @wanted if that is free, and no other if
 * @only. The vector; -ENOSPC.
 */
int vector_alloc(unsigned int cpu, unsigned int irq, unsigned int wanted,
		 bool only);
/* @nr (a power of two) aligned, adjoining vectors for @irq, @irq + 1, ... */
int vector_alloc_block(unsigned int cpu, unsigned int irq, unsigned int nr);
/* The same, of @cpu, else of the first other CPU that has them; which one. */
int vector_alloc_anywhere(unsigned int *cpu, unsigned int irq,
			  unsigned int nr);
/* Free again when @cpu has taken what it has accepted already. */
void vector_release(unsigned int cpu, unsigned int vector);
/* Of this CPU; -1: nobody's. */
int vector_to_irq(unsigned int vector);
/* Can devices interrupt that CPU? (8 bits of APIC id) */
bool vector_cpu_ok(unsigned int cpu);

/* ---- ioapic.c ---- */
struct ioapic_mode {
	bool level, active_low;
};
/* What ACPI says of a GSI before anybody else does. Reads acpi_info only. */
struct ioapic_mode ioapic_default_mode(unsigned int gsi);
/* Redirection entry: physical destination, fixed delivery. */
uint64_t ioapic_compose(unsigned int vector, uint32_t apic_id,
			struct ioapic_mode mode, bool masked);
unsigned int ioapic_init(void);		/* number of GSIs */
bool ioapic_has_gsi(unsigned int gsi);
bool ioapic_owns_mfn(mfn_t mfn);
extern const struct irq_chip ioapic_chip;

/* ---- msi.c, msix.c ---- */
struct msi_message {
	uint64_t address;
	uint32_t data;
};
struct msi_message msi_compose(unsigned int vector, uint32_t apic_id);
bool msix_owns_mfn(mfn_t mfn);
void msi_describe(const struct irq_desc *desc, char *buf, size_t size);

/* ---- i8259.c ---- */
void i8259_disable(void);

/* ---- deliver.c ---- */
/* Of a pin, at boot. */
void irq_reopen_init(struct irq_desc *desc);
/* A line that waits for guests shall do so no longer than it may. With the
 * lock. */
void irq_limit_wait(struct irq_desc *desc);
uint64_t irq_stray_count(void);

#endif
