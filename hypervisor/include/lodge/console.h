/* SPDX-License-Identifier: MIT */
/*
 * console.h - the log, the serial port, the screen, debug keys
 *
 * printk() goes to the log ring, the serial port and the VGA screen. Input on the serial port
 * goes to Dom0 (VIRQ_CONSOLE) or, after Ctrl-A three times, to debug keys.
 */
#ifndef LODGE_CONSOLE_H
#define LODGE_CONSOLE_H

#include <lodge/types.h>

/* Levels: a message of a level above the threshold is dropped ("loglvl="). */
#define LOG_ERR		"\001" "0"
#define LOG_WARN	"\001" "1"
#define LOG_INFO	"\001" "2"
#define LOG_DEBUG	"\001" "3"
/* About a guest: these have thresholds of their own ("guest_loglvl="), and are
 * limited in their rate as a guest can cause any number of them. */
#define LOG_GUEST_ERR	"\001" "a"
#define LOG_GUEST_WARN	"\001" "b"
#define LOG_GUEST_INFO	"\001" "c"
#define LOG_GUEST_DEBUG	"\001" "d"

/* No level: always printed. Any context, NMI included (which only logs). */
void printk(const char *fmt, ...) __printf(1, 2);

/* The serial port starts when the options are known; the log gets its final
 * size, and the screen is mapped, when there is an allocator. */
void console_start(void);
void console_memory_init(void);
/* Clocks for the stamps on lines, both callable in any context and lockless:
 * ns since boot, ns from 1970 to boot. */
void console_set_clocks(uint64_t (*since_boot)(void),
			uint64_t (*day_of_boot)(void));
/* The screen becomes Dom0's. */
void console_dom0_starts(void);
/* Interrupt-driven input from here on; needs irq_init. */
void console_irq_init(void);
/* Takes what the serial port has received. IRQs off. */
void console_receive(void);
/* ISA interrupt of the serial port, enabled there; -1: no port. */
int console_enable_irq(void);
/* First of the eight ports of the UART in use, which no guest gets; 0: none. */
unsigned int console_port(void);
/* Raw output of Dom0's console_io: @len bytes, no level, not rate-limited. */
void console_guest_write(const char *buf, size_t len);
/* Input for Dom0; returns the number of bytes taken. */
size_t console_guest_read(char *buf, size_t len);
/* Set by domain/: called when input for Dom0 arrives (IRQs off). */
extern void (*console_input_hook)(void);
/* Set by domain/: called from WORK_LOG when the log has new text. */
extern void (*console_log_hook)(void);
/* XEN_SYSCTL_readconsole: a part of the log, see ring.c. */
size_t console_ring_read(char *buf, size_t len, uint32_t *index, bool clear,
			 bool incremental);
/* Panic: locks are broken, output is polled. */
void console_force_unlock(void);
/* Last @lines lines of the log, straight to the serial port. */
void console_dump_tail(unsigned int lines);
void console_flush(void);

/* Debug keys, registered by the subsystem that answers. Runs from WORK_KEYS. */
void debug_key_register(char key, const char *what, void (*fn)(void));
void debug_keys_init(void);
/* Feeds one key (XEN_SYSCTL_debug_keys, tests). */
void debug_key(char key);

/* Back trace of this CPU from a frame pointer. */
void backtrace(unsigned long rip, unsigned long rbp, unsigned long rsp);

#endif
