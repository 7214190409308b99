/* SPDX-License-Identifier: MIT */
/*
 * guest.c - host tests: guest pointers are pointers; the first page faults
 */
#include "machine.h"

#include <string.h>

#include <lodge/guest.h>

bool fake_preempt, fake_copy_to_fails;
unsigned long fake_copy_to_end;
unsigned int fake_preempt_every;
static __thread unsigned int nr_questions;
__thread unsigned int fake_nr_continued;
__thread unsigned long fake_continued_args[6];

static bool faults(guest_ptr_t p)
{
	return p.va < PAGE_SIZE;
}

size_t copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
	if (faults(src))
		return len;
	memcpy(dst, (const void *)src.va, len);
	return 0;
}

size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
	size_t left = 0;

	if (fake_copy_to_fails || faults(dst))
		return len;
	if (fake_copy_to_end && dst.va + len > fake_copy_to_end)
		left = dst.va + len - fake_copy_to_end;
	left = left < len ? left : len;
	memcpy((void *)dst.va, src, len - left);
	return left;
}

bool hypercall_preempt_check(void)
{
	if (fake_preempt_every)
		return ++nr_questions % fake_preempt_every == 0;
	return fake_preempt;
}

long hypercall_continue(unsigned int nr, unsigned int nr_args, ...)
{
	unsigned int i;
	va_list ap;

	va_start(ap, nr_args);
	for (i = 0; i < nr_args; i++)
		fake_continued_args[i] = va_arg(ap, unsigned long);
	va_end(ap);
	fake_nr_continued++;
	return HYPERCALL_CONTINUED;
}
