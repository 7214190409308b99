/* SPDX-License-Identifier: MIT */
/*
 * trampoline.S - the first instructions of an AP
 *
 * boot/smp.c copies trampoline_start .. trampoline_end to a page below 1 MiB
 * and sends its page number by SIPI: the AP enters in real mode with cs = page
 * << 8, ip = 0. It goes through protected mode into long mode on the early
 * page tables (their identity map covers this page) and on to start_ap64 at
 * the image's address. Everything is addressed relative to the page, whose
 * address is found in cs; the words behind trampoline_args are filled in
 * for each AP in turn.
 */
#include <lodge/layout.h>
#include <lodge/x86-defs.h>

#define PHYS(sym)	((sym) - IMAGE_BASE + IMAGE_PHYS_BASE)
#define REL(sym)	((sym) - trampoline_start)
#define TRAMP_CS32	0x08
#define TRAMP_DS	0x10
#define TRAMP_CS64	0x18

	.section .init.data, "aw", @progbits
	.balign	16
	.code16
	.globl	trampoline_start
	.hidden	trampoline_start
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movzwl	%ax, %ebx
	shll	$4, %ebx		/* ebx: our page */

	/* Fill in what depends on where we are. */
	leal	REL(tramp_gdt)(%ebx), %eax
	movl	%eax, REL(tramp_gdtr) + 2
	leal	REL(tramp32)(%ebx), %eax
	movl	%eax, REL(tramp_jump32)
	leal	REL(tramp64)(%ebx), %eax
	movl	%eax, REL(tramp_jump64)

	lgdtl	REL(tramp_gdtr)
	movl	$X86_CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	*REL(tramp_jump32)

	.code32
tramp32:
	movl	$TRAMP_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	REL(trampoline_boot_cr3)(%ebx), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NX | EFER_SCE), %eax
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | \
		  X86_CR0_MP | X86_CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	*REL(tramp_jump64)(%ebx)

	.code64
tramp64:
	movl	%ebx, %ebx		/* clear the upper half */
	movq	REL(trampoline_cr3)(%rbx), %rdi
	movq	REL(trampoline_stack)(%rbx), %rsi
	leaq	REL(tramp_stack_end)(%rbx), %rsp
	movq	REL(trampoline_entry)(%rbx), %rax
	jmp	*%rax

	.balign	8
tramp_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* TRAMP_CS32 */
	.quad	0x00cf93000000ffff	/* TRAMP_DS */
	.quad	0x00af9b000000ffff	/* TRAMP_CS64 */
tramp_gdt_end:
	.word	0
tramp_gdtr:
	.word	tramp_gdt_end - tramp_gdt - 1
	.long	0
	.balign	4
tramp_jump32:
	.long	0
	.word	TRAMP_CS32
	.balign	4
tramp_jump64:
	.long	0
	.word	TRAMP_CS64

	/* struct trampoline_args of boot/smp.c */
	.balign	8
	.globl	trampoline_args
	.hidden	trampoline_args
trampoline_args:
trampoline_cr3:
	.quad	0
trampoline_stack:
	.quad	0
trampoline_entry:
	.quad	start_ap64
trampoline_boot_cr3:
	.quad	PHYS(boot_l4)

	.fill	64, 1, 0
tramp_stack_end:
	.globl	trampoline_end
	.hidden	trampoline_end
trampoline_end:

	.section .note.GNU-stack, "", @progbits
