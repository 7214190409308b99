/* SPDX-License-Identifier: MIT */
/*
 * elf.c - the segments of a 64-bit ELF file, and where its notes are
 *
 * System V ABI, ELF-64; <xen/elfnote.h>: "The notes should live in a PT_NOTE
 * segment". Where there are none sections are looked at. The segments' bytes
 * stay where they are in it, unpacked or not.
 */
#include "reader.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MOST	128	/* segments of any kind */
#define SECTIONS_MOST	4096
#define NOTES_BYTES_MOST	(64 << 10)

static const char legacy_name[] = "__xen_guest";

static bool read_header(struct reader *r, Elf64_Ehdr *h)
{
	if (!elf_bytes(r, 0, h, EI_NIDENT))
		return false;
	if (h->e_ident[EI_CLASS] == ELFCLASS32)
		return refuse(r, PROBLEM_32_BIT, 0, 0);
	if (!elf_bytes(r, 0, h, sizeof(*h)))
		return false;
	if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
		return refuse(r, PROBLEM_MACHINE, 0, 0);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return refuse(r, PROBLEM_NO_PROGRAM, h->e_type, 0);
	if (!h->e_phnum)
		return refuse(r, PROBLEM_NO_SEGMENTS, 0, 0);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum > HEADERS_MOST)
		return refuse(r, PROBLEM_TABLE, 0, 0);
	return true;
}

/* ---- notes --------------------------------------------------------------- */

static bool notes_at(struct reader *r, uint64_t offset, uint64_t bytes,
		     uint64_t align, struct notes_seen *seen)
{
	uint8_t *notes;
	bool good;

	if (!bytes)
		return true;
	if (bytes > NOTES_BYTES_MOST)
		return refuse(r, PROBLEM_NOTES, 0, 0);
	notes = malloc(bytes);
	if (!notes)
		return refuse(r, PROBLEM_MEMORY, 0, 0);
	good = elf_bytes(r, offset, notes, bytes) &&
	       take_notes(r, notes, bytes, align == 8 ? 8 : 4, seen);
	free(notes);
	return good;
}

static bool notes_in_segments(struct reader *r, const Elf64_Phdr *p,
			      unsigned int nr, struct notes_seen *seen)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (p[i].p_type == PT_NOTE &&
		    !notes_at(r, p[i].p_offset, p[i].p_filesz, p[i].p_align,
			      seen))
			return false;
	return true;
}

static bool section(struct reader *r, const Elf64_Ehdr *h, unsigned int i,
		    Elf64_Shdr *s)
{
	/* Beyond the end of the file also if the sum wraps. */
	if (h->e_shoff > r->elf_bytes)
		return refuse(r, PROBLEM_TRUNCATED, r->elf_bytes, 0);
	return elf_bytes(r, h->e_shoff + (uint64_t)i * sizeof(*s), s,
			 sizeof(*s));
}

static bool has_sections(const Elf64_Ehdr *h)
{
	return h->e_shoff && h->e_shentsize == sizeof(Elf64_Shdr) &&
	       h->e_shnum <= SECTIONS_MOST;
}

static bool notes_in_sections(struct reader *r, const Elf64_Ehdr *h,
			      struct notes_seen *seen)
{
	Elf64_Shdr s;
	unsigned int i;

	if (!has_sections(h))
		return true;
	for (i = 0; i < h->e_shnum; i++) {
		if (!section(r, h, i, &s))
			return false;
		if (s.sh_type == SHT_NOTE &&
		    !notes_at(r, s.sh_offset, s.sh_size, s.sh_addralign, seen))
			return false;
	}
	return true;
}

/* Names that are nowhere are the name of nothing. */
static bool is_legacy(struct reader *r, const Elf64_Shdr *names,
		      const Elf64_Shdr *s)
{
	char name[sizeof(legacy_name)];

	return s->sh_name < names->sh_size &&
	       names->sh_offset < r->elf_bytes &&
	       elf_bytes(r, names->sh_offset + s->sh_name, name,
			 sizeof(name)) &&
	       !memcmp(name, legacy_name, sizeof(name));
}

/* Says why there are no notes; never true. */
static bool no_notes(struct reader *r, const Elf64_Ehdr *h)
{
	Elf64_Shdr names, s;
	unsigned int i;

	if (has_sections(h) && h->e_shstrndx < h->e_shnum &&
	    section(r, h, h->e_shstrndx, &names))
		for (i = 0; i < h->e_shnum; i++)
			if (section(r, h, i, &s) && is_legacy(r, &names, &s))
				return refuse(r, PROBLEM_LEGACY, 0, 0);
	return refuse(r, PROBLEM_NO_NOTES, 0, 0);
}

static bool read_notes(struct reader *r, const Elf64_Ehdr *h,
		       const Elf64_Phdr *p)
{
	struct notes_seen seen = {0};
	struct claims *c = r->claims;

	c->entry = h->e_entry;
	c->hypercall_page = IMAGE_NONE;
	c->init_p2m = IMAGE_NONE;
	c->hv_start_low = IMAGE_NONE;
	if (!notes_in_segments(r, p, h->e_phnum, &seen))
		return false;
	if (!seen.any && !notes_in_sections(r, h, &seen))
		return false;
	if (!seen.any)
		return no_notes(r, h);
	if (seen.phys32 && !seen.entry)
		return refuse(r, PROBLEM_PVH_ONLY, 0, 0);
	return true;
}

/* ---- segments ------------------------------------------------------------ */

/* Are its bytes there, and not too many? */
static bool has_bytes(struct reader *r, const Elf64_Phdr *p)
{
	if (p->p_offset > r->elf_bytes ||
	    p->p_filesz > r->elf_bytes - p->p_offset)
		return refuse(r, PROBLEM_TRUNCATED, r->elf_bytes, 0);
	if (p->p_filesz > r->room - r->used)
		return refuse(r, PROBLEM_LARGE, 0, r->room);
	r->used += p->p_filesz;
	return true;
}

static bool read_segments(struct reader *r, const Elf64_Phdr *p,
			  unsigned int nr)
{
	struct claims *c = r->claims;
	struct claimed_segment *s;
	unsigned int i;

	if (!r->unpacked)
		c->flags |= CLAIM_IN_FILE;
	for (i = 0; i < nr; i++) {
		if (p[i].p_type != PT_LOAD || !p[i].p_memsz)
			continue;
		if (c->nr_segments == IMAGE_SEGMENTS_MOST)
			return refuse(r, PROBLEM_TABLE, 0, 0);
		s = &c->segments[c->nr_segments++];
		s->paddr = p[i].p_paddr;
		s->memory_bytes = p[i].p_memsz;
		s->file_bytes = p[i].p_filesz;
		s->at = p[i].p_offset;
		if (!has_bytes(r, &p[i]))
			return false;
	}
	return true;
}

bool read_elf(struct reader *r)
{
	Elf64_Phdr p[HEADERS_MOST];
	Elf64_Ehdr h;

	return read_header(r, &h) &&
	       elf_bytes(r, h.e_phoff, p, h.e_phnum * sizeof(p[0])) &&
	       read_notes(r, &h, p) && read_segments(r, p, h.e_phnum);
}
