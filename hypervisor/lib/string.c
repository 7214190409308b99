/* SPDX-License-Identifier: MIT */
/*
 * string.c - memory and string functions
 *
 * The prototypes and results are the C library's. Copies go by words: the
 * processors we run on load and store unaligned words at no great cost. Long
 * ones are left to the processor's own loop, which takes a while to begin and
 * then moves whole lines.
 */
#include <lodge/lib.h>
#include <lodge/x86.h>

/* A word that may lie at any address and alias anything. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word_t;

#define WORD sizeof(word_t)
#define LONG 512 /* bytes */

/**
 * memcpy() - copy bytes between areas that do not overlap
 * @dst: where to
 * @src: where from
 * @n:   number of bytes
 *
 * Context: any.
 * Return: @dst.
 */
void *memcpy(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (n >= LONG) {
		size_t bytes = n - n % WORD;

		rep_movsq(d, s, bytes / WORD);
		d += bytes;
		s += bytes;
		n -= bytes;
	}
	for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD) {
		uint64_t a = ((const word_t *)s)[0];
		uint64_t b = ((const word_t *)s)[1];
		uint64_t c = ((const word_t *)s)[2];
		uint64_t e = ((const word_t *)s)[3];

		((word_t *)d)[0] = a;
		((word_t *)d)[1] = b;
		((word_t *)d)[2] = c;
		((word_t *)d)[3] = e;
	}
	for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
		*(word_t *)d = *(const word_t *)s;
	while (n--)
		*d++ = *s++;
	return dst;
}

static void copy_backward(unsigned char *d, const unsigned char *s, size_t n)
{
	for (; n >= WORD; n -= WORD)
		*(word_t *)(d + n - WORD) = *(const word_t *)(s + n - WORD);
	while (n--)
		d[n] = s[n];
}

/**
 * memmove() - copy bytes between areas that may overlap
 * @dst: where to
 * @src: where from
 * @n:   number of bytes
 *
 * Context: any.
 * Return: @dst.
 */
void *memmove(void *dst, const void *src, size_t n)
{
	uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;

	/*
	 * Forward is right unless dst lies inside src. A distance below the
	 * step of a loop is no trouble forward: its words are loaded before
	 * the first is stored, and later loads only see bytes above.
	 */
	if (d - s >= n)
		return memcpy(dst, src, n);
	copy_backward(dst, src, n);
	return dst;
}

/**
 * memset() - fill bytes
 * @dst: where to
 * @c:   the byte
 * @n:   number of bytes
 *
 * Context: any.
 * Return: @dst.
 */
void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	uint64_t w = (unsigned char)c * 0x0101010101010101UL;

	if (n >= LONG) {
		rep_stosq(d, w, n / WORD);
		d += n - n % WORD;
		n %= WORD;
	}
	for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD) {
		((word_t *)d)[0] = w;
		((word_t *)d)[1] = w;
		((word_t *)d)[2] = w;
		((word_t *)d)[3] = w;
	}
	while (n--)
		*d++ = (unsigned char)c;
	return dst;
}

/**
 * memcmp() - compare bytes
 * @a: one area
 * @b: the other
 * @n: number of bytes
 *
 * Context: any.
 * Return: 0 if equal; else the sign of the first difference, as unsigned.
 */
int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/**
 * strlen() - length of a string
 * @s: terminated by NUL
 *
 * Context: any.
 * Return: number of bytes before the NUL.
 */
size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/**
 * strnlen() - length of a string that may not be terminated
 * @s:   the string
 * @max: bytes that may be looked at
 *
 * Context: any.
 * Return: number of bytes before the NUL, at most @max.
 */
size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

/**
 * strcmp() - compare strings
 * @a: one
 * @b: the other
 *
 * Context: any.
 * Return: 0 if equal; else the sign of the first difference, as unsigned.
 */
int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (unsigned char)*a - (unsigned char)*b;
}

/**
 * strncmp() - compare the beginnings of strings
 * @a: one
 * @b: the other
 * @n: bytes to look at, at most
 *
 * Context: any.
 * Return: as strcmp(), of the first @n bytes.
 */
int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; a++, b++, n--)
		;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

/**
 * strchr() - find the first of a character
 * @s: where
 * @c: what; NUL finds the end
 *
 * Context: any.
 * Return: its place; NULL: not there.
 */
char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

/**
 * strrchr() - find the last of a character
 * @s: where
 * @c: what; NUL finds the end
 *
 * Context: any.
 * Return: its place; NULL: not there.
 */
char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)(uintptr_t)last;
	}
}

/**
 * strstr() - find a string in another
 * @hay:    where
 * @needle: what; the empty string is found at once
 *
 * Context: any.
 * Return: its place; NULL: not there.
 */
char *strstr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	for (;; hay++) {
		if (!strncmp(hay, needle, n))
			return (char *)(uintptr_t)hay;
		if (!*hay)
			return NULL;
	}
}

/**
 * strlcpy() - copy a string into a buffer of known size
 * @dst:  the buffer
 * @src:  the string
 * @size: of the buffer, in bytes; 0: nothing is written
 *
 * Context: any.
 * Return: strlen(@src); the copy was cut if that is @size or more.
 */
size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	size_t n = len < size ? len : size - 1;

	if (!size)
		return len;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}
