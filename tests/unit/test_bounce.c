/* SPDX-License-Identifier: MIT */
/*
 * test_bounce.c - frames on a guest kernel's stack, word by word
 *
 * The frames are those of <xen/arch-x86/xen.h> and <xen/callback.h>; what
 * Linux pops from them is checked here.
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/cpu.h>
#include <lodge/percpu.h>
#include "../../hypervisor/pv/private.h"

#define STACK_WORDS	32
#define KERNEL_STACK	((unsigned long)(stack + STACK_WORDS))
#define UNTOUCHED	0xeeeeeeeeeeeeeeeeUL
#define HANDLER		0xffffffff81000100UL
#define ALL_FLAGS	(X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT |      \
			 X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_CF |      \
			 X86_EFLAGS_IF | X86_EFLAGS_MBS)

static struct vcpu_info info;
static struct pv_vcpu pv;
static struct domain dom;
static struct vcpu vcpu = { .domain = &dom, .pv = &pv, .info = &info };

/* The guest's stack: its top is KERNEL_STACK. */
static uint64_t stack[STACK_WORDS] __aligned(16);
static unsigned int nr_crashes, nr_toggles;

static uint64_t word(unsigned long at)
{
	unsigned long first = KERNEL_STACK - sizeof(stack);

	assert_true(at >= first && at < KERNEL_STACK && at % 8 == 0);
	return stack[(at - first) / 8];
}

/* ---- the layers below ---- */

static bool is_stack_untouched(void)
{
	unsigned int i;

	for (i = 0; i < STACK_WORDS; i++)
		if (stack[i] != UNTOUCHED)
			return false;
	return true;
}

/* Only by the kernel's root is the kernel's stack there. */
void pv_enter_kernel_mode(struct vcpu *v)
{
	assert_false(v->pv->kernel_mode);
	assert_true(is_stack_untouched());
	v->pv->kernel_mode = true;
	nr_toggles++;
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	nr_crashes++;
}

/* A guest in user mode; with registers that can be told apart. */
static int setup(void **state)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();

	memset(&pv, 0, sizeof(pv));
	memset(&info, 0, sizeof(info));
	memset(stack, 0xee, sizeof(stack));
	dom.vm_assist = 0;
	nr_crashes = nr_toggles = 0;
	pv.kernel_rsp = KERNEL_STACK;
	*regs = (struct cpu_user_regs){
		.rax = 0xa, .rcx = 0xc, .r11 = 0x11, .rip = 0x401000,
		.rsp = 0x7ff000, .rflags = ALL_FLAGS, .cs = FLAT_USER_CS,
		.ss = FLAT_USER_SS, .ds = 0xd5, .es = 0xe5, .fs = 0xf5,
		.gs = 0x65,
	};
	get_cpu_info()->current_vcpu = &vcpu;
	return 0;
}

static int setup_kernel(void **state)
{
	setup(state);
	pv.kernel_mode = true;
	guest_cpu_user_regs()->rsp = KERNEL_STACK - 24;
	return 0;
}

static struct pv_callback to_handler(bool mask)
{
	return (struct pv_callback){ HANDLER, mask };
}

/* rip, cs with the mask, rflags, rsp, ss, beginning at @at. */
static void check_iret_frame(unsigned long at, uint64_t cs, uint64_t rflags,
			     uint64_t rsp)
{
	assert_int_equal(word(at), 0x401000);
	assert_int_equal(word(at + 8), cs);
	assert_int_equal(word(at + 16), rflags);
	assert_int_equal(word(at + 24), rsp);
	assert_int_equal(word(at + 32), FLAT_USER_SS);
}

static void check_entered(void)
{
	const struct cpu_user_regs *regs = guest_cpu_user_regs();

	assert_true(pv.kernel_mode);
	assert_int_equal(regs->rip, HANDLER);
	assert_int_equal(regs->cs, FLAT_KERNEL_CS);
	assert_int_equal(regs->ss, FLAT_KERNEL_SS);
	assert_int_equal(regs->rax, 0xa);
	assert_int_equal(nr_crashes, 0);
}

static void from_user_mode(void **state)
{
	struct pv_callback cb = to_handler(false);
	unsigned long sp = KERNEL_STACK - 7 * 8;

	pv_bounce(&vcpu, &cb);
	check_entered();
	assert_int_equal(nr_toggles, 1);
	assert_int_equal(guest_cpu_user_regs()->rsp, sp);
	assert_int_equal(word(sp), 0xc);
	assert_int_equal(word(sp + 8), 0x11);
	check_iret_frame(sp + 16, FLAT_USER_CS, ALL_FLAGS, 0x7ff000);
}

static void an_error_code_comes_between(void **state)
{
	unsigned long sp = KERNEL_STACK - 8 * 8;

	pv.traps[X86_EXC_GP].address = HANDLER;
	pv_inject_trap(&vcpu, X86_EXC_GP, 0xfffffffe);
	check_entered();
	assert_int_equal(guest_cpu_user_regs()->rsp, sp);
	assert_int_equal(word(sp + 8), 0x11);
	assert_int_equal(word(sp + 16), 0xfffffffeU);
	check_iret_frame(sp + 24, FLAT_USER_CS, ALL_FLAGS, 0x7ff000);
}

/* Below what is in use, on a 16-byte boundary; cs says level 0. */
static void from_kernel_mode(void **state)
{
	struct pv_callback cb = to_handler(false);
	unsigned long sp = KERNEL_STACK - 32 - 7 * 8;

	pv_bounce(&vcpu, &cb);
	check_entered();
	assert_int_equal(nr_toggles, 0);
	assert_int_equal(guest_cpu_user_regs()->rsp, sp);
	check_iret_frame(sp + 16, FLAT_USER_CS & ~3U, ALL_FLAGS,
			 KERNEL_STACK - 24);
	assert_int_equal(word(KERNEL_STACK - 24), UNTOUCHED);
}

/* The red zone is the kernel's own affair; kernel_rsp may be odd. */
static void the_frame_is_aligned(void **state)
{
	struct pv_callback cb = to_handler(false);

	pv.kernel_rsp = KERNEL_STACK - 5;
	pv_bounce(&vcpu, &cb);
	assert_int_equal(guest_cpu_user_regs()->rsp,
			 KERNEL_STACK - 16 - 7 * 8);
}

/* What the handler starts with: no trap, no alignment check, counting up. */
static void flags_are_tidied(void **state)
{
	struct pv_callback cb = to_handler(false);

	pv_bounce(&vcpu, &cb);
	assert_int_equal(guest_cpu_user_regs()->rflags,
			 X86_EFLAGS_CF | X86_EFLAGS_IF | X86_EFLAGS_MBS);
}

static void events_are_masked_if_so_registered(void **state)
{
	struct pv_callback cb = to_handler(true);

	pv_bounce(&vcpu, &cb);
	assert_int_equal(info.evtchn_upcall_mask, 1);
	/* The frame tells of the time before. */
	check_iret_frame(KERNEL_STACK - 40, FLAT_USER_CS, ALL_FLAGS, 0x7ff000);
}

static void events_stay_as_they_are_otherwise(void **state)
{
	struct pv_callback cb = to_handler(false);

	info.evtchn_upcall_mask = 1;
	pv_bounce(&vcpu, &cb);
	assert_int_equal(info.evtchn_upcall_mask, 1);
	check_iret_frame(KERNEL_STACK - 40, FLAT_USER_CS | 1UL << 32,
			 ALL_FLAGS & ~(uint64_t)X86_EFLAGS_IF, 0x7ff000);
}

/* IOPL as the guest set it, with its assent; never the processor's. */
static void the_frame_shows_the_guests_iopl(void **state)
{
	struct pv_callback cb = to_handler(false);
	uint64_t iopl1 = 1UL << 12;

	pv.iopl = 1;
	pv_bounce(&vcpu, &cb);
	assert_int_equal(word(KERNEL_STACK - 24) & X86_EFLAGS_IOPL, 0);
	setup(state);
	pv.iopl = 1;
	dom.vm_assist = BIT(VMASST_TYPE_architectural_iopl);
	guest_cpu_user_regs()->rflags |= X86_EFLAGS_IOPL;
	pv_bounce(&vcpu, &cb);
	assert_int_equal(word(KERNEL_STACK - 24) & X86_EFLAGS_IOPL, iopl1);
}

static void a_guest_without_a_handler_is_crashed(void **state)
{
	struct pv_callback none = { 0, false };

	pv_bounce(&vcpu, &none);
	assert_int_equal(nr_crashes, 1);
	pv_inject_trap(&vcpu, X86_EXC_GP, 0);
	assert_int_equal(nr_crashes, 2);
	pv_failsafe(&vcpu);
	assert_int_equal(nr_crashes, 3);
	assert_int_equal(guest_cpu_user_regs()->rip, 0x401000);
	assert_int_equal(nr_toggles, 0);
}

/* Refused before anything is written: ours, not canonical, around the end. */
static void a_guest_without_a_stack_is_crashed(void **state)
{
	static const unsigned long tops[] = {
		HYPERVISOR_VIRT_START + 16, HYPERVISOR_VIRT_END - 4096,
		HYPERVISOR_VIRT_END, HYPERVISOR_VIRT_END + 6 * 8,
		(1UL << 47) + 16, 1UL << 62, 48, 0,
	};
	struct pv_callback cb = to_handler(true);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tops); i++) {
		setup(state);
		pv.kernel_rsp = tops[i];
		pv_bounce(&vcpu, &cb);
		assert_int_equal(nr_crashes, 1);
		assert_int_equal(guest_cpu_user_regs()->rip, 0x401000);
		assert_int_equal(info.evtchn_upcall_mask, 0);
	}
}

static void the_failsafe_frame_has_the_selectors(void **state)
{
	unsigned long sp = KERNEL_STACK - 11 * 8;

	pv.callbacks[CALLBACKTYPE_failsafe] = to_handler(true);
	pv_failsafe(&vcpu);
	check_entered();
	assert_int_equal(guest_cpu_user_regs()->rsp, sp);
	assert_int_equal(word(sp), 0xc);
	assert_int_equal(word(sp + 8), 0x11);
	assert_int_equal(word(sp + 16), 0xd5);
	assert_int_equal(word(sp + 24), 0xe5);
	assert_int_equal(word(sp + 32), 0xf5);
	assert_int_equal(word(sp + 40), 0x65);
	check_iret_frame(sp + 48, FLAT_USER_CS, ALL_FLAGS, 0x7ff000);
	assert_int_equal(info.evtchn_upcall_mask, 1);
}

/* Intel SDM 3A, 6.13. */
static bool has_error_code(unsigned int vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 ||
	       vector == 21 || vector == 29 || vector == 30;
}

static void error_codes_where_the_processor_has_them(void **state)
{
	unsigned int vector, words;

	for (vector = 0; vector < 256; vector++) {
		setup(state);
		pv.traps[vector].address = HANDLER;
		pv_inject_trap(&vcpu, vector, 0x1234);
		words = has_error_code(vector) ? 8 : 7;
		assert_int_equal(guest_cpu_user_regs()->rsp,
				 KERNEL_STACK - words * 8);
		check_entered();
	}
}

static void a_gate_says_whether_it_masks(void **state)
{
	pv.traps[3] = (struct trap_info){ .address = HANDLER, .flags = 3 };
	pv_inject_trap(&vcpu, 3, 0);
	assert_int_equal(info.evtchn_upcall_mask, 0);
	setup(state);
	pv.traps[3] = (struct trap_info){ .address = HANDLER, .flags = 3 | 4 };
	pv_inject_trap(&vcpu, 3, 0);
	assert_int_equal(info.evtchn_upcall_mask, 1);
}

static void a_page_fault_of_the_user(void **state)
{
	pv.traps[X86_EXC_PF].address = HANDLER;
	pv_inject_page_fault(&vcpu, 0x123456, PFEC_WRITE);
	check_entered();
	assert_int_equal(info.arch.cr2, 0x123456);
	assert_int_equal(pv.cr2, 0x123456);
	assert_int_equal(word(KERNEL_STACK - 6 * 8), PFEC_WRITE | PFEC_USER);
}

static void a_page_fault_of_the_kernel(void **state)
{
	pv.traps[X86_EXC_PF].address = HANDLER;
	pv_inject_page_fault(&vcpu, 0x123456, PFEC_PRESENT | PFEC_USER);
	check_entered();
	assert_int_equal(word(KERNEL_STACK - 32 - 6 * 8), PFEC_PRESENT);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(from_user_mode),
		TEST(an_error_code_comes_between),
		cmocka_unit_test_setup(from_kernel_mode, setup_kernel),
		TEST(the_frame_is_aligned),
		TEST(flags_are_tidied),
		TEST(events_are_masked_if_so_registered),
		TEST(events_stay_as_they_are_otherwise),
		TEST(the_frame_shows_the_guests_iopl),
		TEST(a_guest_without_a_handler_is_crashed),
		TEST(a_guest_without_a_stack_is_crashed),
		TEST(the_failsafe_frame_has_the_selectors),
		TEST(error_codes_where_the_processor_has_them),
		TEST(a_gate_says_whether_it_masks),
		TEST(a_page_fault_of_the_user),
		cmocka_unit_test_setup(a_page_fault_of_the_kernel,
				       setup_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
