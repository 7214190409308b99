/* SPDX-License-Identifier: MIT */
/*
 * varint.h - numbers that take as many bytes as they need
 *
 * Seven bits to a byte, the lowest first; the top bit says that more follow.
 */
#ifndef XS_VARINT_H
#define XS_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#define VARINT_MAX 10		/* bytes of the longest */

/* Return: behind the last byte that was written. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t v)
{
	for (; v > 0x7f; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

/**
 * varint_get() - read a number
 * @pp:  where it begins; moved behind it
 * @end: of the bytes that may be looked at
 * @max: greatest value that is accepted
 *
 * Return: false if it is not whole, or greater than @max.
 */
static inline bool varint_get(const uint8_t **pp, const uint8_t *end,
			      uint64_t max, uint64_t *v)
{
	const uint8_t *p = *pp;
	unsigned int shift;
	uint64_t sum = 0;

	for (shift = 0; shift < 64 && p < end; shift += 7) {
		sum |= (uint64_t)(*p & 0x7f) << shift;
		if (*p++ & 0x80)
			continue;
		*pp = p;
		*v = sum;
		return sum <= max;
	}
	return false;
}

#endif
