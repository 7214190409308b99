/* SPDX-License-Identifier: MIT */
/*
 * dom0.h - what the builder's files share
 */
#ifndef LODGE_PV_DOM0_H
#define LODGE_PV_DOM0_H

#include "private.h"

#include <lodge/boot.h>

/* What the kernel's notes ask for. Addresses are virtual. */
struct dom0_image {
	const uint8_t *data;		/* the whole ELF file */
	uint64_t size;
	uint64_t entry;
	uint64_t virt_base, paddr_offset;
	uint64_t start, end;		/* of the loaded segments */
	uint64_t hypercall_page;	/* 0: none wanted */
	uint64_t init_p2m;		/* 0: inside the initial mapping */
	bool mod_start_pfn;		/* the initrd need not be mapped */
};

/*
 * Reads and checks. NULL, or a sentence about what is wrong with the file;
 * nothing in @img may be used then.
 */
const char *dom0_elf_parse(struct dom0_image *img, const void *data,
			   uint64_t size);
/* Calls @copy for each loaded piece: @src NULL means zeroes. */
void dom0_elf_load(const struct dom0_image *img,
		   void (*copy)(void *priv, uint64_t va, const void *src,
				uint64_t len),
		   void *priv);

/* Where everything goes: virtual addresses and page frame numbers. */
struct dom0_layout {
	uint64_t nr_pages;
	uint64_t v_start, v_end;	/* the initial mapping; pfn 0 = v_start */
	uint64_t initrd_va, initrd_pfn, initrd_pages, initrd_bytes;
	uint64_t p2m_va, p2m_pfn, p2m_pages;
	uint64_t p2m_table_pfn, nr_p2m_tables;	/* with init_p2m only */
	uint64_t start_info_va;
	uint64_t table_va, table_pfn, nr_tables;
	uint64_t stack_va;		/* one page */
	uint64_t min_pages;		/* less cannot hold all of it */
};

/* Pure arithmetic. @nr_pages: what Dom0 shall have. NULL, or a sentence. */
const char *dom0_layout(struct dom0_layout *l, const struct dom0_image *img,
			uint64_t nr_pages, uint64_t initrd_bytes);
/* Tables below the root that map [start, end): L3, L2 and L1 together. */
uint64_t dom0_tables_for(uint64_t start, uint64_t end);

/* What the command line says (dom0-options.c). */
uint64_t dom0_wanted_pages(uint64_t free_pages);
uint64_t dom0_limit_pages(uint64_t pages, uint64_t free_pages);
unsigned int dom0_wanted_vcpus(unsigned int cpus);
unsigned int dom0_initrd_module(const struct boot_info *bi);

/* The builder at work. */
struct dom0_build {
	struct domain *d;
	struct dom0_image img;
	struct dom0_layout l;
	uint64_t *p2m;			/* our copy, nr_pages entries */
	unsigned int p2m_order;		/* of its allocation */
	uint64_t next_table, end_table;	/* pfns of tables to be used */
	mfn_t root;
};

/* Page tables with plain stores, in frames that have no type yet. */
void dom0_build_tables(struct dom0_build *b);
void *dom0_pfn_to_virt(const struct dom0_build *b, uint64_t pfn);

#endif
