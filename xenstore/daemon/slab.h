/* SPDX-License-Identifier: MIT */
/*
 * slab.h - memory for nodes and pages of maps, of which there are very many
 *
 * The caller knows how long an object is, so nothing about it is stored beside
 * it, and what it takes is its length rounded up to 8. Allocation does not
 * fail (util.h).
 */
#ifndef XS_SLAB_H
#define XS_SLAB_H

#include <stddef.h>

/* Longer objects come from malloc(); 0: all, so that a checker sees each. */
#ifndef SLAB_LARGEST
#define SLAB_LARGEST 512
#endif

void *slab_alloc(size_t size);
void *slab_resize(void *p, size_t from, size_t to);
void slab_free(void *p, size_t size);
size_t slab_pages(void);

#endif
