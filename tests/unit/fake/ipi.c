/* SPDX-License-Identifier: MIT */
/*
 * ipi.c - host tests: interrupts between CPUs
 *
 * An IPI is delivered at once, by playing its target: the handler runs with
 * fake_cpu_id of each CPU in turn.
 */
#include "machine.h"

#include <lodge/irq.h>
#include <lodge/percpu.h>

static void (*handlers[256])(struct cpu_user_regs *);
unsigned int fake_nr_ipis;

void vector_register(unsigned int vector, void (*fn)(struct cpu_user_regs *))
{
	handlers[vector] = fn;
}

void apic_send_ipi_mask(const cpumask_t *mask, unsigned int vector)
{
	unsigned int cpu, self = fake_cpu_id;

	for_each_cpu(cpu, mask) {
		bool off;

		fake_nr_ipis++;
		fake_cpu_id = cpu;
		off = FAKE_X86.irqs_off;
		FAKE_X86.irqs_off = true;
		handlers[vector](guest_cpu_user_regs());
		FAKE_X86.irqs_off = off;
		fake_cpu_id = self;
	}
}
