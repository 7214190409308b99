/* SPDX-License-Identifier: MIT */
/*
 * tsc.c - system time: the TSC, kept in step with the platform clock
 *
 * System time is a linear function of the TSC (struct time_scale). Its first
 * rate comes from a short window, and while the machine boots it is measured
 * again over all the time since (time_refine()): Dom0 starts with one that is
 * good to SETTLED_PPM. Once a second the function is made anew: it goes on
 * where the old one stands, at the measured rate, corrected so that the error
 * against the platform clock is gone a second later. Where all TSCs agree,
 * which is checked when a CPU starts and once a second, the boot CPU does this
 * for all; else each CPU has a function of its own and is steered towards the
 * same platform clock.
 *
 *	SHARED --a CPU's TSC disagrees, three times--> OWN (never back)
 *
 * Locks: none. A function is published in one of two slots under a sequence
 * number that is odd meanwhile. Its writer reads the TSC while the number is
 * odd, a reader reads it between two equal even ones: so no reader uses the
 * old function at a TSC beyond the new one's beginning, and time never steps
 * back, on any CPU. An NMI can interrupt the writer: readers give up waiting
 * and use the last published slot.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include <lodge/x86.h>

/* Who is steered: all CPUs together, or one of them. */
struct tsc_clock {
	uint32_t seq;			/* [a] odd: being written */
	struct time_scale slot[2];	/* [a] seq / 2 % 2 is valid */
	/* [C] of the last calibration; until the first, the window's beginning */
	struct clock_pair last;
	struct rate rate;		/* [C] as measured, smoothed */
	bool ready;			/* [a] */
	bool measured;			/* [C] over a long window */
	unsigned int nr_skipped;	/* [C] disturbed measurements in a row */
	unsigned int nr_bad;		/* [C] disagreements in a row */
	int64_t error_ns;		/* [C] last seen, for the dump */
};

/* Until it is calibrated: 5 GHz, so that no delay is shorter than asked. */
static struct tsc_clock shared = {
	.slot[0] = { .mul_frac = 0xcccccccd, .shift = -2 },
};
static DEFINE_PER_CPU(struct tsc_clock, own_clock);
static bool tsc_shared = true;		/* [a] */
static uint64_t epoch_ns;		/* [I] system time - platform time */
static uint64_t boot_khz;		/* [I] once Dom0 runs */
static uint64_t boot_tsc_adjust;	/* [I] */
static struct timer calibrate_timer;

void (*time_recalibrated_hook)(void);

#define CALIBRATE_NS		NS_PER_SEC
/*
 * The first rate, for delays and the first CPUs to start: by the PIT, whose
 * counts last 838 ns, it is good to 170 ppm.
 */
#define FIRST_WINDOW_NS		(10 * NS_PER_MS)
#define FIRST_TRIES		20
/*
 * The rate that Dom0 starts with: by the PIT good to 34 ppm, and by any clock
 * to SETTLED_PPM, unless reads are so slow that it would take too long.
 */
#define SETTLE_MIN_NS		(50 * NS_PER_MS)
#define SETTLE_MAX_NS		(200 * NS_PER_MS)
#define SETTLED_PPM		100
#define MIN_WINDOW_NS		(100 * NS_PER_MS)
#define LONG_WINDOW_NS		(500 * NS_PER_MS)
/* What counts slower than this is no TSC. */
#define MIN_TSC_HZ		1000000
/* Two reads further apart than that say too little. */
#define MAX_WIDTH_NS		(100 * NS_PER_US)
#define MAX_SKIPPED		10
/*
 * A TSC that is off by more than this (and by what is unsure) disagrees. When a
 * CPU starts, the rate is known from a short window only: what is less wrong
 * than START_TOLERANCE_NS is found a few seconds later.
 */
#define SYNC_TOLERANCE_NS	(50 * NS_PER_US)
#define START_TOLERANCE_NS	NS_PER_MS
#define MAX_BAD			5
#define READER_SPINS		100000

static struct tsc_clock *this_clock(void)
{
	struct tsc_clock *own = &this_cpu(own_clock);

	return READ_ONCE(tsc_shared) || !READ_ONCE(own->ready) ? &shared : own;
}

/* The function in force and a TSC value at which it was. */
static uint64_t read_scale(const struct tsc_clock *c, struct time_scale *ts)
{
	unsigned int spins;
	uint64_t tsc = 0;
	uint32_t seq;

	for (spins = 0; spins < READER_SPINS; spins++) {
		seq = atomic_load(&c->seq);
		*ts = c->slot[seq / 2 % 2];
		tsc = rdtsc_ordered();
		smp_rmb();
		if (!(seq & 1) && atomic_load(&c->seq) == seq)
			break;
		cpu_relax();
	}
	return tsc;
}

/**
 * system_time_ns() - nanoseconds since boot
 *
 * Never backward on a CPU; nor between CPUs, as far as their TSCs agree.
 *
 * Context: any, NMI included; before time_init() it is a rough guess.
 */
uint64_t system_time_ns(void)
{
	struct time_scale ts;
	uint64_t tsc = read_scale(this_clock(), &ts);

	return scale_to_ns(&ts, tsc);
}

/**
 * time_get_scale() - the function by which this CPU computes system time
 * @ts: out; TSC stamp, system time there, rate as the ABI has it
 *
 * Context: any; valid until time_recalibrated_hook is called here.
 */
void time_get_scale(struct time_scale *ts)
{
	(void)read_scale(this_clock(), ts);
}

/**
 * time_ns_to_tsc() - when will it be that late?
 * @ns: system time
 *
 * Return: this CPU's TSC at @ns; for a time long past, a value in the past.
 */
uint64_t time_ns_to_tsc(uint64_t ns)
{
	struct time_scale ts;

	(void)read_scale(this_clock(), &ts);
	return scale_to_tsc(&ts, ns);
}

/**
 * tsc_khz() - frequency of the TSC as measured at boot
 */
uint64_t tsc_khz(void)
{
	return boot_khz;
}

/**
 * udelay() - spin
 * @us: at least so many microseconds
 *
 * Context: any; works from the first moment on.
 */
void udelay(unsigned int us)
{
	struct time_scale ts;
	uint64_t start = read_scale(this_clock(), &ts), count;

	count = rate_to_count((struct rate){ ts.mul_frac, ts.shift },
			      us * NS_PER_US);
	while (rdtsc_ordered() - start < count)
		cpu_relax();
}

/**
 * mdelay() - spin
 * @ms: at least so many milliseconds
 *
 * Context: any.
 */
void mdelay(unsigned int ms)
{
	while (ms--)
		udelay(1000);
}

bool tsc_ready(void)
{
	return READ_ONCE(shared.ready);
}

/* ---- steering ---- */

/*
 * Interrupts are off so that readers wait for a moment only. The TSC is read
 * when no reader can start with the old function any more.
 */
static void publish(struct tsc_clock *c, int64_t error_ns)
{
	unsigned long flags = irq_save();
	uint32_t seq = c->seq;

	atomic_store(&c->seq, seq + 1);
	smp_mb();
	c->slot[(seq / 2 + 1) % 2] = scale_steer(&c->slot[seq / 2 % 2],
						 rdtsc_ordered(), c->rate,
						 error_ns);
	atomic_store(&c->seq, seq + 2);
	irq_restore(flags);
}

static int64_t error_at(const struct tsc_clock *c,
			const struct clock_pair *pair)
{
	const struct time_scale *ts = &c->slot[c->seq / 2 % 2];

	return (int64_t)(pair->ns + epoch_ns - scale_to_ns(ts, pair->tsc));
}

/*
 * A quarter of each new measurement counts, unless the rate has changed, or is
 * the one that the boot went with.
 */
static void update_rate(struct tsc_clock *c, const struct clock_pair *pair)
{
	struct rate now = rate_from_ratio(pair->ns - c->last.ns,
					  pair->tsc - c->last.tsc);
	bool first = !c->measured && pair->ns - c->last.ns >= LONG_WINDOW_NS;
	int64_t diff;

	if (first || now.shift - c->rate.shift > 1 ||
	    c->rate.shift - now.shift > 1) {
		c->rate = now;
		c->measured |= first;
		return;
	}
	diff = rate_difference(now, c->rate);
	if (diff > 1000000 || diff < -1000000)
		c->rate = now;
	else
		c->rate = rate_adjust(c->rate, diff / 4);
}

/* Compares with the platform clock, makes the next second's function. */
static void steer(struct tsc_clock *c)
{
	struct clock_pair pair = clock_pair_read();
	bool disturbed = rate_to_ns(c->rate, pair.width_tsc) > MAX_WIDTH_NS;

	if (pair.ns - c->last.ns < MIN_WINDOW_NS || pair.tsc <= c->last.tsc ||
	    (disturbed && c->nr_skipped++ < MAX_SKIPPED))
		return;
	c->nr_skipped = 0;
	update_rate(c, &pair);
	c->error_ns = error_at(c, &pair);
	publish(c, c->error_ns);
	c->last = pair;
}

/* A CPU that starts: its own function begins where the platform clock is. */
static void begin_own(struct tsc_clock *c, const struct clock_pair *pair)
{
	c->rate = shared.rate;
	c->last = *pair;
	c->slot[0] = (struct time_scale){
		.tsc_stamp = pair->tsc,
		.stime_ns = pair->ns + epoch_ns,
		.mul_frac = c->rate.mul_frac,
		.shift = c->rate.shift,
	};
	atomic_store(&c->ready, true);
}

/* A CPU that runs: it must not see time go back, so it goes on from there. */
static void continue_own(struct tsc_clock *c)
{
	struct clock_pair pair = clock_pair_read();

	c->rate = shared.rate;
	c->last = pair;
	(void)read_scale(&shared, &c->slot[0]);
	publish(c, error_at(c, &pair));
	atomic_store(&c->ready, true);
}

static void give_up_sharing(int64_t error_ns)
{
	if (!READ_ONCE(tsc_shared))
		return;
	WRITE_ONCE(tsc_shared, false);
	printk(LOG_WARN "CPU%u: its TSC is %ld ns away from the others': each "
	       "CPU is calibrated on its own\n", smp_processor_id(), error_ns);
}

/* How far this CPU's TSC is away from where the shared function has it. */
static bool tsc_agrees(uint64_t limit_ns, struct clock_pair *pair,
		       int64_t *error_ns)
{
	struct time_scale ts;
	int64_t error, limit;

	*pair = clock_pair_read();
	(void)read_scale(&shared, &ts);
	error = (int64_t)(pair->ns + epoch_ns - scale_to_ns(&ts, pair->tsc));
	limit = (int64_t)(limit_ns + rate_to_ns(shared.rate, pair->width_tsc));
	*error_ns = error;
	return error <= limit && error >= -limit;
}

static void check_sharing(struct tsc_clock *own)
{
	struct clock_pair pair;

	if (tsc_agrees(SYNC_TOLERANCE_NS, &pair, &own->error_ns))
		own->nr_bad = 0;
	else if (++own->nr_bad == MAX_BAD)
		give_up_sharing(own->error_ns);
}

/* WORK_CALIBRATE, on each CPU once a second. */
static void calibrate_this_cpu(void)
{
	struct tsc_clock *own = &this_cpu(own_clock);

	if (READ_ONCE(tsc_shared)) {
		if (smp_processor_id() != 0)
			check_sharing(own);
	} else if (own->ready) {
		steer(own);
	} else {
		continue_own(own);
	}
	if (time_recalibrated_hook)
		time_recalibrated_hook();
}

/* On the boot CPU, once a second. */
static void calibrate_all(void *unused)
{
	unsigned int cpu;

	if (READ_ONCE(tsc_shared))
		steer(&shared);
	for_each_cpu(cpu, &cpu_online_map)
		work_raise_on(cpu, WORK_CALIBRATE);
	timer_set(&calibrate_timer, system_time_ns() + CALIBRATE_NS);
}

/* ---- start ---- */

/* What firmware wrote differently on each CPU is made the same again. */
static void match_tsc_adjust(void)
{
	if (cpu_features.tsc_adjust &&
	    rdmsr(MSR_TSC_ADJUST) != boot_tsc_adjust)
		wrmsr(MSR_TSC_ADJUST, boot_tsc_adjust);
}

/* The rate from the window's beginning to @now. */
static struct rate boot_rate(const struct clock_pair *now)
{
	return rate_from_ratio(now->ns - shared.last.ns,
			       now->tsc - shared.last.tsc);
}

static void tell_boot_rate(void)
{
	boot_khz = rate_to_hz(shared.rate) / 1000;
	apic_timer_set_tsc_rate(boot_khz);
}

/* Return: the longest that the TSC went on between two readings. */
static uint64_t first_window(struct clock_pair *end)
{
	uint64_t before, longest = 0;

	shared.last = *end = clock_pair_read();
	do {
		before = end->tsc;
		cpu_relax();
		*end = clock_pair_read();
		longest = max(longest, end->tsc - before);
	} while (end->ns - shared.last.ns < FIRST_WINDOW_NS);
	return longest;
}

/*
 * Turns are counted by system time; before there is one, a CPU that stands
 * still (an SMI, another hypervisor) may miss one of the PIT's, 55 ms. Then the
 * longest step is most of the window, the rest being at most 10 ms.
 */
static bool may_have_turned(uint64_t longest, uint64_t window)
{
	return platform_turn_ns() < NS_PER_SEC && longest > window / 4 * 3;
}

/*
 * System time runs at the first rate afterwards; the guess before goes on into
 * it. False: the platform clock may have turned over unseen.
 */
static bool first_rate(void)
{
	struct clock_pair pair;
	uint64_t longest, window;

	WRITE_ONCE(shared.ready, false);
	longest = first_window(&pair);
	window = pair.tsc - shared.last.tsc;
	if (window < FIRST_WINDOW_NS * MIN_TSC_HZ / NS_PER_SEC ||
	    (int64_t)window < 0)
		panic("the TSC does not count: Lodge needs another processor");
	shared.rate = boot_rate(&pair);
	epoch_ns = scale_to_ns(&shared.slot[shared.seq / 2 % 2], pair.tsc) -
		   pair.ns;
	publish(&shared, 0);
	WRITE_ONCE(shared.ready, true);
	(void)platform_ns();	/* from here on, turns are counted */
	longest = max(longest, rdtsc_ordered() - pair.tsc);
	return !may_have_turned(longest, window);
}

/* The APIC's timer is counted meanwhile. */
static void tsc_init(void)
{
	unsigned int tries = 1;

	apic_timer_measure();
	while (!first_rate() && tries < FIRST_TRIES)
		tries++;
	apic_timer_measured();
	if (tries == FIRST_TRIES)
		printk(LOG_WARN "this CPU is stopped again and again: time may "
		       "be wrong\n");
	tell_boot_rate();
	if (cpu_features.tsc_adjust)
		boot_tsc_adjust = rdmsr(MSR_TSC_ADJUST);
}

/* Parts per million of the boot's window up to @now that are unsure. */
static uint64_t unsure_ppm(const struct clock_pair *now)
{
	return (shared.last.width_tsc + now->width_tsc) / 2 * 1000000 /
	       (now->tsc - shared.last.tsc);
}

static void wait_until(uint64_t window_ns)
{
	while (platform_ns() - shared.last.ns < window_ns)
		cpu_relax();
}

/* Return: what is unsure of the new rate, in ppm. */
static uint64_t refine(void)
{
	struct clock_pair pair = clock_pair_read();

	shared.rate = boot_rate(&pair);
	shared.error_ns = error_at(&shared, &pair);
	publish(&shared, shared.error_ns);
	tell_boot_rate();
	return unsure_ppm(&pair);
}

/**
 * time_refine() - measure the TSC's rate over all the time since time_init()
 *
 * For those steps of the boot that rely on it: the window has grown.
 *
 * Context: boot CPU, after time_init(), before time_settle().
 */
void time_refine(void)
{
	(void)refine();
}

/**
 * time_settle() - the rate that guests will be told
 *
 * Most often time enough has gone by for it to be good; else waits.
 *
 * Context: boot CPU, once, before a guest runs.
 */
void time_settle(void)
{
	uint64_t window_ns = SETTLE_MIN_NS, ppm;

	wait_until(window_ns);
	while ((ppm = refine()) > SETTLED_PPM && window_ns < SETTLE_MAX_NS) {
		window_ns += SETTLE_MIN_NS;
		wait_until(window_ns);
	}
	printk(LOG_INFO "TSC: %lu.%03lu MHz%s, unsure by %lu ppm\n",
	       boot_khz / 1000, boot_khz % 1000,
	       cpu_features.invariant_tsc ? ", invariant" : "", ppm);
}

void tsc_init_cpu(void)
{
	struct tsc_clock *own = &this_cpu(own_clock);
	struct clock_pair pair;

	match_tsc_adjust();
	if (!tsc_agrees(START_TOLERANCE_NS, &pair, &own->error_ns))
		give_up_sharing(own->error_ns);
	if (!READ_ONCE(tsc_shared))
		begin_own(own, &pair);
}

/* Debug key 't'. Other CPUs' numbers may be changing: each is one word. */
static void time_dump(void)
{
	uint64_t hz = rate_to_hz(shared.rate);
	unsigned int cpu;

	printk("System time %lu ns, %s, TSC %lu.%03lu MHz, %s\n",
	       system_time_ns(), platform_clock_name(), hz / 1000000,
	       hz / 1000 % 1000,
	       READ_ONCE(tsc_shared) ? "one scale for all CPUs" :
				       "one scale for each CPU");
	printk("  all: error %ld ns\n", shared.error_ns);
	for_each_cpu(cpu, &cpu_online_map)
		printk("  CPU%u: error %ld ns, %u in a row\n", cpu,
		       per_cpu(own_clock, cpu).error_ns,
		       per_cpu(own_clock, cpu).nr_bad);
}

/**
 * time_init() - platform clock, TSC, APIC timer, wall clock, timers
 *
 * The rates are good enough to boot with; time_settle() makes them better.
 *
 * Panics with a sentence when there is no usable timer.
 *
 * Context: boot CPU, interrupts off, after irq_init() and apic_init_boot().
 */
void time_init(void)
{
	platform_init();
	tsc_init();
	timers_init();
	wallclock_init();
	work_register(WORK_CALIBRATE, calibrate_this_cpu);
	debug_key_register('t', "system time", time_dump);
	timer_init(&calibrate_timer, calibrate_all, NULL, 0);
	timer_set(&calibrate_timer, system_time_ns() + CALIBRATE_NS);
}

/**
 * time_init_cpu() - the calling CPU's TSC and timers
 *
 * Context: each AP, interrupts off, after apic_init_cpu().
 */
void time_init_cpu(void)
{
	tsc_init_cpu();
	timers_init_cpu();
}
