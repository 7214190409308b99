/* SPDX-License-Identifier: MIT */
/*
 * tables.c - the opcodes that the emulator knows
 *
 * A row that is all zero is an instruction that exists, or may come to exist,
 * but is not emulated. ILLEGAL rows are encodings that raise #UD.
 *
 * Locks: none; constant data.
 */
#include "private.h"

/* clang-format off */

#define RW	(EMUL_I_READ | EMUL_I_WRITE)
#define MB	(A_MODRM | A_BYTE)
#define ILLEGAL { OP_ILLEGAL, F_NONE, F_NONE, 0, 0 }

enum group {
	G_80, G_81, G_83, G_C6, G_C7, G_F6, G_F7, G_FE, G_FF,
	G_0F01, G_0FAE, G_0FBA, G_0FC7,
	NR_GROUPS
};

enum by_rm { RM_XCR, RM_SWAPGS, NR_BY_RM };

#define GROUP(g)  { g, F_NONE, F_NONE, 0, A_MODRM | A_GROUP }
#define BY_RM(g)  { g, F_NONE, F_NONE, 0, A_MODRM | A_BY_RM }

/* The six forms of an arithmetic operation; @wr: its flags, @lk: its LOCK. */
#define ALU(base, name, wr, lk)						\
	[(base) + 0] = { name, F_RM, F_REG, wr, MB | (lk) },		\
	[(base) + 1] = { name, F_RM, F_REG, wr, A_MODRM | (lk) },	\
	[(base) + 2] = { name, F_REG, F_RM, EMUL_I_READ, MB },		\
	[(base) + 3] = { name, F_REG, F_RM, EMUL_I_READ, A_MODRM },	\
	[(base) + 4] = { name, F_ACC, F_IMM, 0, A_BYTE },		\
	[(base) + 5] = { name, F_ACC, F_IMM, 0, 0 }

static const struct opcode one_byte[256] = {
	ALU(0x00, EMUL_OP_ADD, RW, A_LOCK),
	ALU(0x08, EMUL_OP_OR, RW, A_LOCK),
	ALU(0x10, EMUL_OP_ADC, RW, A_LOCK),
	ALU(0x18, EMUL_OP_SBB, RW, A_LOCK),
	ALU(0x20, EMUL_OP_AND, RW, A_LOCK),
	ALU(0x28, EMUL_OP_SUB, RW, A_LOCK),
	ALU(0x30, EMUL_OP_XOR, RW, A_LOCK),
	ALU(0x38, EMUL_OP_CMP, EMUL_I_READ, 0),
	[0x63] = { EMUL_OP_MOVSX, F_REG, F_RM32, EMUL_I_READ,
		   A_MODRM | A_LONG },
	[0x6c] = { EMUL_OP_INS, F_STRD, F_DX, EMUL_I_IO | EMUL_I_WRITE,
		   A_BYTE },
	[0x6d] = { EMUL_OP_INS, F_STRD, F_DX, EMUL_I_IO | EMUL_I_WRITE,
		   A_MAX32 },
	[0x6e] = { EMUL_OP_OUTS, F_DX, F_STRS, EMUL_I_IO, A_BYTE },
	[0x6f] = { EMUL_OP_OUTS, F_DX, F_STRS, EMUL_I_IO, A_MAX32 },
	[0x80] = GROUP(G_80),
	[0x81] = GROUP(G_81),
	[0x83] = GROUP(G_83),
	[0x84] = { EMUL_OP_TEST, F_RM, F_REG, EMUL_I_READ, MB },
	[0x85] = { EMUL_OP_TEST, F_RM, F_REG, EMUL_I_READ, A_MODRM },
	[0x86] = { EMUL_OP_XCHG, F_RM, F_REG, RW, MB | A_LOCK },
	[0x87] = { EMUL_OP_XCHG, F_RM, F_REG, RW, A_MODRM | A_LOCK },
	[0x88] = { EMUL_OP_MOV, F_RM, F_REG, EMUL_I_WRITE, MB },
	[0x89] = { EMUL_OP_MOV, F_RM, F_REG, EMUL_I_WRITE, A_MODRM },
	[0x8a] = { EMUL_OP_MOV, F_REG, F_RM, EMUL_I_READ, MB },
	[0x8b] = { EMUL_OP_MOV, F_REG, F_RM, EMUL_I_READ, A_MODRM },
	[0xa0] = { EMUL_OP_MOV, F_ACC, F_MOFFS, EMUL_I_READ, A_BYTE },
	[0xa1] = { EMUL_OP_MOV, F_ACC, F_MOFFS, EMUL_I_READ, 0 },
	[0xa2] = { EMUL_OP_MOV, F_MOFFS, F_ACC, EMUL_I_WRITE, A_BYTE },
	[0xa3] = { EMUL_OP_MOV, F_MOFFS, F_ACC, EMUL_I_WRITE, 0 },
	[0xa4] = { EMUL_OP_MOVS, F_STRD, F_STRS, EMUL_I_WRITE, A_BYTE },
	[0xa5] = { EMUL_OP_MOVS, F_STRD, F_STRS, EMUL_I_WRITE, 0 },
	[0xa8] = { EMUL_OP_TEST, F_ACC, F_IMM, 0, A_BYTE },
	[0xa9] = { EMUL_OP_TEST, F_ACC, F_IMM, 0, 0 },
	[0xaa] = { EMUL_OP_STOS, F_STRD, F_ACC, EMUL_I_WRITE, A_BYTE },
	[0xab] = { EMUL_OP_STOS, F_STRD, F_ACC, EMUL_I_WRITE, 0 },
	[0xc6] = GROUP(G_C6),
	[0xc7] = GROUP(G_C7),
	[0xe4] = { EMUL_OP_IN, F_ACC, F_PORT, EMUL_I_IO, A_BYTE },
	[0xe5] = { EMUL_OP_IN, F_ACC, F_PORT, EMUL_I_IO, A_MAX32 },
	[0xe6] = { EMUL_OP_OUT, F_PORT, F_ACC, EMUL_I_IO, A_BYTE },
	[0xe7] = { EMUL_OP_OUT, F_PORT, F_ACC, EMUL_I_IO, A_MAX32 },
	[0xec] = { EMUL_OP_IN, F_ACC, F_DX, EMUL_I_IO, A_BYTE },
	[0xed] = { EMUL_OP_IN, F_ACC, F_DX, EMUL_I_IO, A_MAX32 },
	[0xee] = { EMUL_OP_OUT, F_DX, F_ACC, EMUL_I_IO, A_BYTE },
	[0xef] = { EMUL_OP_OUT, F_DX, F_ACC, EMUL_I_IO, A_MAX32 },
	[0xf4] = { EMUL_OP_HLT, F_NONE, F_NONE, EMUL_I_PRIV, 0 },
	[0xf6] = GROUP(G_F6),
	[0xf7] = GROUP(G_F7),
	[0xfa] = { EMUL_OP_CLI, F_NONE, F_NONE, 0, 0 },
	[0xfb] = { EMUL_OP_STI, F_NONE, F_NONE, 0, 0 },
	[0xfe] = GROUP(G_FE),
	[0xff] = GROUP(G_FF),
};

#define MOV_CR(name, d, s)						\
	{ name, d, s, EMUL_I_PRIV, A_MODRM | A_NATIVE | A_CR }
#define MOV_DR(name, d, s)						\
	{ name, d, s, EMUL_I_PRIV, A_MODRM | A_NATIVE | A_DR }

static const struct opcode two_byte[256] = {
	[0x01] = GROUP(G_0F01),
	[0x06] = { EMUL_OP_CLTS, F_NONE, F_NONE, EMUL_I_PRIV, 0 },
	[0x08] = { EMUL_OP_INVD, F_NONE, F_NONE, EMUL_I_PRIV, 0 },
	[0x09] = { EMUL_OP_WBINVD, F_NONE, F_NONE, EMUL_I_PRIV, 0 },
	[0x0b] = ILLEGAL,
	[0x20] = MOV_CR(EMUL_OP_MOV_FROM_CR, F_RMREG, F_NONE),
	[0x21] = MOV_DR(EMUL_OP_MOV_FROM_DR, F_RMREG, F_NONE),
	[0x22] = MOV_CR(EMUL_OP_MOV_TO_CR, F_NONE, F_RMREG),
	[0x23] = MOV_DR(EMUL_OP_MOV_TO_DR, F_NONE, F_RMREG),
	[0x30] = { EMUL_OP_WRMSR, F_NONE, F_NONE, EMUL_I_PRIV, 0 },
	[0x31] = { EMUL_OP_RDTSC, F_NONE, F_NONE, 0, 0 },
	[0x32] = { EMUL_OP_RDMSR, F_NONE, F_NONE, EMUL_I_PRIV, 0 },
	[0x33] = { EMUL_OP_RDPMC, F_NONE, F_NONE, 0, 0 },
	[0xa2] = { EMUL_OP_CPUID, F_NONE, F_NONE, 0, 0 },
	[0xa3] = { EMUL_OP_BT, F_RM, F_REG, EMUL_I_READ, A_MODRM },
	[0xab] = { EMUL_OP_BTS, F_RM, F_REG, RW, A_MODRM | A_LOCK },
	[0xae] = GROUP(G_0FAE),
	[0xb0] = { EMUL_OP_CMPXCHG, F_RM, F_REG, RW, MB | A_LOCK },
	[0xb1] = { EMUL_OP_CMPXCHG, F_RM, F_REG, RW, A_MODRM | A_LOCK },
	[0xb3] = { EMUL_OP_BTR, F_RM, F_REG, RW, A_MODRM | A_LOCK },
	[0xb6] = { EMUL_OP_MOVZX, F_REG, F_RM8, EMUL_I_READ, A_MODRM },
	[0xb7] = { EMUL_OP_MOVZX, F_REG, F_RM16, EMUL_I_READ, A_MODRM },
	[0xba] = GROUP(G_0FBA),
	[0xbb] = { EMUL_OP_BTC, F_RM, F_REG, RW, A_MODRM | A_LOCK },
	[0xbe] = { EMUL_OP_MOVSX, F_REG, F_RM8, EMUL_I_READ, A_MODRM },
	[0xbf] = { EMUL_OP_MOVSX, F_REG, F_RM16, EMUL_I_READ, A_MODRM },
	[0xc0] = { EMUL_OP_XADD, F_RM, F_REG, RW, MB | A_LOCK },
	[0xc1] = { EMUL_OP_XADD, F_RM, F_REG, RW, A_MODRM | A_LOCK },
	[0xc7] = GROUP(G_0FC7),
};

/* Each group twice: with a memory operand, with a register. */
#define BOTH(...) { { __VA_ARGS__ }, { __VA_ARGS__ } }

#define ALU_IMM(size, imm)						\
	[0] = { EMUL_OP_ADD, F_RM, imm, RW, (size) | A_LOCK },		\
	[1] = { EMUL_OP_OR, F_RM, imm, RW, (size) | A_LOCK },		\
	[2] = { EMUL_OP_ADC, F_RM, imm, RW, (size) | A_LOCK },		\
	[3] = { EMUL_OP_SBB, F_RM, imm, RW, (size) | A_LOCK },		\
	[4] = { EMUL_OP_AND, F_RM, imm, RW, (size) | A_LOCK },		\
	[5] = { EMUL_OP_SUB, F_RM, imm, RW, (size) | A_LOCK },		\
	[6] = { EMUL_OP_XOR, F_RM, imm, RW, (size) | A_LOCK },		\
	[7] = { EMUL_OP_CMP, F_RM, imm, EMUL_I_READ, size }

#define MOV_IMM(size)							\
	[0] = { EMUL_OP_MOV, F_RM, F_IMM, EMUL_I_WRITE, size },		\
	[1] = ILLEGAL, [2] = ILLEGAL, [3] = ILLEGAL, [4] = ILLEGAL,	\
	[5] = ILLEGAL, [6] = ILLEGAL

#define UNARY(size)							\
	[0] = { EMUL_OP_TEST, F_RM, F_IMM, EMUL_I_READ, size },		\
	[1] = { EMUL_OP_TEST, F_RM, F_IMM, EMUL_I_READ, size },		\
	[2] = { EMUL_OP_NOT, F_RM, F_NONE, RW, (size) | A_LOCK },	\
	[3] = { EMUL_OP_NEG, F_RM, F_NONE, RW, (size) | A_LOCK }

#define INC_DEC(size)							\
	[0] = { EMUL_OP_INC, F_RM, F_NONE, RW, (size) | A_LOCK },	\
	[1] = { EMUL_OP_DEC, F_RM, F_NONE, RW, (size) | A_LOCK }

#define MSW								\
	[4] = { EMUL_OP_SMSW, F_MSW, F_NONE, EMUL_I_WRITE, A_MODRM },	\
	[6] = { EMUL_OP_LMSW, F_NONE, F_RM16,				\
		EMUL_I_PRIV | EMUL_I_READ, A_MODRM }

#define BASE(name, d, s)						\
	{ name, d, s, 0, A_MODRM | A_F3 | A_ONLY64 }

static const struct opcode groups[NR_GROUPS][2][8] = {
	[G_80] = BOTH(ALU_IMM(MB, F_IMM)),
	[G_81] = BOTH(ALU_IMM(A_MODRM, F_IMM)),
	[G_83] = BOTH(ALU_IMM(A_MODRM, F_IMM8)),
	/* Register forms of /7 are XABORT and XBEGIN. */
	[G_C6] = { { MOV_IMM(MB), [7] = ILLEGAL }, { MOV_IMM(MB) } },
	[G_C7] = { { MOV_IMM(A_MODRM), [7] = ILLEGAL },
		   { MOV_IMM(A_MODRM) } },
	[G_F6] = BOTH(UNARY(MB)),
	[G_F7] = BOTH(UNARY(A_MODRM)),
	[G_FE] = BOTH(INC_DEC(MB), ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL,
		      ILLEGAL, ILLEGAL),
	[G_FF] = BOTH(INC_DEC(A_MODRM), [7] = ILLEGAL),
	[G_0F01] = { { MSW, [7] = { EMUL_OP_INVLPG, F_ADDR, F_NONE,
				    EMUL_I_PRIV, A_MODRM } },
		     { MSW, [2] = BY_RM(RM_XCR), [7] = BY_RM(RM_SWAPGS) } },
	[G_0FAE][1] = {
		[0] = BASE(EMUL_OP_RDFSBASE, F_RM, F_NONE),
		[1] = BASE(EMUL_OP_RDGSBASE, F_RM, F_NONE),
		[2] = BASE(EMUL_OP_WRFSBASE, F_NONE, F_RM),
		[3] = BASE(EMUL_OP_WRGSBASE, F_NONE, F_RM),
	},
	[G_0FBA] = BOTH(ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL,
		[4] = { EMUL_OP_BT, F_RM, F_IMM8, EMUL_I_READ, A_MODRM },
		[5] = { EMUL_OP_BTS, F_RM, F_IMM8, RW, A_MODRM | A_LOCK },
		[6] = { EMUL_OP_BTR, F_RM, F_IMM8, RW, A_MODRM | A_LOCK },
		[7] = { EMUL_OP_BTC, F_RM, F_IMM8, RW, A_MODRM | A_LOCK }),
	[G_0FC7] = {
		{ ILLEGAL, { EMUL_OP_CMPXCHG8B, F_RM, F_NONE, RW,
			     A_MODRM | A_PAIR | A_LOCK },
		  ILLEGAL },
		{ ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL, ILLEGAL },
	},
};

static const struct opcode by_rm[NR_BY_RM][8] = {
	[RM_XCR] = {
		[0] = { EMUL_OP_XGETBV, F_NONE, F_NONE, 0, A_MODRM },
		[1] = { EMUL_OP_XSETBV, F_NONE, F_NONE, EMUL_I_PRIV, A_MODRM },
	},
	[RM_SWAPGS] = {
		[0] = { EMUL_OP_SWAPGS, F_NONE, F_NONE, EMUL_I_PRIV,
			A_MODRM | A_ONLY64 },
		[1] = { EMUL_OP_RDTSCP, F_NONE, F_NONE, 0, A_MODRM },
	},
};

/* clang-format on */

const struct opcode *emul_opcode(bool two, uint8_t byte)
{
	return two ? &two_byte[byte] : &one_byte[byte];
}

const struct opcode *emul_opcode_group(const struct opcode *o, uint8_t modrm)
{
	if (o->attr & A_GROUP)
		o = &groups[o->op][modrm_mod(modrm) == 3][modrm_reg(modrm)];
	if (o->attr & A_BY_RM)
		o = &by_rm[o->op][modrm_rm(modrm)];
	return o;
}
