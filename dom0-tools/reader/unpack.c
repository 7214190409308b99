/* SPDX-License-Identifier: MIT */
/*
 * unpack.c - what kernels are compressed with, unpacked by the system's
 * libraries into memory of a fixed size
 *
 * What follows the first stream is ignored, as Linux does. No state.
 */
#include "reader.h"

#include <string.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* What the x86 port of Linux asks xz for is half of it. */
#define LZMA_MEMORY_MOST (UINT64_C(256) << 20)

#define GZIP_WINDOW (16 + MAX_WBITS)	/* with gzip's header, not zlib's */

static enum unpack_end unpack_gzip(const uint8_t *from, size_t bytes,
				   uint8_t *to, size_t room, size_t *length)
{
	z_stream s = {
		.next_in = (Bytef *)from, .avail_in = (uInt)bytes,
		.next_out = to, .avail_out = (uInt)room,
	};
	int rc;

	if (inflateInit2(&s, GZIP_WINDOW) != Z_OK)
		return UNPACK_MEMORY;
	rc = inflate(&s, Z_FINISH);
	*length = room - s.avail_out;
	inflateEnd(&s);
	if (rc == Z_STREAM_END)
		return UNPACK_DONE;
	if (rc == Z_MEM_ERROR)
		return UNPACK_MEMORY;
	return rc == Z_BUF_ERROR && !s.avail_out ? UNPACK_LARGE
						 : UNPACK_DAMAGED;
}

static enum unpack_end run_lzma(lzma_stream *s, const uint8_t *from,
				size_t bytes, uint8_t *to, size_t room,
				size_t *length)
{
	lzma_ret rc;

	s->next_in = from;
	s->avail_in = bytes;
	s->next_out = to;
	s->avail_out = room;
	do
		rc = lzma_code(s, LZMA_FINISH);
	while (rc == LZMA_OK && s->avail_out);
	*length = room - s->avail_out;
	lzma_end(s);
	if (rc == LZMA_STREAM_END)
		return UNPACK_DONE;
	if (rc == LZMA_MEM_ERROR || rc == LZMA_MEMLIMIT_ERROR)
		return UNPACK_MEMORY;
	return rc == LZMA_OK ? UNPACK_LARGE : UNPACK_DAMAGED;
}

static enum unpack_end unpack_xz(const uint8_t *from, size_t bytes,
				 uint8_t *to, size_t room, size_t *length)
{
	lzma_stream s = LZMA_STREAM_INIT;

	if (lzma_stream_decoder(&s, LZMA_MEMORY_MOST, 0) != LZMA_OK)
		return UNPACK_MEMORY;
	return run_lzma(&s, from, bytes, to, room, length);
}

static enum unpack_end unpack_lzma(const uint8_t *from, size_t bytes,
				   uint8_t *to, size_t room, size_t *length)
{
	lzma_stream s = LZMA_STREAM_INIT;

	if (lzma_alone_decoder(&s, LZMA_MEMORY_MOST) != LZMA_OK)
		return UNPACK_MEMORY;
	return run_lzma(&s, from, bytes, to, room, length);
}

/* In one go, which needs no window: what was written is the window. */
static enum unpack_end unpack_zstd(const uint8_t *from, size_t bytes,
				   uint8_t *to, size_t room, size_t *length)
{
	size_t frame = ZSTD_findFrameCompressedSize(from, bytes);
	unsigned long long says;
	size_t rc;

	if (ZSTD_isError(frame))
		return UNPACK_DAMAGED;
	says = ZSTD_getFrameContentSize(from, frame);
	if (says < ZSTD_CONTENTSIZE_ERROR && says > room)
		return UNPACK_LARGE;
	rc = ZSTD_decompress(to, room, from, frame);
	if (!ZSTD_isError(rc)) {
		*length = rc;
		return UNPACK_DONE;
	}
	/* Without a size in its frame this is all that there is to know. */
	return ZSTD_getErrorCode(rc) == ZSTD_error_dstSize_tooSmall
		       ? UNPACK_LARGE
		       : UNPACK_DAMAGED;
}

/* ---- lz4: its legacy frame ----------------------------------------------- */

#define LZ4_MAGIC	"\x02\x21\x4c\x18"
#define LZ4_BLOCK	(8 << 20)	/* unpacked; the last may be less */

/* A block behind its size; how much it is unpacked, or negative */
static int lz4_block(const uint8_t *from, uint32_t bytes, uint8_t *to,
		     size_t room)
{
	int most = room < LZ4_BLOCK ? (int)room : LZ4_BLOCK;

	return LZ4_decompress_safe((const char *)from, (char *)to, (int)bytes,
				   most);
}

/* A frame has no end: another may follow, with a magic number of its own. */
static enum unpack_end unpack_lz4(const uint8_t *from, size_t bytes,
				  uint8_t *to, size_t room, size_t *length)
{
	size_t at = 0, done = 0;
	uint32_t block;
	int got;

	while (at < bytes) {
		if (bytes - at < sizeof(block))
			return UNPACK_DAMAGED;
		block = le32_at(from + at);
		at += sizeof(block);
		if (block == le32_at((const uint8_t *)LZ4_MAGIC))
			continue;
		if (block > bytes - at || block > LZ4_MAX_INPUT_SIZE)
			return UNPACK_DAMAGED;
		got = lz4_block(from + at, block, to + done, room - done);
		if (got < 0)
			return room - done < LZ4_BLOCK ? UNPACK_LARGE
						       : UNPACK_DAMAGED;
		at += block;
		done += (size_t)got;
	}
	*length = done;
	return UNPACK_DONE;
}

static const struct packing packings[] = {
	{0, 2, "\x1f\x8b", unpack_gzip, true},
	{1, 6, "\xfd" "7zXZ\0", unpack_xz, false},
	{2, 3, "\x5d\0\0", unpack_lzma, false},
	{3, 4, "\x28\xb5\x2f\xfd", unpack_zstd, false},
	{4, 4, LZ4_MAGIC, unpack_lz4, false},
	{5, 3, "BZh", NULL, false},
	{6, 4, "\x89LZO", NULL, false},
};

const struct packing *find_packing(const uint8_t *from, size_t bytes)
{
	const struct packing *p;
	size_t i;

	for (i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		p = &packings[i];
		if (bytes >= p->magic_bytes &&
		    !memcmp(from, p->magic, p->magic_bytes))
			return p;
	}
	return NULL;
}
