/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of boot/ share
 */
#ifndef LODGE_BOOT_PRIVATE_H
#define LODGE_BOOT_PRIVATE_H

#include <lodge/boot.h>

/* Fills in @bi from what the loader left, by its protocol's @magic number.
 * False: none that we know, or one without a memory map. */
bool boot_parse(struct boot_info *bi, uint32_t magic, uint32_t info);
bool multiboot1_parse(struct boot_info *bi, uint32_t info);
bool multiboot2_parse(struct boot_info *bi, const void *info, uint64_t room);
/* The pieces: strings end at a zero byte, or at @room bytes. */
const void *boot_low(uint64_t phys);
void boot_set_loader(struct boot_info *bi, const char *name, size_t room);
void boot_copy_cmdline(const struct boot_info *bi, char *dst, size_t size,
		       const char *src, size_t room);
void boot_add_module(struct boot_info *bi, uint32_t start, uint32_t end,
		     const char *args, size_t room);
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
