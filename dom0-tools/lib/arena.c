/* SPDX-License-Identifier: MIT */
/*
 * arena.c - memory that is freed all at once
 */
#include "arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4096

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	alignas(max_align_t) char bytes[];
};

static void *must(struct arena *a, void *p)
{
	assert(a->entered);
	if (!p)
		longjmp(a->no_memory, 1);
	return p;
}

/* A large object gets a chunk of its own. */
static void add_chunk(struct arena *a, size_t at_least)
{
	size_t size = at_least > CHUNK_SIZE ? at_least : CHUNK_SIZE;
	struct arena_chunk *c;

	c = must(a, calloc(1, sizeof(*c) + size));
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	a->left = size;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t step = alignof(max_align_t);
	void *p;

	assert(size < (size_t)1 << 40);
	size = (size + step - 1) / step * step;
	if (!a->chunks || a->left < size)
		add_chunk(a, size);
	p = a->chunks->bytes + a->chunks->size - a->left;
	a->left -= size;
	return p;
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
	char *copy = arena_alloc(a, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, ap);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	assert(length >= 0);
	text = arena_alloc(a, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, ap);
	return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = arena_vprintf(a, format, ap);
	va_end(ap);
	return text;
}

void arena_leave(struct arena *a)
{
	a->entered = 0;
}

void arena_free(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	a->chunks = NULL;
	a->left = 0;
}
