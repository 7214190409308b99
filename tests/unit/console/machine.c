/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the serial port of machine.h, and what console/ links against
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include <lodge/x86.h>

#define COM1 0x3f8

struct fake_x86 fake_x86[64];
__thread unsigned int fake_cpu_id;
struct cpu_info fake_cpu_infos[NR_CPUS];
void (*fake_relax_hook)(void);
struct cpuid_regs (*fake_cpuid_hook)(uint32_t leaf, uint32_t subleaf);
uint64_t (*fake_rdmsr_hook)(uint32_t msr);
void (*fake_wrmsr_hook)(uint32_t msr, uint64_t val);

char sent[65536];
size_t nr_sent;
const char *to_receive = "";
bool port_there = true, port_takes = true;
void (*nmi)(void);
unsigned int works_raised;
static uint8_t scratch;

void clear_sent(void)
{
	nr_sent = 0;
	sent[0] = '\0';
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	assert_int_equal(bytes, 1);
	if (!port_there)
		return 0xff;
	switch (port - COM1) {
	case 0:
		return *to_receive ? (uint8_t)*to_receive++ : 0;
	case 5:
		return (port_takes ? 0x20 : 0) | (*to_receive ? 1 : 0);
	case 7:
		return scratch;
	}
	return 0;
}

static void port_out(uint16_t port, unsigned int bytes, uint32_t val)
{
	static uint8_t lcr;

	if (port == COM1 + 3)
		lcr = (uint8_t)val;
	if (port == COM1 + 7)
		scratch = (uint8_t)val;
	if (port != COM1 || lcr & 0x80)
		return;
	assert_true(nr_sent < sizeof(sent) - 1);
	sent[nr_sent++] = (char)val;
	sent[nr_sent] = '\0';
	if (nmi)
		nmi();
}

uint32_t (*fake_in_hook)(uint16_t, unsigned int) = port_in;
void (*fake_out_hook)(uint16_t, unsigned int, uint32_t) = port_out;

void panic(const char *fmt, ...)
{
	mock_assert(0, fmt, "panic", 0);
	abort();
}

void bug(const char *file, unsigned int line, const char *what)
{
	mock_assert(0, what, file, (int)line);
	abort();
}

void *kmalloc(size_t size)
{
	return malloc(size);
}

void work_register(enum work w, void (*fn)(void))
{
	assert_int_equal(w, WORK_KEYS);
}

void work_raise(enum work w)
{
	assert_int_equal(w, WORK_KEYS);
	works_raised++;
}
