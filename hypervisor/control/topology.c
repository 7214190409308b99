/* SPDX-License-Identifier: MIT */
/*
 * topology.c - which threads are a core, which cores a socket
 *
 * By the widths of the parts of an APIC number: CPUID leaf 0xb, or what leaves
 * 1 and 4 say of processors before it. Intel SDM 3A, 9.9.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>

#define LEVEL_SMT	1
#define LEVEL_CORE	2

/* Bits that number @n things. */
static unsigned int width_of(unsigned int n)
{
	return n > 1 ? 32 - (unsigned int)__builtin_clz(n - 1) : 0;
}

/* Bits of the APIC number below the level, by leaf 0xb; 0: it says nothing. */
static unsigned int leaf_b_shift(unsigned int level)
{
	struct cpuid_regs r;
	unsigned int i;

	if (cpu_features.max_leaf < 0xb)
		return 0;
	for (i = 0; i < 2; i++) {
		r = cpuid_count(0xb, i);
		if ((r.c >> 8 & 0xff) == level && r.b)
			return r.a & 0x1f;
	}
	return 0;
}

static unsigned int logical_per_socket(void)
{
	struct cpuid_regs r = cpuid_count(1, 0);

	return r.d & (1U << 28) ? r.b >> 16 & 0xff : 1;
}

static unsigned int cores_by_leaf_4(void)
{
	struct cpuid_regs r = { 0 };

	if (cpu_features.max_leaf >= 4)
		r = cpuid_count(4, 0);
	return (r.a >> 26) + 1;
}

static unsigned int socket_shift(void)
{
	unsigned int shift = leaf_b_shift(LEVEL_CORE);

	return shift ? shift : width_of(logical_per_socket());
}

static unsigned int core_shift(void)
{
	unsigned int cores = cores_by_leaf_4();
	unsigned int all = logical_per_socket();

	if (leaf_b_shift(LEVEL_CORE))
		return leaf_b_shift(LEVEL_SMT);
	return all > cores ? width_of(all / cores) : 0;
}

unsigned int topology_core(unsigned int cpu)
{
	unsigned int below = cpu_apic_id(cpu) & ((1U << socket_shift()) - 1);

	return below >> core_shift();
}

unsigned int topology_socket(unsigned int cpu)
{
	return cpu_apic_id(cpu) >> socket_shift();
}

/* Of those online, CPUs that share the first one's socket; with @core, its
 * core. */
static unsigned int siblings(bool core)
{
	unsigned int cpu, n = 0;

	for_each_cpu(cpu, &cpu_online_map)
		n += topology_socket(cpu) == topology_socket(0) &&
		     (!core || topology_core(cpu) == topology_core(0));
	return n;
}

unsigned int topology_threads_per_core(void)
{
	return siblings(true);
}

unsigned int topology_cores_per_socket(void)
{
	return siblings(false) / siblings(true);
}
