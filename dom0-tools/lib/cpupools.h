/* SPDX-License-Identifier: MIT */
/*
 * cpupools.h - CPU pools: the hypervisor has their CPUs, the store their names
 */
#ifndef LODGE_CPUPOOLS_H
#define LODGE_CPUPOOLS_H

#include "host.h"

#define CPU_MAP_BYTES (LODGE_MAX_CPUS / 8)

static inline bool cpu_in(const uint8_t *map, unsigned int cpu)
{
	return map[cpu / 8] >> cpu % 8 & 1;
}

static inline void cpu_take(uint8_t *map, unsigned int cpu)
{
	map[cpu / 8] |= (uint8_t)(1U << cpu % 8);
}

/*
 * One operation; @map, if not NULL, has the CPUs that the hypervisor tells of.
 * 0; -errno, and an error
 */
int cpupool_op(struct lodge *l, struct xen_sysctl_cpupool_op *op,
	       uint8_t map[CPU_MAP_BYTES]);

/* That of the number @first or the next one. 0; -ENOENT there is none */
int cpupool_get(struct lodge *l, unsigned int first,
		struct lodge_cpupool *pool);

#endif
