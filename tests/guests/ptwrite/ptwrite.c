/* SPDX-License-Identifier: MIT */
/*
 * ptwrite - a guest's plain stores to its L1 tables, done by the hypervisor
 *
 * Linux writes page-table entries by ordinary instructions on tables that
 * are mapped read-only; the fault is taken for the store that was meant,
 * checked as an explicit update would be, and done. Each form that kernels
 * use is tried, its result and its flags, and the stores that must end as
 * the page fault that they are.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_MFN    0x3ffffffffUL
#define ACCESSED_DIRTY (PTE_ACCESSED | PTE_DIRTY)

/* An L1 of our own, in use; entry(n) maps page n of the window. */
#define WINDOW ((uint8_t *)0xffffd00000000000UL)

static volatile uint64_t *table;
static void *data, *other;

static void *window(unsigned int n)
{
	return WINDOW + n * PAGE_BYTES;
}

static void flush(unsigned int n)
{
	mmuext(MMUEXT_INVLPG_LOCAL, (unsigned long)window(n), 0);
}

static uint64_t data_entry(void)
{
	return pte_make(virt_to_mfn(data), PTE_KERNEL);
}

static uint64_t other_entry(void)
{
	return pte_make(virt_to_mfn(other), PTE_KERNEL);
}

/*
 * An entry as the guest wrote it. Xen 4.17 marks user pages global and
 * kernel pages by bit 52; which bits of that kind a hypervisor keeps is its
 * own affair.
 */
static uint64_t seen(unsigned int n)
{
	return table[n] & ~(PTE_GLOBAL | 1UL << 52);
}

static bool set_up(void)
{
	unsigned int i;

	if (!table) {
		data = page_alloc();
		other = page_alloc();
		if (!data || !other || range_map(WINDOW, 0))
			return false;
		table = pte_lookup(WINDOW, 1);
		*(volatile uint64_t *)data = 0xda;
		*(volatile uint64_t *)other = 0x07;
	}
	for (i = 0; i < 512; i++) {
		if (table[i])
			page_map(window(i), 0);
	}
	return !HYPERVISOR_vm_assist(VMASST_CMD_enable,
				     VMASST_TYPE_writable_pagetables);
}

/* 64-bit guests get their stores done with and without asking. */
TEST(assist)
{
	unsigned int type = VMASST_TYPE_writable_pagetables;

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_disable, type), 0);
	CHECK_FAULT(RECORDED(NO_TRAP), table[3] = data_entry());
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, type), 0);
	CHECK_NO_FAULT(table[3] = other_entry());
	CHECK_EQ(seen(3), other_entry());
}

TEST(assist_wrong)
{
	CHECK_EQ(HYPERVISOR_vm_assist(2, VMASST_TYPE_writable_pagetables),
		 RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, 31),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, 64),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable, ~0U),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable,
				      VMASST_TYPE_4gb_segments),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable,
				      VMASST_TYPE_pae_extended_cr3),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_enable,
				      VMASST_TYPE_runstate_update_flag),
		 0);
	CHECK_EQ(HYPERVISOR_vm_assist(VMASST_CMD_disable,
				      VMASST_TYPE_runstate_update_flag),
		 0);
}

TEST(mov_8)
{
	REQUIRE(set_up());
	CHECK_NO_FAULT(table[3] = data_entry());
	CHECK_EQ(seen(3), data_entry());
	CHECK_EQ(*(volatile uint64_t *)window(3), 0xda);
	CHECK_NO_FAULT(table[3] = other_entry());
	flush(3);
	CHECK_EQ(*(volatile uint64_t *)window(3), 0x07);
	CHECK_NO_FAULT(table[3] = 0);
	flush(3);
	CHECK_FAULT(VECTOR_PF, *(volatile uint64_t *)window(3));
}

/* The immediate is 32 bits wide and sign-extended. */
TEST(mov_8_immediate)
{
	REQUIRE(set_up());
	CHECK_NO_FAULT(asm volatile("movq $0x7ffffff0, (%0)" ::"r"(&table[3])
				    : "memory"));
	CHECK_EQ(table[3], 0x7ffffff0);
	CHECK_NO_FAULT(asm volatile("movq $-2, (%0)" ::"r"(&table[3])
				    : "memory"));
	CHECK_EQ(table[3], -2UL);
}

/* In halves, as 32-bit habits have it: high first, then low with present. */
TEST(mov_4)
{
	volatile uint32_t *half;
	uint64_t entry = data_entry() | PTE_NX;

	REQUIRE(set_up());
	half = (volatile uint32_t *)&table[4];
	CHECK_NO_FAULT(half[1] = entry >> 32);
	CHECK_NO_FAULT(half[0] = entry);
	CHECK_EQ(seen(4), entry);
	CHECK_EQ(*(volatile uint64_t *)window(4), 0xda);
	CHECK_NO_FAULT(half[0] = 0);
	CHECK_EQ(seen(4), PTE_NX);
}

TEST(mov_1_and_2)
{
	volatile uint16_t *words;
	volatile uint8_t *bytes;

	REQUIRE(set_up());
	CHECK_NO_FAULT(table[5] = data_entry());
	bytes = (volatile uint8_t *)&table[5];
	CHECK_NO_FAULT(bytes[0] = PTE_RO);
	CHECK_EQ(seen(5), pte_make(virt_to_mfn(data), PTE_RO));
	words = (volatile uint16_t *)&table[5];
	CHECK_NO_FAULT(words[0] = (data_entry() & 0xffff) | 0x200);
	CHECK_EQ(seen(5), data_entry() | 0x200);
	CHECK_NO_FAULT(bytes[1] = bytes[1] | 0x4);
	CHECK_EQ(seen(5), data_entry() | 0x600);
}

TEST(xchg)
{
	volatile uint64_t value;

	REQUIRE(set_up());
	table[6] = data_entry();
	value = other_entry();
	CHECK_NO_FAULT(asm volatile("xchg %0, %1"
				    : "+r"(*(uint64_t *)&value), "+m"(table[6])
				    :
				    : "memory"));
	CHECK_EQ(value & ~PTE_GLOBAL, data_entry());
	CHECK_EQ(seen(6), other_entry());
	value = 0;
	CHECK_NO_FAULT(
		value = __atomic_exchange_n(&table[6], 0, __ATOMIC_SEQ_CST));
	CHECK_EQ(value & ~PTE_GLOBAL, other_entry());
	CHECK_EQ(seen(6), 0);
}

/* What ptep_set_wrprotect does. */
TEST(lock_and_byte)
{
	REQUIRE(set_up());
	table[7] = data_entry();
	CHECK_NO_FAULT(asm volatile("lock andb $0xfd, %0" : "+m"(table[7])));
	CHECK_EQ(seen(7), data_entry() & ~PTE_WRITE);
	flush(7);
	CHECK_FAULT(VECTOR_PF, *(volatile uint64_t *)window(7) = 1);
	CHECK_EQ(last_trap()->error_code, PF_WRITE | PF_PRESENT);
}

TEST(lock_logic)
{
	REQUIRE(set_up());
	table[8] = data_entry();
	CHECK_NO_FAULT(asm volatile("lock andq %1, %0"
				    : "+m"(table[8])
				    : "r"(~(uint64_t)ACCESSED_DIRTY)));
	CHECK_EQ(seen(8), data_entry() & ~ACCESSED_DIRTY);
	CHECK_NO_FAULT(asm volatile("lock orq %1, %0"
				    : "+m"(table[8])
				    : "r"(PTE_NX)));
	CHECK_EQ(seen(8), (data_entry() & ~ACCESSED_DIRTY) | PTE_NX);
	CHECK_NO_FAULT(asm volatile("lock xorq %1, %0"
				    : "+m"(table[8])
				    : "r"(PTE_NX)));
	CHECK_EQ(seen(8), data_entry() & ~ACCESSED_DIRTY);
	CHECK_NO_FAULT(asm volatile("orw $0x20, %0" : "+m"(table[8])));
	CHECK_BITS(table[8], ACCESSED_DIRTY, PTE_ACCESSED);
}

TEST(bit_operations)
{
	volatile bool was = false;
	bool carry;

	REQUIRE(set_up());
	table[9] = data_entry();
	CHECK_NO_FAULT(asm volatile("lock btrq $6, %0"
				    : "+m"(table[9]), "=@ccc"(carry));
		       was = carry);
	CHECK_EQ(was, true);
	CHECK_EQ(seen(9), data_entry() & ~PTE_DIRTY);
	CHECK_NO_FAULT(asm volatile("lock btrq $6, %0"
				    : "+m"(table[9]), "=@ccc"(carry));
		       was = carry);
	CHECK_EQ(was, false);
	CHECK_NO_FAULT(asm volatile("lock btsq $6, %0"
				    : "+m"(table[9]), "=@ccc"(carry));
		       was = carry);
	CHECK_EQ(was, false);
	CHECK_EQ(seen(9), data_entry());
	CHECK_NO_FAULT(asm volatile("lock btrq %2, %0"
				    : "+m"(table[9]), "=@ccc"(carry)
				    : "r"(5UL));
		       was = carry);
	CHECK_EQ(was, true);
	CHECK_EQ(seen(9), data_entry() & ~PTE_ACCESSED);
	CHECK_NO_FAULT(asm volatile("lock btcq $5, %0" : "+m"(table[9])));
	CHECK_EQ(seen(9), data_entry());
}

/* A bit offset of a register reaches the neighbours of the operand. */
TEST(bit_operation_far)
{
	REQUIRE(set_up());
	table[10] = data_entry();
	CHECK_NO_FAULT(asm volatile("lock btrq %1, %0"
				    : "+m"(table[9])
				    : "r"(64UL + 6)
				    : "memory"));
	CHECK_EQ(seen(10), data_entry() & ~PTE_DIRTY);
	CHECK_EQ(seen(9), 0);
}

TEST(cmpxchg)
{
	uint64_t expected;
	volatile bool done = false;

	REQUIRE(set_up());
	table[11] = data_entry();
	expected = table[11];
	CHECK_NO_FAULT(done = __atomic_compare_exchange_n(
			       &table[11], &expected, other_entry(), false,
			       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	CHECK_EQ(done, true);
	CHECK_EQ(seen(11), other_entry());
	expected = data_entry();
	CHECK_NO_FAULT(done = __atomic_compare_exchange_n(
			       &table[11], &expected, 0, false,
			       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	CHECK_EQ(done, false);
	CHECK_EQ(expected, table[11]);
	CHECK_EQ(seen(11), other_entry());
}

static bool cmpxchg8b(volatile uint64_t *at, uint64_t old, uint64_t new)
{
	uint32_t low = old, high = old >> 32;
	bool same;

	asm volatile("lock cmpxchg8b %0"
		     : "+m"(*at), "+a"(low), "+d"(high), "=@ccz"(same)
		     : "b"((uint32_t) new), "c"((uint32_t)(new >> 32))
		     : "memory");
	return same;
}

TEST(cmpxchg8b)
{
	volatile bool same = false;

	REQUIRE(set_up());
	CHECK_NO_FAULT(same = cmpxchg8b(&table[12], 0, data_entry()));
	CHECK_EQ(same, true);
	CHECK_EQ(seen(12), data_entry());
	CHECK_NO_FAULT(same = cmpxchg8b(&table[12], 0, other_entry()));
	CHECK_EQ(same, false);
	CHECK_EQ(seen(12), data_entry());
}

static void cmpxchg16b(volatile uint64_t *at)
{
	asm volatile("lock cmpxchg16b (%0)" ::"r"(at), "a"(0UL), "d"(0UL),
		     "b"(0UL), "c"(0UL)
		     : "memory");
}

/* Two entries at once cannot be checked at once. */
TEST(cmpxchg16b)
{
	REQUIRE(set_up());
	CHECK_FAULT(RECORDED(VECTOR_PF), cmpxchg16b(&table[12]));
	CHECK_EQ(seen(12), 0);
	CHECK_EQ(seen(13), 0);
}

TEST(xadd)
{
	volatile uint64_t value = 0x1000;

	REQUIRE(set_up());
	table[13] = 0x2000;
	CHECK_NO_FAULT(asm volatile("lock xaddq %0, %1"
				    : "+r"(*(uint64_t *)&value), "+m"(table[13])
				    :
				    : "memory", "cc"));
	CHECK_EQ(value, 0x2000);
	CHECK_EQ(seen(13), 0x3000);
}

/* Flags of the arithmetic come out as the instruction would leave them. */
TEST(flags_of_result)
{
	volatile bool zero = false;
	bool flag;

	REQUIRE(set_up());
	table[14] = PTE_DIRTY;
	CHECK_NO_FAULT(asm volatile("lock andq %2, %0"
				    : "+m"(table[14]), "=@ccz"(flag)
				    : "r"(~(uint64_t)PTE_DIRTY));
		       zero = flag);
	CHECK_EQ(zero, true);
	CHECK_EQ(seen(14), 0);
}

/* As memcpy and memset do it. */
TEST(string_stores)
{
	REQUIRE(set_up());
	CHECK_NO_FAULT(asm volatile("stosq"
				    :
				    : "D"(&table[15]), "a"(data_entry())
				    : "memory"));
	CHECK_EQ(seen(15), data_entry());
}

/* A read-only page stays read-only: only tables are written this way. */
TEST(store_to_read_only_data)
{
	REQUIRE(set_up());
	REQUIRE(!page_protect(data, false));
	CHECK_FAULT(VECTOR_PF, *(volatile uint64_t *)data = 1);
	CHECK_EQ(last_trap()->error_code, PF_WRITE | PF_PRESENT);
	CHECK_EQ(*(volatile uint64_t *)data, 0xda);
	REQUIRE(!page_protect(data, true));
}

/* A value that is refused: the fault is the guest's, nothing changed. */
TEST(bad_values)
{
	REQUIRE(set_up());
	table[16] = data_entry();
	CHECK_FAULT(VECTOR_PF, table[16] = pte_make(NO_SUCH_MFN, PTE_RO));
	CHECK_EQ(last_trap()->error_code, PF_WRITE | PF_PRESENT);
	CHECK_EQ(last_trap()->cr2, &table[16]);
	CHECK_EQ(seen(16), data_entry());
	CHECK_FAULT(VECTOR_PF, table[16] = data_entry() | 1UL << 51);
	CHECK_EQ(seen(16), data_entry());
	CHECK_FAULT(VECTOR_PF, table[16] = pte_make(virt_to_mfn((void *)table),
						    PTE_KERNEL));
	CHECK_EQ(seen(16), data_entry());
	CHECK_FAULT(VECTOR_PF, ((volatile uint32_t *)&table[16])[1] = 0x7ffff);
	CHECK_EQ(seen(16), data_entry());
	CHECK_FAULT(VECTOR_PF, asm volatile("lock orq %1, %0"
					    : "+m"(table[16])
					    : "r"(1UL << 51)));
	CHECK_EQ(seen(16), data_entry());
}

TEST(user_bit_added)
{
	REQUIRE(set_up());
	CHECK_NO_FAULT(table[17] = data_entry() & ~PTE_USER);
	CHECK_EQ(seen(17), data_entry());
}

static volatile uint64_t *unaligned(volatile uint64_t *at, unsigned int bytes)
{
	return (volatile uint64_t *)((unsigned long)at + bytes);
}

/* Across two entries: no entry could be checked. */
TEST(unaligned_in_page)
{
	REQUIRE(set_up());
	table[18] = data_entry();
	CHECK_FAULT(RECORDED(VECTOR_PF), *unaligned(&table[18], 4) = 0);
	CHECK_EQ(seen(18), data_entry());
}

TEST(across_the_page_end)
{
	REQUIRE(set_up());
	table[511] = data_entry();
	CHECK_FAULT(VECTOR_PF, *unaligned(&table[511], 4) = 0);
	CHECK_EQ(seen(511), data_entry());
}

/* An instruction that nobody uses for this: refused or done, never half. */
TEST(vector_store)
{
	volatile int vector;

	REQUIRE(set_up());
	table[20] = data_entry();
	table[21] = other_entry();
	vector = TRAP_CATCH(asm volatile("movups %%xmm0, %0"
					 : "=m"(table[20])
					 :
					 : "memory"));
	CHECK_EQ(vector, RECORDED(VECTOR_PF));
	CHECK_EQ(seen(20), data_entry());
	CHECK_EQ(seen(21), other_entry());
}

/* From instructions near the end of a page, the next one missing. */
TEST(instruction_at_page_end)
{
	static const uint8_t code[] = {
		0x48,
		0x89,
		0x07, /* mov %rax, (%rdi) */
		0xc3,
	};
	uint8_t *page = page_alloc_many(2), *at;

	REQUIRE(set_up() && page);
	REQUIRE(!page_map(page + PAGE_BYTES, 0));
	at = page + PAGE_BYTES - sizeof(code);
	memcpy(at, code, sizeof(code));
	CHECK_NO_FAULT(asm volatile("call *%0" ::"r"(at), "a"(data_entry()),
				    "D"(&table[22])
				    : "memory"));
	CHECK_EQ(seen(22), data_entry());
	page_map(page + PAGE_BYTES,
		 pte_make(virt_to_mfn(page + PAGE_BYTES), PTE_KERNEL));
}
