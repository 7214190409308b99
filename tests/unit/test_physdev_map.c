/* SPDX-License-Identifier: MIT */
/*
 * test_physdev_map.c - physdev_op: lines and messages get a domain's numbers
 */
#include "physdev/world.h"

#include <lodge/errno.h>
#include <lodge/lib.h>

static void a_gsi_is_mapped_once(void **state)
{
	struct physdev_map_pirq m = gsi_request(9, 9);

	assert_int_equal(map(&m), 0);
	assert_int_equal(m.pirq, 9);
	assert_int_equal(pirqs[0][9], 9);
	m = gsi_request(9, 9);
	assert_int_equal(map(&m), 0);		/* again: the same */
	m = gsi_request(9, -1);
	assert_int_equal(map(&m), 0);
	assert_int_equal(m.pirq, 9);
	m = gsi_request(9, 10);
	assert_int_equal(map(&m), -EEXIST);
	m = gsi_request(10, 9);
	assert_int_equal(map(&m), -EEXIST);
	m = gsi_request(10, -1);
	assert_int_equal(map(&m), 0);
	assert_int_equal(pirqs[0][m.pirq], 10);
}

static void gsis_and_pirqs_out_of_range_are_refused(void **state)
{
	static const int bad[][2] = {
		{ -1, 1 }, { NR_GSIS, 1 }, { 0x7fffffff, 1 },
		{ 1, NR_PIRQS }, { 1, 0x7fffffff },
	};
	struct physdev_map_pirq m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = gsi_request(bad[i][0], bad[i][1]);
		assert_int_equal(map(&m), -EINVAL);
	}
	m = gsi_request(1, 1);
	for (i = 0; i < 4; i++) {
		static const int types[] = { MAP_PIRQ_TYPE_UNKNOWN, 5, -1,
					     0x7fffffff };

		m.type = types[i];
		assert_int_equal(map(&m), -EINVAL);
	}
}

static void another_domain_gets_what_it_may_have(void **state)
{
	struct physdev_map_pirq m = gsi_request(5, 5);

	m.domid = OTHER_DOMID;
	assert_int_equal(map(&m), 0);
	assert_int_equal(pirqs[1][5], 5);
	assert_int_equal(pirqs[0][5], -1);
	m = gsi_request(6, 6);
	m.domid = OTHER_DOMID;
	assert_int_equal(map(&m), -EPERM);
	m.domid = 1234;
	assert_int_equal(map(&m), -ESRCH);
}

static void a_message_is_mapped_and_unmapped(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF };

	m.table_base = 0xd0000000;
	m.entry_nr = 4;
	assert_int_equal(map(&m), 0);
	assert_int_equal(last_request.sbdf, DEVICE);
	assert_int_equal(last_request.table_base, 0xd0000000);
	assert_int_equal(last_request.entry, 4);
	assert_int_equal(last_request.nr_vectors, 1);
	assert_int_equal(pirqs[0][m.pirq], 40);
	u.pirq = m.pirq;
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), 0);
	assert_int_equal(msi_nr, 0);
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -EINVAL);
}

static void a_segment_comes_in_the_high_half(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);

	m.bus = 3 | 2 << 16;
	assert_int_equal(map(&m), -ENODEV);	/* that one is not known */
	m = msi_request(MAP_PIRQ_TYPE_MSI);
	m.bus = 3 | 2 << 16;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);
	m.bus = 0x103;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);
	m.devfn = 0x110;
	assert_int_equal(map(&m), -EINVAL);
	m.devfn = -1;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI);
	m.entry_nr = -1;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI);
	m.index = 0;
	assert_int_equal(map(&m), -EINVAL);
	assert_int_equal(nr_msi_allocs, 0);
}

static void unannounced_devices_send_no_messages(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MSI);

	device_known = false;
	assert_int_equal(map(&m), -ENODEV);
	assert_int_equal(nr_msi_allocs, 0);
}

static void a_group_of_messages_goes_together(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF };
	unsigned int i;

	pirqs[0][26] = 3;		/* in the way */
	m.entry_nr = 4;
	assert_int_equal(map(&m), 0);
	assert_int_equal(m.pirq, 27);
	for (i = 0; i < 4; i++)
		assert_int_equal(pirqs[0][27 + i], 40 + i);
	u.pirq = 28;			/* not the first */
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -EINVAL);
	u.pirq = 27;
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pirqs[0][27 + i], -1);
	assert_int_equal(msi_nr, 0);
}

static void wrong_groups_are_refused(void **state)
{
	static const int bad[] = { 0, -1, 33, 0x7fffffff };
	struct physdev_map_pirq m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
		m.entry_nr = bad[i];
		assert_int_equal(map(&m), -EINVAL);
	}
	m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
	m.entry_nr = 2;
	m.table_base = 0xd0000000;
	assert_int_equal(map(&m), -EINVAL);
	m.table_base = 0;
	m.pirq = NR_PIRQS - 1;		/* the second one is beyond */
	assert_int_equal(map(&m), -EINVAL);
	pirqs[0][31] = 3;
	m.pirq = 30;
	assert_int_equal(map(&m), -EEXIST);
	assert_int_equal(nr_msi_allocs, 0);
}

static void a_failure_half_way_leaves_nothing(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
	unsigned int i;

	m.entry_nr = 4;
	map_fails_after = 2;
	assert_int_equal(map(&m), -ENOSPC);
	assert_int_equal(m.pirq, -1);
	for (i = 0; i < NR_PIRQS; i++)
		assert_int_equal(pirqs[0][i], -1);
	assert_int_equal(nr_msi_allocs, 1);
	assert_int_equal(msi_nr, 0);
	msi_rc = -EBUSY;
	assert_int_equal(map(&m), -EBUSY);
}

static void unmapping_checks_its_number(void **state)
{
	static const int bad[] = { -1, NR_PIRQS, 0x7fffffff, 33 };
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u.pirq = bad[i];
		assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -EINVAL);
	}
	u.domid = 1234;
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -ESRCH);
}

static void free_numbers_are_found(void **state)
{
	struct physdev_get_free_pirq f = { .type = MAP_PIRQ_TYPE_MSI };

	pirqs[0][24] = 1;
	assert_int_equal(physdev(PHYSDEVOP_get_free_pirq, &f), 0);
	assert_int_equal(f.pirq, 25);
	f.type = MAP_PIRQ_TYPE_GSI;
	assert_int_equal(physdev(PHYSDEVOP_get_free_pirq, &f), 0);
	assert_int_equal(f.pirq, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_gsi_is_mapped_once),
		T(gsis_and_pirqs_out_of_range_are_refused),
		T(another_domain_gets_what_it_may_have),
		T(a_message_is_mapped_and_unmapped),
		T(a_segment_comes_in_the_high_half),
		T(unannounced_devices_send_no_messages),
		T(a_group_of_messages_goes_together),
		T(wrong_groups_are_refused),
		T(a_failure_half_way_leaves_nothing),
		T(unmapping_checks_its_number),
		T(free_numbers_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
