/* SPDX-License-Identifier: MIT */
/*
 * watchdog.c - find a CPU that hangs in the hypervisor
 *
 * Every CPU counts its ticks (timer interrupts, at least five in a timeout) and
 * its beats (timers served, on the way out to a guest), and looks at each tick
 * at the counts of the next CPU. Ticks that stand still for the timeout are a
 * CPU with interrupts off; beats that stand still for twice as long one that
 * does not come to an end: it may only wait for the former. The hanging CPU
 * gets an NMI and panics with its own registers and back trace; if it takes not
 * even that, the one that watches panics.
 *
 * No performance counter is needed, so it works on every machine; but nobody
 * watches the only CPU. What is measured is the watching CPU's own ticks, so
 * that a pause of the whole machine is no hang. A debug key that prints for
 * longer than twice the timeout is one.
 *
 * Locks: none.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/lib.h>

#define TICKS_PER_TIMEOUT	5
#define ANSWER_MS		1000
#define NOBODY			(~0U)

/* How often a count was found unchanged. */
struct watched {
	uint32_t count;
	unsigned int unchanged;
};

struct watch {
	uint32_t ticks, beats;		/* [a] ours; a neighbour reads them */
	uint64_t next_tick_ns;		/* [C] */
	unsigned int neighbour;		/* [C] */
	struct watched its_ticks, its_beats;	/* [C] */
};

static DEFINE_PER_CPU(struct timer, beat_timer);
static DEFINE_PER_CPU(struct watch, watch);

static bool enabled;
static unsigned int stuck_cpu = NOBODY;		/* [a] it gets an NMI */

static uint32_t timeout_s = 5;	/* [I] */
PARAM_UINT("watchdog_timeout", timeout_s,
	   "seconds until the watchdog finds a CPU stuck; 0: no watchdog");

static int __init parse_watchdog(const char *value)
{
	int b = *value ? parse_bool(value) : 1;

	if (!strcmp(value, "force"))
		b = 1;
	if (b < 0)
		return -EINVAL;
	enabled = b;
	return 0;
}
PARAM_FN("watchdog", parse_watchdog, "panic when a CPU is stuck in the "
	 "hypervisor: a switch, or force, which is the same");

static unsigned int neighbour_of(unsigned int cpu)
{
	uint64_t above = cpu_online_map.bits & ~(BIT(cpu) | (BIT(cpu) - 1));

	return (unsigned int)__builtin_ctzl(above ? above :
						    cpu_online_map.bits);
}

static void __noreturn tell_stuck(unsigned int cpu)
{
	atomic_store(&stuck_cpu, cpu);
	apic_send_nmi(cpu);
	/* It stops us while it tells. */
	mdelay(ANSWER_MS);
	panic("Watchdog: CPU %u is stuck and takes no NMI", cpu);
}

static bool stuck_nmi(struct cpu_user_regs *regs)
{
	if (atomic_load(&stuck_cpu) != smp_processor_id())
		return false;
	panic_regs(regs, "Watchdog: this CPU hangs, for %u seconds or "
		   "more", timeout_s);
}

static bool stands_still(struct watched *w, uint32_t count, unsigned int most)
{
	if (w->count != count)
		*w = (struct watched){ .count = count };
	else
		w->unchanged++;
	return w->unchanged > most;
}

static void look_at_neighbour(struct watch *w)
{
	unsigned int cpu = neighbour_of(smp_processor_id());
	const struct watch *its = &per_cpu(watch, cpu);
	bool ticks, beats;

	if (cpu == smp_processor_id())
		return;
	if (w->neighbour != cpu)
		w->its_ticks.unchanged = w->its_beats.unchanged = 0;
	w->neighbour = cpu;
	ticks = stands_still(&w->its_ticks, atomic_load(&its->ticks),
			     TICKS_PER_TIMEOUT);
	beats = stands_still(&w->its_beats, atomic_load(&its->beats),
			     2 * TICKS_PER_TIMEOUT);
	if (ticks || beats)
		tell_stuck(cpu);
}

static uint64_t interval_ns(void)
{
	return timeout_s * NS_PER_SEC / TICKS_PER_TIMEOUT;
}

/* From the timer's interrupt. The next one must come without our service. */
static void tick(void)
{
	struct watch *w = &this_cpu(watch);
	uint64_t now = system_time_ns();

	apic_timer_set(now + interval_ns());
	if (now < w->next_tick_ns)
		return;
	w->next_tick_ns = now + interval_ns();
	(void)atomic_fetch_add(&w->ticks, 1U);
	look_at_neighbour(w);
}

static void set_next(unsigned int cpu)
{
	timer_set(&per_cpu(beat_timer, cpu), system_time_ns() + interval_ns());
}

/**
 * watchdog_alive() - long work that serves no timer, as an audit, goes on
 *
 * Called at steps whose number is bounded.
 *
 * Context: any.
 */
void watchdog_alive(void)
{
	(void)atomic_fetch_add(&this_cpu(watch).beats, 1U);
}

static void beat(void *unused)
{
	watchdog_alive();
	set_next(smp_processor_id());
}

/**
 * watchdog_start() - watch all CPUs that are online
 *
 * Context: boot CPU, once, all CPUs online, IRQs on; from now on each CPU
 * serves its timers.
 */
void watchdog_start(void)
{
	unsigned int cpu;

	if (!enabled || !timeout_s)
		return;
	if (cpumask_weight(&cpu_online_map) < 2) {
		printk(LOG_WARN "watchdog: off, as one CPU alone has nobody to "
		       "watch it\n");
		return;
	}
	nmi_register(stuck_nmi);
	timer_tick_hook = tick;
	for_each_cpu(cpu, &cpu_online_map) {
		timer_init(&per_cpu(beat_timer, cpu), beat, NULL, cpu);
		set_next(cpu);
	}
	printk(LOG_INFO "watchdog: a CPU that hangs for %u seconds ends in a "
	       "panic\n", timeout_s);
}
