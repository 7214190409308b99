/* SPDX-License-Identifier: MIT */
/*
 * x86.h - the processor's instructions as functions, and its constants
 *
 * The only header with inline assembly: host tests replace it by a fake.
 * Names and numbers follow the Intel SDM and the AMD APM.
 */
#ifndef LODGE_X86_H
#define LODGE_X86_H

#include <lodge/types.h>
#include <lodge/x86-defs.h>

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)val),
			 "d"((uint32_t)(val >> 32))
			 : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* Not before all earlier loads and instructions have completed. */
static inline uint64_t rdtsc_ordered(void)
{
	__asm__ volatile("lfence" ::: "memory");
	return rdtsc();
}

/* WRMSR to x2APIC registers and the TSC deadline does not serialize: earlier
 * stores must be visible first. */
static inline void fence_before_wrmsr(void)
{
	__asm__ volatile("mfence; lfence" ::: "memory");
}

/* Copies @nr words of 8 bytes upward, one after the other. */
static inline void rep_movsq(void *dst, const void *src, size_t nr)
{
	__asm__ volatile("rep movsq"
			 : "+D"(dst), "+S"(src), "+c"(nr)::"memory");
}

/* Stores @word @nr times. */
static inline void rep_stosq(void *dst, uint64_t word, size_t nr)
{
	__asm__ volatile("rep stosq"
			 : "+D"(dst), "+c"(nr)
			 : "a"(word)
			 : "memory");
}

struct cpuid_regs {
	uint32_t a, b, c, d;
};

static inline struct cpuid_regs cpuid_count(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

#define DEFINE_CR(n)                                                          \
	static inline unsigned long read_cr##n(void)                          \
	{                                                                     \
		unsigned long v;                                              \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)::"memory");   \
		return v;                                                     \
	}                                                                     \
	static inline void write_cr##n(unsigned long v)                       \
	{                                                                     \
		__asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory");      \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
#undef DEFINE_CR

#define DEFINE_DR(n)                                                          \
	static inline unsigned long read_dr##n(void)                          \
	{                                                                     \
		unsigned long v;                                              \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v));             \
		return v;                                                     \
	}                                                                     \
	static inline void write_dr##n(unsigned long v)                       \
	{                                                                     \
		__asm__ volatile("mov %0, %%dr" #n ::"r"(v));                 \
	}
DEFINE_DR(0)
DEFINE_DR(1)
DEFINE_DR(2)
DEFINE_DR(3)
DEFINE_DR(6)
DEFINE_DR(7)
#undef DEFINE_DR

static inline uint64_t xgetbv(uint32_t reg)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(reg));
	return (uint64_t)hi << 32 | lo;
}

static inline void xsetbv(uint32_t reg, uint64_t val)
{
	__asm__ volatile("xsetbv" ::"c"(reg), "a"((uint32_t)val),
			 "d"((uint32_t)(val >> 32)));
}

static inline void invlpg(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

/* Writes back and drops the cache line that holds @p. */
static inline void clflush(const void *p)
{
	__asm__ volatile("clflush (%0)" ::"r"(p) : "memory");
}

/* Exchanges the GS base with MSR_SHADOW_GS_BASE. */
static inline void swapgs(void)
{
	__asm__ volatile("swapgs" ::: "memory");
}

static inline void clts(void)
{
	__asm__ volatile("clts" ::: "memory");
}

static inline void stts(void)
{
	write_cr0(read_cr0() | X86_CR0_TS);
}

static inline unsigned long irq_save(void)
{
	unsigned long f;

	__asm__ volatile("pushf; pop %0; cli" : "=r"(f)::"memory");
	return f;
}

static inline void irq_restore(unsigned long f)
{
	__asm__ volatile("push %0; popf" ::"r"(f) : "memory", "cc");
}

static inline bool irqs_enabled(void)
{
	unsigned long f;

	__asm__ volatile("pushf; pop %0" : "=r"(f));
	return f & X86_EFLAGS_IF;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* Enables interrupts and sleeps without a window between the two. */
static inline void irq_enable_and_halt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint8_t mmio_read8(const volatile void *p)
{
	return *(const volatile uint8_t *)p;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
	return *(const volatile uint32_t *)p;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
	*(volatile uint8_t *)p = v;
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
	*(volatile uint16_t *)p = v;
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	*(volatile uint32_t *)p = v;
}

/* The stack pointer, from which the per-CPU block at the stack's end follows. */
static inline unsigned long read_rsp(void)
{
	unsigned long v;

	__asm__("mov %%rsp, %0" : "=r"(v));
	return v;
}

#endif
