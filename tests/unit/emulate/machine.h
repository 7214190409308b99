/* SPDX-License-Identifier: MIT */
/*
 * machine.h - a machine made of callbacks, for the emulator's tests
 *
 * A stretch of memory, one of code, and registers that record who touched
 * them: each callback adds a word to a log, such as "out(3f8,1,41)". Any one
 * of them can be told to fail.
 */
#ifndef TESTS_EMULATE_MACHINE_H
#define TESTS_EMULATE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <lodge/emulate.h>

/**
 * struct machine
 * @mem, @mem_base, @mem_size: memory and its linear address
 * @code, @code_base: code and its linear address
 * @code_size: readable bytes; a fetch beyond them is a page fault
 * @segs:      segments, for code that is not 64-bit, and FS and GS
 * @racer:     how often another CPU changes memory under a cmpxchg
 * @fail_call: this call to a callback (from 1; not counting fetch and
 *             segment) returns @fail_rc
 * @calls:     calls so far
 * @locked:    the last cmpxchg asked for atomicity
 */
struct machine {
	struct emul_ops ops;
	struct emul_ctxt ctxt;
	struct cpu_user_regs regs;

	uint8_t *mem;
	uint64_t mem_base;
	size_t mem_size;
	const uint8_t *code;
	uint64_t code_base;
	size_t code_size;
	struct emul_segment segs[6];

	unsigned int racer;
	unsigned int fail_call;
	int fail_rc;
	unsigned int calls;
	bool locked;
	bool logging;
	char log[4096];
};

/* All callbacks, flat segments, 64-bit mode, level 0, nothing mapped. */
void machine_init(struct machine *m);

/* Put @size bytes of @code at rip = @base. */
void machine_code(struct machine *m, const uint8_t *code, size_t size,
		  uint64_t base);

/* General register by number, found without the code under test. */
uint64_t *machine_gpr(struct cpu_user_regs *regs, unsigned int nr);

/* The value that a read of a register-like thing gives: told by its number. */
uint64_t machine_value(unsigned int kind, unsigned int nr);

#endif
