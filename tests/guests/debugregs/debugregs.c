/* SPDX-License-Identifier: MIT */
/*
 * debugregs - breakpoints of the guest's own, and none of anybody else's
 *
 * A breakpoint on an address of the hypervisor, or one that fires while the
 * hypervisor works for the guest, would be a way to stop it in a place of
 * the guest's choice.
 */
#include <guestkit/cpu.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>

#define NON_CANONICAL 0x0000900000000000UL
#define DR6_FIXED     0xffff0ff0UL
#define DR7_FIXED     0x400UL
#define DR7_L0	      (1UL << 0)
#define DR7_GD	      (1UL << 13)
#define DR7_RW0(type) ((unsigned long)(type) << 16)
#define DR7_LEN0(len) ((unsigned long)(len) << 18)
#define TYPE_EXECUTE  0
#define TYPE_WRITE    1
#define TYPE_PORT     2
#define TYPE_ACCESS   3
#define LEN_2	      1
#define LEN_8	      2

USER_ASM(user_call_behind_mov_ss, "mov 0x600000, %ss; syscall; ud2");

static volatile uint64_t watched;

TEST(read_and_write)
{
	int reg;

	for (reg = 0; reg < 4; reg++) {
		unsigned long address = VIRT_BASE + reg * 8;

		CHECK_EQ(HYPERVISOR_set_debugreg(reg, address), 0);
		CHECK_EQ(HYPERVISOR_get_debugreg(reg), address);
		CHECK_EQ(HYPERVISOR_set_debugreg(reg, 0), 0);
	}
	CHECK_EQ(HYPERVISOR_get_debugreg(6), DR6_FIXED);
	CHECK_EQ(HYPERVISOR_get_debugreg(7), RECORDED(DR7_FIXED));
}

/* The header promises EINVAL for numbers above 7. */
TEST(numbers)
{
	CHECK_EQ(HYPERVISOR_get_debugreg(8), RECORDED(-ENODEV));
	CHECK_EQ(HYPERVISOR_get_debugreg(-1), RECORDED(-ENODEV));
	CHECK_EQ(HYPERVISOR_set_debugreg(8, 0), RECORDED(-ENODEV));
	CHECK_EQ(HYPERVISOR_set_debugreg(-1, 0), RECORDED(-ENODEV));
	CHECK_EQ(HYPERVISOR_set_debugreg(4, DR6_FIXED), RECORDED(0));
	CHECK_EQ(HYPERVISOR_set_debugreg(5, DR7_FIXED), RECORDED(0));
	CHECK_EQ(HYPERVISOR_get_debugreg(4), RECORDED(DR6_FIXED));
	CHECK_EQ(HYPERVISOR_get_debugreg(5), RECORDED(DR7_FIXED));
}

TEST(addresses_refused)
{
	CHECK_EQ(HYPERVISOR_set_debugreg(0, NON_CANONICAL), RECORDED(-EPERM));
	CHECK_EQ(HYPERVISOR_set_debugreg(0, HYPERVISOR_VIRT_START),
		 RECORDED(-EPERM));
	CHECK_EQ(HYPERVISOR_set_debugreg(0, HYPERVISOR_VIRT_END - 8),
		 RECORDED(-EPERM));
	CHECK_EQ(HYPERVISOR_get_debugreg(0), 0);
}

TEST(controls_refused)
{
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_FIXED | DR7_GD),
		 RECORDED(-EPERM));
	/* A port breakpoint, which CR4 has not opened. */
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_FIXED | DR7_L0 |
						    DR7_RW0(TYPE_PORT)),
		 RECORDED(-EPERM));
	CHECK_EQ(HYPERVISOR_set_debugreg(7, 1UL << 32), RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_set_debugreg(6, 1UL << 32), RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_get_debugreg(7), RECORDED(DR7_FIXED));
}

static void watch(unsigned long address, unsigned int type, unsigned int len)
{
	CHECK_EQ(HYPERVISOR_set_debugreg(0, address), 0);
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_FIXED | DR7_L0 | DR7_RW0(type) |
						    DR7_LEN0(len)),
		 0);
}

static void unwatch(void)
{
	CHECK_EQ(HYPERVISOR_set_debugreg(7, DR7_FIXED), 0);
	CHECK_EQ(HYPERVISOR_set_debugreg(6, DR6_FIXED), 0);
}

TEST(write_watch)
{
	watch((unsigned long)&watched, TYPE_WRITE, LEN_8);
	CHECK_NO_FAULT((void)watched);
	CHECK_FAULT(VECTOR_DB, watched = 1);
	CHECK_BITS(HYPERVISOR_get_debugreg(6), 0xf, 1);
	unwatch();
	CHECK_NO_FAULT(watched = 2);
}

TEST(access_watch)
{
	watch((unsigned long)&watched, TYPE_ACCESS, LEN_8);
	CHECK_FAULT(VECTOR_DB, (void)watched);
	unwatch();
}

static void __attribute__((noinline)) stepped_on(void)
{
	asm volatile("nop; nop");
}

TEST(execute_break)
{
	watch((unsigned long)stepped_on, TYPE_EXECUTE, 0);
	CHECK_FAULT(VECTOR_DB, stepped_on());
	CHECK_EQ(last_trap()->regs.rip, stepped_on);
	unwatch();
}

/* The hypervisor's own accesses for the guest do not fire it. */
TEST(not_in_hypercalls)
{
	static struct xen_feature_info info;

	watch((unsigned long)&info, TYPE_WRITE, LEN_8);
	CHECK_NO_FAULT(HYPERVISOR_xen_version(XENVER_get_features, &info));
	CHECK(info.submap != 0);
	unwatch();
}

/*
 * A processor holds the exception of a watched MOV SS back until behind the
 * next instruction. If that enters the hypervisor it comes there, before the
 * first instruction of the entry; QEMU does not hold it back.
 */
static const volatile uint16_t watched_ss = FLAT_KERNEL_SS;

static unsigned int int3_behind_mov_ss(void)
{
	return TRAP_CATCH(asm volatile("mov %0, %%ss; int3" ::"m"(watched_ss)));
}

static long call_behind_mov_ss(void)
{
	long rc = __HYPERVISOR_xen_version;

	asm volatile("mov %1, %%ss; syscall"
		     : "+a"(rc)
		     : "m"(watched_ss), "D"(XENVER_version), "S"(0)
		     : "rcx", "r11", "memory");
	return rc;
}

TEST(held_back_into_an_exception)
{
	unsigned int vector;

	watch((unsigned long)&watched_ss, TYPE_ACCESS, LEN_2);
	vector = int3_behind_mov_ss();
	unwatch();
	CHECK(vector == VECTOR_BP || vector == VECTOR_DB);
	/* Nothing of the hypervisor's is seen in it. */
	CHECK_EQ(last_trap()->regs.cs, FLAT_KERNEL_CS & ~3);
	CHECK(last_trap()->regs.rip < HYPERVISOR_VIRT_START ||
	      last_trap()->regs.rip >= HYPERVISOR_VIRT_END);
	print("NOTE held back into int3: trap %u\n", vector);
}

TEST(held_back_into_a_call)
{
	static volatile long rc;
	unsigned int vector;

	watch((unsigned long)&watched_ss, TYPE_ACCESS, LEN_2);
	vector = TRAP_CATCH(rc = call_behind_mov_ss());
	unwatch();
	CHECK(vector == (unsigned int)NO_TRAP || vector == VECTOR_DB);
	if (vector == (unsigned int)NO_TRAP)
		CHECK_EQ(rc, HYPERVISOR_xen_version(XENVER_version, NULL));
	else
		CHECK_EQ(last_trap()->regs.cs, FLAT_KERNEL_CS & ~3);
	print("NOTE held back into a call: trap %d\n", (int)vector);
}

/* Before the first instruction of the entry the user's gs base is loaded. */
TEST(held_back_into_a_system_call)
{
	struct cpu_user_regs regs;
	volatile uint16_t *cell = (void *)USER_DATA;
	int vector;

	REQUIRE(!user_set_up());
	*cell = FLAT_USER_SS;
	user_regs(&regs, user_call_behind_mov_ss);
	watch(USER_DATA, TYPE_ACCESS, LEN_2);
	vector = user_run(&regs);
	unwatch();
	CHECK(vector == ENTRY_SYSCALL || vector == VECTOR_DB);
	CHECK_EQ(regs.cs, FLAT_USER_CS);
	CHECK_EQ(regs.rip, user_address(user_call_behind_mov_ss) +
				   (vector == ENTRY_SYSCALL ? 9 : 7));
	print("NOTE held back into a system call: entry %x\n", vector);
}

TEST(by_instruction)
{
	CHECK_NO_FAULT(dr0_write(VIRT_BASE));
	CHECK_EQ(dr0_read(), VIRT_BASE);
	CHECK_EQ(HYPERVISOR_get_debugreg(0), VIRT_BASE);
	CHECK_NO_FAULT(dr0_write(0));
	CHECK_NO_FAULT(dr7_write(DR7_FIXED));
	CHECK_EQ(dr7_read(), RECORDED(DR7_FIXED));
	CHECK_EQ(dr6_read(), DR6_FIXED);
	CHECK_FAULT(RECORDED(VECTOR_GP), dr0_write(HYPERVISOR_VIRT_START));
	CHECK_FAULT(RECORDED(VECTOR_GP), dr7_write(DR7_FIXED | DR7_GD));
}
