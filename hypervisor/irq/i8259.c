/* SPDX-License-Identifier: MIT */
/*
 * i8259.c - the old pair of interrupt controllers, switched off
 *
 * All interrupts come by IO-APICs and messages. The pair is moved away from
 * the exception vectors, because even a masked 8259 can raise a spurious
 * interrupt, and then masked for good.
 *
 * Locks: none; boot CPU, before interrupts are on.
 */
#include "private.h"

#include <lodge/x86.h>

#define MASTER_COMMAND	0x20
#define MASTER_DATA	0x21
#define SLAVE_COMMAND	0xa0
#define SLAVE_DATA	0xa1

#define ICW1_INIT_ICW4	0x11
#define ICW4_8086	0x01
#define SLAVE_ON_LINE	2
#define FIRST_VECTOR	0x20

/**
 * i8259_disable() - initialise the 8259 pair at vector 0x20, all lines masked
 *
 * Context: boot CPU, interrupts off.
 */
void i8259_disable(void)
{
	outb(MASTER_DATA, 0xff);
	outb(SLAVE_DATA, 0xff);
	outb(MASTER_COMMAND, ICW1_INIT_ICW4);
	outb(SLAVE_COMMAND, ICW1_INIT_ICW4);
	outb(MASTER_DATA, FIRST_VECTOR);
	outb(SLAVE_DATA, FIRST_VECTOR + 8);
	outb(MASTER_DATA, 1 << SLAVE_ON_LINE);
	outb(SLAVE_DATA, SLAVE_ON_LINE);
	outb(MASTER_DATA, ICW4_8086);
	outb(SLAVE_DATA, ICW4_8086);
	outb(MASTER_DATA, 0xff);
	outb(SLAVE_DATA, 0xff);
}
