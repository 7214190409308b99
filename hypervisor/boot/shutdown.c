/* SPDX-License-Identifier: MIT */
/*
 * shutdown.c - reset or stop the machine
 *
 * The means of a reset are tried in turn, each given some time: the register
 * that ACPI's FADT names, the keyboard controller, port 0xcf9 of PC chip sets,
 * an exception without an interrupt table.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

#define PORT_KBD_COMMAND	0x64
#define KBD_INPUT_FULL		0x02
#define KBD_PULSE_RESET		0xfe
#define PORT_RESET_CONTROL	0xcf9
#define RESET_HARD		0x02
#define RESET_NOW		0x06
#define PORT_DELAY		0x80

/* A port access takes about a microsecond, whatever else is broken. */
static void io_delay(unsigned int us)
{
	while (us--)
		outb(PORT_DELAY, 0);
}

static void reset_by_keyboard(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		unsigned int tries = 10000;

		while ((inb(PORT_KBD_COMMAND) & KBD_INPUT_FULL) && --tries)
			io_delay(1);
		outb(PORT_KBD_COMMAND, KBD_PULSE_RESET);
		io_delay(1000);
	}
}

static void reset_by_chipset(void)
{
	outb(PORT_RESET_CONTROL, RESET_HARD);
	io_delay(50);
	outb(PORT_RESET_CONTROL, RESET_NOW);
	io_delay(50000);
}

/**
 * machine_restart() - reset the machine
 *
 * Context: any, NMI included.
 */
void machine_restart(void)
{
	irq_disable();
	smp_stop_others();
	acpi_reset();
	io_delay(50000);
	reset_by_keyboard();
	reset_by_chipset();
	triple_fault();
}

/**
 * machine_halt() - stop all CPUs for good; the power stays on
 *
 * Context: any, NMI included.
 */
void machine_halt(void)
{
	irq_disable();
	smp_stop_others();
	printk("The machine has halted.\n");
	for (;;)
		halt_forever();
}

static void key_restart(void)
{
	printk("reset by debug key\n");
	machine_restart();
}

static void key_panic(void)
{
	panic("Asked for by debug key");
}

/**
 * shutdown_init() - register the debug keys that end it all
 *
 * Context: at boot.
 */
void __init shutdown_init(void)
{
	debug_key_register('C', "panic: back trace, then reboot", key_panic);
	debug_key_register('R', "reset the machine", key_restart);
}
