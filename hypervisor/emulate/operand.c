/* SPDX-License-Identifier: MIT */
/*
 * operand.c - where memory operands are
 *
 * From ModRM, SIB and displacement to an offset, from the offset to a linear
 * address. Segmentation counts outside of 64-bit mode, where only the bases
 * of FS and GS are left of it.
 *
 * Locks: none.
 */
#include "private.h"

/* Base and index registers of 16-bit addresses, by rm; -1: none. */
static const int8_t base16[8] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
static const int8_t index16[8] = {RSI, RDI, RSI, RDI, -1, -1, -1, -1};

static uint64_t gpr(struct decode *d, unsigned int nr)
{
	return *emul_gpr(d->ctxt->regs, nr);
}

/* Stack-relative addresses use SS; BP and SP count, R12 and R13 do not. */
static void set_base(struct decode *d, unsigned int nr)
{
	d->insn->mem.offset += gpr(d, nr);
	if (nr == RSP || nr == RBP)
		d->insn->mem.seg = EMUL_SEG_SS;
}

static void address16(struct decode *d)
{
	struct emul_mem *mem = &d->insn->mem;
	unsigned int mod = modrm_mod(d->modrm), rm = modrm_rm(d->modrm);

	if (mod == 0 && rm == 6) {
		mem->offset = emul_next(d, 2);
		return;
	}
	set_base(d, base16[rm]);
	if (index16[rm] >= 0)
		mem->offset += gpr(d, index16[rm]);
	if (mod)
		mem->offset += sign_extend(emul_next(d, mod), mod);
}

/* Returns the base's number, or -1 if a displacement stands in its place. */
static int address_sib(struct decode *d)
{
	uint8_t sib = emul_next(d, 1);
	unsigned int index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0);
	unsigned int base = sib & 7;

	if (index != RSP)
		d->insn->mem.offset += gpr(d, index) << (sib >> 6);
	if (base == RBP && modrm_mod(d->modrm) == 0)
		return -1;
	return base | (d->rex & REX_B ? 8 : 0);
}

static void address32(struct decode *d)
{
	struct emul_mem *mem = &d->insn->mem;
	unsigned int mod = modrm_mod(d->modrm), rm = modrm_rm(d->modrm);
	unsigned int disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	int base;

	if (rm == RSP)
		base = address_sib(d);
	else if (rm == RBP && mod == 0)
		base = -1;
	else
		base = rm | (d->rex & REX_B ? 8 : 0);

	if (base >= 0) {
		set_base(d, base);
	} else {
		disp = 4;
		d->rip_rel = rm == RBP && d->ctxt->mode == EMUL_MODE_64;
	}
	if (disp)
		mem->offset += sign_extend(emul_next(d, disp), disp);
}

void emul_modrm_address(struct decode *d)
{
	d->insn->mem.seg = EMUL_SEG_DS;
	if (d->insn->addr_bytes == 2)
		address16(d);
	else
		address32(d);
	if (d->seg >= 0)
		d->insn->mem.seg = d->seg;
}

/*
 * A bit index in a register reaches beyond the operand: it is signed, and
 * counts in units of the operand size.
 */
void emul_bit_address(struct decode *d)
{
	struct emul_insn *insn = d->insn;
	unsigned int bytes = insn->op_bytes;
	int64_t bit = sign_extend(gpr(d, insn->src.reg), bytes);
	unsigned int log2_bits = 3 + __builtin_ctz(bytes);

	insn->mem.offset += (uint64_t)(bit >> log2_bits) * bytes;
}

bool emul_canonical(const struct emul_ctxt *ctxt, uint64_t addr)
{
	unsigned int unused = ctxt->la57 ? 64 - 57 : 64 - 48;

	return (uint64_t)((int64_t)(addr << unused) >> unused) == addr;
}

static int raise_limit(struct emul_ctxt *ctxt, unsigned int seg)
{
	return emul_raise(ctxt, seg == EMUL_SEG_SS ? EMUL_VEC_SS : EMUL_VEC_GP,
			  0);
}

static int linear64(struct emul_ctxt *ctxt, struct emul_mem *mem)
{
	uint64_t last;

	if (mem->bytes == 0)
		return EMUL_OK;
	last = mem->linear + mem->bytes - 1;
	if (last < mem->linear || !emul_canonical(ctxt, mem->linear) ||
	    !emul_canonical(ctxt, last))
		return raise_limit(ctxt, mem->seg);
	return EMUL_OK;
}

/* Does the segment cover the operand? Offsets are below 4 GiB. */
static bool within_limit(const struct emul_segment *s,
			 const struct emul_mem *mem)
{
	uint64_t last = mem->offset + mem->bytes - 1;

	if (s->expand_down)
		return mem->offset > s->limit &&
		       last <= (s->big ? UINT32_MAX : UINT16_MAX);
	return last <= s->limit;
}

static int linear32(struct emul_ctxt *ctxt, struct emul_mem *mem,
		    const struct emul_segment *s, unsigned int flags)
{
	mem->linear = (uint32_t)mem->linear;
	if (mem->bytes == 0)
		return EMUL_OK;
	if (!s->usable || !within_limit(s, mem))
		return raise_limit(ctxt, mem->seg);
	if ((flags & EMUL_I_WRITE && !s->writable) ||
	    (flags & EMUL_I_READ && !s->readable))
		return emul_raise(ctxt, EMUL_VEC_GP, 0);
	if (mem->linear + mem->bytes - 1 > UINT32_MAX)
		return raise_limit(ctxt, mem->seg);
	return EMUL_OK;
}

int emul_linear(struct emul_ctxt *ctxt, struct emul_mem *mem,
		unsigned int flags)
{
	struct emul_segment s = {0};
	int rc;

	mem->linear = mem->offset;
	if (ctxt->mode == EMUL_MODE_64 && mem->seg < EMUL_SEG_FS)
		return linear64(ctxt, mem);

	if (!ctxt->ops->segment)
		return EMUL_UNHANDLED;
	rc = ctxt->ops->segment(ctxt, mem->seg, &s);
	if (rc != EMUL_OK)
		return rc;
	mem->linear += s.base;
	if (ctxt->mode == EMUL_MODE_64)
		return linear64(ctxt, mem);
	return linear32(ctxt, mem, &s, flags);
}
