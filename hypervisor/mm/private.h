/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of mm/ call of each other
 */
#ifndef LODGE_MM_PRIVATE_H
#define LODGE_MM_PRIVATE_H

#include <lodge/boot.h>
#include <lodge/mm.h>
#include <lodge/page.h>

#define SHIFT_2M	21
#define SIZE_2M		(1UL << SHIFT_2M)
#define SHIFT_1G	30
#define SIZE_1G		(1UL << SHIFT_1G)
#define SHIFT_512G	39
#define FRAMES_2M	(SIZE_2M >> PAGE_SHIFT)

/*
 * State of a frame that only mm/ looks at: more flags of page.count_info.
 * FREE and CACHED are written under the buddy's lock or by the CPU that owns
 * the cache; SCRUB stays with a frame without owner until it is cleared.
 */
#define PCI_FREE	(1UL << 48)	/* heads a block of a free list */
#define PCI_CACHED	(1UL << 49)	/* in a CPU's cache of free frames */
#define PCI_SCRUB	(1UL << 50)	/* holds what a domain left there */

/* ---- memory before the allocator runs (bootmem.c) ---- */
struct mfn_range {
	uint64_t start, end;	/* frames [start, end) */
};
#define BOOTMEM_MAX_RANGES	(2 * BOOT_MAX_RANGES)
struct bootmem {
	unsigned int nr;
	struct mfn_range ranges[BOOTMEM_MAX_RANGES];	/* sorted, free */
};
/* RAM of @bi below @max_mfn_limit, whole frames only. */
void bootmem_init(struct bootmem *bm, const struct boot_info *bi,
		  uint64_t limit);
/* Takes frames [start, end) out of the free ranges. */
void bootmem_reserve(struct bootmem *bm, uint64_t start, uint64_t end);
/* @nr frames aligned to @align, below frame @limit, highest first. 0: none */
uint64_t bootmem_alloc(struct bootmem *bm, uint64_t nr, uint64_t align,
		       uint64_t limit);

/* ---- frame table (frame-table.c) ---- */
#define CHUNK_FRAMES	(1UL << CHUNK_SHIFT)
#define CHUNK_BYTES	(CHUNK_FRAMES * sizeof(struct page))
_Static_assert(CHUNK_BYTES == SIZE_2M, "a chunk is one large page");
/* The chunk of frame @mfn is mapped now: all of it holes. */
void frame_table_add_chunk(uint64_t chunk);
bool frame_table_has_chunk(uint64_t chunk);
/* These frames are memory, not to be given out yet. */
void frame_table_add_ram(uint64_t start, uint64_t end);

/* ---- buddy.c ---- */
/* Reserved frames [start, end) become free. */
void buddy_add_range(uint64_t start, uint64_t end);
/* Frees frames that no TLB and nobody else can reach any more. */
void buddy_free(struct page *pg, unsigned int order);
void buddy_dump(void);
struct audit;
void buddy_audit(struct audit *a);

/* ---- domain-pages.c ---- */
/* Last reference gone, or freed while a TLB may hold it: queue it. */
void deferred_free_page(struct page *pg);

/* ---- m2p.c ---- */
void m2p_init_chunk(uint64_t nr, uint64_t mfn);
bool m2p_has_chunk(uint64_t nr);

/* ---- paging.c ---- */
/* The final map, with tables from @bm; switches to it. */
void paging_init(struct bootmem *bm, const struct boot_info *bi,
		 uint64_t limit);
/* Text read-only, data not executable, .init gone. */
void paging_protect_image(void);
/* Tables for [va, va + nr pages): 0; -ENOMEM. */
int paging_make_tables(unsigned long va, unsigned long nr);

/* ---- tlb.c ---- */
void tlb_init(void);

#endif
