/* SPDX-License-Identifier: MIT */
/*
 * execute.c - carry out a decoded instruction and retire it
 *
 * Handlers put new register values aside in struct exec; they reach the
 * guest's frame in emul_commit() only, when nothing can fail any more. String
 * instructions commit after each element.
 *
 * Locks: none.
 */
#include "private.h"

/* --- registers ----------------------------------------------------------- */

#define GPR(name) offsetof(struct cpu_user_regs, name)

static const uint8_t gpr_offset[16] = {
	GPR(rax), GPR(rcx), GPR(rdx), GPR(rbx), GPR(rsp), GPR(rbp),
	GPR(rsi), GPR(rdi), GPR(r8),  GPR(r9),	GPR(r10), GPR(r11),
	GPR(r12), GPR(r13), GPR(r14), GPR(r15),
};

uint64_t *emul_gpr(struct cpu_user_regs *regs, unsigned int nr)
{
	return (uint64_t *)((uint8_t *)regs + gpr_offset[nr]);
}

uint64_t emul_get_reg(const struct exec *x, unsigned int nr)
{
	if (x->dirty & 1 << nr)
		return x->gpr[nr];
	return *emul_gpr(x->ctxt->regs, nr);
}

void emul_set_reg(struct exec *x, unsigned int nr, uint64_t val,
		  unsigned int bytes)
{
	uint64_t old = bytes < 4 ? emul_get_reg(x, nr) : 0;

	x->gpr[nr] = old - low_bytes(old, bytes) + low_bytes(val, bytes);
	x->dirty |= 1 << nr;
}

static void set_high_byte(struct exec *x, unsigned int nr, uint8_t val)
{
	uint64_t old = emul_get_reg(x, nr);

	emul_set_reg(x, nr, (old & ~0xff00ULL) | val << 8, 8);
}

void emul_set_edx_eax(struct exec *x, uint64_t val)
{
	emul_set_reg(x, RAX, val, 4);
	emul_set_reg(x, RDX, val >> 32, 4);
}

uint64_t emul_get_edx_eax(const struct exec *x)
{
	return low_bytes(emul_get_reg(x, RAX), 4) | emul_get_reg(x, RDX) << 32;
}

void emul_commit(struct exec *x)
{
	struct cpu_user_regs *regs = x->ctxt->regs;
	unsigned int dirty;

	for (dirty = x->dirty; dirty; dirty &= dirty - 1) {
		unsigned int nr = __builtin_ctz(dirty);

		*emul_gpr(regs, nr) = x->gpr[nr];
	}
	x->dirty = 0;
}

/* --- operands ------------------------------------------------------------ */

static int read_mem(struct exec *x, const struct emul_mem *mem, uint64_t *val)
{
	const struct emul_ops *ops = x->ctxt->ops;
	struct emul_val v = {0};
	int rc;

	if (!ops->read)
		return EMUL_UNHANDLED;
	rc = ops->read(x->ctxt, mem->seg, mem->linear, &v, mem->bytes);
	if (rc == EMUL_OK)
		*val = low_bytes(v.lo, mem->bytes);
	return rc;
}

static int write_mem(struct exec *x, const struct emul_mem *mem, uint64_t val)
{
	const struct emul_ops *ops = x->ctxt->ops;
	struct emul_val v = {low_bytes(val, mem->bytes), 0};

	if (!ops->write)
		return EMUL_UNHANDLED;
	return ops->write(x->ctxt, mem->seg, mem->linear, &v, mem->bytes);
}

int emul_read_operand(struct exec *x, const struct emul_operand *opnd,
		      uint64_t *val)
{
	switch (opnd->kind) {
	case EMUL_OPND_REG:
		*val = low_bytes(emul_get_reg(x, opnd->reg), opnd->bytes);
		break;
	case EMUL_OPND_HIGH:
		*val = emul_get_reg(x, opnd->reg) >> 8 & 0xff;
		break;
	case EMUL_OPND_IMM:
		*val = low_bytes(x->insn->imm, opnd->bytes);
		break;
	case EMUL_OPND_MEM:
		return read_mem(x, &x->insn->mem, val);
	default:
		*val = 0;
	}
	return EMUL_OK;
}

int emul_write_operand(struct exec *x, const struct emul_operand *opnd,
		       uint64_t val)
{
	switch (opnd->kind) {
	case EMUL_OPND_REG:
		emul_set_reg(x, opnd->reg, val, opnd->bytes);
		break;
	case EMUL_OPND_HIGH:
		set_high_byte(x, opnd->reg, val);
		break;
	case EMUL_OPND_MEM:
		return write_mem(x, &x->insn->mem, val);
	}
	return EMUL_OK;
}

/* --- dispatch ------------------------------------------------------------ */

static emul_exec_fn *const handlers[EMUL_NR_OPS] = {
	[EMUL_OP_ADD... EMUL_OP_XOR] = emul_exec_rmw,
	[EMUL_OP_CMP] = emul_exec_compare,
	[EMUL_OP_INC... EMUL_OP_NEG] = emul_exec_rmw,
	[EMUL_OP_TEST] = emul_exec_compare,
	[EMUL_OP_BT] = emul_exec_compare,
	[EMUL_OP_BTS... EMUL_OP_BTC] = emul_exec_rmw,
	[EMUL_OP_MOV] = emul_exec_mov,
	[EMUL_OP_MOVZX] = emul_exec_mov,
	[EMUL_OP_MOVSX] = emul_exec_movsx,
	[EMUL_OP_XCHG] = emul_exec_rmw,
	[EMUL_OP_XADD] = emul_exec_rmw,
	[EMUL_OP_CMPXCHG] = emul_exec_cmpxchg,
	[EMUL_OP_CMPXCHG8B] = emul_exec_cmpxchg8b,
	[EMUL_OP_MOVS] = emul_exec_movs,
	[EMUL_OP_STOS] = emul_exec_stos,
	[EMUL_OP_IN] = emul_exec_in,
	[EMUL_OP_OUT] = emul_exec_out,
	[EMUL_OP_INS] = emul_exec_ins,
	[EMUL_OP_OUTS] = emul_exec_outs,
	[EMUL_OP_MOV_FROM_CR] = emul_exec_from_cr,
	[EMUL_OP_MOV_TO_CR] = emul_exec_to_cr,
	[EMUL_OP_MOV_FROM_DR] = emul_exec_from_dr,
	[EMUL_OP_MOV_TO_DR] = emul_exec_to_dr,
	[EMUL_OP_CLTS] = emul_exec_clts,
	[EMUL_OP_LMSW] = emul_exec_lmsw,
	[EMUL_OP_SMSW] = emul_exec_smsw,
	[EMUL_OP_RDMSR] = emul_exec_rdmsr,
	[EMUL_OP_WRMSR] = emul_exec_wrmsr,
	[EMUL_OP_RDTSC] = emul_exec_rdtsc,
	[EMUL_OP_RDTSCP] = emul_exec_rdtscp,
	[EMUL_OP_RDPMC] = emul_exec_rdpmc,
	[EMUL_OP_XGETBV] = emul_exec_xgetbv,
	[EMUL_OP_XSETBV] = emul_exec_xsetbv,
	[EMUL_OP_CPUID] = emul_exec_cpuid,
	[EMUL_OP_RDFSBASE... EMUL_OP_RDGSBASE] = emul_exec_rdbase,
	[EMUL_OP_WRFSBASE... EMUL_OP_WRGSBASE] = emul_exec_wrbase,
	[EMUL_OP_SWAPGS] = emul_exec_swapgs,
	[EMUL_OP_HLT] = emul_exec_hlt,
	[EMUL_OP_CLI] = emul_exec_cli,
	[EMUL_OP_STI] = emul_exec_sti,
	[EMUL_OP_INVD] = emul_exec_invd,
	[EMUL_OP_WBINVD] = emul_exec_wbinvd,
	[EMUL_OP_INVLPG] = emul_exec_invlpg,
};

static void retire(struct exec *x)
{
	struct emul_ctxt *ctxt = x->ctxt;
	struct cpu_user_regs *regs = ctxt->regs;

	emul_commit(x);
	regs->rflags = (regs->rflags & ~EFL_ARITH) | (x->rflags & EFL_ARITH);
	if (x->stay) {
		x->retire |= EMUL_RETIRE_REP;
	} else {
		regs->rflags &= ~EFL_RF;
		regs->rip = low_bytes(regs->rip + x->insn->len, ctxt->mode);
	}
	if (regs->rflags & EFL_TF)
		x->retire |= EMUL_RETIRE_SINGLESTEP;
	ctxt->retire = x->retire;
}

int emul_execute(struct emul_ctxt *ctxt, const struct emul_insn *insn)
{
	struct exec x;
	int rc;

	ctxt->retire = 0;
	if (insn->op >= EMUL_NR_OPS || !handlers[insn->op])
		return EMUL_UNHANDLED;
	if (insn->flags & EMUL_I_PRIV && ctxt->cpl != 0)
		return emul_raise(ctxt, EMUL_VEC_GP, 0);

	x.ctxt = ctxt;
	x.insn = insn;
	x.dirty = 0;
	x.stay = false;
	x.rflags = ctxt->regs->rflags;
	x.retire = 0;
	rc = handlers[insn->op](&x);
	if (rc == EMUL_OK)
		retire(&x);
	return rc;
}

int emul_run(struct emul_ctxt *ctxt)
{
	struct emul_insn insn;
	int rc = emul_decode(ctxt, &insn);

	return rc == EMUL_OK ? emul_execute(ctxt, &insn) : rc;
}

/* --- exceptions ---------------------------------------------------------- */

/* Vectors 8, 10 to 14, 17, 21, 29 and 30 push an error code. */
#define HAS_ERROR 0x60227d00U

int emul_raise(struct emul_ctxt *ctxt, uint8_t vector, uint32_t error)
{
	bool has_error = vector < 32 && HAS_ERROR & 1U << vector;

	ctxt->event = (struct emul_event){
		.vector = vector,
		.has_error = has_error,
		.error = has_error ? error : 0,
	};
	return EMUL_EXCEPTION;
}

int emul_raise_pf(struct emul_ctxt *ctxt, uint64_t cr2, uint32_t error)
{
	emul_raise(ctxt, EMUL_VEC_PF, error);
	ctxt->event.cr2 = cr2;
	return EMUL_EXCEPTION;
}
