/* SPDX-License-Identifier: MIT */
/*
 * footprint.c - the memory that the hypervisor holds, as Dom0 can tell
 *
 * Held altogether: the machine's memory without what Dom0 owns and what is
 * free. Held for a domain: what is free before some are created, less what is
 * free afterwards, for each; they have one vCPU and no memory of their own.
 * Destroyed domains must give all of it back. Figures are printed as `HELD name
 * bytes`; tests/bench/memory.py puts two hypervisors side by side.
 */
#include <guestkit/domain.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/test.h>
#include <xen/memory.h>

#define NR_DOMAINS   16
#define NR_RANGES    64
#define MAX_PAGES    16
#define GRANT_FRAMES 4
/* Pages that Xen frees only when all CPUs have passed a quiet moment. */
#define PATIENCE 10000

struct e820_entry {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

#define TYPE_RAM 1

static struct e820_entry ranges[NR_RANGES];
static domid_t domains[NR_DOMAINS];

static unsigned long free_bytes(void)
{
	unsigned long pages = 0, claimed;

	return machine_free_pages(&pages, &claimed) ? pages * PAGE_BYTES : 0;
}

/* What the firmware calls memory, in whole pages; 0: it cannot be told. */
static unsigned long memory_bytes(void)
{
	struct xen_memory_map map = {
		.nr_entries = NR_RANGES,
		.buffer.p = ranges,
	};
	unsigned long pages = 0;
	unsigned int i;

	if (HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map))
		return 0;
	for (i = 0; i < map.nr_entries; i++)
		if (ranges[i].type == TYPE_RAM)
			pages += ranges[i].size >> PAGE_SHIFT;
	return pages * PAGE_BYTES;
}

static unsigned long own_bytes(void)
{
	domid_t self = DOMID_SELF;
	long pages = HYPERVISOR_memory_op(XENMEM_current_reservation, &self);

	return pages > 0 ? (unsigned long)pages * PAGE_BYTES : 0;
}

/* Creates them all; how much less is free then. */
static unsigned long create_all(void)
{
	unsigned long before = free_bytes();
	unsigned int i;

	for (i = 0; i < NR_DOMAINS; i++) {
		long domid = domain_create(MAX_PAGES, GRANT_FRAMES, 1);

		domains[i] = domid > 0 ? (domid_t)domid : 0;
		CHECK(domid > 0);
	}
	return before - free_bytes();
}

static void destroy_all(void)
{
	unsigned int i;

	for (i = 0; i < NR_DOMAINS; i++)
		if (domains[i])
			CHECK_EQ(domain_destroy(domains[i]), 0);
}

/* As much is free as before, or more; at once or a little later. */
static bool given_back(unsigned long before)
{
	unsigned int i;

	for (i = 0; i < PATIENCE && free_bytes() < before; i++)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return free_bytes() >= before;
}

TEST(altogether)
{
	unsigned long all = memory_bytes(), own = own_bytes();
	unsigned long unused = free_bytes();

	CHECK(all && own && unused && own + unused < all);
	print("HELD memory_of_the_machine %lu\n", all);
	print("HELD by_the_hypervisor %lu\n", all - own - unused);
}

/* The first ones leave something behind for all that follow. */
TEST(each_domain)
{
	unsigned long before, held;

	create_all();
	destroy_all();
	given_back(~0UL);
	before = free_bytes();
	held = create_all();
	CHECK(held < before);
	print("HELD for_each_domain %lu\n", held / NR_DOMAINS);
	destroy_all();
	CHECK(given_back(before));
}
