/* SPDX-License-Identifier: MIT */
/*
 * native.h - run one instruction on the processor itself
 */
#ifndef TESTS_EMULATE_NATIVE_H
#define TESTS_EMULATE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct native_state - registers before, then after
 * @gpr:    by number, RSP included
 * @rflags: arithmetic flags and DF are loaded
 * @signal: 0, or the signal that the instruction raised
 */
struct native_state {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t signal;
};

#define NATIVE_GS_BASE 0x1000UL
#define NATIVE_MEM_SIZE 0x4000UL

/* Returns 0, or -1: this host does not let us (no low memory, no GS base). */
int native_init(void);

/*
 * Have signals of an instruction caught. To be called by each test: cmocka
 * takes signals for itself before it. Returns 0 or -1.
 */
int native_catch_signals(void);

/* Where instructions run, below 2 GiB. */
uint64_t native_code(void);

/* Memory for their operands, NATIVE_MEM_SIZE bytes, below 2 GiB. */
uint8_t *native_mem(void);

/**
 * native_run() - run one instruction that does not jump
 * @code: its bytes
 * @len:  their number, 15 at most
 * @s:    registers
 *
 * SIGILL, SIGSEGV and SIGBUS that it raises end up in @s->signal.
 */
void native_run(const uint8_t *code, size_t len, struct native_state *s);

/* The same as 32-bit code; upper halves of registers mean nothing after. */
void native_run32(const uint8_t *code, size_t len, struct native_state *s);

#endif
