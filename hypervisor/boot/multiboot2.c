/* SPDX-License-Identifier: MIT */
/*
 * multiboot2.c - what a multiboot 2 loader tells (specification 2.0, 3.6)
 *
 * A sequence of tags on 8-byte borders, each with its type and size, in memory
 * that the first 32-bit word gives the size of. A tag that goes beyond the
 * whole, or is smaller than its kind demands, costs itself and, in the first
 * case, what follows; a tag that we do not know is passed over.
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/lib.h>

#define TAG_END		0
#define TAG_CMDLINE	1
#define TAG_LOADER	2
#define TAG_MODULE	3
#define TAG_MEMORY	4
#define TAG_MMAP	6
#define TAG_RSDP_V1	14
#define TAG_RSDP_V2	15
#define TAG_ALIGN	8

/* No loader tells more than this; it bounds the time that is spent. */
#define MAX_INFO_BYTES	(1U << 20)

struct tag {
	uint32_t type, size;		/* the head included */
};

struct mmap_head {
	struct tag tag;
	uint32_t entry_size, entry_version;
};

struct mmap_entry {
	uint64_t base, length;
	uint32_t kind, zero;		/* kind: as e820 numbers them */
};

struct module_head {
	struct tag tag;
	uint32_t start, end;
};

struct memory_tag {
	struct tag tag;
	uint32_t lower, upper;		/* KiB below and from 1 MiB on */
};

_Static_assert(sizeof(struct mmap_entry) == 24, "multiboot 2, 3.6.8");

/* What the tag has behind its head. */
static const char *__init body(const char *tag, size_t head)
{
	return tag + head;
}

static void __init take_loader(struct boot_info *bi, const char *tag,
			       uint32_t size)
{
	boot_set_loader(bi, body(tag, sizeof(struct tag)),
			size - sizeof(struct tag));
}

static void __init take_cmdline(struct boot_info *bi, const char *tag,
				uint32_t size)
{
	boot_copy_cmdline(bi, bi->cmdline, sizeof(bi->cmdline),
			  body(tag, sizeof(struct tag)),
			  size - sizeof(struct tag));
}

static void __init take_module(struct boot_info *bi, const char *tag,
			       uint32_t size)
{
	struct module_head m;

	memcpy(&m, tag, sizeof(m));
	if (bi->nr_modules == BOOT_MAX_MODULES) {
		printk(LOG_WARN "module at %#x..%#x is one too many; only %u "
		       "are used\n", m.start, m.end, bi->nr_modules);
		return;
	}
	boot_add_module(bi, m.start, m.end, body(tag, sizeof(m)),
			size - sizeof(m));
}

static void __init take_mmap(struct boot_info *bi, const char *tag,
			     uint32_t size)
{
	struct mmap_head h;
	struct mmap_entry e;
	uint32_t at;

	memcpy(&h, tag, sizeof(h));
	if (h.entry_size < sizeof(e)) {
		printk(LOG_WARN "memory map: entries of %u bytes; ignored\n",
		       h.entry_size);
		return;
	}
	for (at = sizeof(h); at <= size && size - at >= h.entry_size;
	     at += h.entry_size) {
		memcpy(&e, tag + at, sizeof(e));
		boot_add_range(bi, e.base, e.length, e.kind);
	}
}

/* Two sizes only: what to do if there is no map. */
static void __init take_memory(struct boot_info *bi, const char *tag,
			       uint32_t size)
{
	struct memory_tag m;

	memcpy(&m, tag, sizeof(m));
	printk(LOG_WARN "no memory map from the loader, only two sizes\n");
	boot_add_range(bi, 0, min(m.lower, 640U) << 10, MEM_RAM);
	boot_add_range(bi, 1 << 20, (uint64_t)m.upper << 10, MEM_RAM);
}

/* A copy of ACPI's root pointer, which is checked when it is used. */
static void __init take_rsdp(struct boot_info *bi, const char *tag,
			     uint32_t size)
{
	size = min(size - (uint32_t)sizeof(struct tag),
		   (uint32_t)sizeof(bi->rsdp));
	memset(bi->rsdp, 0, sizeof(bi->rsdp));
	memcpy(bi->rsdp, body(tag, sizeof(struct tag)), size);
}

static const struct tag_kind {
	uint32_t type, min_size;
	void (*take)(struct boot_info *bi, const char *tag, uint32_t size);
} kinds[] __initdata = {
	/* In this order: names first, the better of two last. */
	{ TAG_LOADER, sizeof(struct tag), take_loader },
	{ TAG_CMDLINE, sizeof(struct tag), take_cmdline },
	{ TAG_MMAP, sizeof(struct mmap_head), take_mmap },
	{ TAG_MODULE, sizeof(struct module_head), take_module },
	{ TAG_RSDP_V1, sizeof(struct tag), take_rsdp },
	{ TAG_RSDP_V2, sizeof(struct tag), take_rsdp },
};

static const struct tag_kind memory_kind __initdata = {
	TAG_MEMORY, sizeof(struct memory_tag), take_memory,
};

static void __init take_all(struct boot_info *bi, const char *info,
			    uint32_t total, const struct tag_kind *kind)
{
	uint32_t at = TAG_ALIGN;
	struct tag t;

	while (at <= total && total - at >= sizeof(t)) {
		memcpy(&t, info + at, sizeof(t));
		if (t.type == TAG_END || t.size < sizeof(t) ||
		    t.size > total - at)
			return;
		if (t.type == kind->type && t.size >= kind->min_size)
			kind->take(bi, info + at, t.size);
		at += ALIGN_UP(t.size, TAG_ALIGN);
	}
}

/**
 * multiboot2_parse() - take over what a multiboot 2 loader left in memory
 * @bi:   filled in; its memory map is as the loader gave it
 * @info: the information
 * @room: bytes of memory from there on
 *
 * Context: boot CPU, on the early page tables.
 * Return: true; false if the information cannot be where it should.
 */
bool __init multiboot2_parse(struct boot_info *bi, const void *info,
			     uint64_t room)
{
	uint32_t total;
	unsigned int i;

	if (room < TAG_ALIGN)
		return false;
	memcpy(&total, info, sizeof(total));
	if (total > room || total > MAX_INFO_BYTES)
		return false;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		take_all(bi, info, total, &kinds[i]);
	if (!bi->nr_ranges)
		take_all(bi, info, total, &memory_kind);
	return true;
}
