/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of the loader stage share
 *
 * No state but the boot information that is handed in; boot CPU only.
 */
#ifndef LODGE_LOADER_PRIVATE_H
#define LODGE_LOADER_PRIVATE_H

#include <lodge/types.h>

struct boot_info;

/* Where the kernel proper lies in a bzImage file. */
struct bzimage {
	uint64_t offset, size;		/* bytes in the file */
};

bool bzimage_is(const void *file, uint64_t size);
const char *bzimage_parse(struct bzimage *bz, const void *file, uint64_t size);

struct span {
	uint64_t start, size;		/* physical, bytes */
};

bool loader_find_memory(const struct boot_info *bi, const struct span *taken,
			unsigned int nr_taken, uint64_t size, uint64_t *start);

#endif
