/* SPDX-License-Identifier: MIT */
/*
 * apic.c - the local APIC: one set of registers, reached in two ways
 *
 * In xAPIC mode the registers are a page of memory, in x2APIC mode they are
 * model-specific registers; struct apic_ops hides which. All CPUs run in the
 * mode that the boot CPU chose. IPIs go to physical destinations. The timer
 * runs by TSC deadline where the processor can, else as a one-shot count at a
 * rate measured at boot.
 *
 * Locks: none. Registers belong to their CPU. A command for the xAPIC is two
 * stores, so interrupts are off between them; an NMI handler that sends must
 * not return (smp_stop_others).
 */
#include <lodge/acpi.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/irq.h>
#include <lodge/mm.h>
#include <lodge/smp.h>
#include <lodge/time.h>
#include <lodge/work.h>
#include <lodge/x86.h>

/* Offsets of the registers in the xAPIC's page (SDM vol. 3A, table 11-1). */
enum apic_reg {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SVR = 0xf0,
	APIC_ESR = 0x280,
	APIC_LVT_CMCI = 0x2f0,
	APIC_ICR = 0x300,
	APIC_ICR_DEST = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_BASE_BSP		0x100UL
#define APIC_BASE_EXTD		0x400UL
#define APIC_BASE_ENABLE	0x800UL
#define APIC_BASE_ADDRESS	0x000ffffffffff000UL

#define SVR_ENABLE		0x100
#define LVT_NMI			0x00400
#define LVT_MASKED		0x10000
#define LVT_TSC_DEADLINE	0x40000
#define ICR_NMI			0x00400
#define ICR_INIT		0x00500
#define ICR_STARTUP		0x00600
#define ICR_BUSY		0x01000
#define ICR_ASSERT		0x04000
#define ICR_SELF		0x40000
#define DIVIDE_BY_16		0x3

/* The count is 32 bits wide; at most 1 tick/ns, so this always fits. */
#define ONESHOT_MAX_NS		(4 * NS_PER_SEC)

struct apic_ops {
	const char *name;
	uint32_t (*read)(enum apic_reg reg);
	void (*write)(enum apic_reg reg, uint32_t v);
	void (*command)(uint32_t dest, uint32_t icr);
	uint32_t (*id)(void);
};

static const struct apic_ops *apic;	/* [I] NULL: apic_init_boot not yet */
static void *xapic_page;		/* [I] */
static uint64_t apic_base;		/* [I] address and mode bits */
static uint64_t ticks_per_ns_frac;	/* [a] timer: ticks * 2^32 / ns */

static bool opt_x2apic = true;
PARAM_BOOL("x2apic", opt_x2apic, "use x2APIC mode where the CPU has it");

static uint32_t xapic_read(enum apic_reg reg)
{
	return mmio_read32((char *)xapic_page + reg);
}

static void xapic_write(enum apic_reg reg, uint32_t v)
{
	mmio_write32((char *)xapic_page + reg, v);
}

static void xapic_command(uint32_t dest, uint32_t icr)
{
	unsigned long flags = irq_save();

	while (xapic_read(APIC_ICR) & ICR_BUSY)
		cpu_relax();
	xapic_write(APIC_ICR_DEST, dest << 24);
	xapic_write(APIC_ICR, icr);
	irq_restore(flags);
}

static uint32_t xapic_id(void)
{
	return xapic_read(APIC_ID) >> 24;
}

static const struct apic_ops xapic_ops = {
	.name = "xAPIC",
	.read = xapic_read,
	.write = xapic_write,
	.command = xapic_command,
	.id = xapic_id,
};

static uint32_t x2apic_read(enum apic_reg reg)
{
	return (uint32_t)rdmsr(MSR_X2APIC_BASE + (reg >> 4));
}

static void x2apic_write(enum apic_reg reg, uint32_t v)
{
	wrmsr(MSR_X2APIC_BASE + (reg >> 4), v);
}

/* These MSRs do not serialize: what the target is to see must be out first. */
static void x2apic_command(uint32_t dest, uint32_t icr)
{
	fence_before_wrmsr();
	wrmsr(MSR_X2APIC_BASE + (APIC_ICR >> 4), (uint64_t)dest << 32 | icr);
}

static uint32_t x2apic_id(void)
{
	return x2apic_read(APIC_ID);
}

static const struct apic_ops x2apic_ops = {
	.name = "x2APIC",
	.read = x2apic_read,
	.write = x2apic_write,
	.command = x2apic_command,
	.id = x2apic_id,
};

/* ---- identity, acknowledgement, inter-processor interrupts ---- */

/**
 * apic_id() - the calling CPU's APIC id
 *
 * Context: any, once apic_init_boot() ran.
 * Return: 8 bits in xAPIC mode, 32 in x2APIC mode.
 */
uint32_t apic_id(void)
{
	return apic->id();
}

/**
 * apic_eoi() - acknowledge the interrupt in service on this CPU
 *
 * Context: interrupts off.
 */
void apic_eoi(void)
{
	apic->write(APIC_EOI, 0);
}

/**
 * apic_send_ipi() - interrupt another CPU, or this one
 * @cpu:    online CPU
 * @vector: what it shall take
 *
 * Context: any but NMI, unless the sender does not return from that.
 */
void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
	apic->command(cpu_apic_id(cpu), vector);
}

/**
 * apic_send_ipi_mask() - apic_send_ipi() for each CPU of a set
 * @mask:   online CPUs
 * @vector: what they shall take
 *
 * Context: as apic_send_ipi().
 */
void apic_send_ipi_mask(const cpumask_t *mask, unsigned int vector)
{
	unsigned int cpu;

	for_each_cpu(cpu, mask)
		apic_send_ipi(cpu, vector);
}

/**
 * apic_send_self() - interrupt this CPU
 * @vector: what it shall take as soon as it has interrupts on
 *
 * By the destination's short name: in xAPIC mode that leaves the destination
 * alone, which the interrupted code may have stored already.
 *
 * Context: any, NMI included; before apic_init_boot() nothing happens.
 */
void apic_send_self(unsigned int vector)
{
	if (!apic)
		return;
	if (apic == &x2apic_ops) {
		x2apic_command(0, ICR_SELF | vector);
		return;
	}
	while (xapic_read(APIC_ICR) & ICR_BUSY)
		cpu_relax();
	xapic_write(APIC_ICR, ICR_SELF | vector);
}

/**
 * apic_send_nmi() - an NMI for another CPU
 * @cpu: online
 *
 * Context: as apic_send_ipi().
 */
void apic_send_nmi(unsigned int cpu)
{
	apic->command(cpu_apic_id(cpu), ICR_ASSERT | ICR_NMI);
}

/**
 * apic_send_nmi_others() - an NMI for every online CPU but this one
 *
 * Context: any; before apic_init_boot() there are no others.
 */
void apic_send_nmi_others(void)
{
	unsigned int cpu;

	for_each_cpu(cpu, &cpu_online_map)
		if (cpu != smp_processor_id())
			apic->command(cpu_apic_id(cpu), ICR_ASSERT | ICR_NMI);
}

/**
 * apic_send_init() - reset a CPU into its wait for a start-up IPI
 * @id: its APIC id
 *
 * Context: boot CPU. The caller keeps the pause that the SDM asks for.
 */
void apic_send_init(uint32_t id)
{
	apic->command(id, ICR_ASSERT | ICR_INIT);
}

/**
 * apic_send_sipi() - start a CPU that waits
 * @id:   its APIC id
 * @page: number of the page below 1 MiB where it begins, in real mode
 *
 * Context: boot CPU, after apic_send_init().
 */
void apic_send_sipi(uint32_t id, unsigned int page)
{
	apic->command(id, ICR_ASSERT | ICR_STARTUP | (page & 0xff));
}

/* ---- timer ---- */

static void timer_set_deadline(uint64_t ns)
{
	/* 0 disarms, so a deadline must not be 0; one in the past fires. */
	uint64_t tsc = ns ? max(time_ns_to_tsc(ns), 1UL) : 0;

	wrmsr(MSR_TSC_DEADLINE, tsc);
}

static void timer_set_oneshot(uint64_t ns)
{
	uint64_t now, left, ticks;

	if (ns == 0) {
		apic->write(APIC_TIMER_INITIAL, 0);
		return;
	}
	now = system_time_ns();
	left = ns > now ? min(ns - now, ONESHOT_MAX_NS) : 0;
	ticks = (left * READ_ONCE(ticks_per_ns_frac) >> 32) + 1;
	apic->write(APIC_TIMER_INITIAL, (uint32_t)ticks);
}

/**
 * apic_timer_set() - when this CPU's timer shall interrupt next
 * @ns: system time; 0: not at all
 *
 * A time in the past interrupts at once. It may come early (the count is
 * narrow): who set it looks at the clock and sets it again.
 *
 * Context: interrupts off. Takes no lock.
 */
void apic_timer_set(uint64_t ns)
{
	if (cpu_features.tsc_deadline)
		timer_set_deadline(ns);
	else
		timer_set_oneshot(ns);
}

struct timer_sample {
	uint64_t tsc, width;
	uint32_t count;
};

/* Of several reads of both clocks, the one that was disturbed least. */
static struct timer_sample timer_sample(void)
{
	struct timer_sample best = { .width = ~0UL };
	unsigned int i;

	for (i = 0; i < 10; i++) {
		uint64_t before = rdtsc_ordered();
		uint32_t count = apic->read(APIC_TIMER_CURRENT);
		uint64_t width = rdtsc_ordered() - before;

		if (width < best.width)
			best = (struct timer_sample){
				.tsc = before + width / 2,
				.width = width,
				.count = count,
			};
	}
	return best;
}

/* What was measured: so many ticks while the TSC counted so far. */
static struct {
	struct timer_sample first;
	uint64_t ticks, tsc;
} measured;

/**
 * apic_timer_measure() - begin to measure the one-shot timer's rate
 *
 * All CPUs count at the same rate, so the boot CPU measures for all. Nothing
 * is to be done where the timer compares with the TSC.
 *
 * Context: boot CPU, after apic_init_boot(), before any timer is set.
 */
void apic_timer_measure(void)
{
	if (cpu_features.tsc_deadline)
		return;
	apic->write(APIC_LVT_TIMER, LVT_MASKED | VEC_APIC_TIMER);
	apic->write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic->write(APIC_TIMER_INITIAL, ~0U);
	measured.first = timer_sample();
}

/**
 * apic_timer_measured() - the measurement ends
 *
 * Ticks last up to a few hundred nanoseconds: over 10 ms the rate is good to
 * some 30 ppm. Panics if the count stands still: there would be no time
 * slices.
 *
 * Context: boot CPU, after apic_timer_measure().
 */
void apic_timer_measured(void)
{
	struct timer_sample last;

	if (cpu_features.tsc_deadline)
		return;
	last = timer_sample();
	apic->write(APIC_TIMER_INITIAL, 0);
	apic->write(APIC_LVT_TIMER, VEC_APIC_TIMER);
	measured.ticks = measured.first.count - last.count;
	measured.tsc = last.tsc - measured.first.tsc;
	if (!measured.ticks || !measured.tsc)
		panic("the local APIC's timer does not count: Lodge needs "
		      "another processor");
}

/**
 * apic_timer_set_tsc_rate() - make nanoseconds of what was measured
 * @khz: the TSC's rate
 *
 * Context: boot CPU, after apic_timer_measured(); other CPUs may be setting
 * their timers.
 */
void apic_timer_set_tsc_rate(uint64_t khz)
{
	uint64_t ns, frac;

	if (cpu_features.tsc_deadline)
		return;
	ns = measured.tsc * 1000000 / khz;
	frac = (measured.ticks << 32) / max(ns, 1UL);
	if (frac == 0 || frac >> 32)
		panic("the local APIC's timer runs at an absurd rate: Lodge "
		      "needs another processor");
	if (!ticks_per_ns_frac)
		printk(LOG_INFO "APIC timer: %lu kHz, one-shot\n",
		       frac * 1000000 >> 32);
	WRITE_ONCE(ticks_per_ns_frac, frac);
}

void (*timer_tick_hook)(void);

static void timer_interrupt(struct cpu_user_regs *regs)
{
	work_raise(WORK_TIMER);
	if (timer_tick_hook)
		timer_tick_hook();
}

/* ---- start ---- */

/* What bit n of the error status register says. */
static const char *const error_names[] = {
	"send checksum", "receive checksum", "send accept", "receive accept",
	"redirectable IPI", "send illegal vector", "received illegal vector",
	"illegal register address",
};

static void error_interrupt(struct cpu_user_regs *regs)
{
	uint32_t esr;
	unsigned int i;

	apic->write(APIC_ESR, 0);
	esr = apic->read(APIC_ESR);
	for (i = 0; i < ARRAY_SIZE(error_names); i++)
		if (esr >> i & 1)
			printk(LOG_WARN "CPU%u: local APIC error: %s\n",
			       smp_processor_id(), error_names[i]);
}

/*
 * Turning x2APIC off leads through the disabled state, and only firmware that
 * found ids above 254 turns it on: so what it left on stays on.
 */
static bool want_x2apic(uint64_t base)
{
	if (base & APIC_BASE_EXTD) {
		if (!opt_x2apic)
			printk(LOG_WARN "x2apic=0: the firmware turned x2APIC "
					"on, it stays on\n");
		return true;
	}
	return cpu_features.x2apic && opt_x2apic;
}

static void enter_mode(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) & APIC_BASE_BSP;

	/* The step from disabled to x2APIC is not allowed in one. */
	wrmsr(MSR_APIC_BASE, base | (apic_base & ~APIC_BASE_EXTD));
	if (apic_base & APIC_BASE_EXTD)
		wrmsr(MSR_APIC_BASE, base | apic_base);
}

static void init_lvt(void)
{
	uint32_t last = apic->read(APIC_VERSION) >> 16 & 0xff;
	bool boot_cpu = rdmsr(MSR_APIC_BASE) & APIC_BASE_BSP;

	apic->write(APIC_LVT_TIMER, VEC_APIC_TIMER |
		    (cpu_features.tsc_deadline ? LVT_TSC_DEADLINE : 0));
	apic->write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic->write(APIC_TIMER_INITIAL, 0);
	if (last >= 6)
		apic->write(APIC_LVT_CMCI, LVT_MASKED);
	if (last >= 5)
		apic->write(APIC_LVT_THERMAL, LVT_MASKED);
	if (last >= 4)
		apic->write(APIC_LVT_PERF, LVT_MASKED);
	/* LINT0 would be the 8259's; LINT1 is the machine's NMI. */
	apic->write(APIC_LVT_LINT0, LVT_MASKED);
	apic->write(APIC_LVT_LINT1, LVT_NMI | (boot_cpu ? 0 : LVT_MASKED));
	apic->write(APIC_ESR, 0);
	apic->write(APIC_LVT_ERROR, VEC_APIC_ERROR);
	/* The LVT write in xAPIC mode is memory, the deadline is an MSR. */
	fence_before_wrmsr();
}

/* Whatever the firmware left in service would hold back lower priorities. */
static void drain_in_service(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		apic_eoi();
}

/**
 * apic_init_cpu() - bring the calling CPU's local APIC into our state
 *
 * Same mode as the boot CPU's, all sources masked but timer, error and, on
 * the boot CPU, NMI; every priority accepted.
 *
 * Context: interrupts off.
 */
void apic_init_cpu(void)
{
	enter_mode();
	apic->write(APIC_TPR, 0);
	apic->write(APIC_SVR, SVR_ENABLE | VEC_SPURIOUS);
	drain_in_service();
	init_lvt();
}

static void map_xapic(void)
{
	xapic_page = ioremap(PADDR(apic_base & APIC_BASE_ADDRESS), PAGE_SIZE);
	if (!xapic_page)
		panic_no_memory("the mapping of the local APIC");
}

/**
 * apic_init_boot() - choose the mode and set up the boot CPU's local APIC
 *
 * Panics where there is no local APIC: nothing here works without.
 *
 * Context: boot CPU, interrupts off, after cpu_detect_features() and mm_init().
 */
void apic_init_boot(void)
{
	uint64_t base;

	if (!(cpuid_count(1, 0).d & BIT(9)))
		panic("this CPU has no local APIC, or it is off: turn it on in "
		      "the firmware's setup");
	base = rdmsr(MSR_APIC_BASE);
	apic_base = (base & APIC_BASE_ADDRESS) | APIC_BASE_ENABLE;
	if (want_x2apic(base)) {
		apic_base |= APIC_BASE_EXTD;
		apic = &x2apic_ops;
	} else {
		map_xapic();
		apic = &xapic_ops;
	}
	vector_register(VEC_APIC_TIMER, timer_interrupt);
	vector_register(VEC_APIC_ERROR, error_interrupt);
	smp_ipi_init();
	apic_init_cpu();
	printk(LOG_INFO "local APIC: %s, %s timer, boot CPU has id %u\n",
	       apic->name, cpu_features.tsc_deadline ? "deadline" : "one-shot",
	       apic_id());
}

/**
 * apic_mmio_mfn() - the frame of the local APIC's registers
 *
 * Context: any, after apic_init_boot().
 * Return: the frame, in x2APIC mode too (it is reserved all the same).
 */
mfn_t apic_mmio_mfn(void)
{
	return paddr_to_mfn(PADDR(apic_base & APIC_BASE_ADDRESS));
}
