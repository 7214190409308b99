/* SPDX-License-Identifier: MIT */
/*
 * boot.h - what the boot loader told us, in one form for every loader
 */
#ifndef LODGE_BOOT_H
#define LODGE_BOOT_H

#include <lodge/types.h>

#define BOOT_MAX_RANGES		128
#define BOOT_MAX_MODULES	8

enum mem_kind {		/* e820 numbers */
	MEM_RAM = 1,
	MEM_RESERVED = 2,
	MEM_ACPI = 3,
	MEM_NVS = 4,
	MEM_UNUSABLE = 5,
};

struct mem_range {
	uint64_t start, size;	/* bytes */
	uint32_t kind;
};

struct boot_module {
	uint64_t start, size;	/* physical, bytes */
	char cmdline[1024];
};

struct boot_info {
	const char *loader;
	char cmdline[2048];
	unsigned int nr_ranges;
	/* Sorted, without overlap (the more restrictive kind wins). */
	struct mem_range ranges[BOOT_MAX_RANGES];
	unsigned int nr_modules;
	struct boot_module modules[BOOT_MAX_MODULES];
	/* A copy of ACPI's root pointer; zeroes: look for it. */
	uint8_t rsdp[36];
};

extern struct boot_info boot_info;

/* Sorts, merges and resolves overlaps; at most @max ranges. */
unsigned int memmap_sanitize(struct mem_range *r, unsigned int nr,
			     unsigned int max);

/* From the linker. */
extern char image_start[], image_end[];
extern char text_start[], text_end[];
extern char rodata_start[], rodata_end[];
extern char data_end[], bss_start[];
extern char init_start[], init_text_end[], init_end[];
extern char percpu_start[], percpu_end[];

/* head.S comes here on the boot CPU's stack, in the final image mapping. */
void start_lodge(uint32_t multiboot_magic, uint32_t multiboot_info)
	__noreturn;

/* Reboot by every means the machine has; power-off by ACPI (boot/shutdown.c
 * for reset, acpi/ for sleep). */
extern bool opt_noreboot;	/* "noreboot": the caller's to look at */
void machine_restart(void) __noreturn;
void machine_halt(void) __noreturn;

#endif
