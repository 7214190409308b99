/* SPDX-License-Identifier: MIT */
/*
 * batch.h - steps measured in batches, by the TSC and by whoever counts
 *
 * A batch is framed by two marks for the plugin that counts the hypervisor's
 * instructions (count.c) and measured by the TSC. One line for each path:
 *
 *	SAMPLES name steps-per-batch ticks ticks ...
 *
 * Several batches, because the timer and the kernel's own threads come
 * between: the reader takes the median.
 */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#define BATCHES 11

/**
 * struct path - what is measured
 * @name:   one word
 * @steps:  in a batch
 * @before: what a batch needs; not measured
 * @step:   one step; @i counts the steps of the batch
 * @spent:  what a batch cost, in place of all the ticks that it took, if set
 *
 * The first two tell whether they achieved what they must.
 */
struct path {
	const char *name;
	unsigned int steps;
	bool (*before)(void);
	bool (*step)(unsigned int i);
	uint64_t (*spent)(void);
};

bool nothing_before(void);

/* Measures @batches batches and prints their line. False: a step failed. */
bool measure(const struct path *p, unsigned int batches);

#endif
