/* SPDX-License-Identifier: MIT */
/*
 * page.h - the frame table: one struct page for each machine frame of memory
 *
 *   FREE --page_alloc--> HYPERVISOR (no owner) --page_free--> FREE
 *   FREE --domain_page_alloc--> OWNED (owner, count >= 1)
 *   OWNED --last page_put--> deferred free --TLBs clean--> FREE
 *
 * count: general references: someone may name this frame. The allocation
 * itself holds one (PAGE_ALLOCATED), dropped by page_put_alloc_ref().
 * type: what the frame may be used as (pv-memory rules 1 to 3); while type
 * references exist the type cannot change. mm/ counts types; what it means
 * to validate or release one is told by page_type_ops, which pv/ fills in.
 */
#ifndef LODGE_PAGE_H
#define LODGE_PAGE_H

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/layout.h>
#include <lodge/list.h>
#include <lodge/types.h>

struct domain;

enum page_type {
	PT_NONE,	/* no type references */
	PT_L1,
	PT_L2,
	PT_L3,
	PT_L4,
	PT_SEG,		/* GDT or LDT frame */
	PT_WRITABLE,
};

/* type_info: count in the low 32 bits, then type and state. */
#define PTI_COUNT_MASK		0xffffffffUL
#define PTI_TYPE_SHIFT		32
#define PTI_TYPE_MASK		(7UL << PTI_TYPE_SHIFT)
#define PTI_VALIDATED		(1UL << 40)	/* contents were checked */
#define PTI_PINNED		(1UL << 41)	/* holds one ref of the guest's */
#define PTI_PARTIAL		(1UL << 42)	/* validation or release stopped */
#define PTI_BUSY		(1UL << 43)	/* somebody (in)validates */
#define PTI_RELEASING		(1UL << 44)	/* its entries are being dropped */
#define PTI_UNCACHED		(1UL << 45)	/* was mapped other than write-back */
/* The type it had last, which TLBs may remember; with no references only. */
#define PTI_LAST_SHIFT		36
#define PTI_LAST_MASK		(7UL << PTI_LAST_SHIFT)

/* count_info: count in the low 32 bits, then flags. */
#define PCI_COUNT_MASK		0xffffffffUL
#define PCI_ALLOCATED		(1UL << 40)	/* allocation's own ref stands */
#define PCI_SHARED		(1UL << 41)	/* ours, shown to its owner: never
						 * freed by the guest */
#define PCI_RESERVED		(1UL << 42)	/* not RAM that can be given out */
#define PCI_HOLE		(1UL << 51)	/* no memory at all */

struct page {
	uint64_t count_info;	/* [a] */
	uint64_t type_info;	/* [a] */
	struct domain *owner;	/* [r] stable while a reference is held; NULL:
				 * the hypervisor's, or free */
	struct list_head link;	/* owner's page list, or a free list [owner] */
	union {
		uint16_t nr_validated;	/* [t] a table's entries that are paid */
		struct {	/* while free [buddy] */
			uint8_t order;
			uint8_t zone;
			bool need_scrub;
		} free;
	};
	uint32_t tlb_stamp;	/* [a] time it last left a type TLBs remember */
	uint32_t lock;		/* [a] table lock (pv/); of no other use, so that
				 * it can be taken before the type is known */
	struct page *next_release;	/* [pv] while PTI_RELEASING */
} __aligned(64);

_Static_assert(sizeof(struct page) == 64, "one cache line per frame");

#define frame_table ((struct page *)FRAME_TABLE_BASE)
/* First frame number behind the last one of memory. */
extern uint64_t max_mfn;

/* One 2 MiB chunk of the table describes this many frames (128 MiB). */
#define CHUNK_SHIFT	15
#define MAX_CHUNKS	((DIRECTMAP_END - DIRECTMAP_BASE) >> PAGE_SHIFT >>    \
			 CHUNK_SHIFT)
/* Bit n: that chunk of the table is there. [I] after boot */
extern unsigned long frame_chunks[MAX_CHUNKS / 64];

/* Is there a struct page for it? (Memory holes and MMIO have none.) */
bool mfn_valid(mfn_t mfn);
struct page *mfn_to_page(mfn_t mfn);
mfn_t page_to_mfn(const struct page *pg);
struct page *virt_to_page(const void *va);
void *mfn_to_virt(mfn_t mfn);
mfn_t virt_to_mfn(const void *va);

/* Is it memory? Any number. */
static inline bool mfn_is_memory(mfn_t mfn)
{
	uint64_t nr = mfn_x(mfn), chunk = nr >> CHUNK_SHIFT;

	return likely(nr < max_mfn &&
		      (frame_chunks[chunk / 64] >> chunk % 64 & 1) &&
		      !(frame_table[nr].count_info & PCI_HOLE));
}

/* The struct page of any number; NULL: it is not memory. */
static inline struct page *page_lookup(mfn_t mfn)
{
	return mfn_is_memory(mfn) ? &frame_table[mfn_x(mfn)] : NULL;
}

/* Its address in the direct map. */
static inline void *page_to_virt(const struct page *pg)
{
	unsigned long nr = (unsigned long)(pg - frame_table);

	return (void *)(DIRECTMAP_BASE + (nr << PAGE_SHIFT));
}

/*
 * General references. page_get() fails if @pg is not @d's, is about to be
 * freed, or has a count at its end; page_get_mfn() also if there is no memory.
 * For page_get() of another owner's frame, and page_put(): any context but NMI,
 * LOCK_DOMPAGES. When the last reference goes, the frame leaves its domain and
 * waits in a queue until no TLB can hold it.
 */
void domain_page_release(struct page *pg);

static inline void page_put(struct page *pg)
{
	uint64_t now;

	ASSERT(READ_ONCE(pg->count_info) & PCI_COUNT_MASK);
	now = atomic_sub_return(&pg->count_info, 1);
	if (unlikely(!(now & PCI_COUNT_MASK)))
		domain_page_release(pg);
}

static inline bool __must_check page_get(struct page *pg,
					 const struct domain *d)
{
	uint64_t old = READ_ONCE(pg->count_info);

	do {
		uint32_t count = (uint32_t)old;

		if (unlikely(count == 0 || count == PCI_COUNT_MASK))
			return false;
	} while (unlikely(!atomic_cmpxchg(&pg->count_info, &old, old + 1)));

	/* The owner can be read safely only now. */
	if (likely(pg->owner == d))
		return true;
	page_put(pg);
	return false;
}

static inline struct page *page_get_mfn(mfn_t mfn, const struct domain *d)
{
	struct page *pg = page_lookup(mfn);

	return pg && page_get(pg, d) ? pg : NULL;
}

/* Drops the allocation's reference, once. False: it was dropped before. */
bool page_put_alloc_ref(struct page *pg);
/* Makes a frame of ours visible to @d: owner, one reference, PCI_SHARED. Holds
 * a reference to @d, until page_share_end() and all others have let go. */
void page_share(struct page *pg, struct domain *d, bool writable);
/* @d is dying: the domain's own reference goes; the frame stays ours. */
void page_share_end(struct page *pg);
/* The domain has no references, or was never seen: the caller frees it. */
void page_unshare(struct page *pg);

/*
 * Type references (mm/page-type.c). The caller holds a general reference.
 * 0; -EINVAL: the frame has another type in use, or fails validation;
 * -EINTR: preempted before any progress, or somebody else is at it;
 * -ERESTART: stopped half way, go on later by the same call (PTI_PARTIAL).
 */
int page_get_type(struct page *pg, enum page_type type, bool preemptible)
	__must_check;
/* One more reference of the type that is in force. PT_NONE: there is none. */
enum page_type page_hold_type(struct page *pg);
/* Never stops half way: a tree is queued by page_type_ops->release(). */
void page_put_type(struct page *pg);
/* PTI_RELEASING is over: all that the table held has been given back. */
void page_type_released(struct page *pg);
/* PTI_PARTIAL: nobody will go on with it. False: it is not. */
bool page_type_abandon(struct page *pg);
/* A writable mapping other than write-back is made; type is held. */
void page_note_uncached(struct page *pg);
static inline enum page_type page_type(const struct page *pg)
{
	return (enum page_type)((READ_ONCE(pg->type_info) & PTI_TYPE_MASK) >>
				PTI_TYPE_SHIFT);
}

struct page_type_ops {
	/* Checks contents and takes what the entries need. As page_get_type. */
	int (*validate)(struct page *pg, enum page_type type, bool preemptible);
	/* Gives it back: at once (L1, segment), or (other tables) queues it
	 * for somebody who calls page_type_released() when it is done. */
	void (*release)(struct page *pg, enum page_type type);
};
extern const struct page_type_ops *page_type_ops;

/* Free, reference and type state on one line, for debug keys and panics. */
void page_describe(const struct page *pg, char *buf, size_t size);

#endif
