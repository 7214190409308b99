/* SPDX-License-Identifier: MIT */
/*
 * bug.h - what to do when the hypervisor itself is wrong
 *
 * BUG() is always on and ends in panic(). ASSERT() is for costly checks and
 * exists in the debug build only. A wrong *guest* is never a BUG: it gets an
 * errno or is crashed by domain_crash().
 */
#ifndef LODGE_BUG_H
#define LODGE_BUG_H

#include <lodge/types.h>

#ifdef LODGE_DEBUG
#define DEBUG_BUILD 1
#else
#define DEBUG_BUILD 0
#endif

struct cpu_user_regs;

/* Print the sentence, registers, back trace, last log lines; then reboot or
 * halt ("noreboot"). Callable from any context, NMI included. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
/* The same with the registers of an exception frame. */
void panic_regs(const struct cpu_user_regs *regs, const char *fmt, ...)
	__printf(2, 3) __noreturn;
/* While booting: @what, in words, could not be allocated. */
#define panic_no_memory(what, ...)                                            \
	panic("No memory for " what ": give the machine more", ##__VA_ARGS__)

void bug(const char *file, unsigned int line, const char *what) __noreturn;

#define BUG()		bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(c)                                                             \
	do {                                                                  \
		if (unlikely(c))                                              \
			bug(__FILE__, __LINE__, "BUG: " #c);                  \
	} while (0)
#define ASSERT(c)                                                             \
	do {                                                                  \
		if (DEBUG_BUILD && unlikely(!(c)))                            \
			bug(__FILE__, __LINE__, "assertion failed: " #c);     \
	} while (0)

#endif
