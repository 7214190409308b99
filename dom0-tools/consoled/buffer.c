/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - what a guest has written last, for readers of different speeds
 */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

bool buffer_init(struct buffer *b, size_t size)
{
	/* Large enough for its pages not to be there before they are used. */
	*b = (struct buffer){.size = size, .data = malloc(size)};
	return b->data;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

static size_t place(const struct buffer *b, uint64_t pos)
{
	return (pos - b->origin) % b->size;
}

void buffer_add(struct buffer *b, const char *from, size_t nr)
{
	size_t at = place(b, b->end), first = b->size - at;

	if (first > nr)
		first = nr;
	memcpy(b->data + at, from, first);
	memcpy(b->data, from + first, nr - first);
	b->end += nr;
	if (b->end - b->start > b->size)
		b->start = b->end - b->size;
}

const char *buffer_at(const struct buffer *b, uint64_t pos, size_t *nr)
{
	size_t at = place(b, pos);

	*nr = b->end - pos;
	if (*nr > b->size - at)
		*nr = b->size - at;
	return b->data + at;
}

void buffer_forget(struct buffer *b)
{
	b->start = b->origin = b->end;
}
