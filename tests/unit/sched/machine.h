/* SPDX-License-Identifier: MIT */
/*
 * machine.h - a simulated machine for the scheduler, with a clock of its own
 *
 * One thread plays all CPUs. A CPU's stack is a jump back into the simulation:
 * a switch ends schedule() as it does in the real machine. Guests are made of
 * two numbers: how long they compute, and how long they then wait.
 *
 * The simulation fails the test by itself if a vCPU's state is loaded on two
 * CPUs, saved where it is not loaded, or loaded with a lock held.
 */
#ifndef TEST_SCHED_MACHINE_H
#define TEST_SCHED_MACHINE_H

#include "../fake/machine.h"

#include <lodge/domain.h>

#define MAX_GUESTS 32

struct guest {
	struct vcpu v;
	uint64_t burst_ns;	/* computes so long; 0: for ever */
	uint64_t wait_ns;	/* then blocks so long; 0: until told */
	uint64_t burst_left_ns;
	uint64_t wakes_at_ns;	/* 0: not by itself */
	uint64_t woken_ns;	/* when it last became runnable */
	uint64_t worst_delay_ns;	/* from there to the CPU */
	uint64_t stretch_ns;	/* on the CPU without a break, so far */
	uint64_t worst_stretch_ns;
	int loaded_on;		/* CPU; -1: none */
	unsigned int nr_loads, nr_saves;
	bool event_pending;
};

extern struct guest guests[MAX_GUESTS];
extern unsigned int nr_guests;
extern uint64_t sim_now_ns;

/* A machine of so many CPUs, without guests. */
void sim_start(unsigned int nr_cpus);
void sim_end(void);
/* A guest that may run on @mask; it is woken. */
struct guest *sim_guest(unsigned long mask, uint64_t burst_ns,
			uint64_t wait_ns);
/* One of the second domain, nr 1, which may have a cap. */
struct guest *sim_guest_of(unsigned int nr, unsigned long mask,
			   uint64_t burst_ns, uint64_t wait_ns);
struct domain *sim_domain(unsigned int nr);
/* Lets all CPUs that were told to choose do so. */
void sim_settle(void);
void sim_run(uint64_t ns);
/* The following calls are made by that CPU. */
void sim_be(unsigned int cpu);
/* The vCPU that a CPU runs; NULL: it idles. */
struct guest *sim_running(unsigned int cpu);
bool sim_is_running(const struct guest *g);
/* Everybody is where he should be. */
void sim_check(void);

#endif
