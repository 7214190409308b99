/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - find the name of an address in our text
 */
#include <lodge/boot.h>
#include <lodge/symbols.h>

/**
 * is_text() - does an address lie in code of ours?
 * @addr: any
 *
 * The code of .init counts while it is there and after.
 *
 * Context: any.
 */
bool is_text(unsigned long addr)
{
	unsigned long start = (unsigned long)text_start;
	unsigned long end = (unsigned long)text_end;

	return (addr >= start && addr < end) ||
	       (addr >= (unsigned long)init_start &&
		addr < (unsigned long)init_text_end);
}

/* Number of symbols at or below @offset. */
static uint32_t count_below(uint32_t offset)
{
	uint32_t lo = 0, hi = symtab_count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (symtab[mid].offset <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/**
 * symbols_lookup() - name the function that an address belongs to
 * @addr:   any
 * @offset: set to the distance from its beginning, in bytes
 * @size:   set to its size: the distance to the next symbol, in bytes
 *
 * Context: any, NMI included; takes no lock.
 * Return: the name; NULL: not in our text.
 */
const char *symbols_lookup(unsigned long addr, unsigned long *offset,
			   unsigned long *size)
{
	unsigned long base = (unsigned long)image_start;
	unsigned long end;
	uint32_t n;

	if (!is_text(addr))
		return NULL;
	n = count_below((uint32_t)(addr - base));
	if (!n)
		return NULL;
	end = n < symtab_count ? symtab[n].offset :
				 (unsigned long)init_text_end - base;
	*offset = addr - base - symtab[n - 1].offset;
	*size = end - symtab[n - 1].offset;
	return symtab_names + symtab[n - 1].name;
}
