/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of cpu/ share
 */
#ifndef LODGE_CPU_PRIVATE_H
#define LODGE_CPU_PRIVATE_H

#include <lodge/cpu.h>

/* Intel SDM 3A, 8.7: 64-bit task state segment. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap_base;
} __packed;

_Static_assert(sizeof(struct tss) == 104, "64-bit TSS");

DECLARE_PER_CPU(struct tss, tss);
DECLARE_PER_CPU(uint64_t *, gdt_page);
DECLARE_PER_CPU(uint8_t *, syscall_stubs);
DECLARE_PER_CPU(struct cpu_info *, stack_info);

/* entry.S */
extern char vector_stubs[];
void syscall_entry(void);
void syscall32_entry(void);
void sysenter_entry(void);
void trap_from_guest(struct cpu_user_regs *regs);
void trap_from_hypervisor(struct cpu_user_regs *regs);
void trap_on_ist(struct cpu_user_regs *regs);
void syscall_from_guest(struct cpu_user_regs *regs, unsigned int kind);
unsigned int exit_prepare(struct cpu_user_regs *regs);
void iret_fault_from_guest(struct cpu_user_regs *regs);

/* nmi.c, mce.c; on stacks of their own */
void do_nmi(struct cpu_user_regs *regs);
void do_machine_check(struct cpu_user_regs *regs);
void mce_init_this(void);

/* desc.c */
void desc_init_this(void);
void idt_load(void);

/* protect.c */
unsigned long protect_cr4(void);

/* syscall.c */
int syscall_stubs_prepare(unsigned int cpu);
void syscall_init_this(void);

#endif
