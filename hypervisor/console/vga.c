/* SPDX-License-Identifier: MIT */
/*
 * vga.c - the text screen of a VGA adapter
 *
 *   OFF --vga_start()--> ON --Dom0 starts, without "keep"--> GIVEN AWAY
 *   GIVEN AWAY --panic, if the adapter still shows text--> ON
 *
 * IBM VGA registers. The mode is the firmware's or the boot loader's: to set
 * one takes their code in real mode. An adapter in a graphics mode, or none, is
 * left alone. What is shown is kept in memory too: the adapter is slow to read.
 *
 * Locks: the console's.
 */
#include "private.h"

#include <lodge/cmdline.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>
#include <lodge/x86.h>

#define VGA_TEXT	0xb8000UL
#define VGA_SIZE	0x8000UL
#define COLUMNS		80U
#define MAX_ROWS	60U
#define TAB		8U
#define BLANK		0x0720		/* a space, grey on black */
#define ATTRIBUTE	0x0700

#define PORT_MISC	0x3cc
#define PORT_GC		0x3ce
#define PORT_CRTC	0x3d4

static bool keep;
static unsigned int rows_wanted;	/* 0: as it is */

static volatile uint16_t *screen;	/* NULL: OFF */
static bool given_away;
static unsigned int rows, row, column;
static uint16_t shown[MAX_ROWS][COLUMNS];

/* "text-80x25", "current"; ",keep" behind either. */
static int parse_vga(const char *s)
{
	unsigned int want = 0;
	char *end;

	if (!strncmp(s, "text-80x", 8)) {
		want = (unsigned int)strtoull(s + 8, &end, 10);
		if (end == s + 8 || !want || want > MAX_ROWS)
			return -EINVAL;
		s = end;
	} else if (!strncmp(s, "current", 7)) {
		s += 7;
	}
	if (strcmp(s, "") && strcmp(s, ",keep") && strcmp(s, "keep"))
		return -EINVAL;
	keep = *s != '\0';
	rows_wanted = want;
	return 0;
}
PARAM_FN("vga", parse_vga,
	 "text screen: current, text-80x25 (it must be in that mode); ,keep: "
	 "also when Dom0 runs");

static uint8_t indexed(uint16_t port, uint8_t index)
{
	outb(port, index);
	return inb((uint16_t)(port + 1));
}

static void indexed_set(uint16_t port, uint8_t index, uint8_t val)
{
	outb(port, index);
	outb((uint16_t)(port + 1), val);
}

/* Lines of a text mode at 0xb8000 with 80 columns; 0: it is in no such mode.
 * Where there is no adapter every register reads as all ones. */
static unsigned int text_rows(void)
{
	uint8_t gc = indexed(PORT_GC, 6), overflow;
	unsigned int end, height;

	if ((gc & 0x0d) != 0x0c || !(inb(PORT_MISC) & 1))
		return 0;
	if (indexed(PORT_CRTC, 0x01) != COLUMNS - 1)
		return 0;
	overflow = indexed(PORT_CRTC, 0x07);
	end = indexed(PORT_CRTC, 0x12) | (overflow & 0x02U) << 7 |
	      (overflow & 0x40U) << 3;
	height = (indexed(PORT_CRTC, 0x09) & 0x1fU) + 1;
	return min((end + 1) / height, MAX_ROWS);
}

static void show_row(unsigned int r)
{
	unsigned int i;

	for (i = 0; i < COLUMNS; i++)
		screen[r * COLUMNS + i] = shown[r][i];
}

static void show_cursor(void)
{
	unsigned int at = row * COLUMNS + column;

	indexed_set(PORT_CRTC, 0x0e, (uint8_t)(at >> 8));
	indexed_set(PORT_CRTC, 0x0f, (uint8_t)at);
}

static void clear_row(unsigned int r)
{
	unsigned int i;

	for (i = 0; i < COLUMNS; i++)
		shown[r][i] = BLANK;
}

static void clear(void)
{
	unsigned int r;

	for (r = 0; r < rows; r++) {
		clear_row(r);
		show_row(r);
	}
	row = column = 0;
	/* The first byte shown is the first one there is. */
	indexed_set(PORT_CRTC, 0x0c, 0);
	indexed_set(PORT_CRTC, 0x0d, 0);
	show_cursor();
}

static void next_row(void)
{
	unsigned int r;

	column = 0;
	if (++row < rows)
		return;
	row = rows - 1;
	memmove(shown[0], shown[1], row * sizeof(shown[0]));
	clear_row(row);
	for (r = 0; r < rows; r++)
		show_row(r);
}

static void put(char c)
{
	uint8_t glyph = c >= ' ' && c <= '~' ? (uint8_t)c : '?';

	if (column == COLUMNS)
		next_row();
	shown[row][column] = ATTRIBUTE | glyph;
	screen[row * COLUMNS + column] = shown[row][column];
	column++;
}

static void put_control(char c)
{
	switch (c) {
	case '\n':
		next_row();
		break;
	case '\r':
		column = 0;
		break;
	case '\b':
		column -= column > 0;
		break;
	case '\t':
		column = min((column / TAB + 1) * TAB, COLUMNS);
		break;
	default:
		break;
	}
}

void vga_write(const char *s, size_t len)
{
	for (; len; len--, s++) {
		if ((unsigned char)*s < ' ')
			put_control(*s);
		else
			put(*s);
	}
	show_cursor();
}

bool vga_running(void)
{
	return screen && !given_away;
}

/* Dom0 has the adapter from now on, unless "keep" says otherwise. */
void vga_give_away(void)
{
	given_away = !keep;
}

/* A panic: what shows text now, whoever had it. */
void vga_take_back(void)
{
	if (!screen || !given_away)
		return;
	rows = text_rows();
	if (!rows)
		return;
	given_away = false;
	clear();
}

/* The console's lock is not held: this maps memory. */
void vga_start(void)
{
	unsigned int r = text_rows();
	void *map;

	if (!r) {
		printk(LOG_DEBUG "vga: no adapter in a text mode of 80 "
		       "columns\n");
		return;
	}
	if (rows_wanted && r != rows_wanted)
		printk(LOG_WARN "vga: the mode has %u lines, not %u; the boot "
		       "loader sets it\n", r, rows_wanted);
	map = ioremap(PADDR(VGA_TEXT), VGA_SIZE);
	if (!map) {
		printk(LOG_WARN "vga: no memory to map the screen\n");
		return;
	}
	rows = r;
	screen = map;
	clear();
}
