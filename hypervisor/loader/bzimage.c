/* SPDX-License-Identifier: MIT */
/*
 * bzimage.c - find the compressed kernel in a Linux bzImage
 *
 * Linux, Documentation/x86/boot.rst, "The Real-Mode Kernel Header": the boot
 * sector and setup_sects more sectors come first, then the protected-mode
 * code, in which payload_offset and payload_length name the kernel. The file
 * is the boot loader's: each field is checked before it is used. No state.
 */
#include "private.h"

#include <lodge/lib.h>

#define SECTOR			512
#define SETUP_SECTS		0x1f1
#define BOOT_FLAG		0x1fe
#define MAGIC			0x202
#define VERSION			0x206
#define PAYLOAD_OFFSET		0x248
#define PAYLOAD_LENGTH		0x24c
#define HEADER_END		0x250

#define BOOT_FLAG_VALUE		0xaa55
#define MAGIC_VALUE		0x53726448	/* "HdrS" */
#define VERSION_PAYLOAD		0x0208		/* Linux 2.6.24 */
#define SETUP_SECTS_OLD		4		/* what zero stands for */

/* Room for the size behind the compressed data, and for some of these. */
#define MIN_PAYLOAD		8

#define GET_ANEW		": get the file anew"	/* what to do */

static uint32_t __init field(const void *file, unsigned int at,
			     unsigned int bytes)
{
	uint32_t v = 0;

	memcpy(&v, (const char *)file + at, bytes);	/* little-endian */
	return v;
}

/**
 * bzimage_is() - is a file a bzImage at all?
 * @file: its bytes
 * @size: how many
 *
 * Return: true if it has the boot protocol's magic number.
 */
bool __init bzimage_is(const void *file, uint64_t size)
{
	return size >= MAGIC + 4 && field(file, MAGIC, 4) == MAGIC_VALUE;
}

/**
 * bzimage_parse() - find the kernel in a bzImage
 * @bz:   written on success
 * @file: its bytes; bzimage_is() has said yes
 * @size: how many
 *
 * Return: NULL; or a sentence about what is wrong, to stand after "Dom0's
 *         kernel cannot be used: ".
 */
const char *__init bzimage_parse(struct bzimage *bz, const void *file,
				 uint64_t size)
{
	uint64_t start, offset, length;

	if (size < HEADER_END)
		return "the file is truncated within its header" GET_ANEW;
	if (field(file, BOOT_FLAG, 2) != BOOT_FLAG_VALUE)
		return "the boot sector in its header has no signature"
		       GET_ANEW;
	if (field(file, VERSION, 2) < VERSION_PAYLOAD)
		return "it is older than Linux 2.6.24: give a newer one";
	start = field(file, SETUP_SECTS, 1);
	start = ((start ? start : SETUP_SECTS_OLD) + 1) * SECTOR;
	offset = field(file, PAYLOAD_OFFSET, 4);
	length = field(file, PAYLOAD_LENGTH, 4);
	if (length < MIN_PAYLOAD)
		return "its header names no compressed kernel" GET_ANEW;
	if (start + offset + length > size)
		return "the file is truncated within its compressed kernel"
		       GET_ANEW;
	bz->offset = start + offset;
	bz->size = length;
	return NULL;
}
