/* SPDX-License-Identifier: MIT */
/*
 * test_emulate.c - instructions that only a kernel may run, and the contract
 *
 * What cannot be compared with the processor because a program may not run
 * it: each row of the table says what callbacks an instruction calls, with
 * what, and which registers it changes. The same rows are then denied at
 * level 3, made to fail at each callback, run without callbacks and cut off
 * at each byte: nothing of the guest may change then.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "emulate/machine.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define CODE 0xffffffff81000000UL
#define MEM 0xffff888000001000UL

#define A 0x1111111122222222UL
#define C 0x33333333c0000080UL
#define D 0x5555555566660cf8UL
#define B 0x7777777788888888UL

struct change {
	uint8_t nr;
	uint64_t val;
};

/**
 * struct row - an instruction and what it does from a fixed state
 * @calls: log of the callbacks
 * @regs:  registers it changes, besides rip; none: all zero
 */
struct row {
	const char *name;
	uint8_t len, code[11];
	const char *calls;
	bool priv;
	unsigned int retire;
	struct change regs[4];
};

#define PRIV true
#define ANY false

static const struct row rows[] = {
	{ "in imm8, al", 2, { 0xe4, 0x80 }, "in(80,1) ", ANY, 0,
	  { { RAX, 0x11111111222222d4 } } },
	{ "in imm8, ax", 3, { 0x66, 0xe5, 0xff }, "in(ff,2) ", ANY, 0,
	  { { RAX, 0x111111112222c3d4 } } },
	{ "in imm8, eax", 2, { 0xe5, 0x80 }, "in(80,4) ", ANY, 0,
	  { { RAX, 0xa1b2c3d4 } } },
	{ "in dx, al", 1, { 0xec }, "in(cf8,1) ", ANY, 0,
	  { { RAX, 0x11111111222222d4 } } },
	{ "in dx, eax", 1, { 0xed }, "in(cf8,4) ", ANY, 0,
	  { { RAX, 0xa1b2c3d4 } } },
	{ "rex.w in dx, eax", 2, { 0x48, 0xed }, "in(cf8,4) ", ANY, 0,
	  { { RAX, 0xa1b2c3d4 } } },
	{ "out al, imm8", 2, { 0xe6, 0x80 }, "out(80,1,22) ", ANY, 0, {} },
	{ "out eax, imm8", 2, { 0xe7, 0x80 }, "out(80,4,22222222) ", ANY, 0,
	  {} },
	{ "out al, dx", 1, { 0xee }, "out(cf8,1,22) ", ANY, 0, {} },
	{ "out ax, dx", 2, { 0x66, 0xef }, "out(cf8,2,2222) ", ANY, 0, {} },
	{ "out eax, dx", 1, { 0xef }, "out(cf8,4,22222222) ", ANY, 0, {} },
	{ "insb", 1, { 0x6c }, "probe(0,ffff888000001100,1) in(cf8,1) "
	  "write(0,ffff888000001100,1,d4) ", ANY, 0, { { RDI, MEM + 0x101 } } },
	{ "insl", 1, { 0x6d }, "probe(0,ffff888000001100,4) in(cf8,4) "
	  "write(0,ffff888000001100,4,a1b2c3d4) ", ANY, 0,
	  { { RDI, MEM + 0x104 } } },
	{ "outsb", 1, { 0x6e }, "read(3,ffff888000001200,1) out(cf8,1,5a) ",
	  ANY, 0, { { RSI, MEM + 0x201 } } },
	{ "outsw", 2, { 0x66, 0x6f },
	  "read(3,ffff888000001200,2) out(cf8,2,5a5a) ", ANY, 0,
	  { { RSI, MEM + 0x202 } } },
	{ "rex.w outsl", 2, { 0x48, 0x6f },
	  "read(3,ffff888000001200,4) out(cf8,4,5a5a5a5a) ", ANY, 0,
	  { { RSI, MEM + 0x204 } } },
	{ "rex.w insl", 2, { 0x48, 0x6d }, "probe(0,ffff888000001100,4) "
	  "in(cf8,4) write(0,ffff888000001100,4,a1b2c3d4) ", ANY, 0,
	  { { RDI, MEM + 0x104 } } },
	{ "mov %cr0, %rbx", 3, { 0x0f, 0x20, 0xc3 }, "read_cr(0) ", PRIV, 0,
	  { { RBX, 0x1122334480010000 } } },
	{ "mov %cr2, %r8", 4, { 0x41, 0x0f, 0x20, 0xd0 }, "read_cr(2) ", PRIV,
	  0, { { 8, 0x1122334480010002 } } },
	{ "mov %cr8, %rax", 4, { 0x44, 0x0f, 0x20, 0xc0 }, "read_cr(8) ",
	  PRIV, 0, { { RAX, 0x1122334480010008 } } },
	{ "mov %rax, %cr3", 3, { 0x0f, 0x22, 0xd8 },
	  "write_cr(3,1111111122222222) ", PRIV, 0, {} },
	{ "mov %rax, %cr4, mod 0", 3, { 0x0f, 0x22, 0x20 },
	  "write_cr(4,1111111122222222) ", PRIV, 0, {} },
	{ "data16 mov %rax, %cr4", 4, { 0x66, 0x0f, 0x22, 0xe0 },
	  "write_cr(4,1111111122222222) ", PRIV, 0, {} },
	{ "mov %dr7, %rbx", 3, { 0x0f, 0x21, 0xfb }, "read_dr(7) ", PRIV, 0,
	  { { RBX, 0x1122334480020007 } } },
	{ "mov %rbx, %dr0", 3, { 0x0f, 0x23, 0xc3 },
	  "write_dr(0,7777777788888888) ", PRIV, 0, {} },
	{ "clts", 2, { 0x0f, 0x06 },
	  "read_cr(0) write_cr(0,1122334480010000) ", PRIV, 0, {} },
	{ "lmsw %bx", 3, { 0x0f, 0x01, 0xf3 },
	  "read_cr(0) write_cr(0,1122334480010008) ", PRIV, 0, {} },
	{ "lmsw (%rsi)", 3, { 0x0f, 0x01, 0x36 }, "read(3,ffff888000001200,2) "
	  "read_cr(0) write_cr(0,112233448001000a) ", PRIV, 0, {} },
	{ "smsw %rax", 4, { 0x48, 0x0f, 0x01, 0xe0 }, "read_cr(0) ", ANY, 0,
	  { { RAX, 0x1122334480010000 } } },
	{ "smsw %eax", 3, { 0x0f, 0x01, 0xe0 }, "read_cr(0) ", ANY, 0,
	  { { RAX, 0x80010000 } } },
	{ "smsw %ax", 4, { 0x66, 0x0f, 0x01, 0xe0 }, "read_cr(0) ", ANY, 0,
	  { { RAX, 0x1111111122220000 } } },
	{ "smsw (%rdi)", 4, { 0x48, 0x0f, 0x01, 0x27 },
	  "read_cr(0) write(3,ffff888000001100,2,0) ", ANY, 0, {} },
	{ "rdmsr", 2, { 0x0f, 0x32 }, "read_msr(c0000080) ", PRIV, 0,
	  { { RAX, 0x40030080 },
	    { RDX, 0x11223345 } } },
	{ "wrmsr", 2, { 0x0f, 0x30 }, "write_msr(c0000080,66660cf822222222) ",
	  PRIV, 0, {} },
	{ "rdtsc", 2, { 0x0f, 0x31 }, "tsc(0) ", ANY, 0,
	  { { RAX, 0x80070000 }, { RDX, 0x11223344 } } },
	{ "rdtscp", 3, { 0x0f, 0x01, 0xf9 }, "tsc(1) ", ANY, 0,
	  { { RAX, 0x80070000 }, { RDX, 0x11223344 }, { RCX, 0xaaaa5555 } } },
	{ "rdpmc", 2, { 0x0f, 0x33 }, "read_pmc(c0000080) ", ANY, 0,
	  { { RAX, 0x40050080 },
	    { RDX, 0x11223345 } } },
	{ "xgetbv", 3, { 0x0f, 0x01, 0xd0 }, "read_xcr(c0000080) ", ANY, 0,
	  { { RAX, 0x40040080 },
	    { RDX, 0x11223345 } } },
	{ "xsetbv", 3, { 0x0f, 0x01, 0xd1 },
	  "write_xcr(c0000080,66660cf822222222) ", PRIV, 0, {} },
	{ "cpuid", 2, { 0x0f, 0xa2 }, "cpuid(22222222,c0000080) ", ANY, 0,
	  { { RAX, 0xc0de0000 }, { RBX, 0xc0de0001 }, { RCX, 0xc0de0002 },
	    { RDX, 0xc0de0003 } } },
	{ "rdfsbase %rbx", 5, { 0xf3, 0x48, 0x0f, 0xae, 0xc3 },
	  "read_base(0) ", ANY, 0, { { RBX, 0x1122334480060000 } } },
	{ "rdgsbase %ebx", 4, { 0xf3, 0x0f, 0xae, 0xcb }, "read_base(1) ",
	  ANY, 0, { { RBX, 0x80060001 } } },
	{ "wrfsbase %rsi", 5, { 0xf3, 0x48, 0x0f, 0xae, 0xd6 },
	  "write_base(0,ffff888000001200) ", ANY, 0, {} },
	{ "wrgsbase %ebx", 4, { 0xf3, 0x0f, 0xae, 0xdb },
	  "write_base(1,88888888) ", ANY, 0, {} },
	{ "swapgs", 3, { 0x0f, 0x01, 0xf8 }, "swapgs ", PRIV, 0, {} },
	{ "hlt", 1, { 0xf4 }, "", PRIV, EMUL_RETIRE_HLT, {} },
	{ "cli", 1, { 0xfa }, "if(0) ", ANY, 0, {} },
	{ "sti", 1, { 0xfb }, "if(1) ", ANY, EMUL_RETIRE_STI, {} },
	{ "invd", 2, { 0x0f, 0x08 }, "invd ", PRIV, 0, {} },
	{ "wbinvd", 2, { 0x0f, 0x09 }, "wbinvd ", PRIV, 0, {} },
	{ "invlpg (%rsi)", 3, { 0x0f, 0x01, 0x3e },
	  "invlpg(ffff888000001200) ", PRIV, 0, {} },
	{ "invlpg %gs:(%rsi)", 4, { 0x65, 0x0f, 0x01, 0x3e },
	  "invlpg(ffff889000001200) ", PRIV, 0, {} },
	{ "invlpg (%rax), not canonical", 3, { 0x0f, 0x01, 0x38 },
	  "invlpg(1111111122222222) ", PRIV, 0, {} },
	/* Page-table writes, as seen from the callbacks. */
	{ "mov %rax, (%rdi)", 3, { 0x48, 0x89, 0x07 },
	  "write(3,ffff888000001100,8,1111111122222222) ", ANY, 0, {} },
	{ "mov %rax, 8(%rsp)", 5, { 0x48, 0x89, 0x44, 0x24, 0x08 },
	  "write(2,ffff888000001308,8,1111111122222222) ", ANY, 0, {} },
	{ "movq $-2, 8(%rdi)", 8, { 0x48, 0xc7, 0x47, 8, 0xfe, 0xff, 0xff,
	  0xff }, "write(3,ffff888000001108,8,fffffffffffffffe) ", ANY, 0,
	  {} },
	{ "xchg %rax, (%rdi)", 3, { 0x48, 0x87, 0x07 },
	  "read(3,ffff888000001100,8) cmpxchg(3,ffff888000001100,8,1) ", ANY,
	  0, { { RAX, 0x5a5a5a5a5a5a5a5a } } },
	{ "lock btr $3, (%rdi)", 6, { 0xf0, 0x48, 0x0f, 0xba, 0x37, 3 },
	  "read(3,ffff888000001100,8) cmpxchg(3,ffff888000001100,8,1) ", ANY,
	  0, {} },
	{ "lock andb $-2, 1(%rdi)", 5, { 0xf0, 0x80, 0x67, 1, 0xfe },
	  "read(3,ffff888000001101,1) cmpxchg(3,ffff888000001101,1,1) ", ANY,
	  0, {} },
	{ "or %rax, (%rdi)", 3, { 0x48, 0x09, 0x07 },
	  "read(3,ffff888000001100,8) cmpxchg(3,ffff888000001100,8,0) ", ANY,
	  0, {} },
	{ "lock cmpxchg %rbx, (%rdi)", 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x1f },
	  "cmpxchg(3,ffff888000001100,8,1) ", ANY, 0,
	  { { RAX, 0x5a5a5a5a5a5a5a5a } } },
	{ "lock cmpxchg16b (%rsi)", 5, { 0xf0, 0x48, 0x0f, 0xc7, 0x0e },
	  "cmpxchg(3,ffff888000001200,16,1) ", ANY, 0,
	  { { RAX, 0x5a5a5a5a5a5a5a5a }, { RDX, 0x5a5a5a5a5a5a5a5a } } },
	{ "cmpxchg8b (%rsi)", 3, { 0x0f, 0xc7, 0x0e },
	  "cmpxchg(3,ffff888000001200,8,0) ", ANY, 0,
	  { { RAX, 0x5a5a5a5a }, { RDX, 0x5a5a5a5a } } },
	{ "movsl", 1, { 0xa5 }, "read(3,ffff888000001200,4) "
	  "write(0,ffff888000001100,4,5a5a5a5a) ", ANY, 0,
	  { { RSI, MEM + 0x204 }, { RDI, MEM + 0x104 } } },
	{ "stosq", 2, { 0x48, 0xab },
	  "write(0,ffff888000001100,8,1111111122222222) ", ANY, 0,
	  { { RDI, MEM + 0x108 } } },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static uint8_t memory[4096];

/* The state from which the rows start. */
static void start(struct machine *m, const uint8_t *code, size_t len)
{
	machine_init(m);
	memset(memory, 0x5a, sizeof(memory));
	m->mem = memory;
	m->mem_base = MEM;
	m->mem_size = sizeof(memory);
	machine_code(m, code, len, CODE);
	m->segs[EMUL_SEG_GS].base = 0x1000000000;
	m->regs.rax = A;
	m->regs.rcx = C;
	m->regs.rdx = D;
	m->regs.rbx = B;
	m->regs.rdi = MEM + 0x100;
	m->regs.rsi = MEM + 0x200;
	m->regs.rsp = MEM + 0x300;
}

static void assert_regs(const struct machine *m,
			const struct cpu_user_regs *want)
{
	assert_memory_equal(&m->regs, want, sizeof(*want));
}

static void rows_do_what_they_say(void **state)
{
	struct machine m;
	unsigned int i, j;

	for (i = 0; i < NR_ROWS; i++) {
		const struct row *row = &rows[i];
		struct cpu_user_regs want;

		start(&m, row->code, row->len);
		want = m.regs;
		want.rip += row->len;
		for (j = 0; j < 4 && row->regs[j].val; j++)
			*machine_gpr(&want, row->regs[j].nr) =
				row->regs[j].val;
		/* Flags of arithmetic: compared with the processor's. */
		if (emul_run(&m.ctxt) != EMUL_OK)
			fail_msg("%s: not done", row->name);
		m.regs.rflags = want.rflags;
		assert_string_equal(m.log, row->calls);
		assert_int_equal(m.ctxt.retire, row->retire);
		if (memcmp(&m.regs, &want, sizeof(want)))
			fail_msg("%s: wrong registers, rax %lx rdx %lx",
				 row->name, m.regs.rax, m.regs.rdx);
	}
}

/* --- what must not change anything -------------------------------------- */

static void privileged_refused_at_level_3(void **state)
{
	struct machine m;
	unsigned int i;

	for (i = 0; i < NR_ROWS; i++) {
		const struct row *row = &rows[i];
		struct cpu_user_regs before;
		int rc;

		start(&m, row->code, row->len);
		m.ctxt.cpl = 3;
		before = m.regs;
		rc = emul_run(&m.ctxt);
		if (rc != (row->priv ? EMUL_EXCEPTION : EMUL_OK))
			fail_msg("%s: %d at level 3", row->name, rc);
		if (!row->priv)
			continue;
		assert_int_equal(m.ctxt.event.vector, EMUL_VEC_GP);
		assert_true(m.ctxt.event.has_error);
		assert_int_equal(m.ctxt.event.error, 0);
		assert_int_equal(m.ctxt.event.cr2, 0);
		assert_regs(&m, &before);
		/* Not even an operand in memory has been read. */
		assert_string_equal(m.log, "");
	}
}

/* Run @row with its @nr-th callback failing. Returns false: it has fewer. */
static bool fail_at(const struct row *row, unsigned int nr, int fail_rc)
{
	struct cpu_user_regs before;
	uint8_t content[sizeof(memory)];
	struct machine m;
	int rc;

	start(&m, row->code, row->len);
	m.fail_call = nr;
	m.fail_rc = fail_rc;
	before = m.regs;
	memcpy(content, memory, sizeof(memory));
	rc = emul_run(&m.ctxt);
	if (m.calls < nr)
		return false;
	if (rc != fail_rc)
		fail_msg("%s: %d, callback %u gave %d", row->name, rc, nr,
			 fail_rc);
	if (rc == EMUL_EXCEPTION)
		assert_int_equal(m.ctxt.event.error, 0x1234);
	assert_int_equal(m.calls, nr);
	assert_regs(&m, &before);
	assert_memory_equal(content, memory, sizeof(memory));
	return true;
}

static void failing_callback_changes_nothing(void **state)
{
	static const int results[] = { EMUL_EXCEPTION, EMUL_UNHANDLED,
				       EMUL_RETRY };
	unsigned int i, j, nr, total = 0;

	for (i = 0; i < NR_ROWS; i++)
		for (j = 0; j < 3; j++)
			for (nr = 1; fail_at(&rows[i], nr, results[j]); nr++)
				total++;
	assert_in_range(total, 3 * NR_ROWS, 9 * NR_ROWS);
}

static void without_callbacks_unhandled(void **state)
{
	struct machine m;
	unsigned int i;

	for (i = 0; i < NR_ROWS; i++) {
		struct cpu_user_regs before;
		struct emul_ops few = { 0 };
		int rc;

		start(&m, rows[i].code, rows[i].len);
		few.fetch = m.ops.fetch;
		few.segment = m.ops.segment;
		m.ops = few;
		before = m.regs;
		rc = emul_run(&m.ctxt);
		if (!rows[i].calls[0]) {
			assert_int_equal(rc, EMUL_OK);
			continue;
		}
		assert_int_equal(rc, EMUL_UNHANDLED);
		assert_regs(&m, &before);
	}
}

static void cut_off_code_faults(void **state)
{
	struct machine m;
	unsigned int i, len;

	for (i = 0; i < NR_ROWS; i++)
		for (len = 0; len < rows[i].len; len++) {
			struct cpu_user_regs before;

			start(&m, rows[i].code, len);
			before = m.regs;
			assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
			assert_int_equal(m.ctxt.event.vector, EMUL_VEC_PF);
			assert_int_equal(m.ctxt.event.error, 0x14);
			assert_int_equal(m.ctxt.event.cr2, CODE + len);
			assert_regs(&m, &before);
			assert_int_equal(m.calls, 0);
		}
}

/* --- encodings ----------------------------------------------------------- */

/* Runs @code; @mode as given, level 0. */
static int run(struct machine *m, const uint8_t *code, size_t len,
	       enum emul_mode mode)
{
	start(m, code, len);
	m->ctxt.mode = mode;
	return emul_run(&m->ctxt);
}

#define RUN(m, mode, ...) run(m, (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ }), mode)

#define assert_raised(m, rc, vec) do {					\
	assert_int_equal(rc, EMUL_EXCEPTION);				\
	assert_int_equal((m)->ctxt.event.vector, vec);			\
	assert_string_equal((m)->log, "");				\
	assert_int_equal((m)->regs.rip, CODE);				\
} while (0)

static void lock_refused(void **state)
{
	struct machine m;
	unsigned int i, refused = 0;

	for (i = 0; i < NR_ROWS; i++) {
		uint8_t code[12] = { 0xf0 };
		int rc;

		if (rows[i].code[0] == 0xf0)
			continue;
		memcpy(code + 1, rows[i].code, rows[i].len);
		start(&m, code, rows[i].len + 1);
		rc = emul_run(&m.ctxt);
		if (strstr(rows[i].calls, "cmpxchg")) {
			assert_int_equal(rc, EMUL_OK);
			assert_true(m.locked);
			continue;
		}
		assert_raised(&m, rc, EMUL_VEC_UD);
		refused++;
	}
	assert_in_range(refused, 40, NR_ROWS);
}

static void bad_registers_refused(void **state)
{
	static const uint8_t cr[] = { 0, 2, 3, 4, 8 };
	struct machine m;
	unsigned int nr, i;

	for (nr = 0; nr < 16; nr++) {
		bool good = false;
		uint8_t rex = nr & 8 ? 0x44 : 0x40, modrm = 0xc0 | nr << 3;
		int rc;

		for (i = 0; i < sizeof(cr); i++)
			good = good || cr[i] == (nr & 15);
		rc = RUN(&m, EMUL_MODE_64, rex, 0x0f, 0x20, modrm);
		if (good)
			assert_int_equal(rc, EMUL_OK);
		else
			assert_raised(&m, rc, EMUL_VEC_UD);
		rc = RUN(&m, EMUL_MODE_64, rex, 0x0f, 0x23, modrm);
		if (nr < 8)
			assert_int_equal(rc, EMUL_OK);
		else
			assert_raised(&m, rc, EMUL_VEC_UD);
	}
}

static void only_in_64_bit_mode(void **state)
{
	struct machine m;

	assert_int_equal(RUN(&m, EMUL_MODE_64, 0xf3, 0x0f, 0xae, 0xc3),
			 EMUL_OK);
	start(&m, (const uint8_t[]){ 0x0f, 0x01, 0xf8 }, 3);
	m.ctxt.mode = EMUL_MODE_32;
	m.code_base = m.regs.rip = 0x1000;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_UD);

	/* movslq (%rsi), %rax is arpl elsewhere, which is not ours. */
	assert_int_equal(RUN(&m, EMUL_MODE_64, 0x48, 0x63, 0x06), EMUL_OK);
	assert_int_equal(m.regs.rax, 0x5a5a5a5a);
	start(&m, (const uint8_t[]){ 0x63, 0x06 }, 2);
	m.ctxt.mode = EMUL_MODE_32;
	m.code_base = m.regs.rip = 0x1000;
	assert_int_equal(emul_run(&m.ctxt), EMUL_UNHANDLED);
}

/* What others handle, or nobody: never a guess. */
static void unknown_unhandled(void **state)
{
	static const uint8_t unknown[][4] = {
		{ 0xcf },			/* iret */
		{ 0x0f, 0x07 },			/* sysret */
		{ 0x0f, 0x35 },			/* sysexit */
		{ 0x0f, 0x01, 0x10 },		/* lgdt */
		{ 0x0f, 0x01, 0x18 },		/* lidt */
		{ 0x0f, 0x00, 0x10 },		/* lldt */
		{ 0x0f, 0x00, 0x18 },		/* ltr */
		{ 0x0f, 0x01, 0xc1 },		/* vmcall */
		{ 0x0f, 0x01, 0xfa },		/* monitorx */
		{ 0x0f, 0xae, 0xe8 },		/* lfence, not wrfsbase */
		{ 0x0f, 0xae, 0x00 },		/* fxsave */
		{ 0x0f, 0xc7, 0xf0 },		/* rdrand */
		{ 0xc6, 0xf8, 0x00 },		/* xabort */
		{ 0xc5, 0xf8, 0x77 },		/* vzeroupper */
		{ 0x9d },			/* popf */
		{ 0x50 },			/* push */
		{ 0xf6, 0x20 },			/* mul */
		{ 0xff, 0x10 },			/* call */
		{ 0xcd, 0x80 },			/* int */
	};
	struct machine m;
	unsigned int i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct cpu_user_regs before;

		start(&m, unknown[i], sizeof(unknown[i]));
		before = m.regs;
		assert_int_equal(emul_run(&m.ctxt), EMUL_UNHANDLED);
		assert_regs(&m, &before);
		assert_string_equal(m.log, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_do_what_they_say),
		cmocka_unit_test(privileged_refused_at_level_3),
		cmocka_unit_test(failing_callback_changes_nothing),
		cmocka_unit_test(without_callbacks_unhandled),
		cmocka_unit_test(cut_off_code_faults),
		cmocka_unit_test(lock_refused),
		cmocka_unit_test(bad_registers_refused),
		cmocka_unit_test(only_in_64_bit_mode),
		cmocka_unit_test(unknown_unhandled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
