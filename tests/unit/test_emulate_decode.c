/* SPDX-License-Identifier: MIT */
/*
 * test_emulate_decode.c - lengths, ends of code, and the fast matcher
 *
 * The corpus gives instructions whose length is known from how they were
 * made; Capstone, a disassembler that we did not write, gives it a second
 * time. The matcher for page-table writes must give what the tables give.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <capstone/capstone.h>
#include <cmocka.h>

#include "emulate/corpus.h"
#include "emulate/machine.h"
#include "hypervisor/emulate/private.h"

#define CODE 0x40000000UL
#define MEM 0x40100000UL
#define ROUNDS 300

static const struct place place = {
	.code = CODE, .mem = MEM, .mem_size = 0x4000, .gs_base = 0x1000,
};

static void start(struct machine *m, const uint8_t *code, size_t len)
{
	machine_init(m);
	machine_code(m, code, len, CODE);
}

static int run(struct machine *m, const uint8_t *code, size_t len)
{
	start(m, code, len);
	return emul_run(&m->ctxt);
}

#define assert_raised(m, rc, vec) do {					\
	assert_int_equal(rc, EMUL_EXCEPTION);				\
	assert_int_equal((m)->ctxt.event.vector, vec);			\
	assert_string_equal((m)->log, "");				\
	assert_int_equal((m)->regs.rip, CODE);				\
} while (0)

/* --- the corpus ---------------------------------------------------------- */

static void load(struct machine *m, const struct sample *s, size_t len)
{
	unsigned int i;

	start(m, s->code, len);
	m->segs[EMUL_SEG_GS].base = place.gs_base;
	m->regs.rflags = s->rflags;
	for (i = 0; i < 16; i++)
		*machine_gpr(&m->regs, i) = s->gpr[i];
}

/* Calls @check for samples of all forms, the same in each run. */
static void each_sample(void (*check)(const struct sample *s))
{
	struct rng rng = { 0xfedcba9876543210 };
	struct sample s;
	unsigned int i, j;

	for (i = 0; i < corpus_nr_forms; i++)
		for (j = 0; j < ROUNDS; j++) {
			corpus_sample(&rng, &corpus_forms[i], &place, &s);
			check(&s);
		}
}

static void check_cut_off(const struct sample *s)
{
	struct cpu_user_regs before;
	struct machine m;
	unsigned int len;

	for (len = 0; len < s->len; len++) {
		load(&m, s, len);
		before = m.regs;
		assert_raised(&m, emul_run(&m.ctxt), EMUL_VEC_PF);
		assert_int_equal(m.ctxt.event.cr2, CODE + len);
		assert_memory_equal(&m.regs, &before, sizeof(before));
	}
}

static void cut_off_code_faults(void **state)
{
	each_sample(check_cut_off);
}

static csh capstone;

static void check_length(const struct sample *s)
{
	struct emul_insn insn;
	struct machine m;
	cs_insn *theirs;

	load(&m, s, s->len);
	assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(insn.len, s->len);
	assert_int_equal(cs_disasm(capstone, s->code, s->len, CODE, 1,
				   &theirs), 1);
	assert_int_equal(insn.len, theirs->size);
	cs_free(theirs, 1);
}

static void lengths_as_others_see_them(void **state)
{
	assert_int_equal(cs_open(CS_ARCH_X86, CS_MODE_64, &capstone),
			 CS_ERR_OK);
	each_sample(check_length);
	cs_close(&capstone);
}

/* --- the fast matcher ---------------------------------------------------- */

/* Both ways from the same bytes. Returns whether the matcher took it. */
static bool both_ways(struct machine *m)
{
	struct emul_insn fast, slow;
	struct decode d;

	memset(&fast, 0xee, sizeof(fast));
	memset(&slow, 0xdd, sizeof(slow));
	assert_int_equal(emul_decode_begin(&d, &m->ctxt, &fast), EMUL_OK);
	if (!emul_decode_fast(&d))
		return false;
	assert_int_equal(emul_decode_begin(&d, &m->ctxt, &slow), EMUL_OK);
	assert_int_equal(emul_decode_tables(&d), EMUL_OK);
	assert_memory_equal(&fast, &slow, sizeof(fast));
	return true;
}

static unsigned int nr_fast;

static void check_fast(const struct sample *s)
{
	uint8_t padded[32] = { 0 };
	struct machine m;

	memcpy(padded, s->code, s->len);
	load(&m, s, s->len);
	m.code = padded;
	m.code_size = sizeof(padded);
	nr_fast += both_ways(&m);
}

static void fast_is_same_as_tables(void **state)
{
	nr_fast = 0;
	each_sample(check_fast);
	assert_in_range(nr_fast, 200, ROUNDS * corpus_nr_forms);
}

/* Any bytes behind any of the matcher's opcodes. */
static void fast_is_same_on_noise(void **state)
{
	static const uint8_t opcodes[] = { 0x89, 0x87, 0x80, 0xb1, 0xb3,
					   0xba };
	struct rng rng = { 0x0123456789abcdef };
	unsigned int i, j, matched = 0;

	for (i = 0; i < 200000; i++) {
		uint8_t code[24], at = 0;
		struct machine m;

		for (j = 0; j < sizeof(code); j++)
			code[j] = rng_next(&rng) >> 8;
		if (rng_below(&rng, 2))
			code[at++] = rng_below(&rng, 4) ? 0xf0 : 0x3e;
		if (rng_below(&rng, 4))
			code[at++] = 0x40 | rng_below(&rng, 16);
		j = rng_below(&rng, sizeof(opcodes));
		if (j >= 3)
			code[at++] = 0x0f;
		code[at] = opcodes[j];
		start(&m, code, sizeof(code));
		for (j = 0; j < 16; j++)
			*machine_gpr(&m.regs, j) = MEM + rng_below(&rng, 4096);
		matched += both_ways(&m);
	}
	assert_in_range(matched, 20000, 200000);
}

/* The forms for which it is there are not missed. */
static void fast_matches(void **state)
{
	static const uint8_t forms[][10] = {
		{ 0x48, 0x89, 0x37 },		  /* mov %rsi, (%rdi) */
		{ 0x48, 0x89, 0x43, 0x10 },	  /* mov %rax, 16(%rbx) */
		{ 0x49, 0x89, 0x04, 0x24 },	  /* (%r12): has a SIB */
		{ 0x48, 0x87, 0x07 },		  /* xchg %rax, (%rdi) */
		{ 0xf0, 0x80, 0x27, 0xfd },	  /* lock andb $-3, (%rdi) */
		{ 0xf0, 0x41, 0x80, 0x67, 1, 1 }, /* lock andb $1, 1(%r15) */
		{ 0xf0, 0x48, 0x0f, 0xba, 0x33, 5 }, /* lock btrq $5, (%rbx) */
		{ 0xf0, 0x0f, 0xba, 0x33, 5 },	  /* lock btrl $5, (%rbx) */
		{ 0xf0, 0x48, 0x0f, 0xb3, 0x07 }, /* lock btr %rax, (%rdi) */
		{ 0xf0, 0x48, 0x0f, 0xb1, 0x17 }, /* lock cmpxchg */
		{ 0x3e, 0x48, 0x0f, 0xb1, 0x17 }, /* the same on one CPU */
	};
	unsigned int i, j;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint8_t code[16] = { 0 };
		struct machine m;

		memcpy(code, forms[i], sizeof(forms[i]));
		start(&m, code, sizeof(code));
		for (j = 0; j < 16; j++)
			*machine_gpr(&m.regs, j) = MEM;
		assert_int_equal(both_ways(&m), i != 2);
	}
}

/* --- prefixes and length ------------------------------------------------- */

static void forced_prefix(void **state)
{
	static const uint8_t code[] = { 0x0f, 0x0b, 'x', 'e', 'n',
					0x0f, 0xa2 };
	struct emul_insn insn;
	struct machine m;
	unsigned int len;

	start(&m, code, sizeof(code));
	m.ctxt.forced = true;
	assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(insn.op, EMUL_OP_CPUID);
	assert_int_equal(insn.len, 7);
	assert_int_equal(emul_execute(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(m.regs.rip, CODE + 7);
	assert_int_equal(m.regs.rax, 0xc0de0000);

	/* Without the flag it is just UD2. */
	assert_raised(&m, run(&m, code, sizeof(code)),
		      EMUL_VEC_UD);

	/* With the flag but without the prefix it is not ours. */
	start(&m, code + 5, 2);
	m.ctxt.forced = true;
	assert_int_equal(emul_run(&m.ctxt), EMUL_UNHANDLED);

	for (len = 0; len < sizeof(code); len++) {
		start(&m, code, len);
		m.ctxt.forced = true;
		assert_raised(&m, emul_run(&m.ctxt), EMUL_VEC_PF);
		assert_int_equal(m.ctxt.event.cr2, CODE + len);
	}
}

/* Fifteen bytes are an instruction, sixteen are not; the prefix is extra. */
static void longest_instruction(void **state)
{
	uint8_t code[21] = { 0x0f, 0x0b, 'x', 'e', 'n' };
	struct machine m;

	memset(code + 5, 0x66, 16);
	code[5 + 13] = 0x0f;
	code[5 + 14] = 0xa2;
	assert_int_equal(run(&m, code + 5, 15), EMUL_OK);
	assert_int_equal(m.regs.rip, CODE + 15);
	start(&m, code, 20);
	m.ctxt.forced = true;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rip, CODE + 20);

	code[5 + 13] = 0x66;
	code[5 + 14] = 0x0f;
	code[5 + 15] = 0xa2;
	assert_raised(&m, run(&m, code + 5, 16), EMUL_VEC_GP);
	start(&m, code, 21);
	m.ctxt.forced = true;
	assert_raised(&m, emul_run(&m.ctxt), EMUL_VEC_GP);
	/* Not there is worse than too long. */
	assert_raised(&m, run(&m, code + 5, 14), EMUL_VEC_PF);
}

/* --- the end of the address space ---------------------------------------- */

static void rip_at_the_end(void **state)
{
	static const uint8_t code[16] = { 0x0f, 0xa2, 0x66, 0x0f };
	struct machine m;

	/* The last two canonical bytes: done; the next fetch is at fault. */
	start(&m, code, sizeof(code));
	m.code_base = m.regs.rip = 0x7ffffffffffe;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rip, 0x800000000000);

	start(&m, code, sizeof(code));
	m.code_base = m.regs.rip = 0x7fffffffffff;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_GP);
	assert_int_equal(m.regs.rip, 0x7fffffffffff);

	start(&m, code, sizeof(code));
	m.code_base = m.regs.rip = 0x7fffffffffff;
	m.ctxt.la57 = true;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);

	start(&m, code, sizeof(code));
	m.code_base = m.regs.rip = 0x800000000000;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_GP);

	/* Across the end of all addresses, to zero. */
	start(&m, code, sizeof(code));
	m.code_base = m.regs.rip = UINT64_MAX;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rip, 1);
}

static void rip_wraps_with_the_mode(void **state)
{
	static const uint8_t code[16] = { 0xe4, 0x80 };
	struct machine m;

	start(&m, code, sizeof(code));
	m.ctxt.mode = EMUL_MODE_32;
	m.segs[EMUL_SEG_CS].base = 0x10000;
	m.regs.rip = 0xfffffffe;
	m.code_base = 0xfffe;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rip, 0);

	/* Linear addresses wrap within the instruction. */
	start(&m, code, sizeof(code));
	m.ctxt.mode = EMUL_MODE_32;
	m.segs[EMUL_SEG_CS].base = 0x10000;
	m.regs.rip = 0xfffeffff;
	m.code_base = 0xffffffff;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rip, 0xffff0001);

	start(&m, code, sizeof(code));
	m.ctxt.mode = EMUL_MODE_16;
	m.segs[EMUL_SEG_CS].limit = 0xffff;
	m.code_base = m.regs.rip = 0xfffe;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rip, 0);

	/* Offsets do not wrap within an instruction: the limit is before. */
	start(&m, code, sizeof(code));
	m.ctxt.mode = EMUL_MODE_16;
	m.segs[EMUL_SEG_CS].limit = 0xffff;
	m.code_base = m.regs.rip = 0xffff;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_GP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_off_code_faults),
		cmocka_unit_test(lengths_as_others_see_them),
		cmocka_unit_test(fast_is_same_as_tables),
		cmocka_unit_test(fast_is_same_on_noise),
		cmocka_unit_test(fast_matches),
		cmocka_unit_test(forced_prefix),
		cmocka_unit_test(longest_instruction),
		cmocka_unit_test(rip_at_the_end),
		cmocka_unit_test(rip_wraps_with_the_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
