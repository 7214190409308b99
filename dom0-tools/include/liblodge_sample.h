/* SPDX-License-Identifier: MIT */
/*
 * liblodge_sample.h - what all domains and their devices have used by now
 *
 * A sample is counters at one moment: whoever wants rates takes two of them.
 * Nothing is kept between them.
 */
#ifndef LIBLODGE_SAMPLE_H
#define LIBLODGE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "liblodge.h"

/* A number that nobody here tells. */
#define LODGE_UNKNOWN UINT64_MAX

/* Used, of at most; either may be LODGE_UNKNOWN. */
struct lodge_usage {
	uint64_t used;
	uint64_t limit;		/* 0: there is none */
};

/* What xenstored counts for a domain, by its own names. */
enum lodge_store_limit {
	LODGE_STORE_NODES,
	LODGE_STORE_WATCHES,
	LODGE_STORE_TRANSACTIONS,
	LODGE_STORE_OUTSTANDING,
	LODGE_STORE_MEMORY,	/* bytes */
	LODGE_STORE_LIMITS,
};

extern const char *const lodge_store_limit_names[LODGE_STORE_LIMITS];

struct lodge_sample_vcpu {
	unsigned int id, cpu;	/* cpu: where it runs, or last ran */
	bool online, running, blocked;
	uint64_t cpu_time_ns;
	uint64_t waited_ns;	/* ready, but without a CPU; LODGE_UNKNOWN */
};

/* By Dom0's end: what it received, the guest has sent. */
struct lodge_sample_vif {
	unsigned int id;
	uint64_t rx_bytes, rx_packets, rx_errors, rx_drops;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_drops;
};

struct lodge_sample_vbd {
	unsigned int id;	/* xen-vbd-interface(7) */
	uint64_t out_of_requests;
	uint64_t reads, writes, read_sectors, write_sectors;
};

struct lodge_sample_domain {
	struct lodge_domain info;
	uint64_t target_kib;	/* what it is asked to have; LODGE_UNKNOWN */
	size_t nr_vcpus, nr_vifs, nr_vbds;
	struct lodge_sample_vcpu *vcpus;
	struct lodge_sample_vif *vifs;	/* by id */
	struct lodge_sample_vbd *vbds;	/* by id */
	struct lodge_usage grant_frames;
	struct lodge_usage store[LODGE_STORE_LIMITS];
};

struct lodge_sample {
	uint64_t time_ns;	/* of CLOCK_MONOTONIC, when it was begun */
	unsigned int nr_cpus, cpu_khz;
	uint64_t total_kib, free_kib;
	size_t nr_domains;
	struct lodge_sample_domain *domains;	/* by domid */
};

/**
 * lodge_sample_take() - what there is now
 * @out: to be given to lodge_sample_free()
 *
 * A domain that ends meanwhile may lack some of it. vCPUs, disks and networks
 * of others than Linux's back ends in Dom0 are not known.
 *
 * Return: 0; -errno: the hypervisor or the store does not answer; -ENOMEM.
 */
int lodge_sample_take(struct lodge *l, struct lodge_sample **out);
void lodge_sample_free(struct lodge_sample *s);

#endif
