/* SPDX-License-Identifier: MIT */
/*
 * rights - ports and MSRs of those who have no right to them
 *
 * A domain without rights finds no device behind any port, and changes none;
 * a port that it is given is the only one it gets. Neither it nor the control
 * domain reaches what the hypervisor keeps for itself, by whichever number of
 * bytes, and of the MSRs it sees those of a list.
 */
#include "other.h"

#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/domain.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PORT_PIC      0x20
#define PORT_PIT      0x40
#define PORT_KEYBOARD 0x60
#define PORT_GATE     0x61
#define PORT_CMOS     0x70
#define PORT_DMA_PAGE 0x82 /* as its neighbours: holds what is written */
#define PORT_FAST_A20 0x92
#define PORT_COM1     0x3f8
#define PORT_ELCR     0x4d0 /* of the interrupt controllers: edge or level */
#define PORT_PCI      0xcf8
#define PORT_PCI_DATA 0xcfc
#define PCI_ENABLE    0x80000000U
#define PCI_PAM	      0x58 /* of QEMU's host bridge: what lies below 1 MiB */

#define MSR_APIC_BASE	  0x1b
#define MSR_UCODE_REV	  0x8b
#define MSR_PLATFORM_INFO 0xce
#define MSR_MCG_CAP	  0x179
#define MSR_MCG_STATUS	  0x17a
#define MSR_MISC_ENABLE	  0x1a0
#define MSR_PAT		  0x277
#define MSR_TSC		  0x10
#define MSR_EFER	  0xc0000080
#define MSR_STAR	  0xc0000081
#define MSR_LSTAR	  0xc0000082
#define MSR_FS_BASE	  0xc0000100
#define MSR_GS_BASE	  0xc0000101
#define MSR_SHADOW_GS	  0xc0000102
#define MSR_TSC_AUX	  0xc0000103
#define MSR_HWCR	  0xc0010015

/* in (%dx) and out (%dx) of 1, 2 and 4 bytes. */
static const uint8_t in_code[5][2] = {
	[1] = {0xec}, [2] = {0x66, 0xed}, [4] = {0xed}};
static const uint8_t out_code[5][2] = {
	[1] = {0xee}, [2] = {0x66, 0xef}, [4] = {0xef}};

static const unsigned int sizes[] = {1, 2, 4};

static uint32_t ones(unsigned int bytes)
{
	return bytes == 4 ? ~0U : (1U << bytes * 8) - 1;
}

static unsigned int code_bytes(unsigned int bytes)
{
	return bytes == 2 ? 2 : 1;
}

static int other_in(unsigned int port, unsigned int bytes, uint32_t *value)
{
	struct other_regs regs = {.rdx = port};
	int vector = other_run(in_code[bytes], code_bytes(bytes), &regs);

	*value = (uint32_t)regs.rax & ones(bytes);
	return vector;
}

static int other_out(unsigned int port, unsigned int bytes, uint32_t value)
{
	struct other_regs regs = {.rax = value, .rdx = port};

	return other_run(out_code[bytes], code_bytes(bytes), &regs);
}

static int other_rdmsr(uint32_t msr, uint64_t *value)
{
	static const uint8_t code[] = {0x0f, 0x32};
	struct other_regs regs = {.rcx = msr};
	int vector = other_run(code, sizeof(code), &regs);

	*value = regs.rdx << 32 | (regs.rax & 0xffffffff);
	return vector;
}

static int other_wrmsr(uint32_t msr, uint64_t value)
{
	static const uint8_t code[] = {0x0f, 0x30};
	struct other_regs regs = {
		.rax = value & 0xffffffff,
		.rcx = msr,
		.rdx = value >> 32,
	};

	return other_run(code, sizeof(code), &regs);
}

static long other_set_iopl(unsigned int iopl)
{
	struct physdev_set_iopl op = {.iopl = iopl};

	return other_call(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &op,
			  sizeof(op));
}

static long set_iopl(unsigned int iopl)
{
	struct physdev_set_iopl op = {.iopl = iopl};

	return HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &op);
}

static uint32_t in(unsigned int port, unsigned int bytes)
{
	uint32_t value = 0;

	if (bytes == 1)
		asm volatile("inb %w1, %b0" : "+a"(value) : "d"(port));
	else if (bytes == 2)
		asm volatile("inw %w1, %w0" : "+a"(value) : "d"(port));
	else
		asm volatile("inl %w1, %0" : "+a"(value) : "d"(port));
	return value;
}

static void out_4(unsigned int port, uint32_t value)
{
	asm volatile("outl %0, %w1" ::"a"(value), "d"(port));
}

static uint32_t pci_read(uint32_t reg)
{
	out_4(PORT_PCI, PCI_ENABLE | reg);
	return in(PORT_PCI_DATA, 4);
}

static bool there;

static bool set_up(void)
{
	if (!there)
		there = !other_build();
	return there && shared_info && !set_iopl(1) && !other_set_iopl(1);
}

static const uint16_t device_ports[] = {
	PORT_PIC,      PORT_PIC + 1, 0xa1,	    PORT_PIT,
	PORT_KEYBOARD, PORT_GATE,    0x64,	    PORT_CMOS + 1,
	PORT_DMA_PAGE, PORT_COM1,    PORT_COM1 + 5, PORT_FAST_A20,
	0x1f7,	       0x3d4,	     PORT_ELCR,	    PORT_ELCR + 1,
	PORT_PCI + 1,  0xffff,	     PORT_PCI_DATA, 0x604,
};

/* Ports are allowed to a kernel of level 1; there is nothing behind them. */
TEST(no_device)
{
	uint32_t value;
	unsigned int i;

	REQUIRE(set_up());
	for (i = 0; i < ARRAY_SIZE(device_ports); i++) {
		CHECK_EQ(other_in(device_ports[i], 1, &value), NO_TRAP);
		if (!CHECK_EQ(value, RECORDED(0xff)))
			print("NOTE port %x\n", device_ports[i]);
	}
	CHECK_EQ(other_in(PORT_PCI_DATA, 2, &value), NO_TRAP);
	CHECK_EQ(value, RECORDED(0xffff));
	CHECK_EQ(other_in(PORT_COM1, 4, &value), NO_TRAP);
	CHECK_EQ(value, RECORDED(0xffffffff));
	/* The control shows it the index that it has selected. */
	CHECK_EQ(other_in(PORT_CMOS, 1, &value), NO_TRAP);
	CHECK(value == 0xff || (guest_on_control() && value == 0));
	/* As the same port answers to who has it. */
	CHECK(in(0x64, 1) != 0xff);
}

TEST(no_level)
{
	uint32_t value;

	REQUIRE(set_up());
	CHECK_EQ(other_set_iopl(0), 0);
	CHECK_EQ(other_in(PORT_KEYBOARD, 1, &value), VECTOR_GP);
	CHECK_EQ(other_out(PORT_DMA_PAGE, 1, 0), VECTOR_GP);
	CHECK_EQ(other_set_iopl(1), 0);
}

/* Bit 0 there is the machine's reset line. */
TEST(nothing_written)
{
	uint32_t pam;

	REQUIRE(set_up());
	port_write(PORT_DMA_PAGE, 0x5a);
	REQUIRE(in(PORT_DMA_PAGE, 1) == 0x5a);
	CHECK_EQ(other_out(PORT_DMA_PAGE, 1, 0xa5), NO_TRAP);
	CHECK_EQ(other_out(PORT_DMA_PAGE - 1, 2, 0xa5a5), NO_TRAP);
	CHECK_EQ(other_out(PORT_DMA_PAGE - 3, 4, 0xa5a5a5a5), NO_TRAP);
	CHECK_EQ(in(PORT_DMA_PAGE, 1), 0x5a);
	CHECK_EQ(other_out(PORT_FAST_A20, 1, 1), NO_TRAP);
	pam = pci_read(PCI_PAM);
	CHECK(pam != 0xffffffff);
	CHECK_EQ(other_out(PORT_PCI, 4, PCI_ENABLE | PCI_PAM), NO_TRAP);
	CHECK_EQ(other_out(PORT_PCI_DATA, 4, ~pam), NO_TRAP);
	CHECK_EQ(pci_read(PCI_PAM), pam);
}

/* What one of them selects there is not what the other then reads. */
TEST(own_selections)
{
	uint32_t second, id;

	REQUIRE(set_up());
	port_write(PORT_CMOS, 0);
	CHECK_EQ(other_out(PORT_CMOS, 1, 0x0d), NO_TRAP);
	second = in(PORT_CMOS + 1, 1);
	CHECK(second <= 0x59); /* 0x0d: 0x80 */
	id = pci_read(0);
	CHECK_EQ(other_out(PORT_PCI, 4, PCI_ENABLE | PCI_PAM), NO_TRAP);
	CHECK_EQ(in(PORT_PCI_DATA, 4), id);
}

static long permit(unsigned int port, unsigned int nr, bool allow)
{
	struct xen_domctl op = {0};

	op.u.ioport_permission.first_port = port;
	op.u.ioport_permission.nr_ports = nr;
	op.u.ioport_permission.allow_access = allow;
	return domain_control(XEN_DOMCTL_ioport_permission, other_domid(), &op);
}

static uint32_t other_reads(unsigned int port, unsigned int bytes)
{
	uint32_t value = 0;

	CHECK_EQ(other_in(port, bytes, &value), NO_TRAP);
	return value;
}

/* We let such an access have nothing; the control does it port by port. */
static void check_reads_across(void)
{
	bool on_control = guest_on_control();

	CHECK_EQ(other_reads(PORT_DMA_PAGE - 1, 2),
		 on_control ? 0x5aff : 0xffff);
	CHECK_EQ(other_reads(PORT_DMA_PAGE, 2), on_control ? 0xff5a : 0xffff);
	CHECK_EQ(other_reads(PORT_DMA_PAGE - 2, 4),
		 on_control ? 0xff5affff : 0xffffffff);
}

TEST(one_port)
{
	REQUIRE(set_up());
	port_write(PORT_DMA_PAGE - 1, 0x11);
	port_write(PORT_DMA_PAGE, 0x5a);
	port_write(PORT_DMA_PAGE + 1, 0x22);
	REQUIRE(in(PORT_DMA_PAGE - 1, 1) == 0x11);
	CHECK_EQ(permit(PORT_DMA_PAGE, 1, true), 0);
	CHECK_EQ(other_reads(PORT_DMA_PAGE, 1), 0x5a);
	CHECK_EQ(other_reads(PORT_DMA_PAGE - 1, 1), 0xff);
	CHECK_EQ(other_reads(PORT_DMA_PAGE + 1, 1), 0xff);
	check_reads_across();
	CHECK_EQ(other_out(PORT_DMA_PAGE - 1, 2, 0xa5a5), NO_TRAP);
	CHECK_EQ(in(PORT_DMA_PAGE - 1, 1), 0x11);
	CHECK_EQ(other_out(PORT_DMA_PAGE, 1, 0xa5), NO_TRAP);
	CHECK_EQ(in(PORT_DMA_PAGE, 1), 0xa5);
	CHECK_EQ(permit(PORT_DMA_PAGE, 1, false), 0);
	CHECK_EQ(other_out(PORT_DMA_PAGE, 1, 0x66), NO_TRAP);
	CHECK_EQ(in(PORT_DMA_PAGE, 1), 0xa5);
	CHECK_EQ(other_reads(PORT_DMA_PAGE, 1), 0xff);
}

/* Who has them not cannot give them. */
TEST(kept_ports_are_not_given)
{
	static const uint16_t kept[] = {
		PORT_PIC, 0xa0, 0x40, 0x43, 0x61, PORT_COM1, PORT_COM1 + 7,
	};
	unsigned int i;

	REQUIRE(set_up());
	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		CHECK_EQ(permit(kept[i], 1, true), RECORDED(-EPERM));
		CHECK_EQ(permit(kept[i] - 1, 2, true), RECORDED(-EPERM));
		CHECK_EQ(permit(kept[i], 2, true), RECORDED(-EPERM));
	}
	CHECK_EQ(permit(0, 0x10000, true), RECORDED(-EPERM));
}

/*
 * Of the ranges that the hypervisor keeps, from the control domain too: each
 * read that touches one is of no device as a whole. The control reads port by
 * port, and has a timer channel and its gate for the control domain.
 */
static const struct {
	uint16_t first, last;
	bool shown_by_control;
} kept_ranges[] = {
	{PORT_PIC, PORT_PIC + 1, false}, {0xa0, 0xa1, false},
	{PORT_PIT, PORT_PIT + 1, false}, {PORT_PIT + 2, PORT_PIT + 3, true},
	{PORT_GATE, PORT_GATE, true},	 {PORT_COM1, PORT_COM1 + 7, false},
};

static void check_kept(unsigned int first, unsigned int last,
		       unsigned int bytes)
{
	unsigned int port;

	for (port = first - (bytes - 1); port <= last; port++)
		if (!CHECK_EQ(in(port, bytes), RECORDED(ones(bytes))))
			print("NOTE port %x, %u bytes\n", port, bytes);
}

TEST(edges_of_kept_ports)
{
	unsigned int i, j;

	REQUIRE(set_up());
	for (i = 0; i < ARRAY_SIZE(kept_ranges); i++) {
		if (guest_on_control() && kept_ranges[i].shown_by_control)
			continue;
		for (j = 0; j < (guest_on_control() ? 1 : ARRAY_SIZE(sizes));
		     j++)
			check_kept(kept_ranges[i].first, kept_ranges[i].last,
				   sizes[j]);
	}
	/* Edge or level is between the control domain and its chip set. */
	CHECK_BITS(in(PORT_ELCR, 1), 7, 0);
}

TEST(msrs_without_right)
{
	static const uint32_t refused[] = {
		MSR_STAR, MSR_LSTAR, 0x174, 0x1d9, 0xc0010010, 0x12345678,
	};
	uint64_t value;
	unsigned int i;

	REQUIRE(set_up());
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		CHECK_EQ(other_rdmsr(refused[i], &value), RECORDED(VECTOR_GP));
		CHECK_EQ(other_wrmsr(refused[i], 0), RECORDED(VECTOR_GP));
	}
	CHECK_EQ(other_wrmsr(MSR_EFER, 0), RECORDED(VECTOR_GP));
	CHECK_EQ(other_wrmsr(MSR_APIC_BASE, 0), RECORDED(VECTOR_GP));
	/* Machine checks: the control's domains see a bank of their own. */
	CHECK_EQ(other_rdmsr(MSR_MCG_CAP, &value),
		 guest_on_control() ? RECORDED(NO_TRAP) : VECTOR_GP);
	CHECK_EQ(other_rdmsr(MSR_MCG_STATUS, &value),
		 guest_on_control() ? RECORDED(NO_TRAP) : VECTOR_GP);
	CHECK_EQ(other_rdmsr(MSR_FS_BASE, &value), NO_TRAP);
}

static const uint32_t readable[] = {
	MSR_TSC,     MSR_APIC_BASE,  MSR_UCODE_REV,   MSR_PLATFORM_INFO,
	MSR_MCG_CAP, MSR_MCG_STATUS, MSR_MISC_ENABLE, MSR_PAT,
	MSR_EFER,    MSR_FS_BASE,    MSR_GS_BASE,     MSR_SHADOW_GS,
	MSR_TSC_AUX, MSR_HWCR,
};

static bool is_readable(uint32_t msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(readable); i++)
		if (readable[i] == msr)
			return true;
	return false;
}

/* Here every number that is in no list is readable: QEMU knows no wrong one. */
static void sweep(uint32_t first)
{
	bool on_control = guest_on_control();
	unsigned int nr = 0;
	uint32_t i;

	for (i = first; i < first + 0x2000; i++) {
		int vector = TRAP_CATCH(msr_read(i));

		nr += vector == NO_TRAP;
		if (on_control)
			continue;
		if (!CHECK_EQ(vector, is_readable(i) ? NO_TRAP : VECTOR_GP))
			print("NOTE MSR %x\n", i);
	}
	print("NOTE %u MSRs from %x on can be read\n", nr, first);
}

/* A list of the control's would say nothing about ours, so it has none. */
TEST(msrs_of_the_control_domain)
{
	sweep(0);
	sweep(0xc0000000);
	sweep(0xc0010000);
	CHECK_FAULT(VECTOR_GP, msr_read(MSR_LSTAR));
}

TEST(end)
{
	REQUIRE(there);
	CHECK_EQ(other_end(), 0);
}
