/* SPDX-License-Identifier: MIT */
/*
 * loader-info.c - what the boot loader left, in one form for each protocol
 *
 * The protocols' own files read their tables and hand the pieces over here. It
 * is all copied before any memory is given out.
 *
 * Context: boot CPU only, on the early page tables, no locks.
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/layout.h>
#include <lodge/lib.h>

#define MULTIBOOT1_MAGIC	0x2badb002
#define MULTIBOOT2_MAGIC	0x36d76289

static char loader_name[32];

/**
 * boot_low() - read what the loader put somewhere
 * @phys: physical address below 4 GiB
 *
 * Return: where it is mapped.
 */
const void *__init boot_low(uint64_t phys)
{
	return (const void *)(DIRECTMAP_BASE + phys);
}

/* Cuts at @size, and at @room, where the source ends at the latest. */
static void __init copy_string(char *dst, size_t size, const char *src,
			       size_t room)
{
	size_t n = src ? strnlen(src, min(size - 1, room)) : 0;

	if (n)
		memcpy(dst, src, n);
	dst[n] = '\0';
}

/**
 * boot_set_loader() - note the name of the loader
 * @bi:   its loader is set
 * @name: the name; NULL: none
 * @room: bytes that the name may have at most
 */
void __init boot_set_loader(struct boot_info *bi, const char *name,
			    size_t room)
{
	copy_string(loader_name, sizeof(loader_name), name, room);
	bi->loader = loader_name;
}

static void __init drop_word(char *line)
{
	size_t n = 0;

	while (line[n] && line[n] != ' ')
		n++;
	while (line[n] == ' ')
		n++;
	memmove(line, line + n, strlen(line + n) + 1);
}

/* QEMU, as GRUB Legacy did, puts the file's name in front of the options. */
static bool __init starts_with_file_name(const char *line)
{
	return line[0] == '/' || line[0] == '(' ||
	       !strcmp(loader_name, "qemu");
}

/**
 * boot_copy_cmdline() - copy the options of the image or of a module
 * @bi:   boot_set_loader() has been called, if the loader has a name
 * @dst:  where to
 * @size: of @dst; what does not fit is cut off
 * @src:  the options, with or without a file name; NULL: none
 * @room: bytes that they may have at most
 */
void __init boot_copy_cmdline(const struct boot_info *bi, char *dst,
			      size_t size, const char *src, size_t room)
{
	copy_string(dst, size, src, room);
	if (starts_with_file_name(dst))
		drop_word(dst);
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

/**
 * boot_add_module() - add a module
 * @bi:    has less than BOOT_MAX_MODULES
 * @start: physical address of its first byte
 * @end:   of the byte behind its last
 * @args:  its options, as for boot_copy_cmdline()
 * @room:  bytes that they may have at most
 *
 * One that cannot be used is named in a warning and left out.
 */
void __init boot_add_module(struct boot_info *bi, uint32_t start, uint32_t end,
			    const char *args, size_t room)
{
	uint64_t image_phys_end = (uint64_t)(image_end - image_start) +
				  IMAGE_PHYS_BASE;
	struct boot_module *m = &bi->modules[bi->nr_modules];

	if (end <= start ||
	    (start < image_phys_end && end > IMAGE_PHYS_BASE)) {
		printk(LOG_WARN "module at %#x..%#x is empty or overlaps us; "
		       "ignored\n", start, end);
		return;
	}
	m->start = start;
	m->size = end - start;
	boot_copy_cmdline(bi, m->cmdline, sizeof(m->cmdline), args, room);
	bi->nr_modules++;
}

/*
 * Debian's scripts for GRUB give this word in front of a hypervisor's options,
 * where other loaders have the file's name.
 */
static void __init drop_placeholder(char *line)
{
	static const char word[] __initdata = "placeholder";
	size_t n = sizeof(word) - 1;

	if (!strncmp(line, word, n) && (!line[n] || line[n] == ' '))
		drop_word(line);
}

/**
 * boot_parse() - take over what the loader left in memory
 * @bi:    zeroed; filled in, its memory map sanitized
 * @magic: eax at entry: which protocol
 * @info:  ebx at entry: physical address of the information
 *
 * Return: true; false if the protocol is not known or told of no memory.
 */
bool __init boot_parse(struct boot_info *bi, uint32_t magic, uint32_t info)
{
	bool ok = false;

	boot_set_loader(bi, "an unnamed loader", SIZE_MAX);
	if (magic == MULTIBOOT1_MAGIC)
		ok = multiboot1_parse(bi, info);
	else if (magic == MULTIBOOT2_MAGIC)
		ok = multiboot2_parse(bi, boot_low(info),
				      (1UL << 32) - info);
	drop_placeholder(bi->cmdline);
	bi->nr_ranges = memmap_sanitize(bi->ranges, bi->nr_ranges,
					BOOT_MAX_RANGES);
	return ok && bi->nr_ranges;
}
