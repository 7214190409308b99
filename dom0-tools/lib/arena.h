/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory that is freed all at once
 *
 * Whoever reads a configuration makes many small objects that live and die
 * together. They come from an arena; there is nothing to free one by one, and
 * no allocation to check: when memory ends, arena_alloc() does not return but
 * jumps to where the arena was entered.
 *
 *	if (arena_enter(&a))	// again, with true, when memory ended
 *		return -ENOMEM;
 *	s = arena_strdup(&a, text);
 *	arena_leave(&a);
 */
#ifndef LODGE_ARENA_H
#define LODGE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;	/* the newest first */
	size_t left;			/* bytes free in it */
	jmp_buf no_memory;		/* while entered */
	int entered;
};

/* A macro, since setjmp() must be called by a function that stays. */
#define arena_enter(a) ((a)->entered = 1, setjmp((a)->no_memory))

void arena_leave(struct arena *a);
void arena_free(struct arena *a);

/* Zeroed, aligned for any object; does not return without memory. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *text, size_t length);
char *arena_strdup(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

#endif
