/* SPDX-License-Identifier: MIT */
/*
 * access.h - copies between the hypervisor and the guest of current, in line
 *
 * For the frames that nearly every entry and exit writes or reads; all else
 * calls access.c, which says why the guest's addresses work as they are.
 */
#ifndef LODGE_PV_ACCESS_H
#define LODGE_PV_ACCESS_H

#include <lodge/alternative.h>
#include <lodge/types.h>
#include <xen/xen.h>

/* Not our slots, nor what is not canonical (the two lie next to each other). */
static inline bool is_guest_range(unsigned long va, size_t len)
{
	unsigned long end = va + len;

	if (unlikely(end < va))
		return false;
	if (likely(va >= HYPERVISOR_VIRT_END))
		return true;
	return end <= 1UL << 47;
}

/*
 * @insn moves words of 2^@shift bytes. Where it faults, bytes are tried: what
 * is left in @nr in the end is bytes, exactly.
 */
#define COPY_WORDS(insn, shift, dst, src, nr)                             \
	__asm__ inline volatile(USER_BEGIN "1: " insn "\n"                \
				    "2:\t" USER_END                       \
				    ".pushsection .text.fixup, \"ax\"\n" \
				    "3: shl $" #shift ", %2\n"            \
				    "4: rep movsb\n"                      \
				    "jmp 2b\n"                            \
				    ".popsection\n"                       \
				    ".pushsection .ex_table, \"a\"\n"    \
				    ".balign 4\n"                         \
				    ".long 1b - ., 3b - .\n"              \
				    ".long 4b - ., 2b - .\n"              \
				    ".popsection"                         \
			 : "+D"(dst), "+S"(src), "+c"(nr)::"memory", "cc")

/**
 * pv_get_frame() - read words that the guest has at an address of its own
 * @dst:   where to
 * @va:    the guest's address; any
 * @bytes: how many, a multiple of 8
 *
 * Each word is read once and as a whole.
 *
 * Context: current is the guest's vCPU; no locks, the access may fault.
 * Return: bytes not copied.
 */
static inline size_t pv_get_frame(void *dst, unsigned long va, size_t bytes)
{
	size_t nr = bytes / 8;

	if (unlikely(!is_guest_range(va, bytes)))
		return bytes;
	COPY_WORDS("rep movsq", 3, dst, va, nr);
	return nr;
}

/**
 * pv_put_frame() - write words to where the guest has memory
 * @va:    the guest's address; any
 * @src:   where from
 * @bytes: how many, a multiple of 8
 *
 * Context: as pv_get_frame().
 * Return: bytes not copied.
 */
static inline size_t pv_put_frame(unsigned long va, const void *src,
				  size_t bytes)
{
	size_t nr = bytes / 8;

	if (unlikely(!is_guest_range(va, bytes)))
		return bytes;
	COPY_WORDS("rep movsq", 3, va, src, nr);
	return nr;
}

#endif
