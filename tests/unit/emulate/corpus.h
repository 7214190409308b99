/* SPDX-License-Identifier: MIT */
/*
 * corpus.h - random, valid instructions with operands that can be reached
 *
 * Every form of every instruction that the emulator knows and that a program
 * may run on a real processor, with random prefixes, registers, addressing
 * and values. The generator shares nothing with the code under test: it
 * builds an instruction from its parts and knows its length because of that.
 */
#ifndef TESTS_EMULATE_CORPUS_H
#define TESTS_EMULATE_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form_attr {
	C_MODRM = 1 << 0,
	C_BYTE = 1 << 1,    /* operand size 1 */
	C_LOCK = 1 << 2,    /* LOCK is legal with a memory operand */
	C_MEMORY = 1 << 3,  /* no register form */
	C_BITS = 1 << 4,    /* the register operand is a bit index */
	C_STRING = 1 << 5,  /* uses rDI, and rSI */
	C_MOFFS = 1 << 6,   /* absolute address in the instruction */
	C_COMPARE = 1 << 7, /* compares rAX (and rDX) with memory */
	C_REX_W = 1 << 8,   /* needs REX.W */
	C_LONG = 1 << 9,    /* only in 64-bit code */
};

enum { IMM_NONE, IMM_8, IMM_Z };

/**
 * struct corpus_form - one encoding of one instruction
 * @reg:       fixed reg field of ModRM, or -1
 * @imm:       IMM_8; IMM_Z: operand size, at most 4 bytes
 * @undefined: flags whose value after it the architecture does not define
 */
struct corpus_form {
	const char *name;
	uint8_t opcode[2];
	uint8_t nr_opcode;
	int8_t reg;
	uint8_t imm;
	uint16_t attr;
	uint16_t undefined;
};

extern const struct corpus_form corpus_forms[];
extern const size_t corpus_nr_forms;

/**
 * struct place - where samples run; all of it below 2 GiB
 * @code:     address of the instruction
 * @mem:      address of memory for operands
 * @mem_size: its size; operands lie around the middle
 * @gs_base:  0 or the base of GS; the others are 0
 * @peek:     that memory's content, to make comparisons succeed
 * @code32:   32-bit code, with flat segments and 32-bit addresses
 */
struct place {
	uint64_t code, mem;
	size_t mem_size;
	uint64_t gs_base;
	const uint8_t *peek;
	bool code32;
};

struct sample {
	const struct corpus_form *form;
	uint8_t code[24]; /* @len, 15 at most, are used */
	uint8_t len;
	bool lock;
	uint64_t gpr[16];
	uint64_t rflags;
};

/* Fixed seed, the same samples in each run: a failure can be looked at. */
struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *r);

/* A value in [0, n). */
unsigned int rng_below(struct rng *r, unsigned int n);

/* Make one sample of @form. */
void corpus_sample(struct rng *r, const struct corpus_form *form,
		   const struct place *place, struct sample *s);

#endif
