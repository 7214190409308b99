/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of console/ share
 */
#ifndef LODGE_CONSOLE_PRIVATE_H
#define LODGE_CONSOLE_PRIVATE_H

#include <lodge/console.h>
#include <lodge/types.h>

/*
 * The console's lock: log ring, serial port, input queues. Interrupts are off
 * while it is held; a message of an NMI meanwhile is put aside and logged when
 * it is released. Not in NMI.
 */
unsigned long console_lock(void);
void console_unlock(unsigned long flags);

/* ---- serial.c; callers hold the console's lock ---- */
void serial_start(void);
bool serial_running(void);
void serial_putc(char c);
/* Next received byte; -1: none. */
int serial_getc(void);
int serial_enable_rx_irq(void);

/* ---- ring.c; callers hold the console's lock ---- */
void ring_append(const char *s, size_t len);
/* Position of the beginning of the last @lines lines. */
uint32_t ring_tail(unsigned int lines);
size_t ring_copy(char *buf, size_t len, uint32_t *pos);

#endif
