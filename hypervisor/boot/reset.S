/* SPDX-License-Identifier: MIT */
/*
 * reset.S - the last means of a reset: an exception that nobody can take
 */
	.section .text.reset, "ax", @progbits
	.globl	triple_fault
	.hidden	triple_fault
	.type	triple_fault, @function
triple_fault:
	cli
	lidt	no_idt(%rip)
	int3
1:	hlt
	jmp	1b
	.size	triple_fault, . - triple_fault

	.section .rodata.reset, "a", @progbits
no_idt:
	.word	0
	.quad	0

	.section .note.GNU-stack, "", @progbits
