/* SPDX-License-Identifier: MIT */
/*
 * screen.c - what a terminal is to show: characters in rows and columns
 */
#include "screen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "text.h"

int screen_make(struct screen *s, int rows, int cols, bool unicode)
{
	int i;

	*s = (struct screen){.rows = rows, .cols = cols, .unicode = unicode};
	s->cells = calloc((size_t)rows * (size_t)cols + 1, sizeof(*s->cells));
	if (!s->cells)
		return -ENOMEM;
	for (i = 0; i < rows * cols; i++)
		s->cells[i].c = ' ';
	return 0;
}

void screen_free(struct screen *s)
{
	free(s->cells);
	*s = (struct screen){0};
}

static bool is_inside(const struct screen *s, int row, int col)
{
	return row >= 0 && row < s->rows && col >= 0 && col < s->cols;
}

void screen_set(struct screen *s, int row, int col, unsigned int look,
		uint32_t c)
{
	if (is_inside(s, row, col))
		s->cells[row * s->cols + col] = (struct cell){
			c, (uint8_t)look};
}

/* How many columns it takes on this terminal; 0: it cannot be shown. */
static int width_of(const struct screen *s, uint32_t c)
{
	int width = c < 0x80 ? 1 : s->unicode ? wcwidth((wchar_t)c) : 0;

	return width == 1 || width == 2 ? width : 0;
}

int screen_put_before(struct screen *s, int row, int col, int end,
		      unsigned int look, const char *text)
{
	while (*text) {
		uint32_t c = text_next(&text);
		int width = width_of(s, c);

		if (!width) {
			c = '?';
			width = 1;
		}
		/* One that has room for its left half only is left out. */
		if (col + width <= end && is_inside(s, row, col + width - 1)) {
			screen_set(s, row, col, look, c);
			if (width == 2)
				screen_set(s, row, col + 1, look, 0);
		}
		col += width;
	}
	return col;
}

int screen_put(struct screen *s, int row, int col, unsigned int look,
	       const char *text)
{
	return screen_put_before(s, row, col, s->cols, look, text);
}

int screen_print(struct screen *s, int row, int col, unsigned int look,
		 const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return screen_put(s, row, col, look, text);
}

void screen_shade(struct screen *s, int row, int col, unsigned int look)
{
	for (; col < s->cols; col++)
		if (is_inside(s, row, col))
			s->cells[row * s->cols + col].look = (uint8_t)look;
}
