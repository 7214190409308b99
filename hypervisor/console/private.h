/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of console/ share
 */
#ifndef LODGE_CONSOLE_PRIVATE_H
#define LODGE_CONSOLE_PRIVATE_H

#include <lodge/console.h>
#include <lodge/types.h>

/*
 * The console's lock: log ring, serial port, screen, input queues. Interrupts are off
 * while it is held; a message of an NMI meanwhile is put aside and logged when
 * it is released. Not in NMI.
 */
unsigned long console_lock(void);
void console_unlock(unsigned long flags);

/* ---- levels.c ---- */
/* Is a message with this format to be shown? Takes the level off its front. */
bool level_allows(const char **fmt);
void levels_init(void);

/* ---- stamp.c ---- */
/* Nanoseconds since boot; 0: there is no clock yet. Any context. */
uint64_t console_now_ns(void);
/* What a line of the log begins with: number of bytes, 0: nothing. */
size_t stamp_line(char *buf, size_t size);

/* ---- vga.c; callers hold the console's lock, but for the first ---- */
void vga_start(void);
bool vga_running(void);
void vga_write(const char *s, size_t len);
void vga_give_away(void);
void vga_take_back(void);

/* ---- serial.c; callers hold the console's lock ---- */
/* 0: com1, 1: com2, -1: none. Before the start. */
void serial_choose(int port);
void serial_start(void);
bool serial_running(void);
void serial_write(const char *s, size_t len);
/* Next received byte; -1: none. */
int serial_getc(void);
int serial_enable_rx_irq(void);

/* ---- ring.c; callers hold the console's lock ---- */
void ring_append(const char *s, size_t len);
/* Position of the beginning of the last @lines lines; 0: of the next. */
uint32_t ring_tail(unsigned int lines);
size_t ring_copy(char *buf, size_t len, uint32_t *pos);
/* No lock: takes it. */
void ring_init(void);

#endif
