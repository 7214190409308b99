/* SPDX-License-Identifier: MIT */
/*
 * decode.h - unpack a compressed kernel with the libraries' own decoders
 *
 * Between the loader stage, which knows no library, and the files beside this
 * header, which know nothing of the machine. All of it, libraries included,
 * is linked into .init and given back with it.
 */
#ifndef LODGE_LOADER_DECODE_H
#define LODGE_LOADER_DECODE_H

#include <stddef.h>
#include <stdint.h>

/* Memory for a decoder: handed out upwards, never taken back. */
struct arena {
	uint8_t *base;
	size_t size, used;
};

/* NULL: used up. 64-byte aligned. */
void *arena_alloc(struct arena *arena, size_t size);

struct unpack_job {
	const uint8_t *src;
	size_t src_size;
	uint8_t *dst;		/* exactly so many bytes must come out */
	size_t dst_size;
	struct arena *arena;
};

/*
 * A format, known by its first bytes. decode() returns NULL, or what is wrong
 * with the data; @dst may then have been written to in part.
 */
struct unpack_format {
	const char *name;
	const char *magic;
	size_t magic_size;
	const char *(*decode)(struct unpack_job *job);	/* NULL: we cannot */
	size_t trailer;		/* bytes of the size behind the data proper */
};

/* NULL: none that is known. */
const struct unpack_format *unpack_find_format(const uint8_t *src,
					       size_t size);

/* The constructors of the libraries; before anything else here. */
void decoders_init(void);

const char *decode_gzip(struct unpack_job *job);
const char *decode_lz4(struct unpack_job *job);
const char *decode_xz(struct unpack_job *job);
const char *decode_zstd(struct unpack_job *job);

/* What more than one of them has to say. */
#define DECODE_NO_MEMORY	"they need more memory below 4 GiB"
#define DECODE_SHORT		"they end too early"
#define DECODE_DAMAGED		"they are damaged"
#define DECODE_WRONG_SIZE	"they end too early, or are not of the size told"

#endif
