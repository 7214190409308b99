/* SPDX-License-Identifier: MIT */
/*
 * notes.S - what the guest tells its builder
 *
 * The same file is assembled twice: with HYPERCALL_PAGE defined the guest
 * asks for a hypercall page too (notes-page.o), without it has only the
 * plain syscall instruction (notes.o).
 */
#include <xen/elfnote.h>

#define VIRT_BASE 0xffffffff80000000
#define INIT_P2M 0xffffc90000000000

	.macro note type
	.pushsection .note.Xen, "a", @note
	.align 4
	.long 2f - 1f
	.long 4f - 3f
	.long \type
1:	.asciz "Xen"
2:	.align 4
3:
	.endm

	.macro note_end
4:	.align 4
	.popsection
	.endm

	note XEN_ELFNOTE_GUEST_OS
	.asciz "guestkit"
	note_end
	note XEN_ELFNOTE_XEN_VERSION
	.asciz "xen-3.0"
	note_end
	note XEN_ELFNOTE_LOADER
	.asciz "generic"
	note_end
	note XEN_ELFNOTE_VIRT_BASE
	.quad VIRT_BASE
	note_end
	note XEN_ELFNOTE_PADDR_OFFSET
	.quad 0
	note_end
	note XEN_ELFNOTE_ENTRY
	.quad guest_start
	note_end
	note XEN_ELFNOTE_INIT_P2M
	.quad INIT_P2M
	note_end
	note XEN_ELFNOTE_FEATURES
	.asciz "!writable_page_tables|pae_pgdir_above_4gb"
	note_end
	note XEN_ELFNOTE_SUPPORTED_FEATURES
	.long (1 << 11) | (1 << 5) | (1 << 6)	/* dom0, preserve_ad, highmem */
	note_end
#ifdef HYPERCALL_PAGE
	note XEN_ELFNOTE_HYPERCALL_PAGE
	.quad hypercall_page
	note_end

	.section .text.hypercall_page, "ax", @progbits
	.balign 4096
	.globl hypercall_page
hypercall_page:
	.fill 4096, 1, 0xcc
#endif
	.section .note.GNU-stack, "", @progbits
