/* SPDX-License-Identifier: MIT */
/*
 * access.c - a PV guest's virtual memory, by its own page tables
 *
 * The guest's root is loaded while it is current, so its addresses work as
 * they are; all that is needed is to keep out of our slots and to survive the
 * faults. Mappings of the guest's carry the user bit, and where the processor
 * has SMAP nothing but the instructions here can use them.
 */
#include "access.h"
#include "private.h"

#include <lodge/cpu.h>

bool pv_address_ok(unsigned long va, size_t len)
{
	return is_guest_range(va, len);
}

/*
 * Bytes not copied. Nearly all that guests pass are structures of words of 8
 * or 4 bytes: a word is read or written as a whole.
 */
static inline size_t raw_copy(void *dst, const void *src, size_t len)
{
	size_t nr;

	if (likely(len % 8 == 0)) {
		nr = len / 8;
		COPY_WORDS("rep movsq", 3, dst, src, nr);
	} else if (len % 4 == 0) {
		nr = len / 4;
		COPY_WORDS("rep movsl", 2, dst, src, nr);
	} else {
		nr = len;
		COPY_WORDS("rep movsb", 0, dst, src, nr);
	}
	return nr;
}

size_t pv_copy_from(void *dst, unsigned long src, size_t len)
{
	if (unlikely(!is_guest_range(src, len)))
		return len;
	return raw_copy(dst, (const void *)src, len);
}

size_t pv_copy_to(unsigned long dst, const void *src, size_t len)
{
	if (unlikely(!is_guest_range(dst, len)))
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
