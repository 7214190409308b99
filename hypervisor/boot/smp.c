/* SPDX-License-Identifier: MIT */
/*
 * smp.c - find and start the other CPUs
 *
 *   present --INIT--> prepared --SIPI--> called in --set up--> online
 *
 * All get their INIT at once and then wait, so that the pause behind it is
 * made once. They are started one after the other by the boot CPU, so the
 * trampoline and its arguments have one user at a time. A CPU that does not
 * call in is sent back by INIT: it must not wake up in memory that is given
 * back later.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/irq.h>
#include <lodge/lib.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/sched.h>
#include <lodge/smp.h>
#include <lodge/time.h>

/* Intel SDM 3A, 9.4.4: INIT, 10 ms, SIPI, 200 us, SIPI. */
#define AFTER_INIT_MS	10
#define AFTER_SIPI_US	200
#define CALL_IN_US	5000000
#define LOW_MEMORY_END	0xa0000UL
#define NO_CPU		(~0U)

/* The words at trampoline_args. */
struct trampoline_args {
	uint64_t cr3, stack, entry, boot_cr3;
};

extern char trampoline_start[], trampoline_args[], trampoline_end[];

static uint64_t trampoline_page;		/* physical; 0: there is none */
static uint32_t apic_ids[NR_CPUS];		/* [I] after enumeration */
static unsigned int called_in = NO_CPU;		/* [a] */

static uint32_t max_cpus = NR_CPUS;
PARAM_UINT("maxcpus", max_cpus, "start at most so many CPUs");

static bool nosmp;
PARAM_BOOL("nosmp", nosmp, "start no CPU but the boot CPU");

/**
 * cpu_apic_id() - a CPU's local APIC id
 * @cpu: a present CPU
 *
 * Context: any, after smp_enumerate_cpus().
 * Return: the id.
 */
uint32_t cpu_apic_id(unsigned int cpu)
{
	return apic_ids[cpu];
}

static bool __init page_in_module(const struct boot_info *bi, uint64_t page)
{
	unsigned int i;

	for (i = 0; i < bi->nr_modules; i++)
		if (page < bi->modules[i].start + bi->modules[i].size &&
		    bi->modules[i].start < page + PAGE_SIZE)
			return true;
	return false;
}

/* Highest page of memory in a range below 640 KiB, page 0 excepted. */
static uint64_t __init low_page_in(const struct boot_info *bi,
				   const struct mem_range *r)
{
	uint64_t end = ALIGN_DOWN(min(r->start + r->size, LOW_MEMORY_END),
				  PAGE_SIZE);
	uint64_t page;

	for (page = end; page > PAGE_SIZE;) {
		page -= PAGE_SIZE;
		if (page < r->start)
			return 0;
		if (!page_in_module(bi, page))
			return page;
	}
	return 0;
}

/**
 * trampoline_reserve() - take a page below 1 MiB out of the memory map
 * @bi: has the sanitized map
 *
 * Context: at boot, before mm_init().
 */
void __init trampoline_reserve(struct boot_info *bi)
{
	unsigned int i;

	for (i = 0; i < bi->nr_ranges && !trampoline_page; i++)
		if (bi->ranges[i].kind == MEM_RAM)
			trampoline_page = low_page_in(bi, &bi->ranges[i]);
	if (!trampoline_page)
		return;
	boot_add_range(bi, trampoline_page, PAGE_SIZE, MEM_RESERVED);
	bi->nr_ranges = memmap_sanitize(bi->ranges, bi->nr_ranges,
					BOOT_MAX_RANGES);
}

/**
 * smp_enumerate_cpus() - number the CPUs that the MADT names
 *
 * Context: boot CPU, after acpi_init() and apic_init_boot().
 */
void __init smp_enumerate_cpus(void)
{
	uint32_t limit = nosmp ? 1 : min(max_cpus, (uint32_t)NR_CPUS);
	unsigned int i, left_out = 0;

	apic_ids[0] = apic_id();
	for (i = 0; i < acpi_info.nr_cpus; i++) {
		if (!acpi_info.cpus[i].enabled ||
		    acpi_info.cpus[i].apic_id == apic_ids[0])
			continue;
		if (nr_cpus_present >= limit) {
			left_out++;
			continue;
		}
		apic_ids[nr_cpus_present] = acpi_info.cpus[i].apic_id;
		cpumask_set(&cpu_present_map, nr_cpus_present++);
	}
	printk(LOG_INFO "%u CPUs, %u more left out\n", nr_cpus_present,
	       left_out);
}

static bool wait_for(bool (*reached)(unsigned int), unsigned int cpu,
		     unsigned int us)
{
	uint64_t end = system_time_ns() + us * NS_PER_US;

	while (!reached(cpu)) {
		if (system_time_ns() > end)
			return false;
		udelay(10);
	}
	return true;
}

static bool has_called_in(unsigned int cpu)
{
	return atomic_load(&called_in) == cpu;
}

static bool is_online(unsigned int cpu)
{
	return cpumask_test(&cpu_online_map, cpu);
}

static void __init send_all_init(void)
{
	unsigned int cpu;

	for (cpu = 1; cpu < nr_cpus_present; cpu++)
		apic_send_init(apic_ids[cpu]);
	mdelay(AFTER_INIT_MS);
}

static bool __init kick_cpu(unsigned int cpu)
{
	unsigned int page = (unsigned int)(trampoline_page >> PAGE_SHIFT);

	apic_send_sipi(apic_ids[cpu], page);
	if (wait_for(has_called_in, cpu, AFTER_SIPI_US))
		return true;
	apic_send_sipi(apic_ids[cpu], page);
	return wait_for(has_called_in, cpu, CALL_IN_US);
}

static void __init start_cpu(unsigned int cpu, struct trampoline_args *args)
{
	if (cpu_prepare(cpu)) {
		printk(LOG_WARN "CPU %u: no memory for it\n", cpu);
		return;
	}
	sched_init_cpu(cpu);
	args->cr3 = mfn_to_paddr(virt_to_mfn(hyp_l4)).x;
	args->stack = (uint64_t)cpu_stack(cpu);
	/* It compares its TSC with ours, by the best rate that there is. */
	time_refine();
	atomic_store(&called_in, NO_CPU);
	if (!kick_cpu(cpu)) {
		apic_send_init(apic_ids[cpu]);
		printk(LOG_WARN "CPU %u (APIC id %u) does not answer\n", cpu,
		       apic_ids[cpu]);
		return;
	}
	if (!wait_for(is_online, cpu, CALL_IN_US))
		panic("CPU %u stopped on its way online: start without it, by "
		      "maxcpus=%u", cpu, cpu);
}

/**
 * smp_boot_cpus() - start all present CPUs
 *
 * Context: boot CPU, after all subsystems; IRQs on.
 */
void __init smp_boot_cpus(void)
{
	mfn_t mfn = paddr_to_mfn(PADDR(trampoline_page));
	unsigned int cpu;
	char *page;

	if (nr_cpus_present == 1)
		return;
	page = trampoline_page ? vmap(&mfn, 1, MAP_RW) : NULL;
	if (!page) {
		printk(LOG_WARN "no page below 1 MiB: only the boot CPU "
		       "runs\n");
		return;
	}
	memcpy(page, trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	send_all_init();
	for (cpu = 1; cpu < nr_cpus_present; cpu++)
		start_cpu(cpu, (struct trampoline_args *)
				       (page + (trampoline_args -
						trampoline_start)));
	vunmap(page);
	printk(LOG_INFO "%u of %u CPUs run\n", cpumask_weight(&cpu_online_map),
	       nr_cpus_present);
}

/**
 * smp_ap_main() - the rest of an AP's start
 *
 * Context: from start_ap64, on the AP's own stack and the final page tables,
 * IRQs off.
 */
void smp_ap_main(void)
{
	unsigned int cpu = smp_processor_id();

	current = idle_vcpu(cpu);
	atomic_store(&called_in, cpu);
	cpu_init_this();
	apic_init_cpu();
	time_init_cpu();
	cpumask_set(&cpu_online_map, cpu);
	reset_stack_and_run(idle_loop);
}
