/* SPDX-License-Identifier: MIT */
/*
 * test_system_time.c - system time on a simulated machine
 *
 * True time passes only when the hypervisor looks at something: each port read
 * costs a random while, and sometimes the CPU is stopped for long. The TSC has
 * a frequency and an offset of its own on each CPU; the platform clock is
 * exact. What is tested: system time follows the platform clock, never steps
 * back, and a CPU with another TSC is found out.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/irq.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include "../../hypervisor/time/private.h"

#define PM_PORT 0x608
#define PM_HZ 3579545
#define NR_TEST_CPUS 4

struct acpi_info acpi_info;
struct cpu_features cpu_features;

static uint64_t true_ns;		/* since power-on */
static double tsc_hz[NR_TEST_CPUS];
static int64_t tsc_offset[NR_TEST_CPUS];
static unsigned int stall_one_in;	/* a read in so many takes long */
static uint64_t stall_ns;
static bool pit_only, clock_stands;

static void (*work_fn[NR_WORK])(void);
static unsigned long raised[NR_TEST_CPUS];
static uint64_t deadline[NR_TEST_CPUS];

/* ---- the machine ---- */

static void pass(uint64_t ns)
{
	unsigned int cpu;

	true_ns += ns;
	for (cpu = 0; cpu < NR_TEST_CPUS; cpu++)
		fake_x86[cpu].tsc = (uint64_t)((double)true_ns * tsc_hz[cpu] /
					       1e9) +
				    (uint64_t)tsc_offset[cpu];
}

static uint64_t count_of(uint64_t hz)
{
	return (uint64_t)((unsigned __int128)true_ns * hz / NS_PER_SEC);
}

static uint32_t pit_byte(void)
{
	static bool high;
	static uint32_t latched;

	if (!high)
		latched = -(uint32_t)count_of(1193182) & 0xffff;
	high = !high;
	return high ? latched & 0xff : latched >> 8;
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	uint32_t v;

	pass(300 + (uint64_t)random() % 700);
	v = port == PM_PORT ? (uint32_t)count_of(PM_HZ) & 0xffffff :
	    port == 0x40    ? pit_byte() :
			      0xffffffff;
	pass(300 + (uint64_t)random() % 700);
	if (stall_one_in && (unsigned int)random() % stall_one_in == 0)
		pass(stall_ns);
	return clock_stands && port == PM_PORT ? 5 : v;
}

static void relax(void)
{
	pass(100);
}

void *ioremap(paddr_t addr, size_t size)
{
	fail_msg("no HPET here");
	return NULL;
}

static uint64_t told_khz;	/* to the APIC's timer */

void apic_timer_measure(void)
{
}

void apic_timer_measured(void)
{
	assert_int_equal(told_khz, 0);
}

void apic_timer_set_tsc_rate(uint64_t khz)
{
	told_khz = khz;
}

void apic_timer_set(uint64_t ns)
{
	deadline[fake_cpu_id] = ns;
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
}

void work_register(enum work w, void (*fn)(void))
{
	work_fn[w] = fn;
}

void work_raise_on(unsigned int cpu, enum work w)
{
	raised[cpu] |= 1UL << w;
}

void wallclock_init(void)
{
}

/* ---- driving it ---- */

static int64_t error_ns(void)
{
	/* Both begin at some offset, which the first call takes as zero. */
	static int64_t base;
	static uint64_t boot;
	int64_t diff = (int64_t)(system_time_ns() - true_ns);

	if (boot != tsc_khz()) {
		boot = tsc_khz();
		base = diff;
	}
	return diff - base;
}

static void do_work(unsigned int cpu)
{
	unsigned int w, self = fake_cpu_id;

	fake_cpu_id = cpu;
	if (deadline[cpu] && system_time_ns() >= deadline[cpu])
		raised[cpu] |= 1UL << WORK_TIMER;
	for (w = 0; w < NR_WORK; w++)
		if (raised[cpu] >> w & 1 && work_fn[w]) {
			raised[cpu] &= ~(1UL << w);
			work_fn[w]();
		}
	fake_cpu_id = self;
}

static uint64_t latest[NR_TEST_CPUS];
static uint64_t latest_of_all;
static int64_t worst_skew;

/* Time is read on every CPU; none may go back. */
static void look(void)
{
	unsigned int cpu, self = fake_cpu_id;
	uint64_t now;

	for_each_cpu(cpu, &cpu_online_map) {
		fake_cpu_id = cpu;
		now = system_time_ns();
		assert_true(now >= latest[cpu]);
		latest[cpu] = now;
		if ((int64_t)(latest_of_all - now) > worst_skew)
			worst_skew = (int64_t)(latest_of_all - now);
		latest_of_all = max(latest_of_all, now);
	}
	fake_cpu_id = self;
}

static void run_for(uint64_t ns)
{
	uint64_t end = true_ns + ns;
	unsigned int cpu;

	while (true_ns < end) {
		pass(NS_PER_MS + (uint64_t)random() % NS_PER_MS);
		look();
		for_each_cpu(cpu, &cpu_online_map) {
			do_work(cpu);
			look();
		}
	}
}

static void start_aps(unsigned int nr)
{
	unsigned int cpu;

	for (cpu = 1; cpu < nr; cpu++) {
		pass(20 * NS_PER_MS);
		time_refine();
		look();
		fake_cpu_id = cpu;
		time_init_cpu();
		cpumask_set(&cpu_online_map, cpu);
	}
	fake_cpu_id = 0;
}

/*
 * The sources keep their state in static variables, and one program is one
 * boot: each case runs in a process of its own, and the parent asserts that it
 * ended well.
 */
#include <sys/wait.h>
#include <unistd.h>

static void begin_boot(double hz)
{
	unsigned int cpu;

	acpi_info.pm_timer_port = PM_PORT;
	fake_in_hook = port_in;
	fake_relax_hook = relax;
	for (cpu = 0; cpu < NR_TEST_CPUS; cpu++)
		tsc_hz[cpu] = hz;
	if (pit_only)
		acpi_info.pm_timer_port = 0;
	pass(3 * NS_PER_SEC);
	time_init();
}

static void boot(double hz)
{
	begin_boot(hz);
	time_settle();
}

static void in_own_process(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c)) {                                                   \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #c);   \
			_exit(1);                                             \
		}                                                             \
	} while (0)

/* How wrong the TSC's rate is, as it was told to all. */
static double wrong_ppm(double hz)
{
	CHECK(told_khz == tsc_khz());
	return ((double)tsc_khz() * 1000 / hz - 1) * 1e6;
}

static bool within(double v, double limit)
{
	return v <= limit && v >= -limit;
}

/*
 * The PIT's counts last 838 ns and a read is unsure by 3 us: 10 ms are short,
 * more of the boot is better, and 50 ms must have gone by.
 */
static void measure_boot(void)
{
	double hz = 3141592653;
	uint64_t before;

	pit_only = true;
	begin_boot(hz);
	CHECK(within(wrong_ppm(hz), 300));
	before = true_ns;
	time_settle();
	CHECK(true_ns - before >= 39 * NS_PER_MS);
	CHECK(true_ns - before < 41 * NS_PER_MS);
	CHECK(within(wrong_ppm(hz), 60));
}

static void a_short_boot_waits_for_its_rate(void **state)
{
	in_own_process(measure_boot);
}

static void measure_long_boot(void)
{
	double hz = 3141592653;
	uint64_t before;

	pit_only = true;
	begin_boot(hz);
	pass(2 * NS_PER_SEC);
	time_refine();
	CHECK(within(wrong_ppm(hz), 2));
	look();
	pass(NS_PER_SEC);
	before = true_ns;
	time_settle();
	CHECK(true_ns - before < NS_PER_MS);
	CHECK(within(wrong_ppm(hz), 2));
	look();
	(void)error_ns();
	run_for(10 * NS_PER_SEC);
	CHECK(llabs(error_ns()) < 10000);
	CHECK(worst_skew == 0);
}

static void a_long_boot_does_not_wait(void **state)
{
	in_own_process(measure_long_boot);
}

/*
 * A CPU that is stopped for longer than the PIT's turn while its rate is first
 * measured: the window is begun again.
 */
static void measure_disturbed(void)
{
	double hz = 2500000000;

	pit_only = true;
	stall_one_in = 10000;
	stall_ns = 70 * NS_PER_MS;
	begin_boot(hz);
	CHECK(within(wrong_ppm(hz), 300));
	time_refine();
	CHECK(within(wrong_ppm(hz), 300));
}

static void a_stop_while_measuring_is_noticed(void **state)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		srandom(i);
		in_own_process(measure_disturbed);
	}
}

/* Reads so slow that 50 ms are not enough; but there is an end to it. */
static void measure_slowly(void)
{
	double hz = 2000000000;
	uint64_t before;

	begin_boot(hz);
	stall_one_in = 1;
	stall_ns = 20 * NS_PER_US;
	before = true_ns;
	time_settle();
	CHECK(true_ns - before > 80 * NS_PER_MS);
	CHECK(true_ns - before < 195 * NS_PER_MS);
	CHECK(strstr(fake_log, "unsure by "));
	stall_ns = 500 * NS_PER_US;
	before = true_ns;
	time_settle();
	CHECK(true_ns - before < 100 * NS_PER_MS);
}

static void slow_reads_wait_longer(void **state)
{
	in_own_process(measure_slowly);
}

static void follow(void)
{
	int64_t worst = 0;
	unsigned int s;

	boot(2445423000);
	CHECK(within(wrong_ppm(2445423000), 100));
	(void)error_ns();
	start_aps(NR_TEST_CPUS);
	for (s = 0; s < 100; s++) {
		run_for(NS_PER_SEC);
		if (s > 3)
			worst = max(worst, (int64_t)llabs(error_ns()));
	}
	CHECK(worst < 20000);		/* 20 ppm of a second */
	CHECK(worst_skew == 0);		/* one scale for all CPUs */
	CHECK(!strstr(fake_log, "away from"));
}

static void follows_the_platform_clock(void **state)
{
	in_own_process(follow);
}

static void disturbed(void)
{
	unsigned int s;

	boot(3000000000);
	(void)error_ns();
	start_aps(2);
	stall_one_in = 4;		/* of the reads */
	stall_ns = 7 * NS_PER_MS;
	for (s = 0; s < 60; s++) {
		run_for(NS_PER_SEC);
		CHECK(llabs(error_ns()) < 100000);
	}
	CHECK(worst_skew == 0);
}

static void is_robust_against_a_cpu_that_is_stopped(void **state)
{
	in_own_process(disturbed);
}

/* The 24-bit PM timer turns over in 4.7 s; nobody looks for a minute. */
static void long_stop(void)
{
	boot(2000000000);
	(void)error_ns();
	run_for(5 * NS_PER_SEC);
	pass(60 * NS_PER_SEC);
	run_for(3 * NS_PER_SEC);
	CHECK(llabs(error_ns()) < 100000);
}

static void a_narrow_counter_may_turn_over_unseen(void **state)
{
	in_own_process(long_stop);
}

static void pit(void)
{
	pit_only = true;
	boot(2000000000);
	CHECK(!strcmp(platform_clock_name(), "pit"));
	(void)error_ns();
	run_for(20 * NS_PER_SEC);
	CHECK(llabs(error_ns()) < 100000);
}

static void the_pit_will_do(void **state)
{
	in_own_process(pit);
}

/* Twice as fast from now on: the TSC does that on old processors. */
static void change_rate(void)
{
	unsigned int s;

	boot(1000000000);
	(void)error_ns();
	run_for(5 * NS_PER_SEC);
	tsc_offset[0] -= (int64_t)((double)true_ns * 0.001);
	tsc_hz[0] *= 1.001;
	for (s = 0; s < 30; s++)
		run_for(NS_PER_SEC);
	CHECK(llabs(error_ns()) < 50000);
}

static void a_change_of_rate_is_followed(void **state)
{
	in_own_process(change_rate);
}

static void other_offset(void)
{
	boot(2000000000);
	(void)error_ns();
	run_for(3 * NS_PER_SEC);
	tsc_offset[2] = 777777777777;
	start_aps(3);
	CHECK(strstr(fake_log, "CPU2: its TSC"));
	run_for(30 * NS_PER_SEC);
	CHECK(llabs(error_ns()) < 50000);
	CHECK(worst_skew < 50000);
}

static void a_tsc_with_another_offset_is_found_at_once(void **state)
{
	in_own_process(other_offset);
}

static void small_offset(void)
{
	boot(2000000000);
	run_for(3 * NS_PER_SEC);
	tsc_offset[1] = 400000;		/* 200 us */
	start_aps(2);
	CHECK(!strstr(fake_log, "away from"));
	run_for(10 * NS_PER_SEC);
	CHECK(strstr(fake_log, "CPU1: its TSC"));
	latest_of_all = 0;
	worst_skew = 0;
	run_for(10 * NS_PER_SEC);
	CHECK(worst_skew < 250000);
}

static void a_tsc_that_is_a_little_off_is_found_in_time(void **state)
{
	in_own_process(small_offset);
}

static void stands(void)
{
	clock_stands = true;
	boot(2000000000);
	CHECK(!strcmp(platform_clock_name(), "pit"));
	CHECK(strstr(fake_log, "stands still"));
}

static void a_clock_that_stands_still_is_not_used(void **state)
{
	in_own_process(stands);
}

static void delays_are(void)
{
	uint64_t before;

	tsc_hz[0] = 4800000000.;	/* not known yet */
	fake_in_hook = port_in;
	fake_relax_hook = relax;
	pass(1000);
	before = true_ns;
	udelay(500);
	CHECK(true_ns - before >= 500000);
	boot(2000000000);
	before = true_ns;
	mdelay(3);
	CHECK(true_ns - before >= 2990000 && true_ns - before < 3100000);
}

static void delays_are_long_enough_from_the_start(void **state)
{
	in_own_process(delays_are);
}

static void turns_are_counted(void **state)
{
	assert_int_equal(platform_unwrap(100, 200, 24, 0), 100);
	assert_int_equal(platform_unwrap(0xfffff0, 0x10, 24, 0), 0x20);
	assert_int_equal(platform_unwrap(0xfffff0, 0x10, 24, 0x30), 0x20);
	assert_int_equal(platform_unwrap(0, 0x10, 24, 0x1000000), 0x1000010);
	assert_int_equal(platform_unwrap(0, 0x10, 24, 0x1800000), 0x1000010);
	assert_int_equal(platform_unwrap(0, 0x10, 24, 0x1800011), 0x2000010);
	assert_int_equal(platform_unwrap(0, 0, 16, 0xa8000), 0xb0000);
	assert_int_equal(platform_unwrap(0, 0, 32, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_counted),
		cmocka_unit_test(a_short_boot_waits_for_its_rate),
		cmocka_unit_test(a_long_boot_does_not_wait),
		cmocka_unit_test(a_stop_while_measuring_is_noticed),
		cmocka_unit_test(slow_reads_wait_longer),
		cmocka_unit_test(follows_the_platform_clock),
		cmocka_unit_test(is_robust_against_a_cpu_that_is_stopped),
		cmocka_unit_test(a_narrow_counter_may_turn_over_unseen),
		cmocka_unit_test(the_pit_will_do),
		cmocka_unit_test(a_change_of_rate_is_followed),
		cmocka_unit_test(a_tsc_with_another_offset_is_found_at_once),
		cmocka_unit_test(a_tsc_that_is_a_little_off_is_found_in_time),
		cmocka_unit_test(a_clock_that_stands_still_is_not_used),
		cmocka_unit_test(delays_are_long_enough_from_the_start),
	};

	srandom(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
