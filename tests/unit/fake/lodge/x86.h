/* SPDX-License-Identifier: MIT */
/*
 * x86.h - host tests: the processor's instructions, acted out
 *
 * State that software can see is kept in fake_x86[], one element for each CPU
 * (see fake_cpu_id); ports and CPUID are answered by hooks that a test sets.
 * Functions have the names and types of the real header.
 */
#ifndef LODGE_X86_H
#define LODGE_X86_H

#include <lodge/types.h>
#include <lodge/x86-defs.h>

struct cpuid_regs {
	uint32_t a, b, c, d;
};

struct fake_x86 {
	bool irqs_off;
	unsigned long cr0, cr2, cr3, cr4;
	uint64_t tsc;
	uint64_t efer;
	unsigned int nr_cr3_loads, nr_invlpg, nr_wbinvd, nr_clflush,
		nr_swapgs;
	unsigned long last_invlpg;
	unsigned long dr[8];
};
extern struct fake_x86 fake_x86[64];
extern __thread unsigned int fake_cpu_id;

/* Called where a CPU would wait: other CPUs may act. May be NULL. */
extern void (*fake_relax_hook)(void);
/* NULL: all ones, ignored. */
extern uint32_t (*fake_in_hook)(uint16_t port, unsigned int bytes);
extern void (*fake_out_hook)(uint16_t port, unsigned int bytes, uint32_t val);
extern struct cpuid_regs (*fake_cpuid_hook)(uint32_t leaf, uint32_t subleaf);
extern uint64_t (*fake_rdmsr_hook)(uint32_t msr);
extern void (*fake_wrmsr_hook)(uint32_t msr, uint64_t val);

#define FAKE_X86 (fake_x86[fake_cpu_id])

static inline uint64_t rdmsr(uint32_t msr)
{
	if (msr == MSR_EFER)
		return FAKE_X86.efer;
	return fake_rdmsr_hook ? fake_rdmsr_hook(msr) : 0;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
	if (msr == MSR_EFER)
		FAKE_X86.efer = val;
	else if (fake_wrmsr_hook)
		fake_wrmsr_hook(msr, val);
}

typedef uint64_t __attribute__((aligned(1), may_alias)) fake_word_t;

static inline void rep_movsq(void *dst, const void *src, size_t nr)
{
	fake_word_t *d = dst;
	const fake_word_t *s = src;

	while (nr--)
		*d++ = *s++;
}

static inline void rep_stosq(void *dst, uint64_t word, size_t nr)
{
	fake_word_t *d = dst;

	while (nr--)
		*d++ = word;
}

static inline uint64_t rdtsc(void)
{
	return FAKE_X86.tsc;
}

static inline uint64_t rdtsc_ordered(void)
{
	return rdtsc();
}

static inline void fence_before_wrmsr(void)
{
}

static inline struct cpuid_regs cpuid_count(uint32_t leaf, uint32_t subleaf)
{
	return fake_cpuid_hook ? fake_cpuid_hook(leaf, subleaf) :
				 (struct cpuid_regs){ 0, 0, 0, 0 };
}

static inline unsigned long read_cr0(void)
{
	return FAKE_X86.cr0;
}

static inline void write_cr0(unsigned long v)
{
	FAKE_X86.cr0 = v;
}

static inline unsigned long read_cr2(void)
{
	return FAKE_X86.cr2;
}

static inline void write_cr2(unsigned long v)
{
	FAKE_X86.cr2 = v;
}

static inline unsigned long read_cr3(void)
{
	return FAKE_X86.cr3;
}

static inline void write_cr3(unsigned long v)
{
	FAKE_X86.cr3 = v;
	FAKE_X86.nr_cr3_loads++;
}

static inline unsigned long read_cr4(void)
{
	return FAKE_X86.cr4;
}

static inline void write_cr4(unsigned long v)
{
	FAKE_X86.cr4 = v;
}

#define DEFINE_DR(n)                                                          \
	static inline unsigned long read_dr##n(void)                          \
	{                                                                     \
		return FAKE_X86.dr[n];                                        \
	}                                                                     \
	static inline void write_dr##n(unsigned long v)                       \
	{                                                                     \
		FAKE_X86.dr[n] = v;                                           \
	}
DEFINE_DR(0)
DEFINE_DR(1)
DEFINE_DR(2)
DEFINE_DR(3)
DEFINE_DR(6)
DEFINE_DR(7)
#undef DEFINE_DR

static inline void invlpg(unsigned long va)
{
	FAKE_X86.last_invlpg = va;
	FAKE_X86.nr_invlpg++;
}

static inline void wbinvd(void)
{
	FAKE_X86.nr_wbinvd++;
}

static inline void swapgs(void)
{
	FAKE_X86.nr_swapgs++;
}

static inline void clflush(const void *p)
{
	(void)p;
	FAKE_X86.nr_clflush++;
}

static inline unsigned long irq_save(void)
{
	unsigned long f = FAKE_X86.irqs_off ? 0 : X86_EFLAGS_IF;

	FAKE_X86.irqs_off = true;
	return f;
}

static inline void irq_restore(unsigned long f)
{
	FAKE_X86.irqs_off = !(f & X86_EFLAGS_IF);
}

static inline bool irqs_enabled(void)
{
	return !FAKE_X86.irqs_off;
}

static inline void irq_disable(void)
{
	FAKE_X86.irqs_off = true;
}

static inline void irq_enable(void)
{
	FAKE_X86.irqs_off = false;
}

static inline void cpu_relax(void)
{
	if (fake_relax_hook)
		fake_relax_hook();
}

static inline void irq_enable_and_halt(void)
{
	irq_enable();
	cpu_relax();
}

static inline uint32_t fake_in(uint16_t port, unsigned int bytes)
{
	return fake_in_hook ? fake_in_hook(port, bytes) : 0xffffffff;
}

static inline void fake_out(uint16_t port, unsigned int bytes, uint32_t val)
{
	if (fake_out_hook)
		fake_out_hook(port, bytes, val);
}

static inline uint8_t inb(uint16_t port)
{
	return (uint8_t)fake_in(port, 1);
}

static inline uint16_t inw(uint16_t port)
{
	return (uint16_t)fake_in(port, 2);
}

static inline uint32_t inl(uint16_t port)
{
	return fake_in(port, 4);
}

static inline void outb(uint16_t port, uint8_t v)
{
	fake_out(port, 1, v);
}

static inline void outw(uint16_t port, uint16_t v)
{
	fake_out(port, 2, v);
}

static inline void outl(uint16_t port, uint32_t v)
{
	fake_out(port, 4, v);
}

/* Device registers: plain memory, unless a test's hook takes the access. */
extern bool (*fake_mmio_read_hook)(const volatile void *p, unsigned int bytes,
				   uint32_t *v);
extern bool (*fake_mmio_write_hook)(volatile void *p, unsigned int bytes,
				    uint32_t v);

static inline uint8_t mmio_read8(const volatile void *p)
{
	uint32_t v;

	if (fake_mmio_read_hook && fake_mmio_read_hook(p, 1, &v))
		return (uint8_t)v;
	return *(const volatile uint8_t *)p;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
	uint32_t v;

	if (fake_mmio_read_hook && fake_mmio_read_hook(p, 4, &v))
		return v;
	return *(const volatile uint32_t *)p;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
	if (!fake_mmio_write_hook || !fake_mmio_write_hook(p, 1, v))
		*(volatile uint8_t *)p = v;
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
	if (!fake_mmio_write_hook || !fake_mmio_write_hook(p, 2, v))
		*(volatile uint16_t *)p = v;
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	if (!fake_mmio_write_hook || !fake_mmio_write_hook(p, 4, v))
		*(volatile uint32_t *)p = v;
}

#endif
