/* SPDX-License-Identifier: MIT */
/*
 * entry.h - numbers of the entries that are not vectors
 *
 * regs->entry_vector holds a vector below 256 or one of these.
 */
#ifndef GUESTKIT_ENTRY_H
#define GUESTKIT_ENTRY_H

#define ENTRY_EVENT	0x100
#define ENTRY_FAILSAFE	0x101
#define ENTRY_SYSCALL	0x102
#define ENTRY_SYSENTER	0x103
#define ENTRY_SYSCALL32 0x104
#define ENTRY_NMI	0x105

#endif /* GUESTKIT_ENTRY_H */
