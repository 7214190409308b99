/* SPDX-License-Identifier: MIT */
/*
 * cpuid - what the processor looks like through the forced prefix
 *
 * A PV kernel asks by the prefix ud2a "xen" and believes the answer: a
 * feature that is shown but cannot be used in ring 3 or that the hypervisor
 * does not carry from vCPU to vCPU breaks it later and elsewhere. So the
 * leaves are an allow-list. OSXSAVE and leaf 0xd follow the guest's own CR4
 * and XCR0.
 */
#include <guestkit/cpu.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define BIT(n)	    (1U << (n))
#define CR4_OSXSAVE (1UL << 18)

/* Leaf 1 */
#define L1C_MONITOR BIT(3)
#define L1C_VMX	    BIT(5)
#define L1C_SMX	    BIT(6)
#define L1C_PDCM    BIT(15)
#define L1C_PCID    BIT(17)
#define L1C_X2APIC  BIT(21)
#define L1C_TSC_DL  BIT(24)
#define L1C_XSAVE   BIT(26)
#define L1C_OSXSAVE BIT(27)
#define L1C_HV	    BIT(31)
#define L1D_VME	    BIT(1)
#define L1D_PSE	    BIT(3)
#define L1D_APIC    BIT(9)
#define L1D_PGE	    BIT(13)
#define L1D_PAT	    BIT(16)
#define L1D_PSE36   BIT(17)
#define L1D_NEEDED                                                        \
	(BIT(0) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(15) | BIT(24) | \
	 BIT(25) | BIT(26)) /* FPU TSC MSR PAE CX8 CMOV FXSR SSE SSE2 */

/* Leaf 7 */
#define L7B_TSC_ADJ BIT(1)
#define L7B_SGX	    BIT(2)
#define L7B_SMEP    BIT(7)
#define L7B_INVPCID BIT(10)
#define L7B_PQM	    BIT(12)
#define L7B_MPX	    BIT(14)
#define L7B_PQE	    BIT(15)
#define L7B_SMAP    BIT(20)
#define L7B_PT	    BIT(25)
#define L7C_UMIP    BIT(2)
#define L7C_PKU	    BIT(3)
#define L7C_OSPKE   BIT(4)
#define L7C_SHSTK   BIT(7)
#define L7C_LA57    BIT(16)
#define L7C_PKS	    BIT(31)
#define L7D_IBT	    BIT(20)
#define L7D_AMX	    (BIT(22) | BIT(24) | BIT(25))
#define L7A1_FRED   BIT(17)

/* Leaf 0x80000001 */
#define E1C_SVM	   BIT(2)
#define E1D_PSE36  BIT(17)
#define E1D_1GIB   BIT(26)
#define E1D_NEEDED (BIT(11) | BIT(20) | BIT(29)) /* SYSCALL NX LM */

/* Leaf 0xd subleaf 1 */
#define XSTATE_XSAVES BIT(3)

static bool leaf_exists(uint32_t leaf)
{
	return cpuid_forced(leaf & 0xffff0000, 0).eax >= leaf;
}

TEST(signature)
{
	struct cpuid id = cpuid_forced(XEN_CPUID_FIRST_LEAF, 0);

	CHECK_EQ(id.eax, XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES));
	CHECK_EQ(id.ebx, XEN_CPUID_SIGNATURE_EBX);
	CHECK_EQ(id.ecx, XEN_CPUID_SIGNATURE_ECX);
	CHECK_EQ(id.edx, XEN_CPUID_SIGNATURE_EDX);
}

TEST(version)
{
	struct cpuid id = cpuid_forced(XEN_CPUID_LEAF(1), 0);

	CHECK_EQ(id.eax, HYPERVISOR_xen_version(XENVER_version, NULL));
	CHECK_EQ(id.ebx | id.ecx | id.edx, 0);
}

TEST(hypercall_pages)
{
	struct cpuid id = cpuid_forced(XEN_CPUID_LEAF(2), 0);

	CHECK_EQ(id.eax, 1);
	CHECK_EQ(id.ebx, RECORDED(0x40000000));
	CHECK_EQ(id.ecx, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD);
	CHECK_EQ(id.edx, 0);
}

/*
 * What is told must agree with the time page; a domain whose TSC is the
 * machine's need not be told more than the machine's frequency.
 */
TEST(tsc_leaf)
{
	struct cpuid id = cpuid_forced(XEN_CPUID_LEAF(3), 0);
	struct cpuid scale = cpuid_forced(XEN_CPUID_LEAF(3), 1);
	struct cpuid host = cpuid_forced(XEN_CPUID_LEAF(3), 2);

	CHECK_BITS(id.eax, BIT(0), 0);
	CHECK_EQ(id.ebx, 0);
	CHECK_EQ(id.edx, RECORDED(0));
	CHECK(host.eax > 100000);
	CHECK(id.ecx == RECORDED(0) || id.ecx == host.eax);
	REQUIRE(this_vcpu()->info);
	CHECK(scale.ecx == RECORDED(0) ||
	      scale.ecx == this_vcpu()->info->time.tsc_to_system_mul);
}

TEST(pv_leaves)
{
	struct cpuid hvm = cpuid_forced(XEN_CPUID_LEAF(4), 0);
	struct cpuid pv = cpuid_forced(XEN_CPUID_LEAF(5), 0);

	CHECK_EQ(hvm.eax | hvm.ebx | hvm.ecx | hvm.edx, 0);
	CHECK_EQ(pv.eax, 0);
	CHECK((pv.ebx & 0xff) >= 29);
	CHECK((pv.ebx & 0xff) <= 52);
	CHECK_EQ(pv.ecx | pv.edx, 0);
}

TEST(beyond_the_last_leaf)
{
	struct cpuid id = cpuid_forced(XEN_CPUID_LEAF(6), 0);

	CHECK_EQ(id.eax | id.ebx | id.ecx | id.edx, RECORDED(0));
	id = cpuid_forced(0x40000100, 0);
	CHECK_EQ(id.eax | id.ebx | id.ecx | id.edx, RECORDED(0));
	id = cpuid_forced(0x20000000, 0);
	CHECK_EQ(id.eax | id.ebx | id.ecx | id.edx, RECORDED(0));
	id = cpuid_forced(0xffffffff, 0);
	CHECK_EQ(id.eax | id.ebx | id.ecx | id.edx, RECORDED(0));
}

TEST(leaf_1)
{
	struct cpuid id = cpuid_forced(1, 0);

	CHECK_BITS(id.ecx, L1C_HV, L1C_HV);
	CHECK_BITS(id.ecx, L1C_VMX | L1C_SMX | L1C_PDCM | L1C_PCID | L1C_TSC_DL,
		   0);
	CHECK_BITS(id.edx, L1D_NEEDED, L1D_NEEDED);
	CHECK_BITS(id.edx, L1D_PSE | L1D_PSE36 | L1D_PGE, 0);
	CHECK_BITS(id.edx, L1D_PAT, L1D_PAT);
}

/*
 * Xen 4.17 also shows MTRR and machine checks to the control domain, which
 * then asks platform_op about them; hiding them is right as well.
 */
TEST(leaf_1_control_domain)
{
	struct cpuid id = cpuid_forced(1, 0);

	CHECK_BITS(id.edx, L1D_VME, RECORDED(0));
	CHECK_BITS(id.edx, L1D_APIC, RECORDED(L1D_APIC));
	CHECK_BITS(id.ecx, L1C_X2APIC, RECORDED(0));
	CHECK_BITS(id.ecx, L1C_MONITOR, RECORDED(0));
}

TEST(leaf_7)
{
	struct cpuid id = cpuid_forced(7, 0);

	REQUIRE(leaf_exists(7));
	CHECK_BITS(id.ebx,
		   L7B_TSC_ADJ | L7B_SGX | L7B_SMEP | L7B_SMAP | L7B_INVPCID |
			   L7B_PQM | L7B_PQE | L7B_MPX | L7B_PT,
		   0);
	CHECK_BITS(id.ecx,
		   L7C_UMIP | L7C_PKU | L7C_OSPKE | L7C_SHSTK | L7C_LA57 |
			   L7C_PKS,
		   0);
	CHECK_BITS(id.edx, L7D_IBT | L7D_AMX, 0);
	CHECK_BITS(cpuid_forced(7, 1).eax, L7A1_FRED, 0);
}

TEST(leaf_80000001)
{
	struct cpuid id = cpuid_forced(0x80000001, 0);

	CHECK_BITS(id.ecx, E1C_SVM, 0);
	CHECK_BITS(id.edx, E1D_PSE36 | E1D_1GIB, 0);
	CHECK_BITS(id.edx, E1D_NEEDED, E1D_NEEDED);
	CHECK_EQ(cpuid_forced(0x8000000a, 0).eax, 0);
}

TEST(empty_leaves)
{
	static const uint32_t leaves[] = {3,   5,    6,	   9,	0xa,
					  0xf, 0x10, 0x12, 0x14};
	unsigned int i;

	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		struct cpuid id = cpuid_forced(leaves[i], 0);

		if (leaves[i] == 5 || leaves[i] == 6)
			continue;
		CHECK_EQ(id.eax | id.ebx | id.ecx | id.edx, 0);
	}
}

/* With CR4's bit off Xen 4.17 still shows it to a kernel: not checked. */
TEST(osxsave_follows_cr4)
{
	uint64_t cr4 = cr4_read();

	REQUIRE(cpuid_forced(1, 0).ecx & L1C_XSAVE);
	CHECK_NO_FAULT(cr4_write(cr4 & ~CR4_OSXSAVE));
	CHECK_BITS(cr4_read(), CR4_OSXSAVE, 0);
	CHECK_NO_FAULT(cr4_write(cr4 | CR4_OSXSAVE));
	CHECK_BITS(cpuid_forced(1, 0).ecx, L1C_OSXSAVE, L1C_OSXSAVE);
	CHECK_BITS(cr4_read(), CR4_OSXSAVE, CR4_OSXSAVE);
	cr4_write(cr4);
}

static void xcr0_write(uint64_t value)
{
	asm volatile("xsetbv" ::"a"((uint32_t)value),
		     "d"((uint32_t)(value >> 32)), "c"(0));
}

TEST(xstate_follows_xcr0)
{
	struct cpuid id = cpuid_forced(0xd, 0);
	uint64_t cr4 = cr4_read();

	REQUIRE(cpuid_forced(1, 0).ecx & L1C_XSAVE);
	CHECK_BITS(id.eax, 3, 3);
	CHECK(id.ecx >= 576);
	CHECK_BITS(cpuid_forced(0xd, 1).eax, XSTATE_XSAVES, 0);
	cr4_write(cr4 | CR4_OSXSAVE);
	CHECK_NO_FAULT(xcr0_write(1));
	CHECK_EQ(cpuid_forced(0xd, 0).ebx, 576);
	CHECK_NO_FAULT(xcr0_write(3));
	CHECK_EQ(cpuid_forced(0xd, 0).ebx, 576);
	if (id.eax & 4) {
		CHECK_NO_FAULT(xcr0_write(7));
		CHECK_EQ(cpuid_forced(0xd, 0).ebx,
			 cpuid_forced(0xd, 2).eax + cpuid_forced(0xd, 2).ebx);
	}
	CHECK_NO_FAULT(xcr0_write(1));
	cr4_write(cr4);
}

/* Protection keys and bounds registers are not among the components. */
TEST(xstate_components)
{
	CHECK_BITS(cpuid_forced(0xd, 0).eax, BIT(3) | BIT(4) | BIT(9), 0);
	CHECK_BITS(cpuid_forced(0xd, 0).eax, BIT(17) | BIT(18), 0);
	CHECK_EQ(cpuid_forced(0xd, 1).ecx | cpuid_forced(0xd, 1).edx, 0);
}

TEST(address_width)
{
	struct cpuid id = cpuid_forced(0x80000008, 0);

	CHECK((id.eax & 0xff) >= 36);
	CHECK((id.eax & 0xff) <= 52);
	CHECK_EQ(id.eax >> 8 & 0xff, 48);
}

/* The prefix is for cpuid alone; before anything else it is a plain ud2. */
TEST(prefix_before_other_instruction)
{
	CHECK_FAULT(VECTOR_UD, asm volatile(XEN_EMULATE_PREFIX "nop"));
	CHECK_EQ(*(uint16_t *)last_trap()->regs.rip, 0x0b0f);
	CHECK_FAULT(VECTOR_UD, asm volatile(XEN_EMULATE_PREFIX "rdtsc"));
	CHECK_FAULT(VECTOR_UD, asm volatile("ud2; .byte 0x78, 0x65, 0x6d"));
}

/*
 * Cut off by the end of the page, the rest missing. In the middle of the
 * prefix it may be read as a bare ud2 or as a fault at the missing byte.
 */
TEST(prefix_at_page_end)
{
	static const uint8_t code[7] = {0x0f, 0x0b, 0x78, 0x65,
					0x6e, 0x0f, 0xa2};
	uint8_t *page = page_alloc_many(2);
	unsigned int len;
	int vector;

	REQUIRE(page);
	REQUIRE(!page_map(page + PAGE_BYTES, 0));
	for (len = 2; len < sizeof(code); len++) {
		uint8_t *at = page + PAGE_BYTES - len;

		memcpy(at, code, len);
		vector = TRAP_CATCH(asm volatile("call *%0" ::"r"(at)
						 : "memory"));
		CHECK(vector == VECTOR_PF || (len < 5 && vector == VECTOR_UD));
		CHECK_EQ(last_trap()->regs.rip, at);
		if (vector == VECTOR_PF)
			CHECK_EQ(last_trap()->cr2, page + PAGE_BYTES);
	}
	page_map(page + PAGE_BYTES,
		 pte_make(virt_to_mfn(page + PAGE_BYTES), PTE_KERNEL));
}
