/* SPDX-License-Identifier: MIT */
/*
 * system.c - instructions that read or change what only a kernel may
 *
 * The privilege level has been checked in emul_execute(); what a register may
 * hold is for the callbacks to say.
 *
 * Locks: none.
 */
#include "private.h"

/* CR0, as far as CLTS and LMSW reach. */
#define CR0_PE	0x1UL
#define CR0_TS	0x8UL
#define CR0_MSW 0xfUL

int emul_exec_from_cr(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;
	int rc;

	if (!ops->read_cr)
		return EMUL_UNHANDLED;
	rc = ops->read_cr(x->ctxt, x->insn->creg, &val);
	return rc != EMUL_OK ? rc : emul_write_operand(x, &x->insn->dst, val);
}

int emul_exec_to_cr(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;

	if (!ops->write_cr)
		return EMUL_UNHANDLED;
	emul_read_operand(x, &x->insn->src, &val);
	return ops->write_cr(x->ctxt, x->insn->creg, val);
}

int emul_exec_from_dr(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;
	int rc;

	if (!ops->read_dr)
		return EMUL_UNHANDLED;
	rc = ops->read_dr(x->ctxt, x->insn->creg, &val);
	return rc != EMUL_OK ? rc : emul_write_operand(x, &x->insn->dst, val);
}

int emul_exec_to_dr(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;

	if (!ops->write_dr)
		return EMUL_UNHANDLED;
	emul_read_operand(x, &x->insn->src, &val);
	return ops->write_dr(x->ctxt, x->insn->creg, val);
}

static int change_cr0(struct exec *x, uint64_t clear, uint64_t set)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t cr0;
	int rc;

	if (!ops->read_cr || !ops->write_cr)
		return EMUL_UNHANDLED;
	rc = ops->read_cr(x->ctxt, 0, &cr0);
	return rc != EMUL_OK ? rc
			     : ops->write_cr(x->ctxt, 0, (cr0 & ~clear) | set);
}

int emul_exec_clts(struct exec *x)
{
	return change_cr0(x, CR0_TS, 0);
}

/* LMSW sets PE, MP, EM and TS as told, but cannot clear PE. */
int emul_exec_lmsw(struct exec *x)
{
	uint64_t msw;
	int rc = emul_read_operand(x, &x->insn->src, &msw);

	return rc != EMUL_OK ? rc
			     : change_cr0(x, CR0_MSW & ~CR0_PE, msw & CR0_MSW);
}

int emul_exec_smsw(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t cr0;
	int rc;

	if (!ops->read_cr)
		return EMUL_UNHANDLED;
	rc = ops->read_cr(x->ctxt, 0, &cr0);
	return rc != EMUL_OK ? rc : emul_write_operand(x, &x->insn->dst, cr0);
}

int emul_exec_rdmsr(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;
	int rc;

	if (!ops->read_msr)
		return EMUL_UNHANDLED;
	rc = ops->read_msr(x->ctxt, emul_get_reg(x, RCX), &val);
	if (rc == EMUL_OK)
		emul_set_edx_eax(x, val);
	return rc;
}

int emul_exec_wrmsr(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;

	if (!ops->write_msr)
		return EMUL_UNHANDLED;
	return ops->write_msr(x->ctxt, emul_get_reg(x, RCX),
			      emul_get_edx_eax(x));
}

int emul_exec_rdtsc(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t tsc;
	int rc;

	if (!ops->read_tsc)
		return EMUL_UNHANDLED;
	rc = ops->read_tsc(x->ctxt, &tsc, NULL);
	if (rc == EMUL_OK)
		emul_set_edx_eax(x, tsc);
	return rc;
}

int emul_exec_rdtscp(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t tsc;
	uint32_t aux;
	int rc;

	if (!ops->read_tsc)
		return EMUL_UNHANDLED;
	rc = ops->read_tsc(x->ctxt, &tsc, &aux);
	if (rc != EMUL_OK)
		return rc;
	emul_set_edx_eax(x, tsc);
	emul_set_reg(x, RCX, aux, 4);
	return EMUL_OK;
}

int emul_exec_rdpmc(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;
	int rc;

	if (!ops->read_pmc)
		return EMUL_UNHANDLED;
	rc = ops->read_pmc(x->ctxt, emul_get_reg(x, RCX), &val);
	if (rc == EMUL_OK)
		emul_set_edx_eax(x, val);
	return rc;
}

int emul_exec_xgetbv(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;
	int rc;

	if (!ops->read_xcr)
		return EMUL_UNHANDLED;
	rc = ops->read_xcr(x->ctxt, emul_get_reg(x, RCX), &val);
	if (rc == EMUL_OK)
		emul_set_edx_eax(x, val);
	return rc;
}

int emul_exec_xsetbv(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;

	if (!ops->write_xcr)
		return EMUL_UNHANDLED;
	return ops->write_xcr(x->ctxt, emul_get_reg(x, RCX),
			      emul_get_edx_eax(x));
}

int emul_exec_cpuid(struct exec *x)
{
	static const uint8_t order[4] = {RAX, RBX, RCX, RDX};
	const struct emul_ops *ops = x->ctxt->ops;
	uint32_t out[4] = {0};
	unsigned int i;
	int rc;

	if (!ops->cpuid)
		return EMUL_UNHANDLED;
	rc = ops->cpuid(x->ctxt, emul_get_reg(x, RAX), emul_get_reg(x, RCX),
			out);
	if (rc != EMUL_OK)
		return rc;
	for (i = 0; i < 4; i++)
		emul_set_reg(x, order[i], out[i], 4);
	return EMUL_OK;
}

int emul_exec_rdbase(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;
	int rc;

	if (!ops->read_base)
		return EMUL_UNHANDLED;
	rc = ops->read_base(x->ctxt,
			    x->insn->op == EMUL_OP_RDFSBASE ? EMUL_BASE_FS
							    : EMUL_BASE_GS,
			    &val);
	return rc != EMUL_OK ? rc : emul_write_operand(x, &x->insn->dst, val);
}

int emul_exec_wrbase(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t val;

	if (!ops->write_base)
		return EMUL_UNHANDLED;
	emul_read_operand(x, &x->insn->src, &val);
	if (!emul_canonical(x->ctxt, val))
		return emul_raise(x->ctxt, EMUL_VEC_GP, 0);
	return ops->write_base(x->ctxt,
			       x->insn->op == EMUL_OP_WRFSBASE ? EMUL_BASE_FS
							       : EMUL_BASE_GS,
			       val);
}

int emul_exec_swapgs(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;

	return ops->swapgs ? ops->swapgs(x->ctxt) : EMUL_UNHANDLED;
}

int emul_exec_hlt(struct exec *x)
{
	x->retire |= EMUL_RETIRE_HLT;
	return EMUL_OK;
}

static int set_if(struct exec *x, bool enable)
{
	const struct emul_ops *ops = x->ctxt->ops;

	return ops->set_if ? ops->set_if(x->ctxt, enable) : EMUL_UNHANDLED;
}

int emul_exec_cli(struct exec *x)
{
	return set_if(x, false);
}

int emul_exec_sti(struct exec *x)
{
	x->retire |= EMUL_RETIRE_STI;
	return set_if(x, true);
}

static int cache(struct exec *x, enum emul_cache_op op)
{
	const struct emul_ops *ops = x->ctxt->ops;

	return ops->cache ? ops->cache(x->ctxt, op) : EMUL_UNHANDLED;
}

int emul_exec_invd(struct exec *x)
{
	return cache(x, EMUL_CACHE_INVD);
}

int emul_exec_wbinvd(struct exec *x)
{
	return cache(x, EMUL_CACHE_WBINVD);
}

int emul_exec_invlpg(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;

	return ops->invlpg ? ops->invlpg(x->ctxt, x->insn->mem.linear)
			   : EMUL_UNHANDLED;
}
