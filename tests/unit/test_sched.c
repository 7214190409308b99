/* SPDX-License-Identifier: MIT */
/*
 * test_sched.c - the scheduler on a simulated machine
 *
 * What is promised: time in proportion to weights, wake-ups that beat a busy
 * neighbour, no time saved up by sleeping, all CPUs used, pinning obeyed, and
 * at each moment every vCPU in exactly one place.
 */
#include "sched/machine.h"

#include <lodge/errno.h>

#include <lodge/percpu.h>

#include "../../hypervisor/sched/private.h"

#define MS NS_PER_MS
#define US NS_PER_US

/* A stretch that has not ended is not yet in the account. */
static uint64_t cpu_time(const struct guest *g)
{
	uint64_t ns = g->v.sched.cpu_time_ns;

	if (sim_is_running(g))
		ns += sim_now_ns - g->v.sched.started_ns;
	return ns;
}

/* @value is @want, give or take @percent. */
static void assert_about(uint64_t value, uint64_t want, unsigned int percent)
{
	uint64_t slack = want * percent / 100;

	assert_in_range(value, want - slack, want + slack);
}

static int end(void **state)
{
	sim_end();
	return 0;
}

/* ---- shares ---- */

static void equals_get_equal_time(void **state)
{
	struct guest *a, *b, *c;

	sim_start(1);
	a = sim_guest(1, 0, 0);
	b = sim_guest(1, 0, 0);
	c = sim_guest(1, 0, 0);
	sim_run(3000 * MS);
	sim_check();
	assert_about(cpu_time(a), 1000 * MS, 2);
	assert_about(cpu_time(b), 1000 * MS, 2);
	assert_about(cpu_time(c), 1000 * MS, 2);
}

static void weights_divide_the_time(void **state)
{
	struct guest *light, *heavy;

	sim_start(1);
	light = sim_guest(1, 0, 0);
	heavy = sim_guest(1, 0, 0);
	vcpu_set_weight(&heavy->v, 3 * SCHED_DEFAULT_WEIGHT);
	sim_run(4000 * MS);
	assert_about(cpu_time(light), 1000 * MS, 3);
	assert_about(cpu_time(heavy), 3000 * MS, 3);
}

static void a_slice_ends_when_others_wait(void **state)
{
	struct guest *a;

	sim_start(1);
	a = sim_guest(1, 0, 0);
	sim_run(500 * MS);
	/* Alone: nobody interrupts it. */
	assert_int_equal(runqs[0].timer.rank, 0);
	a->worst_stretch_ns = a->stretch_ns = 0;
	sim_guest(1, 0, 0);
	sim_run(500 * MS);
	assert_in_range(a->worst_stretch_ns, sched_ratelimit_ns,
			sched_slice_ns);
}

/* ---- wake-ups ---- */

static void a_wakeup_beats_busy_neighbours(void **state)
{
	struct guest *io;

	sim_start(1);
	sim_guest(1, 0, 0);
	sim_guest(1, 0, 0);
	io = sim_guest(1, 200 * US, 7 * MS);
	sim_run(100 * MS);
	io->worst_delay_ns = 0;		/* a new one waits for its turn */
	sim_run(2000 * MS);
	assert_in_range(io->worst_delay_ns, 0, sched_ratelimit_ns);
	/* And it gets all that it asks for. */
	assert_true(cpu_time(io) > 2000 * MS / 8 * 200 / 1000);
}

static void the_rate_limit_holds(void **state)
{
	struct guest *hog, *io;

	sim_start(1);
	hog = sim_guest(1, 0, 0);
	io = sim_guest(1, 20 * US, 100 * US);
	sim_run(100 * MS);
	io->worst_delay_ns = 0;
	sim_run(1000 * MS);
	/* Without it there would be some 8000 switches. */
	assert_in_range(hog->nr_loads, 100, 1100);
	assert_in_range(io->worst_delay_ns, 0, 2 * sched_ratelimit_ns);
}

static void sleep_saves_up_no_time(void **state)
{
	uint64_t hog_before, lazy_before;
	struct guest *hog, *lazy;

	sim_start(1);
	hog = sim_guest(1, 0, 0);
	lazy = sim_guest(1, 1 * MS, 0);
	sim_run(5000 * MS);
	hog_before = cpu_time(hog);
	lazy_before = cpu_time(lazy);
	lazy->burst_ns = 0;
	vcpu_unblock(&lazy->v);
	sim_run(100 * MS);
	assert_in_range(cpu_time(lazy) - lazy_before, 45 * MS, 65 * MS);
	assert_in_range(cpu_time(hog) - hog_before, 35 * MS, 55 * MS);
}

static void an_event_in_time_keeps_it_awake(void **state)
{
	struct guest *g;

	sim_start(1);
	g = sim_guest(1, 0, 0);
	sim_settle();
	g->event_pending = true;
	vcpu_block();
	sim_settle();
	assert_true(sim_is_running(g));
	g->event_pending = false;
	vcpu_block();
	/* It comes when the flag is set, but before the CPU has chosen. */
	vcpu_unblock(&g->v);
	sim_settle();
	assert_true(sim_is_running(g));
	sim_check();
}

static void yield_lets_the_other_go_first(void **state)
{
	struct guest *a, *b, *first, *second;

	sim_start(1);
	a = sim_guest(1, 0, 0);
	b = sim_guest(1, 0, 0);
	sim_run(3 * MS);
	first = sim_running(0);
	second = first == a ? b : a;
	vcpu_yield();
	sim_settle();
	assert_ptr_equal(sim_running(0), second);
	vcpu_yield();
	sim_settle();
	assert_ptr_equal(sim_running(0), first);
}

/* ---- several CPUs ---- */

static void work_spreads_over_all_cpus(void **state)
{
	unsigned int i;

	sim_start(4);
	for (i = 0; i < 8; i++)
		sim_guest(~0UL, 0, 0);
	sim_run(4000 * MS);
	sim_check();
	for (i = 0; i < 8; i++)
		assert_about(cpu_time(&guests[i]), 2000 * MS, 3);
}

static void a_crowd_disperses(void **state)
{
	cpumask_t all = { ~0UL };
	uint64_t before[4];
	unsigned int i;

	sim_start(2);
	for (i = 0; i < 4; i++)
		sim_guest(1, 0, 0);
	sim_run(100 * MS);
	for (i = 0; i < 4; i++) {
		assert_int_equal(vcpu_set_affinity(&guests[i].v, &all), 0);
		before[i] = cpu_time(&guests[i]);
	}
	sim_run(4000 * MS);
	sim_check();
	for (i = 0; i < 4; i++)
		assert_about(cpu_time(&guests[i]) - before[i], 2000 * MS, 5);
}

static void a_busy_cpu_gives_away_to_a_less_busy_one(void **state)
{
	struct guest *lone = NULL;
	uint64_t before;
	unsigned int i;

	sim_start(2);
	for (i = 0; i < 6; i++)
		sim_guest(3, 0, 0);
	sim_run(100 * MS);
	/* All but one of those on CPU 1 stop: three are left to CPU 0. */
	sim_be(0);
	for (i = 0; i < 6; i++) {
		if (guests[i].v.sched.cpu == 0)
			continue;
		if (lone)
			vcpu_pause(&guests[i].v);
		lone = &guests[i];
	}
	assert_non_null(lone);
	sim_run(100 * MS);
	for (i = 0; i < 6; i++) {
		if (guests[i].v.pause_count)
			continue;
		before = cpu_time(&guests[i]);
		sim_run(1000 * MS);
		assert_about(cpu_time(&guests[i]) - before, 500 * MS, 5);
	}
	sim_check();
}

/* No placement is fair: they take turns. */
static void three_on_two_cpus_get_equal_time(void **state)
{
	unsigned int i;

	sim_start(2);
	for (i = 0; i < 3; i++)
		sim_guest(3, 0, 0);
	sim_run(6000 * MS);
	sim_check();
	for (i = 0; i < 3; i++)
		assert_about(cpu_time(&guests[i]), 4000 * MS, 5);
}

static void five_on_four_cpus_get_equal_time(void **state)
{
	unsigned int i;

	sim_start(4);
	for (i = 0; i < 5; i++)
		sim_guest(15, 0, 0);
	sim_run(10000 * MS);
	sim_check();
	for (i = 0; i < 5; i++)
		assert_about(cpu_time(&guests[i]), 8000 * MS, 5);
}

/* The heavy one belongs alone on a CPU, wherever they were put at first. */
static void weight_counts_in_the_balance(void **state)
{
	struct guest *heavy;
	uint64_t before[3];
	unsigned int i;

	sim_start(2);
	sim_guest(3, 0, 0);
	sim_guest(3, 0, 0);
	heavy = sim_guest(3, 0, 0);
	vcpu_set_weight(&heavy->v, 2 * SCHED_DEFAULT_WEIGHT);
	sim_run(200 * MS);
	for (i = 0; i < 3; i++)
		before[i] = cpu_time(&guests[i]);
	sim_run(2000 * MS);
	sim_check();
	assert_about(cpu_time(&guests[0]) - before[0], 1000 * MS, 3);
	assert_about(cpu_time(&guests[1]) - before[1], 1000 * MS, 3);
	assert_about(cpu_time(heavy) - before[2], 2000 * MS, 1);
}

static void a_newcomer_neither_starves_nor_rules(void **state)
{
	cpumask_t second = { 2 }, first = { 1 };
	struct guest *moves, *stays;
	uint64_t before;

	sim_start(2);
	moves = sim_guest(1, 0, 0);
	stays = sim_guest(2, 0, 0);
	sim_guest(2, 0, 0);
	sim_run(10000 * MS);
	/* Its old queue is five seconds ahead of the new one. */
	before = cpu_time(moves);
	assert_int_equal(vcpu_set_affinity(&moves->v, &second), 0);
	sim_run(300 * MS);
	assert_about(cpu_time(moves) - before, 100 * MS, 20);
	/* And back to a queue that is behind, with company. */
	assert_int_equal(vcpu_set_affinity(&stays->v, &first), 0);
	sim_run(10000 * MS);
	before = cpu_time(moves);
	assert_int_equal(vcpu_set_affinity(&moves->v, &first), 0);
	sim_run(300 * MS);
	assert_about(cpu_time(moves) - before, 150 * MS, 20);
	sim_check();
}

static void an_idle_cpu_takes_work_over(void **state)
{
	struct guest *a, *b, *c;

	sim_start(2);
	a = sim_guest(3, 0, 0);
	b = sim_guest(3, 5 * MS, 0);
	c = sim_guest(3, 0, 0);
	sim_run(2000 * MS);
	/* b has ended: a and c have a CPU each, nearly all the time. */
	assert_true(cpu_time(a) > 1980 * MS);
	assert_true(cpu_time(c) > 1980 * MS);
	assert_about(cpu_time(b), 5 * MS, 1);
	sim_check();
}

static void a_pinned_one_stays(void **state)
{
	unsigned int i;

	sim_start(2);
	sim_guest(1, 0, 0);
	sim_guest(1, 0, 0);
	sim_guest(1, 3 * MS, 2 * MS);
	for (i = 0; i < 500; i++) {
		sim_run(MS);
		assert_null(sim_running(1));
	}
	sim_check();
}

static void affinity_moves_it_at_once(void **state)
{
	cpumask_t second = { 2 }, none = { 4 };
	struct guest *a, *b;

	sim_start(2);
	a = sim_guest(1, 0, 0);
	b = sim_guest(1, 0, 0);
	sim_run(MS);
	/* One of them runs, the other one waits: both must go. */
	assert_int_equal(vcpu_set_affinity(&a->v, &second), 0);
	sim_settle();
	assert_ptr_equal(sim_running(1), a);
	assert_ptr_equal(sim_running(0), b);
	sim_check();
	assert_int_equal(vcpu_set_affinity(&b->v, &second), 0);
	sim_run(20 * MS);
	assert_null(sim_running(0));
	assert_non_null(sim_running(1));
	sim_check();
	assert_int_equal(vcpu_set_affinity(&a->v, &none), -EINVAL);
	assert_int_equal(a->v.sched.affinity.bits, 2);
}

static void soft_affinity_is_a_wish(void **state)
{
	cpumask_t second = { 2 };
	struct guest *a, *b;

	sim_start(2);
	a = sim_guest(3, 2 * MS, 2 * MS);
	vcpu_set_soft_affinity(&a->v, &second);
	sim_run(100 * MS);
	assert_int_equal(a->v.sched.cpu, 1);
	/* With company there, and the other CPU idle, it goes. */
	b = sim_guest(2, 0, 0);
	sim_run(100 * MS);
	assert_int_equal(a->v.sched.cpu, 0);
	vcpu_pause(&b->v);
	sim_run(100 * MS);
	assert_int_equal(a->v.sched.cpu, 1);
	sim_check();
}

/* ---- caps ---- */

static void set_cap(uint16_t cap)
{
	struct sched_params p = {SCHED_DEFAULT_WEIGHT, cap};

	assert_int_equal(sched_set_params(sim_domain(1), &p), 0);
}

static void a_cap_holds_on_an_idle_machine(void **state)
{
	struct guest *g;

	sim_start(2);
	g = sim_guest_of(1, 3, 0, 0);
	set_cap(30);
	sim_run(3000 * MS);
	assert_about(cpu_time(g), 900 * MS, 2);
	set_cap(0);
	sim_run(1000 * MS);
	assert_about(cpu_time(g), 1900 * MS, 2);
	sim_check();
}

static void a_cap_is_for_all_vcpus_together(void **state)
{
	uint64_t sum = 0;
	unsigned int i;

	sim_start(2);
	for (i = 0; i < 3; i++)
		sim_guest_of(1, 3, 0, 0);
	set_cap(120);
	sim_run(3000 * MS);
	for (i = 0; i < 3; i++)
		sum += cpu_time(&guests[i]);
	assert_about(sum, 3600 * MS, 2);
	sim_check();
}

/* Also from the middle of a long slice that it got without a cap. */
static void a_cap_leaves_the_rest_to_others(void **state)
{
	struct guest *capped, *other;

	sim_start(1);
	capped = sim_guest_of(1, 1, 0, 0);
	sim_run(5 * MS);
	set_cap(10);
	other = sim_guest(1, 0, 0);
	sim_run(5000 * MS);
	assert_about(cpu_time(capped), 500 * MS, 3);
	assert_about(cpu_time(other), 4500 * MS, 3);
	sim_check();
}

/* Who runs alone is not interrupted: all that time is charged at once. */
static void what_ran_before_a_cap_is_not_charged_to_it(void **state)
{
	uint64_t before;
	struct guest *g;

	sim_start(1);
	g = sim_guest_of(1, 1, 0, 0);
	sim_run(5000 * MS);
	set_cap(30);
	before = cpu_time(g);
	sim_run(1000 * MS);
	assert_about(cpu_time(g) - before, 300 * MS, 2);
	sim_check();
}

static void who_stays_below_its_cap_is_not_parked(void **state)
{
	struct guest *g;

	sim_start(1);
	g = sim_guest_of(1, 1, MS, 9 * MS);
	set_cap(20);
	sim_run(3000 * MS);
	assert_about(cpu_time(g), 300 * MS, 2);
	assert_int_equal(sim_domain(1)->sched.timer.rank, 0);
	assert_in_range(g->worst_delay_ns, 0, 10 * US);
}

static void params_of_a_domain(void **state)
{
	struct sched_params p = {0, 10};
	struct guest *g;

	sim_start(1);
	g = sim_guest_of(1, 1, 0, 0);
	assert_int_equal(sched_set_params(sim_domain(1), &p), -EINVAL);
	p = sched_get_params(sim_domain(1));
	assert_int_equal(p.weight, SCHED_DEFAULT_WEIGHT);
	assert_int_equal(p.cap, 0);
	p = (struct sched_params){512, 50};
	assert_int_equal(sched_set_params(sim_domain(1), &p), 0);
	assert_int_equal(g->v.sched.weight, 512);
	p = sched_get_params(sim_domain(1));
	assert_int_equal(p.weight, 512);
	assert_int_equal(p.cap, 50);
	/* Who joins later weighs the same. */
	assert_int_equal(sim_guest_of(1, 1, 0, 0)->v.sched.weight, 512);
}

/* ---- pools ---- */

/* The simulated CPUs get on while a pool's user tries again. */
static int remove_cpu(uint32_t pool, unsigned int cpu)
{
	int rc;

	while ((rc = cpupool_remove_cpu(pool, cpu)) == -ERESTART)
		sim_settle();
	return rc;
}

static void a_pool_keeps_its_cpus_to_itself(void **state)
{
	struct guest *a, *b;
	uint32_t id = CPUPOOL_ANY;

	sim_start(2);
	a = sim_guest_of(1, 3, 0, 0);
	b = sim_guest(3, 0, 0);
	sim_run(50 * MS);
	assert_int_equal(cpupool_create(&id, false), 0);
	assert_int_equal(id, 1);
	assert_int_equal(cpupool_move_domain(sim_domain(1), id), -EINVAL);
	assert_int_equal(remove_cpu(0, 1), 0);
	assert_int_equal(cpupool_free_cpus().bits, 2);
	sim_run(50 * MS);
	assert_null(sim_running(1));
	sim_check();
	assert_int_equal(cpupool_add_cpu(id, 1), 0);
	assert_int_equal(cpupool_move_domain(sim_domain(1), id), 0);
	assert_int_equal(cpupool_of(sim_domain(1)), 1);
	sim_run(50 * MS);
	assert_ptr_equal(sim_running(1), a);
	assert_ptr_equal(sim_running(0), b);
	sim_be(1);
	vcpu_pause(&b->v);
	sim_run(50 * MS);
	/* It does not help out. */
	assert_null(sim_running(0));
	sim_check();
	assert_int_equal(remove_cpu(id, 1), -EBUSY);
	assert_int_equal(cpupool_destroy(id), -EBUSY);
	assert_int_equal(cpupool_move_domain(sim_domain(1), 0), 0);
	assert_int_equal(remove_cpu(id, 1), 0);
	assert_int_equal(cpupool_destroy(id), 0);
	sim_run(50 * MS);
	assert_ptr_equal(sim_running(0), a);
	assert_int_equal(cpupool_add_cpu(0, CPUPOOL_ANY), 0);
	assert_int_equal(cpupool_free_cpus().bits, 0);
	sim_check();
}

static void an_affinity_without_a_cpu_is_forgotten(void **state)
{
	struct guest *a;

	sim_start(2);
	a = sim_guest(2, 0, 0);
	sim_run(MS);
	assert_int_equal(remove_cpu(0, 1), 0);
	sim_run(MS);
	assert_ptr_equal(sim_running(0), a);
	assert_int_equal(a->v.sched.affinity.bits, ~0UL);
	sim_check();
	assert_int_equal(vcpu_set_affinity(&a->v, &(cpumask_t){ 2 }), -EINVAL);
}

/* Tried again, it is still one CPU that goes. */
static void any_cpu_is_one_cpu(void **state)
{
	sim_start(3);
	sim_guest(7, 0, 0);
	sim_guest(7, 0, 0);
	sim_guest(7, 0, 0);
	sim_run(MS);
	assert_int_equal(cpupool_remove_cpu(0, CPUPOOL_ANY), -ERESTART);
	assert_int_equal(remove_cpu(0, CPUPOOL_ANY), 0);
	assert_int_equal(cpumask_weight(&(cpumask_t){
				 cpupool_free_cpus().bits }), 1);
	assert_int_equal(cpupool_free_cpus().bits, 1 << 2);
	sim_run(MS);
	sim_check();
}

static void null_never_takes_a_cpu_away(void **state)
{
	struct guest *first, *second, *third;
	uint32_t id = 7;

	sim_start(3);
	assert_int_equal(cpupool_create(&id, true), 0);
	assert_int_equal(remove_cpu(0, 1), 0);
	assert_int_equal(remove_cpu(0, 2), 0);
	assert_int_equal(cpupool_add_cpu(id, 1), 0);
	assert_int_equal(cpupool_add_cpu(id, 2), 0);
	first = sim_guest_of(1, 7, 0, 0);
	assert_int_equal(cpupool_move_domain(sim_domain(1), id), 0);
	second = sim_guest_of(1, 7, 0, 0);
	sim_run(50 * MS);
	third = sim_guest_of(1, 7, 0, 0);
	sim_run(3000 * MS);
	assert_about(cpu_time(first), 3050 * MS, 1);
	assert_about(cpu_time(second), 3050 * MS, 1);
	assert_int_equal(cpu_time(third), 0);
	assert_null(sim_running(0));
	sim_check();
	vcpu_pause(&first->v);
	sim_run(1000 * MS);
	assert_about(cpu_time(third), 1000 * MS, 1);
	sim_check();
	assert_int_equal(cpupool_move_domain(sim_domain(1), 0), 0);
	assert_int_equal(remove_cpu(id, 1), 0);
	assert_int_equal(remove_cpu(id, 2), 0);
	assert_int_equal(cpupool_destroy(id), 0);
}

static void pools_have_numbers(void **state)
{
	uint32_t one = CPUPOOL_ANY, five = 5, two = CPUPOOL_ANY, again = 5;
	struct cpupool_info info;

	sim_start(2);
	assert_int_equal(cpupool_create(&five, true), 0);
	assert_int_equal(cpupool_create(&one, false), 0);
	assert_int_equal(cpupool_create(&two, false), 0);
	assert_int_equal(one, 1);
	assert_int_equal(two, 2);
	assert_int_equal(cpupool_create(&again, false), -EEXIST);
	assert_int_equal(cpupool_get_info(0, true, &info), 0);
	assert_int_equal(info.cpus.bits, 3);
	assert_int_equal(info.nr_domains, 2);
	assert_false(info.null);
	assert_int_equal(cpupool_get_info(3, false, &info), 0);
	assert_int_equal(info.id, 5);
	assert_true(info.null);
	assert_int_equal(cpupool_get_info(3, true, &info), -ENOENT);
	assert_int_equal(cpupool_get_info(6, false, &info), -ENOENT);
	assert_int_equal(cpupool_add_cpu(9, 0), -ENOENT);
	assert_int_equal(cpupool_add_cpu(5, 0), -ENODEV);
	assert_int_equal(cpupool_add_cpu(5, 2), -EINVAL);
	assert_int_equal(cpupool_remove_cpu(5, 0), -ENODEV);
	assert_int_equal(cpupool_remove_cpu(5, NR_CPUS), -EINVAL);
	assert_int_equal(cpupool_destroy(0), -EBUSY);
	assert_int_equal(cpupool_destroy(9), -ENOENT);
	assert_int_equal(cpupool_destroy(one), 0);
	assert_int_equal(cpupool_destroy(two), 0);
	assert_int_equal(cpupool_destroy(five), 0);
}

/* ---- state in the registers ---- */

static void idle_keeps_the_state(void **state)
{
	struct guest *g;

	sim_start(2);
	g = sim_guest(3, MS, MS);
	sim_run(100 * MS);
	assert_int_equal(g->nr_loads, 1);
	assert_int_equal(g->nr_saves, 0);
	assert_int_equal(g->v.runstate.time[RUNSTATE_blocked] / MS, 50);
}

static void state_follows_to_another_cpu(void **state)
{
	cpumask_t second = { 2 };
	struct guest *g;

	sim_start(2);
	g = sim_guest(1, MS, 0);
	sim_run(10 * MS);
	assert_null(sim_running(0));
	assert_int_equal(g->loaded_on, 0);
	assert_int_equal(vcpu_set_affinity(&g->v, &second), 0);
	g->burst_ns = 0;
	vcpu_unblock(&g->v);
	sim_settle();
	assert_ptr_equal(sim_running(1), g);
	assert_int_equal(g->loaded_on, 1);
	assert_int_equal(g->nr_saves, 1);
	sim_check();
}

static void pause_waits_and_counts(void **state)
{
	struct guest *g;

	sim_start(2);
	g = sim_guest(2, 0, 0);
	sim_settle();
	assert_ptr_equal(sim_running(1), g);
	sim_be(0);
	vcpu_pause(&g->v);
	assert_int_equal(g->loaded_on, -1);
	assert_false(sim_is_running(g));
	assert_int_equal(g->v.runstate.state, RUNSTATE_offline);
	vcpu_pause(&g->v);
	vcpu_unpause(&g->v);
	sim_settle();
	assert_false(sim_is_running(g));
	vcpu_unpause(&g->v);
	sim_settle();
	assert_ptr_equal(sim_running(1), g);
	sim_check();
}

static void a_paused_one_is_not_woken(void **state)
{
	struct guest *g;

	sim_start(1);
	g = sim_guest(1, MS, 0);
	sim_run(2 * MS);
	vcpu_pause(&g->v);
	assert_int_equal(g->loaded_on, -1);
	vcpu_unblock(&g->v);
	sim_settle();
	assert_false(sim_is_running(g));
	vcpu_unpause(&g->v);
	sim_settle();
	assert_true(sim_is_running(g));
}

static void destruction_leaves_nothing(void **state)
{
	struct guest *g;

	sim_start(2);
	g = sim_guest(2, 0, 0);
	sim_run(MS);
	set_bit(VPF_DOWN, &g->v.pause_flags);
	sched_vcpu_destroy(&g->v);
	assert_int_equal(g->loaded_on, -1);
	assert_null(cpu_current_vcpu(1));
	sim_check();
}

static void current_cannot_be_waited_for(void **state)
{
	struct guest *g;

	sim_start(1);
	g = sim_guest(1, 0, 0);
	sim_settle();
	expect_assert_failure(vcpu_sleep_sync(&g->v));
	/* The pause itself was taken back by nobody: do it here. */
	assert_true(sim_is_running(g));
}

/* ---- anything, in any order ---- */

static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 12) % n;
}

static void random_affinity(struct guest *g)
{
	cpumask_t m = { 1 + pick(15) };

	assert_int_equal(vcpu_set_affinity(&g->v, &m), 0);
}

static void random_pause(struct guest *g)
{
	if (g->v.pause_count)
		vcpu_unpause(&g->v);
	else if (current != &g->v)
		vcpu_pause(&g->v);
}

static void random_step(void)
{
	struct guest *g = &guests[pick(nr_guests)];

	sim_be(pick(4));
	switch (pick(9)) {
	case 8:
		set_cap((uint16_t)(pick(3) * 40));
		break;
	case 0:
	case 1:
		vcpu_unblock(&g->v);
		break;
	case 2:
		if (sim_running(fake_cpu_id))
			vcpu_block();
		break;
	case 3:
		if (sim_running(fake_cpu_id))
			vcpu_yield();
		break;
	case 4:
		random_affinity(g);
		break;
	case 5:
		random_pause(g);
		break;
	case 6:
		set_bit(VPF_POLL, &g->v.pause_flags);
		vcpu_sleep_nosync(&g->v);
		break;
	default:
		clear_bit(VPF_POLL, &g->v.pause_flags);
		vcpu_wake(&g->v);
	}
}

static void everybody_is_somewhere(void **state)
{
	unsigned int i, step;

	sim_start(4);
	seed = 11;
	for (i = 0; i < 12; i++)
		sim_guest_of(i % 2, ~0UL, i % 3 ? i * 300 * US : 0,
			     i * 200 * US + 1);
	for (step = 0; step < 20000; step++) {
		random_step();
		if (pick(3))
			sim_settle();
		if (pick(4) == 0)
			sim_run(pick(3000) * US);
		sim_settle();
		sim_check();
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equals_get_equal_time),
		TEST(weights_divide_the_time),
		TEST(a_slice_ends_when_others_wait),
		TEST(a_wakeup_beats_busy_neighbours),
		TEST(the_rate_limit_holds),
		TEST(sleep_saves_up_no_time),
		TEST(an_event_in_time_keeps_it_awake),
		TEST(yield_lets_the_other_go_first),
		TEST(work_spreads_over_all_cpus),
		TEST(a_crowd_disperses),
		TEST(a_busy_cpu_gives_away_to_a_less_busy_one),
		TEST(three_on_two_cpus_get_equal_time),
		TEST(five_on_four_cpus_get_equal_time),
		TEST(weight_counts_in_the_balance),
		TEST(a_newcomer_neither_starves_nor_rules),
		TEST(an_idle_cpu_takes_work_over),
		TEST(a_pinned_one_stays),
		TEST(affinity_moves_it_at_once),
		TEST(soft_affinity_is_a_wish),
		TEST(a_cap_holds_on_an_idle_machine),
		TEST(a_cap_is_for_all_vcpus_together),
		TEST(a_cap_leaves_the_rest_to_others),
		TEST(what_ran_before_a_cap_is_not_charged_to_it),
		TEST(who_stays_below_its_cap_is_not_parked),
		TEST(params_of_a_domain),
		TEST(a_pool_keeps_its_cpus_to_itself),
		TEST(an_affinity_without_a_cpu_is_forgotten),
		TEST(any_cpu_is_one_cpu),
		TEST(null_never_takes_a_cpu_away),
		TEST(pools_have_numbers),
		TEST(idle_keeps_the_state),
		TEST(state_follows_to_another_cpu),
		TEST(pause_waits_and_counts),
		TEST(a_paused_one_is_not_woken),
		TEST(destruction_leaves_nothing),
		TEST(current_cannot_be_waited_for),
		TEST(everybody_is_somewhere),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
