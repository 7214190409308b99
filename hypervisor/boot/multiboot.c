/* SPDX-License-Identifier: MIT */
/*
 * multiboot.c - what a multiboot 1 loader tells (specification 0.6.96)
 *
 * All of it lies below 4 GiB and is read through the early direct map. It is
 * copied before any memory is given out. Counts and lengths are bounded, so
 * that a damaged table costs entries, not the machine.
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/layout.h>
#include <lodge/lib.h>

#define MULTIBOOT_LOADER_MAGIC	0x2badb002
#define MBI_MEMORY		(1U << 0)
#define MBI_CMDLINE		(1U << 2)
#define MBI_MODULES		(1U << 3)
#define MBI_MMAP		(1U << 6)
#define MBI_LOADER_NAME		(1U << 9)
#define MAX_MMAP_BYTES		0x10000U
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

static char loader_name[32];

static const void *__init low(uint64_t phys)
{
	return (const void *)(DIRECTMAP_BASE + phys);
}

static void __init copy_string(char *dst, size_t size, uint32_t phys)
{
	size_t max = min((uint64_t)size - 1, LOW_END - phys);
	size_t n = phys ? strnlen(low(phys), max) : 0;

	memcpy(dst, low(phys), n);
	dst[n] = '\0';
}

/* QEMU, as GRUB Legacy did, puts the file's name in front of the options. */
static void __init drop_file_name(char *line)
{
	size_t n = 0;

	while (line[n] && line[n] != ' ')
		n++;
	while (line[n] == ' ')
		n++;
	memmove(line, line + n, strlen(line + n) + 1);
}

static bool __init starts_with_file_name(const char *line)
{
	return line[0] == '/' || line[0] == '(' ||
	       !strcmp(loader_name, "qemu");
}

static void __init copy_cmdline(char *dst, size_t size, uint32_t phys)
{
	copy_string(dst, size, phys);
	if (starts_with_file_name(dst))
		drop_file_name(dst);
}

/**
 * boot_add_range() - add a range to the memory map
 * @bi:    has the map, in any state
 * @start: first byte
 * @size:  in bytes
 * @kind:  enum mem_kind
 *
 * Context: at boot, before mm_init().
 */
void __init boot_add_range(struct boot_info *bi, uint64_t start, uint64_t size,
			   uint32_t kind)
{
	if (bi->nr_ranges == BOOT_MAX_RANGES)
		bi->nr_ranges = memmap_sanitize(bi->ranges, bi->nr_ranges,
						BOOT_MAX_RANGES);
	if (bi->nr_ranges == BOOT_MAX_RANGES) {
		printk(LOG_WARN "memory map: no room for %#lx + %#lx\n", start,
		       size);
		return;
	}
	bi->ranges[bi->nr_ranges++] = (struct mem_range){ start, size, kind };
}

static void __init parse_mmap(struct boot_info *bi, const struct mb_info *mbi)
{
	uint64_t pos = mbi->mmap_addr;
	uint64_t bytes = min(mbi->mmap_length, MAX_MMAP_BYTES);
	uint64_t end = min(pos + bytes, LOW_END);
	struct mb_mmap e;

	while (pos + sizeof(e) <= end) {
		memcpy(&e, low(pos), sizeof(e));
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

static void __init add_module(struct boot_info *bi, const struct mb_module *m)
{
	uint64_t image_phys_end = (uint64_t)(image_end - image_start) +
				  IMAGE_PHYS_BASE;
	struct boot_module *bm = &bi->modules[bi->nr_modules];

	if (m->end <= m->start ||
	    (m->start < image_phys_end && m->end > IMAGE_PHYS_BASE)) {
		printk(LOG_WARN "module at %#x..%#x is empty or overlaps us; "
		       "ignored\n", m->start, m->end);
		return;
	}
	bm->start = m->start;
	bm->size = m->end - m->start;
	copy_cmdline(bm->cmdline, sizeof(bm->cmdline), m->string);
	bi->nr_modules++;
}

static void __init parse_modules(struct boot_info *bi,
				 const struct mb_info *mbi)
{
	uint64_t pos = mbi->mods_addr;
	struct mb_module m;
	uint32_t i;

	for (i = 0; i < mbi->mods_count; i++, pos += sizeof(m)) {
		if (bi->nr_modules == BOOT_MAX_MODULES ||
		    pos + sizeof(m) > LOW_END) {
			printk(LOG_WARN "%u modules, only %u are used\n",
			       mbi->mods_count, bi->nr_modules);
			return;
		}
		memcpy(&m, low(pos), sizeof(m));
		add_module(bi, &m);
	}
}

/**
 * multiboot_parse() - take over what a multiboot 1 loader left in memory
 * @bi:    filled in; its memory map is sanitized
 * @magic: eax at entry
 * @info:  ebx at entry: physical address of the information
 *
 * Context: boot CPU, on the early page tables.
 * Return: true; false if the loader is not multiboot 1 or told of no memory.
 */
bool __init multiboot_parse(struct boot_info *bi, uint32_t magic,
			    uint32_t info)
{
	struct mb_info mbi;

	if (magic != MULTIBOOT_LOADER_MAGIC || info > LOW_END - sizeof(mbi))
		return false;
	memcpy(&mbi, low(info), sizeof(mbi));
	strlcpy(loader_name, "an unnamed loader", sizeof(loader_name));
	if (mbi.flags & MBI_LOADER_NAME)
		copy_string(loader_name, sizeof(loader_name), mbi.loader_name);
	bi->loader = loader_name;
	if (mbi.flags & MBI_CMDLINE)
		copy_cmdline(bi->cmdline, sizeof(bi->cmdline), mbi.cmdline);
	parse_memory(bi, &mbi);
	if (mbi.flags & MBI_MODULES)
		parse_modules(bi, &mbi);
	bi->nr_ranges = memmap_sanitize(bi->ranges, bi->nr_ranges,
					BOOT_MAX_RANGES);
	return bi->nr_ranges != 0;
}
