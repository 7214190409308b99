/* SPDX-License-Identifier: MIT */
/*
 * machine.h - serial ports, a VGA adapter, and the others that console/ asks
 *
 * fake/machine.c has a printk() of its own, so this stands in its place.
 */
#ifndef TEST_CONSOLE_MACHINE_H
#define TEST_CONSOLE_MACHINE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <lodge/types.h>

/* What was sent, and what is to be received. */
extern char sent[65536];
extern size_t nr_sent;
extern const char *to_receive;
/* The port is there; it takes bytes. */
extern bool port_there, port_takes;
extern unsigned long port_looks;	/* at its line status */
/* Called in the middle of each byte that is sent: an NMI. May be NULL. */
extern void (*nmi)(void);
extern unsigned int works_raised;	/* WORK_KEYS */
extern unsigned int logs_raised;	/* WORK_LOG */

void clear_sent(void);

/* The adapter: registers as after the firmware, 80 columns and 25 lines. */
extern uint16_t vga_memory[0x4000];
extern bool vga_there, vga_graphics;
extern uint8_t vga_crtc[256];

/* As on the command line. 0; -EINVAL refused. */
int set_option(const char *name, const char *value);

#endif
