/* SPDX-License-Identifier: MIT */
/*
 * lodge.lds.S - where each part of the image lies
 *
 * Linked at IMAGE_BASE, loaded as one piece at IMAGE_PHYS_BASE. Text comes
 * first, that of .init included, so that the symbol table (at the end of the
 * read-only data) can change its size without moving a function. Borders
 * between different rights are on pages; what is behind init_start is given
 * back when Dom0 runs, and .bss is not in the file.
 */
#include <lodge/layout.h>

#define PHYS(address) (ABSOLUTE(address) - IMAGE_BASE + IMAGE_PHYS_BASE)

OUTPUT_FORMAT(elf64-x86-64)
ENTRY(start32)

PHDRS
{
	text PT_LOAD FLAGS(5);
	init PT_LOAD FLAGS(7);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = IMAGE_BASE;
	image_start = .;

	.text : {
		text_start = .;
		entry_text_start = .;
		KEEP(*(.text.entry))
		. = ALIGN(4096);
		entry_text_end = .;
		*(.text .text.*)
		. = ALIGN(4096);
		text_end = .;
	} :text

	.init : {
		init_start = .;
		KEEP(*(.init.head))
		*(.init.text)
		. = ALIGN(4096);
		init_text_end = .;
		*(.init.data)
		. = ALIGN(8);
		params_start = .;
		KEEP(*(.init.params))
		params_end = .;
		. = ALIGN(8);
		alternatives_start = .;
		KEEP(*(.init.alternatives))
		alternatives_end = .;
		KEEP(*(.init.alternatives.with))
		. = ALIGN(4096);
		init_end = .;
	} :init

	.rodata : {
		rodata_start = .;
		*(.rodata .rodata.*)
		*(.data.rel.ro .data.rel.ro.*)
		*(.got .got.plt)
		. = ALIGN(8);
		ex_table_start = .;
		KEEP(*(.ex_table))
		ex_table_end = .;
		. = ALIGN(8);
		KEEP(*(.symtab_lodge))
		. = ALIGN(4096);
		rodata_end = .;
	} :rodata

	.data : {
		data_start = .;
		*(.data.page_aligned)
		. = ALIGN(64);
		percpu_start = .;
		*(.data.percpu)
		. = ALIGN(64);
		percpu_end = .;
		*(.data .data.*)
		. = ALIGN(4096);
		data_end = .;
	} :data

	.bss (NOLOAD) : {
		bss_start = .;
		*(SORT_BY_ALIGNMENT(.bss*) COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data

	image_end = .;

	image_phys_start = PHYS(image_start);
	image_phys_end_load = PHYS(data_end);
	image_phys_end = PHYS(image_end);
	start32_phys = PHYS(start32);

	/DISCARD/ : {
		*(.comment .note.* .eh_frame .eh_frame_hdr .interp)
		*(.dynamic .dynsym .dynstr .hash .gnu.hash)
	}
}

ASSERT(image_end - image_start < 0x3fe00000, "the image exceeds its early map")
ASSERT(percpu_start % 64 == 0, "per-CPU data share cache lines")
