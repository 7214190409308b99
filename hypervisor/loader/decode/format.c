/* SPDX-License-Identifier: MIT */
/*
 * format.c - which decoder it takes, and the memory they all use
 *
 * The formats are those that Linux's build can choose for a kernel. In all but
 * gzip's the build appends the unpacked size; gzip's own trailer ends with it.
 */
#include "decode.h"

#include <string.h>

#define ARENA_ALIGN 64
#define FORMAT(n, m, fn, t) { n, m, sizeof(m) - 1, fn, t }

static const struct unpack_format formats[] = {
	FORMAT("xz", "\xfd" "7zXZ\0", decode_xz, 4),
	FORMAT("zstd", "\x28\xb5\x2f\xfd", decode_zstd, 4),
	FORMAT("gzip", "\x1f\x8b", decode_gzip, 0),
	FORMAT("lz4", "\x02\x21\x4c\x18", decode_lz4, 4),
	FORMAT("bzip2", "BZh", NULL, 4),
	FORMAT("lzma", "\x5d\0\0", NULL, 4),
	FORMAT("lzo", "\x89LZO", NULL, 4),
};

/**
 * unpack_find_format() - tell a format by its first bytes
 * @src:  the data
 * @size: how many bytes
 *
 * Return: the format; NULL: none that is known.
 */
const struct unpack_format *unpack_find_format(const uint8_t *src, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (size >= formats[i].magic_size &&
		    !memcmp(src, formats[i].magic, formats[i].magic_size))
			return &formats[i];
	return NULL;
}

/**
 * arena_alloc() - take memory
 * @arena: where from
 * @size:  bytes
 *
 * Return: 64-byte aligned memory with any contents; NULL: not so much left.
 */
void *arena_alloc(struct arena *arena, size_t size)
{
	uint8_t *p = arena->base + arena->used;

	if (size > arena->size - arena->used)
		return NULL;
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > arena->size - arena->used)
		return NULL;
	arena->used += size;
	return p;
}
