/* SPDX-License-Identifier: MIT */
/*
 * test_grant_race.c - the granter, and two users, at the same time
 */
#include "grant/world.h"

#include <pthread.h>

#include <lodge/atomic.h>

/* The granter withdraws while the user maps: one of the two sees the other. */
static volatile bool stop;

static void *granter(void *arg)
{
	unsigned long *withdrawn = arg;

	while (!stop) {
		uint16_t want = GTF_permit_access;

		if (atomic_cmpxchg(&entry(1, REF)->flags, &want, 0)) {
			/* Nobody may have it now. */
			if (frame->type_info & PTI_COUNT_MASK)
				*withdrawn = ~0UL;
			else
				++*withdrawn;
			atomic_store(&entry(1, REF)->flags, GTF_permit_access);
		}
	}
	return NULL;
}

static void withdrawal_races_with_use(void **state)
{
	unsigned long withdrawn = 0;
	unsigned int i, mapped = 0;
	pthread_t t;

	stop = false;
	pthread_create(&t, NULL, granter, &withdrawn);
	for (i = 0; i < 200000 || !withdrawn; i++) {
		struct gnttab_map_grant_ref op = map_op(1, GNTMAP_host_map);

		if (map_with(&op))
			continue;
		mapped++;
		assert_int_equal(unmap_by(1, 0, op.handle), GNTST_okay);
	}
	stop = true;
	pthread_join(t, NULL);
	assert_int_not_equal(withdrawn, ~0UL);
	assert_true(mapped > 0);
}

/* Two vCPUs map, and undo what they guess: each pin ends exactly once. */
static void *guesser(void *arg)
{
	unsigned int vcpu = (unsigned int)(uintptr_t)arg, i;
	uint64_t bus = mfn_x(page_to_mfn(frame)) << PAGE_SHIFT;

	fake_cpu_id = vcpu;
	for (i = 0; i < 50000; i++) {
		struct gnttab_map_grant_ref m = map_op(0, GNTMAP_device_map);
		struct gnttab_unmap_grant_ref u = {
			.dev_bus_addr = bus,
			.handle = i * 7 % 200,
		};

		call_as(&vcpus[2][vcpu], GNTTABOP_map_grant_ref, &m, 1);
		call_as(&vcpus[2][vcpu], GNTTABOP_unmap_grant_ref, &u, 1);
	}
	return NULL;
}

static void handles_are_undone_once(void **state)
{
	pthread_t t[NR_VCPUS];
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		pthread_create(&t[i], NULL, guesser, (void *)(uintptr_t)i);
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(t[i], NULL);
	while (grant_table_release_mappings(&doms[2]))
		;
	assert_int_equal(marks(REF), 0);
	assert_int_equal(frame->count_info, PCI_ALLOCATED | 1);
	cpu_online_map.bits = 3; /* free frames in its cache count */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(withdrawal_races_with_use),
		T(handles_are_undone_once),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
