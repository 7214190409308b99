/* SPDX-License-Identifier: MIT */
/*
 * serial.c - a 16550 UART: transmit by polling, receive by whoever asks
 *
 * National Semiconductor PC16550D data sheet. A port that is not there reads
 * as all ones, fails the scratch-register test and is left alone. One that
 * stops taking bytes, because whoever reads at the other end does, is waited
 * for once; from then on output is dropped and counted until the port has room
 * again. So output neither hangs the machine nor ends for good.
 *
 * Locks: the console's, once serial_start() has run.
 */
#include "private.h"

#include <lodge/cmdline.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/x86.h>

#define REG_DATA	0	/* DLAB: divisor, low byte */
#define REG_IER		1	/* DLAB: divisor, high byte */
#define REG_FCR		2
#define REG_LCR		3
#define REG_MCR		4
#define REG_LSR		5
#define REG_SCRATCH	7
#define NR_REGS		8

#define IER_RX		0x01
#define FCR_ENABLE	0x01
#define FCR_CLEAR	0x06
#define FCR_TRIGGER_8	0x80
#define LCR_DLAB	0x80
#define MCR_DTR		0x01
#define MCR_RTS		0x02
#define MCR_OUT2	0x08	/* lets the interrupt through on a PC */
#define LSR_DATA	0x01
#define LSR_TX_EMPTY	0x20

#define CLOCK_DIV_16	115200U
#define FIFO_DEPTH	16
/*
 * Reads of LSR, about a microsecond each: time for a FIFO at 1200 baud; and at
 * 38400, for a port that has just begun to take bytes again.
 */
#define TX_TRIES	400000U
#define TX_TRIES_AGAIN	(TX_TRIES / 64)

struct uart {
	uint16_t base;
	unsigned int irq;	/* ISA */
	unsigned int baud;	/* 0: leave as the firmware set it */
	uint8_t line;		/* LCR: bits, parity, stop bits */
};

static struct uart uarts[] = {
	{ 0x3f8, 4, 115200, 0x03 },
	{ 0x2f8, 3, 115200, 0x03 },
};

static struct uart *chosen = &uarts[0];		/* NULL: none */
static bool running;
static unsigned int tx_room;	/* bytes the FIFO is known to take */
static unsigned int tx_lost;	/* since it has stopped; 0: it takes them */
static unsigned int tx_tries = TX_TRIES;

static uint8_t reg_read(unsigned int reg)
{
	return inb((uint16_t)(chosen->base + reg));
}

static void reg_write(unsigned int reg, uint8_t v)
{
	outb((uint16_t)(chosen->base + reg), v);
}

/* "8n1": data bits, parity (n o e m s), stop bits. LCR; -1: not that. */
static int parse_line(const char *s)
{
	static const char names[] = "noems";
	static const uint8_t bits[] = { 0x00, 0x08, 0x18, 0x28, 0x38 };
	const char *p;

	if (s[0] < '5' || s[0] > '8' || !s[1] || (s[2] != '1' && s[2] != '2'))
		return -1;
	p = strchr(names, s[1]);
	if (!p)
		return -1;
	return (s[0] - '5') | (s[2] == '2' ? 0x04 : 0) | bits[p - names];
}

/* Moves *@s behind a comma and reads a number. False: malformed. */
static bool next_number(const char **s, unsigned int max, unsigned int *val)
{
	char *end;
	uint64_t n;

	if (**s != ',')
		return false;
	n = strtoull(*s + 1, &end, 0);
	if (end == *s + 1 || n > max)
		return false;
	*s = end;
	*val = (unsigned int)n;
	return true;
}

/* "115200,8n1,0x3f8,4"; "auto" as the rate; parts at the end may be absent. */
static int parse_uart(const char *s, struct uart *u)
{
	struct uart n = *u;
	unsigned int base = u->base;
	char *end;
	int line;

	n.baud = 0;
	if (!strncmp(s, "auto", 4)) {
		s += 4;
	} else {
		n.baud = (unsigned int)strtoull(s, &end, 10);
		if (end == s || n.baud < 50 || n.baud > CLOCK_DIV_16)
			return -EINVAL;
		s = end;
	}
	if (*s == ',') {
		line = parse_line(s + 1);
		if (line < 0)
			return -EINVAL;
		n.line = (uint8_t)line;
		s += 4;
	}
	if (*s && !next_number(&s, 0x10000 - NR_REGS, &base))
		return -EINVAL;
	if (*s && !next_number(&s, 15, &n.irq))
		return -EINVAL;
	if (*s)
		return -EINVAL;
	n.base = (uint16_t)base;
	*u = n;
	return 0;
}

static int parse_com1(const char *s)
{
	return parse_uart(s, &uarts[0]);
}
PARAM_FN("com1", parse_com1,
	 "first serial port: rate[,8n1[,port[,irq]]], or auto for the rate");

static int parse_com2(const char *s)
{
	return parse_uart(s, &uarts[1]);
}
PARAM_FN("com2", parse_com2, "second serial port, likewise");

void serial_choose(int port)
{
	chosen = port < 0 ? NULL : &uarts[port];
}

/* Output always waits for the port: there is nothing to switch. */
static int parse_sync_console(const char *s)
{
	printk(LOG_DEBUG "sync_console: output always waits for the serial "
	       "port\n");
	return 0;
}
PARAM_FN("sync_console", parse_sync_console,
	 "accepted: output always waits for the serial port");

/* Keeps its value, and LSR is not the floating bus. */
static bool present(void)
{
	reg_write(REG_SCRATCH, 0x5a);
	if (reg_read(REG_SCRATCH) != 0x5a)
		return false;
	reg_write(REG_SCRATCH, 0xa5);
	return reg_read(REG_SCRATCH) == 0xa5 && reg_read(REG_LSR) != 0xff;
}

/* Programs the port that was chosen; without one, output goes nowhere. */
void serial_start(void)
{
	unsigned int divisor;

	if (running || !chosen || !present())
		return;
	reg_write(REG_IER, 0);
	if (chosen->baud) {
		divisor = CLOCK_DIV_16 / chosen->baud;
		reg_write(REG_LCR, LCR_DLAB | chosen->line);
		reg_write(REG_DATA, (uint8_t)divisor);
		reg_write(REG_IER, (uint8_t)(divisor >> 8));
		reg_write(REG_LCR, chosen->line);
	}
	reg_write(REG_FCR, FCR_ENABLE | FCR_CLEAR | FCR_TRIGGER_8);
	reg_write(REG_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	tx_room = 0;
	running = true;
}

bool serial_running(void)
{
	return running;
}

/* A port that keeps up is trusted more and more, up to TX_TRIES. */
static bool wait_for_room(void)
{
	unsigned int i, tries = tx_lost ? 1 : tx_tries;

	for (i = 0; i < tries; i++) {
		if (reg_read(REG_LSR) & LSR_TX_EMPTY) {
			tx_room = FIFO_DEPTH;
			tx_tries = min(2 * tx_tries, TX_TRIES);
			return true;
		}
		cpu_relax();
	}
	tx_tries = TX_TRIES_AGAIN;
	return false;
}

static void tell_lost(void)
{
	char text[64];
	unsigned int lost = tx_lost;

	tx_lost = 0;
	snprintf(text, sizeof(text),
		 "\n(lodge) serial port: %u characters are lost\n", lost);
	serial_write(text, strlen(text));
}

static bool has_room(void)
{
	return tx_room || wait_for_room();
}

static void serial_putc(char c)
{
	if (!running)
		return;
	if (tx_lost && has_room())
		tell_lost();
	if (tx_lost || !has_room()) {
		tx_lost++;
		return;
	}
	tx_room--;
	reg_write(REG_DATA, (uint8_t)c);
}

void serial_write(const char *s, size_t len)
{
	for (; len; len--, s++) {
		if (*s == '\n')
			serial_putc('\r');
		serial_putc(*s);
	}
}

int serial_getc(void)
{
	uint8_t lsr;

	if (!running)
		return -1;
	lsr = reg_read(REG_LSR);
	if (lsr == 0xff) {		/* unplugged */
		running = false;
		return -1;
	}
	return lsr & LSR_DATA ? reg_read(REG_DATA) : -1;
}

/* ISA interrupt of the port, enabled in the UART; -1: no port. */
int serial_enable_rx_irq(void)
{
	if (!running)
		return -1;
	reg_write(REG_IER, IER_RX);
	return (int)chosen->irq;
}

/**
 * console_port() - I/O ports that are ours
 *
 * Return: first of the eight ports of the console's UART; 0: we use none.
 */
unsigned int console_port(void)
{
	return chosen ? chosen->base : 0;
}
