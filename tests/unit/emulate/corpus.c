/* SPDX-License-Identifier: MIT */
/*
 * corpus.c - random, valid instructions with operands that can be reached
 *
 * The address is made backwards: a target in memory is chosen, then scale,
 * index and displacement, and the base register gets what is missing.
 */
#include <string.h>

#include "corpus.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, NONE = -1 };

#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define DF 0x400
#define OF 0x800

#define LOGIC AF
#define BITOP (OF | SF | AF | PF)

#define M  C_MODRM
#define MB (C_MODRM | C_BYTE)
#define L  C_LOCK

#define ALU(nm, base, reg_imm, lk, undef)				\
	{ nm, { (base) + 0 }, 1, -1, IMM_NONE, MB | (lk), undef },	\
	{ nm, { (base) + 1 }, 1, -1, IMM_NONE, M | (lk), undef },	\
	{ nm, { (base) + 2 }, 1, -1, IMM_NONE, MB, undef },		\
	{ nm, { (base) + 3 }, 1, -1, IMM_NONE, M, undef },		\
	{ nm, { (base) + 4 }, 1, -1, IMM_8, C_BYTE, undef },		\
	{ nm, { (base) + 5 }, 1, -1, IMM_Z, 0, undef },			\
	{ nm, { 0x80 }, 1, reg_imm, IMM_8, MB | (lk), undef },		\
	{ nm, { 0x81 }, 1, reg_imm, IMM_Z, M | (lk), undef },		\
	{ nm, { 0x83 }, 1, reg_imm, IMM_8, M | (lk), undef }

#define BIT(nm, op, reg_imm, lk)					\
	{ nm, { 0x0f, op }, 2, -1, IMM_NONE, M | C_BITS | (lk), BITOP },    \
	{ nm, { 0x0f, 0xba }, 2, reg_imm, IMM_8, M | (lk), BITOP }

const struct corpus_form corpus_forms[] = {
	ALU("add", 0x00, 0, L, 0),
	ALU("or", 0x08, 1, L, LOGIC),
	ALU("adc", 0x10, 2, L, 0),
	ALU("sbb", 0x18, 3, L, 0),
	ALU("and", 0x20, 4, L, LOGIC),
	ALU("sub", 0x28, 5, L, 0),
	ALU("xor", 0x30, 6, L, LOGIC),
	ALU("cmp", 0x38, 7, 0, 0),
	{ "inc", { 0xfe }, 1, 0, IMM_NONE, MB | L, 0 },
	{ "inc", { 0xff }, 1, 0, IMM_NONE, M | L, 0 },
	{ "dec", { 0xfe }, 1, 1, IMM_NONE, MB | L, 0 },
	{ "dec", { 0xff }, 1, 1, IMM_NONE, M | L, 0 },
	{ "not", { 0xf6 }, 1, 2, IMM_NONE, MB | L, 0 },
	{ "not", { 0xf7 }, 1, 2, IMM_NONE, M | L, 0 },
	{ "neg", { 0xf6 }, 1, 3, IMM_NONE, MB | L, 0 },
	{ "neg", { 0xf7 }, 1, 3, IMM_NONE, M | L, 0 },
	{ "test", { 0x84 }, 1, -1, IMM_NONE, MB, LOGIC },
	{ "test", { 0x85 }, 1, -1, IMM_NONE, M, LOGIC },
	{ "test", { 0xa8 }, 1, -1, IMM_8, C_BYTE, LOGIC },
	{ "test", { 0xa9 }, 1, -1, IMM_Z, 0, LOGIC },
	{ "test", { 0xf6 }, 1, 0, IMM_8, MB, LOGIC },
	{ "test", { 0xf7 }, 1, 0, IMM_Z, M, LOGIC },
	BIT("bt", 0xa3, 4, 0),
	BIT("bts", 0xab, 5, L),
	BIT("btr", 0xb3, 6, L),
	BIT("btc", 0xbb, 7, L),
	{ "mov", { 0x88 }, 1, -1, IMM_NONE, MB, 0 },
	{ "mov", { 0x89 }, 1, -1, IMM_NONE, M, 0 },
	{ "mov", { 0x8a }, 1, -1, IMM_NONE, MB, 0 },
	{ "mov", { 0x8b }, 1, -1, IMM_NONE, M, 0 },
	{ "mov", { 0xa0 }, 1, -1, IMM_NONE, C_BYTE | C_MOFFS, 0 },
	{ "mov", { 0xa1 }, 1, -1, IMM_NONE, C_MOFFS, 0 },
	{ "mov", { 0xa2 }, 1, -1, IMM_NONE, C_BYTE | C_MOFFS, 0 },
	{ "mov", { 0xa3 }, 1, -1, IMM_NONE, C_MOFFS, 0 },
	{ "mov", { 0xc6 }, 1, 0, IMM_8, MB, 0 },
	{ "mov", { 0xc7 }, 1, 0, IMM_Z, M, 0 },
	{ "movsxd", { 0x63 }, 1, -1, IMM_NONE, M | C_LONG, 0 },
	{ "movzx", { 0x0f, 0xb6 }, 2, -1, IMM_NONE, M, 0 },
	{ "movzx", { 0x0f, 0xb7 }, 2, -1, IMM_NONE, M, 0 },
	{ "movsx", { 0x0f, 0xbe }, 2, -1, IMM_NONE, M, 0 },
	{ "movsx", { 0x0f, 0xbf }, 2, -1, IMM_NONE, M, 0 },
	{ "xchg", { 0x86 }, 1, -1, IMM_NONE, MB | L, 0 },
	{ "xchg", { 0x87 }, 1, -1, IMM_NONE, M | L, 0 },
	{ "xadd", { 0x0f, 0xc0 }, 2, -1, IMM_NONE, MB | L, 0 },
	{ "xadd", { 0x0f, 0xc1 }, 2, -1, IMM_NONE, M | L, 0 },
	{ "cmpxchg", { 0x0f, 0xb0 }, 2, -1, IMM_NONE, MB | L | C_COMPARE, 0 },
	{ "cmpxchg", { 0x0f, 0xb1 }, 2, -1, IMM_NONE, M | L | C_COMPARE, 0 },
	{ "cmpxchg8b", { 0x0f, 0xc7 }, 2, 1, IMM_NONE,
	  M | L | C_COMPARE | C_MEMORY, 0 },
	{ "cmpxchg16b", { 0x0f, 0xc7 }, 2, 1, IMM_NONE,
	  M | L | C_COMPARE | C_MEMORY | C_REX_W | C_LONG, 0 },
	{ "movs", { 0xa4 }, 1, -1, IMM_NONE, C_BYTE | C_STRING, 0 },
	{ "movs", { 0xa5 }, 1, -1, IMM_NONE, C_STRING, 0 },
	{ "stos", { 0xaa }, 1, -1, IMM_NONE, C_BYTE | C_STRING, 0 },
	{ "stos", { 0xab }, 1, -1, IMM_NONE, C_STRING, 0 },
};

const size_t corpus_nr_forms = sizeof(corpus_forms) / sizeof(corpus_forms[0]);

uint64_t rng_next(struct rng *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state;
}

unsigned int rng_below(struct rng *r, unsigned int n)
{
	return (rng_next(r) >> 16) % n;
}

/* Values where carries, signs and sizes change. */
static uint64_t any_value(struct rng *r)
{
	static const uint64_t edge[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
		0x80000000, 0xffffffff, 0x7fffffffffffffff,
		0x8000000000000000, 0xffffffffffffffff, 0x0f, 0x10,
	};

	if (rng_below(r, 3))
		return rng_next(r);
	return edge[rng_below(r, sizeof(edge) / sizeof(edge[0]))];
}

/**
 * struct build - a sample being made
 * @target: address of the operand, without the base of @gs
 * @fixed:  bit per register whose value must stay
 * @rip_at: where a rip-relative displacement is in the code, or 0
 */
struct build {
	struct rng *r;
	const struct place *place;
	struct sample *s;
	uint64_t target;
	uint16_t fixed;
	uint8_t rex, rip_at;
	bool opsize, adsize, gs;
};

static void put(struct build *b, uint64_t val, unsigned int bytes)
{
	memcpy(b->s->code + b->s->len, &val, bytes);
	b->s->len += bytes;
}

static void set_fixed(struct build *b, unsigned int nr, uint64_t val)
{
	b->s->gpr[nr] = val;
	b->fixed |= 1 << nr;
}

static void prefixes64(struct build *b)
{
	static const uint8_t ignored[] = { 0x26, 0x2e, 0x36, 0x3e };
	uint16_t attr = b->s->form->attr;

	b->adsize = rng_below(b->r, 6) == 0;
	b->gs = b->place->gs_base && rng_below(b->r, 6) == 0;
	b->rex = rng_below(b->r, 3) ? 0x40 | rng_below(b->r, 16) : 0;
	if (attr & C_REX_W)
		b->rex |= 0x48;
	else if (b->s->form->reg == 1 && attr & C_MEMORY && b->rex)
		b->rex &= ~8;

	/* A REX prefix counts only right before the opcode. */
	if (rng_below(b->r, 16) == 0)
		put(b, 0x3e40 | (rng_next(b->r) & 0xf), 2);
	if (rng_below(b->r, 8) == 0)
		put(b, ignored[rng_below(b->r, 4)], 1);
	if (b->gs)
		put(b, 0x65, 1);
	if (b->adsize)
		put(b, 0x67, 1);
	if (b->gs && rng_below(b->r, 8) == 0)
		put(b, ignored[rng_below(b->r, 4)], 1);
}

/* ES, SS, DS: all the same. Code cannot be written to. */
static void prefixes32(struct build *b)
{
	static const uint8_t flat[] = { 0x26, 0x36, 0x3e };

	if (rng_below(b->r, 4) == 0)
		put(b, flat[rng_below(b->r, 3)], 1);
}

static void prefixes(struct build *b)
{
	b->opsize = rng_below(b->r, 4) == 0;
	if (b->opsize)
		put(b, 0x66, 1);
	if (b->place->code32)
		prefixes32(b);
	else
		prefixes64(b);
}

static unsigned int op_bytes(const struct build *b)
{
	if (b->s->form->attr & C_BYTE)
		return 1;
	if (b->rex & 8)
		return 8;
	return b->opsize ? 2 : 4;
}

/* An upper half that a 32-bit address must not look at. */
static uint64_t dirty_upper(struct build *b, uint64_t val)
{
	if (b->adsize || b->place->code32)
		return (uint32_t)val | rng_next(b->r) << 32;
	return val;
}

/* SIB byte. Returns what its index adds; @base: its base field and REX.B. */
static uint64_t sib(struct build *b, int base)
{
	unsigned int scale = rng_below(b->r, 4), index;

	do {
		index = rng_below(b->r, 8) | (b->rex & 2 ? 8 : 0);
	} while ((int)index == base || b->fixed & 1 << index);
	put(b, scale << 6 | (index & 7) << 3 | (base & 7), 1);
	if (index == RSP)
		return 0;
	set_fixed(b, index, rng_below(b->r, 512) - 256ULL);
	return b->s->gpr[index] << scale;
}

/* Base register (anything, RSP, R13 and all), index or not, displacement. */
static void address_base(struct build *b, unsigned int reg)
{
	unsigned int mod = rng_below(b->r, 3), base;
	uint64_t rest = b->target;
	int64_t disp = 0;
	bool has_sib;

	do {
		base = rng_below(b->r, 8) | (b->rex & 1 ? 8 : 0);
	} while (b->fixed & 1 << base || (mod == 0 && (base & 7) == RBP));
	has_sib = (base & 7) == RSP || rng_below(b->r, 3) == 0;

	put(b, mod << 6 | reg << 3 | (has_sib ? 4 : base & 7), 1);
	if (has_sib)
		rest -= sib(b, base);
	if (mod == 1)
		disp = (int8_t)rng_next(b->r);
	if (mod == 2)
		disp = (int32_t)rng_next(b->r) >> rng_below(b->r, 2) * 16;
	if (mod)
		put(b, disp, mod == 1 ? 1 : 4);
	set_fixed(b, base, dirty_upper(b, rest - disp));
}

static void address_absolute(struct build *b, unsigned int reg)
{
	uint64_t rest = b->target;

	put(b, reg << 3 | 4, 1);
	rest -= sib(b, RBP);
	put(b, rest, 4);
}

static void address(struct build *b, unsigned int reg)
{
	switch (rng_below(b->r, 8)) {
	case 0:
		address_absolute(b, reg);
		break;
	case 1:
		put(b, reg << 3 | 5, 1);
		b->rip_at = b->place->code32 ? 0 : b->s->len;
		put(b, b->target, 4);
		break;
	default:
		address_base(b, reg);
	}
}

/* Half of the comparisons find what they look for. */
static void compare(struct build *b)
{
	uint64_t at = b->target + (b->gs ? b->place->gs_base : 0);
	const uint8_t *p = b->place->peek + (at - b->place->mem);
	bool wide = b->s->form->attr & C_REX_W;
	uint64_t lo, hi;

	if (!b->place->peek || rng_below(b->r, 2))
		return;
	memcpy(&lo, p, 8);
	memcpy(&hi, p + 8, 8);
	if (!(b->fixed & 1 << RAX))
		set_fixed(b, RAX, lo);
	if (b->s->form->attr & C_MEMORY && !(b->fixed & 1 << RDX))
		set_fixed(b, RDX, wide ? hi : lo >> 32);
}

/* A bit index that stays within memory, as seen with the operand's size. */
static void bit_index(struct build *b, unsigned int nr)
{
	int64_t bits = (int64_t)rng_below(b->r, 1 << 14) - (1 << 13);

	if (op_bytes(b) == 2)
		bits = (uint16_t)bits | rng_next(b->r) << 16;
	else if (op_bytes(b) == 4)
		bits = (uint32_t)bits | rng_next(b->r) << 32;
	set_fixed(b, nr, bits);
}

/*
 * Processors differ in whether a failing CMPXCHG clears the upper half of a
 * 32-bit destination register: there it is zero already.
 */
static void register_operand(struct build *b, unsigned int reg)
{
	unsigned int rm = rng_below(b->r, 8);
	uint64_t *val = &b->s->gpr[rm | (b->rex & 1 ? 8 : 0)];

	put(b, 0xc0 | reg << 3 | rm, 1);
	if (b->s->form->attr & C_COMPARE)
		*val = (uint32_t)*val;
}

static void modrm(struct build *b)
{
	const struct corpus_form *f = b->s->form;
	unsigned int reg = f->reg < 0 ? rng_below(b->r, 8) : (uint8_t)f->reg;
	bool memory = f->attr & C_MEMORY || rng_below(b->r, 4);

	if (!memory) {
		register_operand(b, reg);
		return;
	}
	if (f->attr & C_BITS)
		bit_index(b, reg | (b->rex & 4 ? 8 : 0));
	address(b, reg);
	b->s->lock = f->attr & C_LOCK && rng_below(b->r, 2);
}

static void string(struct build *b)
{
	set_fixed(b, RDI, dirty_upper(b, b->place->mem +
				      b->place->mem_size / 2 +
				      rng_below(b->r, 64)));
	set_fixed(b, RSI, dirty_upper(b, b->target));
	set_fixed(b, RCX, dirty_upper(b, 1 + rng_below(b->r, 5)));
}

static void operands(struct build *b)
{
	const struct corpus_form *f = b->s->form;
	unsigned int bytes = op_bytes(b);

	if (f->attr & C_MODRM)
		modrm(b);
	if (f->attr & C_MOFFS)
		put(b, b->target, b->adsize || b->place->code32 ? 4 : 8);
	if (f->attr & C_STRING)
		string(b);
	if (f->attr & C_COMPARE)
		compare(b);
	if (f->imm == IMM_8)
		put(b, any_value(b->r), 1);
	else if (f->imm == IMM_Z)
		put(b, any_value(b->r), bytes > 4 ? 4 : bytes);
}

/* What comes before the prefixes and has been decided on last. */
static void prepend(struct sample *s, uint8_t prefix)
{
	memmove(s->code + 1, s->code, s->len++);
	s->code[0] = prefix;
}

static void sample(struct rng *r, const struct corpus_form *form,
		   const struct place *place, struct sample *s)
{
	struct build b = { .r = r, .place = place, .s = s };
	unsigned int before_target = 0;
	int32_t disp;

	prefixes(&b);
	b.target = place->mem + place->mem_size / 2 + rng_below(r, 128);
	if (form->attr & C_REX_W)
		b.target &= ~15ULL;
	if (b.gs)
		b.target -= place->gs_base;
	if (b.rex)
		put(&b, b.rex, 1);
	put(&b, form->opcode[0] | form->opcode[1] << 8, form->nr_opcode);
	operands(&b);

	if (s->lock)
		prepend(s, 0xf0), before_target++;
	else if (form->attr & C_STRING && rng_below(r, 2))
		prepend(s, 0xf2 + rng_below(r, 2));
	if (b.rip_at) {
		disp = b.target - place->code - s->len;
		memcpy(s->code + b.rip_at + before_target, &disp, 4);
	}
}

void corpus_sample(struct rng *r, const struct corpus_form *form,
		   const struct place *place, struct sample *s)
{
	unsigned int i;

	do {
		memset(s, 0, sizeof(*s));
		s->form = form;
		s->rflags = 0x202 | (rng_next(r) &
				     (CF | PF | AF | ZF | SF | DF | OF));
		for (i = 0; i < 16; i++)
			s->gpr[i] = any_value(r);
		sample(r, form, place, s);
	} while (s->len > 15);
}
