/* SPDX-License-Identifier: MIT */
/*
 * test_emulate_mem.c - addresses, segments, strings, races, retirement
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "emulate/machine.h"

#define CODE 0x400000UL
#define MEM 0x10000UL

#define TF 0x100UL
#define DF 0x400UL
#define RF 0x10000UL

static uint8_t memory[4096];

static void start_at(struct machine *m, const uint8_t *code, size_t len,
		     enum emul_mode mode)
{
	machine_init(m);
	memset(memory, 0, sizeof(memory));
	m->mem = memory;
	m->mem_base = MEM;
	m->mem_size = sizeof(memory);
	m->ctxt.mode = mode;
	machine_code(m, code, len, CODE);
}

#define START(m, mode, ...) start_at(m, (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ }), mode)

#define assert_raised(m, vec) do {					\
	assert_int_equal(emul_run(&(m)->ctxt), EMUL_EXCEPTION);		\
	assert_int_equal((m)->ctxt.event.vector, vec);			\
	assert_string_equal((m)->log, "");				\
	assert_int_equal((m)->regs.rip, CODE);				\
} while (0)

/* --- strings ------------------------------------------------------------- */

static void rep_in_shares(void **state)
{
	static const uint8_t rep_insb[] = { 0xf3, 0x6c };
	struct machine m;

	start_at(&m, rep_insb, 2, EMUL_MODE_64);
	m.regs.rcx = EMUL_REP_IO_MAX + 2;
	m.regs.rdi = MEM;
	m.logging = false;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.ctxt.retire, EMUL_RETIRE_REP);
	assert_int_equal(m.regs.rip, CODE);
	assert_int_equal(m.regs.rcx, 2);
	assert_int_equal(m.regs.rdi, MEM + EMUL_REP_IO_MAX);
	assert_int_equal(memory[EMUL_REP_IO_MAX - 1], 0xd4);
	assert_int_equal(memory[EMUL_REP_IO_MAX], 0);

	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.ctxt.retire, 0);
	assert_int_equal(m.regs.rip, CODE + 2);
	assert_int_equal(m.regs.rcx, 0);
	assert_int_equal(m.regs.rdi, MEM + EMUL_REP_IO_MAX + 2);
}

static void rep_keeps_what_is_done(void **state)
{
	struct machine m;

	/* The fourth element is beyond the end of memory. */
	START(&m, EMUL_MODE_64, 0xf3, 0x6d);
	m.regs.rcx = 10;
	m.regs.rdi = MEM + sizeof(memory) - 12;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_PF);
	assert_int_equal(m.ctxt.event.cr2, MEM + sizeof(memory));
	assert_int_equal(m.regs.rip, CODE);
	assert_int_equal(m.regs.rcx, 7);
	assert_int_equal(m.regs.rdi, MEM + sizeof(memory));
	/* Probe, port and store each; the last element's port is unread. */
	assert_int_equal(m.calls, 3 * 3 + 1);
}

static void rep_stops_where_callback_fails(void **state)
{
	struct machine m;

	START(&m, EMUL_MODE_64, 0xf3, 0x6e);
	m.regs.rcx = 10;
	m.regs.rsi = MEM;
	m.fail_call = 6;
	m.fail_rc = EMUL_RETRY;
	assert_int_equal(emul_run(&m.ctxt), EMUL_RETRY);
	assert_int_equal(m.regs.rcx, 8);
	assert_int_equal(m.regs.rsi, MEM + 2);
	assert_int_equal(m.regs.rip, CODE);
}

static void rep_zero_does_nothing(void **state)
{
	struct machine m;

	START(&m, EMUL_MODE_64, 0xf3, 0x6c);
	m.regs.rcx = 0;
	m.regs.rdi = 0x1234567812345678; /* not canonical, and not used */
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.calls, 0);
	assert_int_equal(m.regs.rip, CODE + 2);
	assert_int_equal(m.regs.rdi, 0x1234567812345678);
	assert_int_equal(m.ctxt.retire, 0);
}

static void string_address_sizes(void **state)
{
	struct machine m;

	/* addr32: registers are zero-extended, upper halves do not count. */
	START(&m, EMUL_MODE_64, 0xf3, 0x67, 0xaa);
	m.regs.rcx = 0xffffffff00000002;
	m.regs.rdi = 0xffffffff00000000 | MEM;
	m.regs.rax = 0x77;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_string_equal(m.log, "write(0,10000,1,77) ");
	assert_int_equal(m.regs.rcx, 1);
	assert_int_equal(m.regs.rdi, MEM + 1);
	assert_int_equal(m.ctxt.retire, EMUL_RETIRE_REP);

	/* 16-bit: DI wraps, the rest of the register stays. */
	START(&m, EMUL_MODE_16, 0xf3, 0xab);
	m.code_base = m.regs.rip = 0x100;
	m.segs[EMUL_SEG_ES].base = MEM;
	m.regs.rcx = 0xabcd0001;
	m.regs.rdi = 0xabcd0000;
	m.regs.rflags |= DF;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rcx, 0xabcd0000);
	assert_int_equal(m.regs.rdi, 0xabcdfffe);
	assert_int_equal(m.ctxt.retire, 0);
}

static void string_segments(void **state)
{
	struct machine m;

	/* movsb %fs:(%rsi), %es:(%rdi): the override is the source's. */
	START(&m, EMUL_MODE_32, 0x64, 0xa4);
	m.segs[EMUL_SEG_FS].base = MEM;
	m.segs[EMUL_SEG_ES].base = MEM + 0x100;
	m.regs.rsi = 1;
	m.regs.rdi = 2;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_string_equal(m.log, "read(4,10001,1) write(0,10102,1,0) ");

	/* Source in SS, out of bounds. */
	START(&m, EMUL_MODE_32, 0x36, 0xa4);
	m.segs[EMUL_SEG_SS].limit = 0xff;
	m.regs.rsi = 0x100;
	assert_raised(&m, EMUL_VEC_SS);

	/* Destination not writable: the port is not read. */
	START(&m, EMUL_MODE_32, 0x6c);
	m.segs[EMUL_SEG_ES].writable = false;
	assert_raised(&m, EMUL_VEC_GP);

	START(&m, EMUL_MODE_64, 0xaa);
	m.regs.rdi = 0x800000000000;
	assert_raised(&m, EMUL_VEC_GP);
}

/* --- segments ------------------------------------------------------------ */

static void limits(void **state)
{
	struct machine m;

	/* movl %eax, 0x10000(%ecx) and the last byte */
	START(&m, EMUL_MODE_32, 0x89, 0x81, 0, 0, 1, 0);
	m.segs[EMUL_SEG_DS].limit = MEM + 3;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_string_equal(m.log, "write(3,10000,4,0) ");

	START(&m, EMUL_MODE_32, 0x89, 0x81, 0, 0, 1, 0);
	m.segs[EMUL_SEG_DS].limit = MEM + 2;
	assert_raised(&m, EMUL_VEC_GP);

	/* movl %eax, (%ebp): the stack's */
	START(&m, EMUL_MODE_32, 0x89, 0x45, 0);
	m.regs.rbp = MEM;
	m.segs[EMUL_SEG_SS].limit = MEM + 2;
	assert_raised(&m, EMUL_VEC_SS);

	START(&m, EMUL_MODE_32, 0x89, 0x81, 0, 0, 1, 0);
	m.segs[EMUL_SEG_DS].usable = false;
	assert_raised(&m, EMUL_VEC_GP);

	/* Read-only, for a store and for a load. */
	START(&m, EMUL_MODE_32, 0x89, 0x81, 0, 0, 1, 0);
	m.segs[EMUL_SEG_DS].writable = false;
	assert_raised(&m, EMUL_VEC_GP);
	START(&m, EMUL_MODE_32, 0x8b, 0x81, 0, 0, 1, 0);
	m.segs[EMUL_SEG_DS].writable = false;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);

	/* Code that may not be read. */
	START(&m, EMUL_MODE_32, 0x2e, 0x8b, 0x81, 0, 0, 1, 0);
	m.segs[EMUL_SEG_CS].readable = false;
	assert_raised(&m, EMUL_VEC_GP);
}

static void expand_down(void **state)
{
	struct machine m;

	START(&m, EMUL_MODE_32, 0x89, 0x01);
	m.segs[EMUL_SEG_DS].expand_down = true;
	m.segs[EMUL_SEG_DS].limit = MEM - 1;
	m.regs.rcx = MEM;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);

	START(&m, EMUL_MODE_32, 0x89, 0x01);
	m.segs[EMUL_SEG_DS].expand_down = true;
	m.segs[EMUL_SEG_DS].limit = MEM;
	m.regs.rcx = MEM;
	assert_raised(&m, EMUL_VEC_GP);

	/* Not big: it ends at 64 KiB. */
	START(&m, EMUL_MODE_32, 0x89, 0x01);
	m.segs[EMUL_SEG_DS].expand_down = true;
	m.segs[EMUL_SEG_DS].big = false;
	m.segs[EMUL_SEG_DS].limit = 0xff;
	m.regs.rcx = 0xfffd;
	assert_raised(&m, EMUL_VEC_GP);
}

static void linear_wrap(void **state)
{
	struct machine m;

	/* Base and offset wrap at 4 GiB... */
	START(&m, EMUL_MODE_32, 0x89, 0x01);
	m.segs[EMUL_SEG_DS].base = 0x20000;
	m.regs.rcx = 0xffff0000;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_string_equal(m.log, "write(3,10000,4,0) ");

	/* ...but an operand that does is refused, here and at the top. */
	START(&m, EMUL_MODE_32, 0x89, 0x01);
	m.segs[EMUL_SEG_DS].base = 2;
	m.regs.rcx = 0xfffffffc;
	assert_raised(&m, EMUL_VEC_GP);
	START(&m, EMUL_MODE_64, 0x48, 0x89, 0x01);
	m.regs.rcx = -4UL;
	assert_raised(&m, EMUL_VEC_GP);
}

static void canonical_to_the_last_byte(void **state)
{
	struct machine m;

	START(&m, EMUL_MODE_64, 0x48, 0x89, 0x01);
	m.regs.rcx = 0x7ffffffffff9;
	assert_raised(&m, EMUL_VEC_GP);

	/* One less, and it is a store that nobody answers. */
	START(&m, EMUL_MODE_64, 0x48, 0x89, 0x01);
	m.regs.rcx = 0x7ffffffffff8;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_PF);
	assert_int_equal(m.ctxt.event.cr2, 0x7ffffffffff8);
}

static void bases_in_64_bit_mode(void **state)
{
	struct machine m;

	/* Bases of DS count for nothing, those of GS do; limits do not. */
	START(&m, EMUL_MODE_64, 0x3e, 0x89, 0x01);
	m.segs[EMUL_SEG_DS] = (struct emul_segment){ .base = 0x1000 };
	m.regs.rcx = MEM;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_string_equal(m.log, "write(3,10000,4,0) ");

	START(&m, EMUL_MODE_64, 0x65, 0x89, 0x01);
	m.segs[EMUL_SEG_GS] = (struct emul_segment){ .base = MEM };
	m.regs.rcx = 8;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_string_equal(m.log, "write(5,10008,4,0) ");

	/* Offset and base canonical, their sum not. */
	START(&m, EMUL_MODE_64, 0x65, 0x89, 0x01);
	m.segs[EMUL_SEG_GS].base = 0x7ffffffff000;
	m.regs.rcx = 0x1000;
	assert_raised(&m, EMUL_VEC_GP);
	m.ctxt.la57 = true;
	assert_int_equal(emul_run(&m.ctxt), EMUL_EXCEPTION);
	assert_int_equal(m.ctxt.event.vector, EMUL_VEC_PF);
}

/* Offsets that 16-bit addressing gives, by ModRM. */
static void addressing_16(void **state)
{
	static const struct {
		uint8_t code[4];
		uint64_t addr;
		unsigned int seg;
	} forms[] = {
		{ { 0x88, 0x00 }, 0x1100, EMUL_SEG_DS },	/* bx+si */
		{ { 0x88, 0x01 }, 0x1200, EMUL_SEG_DS },	/* bx+di */
		{ { 0x88, 0x02 }, 0x2100, EMUL_SEG_SS },	/* bp+si */
		{ { 0x88, 0x03 }, 0x2200, EMUL_SEG_SS },	/* bp+di */
		{ { 0x88, 0x04 }, 0x0100, EMUL_SEG_DS },	/* si */
		{ { 0x88, 0x05 }, 0x0200, EMUL_SEG_DS },	/* di */
		{ { 0x88, 0x06, 0x34, 0x12 }, 0x1234, EMUL_SEG_DS },
		{ { 0x88, 0x07 }, 0x1000, EMUL_SEG_DS },	/* bx */
		{ { 0x88, 0x46, 0xff }, 0x1fff, EMUL_SEG_SS },	/* bp-1 */
		{ { 0x88, 0x84, 0x00, 0xff }, 0x0000, EMUL_SEG_DS },
	};
	struct emul_insn insn;
	struct machine m;
	unsigned int i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		start_at(&m, forms[i].code, 4, EMUL_MODE_16);
		m.code_base = m.regs.rip = 0x100;
		m.regs.rbx = 0xffff1000;
		m.regs.rbp = 0xffff2000;
		m.regs.rsi = 0xffff0100;
		m.regs.rdi = 0xffff0200;
		assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
		assert_int_equal(insn.mem.offset, forms[i].addr);
		assert_int_equal(insn.mem.linear, forms[i].addr);
		assert_int_equal(insn.mem.seg, forms[i].seg);
	}
}

/* --- what a caller sees before it lets an instruction happen ------------- */

static void decode_tells(void **state)
{
	struct emul_insn insn;
	struct machine m;

	/* lock btr %rax, (%rdi) with bit -65: one unit and a byte down */
	START(&m, EMUL_MODE_64, 0xf0, 0x48, 0x0f, 0xb3, 0x07);
	m.regs.rax = -65;
	m.regs.rdi = MEM + 0x800;
	assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(insn.op, EMUL_OP_BTR);
	assert_int_equal(insn.len, 5);
	assert_true(insn.lock);
	assert_int_equal(insn.flags, EMUL_I_MEM | EMUL_I_READ | EMUL_I_WRITE);
	assert_int_equal(insn.mem.linear, MEM + 0x800 - 16);
	assert_int_equal(insn.mem.bytes, 8);
	assert_int_equal(m.calls, 0);
	assert_int_equal(m.regs.rip, CODE);

	/* outw %ax, $0x80 and rep outsb */
	START(&m, EMUL_MODE_32, 0x66, 0xe7, 0x80);
	assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(insn.flags, EMUL_I_IO);
	assert_int_equal(insn.op_bytes, 2);
	assert_int_equal(emul_insn_port(&m.ctxt, &insn), 0x80);
	START(&m, EMUL_MODE_32, 0xf3, 0x6e);
	m.regs.rdx = 0xabcd1234;
	m.regs.rsi = MEM;
	m.segs[EMUL_SEG_DS].base = 0x40;
	assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(insn.flags, EMUL_I_IO | EMUL_I_STRING);
	assert_int_equal(insn.rep, 0xf3);
	assert_int_equal(insn.mem2.linear, MEM + 0x40);
	assert_int_equal(emul_insn_port(&m.ctxt, &insn), 0x1234);

	/* addr32 movl $1, -4(%rip): relative to the end, in 32 bits */
	START(&m, EMUL_MODE_64, 0x67, 0xc7, 0x05, 0xfc, 0xff, 0xff, 0xff,
	      1, 0, 0, 0);
	m.code_base = m.regs.rip = 0x100000000 - 4;
	assert_int_equal(emul_decode(&m.ctxt, &insn), EMUL_OK);
	assert_int_equal(insn.len, 11);
	assert_int_equal(insn.mem.linear, 3);
}

/* --- races --------------------------------------------------------------- */

static void rmw_under_race(void **state)
{
	struct cpu_user_regs before;
	struct machine m;

	/* lock xaddb %al, (%rdi); another CPU adds 0x10 three times */
	START(&m, EMUL_MODE_64, 0xf0, 0x0f, 0xc0, 0x07);
	m.regs.rdi = MEM;
	m.regs.rax = 0x11;
	m.racer = 3;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(memory[0], 0x41);
	assert_int_equal(m.regs.rax, 0x30);
	assert_true(m.locked);
	/* Memory was read once, then known from each exchange. */
	assert_int_equal(m.calls, 1 + 4);

	START(&m, EMUL_MODE_64, 0xf0, 0x0f, 0xc0, 0x07);
	m.regs.rdi = MEM;
	m.regs.rax = 0x11;
	m.racer = 1000;
	before = m.regs;
	assert_int_equal(emul_run(&m.ctxt), EMUL_RETRY);
	assert_memory_equal(&m.regs, &before, sizeof(before));
	assert_in_range(m.calls, 2, 100);
}

static void cmpxchg_reports_what_it_found(void **state)
{
	struct machine m;

	/* lock cmpxchgb %cl, (%rdi): equal but for another CPU */
	START(&m, EMUL_MODE_64, 0xf0, 0x0f, 0xb0, 0x0f);
	m.regs.rdi = MEM;
	m.regs.rax = 0xff00;
	m.regs.rcx = 0x55;
	m.racer = 1;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(memory[0], 0x10);
	assert_int_equal(m.regs.rax, 0xff10);
	assert_false(m.regs.rflags & 0x40);
	assert_int_equal(m.calls, 1);
}

/* --- retirement ---------------------------------------------------------- */

static void single_step_and_resume(void **state)
{
	struct machine m;

	START(&m, EMUL_MODE_64, 0x0f, 0xa2);
	m.regs.rflags |= TF | RF;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.ctxt.retire, EMUL_RETIRE_SINGLESTEP);
	assert_true(m.regs.rflags & TF);
	assert_false(m.regs.rflags & RF);

	/* Each element of a repeated one is a step. */
	START(&m, EMUL_MODE_64, 0xf3, 0x6c);
	m.regs.rflags |= TF;
	m.regs.rcx = 3;
	m.regs.rdi = MEM;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.ctxt.retire,
			 EMUL_RETIRE_SINGLESTEP | EMUL_RETIRE_REP);
	assert_int_equal(m.regs.rcx, 2);

	/* A failure retires nothing. */
	START(&m, EMUL_MODE_64, 0x0f, 0xa2);
	m.regs.rflags |= TF | RF;
	m.ctxt.retire = 0xff;
	m.fail_call = 1;
	m.fail_rc = EMUL_RETRY;
	assert_int_equal(emul_run(&m.ctxt), EMUL_RETRY);
	assert_int_equal(m.ctxt.retire, 0);
	assert_int_equal(m.regs.rflags, 0x202 | TF | RF);
}

/* As a callback for CLI does that keeps IF in the frame. */
static int set_if_in_frame(struct emul_ctxt *ctxt, bool enable)
{
	ctxt->regs->rflags &= ~0x200UL;
	return EMUL_OK;
}

static void interrupt_flag_is_the_callbacks(void **state)
{
	struct machine m;

	START(&m, EMUL_MODE_64, 0xfa);
	m.ops.set_if = set_if_in_frame;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(m.regs.rflags, 0x2);
}

static uint64_t cr0_written;

static int cr0_read(struct emul_ctxt *ctxt, unsigned int nr, uint64_t *val)
{
	*val = 0x8000003f;
	return EMUL_OK;
}

static int cr0_write(struct emul_ctxt *ctxt, unsigned int nr, uint64_t val)
{
	cr0_written = val;
	return EMUL_OK;
}

static void cr0_by_halves(void **state)
{
	struct machine m;

	/* lmsw %ax cannot leave protected mode. */
	START(&m, EMUL_MODE_64, 0x0f, 0x01, 0xf0);
	m.ops.read_cr = cr0_read;
	m.ops.write_cr = cr0_write;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(cr0_written, 0x80000031);

	START(&m, EMUL_MODE_64, 0x0f, 0x06);
	m.ops.read_cr = cr0_read;
	m.ops.write_cr = cr0_write;
	assert_int_equal(emul_run(&m.ctxt), EMUL_OK);
	assert_int_equal(cr0_written, 0x80000037);
}

static void bases_must_be_canonical(void **state)
{
	struct machine m;

	/* wrfsbase %rax */
	START(&m, EMUL_MODE_64, 0xf3, 0x48, 0x0f, 0xae, 0xd0);
	m.regs.rax = 0x800000000000;
	assert_raised(&m, EMUL_VEC_GP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rep_in_shares),
		cmocka_unit_test(rep_keeps_what_is_done),
		cmocka_unit_test(rep_stops_where_callback_fails),
		cmocka_unit_test(rep_zero_does_nothing),
		cmocka_unit_test(string_address_sizes),
		cmocka_unit_test(string_segments),
		cmocka_unit_test(limits),
		cmocka_unit_test(expand_down),
		cmocka_unit_test(linear_wrap),
		cmocka_unit_test(canonical_to_the_last_byte),
		cmocka_unit_test(bases_in_64_bit_mode),
		cmocka_unit_test(addressing_16),
		cmocka_unit_test(decode_tells),
		cmocka_unit_test(rmw_under_race),
		cmocka_unit_test(cmpxchg_reports_what_it_found),
		cmocka_unit_test(single_step_and_resume),
		cmocka_unit_test(interrupt_flag_is_the_callbacks),
		cmocka_unit_test(cr0_by_halves),
		cmocka_unit_test(bases_must_be_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
