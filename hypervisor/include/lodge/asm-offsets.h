/* SPDX-License-Identifier: MIT */
/*
 * asm-offsets.h - offsets of structures that assembly uses
 *
 * struct cpu_user_regs is ABI and cannot change; struct cpu_info is checked
 * by assertions in cpu/percpu.c.
 */
#ifndef LODGE_ASM_OFFSETS_H
#define LODGE_ASM_OFFSETS_H

#define REGS_rax		80
#define REGS_rcx		88
#define REGS_r11		48
#define REGS_error_code		120
#define REGS_entry_vector	124
#define REGS_rip		128
#define REGS_cs			136
#define REGS_rflags		144
#define REGS_rsp		152
#define REGS_ss			160
#define REGS_es			168

#define CPUINFO_pending_work	220
#define CPUINFO_SIZE		232

/* entry_vector of frames that no vector made. */
#define ENTRY_SYSCALL		0x100
#define ENTRY_SYSCALL32		0x101
#define ENTRY_SYSENTER		0x102

#define IST_DF			1
#define IST_NMI			2
#define IST_MCE			3
#define IST_DB			4
#define NR_IST			4

#endif
