/* SPDX-License-Identifier: MIT */
/*
 * string.h - the few functions of that name that a guest needs
 */
#ifndef GUESTKIT_STRING_H
#define GUESTKIT_STRING_H

#include <stddef.h>

void *memset(void *to, int byte, size_t len);
void *memcpy(void *to, const void *from, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
/* The first @needle in @s, or NULL. */
const char *strstr(const char *s, const char *needle);

#endif /* GUESTKIT_STRING_H */
