/* SPDX-License-Identifier: MIT */
/*
 * fuzz_loader.c - any file as a bzImage, any bytes as its compressed kernel
 *
 * Chance does not find checksums, so the first bytes choose between three:
 * the rest is a file; the rest is compressed data behind a format's magic; or
 * the rest is a kernel that is compressed properly, of which some bytes are
 * then changed. What is unpacked stays within its place, a payload within its
 * file, and what was not changed comes out as it went in.
 */
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <lz4.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/loader/private.h"
#include "hypervisor/loader/decode/decode.h"

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

#define ARENA_BYTES	(1 << 20)
#define DST_MAX		8192
#define SRC_MAX		4096
#define PACKED_MAX	(2 * SRC_MAX + 1024)

struct input {
	uint8_t what, format;
	uint16_t dst_size;
	uint16_t change_at;
	uint8_t change, nr_changes;
};

static _Alignas(64) uint8_t work[ARENA_BYTES];

static size_t pack_xz(uint8_t *dst, const uint8_t *src, size_t size)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL }, { LZMA_FILTER_LZMA2, &options },
		{ LZMA_VLI_UNKNOWN, NULL },
	};
	size_t n = 0;

	lzma_lzma_preset(&options, 0);
	options.dict_size = LZMA_DICT_SIZE_MIN;
	CHECK(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, src,
					size, dst, &n, PACKED_MAX) == LZMA_OK);
	return n;
}

static size_t pack_zstd(uint8_t *dst, const uint8_t *src, size_t size)
{
	size_t n = ZSTD_compress(dst, PACKED_MAX, src, size, 1);

	CHECK(!ZSTD_isError(n));
	return n;
}

static size_t pack_gzip(uint8_t *dst, const uint8_t *src, size_t size)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)src,
		       .avail_in = (uInt)size, .next_out = dst,
		       .avail_out = PACKED_MAX };

	CHECK(deflateInit2(&z, 1, Z_DEFLATED, 16 + 9, 1, 0) == Z_OK);
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_lz4(uint8_t *dst, const uint8_t *src, size_t size)
{
	uint32_t n;

	memcpy(dst, "\x02\x21\x4c\x18", 4);
	n = (uint32_t)LZ4_compress_default((const char *)src, (char *)dst + 8,
					   (int)size, PACKED_MAX - 8);
	CHECK(n);
	memcpy(dst + 4, &n, sizeof(n));
	return n + 8;
}

static const struct {
	const char *magic;
	size_t magic_size;
	size_t (*pack)(uint8_t *dst, const uint8_t *src, size_t size);
} formats[] = {
	{ "\xfd" "7zXZ\0", 6, pack_xz }, { "\x28\xb5\x2f\xfd", 4, pack_zstd },
	{ "\x1f\x8b\x08", 3, pack_gzip }, { "\x02\x21\x4c\x18", 4, pack_lz4 },
};

/* Unpacks exact copies, so that the sanitizer sees each byte too many. */
static const char *unpack(const uint8_t *src, size_t size, size_t dst_size,
			  uint8_t **dst)
{
	const struct unpack_format *f = unpack_find_format(src, size);
	struct arena arena = { work, sizeof(work), 0 };
	struct unpack_job job = { .src_size = size, .dst_size = dst_size,
				  .arena = &arena };
	const char *wrong = "unknown";
	uint8_t *copy = malloc(size);

	memcpy(copy, src, size);
	*dst = job.dst = malloc(dst_size);
	job.src = copy;
	if (f && f->decode)
		wrong = f->decode(&job);
	CHECK(arena.used <= arena.size);
	free(copy);
	return wrong;
}

static void any_file(const uint8_t *data, size_t size)
{
	static const uint8_t head[] = { 'H', 'd', 'r', 'S', 0x0f, 2 };
	uint8_t *file = malloc(size);
	struct bzimage bz;

	memcpy(file, data, size);
	if (size > 0x202 + sizeof(head)) {
		memcpy(file + 0x202, head, sizeof(head));
		memcpy(file + 0x1fe, "\x55\xaa", 2);
	}
	if (bzimage_is(file, size) && !bzimage_parse(&bz, file, size)) {
		CHECK(bz.size >= 8 && bz.offset >= 1024 && bz.size <= size &&
		      bz.offset <= size - bz.size);
		unpack_find_format(file + bz.offset, bz.size);
	}
	free(file);
}

static void any_data(const struct input *in, const uint8_t *data, size_t size)
{
	unsigned int f = in->format % 4;
	uint8_t *src = malloc(formats[f].magic_size + size), *dst;

	memcpy(src, formats[f].magic, formats[f].magic_size);
	memcpy(src + formats[f].magic_size, data, size);
	unpack(src, formats[f].magic_size + size,
	       (size_t)in->dst_size % DST_MAX + 1, &dst);
	free(src);
	free(dst);
}

static void damaged_data(const struct input *in, const uint8_t *data,
			 size_t size)
{
	unsigned int f = in->format % 4, i, at = in->change_at;
	bool changed = in->change && in->nr_changes % 4;
	uint8_t packed[PACKED_MAX], *dst;
	const char *wrong;
	size_t n;

	if (!size || size > SRC_MAX)
		return;
	n = formats[f].pack(packed, data, size);
	for (i = 0; changed && i < in->nr_changes % 4; i++, at += at + 7)
		packed[at % n] ^= in->change;
	wrong = unpack(packed, n, size, &dst);
	if (!changed)
		CHECK(!wrong && !memcmp(dst, data, size));
	free(dst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	if (in.what % 3 == 0)
		any_file(data, size);
	else if (in.what % 3 == 1)
		any_data(&in, data, size);
	else
		damaged_data(&in, data, size);
	return 0;
}
