/* SPDX-License-Identifier: MIT */
/*
 * calls.c - what a guest pays for the hypervisor
 *
 * Each operation is carried out many times in a row, checked to have had its
 * effect, and its mean price is printed as `BENCH name ticks rounds`: TSC
 * ticks, which are instructions when QEMU counts them (-icount shift=0), less
 * those of the empty loop. Two no-operations (see tests/bench/count.c) frame
 * the loop for whoever counts the hypervisor's instructions apart.
 * tests/bench/calls.py puts two hypervisors side by side. As a test it proves
 * that the operations keep their effect when they come thick and fast.
 */
#include <guestkit/bench.h>
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>
#include <xen/version.h>

#define ROUNDS	   1000
#define NR_BATCH   8
#define NR_PTES	   32
#define NOT_MAPPED 0x100000UL

USER_ASM(user_call, "syscall");

static void *page;
static evtchn_port_t port;
static struct multicall_entry batch[NR_BATCH];
static struct mmu_update ptes[NR_PTES];

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

/* As Linux changes the rights of a range: each entry really changes. */
static bool op_mmu_update_of_32(void)
{
	unsigned int i, done = 0;

	for (i = 0; i < NR_PTES; i++)
		ptes[i].val ^= PTE_WRITE;
	return HYPERVISOR_mmu_update(ptes, NR_PTES, &done, DOMID_SELF) == 0 &&
	       done == NR_PTES;
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

/* The fault, and the handler's return by the iret call. */
static bool op_page_fault_bounced(void)
{
	return TRAP_CATCH(*(volatile char *)NOT_MAPPED) == VECTOR_PF;
}

/* The call alone, to the kernel: that is what ring 0 in the frame means. */
static bool op_iret(void)
{
	unsigned long before, after;

	asm volatile("mov %%rsp, %0\n"
		     "push %2\n"
		     "push %0\n"
		     "pushfq\n"
		     "push %3\n"
		     "lea 1f(%%rip), %%rcx\n"
		     "push %%rcx\n"
		     "push $0\n"
		     "push %%rcx\n"
		     "push %%r11\n"
		     "push %%rax\n"
		     "mov %4, %%eax\n"
		     "syscall\n"
		     "1: mov %%rsp, %1"
		     : "=&r"(before), "=&r"(after)
		     : "i"(FLAT_KERNEL_SS), "i"(FLAT_KERNEL_CS & ~3),
		       "i"(__HYPERVISOR_iret)
		     : "rax", "rcx", "r11", "memory", "cc");
	return before == after;
}

/* stack_switch, iret to user mode, a system call from there. */
static bool op_user_and_back(void)
{
	struct cpu_user_regs regs;

	user_regs(&regs, user_call);
	return user_run(&regs) == ENTRY_SYSCALL;
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
	uint64_t start, end;
	unsigned int i;

	MARK_BEGIN();
	start = tsc_read();
	for (i = 0; i < ROUNDS; i++)
		if (!op())
			*all_done = false;
	end = tsc_read();
	MARK_END();
	return (end - start) / ROUNDS;
}

static uint64_t nothing;

static void measure(const char *name, bool (*op)(void))
{
	bool all_done = true;
	uint64_t ticks;

	op();
	ticks = price(op, &all_done);
	CHECK(all_done);
	print("BENCH %s %lu %u\n", name, ticks > nothing ? ticks - nothing : 0,
	      ROUNDS);
}

#define MEASURE(name) measure(#name, op_##name)

static bool ptes_set_up(void)
{
	char *pages = page_alloc_many(NR_PTES);
	unsigned int i;

	for (i = 0; pages && i < NR_PTES; i++) {
		ptes[i].ptr = pte_machine(pages + i * PAGE_BYTES, 1);
		ptes[i].val = pte_read(pages + i * PAGE_BYTES, 1);
	}
	return pages;
}

TEST(calls)
{
	unsigned int i;
	bool done = true;

	page = page_alloc();
	REQUIRE(page && ptes_set_up() && !event_set_up() && !user_set_up());
	port = (evtchn_port_t)event_bind_ipi(0);
	for (i = 0; i < NR_BATCH; i++) {
		batch[i].op = __HYPERVISOR_xen_version;
		batch[i].args[0] = XENVER_version;
	}
	nothing = price(op_nothing, &done);
	print("BENCH empty_loop %lu %u\n", nothing, ROUNDS);
	MEASURE(null_hypercall);
	MEASURE(multicall_of_8);
	MEASURE(set_segment_base);
	MEASURE(update_va_mapping);
	CHECK_EQ(page_protect(page, true), 0);
	MEASURE(mmu_update);
	MEASURE(mmu_update_of_32);
	MEASURE(pte_write);
	MEASURE(forced_cpuid);
	MEASURE(cr0_read);
	MEASURE(breakpoint_bounced);
	MEASURE(page_fault_bounced);
	MEASURE(iret);
	MEASURE(user_and_back);
	event_block();
	MEASURE(event_send_masked);
	event_port_take(port);
	event_port_enable(port);
	event_unblock();
	MEASURE(event_delivered);
}
