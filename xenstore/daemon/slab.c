/* SPDX-License-Identifier: MIT */
/*
 * slab.c - memory for objects whose length the caller knows
 *
 *	page   class | in use | first free | objects of one length ...
 *
 *	EMPTY --class takes it--> PARTLY --last object taken--> FULL
 *	  ^----last object freed----'^-----an object freed--------'
 *
 * Objects of one length, rounded up to UNIT (a class), share pages of 4 KiB,
 * and a page is found by its objects' addresses. Free objects are chained up
 * through their own first words. A class knows the pages that are partly used,
 * and takes from the first; a page in which nothing is used any more may go to
 * any class, so what was freed in one length can be used again in another.
 * Empty pages stay with the process. They come from malloc(), BATCH of them at
 * a time.
 */
#include "slab.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "log.h"
#include "util.h"

#define PAGE 4096u
#define UNIT 8u
#define BATCH 64u

struct page {
	LIST_ENTRY(page) link;	/* if partly used: in its class; if empty */
	void *free;		/* objects that were used before */
	uint16_t size;		/* of its objects, in bytes */
	uint16_t used;		/* objects in use */
	uint16_t fresh;		/* where those begin that never were */
};

LIST_HEAD(page_list, page);

static struct page_list partly[SLAB_LARGEST / UNIT + 1];
static struct page_list empty;
static char *block;		/* the last BATCH pages from malloc() ... */
static unsigned int block_left;	/* ... of which so many were never used */
static size_t nr_pages;

static size_t rounded(size_t size)
{
	return (size + UNIT - 1) & ~(size_t)(UNIT - 1);
}

static struct page *page_of(void *p)
{
	return (struct page *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1));
}

static bool has_room(const struct page *pg)
{
	return pg->free || pg->fresh + pg->size <= (int)PAGE;
}

static struct page *page_never_used(void)
{
	if (!block_left) {
		block = aligned_alloc(PAGE, BATCH * PAGE);
		block_left = BATCH;
	}
	if (!block)
		log_fatal("out of memory (%u bytes)", BATCH * PAGE);
	nr_pages++;
	return (struct page *)(block + --block_left * PAGE);
}

static struct page *page_take(size_t size)
{
	struct page *pg = LIST_FIRST(&empty);

	if (pg)
		LIST_REMOVE(pg, link);
	else
		pg = page_never_used();
	pg->free = NULL;
	pg->size = (uint16_t)size;
	pg->used = 0;
	pg->fresh = (uint16_t)rounded(sizeof(*pg));
	LIST_INSERT_HEAD(&partly[size / UNIT], pg, link);
	return pg;
}

static void *object_take(struct page *pg)
{
	void *p = pg->free;

	if (p) {
		pg->free = *(void **)p;
	} else {
		p = (char *)pg + pg->fresh;
		pg->fresh = (uint16_t)(pg->fresh + pg->size);
	}
	pg->used++;
	return p;
}

/**
 * slab_alloc() - memory for an object
 * @size: in bytes, at least 1; slab_free() wants it again
 *
 * Return: not initialised, aligned to 8; never NULL.
 */
void *slab_alloc(size_t size)
{
	struct page *pg;
	void *p;

	if (size > SLAB_LARGEST)
		return xmalloc(size);
	size = rounded(size);
	pg = LIST_FIRST(&partly[size / UNIT]);
	if (!pg)
		pg = page_take(size);
	p = object_take(pg);
	if (!has_room(pg))
		LIST_REMOVE(pg, link);
	return p;
}

/**
 * slab_free() - give an object's memory back
 * @size: as it was allocated or last resized
 */
void slab_free(void *p, size_t size)
{
	struct page *pg;

	if (size > SLAB_LARGEST) {
		free(p);
		return;
	}
	pg = page_of(p);
	if (!has_room(pg))
		LIST_INSERT_HEAD(&partly[pg->size / UNIT], pg, link);
	*(void **)p = pg->free;
	pg->free = p;
	if (--pg->used)
		return;
	LIST_REMOVE(pg, link);
	LIST_INSERT_HEAD(&empty, pg, link);
}

/**
 * slab_resize() - make an object longer or shorter
 * @from: its size
 * @to:   the new one
 *
 * Return: the object with as much of its contents as both sizes have; it may
 *         have moved.
 */
void *slab_resize(void *p, size_t from, size_t to)
{
	void *q;

	if (from > SLAB_LARGEST && to > SLAB_LARGEST)
		return xrealloc(p, to);
	if (rounded(from) == rounded(to))
		return p;
	q = slab_alloc(to);
	memcpy(q, p, MIN(from, to));
	slab_free(p, from);
	return q;
}

/* How many pages of 4 KiB are, or were, in use. */
size_t slab_pages(void)
{
	return nr_pages;
}
