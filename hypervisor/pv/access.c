/* SPDX-License-Identifier: MIT */
/*
 * access.c - a PV guest's virtual memory, by its own page tables
 *
 * The guest's root is loaded while it is current, so its addresses work as
 * they are; all that is needed is to keep out of our slots and to survive the
 * faults. Mappings of the guest's carry the user bit, and where the processor
 * has SMAP nothing but the instructions here can use them.
 */
#include "private.h"

#include <lodge/alternative.h>
#include <lodge/cpu.h>

/* Our slots, and what is not canonical (the two lie next to each other). */
bool pv_address_ok(unsigned long va, size_t len)
{
	unsigned long end = va + len;

	if (end < va)
		return false;
	return end <= 1UL << 47 || va >= HYPERVISOR_VIRT_END;
}

/* @insn moves @nr units; those that are left when it faults. */
#define COPY_UNITS(insn, dst, src, nr)                                    \
	__asm__ volatile(USER_BEGIN "1: " insn "\n"                       \
				    "2:\t" USER_END                       \
				    ".pushsection .ex_table, \"a\"\n"    \
				    ".balign 4\n"                         \
				    ".long 1b - ., 2b - .\n"              \
				    ".popsection"                         \
			 : "+D"(dst), "+S"(src), "+c"(nr)::"memory")

/*
 * Bytes not copied. Nearly all that guests pass are structures of 8-byte words:
 * a word is read or written as a whole.
 */
static size_t raw_copy(void *dst, const void *src, size_t len)
{
	size_t nr = len / sizeof(uint64_t);

	if (len % sizeof(uint64_t)) {
		COPY_UNITS("rep movsb", dst, src, len);
		return len;
	}
	COPY_UNITS("rep movsq", dst, src, nr);
	return nr * sizeof(uint64_t);
}

size_t pv_copy_from(void *dst, unsigned long src, size_t len)
{
	if (!pv_address_ok(src, len))
		return len;
	return raw_copy(dst, (const void *)src, len);
}

size_t pv_copy_to(unsigned long dst, const void *src, size_t len)
{
	if (!pv_address_ok(dst, len))
		return len;
	return raw_copy((void *)dst, src, len);
}

/**
 * pv_touch() - may the guest write there?
 * @va: address of a byte
 *
 * The byte is written with its own value, atomically: a store of another vCPU
 * is not lost.
 *
 * Return: true: yes.
 */
bool pv_touch(unsigned long va)
{
	uint32_t bad = 0;

	if (!pv_address_ok(va, 1))
		return false;
	__asm__ volatile(USER_BEGIN
			 "1: lock orb $0, (%1)\n"
			 "2:\t" USER_END
			 ".pushsection .text.fixup, \"ax\"\n"
			 "3: incl %0\n"
			 "jmp 2b\n"
			 ".popsection\n"
			 ".pushsection .ex_table, \"a\"\n"
			 ".balign 4\n"
			 ".long 1b - ., 3b - .\n"
			 ".popsection"
			 : "+r"(bad)
			 : "r"(va)
			 : "memory", "cc");
	return !bad;
}

/* The kernel's root for a moment; no interrupt may find the wrong mode. */
static unsigned long borrow_kernel_root(struct vcpu *v)
{
	unsigned long flags = irq_save();

	v->pv->kernel_mode = true;
	pv_reload_root(v);
	return flags;
}

static void return_kernel_root(struct vcpu *v, unsigned long flags)
{
	v->pv->kernel_mode = false;
	pv_reload_root(v);
	irq_restore(flags);
}

size_t pv_copy_to_kernel(unsigned long dst, const void *src, size_t len)
{
	struct vcpu *v = current;
	unsigned long flags;
	size_t left;

	if (v->pv->kernel_mode)
		return pv_copy_to(dst, src, len);
	flags = borrow_kernel_root(v);
	left = pv_copy_to(dst, src, len);
	return_kernel_root(v, flags);
	return left;
}

size_t pv_copy_from_kernel(void *dst, unsigned long src, size_t len)
{
	struct vcpu *v = current;
	unsigned long flags;
	size_t left;

	if (v->pv->kernel_mode)
		return pv_copy_from(dst, src, len);
	flags = borrow_kernel_root(v);
	left = pv_copy_from(dst, src, len);
	return_kernel_root(v, flags);
	return left;
}
