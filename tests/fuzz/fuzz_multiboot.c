/* SPDX-License-Identifier: MIT */
/*
 * fuzz_multiboot.c - any bytes as what the boot loader tells
 *
 * The low 4 GiB are mapped, as they are when the parsers run, and the input is
 * laid into them where each protocol's information begins. Multiboot 2, which
 * says how long it is, also gets an exact copy, so that the sanitizer sees each
 * byte too many. What comes out is bounded, ended and in order.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <lodge/console.h>
#include <lodge/layout.h>

#include "hypervisor/boot/private.h"

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

#define INFO_AT	0x10000
#define MAX	0x8000

static struct boot_info bi;

void printk(const char *fmt, ...)
{
}

static void check(void)
{
	const struct boot_module *m = bi.modules;
	unsigned int i;

	CHECK(bi.nr_modules <= BOOT_MAX_MODULES);
	CHECK(bi.nr_ranges <= BOOT_MAX_RANGES);
	CHECK(memchr(bi.cmdline, 0, sizeof(bi.cmdline)));
	CHECK(strlen(bi.loader) < 32);
	for (i = 0; i < bi.nr_modules; i++) {
		CHECK(m[i].size && m[i].start + m[i].size <= 1UL << 32);
		CHECK(m[i].start + m[i].size <= IMAGE_PHYS_BASE ||
		      m[i].start >= IMAGE_PHYS_BASE + 0x100000);
		CHECK(memchr(m[i].cmdline, 0, sizeof(m[i].cmdline)));
	}
	for (i = 1; i < bi.nr_ranges; i++)
		CHECK(bi.ranges[i - 1].start + bi.ranges[i - 1].size <=
		      bi.ranges[i].start);
}

static void whole_machine(uint32_t magic, const uint8_t *data, size_t size)
{
	static bool mapped;
	char *low = (char *)DIRECTMAP_BASE;

	if (!mapped)
		CHECK(mmap(low, 1UL << 32, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			   MAP_FIXED_NOREPLACE, -1, 0) == low);
	mapped = true;
	memset(low + INFO_AT, 0, MAX);
	memcpy(low + INFO_AT, data, size);
	memset(&bi, 0, sizeof(bi));
	boot_parse(&bi, magic, INFO_AT);
	check();
}

static void exact_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	memcpy(copy, data, size);
	memset(&bi, 0, sizeof(bi));
	boot_set_loader(&bi, "fuzz", 5);
	if (multiboot2_parse(&bi, copy, size)) {
		bi.nr_ranges = memmap_sanitize(bi.ranges, bi.nr_ranges,
					       BOOT_MAX_RANGES);
		check();
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MAX)
		return 0;
	switch (*data % 3) {
	case 0:
		whole_machine(0x2badb002, data + 1, size - 1);
		break;
	case 1:
		whole_machine(0x36d76289, data + 1, size - 1);
		break;
	default:
		exact_copy(data + 1, size - 1);
	}
	return 0;
}
