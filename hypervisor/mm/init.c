/* SPDX-License-Identifier: MIT */
/*
 * init.c - the order in which memory management starts
 *
 *   loader's map -> free ranges (bootmem) -> final page tables, frame table,
 *   M2P -> what is left of the free ranges goes to the allocator
 *
 * Kept back until mm_release_range(): the low 1 MiB (firmware's data, the page
 * APs start in), the image, the modules. Their frames are PCI_RESERVED, have
 * no owner and cannot be referenced.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/work.h>

#define LOW_MEMORY	0x100000UL

/* First frame that we cannot use: width of addresses, direct map. */
static uint64_t __init frame_limit(void)
{
	uint64_t limit = (DIRECTMAP_END - DIRECTMAP_BASE) >> PAGE_SHIFT;
	unsigned int bits = cpu_features.phys_bits;

	if (bits > PAGE_SHIFT && bits < 52)
		limit = min(limit, 1UL << (bits - PAGE_SHIFT));
	return limit;
}

static void __init reserve_bytes(struct bootmem *bm, uint64_t start,
				 uint64_t size)
{
	bootmem_reserve(bm, start >> PAGE_SHIFT,
			DIV_ROUND_UP(start + size, PAGE_SIZE));
}

/**
 * mm_init() - take over memory
 * @bi: what the loader said; the modules stay where they are, readable through
 *      the direct map
 *
 * From here on the low addresses are not mapped any more, and the direct map
 * holds RAM only; anything else is reached by ioremap().
 *
 * Context: boot CPU, once, IRQs off, after cpu_detect_features(). Panics when
 * memory does not suffice.
 */
void __init mm_init(struct boot_info *bi)
{
	static struct bootmem __initdata bm;
	uint64_t limit = frame_limit();
	unsigned int i;

	bootmem_init(&bm, bi, limit);
	reserve_bytes(&bm, 0, LOW_MEMORY);
	reserve_bytes(&bm, IMAGE_PHYS_BASE,
		      (uint64_t)(image_end - image_start));
	for (i = 0; i < bi->nr_modules; i++)
		reserve_bytes(&bm, bi->modules[i].start, bi->modules[i].size);

	paging_init(&bm, bi, limit);
	for (i = 0; i < bm.nr; i++)
		buddy_add_range(bm.ranges[i].start, bm.ranges[i].end);
	if (!mm_free_frames())
		panic("There is no free memory: give the machine more");
	tlb_init();
	work_register(WORK_DEFERRED, deferred_free_run);
	debug_key_register('m', "memory: free frames by zone and order",
			   buddy_dump);
	printk(LOG_INFO "Memory: %lu MiB free, the last ends at %lx\n",
	       (unsigned long)mm_free_frames() >> (20 - PAGE_SHIFT),
	       (unsigned long)max_mfn << PAGE_SHIFT);
}

/**
 * mm_release_range() - give frames that were kept back at boot to the allocator
 * @start: first byte; rounded up to a whole frame
 * @size:  bytes; the end is rounded down
 *
 * For modules that have been used, whole or in part. Each frame once, and none
 * that domain_page_assign() has given to a domain.
 *
 * Context: any but NMI; takes LOCK_BUDDY.
 */
void mm_release_range(paddr_t start, uint64_t size)
{
	buddy_add_range(DIV_ROUND_UP(paddr_x(start), PAGE_SIZE),
			(paddr_x(start) + size) / PAGE_SIZE);
}

static void release_image(const char *start, const char *end)
{
	mm_release_range(mfn_to_paddr(virt_to_mfn(start)),
			 (uint64_t)(end - start));
}

/**
 * mm_init_done() - boot is over: .init is freed, the image write-protected
 *
 * Context: all CPUs that will ever run are online, IRQs on, no locks held.
 */
void mm_init_done(void)
{
	uint64_t size = (uint64_t)(init_end - init_start);

	paging_protect_image();
	release_image(init_start, init_end);
	release_image(data_end, bss_start);
	printk(LOG_INFO "Memory: %lu KiB of start-up code freed\n",
	       (unsigned long)size >> 10);
}
