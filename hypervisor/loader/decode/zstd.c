/* SPDX-License-Identifier: MIT */
/*
 * zstd.c - the zstd format, by libzstd
 *
 * All at once into the final place: no window is kept apart, and the decoder's
 * own state has a size that is known.
 */
#define ZSTD_STATIC_LINKING_ONLY	/* state in memory of ours */
#include <zstd.h>
#include <zstd_errors.h>

#include "decode.h"

static const char *sentence(size_t error)
{
	switch (ZSTD_getErrorCode(error)) {
	case ZSTD_error_dstSize_tooSmall:
		return DECODE_WRONG_SIZE;
	case ZSTD_error_srcSize_wrong:
		return DECODE_SHORT;
	case ZSTD_error_checksum_wrong:
		return "their checksum is wrong";
	default:
		return DECODE_DAMAGED;
	}
}

/**
 * decode_zstd() - unpack zstd frames
 * @job: the work
 *
 * Return: NULL; or what is wrong.
 */
const char *decode_zstd(struct unpack_job *job)
{
	size_t size = ZSTD_estimateDCtxSize();
	void *state = arena_alloc(job->arena, size);
	ZSTD_DCtx *ctx = state ? ZSTD_initStaticDCtx(state, size) : NULL;
	size_t done;

	if (!ctx)
		return DECODE_NO_MEMORY;
	done = ZSTD_decompressDCtx(ctx, job->dst, job->dst_size, job->src,
				   job->src_size);
	if (ZSTD_isError(done))
		return sentence(done);
	return done == job->dst_size ? NULL : DECODE_WRONG_SIZE;
}
