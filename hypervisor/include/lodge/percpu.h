/* SPDX-License-Identifier: MIT */
/*
 * percpu.h - state that belongs to one physical CPU
 *
 * Each CPU has one stack block, STACK_SIZE bytes and so aligned, with struct
 * cpu_info at its end: the stack pointer alone leads to it, from any context,
 * NMI included. Per-CPU variables are defined where they are used, with
 * DEFINE_PER_CPU; the linker collects them and each CPU has a copy.
 */
#ifndef LODGE_PERCPU_H
#define LODGE_PERCPU_H

#include <lodge/bitmap.h>
#include <lodge/layout.h>
#include <lodge/types.h>
#include <lodge/x86.h>
#include <xen/xen.h>

struct vcpu;

/* entry.S knows the offsets by <lodge/asm-offsets.h>. */
struct cpu_info {
	/*
	 * The guest's registers while this CPU is in the hypervisor. The
	 * processor pushes its frame at the end of ss; es to gs are not live.
	 */
	struct cpu_user_regs guest_regs;
	struct vcpu *current_vcpu;	/* [C] */
	unsigned long percpu_offset;	/* [I] added to a variable's address */
	unsigned int cpu;		/* [I] */
	uint32_t pending_work;		/* [a] bits of enum work */
	unsigned long pad;		/* guest_regs.es is 16-byte aligned */
};

_Static_assert((sizeof(struct cpu_info) -
		offsetof(struct cpu_info, guest_regs.es)) % 16 == 0,
	       "the processor aligns the stack it pushes its frame on");

static inline struct cpu_info *get_cpu_info(void)
{
	return (struct cpu_info *)((read_rsp() | (STACK_SIZE - 1)) + 1) - 1;
}

#define current		(get_cpu_info()->current_vcpu)
/* The same by the address of guest_regs. */
static inline struct vcpu *vcpu_of(const struct cpu_user_regs *guest_regs)
{
	return container_of(guest_regs, struct cpu_info, guest_regs)
		->current_vcpu;
}
#define smp_processor_id() (get_cpu_info()->cpu)
/* The frame of the guest that entered the hypervisor on this CPU. */
#define guest_cpu_user_regs() (&get_cpu_info()->guest_regs)

/* percpu_offset of each CPU; 0 for a CPU that is not there. */
extern unsigned long percpu_offsets[NR_CPUS];

/*
 * Copies start as zeroes: no initialisers. What an AP must know from the
 * start is filled in by cpu_prepare() or by the owner's per-CPU init.
 */
#define DECLARE_PER_CPU(type, name) extern typeof(type) percpu_##name
#define DEFINE_PER_CPU(type, name)                                            \
	__section(".data.percpu") typeof(type) percpu_##name

#define PERCPU_AT(name, offset)                                               \
	(*(typeof(percpu_##name) *)((unsigned long)&percpu_##name + (offset)))
/* This CPU's copy; the caller stays on it, the hypervisor never migrates. */
#define this_cpu(name)	PERCPU_AT(name, get_cpu_info()->percpu_offset)
/* Another CPU's copy: only what that variable's owner declares public. */
#define per_cpu(name, cpu) PERCPU_AT(name, percpu_offsets[cpu])

/* CPUs found in the MADT; CPUs that run. */
extern cpumask_t cpu_present_map;
extern cpumask_t cpu_online_map;
extern unsigned int nr_cpus_present;

#endif
