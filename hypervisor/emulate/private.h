/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of the instruction emulator share
 *
 *	tables.c    what each opcode is: operation, operands, attributes
 *	decode.c    bytes to struct emul_insn, by those tables
 *	fast.c      the same for the few forms that write page tables
 *	operand.c   addresses of memory operands; segment checks
 *	execute.c   registers, dispatch by operation, retiring
 *	alu.c       arithmetic with flags, read-modify-write
 *	string.c    string instructions and ports
 *	system.c    control registers, MSRs and the like
 *
 * Locks: none. All state is in the structures below, on the caller's stack.
 */
#ifndef LODGE_EMULATE_PRIVATE_H
#define LODGE_EMULATE_PRIVATE_H

#include <lodge/emulate.h>
#include <xen/xen.h>

#define EMUL_MAX_LEN	15
#define EMUL_FORCED_LEN 5 /* ud2; .ascii "xen" */

/* General registers by number. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

/* Bits of EFLAGS. */
#define EFL_CF 0x0001UL
#define EFL_PF 0x0004UL
#define EFL_AF 0x0010UL
#define EFL_ZF 0x0040UL
#define EFL_SF 0x0080UL
#define EFL_TF 0x0100UL
#define EFL_DF 0x0400UL
#define EFL_OF 0x0800UL
#define EFL_RF 0x10000UL

#define EFL_ARITH (EFL_CF | EFL_PF | EFL_AF | EFL_ZF | EFL_SF | EFL_OF)

/* Operand forms of the opcode tables. */
enum form {
	F_NONE,
	F_RM,	 /* ModRM r/m, operand size */
	F_RM8,	 /* ModRM r/m, 8 bits */
	F_RM16,	 /* ModRM r/m, 16 bits */
	F_RM32,	 /* ModRM r/m, operand size, 32 bits at most */
	F_MSW,	 /* ModRM r/m, operand size if a register, else 16 bits */
	F_ADDR,	 /* ModRM memory, address only */
	F_REG,	 /* ModRM reg, operand size */
	F_RMREG, /* ModRM r/m as register, whatever mod says */
	F_ACC,	 /* rAX, operand size */
	F_DX,	 /* DX */
	F_PORT,	 /* immediate byte, unsigned */
	F_IMM,	 /* immediate of operand size, 32 bits at most, extended */
	F_IMM8,	 /* immediate byte, sign-extended */
	F_MOFFS, /* memory at an immediate address */
	F_STRD,	 /* memory at ES:rDI */
	F_STRS,	 /* memory at DS:rSI; the segment can be overridden */
	NR_FORMS
};

/* Attributes of the opcode tables. */
enum attr {
	A_MODRM = 1 << 0,
	A_BYTE = 1 << 1,   /* operand size is 1 */
	A_NATIVE = 1 << 2, /* operand size is 8 in 64-bit mode, else 4 */
	A_MAX32 = 1 << 3,  /* operand size is 4 at most */
	A_PAIR = 1 << 4,   /* operand size is twice the usual 4 or 8 */
	A_LOCK = 1 << 5,   /* LOCK is legal if the destination is memory */
	A_CR = 1 << 6,	   /* ModRM reg is a control register */
	A_DR = 1 << 7,	   /* ModRM reg is a debug register */
	A_F3 = 1 << 8,	   /* another instruction without the prefix F3 */
	A_ONLY64 = 1 << 9, /* #UD outside of 64-bit mode */
	A_LONG = 1 << 12,  /* another instruction outside of it */
	A_GROUP = 1 << 10, /* op: see groups[op] by mod and reg of ModRM */
	A_BY_RM = 1 << 11, /* op: see by_rm[op] by rm of ModRM */
};

/* Beside enum emul_op: no instruction, now or ever. */
#define OP_ILLEGAL EMUL_NR_OPS

struct opcode {
	uint8_t op;	  /* enum emul_op, OP_ILLEGAL or number of a group */
	uint8_t dst, src; /* enum form */
	uint8_t flags;	  /* EMUL_I_PRIV, _IO, _READ, _WRITE */
	uint16_t attr;	  /* enum attr */
};

/**
 * emul_opcode() - look an opcode up
 * @two:   it followed the escape byte 0F
 * @byte:  the opcode
 * Return: its row, which may say A_GROUP
 */
const struct opcode *emul_opcode(bool two, uint8_t byte);

/**
 * emul_opcode_group() - go on from a row with A_GROUP
 * @o:     the row
 * @modrm: the ModRM byte
 * Return: the row of the instruction itself
 */
const struct opcode *emul_opcode_group(const struct opcode *o, uint8_t modrm);

/**
 * struct decode - an instruction being decoded
 * @start: length of the forced prefix: instructions begin here
 * @pos:   next byte to consume
 * @got:   bytes in @buf
 * @max:   bytes asked for; less than the longest instruction if the code
 *         segment ends before
 * @rc:    first failure to consume a byte; later ones give zeroes
 * @seg:   segment override, or -1
 * @rex:   REX prefix, or 0
 * @opsize, @adsize: prefixes 66 and 67 are there
 * @rip_rel: the address is relative to the end of the instruction
 */
struct decode {
	struct emul_ctxt *ctxt;
	struct emul_insn *insn;
	uint8_t buf[EMUL_MAX_LEN + EMUL_FORCED_LEN];
	uint8_t start, pos, got, max;
	int rc;
	int8_t seg;
	uint8_t rex;
	bool opsize, adsize;
	bool rip_rel;
	uint8_t modrm;
};

#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

static inline unsigned int modrm_mod(uint8_t modrm)
{
	return modrm >> 6;
}

static inline unsigned int modrm_reg(uint8_t modrm)
{
	return modrm >> 3 & 7;
}

static inline unsigned int modrm_rm(uint8_t modrm)
{
	return modrm & 7;
}

/* The low @bytes (1, 2, 4, 8) of a value; all of it for 16. */
static inline uint64_t low_bytes(uint64_t val, unsigned int bytes)
{
	return bytes >= 8 ? val : val & ((1ULL << 8 * bytes) - 1);
}

/* The low @bytes of a value as a signed number. */
static inline int64_t sign_extend(uint64_t val, unsigned int bytes)
{
	unsigned int unused = bytes >= 8 ? 0 : 64 - 8 * bytes;

	return (int64_t)(val << unused) >> unused;
}

/*
 * All zero. Word by word: REP STOS, the compiler's choice, takes longer to
 * start than this takes in all, and decoding a page-table write is hot.
 */
static inline void insn_clear(struct emul_insn *insn)
{
	uint64_t *word = (uint64_t *)insn;
	unsigned int i;

	_Static_assert(sizeof(*insn) % sizeof(*word) == 0, "whole words");
	for (i = 0; i < sizeof(*insn) / sizeof(*word); i++)
		word[i] = 0;
}

static inline bool emul_is_control_register(unsigned int nr)
{
	return 1U << nr & (1U << 0 | 1U << 2 | 1U << 3 | 1U << 4 | 1U << 8);
}

/**
 * emul_gpr() - a general register in the guest's frame
 * @regs: the frame
 * @nr:   its number, 0 to 15
 * Return: pointer to it
 */
uint64_t *emul_gpr(struct cpu_user_regs *regs, unsigned int nr);

/**
 * emul_next() - consume bytes of the instruction
 * @d:     decoding state; its rc tells of failure, then the result is 0
 * @bytes: 1, 2, 4 or 8
 * Return: the little-endian value
 */
uint64_t emul_next(struct decode *d, unsigned int bytes);

/**
 * emul_modrm_address() - consume SIB and displacement of a memory operand
 * @d: decoding state, with modrm; sets seg and offset of insn->mem and,
 *     if the rest of the address comes last, rip_rel
 */
void emul_modrm_address(struct decode *d);

/**
 * emul_bit_address() - move a bit instruction's operand to the bit's unit
 * @d: decoding state with operands in place
 */
void emul_bit_address(struct decode *d);

/**
 * emul_linear() - go from offset to linear address
 * @ctxt:  the context
 * @mem:   seg, bytes, offset; gets linear. No checks if bytes is 0
 * @flags: EMUL_I_READ, EMUL_I_WRITE: rights that the segment must give
 * Return: enum emul_rc
 */
int emul_linear(struct emul_ctxt *ctxt, struct emul_mem *mem,
		unsigned int flags);

/**
 * emul_canonical() - has a linear address canonical form?
 * @ctxt: the context, for the width of addresses
 * @addr: the address
 */
bool emul_canonical(const struct emul_ctxt *ctxt, uint64_t addr);

/**
 * emul_decode_fast() - decode a store to a page table, if it is one
 * @d: decoding state, bytes fetched, none consumed
 *
 * Return: true: insn is complete, equal to what the tables give; false: not
 *         one of the known forms, or it would fault; @d->insn is undefined
 */
bool emul_decode_fast(struct decode *d);

/**
 * emul_decode_tables() - the general decoder behind emul_decode()
 * @d: decoding state, bytes fetched, none consumed
 * Return: enum emul_rc
 */
int emul_decode_tables(struct decode *d);

/**
 * emul_decode_begin() - set decoding up and fetch the code
 * @d:    decoding state
 * @ctxt: the context
 * @insn: the result, to be
 * Return: enum emul_rc
 */
int emul_decode_begin(struct decode *d, struct emul_ctxt *ctxt,
		      struct emul_insn *insn);

/**
 * struct exec - an instruction being executed
 * @gpr:    new values of registers whose bit in @dirty is set
 * @rflags: new value; only the arithmetic flags count
 * @stay:   the instruction is not over: leave rip
 */
struct exec {
	struct emul_ctxt *ctxt;
	const struct emul_insn *insn;
	uint64_t gpr[16];
	uint16_t dirty;
	bool stay;
	uint64_t rflags;
	unsigned int retire;
};

/* Executes an operation on @x. Returns enum emul_rc. */
typedef int emul_exec_fn(struct exec *x);

emul_exec_fn emul_exec_rmw, emul_exec_compare, emul_exec_mov, emul_exec_movsx,
	emul_exec_cmpxchg, emul_exec_cmpxchg8b;
emul_exec_fn emul_exec_movs, emul_exec_stos, emul_exec_ins, emul_exec_outs,
	emul_exec_in, emul_exec_out;
emul_exec_fn emul_exec_from_cr, emul_exec_to_cr, emul_exec_from_dr,
	emul_exec_to_dr, emul_exec_clts, emul_exec_lmsw, emul_exec_smsw,
	emul_exec_rdmsr, emul_exec_wrmsr, emul_exec_rdtsc, emul_exec_rdtscp,
	emul_exec_rdpmc, emul_exec_xgetbv, emul_exec_xsetbv, emul_exec_cpuid,
	emul_exec_rdbase, emul_exec_wrbase, emul_exec_swapgs, emul_exec_hlt,
	emul_exec_cli, emul_exec_sti, emul_exec_invd, emul_exec_wbinvd,
	emul_exec_invlpg;

/* A register, with what this instruction has written to it already. */
uint64_t emul_get_reg(const struct exec *x, unsigned int nr);

/* Write the low @bytes of a register; 4 clear the upper half. */
void emul_set_reg(struct exec *x, unsigned int nr, uint64_t val,
		  unsigned int bytes);

/* EDX:EAX, both zero-extended, from a 64-bit value; and the way back. */
void emul_set_edx_eax(struct exec *x, uint64_t val);
uint64_t emul_get_edx_eax(const struct exec *x);

/**
 * emul_read_operand(), emul_write_operand() - go by an operand's kind
 * @x:   the execution
 * @opnd: &insn->dst or &insn->src
 * @val: zero-extended value
 * Return: enum emul_rc; always EMUL_OK if the operand is not memory
 */
int emul_read_operand(struct exec *x, const struct emul_operand *opnd,
		      uint64_t *val);
int emul_write_operand(struct exec *x, const struct emul_operand *opnd,
		       uint64_t val);

/**
 * emul_commit() - make register changes so far visible in the guest's frame
 * @x: the execution; nothing is pending afterwards
 */
void emul_commit(struct exec *x);

#endif
