/* SPDX-License-Identifier: MIT */
/*
 * model.h - samples over time: rates between two, and their history
 *
 * Arithmetic only: nothing in here asks anybody for anything.
 */
#ifndef TOP_MODEL_H
#define TOP_MODEL_H

#include "liblodge_sample.h"

#define TOP_POINTS 512		/* of each history: the newest ones */

enum top_graph {
	TOP_CPU,		/* percent of one CPU */
	TOP_WAIT,		/* likewise: ready, but without a CPU */
	TOP_DISK,		/* bytes per second, read and written */
	TOP_NET,		/* bytes per second, both ways */
	TOP_GRAPHS,
};

/* A ring of what was; at first there is nothing in it. */
struct top_history {
	unsigned int nr, next;
	float points[TOP_POINTS];
};

/* Between the last two samples, by the second; all 0 after the first. */
struct top_rates {
	double cpu_percent;	/* of one CPU */
	double wait_percent;	/* of one CPU; see wait_counted */
	bool wait_counted;	/* else it is what was seen in two moments */
	double sent, received;	/* bytes, by the guest */
	double read, written;	/* bytes */
	double reads, writes;	/* requests */
};

struct top_domain {
	const struct lodge_sample_domain *now;	/* of model.sample */
	struct top_rates rates;
	struct top_history history[TOP_GRAPHS];
};

/* All zeros at first; to be given to top_model_free(). */
struct top_model {
	struct lodge_sample *sample;	/* the newest; NULL: none yet */
	double interval_s;		/* since the one before; 0: none */
	size_t nr;
	struct top_domain *domains;	/* in the order of the sample */
};

/**
 * top_model_update() - what comes next
 * @s: belongs to the model from now on; if there is no memory, to the caller
 *
 * Who has the number of a domain that has gone is another one, with a history
 * of its own.
 *
 * Return: 0; -ENOMEM, and the model is as it was.
 */
int top_model_update(struct top_model *m, struct lodge_sample *s);
void top_model_free(struct top_model *m);

/**
 * top_count() - what a counter has counted between two looks at it
 *
 * One that has passed its end goes on at 0. One that is much smaller now is
 * another counter, which began at 0 meanwhile: of a device that came anew.
 */
uint64_t top_count(uint64_t before, uint64_t now);

/* @age: 0 is the newest. False: it is not known any more, or not yet. */
bool top_history_at(const struct top_history *h, unsigned int age,
		    double *value);
/* The largest of the newest @nr; 0 if there is none. */
double top_history_most(const struct top_history *h, unsigned int nr);

/* Of all its disks or networks. */
struct top_io {
	uint64_t received, sent;	/* bytes, by the guest */
	uint64_t out_of_requests, reads, writes;
	uint64_t read_sectors, write_sectors;
};
struct top_io top_domain_io(const struct lodge_sample_domain *d);

/*
 * Without a limit a domain may have as many pages as go into a word of 32 or
 * of 64 bits, less what the conversion to KiB loses.
 */
#define TOP_NO_LIMIT_KIB ((uint64_t)UINT32_MAX * 4)

/* How much memory it may have, in KiB; LODGE_UNKNOWN: there is no limit. */
uint64_t top_max_memory(const struct lodge_sample_domain *d);

#endif
