/* SPDX-License-Identifier: MIT */
/*
 * util.c - allocation, checksums and time for the whole daemon
 *
 * An arena is a chain of blocks, filled from the front. Resetting it keeps the
 * first block, so a daemon in steady state does not call malloc() for the
 * scratch memory of a request.
 */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "log.h"

void *xmalloc(size_t size)
{
	void *p = malloc(size);

	if (!p)
		log_fatal("out of memory (%zu bytes)", size);
	return p;
}

void *xcalloc(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	if (!p)
		log_fatal("out of memory (%zu x %zu bytes)", nr, size);
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		log_fatal("out of memory (%zu bytes)", size);
	return p;
}

char *xstrdup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(xmalloc(len), s, len);
}

/**
 * buf_grow() - append room for @extra bytes
 *
 * Return: where the new bytes begin; they are not initialised. The pointer is
 *         valid until the next change of the buffer.
 */
void *buf_grow(struct buf *b, size_t extra)
{
	uint8_t *p;

	if (b->len + extra > b->cap) {
		b->cap = (b->len + extra) * 2;
		b->data = xrealloc(b->data, b->cap);
	}
	p = b->data + b->len;
	b->len += extra;
	return p;
}

void buf_put(struct buf *b, const void *data, size_t len)
{
	if (len)
		memcpy(buf_grow(b, len), data, len);
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

struct block {
	struct block *next;
	size_t used;
	size_t size;
	uint8_t data[];
};

struct arena {
	struct block *head;	/* the one that is being filled */
	size_t block;		/* bytes of an ordinary block */
};

static struct block *block_new(size_t size, struct block *next)
{
	struct block *b = xmalloc(sizeof(*b) + size);

	*b = (struct block){ .next = next, .size = size };
	return b;
}

/**
 * arena_new() - an empty arena
 * @block: how many bytes to take from malloc() at a time
 */
struct arena *arena_new(size_t block)
{
	struct arena *a = xmalloc(sizeof(*a));

	a->block = block;
	a->head = block_new(block, NULL);
	return a;
}

/**
 * arena_alloc() - take memory that lives until the arena is reset
 *
 * Return: @size bytes, aligned to 16, not initialised; never NULL.
 */
void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->head;

	size = (size + 15) & ~(size_t)15;
	if (b->size - b->used < size) {
		b = block_new(size > a->block ? size : a->block, b);
		a->head = b;
	}
	b->used += size;
	return b->data + b->used - size;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_reset(struct arena *a)
{
	struct block *b;

	while ((b = a->head)->next) {
		a->head = b->next;
		free(b);
	}
	a->head->used = 0;
}

void arena_free(struct arena *a)
{
	arena_reset(a);
	free(a->head);
	free(a);
}

/* --- checksums --- */

static uint32_t crc_table[256];

static void crc_table_init(void)
{
	uint32_t i, c;
	int bit;

	for (i = 0; i < 256; i++) {
		c = i;
		for (bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
		crc_table[i] = c;
	}
}

static uint32_t crc32c_table(uint32_t crc, const uint8_t *p, size_t len)
{
	if (!crc_table[1])
		crc_table_init();
	while (len--)
		crc = crc >> 8 ^ crc_table[(crc ^ *p++) & 0xff];
	return crc;
}

__attribute__((target("sse4.2")))
static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t c = crc;
	uint64_t word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		c = __builtin_ia32_crc32di(c, word);
	}
	for (; len; len--)
		c = __builtin_ia32_crc32qi((uint32_t)c, *p++);
	return (uint32_t)c;
}

/**
 * crc32c() - Castagnoli checksum of @len bytes, continuing from @crc
 * @crc: 0 to begin with
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	static int have_sse42 = -1;

	if (have_sse42 < 0)
		have_sse42 = __builtin_cpu_supports("sse4.2") != 0;
	crc = have_sse42 ? crc32c_sse42(~crc, data, len) :
			   crc32c_table(~crc, data, len);
	return ~crc;
}

/*
 * Keys of the hash tables are chosen by guests, so the hash is seeded: whoever
 * does not know the seed cannot aim for one bucket.
 */
static uint64_t hash_seed(void)
{
	static uint64_t seed;

	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		log_fatal("getrandom: %s", strerror(errno));
	seed |= 1;
	return seed;
}

uint32_t hash_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = hash_seed() ^ len;
	uint64_t word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, p, len);
	h = (h ^ word) * 0xff51afd7ed558ccdull;
	h ^= h >> 29;
	h *= 0xc4ceb9fe1a85ec53ull;
	return (uint32_t)(h >> 32);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/**
 * parse_u32() - read a decimal number that fills the whole string
 * @max: greatest value that is accepted
 *
 * Return: false if @s is empty, holds anything but digits, or exceeds @max;
 *         @out is then untouched.
 */
bool parse_u32(const char *s, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > max)
			return false;
	}
	*out = (uint32_t)v;
	return true;
}
