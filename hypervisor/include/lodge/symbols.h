/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - names of addresses in our text
 *
 * The table is made from the linked image by the build and linked in behind
 * everything else. symbols_lookup() is safe in any context.
 */
#ifndef LODGE_SYMBOLS_H
#define LODGE_SYMBOLS_H

#include <lodge/types.h>

struct symbol {
	uint32_t offset;	/* from image_start; sorted */
	uint32_t name;		/* into symtab_names */
};

extern const uint32_t symtab_count;
extern const struct symbol symtab[];
extern const char symtab_names[];

/* Name of the function at @addr, its offset and size; NULL: not our text. */
const char *symbols_lookup(unsigned long addr, unsigned long *offset,
			   unsigned long *size);
bool is_text(unsigned long addr);

#endif
