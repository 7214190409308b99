/* SPDX-License-Identifier: MIT */
/*
 * memory.c - host tests: frames, frame table, direct map and M2P
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <lodge/layout.h>
#include "../../../hypervisor/mm/private.h"

#define FIRST_FREE	256	/* the low 1 MiB is kept back */
#define M2P_BYTES	(nr_frames * sizeof(uint64_t))

/* The linker's names; virt_to_mfn() asks where the image ends. */
char image_start[1], image_end[1];

static void map_area(unsigned long base, unsigned long bytes)
{
	void *p = mmap((void *)base, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			       MAP_FIXED_NOREPLACE,
		       -1, 0);

	if (p != (void *)base) {
		perror("mmap");
		abort();
	}
}

void fake_memory_init(uint64_t nr_frames)
{
	uint64_t chunks = DIV_ROUND_UP(nr_frames, CHUNK_FRAMES), i;

	map_area(DIRECTMAP_BASE, nr_frames << PAGE_SHIFT);
	map_area(FRAME_TABLE_BASE, chunks * SIZE_2M);
	map_area(M2P_BASE, ALIGN_UP(M2P_BYTES, SIZE_2M));
	for (i = 0; i < chunks; i++)
		frame_table_add_chunk(i);
	frame_table_add_ram(0, nr_frames);
	for (i = 0; i * SIZE_2M < M2P_BYTES; i++)
		m2p_init_chunk(i, 1);
	buddy_add_range(FIRST_FREE, nr_frames);
}

/* Taken away; linked. */
static struct list_head hoard;

static void give_one_back(void)
{
	struct page *pg = list_first_entry(&hoard, struct page, link);

	list_del(&pg->link);
	page_free(pg, 0);
}

void fake_frames_leave(unsigned int nr)
{
	struct page *pg;

	list_init(&hoard);
	while ((pg = page_alloc(0, 0)) != NULL)
		list_add(&pg->link, &hoard);
	while (nr--)
		give_one_back();
}

void fake_frames_restore(void)
{
	while (!list_empty(&hoard))
		give_one_back();
}
