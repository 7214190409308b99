/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the hardware of machine.h, and what console/ links against
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include <lodge/x86.h>

/* The one port there is: a test says which, -DCOM=. */
#ifndef COM
#define COM 0x3f8
#endif

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
unsigned long port_looks;
void (*nmi)(void);
unsigned int works_raised, logs_raised;
static uint8_t scratch;

uint16_t vga_memory[0x4000];
bool vga_there = true, vga_graphics;
uint8_t vga_crtc[256] = {
	[0x01] = 79, [0x07] = 0x1f, [0x09] = 0x4f, [0x12] = 0x8f,
};
static uint8_t vga_index, gc_index;

static const struct param *params[32];
static unsigned int nr_params;

void fake_param_add(const struct param *p)
{
	params[nr_params++] = p;
}

int set_option(const char *name, const char *value)
{
	unsigned int i;

	for (i = 0; i < nr_params; i++) {
		if (strcmp(params[i]->name, name))
			continue;
		if (params[i]->kind == PARAM_FN)
			return ((int (*)(const char *))params[i]->var)(value);
		assert_int_equal(params[i]->kind, PARAM_BOOL);
		*(bool *)params[i]->var = *value == 'y';
		return 0;
	}
	fail_msg("no option %s", name);
	return -1;
}

void *ioremap(paddr_t addr, size_t size)
{
	assert_int_equal(paddr_x(addr), 0xb8000);
	assert_int_equal(size, sizeof(vga_memory));
	return vga_memory;
}

static uint8_t vga_in(uint16_t port)
{
	if (!vga_there)
		return 0xff;
	switch (port) {
	case 0x3cc:
		return 0x67;
	case 0x3cf:
		return gc_index == 6 ? (vga_graphics ? 0x05 : 0x0e) : 0;
	case 0x3d5:
		return vga_crtc[vga_index];
	}
	return 0;
}

static void vga_out(uint16_t port, uint8_t val)
{
	if (port == 0x3ce)
		gc_index = val;
	if (port == 0x3d4)
		vga_index = val;
	if (port == 0x3d5)
		vga_crtc[vga_index] = val;
}

void clear_sent(void)
{
	nr_sent = 0;
	sent[0] = '\0';
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	assert_int_equal(bytes, 1);
	if (port >= 0x3c0 && port < 0x3e0)
		return vga_in(port);
	if (!port_there)
		return 0xff;
	switch (port & 7) {
	case 0:
		return *to_receive ? (uint8_t)*to_receive++ : 0;
	case 5:
		port_looks++;
		return (port_takes ? 0x20 : 0) | (*to_receive ? 1 : 0);
	case 7:
		return scratch;
	}
	return 0;
}

static void port_out(uint16_t port, unsigned int bytes, uint32_t val)
{
	static uint8_t lcr;

	if (port >= 0x3c0 && port < 0x3e0) {
		vga_out(port, (uint8_t)val);
		return;
	}
	if ((port & 7) == 3)
		lcr = (uint8_t)val;
	if ((port & 7) == 7)
		scratch = (uint8_t)val;
	if (port != COM || lcr & 0x80)
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
	assert_true(w == WORK_KEYS || w == WORK_LOG);
}

void work_raise(enum work w)
{
	if (w == WORK_LOG)
		logs_raised++;
	else
		works_raised++;
}
