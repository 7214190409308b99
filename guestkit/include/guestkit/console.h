/* SPDX-License-Identifier: MIT */
/*
 * console.h - lines of text for whoever reads the guest's verdict
 */
#ifndef GUESTKIT_CONSOLE_H
#define GUESTKIT_CONSOLE_H

#include <stdarg.h>
#include <stddef.h>

/**
 * print() - formatted text on the console
 * @format: %c %s %d %u %x %p, with l, with a width, with a leading 0
 *
 * Text is held until the end of its line, so that the hypervisor's own
 * messages do not tear it. Lines are cut at 511 characters.
 */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_va(const char *format, va_list args);

/**
 * console_write() - bytes to the console, now
 *
 * The control domain's go through HYPERVISOR_console_io, another domain's
 * through the ring that its start_info names.
 */
void console_write(const char *text, size_t len);

#endif /* GUESTKIT_CONSOLE_H */
