/* SPDX-License-Identifier: MIT */
/*
 * mm.h - memory: frames, small objects, our own page tables, TLBs
 *
 * Order of start: cpu_detect_features(), mm_init(), everything else; then
 * mm_init_done() when all CPUs run. boot/ calls each once.
 */
#ifndef LODGE_MM_H
#define LODGE_MM_H

#include <lodge/bitmap.h>
#include <lodge/page.h>
#include <lodge/x86-defs.h>

struct boot_info;

/* Takes over the boot tables: builds the final map, frame table, allocator.
 * Panics with a sentence when memory does not suffice. Boot CPU, IRQs off. */
void mm_init(struct boot_info *bi);
/* Gives .init back, write-protects text and read-only data. */
void mm_init_done(void);
/* Frames kept back at boot (modules) become free; parts of frames do not. */
void mm_release_range(paddr_t start, uint64_t size);

/* ---- frames (mm/buddy.c): zones by address width, per order lists ---- */
#define MEMF_ZERO	0x01	/* else contents are stale but scrubbed of others' */
#define MEMF_NO_SCRUB	0x02	/* the caller overwrites all of it at once */
#define MEMF_STALE	0x04	/* a domain's may be stale, scrubbed of others' */
#define MEMF_BITS(n)	((unsigned int)(n) << 8)	/* below 2^n bytes */
#define MEMF_GET_BITS(f) ((f) >> 8)
#define MAX_ORDER	20

/* 2^order naturally aligned frames, no owner; NULL: none left. Any context
 * but NMI. page_free() takes what page_alloc() gave, whole. */
struct page *page_alloc(unsigned int order, unsigned int memf);
void page_free(struct page *pg, unsigned int order);
/* The direct-map address instead. */
void *frames_alloc(unsigned int order, unsigned int memf);
void frames_free(void *va, unsigned int order);
uint64_t mm_free_frames(void);
/* Of addresses that need @from to @to bits. */
uint64_t mm_free_frames_between(unsigned int from, unsigned int to);
uint64_t mm_total_frames(void);

/* ---- frames of domains (mm/domain-pages.c) ---- */
/*
 * Allocates 2^order frames for @d: owner set, count 1 each (the allocation's),
 * on d's list, tot_pages grown, contents zeroed unless @memf says else. NULL:
 * max_pages would be exceeded, @d is dying, or no memory.
 */
struct page *domain_page_alloc(struct domain *d, unsigned int order,
			       unsigned int memf);
/* Makes existing ownerless frames @d's (steal, exchange, Dom0's modules).
 * 0; -EINVAL dying; -E2BIG over max_pages unless @force. */
int domain_page_assign(struct domain *d, struct page *pg, unsigned int order,
		       bool force);
/*
 * Takes a frame away from @d for reuse: no references or types but the
 * allocation's. 0; -EINVAL otherwise, nothing changed.
 */
int domain_page_steal(struct domain *d, struct page *pg);
/* Puts memory by, so that @d can have @nr frames in all; 0: no more. 0;
 * -EINVAL; -ENOMEM. A dying domain's claim is given up by its teardown. */
int domain_claim(struct domain *d, uint64_t nr);
uint64_t mm_claimed_frames(void);
/* Frees frames whose last reference went, once no TLB can hold them. */
void deferred_free_run(void);

/* ---- small objects (mm/objects.c) ---- */
/* Up to 1 MiB; larger than a page is whole frames. Not in NMI or #MC. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
/* NULL too if nr * size overflows. */
void *kcalloc(size_t nr, size_t size);
void kfree(void *p);

/* ---- machine-to-physical table (mm/m2p.c) ---- */
#define M2P_INVALID 0xaaaaaaaaaaaaaaaaUL
void m2p_set(mfn_t mfn, uint64_t pfn);
uint64_t m2p_get(mfn_t mfn);
/* Frames of the table itself, 2 MiB each: XENMEM_machphys_mfn_list. */
bool m2p_frame(unsigned int nr, mfn_t *mfn);

/* ---- our own page tables (mm/paging.c) ---- */
#define MAP_RO		(PTE_PRESENT | PTE_ACCESSED | PTE_NX)
#define MAP_RW		(MAP_RO | PTE_RW | PTE_DIRTY)
#define MAP_UC		(MAP_RW | PTE_PCD | PTE_PWT)
#define MAP_RX		(PTE_PRESENT | PTE_ACCESSED)

extern uint64_t *hyp_l4;	/* root used by idle CPUs */

/*
 * Maps @nr frames from @mfn at @va. 0; -ENOMEM. Missing tables are made;
 * slots 256..271 of every root share their L3s, so all see it at once.
 */
int map_frames(unsigned long va, mfn_t mfn, unsigned long nr, uint64_t flags);
/* Unmaps and flushes every CPU's TLB before it returns. */
void unmap_frames(unsigned long va, unsigned long nr);
/* Device memory, or frames that are not contiguous, in the VMAP area. */
void *ioremap(paddr_t addr, size_t size);
void iounmap(void *va);
void *vmap(const mfn_t *mfns, unsigned int nr, uint64_t flags);
void vunmap(void *va);
/* Writes slots 256..271 (per-domain one too) into a root, a guest's or ours. */
void paging_fill_hyp_slots(uint64_t *l4, const struct domain *d);
/* A stack block for a CPU, with guard pages; NULL: no memory. */
void *stack_alloc(void);

/* ---- per-domain mappings (mm/perdomain.c): descriptor tables of vCPUs ---- */
int perdomain_init(struct domain *d);		/* 0; -ENOMEM */
void perdomain_destroy(struct domain *d);
/* Makes the L1 for a vCPU's 32 pages. 0; -ENOMEM. */
int perdomain_vcpu_init(struct domain *d, unsigned int vcpu_id);
/* The L1 entries of that vCPU's 32 pages, for plain stores. */
uint64_t *perdomain_ptes(struct domain *d, unsigned int vcpu_id);

/* ---- TLBs (mm/tlb.c) ---- */
#define FLUSH_GLOBAL	0x1	/* global entries too */
#define FLUSH_CACHE	0x2	/* wbinvd */
/* Current value of the flush clock; stored in page.tlb_stamp. Never 0. */
uint32_t tlb_clock(void);
/* This CPU: loads CR3 with @root, notes the time. */
void tlb_load_root(uint64_t cr3);
void tlb_flush_local(unsigned int how);
void tlb_flush_local_one(unsigned long va);
/* Those CPUs (this one included if in @mask); returns when all have. IRQs on
 * unless only this CPU is in @mask; takes LOCK_CALL. */
void tlb_flush_mask(const cpumask_t *mask, unsigned int how);
void tlb_flush_mask_one(const cpumask_t *mask, unsigned long va);
/* Drops from @mask the CPUs that flushed since @stamp. */
void tlb_filter(cpumask_t *mask, uint32_t stamp);

#endif
