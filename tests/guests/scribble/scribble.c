/* SPDX-License-Identifier: MIT */
/*
 * scribble - a guest that writes nonsense into its own console's ring
 *
 * Whoever serves the console must move nothing while the indices make no
 * sense, and go on when they do. Started by a toolstack: as Dom0 it has no
 * such ring. What it finds comes out at the console itself, once mended.
 */
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/test.h>
#include <xen/io/console.h>

#define EVENTS 1000

static volatile struct xencons_interface *ring;

static void tell(void)
{
	event_send(start_info->console.domU.evtchn);
}

/* What this guest has printed has been taken; false: it is Dom0. */
static bool begin(void)
{
	if (start_info->flags & SIF_INITDOMAIN) {
		test_skip("Dom0 has no console's ring");
		return false;
	}
	ring = mfn_to_virt(start_info->console.domU.mfn);
	while (ring->out_cons != ring->out_prod)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return true;
}

/* Long enough for each event to be answered that is. */
static void flood(void)
{
	unsigned int i;

	for (i = 0; i < EVENTS; i++) {
		tell();
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

TEST(output)
{
	static const uint32_t ahead[] = {
		sizeof(ring->out) + 1, 0x10000, 0x7fffffff, 0x80000000,
		0xffffffff,
	};
	uint32_t cons, i;

	if (!begin())
		return;
	cons = ring->out_cons;
	for (i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		ring->out_prod = cons + ahead[i];
		flood();
		CHECK_EQ(ring->out_cons, cons);
	}
	ring->out_prod = cons;
}

TEST(input)
{
	uint32_t prod, cons;

	if (!begin())
		return;
	prod = ring->in_prod;
	cons = ring->in_cons;
	ring->in_cons = prod + 1;
	flood();
	CHECK_EQ(ring->in_prod, prod);
	ring->in_cons = cons;
}

TEST(events_for_nothing)
{
	if (!begin())
		return;
	flood();
	CHECK_EQ(ring->out_cons, ring->out_prod);
}
