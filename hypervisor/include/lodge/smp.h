/* SPDX-License-Identifier: MIT */
/*
 * smp.h - starting the other CPUs, and talking to them
 */
#ifndef LODGE_SMP_H
#define LODGE_SMP_H

#include <lodge/bitmap.h>

/* Starts every CPU of the MADT (INIT, SIPI, SIPI), at most "maxcpus=". One
 * that does not answer is named in a warning and left out. IRQs on. */
void smp_boot_cpus(void);
/* Rest of an AP's start, on its own stack; ends in the idle loop. */
void smp_ap_main(void) __attribute__((noreturn));
unsigned int cpu_apic_id(unsigned int cpu);

/*
 * Runs @fn(arg) on each CPU of @mask, this one included if set, with
 * interrupts off there; @wait: returns when all have finished. The caller has
 * interrupts on and holds nothing above LOCK_CALL.
 */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg, bool wait);
/* An interrupt with no message: the CPU looks at its pending work. */
void smp_send_event_check(unsigned int cpu);
/* All others stop for good, by NMI if need be: panic, reboot, power-off. */
void smp_stop_others(void);
/* Vectors of the calls above; apic_init_boot() does it. */
void smp_ipi_init(void);

#endif
