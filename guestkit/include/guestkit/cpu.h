/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - instructions that C does not have
 */
#ifndef GUESTKIT_CPU_H
#define GUESTKIT_CPU_H

#include <guestkit/xen.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* The instruction itself: the hypervisor may or may not see it. */
static inline struct cpuid cpuid_native(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid id;

	asm volatile("cpuid"
		     : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
		     : "a"(leaf), "c"(subleaf));
	return id;
}

/* With the prefix that asks the hypervisor to emulate it. */
static inline struct cpuid cpuid_forced(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid id;

	asm volatile(XEN_CPUID
		     : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
		     : "a"(leaf), "c"(subleaf));
	return id;
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value),
		     "d"((uint32_t)(value >> 32)));
}

#define CPU_CR_ACCESS(n)                                                 \
	static inline uint64_t cr##n##_read(void)                        \
	{                                                                \
		uint64_t value;                                          \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value));        \
		return value;                                            \
	}                                                                \
	static inline void cr##n##_write(uint64_t value)                 \
	{                                                                \
		asm volatile("mov %0, %%cr" #n ::"r"(value) : "memory"); \
	}

CPU_CR_ACCESS(0)
CPU_CR_ACCESS(2)
CPU_CR_ACCESS(3)
CPU_CR_ACCESS(4)
CPU_CR_ACCESS(8)

#define CPU_DR_ACCESS(n)                                          \
	static inline uint64_t dr##n##_read(void)                 \
	{                                                         \
		uint64_t value;                                   \
		asm volatile("mov %%dr" #n ", %0" : "=r"(value)); \
		return value;                                     \
	}                                                         \
	static inline void dr##n##_write(uint64_t value)          \
	{                                                         \
		asm volatile("mov %0, %%dr" #n ::"r"(value));     \
	}

CPU_DR_ACCESS(0)
CPU_DR_ACCESS(3)
CPU_DR_ACCESS(4)
CPU_DR_ACCESS(6)
CPU_DR_ACCESS(7)

static inline void xcr_write(uint32_t reg, uint64_t value)
{
	asm volatile("xsetbv" ::"c"(reg), "a"((uint32_t)value),
		     "d"((uint32_t)(value >> 32)));
}

static inline uint64_t xcr_read(uint32_t reg)
{
	uint32_t low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(reg));
	return (uint64_t)high << 32 | low;
}

static inline uint8_t port_read(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_write(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint64_t rflags_read(void)
{
	uint64_t value;

	asm volatile("pushfq; pop %0" : "=r"(value));
	return value;
}

#endif /* GUESTKIT_CPU_H */
