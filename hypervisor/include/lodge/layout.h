/* SPDX-License-Identifier: MIT */
/*
 * layout.h - the hypervisor's part of the address space
 *
 * The ABI leaves us L4 slots 256 to 271. For C, assembly and the linker.
 *
 *   256  0xffff800000000000  machine-to-physical table, read-only, guests too
 *   257  0xffff808000000000  per-domain: descriptor tables of each vCPU
 *   258  0xffff810000000000  frame table
 *   259  0xffff818000000000  image; then fixed mappings and mapped devices
 *   260  0xffff820000000000  machine-to-physical table, writable
 *   261  0xffff828000000000  direct map, ten slots: 5 TiB
 *   271  0xffff878000000000  unused
 */
#ifndef LODGE_LAYOUT_H
#define LODGE_LAYOUT_H

#define IMAGE_PHYS_BASE		0x200000

#define RO_M2P_BASE		0xffff800000000000
#define PERDOMAIN_BASE		0xffff808000000000
#define FRAME_TABLE_BASE	0xffff810000000000
#define IMAGE_BASE		0xffff818000000000
#define VMAP_BASE		0xffff81c000000000
#define VMAP_END		0xffff820000000000
#define M2P_BASE		0xffff820000000000
#define DIRECTMAP_BASE		0xffff828000000000
#define DIRECTMAP_END		0xffff878000000000

#define HYP_FIRST_SLOT		256
#define HYP_LAST_SLOT		271
#define PERDOMAIN_SLOT		257

/*
 * Stacks: a naturally aligned block per CPU; struct cpu_info lies at its end.
 * Stack n (from 1 on) of the interrupt-stack table is page 2 n - 1, the normal
 * stack begins at STACK_FIRST_PAGE; all pages below and between are not mapped.
 */
#define STACK_ORDER		4
#define STACK_SIZE		(4096 << STACK_ORDER)
#define STACK_PAGES		(1 << STACK_ORDER)
#define STACK_FIRST_PAGE	12
#define STACK_IST_PAGE(n)	(2 * (n) - 1)
#define STACK_PAGE_USED(page)                                                 \
	((page) >= STACK_FIRST_PAGE ||                                        \
	 ((page) <= STACK_IST_PAGE(4) && (page) % 2))

/*
 * Selectors. The ABI reserves the GDT from entry 14 * 512 on: that page is
 * the CPU's own and is mapped behind the guest's 14 frames.
 */
#define GDT_GUEST_FRAMES	14
#define GDT_RESERVED_BYTE	(GDT_GUEST_FRAMES * 4096)
#define SEL_RING0_CS		(GDT_RESERVED_BYTE + 0x08)
#define SEL_RING0_DS		(GDT_RESERVED_BYTE + 0x10)
#define SEL_RING3_CS32		(GDT_RESERVED_BYTE + 0x23)
#define SEL_RING3_DS32		(GDT_RESERVED_BYTE + 0x2b)
#define SEL_RING3_CS64		(GDT_RESERVED_BYTE + 0x33)
#define SEL_TSS			(GDT_RESERVED_BYTE + 0x40)
#define SEL_LDT			(GDT_RESERVED_BYTE + 0x50)
#define GDT_LAST_BYTE		(GDT_RESERVED_BYTE + 4095)

/*
 * Per-domain slot: 32 pages per vCPU, GDT (16) and LDT (16).
 */
#define PERDOMAIN_VCPU_PAGES	32
#define PERDOMAIN_LDT_PAGE	16
#define PERDOMAIN_VCPU_SIZE	(PERDOMAIN_VCPU_PAGES * 4096)

#endif
