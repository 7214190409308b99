/* SPDX-License-Identifier: MIT */
/*
 * container.S - the 32-bit ELF file in which a multiboot loader gets the image
 *
 * Multiboot 1 loaders take 32-bit ELF files only. This file is assembled to
 * plain bytes: an ELF header, one program header, the multiboot headers (which
 * must begin in the first 8 KiB, on 4 bytes; version 2's on 8) and, from the
 * second page on, the memory image of lodge.sym.elf. container.inc, made from
 * that file's symbols, says where the image lies in physical memory and where
 * it is entered. The loader clears what lies between the end of the file's
 * bytes and the end of the segment: the image's zero-initialised data.
 */
	.include "container.inc"

	.set EM_386, 3
	.set ET_EXEC, 2
	.set PT_LOAD, 1
	.set PF_RWX, 7

	.set MULTIBOOT_MAGIC, 0x1badb002
	.set MULTIBOOT_PAGE_ALIGN, 1 << 0	/* modules begin on a page */
	.set MULTIBOOT_MEMORY_INFO, 1 << 1	/* we need the memory map */
	.set MULTIBOOT_FLAGS, MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO

	.set MULTIBOOT2_MAGIC, 0xe85250d6
	.set MULTIBOOT2_I386, 0
	.set TAG_END, 0
	.set TAG_INFORMATION, 1		/* what the loader must tell us */
	.set TAG_MODULE_ALIGN, 6	/* modules begin on a page */
	.set INFORMATION_MODULES, 3
	.set INFORMATION_MMAP, 6

	.section .container, "a", @progbits
elf_header:
	.byte	0x7f, 'E', 'L', 'F'
	.byte	1, 1, 1, 0		/* 32-bit, little-endian, version 1 */
	.fill	8, 1, 0
	.short	ET_EXEC, EM_386
	.long	1			/* version */
	.long	start32_phys
	.long	program_header - elf_header
	.long	0			/* no section headers */
	.long	0			/* flags */
	.short	program_header - elf_header
	.short	program_header_end - program_header
	.short	1			/* one program header */
	.short	40, 0, 0		/* section headers: size, none */

program_header:
	.long	PT_LOAD
	.long	image - elf_header
	.long	image_phys_start	/* virtual: paging is off */
	.long	image_phys_start
	.long	image_end - image
	.long	image_phys_end - image_phys_start
	.long	PF_RWX
	.long	0x1000
program_header_end:

	.balign	4
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.balign	8
multiboot2:
	.long	MULTIBOOT2_MAGIC
	.long	MULTIBOOT2_I386
	.long	multiboot2_end - multiboot2
	.long	-(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + \
		  (multiboot2_end - multiboot2))
1:	.short	TAG_INFORMATION, 0
	.long	2f - 1b
	.long	INFORMATION_MODULES
	.long	INFORMATION_MMAP
	.balign	8
2:	.short	TAG_MODULE_ALIGN, 0
	.long	8
	.short	TAG_END, 0
	.long	8
multiboot2_end:

	.balign	0x1000
image:
	.incbin	"image.bin"
image_end:

	/* The file's bytes are exactly those that the linker script says. */
	.if	image_end - image - (image_phys_end_load - image_phys_start)
	.error	"image.bin is not image_phys_end_load - image_phys_start long"
	.endif
