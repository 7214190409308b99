/* SPDX-License-Identifier: MIT */
/*
 * entry.S - the ways into the hypervisor and out of it
 *
 * Every entry ends with a struct cpu_user_regs on the stack and its address in
 * %rdi. An entry from a guest (CPL 3) lands exactly on cpu_info.guest_regs: the
 * TSS and the SYSCALL stubs point there. All code of this file lies in one
 * section, so that page-table isolation is a matter of mapping.
 *
 * GS, FS, DS and ES keep the guest's values throughout: the hypervisor does
 * not use them. RFLAGS.AC, which would switch SMAP off, is cleared: exceptions
 * and interrupts leave it as it was, in a guest or between STAC and CLAC.
 */
#include <lodge/alternative.h>
#include <lodge/asm-offsets.h>
#include <lodge/layout.h>
#include <lodge/x86-defs.h>

	.section .text.entry, "ax", @progbits

.macro PUSH_REGS
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

/* Leaves %rsp at the error code. */
.macro POP_REGS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
.endm

/* What a guest left in a register must not steer us by accident. */
.macro CLEAR_REGS
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
.endm

.macro EX_TABLE fault, fixup
	.pushsection .ex_table, "a"
	.balign	4
	.long	(\fault) - .
	.long	(\fixup) - .
	.popsection
.endm

/*
 * One stub a vector, 16 bytes apart. Vectors for which the processor pushes
 * an error code: 8, 10 to 14, 17, 21, 29, 30.
 */
#define VECTORS_WITH_ERROR_CODE 0x60227d00
#define VEC_INT80 0x80	/* an int instruction of the guest's, no interrupt */

	.globl	vector_stubs
	.balign	16
vector_stubs:
	.set	vec, 0
	.rept	256
	.balign	16
	.if	(vec > 31) || !((VECTORS_WITH_ERROR_CODE >> (vec & 31)) & 1)
	pushq	$0
	.endif
	movl	$vec, 4(%rsp)
	.if	vec == X86_EXC_DB || vec == X86_EXC_NMI
	jmp	ist_entry
	.elseif	vec == X86_EXC_DF || vec == X86_EXC_MC
	jmp	ist_entry
	.elseif	vec < 32 || vec == VEC_INT80
	jmp	exception_entry
	.else
	jmp	irq_entry
	.endif
	.set	vec, vec + 1
	.endr

exception_entry:
	ALTERNATIVE_CLAC
	cld
	PUSH_REGS
	movq	%rsp, %rdi
	testb	$3, REGS_cs(%rsp)
	jz	1f
	CLEAR_REGS
	call	guest_trap
	jmp	return_to_guest
1:	/* keep the frame-pointer chain: the trace goes on through the trap */
	call	trap_from_hypervisor
	jmp	return_to_hypervisor

irq_entry:
	ALTERNATIVE_CLAC
	cld
	PUSH_REGS
	movq	%rsp, %rdi
	movl	REGS_entry_vector(%rsp), %esi
	testb	$3, REGS_cs(%rsp)
	jz	1f
	CLEAR_REGS
	call	do_irq
	jmp	return_to_guest
1:	call	do_irq
	/* fall through */

return_to_hypervisor:
	POP_REGS
	addq	$8, %rsp
	iretq

/*
 * On a stack of the interrupt-stack table. #DB of a guest goes on as any
 * exception, on the normal stack; all others are served and returned from
 * right here.
 */
ist_entry:
	ALTERNATIVE_CLAC
	cld
	PUSH_REGS
	movq	%rsp, %rdi
	testb	$3, REGS_cs(%rsp)
	jz	1f
	cmpl	$X86_EXC_DB, REGS_entry_vector(%rsp)
	jne	1f
	movq	%rsp, %rsi
	movq	%rsp, %rdi
	orq	$(STACK_SIZE - 1), %rdi
	subq	$(CPUINFO_SIZE - 1), %rdi
	movq	%rdi, %rdx
	movl	$(REGS_es / 8), %ecx
	rep movsq
	movq	%rdx, %rsp
	movq	%rdx, %rdi
	CLEAR_REGS
	call	guest_trap
	jmp	return_to_guest
1:	call	trap_on_ist
	jmp	return_to_hypervisor

/*
 * SYSCALL of 32-bit code, and below of 64-bit code: the CPU's stub has switched
 * stacks and pushed ss and rsp; the registers are the guest's.
 */
	.globl	syscall32_entry
syscall32_entry:
	pushq	%r11
	pushq	$SEL_RING3_CS32
	pushq	%rcx
	pushq	$0
	movl	$ENTRY_SYSCALL32, 4(%rsp)
	jmp	syscall_of_user

/*
 * SYSENTER: %rsp comes from the MSR and is behind guest_regs.ss. The caller's
 * rsp and rip are unknown to the processor.
 */
	.globl	sysenter_entry
sysenter_entry:
	pushq	$SEL_RING3_DS32
	pushq	$0
	pushfq
	pushq	$SEL_RING3_CS32
	pushq	$0
	pushq	$0
	movl	$ENTRY_SYSENTER, 4(%rsp)
	/* SYSENTER leaves these as the caller had them. */
	pushq	$X86_EFLAGS_MBS
	popfq

/* A system call that only user mode has. */
syscall_of_user:
	PUSH_REGS
	CLEAR_REGS
	movq	%rsp, %rdi
	sti
	call	guest_syscall32
	jmp	return_to_guest

/* A hypercall, or a system call of 64-bit user mode: the usual way in. */
	.globl	syscall_entry
syscall_entry:
	pushq	%r11
	pushq	$SEL_RING3_CS64
	pushq	%rcx
	pushq	$0
	movl	$ENTRY_SYSCALL, 4(%rsp)
	PUSH_REGS
	CLEAR_REGS
	movq	%rsp, %rdi
	sti
	call	guest_syscall
	/* fall through */

/* %rsp is the address of guest_regs. */
return_to_guest:
	cli
	cmpl	$0, CPUINFO_pending_work(%rsp)
	jne	2f
	movq	%rsp, %rdi
	call	guest_exit
	cmpl	$1, %eax		/* EXIT_IRET, EXIT_SYSRET, EXIT_AGAIN */
	ja	return_to_guest
	je	3f
	POP_REGS
	addq	$8, %rsp
	.globl	guest_iret
guest_iret:
	iretq
	EX_TABLE guest_iret, guest_iret_fixup
2:	sti
	call	work_run
	jmp	return_to_guest
3:	POP_REGS
	movq	(REGS_rsp - REGS_error_code)(%rsp), %rsp
	sysretq

/*
 * IRETQ refused the guest's frame: the general registers are the guest's, and
 * rip to ss of the frame are as they were. Rebuild the rest and let the guest
 * layer decide.
 */
guest_iret_fixup:
	pushq	$0
	PUSH_REGS
	movq	%rsp, %rdi
	CLEAR_REGS
	sti
	call	iret_fault_from_guest
	jmp	return_to_guest

/* void exit_to_guest(void): to the guest of current, whose regs are loaded */
	.globl	exit_to_guest
	.type	exit_to_guest, @function
exit_to_guest:
	orq	$(STACK_SIZE - 1), %rsp
	subq	$(CPUINFO_SIZE - 1), %rsp
	xorl	%ebp, %ebp
	jmp	return_to_guest
	.size	exit_to_guest, . - exit_to_guest

/* void reset_stack_and_run(void (*fn)(void)) */
	.globl	reset_stack_and_run
	.type	reset_stack_and_run, @function
reset_stack_and_run:
	orq	$(STACK_SIZE - 1), %rsp
	subq	$(CPUINFO_SIZE - 1), %rsp
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	*%rdi
	ud2
	.size	reset_stack_and_run, . - reset_stack_and_run

	.section .note.GNU-stack, "", @progbits
