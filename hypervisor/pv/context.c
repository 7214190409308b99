/* SPDX-License-Identifier: MIT */
/*
 * context.c - a vCPU's whole context at once: VCPUOP_initialise, toolstack
 *
 * <xen/arch-x86/xen.h>, struct vcpu_guest_context. What can fail comes first;
 * promoting the roots may be preempted, and the call is then made again with
 * the same context: the steps that are done are remembered.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/asm-offsets.h>
#include <lodge/control.h>

/* set_context_stage */
enum { STAGE_NONE, STAGE_GDT, STAGE_KERNEL_ROOT };

static bool context_ok(const struct vcpu_guest_context *c)
{
	unsigned int i;

	if (!is_canonical(c->user_regs.rip) ||
	    !is_canonical(c->event_callback_eip) ||
	    !is_canonical(c->syscall_callback_eip) ||
	    !is_canonical(c->failsafe_callback_eip) ||
	    !is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
	    !is_canonical(c->gs_base_user) || !is_canonical(c->ldt_base))
		return false;
	if (c->ldt_base & ~PAGE_MASK || c->ldt_ents > 8192)
		return false;
	for (i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!is_canonical(c->trap_ctxt[i].address))
			return false;
	return true;
}

static int take_gdt(struct vcpu *v, const struct vcpu_guest_context *c)
{
	uint64_t frames[GDT_GUEST_FRAMES];
	unsigned int i;

	if (c->gdt_ents > GDT_GUEST_FRAMES * 512)
		return -EINVAL;
	for (i = 0; i < GDT_GUEST_FRAMES; i++)
		frames[i] = c->gdt_frames[i];
	return pv_set_gdt(v, frames, (unsigned int)c->gdt_ents);
}

/* The roots: cr3, and in ctrlreg[1] a user root, if it is not zero. */
static int take_roots(struct vcpu *v, const struct vcpu_guest_context *c)
{
	unsigned long user = c->ctrlreg[1];
	int rc = 0;

	if (v->pv->set_context_stage == STAGE_GDT) {
		rc = pv_set_root(v, MFN(xen_cr3_to_pfn(c->ctrlreg[3])), false);
		if (rc)
			return rc;
		v->pv->set_context_stage = STAGE_KERNEL_ROOT;
	}
	if (user)
		rc = pv_set_root(v, MFN(xen_cr3_to_pfn(user)), true);
	/* No processor may be sent to user mode without tables for it. */
	if (!rc && !(c->flags & VGCF_in_kernel) &&
	    mfn_eq(v->pv->user_root, INVALID_MFN))
		rc = -EINVAL;
	return rc;
}

static void take_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct cpu_user_regs *r = &v->regs;

	*r = c->user_regs;
	r->cs |= 3;
	r->ss |= 3;
	r->entry_vector = ENTRY_SYSCALL;
	/* So a kernel asks for ports on a vCPU other than its first. */
	v->pv->iopl = (r->rflags & X86_EFLAGS_IOPL) >> 12;
	r->rflags &= ~(uint64_t)(X86_EFLAGS_IOPL | X86_EFLAGS_VM |
				 X86_EFLAGS_VIF | X86_EFLAGS_VIP);
	r->rflags |= X86_EFLAGS_IF | X86_EFLAGS_MBS;
	v->pv->seg_base[PV_FS_BASE] = c->fs_base;
	v->pv->seg_base[PV_GS_KERNEL] = c->gs_base_kernel;
	v->pv->seg_base[PV_GS_USER] = c->gs_base_user;
	v->pv->kernel_mode = c->flags & VGCF_in_kernel;
	if (c->flags & VGCF_i387_valid)
		fpu_import_legacy(v->fpu, &c->fpu_ctxt);
}

static void take_callbacks(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct pv_callback *cb = v->pv->callbacks;
	unsigned int i;

	memcpy(v->pv->traps, c->trap_ctxt, sizeof(v->pv->traps));
	for (i = 0; i < ARRAY_SIZE(v->pv->traps); i++)
		v->pv->traps[i].cs = FLAT_KERNEL_CS;
	cb[CALLBACKTYPE_event] =
		(struct pv_callback){ c->event_callback_eip, true };
	cb[CALLBACKTYPE_failsafe] = (struct pv_callback){
		c->failsafe_callback_eip,
		c->flags & VGCF_failsafe_disables_events
	};
	cb[CALLBACKTYPE_syscall] = (struct pv_callback){
		c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events
	};
	v->pv->kernel_ss = (uint16_t)c->kernel_ss | 3;
	v->pv->kernel_rsp = c->kernel_sp;
}

static int take_debugregs(struct vcpu *v, const struct vcpu_guest_context *c)
{
	unsigned int i;
	int rc;

	for (i = 0; i < 8; i++) {
		if (i == 4 || i == 5)
			continue;
		rc = pv_set_debugreg(v, i, c->debugreg[i]);
		if (rc)
			return -EINVAL;
	}
	return 0;
}

static void undo(struct vcpu *v)
{
	pv_drop_roots(v);
	pv_destroy_gdt(v);
	v->pv->set_context_stage = STAGE_NONE;
}

/* A vCPU that has a context keeps its tables: all else may be another. */
static bool tables_stay(const struct vcpu *v,
			const struct vcpu_guest_context *c)
{
	const struct pv_vcpu *pv = v->pv;
	mfn_t user = INVALID_MFN;
	unsigned int i;

	if (c->ctrlreg[1])
		user = MFN(xen_cr3_to_pfn(c->ctrlreg[1]));
	if (xen_cr3_to_pfn(c->ctrlreg[3]) != mfn_x(pv->kernel_root) ||
	    !mfn_eq(user, pv->user_root) || c->gdt_ents != pv->gdt_entries ||
	    c->ldt_base != pv->ldt_base || c->ldt_ents != pv->ldt_entries)
		return false;
	for (i = 0; i < DIV_ROUND_UP(pv->gdt_entries, 512); i++)
		if (c->gdt_frames[i] != mfn_x(pv->gdt_frames[i]))
			return false;
	return (c->flags & VGCF_in_kernel) || c->ctrlreg[1];
}

/**
 * pv_set_context() - give a vCPU its first context, or other registers
 * @v:   does not run
 * @ctx: private copy
 *
 * Context: the domain's lock held.
 * Return: 0, and @v->initialised is set; -EINVAL: an address, selector, frame
 *         or register that cannot be, nothing is held; or @v has a context
 *         with other tables; -ERESTART: call again.
 */
int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *ctx)
{
	int rc = 0;

	if (!context_ok(ctx) || (v->initialised && !tables_stay(v, ctx)) ||
	    take_debugregs(v, ctx))
		return -EINVAL;
	if (v->initialised) {
		take_registers(v, ctx);
		take_callbacks(v, ctx);
		return 0;
	}
	if (v->pv->set_context_stage == STAGE_NONE) {
		rc = take_gdt(v, ctx);
		if (rc)
			return rc;
		v->pv->set_context_stage = STAGE_GDT;
	}
	rc = pv_operation_ended(current, take_roots(v, ctx));
	if (rc == -ERESTART)
		return rc;
	if (rc) {
		undo(v);
		return -EINVAL;
	}
	v->pv->set_context_stage = STAGE_NONE;
	take_registers(v, ctx);
	take_callbacks(v, ctx);
	v->pv->ldt_base = ctx->ldt_base;
	v->pv->ldt_entries = (unsigned int)ctx->ldt_ents;
	v->initialised = true;
	return 0;
}

static void give_registers(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct pv_vcpu *pv = v->pv;
	unsigned int i;

	c->user_regs = v->regs;
	c->user_regs.entry_vector = 0;
	c->user_regs.error_code = 0;
	c->user_regs.rflags |= (uint64_t)pv->iopl << 12;
	c->fs_base = pv->seg_base[PV_FS_BASE];
	c->gs_base_kernel = pv->seg_base[PV_GS_KERNEL];
	c->gs_base_user = pv->seg_base[PV_GS_USER];
	c->kernel_ss = pv->kernel_ss;
	c->kernel_sp = pv->kernel_rsp;
	c->ctrlreg[0] = pv->cr0;
	c->ctrlreg[2] = pv->cr2;
	c->ctrlreg[4] = pv->cr4;
	for (i = 0; i < 8; i++)
		if (i != 4 && i != 5)
			c->debugreg[i] = pv->dr[i];
	fpu_export_legacy(v->fpu, &c->fpu_ctxt);
}

static void give_tables(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct pv_vcpu *pv = v->pv;
	unsigned int i;

	c->ctrlreg[3] = xen_pfn_to_cr3(mfn_x(pv->kernel_root));
	if (!mfn_eq(pv->user_root, INVALID_MFN))
		c->ctrlreg[1] = xen_pfn_to_cr3(mfn_x(pv->user_root));
	c->gdt_ents = pv->gdt_entries;
	for (i = 0; i < DIV_ROUND_UP(pv->gdt_entries, 512); i++)
		c->gdt_frames[i] = mfn_x(pv->gdt_frames[i]);
	c->ldt_base = pv->ldt_base;
	c->ldt_ents = pv->ldt_entries;
}

static void give_callbacks(const struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct pv_callback *cb = v->pv->callbacks;

	memcpy(c->trap_ctxt, v->pv->traps, sizeof(c->trap_ctxt));
	c->event_callback_eip = cb[CALLBACKTYPE_event].rip;
	c->failsafe_callback_eip = cb[CALLBACKTYPE_failsafe].rip;
	c->syscall_callback_eip = cb[CALLBACKTYPE_syscall].rip;
	c->vm_assist = v->domain->vm_assist;
	if (cb[CALLBACKTYPE_failsafe].mask_events)
		c->flags |= VGCF_failsafe_disables_events;
	if (cb[CALLBACKTYPE_syscall].mask_events)
		c->flags |= VGCF_syscall_disables_events;
}

/**
 * pv_get_context() - a vCPU's context, as pv_set_context() takes it
 * @v:   has a context, and does not run; its state is in memory
 * @ctx: all zero; written
 */
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *ctx)
{
	give_registers(v, ctx);
	give_tables(v, ctx);
	give_callbacks(v, ctx);
	ctx->flags |= VGCF_i387_valid;
	if (v->pv->kernel_mode)
		ctx->flags |= VGCF_in_kernel;
	if (!test_bit(VPF_DOWN, &v->pause_flags))
		ctx->flags |= VGCF_online;
}

/**
 * pv_set_ext_context() - callbacks for what 32-bit programs call
 * @v:   does not run
 * @ext: private copy
 *
 * Return: 0; -EINVAL: an address that is not canonical, or machine-check banks,
 *         of which there are none.
 */
int pv_set_ext_context(struct vcpu *v,
		       const struct xen_domctl_ext_vcpucontext *ext)
{
	struct pv_callback *cb = v->pv->callbacks;

	if (!is_canonical(ext->syscall32_callback_eip) ||
	    !is_canonical(ext->sysenter_callback_eip) || ext->mcg_cap)
		return -EINVAL;
	cb[CALLBACKTYPE_syscall32] = (struct pv_callback){
		ext->syscall32_callback_eip, ext->syscall32_disables_events
	};
	cb[CALLBACKTYPE_sysenter] = (struct pv_callback){
		ext->sysenter_callback_eip, ext->sysenter_disables_events
	};
	return 0;
}

/**
 * pv_get_ext_context() - the same the other way
 * @v:   does not run
 * @ext: all but its vcpu is zero; written
 */
void pv_get_ext_context(const struct vcpu *v,
			struct xen_domctl_ext_vcpucontext *ext)
{
	const struct pv_callback *cb = v->pv->callbacks;

	ext->syscall32_callback_eip = cb[CALLBACKTYPE_syscall32].rip;
	ext->syscall32_disables_events = cb[CALLBACKTYPE_syscall32].mask_events;
	ext->sysenter_callback_eip = cb[CALLBACKTYPE_sysenter].rip;
	ext->sysenter_disables_events = cb[CALLBACKTYPE_sysenter].mask_events;
}
