/* SPDX-License-Identifier: MIT */
/*
 * test_event_race.c - event channels on several CPUs at once
 *
 * A thread is a CPU.
 */
#include "event/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/percpu.h>
#include <lodge/x86.h>

/* Two domains bind, send and close without end, in different threads. */
static void *peer(void *arg)
{
	unsigned int dom = (unsigned int)(uintptr_t)arg, i;

	fake_cpu_id = dom;
	for (i = 0; i < 20000; i++) {
		struct evtchn_alloc_unbound op = { .dom = DOMID_SELF,
						   .remote_dom =
							   (domid_t)(3 - dom) };
		evtchn_port_t local;

		if (i % 2)
			call(dom, EVTCHNOP_alloc_unbound, &op);
		else if (!bind_inter(dom, (domid_t)(3 - dom), 1 + i % 5,
				     &local))
			send_on(dom, local);
		send_on(dom, 1 + i % 7);
		if (i % 3 == 0)
			close_on(dom, 1 + i % 7);
	}
	return NULL;
}

static void races_leave_pairs_whole(void **state)
{
	pthread_t t[2];
	evtchn_port_t port;
	unsigned int i;

	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, peer, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (port = 1; port < 200; port++) {
		const struct evtchn *chn = evtchn_lookup(&doms[1], port);
		const struct evtchn *peer_chn;

		if (!chn || chn->state != EVTCHN_INTERDOMAIN)
			continue;
		peer_chn = evtchn_lookup(chn->remote_dom, chn->remote_port);
		assert_int_equal(peer_chn->state, EVTCHN_INTERDOMAIN);
		assert_int_equal(peer_chn->remote_port, port);
		assert_ptr_equal(peer_chn->remote_dom, &doms[1]);
	}
}

/* ---- FIFO: senders, and a guest that takes, masks and moves ---- */

#define NR_SENDERS 2
#define NR_FIFO_PORTS 6
#define SENDS 150000

static evtchn_port_t fifo_ports[NR_SENDERS][NR_FIFO_PORTS];
static unsigned long done[NR_SENDERS][NR_FIFO_PORTS];	/* [a] */
static unsigned int senders_left;			/* [a] */

/* Says what it has done, then sends; from domain 0 and 2 to domain 1. */
static void *sender(void *arg)
{
	unsigned int self = (unsigned int)(uintptr_t)arg, i, k;

	fake_cpu_id = self + 1;
	for (i = 0; i < SENDS; i++) {
		k = i % NR_FIFO_PORTS;
		atomic_add_return(&done[self][k], 1);
		send_on(self ? 2 : 0, fifo_ports[self][k]);
	}
	atomic_sub_return(&senders_left, 1);
	return NULL;
}

/* On a third CPU: masks, unmasks, changes priorities and vCPUs. */
static void *meddler(void *arg)
{
	unsigned int i;

	fake_cpu_id = 3;
	for (i = 0; atomic_load(&senders_left); i++) {
		evtchn_port_t port = 1 + i % (NR_SENDERS * NR_FIFO_PORTS);

		atomic_fetch_or(word(port), MASKED);
		set_priority(1, port, i % 16);
		bind_vcpu(1, port, i / 5 % 2);
		if (!unmask_alone(port))
			unmask_on(1, port);
	}
	return NULL;
}

struct taker {
	volatile struct evtchn_fifo_control_block *block;
	evtchn_port_t front[16];
	uint32_t ready;
};

/* True: there was something. */
static bool take_one(struct taker *t, unsigned long *seen)
{
	evtchn_port_t port = consume(t->block, t->front, &t->ready);

	assert_true(port <= NR_SENDERS * NR_FIFO_PORTS);
	if (port && take(port))
		seen[port] = atomic_load(&done[(port - 1) % 2][(port - 1) / 2]);
	return port;
}

static void no_event_is_lost(void **state)
{
	struct taker takers[2] = { { .block = control() },
				   { .block = (void *)(frames[0] + 2048) } };
	unsigned long seen[NR_SENDERS * NR_FIFO_PORTS + 1] = { 0 };
	pthread_t t[NR_SENDERS], m;
	unsigned int i, k;

	enter_fifo(1, 1);
	assert_int_equal(init_control(1, GFN_OF(0), 2048, 1), 0);
	memset(done, 0, sizeof(done));
	for (k = 0; k < NR_FIFO_PORTS; k++)
		for (i = 0; i < NR_SENDERS; i++)
			bind_inter(i ? 2 : 0, 1, unbound(1, i ? 2 : 0),
				   &fifo_ports[i][k]);
	senders_left = NR_SENDERS;
	for (i = 0; i < NR_SENDERS; i++)
		pthread_create(&t[i], NULL, sender, (void *)(uintptr_t)i);
	pthread_create(&m, NULL, meddler, NULL);
	while (atomic_load(&senders_left))
		for (i = 0; i < 2; i++)
			take_one(&takers[i], seen);
	for (i = 0; i < NR_SENDERS; i++)
		pthread_join(t[i], NULL);
	pthread_join(m, NULL);
	for (i = 0; i < 2; i++)
		while (take_one(&takers[i], seen))
			;
	for (i = 1; i <= NR_SENDERS * NR_FIFO_PORTS; i++) {
		assert_int_equal(*word(i), 0);
		assert_int_equal(seen[i], SENDS / NR_FIFO_PORTS);
	}
}

/* The guest writes what it likes where it likes: the sender comes to an end,
 * and nothing of ours is touched. */
static void *spoiler(void *arg)
{
	unsigned int seed = 1;

	fake_cpu_id = 3;
	while (atomic_load(&senders_left)) {
		seed = seed * 1664525 + 1013904223;
		*word(seed >> 8 & 15) = seed;
		((volatile uint32_t *)frames[0])[seed % 18] = seed;
	}
	return NULL;
}

static void spoilt_words_end_nothing(void **state)
{
	pthread_t t[NR_SENDERS], m, n;
	unsigned int i, k;

	enter_fifo(1, 1);
	assert_int_equal(init_control(1, GFN_OF(0), 0, 1), 0);
	for (k = 0; k < NR_FIFO_PORTS; k++)
		for (i = 0; i < NR_SENDERS; i++)
			bind_inter(i ? 2 : 0, 1, unbound(1, i ? 2 : 0),
				   &fifo_ports[i][k]);
	senders_left = NR_SENDERS;
	pthread_create(&m, NULL, spoiler, NULL);
	for (i = 0; i < NR_SENDERS; i++)
		pthread_create(&t[i], NULL, sender, (void *)(uintptr_t)i);
	pthread_create(&n, NULL, meddler, NULL);
	for (i = 0; i < NR_SENDERS; i++)
		pthread_join(t[i], NULL);
	pthread_join(m, NULL);
	pthread_join(n, NULL);
}

/* One CPU unmasks and polls ports, the other goes to and fro between the two
 * forms: pages must not be used once they were let go of. */
static void *unmasker(void *arg)
{
	unsigned int i;

	fake_cpu_id = 1;
	for (i = 0; atomic_load(&senders_left); i++) {
		unmask_on(1, 1 + i % 3);
		evtchn_port_pending(&doms[1], 1 + i % 3);
		send_on(1, 1 + i % 3);
		set_priority(1, 1 + i % 3, i % 16);
	}
	return NULL;
}

static void the_form_changes_under_them(void **state)
{
	unsigned int round, i;
	pthread_t t;

	cpu_online_map.bits = 3;
	senders_left = 1;
	pthread_create(&t, NULL, unmasker, NULL);
	for (round = 0; round < 300; round++) {
		for (i = 0; i < 3; i++)
			bind_ipi(1, i % 2);
		enter_fifo(1, 1);
		init_control(1, GFN_OF(0), 1024, 1);
		assert_int_equal(reset_ports(1, DOMID_SELF), 0);
		/* Let go of: whatever is written now is not theirs. */
		memset(frames, 0xaa, 2 * PAGE_SIZE);
		for (i = 0; i < 1000; i++)
			cpu_relax();
		for (i = 0; i < 2 * PAGE_SIZE; i++)
			assert_int_equal(frames[i / PAGE_SIZE][i % PAGE_SIZE],
					 0xaa);
		memset(frames, 0, 2 * PAGE_SIZE);
	}
	atomic_store(&senders_left, 0);
	pthread_join(t, NULL);
	cpu_online_map.bits = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(races_leave_pairs_whole),
		T(no_event_is_lost),
		T(spoilt_words_end_nothing),
		T(the_form_changes_under_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
