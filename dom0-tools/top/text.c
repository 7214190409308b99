/* SPDX-License-Identifier: MIT */
/*
 * text.c - names that others chose, made fit to be shown
 */
#include "text.h"

#include <stdbool.h>

#define INSTEAD 0xfffd

static bool is_shown(uint32_t c)
{
	/* Of no width, or the end of a line, or changing the direction. */
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},
		{0x0300, 0x036f}, {0x061c, 0x061c}, {0x115f, 0x1160},
		{0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e},
		{0x2060, 0x206f}, {0x3164, 0x3164}, {0xd800, 0xf8ff},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
		{0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, UINT32_MAX},
	};
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	return true;
}

/* How many bytes a character has that begins with this one; 0: none does. */
static unsigned int length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

uint32_t text_next(const char **p)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)*p;
	unsigned int length = length_of(*s), i;
	uint32_t c = length > 1 ? *s & (0x7fu >> length) : *s;

	for (i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			break;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (!length || i < length) {
		(*p)++;
		return INSTEAD;
	}
	*p += length;
	return c >= least[length] && is_shown(c) ? c : INSTEAD;
}

size_t text_put(char *to, uint32_t c)
{
	size_t nr = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (i = nr - 1; i > 0; i--) {
		to[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	to[0] = (char)(first[nr] | c);
	return nr;
}

void text_clean(char *out, size_t size, const char *name, char ascii)
{
	char one[4];
	size_t nr, i;

	while (*name) {
		uint32_t c = text_next(&name);

		if (ascii && c > 0x7e)
			c = (unsigned char)ascii;
		nr = text_put(one, c);
		if (nr >= size)
			break;
		for (i = 0; i < nr; i++)
			*out++ = one[i];
		size -= nr;
	}
	*out = '\0';
}
