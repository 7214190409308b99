/* SPDX-License-Identifier: MIT */
/*
 * test_audit_queues.c - the audit finds vCPUs and queues that do not agree
 */
#include "sched/machine.h"

#include <lodge/audit.h>

#include "../../hypervisor/sched/private.h"

static unsigned long errors(void)
{
	struct audit a = { .quiet = true };

	sched_audit_domain(&a, sim_domain(0));
	sched_audit(&a);
	assert_int_equal(a.vcpus, nr_guests);
	return a.errors;
}

/* Two CPUs, three guests that compute and one that waits. */
static void start(void)
{
	unsigned int i;

	sim_start(2);
	for (i = 0; i < 3; i++)
		sim_guest(3, 0, 0);
	sim_guest(3, NS_PER_MS, 0);
	sim_run(50 * NS_PER_MS);
	assert_int_equal(errors(), 0);
}

static struct vcpu *find(bool queued, bool running)
{
	unsigned int i;

	for (i = 0; i < nr_guests; i++)
		if (guests[i].v.sched.queued == queued &&
		    guests[i].v.sched.running == running)
			return &guests[i].v;
	fail_msg("no such guest");
	return NULL;
}

static void queues_that_count_wrong(void **state)
{
	start();
	runqs[0].nr_queued++;
	assert_int_equal(errors(), 1);
	runqs[0].nr_queued--;
	runqs[1].weight -= 256;
	assert_int_equal(errors(), 1);
	runqs[1].weight += 256;
	assert_int_equal(errors(), 0);
	sim_end();
}

static void vcpus_out_of_place(void **state)
{
	struct vcpu *v;

	start();
	v = find(true, false);
	/* It waits, and may not run. */
	v->pause_flags = BIT(VPF_PAUSED);
	assert_int_equal(errors(), 1);
	v->pause_flags = 0;
	/* Nor there. */
	v->sched.affinity = cpumask_of(1 - v->sched.cpu);
	assert_int_equal(errors(), 1);
	v->sched.affinity = (cpumask_t){ 3 };
	/* In two states at once. */
	v->sched.running = true;
	assert_int_equal(errors(), 1);
	v->sched.running = false;
	/* Runs, as it says, but that CPU has another: and has less weight. */
	v = find(false, false);
	v->sched.running = true;
	assert_int_equal(errors(), 2);
	v->sched.running = false;
	assert_int_equal(errors(), 0);
	sim_end();
}

static void pools_that_count_wrong(void **state)
{
	struct domain *d;
	struct cpupool *pool;

	start();
	d = sim_domain(0);
	pool = d->sched.pool;
	list_del(&d->sched.pool_link);
	assert_int_equal(errors(), 1);
	list_init(&d->sched.pool_link);
	list_add_tail(&d->sched.pool_link, sim_domain(1)->sched.pool_link.prev);
	assert_ptr_equal(d->sched.pool, pool);
	assert_int_equal(errors(), 0);
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_that_count_wrong),
		cmocka_unit_test(vcpus_out_of_place),
		cmocka_unit_test(pools_that_count_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
