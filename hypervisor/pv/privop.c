/* SPDX-License-Identifier: MIT */
/*
 * privop.c - privileged instructions of a PV guest
 *
 * Its kernel runs in ring 3, so that they raise #GP; we do what a kernel at
 * level 0 would get, on the guest's own registers. Its user mode gets ports
 * only (if IOPL or the bitmap say so). What is not handled here stays a #GP.
 */
#include "privop.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

/* CR4 bits that a guest may change in its own view. */
#define CR4_GUEST (X86_CR4_TSD | X86_CR4_DE | X86_CR4_MCE | X86_CR4_PCE |     \
		   X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE |   \
		   X86_CR4_OSXSAVE | X86_CR4_PAE)
#define CR0_FREE (X86_CR0_TS | X86_CR0_MP | X86_CR0_EM | X86_CR0_AM)

static int read_cr(struct emul_ctxt *c, unsigned int nr, uint64_t *val)
{
	const struct vcpu *v = c->priv;

	switch (nr) {
	case 0:
		*val = v->pv->cr0 | (v->fpu_ts ? X86_CR0_TS : 0);
		return EMUL_OK;
	case 2:
		*val = v->pv->cr2;
		return EMUL_OK;
	case 3:
		*val = xen_pfn_to_cr3(mfn_x(v->pv->kernel_root));
		return EMUL_OK;
	case 4:
		*val = v->pv->cr4;
		return EMUL_OK;
	default:
		return EMUL_UNHANDLED;
	}
}

/* Protection and paging stay as they are; TS is the guest's. */
static int guest_write_cr0(struct emul_ctxt *c, uint64_t val)
{
	struct vcpu *v = c->priv;

	if ((val ^ v->pv->cr0) & ~(uint64_t)CR0_FREE)
		return emul_raise(c, X86_EXC_GP, 0);
	v->pv->cr0 = val & ~(uint64_t)X86_CR0_TS;
	fpu_set_ts(v, val & X86_CR0_TS);
	return EMUL_OK;
}

static int guest_write_cr3(struct emul_ctxt *c, uint64_t val)
{
	struct vcpu *v = c->priv;
	int rc = pv_set_root(v, MFN(xen_cr3_to_pfn(val)), false);

	rc = pv_operation_ended(v, rc);
	if (rc == -ERESTART)
		return EMUL_RETRY;
	if (rc)
		return emul_raise(c, X86_EXC_GP, 0);
	tlb_flush_local(FLUSH_GLOBAL);
	return EMUL_OK;
}

static int guest_write_cr4(struct emul_ctxt *c, uint64_t val)
{
	struct vcpu *v = c->priv;

	if ((val & X86_CR4_OSXSAVE) && !cpu_features.xsave)
		return emul_raise(c, X86_EXC_GP, 0);
	v->pv->cr4 = (val & CR4_GUEST) | X86_CR4_PAE;
	v->osxsave = val & X86_CR4_OSXSAVE;
	pv_load_cr4(v);
	return EMUL_OK;
}

static int write_cr(struct emul_ctxt *c, unsigned int nr, uint64_t val)
{
	struct vcpu *v = c->priv;

	switch (nr) {
	case 0:
		return guest_write_cr0(c, val);
	case 2:
		v->pv->cr2 = val;
		v->info->arch.cr2 = val;
		return EMUL_OK;
	case 3:
		return guest_write_cr3(c, val);
	case 4:
		return guest_write_cr4(c, val);
	default:
		return EMUL_UNHANDLED;
	}
}

/* DR4 and DR5 are names of DR6 and DR7, unless CR4.DE is set. */
static bool no_such_dr(const struct vcpu *v, unsigned int nr)
{
	return (nr == 4 || nr == 5) && (v->pv->cr4 & X86_CR4_DE);
}

static int read_dr(struct emul_ctxt *c, unsigned int nr, uint64_t *val)
{
	if (no_such_dr(c->priv, nr))
		return emul_raise(c, X86_EXC_UD, 0);
	return pv_get_debugreg(c->priv, nr, val) ? emul_raise(c, X86_EXC_UD, 0) :
						   EMUL_OK;
}

static int write_dr(struct emul_ctxt *c, unsigned int nr, uint64_t val)
{
	if (no_such_dr(c->priv, nr))
		return emul_raise(c, X86_EXC_UD, 0);
	return pv_set_debugreg(c->priv, nr, val) ? emul_raise(c, X86_EXC_GP, 0) :
						   EMUL_OK;
}

/* Bases are the processor's own registers while the guest is on a CPU. */
static bool is_base_msr(uint32_t msr)
{
	return msr == MSR_FS_BASE || msr == MSR_GS_BASE ||
	       msr == MSR_SHADOW_GS_BASE;
}

static int read_msr(struct emul_ctxt *c, uint32_t msr, uint64_t *val)
{
	if (is_base_msr(msr)) {
		*val = rdmsr(msr);
		return EMUL_OK;
	}
	return guest_rdmsr(c->priv, msr, val) ? emul_raise(c, X86_EXC_GP, 0) :
						EMUL_OK;
}

static int write_msr(struct emul_ctxt *c, uint32_t msr, uint64_t val)
{
	if (is_base_msr(msr)) {
		if (!is_canonical(val))
			return emul_raise(c, X86_EXC_GP, 0);
		wrmsr(msr, val);
		return EMUL_OK;
	}
	return guest_wrmsr(c->priv, msr, val) ? emul_raise(c, X86_EXC_GP, 0) :
						EMUL_OK;
}

static int read_xcr(struct emul_ctxt *c, uint32_t nr, uint64_t *val)
{
	const struct vcpu *v = c->priv;

	if (!v->osxsave)
		return emul_raise(c, X86_EXC_UD, 0);
	if (nr)
		return emul_raise(c, X86_EXC_GP, 0);
	*val = v->xcr0;
	return EMUL_OK;
}

static int write_xcr(struct emul_ctxt *c, uint32_t nr, uint64_t val)
{
	struct vcpu *v = c->priv;

	if (!v->osxsave)
		return emul_raise(c, X86_EXC_UD, 0);
	if (nr || fpu_set_xcr0(v, val))
		return emul_raise(c, X86_EXC_GP, 0);
	return EMUL_OK;
}

static int privop_cpuid(struct emul_ctxt *c, uint32_t leaf, uint32_t subleaf,
			uint32_t out[4])
{
	struct cpuid_regs r;

	guest_cpuid(c->priv, leaf, subleaf, &r);
	out[0] = r.a;
	out[1] = r.b;
	out[2] = r.c;
	out[3] = r.d;
	return EMUL_OK;
}

static int read_tsc(struct emul_ctxt *c, uint64_t *tsc, uint32_t *aux)
{
	const struct vcpu *v = c->priv;

	*tsc = rdtsc();
	if (aux)
		*aux = (uint32_t)v->tsc_aux;
	return EMUL_OK;
}

/*
 * CLI and STI: events are masked in vcpu_info, not by IF. Kernels that patch
 * them away still run a few before they have done so; they do nothing.
 */
/* The real flag is never off while a guest runs. */
static int set_if(struct emul_ctxt *c, bool enable)
{
	return pv_iopl_allows(c->priv) ? EMUL_OK
				       : emul_raise(c, X86_EXC_GP, 0);
}

/* Only who has device memory can need it; for others it changes nothing. */
static int cache(struct emul_ctxt *c, enum emul_cache_op op)
{
	const struct vcpu *v = c->priv;

	/* What INVD would throw away may be another's. */
	if (op == EMUL_CACHE_INVD)
		return EMUL_UNHANDLED;
	if (v->domain->privileged)
		wbinvd();
	return EMUL_OK;
}

static const struct emul_ops privop_ops = {
	.fetch = privop_fetch,
	.segment = privop_segment,
	.read = privop_read,
	.write = privop_write,
	.probe_write = privop_probe_write,
	.read_io = privop_read_io,
	.write_io = privop_write_io,
	.read_cr = read_cr,
	.write_cr = write_cr,
	.read_dr = read_dr,
	.write_dr = write_dr,
	.read_msr = read_msr,
	.write_msr = write_msr,
	.read_xcr = read_xcr,
	.write_xcr = write_xcr,
	.cpuid = privop_cpuid,
	.read_tsc = read_tsc,
	.set_if = set_if,
	.cache = cache,
};

static void retire(struct vcpu *v, const struct emul_ctxt *c)
{
	if (c->retire & EMUL_RETIRE_SINGLESTEP) {
		v->pv->dr[6] |= 0x4000;
		pv_inject_trap(v, X86_EXC_DB, 0);
	}
}

/* What became of it; false: the guest shall have the exception it caused. */
static bool finish(struct vcpu *v, struct emul_ctxt *c, int rc)
{
	switch (rc) {
	case EMUL_OK:
		retire(v, c);
		return true;
	case EMUL_EXCEPTION:
		if (c->event.vector == X86_EXC_PF)
			pv_inject_page_fault(v, c->event.cr2, c->event.error);
		else
			pv_inject_trap(v, c->event.vector, c->event.error);
		return true;
	case EMUL_RETRY:
		return true;
	default:
		return false;
	}
}

static struct emul_ctxt context_of(struct vcpu *v, struct cpu_user_regs *regs)
{
	return (struct emul_ctxt){
		.ops = &privop_ops,
		.priv = v,
		.regs = regs,
		.mode = privop_mode(regs),
		.cpl = v->pv->kernel_mode ? 0 : 3,
	};
}

/* Is it one that raised #GP for want of privilege? Others raised it rightly. */
static bool is_privileged(const struct emul_insn *insn, bool kernel_mode)
{
	if (insn->flags & EMUL_I_IO)
		return true;
	/* What a kernel does by calls stays a #GP, as on Xen. */
	if (insn->op == EMUL_OP_HLT || insn->op == EMUL_OP_LMSW)
		return false;
	return kernel_mode &&
	       ((insn->flags & EMUL_I_PRIV) || insn->op == EMUL_OP_XSETBV ||
		insn->op == EMUL_OP_CPUID || insn->op == EMUL_OP_RDTSC ||
		insn->op == EMUL_OP_RDTSCP || insn->op == EMUL_OP_SMSW ||
		insn->op == EMUL_OP_CLI || insn->op == EMUL_OP_STI);
}

/**
 * pv_emulate_privop() - #GP(0): do what the guest could not
 * @v:    current
 * @regs: its frame
 *
 * Context: IRQs on, no locks.
 * Return: true: done, or the guest got the exception that the instruction
 *         deserves; false: it is none of these, nothing has changed.
 */
bool pv_emulate_privop(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct emul_ctxt c = context_of(v, regs);
	struct emul_insn insn;
	int rc = emul_decode(&c, &insn);

	/* Cut off by a page's end: a processor may tell of privilege first. */
	if (rc == EMUL_EXCEPTION && c.event.vector == X86_EXC_PF)
		return finish(v, &c, rc);
	if (rc != EMUL_OK || !is_privileged(&insn, v->pv->kernel_mode))
		return false;
	return finish(v, &c, emul_execute(&c, &insn));
}

/* ud2a; .ascii "xen"; cpuid: 0f 0b 78 65 6e 0f a2 */
#define FORCED_CPUID		0xa20f6e65780b0fUL
#define FORCED_CPUID_BYTES	7

/*
 * Nearly all there is: the instruction as <xen/...> spells it, in 64-bit mode,
 * whole, not stepped. Whatever is not just that is the decoder's.
 */
static bool plain_forced_cpuid(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct cpuid_regs r;
	uint64_t bytes;

	/* One byte more than it takes, so that it is one word. */
	if ((regs->rflags & X86_EFLAGS_TF) ||
	    privop_mode(regs) != EMUL_MODE_64 ||
	    pv_copy_from(&bytes, regs->rip, sizeof(bytes)) ||
	    bytes << 8 != FORCED_CPUID << 8)
		return false;
	guest_cpuid(v, (uint32_t)regs->rax, (uint32_t)regs->rcx, &r);
	regs->rax = r.a;
	regs->rbx = r.b;
	regs->rcx = r.c;
	regs->rdx = r.d;
	regs->rip += FORCED_CPUID_BYTES;
	regs->rflags &= ~(uint64_t)X86_EFLAGS_RF;
	return true;
}

/**
 * pv_emulate_forced() - #UD: is it the prefix that asks for emulation?
 * @v:    current
 * @regs: its frame
 *
 * "ud2a; .ascii xen; cpuid", from the guest's kernel or user mode; no other
 * instruction may follow the prefix.
 *
 * Context: IRQs on, no locks.
 * Return: true: done; false: an ordinary #UD.
 */
bool pv_emulate_forced(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct emul_ctxt c;
	struct emul_insn insn;
	int rc;

	if (plain_forced_cpuid(v, regs))
		return true;
	c = context_of(v, regs);
	c.forced = true;
	rc = emul_decode(&c, &insn);
	if (rc == EMUL_OK && insn.op != EMUL_OP_CPUID)
		return false;
	if (rc == EMUL_OK)
		rc = emul_execute(&c, &insn);
	return finish(v, &c, rc);
}
