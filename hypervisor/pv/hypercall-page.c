/* SPDX-License-Identifier: MIT */
/*
 * hypercall-page.c - the page of code by which a guest's kernel may call us
 *
 * Entry n, 32 bytes from the last: keep rcx and r11, which SYSCALL destroys;
 * rax = n; call. IRET's frame begins with them and rax, and it does not come
 * back. What is not used traps.
 */
#include "private.h"

#include <lodge/lib.h>

#define ENTRY_BYTES	32

/**
 * pv_fill_hypercall_page() - write the code
 * @page: PAGE_SIZE bytes
 */
void pv_fill_hypercall_page(void *page)
{
	static const uint8_t call[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0,
					0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
	static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0,
					0, 0x0f, 0x05 };
	uint8_t *entry = page;
	uint32_t i;

	memset(page, 0xcc, PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE / ENTRY_BYTES; i++, entry += ENTRY_BYTES) {
		bool is_iret = i == __HYPERVISOR_iret;

		if (is_iret)
			memcpy(entry, iret, sizeof(iret));
		else
			memcpy(entry, call, sizeof(call));
		memcpy(entry + (is_iret ? 5 : 4), &i, sizeof(i));
	}
}
