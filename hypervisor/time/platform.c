/* SPDX-License-Identifier: MIT */
/*
 * platform.c - the platform clock: a counter that every CPU reads the same
 *
 * The first of HPET, ACPI PM timer and PIT that is there and counts. Narrow
 * counters turn over (the PIT's each 55 ms, the PM timer's possibly each
 * 4.7 s) between two reads, so each read asks system time how many turns went
 * by; that only has to be right to half a turn.
 *
 * Locks: platform_lock (LOCK_PLATFORM) guards the counter's access sequence
 * and the running total.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/lib.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

static struct {
	spinlock_t lock;
	const struct platform_clock *clock;	/* [I] */
	struct rate rate;			/* [I] */
	uint64_t last;		/* counter at the last read */
	uint64_t total;		/* counts since the start */
	uint64_t stime_ns;	/* system time of the last read */
} platform = { .lock = SPINLOCK_INIT(LOCK_PLATFORM) };

static char opt_clock[8];
PARAM_STRING("clocksource", opt_clock, "platform clock: hpet, acpi or pit");

/* ---- HPET: IA-PC HPET specification 1.0a ---- */

#define HPET_PERIOD_FS		0x004
#define HPET_CONFIG		0x010
#define HPET_COUNTER		0x0f0
#define HPET_CONFIG_ENABLE	1U
#define HPET_CONFIG_LEGACY	2U
#define HPET_MAX_PERIOD_FS	100000000
#define FS_PER_SEC		1000000000000000ULL

static char *hpet;

static uint64_t hpet_start(void)
{
	uint32_t period, config;

	if (!acpi_info.hpet_address)
		return 0;
	hpet = ioremap(PADDR(acpi_info.hpet_address), 0x400);
	if (!hpet)
		return 0;
	period = mmio_read32(hpet + HPET_PERIOD_FS);
	if (period == 0 || period > HPET_MAX_PERIOD_FS)
		return 0;
	config = mmio_read32(hpet + HPET_CONFIG) & ~HPET_CONFIG_LEGACY;
	mmio_write32(hpet + HPET_CONFIG, config | HPET_CONFIG_ENABLE);
	return FS_PER_SEC / period;
}

/* The low half of a 64-bit counter serves as well, and is never torn. */
static uint64_t hpet_read(void)
{
	return mmio_read32(hpet + HPET_COUNTER);
}

/* ---- ACPI PM timer ---- */

#define PM_TIMER_HZ 3579545

static uint64_t pm_timer_start(void)
{
	return acpi_info.pm_timer_port ? PM_TIMER_HZ : 0;
}

/* Some chips do not latch it: two reads close together are a good one. */
static uint64_t pm_timer_read(void)
{
	uint16_t port = (uint16_t)acpi_info.pm_timer_port;
	uint32_t a, b = inl(port);
	unsigned int tries;

	for (tries = 0; tries < 8; tries++) {
		a = b;
		b = inl(port);
		if (((b - a) & 0xffffff) < 0x1000)
			break;
	}
	return acpi_info.pm_timer_32bit ? b : b & 0xffffff;
}

/* ---- 8254 PIT, channel 0, counting down from 65536 again and again ---- */

#define PIT_HZ		1193182
#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define PIT_MODE2_CH0	0x34	/* low and high byte, rate generator */
#define PIT_LATCH_CH0	0x00

static uint64_t pit_start(void)
{
	outb(PIT_COMMAND, PIT_MODE2_CH0);
	outb(PIT_CHANNEL0, 0);
	outb(PIT_CHANNEL0, 0);
	return PIT_HZ;
}

static uint64_t pit_read(void)
{
	uint32_t left;

	outb(PIT_COMMAND, PIT_LATCH_CH0);
	left = inb(PIT_CHANNEL0);
	left |= (uint32_t)inb(PIT_CHANNEL0) << 8;
	return -left & 0xffff;
}

static const struct platform_clock clocks[] = {
	{ "hpet", 32, hpet_start, hpet_read },
	{ "acpi", 24, pm_timer_start, pm_timer_read },
	{ "acpi", 32, pm_timer_start, pm_timer_read },
	{ "pit", 16, pit_start, pit_read },
};

/* ---- all of them ---- */

uint64_t platform_unwrap(uint64_t last, uint64_t now, unsigned int bits,
			 uint64_t elapsed)
{
	uint64_t turn = BIT(bits), delta = (now - last) & (turn - 1);

	if (elapsed > delta)
		delta += (elapsed - delta + turn / 2) / turn * turn;
	return delta;
}

/*
 * With the lock: the counter showed @now. The boot CPU reads once a second and
 * keeps the total. Other CPUs look on: their TSC may be what is in question,
 * so they count turns by it only where there is no other way (the PIT).
 */
static uint64_t advance(uint64_t now)
{
	bool boot_cpu = smp_processor_id() == 0;
	uint64_t stime = tsc_ready() ? system_time_ns() : 0;
	uint64_t elapsed = 0, total;

	if ((boot_cpu || platform.clock->bits <= 16) && platform.stime_ns &&
	    stime > platform.stime_ns)
		elapsed = rate_to_count(platform.rate,
					stime - platform.stime_ns);
	total = platform.total + platform_unwrap(platform.last, now,
						 platform.clock->bits, elapsed);
	if (boot_cpu) {
		platform.total = total;
		platform.last = now;
		platform.stime_ns = stime;
	}
	return rate_to_ns(platform.rate, total);
}

static struct clock_pair read_pair(void)
{
	unsigned long flags = spin_lock_irqsave(&platform.lock);
	uint64_t before = rdtsc_ordered();
	uint64_t count = platform.clock->read();
	uint64_t width = rdtsc_ordered() - before;
	struct clock_pair pair = {
		.tsc = before + width / 2,
		.ns = advance(count),
		.width_tsc = width,
	};

	spin_unlock_irqrestore(&platform.lock, flags);
	return pair;
}

uint64_t platform_ns(void)
{
	return read_pair().ns;
}

uint64_t platform_turn_ns(void)
{
	return rate_to_ns(platform.rate, BIT(platform.clock->bits));
}

/* Under a hypervisor, or an SMI, a CPU may stand still between two reads. */
struct clock_pair clock_pair_read(void)
{
	struct clock_pair pair, best = read_pair();
	unsigned int i;

	for (i = 0; i < 9; i++) {
		pair = read_pair();
		if (pair.width_tsc < best.width_tsc)
			best = pair;
	}
	return best;
}

static bool counts(const struct platform_clock *clock)
{
	uint64_t first = clock->read();
	unsigned int tries;

	for (tries = 0; tries < 100000; tries++)
		if (clock->read() != first)
			return true;
	return false;
}

static bool try_clock(const struct platform_clock *clock)
{
	bool pm = clock->start == pm_timer_start;
	uint64_t hz;

	if (pm && (clock->bits == 32) != acpi_info.pm_timer_32bit)
		return false;
	hz = clock->start();
	if (hz == 0)
		return false;
	if (!counts(clock)) {
		printk(LOG_WARN "platform clock %s stands still, not used\n",
		       clock->name);
		return false;
	}
	platform.clock = clock;
	platform.rate = rate_from_hz(hz);
	platform.last = clock->read();
	printk(LOG_INFO "platform clock: %s, %u bits, %lu kHz\n", clock->name,
	       clock->bits, hz / 1000);
	return true;
}

void platform_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++)
		if (!strcmp(opt_clock, clocks[i].name) && try_clock(&clocks[i]))
			return;
	for (i = 0; i < ARRAY_SIZE(clocks); i++)
		if (try_clock(&clocks[i]))
			return;
	panic("no usable timer: neither HPET nor ACPI PM timer nor PIT "
	      "counts; turn one on in the firmware's setup");
}

/**
 * platform_clock_name() - which platform clock is in use
 *
 * Return: "hpet", "acpi" or "pit".
 */
const char *platform_clock_name(void)
{
	return platform.clock->name;
}

/**
 * platform_mmio_mfn() - the frame of the platform clock's registers
 *
 * Whoever writes there stops time, or has messages sent wherever it likes.
 *
 * Context: any, after time_init(); INVALID_MFN before.
 * Return: the HPET's frame if the HPET is in use; else INVALID_MFN.
 */
mfn_t platform_mmio_mfn(void)
{
	if (!platform.clock || platform.clock->start != hpet_start)
		return INVALID_MFN;
	return paddr_to_mfn(PADDR(acpi_info.hpet_address));
}
