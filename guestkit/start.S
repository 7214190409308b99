/* SPDX-License-Identifier: MIT */
/*
 * start.S - first instruction of a guest, and of each further vCPU
 *
 * A vCPU's stack is STACK_BYTES long and aligned to that; struct vcpu lies
 * at its foot, so that the stack pointer finds it.
 */
#include "private.h"

	.section .text.start, "ax", @progbits
	.globl guest_start
guest_start:
	cld
	mov %rsi, start_info(%rip)
	lea boot_stack + STACK_BYTES(%rip), %rsp
	xor %ebp, %ebp
	call guest_main
	ud2

/* A further vCPU: the stack is set, %rdi holds its struct vcpu. */
	.globl vcpu_first_step
vcpu_first_step:
	cld
	xor %ebp, %ebp
	call vcpu_main
	ud2

	.text
/*
 * long hypercall(nr, a1, a2, a3, a4, a5, [a6 on the stack])
 * By the syscall instruction, or through the hypercall page.
 */
	.globl hypercall
hypercall:
	mov %edi, %eax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 8(%rsp), %r9
	cmpb $0, hypercall_by_page(%rip)
	jne 1f
	syscall
	ret
1:	mov hypercall_page_address(%rip), %r11
	mov %eax, %ecx
	shl $5, %ecx
	add %rcx, %r11
	call *%r11
	ret

/* int jump_save(struct jump *): 0, or what jump_back() is given. */
	.globl jump_save
jump_save:
	mov %rbx, 0(%rdi)
	mov %rbp, 8(%rdi)
	mov %r12, 16(%rdi)
	mov %r13, 24(%rdi)
	mov %r14, 32(%rdi)
	mov %r15, 40(%rdi)
	lea 8(%rsp), %rax
	mov %rax, 48(%rdi)
	mov (%rsp), %rax
	mov %rax, 56(%rdi)
	xor %eax, %eax
	ret

	.bss
	.balign STACK_BYTES
	.globl boot_stack
boot_stack:
	.skip STACK_BYTES
	.section .note.GNU-stack, "", @progbits
