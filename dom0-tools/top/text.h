/* SPDX-License-Identifier: MIT */
/*
 * text.h - names that others chose, made fit to be shown
 *
 * The name of a domain may be any bytes: of another encoding, or a terminal's
 * control sequence.
 */
#ifndef TOP_TEXT_H
#define TOP_TEXT_H

#include <stddef.h>
#include <stdint.h>

/**
 * text_next() - the next character of UTF-8 that can be shown
 * @p: moves behind it; must not be at the end
 *
 * Return: it; U+FFFD instead of a byte that is part of none, of a control
 *         character, and of what would change the order or the place of others.
 */
uint32_t text_next(const char **p);

/* In UTF-8, at most 4 bytes. Returns how many. */
size_t text_put(char *to, uint32_t c);

/**
 * text_clean() - a name that can be shown
 * @out:   @size bytes, at least one
 * @ascii: instead of what is no character, and of all that are not ASCII;
 *         0: UTF-8, with U+FFFD
 *
 * What there is no room for is left out.
 */
void text_clean(char *out, size_t size, const char *name, char ascii);

#endif
