/* SPDX-License-Identifier: MIT */
/*
 * screen.h - what a terminal is to show: characters in rows and columns
 *
 * Whatever is put here goes through text_next(): no name can hold anything
 * that a terminal would obey.
 */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

enum look {
	LOOK_PLAIN = 0,
	LOOK_BOLD = 1 << 0,
	LOOK_REVERSE = 1 << 1,
	LOOK_DIM = 1 << 2,
	/* One of these; on a terminal without colours they look plain. */
	LOOK_GREEN = 1 << 4,
	LOOK_YELLOW = 2 << 4,
	LOOK_RED = 3 << 4,
	LOOK_CYAN = 4 << 4,
	LOOK_BLUE = 5 << 4,
	LOOK_COLOURS = 7 << 4,
};

struct cell {
	uint32_t c;		/* 0: the right half of the one before */
	uint8_t look;
};

struct screen {
	int rows, cols;
	bool unicode;		/* the terminal shows more than ASCII */
	struct cell *cells;
};

/* All blank; to be given to screen_free(). 0; -ENOMEM */
int screen_make(struct screen *s, int rows, int cols, bool unicode);
void screen_free(struct screen *s);

/**
 * screen_put() - write a text from a place on
 *
 * What is outside is left out.
 *
 * Return: the column behind it, were there room for all of it.
 */
int screen_put(struct screen *s, int row, int col, unsigned int look,
	       const char *text);
/* The same; column @end and those behind it are outside. */
int screen_put_before(struct screen *s, int row, int col, int end,
		      unsigned int look, const char *text);
int screen_print(struct screen *s, int row, int col, unsigned int look,
		 const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The rest of a row, from @col on, gets a look. */
void screen_shade(struct screen *s, int row, int col, unsigned int look);

/* A character of the pages' own: one of a block, or a line */
void screen_set(struct screen *s, int row, int col, unsigned int look,
		uint32_t c);

#endif
