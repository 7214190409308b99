/* SPDX-License-Identifier: MIT */
/*
 * lz4.c - lz4's legacy format, which Linux uses, by liblz4
 *
 * lz4_Frame_format.md, "Legacy frame": the magic number, then blocks, each a
 * 32-bit size and so many bytes that unpack to at most 8 MiB; the end of the
 * file is the end. Where a block's size could stand the magic number begins
 * another frame. There is no checksum.
 */
#include <string.h>
#include <lz4.h>

#include "decode.h"

#define LEGACY_MAGIC	0x184c2102U
#define BLOCK_MAX	(8 << 20)

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));	/* little-endian */
	return v;
}

/**
 * decode_lz4() - unpack legacy lz4 frames
 * @job: the work
 *
 * Return: NULL; or what is wrong.
 */
const char *decode_lz4(struct unpack_job *job)
{
	size_t in = 0, out = 0, room;
	uint32_t size;
	int got;

	while (job->src_size - in >= sizeof(size)) {
		size = get32(job->src + in);
		in += sizeof(size);
		if (size == LEGACY_MAGIC)
			continue;
		if (size > LZ4_COMPRESSBOUND(BLOCK_MAX))
			return DECODE_DAMAGED;
		if (size > job->src_size - in)
			return DECODE_SHORT;
		room = job->dst_size - out;
		got = LZ4_decompress_safe((const char *)job->src + in,
					  (char *)job->dst + out, (int)size,
					  room < BLOCK_MAX ? (int)room :
							     BLOCK_MAX);
		if (got < 0)
			return DECODE_DAMAGED;
		in += size;
		out += (size_t)got;
	}
	return out == job->dst_size ? NULL : DECODE_WRONG_SIZE;
}
