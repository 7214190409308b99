/* SPDX-License-Identifier: MIT */
/*
 * head.S - from the boot loader's 32-bit mode to C in long mode
 *
 * Multiboot, 1 or 2, enters at start32: protected mode, paging off, flat
 * segments, eax = magic, ebx = physical address of its information. We check
 * what the processor must have, build the early page tables and go to the address the
 * image is linked at. The tables serve until mm_init(), and once more each
 * time an AP starts:
 *
 *   0               low 4 GiB, identity        (slot 0)
 *   IMAGE_BASE      1 GiB from IMAGE_PHYS_BASE (slot 259)
 *   DIRECTMAP_BASE  low 4 GiB                  (slot 261)
 *
 * Selectors have their final values from the start: the GDT's base lies
 * GDT_RESERVED_BYTE below the table, and nobody looks at what is between.
 */
#include <lodge/layout.h>
#include <lodge/x86-defs.h>

#define PHYS(sym)	((sym) - IMAGE_BASE + IMAGE_PHYS_BASE)
#define L4_SLOT(va)	(((va) >> 39) & 511)

#define TABLE_FLAGS	0x003		/* present, writable */
#define LARGE_FLAGS	0x083		/* and a 2 MiB page */
#define LOW_GIB		4
#define LARGE_SIZE	0x200000

#define CPUID_EXT_BASE	0x80000000
#define CPUID_EXT_FEAT	0x80000001
#define CPUID_LM	29
#define CPUID_NX	20

	.section .init.head, "ax", @progbits
	.code32
	.globl	start32
	.hidden	start32
start32:
	cli
	cld
	movl	$PHYS(early_stack_end), %esp
	movl	%eax, %edi		/* the C function's first arguments */
	movl	%ebx, %esi

	/* CPUID exists if the ID flag can be changed. */
	pushfl
	popl	%eax
	movl	%eax, %ecx
	xorl	$X86_EFLAGS_ID, %eax
	pushl	%eax
	popfl
	pushfl
	popl	%eax
	xorl	%ecx, %eax
	testl	$X86_EFLAGS_ID, %eax
	movl	$PHYS(msg_no_cpuid), %ebp
	jz	fatal32

	movl	$CPUID_EXT_BASE, %eax
	cpuid
	cmpl	$CPUID_EXT_FEAT, %eax
	movl	$PHYS(msg_no_long_mode), %ebp
	jb	fatal32
	movl	$CPUID_EXT_FEAT, %eax
	cpuid
	btl	$CPUID_LM, %edx
	jnc	fatal32
	btl	$CPUID_NX, %edx
	movl	$PHYS(msg_no_nx), %ebp
	jnc	fatal32

	/* Level 2: the low 4 GiB, then the image. */
	movl	$PHYS(boot_l2_low), %edx
	movl	$LARGE_FLAGS, %eax
	movl	$(LOW_GIB * 512), %ecx
1:	movl	%eax, (%edx)
	movl	$0, 4(%edx)
	addl	$LARGE_SIZE, %eax
	addl	$8, %edx
	decl	%ecx
	jnz	1b

	movl	$PHYS(boot_l2_image), %edx
	movl	$(IMAGE_PHYS_BASE + LARGE_FLAGS), %eax
	movl	$512, %ecx
1:	movl	%eax, (%edx)
	movl	$0, 4(%edx)
	addl	$LARGE_SIZE, %eax
	addl	$8, %edx
	decl	%ecx
	jnz	1b

	/* Level 3 and 4: links. */
	movl	$PHYS(boot_l3_low), %edx
	movl	$(PHYS(boot_l2_low) + TABLE_FLAGS), %eax
	movl	$LOW_GIB, %ecx
1:	movl	%eax, (%edx)
	addl	$0x1000, %eax
	addl	$8, %edx
	decl	%ecx
	jnz	1b
	movl	$(PHYS(boot_l2_image) + TABLE_FLAGS), PHYS(boot_l3_image)

	movl	$(PHYS(boot_l3_low) + TABLE_FLAGS), %eax
	movl	%eax, PHYS(boot_l4)
	movl	%eax, PHYS(boot_l4) + 8 * L4_SLOT(DIRECTMAP_BASE)
	movl	$(PHYS(boot_l3_image) + TABLE_FLAGS), \
		PHYS(boot_l4) + 8 * L4_SLOT(IMAGE_BASE)

	/* Long mode. */
	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYS(boot_l4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NX | EFER_SCE), %eax
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET | \
		  X86_CR0_MP | X86_CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	PHYS(boot_gdtr_phys)
	ljmp	$SEL_RING0_CS, $PHYS(start64_low)

/* ebp: the sentence. Serial port and screen, as far as they are there. */
fatal32:
	movl	$0xb8000, %ebx
1:	movb	(%ebp), %cl
	testb	%cl, %cl
	jz	3f
	movb	%cl, (%ebx)
	movb	$0x4f, 1(%ebx)		/* white on red */
	addl	$2, %ebx
	movl	$0x10000, %esi		/* no port answers with all ones */
2:	movw	$0x3fd, %dx
	inb	%dx, %al
	testb	$0x20, %al
	jnz	4f
	decl	%esi
	jnz	2b
4:	movw	$0x3f8, %dx
	movb	%cl, %al
	outb	%al, %dx
	incl	%ebp
	jmp	1b
3:	cli
	hlt
	jmp	3b

	.code64
start64_low:
	movabsq	$start64, %rax
	jmp	*%rax

start64:
	lgdt	boot_gdtr(%rip)
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	lldt	%ax
	movl	$SEL_RING0_DS, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movq	boot_stack_pointer(%rip), %rsp
	xorl	%ebp, %ebp		/* back traces end here */
	pushq	%rbp
	pushq	$0
	popfq
	call	start_lodge		/* edi: magic, esi: information */
1:	cli
	hlt
	jmp	1b

/*
 * An AP comes here from the trampoline: long mode, early page tables, its
 * low addresses. rdi: CR3 of the final map, rsi: the stack pointer.
 */
	.globl	start_ap64
	.hidden	start_ap64
start_ap64:
	lgdt	boot_gdtr(%rip)
	movl	$SEL_RING0_DS, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$SEL_RING0_CS
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:	movq	%rdi, %cr3
	movq	%rsi, %rsp
	xorl	%ebp, %ebp
	pushq	%rbp
	pushq	$0
	popfq
	call	smp_ap_main
1:	cli
	hlt
	jmp	1b

	.section .init.data, "aw", @progbits
msg_no_cpuid:
	.asciz	"Lodge: the processor has no CPUID: use another one.\r\n"
msg_no_long_mode:
	.asciz	"Lodge: the processor has no 64-bit mode: use another one.\r\n"
msg_no_nx:
	.asciz	"Lodge: no NX bit: turn it on in the firmware's setup.\r\n"

	.balign	8
	.globl	boot_gdt
	.hidden	boot_gdt
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: code, 64-bit */
	.quad	0x00cf93000000ffff	/* 0x10: data */
	.quad	0x00cf9b000000ffff	/* 0x18: code, 32-bit */
boot_gdt_end:
	.word	0
boot_gdtr_phys:
	.word	GDT_RESERVED_BYTE + boot_gdt_end - boot_gdt - 1
	.long	PHYS(boot_gdt) - GDT_RESERVED_BYTE
	.balign	8
	.skip	6
boot_gdtr:
	.word	GDT_RESERVED_BYTE + boot_gdt_end - boot_gdt - 1
	.quad	boot_gdt - GDT_RESERVED_BYTE

	.balign	4096
	.globl	boot_l4
	.hidden	boot_l4
boot_l4:
	.fill	4096, 1, 0
boot_l3_low:
	.fill	4096, 1, 0
boot_l3_image:
	.fill	4096, 1, 0
boot_l2_low:
	.fill	LOW_GIB * 4096, 1, 0
boot_l2_image:
	.fill	4096, 1, 0
early_stack:
	.fill	256, 1, 0
early_stack_end:

	.section .note.GNU-stack, "", @progbits
