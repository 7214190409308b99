/* SPDX-License-Identifier: MIT */
/*
 * frame-table.c - struct page of each frame, and general references
 *
 * The table is sparse: a chunk of 2 MiB describes 128 MiB of memory and is
 * there only if some of that is memory. In a chunk, frames that are not carry
 * PCI_HOLE. Frames of memory start as PCI_RESERVED (image, modules, tables)
 * and become free by buddy_add_range(), or a domain's by domain_page_assign().
 *
 * No locks: count_info is changed by compare-and-exchange only. A frame with
 * a count of zero cannot be referenced; only its allocator makes it one. The
 * owner is written while the count is zero and stays while it is not.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/domain.h>
#include <lodge/lib.h>

_Static_assert(MAX_CHUNKS % 64 == 0, "frame_chunks has whole words");

uint64_t max_mfn;
unsigned long frame_chunks[MAX_CHUNKS / 64];

bool frame_table_has_chunk(uint64_t chunk)
{
	return chunk < MAX_CHUNKS && test_bit(chunk, frame_chunks);
}

void frame_table_add_chunk(uint64_t chunk)
{
	struct page *pg = &frame_table[chunk << CHUNK_SHIFT];
	uint64_t i;

	memset(pg, 0, CHUNK_BYTES);
	for (i = 0; i < CHUNK_FRAMES; i++)
		pg[i].count_info = PCI_HOLE;
	bitmap_set(frame_chunks, chunk);
}

void frame_table_add_ram(uint64_t start, uint64_t end)
{
	uint64_t mfn;

	for (mfn = start; mfn < end; mfn++)
		frame_table[mfn].count_info = PCI_RESERVED;
	max_mfn = max(max_mfn, end);
}

/**
 * mfn_valid() - is there a struct page for a frame, that is: is it memory?
 * @mfn: any number
 */
bool mfn_valid(mfn_t mfn)
{
	return page_lookup(mfn);
}

/**
 * mfn_to_page() - the struct page of a frame
 * @mfn: mfn_valid()
 */
struct page *mfn_to_page(mfn_t mfn)
{
	ASSERT(mfn_valid(mfn));
	return &frame_table[mfn_x(mfn)];
}

/**
 * page_to_mfn() - the frame that a struct page describes
 * @pg: element of the frame table
 */
mfn_t page_to_mfn(const struct page *pg)
{
	return MFN((uint64_t)(pg - frame_table));
}

/**
 * mfn_to_virt() - address of a frame in the direct map
 * @mfn: mfn_valid()
 */
void *mfn_to_virt(mfn_t mfn)
{
	return (void *)(DIRECTMAP_BASE + (mfn_x(mfn) << PAGE_SHIFT));
}

/**
 * virt_to_mfn() - the frame behind an address of the direct map or the image
 * @va: such an address, in any byte of the frame; anything else is a BUG
 */
mfn_t virt_to_mfn(const void *va)
{
	unsigned long a = (unsigned long)va;

	if (a >= DIRECTMAP_BASE && a < DIRECTMAP_END)
		return MFN((a - DIRECTMAP_BASE) >> PAGE_SHIFT);
	BUG_ON(a < IMAGE_BASE || a >= (unsigned long)image_end);
	return MFN((a - IMAGE_BASE + IMAGE_PHYS_BASE) >> PAGE_SHIFT);
}

/**
 * virt_to_page() - struct page of the frame behind an address
 * @va: as for virt_to_mfn()
 */
struct page *virt_to_page(const void *va)
{
	return mfn_to_page(virt_to_mfn(va));
}

/**
 * page_put_alloc_ref() - drop the reference that the allocation holds
 * @pg: a domain's frame; the caller has another reference to it
 *
 * Context: as page_put().
 * Return: true; false: it was dropped before, or the frame is ours and only
 *         shown to the domain.
 */
bool page_put_alloc_ref(struct page *pg)
{
	uint64_t old = atomic_fetch_and(&pg->count_info, ~PCI_ALLOCATED);

	if (!(old & PCI_ALLOCATED))
		return false;
	page_put(pg);
	return true;
}

/**
 * page_describe() - a frame's state on one line
 * @pg:   element of the frame table
 * @buf:  receives the text
 * @size: bytes in @buf
 *
 * Context: any; nothing is locked, the values may belong to different moments.
 */
void page_describe(const struct page *pg, char *buf, size_t size)
{
	static const char *const types[] = { "none", "L1", "L2", "L3",
					     "L4", "seg", "writable", "?" };
	uint64_t c = READ_ONCE(pg->count_info), t = READ_ONCE(pg->type_info);
	const struct domain *d = READ_ONCE(pg->owner);
	bool free = c & (PCI_FREE | PCI_CACHED);

	snprintf(buf, size,
		 "mfn %lx owner %s count %lu%s%s%s%s type %s*%lu%s%s%s%s",
		 (unsigned long)mfn_x(page_to_mfn(pg)),
		 d && !free ? d->name : "-",
		 (unsigned long)(c & PCI_COUNT_MASK),
		 c & PCI_ALLOCATED ? " allocated" : "",
		 c & PCI_SHARED ? " shared" : "",
		 c & PCI_RESERVED ? " reserved" : "", free ? " free" : "",
		 types[(t & PTI_TYPE_MASK) >> PTI_TYPE_SHIFT],
		 (unsigned long)(t & PTI_COUNT_MASK),
		 t & PTI_VALIDATED ? " validated" : "",
		 t & PTI_PINNED ? " pinned" : "",
		 t & PTI_PARTIAL ? " partial" : "", t & PTI_BUSY ? " busy" : "");
}
