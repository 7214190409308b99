/* SPDX-License-Identifier: MIT */
/*
 * pageend - instructions that are emulated, at a page's end
 *
 * One of each kind and operand size that the hypervisor carries out, stores to
 * page tables included; CR4.TSD makes the time stamp one of them.
 *
 * The hypervisor fetches what it emulates byte by byte. So each instruction is
 * run as the last of a page whose successor is absent, cut off after each of
 * its bytes, and lying across two present pages at each of its bytes.
 */
#include <guestkit/cpu.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define RET	     0xc3
#define PORT_ABSENT  0xf4f4
#define MSR_FS_BASE  0xc0000100
#define MSR_APICBASE 0x1b

#define FEATURE_XSAVE (1U << 26)
#define CR4_TSD	      (1UL << 2)
#define CR4_OSXSAVE   (1UL << 18)

struct insn {
	const char *name;
	uint8_t len;
	uint8_t code[10];
	uint64_t rax, rcx, rdx; /* rax, rcx: see load() */
};

/* Values that only the running machine knows. */
enum { CR0 = ~0UL - 8, CR3, CR4, FS_BASE, XCR0, PTE, PTE_AT };

static const struct insn insns[] = {
	{"mov %cr0, %rax", 3, {0x0f, 0x20, 0xc0}, 0, 0, 0},
	{"mov %rax, %cr0", 3, {0x0f, 0x22, 0xc0}, CR0, 0, 0},
	{"mov %cr2, %rdx", 3, {0x0f, 0x20, 0xd2}, 0, 0, 0},
	{"mov %cr3, %rax", 3, {0x0f, 0x20, 0xd8}, 0, 0, 0},
	{"mov %rax, %cr3", 3, {0x0f, 0x22, 0xd8}, CR3, 0, 0},
	{"mov %cr4, %rax", 3, {0x0f, 0x20, 0xe0}, 0, 0, 0},
	{"mov %rax, %cr4", 3, {0x0f, 0x22, 0xe0}, CR4, 0, 0},
	{"rex.w mov %cr0, %rax", 4, {0x48, 0x0f, 0x20, 0xc0}, 0, 0, 0},
	{"mov %db0, %rax", 3, {0x0f, 0x21, 0xc0}, 0, 0, 0},
	{"mov %rcx, %db0", 3, {0x0f, 0x23, 0xc1}, 0, 0, 0},
	{"clts", 2, {0x0f, 0x06}, 0, 0, 0},
	{"wbinvd", 2, {0x0f, 0x09}, 0, 0, 0},
	{"rdmsr", 2, {0x0f, 0x32}, 0, MSR_APICBASE, 0},
	{"wrmsr", 2, {0x0f, 0x30}, FS_BASE, MSR_FS_BASE, 0},
	{"in (%dx), %al", 1, {0xec}, 0, 0, PORT_ABSENT},
	{"in (%dx), %ax", 2, {0x66, 0xed}, 0, 0, PORT_ABSENT},
	{"in (%dx), %eax", 1, {0xed}, 0, 0, PORT_ABSENT},
	{"in $0xf4, %al", 2, {0xe4, 0xf4}, 0, 0, 0},
	{"out %al, $0x80", 2, {0xe6, 0x80}, 0, 0, 0},
	{"out %al, (%dx)", 1, {0xee}, 0, 0, 0x80},
	{"out %ax, (%dx)", 2, {0x66, 0xef}, 0, 0, 0x80},
	{"out %eax, (%dx)", 1, {0xef}, 0, 0, 0x80},
	{"out %eax, $0x80", 2, {0xe7, 0x80}, 0, 0, 0},
	{"outsb", 1, {0x6e}, 0, 0, 0x80},
	{"rep outsb", 2, {0xf3, 0x6e}, 0, 2, 0x80},
	{"outsl", 1, {0x6f}, 0, 0, 0x80},
	{"insb", 1, {0x6c}, 0, 0, PORT_ABSENT},
	{"rep insw", 3, {0xf3, 0x66, 0x6d}, 0, 2, PORT_ABSENT},
	{"mov %rax, %cr2", 3, {0x0f, 0x22, 0xd0}, 0, 0, 0},
	{"mov %rcx, %db7", 3, {0x0f, 0x23, 0xf9}, 0, 0x400, 0},
	{"xsetbv", 3, {0x0f, 0x01, 0xd1}, XCR0, 0, 0},
	{"rdtsc", 2, {0x0f, 0x31}, 0, 0, 0},
	{"rdtscp", 3, {0x0f, 0x01, 0xf9}, 0, 0, 0},
	{"mov %rcx, (%rax)", 3, {0x48, 0x89, 0x08}, PTE_AT, PTE, 0},
	{"xchg %rcx, (%rax)", 3, {0x48, 0x87, 0x08}, PTE_AT, PTE, 0},
	{"lock andb $0xff, (%rax)", 4, {0xf0, 0x80, 0x20, 0xff}, PTE_AT, 0, 0},
	{"cli", 1, {0xfa}, 0, 0, 0},
	{"sti", 1, {0xfb}, 0, 0, 0},
	{"ud2; xen; cpuid",
	 7,
	 {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2},
	 0,
	 0,
	 0},
};

#define NR_INSNS (sizeof(insns) / sizeof(insns[0]))

static uint8_t *page, *edge;
static uint8_t buffer[PAGE_BYTES] __attribute__((aligned(4096)));

static long set_iopl(unsigned int iopl)
{
	struct physdev_set_iopl op = {.iopl = iopl};

	return HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static bool set_up(void)
{
	if (!page)
		page = page_alloc_many(2);
	edge = page + PAGE_BYTES;
	if (!page || !(cpuid_forced(1, 0).ecx & FEATURE_XSAVE))
		return false;
	cr4_write(cr4_read() | CR4_OSXSAVE | CR4_TSD);
	return !set_iopl(1);
}

static long next_page(bool present)
{
	return page_map(edge,
			present ? pte_make(virt_to_mfn(edge), PTE_KERNEL) : 0);
}

static uint64_t load(uint64_t value)
{
	switch (value) {
	case CR0:
		return cr0_read();
	case CR3:
		return cr3_read();
	case CR4:
		return cr4_read();
	case FS_BASE:
		return msr_read(MSR_FS_BASE) & 0xffffffff;
	case XCR0:
		return xcr_read(0);
	case PTE_AT:
		return (uint64_t)pte_lookup(buffer, 1);
	case PTE:
		return pte_read(buffer, 1);
	default:
		return value;
	}
}

/* The fault that running @insn at @at ends in, or NO_TRAP. */
static int run(const struct insn *insn, const uint8_t *at)
{
	uint64_t rax = load(insn->rax), rcx = load(insn->rcx);
	uint64_t rdx = insn->rdx;
	void *rsi = buffer, *rdi = buffer;
	int vector;

	vector = TRAP_CATCH(asm volatile("call *%5"
					 : "+a"(rax), "+c"(rcx), "+d"(rdx),
					   "+S"(rsi), "+D"(rdi)
					 : "r"(at)
					 : "rbx", "memory"));
	return vector;
}

static void complain(const struct insn *insn, unsigned int bytes)
{
	print("NOTE %s, %u bytes before the edge\n", insn->name, bytes);
}

TEST(last_of_its_page)
{
	unsigned int i;

	REQUIRE(set_up() && !next_page(false));
	for (i = 0; i < NR_INSNS; i++) {
		const struct insn *insn = &insns[i];
		bool ok;

		memcpy(edge - insn->len, insn->code, insn->len);
		ok = CHECK_EQ(run(insn, edge - insn->len), VECTOR_PF) &&
		     CHECK_EQ(last_trap()->regs.rip, edge) &&
		     CHECK_EQ(last_trap()->cr2, edge);
		if (!ok)
			complain(insn, insn->len);
	}
	REQUIRE(!next_page(true));
}

TEST(cut_off)
{
	unsigned int i, bytes;

	REQUIRE(set_up() && !next_page(false));
	for (i = 0; i < NR_INSNS; i++) {
		const struct insn *insn = &insns[i];

		for (bytes = 1; bytes < insn->len; bytes++) {
			uint8_t *at = edge - bytes;
			bool ok;

			memcpy(at, insn->code, bytes);
			ok = CHECK_EQ(run(insn, at), VECTOR_PF) &&
			     CHECK_EQ(last_trap()->regs.rip, at) &&
			     CHECK_EQ(last_trap()->cr2, edge);
			if (!ok)
				complain(insn, bytes);
		}
	}
	REQUIRE(!next_page(true));
}

TEST(across_two_pages)
{
	unsigned int i, bytes;

	REQUIRE(set_up() && !next_page(true));
	for (i = 0; i < NR_INSNS; i++) {
		const struct insn *insn = &insns[i];

		for (bytes = 1; bytes <= insn->len; bytes++) {
			uint8_t *at = edge - bytes;

			memcpy(at, insn->code, insn->len);
			at[insn->len] = RET;
			if (!CHECK_EQ(run(insn, at), NO_TRAP))
				complain(insn, bytes);
		}
	}
}
