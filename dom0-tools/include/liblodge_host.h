/* SPDX-License-Identifier: MIT */
/*
 * liblodge_host.h - CPU pools, shares, vCPUs, the machine, and the hypervisor's log
 */
#ifndef LIBLODGE_HOST_H
#define LIBLODGE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "liblodge_config.h"

struct lodge;

/* ---- CPU pools and shares ----------------------------------------------- */

struct lodge_cpupool {
	unsigned int id, nr_domains, nr_cpus;
	char *name;		/* NULL: it has none */
	const char *scheduler;	/* "credit2" */
	uint8_t cpus[LODGE_MAX_CPUS / 8];	/* a bit for each */
};

/* 0; -ENOMEM; -errno */
int lodge_cpupools(struct lodge *l, struct lodge_cpupool **list, size_t *nr);
void lodge_cpupools_free(struct lodge_cpupool *list, size_t nr);

/* A name, or a number in digits. 0; -ENOENT there is none; -errno */
int lodge_cpupool_find(struct lodge *l, const char *who, unsigned int *pool);

/**
 * lodge_cpupool_create() - a CPU pool, of CPUs that are in none
 * @pool: its number
 *
 * Return: 0; -EEXIST another one has the name; -EINVAL the host has no such
 *         CPU, or no such scheduler; -EBUSY a CPU is not free, or none is;
 *         -errno. On error nothing has changed.
 */
int lodge_cpupool_create(struct lodge *l,
			 const struct lodge_cpupool_config *config,
			 unsigned int *pool);

/* Its CPUs are free then. 0; -ENOENT; -EBUSY it has domains; -errno */
int lodge_cpupool_destroy(struct lodge *l, unsigned int pool);

/* 0; -ENOENT; -EINVAL @name is none; -EEXIST another one has it; -errno */
int lodge_cpupool_rename(struct lodge *l, unsigned int pool, const char *name);

/* All of a list, or none. 0; -ENOENT; -EINVAL the host has no such CPU; -EBUSY
 * one is not free; -errno */
int lodge_cpupool_add(struct lodge *l, unsigned int pool,
		      const struct lodge_cpu_list *cpus);
/* The same. -ENODEV it has not one of them; -EBUSY domains need the last */
int lodge_cpupool_remove(struct lodge *l, unsigned int pool,
			 const struct lodge_cpu_list *cpus);

/* 0; -ESRCH; -ENOENT; -EINVAL it is Dom0; -EBUSY the pool has no CPU; -errno */
int lodge_domain_set_cpupool(struct lodge *l, unsigned int domid,
			     unsigned int pool);

/**
 * lodge_cpupool_split() - a pool for each node of the host
 *
 * The first one, whose domains stay there, is called "Pool-node0", the others
 * by their node's number.
 *
 * Return: 0; -EBUSY there are several pools already, or the domains of the
 *         first need a CPU of another node; -errno. On error nothing has
 *         changed.
 */
int lodge_cpupool_split(struct lodge *l);

/* Of a pool with credit2: how long a vCPU runs at least, 0: no time. 0; -EINVAL
 * no such time; -errno */
int lodge_cpupool_ratelimit(struct lodge *l, unsigned int pool,
			    unsigned int *ratelimit_us);
int lodge_cpupool_set_ratelimit(struct lodge *l, unsigned int pool,
				unsigned int ratelimit_us);

/* Of the CPUs of its pool, by credit2. */
struct lodge_share {
	unsigned int weight;	/* beside those of others */
	unsigned int cap;	/* percent of one CPU; 0: none */
};

/* 0; -ESRCH; -EINVAL no such share, or another scheduler; -errno */
int lodge_domain_share(struct lodge *l, unsigned int domid,
		       struct lodge_share *share);
int lodge_domain_set_share(struct lodge *l, unsigned int domid,
			   const struct lodge_share *share);

struct lodge_vcpu {
	unsigned int id, cpu;	/* cpu: where it runs, or last ran */
	bool online, running, blocked;
	uint64_t cpu_time_ns;
	uint8_t *hard, *soft;	/* bit maps, of lodge_host_info.max_cpus bits */
};

/**
 * lodge_vcpus() - the vCPUs of a domain, and where they may run
 *
 * Return: 0; -ESRCH; -errno; -ENOMEM.
 */
int lodge_vcpus(struct lodge *l, unsigned int domid, struct lodge_vcpu **list,
		size_t *nr);
void lodge_vcpus_free(struct lodge_vcpu *list, size_t nr);

struct lodge_host_info {
	unsigned int threads_per_core, cores_per_socket, nr_cpus, max_cpus;
	unsigned int nr_nodes, cpu_khz;
	uint32_t hw_cap[8];
	char virt_caps[160];	/* "pv hvm gnttab-v1" */
	unsigned int free_cpus;	/* in no CPU pool */
	uint64_t total_kib, free_kib, outstanding_kib;
	uint64_t sharing_freed_kib, sharing_used_kib;
	unsigned int major, minor;
	unsigned int page_size;
	char extra[16], compiler[64], compiled_by[16], compile_domain[32];
	char compile_date[32], xen_caps[1024], changeset[64];
	char build_id[65];	/* hexadecimal; "" if there is none */
	char command_line[1024];
	unsigned long virt_start;
	const char *scheduler;	/* "credit2" */
};

/* 0; -errno */
int lodge_host(struct lodge *l, struct lodge_host_info *info);

struct lodge_cpu {
	bool there;		/* else the rest says nothing */
	unsigned int core, socket, node;
};

struct lodge_node {
	bool there;
	uint64_t total_kib, free_kib;
};

struct lodge_topology {
	unsigned int nr_cpus, nr_nodes;
	struct lodge_cpu *cpus;
	struct lodge_node *nodes;
	unsigned int *distances; /* of node a to node b: [a * nr_nodes + b] */
};

/* To be given to lodge_topology_free(). 0; -ENOMEM; -errno */
int lodge_topology(struct lodge *l, struct lodge_topology *t);
void lodge_topology_free(struct lodge_topology *t);

/* Where its memory is wanted: a bit for each node. 0; -ESRCH; -errno */
int lodge_domain_nodes(struct lodge *l, unsigned int domid, uint64_t *nodes);

/**
 * lodge_console_ring() - what the hypervisor has said
 * @text:  its log, to be free()d
 * @clear: forget it
 *
 * Return: 0; -errno; -ENOMEM.
 */
int lodge_console_ring(struct lodge *l, char **text, bool clear);

/**
 * lodge_console_ring_next() - what the hypervisor has said since the last call
 * @text:     @size bytes; nothing is behind them
 * @nr:       how many were written
 * @position: 0 at first: the oldest that it still has
 *
 * Return: 0; -errno.
 */
int lodge_console_ring_next(struct lodge *l, char *text, size_t size,
			    size_t *nr, uint32_t *position);

/* Presses debug keys on the hypervisor's console. 0; -errno */
int lodge_debug_keys(struct lodge *l, const char *keys);

#endif
