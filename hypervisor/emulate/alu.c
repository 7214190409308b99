/* SPDX-License-Identifier: MIT */
/*
 * alu.c - arithmetic with exact flags, and what it does to memory
 *
 * A read-modify-write of memory reads once, computes, and stores by compare
 * and exchange; if memory changed meanwhile it computes again from what the
 * exchange found. So every instruction is atomic, LOCK or not.
 *
 * Flags that the architecture leaves undefined: AF after a logical operation
 * is cleared; OF, SF, AF and PF after a bit operation stay as they were.
 *
 * Locks: none.
 */
#include "private.h"

/* Exchanges that fail before the instruction is left for another time. */
#define RMW_TRIES 16

/* Computes a result of @bytes from operands of that size, and the flags. */
typedef uint64_t alu_fn(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags);

static uint64_t sign_bit(unsigned int bytes)
{
	return 1ULL << (8 * bytes - 1);
}

static void put_flag(uint64_t *rflags, uint64_t flag, bool set)
{
	*rflags = set ? *rflags | flag : *rflags & ~flag;
}

/* PF, ZF and SF of a result. */
static void result_flags(uint64_t r, unsigned int bytes, uint64_t *rflags)
{
	put_flag(rflags, EFL_PF, !__builtin_parity(r & 0xff));
	put_flag(rflags, EFL_ZF, r == 0);
	put_flag(rflags, EFL_SF, r & sign_bit(bytes));
}

static uint64_t add_carry(uint64_t a, uint64_t b, bool carry,
			  unsigned int bytes, uint64_t *rflags)
{
	uint64_t r = low_bytes(a + b + carry, bytes);
	uint64_t carries = (a & b) | ((a | b) & ~r);

	put_flag(rflags, EFL_CF, carries & sign_bit(bytes));
	put_flag(rflags, EFL_AF, carries & 8);
	put_flag(rflags, EFL_OF, (a ^ r) & (b ^ r) & sign_bit(bytes));
	result_flags(r, bytes, rflags);
	return r;
}

static uint64_t sub_borrow(uint64_t a, uint64_t b, bool borrow,
			   unsigned int bytes, uint64_t *rflags)
{
	uint64_t r = low_bytes(a - b - borrow, bytes);
	uint64_t borrows = (~a & b) | ((~a | b) & r);

	put_flag(rflags, EFL_CF, borrows & sign_bit(bytes));
	put_flag(rflags, EFL_AF, borrows & 8);
	put_flag(rflags, EFL_OF, (a ^ b) & (a ^ r) & sign_bit(bytes));
	result_flags(r, bytes, rflags);
	return r;
}

static uint64_t logical(uint64_t r, unsigned int bytes, uint64_t *rflags)
{
	*rflags &= ~(EFL_CF | EFL_AF | EFL_OF);
	result_flags(r, bytes, rflags);
	return r;
}

static uint64_t alu_add(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return add_carry(a, b, false, bytes, rflags);
}

static uint64_t alu_adc(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return add_carry(a, b, *rflags & EFL_CF, bytes, rflags);
}

static uint64_t alu_sub(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return sub_borrow(a, b, false, bytes, rflags);
}

static uint64_t alu_sbb(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return sub_borrow(a, b, *rflags & EFL_CF, bytes, rflags);
}

static uint64_t alu_and(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return logical(a & b, bytes, rflags);
}

static uint64_t alu_or(uint64_t a, uint64_t b, unsigned int bytes,
		       uint64_t *rflags)
{
	return logical(a | b, bytes, rflags);
}

static uint64_t alu_xor(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return logical(a ^ b, bytes, rflags);
}

/* INC and DEC leave CF alone. */
static uint64_t alu_inc(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	bool carry = *rflags & EFL_CF;
	uint64_t r = add_carry(a, 1, false, bytes, rflags);

	put_flag(rflags, EFL_CF, carry);
	return r;
}

static uint64_t alu_dec(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	bool carry = *rflags & EFL_CF;
	uint64_t r = sub_borrow(a, 1, false, bytes, rflags);

	put_flag(rflags, EFL_CF, carry);
	return r;
}

static uint64_t alu_not(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return low_bytes(~a, bytes);
}

static uint64_t alu_neg(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return sub_borrow(0, a, false, bytes, rflags);
}

/* Bit operations: CF gets the bit as it was; the index wraps. */
static uint64_t test_bit(uint64_t a, uint64_t b, unsigned int bytes,
			 uint64_t *rflags)
{
	uint64_t bit = 1ULL << (b & (8 * bytes - 1));

	put_flag(rflags, EFL_CF, a & bit);
	return bit;
}

static uint64_t alu_bt(uint64_t a, uint64_t b, unsigned int bytes,
		       uint64_t *rflags)
{
	test_bit(a, b, bytes, rflags);
	return a;
}

static uint64_t alu_bts(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return a | test_bit(a, b, bytes, rflags);
}

static uint64_t alu_btr(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return a & ~test_bit(a, b, bytes, rflags);
}

static uint64_t alu_btc(uint64_t a, uint64_t b, unsigned int bytes,
			uint64_t *rflags)
{
	return a ^ test_bit(a, b, bytes, rflags);
}

static uint64_t alu_xchg(uint64_t a, uint64_t b, unsigned int bytes,
			 uint64_t *rflags)
{
	return b;
}

static alu_fn *const functions[EMUL_NR_OPS] = {
	[EMUL_OP_ADD] = alu_add,  [EMUL_OP_OR] = alu_or,
	[EMUL_OP_ADC] = alu_adc,  [EMUL_OP_SBB] = alu_sbb,
	[EMUL_OP_AND] = alu_and,  [EMUL_OP_SUB] = alu_sub,
	[EMUL_OP_XOR] = alu_xor,  [EMUL_OP_CMP] = alu_sub,
	[EMUL_OP_INC] = alu_inc,  [EMUL_OP_DEC] = alu_dec,
	[EMUL_OP_NOT] = alu_not,  [EMUL_OP_NEG] = alu_neg,
	[EMUL_OP_TEST] = alu_and, [EMUL_OP_BT] = alu_bt,
	[EMUL_OP_BTS] = alu_bts,  [EMUL_OP_BTR] = alu_btr,
	[EMUL_OP_BTC] = alu_btc,  [EMUL_OP_XCHG] = alu_xchg,
	[EMUL_OP_XADD] = alu_add,
};

/* Flags of each try start from the guest's: ADC, INC and others use them. */
static uint64_t compute(struct exec *x, uint64_t a, uint64_t b)
{
	x->rflags = x->ctxt->regs->rflags;
	return functions[x->insn->op](a, b, x->insn->op_bytes, &x->rflags);
}

static int cmpxchg_mem(struct exec *x, struct emul_val *old,
		       const struct emul_val *new)
{
	const struct emul_insn *insn = x->insn;
	const struct emul_ops *ops = x->ctxt->ops;
	bool lock = insn->lock || insn->op == EMUL_OP_XCHG;

	if (!ops->cmpxchg)
		return EMUL_UNHANDLED;
	return ops->cmpxchg(x->ctxt, insn->mem.seg, insn->mem.linear, old, new,
			    insn->mem.bytes, lock);
}

static int rmw_mem(struct exec *x, uint64_t b, uint64_t *was)
{
	struct emul_val old = {0}, new = {0};
	unsigned int i;
	int rc;

	rc = emul_read_operand(x, &x->insn->dst, &old.lo);
	for (i = 0; rc == EMUL_OK && i < RMW_TRIES; i++) {
		*was = old.lo;
		new.lo = compute(x, old.lo, b);
		rc = cmpxchg_mem(x, &old, &new);
		if (rc == EMUL_OK && old.lo == *was)
			return EMUL_OK;
	}
	return rc == EMUL_OK ? EMUL_RETRY : rc;
}

/* XCHG and XADD: the other operand gets what the destination was. */
static void swap_source(struct exec *x, uint64_t was)
{
	if (x->insn->op == EMUL_OP_XCHG || x->insn->op == EMUL_OP_XADD)
		emul_write_operand(x, &x->insn->src, was);
}

int emul_exec_rmw(struct exec *x)
{
	const struct emul_insn *insn = x->insn;
	uint64_t a, b, r;
	int rc = EMUL_OK;

	emul_read_operand(x, &insn->src, &b);
	if (insn->dst.kind == EMUL_OPND_MEM) {
		rc = rmw_mem(x, b, &a);
		if (rc == EMUL_OK)
			swap_source(x, a);
		return rc;
	}
	rc = emul_read_operand(x, &insn->dst, &a);
	if (rc != EMUL_OK)
		return rc;
	r = compute(x, a, b);
	swap_source(x, a);
	/* Last: if both are one register, this is what stays. */
	return emul_write_operand(x, &insn->dst, r);
}

/* CMP, TEST, BT: flags only. */
int emul_exec_compare(struct exec *x)
{
	uint64_t a, b;
	int rc;

	rc = emul_read_operand(x, &x->insn->dst, &a);
	if (rc == EMUL_OK)
		rc = emul_read_operand(x, &x->insn->src, &b);
	if (rc == EMUL_OK)
		compute(x, a, b);
	return rc;
}

/* MOV and MOVZX: a source that is shorter is zero-extended. */
int emul_exec_mov(struct exec *x)
{
	uint64_t val;
	int rc = emul_read_operand(x, &x->insn->src, &val);

	return rc != EMUL_OK ? rc : emul_write_operand(x, &x->insn->dst, val);
}

int emul_exec_movsx(struct exec *x)
{
	const struct emul_operand *src = &x->insn->src;
	uint64_t val;
	int rc = emul_read_operand(x, src, &val);

	return rc != EMUL_OK ? rc
			     : emul_write_operand(x, &x->insn->dst,
						  sign_extend(val, src->bytes));
}

/* With a register; AMD leaves it alone on failure, Intel rewrites it. */
static void cmpxchg_reg(struct exec *x, uint64_t acc, uint64_t src,
			uint64_t *was)
{
	const struct emul_operand *dst = &x->insn->dst;

	emul_read_operand(x, dst, was);
	if (*was == acc)
		emul_write_operand(x, dst, src);
}

int emul_exec_cmpxchg(struct exec *x)
{
	const struct emul_insn *insn = x->insn;
	unsigned int bytes = insn->op_bytes;
	uint64_t acc = low_bytes(emul_get_reg(x, RAX), bytes);
	struct emul_val old = {acc, 0}, new = {0};
	int rc = EMUL_OK;

	emul_read_operand(x, &insn->src, &new.lo);
	if (insn->dst.kind == EMUL_OPND_MEM)
		rc = cmpxchg_mem(x, &old, &new);
	else
		cmpxchg_reg(x, acc, new.lo, &old.lo);
	if (rc != EMUL_OK)
		return rc;
	alu_sub(acc, old.lo, bytes, &x->rflags);
	if (old.lo != acc)
		emul_set_reg(x, RAX, old.lo, bytes);
	return EMUL_OK;
}

/* High and low half of what CMPXCHG8B and 16B find in two registers. */
static struct emul_val get_pair(const struct exec *x, unsigned int hi,
				unsigned int lo)
{
	uint64_t low = emul_get_reg(x, lo), high = emul_get_reg(x, hi);

	if (x->insn->op_bytes == 16)
		return (struct emul_val){low, high};
	return (struct emul_val){low_bytes(low, 4) | high << 32, 0};
}

int emul_exec_cmpxchg8b(struct exec *x)
{
	const struct emul_insn *insn = x->insn;
	struct emul_val new = get_pair(x, RCX, RBX);
	struct emul_val want = get_pair(x, RDX, RAX), old = want;
	int rc;

	if (insn->op_bytes == 16 && insn->mem.linear & 15)
		return emul_raise(x->ctxt, EMUL_VEC_GP, 0);
	rc = cmpxchg_mem(x, &old, &new);
	if (rc != EMUL_OK)
		return rc;

	put_flag(&x->rflags, EFL_ZF, old.lo == want.lo && old.hi == want.hi);
	if (x->rflags & EFL_ZF)
		return EMUL_OK;
	if (insn->op_bytes == 8) {
		emul_set_edx_eax(x, old.lo);
	} else {
		emul_set_reg(x, RAX, old.lo, 8);
		emul_set_reg(x, RDX, old.hi, 8);
	}
	return EMUL_OK;
}
