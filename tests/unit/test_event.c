/* SPDX-License-Identifier: MIT */
/*
 * test_event.c - event channels: bindings, delivery, two-level bits
 */
#include "event/world.h"

#include <string.h>

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>

static void ports_come_lowest_first(void **state)
{
	evtchn_port_t i;

	for (i = 1; i <= 100; i++)
		assert_int_equal(unbound(1, 2), i);
	assert_int_equal(close_on(1, 40), 0);
	assert_int_equal(close_on(1, 20), 0);
	assert_int_equal(unbound(1, 2), 20);
	assert_int_equal(unbound(1, 2), 40);
	assert_int_equal(unbound(1, 2), 101);
}

static void ports_run_out(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	evtchn_port_t i;

	for (i = 1; i < EVTCHN_2L_NR_CHANNELS; i++)
		assert_int_equal(unbound(1, 0), i);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, NULL), -ENOSPC);
	assert_int_equal(close_on(1, 4095), 0);
	assert_int_equal(unbound(1, 0), 4095);
}

static void alloc_for_others_is_for_dom0(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = 2, .remote_dom = DOMID_SELF };

	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -EPERM);
	assert_int_equal(call(0, EVTCHNOP_alloc_unbound, &op), 0);
	/* Who asked may bind it. */
	assert_int_equal(bind_inter(1, 2, op.port, NULL), -EINVAL);
	assert_int_equal(bind_inter(0, 2, op.port, NULL), 0);
	op.dom = 9;
	assert_int_equal(call(0, EVTCHNOP_alloc_unbound, &op), -ESRCH);
	/* A guest does not learn whether there is such a domain. */
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -EPERM);
	op.dom = 1;	/* its own number is as good as SELF */
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), 0);
}

static void interdomain_both_ways(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct evtchn_status st;

	assert_int_equal(send_on(1, p1), 0);	/* nobody there yet */
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	/* It starts pending, so nothing sent before is lost. */
	assert_true(pending(2, p2));
	assert_int_equal(kicked[2][0], 1);
	st = status_of(2, p2);
	assert_int_equal(st.status, EVTCHNSTAT_interdomain);
	assert_int_equal(st.u.interdomain.dom, 1);
	assert_int_equal(st.u.interdomain.port, p1);

	guest_consume(2, 0);
	assert_int_equal(send_on(1, p1), 0);
	assert_true(pending(2, p2));
	assert_false(pending(1, p1));
	assert_int_equal(vcpus[2][0].info->evtchn_upcall_pending, 1);
	assert_int_equal(vcpus[2][0].info->evtchn_pending_sel, 1);
	assert_int_equal(send_on(2, p2), 0);
	assert_true(pending(1, p1));
	assert_int_equal(kicked[1][0], 1);
	assert_int_equal(bind_inter(2, 1, p1, NULL), -EINVAL);
}

static void edges_are_sent_once(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(kicked[2][0], 1);
	send_on(1, p1);
	send_on(1, p1);
	assert_int_equal(kicked[2][0], 1);
	guest_consume(2, 0);
	send_on(1, p1);
	assert_int_equal(kicked[2][0], 2);
	assert_int_equal(nr_unblocked, 2);
}

static void closing_leaves_the_peer_unbound(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2, p3;
	struct evtchn_status st;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(close_on(2, p2), 0);
	assert_false(pending(2, p2));
	assert_int_equal(status_of(2, p2).status, EVTCHNSTAT_closed);
	st = status_of(1, p1);
	assert_int_equal(st.status, EVTCHNSTAT_unbound);
	assert_int_equal(st.u.unbound.dom, 2);
	assert_int_equal(send_on(1, p1), 0);
	/* It can be bound again, from either side's point of view. */
	assert_int_equal(bind_inter(2, 1, p1, &p3), 0);
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(status_of(2, p3).status, EVTCHNSTAT_unbound);
	assert_int_equal(close_on(1, p1), -EINVAL);
}

static void loopback(void **state)
{
	evtchn_port_t p1 = unbound(1, DOMID_SELF), p2;

	assert_int_equal(bind_inter(1, DOMID_SELF, p1, &p2), 0);
	assert_int_not_equal(p1, p2);
	guest_consume(1, 0);
	assert_int_equal(send_on(1, p1), 0);
	assert_true(pending(1, p2));
	assert_false(pending(1, p1));
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(status_of(1, p2).status, EVTCHNSTAT_unbound);
}

static void bad_ports_are_refused(void **state)
{
	static const evtchn_port_t bad[] = { 0, 5, 31, 32, 4095, 4096, ~0u };
	struct evtchn_status st = { .dom = DOMID_SELF };
	unsigned int i;

	assert_int_equal(status_of(1, 0).status, EVTCHNSTAT_closed);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(send_on(1, bad[i]), -EINVAL);
		assert_int_equal(close_on(1, bad[i]), -EINVAL);
		assert_int_equal(unmask_on(1, bad[i]),
				 bad[i] < 32 ? 0 : -EINVAL);
		assert_int_equal(bind_vcpu(1, bad[i], 0), -EINVAL);
		assert_int_equal(bind_inter(2, 1, bad[i], NULL), -EINVAL);
		assert_int_equal(evtchn_port_pending(&doms[1], bad[i]),
				 -EINVAL);
	}
	st.port = 4096;
	assert_int_equal(call(1, EVTCHNOP_status, &st), -EINVAL);
	st.dom = 2;
	st.port = 1;
	assert_int_equal(call(1, EVTCHNOP_status, &st), -EPERM);
	assert_int_equal(call(0, EVTCHNOP_status, &st), 0);
	assert_int_equal(bind_inter(1, 17, 1, NULL), -ESRCH);
}

static void bad_pointers_are_refused(void **state)
{
	assert_int_equal(call(1, EVTCHNOP_send, NULL), -EFAULT);
	assert_int_equal(call(1, EVTCHNOP_init_control, NULL), -EFAULT);
	assert_int_equal(call(1, EVTCHNOP_set_priority, NULL), -EFAULT);
	assert_int_equal(call(1, EVTCHNOP_reset_cont, NULL), -EFAULT);
	assert_int_equal(call(1, 99, NULL), -ENOSYS);
}

static void old_form_of_the_call(void **state)
{
	struct evtchn_op op = { .cmd = EVTCHNOP_alloc_unbound };
	struct call_args a = { .arg0 = (uint64_t)&op };

	op.u.alloc_unbound.dom = DOMID_SELF;
	assert_int_equal(hypercall_event_channel_op_compat(&vcpus[1][0], &a),
			 0);
	assert_int_equal(op.u.alloc_unbound.port, 1);
	op.cmd = EVTCHNOP_reset;	/* it had no member for this */
	assert_int_equal(hypercall_event_channel_op_compat(&vcpus[1][0], &a),
			 -ENOSYS);
	a.arg0 = 0;
	assert_int_equal(hypercall_event_channel_op_compat(&vcpus[1][0], &a),
			 -EFAULT);
}

static void ipis_stay_on_their_vcpu(void **state)
{
	struct evtchn_bind_ipi op = { .vcpu = 1 };

	assert_int_equal(call(1, EVTCHNOP_bind_ipi, &op), 0);
	assert_int_equal(send_on(1, op.port), 0);
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(kicked[1][0], 0);
	assert_int_equal(bind_vcpu(1, op.port, 0), -EINVAL);
	assert_int_equal(status_of(1, op.port).status, EVTCHNSTAT_ipi);
	assert_int_equal(status_of(1, op.port).vcpu, 1);
	op.vcpu = NR_VCPUS;
	assert_int_equal(call(1, EVTCHNOP_bind_ipi, &op), -ENOENT);
}

static void virqs_of_a_vcpu(void **state)
{
	evtchn_port_t p0, p1;

	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, &p0), 0);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &p1), 0);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, NULL), -EEXIST);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 2, NULL), -ENOENT);
	assert_int_equal(bind_virq(1, NR_VIRQS, 0, NULL), -EINVAL);
	assert_int_equal(bind_virq(1, ~0u, 0, NULL), -EINVAL);
	evtchn_send_virq(&vcpus[1][1], VIRQ_TIMER);
	assert_true(pending(1, p1));
	assert_false(pending(1, p0));
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(send_on(1, p0), -EINVAL);
	assert_int_equal(bind_vcpu(1, p1, 0), -EINVAL);
	/* Closed: not sent any more, and may be bound anew. */
	assert_int_equal(close_on(1, p1), 0);
	evtchn_send_virq(&vcpus[1][1], VIRQ_TIMER);
	assert_false(pending(1, p1));
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &p1), 0);
}

static void global_virqs_move(void **state)
{
	evtchn_port_t p, other;

	assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 1, NULL), -EINVAL);
	assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 0, &p), 0);
	assert_int_equal(bind_vcpu(0, p, 1), 0);
	evtchn_send_global_virq(VIRQ_CONSOLE);
	assert_true(pending(0, p));
	assert_int_equal(kicked[0][1], 1);
	assert_int_equal(kicked[0][0], 0);
	assert_int_equal(close_on(0, p), 0);
	assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 0, &other), 0);
	evtchn_send_global_virq(VIRQ_DOM_EXC);	/* nobody bound it */
}

static void global_virqs_have_one_owner(void **state)
{
	evtchn_port_t p0, p1, p2;

	assert_int_equal(bind_virq(0, VIRQ_DOM_EXC, 0, &p0), 0);
	assert_int_equal(bind_virq(1, VIRQ_DOM_EXC, 0, &p1), 0);
	assert_int_equal(bind_virq(2, VIRQ_DOM_EXC, 0, &p2), 0);
	assert_int_equal(evtchn_set_virq_owner(&doms[1], VIRQ_TIMER), -EINVAL);
	assert_int_equal(evtchn_set_virq_owner(&doms[1], NR_VIRQS), -EINVAL);
	assert_int_equal(evtchn_set_virq_owner(&doms[1], ~0U), -EINVAL);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(0, p0));
	assert_int_equal(evtchn_set_virq_owner(&doms[1], VIRQ_DOM_EXC), 0);
	guest_consume(0, 0);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	evtchn_send_global_virq(VIRQ_CON_RING);	/* nobody bound it */
	assert_false(pending(0, p0));
	assert_true(pending(1, p1));
	assert_false(pending(2, p2));
	assert_int_equal(evtchn_set_virq_owner(&doms[2], VIRQ_DOM_EXC), 0);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(2, p2));
	/* The owner dies: the control domain has it again. */
	assert_int_equal(evtchn_domain_kill(&doms[2]), 0);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(0, p0));
	guest_consume(0, 0);
	assert_int_equal(evtchn_set_virq_owner(&doms[1], VIRQ_DOM_EXC), 0);
	assert_int_equal(evtchn_set_virq_owner(&doms[0], VIRQ_DOM_EXC), 0);
	evtchn_send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(0, p0));
}

static void killing_goes_in_steps(void **state)
{
	evtchn_port_t p0 = unbound(0, 1), p1, i;
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	unsigned int steps = 0;

	assert_int_equal(bind_inter(1, 0, p0, &p1), 0);
	for (i = 0; i < 300; i++)
		unbound(1, 0);
	fake_preempt = true;
	while (evtchn_domain_kill(&doms[1]) == -ERESTART) {
		steps++;
		assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op),
				 -ENOSPC);
		assert_int_equal(bind_inter(0, 1, 200, NULL), -ESRCH);
	}
	assert_in_range(steps, 4, 6);
	assert_int_equal(status_of(0, p0).status, EVTCHNSTAT_unbound);
	assert_int_equal(send_on(0, p0), 0);
	for (i = 0; i < 300; i++)
		assert_int_equal(status_of(1, i).status, EVTCHNSTAT_closed);
}

static void ports_notify_where_they_are_told(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_vcpu(1, p1, 1), 0);
	assert_int_equal(bind_vcpu(1, p1, 2), -ENOENT);
	assert_int_equal(status_of(1, p1).vcpu, 1);
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(send_on(2, p2), 0);
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(kicked[1][0], 0);
	/* The next user of the port begins at vCPU 0. */
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(unbound(1, 2), p1);
	assert_int_equal(status_of(1, p1).vcpu, 0);
}

static void masked_ports_wait(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	guest_consume(2, 0);
	kicked[2][0] = 0;
	set_bit(p2, doms[2].shared_info->evtchn_mask);
	assert_int_equal(send_on(1, p1), 0);
	assert_true(pending(2, p2));
	assert_int_equal(kicked[2][0], 0);
	assert_int_equal(evtchn_port_pending(&doms[2], p2), 1);
	assert_int_equal(unmask_on(2, p2), 0);
	assert_int_equal(kicked[2][0], 1);
	assert_int_equal(vcpus[2][0].info->evtchn_pending_sel, 1);
	assert_false(test_bit(p2, doms[2].shared_info->evtchn_mask));
	/* Not masked: unmasking is no second event. */
	vcpus[2][0].info->evtchn_upcall_pending = 0;
	vcpus[2][0].info->evtchn_pending_sel = 0;
	assert_int_equal(unmask_on(2, p2), 0);
	assert_int_equal(kicked[2][0], 1);
}

static void selector_follows_the_port(void **state)
{
	struct evtchn_bind_ipi op = { .vcpu = 0 };
	unsigned int i;

	for (i = 1; i < 200; i++)
		unbound(1, 2);
	assert_int_equal(call(1, EVTCHNOP_bind_ipi, &op), 0);
	assert_int_equal(op.port, 200);
	send_on(1, op.port);
	assert_int_equal(vcpus[1][0].info->evtchn_pending_sel, BIT(200 / 64));
	assert_int_equal(doms[1].shared_info->evtchn_pending[200 / 64],
			 BIT(200 % 64));
}

static void upcall_needs_pending_and_unmasked(void **state)
{
	struct vcpu *v = &vcpus[1][0];

	assert_false(evtchn_upcall_pending(v));
	v->info->evtchn_upcall_pending = 1;
	assert_true(evtchn_upcall_pending(v));
	v->info->evtchn_upcall_mask = 1;
	assert_false(evtchn_upcall_pending(v));
}

static void pollers_wake(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct vcpu *v = &vcpus[2][1];

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	guest_consume(2, 0);
	set_bit(p2, doms[2].shared_info->evtchn_mask);
	v->pause_flags = 0;
	vcpu_poll_begin(v);
	v->poll_port = p2 + 1;
	send_on(1, p1);
	assert_int_equal(nr_woken, 0);
	v->poll_port = p2;
	guest_consume(2, 0);
	send_on(1, p1);
	assert_int_equal(nr_woken, 1);
	assert_int_equal(v->pause_flags, 0);
	v->pause_flags = BIT(VPF_PAUSED);
	vcpu_poll_begin(v);
	v->poll_port = 0;
	guest_consume(2, 0);
	send_on(1, p1);
	assert_int_equal(nr_woken, 2);
	assert_int_equal(v->pause_flags, BIT(VPF_PAUSED));
}

/* It polls for one port, but may be interrupted by any. */
static void an_upcall_ends_a_poll(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct vcpu *v = &vcpus[2][0];

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	guest_consume(2, 0);
	v->info->evtchn_upcall_mask = 1;
	v->pause_flags = 0;
	vcpu_poll_begin(v);
	v->poll_port = p2 + 1;
	send_on(1, p1);
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(v->pause_flags, BIT(VPF_POLL));
	guest_consume(2, 0);
	v->info->evtchn_upcall_mask = 0;
	send_on(1, p1);
	assert_int_equal(v->pause_flags, 0);
	assert_int_equal(nr_woken, 1);
}

static void moved_info_is_rescanned(void **state)
{
	static struct vcpu_info elsewhere;
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	memset(&elsewhere, 0, sizeof(elsewhere));
	vcpus[2][0].info = &elsewhere;
	evtchn_vcpu_info_moved(&vcpus[2][0]);
	assert_int_equal(elsewhere.evtchn_pending_sel, ~0UL);
	assert_int_equal(elsewhere.evtchn_upcall_pending, 1);
	assert_int_equal(kicked[2][0], 2);
}

static void reset_closes_all(void **state)
{
	struct evtchn_reset op = { .dom = 2 };
	evtchn_port_t p1 = unbound(1, 2), p2, i;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(bind_virq(2, VIRQ_TIMER, 1, NULL), 0);
	assert_int_equal(call(1, EVTCHNOP_reset, &op), -EPERM);
	op.dom = 1;
	assert_int_equal(call(1, EVTCHNOP_reset, &op), 0);
	assert_int_equal(status_of(2, p2).status, EVTCHNSTAT_unbound);
	op.dom = 2;
	assert_int_equal(call(0, EVTCHNOP_reset_cont, &op), -EBUSY);
	assert_int_equal(call(1, EVTCHNOP_reset_cont, &op), -EPERM);
	assert_int_equal(call(0, EVTCHNOP_reset, &op), 0);
	for (i = 1; i < 32; i++)
		assert_int_equal(status_of(2, i).status, EVTCHNSTAT_closed);
	assert_int_equal(bind_virq(2, VIRQ_TIMER, 1, &p2), 0);
	assert_int_equal(p2, 1);
}

static void reset_can_be_interrupted(void **state)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };
	unsigned int calls = 0;
	evtchn_port_t i;
	long rc;

	for (i = 0; i < 1000; i++)
		unbound(1, 2);
	fake_preempt = true;
	do {
		rc = call(1, EVTCHNOP_reset, &op);
		calls++;
	} while (rc == HYPERCALL_CONTINUED);
	assert_int_equal(rc, 0);
	assert_int_equal(fake_nr_continued, calls - 1);
	assert_true(calls > 10);
	for (i = 1; i <= 1000; i++)
		assert_int_equal(status_of(1, i).status, EVTCHNSTAT_closed);
}

static void dead_domain_leaves_unbound_peers(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2, p0 = unbound(0, 2), q2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(bind_inter(2, 0, p0, &q2), 0);
	doms[2].state = DOM_DYING;
	domain_end(&doms[2]);
	assert_int_equal(status_of(1, p1).status, EVTCHNSTAT_unbound);
	assert_int_equal(send_on(0, p0), 0);
	assert_int_equal(bind_inter(1, 2, 1, NULL), -ESRCH);
}

static void no_memory_changes_nothing(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	unsigned int i;

	for (i = 1; i < PORTS_PER_CHUNK; i++)
		unbound(1, 2);
	fake_heap_fail_after(0);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	assert_int_equal(pirq_map(&doms[1], 3, 3, false), -ENOSPC);
	fake_heap_fail_never();
	assert_int_equal(unbound(1, 2), PORTS_PER_CHUNK);
}

static void dump_names_every_kind(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	unbound(1, 0);
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(bind_virq(2, VIRQ_TIMER, 0, NULL), 0);
	fake_log_clear();
	evtchn_dump();
	assert_non_null(strstr(fake_log, "unbound, offered to d0"));
	assert_non_null(strstr(fake_log, "virq 0"));
	assert_non_null(strstr(fake_log, "to "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ports_come_lowest_first),
		T(ports_run_out),
		T(alloc_for_others_is_for_dom0),
		T(interdomain_both_ways),
		T(edges_are_sent_once),
		T(closing_leaves_the_peer_unbound),
		T(loopback),
		T(bad_ports_are_refused),
		T(bad_pointers_are_refused),
		T(old_form_of_the_call),
		T(ipis_stay_on_their_vcpu),
		T(virqs_of_a_vcpu),
		T(global_virqs_move),
		T(global_virqs_have_one_owner),
		T(killing_goes_in_steps),
		T(ports_notify_where_they_are_told),
		T(masked_ports_wait),
		T(selector_follows_the_port),
		T(upcall_needs_pending_and_unmasked),
		T(pollers_wake),
		T(an_upcall_ends_a_poll),
		T(moved_info_is_rescanned),
		T(reset_closes_all),
		T(reset_can_be_interrupted),
		T(dead_domain_leaves_unbound_peers),
		T(no_memory_changes_nothing),
		T(dump_names_every_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
