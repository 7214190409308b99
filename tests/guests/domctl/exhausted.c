/* SPDX-License-Identifier: MIT */
/*
 * exhausted.c - memory ends in the middle of making a domain
 *
 * A domain that never runs takes all free memory but some frames; another one
 * is made then, as far as that goes, and ended. With one frame less each time
 * every step finds itself without memory once. In the end all must be back.
 */
#include "build.h"

#include <guestkit/clock.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>

/* More than a small domain needs. */
#define ENOUGH	    160
#define PATIENCE_NS (60 * NS_PER_S)

static long take_frames(domid_t domid, uint64_t nr)
{
	struct xen_memory_reservation r = {
		.nr_extents = nr, .domid = domid,
	};

	return HYPERVISOR_memory_op(XENMEM_increase_reservation, &r);
}

static bool are_back(uint64_t want)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (free_frames() < want && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return free_frames() >= want;
}

static bool is_gone(domid_t domid)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (child_state(domid) && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return !child_state(domid);
}

/* What a toolstack sets up beside memory: either may fail. */
static void add_table_and_port(domid_t domid)
{
	xen_pfn_t frames[4];
	struct gnttab_setup_table table = { .dom = domid, .nr_frames = 4 };
	struct evtchn_alloc_unbound port = { .dom = domid, .remote_dom = 0 };

	set_xen_guest_handle(table.frame_list, frames);
	CHECK_EQ(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &table, 1),
		 0);
	HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &port);
}

/* Return: whether there was a whole domain. */
static bool make_and_end(void)
{
	struct child child = {0};
	long rc = child_build(&child);

	if (!child.domid) {
		CHECK_EQ(rc, -ENOMEM);
		return false;
	}
	if (rc)
		CHECK_EQ(rc, -ENOMEM);
	add_table_and_port(child.domid);
	CHECK_EQ(child_destroy(child.domid), 0);
	if (child.data)
		child_unmap(&child);
	CHECK(is_gone(child.domid));
	return rc == 0;
}

/* Debian's Xen 4.17.7 dies where there is no memory for a vCPU's scheduling
 * data: nothing to be compared. */
TEST(memory_runs_out)
{
	struct xen_domctl op = {0};
	unsigned int left, whole = 0;
	uint64_t start, nr;
	long hog;

	if (guest_on_control()) {
		test_skip("Debian's Xen panics");
		return;
	}
	hog = child_create(1);
	REQUIRE(hog > 0);
	op.u.max_mem.max_memkb = 1UL << 30;
	CHECK_EQ(domctl(XEN_DOMCTL_max_mem, (domid_t)hog, &op), 0);
	/* The first one leaves something behind for all that follow. */
	CHECK(make_and_end());
	start = free_frames();
	nr = start - ENOUGH;
	CHECK_EQ(take_frames((domid_t)hog, nr), nr);
	for (left = ENOUGH; left; left--) {
		whole += make_and_end();
		take_frames((domid_t)hog, 1);
	}
	/* Some of both kinds, or it has shown nothing. */
	CHECK(whole > 0 && whole < ENOUGH);
	CHECK_EQ(child_destroy((domid_t)hog), 0);
	CHECK(is_gone((domid_t)hog));
	CHECK(make_and_end());
	CHECK(are_back(start));
}
