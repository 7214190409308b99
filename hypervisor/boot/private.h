/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of boot/ share
 */
#ifndef LODGE_BOOT_PRIVATE_H
#define LODGE_BOOT_PRIVATE_H

#include <lodge/boot.h>

/* Fills in @bi from what a multiboot 1 loader left. False: not by multiboot,
 * or without a memory map. */
bool multiboot_parse(struct boot_info *bi, uint32_t magic, uint32_t info);
/* Adds a range to a map that may be full; the map is then sanitized. */
void boot_add_range(struct boot_info *bi, uint64_t start, uint64_t size,
		    uint32_t kind);
/* Takes a page below 1 MiB out of the map for the APs' first steps. */
void trampoline_reserve(struct boot_info *bi);
/* Numbers the CPUs of the MADT; the boot CPU is 0. */
void smp_enumerate_cpus(void);
/* Debug keys of boot/. */
void shutdown_init(void);
/* Never returns: no interrupt table, then an exception. */
void triple_fault(void) __noreturn;

/* selftest.c */
void selftest_run(void);

#endif
