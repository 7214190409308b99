/* SPDX-License-Identifier: MIT */
/*
 * test_emulate_cpu.c - the emulator against the processor it imitates
 *
 * Each instruction of the corpus runs twice from the same registers and
 * memory: on this host's processor, and in the emulator. Registers, flags
 * that the architecture defines, memory and length must agree, and so must
 * the refusal of illegal encodings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <cmocka.h>

#include "emulate/corpus.h"
#include "emulate/machine.h"
#include "emulate/native.h"

#define ROUNDS 2000
#define STATUS_FLAGS 0xcd5UL

struct bench {
	struct machine m;
	uint8_t mem[NATIVE_MEM_SIZE];
	struct place place;
	struct rng rng;
};

static struct bench bench;

static int setup(void **state)
{
	struct bench *b = &bench;
	unsigned int i;

	*state = b;
	if (native_init())
		return -1;
	b->rng.state = 0x1234567890abcdef;
	for (i = 0; i < sizeof(b->mem); i++)
		b->mem[i] = rng_next(&b->rng);
	memcpy(native_mem(), b->mem, sizeof(b->mem));
	b->place = (struct place){
		.code = native_code(), .mem = (uintptr_t)native_mem(),
		.mem_size = NATIVE_MEM_SIZE, .gs_base = NATIVE_GS_BASE,
		.peek = b->mem,
	};
	return 0;
}

static void load(struct bench *b, const struct sample *s,
		 struct native_state *n)
{
	unsigned int i;

	machine_init(&b->m);
	b->m.ctxt.mode = b->place.code32 ? EMUL_MODE_32 : EMUL_MODE_64;
	b->m.logging = false;
	b->m.mem = b->mem;
	b->m.mem_base = b->place.mem;
	b->m.mem_size = sizeof(b->mem);
	b->m.segs[EMUL_SEG_GS].base = NATIVE_GS_BASE;
	machine_code(&b->m, s->code, s->len, b->place.code);
	b->m.regs.rflags = s->rflags;
	for (i = 0; i < 16; i++)
		*machine_gpr(&b->m.regs, i) = s->gpr[i];
	memcpy(n->gpr, s->gpr, sizeof(n->gpr));
	n->rflags = s->rflags;
}

static void explain(const struct sample *s)
{
	unsigned int i;

	print_error("%s:", s->form->name);
	for (i = 0; i < s->len; i++)
		print_error(" %02x", s->code[i]);
	print_error("\n");
	for (i = 0; i < 16; i++)
		print_error("  r%u %lx", i, s->gpr[i]);
	print_error("  flags %lx\n", s->rflags);
}

static void check_same(struct bench *b, const struct sample *s,
		       const struct native_state *n)
{
	uint64_t defined = STATUS_FLAGS & ~(uint64_t)s->form->undefined;
	uint64_t bits = b->place.code32 ? UINT32_MAX : UINT64_MAX;
	struct cpu_user_regs *regs = &b->m.regs;
	bool same = true;
	unsigned int i;

	for (i = 0; i < 16; i++)
		same = same && !((*machine_gpr(regs, i) ^ n->gpr[i]) & bits);
	same = same && (regs->rflags & defined) == (n->rflags & defined);
	same = same && regs->rip == b->place.code + s->len;
	same = same && !memcmp(b->mem, native_mem(), sizeof(b->mem));
	if (same)
		return;

	explain(s);
	for (i = 0; i < 16; i++)
		if ((*machine_gpr(regs, i) ^ n->gpr[i]) & bits)
			print_error("r%u: processor %lx, emulator %lx\n", i,
				    n->gpr[i], *machine_gpr(regs, i));
	print_error("flags: processor %lx, emulator %lx, compared %lx\n",
		    n->rflags, regs->rflags, defined);
	for (i = 0; i < sizeof(b->mem); i++)
		if (b->mem[i] != native_mem()[i])
			print_error("memory %x: processor %x, emulator %x\n",
				    i, native_mem()[i], b->mem[i]);
	fail_msg("the emulator differs from the processor");
}

/* Strings do one element per call, as long as rip stays. */
static int run_to_end(struct machine *m)
{
	int rc;

	do {
		rc = emul_run(&m->ctxt);
	} while (rc == EMUL_OK && m->ctxt.retire & EMUL_RETIRE_REP);
	return rc;
}

static void run_both(struct bench *b, const struct sample *s)
{
	struct native_state n;
	int rc;

	load(b, s, &n);
	rc = run_to_end(&b->m);
	if (b->place.code32)
		native_run32(s->code, s->len, &n);
	else
		native_run(s->code, s->len, &n);
	if (rc != EMUL_OK || n.signal) {
		explain(s);
		fail_msg("emulator: %d, vector %u; processor: signal %lu", rc,
			 b->m.ctxt.event.vector, n.signal);
	}
	check_same(b, s, &n);
}

static void same_as_processor(void **state)
{
	struct bench *b = *state;
	struct sample s;
	unsigned int i, j;

	assert_int_equal(native_catch_signals(), 0);
	for (i = 0; i < corpus_nr_forms; i++)
		for (j = 0; j < ROUNDS; j++) {
			corpus_sample(&b->rng, &corpus_forms[i], &b->place,
				      &s);
			run_both(b, &s);
		}
}

/* 32-bit code: no REX, addresses of 32 bits, segments that count. */
static void same_as_processor_32(void **state)
{
	struct bench *b = *state;
	struct sample s;
	unsigned int i, j;

	assert_int_equal(native_catch_signals(), 0);
	b->place.code32 = true;
	for (i = 0; i < corpus_nr_forms; i++)
		for (j = 0; j < ROUNDS / 4; j++) {
			if (corpus_forms[i].attr & C_LONG)
				continue;
			corpus_sample(&b->rng, &corpus_forms[i], &b->place,
				      &s);
			run_both(b, &s);
		}
	b->place.code32 = false;
}

/* LOCK before everything: both refuse, or both do the same. */
static void lock_refused_alike(void **state)
{
	struct bench *b = *state;
	struct native_state n;
	struct sample s;
	unsigned int i, refused = 0;
	int rc;

	assert_int_equal(native_catch_signals(), 0);
	for (i = 0; i < 100 * corpus_nr_forms; i++) {
		corpus_sample(&b->rng, &corpus_forms[i % corpus_nr_forms],
			      &b->place, &s);
		if (s.lock || s.len == 15 || s.form->attr & C_REX_W)
			continue;
		/*
		 * A rip-relative operand moves by one: there is room, but
		 * not for the one that must be aligned.
		 */
		memmove(s.code + 1, s.code, s.len++);
		s.code[0] = 0xf0;
		load(b, &s, &n);
		rc = run_to_end(&b->m);
		native_run(s.code, s.len, &n);
		if (rc == EMUL_OK) {
			assert_int_equal(n.signal, 0);
			check_same(b, &s, &n);
			continue;
		}
		if (n.signal != SIGILL || rc != EMUL_EXCEPTION ||
		    b->m.ctxt.event.vector != EMUL_VEC_UD)
			explain(&s);
		assert_int_equal(n.signal, SIGILL);
		assert_int_equal(rc, EMUL_EXCEPTION);
		assert_int_equal(b->m.ctxt.event.vector, EMUL_VEC_UD);
		refused++;
	}
	assert_in_range(refused, 1000, i);
}

/* Encodings that no instruction has, and addresses that no memory has. */
static const struct {
	uint8_t len, code[15];
	int signal;
	uint8_t vector;
} bad[] = {
	{ 2, { 0x0f, 0x0b }, SIGILL, EMUL_VEC_UD },
	{ 2, { 0xfe, 0x10 }, SIGILL, EMUL_VEC_UD },
	{ 2, { 0xfe, 0xf8 }, SIGILL, EMUL_VEC_UD },
	{ 2, { 0xff, 0x38 }, SIGILL, EMUL_VEC_UD },
	{ 3, { 0xc6, 0x08, 0x00 }, SIGILL, EMUL_VEC_UD },
	{ 6, { 0xc7, 0xf0, 0, 0, 0, 0 }, SIGILL, EMUL_VEC_UD },
	{ 4, { 0x0f, 0xba, 0x00, 0x01 }, SIGILL, EMUL_VEC_UD },
	{ 4, { 0x0f, 0xba, 0xd8, 0x01 }, SIGILL, EMUL_VEC_UD },
	{ 3, { 0x0f, 0xc7, 0xc8 }, SIGILL, EMUL_VEC_UD },
	{ 3, { 0x0f, 0xc7, 0x00 }, SIGILL, EMUL_VEC_UD },
	/* mov %rax, (%rcx) and 1(%rsp), not canonical. */
	{ 3, { 0x48, 0x89, 0x01 }, SIGSEGV, EMUL_VEC_GP },
	{ 5, { 0x48, 0x89, 0x44, 0x24, 0x01 }, SIGBUS, EMUL_VEC_SS },
	/* Sixteen bytes. */
	{ 15, { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
		0x66, 0x66, 0x66, 0x66, 0x66 }, SIGSEGV, EMUL_VEC_GP },
	/* cmpxchg16b (%rdx), not aligned. */
	{ 4, { 0x48, 0x0f, 0xc7, 0x0a }, SIGSEGV, EMUL_VEC_GP },
};

static void bad_refused_alike(void **state)
{
	static const struct corpus_form none = { .name = "bad" };
	struct bench *b = *state;
	struct native_state n;
	unsigned int i;
	int rc;

	assert_int_equal(native_catch_signals(), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sample s = { .form = &none, .len = bad[i].len,
				    .rflags = 0x202 };

		memcpy(s.code, bad[i].code, bad[i].len);
		s.gpr[0] = b->place.mem;
		s.gpr[1] = 0x800000000000;
		s.gpr[2] = b->place.mem + 8;
		s.gpr[4] = 0x7fffffffffff;
		load(b, &s, &n);
		rc = emul_run(&b->m.ctxt);
		native_run(s.code, s.len, &n);
		if (rc != EMUL_EXCEPTION ||
		    b->m.ctxt.event.vector != bad[i].vector ||
		    n.signal != (uint64_t)bad[i].signal)
			explain(&s);
		assert_int_equal(n.signal, bad[i].signal);
		assert_int_equal(rc, EMUL_EXCEPTION);
		assert_int_equal(b->m.ctxt.event.vector, bad[i].vector);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_processor),
		cmocka_unit_test(same_as_processor_32),
		cmocka_unit_test(lock_refused_alike),
		cmocka_unit_test(bad_refused_alike),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
