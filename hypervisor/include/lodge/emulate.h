/* SPDX-License-Identifier: MIT */
/*
 * emulate.h - decode one guest instruction and execute it
 *
 * For instructions that the processor would not run for the guest: privileged
 * ones that faulted in a PV kernel, stores to page tables that the guest may
 * only read, and accesses to emulated devices. Everything outside the guest's
 * general registers is reached through struct emul_ops, so the same code
 * serves PV guests, HVM guests and host tests.
 *
 * Two steps:
 *
 *	emul_decode()   fetch and understand; nothing has happened yet, the
 *	                caller may look at the instruction and refuse it
 *	emul_execute()  carry it out and retire it
 *
 * or emul_run() for both. Each gives an enum emul_rc. On anything but EMUL_OK
 * no register of the guest has changed, with one exception that the
 * architecture wants: a repeated string instruction keeps the elements that
 * are done (rCX, rSI, rDI) and stays at the same rIP.
 *
 * Locks: none; no state outside the context. A context belongs to one caller.
 */
#ifndef LODGE_EMULATE_H
#define LODGE_EMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu_user_regs; /* <xen/xen.h> */
struct emul_ctxt;

/**
 * enum emul_rc - what became of an instruction, or of a callback
 * @EMUL_OK:        done
 * @EMUL_EXCEPTION: it raised the exception in ctxt->event
 * @EMUL_UNHANDLED: not an instruction that is emulated here, or an operation
 *                  for which the caller has no callback
 * @EMUL_RETRY:     it cannot be finished now; let the guest run it again
 */
enum emul_rc {
	EMUL_OK,
	EMUL_EXCEPTION,
	EMUL_UNHANDLED,
	EMUL_RETRY,
};

/* Size of code segment: CS.L (64), else CS.D (32 or 16). Value: in bytes. */
enum emul_mode {
	EMUL_MODE_16 = 2,
	EMUL_MODE_32 = 4,
	EMUL_MODE_64 = 8,
};

/* Segment registers, numbered as the processor encodes them. */
enum emul_seg {
	EMUL_SEG_ES,
	EMUL_SEG_CS,
	EMUL_SEG_SS,
	EMUL_SEG_DS,
	EMUL_SEG_FS,
	EMUL_SEG_GS,
};

/* Exceptions that the emulator raises by itself. */
enum emul_vector {
	EMUL_VEC_UD = 6,
	EMUL_VEC_SS = 12,
	EMUL_VEC_GP = 13,
	EMUL_VEC_PF = 14,
};

/* Base registers that RDFSBASE and its family and SWAPGS work on. */
enum emul_base {
	EMUL_BASE_FS,
	EMUL_BASE_GS,
};

enum emul_cache_op {
	EMUL_CACHE_INVD,
	EMUL_CACHE_WBINVD,
};

/**
 * struct emul_segment - the loaded form of a segment register
 * @base:        linear address of its first byte
 * @limit:       last valid offset, in bytes (granularity applied)
 * @usable:      false: null selector or not present, each use raises #GP/#SS
 * @readable:    data, or code that may be read
 * @writable:    writable data
 * @expand_down: valid offsets lie above @limit
 * @big:         D/B: the upper bound of an expand-down segment is 4 GiB, not
 *               64 KiB
 *
 * In EMUL_MODE_64 only @base is looked at, and only of FS and GS.
 */
struct emul_segment {
	uint64_t base;
	uint32_t limit;
	bool usable, readable, writable, expand_down, big;
};

/**
 * struct emul_event - exception to be delivered to the guest
 * @vector:    its number
 * @has_error: it has an error code
 * @error:     the error code, 0 if it has none
 * @cr2:       faulting linear address; of #PF only, else 0
 */
struct emul_event {
	uint8_t vector;
	bool has_error;
	uint32_t error;
	uint64_t cr2;
};

/* Up to 16 bytes in memory order; bytes beyond the size in use are zero. */
struct emul_val {
	uint64_t lo, hi;
};

/**
 * struct emul_ops - what the emulator needs from its user
 *
 * Callbacks return an enum emul_rc; for EMUL_EXCEPTION they call emul_raise()
 * or emul_raise_pf() first. On anything but EMUL_OK they have changed nothing
 * and the instruction ends with their result. A callback that is NULL makes
 * the instructions that need it EMUL_UNHANDLED; only @fetch is mandatory.
 * They see ctxt->regs as before the instruction (of a repeated one: before
 * this element) and must not write to its general registers, rip or
 * arithmetic flags.
 *
 * Addresses are linear: segment base, limit and canonical form have been
 * dealt with; the segment is named for error reporting only. An access may
 * cross a page; it is the callback that checks access rights and raises #PF.
 * Sizes are 1, 2, 4, 8, and 16 for CMPXCHG16B.
 */
struct emul_ops {
	/**
	 * @fetch: read up to @bytes (20 at most) of code at @addr into @buf
	 *
	 * Called once or, if linear addresses wrap there, twice per
	 * instruction, for the longest instruction possible. Returns how many
	 * bytes could be read, from the first on. If fewer than @bytes it has
	 * called emul_raise_pf() for the first byte that could not, which the
	 * emulator reports only if the instruction extends that far.
	 */
	unsigned int (*fetch)(struct emul_ctxt *ctxt, uint64_t addr, void *buf,
			      unsigned int bytes);

	/** @segment: give the loaded form of @seg */
	int (*segment)(struct emul_ctxt *ctxt, enum emul_seg seg,
		       struct emul_segment *out);

	/** @read: load @bytes at @addr into @val, zero-extended */
	int (*read)(struct emul_ctxt *ctxt, enum emul_seg seg, uint64_t addr,
		    struct emul_val *val, unsigned int bytes);

	/** @write: store the low @bytes of @val at @addr */
	int (*write)(struct emul_ctxt *ctxt, enum emul_seg seg, uint64_t addr,
		     const struct emul_val *val, unsigned int bytes);

	/**
	 * @cmpxchg: store @new if memory still holds @old
	 *
	 * All read-modify-write instructions end here. On EMUL_OK @old holds
	 * (zero-extended) what memory held; the store was made exactly if
	 * that is what @old said before. Write access is required, and its
	 * lack reported, even if the comparison fails. @lock: the guest asked
	 * for atomicity (LOCK, or XCHG); the callback may always give it.
	 */
	int (*cmpxchg)(struct emul_ctxt *ctxt, enum emul_seg seg, uint64_t addr,
		       struct emul_val *old, const struct emul_val *new,
		       unsigned int bytes, bool lock);

	/**
	 * @probe_write: raise the exception that a @write there would raise
	 *
	 * Called before INS reads its port, so that what a device gave is not
	 * lost to a page fault.
	 */
	int (*probe_write)(struct emul_ctxt *ctxt, enum emul_seg seg,
			   uint64_t addr, unsigned int bytes);

	/**
	 * @read_io, @write_io: access @bytes (1, 2, 4) at @port
	 *
	 * They check the permission (IOPL, bitmap) and raise #GP(0) where it
	 * lacks. An access may extend beyond port 0xffff.
	 */
	int (*read_io)(struct emul_ctxt *ctxt, uint16_t port,
		       unsigned int bytes, uint32_t *val);
	int (*write_io)(struct emul_ctxt *ctxt, uint16_t port,
			unsigned int bytes, uint32_t val);

	/**
	 * @read_cr, @write_cr: control register @nr: 0, 2, 3, 4 or 8
	 *
	 * MOV, and CLTS, LMSW and SMSW for register 0. @write_cr checks the
	 * value and raises #GP(0) for a bad one.
	 */
	int (*read_cr)(struct emul_ctxt *ctxt, unsigned int nr, uint64_t *val);
	int (*write_cr)(struct emul_ctxt *ctxt, unsigned int nr, uint64_t val);

	/** @read_dr, @write_dr: debug register @nr, 0 to 7, 4 and 5 as coded */
	int (*read_dr)(struct emul_ctxt *ctxt, unsigned int nr, uint64_t *val);
	int (*write_dr)(struct emul_ctxt *ctxt, unsigned int nr, uint64_t val);

	/** @read_msr, @write_msr: #GP(0) for an unknown register or value */
	int (*read_msr)(struct emul_ctxt *ctxt, uint32_t msr, uint64_t *val);
	int (*write_msr)(struct emul_ctxt *ctxt, uint32_t msr, uint64_t val);

	/** @read_xcr, @write_xcr: #UD without CR4.OSXSAVE, #GP(0) if wrong */
	int (*read_xcr)(struct emul_ctxt *ctxt, uint32_t nr, uint64_t *val);
	int (*write_xcr)(struct emul_ctxt *ctxt, uint32_t nr, uint64_t val);

	/** @cpuid: @out is EAX, EBX, ECX, EDX */
	int (*cpuid)(struct emul_ctxt *ctxt, uint32_t leaf, uint32_t subleaf,
		     uint32_t out[4]);

	/** @read_tsc: @aux is NULL for RDTSC, and gets TSC_AUX for RDTSCP */
	int (*read_tsc)(struct emul_ctxt *ctxt, uint64_t *tsc, uint32_t *aux);

	/** @read_pmc: performance counter @nr, as RDPMC numbers them */
	int (*read_pmc)(struct emul_ctxt *ctxt, uint32_t nr, uint64_t *val);

	/**
	 * @read_base, @write_base: RDFSBASE and its family; 64-bit mode only
	 *
	 * #UD without CR4.FSGSBASE. A value to be written is canonical.
	 */
	int (*read_base)(struct emul_ctxt *ctxt, enum emul_base which,
			 uint64_t *val);
	int (*write_base)(struct emul_ctxt *ctxt, enum emul_base which,
			  uint64_t val);

	/** @swapgs: exchange the GS base with KERNEL_GS_BASE */
	int (*swapgs)(struct emul_ctxt *ctxt);

	/**
	 * @set_if: CLI and STI
	 *
	 * It checks the permission (CPL, IOPL); it may change IF in
	 * ctxt->regs->rflags, which the emulator leaves alone.
	 */
	int (*set_if)(struct emul_ctxt *ctxt, bool enable);

	/** @cache: INVD, WBINVD (and WBNOINVD, which may flush more) */
	int (*cache)(struct emul_ctxt *ctxt, enum emul_cache_op op);

	/** @invlpg: @addr is linear and may be non-canonical */
	int (*invlpg)(struct emul_ctxt *ctxt, uint64_t addr);
};

/* What ctxt->retire says after EMUL_OK. */
enum emul_retire {
	EMUL_RETIRE_SINGLESTEP = 1 << 0, /* TF was set: a #DB trap is due */
	EMUL_RETIRE_STI = 1 << 1,	 /* STI: one more without interrupts */
	EMUL_RETIRE_HLT = 1 << 2,	 /* the vCPU is to wait */
	EMUL_RETIRE_REP = 1 << 3,	 /* elements left: rIP has not moved */
};

/**
 * struct emul_ctxt - one instruction of one vCPU
 * @ops:    the callbacks
 * @priv:   for the callbacks; not looked at
 * @regs:   the guest's frame; changed on success only
 * @mode:   size of the code segment
 * @cpl:    privilege level at which the instruction counts as run: 0 for the
 *          kernel of a PV guest, whatever ring it is in. Instructions that
 *          need level 0 raise #GP(0) at others
 * @forced: the prefix `ud2; .ascii "xen"` is expected at rip and skipped
 *          together with the instruction; if absent: EMUL_UNHANDLED
 * @la57:   linear addresses have 57 bits, not 48
 * @retire: result: enum emul_retire bits, after EMUL_OK
 * @event:  result: the exception, after EMUL_EXCEPTION
 *
 * The caller sets all but the results.
 */
struct emul_ctxt {
	const struct emul_ops *ops;
	void *priv;
	struct cpu_user_regs *regs;
	enum emul_mode mode;
	uint8_t cpl;
	bool forced;
	bool la57;

	unsigned int retire;
	struct emul_event event;
};

/* clang-format off */
/* Operations. The arithmetic group is in the order of its encoding. */
enum emul_op {
	EMUL_OP_NONE,
	EMUL_OP_ADD, EMUL_OP_OR, EMUL_OP_ADC, EMUL_OP_SBB,
	EMUL_OP_AND, EMUL_OP_SUB, EMUL_OP_XOR, EMUL_OP_CMP,
	EMUL_OP_INC, EMUL_OP_DEC, EMUL_OP_NOT, EMUL_OP_NEG,
	EMUL_OP_TEST,
	EMUL_OP_BT, EMUL_OP_BTS, EMUL_OP_BTR, EMUL_OP_BTC,
	EMUL_OP_MOV, EMUL_OP_MOVZX, EMUL_OP_MOVSX,
	EMUL_OP_XCHG, EMUL_OP_XADD, EMUL_OP_CMPXCHG,
	EMUL_OP_CMPXCHG8B,	/* and 16B: op_bytes is 8 or 16 */
	EMUL_OP_MOVS, EMUL_OP_STOS,
	EMUL_OP_IN, EMUL_OP_OUT, EMUL_OP_INS, EMUL_OP_OUTS,
	EMUL_OP_MOV_FROM_CR, EMUL_OP_MOV_TO_CR,
	EMUL_OP_MOV_FROM_DR, EMUL_OP_MOV_TO_DR,
	EMUL_OP_CLTS, EMUL_OP_LMSW, EMUL_OP_SMSW,
	EMUL_OP_RDMSR, EMUL_OP_WRMSR,
	EMUL_OP_RDTSC, EMUL_OP_RDTSCP, EMUL_OP_RDPMC,
	EMUL_OP_XGETBV, EMUL_OP_XSETBV,
	EMUL_OP_CPUID,
	EMUL_OP_RDFSBASE, EMUL_OP_RDGSBASE,
	EMUL_OP_WRFSBASE, EMUL_OP_WRGSBASE,
	EMUL_OP_SWAPGS,
	EMUL_OP_HLT, EMUL_OP_CLI, EMUL_OP_STI,
	EMUL_OP_INVD, EMUL_OP_WBINVD, EMUL_OP_INVLPG,
	EMUL_NR_OPS
};
/* clang-format on */

/* What insn->flags says. */
enum emul_insn_flag {
	EMUL_I_PRIV = 1 << 0,	/* needs privilege level 0 */
	EMUL_I_IO = 1 << 1,	/* accesses a port: see emul_insn_port() */
	EMUL_I_MEM = 1 << 2,	/* mem is an operand */
	EMUL_I_READ = 1 << 3,	/* mem is read */
	EMUL_I_WRITE = 1 << 4,	/* mem is written */
	EMUL_I_STRING = 1 << 5, /* mem and mem2 move with rDI and rSI */
};

enum emul_operand_kind {
	EMUL_OPND_NONE,
	EMUL_OPND_REG,	/* general register: rAX, rCX, rDX, rBX, rSP, ... */
	EMUL_OPND_HIGH, /* bits 15:8 of general register 0 to 3 */
	EMUL_OPND_MEM,	/* insn->mem */
	EMUL_OPND_IMM,	/* insn->imm */
};

/**
 * struct emul_operand - one operand
 * @kind:  enum emul_operand_kind
 * @reg:   number of the register, 0 to 15, as encoded
 * @bytes: its size
 */
struct emul_operand {
	uint8_t kind, reg, bytes;
};

/**
 * struct emul_mem - a memory operand
 * @seg:    enum emul_seg, overrides applied
 * @bytes:  size of the access; 0: address only (INVLPG)
 * @offset: effective address, before the segment base
 * @linear: the address that the callbacks get
 */
struct emul_mem {
	uint8_t seg, bytes;
	uint64_t offset;
	uint64_t linear;
};

/**
 * struct emul_insn - an instruction, understood
 * @op:         enum emul_op
 * @len:        length in bytes, a skipped @forced prefix included
 * @op_bytes:   operand size
 * @addr_bytes: address size
 * @rep:        0, 0xf2 or 0xf3: the last repeat prefix
 * @lock:       has a LOCK prefix (legal here); XCHG locks without it
 * @flags:      enum emul_insn_flag bits
 * @creg:       number of the control or debug register
 * @dst, @src:  operands
 * @imm:        immediate operand, sign-extended; port number of IN imm
 * @mem:        memory operand, or destination of a string instruction (OUTS
 *              has none and uses @mem2 only). Bit instructions with a
 *              register index: the unit that contains the bit. Segment limit
 *              and canonical form have been checked, except for strings,
 *              which emul_execute() checks element by element
 * @mem2:       source of MOVS and OUTS
 */
struct emul_insn {
	uint8_t op;
	uint8_t len;
	uint8_t op_bytes;
	uint8_t addr_bytes;
	uint8_t rep;
	bool lock;
	uint8_t flags;
	uint8_t creg;
	struct emul_operand dst, src;
	uint64_t imm;
	struct emul_mem mem, mem2;
};

/* Elements of REP INS and REP OUTS that one emul_execute() does at most. */
#define EMUL_REP_IO_MAX 64

/**
 * emul_decode() - fetch the instruction at rip and understand it
 * @ctxt: the context
 * @insn: result; meaningful after EMUL_OK only
 *
 * Calls @fetch and, for memory operands, @segment; nothing else.
 *
 * Context: any; no locks, not preempted.
 * Return: EMUL_OK; EMUL_EXCEPTION: #UD illegal form, or LOCK where it is not
 *         allowed; #GP(0) longer than 15 bytes, or outside the code segment;
 *         #GP(0) or #SS(0) operand outside its segment or non-canonical; #PF
 *         code not readable; EMUL_UNHANDLED: an instruction that is not in
 *         the tables; or the result of a callback.
 *         No register has changed in any case.
 */
int emul_decode(struct emul_ctxt *ctxt, struct emul_insn *insn);

/**
 * emul_execute() - carry out a decoded instruction
 * @ctxt: the context it was decoded with; its registers have not changed
 * @insn: what emul_decode() gave
 *
 * On success rip is behind the instruction, wrapped to the size of the code
 * segment; in 64-bit mode it can be non-canonical, which the guest's next
 * fetch reports, so the caller's way back to the guest must cope with it.
 * EFLAGS.RF is cleared and ctxt->retire is set. MOVS and STOS with REP do one
 * element per call, INS and OUTS up to EMUL_REP_IO_MAX: if elements are left
 * rip stays and EMUL_RETIRE_REP is set: the guest runs it again.
 *
 * Alignment checks (EFLAGS.AC) and debug registers are not looked at.
 *
 * Context: as the callbacks need.
 * Return: EMUL_OK; EMUL_EXCEPTION: #GP(0) privilege, non-canonical base,
 *         unaligned CMPXCHG16B, string element outside its segment (#SS(0)
 *         for SS); EMUL_UNHANDLED: callback missing; EMUL_RETRY: memory
 *         changed too often under a read-modify-write; or the result of a
 *         callback. No register has changed but for elements done (above).
 */
int emul_execute(struct emul_ctxt *ctxt, const struct emul_insn *insn);

/**
 * emul_run() - emul_decode(), then emul_execute()
 * @ctxt: the context
 *
 * Context: as the callbacks need.
 * Return: as those two.
 */
int emul_run(struct emul_ctxt *ctxt);

/**
 * emul_insn_port() - the first port an instruction accesses
 * @ctxt: the context it was decoded with
 * @insn: an instruction with EMUL_I_IO
 *
 * Context: any.
 * Return: the port number; the access has insn->op_bytes bytes.
 */
uint16_t emul_insn_port(const struct emul_ctxt *ctxt,
			const struct emul_insn *insn);

/**
 * emul_raise() - note an exception without fault address, in a callback
 * @ctxt:   the context
 * @vector: number of the exception
 * @error:  its error code; ignored for vectors that have none
 *
 * Context: any.
 * Return: EMUL_EXCEPTION, for the callback to return.
 */
int emul_raise(struct emul_ctxt *ctxt, uint8_t vector, uint32_t error);

/**
 * emul_raise_pf() - note a page fault, in a callback
 * @ctxt:  the context
 * @cr2:   linear address that faulted
 * @error: error code of the page fault
 *
 * Context: any.
 * Return: EMUL_EXCEPTION, for the callback to return.
 */
int emul_raise_pf(struct emul_ctxt *ctxt, uint64_t cr2, uint32_t error);

#endif
