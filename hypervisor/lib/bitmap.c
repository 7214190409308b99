/* SPDX-License-Identifier: MIT */
/*
 * bitmap.c - search in plain bitmaps
 */
#include <lodge/bitmap.h>

/* Words are xored with @flip, so that one search finds both kinds of bit. */
static unsigned long find_bit(const unsigned long *map, unsigned long size,
			      unsigned long from, unsigned long flip)
{
	unsigned long nr = from & ~63UL;
	unsigned long word;

	if (from >= size)
		return size;
	word = (map[nr / 64] ^ flip) & ~0UL << (from & 63);
	while (!word) {
		nr += 64;
		if (nr >= size)
			return size;
		word = map[nr / 64] ^ flip;
	}
	nr += (unsigned long)__builtin_ctzl(word);
	return min(nr, size);
}

/**
 * find_next_bit() - first set bit at or after a place
 * @map:  the bitmap
 * @size: in bits; whole words are read
 * @from: where to begin
 *
 * Context: any; the owner of the bitmap says what guards it.
 * Return: the bit's number; @size if there is none.
 */
unsigned long find_next_bit(const unsigned long *map, unsigned long size,
			    unsigned long from)
{
	return find_bit(map, size, from, 0);
}

/**
 * find_next_zero_bit() - first clear bit at or after a place
 * @map:  the bitmap
 * @size: in bits; whole words are read
 * @from: where to begin
 *
 * Context: any; the owner of the bitmap says what guards it.
 * Return: the bit's number; @size if there is none.
 */
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size,
				 unsigned long from)
{
	return find_bit(map, size, from, ~0UL);
}

/**
 * bitmap_weight() - count the set bits
 * @map:  the bitmap
 * @size: in bits; what is behind is not counted
 *
 * Context: any; the owner of the bitmap says what guards it.
 * Return: how many of the first @size bits are set.
 */
unsigned int bitmap_weight(const unsigned long *map, unsigned long size)
{
	unsigned long i, full = size / 64;
	unsigned int n = 0;

	for (i = 0; i < full; i++)
		n += (unsigned int)__builtin_popcountl(map[i]);
	if (size % 64)
		n += (unsigned int)__builtin_popcountl(
			map[full] & ~(~0UL << size % 64));
	return n;
}

/**
 * __popcountdi2() - count the set bits of a word
 * @x: the word
 *
 * The compiler calls it for __builtin_popcountl(): not every processor we run
 * on need have the instruction.
 *
 * Context: any.
 * Return: how many bits are set.
 */
int __popcountdi2(long x);
int __popcountdi2(long x)
{
	uint64_t v = (uint64_t)x;

	v -= v >> 1 & 0x5555555555555555UL;
	v = (v & 0x3333333333333333UL) + (v >> 2 & 0x3333333333333333UL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
	return (int)(v * 0x0101010101010101UL >> 56);
}
