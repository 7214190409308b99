/* SPDX-License-Identifier: MIT */
/*
 * test_timer.c - the heap made of timers, and each CPU's queue
 *
 * Time stands still unless a test moves it; the APIC's timer and the pending
 * work of each CPU are recorded.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/console.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/work.h>
#include "../../hypervisor/time/private.h"

#define NR_TEST_CPUS 4
#define NR_TIMERS 2000

static uint64_t now_ns;
static uint64_t apic_ns[NR_TEST_CPUS];
static unsigned int nr_kicks[NR_TEST_CPUS];
static void (*run_timers)(void);

uint64_t system_time_ns(void)
{
	return now_ns;
}

void apic_timer_set(uint64_t ns)
{
	apic_ns[fake_cpu_id] = ns;
}

void work_register(enum work w, void (*fn)(void))
{
	assert_int_equal(w, WORK_TIMER);
	run_timers = fn;
}

void work_raise_on(unsigned int cpu, enum work w)
{
	assert_int_equal(w, WORK_TIMER);
	nr_kicks[cpu]++;
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
}

static void on_cpu(unsigned int cpu)
{
	fake_cpu_id = cpu;
}

static int setup(void **state)
{
	unsigned int cpu;

	cpu_online_map.bits = (1UL << NR_TEST_CPUS) - 1;
	for (cpu = 0; cpu < NR_TEST_CPUS; cpu++) {
		on_cpu(cpu);
		if (cpu)
			timers_init_cpu();
		else
			timers_init();
	}
	on_cpu(0);
	return 0;
}

static int start(void **state)
{
	on_cpu(0);
	now_ns = 1000;
	memset(nr_kicks, 0, sizeof(nr_kicks));
	return 0;
}

/* ---- the heap alone ---- */

static unsigned int check_node(const struct timer *t,
			       const struct timer *parent)
{
	unsigned int left, right;

	if (!t)
		return 0;
	assert_ptr_equal(t->parent, parent);
	if (parent)
		assert_true(parent->expires_ns <= t->expires_ns);
	left = check_node(t->left, t);
	right = check_node(t->right, t);
	assert_true(left >= right);
	assert_int_equal(t->rank, right + 1);
	return t->rank;
}

static struct timer pool[NR_TIMERS];

/* A model that cannot be wrong: an array that is searched. */
static struct timer *model_first(const bool *in)
{
	struct timer *first = NULL;
	unsigned int i;

	for (i = 0; i < NR_TIMERS; i++)
		if (in[i] && (!first || pool[i].expires_ns < first->expires_ns))
			first = &pool[i];
	return first;
}

static void heap_keeps_its_order_under_random_changes(void **state)
{
	static bool in[NR_TIMERS];
	struct timer *root = NULL;
	unsigned int step, i;

	memset(pool, 0, sizeof(pool));
	for (step = 0; step < 20000; step++) {
		i = (unsigned int)random() % NR_TIMERS;
		if (in[i]) {
			root = heap_remove(root, &pool[i]);
			assert_int_equal(pool[i].rank, 0);
		} else {
			pool[i].expires_ns = (uint64_t)random() % 5000;
			root = heap_insert(root, &pool[i]);
		}
		in[i] = !in[i];
		if (step % 500 == 0) {
			check_node(root, NULL);
			assert_int_equal(root ? root->expires_ns : 0,
					 root ? model_first(in)->expires_ns :
						0);
		}
	}
	while (root)
		root = heap_remove(root, root);
}

/* Sorted input makes the deepest left path; the right one must stay short. */
static void heap_stays_shallow_on_the_right(void **state)
{
	struct timer *root = NULL, *t;
	unsigned int i, depth = 0;
	uint64_t last = 0;

	memset(pool, 0, sizeof(pool));
	for (i = 0; i < NR_TIMERS; i++) {
		pool[i].expires_ns = i % 2 ? i : NR_TIMERS - i;
		root = heap_insert(root, &pool[i]);
	}
	for (t = root; t; t = t->right)
		depth++;
	assert_true(depth <= 11);	/* log2(2001) */
	for (i = 0; i < NR_TIMERS; i++) {
		assert_true(root->expires_ns >= last);
		last = root->expires_ns;
		root = heap_remove(root, root);
	}
	assert_null(root);
}

/* ---- queues ---- */

static unsigned int nr_fired;
static void *last_arg;

static void count(void *arg)
{
	nr_fired++;
	last_arg = arg;
}

static void fires_once_and_not_before(void **state)
{
	struct timer t;

	nr_fired = 0;
	timer_init(&t, count, &t, 0);
	assert_false(timer_active(&t));
	timer_set(&t, 5000);
	assert_true(timer_active(&t));
	assert_int_equal(apic_ns[0], 5000);
	now_ns = 4999;
	run_timers();
	assert_int_equal(nr_fired, 0);
	assert_int_equal(apic_ns[0], 5000);
	now_ns = 5000;
	run_timers();
	assert_int_equal(nr_fired, 1);
	assert_ptr_equal(last_arg, &t);
	assert_false(timer_active(&t));
	assert_int_equal(apic_ns[0], 0);
	run_timers();
	assert_int_equal(nr_fired, 1);
}

static void a_time_past_fires_at_once_even_zero(void **state)
{
	struct timer t;

	nr_fired = 0;
	timer_init(&t, count, NULL, 0);
	timer_set(&t, 0);
	assert_true(apic_ns[0] != 0 && apic_ns[0] <= now_ns);
	run_timers();
	assert_int_equal(nr_fired, 1);
}

static void the_apic_is_set_for_the_first_of_all(void **state)
{
	struct timer a, b, c;

	timer_init(&a, count, NULL, 0);
	timer_init(&b, count, NULL, 0);
	timer_init(&c, count, NULL, 0);
	timer_set(&a, 9000);
	timer_set(&b, 7000);
	timer_set(&c, 8000);
	assert_int_equal(apic_ns[0], 7000);
	timer_stop(&b);
	assert_false(timer_active(&b));
	run_timers();		/* the early interrupt sets it right */
	assert_int_equal(apic_ns[0], 8000);
	timer_set(&a, 6000);	/* moved forward while armed */
	assert_int_equal(apic_ns[0], 6000);
	timer_stop(&a);
	timer_stop(&c);
}

static void another_cpus_timer_kicks_that_cpu_if_it_is_first(void **state)
{
	struct timer a, b;

	nr_fired = 0;
	timer_init(&a, count, NULL, 2);
	timer_init(&b, count, NULL, 2);
	timer_set(&a, 5000);
	assert_int_equal(nr_kicks[2], 1);
	timer_set(&b, 6000);
	assert_int_equal(nr_kicks[2], 1);
	now_ns = 10000;
	run_timers();			/* on CPU 0: not its own */
	assert_int_equal(nr_fired, 0);
	on_cpu(2);
	run_timers();
	assert_int_equal(nr_fired, 2);
}

static void migration_keeps_it_armed_there(void **state)
{
	struct timer t;

	nr_fired = 0;
	timer_init(&t, count, NULL, 3);
	timer_set(&t, 5000);
	timer_migrate(&t, 1);
	assert_int_equal(t.cpu, 1);
	assert_true(timer_active(&t));
	assert_int_equal(nr_kicks[1], 1);
	now_ns = 5000;
	on_cpu(3);
	run_timers();
	assert_int_equal(nr_fired, 0);
	on_cpu(1);
	run_timers();
	assert_int_equal(nr_fired, 1);
	timer_migrate(&t, 2);		/* idle: only moves */
	assert_false(timer_active(&t));
	assert_int_equal(nr_kicks[2], 0);
}

static void killed_is_for_good(void **state)
{
	struct timer t;

	nr_fired = 0;
	timer_init(&t, count, NULL, 0);
	timer_set(&t, 2000);
	timer_kill(&t);
	assert_false(timer_active(&t));
	timer_set(&t, 2000);
	assert_false(timer_active(&t));
	timer_migrate(&t, 1);
	now_ns = 3000;
	run_timers();
	assert_int_equal(nr_fired, 0);
}

static void rearm(void *arg)
{
	nr_fired++;
	timer_set(arg, now_ns + 100);
}

static void a_handler_may_arm_its_timer_again(void **state)
{
	struct timer t;

	nr_fired = 0;
	timer_init(&t, rearm, &t, 0);
	timer_set(&t, 1500);
	for (now_ns = 1500; now_ns < 2500; now_ns += 100)
		run_timers();
	assert_int_equal(nr_fired, 10);
	timer_kill(&t);
}

static void free_it(void *arg)
{
	timer_kill(arg);	/* from its own handler: does not wait */
	free(arg);
	nr_fired++;
}

/* The sanitizer sees any touch of it afterwards. */
static void a_handler_may_free_its_timer(void **state)
{
	struct timer *t = malloc(sizeof(*t));

	nr_fired = 0;
	timer_init(t, free_it, t, 0);
	timer_set(t, 1500);
	now_ns = 2000;
	run_timers();
	assert_int_equal(nr_fired, 1);
}

static struct timer *victim;
static unsigned int nr_waits;
static bool handler_done;

/* The killer waits: let the handler's CPU come to its end. */
static void let_handler_finish(void)
{
	nr_waits++;
	handler_done = true;
	fake_relax_hook = NULL;
	/* Its CPU looks for the next timer, which says that this one ended. */
	on_cpu(1);
	run_timers();
	on_cpu(0);
}

static void kill_from_elsewhere(void *arg)
{
	on_cpu(0);
	fake_relax_hook = let_handler_finish;
	timer_kill(victim);
	assert_true(handler_done);
	on_cpu(1);
}

static void kill_waits_for_a_handler_on_another_cpu(void **state)
{
	struct timer t;

	victim = &t;
	nr_waits = 0;
	handler_done = false;
	timer_init(&t, kill_from_elsewhere, NULL, 1);
	timer_set(&t, 1);
	on_cpu(1);
	run_timers();
	assert_int_equal(nr_waits, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_keeps_its_order_under_random_changes),
		cmocka_unit_test(heap_stays_shallow_on_the_right),
		cmocka_unit_test_setup(fires_once_and_not_before, start),
		cmocka_unit_test_setup(a_time_past_fires_at_once_even_zero,
				       start),
		cmocka_unit_test_setup(the_apic_is_set_for_the_first_of_all,
				       start),
		cmocka_unit_test_setup(
			another_cpus_timer_kicks_that_cpu_if_it_is_first,
			start),
		cmocka_unit_test_setup(migration_keeps_it_armed_there, start),
		cmocka_unit_test_setup(killed_is_for_good, start),
		cmocka_unit_test_setup(a_handler_may_arm_its_timer_again,
				       start),
		cmocka_unit_test_setup(a_handler_may_free_its_timer, start),
		cmocka_unit_test_setup(kill_waits_for_a_handler_on_another_cpu,
				       start),
	};

	srandom(1);
	return cmocka_run_group_tests(tests, setup, NULL);
}
