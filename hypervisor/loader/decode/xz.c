/* SPDX-License-Identifier: MIT */
/*
 * xz.c - the xz format, by liblzma
 *
 * liblzma keeps the dictionary in memory of its own, up to the size that the
 * data ask for; a damaged header that asks for too much is told from the
 * damage of data by the limit.
 */
#include <lzma.h>

#include "decode.h"

static void *take(void *arena, size_t nr, size_t size)
{
	return size && nr > SIZE_MAX / size ? NULL :
					      arena_alloc(arena, nr * size);
}

static void give_back(void *arena, void *p)
{
}

static const char *sentence(lzma_ret ret)
{
	switch (ret) {
	case LZMA_OK:
		return NULL;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return DECODE_NO_MEMORY;
	case LZMA_OPTIONS_ERROR:
	case LZMA_UNSUPPORTED_CHECK:
		return "they use a filter or checksum that is not known";
	case LZMA_BUF_ERROR:
		return DECODE_WRONG_SIZE;
	default:
		return DECODE_DAMAGED;
	}
}

/**
 * decode_xz() - unpack one xz stream
 * @job: the work; its arena must hold the dictionary
 *
 * Return: NULL; or what is wrong.
 */
const char *decode_xz(struct unpack_job *job)
{
	lzma_allocator allocator = { take, give_back, job->arena };
	uint64_t limit = job->arena->size - job->arena->used;
	size_t in = 0, out = 0;
	const char *wrong;

	wrong = sentence(lzma_stream_buffer_decode(&limit,
			LZMA_TELL_UNSUPPORTED_CHECK, &allocator, job->src, &in,
			job->src_size, job->dst, &out, job->dst_size));
	if (wrong)
		return wrong;
	return out == job->dst_size ? NULL : DECODE_WRONG_SIZE;
}
