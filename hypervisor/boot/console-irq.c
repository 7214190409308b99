/* SPDX-License-Identifier: MIT */
/*
 * console-irq.c - when to look for input on the serial port
 *
 * By its interrupt if it can be had, else by a timer. It lies here and not in
 * console/, which is below interrupts and timers and knows neither.
 */
#include <lodge/acpi.h>
#include <lodge/console.h>
#include <lodge/irq.h>
#include <lodge/time.h>
#include <lodge/x86.h>

#define POLL_NS (20 * NS_PER_MS)

static struct timer poll_timer;

static void serial_interrupt(void *unused)
{
	console_receive();
}

static void poll_serial(void *unused)
{
	unsigned long flags = irq_save();

	console_receive();
	irq_restore(flags);
	timer_set(&poll_timer, system_time_ns() + POLL_NS);
}

/* ISA interrupts are wired to the GSI of their number, unless ACPI differs. */
static unsigned int isa_to_gsi(unsigned int irq)
{
	unsigned int i;

	for (i = 0; i < acpi_info.nr_overrides; i++)
		if (acpi_info.overrides[i].source == irq)
			return acpi_info.overrides[i].gsi;
	return irq;
}

/**
 * console_irq_init() - receive from the serial port from here on
 *
 * Context: boot CPU, after irq_init() and timers_init().
 */
void __init console_irq_init(void)
{
	int irq = console_enable_irq();
	int rc;

	console_set_clocks(system_time_ns, wallclock_base_ns);
	if (irq < 0)
		return;
	rc = irq_request_gsi(isa_to_gsi((unsigned int)irq), serial_interrupt,
			     NULL, "serial");
	if (!rc)
		return;
	printk(LOG_WARN "serial port: no interrupt (error %d); it is polled\n",
	       rc);
	timer_init(&poll_timer, poll_serial, NULL, 0);
	timer_set(&poll_timer, system_time_ns() + POLL_NS);
}
