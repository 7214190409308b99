/* SPDX-License-Identifier: MIT */
/*
 * util.h - allocation, checksums and time for the whole daemon
 *
 * Memory that a request needs comes from its arena and vanishes with it, so
 * that handlers have no clean-up paths. Memory that outlives a request comes
 * from xmalloc(), which does not fail: with quotas in force an allocation
 * fails only when the host itself has run out, and then the safest thing is to
 * stop; the keeper starts a new daemon from the journal.
 */
#ifndef XS_UTIL_H
#define XS_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

void *xmalloc(size_t size);
void *xcalloc(size_t nr, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

/* A growing block of bytes; all zeroes is a valid empty one. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

void *buf_grow(struct buf *b, size_t extra);
void buf_put(struct buf *b, const void *data, size_t len);
void buf_free(struct buf *b);

struct arena;
struct arena *arena_new(size_t block);
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

uint32_t crc32c(uint32_t crc, const void *data, size_t len);
uint32_t hash_bytes(const void *data, size_t len);
uint64_t now_ns(void);
bool parse_u32(const char *s, uint32_t max, uint32_t *out);

/* Stream counters are 32 bits wide and wrap: which of two is the later one? */
static inline bool counter_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline uint32_t counter_max(uint32_t a, uint32_t b)
{
	return counter_after(a, b) ? a : b;
}

#endif
