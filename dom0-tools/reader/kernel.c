/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - what kind of file is it, and where in it is the ELF file?
 *
 * Linux, Documentation/x86/boot.rst, "The Real-Mode Kernel Header": setup_sects
 * more sectors follow the boot sector, then the protected-mode code, in which
 * payload_offset and payload_length name the compressed kernel. Its last four
 * bytes are its size when unpacked.
 */
#include "reader.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR		512
#define SETUP_SECTS	0x1f1
#define MAGIC		0x202		/* "HdrS" */
#define VERSION		0x206
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
#define HEADER_END	0x250

#define VERSION_PAYLOAD	0x208
#define SETUP_SECTS_OLD	4		/* what zero stands for */
#define SIZE_BYTES	4

bool refuse(struct reader *r, enum image_problem problem, uint64_t a,
	    uint64_t b)
{
	r->claims->problem = problem;
	r->claims->a = a;
	r->claims->b = b;
	return false;
}

/* @bytes of the file, which it had when it was opened */
static bool file_bytes(struct reader *r, uint64_t offset, uint8_t *to,
		       uint64_t bytes)
{
	ssize_t n;

	for (; bytes; bytes -= (uint64_t)n, offset += (uint64_t)n, to += n) {
		n = pread(r->fd, to, bytes, (off_t)offset);
		if (n < 0)
			return refuse(r, PROBLEM_IO, (uint64_t)errno, 0);
		if (!n)
			return refuse(r, PROBLEM_TRUNCATED, offset, 0);
	}
	return true;
}

bool elf_bytes(struct reader *r, uint64_t offset, void *to, uint64_t bytes)
{
	if (offset > r->elf_bytes || bytes > r->elf_bytes - offset)
		return refuse(r, PROBLEM_TRUNCATED, r->elf_bytes, 0);
	if (!r->unpacked)
		return file_bytes(r, offset, to, bytes);
	memcpy(to, r->unpacked + offset, bytes);
	return true;
}

/* ---- compressed ---------------------------------------------------------- */

static bool unpacked(struct reader *r, const struct packing *p,
		     const uint8_t *from, size_t bytes, size_t *length)
{
	*length = 0;
	switch (p->unpack(from, bytes, r->data, r->room, length)) {
	case UNPACK_DONE:
		return true;
	case UNPACK_LARGE:
		return refuse(r, PROBLEM_BOMB, 0, r->room);
	case UNPACK_MEMORY:
		return refuse(r, PROBLEM_MEMORY, 0, 0);
	default:
		return refuse(r, PROBLEM_DAMAGED, p->number, 0);
	}
}

static bool read_packed(struct reader *r, const uint8_t *from, size_t bytes,
			size_t *length)
{
	const struct packing *p = find_packing(from, bytes);

	if (!p)
		return refuse(r, PROBLEM_PAYLOAD, 0, 0);
	if (!p->unpack)
		return refuse(r, PROBLEM_PACKING, p->number, 0);
	return unpacked(r, p, from, bytes, length);
}

static bool read_payload(struct reader *r, const uint8_t *from, size_t bytes,
			 size_t *length)
{
	const struct packing *p = find_packing(from, bytes);
	uint32_t says = le32_at(from + bytes - SIZE_BYTES);

	if (p && !p->ends_with_size)
		bytes -= SIZE_BYTES;
	if (!read_packed(r, from, bytes, length))
		return false;
	return *length == says || refuse(r, PROBLEM_SIZE, *length, says);
}

static bool read_bzimage(struct reader *r, const uint8_t *file, size_t *length)
{
	uint64_t sectors = file[SETUP_SECTS] ? file[SETUP_SECTS]
					     : SETUP_SECTS_OLD;
	uint64_t start, bytes;

	if (r->file_bytes < HEADER_END)
		return refuse(r, PROBLEM_TRUNCATED, r->file_bytes, 0);
	if ((file[VERSION] | file[VERSION + 1] << 8) < VERSION_PAYLOAD)
		return refuse(r, PROBLEM_OLD_BZIMAGE, 0, 0);
	start = (sectors + 1) * SECTOR + le32_at(file + PAYLOAD_OFFSET);
	bytes = le32_at(file + PAYLOAD_LENGTH);
	if (start > r->file_bytes || bytes > r->file_bytes - start)
		return refuse(r, PROBLEM_TRUNCATED, r->file_bytes, 0);
	if (bytes <= SIZE_BYTES)
		return refuse(r, PROBLEM_PAYLOAD, 0, 0);
	return read_payload(r, file + start, bytes, length);
}

static bool is_elf(const uint8_t *bytes, size_t length)
{
	return length >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG);
}

static bool is_bzimage(const uint8_t *bytes, size_t length)
{
	return length >= MAGIC + 4 && !memcmp(bytes + MAGIC, "HdrS", 4);
}

/* The whole file is in memory; the ELF file is to be in r->data. */
static bool unpack(struct reader *r, const uint8_t *file)
{
	size_t length;
	bool good;

	good = is_bzimage(file, r->file_bytes)
		       ? read_bzimage(r, file, &length)
		       : read_packed(r, file, r->file_bytes, &length);
	if (!good)
		return false;
	r->unpacked = r->data;
	r->elf_bytes = length;
	return is_elf(r->data, length) ? read_elf(r)
				       : refuse(r, PROBLEM_NO_ELF, 0, 0);
}

static bool read_whole(struct reader *r)
{
	uint8_t *file;
	bool good;

	if (r->file_bytes > PACKED_BYTES_MOST)
		return refuse(r, PROBLEM_PACKED_LARGE, r->file_bytes,
			      PACKED_BYTES_MOST);
	file = malloc(r->file_bytes);
	if (!file)
		return refuse(r, PROBLEM_MEMORY, 0, 0);
	good = file_bytes(r, 0, file, r->file_bytes) && unpack(r, file);
	free(file);
	return good;
}

/**
 * read_kernel() - claim what is in the file
 * @r: set up; its claims are zeroes
 *
 * Return: true; false, and why in the claims.
 */
bool read_kernel(struct reader *r)
{
	uint8_t head[HEADER_END];
	size_t length = sizeof(head);

	if (!r->file_bytes)
		return refuse(r, PROBLEM_EMPTY, 0, 0);
	if (length > r->file_bytes)
		length = r->file_bytes;
	if (!file_bytes(r, 0, head, length))
		return false;
	r->elf_bytes = r->file_bytes;
	if (is_elf(head, length))
		return read_elf(r);
	if (is_bzimage(head, length) || find_packing(head, length))
		return read_whole(r);
	return refuse(r, PROBLEM_FOREIGN, 0, 0);
}
