/* SPDX-License-Identifier: MIT */
/*
 * vmap.c - the area for devices and for frames that do not adjoin
 *
 * Areas lie in [VMAP_BASE, VMAP_END), sorted, each with an unmapped page before
 * and behind it. An address is given out again only after every TLB has been
 * flushed of it.
 *
 * Locks: LOCK_PAGING of our own lock guards the list; tables and the areas'
 * records are allocated before it is taken.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/layout.h>
#include <lodge/spinlock.h>

struct area {
	struct list_head link;	/* [vmap_lock] by address */
	unsigned long va;	/* first mapped page */
	unsigned long nr;	/* pages */
};

static spinlock_t vmap_lock = SPINLOCK_INIT(LOCK_PAGING);
static struct list_head areas = LIST_HEAD_INIT(areas);

/* The lowest hole; false: none. The first page of the area stays unmapped. */
static bool area_insert(struct area *a, unsigned long align)
{
	unsigned long va = ALIGN_UP(VMAP_BASE + PAGE_SIZE, align);
	unsigned long bytes = a->nr << PAGE_SHIFT;
	struct area *next;

	list_for_each(next, &areas, link) {
		if (va + bytes < next->va)
			break;
		va = ALIGN_UP(next->va + (next->nr << PAGE_SHIFT) + PAGE_SIZE,
			      align);
	}
	if (bytes > VMAP_END - VMAP_BASE || va > VMAP_END - bytes)
		return false;
	a->va = va;
	list_add_tail(&a->link, &next->link);
	return true;
}

static struct area *area_new(unsigned long nr, unsigned long align)
{
	struct area *a = kmalloc(sizeof(*a));
	bool found;

	if (!a)
		return NULL;
	a->nr = nr;
	spin_lock(&vmap_lock);
	found = area_insert(a, align);
	spin_unlock(&vmap_lock);
	if (!found) {
		kfree(a);
		return NULL;
	}
	return a;
}

static void area_free(struct area *a)
{
	spin_lock(&vmap_lock);
	list_del(&a->link);
	spin_unlock(&vmap_lock);
	kfree(a);
}

static struct area *area_find(unsigned long va)
{
	struct area *a, *found = NULL;

	spin_lock(&vmap_lock);
	list_for_each(a, &areas, link)
		if (va - a->va < a->nr << PAGE_SHIFT)
			found = a;
	spin_unlock(&vmap_lock);
	return found;
}

/* Is any of it memory? Then it is mapped cacheable elsewhere. */
static bool any_memory(mfn_t mfn, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (mfn_valid(mfn_add(mfn, i)))
			return true;
	return false;
}

/* A page-table entry beyond that faults: its bits are reserved. */
static bool addressable(uint64_t addr, size_t size)
{
	uint64_t last = addr + size - 1;

	return last >= addr && !(last >> cpu_features.phys_bits);
}

/**
 * ioremap() - map device memory, or tables of the firmware
 * @addr: first byte, of any alignment; firmware or a device may have said it
 * @size: bytes, not 0
 *
 * Uncached; if memory is among it, with memory's cacheability, as the
 * processor must not see a frame both ways.
 *
 * Context: no locks above LOCK_TIMER held.
 * Return: the address of @addr; NULL: no memory, or no space, or beyond what
 *         the processor can address.
 */
void *ioremap(paddr_t addr, size_t size)
{
	unsigned long offset = PAGE_OFFSET(paddr_x(addr));
	unsigned long nr = DIV_ROUND_UP(offset + size, PAGE_SIZE);
	mfn_t mfn = paddr_to_mfn(addr);
	struct area *a = NULL;

	if (addressable(paddr_x(addr), size))
		a = area_new(nr, PAGE_SIZE);
	if (!a)
		return NULL;
	if (map_frames(a->va, mfn, nr, any_memory(mfn, nr) ? MAP_RW : MAP_UC)) {
		area_free(a);
		return NULL;
	}
	return (void *)(a->va + offset);
}

static void area_unmap(const void *va)
{
	struct area *a = area_find((unsigned long)va);

	BUG_ON(!a);
	unmap_frames(a->va, a->nr);
	area_free(a);
}

/**
 * iounmap() - undo ioremap()
 * @va: what it returned; NULL does nothing
 *
 * Context: IRQs on once APs run; takes LOCK_PAGING, LOCK_CALL.
 */
void iounmap(void *va)
{
	if (va)
		area_unmap(va);
}

/* An area with its tables, so that mapping in it cannot fail any more. */
static struct area *area_with_tables(unsigned int nr, unsigned long align)
{
	struct area *a = area_new(nr, align);

	if (!a || !paging_make_tables(a->va, nr))
		return a;
	area_free(a);
	return NULL;
}

static void map_page(const struct area *a, unsigned int page, mfn_t mfn,
		     uint64_t flags)
{
	BUG_ON(map_frames(a->va + ((unsigned long)page << PAGE_SHIFT), mfn, 1,
			  flags));
}

/**
 * vmap() - map frames one behind the other
 * @mfns:  the frames
 * @nr:    how many, not 0
 * @flags: MAP_RW and the like
 *
 * Context: no locks above LOCK_TIMER held.
 * Return: the address of the first; NULL: no memory, or no space.
 */
void *vmap(const mfn_t *mfns, unsigned int nr, uint64_t flags)
{
	struct area *a = area_with_tables(nr, PAGE_SIZE);
	unsigned int i;

	if (!a)
		return NULL;
	for (i = 0; i < nr; i++)
		map_page(a, i, mfns[i], flags);
	return (void *)a->va;
}

/**
 * vunmap() - undo vmap(); the frames stay whose they are
 * @va: what it returned; NULL does nothing
 *
 * Context: IRQs on once APs run; takes LOCK_PAGING, LOCK_CALL.
 */
void vunmap(void *va)
{
	if (va)
		area_unmap(va);
}

static void free_frames(void *const *frames, unsigned int nr)
{
	while (nr--)
		frames_free(frames[nr], 0);
}

/**
 * stack_alloc() - a stack block for a CPU, never freed
 *
 * STACK_SIZE bytes, so aligned. Between its stacks, and below, pages are not
 * mapped: a stack that grows too large faults instead of spoiling others.
 *
 * Context: boot; no locks held.
 * Return: its lowest address; NULL: no memory.
 */
void *stack_alloc(void)
{
	void *frames[STACK_PAGES];
	unsigned int nr = 0, page;
	struct area *a;

	for (page = 0; page < STACK_PAGES; page++)
		if (STACK_PAGE_USED(page)) {
			frames[nr] = frames_alloc(0, MEMF_ZERO);
			if (!frames[nr])
				goto err_free;
			nr++;
		}
	a = area_with_tables(STACK_PAGES, STACK_SIZE);
	if (!a)
		goto err_free;
	for (page = STACK_PAGES; page--;)
		if (STACK_PAGE_USED(page))
			map_page(a, page, virt_to_mfn(frames[--nr]), MAP_RW);
	return (void *)a->va;
err_free:
	free_frames(frames, nr);
	return NULL;
}
