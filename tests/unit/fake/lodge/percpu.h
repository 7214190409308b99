/* SPDX-License-Identifier: MIT */
/*
 * percpu.h - host tests: per-CPU state as arrays
 *
 * Which CPU a test's thread is follows from fake_cpu_id, which a test may
 * change at any time (one thread plays all CPUs) or set once per thread.
 */
#ifndef LODGE_PERCPU_H
#define LODGE_PERCPU_H

#include <lodge/bitmap.h>
#include <lodge/layout.h>
#include <lodge/types.h>
#include <lodge/x86.h>
#include <xen/xen.h>

struct vcpu;

struct cpu_info {
	struct cpu_user_regs guest_regs;
	struct vcpu *current_vcpu;
	unsigned long percpu_offset;
	unsigned int cpu;
	uint32_t pending_work;
};

extern __thread unsigned int fake_cpu_id;
extern struct cpu_info fake_cpu_infos[NR_CPUS];

static inline struct cpu_info *get_cpu_info(void)
{
	return &fake_cpu_infos[fake_cpu_id];
}

#define current		(get_cpu_info()->current_vcpu)
static inline struct vcpu *vcpu_of(const struct cpu_user_regs *guest_regs)
{
	return container_of(guest_regs, struct cpu_info, guest_regs)
		->current_vcpu;
}
#define smp_processor_id() (fake_cpu_id)
#define guest_cpu_user_regs() (&get_cpu_info()->guest_regs)

#define DECLARE_PER_CPU(type, name)                                           \
	extern typeof(type) percpu_##name[NR_CPUS]
#define DEFINE_PER_CPU(type, name) typeof(type) percpu_##name[NR_CPUS]
#define this_cpu(name)	(percpu_##name[fake_cpu_id])
#define per_cpu(name, cpu) (percpu_##name[cpu])

extern cpumask_t cpu_present_map;
extern cpumask_t cpu_online_map;
extern unsigned int nr_cpus_present;

#endif
