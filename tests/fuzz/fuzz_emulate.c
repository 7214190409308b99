/* SPDX-License-Identifier: MIT */
/*
 * fuzz_emulate.c - any bytes, in any state of the guest
 *
 * The input is a state (mode, registers, segments, which callback fails) and
 * the instruction. Whatever it is: nothing outside of the given memory is
 * touched (the sanitizers watch), a result other than EMUL_OK leaves the
 * registers as they were, decoding calls nothing but fetch and segment, the
 * fast matcher agrees with the tables, and Capstone with the length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <capstone/capstone.h>

#include "emulate/machine.h"
#include "hypervisor/emulate/private.h"

#define CODE 0x400000UL
#define MEM 0x10000UL
#define STATUS (EFL_ARITH | EFL_RF)

/* The head of an input; the rest is code. */
struct input {
	uint8_t mode, cpl, options, racer, fail_call, fail_rc;
	uint8_t gpr[16];
	uint8_t segs[6];
	uint8_t rflags[2];
	uint8_t rip;
};

static uint8_t memory[4096];
static csh capstone64, capstone32, capstone16;

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

static uint64_t reg_value(uint8_t choice)
{
	static const uint64_t values[] = {
		0, 1, MEM, MEM + 0x800, MEM + 0xffc, 0xffffffffffffffff,
		0x800000000000, 0x7fffffffffff, 0xffff800000000000,
		0xffffffff00010000, 0x80000000, 0xffff, 0xfffffff0,
		0xffffffff80000000, 0x5a5a5a5a5a5a5a5a, 3,
	};

	return values[choice & 15] + (choice >> 4);
}

static void load_segment(struct emul_segment *s, uint8_t choice)
{
	static const uint64_t bases[] = { 0, MEM, 0xfffffffffffff000,
					  0x7ffffffff000 };
	static const uint32_t limits[] = { UINT32_MAX, 0xffff, 0xfff, 0 };

	s->base = bases[choice & 3];
	s->limit = limits[choice >> 2 & 3];
	s->usable = !(choice & 0x10);
	s->writable = !(choice & 0x20);
	s->expand_down = choice & 0x40;
	s->big = !(choice & 0x80);
}

static uint64_t load_rip(const struct machine *m, uint8_t choice)
{
	static const uint64_t rips[] = { CODE, 0x7ffffffffff8,
					 0xfffffffffffffff8, 0xfffffff8 };

	if (m->ctxt.mode == EMUL_MODE_16)
		return choice & 1 ? 0x100 : 0xfff8;
	return rips[choice & 3];
}

static void load(struct machine *m, const struct input *in,
		 const uint8_t *code, size_t size)
{
	static const enum emul_mode modes[] = { EMUL_MODE_64, EMUL_MODE_64,
						EMUL_MODE_32, EMUL_MODE_16 };
	unsigned int i;

	machine_init(m);
	memset(memory, 0x5a, sizeof(memory));
	m->mem = memory;
	m->mem_base = MEM;
	m->mem_size = sizeof(memory);
	m->logging = false;
	m->racer = in->racer;
	m->fail_call = in->fail_call;
	m->fail_rc = EMUL_EXCEPTION + in->fail_rc % 3;
	m->ctxt.mode = modes[in->mode & 3];
	m->ctxt.cpl = in->cpl & 1 ? 3 : 0;
	m->ctxt.forced = (in->options & 3) == 3;
	m->ctxt.la57 = in->options & 4;
	for (i = 0; i < 6; i++)
		load_segment(&m->segs[i], i == EMUL_SEG_CS ? 0 : in->segs[i]);
	machine_code(m, code, size, load_rip(m, in->rip));
	for (i = 0; i < 16; i++)
		*machine_gpr(&m->regs, i) = reg_value(in->gpr[i]);
	m->regs.rflags = 0x202 | in->rflags[0] | (in->rflags[1] & 0xd) << 8;
}

static bool same_regs(const struct cpu_user_regs *a,
		      const struct cpu_user_regs *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void check_operand(const struct machine *m,
			  const struct emul_insn *insn)
{
	const struct emul_mem *mem = &insn->mem;
	uint64_t last = mem->linear + mem->bytes - 1;

	if (!(insn->flags & EMUL_I_MEM) || insn->flags & EMUL_I_STRING ||
	    !mem->bytes)
		return;
	CHECK(last >= mem->linear);
	if (m->ctxt.mode == EMUL_MODE_64)
		CHECK(emul_canonical(&m->ctxt, mem->linear) &&
		      emul_canonical(&m->ctxt, last));
	else
		CHECK(last <= UINT32_MAX);
}

static csh disassembler(enum emul_mode mode)
{
	switch (mode) {
	case EMUL_MODE_64:
		return capstone64;
	case EMUL_MODE_32:
		return capstone32;
	case EMUL_MODE_16:
		return capstone16;
	}
	abort();
}

static void check_length(const struct machine *m, const struct emul_insn *insn)
{
	unsigned int skip = m->ctxt.forced ? EMUL_FORCED_LEN : 0;
	cs_insn *theirs;

	CHECK(insn->len > skip && insn->len <= skip + EMUL_MAX_LEN);
	CHECK(insn->len <= m->code_size);
	if (cs_disasm(disassembler(m->ctxt.mode), m->code + skip,
		      m->code_size - skip, CODE, 1, &theirs) != 1)
		return;
	if (insn->len != skip + theirs->size)
		fprintf(stderr, "%s %s has %u bytes\n", theirs->mnemonic,
			theirs->op_str, theirs->size);
	CHECK(insn->len == skip + theirs->size);
	cs_free(theirs, 1);
}

static void check_fast(struct machine *m)
{
	struct emul_insn fast, slow;
	struct decode d;

	if (emul_decode_begin(&d, &m->ctxt, &fast) != EMUL_OK ||
	    !emul_decode_fast(&d))
		return;
	CHECK(emul_decode_begin(&d, &m->ctxt, &slow) == EMUL_OK);
	CHECK(emul_decode_tables(&d) == EMUL_OK);
	CHECK(!memcmp(&fast, &slow, sizeof(fast)));
}

/* One byte less is a page fault right there, if rip is far from any edge. */
static void check_cut_off(struct machine *m, const struct emul_insn *insn)
{
	struct machine cut = *m;
	struct emul_insn none;

	if (m->regs.rip != CODE)
		return;
	cut.ctxt.ops = &cut.ops;
	cut.ctxt.regs = &cut.regs;
	cut.code_size = insn->len - 1;
	CHECK(emul_decode(&cut.ctxt, &none) == EMUL_EXCEPTION);
	CHECK(cut.ctxt.event.vector == EMUL_VEC_PF);
	CHECK(cut.ctxt.event.cr2 == CODE + insn->len - 1);
}

static void check_port(const struct machine *m, const struct emul_insn *insn)
{
	uint16_t port;

	if (!(insn->flags & EMUL_I_IO))
		return;
	port = emul_insn_port(&m->ctxt, insn);
	CHECK(port == (uint16_t)m->regs.rdx || port == insn->imm);
	CHECK(insn->op_bytes <= 4);
}

/* Only rCX, rSI, rDI, and by whole elements. */
static void check_progress(const struct machine *m,
			   const struct emul_insn *insn,
			   const struct cpu_user_regs *before)
{
	struct cpu_user_regs now = m->regs;

	CHECK(insn->flags & EMUL_I_STRING && insn->rep);
	CHECK((before->rcx - now.rcx & 0xffff) <= EMUL_REP_IO_MAX);
	now.rcx = before->rcx;
	now.rsi = before->rsi;
	now.rdi = before->rdi;
	CHECK(same_regs(&now, before));
}

static void check_retired(const struct machine *m,
			  const struct emul_insn *insn,
			  const struct cpu_user_regs *before)
{
	const struct cpu_user_regs *now = &m->regs;
	uint64_t rip = low_bytes(before->rip + insn->len, m->ctxt.mode);

	CHECK(m->ctxt.retire & EMUL_RETIRE_REP ? now->rip == before->rip :
	      now->rip == rip);
	CHECK(!((now->rflags ^ before->rflags) & ~STATUS));
	CHECK(!(now->rflags & EFL_TF) ==
	      !(m->ctxt.retire & EMUL_RETIRE_SINGLESTEP));
	CHECK(m->ctxt.cpl == 0 || !(insn->flags & EMUL_I_PRIV));
}

static void check_executed(struct machine *m, const struct emul_insn *insn)
{
	struct cpu_user_regs before = m->regs;
	int rc = emul_execute(&m->ctxt, insn);

	CHECK(rc >= EMUL_OK && rc <= EMUL_RETRY);
	if (rc == EMUL_OK)
		check_retired(m, insn, &before);
	else if (!same_regs(&m->regs, &before))
		check_progress(m, insn, &before);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	CHECK(cs_open(CS_ARCH_X86, CS_MODE_64, &capstone64) == CS_ERR_OK);
	CHECK(cs_open(CS_ARCH_X86, CS_MODE_32, &capstone32) == CS_ERR_OK);
	CHECK(cs_open(CS_ARCH_X86, CS_MODE_16, &capstone16) == CS_ERR_OK);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpu_user_regs before;
	struct emul_insn insn;
	struct machine m;
	struct input in;
	int rc;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	load(&m, &in, data + sizeof(in), size - sizeof(in));
	before = m.regs;
	check_fast(&m);
	rc = emul_decode(&m.ctxt, &insn);
	CHECK(rc >= EMUL_OK && rc <= EMUL_UNHANDLED);
	CHECK(m.calls == 0 && same_regs(&m.regs, &before));
	if (rc != EMUL_OK)
		return 0;
	check_length(&m, &insn);
	check_operand(&m, &insn);
	check_cut_off(&m, &insn);
	check_port(&m, &insn);
	check_executed(&m, &insn);
	return 0;
}
