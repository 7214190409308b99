/* SPDX-License-Identifier: MIT */
/*
 * race.c - FIFO event channels with two vCPUs
 *
 * One sends while the other masks, unmasks, moves ports between vCPUs and
 * priorities, spoils the words, or changes the ABI. Where the guest keeps the
 * rules no event may be lost: a counter that a sender raised before it sent
 * must be seen by an upcall at last.
 */
#include "queue.h"

#include <guestkit/clock.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>
#include <guestkit/vcpu.h>

#define PORTS	    8
#define ROUNDS	    1500
#define PATIENCE_NS (30 * NS_PER_S)

enum job { JOB_IDLE, JOB_SEND, JOB_SPOIL, JOB_SEND_ANY, JOB_TAKE };

static volatile enum job job;
static volatile bool busy;
static volatile unsigned long sent, looks;
static volatile evtchn_port_t ports[PORTS];
static struct vcpu *second;

static void yield(void)
{
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void send_all(void)
{
	unsigned int i;

	for (i = 0; i < PORTS; i++)
		event_send(ports[i]);
	sent++;
}

static void spoil(void)
{
	static uint32_t seed = 1;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		seed = seed * 1664525 + 1013904223;
		*queue_word(seed >> 8 & 31) = seed;
	}
}

static void second_main(void *arg)
{
	(void)arg;
	for (;;) {
		enum job now = job;

		busy = now != JOB_IDLE;
		if (now == JOB_SEND || now == JOB_SEND_ANY)
			send_all();
		if (now == JOB_SPOIL)
			spoil();
		if (now == JOB_TAKE)
			event_unblock();
		else
			event_block();
		looks++;
		if (now != JOB_SPOIL)
			yield();
	}
}

static bool start(enum job what)
{
	uint64_t end = clock_ns() + PATIENCE_NS;
	unsigned long before;

	if (!second)
		second = vcpu_start(1, second_main, NULL);
	job = what;
	before = looks;
	while (second && looks < before + 2 && clock_ns() < end)
		yield();
	return second && looks >= before + 2;
}

static bool stop(void)
{
	return start(JOB_IDLE) && !busy;
}

static bool set_up(void)
{
	unsigned int i;

	if (!queue_enter(0) || !queue_add_vcpu(1))
		return false;
	for (i = 0; i < PORTS; i++) {
		long port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
		long other = event_bind_interdomain(DOMID_SELF, port);

		if (port < 0 || other < 0)
			return false;
		ports[i] = port;	/* sends to the one behind it */
	}
	return true;
}

static evtchn_port_t target(unsigned int i)
{
	return ports[i] + 1;
}

/* All is quiet: one more event for each port must come through. */
static void check_alive(void)
{
	uint64_t end = clock_ns() + PATIENCE_NS;
	unsigned int i;

	for (i = 0; i < PORTS; i++) {
		unsigned long before;

		queue_unmask(target(i));
		yield();
		CHECK_EQ(*queue_word(target(i)) & (PENDING | LINKED), 0);
		before = queue_count(target(i));
		CHECK_EQ(event_send(ports[i]), 0);
		while (queue_count(target(i)) == before && clock_ns() < end)
			yield();
		CHECK_EQ(queue_count(target(i)), before + 1);
	}
}

TEST(mask_while_it_is_sent)
{
	unsigned int round;
	unsigned long before;

	REQUIRE(set_up() && start(JOB_SEND));
	event_unblock();
	before = sent;
	for (round = 0; round < ROUNDS; round++) {
		evtchn_port_t port = target(round % PORTS);

		queue_mask(port);
		if (round % 7 == 0)
			yield();
		queue_unmask(port);
	}
	CHECK(start(JOB_SEND));
	CHECK(sent > before);
	CHECK(stop());
	check_alive();
	CHECK(queue_leave());
}

TEST(priority_while_it_is_sent)
{
	unsigned int round;

	REQUIRE(set_up() && start(JOB_SEND));
	event_unblock();
	for (round = 0; round < ROUNDS; round++)
		CHECK_EQ(set_priority(target(round % PORTS), round % 16), 0);
	CHECK(stop());
	check_alive();
	CHECK(queue_leave());
}

/* Both vCPUs take; the ports go to and fro. */
TEST(vcpu_while_it_is_sent)
{
	uint64_t end = clock_ns() + PATIENCE_NS;
	unsigned int round, i;
	unsigned long before;

	REQUIRE(set_up() && start(JOB_TAKE));
	event_unblock();
	for (round = 0; round < ROUNDS; round++) {
		CHECK_EQ(bind_to(target(round % PORTS), round / PORTS % 2), 0);
		send_all();
		if (round % 7 == 0) {
			queue_mask(target(round / 7 % PORTS));
			queue_unmask(target(round / 7 % PORTS));
		}
	}
	/* On the other one at last. */
	for (i = 0; i < PORTS; i++) {
		CHECK_EQ(bind_to(target(i), 1), 0);
		while (*queue_word(target(i)) & (PENDING | LINKED) &&
		       clock_ns() < end)
			yield();
		before = queue_count(target(i));
		CHECK_EQ(event_send(ports[i]), 0);
		while (queue_count(target(i)) == before && clock_ns() < end)
			yield();
		CHECK_EQ(queue_count(target(i)), before + 1);
		CHECK_EQ(queue_vcpu(target(i)), 1);
		CHECK_EQ(bind_to(target(i), 0), 0);
	}
	CHECK(stop());
	check_alive();
	CHECK(queue_leave());
}

/* Against the rules: only the hypervisor's health counts. */
TEST(spoil_while_it_is_sent)
{
	unsigned int round, i;

	REQUIRE(set_up() && start(JOB_SPOIL));
	event_block();
	for (round = 0; round < ROUNDS; round++) {
		i = round % PORTS;
		CHECK_EQ(event_send(ports[i]), 0);
		CHECK_EQ(unmask_call(target(i)), 0);
		CHECK_EQ(set_priority(target(i), round % 16), 0);
		CHECK_EQ(bind_to(target(i), round / 3 % 2), 0);
	}
	CHECK(stop());
	this_vcpu()->info->evtchn_upcall_pending = 0;
	second->info->evtchn_upcall_pending = 0;
	CHECK(queue_leave());
	CHECK(set_up());
	event_unblock();
	for (i = 0; i < PORTS; i++)
		CHECK_EQ(queue_count(target(i)), 1); /* bound: pending */
	CHECK(queue_leave());
}

/* The other sends on ports that come and go with the ABI. */
TEST(change_while_it_is_sent)
{
	unsigned int round;

	REQUIRE(set_up() && start(JOB_SEND_ANY));
	for (round = 0; round < 30; round++) {
		event_unblock();
		yield();
		event_block();
		CHECK(queue_leave());
		CHECK(set_up());
	}
	CHECK(stop());
	event_unblock();
	check_alive();
	CHECK(queue_leave());
}
