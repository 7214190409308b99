/* SPDX-License-Identifier: MIT */
/*
 * entry.S - entries from the hypervisor, and the way back
 *
 * Each entry finds rcx, r11, [error code,] rip, cs, rflags, rsp, ss on its
 * stack and completes that to a struct cpu_user_regs without the four data
 * selectors. The word of error code and vector becomes the "flags" word of
 * the frame that the iret call takes.
 */
#include <xen/xen.h>
#include <guestkit/entry.h>

	.text
	.macro save_registers
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	.endm

	.macro callback name entry
	.globl \name
\name:
	pop %rcx
	pop %r11
	push $0
	movl $\entry, 4(%rsp)
	jmp trap_common
	.endm

/* 256 stubs of 32 bytes; the vector follows from the position. */
	.balign 32
	.globl trap_stubs
trap_stubs:
	vector = 0
	.rept 256
	.balign 32
	pop %rcx
	pop %r11
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17
	.else
	push $0
	.endif
	movl $vector, 4(%rsp)
	jmp trap_common
	vector = vector + 1
	.endr

trap_common:
	save_registers
	cld
	mov %rsp, %rdi
	call trap_handle

/* The frame is at the stack pointer. */
trap_return:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	movq $0, (%rsp)
	push %rcx
	push %r11
	push %rax
	mov $__HYPERVISOR_iret, %eax
	syscall
	ud2

/* void iret_to(struct cpu_user_regs *): leaves through @regs, eats it. */
	.globl iret_to
iret_to:
	mov %rdi, %rsp
	jmp trap_return

/* void iret_frame(struct iret_context *): the bare call with this frame. */
	.globl iret_frame
iret_frame:
	mov %rdi, %rsp
	mov $__HYPERVISOR_iret, %eax
	syscall
	ud2

	callback event_entry ENTRY_EVENT
	callback nmi_entry ENTRY_NMI
	callback syscall_entry ENTRY_SYSCALL
	callback syscall32_entry ENTRY_SYSCALL32
	callback sysenter_entry ENTRY_SYSENTER

/* rcx, r11, ds, es, fs, gs, then as the others. */
	.globl failsafe_entry
failsafe_entry:
	pop %rcx
	pop %r11
	pop failsafe_selectors + 0(%rip)
	pop failsafe_selectors + 8(%rip)
	pop failsafe_selectors + 16(%rip)
	pop failsafe_selectors + 24(%rip)
	push $0
	movl $ENTRY_FAILSAFE, 4(%rsp)
	jmp trap_common

	.section .note.GNU-stack, "", @progbits
