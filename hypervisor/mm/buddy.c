/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - free frames: zones by address width, a list per order
 *
 * A zone holds the frames whose numbers need the same number of bits. Except
 * for frame 0, which is never free, an aligned block lies in one zone, so that
 * zones need no borders; and an address limit of 2^n bytes is "zones up to
 * n - 12". Allocations without a limit start at the highest zone: low memory
 * stays for those who need it. Blocks that are not in use are joined with
 * their buddy through the struct page of each block's first frame.
 *
 *   in a list:   PCI_FREE on the first frame, free.order, link
 *   in a cache:  PCI_CACHED, link.next is the next frame of the cache
 *   in use:      neither; count 0 and no owner until somebody sets them
 *
 * Each CPU keeps some single frames of its own, IRQs off, no lock. Frames that
 * a domain has owned are cleared before their next use (PCI_SCRUB), outside
 * the lock, unless the caller clears or overwrites them anyway.
 *
 * Locks: LOCK_BUDDY, IRQs off, guards lists, masks and counts.
 */
#include "private.h"

#include <lodge/audit.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>

#define NR_ZONES	(64 - PAGE_SHIFT + 1)
#define NR_ORDERS	(MAX_ORDER + 1)
#define ZONE_4G		(32 - PAGE_SHIFT)	/* last one below 4 GiB */

struct zone {
	struct list_head lists[NR_ORDERS];
	uint32_t orders;	/* bit per list that is not empty */
	uint64_t nr_free;	/* frames */
};

static struct {
	spinlock_t lock;
	uint64_t zones_used;	/* bit per zone with free blocks */
	unsigned int top_zone;	/* highest that ever had memory */
	uint64_t nr_total;	/* frames that were ever given to us */
	struct zone zones[NR_ZONES];
} buddy = { .lock = SPINLOCK_INIT(LOCK_BUDDY) };

#define CACHE_MAX	64
#define CACHE_BATCH	32

struct page_cache {
	struct list_head *first;	/* [C] linked by page.link.next */
	unsigned int nr;		/* [C], read by mm_free_frames() */
};
DEFINE_PER_CPU(struct page_cache, page_cache);

static unsigned int mfn_zone(uint64_t mfn)
{
	return mfn ? 64 - (unsigned int)__builtin_clzl(mfn) : 0;
}

static struct list_head *zone_list(struct zone *z, unsigned int order)
{
	/* A list that was never used is all zeroes. */
	if (!z->lists[order].next)
		list_init(&z->lists[order]);
	return &z->lists[order];
}

static void block_insert(struct page *pg, unsigned int order)
{
	unsigned int nr = mfn_zone(mfn_x(page_to_mfn(pg)));
	struct zone *z = &buddy.zones[nr];

	pg->count_info |= PCI_FREE;
	pg->free.order = (uint8_t)order;
	pg->free.zone = (uint8_t)nr;
	list_add(&pg->link, zone_list(z, order));
	z->orders |= 1U << order;
	z->nr_free += 1UL << order;
	buddy.zones_used |= BIT(nr);
}

static void block_remove(struct page *pg)
{
	struct zone *z = &buddy.zones[pg->free.zone];
	unsigned int order = pg->free.order;

	pg->count_info &= ~PCI_FREE;
	list_del(&pg->link);
	z->nr_free -= 1UL << order;
	if (list_empty(&z->lists[order]))
		z->orders &= ~(1U << order);
	if (!z->orders)
		buddy.zones_used &= ~BIT(pg->free.zone);
}

static struct page *block_buddy(const struct page *pg, unsigned int order)
{
	uint64_t mfn = mfn_x(page_to_mfn(pg)) ^ (1UL << order);
	struct page *b;

	if (!mfn_valid(MFN(mfn)))
		return NULL;
	b = mfn_to_page(MFN(mfn));
	/* Other flags of @b may change under us, PCI_FREE cannot. */
	if (!(READ_ONCE(b->count_info) & PCI_FREE) || b->free.order != order)
		return NULL;
	return b;
}

/* Does it lie in a free block? Looks at the head of each that might hold it. */
static bool block_is_free(const struct page *pg)
{
	uint64_t mfn = mfn_x(page_to_mfn(pg));
	unsigned int o;

	for (o = 0; o <= MAX_ORDER; o++) {
		mfn_t head = MFN(mfn & ~(BIT(o) - 1));

		if (mfn_valid(head) &&
		    (READ_ONCE(mfn_to_page(head)->count_info) & PCI_FREE) &&
		    mfn_to_page(head)->free.order >= o)
			return true;
	}
	return false;
}

static void block_free_locked(struct page *pg, unsigned int order)
{
	struct page *b;

	ASSERT(!block_is_free(pg));
	while (order < MAX_ORDER && (b = block_buddy(pg, order)) != NULL) {
		block_remove(b);
		pg = min(pg, b);
		order++;
	}
	block_insert(pg, order);
}

/* From the highest zone at or below @top that has a large enough block. */
static struct page *block_alloc_locked(unsigned int order, unsigned int top)
{
	uint64_t usable = buddy.zones_used & (BIT(top + 1) - 1);

	while (usable) {
		unsigned int nr = 63 - (unsigned int)__builtin_clzl(usable);
		struct zone *z = &buddy.zones[nr];
		uint32_t orders = z->orders >> order << order;
		unsigned int o;
		struct page *pg;

		usable &= ~BIT(nr);
		if (!orders)
			continue;
		o = (unsigned int)__builtin_ctz(orders);
		pg = list_first_entry(&z->lists[o], struct page, link);
		block_remove(pg);
		while (o > order) {
			o--;
			block_insert(pg, o);
			pg += 1UL << o;
		}
		return pg;
	}
	return NULL;
}

static struct page *cache_pop(struct page_cache *c)
{
	struct page *pg = container_of(c->first, struct page, link);

	c->first = pg->link.next;
	c->nr--;
	pg->count_info &= ~PCI_CACHED;
	return pg;
}

static void cache_push(struct page_cache *c, struct page *pg)
{
	pg->link.next = c->first;
	pg->count_info |= PCI_CACHED;
	c->first = &pg->link;
	c->nr++;
}

/* The caller has IRQs off. */
static void cache_shrink(struct page_cache *c, unsigned int keep)
{
	spin_lock(&buddy.lock);
	while (c->nr > keep)
		block_free_locked(cache_pop(c), 0);
	spin_unlock(&buddy.lock);
}

/* This CPU's frames; refilled by the batch. */
static struct page *cache_alloc(void)
{
	unsigned long flags = irq_save();
	struct page_cache *c = &this_cpu(page_cache);
	struct page *pg = NULL;
	unsigned int i;

	if (!c->nr) {
		spin_lock(&buddy.lock);
		for (i = 0; i < CACHE_BATCH; i++) {
			pg = block_alloc_locked(0, NR_ZONES - 1);
			if (!pg)
				break;
			cache_push(c, pg);
		}
		spin_unlock(&buddy.lock);
	}
	pg = c->nr ? cache_pop(c) : NULL;
	irq_restore(flags);
	return pg;
}

/* False: not a frame to keep; low ones go back where all can find them. */
static bool cache_free(struct page *pg)
{
	unsigned int keep = min(buddy.top_zone, (unsigned int)ZONE_4G + 1);
	struct page_cache *c;
	unsigned long flags;

	if (mfn_zone(mfn_x(page_to_mfn(pg))) < keep)
		return false;
	flags = irq_save();
	c = &this_cpu(page_cache);
	cache_push(c, pg);
	if (c->nr > CACHE_MAX)
		cache_shrink(c, CACHE_MAX - CACHE_BATCH);
	irq_restore(flags);
	return true;
}

static struct page *block_alloc(unsigned int order, unsigned int top)
{
	unsigned long flags = irq_save();
	struct page *pg;

	spin_lock(&buddy.lock);
	pg = block_alloc_locked(order, top);
	spin_unlock(&buddy.lock);
	if (unlikely(!pg) && this_cpu(page_cache).nr) {
		cache_shrink(&this_cpu(page_cache), 0);
		spin_lock(&buddy.lock);
		pg = block_alloc_locked(order, top);
		spin_unlock(&buddy.lock);
	}
	irq_restore(flags);
	return pg;
}

/* A block is ours: no state of its former life, contents as asked for. */
static void block_prepare(struct page *pg, unsigned int order,
			  unsigned int memf)
{
	uint64_t i;

	for (i = 0; i < 1UL << order; i++) {
		struct page *p = pg + i;
		bool clear = memf & MEMF_ZERO;

		if ((p->count_info & PCI_SCRUB) && !(memf & MEMF_NO_SCRUB))
			clear = true;
		if (clear)
			memset(page_to_virt(p), 0, PAGE_SIZE);
		ASSERT(!(p->count_info & PCI_COUNT_MASK) && !p->owner);
		p->count_info = 0;
		p->type_info = 0;
		p->tlb_stamp = 0;
		list_init(&p->link);
	}
	pg->free.order = (uint8_t)order;
}

/**
 * page_alloc() - take 2^order adjoining, naturally aligned frames
 * @order: 0 to MAX_ORDER
 * @memf:  MEMF_ZERO; MEMF_NO_SCRUB; MEMF_BITS(n) for addresses below 2^n
 *
 * Context: any but NMI; takes LOCK_BUDDY. Clearing takes time in proportion.
 * Return: struct page of the first; NULL: no block of that size (frames in
 *         other CPUs' caches are not looked for).
 */
struct page *page_alloc(unsigned int order, unsigned int memf)
{
	unsigned int bits = MEMF_GET_BITS(memf), top = NR_ZONES - 1;
	struct page *pg;

	if (order > MAX_ORDER || (bits && bits <= PAGE_SHIFT))
		return NULL;
	if (bits)
		top = min(top, bits - PAGE_SHIFT);

	pg = order == 0 && top == NR_ZONES - 1 ? cache_alloc() : NULL;
	if (!pg)
		pg = block_alloc(order, top);
	if (pg)
		block_prepare(pg, order, memf);
	return pg;
}

void buddy_free(struct page *pg, unsigned int order)
{
	unsigned long flags;

	BUG_ON(READ_ONCE(pg->count_info) &
	       (PCI_FREE | PCI_CACHED | PCI_COUNT_MASK));
	if (order == 0 && cache_free(pg))
		return;
	flags = spin_lock_irqsave(&buddy.lock);
	block_free_locked(pg, order);
	spin_unlock_irqrestore(&buddy.lock, flags);
}

/**
 * page_free() - give back frames without owner
 * @pg:    from page_alloc(), or taken back from a domain
 * @order: as it was allocated
 *
 * A frame that was a domain's waits until no TLB can hold it.
 *
 * Context: any but NMI; takes LOCK_BUDDY.
 */
void page_free(struct page *pg, unsigned int order)
{
	BUG_ON(!pg || order > MAX_ORDER || pg->owner);
	if (pg->tlb_stamp) {
		BUG_ON(order);
		deferred_free_page(pg);
		return;
	}
	buddy_free(pg, order);
}

/**
 * frames_alloc() - as page_alloc(), by address
 * @order: as for page_alloc()
 * @memf:  as for page_alloc()
 *
 * Return: address in the direct map; NULL.
 */
void *frames_alloc(unsigned int order, unsigned int memf)
{
	struct page *pg = page_alloc(order, memf);

	return pg ? page_to_virt(pg) : NULL;
}

/**
 * frames_free() - as page_free(), by address
 * @va:    from frames_alloc(); NULL does nothing
 * @order: as it was allocated
 */
void frames_free(void *va, unsigned int order)
{
	if (va)
		page_free(virt_to_page(va), order);
}

void buddy_add_range(uint64_t start, uint64_t end)
{
	unsigned long flags;
	uint64_t mfn;

	for (mfn = start; mfn < end; mfn++) {
		struct page *pg = mfn_to_page(MFN(mfn));

		BUG_ON(mfn == 0 || !(pg->count_info & PCI_RESERVED) ||
		       pg->owner);
		pg->count_info = 0;
	}
	flags = spin_lock_irqsave(&buddy.lock);
	buddy.nr_total += end - start;
	if (end > start)
		buddy.top_zone = max(buddy.top_zone, mfn_zone(end - 1));
	while (start < end) {
		unsigned int order = (unsigned int)__builtin_ctzl(start);

		order = min(order, (unsigned int)MAX_ORDER);
		while ((1UL << order) > end - start)
			order--;
		block_free_locked(mfn_to_page(MFN(start)), order);
		start += 1UL << order;
	}
	spin_unlock_irqrestore(&buddy.lock, flags);
}

/**
 * mm_free_frames() - number of free frames, those in caches too
 *
 * Context: any but NMI; a snapshot.
 */
uint64_t mm_free_frames(void)
{
	unsigned long flags;
	uint64_t n = 0;
	unsigned int i;

	flags = spin_lock_irqsave(&buddy.lock);
	for (i = 0; i < NR_ZONES; i++)
		n += buddy.zones[i].nr_free;
	spin_unlock_irqrestore(&buddy.lock, flags);
	for_each_cpu(i, &cpu_online_map)
		n += READ_ONCE(per_cpu(page_cache, i).nr);
	return n;
}

/**
 * mm_free_frames_between() - free frames of some address widths
 * @from: lowest width in bits
 * @to:   highest width
 *
 * A frame is of width n if its addresses are below 2^n, but not below 2^(n-1).
 * Those in caches of CPUs are not counted.
 *
 * Context: any but NMI; a snapshot.
 */
uint64_t mm_free_frames_between(unsigned int from, unsigned int to)
{
	unsigned long flags = spin_lock_irqsave(&buddy.lock);
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < NR_ZONES; i++)
		if (i + PAGE_SHIFT >= from && i + PAGE_SHIFT <= to)
			n += buddy.zones[i].nr_free;
	spin_unlock_irqrestore(&buddy.lock, flags);
	return n;
}

/**
 * mm_total_frames() - number of frames that the allocator has ever had
 */
uint64_t mm_total_frames(void)
{
	return READ_ONCE(buddy.nr_total);
}

static void audit_list(struct audit *a, unsigned int nr, unsigned int order)
{
	const struct zone *z = &buddy.zones[nr];
	const struct list_head *head = &z->lists[order], *p;
	const struct page *pg;

	if (!(z->orders & (1U << order)) != (!head->next || list_empty(head)))
		audit_error(a, "free list %u of zone %u: its bit is wrong",
			    order, nr);
	if (!head->next)
		return;
	for (p = head->next; p != head; p = p->next) {
		pg = container_of(p, struct page, link);
		if (p->next->prev == p && pg->count_info & PCI_FREE &&
		    pg->free.order == order && pg->free.zone == nr)
			continue;
		audit_error(a, "free list %u of zone %u: a wrong block",
			    order, nr);
		return;
	}
}

/* The lists are whole, and what stands in them belongs there. */
void buddy_audit(struct audit *a)
{
	unsigned long flags = spin_lock_irqsave(&buddy.lock);
	unsigned int i, order;

	for (i = 0; i < NR_ZONES; i++)
		for (order = 0; order < NR_ORDERS; order++)
			audit_list(a, i, order);
	spin_unlock_irqrestore(&buddy.lock, flags);
}

static void zone_dump(unsigned int nr)
{
	const struct zone *z = &buddy.zones[nr];
	const struct list_head *p;
	unsigned int o, blocks;

	printk("  below 2^%u: %lu frames:", nr + PAGE_SHIFT,
	       (unsigned long)z->nr_free);
	for (o = 0; o < NR_ORDERS; o++) {
		if (!(z->orders & (1U << o)))
			continue;
		blocks = 0;
		for (p = z->lists[o].next; p != &z->lists[o]; p = p->next)
			blocks++;
		printk(" %u*2^%u", blocks, o);
	}
	printk("\n");
}

void buddy_dump(void)
{
	unsigned long flags;
	unsigned int i;

	printk("Memory: %lu of %lu frames free\n",
	       (unsigned long)mm_free_frames(),
	       (unsigned long)mm_total_frames());
	flags = spin_lock_irqsave(&buddy.lock);
	for (i = 0; i < NR_ZONES; i++)
		if (buddy.zones[i].nr_free)
			zone_dump(i);
	spin_unlock_irqrestore(&buddy.lock, flags);
}
