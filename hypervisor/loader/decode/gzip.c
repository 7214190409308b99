/* SPDX-License-Identifier: MIT */
/*
 * gzip.c - the gzip format, by zlib
 */
#define ZLIB_CONST	/* it does not write to its input */
#include <zlib.h>

#include "decode.h"

#define WINDOW_GZIP (16 + MAX_WBITS)	/* expect gzip's header and trailer */

static voidpf take(voidpf arena, uInt nr, uInt size)
{
	return arena_alloc(arena, (size_t)nr * size);
}

static void give_back(voidpf arena, voidpf p)
{
}

static const char *sentence(int rc, const z_stream *z)
{
	switch (rc) {
	case Z_STREAM_END:
		return NULL;
	case Z_MEM_ERROR:
		return DECODE_NO_MEMORY;
	case Z_OK:
	case Z_BUF_ERROR:
		return z->avail_out ? DECODE_SHORT : DECODE_WRONG_SIZE;
	default:
		return DECODE_DAMAGED;
	}
}

/**
 * decode_gzip() - unpack one gzip member
 * @job: the work; less than 4 GiB on both sides
 *
 * Return: NULL; or what is wrong.
 */
const char *decode_gzip(struct unpack_job *job)
{
	z_stream z = {
		.next_in = job->src, .avail_in = (uInt)job->src_size,
		.next_out = job->dst, .avail_out = (uInt)job->dst_size,
		.zalloc = take, .zfree = give_back, .opaque = job->arena,
	};
	const char *wrong;

	if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		return DECODE_NO_MEMORY;
	wrong = sentence(inflate(&z, Z_FINISH), &z);
	if (wrong)
		return wrong;
	return z.avail_out ? DECODE_WRONG_SIZE : NULL;
}
