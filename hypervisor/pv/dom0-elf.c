/* SPDX-License-Identifier: MIT */
/*
 * dom0-elf.c - reads Dom0's kernel: ELF64 with Xen's notes
 *
 * System V ABI, ELF-64; <xen/elfnote.h>. The file is whatever the boot loader
 * found: each offset and size is checked against it before it is used, and a
 * refusal is a sentence that says what is wrong. No state, no locks.
 */
#include "dom0.h"

#include <lodge/cpu.h>
#include <lodge/lib.h>
#include <xen/elfnote.h>

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
	uint32_t namesz, descsz, type;
};

#define ELF_MACHINE_X86_64	62
#define ELF_TYPE_EXEC		2
#define ELF_TYPE_DYN		3
#define SEGMENT_LOAD		1
#define SEGMENT_NOTE		4
#define MAX_SEGMENTS		64
#define MAX_IMAGE_BYTES		(1UL << 30)

#define GZIP_MAGIC		0x8b1f

/* What to do, behind what is wrong. */
#define GET_ANEW		": get the file anew"
#define GIVE_KERNEL		": give a kernel, vmlinuz or vmlinux"
#define GIVE_OTHER		": give another kernel"

static bool inside(const struct dom0_image *img, uint64_t offset, uint64_t len)
{
	return offset <= img->size && len <= img->size - offset;
}

/* A copy: the file's pieces need not be aligned. */
static void segment_at(const struct dom0_image *img, unsigned int i,
		       struct elf_segment *s)
{
	struct elf_header h;

	memcpy(&h, img->data, sizeof(h));
	memcpy(s, img->data + h.phoff + (uint64_t)i * sizeof(*s), sizeof(*s));
}

static unsigned int nr_segments(const struct dom0_image *img)
{
	struct elf_header h;

	memcpy(&h, img->data, sizeof(h));
	return h.phnum;
}

/* Something else than an ELF file: say what it looks like. */
static const char *not_elf(const struct dom0_image *img)
{
	uint16_t gzip;

	memcpy(&gzip, img->data, sizeof(gzip));
	if (gzip == GZIP_MAGIC)
		return "it is compressed with gzip: unpack it first";
	return "it is neither a Linux bzImage nor an ELF file: the first "
	       "module has to be the kernel";
}

static const char *check_header(const struct dom0_image *img)
{
	struct elf_header h;

	if (img->size < sizeof(h))
		return "the file is too short for a kernel" GET_ANEW;
	memcpy(&h, img->data, sizeof(h));
	if (memcmp(h.ident, "\177ELF", 4))
		return not_elf(img);
	if (h.ident[4] != 2 || h.machine != ELF_MACHINE_X86_64)
		return "it is no 64-bit x86 kernel, and 32-bit PV is not "
		       "supported: give an amd64 one";
	if (h.type != ELF_TYPE_EXEC && h.type != ELF_TYPE_DYN)
		return "it is an ELF file, but no executable" GIVE_KERNEL;
	if (h.phentsize != sizeof(struct elf_segment) || !h.phnum ||
	    h.phnum > MAX_SEGMENTS)
		return "its table of segments is malformed" GET_ANEW;
	if (!inside(img, h.phoff, (uint64_t)h.phnum *
				  sizeof(struct elf_segment)))
		return "the file is truncated, its segment table is missing"
		       GET_ANEW;
	return NULL;
}

/* A number of 4 or 8 bytes; anything else is 0. */
static uint64_t note_number(const uint8_t *desc, uint32_t len)
{
	uint64_t v64 = 0;
	uint32_t v32;

	if (len == sizeof(v32)) {
		memcpy(&v32, desc, sizeof(v32));
		return v32;
	}
	if (len == sizeof(v64))
		memcpy(&v64, desc, sizeof(v64));
	return v64;
}

static void take_note(struct dom0_image *img, uint32_t type,
		      const uint8_t *desc, uint32_t len)
{
	uint64_t number = note_number(desc, len);

	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		img->entry = number;
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		img->hypercall_page = number;
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		img->virt_base = number;
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		img->paddr_offset = number;
		break;
	case XEN_ELFNOTE_INIT_P2M:
		img->init_p2m = number;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		img->mod_start_pfn = number != 0;
		break;
	}
}

/* All notes of one segment; true: some were Xen's. */
static bool take_notes(struct dom0_image *img, const struct elf_segment *s)
{
	uint64_t at = s->offset, end = s->offset + s->filesz;
	uint64_t name, desc, next;
	struct elf_note n;
	bool found = false;

	while (end - at >= sizeof(n)) {
		memcpy(&n, img->data + at, sizeof(n));
		name = at + sizeof(n);
		desc = name + ALIGN_UP((uint64_t)n.namesz, 4);
		next = desc + ALIGN_UP((uint64_t)n.descsz, 4);
		if (next > end)
			break;
		if (n.namesz == 4 && !memcmp(img->data + name, "Xen", 4)) {
			take_note(img, n.type, img->data + desc, n.descsz);
			found = true;
		}
		at = next;
	}
	return found;
}

static const char *find_notes(struct dom0_image *img)
{
	struct elf_segment s;
	bool found = false;
	unsigned int i;

	for (i = 0; i < nr_segments(img); i++) {
		segment_at(img, i, &s);
		if (s.type != SEGMENT_NOTE)
			continue;
		if (!inside(img, s.offset, s.filesz))
			return "the file is truncated, its notes are missing"
			       GET_ANEW;
		found |= take_notes(img, &s);
	}
	if (!found)
		return "it has no Xen notes: give one built with "
		       "CONFIG_XEN_PV, as Debian's are";
	return NULL;
}

static uint64_t load_address(const struct dom0_image *img,
			     const struct elf_segment *s)
{
	return img->virt_base + s->paddr - img->paddr_offset;
}

static const char *check_segment(struct dom0_image *img,
				 const struct elf_segment *s)
{
	uint64_t va = load_address(img, s);

	if (!inside(img, s->offset, s->filesz))
		return "the file is truncated, a segment is missing" GET_ANEW;
	if (s->memsz < s->filesz || s->memsz > MAX_IMAGE_BYTES)
		return "a segment's size makes no sense" GET_ANEW;
	if (va < img->virt_base || va - img->virt_base > MAX_IMAGE_BYTES ||
	    va + s->memsz < va)
		return "a segment lies outside the kernel's own range"
		       GIVE_OTHER;
	img->start = min(img->start, va);
	img->end = max(img->end, va + s->memsz);
	return NULL;
}

static const char *check_segments(struct dom0_image *img)
{
	struct elf_segment s;
	const char *wrong;
	unsigned int i;

	img->start = ~0UL;
	for (i = 0; i < nr_segments(img); i++) {
		segment_at(img, i, &s);
		if (s.type != SEGMENT_LOAD || !s.memsz)
			continue;
		wrong = check_segment(img, &s);
		if (wrong)
			return wrong;
	}
	return img->end ? NULL : "it has nothing to load" GIVE_KERNEL;
}

static bool address_ok(uint64_t va)
{
	return is_canonical(va) && (va < HYPERVISOR_VIRT_START ||
				    va >= HYPERVISOR_VIRT_END);
}

static const char *check_addresses(const struct dom0_image *img)
{
	if (img->virt_base & ~PAGE_MASK || !address_ok(img->virt_base) ||
	    !address_ok(img->end))
		return "its addresses lie in the hypervisor's range" GIVE_OTHER;
	if (img->entry < img->start || img->entry >= img->end)
		return "its entry point lies outside of it" GIVE_OTHER;
	if (img->hypercall_page &&
	    (img->hypercall_page & ~PAGE_MASK ||
	     img->hypercall_page < img->start ||
	     img->hypercall_page >= img->end ||
	     img->end - img->hypercall_page < PAGE_SIZE))
		return "its hypercall page lies outside of it" GIVE_OTHER;
	if (img->init_p2m && (img->init_p2m & ((1UL << 39) - 1) ||
			      !address_ok(img->init_p2m)))
		return "its frame list's address is no multiple of 512 GiB, "
		       "or the hypervisor's" GIVE_OTHER;
	return NULL;
}

/**
 * dom0_elf_parse() - read and check a kernel
 * @img:  written
 * @data: the file
 * @size: its bytes
 *
 * Return: NULL; or a sentence about what is wrong, to stand after "Dom0's
 *         kernel cannot be used: ".
 */
const char *dom0_elf_parse(struct dom0_image *img, const void *data,
			   uint64_t size)
{
	struct elf_header h;
	const char *wrong;

	memset(img, 0, sizeof(*img));
	img->data = data;
	img->size = size;
	wrong = check_header(img);
	if (wrong)
		return wrong;
	memcpy(&h, data, sizeof(h));
	img->entry = h.entry;
	wrong = find_notes(img);
	if (!wrong)
		wrong = check_segments(img);
	if (!wrong)
		wrong = check_addresses(img);
	return wrong;
}

/**
 * dom0_elf_load() - hand out the pieces of a kernel that was parsed
 * @img:  from dom0_elf_parse()
 * @copy: called with a virtual address and bytes, or NULL for zeroes
 * @priv: for @copy
 */
void dom0_elf_load(const struct dom0_image *img,
		   void (*copy)(void *priv, uint64_t va, const void *src,
				uint64_t len),
		   void *priv)
{
	struct elf_segment s;
	unsigned int i;
	uint64_t va;

	for (i = 0; i < nr_segments(img); i++) {
		segment_at(img, i, &s);
		if (s.type != SEGMENT_LOAD || !s.memsz)
			continue;
		va = load_address(img, &s);
		copy(priv, va, img->data + s.offset, s.filesz);
		copy(priv, va + s.filesz, NULL, s.memsz - s.filesz);
	}
}
