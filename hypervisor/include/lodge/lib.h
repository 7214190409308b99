/* SPDX-License-Identifier: MIT */
/*
 * lib.h - strings, formatted print, number parsing
 *
 * Prototypes are those of the C library, so that host tests may link either.
 */
#ifndef LODGE_LIB_H
#define LODGE_LIB_H

#include <stdarg.h>
#include <lodge/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);
/* Copies at most size - 1 characters, always terminates; returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);

/*
 * %c %s %d %i %u %x %X %o %p %% with flags 0 - + # and space, width,
 * precision, l, ll, h, hh, z; and %pB: an address as symbol+offset/size.
 */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/* Parses a number (decimal, 0x, leading 0 octal); *end is where it stopped. */
unsigned long long strtoull(const char *s, char **end, int base);

#endif
