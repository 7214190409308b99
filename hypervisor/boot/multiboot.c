/* SPDX-License-Identifier: MIT */
/*
 * multiboot.c - what a multiboot 1 loader tells (specification 0.6.96)
 *
 * All of it lies below 4 GiB and is read through the early direct map. Counts
 * and lengths are bounded, so that a damaged table costs entries, not the
 * machine.
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/lib.h>

#define MBI_MEMORY		(1U << 0)
#define MBI_CMDLINE		(1U << 2)
#define MBI_MODULES		(1U << 3)
#define MBI_MMAP		(1U << 6)
#define MBI_LOADER_NAME		(1U << 9)
#define MAX_MMAP_BYTES		0x10000U
#define MAX_MODULES		64U	/* looked at, if not used */
#define LOW_END			(1UL << 32)

struct mb_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;		/* KiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr;
	uint32_t config_table;
	uint32_t loader_name;
};

struct mb_module {
	uint32_t start, end, string, reserved;
};

struct mb_mmap {
	uint32_t size;		/* of what follows */
	uint64_t base, length;
	uint32_t kind;
} __packed;

/* A string's first byte; NULL: none. And how far it may go at most. */
static const char *__init string_at(uint32_t phys)
{
	return phys ? boot_low(phys) : NULL;
}

static size_t __init room_at(uint32_t phys)
{
	return LOW_END - phys;
}

static void __init parse_mmap(struct boot_info *bi, const struct mb_info *mbi)
{
	uint64_t pos = mbi->mmap_addr;
	uint64_t bytes = min(mbi->mmap_length, MAX_MMAP_BYTES);
	uint64_t end = min(pos + bytes, LOW_END);
	struct mb_mmap e;

	while (pos + sizeof(e) <= end) {
		memcpy(&e, boot_low(pos), sizeof(e));
		if (e.size < sizeof(e) - sizeof(e.size)) {
			printk(LOG_WARN "memory map: entry of %u bytes; the "
			       "rest is ignored\n", e.size);
			return;
		}
		boot_add_range(bi, e.base, e.length, e.kind);
		pos += e.size + sizeof(e.size);
	}
}

static void __init parse_memory(struct boot_info *bi,
				const struct mb_info *mbi)
{
	if (mbi->flags & MBI_MMAP)
		parse_mmap(bi, mbi);
	if (bi->nr_ranges || !(mbi->flags & MBI_MEMORY))
		return;
	printk(LOG_WARN "no memory map from the loader, only two sizes\n");
	boot_add_range(bi, 0, min(mbi->mem_lower, 640U) << 10, MEM_RAM);
	boot_add_range(bi, 1 << 20, (uint64_t)mbi->mem_upper << 10, MEM_RAM);
}

static void __init parse_modules(struct boot_info *bi,
				 const struct mb_info *mbi)
{
	uint32_t i, nr = min(mbi->mods_count, MAX_MODULES);
	uint64_t pos = mbi->mods_addr;
	struct mb_module m;

	for (i = 0; i < nr && bi->nr_modules < BOOT_MAX_MODULES &&
		    pos + sizeof(m) <= LOW_END; i++, pos += sizeof(m)) {
		memcpy(&m, boot_low(pos), sizeof(m));
		boot_add_module(bi, m.start, m.end, string_at(m.string),
				room_at(m.string));
	}
	if (i < mbi->mods_count)
		printk(LOG_WARN "%u modules, only %u are used\n",
		       mbi->mods_count, bi->nr_modules);
}

/**
 * multiboot1_parse() - take over what a multiboot 1 loader left in memory
 * @bi:   filled in; its memory map is as the loader gave it
 * @info: ebx at entry: physical address of the information
 *
 * Context: boot CPU, on the early page tables.
 * Return: true; false if the information cannot be where it should.
 */
bool __init multiboot1_parse(struct boot_info *bi, uint32_t info)
{
	struct mb_info mbi;

	if (info > LOW_END - sizeof(mbi))
		return false;
	memcpy(&mbi, boot_low(info), sizeof(mbi));
	if (mbi.flags & MBI_LOADER_NAME)
		boot_set_loader(bi, string_at(mbi.loader_name),
				room_at(mbi.loader_name));
	if (mbi.flags & MBI_CMDLINE)
		boot_copy_cmdline(bi, bi->cmdline, sizeof(bi->cmdline),
				  string_at(mbi.cmdline),
				  room_at(mbi.cmdline));
	parse_memory(bi, &mbi);
	if (mbi.flags & MBI_MODULES)
		parse_modules(bi, &mbi);
	return true;
}
