/* SPDX-License-Identifier: MIT */
/*
 * test_context.c - VCPUOP_initialise's context: each bad field refused with
 * nothing held, every preemption gone on from
 *
 * Frames and roots are only counted here: what is taken must be given back.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/percpu.h>
#include "../../hypervisor/pv/private.h"

#define KERNEL_MFN	0x300UL
#define USER_MFN	0x400UL
#define CODE		0xffffffff81000000UL
#define NON_CANONICAL	0x0000800000000000UL

static struct vcpu_info info;
static struct pv_vcpu pv;
static struct domain dom;
static struct vcpu vcpu = { .domain = &dom, .pv = &pv, .info = &info };
static struct vcpu_guest_context *ctx;

/* ---- the layers below: counts of what is held ---- */

static unsigned int gdts_held, gdt_calls, fpu_imports;
static int gdt_rc, kernel_rc, user_rc;

int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
	gdt_calls++;
	if (gdt_rc)
		return gdt_rc;
	assert_int_equal(frames[0], 0x500);
	gdts_held = 1;
	v->pv->gdt_entries = entries;
	return 0;
}

void pv_destroy_gdt(struct vcpu *v)
{
	gdts_held = 0;
}

static struct vcpu caller;

/* What the roots' tables leave half done; told of when an attempt has ended. */
static unsigned int nr_given_up;

void pv_give_up_stopped(struct vcpu *v)
{
	assert_true(v->has_stopped);
	v->has_stopped = false;
	nr_given_up++;
}

int pv_set_root(struct vcpu *v, mfn_t root, bool user)
{
	int rc = user ? user_rc : kernel_rc;
	mfn_t *slot = user ? &v->pv->user_root : &v->pv->kernel_root;

	if (user && !mfn_x(root))
		root = INVALID_MFN;
	else if (mfn_x(root) != (user ? USER_MFN : KERNEL_MFN))
		rc = -EINVAL;
	if (!rc)
		*slot = root;
	return rc;
}

int pv_drop_roots(struct vcpu *v)
{
	v->pv->kernel_root = v->pv->user_root = INVALID_MFN;
	return 0;
}

void fpu_export_legacy(const struct fpu *f, void *fxsave)
{
	memset(fxsave, 0x5f, 512);
}

void fpu_import_legacy(struct fpu *f, const void *fxsave)
{
	fpu_imports++;
}

static bool nothing_is_held(void)
{
	return !gdts_held && mfn_eq(pv.kernel_root, INVALID_MFN) &&
	       mfn_eq(pv.user_root, INVALID_MFN) && !vcpu.initialised;
}

static int setup(void **state)
{
	memset(&pv, 0, sizeof(pv));
	pv.kernel_root = pv.user_root = INVALID_MFN;
	pv.dr[7] = X86_DR7_DEFAULT;
	vcpu.initialised = false;
	gdts_held = gdt_calls = fpu_imports = 0;
	gdt_rc = kernel_rc = user_rc = 0;
	ctx = calloc(1, sizeof(*ctx));
	ctx->flags = VGCF_in_kernel | VGCF_syscall_disables_events;
	ctx->user_regs.rip = CODE;
	ctx->user_regs.rsp = 0xffff880000010000UL;
	ctx->user_regs.cs = FLAT_KERNEL_CS;
	ctx->user_regs.ss = FLAT_KERNEL_SS;
	ctx->gdt_frames[0] = 0x500;
	ctx->gdt_ents = 512;
	ctx->ctrlreg[3] = xen_pfn_to_cr3(KERNEL_MFN);
	ctx->event_callback_eip = CODE + 1;
	ctx->failsafe_callback_eip = CODE + 2;
	ctx->syscall_callback_eip = CODE + 3;
	ctx->debugreg[7] = X86_DR7_DEFAULT;
	ctx->kernel_sp = 0xffff880000020000UL;
	get_cpu_info()->current_vcpu = &caller;
	caller.has_stopped = false;
	nr_given_up = 0;
	return 0;
}

static int teardown(void **state)
{
	free(ctx);
	return 0;
}

static void accepted(void)
{
	assert_int_equal(pv_set_context(&vcpu, ctx), 0);
	assert_true(vcpu.initialised);
	assert_int_equal(pv.set_context_stage, 0);
}

static void refused(void)
{
	assert_int_equal(pv_set_context(&vcpu, ctx), -EINVAL);
	assert_true(nothing_is_held());
	assert_int_equal(pv.set_context_stage, 0);
}

static void a_context_is_taken_over(void **state)
{
	ctx->user_regs.rdi = 0x1234;
	ctx->fs_base = 0x1000;
	ctx->gs_base_kernel = 0xffff880000000000UL;
	ctx->gs_base_user = 0x2000;
	ctx->ldt_base = 0x7000;
	ctx->ldt_ents = 8192;
	ctx->trap_ctxt[14].address = CODE + 14;
	accepted();
	assert_int_equal(vcpu.regs.rip, CODE);
	assert_int_equal(vcpu.regs.rdi, 0x1234);
	assert_int_equal(pv.seg_base[PV_FS_BASE], 0x1000);
	assert_int_equal(pv.seg_base[PV_GS_KERNEL], 0xffff880000000000UL);
	assert_int_equal(pv.seg_base[PV_GS_USER], 0x2000);
	assert_int_equal(pv.ldt_base, 0x7000);
	assert_int_equal(pv.ldt_entries, 8192);
	assert_int_equal(pv.traps[14].address, CODE + 14);
	assert_int_equal(pv.callbacks[CALLBACKTYPE_event].rip, CODE + 1);
	assert_true(pv.callbacks[CALLBACKTYPE_event].mask_events);
	assert_int_equal(pv.callbacks[CALLBACKTYPE_failsafe].rip, CODE + 2);
	assert_false(pv.callbacks[CALLBACKTYPE_failsafe].mask_events);
	assert_int_equal(pv.callbacks[CALLBACKTYPE_syscall].rip, CODE + 3);
	assert_true(pv.callbacks[CALLBACKTYPE_syscall].mask_events);
	assert_int_equal(pv.kernel_rsp, 0xffff880000020000UL);
	assert_int_equal(mfn_x(pv.kernel_root), KERNEL_MFN);
	assert_true(pv.kernel_mode);
	assert_int_equal(fpu_imports, 0);
}

/* Ring 3 with interrupts, whatever the guest asks for. */
static void privilege_is_not_the_guests_to_choose(void **state)
{
	ctx->user_regs.cs = 0xe008;
	ctx->user_regs.ss = 0;
	ctx->user_regs.rflags = X86_EFLAGS_IOPL | X86_EFLAGS_VM |
				X86_EFLAGS_VIF | X86_EFLAGS_VIP |
				X86_EFLAGS_CF;
	accepted();
	assert_int_equal(vcpu.regs.cs & 3, 3);
	assert_int_equal(vcpu.regs.ss & 3, 3);
	assert_int_equal(vcpu.regs.rflags, X86_EFLAGS_IF | X86_EFLAGS_MBS |
						   X86_EFLAGS_CF);
}

static void addresses_must_be_canonical(void **state)
{
	unsigned long *const fields[] = {
		&ctx->event_callback_eip, &ctx->syscall_callback_eip,
		&ctx->failsafe_callback_eip, &ctx->ldt_base,
	};
	uint64_t *const bases[] = {
		&ctx->user_regs.rip, &ctx->fs_base, &ctx->gs_base_kernel,
		&ctx->gs_base_user,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		unsigned long before = *fields[i];

		*fields[i] = NON_CANONICAL;
		refused();
		*fields[i] = before;
	}
	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		uint64_t before = *bases[i];

		*bases[i] = NON_CANONICAL;
		refused();
		*bases[i] = before;
	}
	ctx->trap_ctxt[255].address = NON_CANONICAL;
	refused();
	ctx->trap_ctxt[255].address = 0;
	accepted();
}

static void counts_must_be_in_range(void **state)
{
	ctx->gdt_ents = GDT_GUEST_FRAMES * 512 + 1;
	refused();
	ctx->gdt_ents = ~0UL;
	refused();
	ctx->gdt_ents = 1UL << 32;
	refused();
	ctx->gdt_ents = 512;
	ctx->ldt_ents = 8193;
	refused();
	ctx->ldt_ents = 1UL << 32;
	refused();
	ctx->ldt_ents = 0;
	ctx->ldt_base = 0x7001;
	refused();
	assert_int_equal(gdt_calls, 0);
}

static void breakpoints_must_be_the_guests(void **state)
{
	ctx->debugreg[0] = HYPERVISOR_VIRT_START;
	refused();
	ctx->debugreg[0] = 0;
	ctx->debugreg[7] = 0x2000;
	refused();
}

static void frames_and_roots_that_are_refused(void **state)
{
	gdt_rc = -EINVAL;
	refused();
	gdt_rc = 0;
	ctx->ctrlreg[3] = xen_pfn_to_cr3(KERNEL_MFN + 1);
	refused();
	ctx->ctrlreg[3] = 0;
	refused();
	ctx->ctrlreg[3] = xen_pfn_to_cr3(KERNEL_MFN);
	ctx->ctrlreg[1] = xen_pfn_to_cr3(USER_MFN + 1);
	refused();
	ctx->ctrlreg[1] = xen_pfn_to_cr3(USER_MFN);
	accepted();
	assert_int_equal(mfn_x(pv.user_root), USER_MFN);
}

/* Else no root at all would be loaded when it runs. */
static void user_mode_needs_a_user_root(void **state)
{
	ctx->flags &= ~(unsigned long)VGCF_in_kernel;
	refused();
	ctx->ctrlreg[1] = 1;	/* not zero, but frame 0: none */
	refused();
	ctx->ctrlreg[1] = xen_pfn_to_cr3(USER_MFN);
	accepted();
	assert_false(pv.kernel_mode);
}

static void preempted(int rc)
{
	assert_int_equal(pv_set_context(&vcpu, ctx), rc);
	assert_false(vcpu.initialised);
}

/* The call is made again: what is done is not done twice. */
static void a_preempted_context_goes_on(void **state)
{
	ctx->ctrlreg[1] = xen_pfn_to_cr3(USER_MFN);
	kernel_rc = -EINTR;
	preempted(-ERESTART);
	kernel_rc = -ERESTART;
	preempted(-ERESTART);
	assert_int_equal(gdt_calls, 1);
	kernel_rc = 0;
	user_rc = -ERESTART;
	preempted(-ERESTART);
	assert_int_equal(mfn_x(pv.kernel_root), KERNEL_MFN);
	/* Only the user's root is left to be made. */
	kernel_rc = -EINVAL;
	user_rc = 0;
	accepted();
	assert_int_equal(gdt_calls, 1);
	assert_int_equal(mfn_x(pv.user_root), USER_MFN);
}

static void a_preempted_context_may_still_fail(void **state)
{
	ctx->ctrlreg[1] = xen_pfn_to_cr3(USER_MFN);
	user_rc = -EINTR;
	caller.has_stopped = true;
	preempted(-ERESTART);
	assert_int_equal(nr_given_up, 0);
	user_rc = -EINVAL;
	refused();
	assert_int_equal(nr_given_up, 1);
	user_rc = 0;
	accepted();
	assert_int_equal(gdt_calls, 2);
}

static void the_fpu_state_is_taken_if_said_to_be_valid(void **state)
{
	ctx->flags |= VGCF_i387_valid;
	accepted();
	assert_int_equal(fpu_imports, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_context_is_taken_over),
		TEST(privilege_is_not_the_guests_to_choose),
		TEST(addresses_must_be_canonical),
		TEST(counts_must_be_in_range),
		TEST(breakpoints_must_be_the_guests),
		TEST(frames_and_roots_that_are_refused),
		TEST(user_mode_needs_a_user_root),
		TEST(a_preempted_context_goes_on),
		TEST(a_preempted_context_may_still_fail),
		TEST(the_fpu_state_is_taken_if_said_to_be_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
