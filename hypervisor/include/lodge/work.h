/* SPDX-License-Identifier: MIT */
/*
 * work.h - one word of pending work per CPU, tested once on the way out
 *
 * Whoever is in interrupt context, or holds locks, raises work; the CPU does
 * it before it returns to a guest or halts, with interrupts on and no lock
 * held. Lower numbers first.
 */
#ifndef LODGE_WORK_H
#define LODGE_WORK_H

#include <lodge/types.h>

enum work {
	WORK_TIMER,	/* expired timers of this CPU */
	WORK_CALIBRATE,	/* time calibration of this CPU */
	WORK_NMI,	/* an NMI of the machine, for Dom0 */
	WORK_KEYS,	/* debug key typed on the console */
	WORK_LOG,	/* the log has new text */
	WORK_DEFERRED,	/* frames and objects whose release was put off */
	WORK_DOMAINS,	/* domains without references, to be freed */
	WORK_SCHEDULE,	/* pick the next vCPU: last, it may not return */
	NR_WORK
};

/* At boot, once per kind. @fn runs on the CPU that the work was raised on. */
void work_register(enum work w, void (*fn)(void));
/* On this CPU. Any context. */
void work_raise(enum work w);
/* On another CPU; sends an IPI unless it is already on the way out. */
void work_raise_on(unsigned int cpu, enum work w);
/* Is there any? */
bool work_pending(void);
/* Other than WORK_DEFERRED? Long operations ask this: see
 * hypercall_preempt_check(). */
bool work_urgent(void);
/* Does all there is; returns with the word empty. Interrupts on. */
void work_run(void);

#endif
