/* SPDX-License-Identifier: MIT */
/*
 * fast.c - recognise the forms in which kernels write page-table entries, and
 * how they reach control registers
 *
 *	mov      %reg, (mem)		xchg     %reg, (mem)
 *	lock and $imm8, (mem) (byte)	lock cmpxchg %reg, (mem)
 *	lock btr $imm8, (mem)		lock btr %reg, (mem)
 *	mov      %cr, %reg		mov      %reg, %cr
 *
 * in 64-bit code, operands of 4 or 8 bytes but for the AND, a base register
 * with or without displacement. A kernel that found itself on one processor
 * has patched LOCK to a DS override, which means nothing here. All else is
 * left to the tables, which give the same result for these forms.
 *
 * Locks: none.
 */
#include "private.h"

/* The longest: LOCK REX 0F BA ModRM disp32 imm8. */
#define LONGEST 10

/**
 * struct match - a form being matched
 * @p:   next byte
 * @rex: REX prefix, or 0
 */
struct match {
	struct decode *d;
	const uint8_t *p;
	uint8_t rex;
};

static bool match_address(struct match *m, uint8_t modrm)
{
	struct emul_mem *mem = &m->d->insn->mem;
	unsigned int rm = modrm_rm(modrm);
	uint32_t disp32;

	if (rm == RSP || modrm_mod(modrm) == 3 || (modrm & 0xc7) == RBP)
		return false;
	mem->seg = rm == RBP && !(m->rex & REX_B) ? EMUL_SEG_SS : EMUL_SEG_DS;
	mem->offset =
		*emul_gpr(m->d->ctxt->regs, rm | (m->rex & REX_B ? 8 : 0));
	if (modrm_mod(modrm) == 1) {
		mem->offset += (int8_t)*m->p++;
	} else if (modrm_mod(modrm) == 2) {
		__builtin_memcpy(&disp32, m->p, sizeof(disp32));
		mem->offset += (int32_t)disp32;
		m->p += sizeof(disp32);
	}
	return true;
}

/* Operands of @bytes: memory, and a register or (@imm) an immediate byte. */
static bool match_operands(struct match *m, enum emul_op op, unsigned int flags,
			   unsigned int bytes, bool imm)
{
	struct emul_insn *insn = m->d->insn;
	uint8_t modrm = *m->p++;

	insn->op = op;
	insn->flags = flags | EMUL_I_MEM;
	insn->op_bytes = bytes;
	insn->addr_bytes = 8;
	insn->dst = (struct emul_operand){EMUL_OPND_MEM, 0, bytes};
	insn->mem.bytes = bytes;
	if (!match_address(m, modrm))
		return false;

	insn->src.bytes = bytes;
	if (imm) {
		insn->src.kind = EMUL_OPND_IMM;
		insn->imm = (int8_t)*m->p++;
	} else {
		insn->src.kind = EMUL_OPND_REG;
		insn->src.reg = modrm_reg(modrm) | (m->rex & REX_R ? 8 : 0);
	}
	return true;
}

/* The mod of the ModRM byte means nothing here. */
static bool match_control(struct match *m, enum emul_op op)
{
	struct emul_insn *insn = m->d->insn;
	uint8_t modrm = *m->p++;
	struct emul_operand general = {
		.kind = EMUL_OPND_REG,
		.reg = modrm_rm(modrm) | (m->rex & REX_B ? 8 : 0),
		.bytes = 8,
	};

	insn->op = op;
	insn->flags = EMUL_I_PRIV;
	insn->op_bytes = insn->addr_bytes = 8;
	insn->creg = modrm_reg(modrm) | (m->rex & REX_R ? 8 : 0);
	if (op == EMUL_OP_MOV_FROM_CR)
		insn->dst = general;
	else
		insn->src = general;
	return !insn->lock && emul_is_control_register(insn->creg);
}

#define RMW (EMUL_I_READ | EMUL_I_WRITE)

static bool match_two_byte(struct match *m, unsigned int bytes)
{
	switch (*m->p++) {
	case 0x20:
		return match_control(m, EMUL_OP_MOV_FROM_CR);
	case 0x22:
		return match_control(m, EMUL_OP_MOV_TO_CR);
	case 0xb1:
		return match_operands(m, EMUL_OP_CMPXCHG, RMW, bytes, false);
	case 0xb3:
		if (!match_operands(m, EMUL_OP_BTR, RMW, bytes, false))
			return false;
		emul_bit_address(m->d);
		return true;
	case 0xba:
		return modrm_reg(*m->p) == 6 &&
		       match_operands(m, EMUL_OP_BTR, RMW, bytes, true);
	}
	return false;
}

/* Is it worth a closer look? Other privileged instructions come here, too. */
static bool is_known(const uint8_t *p)
{
	if (p[0] == 0x0f)
		return p[1] == 0x20 || p[1] == 0x22 || p[1] == 0xb1 ||
		       p[1] == 0xb3 || p[1] == 0xba;
	return p[0] == 0x89 || p[0] == 0x87 || p[0] == 0x80;
}

static bool match_opcode(struct match *m)
{
	unsigned int bytes = m->rex & REX_W ? 8 : 4;

	switch (*m->p++) {
	case 0x89:
		return !m->d->insn->lock &&
		       match_operands(m, EMUL_OP_MOV, EMUL_I_WRITE, bytes,
				      false);
	case 0x87:
		return match_operands(m, EMUL_OP_XCHG, RMW, bytes, false);
	case 0x80:
		return modrm_reg(*m->p) == 4 &&
		       match_operands(m, EMUL_OP_AND, RMW, 1, true);
	case 0x0f:
		return match_two_byte(m, bytes);
	}
	return false;
}

bool emul_decode_fast(struct decode *d)
{
	struct match m = {.d = d, .p = d->buf};
	struct emul_insn *insn = d->insn;

	if (d->ctxt->mode != EMUL_MODE_64 || d->start || d->got < LONGEST)
		return false;
	if (*m.p == 0xf0 || *m.p == 0x3e)
		m.p++;
	if ((*m.p & 0xf0) == 0x40)
		m.rex = *m.p++;
	if (!is_known(m.p))
		return false;
	insn_clear(insn);
	insn->lock = d->buf[0] == 0xf0;
	if (!match_opcode(&m))
		return false;
	insn->len = m.p - d->buf;
	return !(insn->flags & EMUL_I_MEM) ||
	       emul_linear(d->ctxt, &insn->mem, insn->flags) == EMUL_OK;
}
