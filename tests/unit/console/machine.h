/* SPDX-License-Identifier: MIT */
/*
 * machine.h - a serial port, and the few others that console/ asks
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
/* Called in the middle of each byte that is sent: an NMI. May be NULL. */
extern void (*nmi)(void);
extern unsigned int works_raised;

void clear_sent(void);

#endif
