/* SPDX-License-Identifier: MIT */
/*
 * test_audit_grants.c - the audit finds handles and grants that do not agree
 */
#include "grant/world.h"

#include <lodge/audit.h>

static struct domain_tally tallies[NR_DOMAINS];

static unsigned long errors(void)
{
	struct audit a = { .quiet = true, .domains = tallies };
	unsigned int i;

	memset(tallies, 0, sizeof(tallies));
	for (i = 0; i < NR_DOMAINS; i++)
		grant_audit_handles(&a, &doms[i]);
	for (i = 0; i < NR_DOMAINS; i++)
		grant_audit_domain(&a, &doms[i]);
	return a.errors;
}

static struct grant_active *active(void)
{
	struct grant_active *act;

	spin_lock(&doms[1].grants->lock);
	act = grant_active_entry(doms[1].grants, REF);
	spin_unlock(&doms[1].grants->lock);
	return act;
}

/* What a grant in use holds is what the frame table says, less the
 * allocation's own reference. */
static void check_frames(unsigned int refs, unsigned int types)
{
	struct frame_tally t = { 0 };
	struct frame_window w = {
		.tally = &t, .first = mfn_x(page_to_mfn(frame)), .nr = 1,
	};

	grant_audit_frames(&w, &doms[1]);
	assert_int_equal(t.refs, refs);
	assert_int_equal(t.types, types);
	assert_int_equal(frame->count_info & PCI_COUNT_MASK, refs + 1);
	assert_int_equal(frame->type_info & PTI_COUNT_MASK, types);
}

static void what_is_right_is_clean(void **state)
{
	grant_handle_t ro, both;

	assert_int_equal(errors(), 0);
	ro = map_ok(1, GNTMAP_host_map | GNTMAP_readonly);
	check_frames(1, 0);
	both = map_ok(2, GNTMAP_host_map | GNTMAP_device_map);
	check_frames(1, 1);
	assert_int_equal(errors(), 0);
	assert_int_equal(tallies[1].tracks, 2);
	assert_int_equal(tallies[1].pins, 3);
	assert_int_equal(unmap_by(1, 0, ro), GNTST_okay);
	assert_int_equal(errors(), 0);
	assert_int_equal(unmap_by(2, map_op(2, 0).dev_bus_addr, both),
			 GNTST_okay);
	assert_int_equal(unmap_by(0, paddr_x(mfn_to_paddr(page_to_mfn(frame))),
				  both), GNTST_okay);
	check_frames(0, 0);
	assert_int_equal(errors(), 0);
}

static void uses_that_no_handle_has(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);

	active()->nr_read++;
	assert_int_equal(errors(), 1);
	active()->nr_read--;
	doms[1].grants->nr_used++;
	assert_int_equal(errors(), 1);
	doms[1].grants->nr_used--;
	assert_int_equal(errors(), 0);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

static void handles_of_no_use(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);
	struct track *t = track_lookup(doms[2].grants, h);

	t->ref++;
	assert_int_equal(errors(), 1);
	t->ref--;
	t->flags |= GNTMAP_readonly;
	assert_int_equal(errors(), 1);
	t->flags &= ~(uint32_t)GNTMAP_readonly;
	active()->domid = 0;
	assert_int_equal(errors(), 1);
	active()->domid = 2;
	/* And then the granter's uses are nobody's. */
	t->granter = NULL;
	assert_int_equal(errors(), 2);
	t->granter = &doms[1];
	assert_int_equal(errors(), 0);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

static void handles_that_are_lost(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);
	uint32_t *first = &doms[2].grants->free_tracks[0], was = *first;

	*first = track_lookup(doms[2].grants, was - 1)->next;
	assert_int_equal(errors(), 1);
	*first = h + 1; /* one that is in use */
	assert_int_equal(errors(), 1);
	*first = was;
	assert_int_equal(errors(), 0);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

static void frames_of_others(void **state)
{
	grant_handle_t h = map_ok(1, GNTMAP_host_map);

	active()->pg = own;
	assert_int_equal(errors(), 1);
	active()->pg = frame;
	assert_int_equal(errors(), 0);
	assert_int_equal(unmap_by(1, 0, h), GNTST_okay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_right_is_clean),
		T(uses_that_no_handle_has),
		T(handles_of_no_use),
		T(handles_that_are_lost),
		T(frames_of_others),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
