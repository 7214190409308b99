/* SPDX-License-Identifier: MIT */
/*
 * machine.c - host tests: state of the fake processor, log, panic
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/percpu.h>
#include <lodge/x86.h>

struct fake_x86 fake_x86[64];
__thread unsigned int fake_cpu_id;
struct cpu_info fake_cpu_infos[NR_CPUS];
cpumask_t cpu_present_map = { 1 };
cpumask_t cpu_online_map = { 1 };
unsigned int nr_cpus_present = 1;

void (*fake_relax_hook)(void);
uint32_t (*fake_in_hook)(uint16_t port, unsigned int bytes);
void (*fake_out_hook)(uint16_t port, unsigned int bytes, uint32_t val);
struct cpuid_regs (*fake_cpuid_hook)(uint32_t leaf, uint32_t subleaf);
uint64_t (*fake_rdmsr_hook)(uint32_t msr);
void (*fake_wrmsr_hook)(uint32_t msr, uint64_t val);
bool (*fake_mmio_read_hook)(const volatile void *p, unsigned int bytes,
			    uint32_t *v);
bool (*fake_mmio_write_hook)(volatile void *p, unsigned int bytes, uint32_t v);

char fake_log[8192];
static size_t log_used;
char fake_panic[256];

void fake_log_clear(void)
{
	log_used = 0;
	fake_log[0] = '\0';
}

void printk(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(fake_log + log_used, sizeof(fake_log) - log_used, fmt,
		      ap);
	va_end(ap);
	if (n > 0)
		log_used = min(log_used + (size_t)n, sizeof(fake_log) - 1);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_panic, sizeof(fake_panic), fmt, ap);
	va_end(ap);
	mock_assert(0, fake_panic, "panic", 0);
	abort();	/* nobody expected it and cmocka went on */
}

void bug(const char *file, unsigned int line, const char *what)
{
	snprintf(fake_panic, sizeof(fake_panic), "%s", what);
	mock_assert(0, fake_panic, file, (int)line);
	abort();
}
