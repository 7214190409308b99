/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - what a guest has written last, for readers of different speeds
 *
 * Bytes are known by how many came before them. Those from start to end are
 * there; more of them push out the oldest.
 */
#ifndef CONSOLED_BUFFER_H
#define CONSOLED_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint64_t start, end;
	uint64_t origin;	/* number of the byte at data[0] at first */
	size_t size;
	char *data;
};

/* False: there is no memory. @size: not 0 */
bool buffer_init(struct buffer *b, size_t size);
void buffer_free(struct buffer *b);

/* @nr: at most the size */
void buffer_add(struct buffer *b, const char *from, size_t nr);

/* What is there from number @pos on, in one piece: *nr bytes, 0 at the end. */
const char *buffer_at(const struct buffer *b, uint64_t pos, size_t *nr);

/* Nobody wants what there is; its memory is used again first. */
void buffer_forget(struct buffer *b);

#endif
