/* SPDX-License-Identifier: MIT */
/*
 * pairs.c - what a domain pays for the hypervisor when it deals with another
 *
 * The control domain makes a small domain that answers (peer.c) and measures
 * what backends and toolstacks do all day: events there and back, grants
 * mapped and copied, turns on one CPU, domains made and ended. As in the guest
 * calls each operation is carried out many times in a row and checked to have
 * had its effect, and its mean price is printed as `BENCH name ticks rounds`.
 * tests/bench/pairs.py puts two hypervisors side by side.
 */
#include "peer.h"

#include <guestkit/bench.h>
#include <guestkit/clock.h>
#include <guestkit/domain.h>
#include <guestkit/event.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>

#define ROUNDS	       1000
#define NR_MAPS	       PEER_FRAMES
#define NR_COPIES      8
#define DOMAIN_ROUNDS  100
#define FIRST_REF      8
/* Questions until a domain has gone: who ends domains later ends them soon. */
#define PATIENCE       100000

static struct peer peer;
static char *windows, *pages;
static struct gnttab_map_grant_ref maps[NR_MAPS];
static struct gnttab_unmap_grant_ref unmaps[NR_MAPS];
static struct gnttab_copy copies[NR_COPIES];

static bool op_nothing(void)
{
	return true;
}

/* Masked up to the block, so that no answer comes before it is waited for. */
static bool op_event_round_trip(void)
{
	unsigned long count = event_port_count(peer.port);

	event_block();
	if (event_send(peer.port))
		return false;
	while (event_port_count(peer.port) == count) {
		HYPERVISOR_sched_op(SCHEDOP_block, NULL);
		event_block();
	}
	event_unblock();
	return event_port_count(peer.port) == count + 1;
}

static bool op_yield(void)
{
	return HYPERVISOR_sched_op(SCHEDOP_yield, NULL) == 0;
}

static bool map_and_unmap(unsigned int nr)
{
	unsigned int i;
	bool done = true;

	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, maps, nr))
		return false;
	for (i = 0; i < nr; i++) {
		done = done && !maps[i].status;
		unmaps[i].handle = maps[i].handle;
	}
	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, nr))
		return false;
	for (i = 0; i < nr; i++)
		done = done && !unmaps[i].status;
	return done;
}

static bool op_grant_map_and_unmap(void)
{
	return map_and_unmap(1);
}

static bool op_grant_map_and_unmap_of_32(void)
{
	return map_and_unmap(NR_MAPS);
}

static bool copy(unsigned int nr)
{
	unsigned int i;

	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, copies, nr))
		return false;
	for (i = 0; i < nr; i++)
		if (copies[i].status)
			return false;
	return true;
}

static bool op_grant_copy_from(void)
{
	return copy(1);
}

static bool op_grant_copy_to(void)
{
	return copy(1);
}

static bool op_grant_copy_from_of_8(void)
{
	return copy(NR_COPIES);
}

static bool is_gone(domid_t domid)
{
	unsigned long nr_pages;
	unsigned int i;

	for (i = 0; i < PATIENCE; i++)
		if (domain_state(domid, &nr_pages) < 0)
			return true;
	return false;
}

/* No vCPU, no memory. */
static bool op_create_and_destroy_domain(void)
{
	struct xen_domctl op = {0};

	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	return domain_control(XEN_DOMCTL_createdomain, DOMID_INVALID, &op) ==
		       0 && domain_destroy(op.domain) == 0 &&
	       is_gone(op.domain);
}

static uint64_t price(bool (*op)(void), unsigned int rounds, bool *all_done)
{
	uint64_t start, end;
	unsigned int i;

	MARK_BEGIN();
	start = tsc_read();
	for (i = 0; i < rounds; i++)
		if (!op())
			*all_done = false;
	end = tsc_read();
	MARK_END();
	return end - start;
}

static uint64_t nothing;

static void tell(const char *name, uint64_t ticks, unsigned long rounds)
{
	ticks /= rounds;
	print("BENCH %s %lu %lu\n", name, ticks > nothing ? ticks - nothing : 0,
	      rounds);
}

static void measure(const char *name, bool (*op)(void), unsigned int rounds)
{
	bool all_done = op();
	uint64_t ticks = price(op, rounds, &all_done);

	CHECK(all_done);
	tell(name, ticks, rounds);
}

#define MEASURE(name, rounds) measure(#name, op_##name, rounds)

static void maps_set_up(void)
{
	unsigned int i;

	for (i = 0; i < NR_MAPS; i++) {
		maps[i].host_addr = (unsigned long)windows + i * PAGE_BYTES;
		maps[i].ref = FIRST_REF + i;
		maps[i].dom = peer.domid;
		maps[i].flags = GNTMAP_host_map;
		unmaps[i].host_addr = maps[i].host_addr;
	}
}

static void copies_set_up(bool from)
{
	unsigned int i;

	for (i = 0; i < NR_COPIES; i++) {
		struct gnttab_copy_ptr grant = {
			.u.ref = FIRST_REF + i,
			.domid = peer.domid,
		};
		struct gnttab_copy_ptr page = {
			.u.gmfn = virt_to_mfn(pages + i * PAGE_BYTES),
			.domid = DOMID_SELF,
		};

		copies[i] = (struct gnttab_copy){
			.source = from ? grant : page,
			.dest = from ? page : grant,
			.len = PAGE_BYTES,
			.flags = from ? GNTCOPY_source_gref
				      : GNTCOPY_dest_gref,
		};
	}
}

static bool set_up(void)
{
	unsigned int i;
	bool done = true;

	windows = page_alloc_many(NR_MAPS);
	pages = page_alloc_many(NR_COPIES);
	if (!windows || !pages || event_set_up() || peer_build(&peer)) {
		test_error("no other domain");
		return false;
	}
	event_port_enable(peer.port);
	for (i = 0; i < NR_MAPS; i++) {
		peer_grant(&peer, FIRST_REF + i, i);
		if (page_map(windows + i * PAGE_BYTES, 0))
			done = false;
	}
	maps_set_up();
	return CHECK(done);
}

static bool is_filled(const char *page, char byte)
{
	unsigned int i;

	for (i = 0; i < PAGE_BYTES; i++)
		if (page[i] != byte)
			return false;
	return true;
}

/* What was written there comes back, into a page that held something else. */
static void measure_copies(void)
{
	copies_set_up(false);
	memset(pages, 0x5a, NR_COPIES * PAGE_BYTES);
	CHECK(copy(NR_COPIES));
	MEASURE(grant_copy_to, ROUNDS);
	memset(pages, 0, NR_COPIES * PAGE_BYTES);
	copies_set_up(true);
	MEASURE(grant_copy_from, ROUNDS);
	CHECK(is_filled(pages, 0x5a));
	MEASURE(grant_copy_from_of_8, ROUNDS);
	CHECK(is_filled(pages + (NR_COPIES - 1) * PAGE_BYTES, 0x5a));
}

/* A round is one yield of each; who comes back alone yields again. */
static void measure_yields(void)
{
	uint64_t count, ticks;
	bool all_done = true;

	peer.data->mode = PEER_YIELDS;
	CHECK(op_event_round_trip());
	count = peer.data->count;
	ticks = price(op_yield, ROUNDS, &all_done);
	count = peer.data->count - count;
	peer.data->mode = PEER_BLOCKS;
	CHECK(all_done);
	/* Else it would not be yields that were measured. */
	if (CHECK(count >= ROUNDS / 2))
		tell("yield_and_back", ticks, count);
}

/* The peer makes them, and the marks too. */
static void measure_calls(void)
{
	peer.data->mode = PEER_CALLS;
	peer.data->calls = ROUNDS;
	CHECK(op_event_round_trip());
	peer.data->mode = PEER_BLOCKS;
	CHECK(peer.data->ticks > ROUNDS);
	tell("unprivileged_null_hypercall", peer.data->ticks, ROUNDS);
}

TEST(pairs)
{
	bool done = true;

	if (!set_up())
		return;
	nothing = price(op_nothing, ROUNDS, &done) / ROUNDS;
	print("BENCH empty_loop %lu %u\n", nothing, ROUNDS);
	measure_calls();
	MEASURE(event_round_trip, ROUNDS);
	measure_yields();
	MEASURE(grant_map_and_unmap, ROUNDS);
	MEASURE(grant_map_and_unmap_of_32, ROUNDS);
	measure_copies();
	MEASURE(create_and_destroy_domain, DOMAIN_ROUNDS);
	CHECK_EQ(peer_destroy(&peer), 0);
	CHECK(is_gone(peer.domid));
}
