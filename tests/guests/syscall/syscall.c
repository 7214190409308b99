/* SPDX-License-Identifier: MIT */
/*
 * syscall - system calls of user mode reach the kernel's callbacks
 *
 * syscall, sysenter and int 0x80, from 64-bit and from 32-bit code. The
 * callback finds rcx and r11 on its stack and the user's place in the
 * frame; the event mask is as it asked. Then the way back: by sysret and by
 * iret.
 */
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>

#define RFLAGS_CF (1UL << 0)
#define RFLAGS_TF (1UL << 8)
#define RFLAGS_IF (1UL << 9)
#define RFLAGS_DF (1UL << 10)

USER_ASM(user_syscall, "syscall; ud2");
USER_ASM(user_sysenter, "sysenter; ud2");
USER_ASM(user_int80, "int $0x80; ud2");
USER_ASM(user_syscall_then,
	 "syscall; mov %rax, %rbx; mov %rcx, %rdx; pushfq; pop %rsi; ud2");

static bool set_up(void)
{
	return !event_set_up() && !user_set_up();
}

TEST(syscall_64)
{
	struct cpu_user_regs regs;

	REQUIRE(set_up());
	user_regs(&regs, user_syscall);
	regs.rax = 0x1234;
	regs.rdi = 0x5678;
	regs.r10 = 0x9abc;
	CHECK_EQ(user_run(&regs), ENTRY_SYSCALL);
	CHECK_EQ(regs.rip, user_address(user_syscall) + 2);
	CHECK_EQ(regs.rcx, regs.rip);
	CHECK_EQ(regs.r11, regs.rflags);
	CHECK_EQ(regs.cs, FLAT_USER_CS);
	CHECK_EQ(regs.ss, FLAT_USER_SS);
	CHECK_EQ(regs.rsp, USER_TOP);
	CHECK_EQ(regs.rax, 0x1234);
	CHECK_EQ(regs.rdi, 0x5678);
	CHECK_EQ(regs.r10, 0x9abc);
}

/* The user's flags are saved, not the kernel's problem. */
TEST(flags)
{
	struct cpu_user_regs regs;

	REQUIRE(set_up());
	user_regs(&regs, user_syscall);
	regs.rflags = RFLAGS_IF | RFLAGS_DF | RFLAGS_CF;
	CHECK_EQ(user_run(&regs), ENTRY_SYSCALL);
	CHECK_BITS(regs.rflags, RFLAGS_IF | RFLAGS_DF | RFLAGS_CF,
		   RFLAGS_IF | RFLAGS_DF | RFLAGS_CF);
}

TEST(event_mask)
{
	struct cpu_user_regs regs;

	REQUIRE(set_up());
	REQUIRE(!callback_install(CALLBACKTYPE_syscall, 0));
	user_regs(&regs, user_syscall);
	CHECK_EQ(user_run(&regs), ENTRY_SYSCALL);
	CHECK_EQ(last_trap()->masked, false);
	CHECK_EQ(regs.saved_upcall_mask, 0);
	REQUIRE(!callback_install(CALLBACKTYPE_syscall, CALLBACKF_mask_events));
	user_regs(&regs, user_syscall);
	CHECK_EQ(user_run(&regs), ENTRY_SYSCALL);
	CHECK_EQ(last_trap()->masked, true);
	CHECK_EQ(regs.saved_upcall_mask, 0);
}

static void __attribute__((noinline, noreturn))
leave(const struct iret_context *frame)
{
	struct iret_context copy = *frame;

	HYPERVISOR_stack_switch(FLAT_KERNEL_SS, (unsigned long)&copy - 1024);
	iret_frame(&copy);
}

static int go_on(const struct iret_context *frame)
{
	struct vcpu *v = this_vcpu();

	if (!jump_save(&v->user_jump)) {
		v->in_user = true;
		leave(frame);
	}
	v->in_user = false;
	return last_trap()->vector;
}

/* Back to behind the system call, in both forms. */
TEST(way_back)
{
	struct cpu_user_regs regs;
	unsigned int flags;

	REQUIRE(set_up());
	for (flags = 0; flags <= VGCF_in_syscall; flags += VGCF_in_syscall) {
		struct iret_context frame;

		user_regs(&regs, user_syscall_then);
		CHECK_EQ(user_run(&regs), ENTRY_SYSCALL);
		frame = (struct iret_context){
			.rax = 0x77,
			.r11 = regs.r11,
			.rcx = regs.rcx,
			.flags = flags,
			.rip = regs.rip,
			.cs = regs.cs,
			.rflags = regs.rflags,
			.rsp = regs.rsp,
			.ss = regs.ss,
		};
		CHECK_EQ(go_on(&frame), VECTOR_UD);
		CHECK_EQ(last_trap()->regs.rbx, 0x77);
		CHECK_EQ(last_trap()->regs.rdx, regs.rip);
		CHECK_EQ(last_trap()->regs.rsi, regs.rflags);
	}
}

TEST(int80)
{
	struct trap_info entry = trap_table_entry(0x80);
	struct cpu_user_regs regs;

	REQUIRE(set_up());
	entry.flags = 3;
	REQUIRE(!trap_table_set(&entry));
	user_regs(&regs, user_int80);
	CHECK_EQ(user_run(&regs), 0x80);
	CHECK_EQ(regs.rip, user_address(user_int80) + 2);
	user_regs(&regs, user_int80);
	regs.cs = FLAT_USER_CS32;
	regs.ss = FLAT_USER_SS32;
	regs.rax = 0x42;
	CHECK_EQ(user_run(&regs), 0x80);
	CHECK_EQ(regs.cs, FLAT_USER_CS32);
	CHECK_EQ(regs.rax, 0x42);
	CHECK_EQ(regs.rip, user_address(user_int80) + 2);
}

TEST(int80_event_mask)
{
	struct trap_info entry = trap_table_entry(0x80);
	struct cpu_user_regs regs;

	REQUIRE(set_up());
	entry.flags = 3 | 4;
	REQUIRE(!trap_table_set(&entry));
	user_regs(&regs, user_int80);
	CHECK_EQ(user_run(&regs), 0x80);
	CHECK_EQ(last_trap()->masked, true);
	CHECK_EQ(regs.saved_upcall_mask, 0);
}

/* 32-bit code: AMD processors know syscall there, Intel's sysenter. */
TEST(fast_calls_32)
{
	struct cpu_user_regs regs;
	int by_syscall, by_sysenter;

	REQUIRE(set_up());
	REQUIRE(!callback_install(CALLBACKTYPE_syscall32,
				  CALLBACKF_mask_events));
	REQUIRE(!callback_install(CALLBACKTYPE_sysenter,
				  CALLBACKF_mask_events));
	user_regs(&regs, user_syscall);
	regs.cs = FLAT_USER_CS32;
	regs.ss = FLAT_USER_SS32;
	by_syscall = user_run(&regs);
	CHECK(by_syscall == ENTRY_SYSCALL32 || by_syscall == VECTOR_UD);
	if (by_syscall == ENTRY_SYSCALL32) {
		CHECK_EQ(regs.rip, user_address(user_syscall) + 2);
		CHECK_EQ(regs.cs, FLAT_USER_CS32);
		CHECK_EQ(last_trap()->masked, true);
	}
	user_regs(&regs, user_sysenter);
	regs.cs = FLAT_USER_CS32;
	regs.ss = FLAT_USER_SS32;
	by_sysenter = user_run(&regs);
	CHECK(by_sysenter == ENTRY_SYSENTER || by_sysenter == VECTOR_UD ||
	      by_sysenter == VECTOR_GP);
	if (by_sysenter == ENTRY_SYSENTER)
		CHECK_EQ(last_trap()->masked, true);
	print("NOTE 32-bit syscall ends as %x, sysenter as %x\n", by_syscall,
	      by_sysenter);
}

/* The kernel's own system-call instruction is a hypercall, never itself. */
TEST(kernel_syscall)
{
	CHECK_EQ(hypercall(0x1000, 0, 0, 0, 0, 0, 0), -ENOSYS);
}

/* Nobody registered: as if the instruction did not exist. */
TEST(no_callback)
{
	struct callback_register reg = {.type = CALLBACKTYPE_syscall};
	struct cpu_user_regs regs;

	REQUIRE(set_up());
	REQUIRE(!HYPERVISOR_callback_op(CALLBACKOP_register, &reg));
	user_regs(&regs, user_syscall);
	CHECK_EQ(user_run(&regs), RECORDED(VECTOR_UD));
	CHECK_EQ(regs.rip, RECORDED(user_address(user_syscall)));
	REQUIRE(!callback_install(CALLBACKTYPE_syscall, CALLBACKF_mask_events));
}
