/* SPDX-License-Identifier: MIT */
/*
 * test_event_fifo.c - event channels in their FIFO form
 */
#include "event/queue.h"

#include <string.h>

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>

static void errors_hold_no_pages(void **state)
{
	evtchn_port_t port = bind_ipi(1, 0);
	unsigned int i;

	assert_int_equal(expand_array(1, GFN_OF(1)), -EOPNOTSUPP);
	assert_int_equal(set_priority(1, port, 3), -ENOSYS);
	assert_int_equal(init_control(1, GFN_OF(0), 0, 2), -ENOENT);
	assert_int_equal(init_control(1, GFN_OF(0), 4, 0), -EINVAL);
	assert_int_equal(init_control(1, GFN_OF(0), PAGE_SIZE - 64, 0),
			 -EINVAL);
	assert_int_equal(init_control(1, GFN_OF(0), ~7U, 0), -EINVAL);
	assert_int_equal(init_control(1, 1, 0, 0), -EINVAL);
	for (i = 0; i < NR_FRAMES; i++)
		assert_int_equal(frame_refs[i], 0);
	assert_string_equal(doms[1].evtchn->ops->name, "2-level");

	assert_int_equal(init_control(1, GFN_OF(0), PAGE_SIZE - 72, 0), 0);
	assert_int_equal(init_control(1, GFN_OF(2), 0, 0), -EINVAL);
	assert_int_equal(expand_array(1, ~0UL), -EINVAL);
	assert_int_equal(set_priority(1, port, 16), -EINVAL);
	assert_int_equal(set_priority(1, EVTCHN_FIFO_NR_CHANNELS, 1), -EINVAL);
	assert_int_equal(set_priority(1, ~0U, 1), -EINVAL);
	assert_int_equal(set_priority(1, 0, 1), -EACCES);
	assert_int_equal(set_priority(1, port + 1, 1), -EACCES);
	assert_int_equal(frame_refs[0], 1);
	assert_int_equal(frame_refs[2], 0);
}

static void no_memory_for_it(void **state)
{
	unsigned int n;

	for (n = 0; n < 2; n++) {
		fake_heap_fail_after(n);
		assert_int_equal(init_control(1, GFN_OF(0), 0, 0), -ENOMEM);
		fake_heap_fail_never();
		assert_int_equal(frame_refs[0], 0);
		assert_string_equal(doms[1].evtchn->ops->name, "2-level");
	}
	assert_int_equal(init_control(1, GFN_OF(0), 0, 0), 0);
}

static void the_array_ends(void **state)
{
	unsigned int i;

	enter_fifo(1, 128);
	assert_int_equal(expand_array(1, GFN_OF(140)), -ENOSPC);
	assert_int_equal(frame_refs[140], 0);
	assert_int_equal(reset_ports(1, 1), 0);
	for (i = 0; i < NR_FRAMES; i++)
		assert_int_equal(frame_refs[i], 0);
	assert_int_equal(expand_array(1, GFN_OF(1)), -EOPNOTSUPP);
}

static void all_ports(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	evtchn_port_t i;

	enter_fifo(1, 128);
	for (i = 1; i < EVTCHN_FIFO_NR_CHANNELS; i++)
		assert_int_equal(bind_ipi(1, 0), i);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	assert_int_equal(send_on(1, i - 1), 0);
	assert_int_equal(*word(i - 1), PENDING | LINKED);
	assert_int_equal(control()->head[PRIORITY], i - 1);
	assert_int_equal(send_on(1, i), -EINVAL);
	assert_int_equal(unmask_on(1, i), -EINVAL);
	assert_int_equal(close_on(1, 77777), 0);
	assert_int_equal(close_on(1, 55555), 0);
	assert_int_equal(unbound(1, 2), 55555);
	assert_int_equal(unbound(1, 2), 77777);

	/* All of it goes in bounded steps, and those ports with the ABI. */
	fake_preempt = true;
	for (i = 0; reset_ports(1, 1) == HYPERCALL_CONTINUED; i++)
		;
	assert_in_range(i, 2000, 2100);
	assert_int_equal(send_on(1, 4096), -EINVAL);
	assert_int_equal(unmask_on(1, 4096), -EINVAL);
	assert_int_equal(evtchn_port_pending(&doms[1], 4096), -EINVAL);
}

static void a_limit_holds_for_new_ports(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	evtchn_port_t i;

	evtchn_set_max_port(&doms[1], 10);
	for (i = 1; i <= 10; i++)
		assert_int_equal(unbound(1, 2), i);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	evtchn_set_max_port(&doms[1], 5);
	assert_int_equal(status_of(1, 10).status, EVTCHNSTAT_unbound);
	assert_int_equal(close_on(1, 10), 0);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	evtchn_set_max_port(&doms[1], ~0U);
	assert_int_equal(unbound(1, 2), 10);
	evtchn_set_max_port(&doms[1], 0);
	assert_int_equal(close_on(1, 1), 0);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
}

static void a_queue_is_a_chain(void **state)
{
	evtchn_port_t a, b, c, front[16] = { 0 };
	uint32_t ready = 0;

	enter_fifo(1, 1);
	a = bind_ipi(1, 0);
	b = bind_ipi(1, 0);
	c = bind_ipi(1, 0);
	send_on(1, b);
	assert_int_equal(kicked[1][0], 1);
	send_on(1, a);
	send_on(1, b);
	send_on(1, c);
	assert_int_equal(kicked[1][0], 1);
	assert_int_equal(control()->ready, 1U << PRIORITY);
	assert_int_equal(control()->head[PRIORITY], b);
	assert_int_equal(*word(b), PENDING | LINKED | a);
	assert_int_equal(*word(a), PENDING | LINKED | c);
	assert_int_equal(*word(c), PENDING | LINKED);
	assert_int_equal(consume(control(), front, &ready), b);
	assert_true(take(b));
	/* Taken off: it goes to the end. */
	send_on(1, b);
	assert_int_equal(*word(c), PENDING | LINKED | b);
	assert_int_equal(consume(control(), front, &ready), a);
	assert_int_equal(consume(control(), front, &ready), c);
	assert_int_equal(consume(control(), front, &ready), b);
	assert_int_equal(consume(control(), front, &ready), 0);
	/* Empty: a new head. What was linked and not taken stays pending. */
	vcpus[1][0].info->evtchn_upcall_pending = 0;
	assert_true(take(b));
	send_on(1, b);
	assert_int_equal(control()->head[PRIORITY], b);
	assert_int_equal(kicked[1][0], 2);
	send_on(1, a);
	assert_int_equal(*word(b), PENDING | LINKED | a);
}

/* The last port of one queue goes to another, and what comes then must not
 * follow it there. */
static void an_end_that_moves(void **state)
{
	evtchn_port_t a, b, front[16] = { 0 };
	uint32_t ready = 0;

	enter_fifo(1, 1);
	a = bind_ipi(1, 0);
	b = bind_ipi(1, 0);
	send_on(1, a);
	assert_int_equal(consume(control(), front, &ready), a);
	assert_true(take(a));
	assert_int_equal(set_priority(1, a, 3), 0);
	send_on(1, a);
	send_on(1, b);
	assert_int_equal(control()->head[3], a);
	assert_int_equal(control()->head[PRIORITY], b);
	assert_int_equal(*word(a), PENDING | LINKED);
	/* And back, while it is the end over there. */
	assert_int_equal(consume(control(), front, &ready), a);
	assert_true(take(a));
	assert_int_equal(set_priority(1, a, PRIORITY), 0);
	send_on(1, a);
	assert_int_equal(*word(b), PENDING | LINKED | a);
}

static void between_vcpus(void **state)
{
	volatile struct evtchn_fifo_control_block *second =
		(void *)(frames[0] + 2048);
	evtchn_port_t p1, p2, front[16] = { 0 };
	uint32_t ready = 0;

	enter_fifo(1, 1);
	assert_int_equal(init_control(1, GFN_OF(0), 2048, 1), 0);
	assert_int_equal(frame_refs[0], 2);
	p1 = unbound(1, 2);
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	send_on(2, p2);
	assert_int_equal(kicked[1][0], 1);
	/* While it is queued it stays; its next event goes to the new one. */
	assert_int_equal(bind_vcpu(1, p1, 1), 0);
	send_on(2, p2);
	assert_int_equal(kicked[1][1], 0);
	assert_int_equal(consume(control(), front, &ready), p1);
	assert_true(take(p1));
	send_on(2, p2);
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(second->head[PRIORITY], p1);
	assert_int_equal(second->ready, 1U << PRIORITY);
}

static void masks(void **state)
{
	evtchn_port_t a;

	enter_fifo(1, 1);
	a = bind_ipi(1, 0);
	*word(a) = MASKED;
	send_on(1, a);
	assert_int_equal(*word(a), MASKED | PENDING);
	assert_int_equal(evtchn_port_pending(&doms[1], a), 1);
	assert_int_equal(kicked[1][0], 0);
	assert_int_equal(unmask_on(1, a), 0);
	assert_int_equal(*word(a), PENDING | LINKED);
	assert_int_equal(kicked[1][0], 1);
	assert_int_equal(unmask_on(1, a), 0);
	assert_int_equal(*word(a), PENDING | LINKED);
}

/* Pending from the two-level form, or before there was a word. */
static void nothing_is_lost_by_the_change(void **state)
{
	evtchn_port_t a = bind_ipi(1, 0), b = bind_ipi(1, 0), c;

	send_on(1, b);
	set_bit(99, doms[1].shared_info->evtchn_pending);	/* not open */
	vcpus[1][0].info->evtchn_upcall_pending = 0;
	assert_int_equal(init_control(1, GFN_OF(0), 0, 0), 0);
	assert_false(pending(1, b));
	assert_int_equal(evtchn_port_pending(&doms[1], b), 1);
	assert_int_equal(evtchn_port_pending(&doms[1], a), 0);
	send_on(1, a);
	c = bind_ipi(1, 0);
	send_on(1, c);
	assert_int_equal(close_on(1, c), 0);
	*word(a) = MASKED;
	assert_int_equal(expand_array(1, GFN_OF(1)), 0);
	assert_int_equal(*word(a), PENDING | MASKED);
	assert_int_equal(*word(b), PENDING | LINKED);
	assert_int_equal(*word(c), 0);
	assert_int_equal(*word(99), 0);
	assert_int_equal(kicked[1][0], 2);
}

/* Without its control block a vCPU is told nothing, but the event stays. */
static void a_vcpu_without_a_block(void **state)
{
	evtchn_port_t a;

	enter_fifo(1, 1);
	a = bind_ipi(1, 1);
	send_on(1, a);
	assert_int_equal(*word(a), PENDING);
	assert_int_equal(kicked[1][1], 0);
	assert_int_equal(init_control(1, GFN_OF(0), 1024, 1), 0);
	assert_int_equal(unmask_on(1, a), 0);
	assert_int_equal(*word(a), PENDING | LINKED);
	assert_int_equal(kicked[1][1], 1);
}

static void busy_ports_wait(void **state)
{
	evtchn_port_t i, a, front[16] = { 0 };
	uint32_t ready = 0;

	enter_fifo(1, 1);
	a = bind_ipi(1, 0);
	send_on(1, a);
	assert_int_equal(close_on(1, a), 0);
	assert_int_equal(*word(a), LINKED);
	assert_int_equal(bind_ipi(1, 0), a + 1);
	assert_int_equal(consume(control(), front, &ready), a);
	assert_false(take(a));
	assert_int_equal(bind_ipi(1, 0), a);
	/* A guest that calls all of them busy gets the first. */
	for (i = a + 2; i < 100; i++)
		bind_ipi(1, 0);
	for (i = a + 2; i < 100; i++)
		assert_int_equal(close_on(1, i), 0);
	for (i = 0; i < WORDS; i++)
		*word(i) |= LINKED;
	assert_int_equal(bind_ipi(1, 0), a + 2);
}

/* What is in the words and blocks only hurts their owner. */
static void hostile_words(void **state)
{
	static const uint32_t values[] = {
		~0U, LINKED, LINKED | LINK, LINK, PENDING | LINK, MASKED, 0,
		~LINKED, ~MASKED, LINKED | 5,
	};
	unsigned int i, k, n;
	evtchn_port_t p2;

	enter_fifo(1, 1);
	for (k = 0; k < 8; k++)
		bind_ipi(1, 0);
	assert_int_equal(unbound(1, 2), 9);
	assert_int_equal(bind_inter(2, 1, 9, &p2), 0);
	for (i = 0; i < ARRAY_SIZE(values) * ARRAY_SIZE(values); i++) {
		for (k = 0; k < WORDS; k++)
			*word(k) = values[i % ARRAY_SIZE(values)];
		for (n = 0; n < 3; n++) {
			for (k = 1; k <= 8; k++) {
				assert_int_equal(send_on(1, k), 0);
				assert_int_equal(unmask_on(1, k), 0);
				set_priority(1, k, (k + i) % 16);
				*word(k) ^= values[i / ARRAY_SIZE(values)];
			}
			assert_int_equal(send_on(2, p2), 0);
		}
		memset(frames[0], (int)i, 72);
	}
	for (k = 0; k < WORDS; k++)
		if (k == 0 || k > 9)
			assert_int_equal(*word(k),
					 values[(i - 1) % ARRAY_SIZE(values)]);
	/* Nothing but the block and the words was touched. */
	for (k = 72; k < PAGE_SIZE; k++)
		assert_int_equal(frames[0][k], 0);
	for (k = 0; k < PAGE_SIZE; k++)
		assert_int_equal(frames[2][k], 0);
}

static void death_lets_go_of_pages(void **state)
{
	evtchn_port_t p0 = unbound(0, 1), p1;
	unsigned int i;

	enter_fifo(1, 3);
	assert_int_equal(bind_inter(1, 0, p0, &p1), 0);
	for (i = 0; i < 200; i++)
		bind_ipi(1, 0);
	doms[1].state = DOM_DYING;
	fake_preempt = true;
	for (i = 0; evtchn_domain_kill(&doms[1]) == -ERESTART; i++)
		;
	assert_in_range(i, 2, 5);
	assert_int_equal(frame_refs[0] + frame_refs[1] + frame_refs[3], 0);
	assert_int_equal(status_of(0, p0).status, EVTCHNSTAT_unbound);
	assert_int_equal(evtchn_domain_kill(&doms[1]), 0);
	assert_int_equal(evtchn_set_virq_owner(&doms[1], VIRQ_DOM_EXC),
			 -ESRCH);
	domain_end(&doms[1]);
}

/* Only the domain itself goes back to two levels. */
static void reset_by_another(void **state)
{
	evtchn_port_t p;

	enter_fifo(1, 1);
	bind_ipi(1, 0);
	assert_int_equal(reset_ports(0, 1), 0);
	assert_int_equal(status_of(1, 1).status, EVTCHNSTAT_closed);
	assert_string_equal(doms[1].evtchn->ops->name, "FIFO");
	p = bind_ipi(1, 0);
	send_on(1, p);
	assert_int_equal(*word(p), PENDING | LINKED);
	assert_int_equal(reset_ports(1, DOMID_SELF), 0);
	assert_string_equal(doms[1].evtchn->ops->name, "2-level");
	/* A priority does not outlive the port. */
	enter_fifo(1, 1);
	memset(frames[1], 0, PAGE_SIZE);
	p = bind_ipi(1, 0);
	send_on(1, p);
	assert_int_equal(control()->ready, 1U << PRIORITY);
}

static void moved_info_tells_again(void **state)
{
	enter_fifo(1, 1);
	evtchn_vcpu_info_moved(&vcpus[1][0]);
	assert_int_equal(vcpus[1][0].info->evtchn_pending_sel, 0);
	assert_int_equal(vcpus[1][0].info->evtchn_upcall_pending, 1);
}

static void dump_shows_it(void **state)
{
	enter_fifo(1, 1);
	bind_ipi(1, 0);
	*word(1) = PENDING | MASKED;
	fake_log_clear();
	evtchn_dump();
	assert_non_null(strstr(fake_log, "FIFO"));
	assert_non_null(strstr(fake_log, "prio  7 pm ipi"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(errors_hold_no_pages),
		T(no_memory_for_it),
		T(the_array_ends),
		T(all_ports),
		T(a_limit_holds_for_new_ports),
		T(a_queue_is_a_chain),
		T(an_end_that_moves),
		T(between_vcpus),
		T(masks),
		T(nothing_is_lost_by_the_change),
		T(a_vcpu_without_a_block),
		T(busy_ports_wait),
		T(hostile_words),
		T(death_lets_go_of_pages),
		T(reset_by_another),
		T(moved_info_tells_again),
		T(dump_shows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
