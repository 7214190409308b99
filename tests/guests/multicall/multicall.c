/* SPDX-License-Identifier: MIT */
/*
 * multicall - many calls in one
 *
 * Each entry has its own result, the list goes on behind a failed one, and
 * neither a long list nor one that lies about its length holds up the
 * machine or reaches what is not the guest's.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>

#define NR_MANY	    5000
#define NO_RESULT   0x1234567890UL
#define BAD_POINTER ((void *)0x1000)

static struct multicall_entry list[NR_MANY];

static void set(unsigned int n, unsigned long op, unsigned long a1,
		unsigned long a2, unsigned long a3, unsigned long a4)
{
	list[n] = (struct multicall_entry){
		.op = op,
		.result = NO_RESULT,
		.args = {a1, a2, a3, a4},
	};
}

static void set_version(unsigned int n)
{
	set(n, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0);
}

TEST(results)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	set_version(0);
	set(1, __HYPERVISOR_xen_version, 99, 0, 0, 0);
	set(2, __HYPERVISOR_event_channel_op, 99, 0, 0, 0);
	set(3, 63, 0, 0, 0, 0);
	set(4, ~0UL, 0, 0, 0, 0);
	set_version(5);
	set_version(6);
	CHECK_EQ(HYPERVISOR_multicall(list, 6), 0);
	CHECK_EQ(list[0].result, version);
	CHECK_EQ(list[1].result, -ENOSYS);
	CHECK_EQ(list[2].result, -ENOSYS);
	CHECK_EQ(list[3].result, -ENOSYS);
	CHECK_EQ(list[4].result, -ENOSYS);
	CHECK_EQ(list[5].result, version);
	CHECK_EQ(list[6].result, NO_RESULT);
}

TEST(arguments_stay)
{
	struct multicall_entry before;

	set(0, __HYPERVISOR_xen_version, XENVER_version, 2, 3, 4);
	list[0].args[4] = 5;
	list[0].args[5] = 6;
	before = list[0];
	CHECK_EQ(HYPERVISOR_multicall(list, 1), 0);
	CHECK_EQ(memcmp(before.args, list[0].args, sizeof(before.args)), 0);
	CHECK_EQ(list[0].op, before.op);
}

/* As Linux does it: two entries and a flush. */
TEST(page_table_batch)
{
	uint8_t *a = page_alloc(), *b = page_alloc();
	struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

	REQUIRE(a && b);
	*a = 1;
	*b = 2;
	set(0, __HYPERVISOR_update_va_mapping, (unsigned long)a,
	    pte_make(virt_to_mfn(b), PTE_KERNEL), UVMF_NONE, 0);
	set(1, __HYPERVISOR_update_va_mapping, (unsigned long)b,
	    pte_make(virt_to_mfn(a), PTE_KERNEL), UVMF_NONE, 0);
	set(2, __HYPERVISOR_mmuext_op, (unsigned long)&flush, 1, 0, DOMID_SELF);
	CHECK_EQ(HYPERVISOR_multicall(list, 3), 0);
	CHECK_EQ(list[0].result | list[1].result | list[2].result, 0);
	CHECK_EQ(*(volatile uint8_t *)a, 2);
	CHECK_EQ(*(volatile uint8_t *)b, 1);
	page_protect(a, true);
	page_protect(b, true);
}

TEST(counts)
{
	set_version(0);
	CHECK_EQ(HYPERVISOR_multicall(list, 0), 0);
	CHECK_EQ(list[0].result, NO_RESULT);
	CHECK_EQ(HYPERVISOR_multicall(NULL, 0), 0);
	CHECK_EQ(HYPERVISOR_multicall(BAD_POINTER, 1), -EFAULT);
	CHECK_EQ(HYPERVISOR_multicall((void *)HYPERVISOR_VIRT_START, 1),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_multicall((void *)(HYPERVISOR_VIRT_START - 64), 2),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_multicall(BAD_POINTER, ~0U), RECORDED(-EFAULT));
}

TEST(many)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);
	unsigned int i, wrong = 0;

	for (i = 0; i < NR_MANY; i++)
		set_version(i);
	CHECK_EQ(HYPERVISOR_multicall(list, NR_MANY), 0);
	for (i = 0; i < NR_MANY; i++)
		wrong += (long)list[i].result != version;
	CHECK_EQ(wrong, 0);
}

/* The list runs off its mapping: what was reachable is done. */
TEST(runs_off_the_end)
{
	uint8_t *pages = page_alloc_many(2);
	struct multicall_entry *last;

	REQUIRE(pages);
	last = (struct multicall_entry *)(pages + PAGE_BYTES) - 1;
	set_version(0);
	*last = list[0];
	REQUIRE(!page_map(pages + PAGE_BYTES, 0));
	CHECK_EQ(HYPERVISOR_multicall(last, 2), -EFAULT);
	CHECK_EQ(last->result, HYPERVISOR_xen_version(XENVER_version, NULL));
	page_map(pages + PAGE_BYTES,
		 pte_make(virt_to_mfn(pages + PAGE_BYTES), PTE_KERNEL));
}

/* Results cannot be stored: read-only. */
TEST(read_only_list)
{
	struct multicall_entry *entry = page_alloc();

	REQUIRE(entry);
	set_version(0);
	*entry = list[0];
	REQUIRE(!page_protect(entry, false));
	CHECK_EQ(HYPERVISOR_multicall(entry, 1), -EFAULT);
	CHECK_EQ(entry->result, NO_RESULT);
	REQUIRE(!page_protect(entry, true));
	page_free(entry);
}

TEST(nested)
{
	static struct multicall_entry inner;

	set(0, __HYPERVISOR_multicall, (unsigned long)&inner, 1, 0, 0);
	inner = (struct multicall_entry){
		.op = __HYPERVISOR_xen_version,
		.result = NO_RESULT,
	};
	CHECK_EQ(HYPERVISOR_multicall(list, 1), RECORDED(0));
	CHECK_EQ(list[0].result, RECORDED(-EINVAL));
	CHECK_EQ(inner.result, NO_RESULT);
}

/* A long call inside goes on until it is done. */
TEST(long_call_inside)
{
	static struct mmu_update updates[2000];
	uint8_t *page = page_alloc();
	unsigned int i, done = 0;

	REQUIRE(page);
	for (i = 0; i < 2000; i++) {
		updates[i].ptr = pte_machine(page, 1);
		updates[i].val = pte_make(virt_to_mfn(page),
					  i % 2 ? PTE_KERNEL : PTE_RO);
	}
	set(0, __HYPERVISOR_mmu_update, (unsigned long)updates, 2000,
	    (unsigned long)&done, DOMID_SELF);
	set_version(1);
	CHECK_EQ(HYPERVISOR_multicall(list, 2), 0);
	CHECK_EQ(list[0].result, 0);
	CHECK_EQ(done, 2000);
	CHECK(list[1].result != NO_RESULT);
	page_protect(page, true);
	page_free(page);
}
