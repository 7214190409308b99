/* SPDX-License-Identifier: MIT */
/*
 * beside.h - host tests: what lies beside a domain's life: scheduler, timers
 *
 * Events, grants and memory are the real ones. Pool, FPU, clock and timers are
 * counted here: what is made must be unmade, and a timer fires when it is told.
 */
#ifndef TEST_DOMAIN_BESIDE_H
#define TEST_DOMAIN_BESIDE_H

#include "../fake/machine.h"

#include <lodge/domain.h>
#include <lodge/guest.h>

extern const struct guest_ops test_ops;
/* Domains in pools, vCPUs that the scheduler knows, timers that are alive. */
extern int nr_in_pools, nr_scheduled, nr_timers;
/* vCPUs' roots and domains' memory are let go in that many passes more. */
extern unsigned int passes_wanted;
/* Called while a domain lets go of its memory; may be NULL. */
extern void (*during_memory)(struct domain *d);
/* How the machine ended: 'h', 'r'; 0: it has not. */
extern char machine_end;

/* Calls @fn(@arg), which may end the machine. */
void until_machine_ends(void (*fn)(void *), void *arg);
void timer_fire(struct timer *t);
/* Frames and domains that wait for this CPU to look after them. */
void work_off(void);

#endif
