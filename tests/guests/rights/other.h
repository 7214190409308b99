/* SPDX-License-Identifier: MIT */
/*
 * other.h - an unprivileged domain that executes what it is given
 */
#ifndef RIGHTS_OTHER_H
#define RIGHTS_OTHER_H

#include <guestkit/xen.h>

/* Registers that the instructions find, and those they leave. */
struct other_regs {
	uint64_t rax, rcx, rdx, rsi, rdi;
};

/* Make it and let it run. Return: 0; or the errno of what failed. */
long other_build(void);
domid_t other_domid(void);

/**
 * other_run() - have it execute instructions, once
 * @code: at most 15 bytes; it returns behind them by itself
 * @regs: in and out: rax and rdx
 *
 * Return: the vector of the exception that ended them, NO_TRAP, or
 *         OTHER_SILENT if it did not answer.
 */
int other_run(const void *code, unsigned int len, struct other_regs *regs);
#define OTHER_SILENT (-2)

/* A hypercall of it with two arguments, in @args bytes that it can read. */
long other_call(unsigned int nr, unsigned int cmd, const void *arg,
		unsigned int bytes);

/* Destroy it. Return: errno. */
long other_end(void);

#endif /* RIGHTS_OTHER_H */
