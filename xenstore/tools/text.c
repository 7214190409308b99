/* SPDX-License-Identifier: MIT */
/*
 * text.c - values as text, paths, permissions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static size_t escape_one(char *out, unsigned char c)
{
	static const char plain[] = "\t\n\r\\", letters[] = "tnr\\";
	const char *p = c ? strchr(plain, c) : NULL;

	if (p)
		return (size_t)sprintf(out, "\\%c", letters[p - plain]);
	if (c >= ' ' && c <= '~') {
		*out = (char)c;
		return 1;
	}
	return (size_t)(c < 8 ? sprintf(out, "\\%03o", c) :
				sprintf(out, "\\x%02x", c));
}

/**
 * text_escape() - show bytes that cannot be printed as \n, \001, \x7f
 *
 * Return: allocated text; text_unescape() is its inverse.
 */
char *text_escape(const char *value, size_t len)
{
	char *out = malloc(4 * len + 1), *p = out;
	size_t i;

	if (!out)
		fail("out of memory");
	for (i = 0; i < len; i++)
		p += escape_one(p, (unsigned char)value[i]);
	*p = '\0';
	return out;
}

static int digit(char c, int base)
{
	static const char digits[] = "0123456789abcdef";
	const char *p;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	p = c ? strchr(digits, c) : NULL;
	return p && p - digits < base ? (int)(p - digits) : -1;
}

/* Read up to @max digits. Return: how many there were. */
static int number(const char *s, int base, int max, char *out)
{
	int n, v = 0;

	for (n = 0; n < max && digit(s[n], base) >= 0; n++)
		v = v * base + digit(s[n], base);
	*out = (char)v;
	return n;
}

/**
 * text_unescape() - undo text_escape(), in place
 *
 * Octal numbers have up to three digits, hexadecimal ones up to two; before
 * anything else a backslash is just left out.
 *
 * Return: length of the result, which may hold NULs.
 */
size_t text_unescape(char *value)
{
	static const char letters[] = "tnr", plain[] = "\t\n\r";
	char *in = value, *out = value;
	const char *p;
	int n;

	for (; *in; out++) {
		if (*in != '\\') {
			*out = *in++;
			continue;
		}
		in++;
		p = *in ? strchr(letters, *in) : NULL;
		if (p) {
			*out = plain[p - letters];
			in++;
		} else if (*in == 'x' && (n = number(in + 1, 16, 2, out))) {
			in += n + 1;
		} else if ((n = number(in, 8, 3, out))) {
			in += n;
		} else {
			*out = *in;
			in += *in != '\0';
		}
	}
	return (size_t)(out - value);
}

/* A node's path from its parent's and its name; allocated. */
char *text_join(const char *path, const char *name)
{
	char *res = malloc(strlen(path) + strlen(name) + 2);

	if (!res)
		fail("out of memory");
	sprintf(res, "%s/%s", strcmp(path, "/") ? path : "", name);
	return res;
}

/* The path above; NULL for the root and for a relative one of one part. */
char *text_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !path[1])
		return NULL;
	return slash == path ? strdup("/") :
	       strndup(path, (size_t)(slash - path));
}

/* "n0,r3" */
void text_perms(char *out, size_t size, const struct xs_permissions *p,
		unsigned int nr)
{
	static const char letters[] = { 'n', 'r', 'w', 'b' };
	size_t at = 0;
	unsigned int i;

	*out = '\0';
	for (i = 0; i < nr && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%c%u",
				       i ? "," : "", letters[p[i].perms & 3],
				       p[i].id);
}
