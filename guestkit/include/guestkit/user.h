/* SPDX-License-Identifier: MIT */
/*
 * user.h - user mode: a root of its own, one piece of code at a time
 *
 * Code meant for user mode stands in section .user, is independent of its
 * place, and appears at USER_CODE in both roots; one page of data at
 * USER_DATA, which the kernel reaches there too. user_run() enters it and
 * comes back with the first exception or system call.
 */
#ifndef GUESTKIT_USER_H
#define GUESTKIT_USER_H

#include <guestkit/xen.h>

#define USER_CODE  0x400000UL
#define USER_DATA  0x600000UL
#define USER_STACK (USER_DATA + 0x1000UL)
#define USER_TOP   (USER_STACK + 0x1000UL)

/* Defines user-mode code: USER_CODE_BEGIN(name) "insns" USER_CODE_END */
#define USER_ASM(name, body)      \
	extern const char name[]; \
	asm(".pushsection .user, \"ax\"\n" #name ":\n" body "\n.popsection")

extern unsigned long user_root_mfn;

/* Make and load the user root, register the syscall callback. */
long user_set_up(void);

/* Where @code of section .user appears in user mode. */
unsigned long user_address(const void *code);

/* Registers to start @code: flat segments, stack, interrupts on. */
void user_regs(struct cpu_user_regs *regs, const void *code);

/**
 * user_run() - run user mode until it comes back
 * @regs: in: registers to start with; out: those at the entry that ended it
 *
 * Return: the vector or ENTRY_* that ended it.
 */
int user_run(struct cpu_user_regs *regs);

#endif /* GUESTKIT_USER_H */
