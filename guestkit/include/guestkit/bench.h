/* SPDX-License-Identifier: MIT */
/*
 * bench.h - marks for whoever counts instructions (tests/bench/count.c)
 *
 * No-operations with displacements that nothing else has: "LBEG", "LEND".
 */
#ifndef GUESTKIT_BENCH_H
#define GUESTKIT_BENCH_H

#define MARK_BEGIN() asm volatile("nopl 0x4c424547(%%rax)" ::: "memory")
#define MARK_END()   asm volatile("nopl 0x4c454e44(%%rax)" ::: "memory")

/* The same, in assembly without operands. */
#define MARK_BEGIN_ASM "	nopl 0x4c424547(%rax)\n"
#define MARK_END_ASM   "	nopl 0x4c454e44(%rax)\n"

#endif /* GUESTKIT_BENCH_H */
