/* SPDX-License-Identifier: MIT */
/*
 * reader.h - a program without rights that takes a kernel apart
 *
 *   main.c --confine.c--> kernel.c: ELF?  ------------------> elf.c, notes.c
 *                                   bzImage, compressed ELF? --unpack.c--^
 *
 * It finds out what is in the file and where; image-check.c of the library
 * judges it. Functions that return false have refused the file.
 */
#ifndef LODGE_READER_H
#define LODGE_READER_H

#include "image-claims.h"

#include <endian.h>
#include <string.h>

struct reader {
	struct claims *claims;
	uint8_t *data;		/* for what is unpacked */
	uint64_t room;		/* its bytes; segments have no more */
	uint64_t used;		/* by segments */
	int fd;
	uint64_t file_bytes;
	const uint8_t *unpacked;	/* NULL: the ELF file is the file */
	uint64_t elf_bytes;
};

/* A number of four bytes, at any address. */
static inline uint32_t le32_at(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

/* ---- confine.c ---- */
/* Gives up all but reading descriptor 0, memory and the end. 0; an errno */
int confine(void);

/* ---- kernel.c ---- */
bool read_kernel(struct reader *r);
/* False, for the caller to return */
bool refuse(struct reader *r, enum image_problem problem, uint64_t a,
	    uint64_t b);

/* ---- elf.c ---- */
bool read_elf(struct reader *r);
/* @bytes of the ELF file */
bool elf_bytes(struct reader *r, uint64_t offset, void *to, uint64_t bytes);

/* ---- notes.c ---- */
struct notes_seen {
	bool any, entry, phys32;
};
/* Xen's notes among @bytes, whose parts are aligned to @align */
bool take_notes(struct reader *r, const uint8_t *notes, uint64_t bytes,
		unsigned int align, struct notes_seen *seen);

/* ---- unpack.c ---- */
enum unpack_end { UNPACK_DONE, UNPACK_DAMAGED, UNPACK_LARGE, UNPACK_MEMORY };
struct packing {
	unsigned int number;	/* of its name in image-words.c */
	unsigned int magic_bytes;
	const char *magic;
	/* NULL: not supported; *length is how much was written to @to */
	enum unpack_end (*unpack)(const uint8_t *from, size_t bytes,
				  uint8_t *to, size_t room, size_t *length);
	bool ends_with_size;	/* by itself, as Linux makes the others do */
};
/* NULL: none that is known */
const struct packing *find_packing(const uint8_t *from, size_t bytes);

#endif
