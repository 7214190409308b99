/* SPDX-License-Identifier: MIT */
/*
 * affinity.h - on which CPUs of this host a guest runs
 */
#ifndef LODGE_AFFINITY_H
#define LODGE_AFFINITY_H

#include "host.h"

/**
 * affinity_set() - hard and soft affinities, as a configuration has them
 *
 * Return: 0; -EINVAL a list names a CPU or node that the host has not, or
 *         leaves none; -errno. And an error.
 */
int affinity_set(struct lodge *l, unsigned int domid,
		 const struct lodge_domain_config *c);

/* The CPUs of a list, a bit for each. 0; as affinity_set(); and an error */
int affinity_resolve(struct lodge *l, const struct lodge_cpu_list *list,
		     const char *key, uint8_t map[LODGE_MAX_CPUS / 8]);

#endif
