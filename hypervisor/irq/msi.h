/* SPDX-License-Identifier: MIT */
/*
 * msi.h - what msi.c and msix.c share
 */
#ifndef LODGE_IRQ_MSI_H
#define LODGE_IRQ_MSI_H

#include "private.h"

#include <lodge/list.h>
#include <lodge/spinlock.h>

/* A device's MSI-X table; there as long as it is protected or in use. */
struct msix_table {
	struct list_head link;
	uint32_t sbdf;
	unsigned int cap;		/* of the capability */
	uint64_t address;		/* of entry 0 */
	unsigned int nr_entries;
	unsigned int nr_used;
	bool announced;			/* by Dom0: protected until removed */
	char *map;			/* NULL: not in use */
};

struct msi_entry {
	struct list_head link;
	uint32_t sbdf;			/* [I] */
	unsigned int irq, nr;		/* [I] */
	unsigned int cap;		/* [I] MSI */
	bool is64, has_masks;		/* [I] MSI */
	uint32_t masks;			/* [a] MSI: what its mask bits are to be */
	struct msix_table *table;	/* [I] MSI-X; NULL: MSI */
	unsigned int index;		/* [I] MSI-X */
};

extern spinlock_t msi_lock;
/* First entry of a device; with msi_lock. */
struct msi_entry *msi_find_entry(uint32_t sbdf);

/* All with msi_lock. */
extern const struct irq_chip msix_chip;
/* Finds or makes the table's record, checks the entry, maps the table and
 * takes a use of it. 0; errors as msi_alloc() */
int msix_table_get(const struct msi_request *rq, struct msi_entry *e);
void msix_table_put(struct msi_entry *e);
/* Writes the entry's message, masked, and enables the capability. */
void msix_program(const struct msi_entry *e);
int msix_protect(uint32_t sbdf);
void msix_unprotect(uint32_t sbdf);

#endif
