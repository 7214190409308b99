/* SPDX-License-Identifier: MIT */
/*
 * objects.c - small objects
 *
 * A size class has slabs: single frames with a header and slots of one size,
 * of which the free ones form a list through their first word. Sizes of 64
 * bytes and more are multiples of 64 and slots begin on 64. Above the largest
 * class an object is whole frames; it is told by its address, as a slot never
 * begins a page.
 *
 *   slab:  FULL (in no list) <--> PARTIAL (in the class's list) <--> EMPTY
 *          (one is kept, others are freed)
 *
 * Debug build: a slot carries its user's size and a guard word behind the
 * user's bytes, and what is free is filled with a pattern; kfree() and
 * kmalloc() check them.
 *
 * Locks: LOCK_OBJECTS, IRQs off, one for each class.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/lib.h>
#include <lodge/spinlock.h>

#define SLAB_MAGIC	0x51ab51ab
#define SLAB_HEADER	64
#define MAX_OBJECT	(1UL << 20)

#define POISON_FREE	0x6b
#define POISON_PAD	0xbb
#define GUARD_BYTES	(DEBUG_BUILD ? sizeof(struct guard) : 0)

/* The last bytes of a slot in the debug build. */
struct guard {
	uint32_t size;		/* what the user asked for */
	uint32_t state;
};
#define GUARD_USED	0x0badcafe
#define GUARD_FREE	0xdeadf8ee

struct slab {
	struct list_head link;	/* [class] PARTIAL or EMPTY */
	struct class *class;	/* [I] */
	void *free;		/* [class] first free slot */
	uint16_t nr_used;	/* [class] */
	uint32_t magic;
};
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "slots begin on 64");

struct class {
	uint16_t size;		/* [I] of a slot */
	spinlock_t lock;
	struct list_head partial;	/* slabs with a free slot */
	unsigned int nr_empty;
};

#define CLASS(sz)                                                             \
	{ .size = (sz), .lock = SPINLOCK_INIT(LOCK_OBJECTS) }
/* Sizes that fill a frame's 4032 bytes well. */
static struct class classes[] = {
	CLASS(16),  CLASS(32),	CLASS(64),  CLASS(128),	 CLASS(192),
	CLASS(256), CLASS(384), CLASS(512), CLASS(640),	 CLASS(768),
	CLASS(960), CLASS(1344), CLASS(1984),
};

static struct class *class_for(size_t size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(classes); i++)
		if (size <= classes[i].size)
			return &classes[i];
	return NULL;
}

static struct guard *slot_guard(const struct class *c, void *slot)
{
	return (struct guard *)((char *)slot + c->size) - 1;
}

static void fill_check(const unsigned char *p, size_t n, unsigned char want,
		       const char *what)
{
	for (; n && *p == want; n--)
		p++;
	if (n)
		panic("Object %s: byte at %p is %02x", what, p, *p);
}

/* Debug build: a slot goes to a user. Its first word was the list's. */
static void slot_check_free(const struct class *c, void *slot, size_t size)
{
	struct guard *g = slot_guard(c, slot);
	unsigned char *p = slot;

	if (!DEBUG_BUILD)
		return;
	if (g->state != GUARD_FREE)
		panic("Object %p of %u bytes: guard overwritten", slot,
		      c->size);
	fill_check(p + sizeof(void *),
		   c->size - sizeof(*g) - min(sizeof(void *),
					      c->size - sizeof(*g)),
		   POISON_FREE, "written after it was freed");
	memset(p + size, POISON_PAD, c->size - sizeof(*g) - size);
	*g = (struct guard){ (uint32_t)size, GUARD_USED };
}

/* Debug build: it comes back. */
static void slot_check_used(const struct class *c, void *slot)
{
	struct guard *g = slot_guard(c, slot);
	unsigned char *p = slot;

	if (!DEBUG_BUILD)
		return;
	if (g->state != GUARD_USED || g->size > c->size - sizeof(*g))
		panic("Object %p of %u bytes: %s", slot, c->size,
		      g->state == GUARD_FREE ? "freed twice" :
					       "guard overwritten");
	fill_check(p + g->size, c->size - sizeof(*g) - g->size, POISON_PAD,
		   "written behind its end");
}

static void slot_make_free(const struct class *c, void *slot)
{
	if (!DEBUG_BUILD)
		return;
	memset(slot, POISON_FREE, c->size - sizeof(struct guard));
	*slot_guard(c, slot) = (struct guard){ 0, GUARD_FREE };
}

static void slab_add_slot(struct slab *s, void *slot)
{
	slot_make_free(s->class, slot);
	*(void **)slot = s->free;
	s->free = slot;
}

static struct slab *slab_new(struct class *c)
{
	struct slab *s = frames_alloc(0, MEMF_NO_SCRUB);
	unsigned int off;

	if (!s)
		return NULL;
	*s = (struct slab){ .class = c, .magic = SLAB_MAGIC };
	for (off = SLAB_HEADER; off + c->size <= PAGE_SIZE; off += c->size)
		slab_add_slot(s, (char *)s + off);
	list_add(&s->link, &c->partial);
	c->nr_empty++;
	return s;
}

static void *slot_alloc(struct class *c, size_t size)
{
	unsigned long flags = spin_lock_irqsave(&c->lock);
	struct slab *s;
	void *slot = NULL;

	if (!c->partial.next)
		list_init(&c->partial);
	s = list_empty(&c->partial) ?
		    slab_new(c) :
		    list_first_entry(&c->partial, struct slab, link);
	if (s) {
		slot = s->free;
		s->free = *(void **)slot;
		if (s->nr_used++ == 0)
			c->nr_empty--;
		if (!s->free)
			list_del(&s->link);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (slot)
		slot_check_free(c, slot, size);
	return slot;
}

static void slot_free(void *slot)
{
	struct slab *s = (struct slab *)((unsigned long)slot & PAGE_MASK);
	struct class *c = s->class;
	bool was_full, surplus;
	unsigned long flags;

	BUG_ON(s->magic != SLAB_MAGIC ||
	       (PAGE_OFFSET(slot) - SLAB_HEADER) % c->size);
	slot_check_used(c, slot);
	flags = spin_lock_irqsave(&c->lock);
	was_full = !s->free;
	slab_add_slot(s, slot);
	if (was_full)
		list_add(&s->link, &c->partial);
	surplus = --s->nr_used == 0 && c->nr_empty++ > 0;
	if (surplus) {
		c->nr_empty--;
		list_del(&s->link);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	if (surplus) {
		s->magic = 0;
		frames_free(s, 0);
	}
}

static unsigned int size_order(size_t size)
{
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}

/**
 * kmalloc() - allocate memory, contents undefined
 * @size: bytes, 1 to 1 MiB
 *
 * Aligned to 16 bytes, to 64 if @size is 64 or more, to a page if whole frames.
 *
 * Context: any but NMI and #MC; takes LOCK_OBJECTS, LOCK_BUDDY.
 * Return: the address; NULL: no memory, or @size is 0 or too large.
 */
void *kmalloc(size_t size)
{
	struct class *c;

	if (!size || size > MAX_OBJECT)
		return NULL;
	c = class_for(size + GUARD_BYTES);
	if (c)
		return slot_alloc(c, size);
	return frames_alloc(size_order(size), 0);
}

/**
 * kzalloc() - as kmalloc(), contents zero
 * @size: as for kmalloc()
 *
 * Return: as kmalloc().
 */
void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	if (p)
		memset(p, 0, size);
	return p;
}

/**
 * kcalloc() - allocate an array, contents zero
 * @nr:   elements
 * @size: bytes of each
 *
 * Return: as kmalloc(); NULL too if nr * size overflows.
 */
void *kcalloc(size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes))
		return NULL;
	return kzalloc(bytes);
}

/**
 * kfree() - give memory back
 * @p: from kmalloc() and its like; NULL does nothing
 *
 * Context: any but NMI and #MC; takes LOCK_OBJECTS, LOCK_BUDDY.
 */
void kfree(void *p)
{
	struct page *pg;

	if (!p)
		return;
	if (PAGE_OFFSET(p)) {
		slot_free(p);
		return;
	}
	pg = virt_to_page(p);
	page_free(pg, pg->free.order);
}
