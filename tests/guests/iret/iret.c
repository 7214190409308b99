/* SPDX-License-Identifier: MIT */
/*
 * iret - the call by which a kernel returns, to itself or to user mode
 *
 * It is the only way into user mode and takes its frame from the guest's
 * stack, so every word of the frame is hostile: selectors of the
 * hypervisor, flags that would open ports or stop the machine, addresses
 * that the processor refuses only when it is too late. What cannot be
 * loaded ends in the failsafe callback.
 */
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
#define RFLAGS_CF     (1UL << 0)
#define RFLAGS_FIXED  (1UL << 1)
#define RFLAGS_TF     (1UL << 8)
#define RFLAGS_IF     (1UL << 9)
#define RFLAGS_DF     (1UL << 10)
#define RFLAGS_IOPL   (3UL << 12)
#define RFLAGS_NT     (1UL << 14)
#define RFLAGS_RF     (1UL << 16)
#define RFLAGS_VM     (1UL << 17)
#define RFLAGS_AC     (1UL << 18)
#define RFLAGS_VIF    (1UL << 19)
#define RFLAGS_ID     (1UL << 21)

USER_ASM(user_flags, "pushfq; pop %rbx; ud2");
USER_ASM(user_ud2, "ud2");

/* The frame for user mode at user_ud2. */
static struct iret_context user_frame(void)
{
	struct iret_context frame = {
		.rip = user_address(user_ud2),
		.cs = FLAT_USER_CS,
		.rflags = RFLAGS_IF,
		.rsp = USER_TOP,
		.ss = FLAT_USER_SS,
	};

	return frame;
}

static void __attribute__((noinline, noreturn))
leave(const struct iret_context *frame)
{
	struct iret_context copy = *frame;

	HYPERVISOR_stack_switch(FLAT_KERNEL_SS, (unsigned long)&copy - 1024);
	iret_frame(&copy);
}

/* Leaves by @frame; the entry that came of it. */
static int run_frame(const struct iret_context *frame)
{
	struct vcpu *v = this_vcpu();

	if (!jump_save(&v->user_jump)) {
		v->in_user = true;
		leave(frame);
	}
	v->in_user = false;
	return last_trap()->vector;
}

static void set_up(void)
{
	static bool done;

	if (done)
		return;
	done = !event_set_up() && !user_set_up();
	event_block();
	CHECK(done);
}

TEST(to_kernel)
{
	static volatile int seen;

	/* Ring 0, 1 and 2 in the frame's cs all mean the kernel. */
	for (seen = 0; seen < 3; seen++) {
		struct cpu_user_regs regs = {0};
		struct jump back;

		if (!jump_save(&back)) {
			jump_back(&regs, &back, 1);
			regs.cs = (FLAT_KERNEL_CS & ~3) | seen;
			regs.rbx = back.rbx;
			iret_to(&regs);
		}
	}
	CHECK_EQ(seen, 3);
}

/* rax, rcx and r11 come from the frame, the others stay. */
TEST(registers)
{
	struct cpu_user_regs regs;

	set_up();
	user_regs(&regs, user_ud2);
	regs.rax = 1;
	regs.rcx = 2;
	regs.r11 = 3;
	regs.rbx = 4;
	regs.rdi = 5;
	regs.r15 = 6;
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_EQ(regs.rax, 1);
	CHECK_EQ(regs.rcx, 2);
	CHECK_EQ(regs.r11, 3);
	CHECK_EQ(regs.rbx, 4);
	CHECK_EQ(regs.rdi, 5);
	CHECK_EQ(regs.r15, 6);
}

TEST(in_syscall)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.rax = 1;
	frame.rcx = 2;
	frame.r11 = 3;
	frame.flags = VGCF_in_syscall;
	CHECK_EQ(run_frame(&frame), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.rax, 1);
	CHECK_EQ(last_trap()->regs.rcx, RECORDED(frame.rip));
	CHECK_EQ(last_trap()->regs.rip, user_address(user_ud2));
	CHECK_EQ(last_trap()->regs.cs, RECORDED(FLAT_USER_CS));
	CHECK_EQ(last_trap()->regs.ss, RECORDED(FLAT_USER_SS));
}

/* cs and ss are discarded in that form. */
TEST(in_syscall_selectors)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.flags = VGCF_in_syscall;
	frame.cs = 0x1233;
	frame.ss = 0x4563;
	CHECK_EQ(run_frame(&frame), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.cs, RECORDED(FLAT_USER_CS));
}

static uint64_t flags_after(uint64_t rflags)
{
	struct cpu_user_regs regs;

	user_regs(&regs, user_flags);
	regs.rflags = rflags;
	return user_run(&regs) == VECTOR_UD ? regs.rbx : ~0UL;
}

/* What user mode finds in its flags: always interruptible, no I/O. */
TEST(flags)
{
	set_up();
	CHECK_EQ(flags_after(RFLAGS_IF), RFLAGS_IF | RFLAGS_FIXED);
	CHECK_EQ(flags_after(0), RFLAGS_IF | RFLAGS_FIXED);
	CHECK_EQ(flags_after(RFLAGS_IF | RFLAGS_IOPL),
		 RFLAGS_IF | RFLAGS_FIXED);
	CHECK_EQ(flags_after(RFLAGS_IF | RFLAGS_CF | RFLAGS_DF | RFLAGS_AC |
			     RFLAGS_ID),
		 RFLAGS_IF | RFLAGS_FIXED | RFLAGS_CF | RFLAGS_DF | RFLAGS_AC |
			 RFLAGS_ID);
	CHECK_EQ(flags_after(RFLAGS_IF | RFLAGS_VM), RFLAGS_IF | RFLAGS_FIXED);
	/* On Intel's processors the control lets it through. */
	CHECK_EQ(flags_after(RFLAGS_IF | RFLAGS_VIF) &
			 ~(guest_on_control() ? RFLAGS_VIF : 0),
		 RECORDED(RFLAGS_IF | RFLAGS_FIXED));
	CHECK_EQ(flags_after(RFLAGS_IF | RFLAGS_NT),
		 RECORDED(RFLAGS_IF | RFLAGS_FIXED | RFLAGS_NT));
	CHECK_EQ(flags_after(RFLAGS_IF | 0xffffffff00000000UL),
		 RECORDED(RFLAGS_IF | RFLAGS_FIXED));
}

TEST(single_step)
{
	struct cpu_user_regs regs;

	set_up();
	user_regs(&regs, user_flags);
	regs.rflags = RFLAGS_IF | RFLAGS_TF;
	CHECK_EQ(user_run(&regs), VECTOR_DB);
	CHECK_EQ(regs.rip, user_address(user_flags) + 1);
}

/* IF in the frame decides about the event mask, also for the kernel. */
TEST(interrupt_flag_is_the_mask)
{
	volatile struct vcpu_info *info = this_vcpu()->info;
	struct cpu_user_regs regs;

	set_up();
	user_regs(&regs, user_ud2);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.saved_upcall_mask, 0);
	user_regs(&regs, user_ud2);
	regs.rflags = 0;
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.saved_upcall_mask, RECORDED(1));
	info->evtchn_upcall_mask = 1;
	CHECK_EQ(info->evtchn_upcall_mask, 1);
}

TEST(bad_rip)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.rip = NON_CANONICAL;
	CHECK_EQ(run_frame(&frame), RECORDED(VECTOR_GP));
	CHECK_EQ(last_trap()->regs.rip, NON_CANONICAL);
	frame.rip = HYPERVISOR_VIRT_END - 4096;
	CHECK_EQ(run_frame(&frame), VECTOR_PF);
	CHECK_EQ(last_trap()->regs.rip, HYPERVISOR_VIRT_END - 4096);
	frame.rip = 0xffffffff80100000UL;
	CHECK_EQ(run_frame(&frame), VECTOR_PF);
}

TEST(bad_rip_in_syscall)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.flags = VGCF_in_syscall;
	frame.rip = NON_CANONICAL;
	CHECK_EQ(run_frame(&frame), RECORDED(VECTOR_GP));
	CHECK_EQ(last_trap()->regs.rip, RECORDED(NON_CANONICAL));
	frame.rip = 0x00007ffffffff000UL + 0x1000;
	CHECK_EQ(run_frame(&frame), RECORDED(VECTOR_GP));
}

TEST(bad_rsp)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.rsp = NON_CANONICAL;
	CHECK_EQ(run_frame(&frame), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.rsp, NON_CANONICAL);
}

/*
 * Selectors that do not load: the exception is shown as user mode's, with
 * the state of the frame.
 */
TEST(bad_cs)
{
	static const uint16_t bad[] = {
		0x0003,		/* null */
		0x1233,		/* beyond the guest's table */
		0xe00b,		/* the hypervisor's code, asked for ring 3 */
		0xe02b,		/* data */
		0xfffb, 0x0007, /* LDT, not there */
	};
	struct iret_context frame = user_frame();
	unsigned int i;

	set_up();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		frame.cs = bad[i];
		CHECK_EQ(run_frame(&frame), RECORDED(VECTOR_GP));
		CHECK_EQ(last_trap()->error_code, bad[i] & ~3);
		CHECK_EQ(last_trap()->regs.cs, bad[i]);
		CHECK_EQ(last_trap()->regs.rip, frame.rip);
	}
}

TEST(bad_ss)
{
	static const uint16_t bad[] = {0x0003, 0x1233, 0xe013, 0xe033};
	struct iret_context frame = user_frame();
	unsigned int i;

	set_up();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		frame.ss = bad[i];
		CHECK_EQ(run_frame(&frame), RECORDED(VECTOR_GP));
		CHECK_EQ(last_trap()->error_code, bad[i] & ~3);
		CHECK_EQ(last_trap()->regs.ss, bad[i]);
	}
}

TEST(user_32)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.cs = FLAT_USER_CS32;
	frame.ss = FLAT_USER_SS32;
	CHECK_EQ(run_frame(&frame), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.cs, FLAT_USER_CS32);
}

/* The upper bytes of the selectors' words are not selectors. */
TEST(upper_bytes_of_selectors)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.cs |= 0xabcd000000000000UL;
	frame.ss |= 0xabcd000000000000UL;
	CHECK_EQ(run_frame(&frame), VECTOR_UD);
	CHECK_EQ(last_trap()->regs.cs, FLAT_USER_CS);
}

TEST(unknown_flags)
{
	struct iret_context frame = user_frame();

	set_up();
	frame.flags = ~(uint64_t)VGCF_in_syscall;
	CHECK_EQ(run_frame(&frame), RECORDED(VECTOR_UD));
}

CRASH_TEST(frame_unmapped)
{
	iret_frame((void *)0x1000);
}

CRASH_TEST(frame_non_canonical)
{
	iret_frame((void *)NON_CANONICAL);
}

CRASH_TEST(frame_of_hypervisor)
{
	iret_frame((void *)(HYPERVISOR_VIRT_END - 4096));
}

CRASH_TEST(no_user_root)
{
	struct iret_context frame = user_frame();

	leave(&frame);
}

CRASH_TEST(bad_cs_without_handler)
{
	struct iret_context frame = user_frame();

	set_up();
	HYPERVISOR_set_trap_table(NULL);
	frame.cs = 0x1233;
	leave(&frame);
}
