/* SPDX-License-Identifier: MIT */
/*
 * calls.c - what a guest pays for the hypervisor
 *
 * Each operation is carried out many times in a row, checked to have had its
 * effect, and its mean price is printed as `BENCH name ticks`: TSC ticks, which
 * are instructions when QEMU counts them (-icount shift=0). tests/bench/calls.py
 * puts two hypervisors side by side. As a test it proves that the operations
 * keep their effect when they come thick and fast.
 */
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <xen/version.h>

#define ROUNDS	 1000
#define NR_BATCH 8

static void *page;
static evtchn_port_t port;
static struct multicall_entry batch[NR_BATCH];

static bool op_nothing(void)
{
	return true;
}

static bool op_null_hypercall(void)
{
	return HYPERVISOR_xen_version(XENVER_version, NULL) > 0;
}

static bool op_multicall_of_8(void)
{
	return HYPERVISOR_multicall(batch, NR_BATCH) == 0 &&
	       (long)batch[NR_BATCH - 1].result > 0;
}

static bool op_event_send_masked(void)
{
	return event_send(port) == 0;
}

static bool op_event_delivered(void)
{
	unsigned long count = event_port_count(port);

	return event_send(port) == 0 && event_port_count(port) == count + 1;
}

static bool op_update_va_mapping(void)
{
	static bool writable;

	writable = !writable;
	return page_protect(page, writable) == 0;
}

static bool op_mmu_update(void)
{
	return pte_update(pte_machine(page, 1), pte_read(page, 1)) == 0;
}

/* A store to the read-only mapping of an L1: emulated. */
static bool op_pte_write(void)
{
	volatile uint64_t *entry = pte_lookup(page, 1);
	uint64_t value = *entry ^ PTE_DIRTY;

	*entry = value;
	return (*entry & PTE_DIRTY) == (value & PTE_DIRTY);
}

static bool op_forced_cpuid(void)
{
	return cpuid_forced(0x40000000, 0).eax >= 0x40000000;
}

static bool op_breakpoint_bounced(void)
{
	return TRAP_CATCH(asm volatile("int3")) == VECTOR_BP;
}

static bool op_cr0_read(void)
{
	unsigned long cr0;

	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	return cr0 & 1;
}

static bool op_set_segment_base(void)
{
	return HYPERVISOR_set_segment_base(SEGBASE_FS, 0) == 0;
}

static uint64_t price(bool (*op)(void), bool *all_done)
{
	uint64_t start = tsc_read();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		if (!op())
			*all_done = false;
	return (tsc_read() - start) / ROUNDS;
}

static uint64_t nothing;

static void measure(const char *name, bool (*op)(void))
{
	bool all_done = true;
	uint64_t ticks;

	op();
	ticks = price(op, &all_done);
	CHECK(all_done);
	print("BENCH %s %lu\n", name, ticks > nothing ? ticks - nothing : 0);
}

#define MEASURE(name) measure(#name, op_##name)

TEST(calls)
{
	unsigned int i;
	bool done = true;

	page = page_alloc();
	REQUIRE(page && !event_set_up());
	port = (evtchn_port_t)event_bind_ipi(0);
	for (i = 0; i < NR_BATCH; i++) {
		batch[i].op = __HYPERVISOR_xen_version;
		batch[i].args[0] = XENVER_version;
	}
	nothing = price(op_nothing, &done);
	MEASURE(null_hypercall);
	MEASURE(multicall_of_8);
	MEASURE(set_segment_base);
	MEASURE(update_va_mapping);
	CHECK_EQ(page_protect(page, true), 0);
	MEASURE(mmu_update);
	MEASURE(pte_write);
	MEASURE(forced_cpuid);
	MEASURE(cr0_read);
	MEASURE(breakpoint_bounced);
	event_block();
	MEASURE(event_send_masked);
	event_port_take(port);
	event_port_enable(port);
	event_unblock();
	MEASURE(event_delivered);
}
