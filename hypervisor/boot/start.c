/* SPDX-License-Identifier: MIT */
/*
 * start.c - from the first line of C to the running Dom0
 *
 * The order is the layers': each step may use what stands above it in
 * start_all(), and nothing below.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/control.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/event.h>
#include <lodge/irq.h>
#include <lodge/loader.h>
#include <lodge/mm.h>
#include <lodge/pci.h>
#include <lodge/percpu.h>
#include <lodge/pv.h>
#include <lodge/sched.h>
#include <lodge/smp.h>
#include <lodge/time.h>
#include <lodge/x86.h>

struct boot_info boot_info;

/* The boot CPU's stack block; head.S begins below its cpu_info. */
static union {
	char block[STACK_SIZE];
	struct {
		char space[STACK_SIZE - sizeof(struct cpu_info)];
		struct cpu_info info;
	};
} boot_stack __aligned(STACK_SIZE);

_Static_assert(sizeof(boot_stack) == STACK_SIZE, "one block");

/* Known to head.S. */
extern void *const boot_stack_pointer;
void *const boot_stack_pointer = &boot_stack.info;

/* What stack_alloc() leaves out for other CPUs goes back to the allocator. */
static void guard_boot_stack(void)
{
	unsigned int page;

	for (page = 0; page < STACK_PAGES; page++) {
		char *va = boot_stack.block + page * PAGE_SIZE;
		paddr_t frame = mfn_to_paddr(virt_to_mfn(va));

		if (STACK_PAGE_USED(page))
			continue;
		unmap_frames((unsigned long)va, 1);
		mm_release_range(frame, PAGE_SIZE);
	}
}

static const char *__init kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[MEM_RAM] = "RAM", [MEM_RESERVED] = "reserved",
		[MEM_ACPI] = "ACPI", [MEM_NVS] = "ACPI NVS",
		[MEM_UNUSABLE] = "unusable",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "?";
}

static void __init tell_boot_info(const struct boot_info *bi)
{
	unsigned int i;

	printk("Lodge, a hypervisor for x86-64 (%s build), loaded by %s\n",
	       DEBUG_BUILD ? "debug" : "release", bi->loader);
	printk(LOG_INFO "command line: %s\n", bi->cmdline);
	for (i = 0; i < bi->nr_ranges; i++)
		printk(LOG_INFO "memory %012lx..%012lx %s\n",
		       bi->ranges[i].start,
		       bi->ranges[i].start + bi->ranges[i].size - 1,
		       kind_name(bi->ranges[i].kind));
	for (i = 0; i < bi->nr_modules; i++)
		printk(LOG_INFO "module %012lx..%012lx \"%s\"\n",
		       bi->modules[i].start,
		       bi->modules[i].start + bi->modules[i].size - 1,
		       bi->modules[i].cmdline);
}

/*
 * The 8259s, as the firmware left them, have a timer tick pending. Masked now,
 * while the local APIC still passes their line on, they take the request back;
 * later it would stay with the processor, and no vector would belong to it.
 */
static void __init mask_legacy_pics(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

/* The loader's data are copied and the command line's options set. */
static void __init take_over(uint32_t magic, uint32_t info)
{
	traps_early_init();
	mask_legacy_pics();
	if (!boot_parse(&boot_info, magic, info))
		panic("The boot loader speaks neither multiboot 1 nor 2, or "
		      "told of no memory: use GRUB's multiboot2");
	cmdline_parse(boot_info.cmdline, params_start, params_end);
	console_start();
	tell_boot_info(&boot_info);
	loader_unpack_kernel(&boot_info);
	trampoline_reserve(&boot_info);
}

static void __init start_all(void)
{
	debug_keys_init();
	nmi_init();
	shutdown_init();
	cpu_detect_features();
	mm_init(&boot_info);
	console_memory_init();
	protect_init();
	cpu_init_this();
	protect_self_test();
	acpi_init();
	apic_init_boot();
	smp_enumerate_cpus();
	time_init();
	irq_init();
	pci_init();
	console_irq_init();
	sched_init();
	domains_init();
	vcpu_event_pending_hook = vcpu_has_pending;
	pv_init();
	control_init();
	irq_enable();
	smp_boot_cpus();
	dom0_build(&boot_info);
}

/**
 * start_lodge() - the hypervisor begins here
 * @multiboot_magic: eax at entry
 * @multiboot_info:  ebx at entry: physical address of the loader's data
 *
 * Context: head.S, on the boot CPU's stack and the early page tables, IRQs
 * off. Not itself in .init, which mm_init_done() gives back.
 */
void start_lodge(uint32_t multiboot_magic, uint32_t multiboot_info)
{
	take_over(multiboot_magic, multiboot_info);
	start_all();
	console_dom0_starts();
	mm_init_done();
	guard_boot_stack();
	watchdog_start();
	selftest_run();
	reset_stack_and_run(idle_loop);
}
