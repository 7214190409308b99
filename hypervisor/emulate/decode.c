/* SPDX-License-Identifier: MIT */
/*
 * decode.c - from bytes to struct emul_insn
 *
 *	prefixes -> opcode -> ModRM, group -> sizes -> address -> operands
 *	-> immediate -> legality -> linear address
 *
 * Code is fetched once, as much as the longest instruction can have. Running
 * out of it is remembered in decode.rc while zeroes are consumed, and is the
 * result as soon as the instruction is known to extend that far: the
 * processor, too, reports it before it looks at what the bytes mean.
 *
 * Locks: none.
 */
#include "private.h"

static const uint8_t forced_prefix[EMUL_FORCED_LEN] = {0x0f, 0x0b, 'x', 'e',
						       'n'};

static int raise_ud(struct decode *d)
{
	return emul_raise(d->ctxt, EMUL_VEC_UD, 0);
}

/* --- code ---------------------------------------------------------------- */

/*
 * Linear address of the instruction, and how many of @d->max bytes are within
 * the code segment (or within canonical addresses).
 */
static int locate_code(struct decode *d, uint64_t *addr)
{
	struct emul_ctxt *ctxt = d->ctxt;
	uint64_t ip = ctxt->regs->rip;
	struct emul_segment cs = {0};
	int rc;

	*addr = ip;
	if (ctxt->mode == EMUL_MODE_64) {
		while (d->max && !emul_canonical(ctxt, ip + d->max - 1))
			d->max--;
		return EMUL_OK;
	}
	if (!ctxt->ops->segment)
		return EMUL_UNHANDLED;
	rc = ctxt->ops->segment(ctxt, EMUL_SEG_CS, &cs);
	if (rc != EMUL_OK)
		return rc;

	ip = low_bytes(ip, ctxt->mode);
	if (ip > cs.limit)
		d->max = 0;
	else if (cs.limit - ip + 1 < d->max)
		d->max = cs.limit - ip + 1;
	*addr = (uint32_t)(cs.base + ip);
	return EMUL_OK;
}

/* Linear addresses wrap at 4 GiB outside of 64-bit mode: two pieces. */
static void fetch(struct decode *d, uint64_t addr)
{
	struct emul_ctxt *ctxt = d->ctxt;
	uint64_t room = -addr;
	unsigned int first = d->max;

	if (ctxt->mode != EMUL_MODE_64)
		room = (1ULL << 32) - addr;
	if (room && room < first)
		first = room;
	if (first)
		d->got = ctxt->ops->fetch(ctxt, addr, d->buf, first);
	if (d->got == first && first < d->max)
		d->got += ctxt->ops->fetch(ctxt, 0, d->buf + first,
					   d->max - first);
}

int emul_decode_begin(struct decode *d, struct emul_ctxt *ctxt,
		      struct emul_insn *insn)
{
	uint64_t addr;
	int rc;

	d->ctxt = ctxt;
	d->insn = insn;
	d->start = ctxt->forced ? EMUL_FORCED_LEN : 0;
	d->pos = 0;
	d->got = 0;
	d->max = d->start + EMUL_MAX_LEN;
	rc = locate_code(d, &addr);
	if (rc == EMUL_OK)
		fetch(d, addr);
	return rc;
}

/*
 * Out of bytes. The fetch callback has raised its #PF already; too long an
 * instruction, or the end of the segment, is ours to raise.
 */
static int out_of_code(struct decode *d)
{
	if (d->got < d->max)
		return EMUL_EXCEPTION;
	return emul_raise(d->ctxt, EMUL_VEC_GP, 0);
}

uint64_t emul_next(struct decode *d, unsigned int bytes)
{
	uint64_t val = 0;
	unsigned int i;

	if (d->rc != EMUL_OK)
		return 0;
	if (d->pos + bytes > d->got) {
		d->pos = d->got;
		d->rc = out_of_code(d);
		return 0;
	}
	for (i = 0; i < bytes; i++)
		val |= (uint64_t)d->buf[d->pos++] << 8 * i;
	return val;
}

/* --- prefixes and opcode ------------------------------------------------- */

static int skip_forced(struct decode *d)
{
	unsigned int i;

	for (i = 0; i < d->start; i++)
		if (emul_next(d, 1) != forced_prefix[i])
			return d->rc != EMUL_OK ? d->rc : EMUL_UNHANDLED;
	return EMUL_OK;
}

/* In 64-bit mode overrides to ES, CS, SS and DS mean nothing. */
static void override(struct decode *d, enum emul_seg seg)
{
	if (d->ctxt->mode != EMUL_MODE_64 || seg >= EMUL_SEG_FS)
		d->seg = seg;
}

/* Is @byte a legacy prefix? Then take note of it. */
static bool take_prefix(struct decode *d, uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		override(d, byte >> 3 & 3);
		return true;
	case 0x64:
	case 0x65:
		override(d, byte & 7);
		return true;
	case 0x66:
		d->opsize = true;
		return true;
	case 0x67:
		d->adsize = true;
		return true;
	case 0xf0:
		d->insn->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		d->insn->rep = byte;
		return true;
	}
	return false;
}

/* Returns the first byte that is no prefix. REX counts only right before it. */
static uint8_t prefixes(struct decode *d)
{
	for (;;) {
		uint8_t byte = emul_next(d, 1);

		if (d->ctxt->mode == EMUL_MODE_64 && (byte & 0xf0) == 0x40)
			d->rex = byte;
		else if (take_prefix(d, byte))
			d->rex = 0;
		else
			return byte;
	}
}

static const struct opcode *opcode(struct decode *d)
{
	uint8_t byte = prefixes(d);
	const struct opcode *o;
	bool two = byte == 0x0f;

	if (two)
		byte = emul_next(d, 1);
	o = emul_opcode(two, byte);
	if (o->attr & A_MODRM) {
		d->modrm = emul_next(d, 1);
		o = emul_opcode_group(o, d->modrm);
	}
	return o;
}

/* --- sizes --------------------------------------------------------------- */

static unsigned int usual_op_bytes(const struct decode *d)
{
	bool small = d->ctxt->mode == EMUL_MODE_16;

	if (d->rex & REX_W)
		return 8;
	return small != d->opsize ? 2 : 4;
}

static unsigned int op_bytes(const struct decode *d, const struct opcode *o)
{
	unsigned int bytes = usual_op_bytes(d);

	if (o->attr & A_BYTE)
		return 1;
	if (o->attr & A_NATIVE)
		return d->ctxt->mode == EMUL_MODE_64 ? 8 : 4;
	if (o->attr & A_PAIR)
		return bytes == 8 ? 16 : 8;
	if (o->attr & A_MAX32 && bytes == 8)
		return 4;
	return bytes;
}

static unsigned int addr_bytes(const struct decode *d)
{
	switch (d->ctxt->mode) {
	case EMUL_MODE_64:
		return d->adsize ? 4 : 8;
	case EMUL_MODE_32:
		return d->adsize ? 2 : 4;
	case EMUL_MODE_16:
		return d->adsize ? 4 : 2;
	}
	return 8;
}

/* --- operands ------------------------------------------------------------ */

static void set_reg(struct decode *d, struct emul_operand *opnd,
		    unsigned int nr, unsigned int bytes)
{
	opnd->kind = EMUL_OPND_REG;
	opnd->reg = nr;
	opnd->bytes = bytes;
	if (bytes == 1 && !d->rex && nr >= RSP && nr <= RDI) {
		opnd->kind = EMUL_OPND_HIGH;
		opnd->reg = nr - RSP;
	}
}

static void set_mem(struct decode *d, struct emul_operand *opnd,
		    unsigned int bytes)
{
	opnd->kind = EMUL_OPND_MEM;
	opnd->bytes = bytes;
	d->insn->mem.bytes = bytes;
	d->insn->flags |= EMUL_I_MEM;
}

static void set_imm(struct emul_insn *insn, struct emul_operand *opnd,
		    uint64_t val)
{
	opnd->kind = EMUL_OPND_IMM;
	opnd->bytes = insn->op_bytes;
	insn->imm = val;
}

/* ModRM r/m: a register, or the memory operand, whose address is known. */
static void set_rm(struct decode *d, struct emul_operand *opnd,
		   unsigned int bytes)
{
	unsigned int nr = modrm_rm(d->modrm) | (d->rex & REX_B ? 8 : 0);

	if (modrm_mod(d->modrm) == 3)
		set_reg(d, opnd, nr, bytes);
	else
		set_mem(d, opnd, bytes);
}

static unsigned int rm_bytes(const struct decode *d, enum form form)
{
	unsigned int bytes = d->insn->op_bytes;

	switch (form) {
	case F_RM8:
		return 1;
	case F_RM16:
		return 2;
	case F_RM32:
		return bytes < 4 ? bytes : 4;
	case F_MSW:
		return modrm_mod(d->modrm) == 3 ? bytes : 2;
	case F_ADDR:
		return 0;
	default:
		return bytes;
	}
}

static void set_string(struct decode *d, struct emul_operand *opnd,
		       struct emul_mem *mem, unsigned int seg, unsigned int nr)
{
	struct emul_insn *insn = d->insn;

	opnd->kind = EMUL_OPND_MEM;
	opnd->bytes = insn->op_bytes;
	mem->seg = seg;
	mem->bytes = insn->op_bytes;
	mem->offset = *emul_gpr(d->ctxt->regs, nr);
	insn->flags |= EMUL_I_STRING;
}

static void operand(struct decode *d, struct emul_operand *opnd, enum form form)
{
	struct emul_insn *insn = d->insn;
	unsigned int bytes = insn->op_bytes;

	switch (form) {
	case F_RM:
	case F_RM8:
	case F_RM16:
	case F_RM32:
	case F_MSW:
	case F_ADDR:
		set_rm(d, opnd, rm_bytes(d, form));
		break;
	case F_REG:
		set_reg(d, opnd, modrm_reg(d->modrm) | (d->rex & REX_R ? 8 : 0),
			bytes);
		break;
	case F_RMREG:
		set_reg(d, opnd, modrm_rm(d->modrm) | (d->rex & REX_B ? 8 : 0),
			bytes);
		break;
	case F_ACC:
		set_reg(d, opnd, RAX, bytes);
		break;
	case F_DX:
		set_reg(d, opnd, RDX, 2);
		break;
	case F_PORT:
		set_imm(insn, opnd, emul_next(d, 1));
		opnd->bytes = 1;
		break;
	case F_IMM:
		bytes = bytes > 4 ? 4 : bytes;
		set_imm(insn, opnd, sign_extend(emul_next(d, bytes), bytes));
		break;
	case F_IMM8:
		set_imm(insn, opnd, sign_extend(emul_next(d, 1), 1));
		break;
	case F_MOFFS:
		insn->mem.offset = emul_next(d, insn->addr_bytes);
		insn->mem.seg = d->seg >= 0 ? d->seg : EMUL_SEG_DS;
		set_mem(d, opnd, bytes);
		break;
	case F_STRD:
		set_string(d, opnd, &insn->mem, EMUL_SEG_ES, RDI);
		insn->flags |= EMUL_I_MEM;
		break;
	case F_STRS:
		set_string(d, opnd, &insn->mem2,
			   d->seg >= 0 ? d->seg : EMUL_SEG_DS, RSI);
		break;
	case F_NONE:
	case NR_FORMS:
		break;
	}
}

/* ModRM's address precedes an immediate, whichever operand is which. */
static void operands(struct decode *d, const struct opcode *o)
{
	struct emul_insn *insn = d->insn;
	bool ignore_mod = o->attr & (A_CR | A_DR);

	if (o->attr & A_MODRM && modrm_mod(d->modrm) != 3 && !ignore_mod)
		emul_modrm_address(d);
	operand(d, &insn->dst, o->dst);
	operand(d, &insn->src, o->src);
	insn->creg =
		ignore_mod ? modrm_reg(d->modrm) | (d->rex & REX_R ? 8 : 0) : 0;
}

/* --- what is left when all bytes are consumed ---------------------------- */

static bool is_legal(const struct decode *d, const struct opcode *o)
{
	const struct emul_insn *insn = d->insn;

	if (insn->lock &&
	    (!(o->attr & A_LOCK) || insn->dst.kind != EMUL_OPND_MEM))
		return false;
	if (o->attr & A_ONLY64 && d->ctxt->mode != EMUL_MODE_64)
		return false;
	if (o->attr & A_CR)
		return emul_is_control_register(insn->creg);
	if (o->attr & A_DR)
		return insn->creg < 8;
	return true;
}

/* Strings are checked when their turn comes: rCX may be zero. */
static int string_address(struct decode *d, struct emul_mem *mem)
{
	unsigned int bytes = mem->bytes;
	int rc;

	if (!bytes)
		return EMUL_OK;
	mem->offset = low_bytes(mem->offset, d->insn->addr_bytes);
	mem->bytes = 0;
	rc = emul_linear(d->ctxt, mem, 0);
	mem->bytes = bytes;
	return rc;
}

static int addresses(struct decode *d)
{
	struct emul_insn *insn = d->insn;
	int rc;

	if (insn->flags & EMUL_I_STRING) {
		rc = string_address(d, &insn->mem);
		return rc != EMUL_OK ? rc : string_address(d, &insn->mem2);
	}
	if (!(insn->flags & EMUL_I_MEM))
		return EMUL_OK;
	if (d->rip_rel)
		insn->mem.offset += d->ctxt->regs->rip + insn->len;
	if (insn->op >= EMUL_OP_BT && insn->op <= EMUL_OP_BTC &&
	    insn->src.kind == EMUL_OPND_REG)
		emul_bit_address(d);
	insn->mem.offset = low_bytes(insn->mem.offset, insn->addr_bytes);
	return emul_linear(d->ctxt, &insn->mem, insn->flags);
}

int emul_decode_tables(struct decode *d)
{
	struct emul_insn *insn = d->insn;
	const struct opcode *o;
	int rc;

	insn_clear(insn);
	d->rc = EMUL_OK;
	d->seg = -1;
	d->rex = 0;
	d->opsize = d->adsize = d->rip_rel = false;

	rc = skip_forced(d);
	if (rc != EMUL_OK)
		return rc;
	o = opcode(d);
	if (d->rc != EMUL_OK)
		return d->rc;
	if (o->op == EMUL_OP_NONE || (o->attr & A_F3 && insn->rep != 0xf3) ||
	    (o->attr & A_LONG && d->ctxt->mode != EMUL_MODE_64))
		return EMUL_UNHANDLED;
	if (o->op == OP_ILLEGAL)
		return raise_ud(d);

	insn->op = o->op;
	insn->flags = o->flags;
	insn->op_bytes = op_bytes(d, o);
	insn->addr_bytes = addr_bytes(d);
	operands(d, o);
	if (d->rc != EMUL_OK)
		return d->rc;
	insn->len = d->pos;
	if (!is_legal(d, o))
		return raise_ud(d);
	return addresses(d);
}

int emul_decode(struct emul_ctxt *ctxt, struct emul_insn *insn)
{
	struct decode d;
	int rc;

	rc = emul_decode_begin(&d, ctxt, insn);
	if (rc != EMUL_OK)
		return rc;
	if (emul_decode_fast(&d))
		return EMUL_OK;
	return emul_decode_tables(&d);
}
