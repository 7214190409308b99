/* SPDX-License-Identifier: MIT */
/*
 * traps - exceptions reach the guest's handlers with the frame the ABI gives
 *
 * Each kind of exception from kernel and from user mode: vector, error code,
 * saved registers, cr2, the event mask before and during the handler; the
 * privilege levels of the table for software interrupts; what the table and
 * the callbacks accept. Without a handler the domain dies.
 */
#include <guestkit/cpu.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>

#define NON_CANONICAL	  0x0000900000000000UL
#define SOFT_VECTOR	  0x85
#define TABLE_MASKED	  4 /* struct trap_info.flags: mask events */
#define RFLAGS_TF	  (1UL << 8)
#define RFLAGS_AC	  (1UL << 18)
#define SELECTOR_ERROR(v) ((v)*8 + 2)
/* QEMU before 8.0 doubles the vector in 64-bit mode. */
#define SELECTOR_ERROR_OLD_QEMU(v) ((v)*16 + 2)

USER_ASM(user_ud2, "ud2");
USER_ASM(user_int3, "int3");
USER_ASM(user_soft, "int $0x85");
USER_ASM(user_int80, "int $0x80");
USER_ASM(user_divide, "xor %ecx, %ecx; mov $1, %eax; xor %edx, %edx; div %ecx");
USER_ASM(user_read_null, "mov 0x10, %rax");
USER_ASM(user_write_code, "movl $0, 0x400000");
USER_ASM(user_read_kernel, "mov 0xffffffff80100000, %rax");
USER_ASM(user_read_hypervisor, "movabs 0xffff830000000000, %rax");
USER_ASM(user_hlt, "hlt");
USER_ASM(user_syscall, "syscall; ud2");

static volatile unsigned long *missing = (void *)0x1000;

static struct trap_info soft_entry(unsigned int flags)
{
	struct trap_info entry = trap_table_entry(SOFT_VECTOR);

	entry.flags = flags;
	return entry;
}

static void check_selector_error(unsigned int vector)
{
	unsigned int error = last_trap()->error_code;

	CHECK(error == SELECTOR_ERROR(vector) ||
	      error == SELECTOR_ERROR_OLD_QEMU(vector));
}

/* Then the hypervisor cannot know which vector was meant either. */
static bool emulator_tells_vector(void)
{
	return last_trap()->error_code == SELECTOR_ERROR(SOFT_VECTOR);
}

TEST(breakpoint)
{
	CHECK_FAULT(VECTOR_BP, asm volatile("int3"));
	CHECK_EQ(((uint8_t *)last_trap()->regs.rip)[-1], 0xcc);
	CHECK_EQ(last_trap()->error_code, 0);
}

TEST(undefined)
{
	CHECK_FAULT(VECTOR_UD, asm volatile("ud2"));
	CHECK_EQ(*(uint16_t *)last_trap()->regs.rip, 0x0b0f);
}

TEST(divide)
{
	CHECK_FAULT(VECTOR_DE, asm volatile("div %%ecx" ::"c"(0), "a"(1), "d"(0)
					    : "cc"));
}

TEST(general_protection)
{
	CHECK_FAULT(VECTOR_GP, *(volatile long *)NON_CANONICAL);
	CHECK_EQ(last_trap()->error_code, 0);
	CHECK_FAULT(VECTOR_GP, asm volatile("mov %0, %%ds" ::"r"(0x1238)));
	CHECK_EQ(last_trap()->error_code, 0x1238);
}

TEST(single_step)
{
	CHECK_FAULT(VECTOR_DB, asm volatile("pushfq; orl $0x100, (%%rsp); popfq"
					    "; nop" ::
						    : "cc", "memory"));
	CHECK_BITS(last_trap()->regs.rflags, RFLAGS_TF, RFLAGS_TF);
}

static void clear_ac(void)
{
	asm volatile("pushfq; andl $~0x40000, (%%rsp); popfq" ::: "cc",
		     "memory");
}

/* To the hypervisor the flag means SMAP: it neither sees ours nor loses it. */
TEST(alignment_check_in_exception)
{
	CHECK_FAULT(VECTOR_UD, asm volatile("pushfq; orl $0x40000, (%%rsp); "
					    "popfq; ud2" ::: "cc", "memory"));
	clear_ac();
	CHECK_BITS(last_trap()->regs.rflags, RFLAGS_AC, RFLAGS_AC);
}

TEST(alignment_check_in_hypercall)
{
	unsigned long rc = __HYPERVISOR_xen_version, flags;
	char extra[16] __attribute__((aligned(16))) = "";

	asm volatile("pushfq; orl $0x40000, (%%rsp); popfq; syscall; pushfq; "
		     "popq %1; pushfq; andl $~0x40000, (%%rsp); popfq"
		     : "+a"(rc), "=&b"(flags)
		     : "D"(XENVER_extraversion), "S"(extra)
		     : "rcx", "r11", "memory", "cc");
	CHECK_EQ(rc, 0);
	CHECK(extra[0] != '\0');
	CHECK_BITS(flags, RFLAGS_AC, RFLAGS_AC);
}

TEST(page_fault_read)
{
	REQUIRE(shared_info);
	CHECK_FAULT(VECTOR_PF, *missing);
	CHECK_EQ(last_trap()->error_code, 0);
	CHECK_EQ(last_trap()->cr2, missing);
}

TEST(page_fault_write)
{
	CHECK_FAULT(VECTOR_PF, *missing = 1);
	CHECK_EQ(last_trap()->error_code, PF_WRITE);
	CHECK_FAULT(VECTOR_PF, *(volatile long *)start_info->pt_base = 0);
	CHECK_EQ(last_trap()->error_code, PF_WRITE | PF_PRESENT);
	CHECK_EQ(last_trap()->cr2, start_info->pt_base);
}

TEST(page_fault_no_execute)
{
	void *page = page_alloc();

	REQUIRE(page);
	*(uint8_t *)page = 0xc3;
	CHECK_NO_FAULT(asm volatile("call *%0" ::"r"(page) : "memory"));
	REQUIRE(!page_map(page,
			  pte_make(virt_to_mfn(page), PTE_KERNEL | PTE_NX)));
	CHECK_FAULT(VECTOR_PF, asm volatile("call *%0" ::"r"(page) : "memory"));
	CHECK_EQ(last_trap()->error_code, PF_FETCH | PF_PRESENT);
	CHECK_EQ(last_trap()->cr2, page);
	page_protect(page, true);
	page_free(page);
}

/* The hypervisor's own addresses are not there, or not writable. */
TEST(page_fault_hypervisor_space)
{
	CHECK_NO_FAULT(*(volatile long *)HYPERVISOR_VIRT_START);
	CHECK_FAULT(VECTOR_PF, *(volatile long *)HYPERVISOR_VIRT_START = 0);
	CHECK_BITS(last_trap()->error_code, PF_WRITE, PF_WRITE);
	CHECK_EQ(last_trap()->cr2, HYPERVISOR_VIRT_START);
	CHECK_FAULT(VECTOR_PF, *(volatile long *)(HYPERVISOR_VIRT_END - 8));
	CHECK_EQ(last_trap()->cr2, HYPERVISOR_VIRT_END - 8);
	CHECK_FAULT(VECTOR_PF,
		    *(volatile long *)(HYPERVISOR_VIRT_START + (3UL << 39)));
}

TEST(frame_keeps_registers)
{
	CHECK_FAULT(VECTOR_UD,
		    asm volatile("mov $0x1111, %%ecx; mov $0x2222, %%r11d\n\t"
				 "mov $0x3333, %%eax; mov $0x4444, %%r9d\n\t"
				 "ud2" ::
					 : "rax", "rcx", "r9", "r11"));
	CHECK_EQ(last_trap()->regs.rcx, 0x1111);
	CHECK_EQ(last_trap()->regs.r11, 0x2222);
	CHECK_EQ(last_trap()->regs.rax, 0x3333);
	CHECK_EQ(last_trap()->regs.r9, 0x4444);
	CHECK_EQ(last_trap()->regs.ss, FLAT_KERNEL_SS);
	/* The kernel is shown as ring 0, so that it knows itself from user. */
	CHECK_EQ(last_trap()->regs.cs, FLAT_KERNEL_CS & ~3);
}

TEST(frame_of_odd_stack)
{
	CHECK_FAULT(VECTOR_UD,
		    asm volatile("mov %%rsp, %%rax; sub $129, %%rsp; ud2" ::
					 : "rax", "memory"));
	CHECK_EQ(last_trap()->regs.rax - last_trap()->regs.rsp, 129);
}

static bool mask_in_handler, mask_saved;

static bool note_mask(struct cpu_user_regs *regs)
{
	mask_in_handler = shared_info->vcpu_info[0].evtchn_upcall_mask;
	mask_saved = regs->saved_upcall_mask;
	return true;
}

TEST(mask_kept_by_plain_entry)
{
	volatile struct vcpu_info *info = this_vcpu()->info;
	struct trap_info entry = trap_table_entry(VECTOR_BP);

	REQUIRE(info);
	REQUIRE(!trap_table_set(&entry));
	trap_hook(VECTOR_BP, note_mask);
	info->evtchn_upcall_mask = 0;
	asm volatile("int3");
	CHECK_EQ(mask_in_handler, false);
	CHECK_EQ(mask_saved, false);
	CHECK_EQ(info->evtchn_upcall_mask, 0);
	info->evtchn_upcall_mask = 1;
	asm volatile("int3");
	CHECK_EQ(mask_in_handler, true);
	CHECK_EQ(mask_saved, true);
	CHECK_EQ(info->evtchn_upcall_mask, 1);
	trap_hook(VECTOR_BP, NULL);
}

TEST(mask_set_by_flagged_entry)
{
	volatile struct vcpu_info *info = this_vcpu()->info;
	struct trap_info entry = trap_table_entry(VECTOR_BP);

	REQUIRE(info);
	entry.flags |= TABLE_MASKED;
	REQUIRE(!trap_table_set(&entry));
	trap_hook(VECTOR_BP, note_mask);
	info->evtchn_upcall_mask = 0;
	asm volatile("int3");
	CHECK_EQ(mask_in_handler, true);
	CHECK_EQ(mask_saved, false);
	CHECK_EQ(info->evtchn_upcall_mask, 0); /* iret brought it back */
	info->evtchn_upcall_mask = 1;
	trap_hook(VECTOR_BP, NULL);
	entry = trap_table_entry(VECTOR_BP);
	trap_table_set(&entry);
}

/* IF in the saved flags says whether events were let in. */
TEST(saved_interrupt_flag)
{
	volatile struct vcpu_info *info = this_vcpu()->info;

	REQUIRE(info);
	info->evtchn_upcall_mask = 1;
	CHECK_FAULT(VECTOR_UD, asm volatile("ud2"));
	CHECK_BITS(last_trap()->regs.rflags, 1 << 9, 0);
	info->evtchn_upcall_mask = 0;
	CHECK_FAULT(VECTOR_UD, asm volatile("ud2"));
	CHECK_BITS(last_trap()->regs.rflags, 1 << 9, 1 << 9);
	info->evtchn_upcall_mask = 1;
}

TEST(soft_interrupt_kernel)
{
	struct trap_info entry = soft_entry(0);

	CHECK_FAULT(VECTOR_GP, asm volatile("int $0x85"));
	check_selector_error(SOFT_VECTOR);
	REQUIRE(!trap_table_set(&entry));
	CHECK_FAULT(VECTOR_GP, asm volatile("int $0x85"));
	check_selector_error(SOFT_VECTOR);
	if (!emulator_tells_vector())
		TEST_SKIP("the emulator gives a wrong error code");
	entry = soft_entry(1);
	REQUIRE(!trap_table_set(&entry));
	CHECK_FAULT(SOFT_VECTOR, asm volatile("int $0x85"));
	CHECK_EQ(*(uint16_t *)(last_trap()->regs.rip - 2), 0x85cd);
	entry = soft_entry(3);
	REQUIRE(!trap_table_set(&entry));
	CHECK_FAULT(SOFT_VECTOR, asm volatile("int $0x85"));
}

TEST(soft_interrupt_user)
{
	struct cpu_user_regs regs;
	struct trap_info entry = soft_entry(1);

	REQUIRE(!user_set_up());
	REQUIRE(!trap_table_set(&entry));
	user_regs(&regs, user_soft);
	CHECK_EQ(user_run(&regs), VECTOR_GP);
	check_selector_error(SOFT_VECTOR);
	CHECK_EQ(regs.rip, user_address(user_soft));
	if (!emulator_tells_vector())
		TEST_SKIP("the emulator gives a wrong error code");
	entry = soft_entry(3);
	REQUIRE(!trap_table_set(&entry));
	user_regs(&regs, user_soft);
	CHECK_EQ(user_run(&regs), SOFT_VECTOR);
	CHECK_EQ(regs.rip, user_address(user_soft) + 2);
	CHECK_EQ(regs.cs, FLAT_USER_CS);
}

TEST(int80_user)
{
	struct cpu_user_regs regs;
	struct trap_info entry = trap_table_entry(0x80);

	REQUIRE(!user_set_up());
	user_regs(&regs, user_int80);
	CHECK_EQ(user_run(&regs), VECTOR_GP);
	check_selector_error(0x80);
	CHECK_EQ(regs.rip, user_address(user_int80));
	entry.flags = 3;
	REQUIRE(!trap_table_set(&entry));
	user_regs(&regs, user_int80);
	regs.rax = 0x1234;
	regs.rcx = 0x5678;
	CHECK_EQ(user_run(&regs), 0x80);
	CHECK_EQ(regs.rip, user_address(user_int80) + 2);
	CHECK_EQ(regs.rax, 0x1234);
	CHECK_EQ(regs.rcx, 0x5678);
}

TEST(user_exceptions)
{
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	user_regs(&regs, user_ud2);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_EQ(regs.rip, user_address(user_ud2));
	CHECK_EQ(regs.cs, FLAT_USER_CS);
	CHECK_EQ(regs.ss, FLAT_USER_SS);
	CHECK_EQ(regs.rsp, USER_TOP);
	user_regs(&regs, user_int3);
	CHECK_EQ(user_run(&regs), VECTOR_BP);
	user_regs(&regs, user_divide);
	CHECK_EQ(user_run(&regs), VECTOR_DE);
	user_regs(&regs, user_hlt);
	CHECK_EQ(user_run(&regs), VECTOR_GP);
	CHECK_EQ(regs.error_code, 0);
}

TEST(user_page_faults)
{
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	user_regs(&regs, user_read_null);
	CHECK_EQ(user_run(&regs), VECTOR_PF);
	CHECK_EQ(regs.error_code, PF_USER);
	CHECK_EQ(last_trap()->cr2, 0x10);
	user_regs(&regs, user_write_code);
	CHECK_EQ(user_run(&regs), VECTOR_PF);
	CHECK_EQ(regs.error_code, PF_USER | PF_WRITE | PF_PRESENT);
	user_regs(&regs, user_read_kernel);
	CHECK_EQ(user_run(&regs), VECTOR_PF);
	CHECK_EQ(regs.error_code, PF_USER);
	CHECK_EQ(last_trap()->cr2, 0xffffffff80100000UL);
	user_regs(&regs, user_read_hypervisor);
	CHECK_EQ(user_run(&regs), VECTOR_PF);
	CHECK_BITS(regs.error_code, PF_USER, PF_USER);
}

TEST(trap_table_wrong)
{
	struct trap_info entry = soft_entry(3);

	CHECK_EQ(HYPERVISOR_set_trap_table((void *)0x1000), -EFAULT);
	entry.address = NON_CANONICAL;
	CHECK_EQ(trap_table_set(&entry), RECORDED(-EINVAL));
	entry.address = HYPERVISOR_VIRT_START;
	CHECK_EQ(trap_table_set(&entry), RECORDED(0));
	entry = soft_entry(3);
	entry.cs = 0;
	CHECK_EQ(trap_table_set(&entry), RECORDED(0));
	CHECK_EQ(trap_table_install(), 0);
}

/* What came before the bad entry stays installed. */
TEST(trap_table_half_wrong)
{
	struct trap_info table[3] = {trap_table_entry(VECTOR_BP),
				     soft_entry(3)};

	table[0].address = (unsigned long)trap_stubs + 0x20 * 32;
	table[1].address = NON_CANONICAL;
	CHECK_FAULT(VECTOR_BP, asm volatile("int3"));
	CHECK_EQ(HYPERVISOR_set_trap_table(table), RECORDED(-EINVAL));
	CHECK_FAULT(RECORDED(0x20), asm volatile("int3"));
	CHECK_EQ(trap_table_install(), 0);
	CHECK_FAULT(VECTOR_BP, asm volatile("int3"));
}

TEST(trap_table_none)
{
	CHECK_EQ(HYPERVISOR_set_trap_table(NULL), 0);
	CHECK_EQ(trap_table_install(), 0);
	CHECK_FAULT(VECTOR_UD, asm volatile("ud2"));
}

TEST(callbacks_right)
{
	CHECK_EQ(callback_install(CALLBACKTYPE_event, 0), 0);
	CHECK_EQ(callback_install(CALLBACKTYPE_failsafe, 0), 0);
	CHECK_EQ(callback_install(CALLBACKTYPE_failsafe, CALLBACKF_mask_events),
		 0);
	CHECK_EQ(callback_install(CALLBACKTYPE_syscall, CALLBACKF_mask_events),
		 0);
	CHECK_EQ(callback_install(CALLBACKTYPE_syscall32, 0), 0);
	CHECK_EQ(callback_install(CALLBACKTYPE_sysenter, 0), 0);
	CHECK_EQ(callback_install(CALLBACKTYPE_nmi, 0), 0);
}

static long callback_register(unsigned int type, unsigned long address)
{
	struct callback_register reg = {.type = type, .address = address};

	return HYPERVISOR_callback_op(CALLBACKOP_register, &reg);
}

TEST(callbacks_wrong)
{
	CHECK_EQ(callback_register(CALLBACKTYPE_sysenter_deprecated, VIRT_BASE),
		 RECORDED(-ENOSYS));
	CHECK_EQ(callback_register(6, VIRT_BASE), RECORDED(-ENOSYS));
	CHECK_EQ(callback_register(8, VIRT_BASE), RECORDED(-ENOSYS));
	CHECK_EQ(callback_register(0xffff, VIRT_BASE), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_callback_op(CALLBACKOP_register, (void *)0x1000),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_callback_op(2, NULL), -ENOSYS);
	CHECK_EQ(HYPERVISOR_callback_op(-1, NULL), -ENOSYS);
}

/* A refused address leaves the one that was there. */
TEST(callbacks_non_canonical)
{
	static const unsigned int types[] = {
		CALLBACKTYPE_event,    CALLBACKTYPE_failsafe,
		CALLBACKTYPE_syscall,  CALLBACKTYPE_syscall32,
		CALLBACKTYPE_sysenter, CALLBACKTYPE_nmi,
	};
	struct cpu_user_regs regs;
	unsigned int i;

	REQUIRE(!user_set_up());
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CHECK_EQ(callback_install(types[i], CALLBACKF_mask_events), 0);
		CHECK_EQ(callback_register(types[i], NON_CANONICAL),
			 RECORDED(-EINVAL));
		CHECK_EQ(callback_register(types[i], ~NON_CANONICAL),
			 RECORDED(-EINVAL));
	}
	user_regs(&regs, user_syscall);
	CHECK_EQ(user_run(&regs), ENTRY_SYSCALL);
}

static long callback_unregister(unsigned int type)
{
	struct callback_unregister unreg = {.type = type};

	return HYPERVISOR_callback_op(CALLBACKOP_unregister, &unreg);
}

TEST(callbacks_unregister)
{
	CHECK_EQ(callback_unregister(CALLBACKTYPE_event), RECORDED(-EINVAL));
	CHECK_EQ(callback_unregister(CALLBACKTYPE_failsafe), RECORDED(-EINVAL));
	CHECK_EQ(callback_unregister(CALLBACKTYPE_syscall), RECORDED(-EINVAL));
	CHECK_EQ(callback_unregister(CALLBACKTYPE_sysenter), RECORDED(-EINVAL));
	CHECK_EQ(callback_unregister(CALLBACKTYPE_syscall32),
		 RECORDED(-EINVAL));
	CHECK_EQ(callback_unregister(CALLBACKTYPE_nmi), 0);
	CHECK_EQ(callback_unregister(CALLBACKTYPE_nmi), RECORDED(0));
	CHECK_EQ(callback_unregister(6), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_callback_op(CALLBACKOP_unregister, (void *)0x1000),
		 -EFAULT);
}

TEST(callbacks_legacy)
{
	CHECK_EQ(HYPERVISOR_set_callbacks((unsigned long)event_entry,
					  (unsigned long)failsafe_entry,
					  (unsigned long)syscall_entry),
		 0);
	CHECK_EQ(HYPERVISOR_set_callbacks((unsigned long)event_entry,
					  NON_CANONICAL,
					  (unsigned long)syscall_entry),
		 RECORDED(0));
	CHECK_EQ(callback_install(CALLBACKTYPE_failsafe, CALLBACKF_mask_events),
		 0);
}

TEST(nmi_callback)
{
	struct xennmi_callback callback = {
		.handler_address = (unsigned long)nmi_entry,
	};

	CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_register_callback, &callback), 0);
	CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_unregister_callback, NULL), 0);
	CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_register_callback, (void *)0x1000),
		 -EFAULT);
	callback.handler_address = NON_CANONICAL;
	CHECK_EQ(HYPERVISOR_nmi_op(XENNMI_register_callback, &callback),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_nmi_op(2, NULL), RECORDED(-ENOSYS));
}

static bool count_nmi(struct cpu_user_regs *regs)
{
	(void)regs;
	return true;
}

TEST(nmi_to_oneself)
{
	unsigned long before = last_trap()->count;

	CHECK_EQ(callback_install(CALLBACKTYPE_nmi, 0), 0);
	trap_hook(ENTRY_NMI, count_nmi);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
	CHECK_EQ(last_trap()->count, before + 1);
	CHECK_EQ(last_trap()->vector, ENTRY_NMI);
	CHECK_EQ(last_trap()->masked, true);
	trap_hook(ENTRY_NMI, NULL);
}

/* The callback is the trap table's entry of vector 2: that is Linux's way. */
TEST(nmi_by_trap_table)
{
	struct trap_info entry = trap_table_entry(2);
	unsigned long before = last_trap()->count;

	entry.address = (unsigned long)nmi_entry;
	CHECK_EQ(callback_unregister(CALLBACKTYPE_nmi), 0);
	trap_hook(ENTRY_NMI, count_nmi);
	CHECK_EQ(trap_table_set(&entry), 0);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
	CHECK_EQ(last_trap()->count, before + 1);
	CHECK_EQ(last_trap()->vector, ENTRY_NMI);
	CHECK_EQ(last_trap()->masked, true);
	CHECK_EQ(callback_unregister(CALLBACKTYPE_nmi), 0);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_send_nmi, 0, NULL), 0);
	CHECK_EQ(last_trap()->count, before + 1);
	CHECK_EQ(trap_table_set(&entry), 0);
	CHECK_EQ(last_trap()->count, before + 1);
	trap_hook(ENTRY_NMI, NULL);
}

CRASH_TEST(no_handler)
{
	HYPERVISOR_set_trap_table(NULL);
	asm volatile("ud2");
}

CRASH_TEST(no_kernel_stack)
{
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	HYPERVISOR_stack_switch(FLAT_KERNEL_SS, 0x2000);
	user_regs(&regs, user_ud2);
	iret_to(&regs);
}

CRASH_TEST(kernel_stack_read_only)
{
	asm volatile("mov %0, %%rsp; ud2" ::"r"(start_info->pt_base + 2048));
}
