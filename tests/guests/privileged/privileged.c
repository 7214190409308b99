/* SPDX-License-Identifier: MIT */
/*
 * privileged - instructions that a kernel of ring 3 may still write
 *
 * Control registers, ports and MSRs are emulated from the fault, each from
 * a list of what is harmless; all else ends in the guest as the exception
 * that it is. A list that is too long is the machine's loss, one that is too
 * short is Linux's.
 */
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>

#define NON_CANONICAL 0x0000900000000000UL
#define CR0_PE	      (1UL << 0)
#define CR0_TS	      (1UL << 3)
#define CR0_WP	      (1UL << 16)
#define CR0_PG	      (1UL << 31)
#define CR4_TSD	      (1UL << 2)
#define CR4_DE	      (1UL << 3)
#define CR4_PAE	      (1UL << 5)
#define CR4_PGE	      (1UL << 7)
#define CR4_LA57      (1UL << 12)
#define CR4_VMXE      (1UL << 13)
#define CR4_FSGSBASE  (1UL << 16)
#define CR4_PCIDE     (1UL << 17)
#define CR4_OSXSAVE   (1UL << 18)
#define CR4_SMEP      (1UL << 20)
#define CR4_SMAP      (1UL << 21)

#define MSR_TSC		0x10
#define MSR_APIC_BASE	0x1b
#define MSR_SYSENTER_CS 0x174
#define MSR_MISC_ENABLE 0x1a0
#define MSR_PAT		0x277
#define MSR_EFER	0xc0000080
#define MSR_STAR	0xc0000081
#define MSR_LSTAR	0xc0000082
#define MSR_FS_BASE	0xc0000100
#define MSR_GS_BASE	0xc0000101
#define MSR_SHADOW_GS	0xc0000102
#define MSR_NONE	0x12345678
#define EFER_LMA	(1UL << 10)
#define EFER_NX		(1UL << 11)
#define PAT_OF_THE_ABI	0x0000050100070406UL

#define PORT_DELAY 0x80
#define PORT_CMOS  0x70
#define PORT_COM1  0x3f8
#define PORT_PIT   0x40
#define PORT_PIC   0x20
#define PORT_PCI   0xcf8

USER_ASM(user_in, "mov $0x80, %edx; inb %dx, %al; ud2");
USER_ASM(user_out, "mov $0x80, %edx; outb %al, %dx; ud2");
USER_ASM(user_rdtsc, "rdtsc; ud2");
USER_ASM(user_invd, "invd; ud2");

static uint64_t privileged_data;

TEST(cr0)
{
	uint64_t cr0 = cr0_read();

	CHECK_BITS(cr0, CR0_PE | CR0_PG | CR0_WP, CR0_PE | CR0_PG | CR0_WP);
	CHECK_NO_FAULT(cr0_write(cr0 ^ CR0_TS));
	CHECK_EQ(cr0_read(), cr0 ^ CR0_TS);
	CHECK_NO_FAULT(cr0_write(cr0));
	CHECK_FAULT(VECTOR_GP, cr0_write(cr0 & ~CR0_WP));
	CHECK_FAULT(VECTOR_GP, cr0_write(cr0 & ~CR0_PG));
	CHECK_FAULT(VECTOR_GP, cr0_write(0));
	CHECK_EQ(cr0_read(), cr0);
}

TEST(cr2)
{
	CHECK_NO_FAULT(cr2_write(0x1234));
	CHECK_EQ(cr2_read(), 0x1234);
	CHECK_EQ(this_vcpu()->info->arch.cr2, 0x1234);
}

TEST(cr3)
{
	uint64_t cr3 = cr3_read();

	CHECK_EQ(xen_cr3_to_pfn(cr3), mmu_root_mfn);
	CHECK_NO_FAULT(cr3_write(cr3));
	CHECK_FAULT(VECTOR_GP,
		    cr3_write(xen_pfn_to_cr3(virt_to_mfn(&privileged_data))));
	CHECK_EQ(cr3_read(), cr3);
}

TEST(cr4)
{
	uint64_t cr4 = cr4_read();

	CHECK_BITS(cr4, CR4_PAE, CR4_PAE);
	CHECK_BITS(cr4, CR4_VMXE | CR4_PCIDE | CR4_LA57 | CR4_SMEP | CR4_SMAP,
		   0);
	CHECK_NO_FAULT(cr4_write(cr4 | CR4_TSD));
	CHECK_BITS(cr4_read(), CR4_TSD, RECORDED(CR4_TSD));
	CHECK_NO_FAULT(cr4_write(cr4 | CR4_DE));
	CHECK_BITS(cr4_read(), CR4_DE, RECORDED(CR4_DE));
	CHECK_NO_FAULT(cr4_write(cr4));
	CHECK_EQ(cr4_read(), cr4);
}

/* Bits that are not the guest's: ignored or refused, never set. */
TEST(cr4_foreign_bits)
{
	static const uint64_t bits[] = {CR4_VMXE, CR4_PCIDE, CR4_LA57,
					CR4_SMEP, CR4_SMAP,  1UL << 32};
	uint64_t cr4 = cr4_read();
	unsigned int i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		int vector = TRAP_CATCH(cr4_write(cr4 | bits[i]));

		CHECK(vector == NO_TRAP || vector == VECTOR_GP);
		CHECK_EQ(cr4_read(), cr4);
	}
}

TEST(cr8)
{
	CHECK_FAULT(RECORDED(VECTOR_GP), cr8_read());
	CHECK_FAULT(RECORDED(VECTOR_GP), cr8_write(0));
}

TEST(debug_registers)
{
	CHECK_NO_FAULT(dr3_write(VIRT_BASE));
	CHECK_EQ(dr3_read(), VIRT_BASE);
	CHECK_NO_FAULT(dr3_write(0));
	CHECK_FAULT(VECTOR_GP, dr3_write(HYPERVISOR_VIRT_START));
	CHECK_NO_FAULT(dr4_read());
	CHECK_EQ(dr4_read(), dr6_read());
	CHECK_NO_FAULT(cr4_write(cr4_read() | CR4_DE));
	CHECK_FAULT(VECTOR_UD, dr4_read());
	CHECK_NO_FAULT(cr4_write(cr4_read() & ~CR4_DE));
}

static long set_iopl(unsigned int iopl)
{
	struct physdev_set_iopl op = {.iopl = iopl};

	return HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op);
}

/* Without a privilege level for ports even the kernel has none. */
TEST(ports_without_iopl)
{
	CHECK_EQ(set_iopl(0), 0);
	CHECK_FAULT(VECTOR_GP, port_read(PORT_DELAY));
	CHECK_FAULT(VECTOR_GP, port_write(PORT_DELAY, 0));
}

TEST(ports_of_the_control_domain)
{
	CHECK_EQ(set_iopl(1), 0);
	CHECK_NO_FAULT(port_write(PORT_DELAY, 0));
	CHECK_NO_FAULT(port_read(PORT_CMOS + 1));
	CHECK_NO_FAULT(asm volatile("outl %0, %1" ::"a"(0x80000000),
				    "Nd"((uint16_t)PORT_PCI)));
}

/* What the hypervisor needs itself reads as nothing and takes nothing. */
TEST(ports_of_the_hypervisor)
{
	CHECK_EQ(set_iopl(1), 0);
	CHECK_EQ(port_read(PORT_COM1 + 5), RECORDED(0xff));
	CHECK_EQ(port_read(PORT_PIC + 1), RECORDED(0xff));
	CHECK_EQ(port_read(PORT_PIT), RECORDED(0xff));
	CHECK_NO_FAULT(port_write(PORT_PIC + 1, 0xff));
	CHECK_NO_FAULT(port_write(PORT_COM1, '!'));
}

/* The configuration address is latched for each vCPU and reads back. */
TEST(pci_address)
{
	uint32_t address = 0x80000000, id = 0;

	CHECK_EQ(set_iopl(1), 0);
	asm volatile("outl %0, %1" ::"a"(address), "Nd"((uint16_t)PORT_PCI));
	asm volatile("inl %1, %0" : "=a"(address) : "Nd"((uint16_t)PORT_PCI));
	CHECK_EQ(address, 0x80000000);
	asm volatile("inl %1, %0" : "=a"(id) : "Nd"((uint16_t)(PORT_PCI + 4)));
	CHECK_EQ(id & 0xffff, 0x8086); /* the host bridge of QEMU's PC */
}

/* A level of three opens the ports to programs, too. */
TEST(ports_of_user_mode)
{
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	CHECK_EQ(set_iopl(1), 0);
	user_regs(&regs, user_out);
	CHECK_EQ(user_run(&regs), VECTOR_GP);
	CHECK_EQ(regs.rip, user_address(user_out) + 5);
	CHECK_EQ(set_iopl(3), 0);
	user_regs(&regs, user_out);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_EQ(set_iopl(1), 0);
}

TEST(port_bitmap)
{
	static uint8_t bitmap[32];
	struct physdev_set_iobitmap op = {
		.bitmap.p = bitmap,
		.nr_ports = sizeof(bitmap) * 8,
	};
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	memset(bitmap, 0xff, sizeof(bitmap));
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
	user_regs(&regs, user_out);
	CHECK_EQ(user_run(&regs), VECTOR_GP);
	bitmap[PORT_DELAY / 8] = 0xfe;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
	user_regs(&regs, user_out);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	user_regs(&regs, user_in);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	op.nr_ports = 0;
	op.bitmap.p = NULL;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &op), 0);
	op.nr_ports = 65537;
	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_set_iobitmap, &op),
		 RECORDED(-EINVAL));
	CHECK_EQ(set_iopl(4), RECORDED(-EINVAL));
}

TEST(string_ports)
{
	static uint8_t bytes[4] = {1, 2, 3, 4};
	unsigned long count = sizeof(bytes);
	uint8_t *at = bytes;

	CHECK_EQ(set_iopl(1), 0);
	CHECK_NO_FAULT(asm volatile("rep outsb"
				    : "+S"(at), "+c"(count)
				    : "d"(PORT_DELAY)
				    : "memory"));
	CHECK_FAULT(VECTOR_PF,
		    asm volatile("outsb" ::"S"(0x1000UL), "d"(PORT_DELAY)));
	CHECK_EQ(last_trap()->cr2, 0x1000);
	CHECK_EQ(last_trap()->error_code, 0);
	CHECK_FAULT(VECTOR_PF,
		    asm volatile("insb" ::"D"(0x1000UL), "d"(PORT_CMOS + 1)
				 : "memory"));
	CHECK_EQ(last_trap()->error_code, PF_WRITE);
	CHECK_FAULT(VECTOR_GP, asm volatile("outsb" ::"S"(NON_CANONICAL),
					    "d"(PORT_DELAY)));
}

TEST(msrs_read)
{
	CHECK_EQ(msr_read(MSR_PAT), PAT_OF_THE_ABI);
	CHECK_BITS(msr_read(MSR_EFER), EFER_LMA | EFER_NX, EFER_LMA | EFER_NX);
	CHECK_NO_FAULT(msr_read(MSR_APIC_BASE));
	CHECK_NO_FAULT(msr_read(MSR_TSC));
	CHECK_NO_FAULT(msr_read(MSR_MISC_ENABLE));
}

TEST(msrs_bases)
{
	static uint64_t cell = 0x77;
	uint64_t value;

	CHECK_NO_FAULT(msr_write(MSR_FS_BASE, (unsigned long)&cell));
	CHECK_EQ(msr_read(MSR_FS_BASE), (unsigned long)&cell);
	asm volatile("mov %%fs:0, %0" : "=r"(value));
	CHECK_EQ(value, 0x77);
	CHECK_NO_FAULT(msr_write(MSR_GS_BASE, (unsigned long)&cell));
	CHECK_EQ(msr_read(MSR_GS_BASE), (unsigned long)&cell);
	CHECK_NO_FAULT(msr_write(MSR_SHADOW_GS, USER_DATA));
	CHECK_EQ(msr_read(MSR_SHADOW_GS), USER_DATA);
	CHECK_FAULT(VECTOR_GP, msr_write(MSR_FS_BASE, NON_CANONICAL));
	CHECK_FAULT(VECTOR_GP, msr_write(MSR_GS_BASE, NON_CANONICAL));
	CHECK_FAULT(VECTOR_GP, msr_write(MSR_SHADOW_GS, NON_CANONICAL));
	CHECK_EQ(msr_read(MSR_FS_BASE), (unsigned long)&cell);
	CHECK_NO_FAULT(msr_write(MSR_FS_BASE, 0));
}

TEST(msrs_refused)
{
	CHECK_FAULT(VECTOR_GP, msr_read(MSR_NONE));
	CHECK_FAULT(VECTOR_GP, msr_write(MSR_NONE, 0));
	CHECK_FAULT(RECORDED(VECTOR_GP), msr_read(MSR_LSTAR));
	CHECK_FAULT(RECORDED(VECTOR_GP), msr_write(MSR_LSTAR, VIRT_BASE));
	CHECK_FAULT(RECORDED(VECTOR_GP), msr_write(MSR_STAR, 0));
	CHECK_FAULT(RECORDED(VECTOR_GP), msr_write(MSR_SYSENTER_CS, 0));
	CHECK_FAULT(RECORDED(VECTOR_GP), msr_write(MSR_EFER, 0));
	CHECK_FAULT(RECORDED(VECTOR_GP), msr_write(MSR_PAT, 0));
	CHECK_EQ(msr_read(MSR_PAT), PAT_OF_THE_ABI);
}

/* QEMU 10 has programs execute INVD: then there is nothing to be seen. */
TEST(cache_instructions)
{
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	CHECK_NO_FAULT(asm volatile("wbinvd" ::: "memory"));
	user_regs(&regs, user_invd);
	if (user_run(&regs) == VECTOR_UD)
		TEST_SKIP("the emulator does not guard INVD");
	CHECK_FAULT(RECORDED(VECTOR_GP), asm volatile("invd" ::: "memory"));
}

TEST(interrupt_flag)
{
	CHECK_EQ(set_iopl(0), 0);
	CHECK_FAULT(RECORDED(VECTOR_GP), asm volatile("cli"));
	CHECK_FAULT(RECORDED(VECTOR_GP), asm volatile("sti"));
	CHECK_EQ(set_iopl(1), 0);
	CHECK_FAULT(RECORDED(NO_TRAP), asm volatile("cli"));
	CHECK_FAULT(RECORDED(NO_TRAP), asm volatile("sti"));
	CHECK_NO_FAULT(asm volatile("pushfq; andl $~0x200, (%%rsp); popfq" ::
					    : "cc", "memory"));
	CHECK_BITS(rflags_read(), 1 << 9, 1 << 9);
	CHECK_NO_FAULT(asm volatile("pushfq; orl $0x3000, (%%rsp); popfq" ::
					    : "cc", "memory"));
	CHECK_BITS(rflags_read(), 3 << 12, 0);
}

TEST(halt)
{
	CHECK_FAULT(RECORDED(VECTOR_GP), asm volatile("hlt"));
}

TEST(descriptor_registers)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = {0};

	CHECK_FAULT(VECTOR_GP, asm volatile("lgdt %0" ::"m"(table)));
	CHECK_FAULT(VECTOR_GP, asm volatile("lidt %0" ::"m"(table)));
	CHECK_FAULT(VECTOR_GP, asm volatile("lldt %w0" ::"r"(0)));
	CHECK_FAULT(VECTOR_GP, asm volatile("ltr %w0" ::"r"(0)));
	CHECK_FAULT(VECTOR_GP, asm volatile("lmsw %w0" ::"r"(0)));
}

/* What a processor says depends on whose it is, and on VT-x being on. */
static bool is_refused(int vector)
{
	return vector == RECORDED(VECTOR_UD) || vector == RECORDED(VECTOR_GP);
}

TEST(others_refused)
{
	CHECK_FAULT(VECTOR_GP, asm volatile("swapgs"));
	CHECK_FAULT(VECTOR_GP, asm volatile("invlpg (%0)" ::"r"(VIRT_BASE)));
	CHECK_FAULT(RECORDED(VECTOR_GP), asm volatile("sysretq"));
	CHECK(is_refused(TRAP_CATCH(asm volatile("sysexitq"))));
	CHECK_FAULT(RECORDED(VECTOR_GP), asm volatile("rdpmc" ::"c"(0)
						      : "rax", "rdx"));
	CHECK_FAULT(RECORDED(VECTOR_UD), asm volatile("monitor"));
	CHECK(is_refused(TRAP_CATCH(asm volatile("vmcall"))));
	CHECK_FAULT(RECORDED(VECTOR_UD), asm volatile("vmmcall"));
}

TEST(time_stamp)
{
	struct cpu_user_regs regs;
	uint64_t first = tsc_read();

	CHECK(tsc_read() > first);
	REQUIRE(!user_set_up());
	user_regs(&regs, user_rdtsc);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_NO_FAULT(cr4_write(cr4_read() | CR4_TSD));
	user_regs(&regs, user_rdtsc);
	CHECK_EQ(user_run(&regs), VECTOR_GP);
	CHECK_NO_FAULT(tsc_read());
	CHECK_NO_FAULT(cr4_write(cr4_read() & ~CR4_TSD));
}

/* Fetched byte by byte: what follows the instruction need not be there. */
TEST(at_page_end)
{
	static const uint8_t code[] = {
		0x0f, 0x20, 0xc0, /* mov %cr0, %rax */
	};
	uint8_t *page = page_alloc_many(2), *at;

	REQUIRE(page && !page_map(page + PAGE_BYTES, 0));
	at = page + PAGE_BYTES - sizeof(code);
	memcpy(at, code, sizeof(code));
	CHECK_FAULT(VECTOR_PF, asm volatile("call *%0" ::"r"(at)
					    : "rax", "memory"));
	CHECK_EQ(last_trap()->regs.rip, page + PAGE_BYTES);
	CHECK_EQ(last_trap()->cr2, page + PAGE_BYTES);
	CHECK_EQ(last_trap()->regs.rax, cr0_read());
	/* The instruction itself cut off. */
	at++;
	memcpy(at, code, 2);
	CHECK_FAULT(VECTOR_PF, asm volatile("call *%0" ::"r"(at)
					    : "rax", "memory"));
	CHECK_EQ(last_trap()->regs.rip, at);
	CHECK_EQ(last_trap()->cr2, page + PAGE_BYTES);
	page_map(page + PAGE_BYTES,
		 pte_make(virt_to_mfn(page + PAGE_BYTES), PTE_KERNEL));
}
