/* SPDX-License-Identifier: MIT */
/*
 * string.c - MOVS, STOS, INS, OUTS; IN and OUT
 *
 * One element is: both addresses checked, read, written, registers moved on
 * and committed. A repeated instruction that stops between elements, for a
 * fault or because it had its share, is found by the guest at the same rip
 * with what is left to do in rCX, rSI, rDI.
 *
 * Locks: none.
 */
#include "private.h"

/* Addresses of the element that is next. The segment checks are its, too. */
static int locate(struct exec *x, const struct emul_mem *form, unsigned int nr,
		  unsigned int flags, struct emul_mem *mem)
{
	*mem = *form;
	mem->offset = low_bytes(emul_get_reg(x, nr), x->insn->addr_bytes);
	return emul_linear(x->ctxt, mem, flags);
}

static int read_element(struct exec *x, struct emul_val *val)
{
	const struct emul_ops *ops = x->ctxt->ops;
	struct emul_mem mem;
	int rc;

	if (!ops->read)
		return EMUL_UNHANDLED;
	rc = locate(x, &x->insn->mem2, RSI, EMUL_I_READ, &mem);
	if (rc != EMUL_OK)
		return rc;
	return ops->read(x->ctxt, mem.seg, mem.linear, val, mem.bytes);
}

static int write_element(struct exec *x, const struct emul_val *val)
{
	const struct emul_ops *ops = x->ctxt->ops;
	struct emul_mem mem;
	int rc;

	if (!ops->write)
		return EMUL_UNHANDLED;
	rc = locate(x, &x->insn->mem, RDI, EMUL_I_WRITE, &mem);
	if (rc != EMUL_OK)
		return rc;
	return ops->write(x->ctxt, mem.seg, mem.linear, val, mem.bytes);
}

static int movs(struct exec *x)
{
	struct emul_val val = {0};
	int rc = read_element(x, &val);

	return rc != EMUL_OK ? rc : write_element(x, &val);
}

static int stos(struct exec *x)
{
	struct emul_val val = {0};

	emul_read_operand(x, &x->insn->src, &val.lo);
	return write_element(x, &val);
}

static uint16_t port(struct exec *x, const struct emul_operand *opnd)
{
	uint64_t val;

	emul_read_operand(x, opnd, &val);
	return val;
}

static int ins(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	unsigned int bytes = x->insn->op_bytes;
	struct emul_val val = {0};
	struct emul_mem mem;
	uint32_t data = 0;
	int rc;

	if (!ops->probe_write || !ops->read_io || !ops->write)
		return EMUL_UNHANDLED;
	rc = locate(x, &x->insn->mem, RDI, EMUL_I_WRITE, &mem);
	if (rc == EMUL_OK)
		rc = ops->probe_write(x->ctxt, mem.seg, mem.linear, bytes);
	if (rc == EMUL_OK)
		rc = ops->read_io(x->ctxt, port(x, &x->insn->src), bytes,
				  &data);
	if (rc != EMUL_OK)
		return rc;
	val.lo = low_bytes(data, bytes);
	return ops->write(x->ctxt, mem.seg, mem.linear, &val, bytes);
}

static int outs(struct exec *x)
{
	const struct emul_ops *ops = x->ctxt->ops;
	struct emul_val val = {0};
	int rc;

	if (!ops->write_io)
		return EMUL_UNHANDLED;
	rc = read_element(x, &val);
	if (rc != EMUL_OK)
		return rc;
	return ops->write_io(x->ctxt, port(x, &x->insn->dst), x->insn->op_bytes,
			     val.lo);
}

/* Move an index register by one element, within the size of addresses. */
static void advance(struct exec *x, unsigned int nr)
{
	const struct emul_insn *insn = x->insn;
	uint64_t step = insn->op_bytes;

	if (x->ctxt->regs->rflags & EFL_DF)
		step = -step;
	emul_set_reg(x, nr, emul_get_reg(x, nr) + step, insn->addr_bytes);
}

static void element_done(struct exec *x, uint64_t left)
{
	const struct emul_insn *insn = x->insn;

	if (insn->mem.bytes)
		advance(x, RDI);
	if (insn->mem2.bytes)
		advance(x, RSI);
	if (insn->rep)
		emul_set_reg(x, RCX, left, insn->addr_bytes);
	emul_commit(x);
}

static int repeat(struct exec *x, emul_exec_fn *element, unsigned int max)
{
	const struct emul_insn *insn = x->insn;
	uint64_t left = 1;
	int rc;

	if (insn->rep)
		left = low_bytes(emul_get_reg(x, RCX), insn->addr_bytes);
	for (; left && max; max--) {
		rc = element(x);
		if (rc != EMUL_OK)
			return rc;
		element_done(x, --left);
	}
	x->stay = left != 0;
	return EMUL_OK;
}

int emul_exec_movs(struct exec *x)
{
	return repeat(x, movs, 1);
}

int emul_exec_stos(struct exec *x)
{
	return repeat(x, stos, 1);
}

/* Single steps are counted in elements. */
static unsigned int io_share(const struct exec *x)
{
	return x->ctxt->regs->rflags & EFL_TF ? 1 : EMUL_REP_IO_MAX;
}

int emul_exec_ins(struct exec *x)
{
	return repeat(x, ins, io_share(x));
}

int emul_exec_outs(struct exec *x)
{
	return repeat(x, outs, io_share(x));
}

int emul_exec_in(struct exec *x)
{
	const struct emul_insn *insn = x->insn;
	const struct emul_ops *ops = x->ctxt->ops;
	uint32_t data = 0;
	int rc;

	if (!ops->read_io)
		return EMUL_UNHANDLED;
	rc = ops->read_io(x->ctxt, port(x, &insn->src), insn->op_bytes, &data);
	return rc != EMUL_OK ? rc : emul_write_operand(x, &insn->dst, data);
}

int emul_exec_out(struct exec *x)
{
	const struct emul_insn *insn = x->insn;
	const struct emul_ops *ops = x->ctxt->ops;
	uint64_t data;

	if (!ops->write_io)
		return EMUL_UNHANDLED;
	emul_read_operand(x, &insn->src, &data);
	return ops->write_io(x->ctxt, port(x, &insn->dst), insn->op_bytes,
			     data);
}

uint16_t emul_insn_port(const struct emul_ctxt *ctxt,
			const struct emul_insn *insn)
{
	if (insn->src.kind == EMUL_OPND_IMM || insn->dst.kind == EMUL_OPND_IMM)
		return insn->imm;
	return ctxt->regs->rdx;
}
