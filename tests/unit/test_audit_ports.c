/* SPDX-License-Identifier: MIT */
/*
 * test_audit_ports.c - the audit finds ports that contradict their bindings
 */
#include "event/world.h"

#include <lodge/audit.h>

#include "../../hypervisor/event/fifo.h"

/* Contradictions in all three domains. */
static unsigned long errors(void)
{
	struct audit a = { .quiet = true };
	unsigned int i;

	for (i = 0; i < NR_DOMAINS; i++)
		evtchn_audit_domain(&a, &doms[i]);
	return a.errors;
}

/* What the frames of one domain's pages are counted as. */
static unsigned int counted(struct domain *d)
{
	struct frame_tally tally[NR_FRAMES] = { { 0 } };
	struct frame_window w = { .tally = tally, .nr = NR_FRAMES };
	unsigned int i, sum = 0;

	evtchn_audit_frames(&w, d);
	for (i = 0; i < NR_FRAMES; i++) {
		assert_int_equal(tally[i].refs, tally[i].types);
		assert_int_equal(tally[i].refs, frame_refs[i]);
		sum += tally[i].refs;
	}
	return sum;
}

static void what_is_right_is_clean(void **state)
{
	struct audit a = { .quiet = true };
	evtchn_port_t p1 = unbound(1, 2), port;

	assert_int_equal(bind_inter(2, 1, p1, NULL), 0);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, NULL), 0);
	assert_int_equal(bind_virq(0, VIRQ_DOM_EXC, 0, &port), 0);
	assert_int_equal(bind_vcpu(0, port, 1), 0);
	evtchn_audit_domain(&a, &doms[1]);
	assert_int_equal(a.errors, 0);
	assert_int_equal(a.ports, 2);
	assert_int_equal(errors(), 0);
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(errors(), 0);
}

static void peers_that_do_not_agree(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct evtchn *chn;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	chn = evtchn_lookup(&doms[2], p2);
	chn->remote_port = p1 + 1;
	/* Its own peer does not know it, and it is not what its peer knows. */
	assert_int_equal(errors(), 2);
	chn->remote_port = p1;
	chn->remote_dom = &doms[0];
	assert_int_equal(errors(), 2);
	chn->remote_dom = NULL;
	assert_int_equal(errors(), 2);
	chn->remote_dom = &doms[1];
	assert_int_equal(errors(), 0);
}

static void ports_and_their_map(void **state)
{
	evtchn_port_t port = unbound(1, 2);
	struct evtchn_group *group = doms[1].evtchn->groups[0];
	struct evtchn *chn = evtchn_lookup(&doms[1], port);

	chn->state = EVTCHN_FREE;
	assert_int_equal(errors(), 1);
	chn->state = EVTCHN_UNBOUND;
	group->used[0] &= ~(1UL << port);
	assert_int_equal(errors(), 1);
	group->used[0] |= 1UL << port;
	chn->vcpu = NR_VCPUS;
	assert_int_equal(errors(), 1);
	chn->vcpu = 0;
	assert_int_equal(errors(), 0);
}

static void virqs_and_their_ports(void **state)
{
	evtchn_port_t port;
	evtchn_port_t *entry = &vcpus[1][1].evtchn->virq_port[VIRQ_TIMER];

	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &port), 0);
	*entry = 0;
	assert_int_equal(errors(), 1);
	*entry = port + 1;
	assert_int_equal(errors(), 2);
	*entry = port;
	vcpus[1][0].evtchn->virq_port[VIRQ_DEBUG] = port;
	assert_int_equal(errors(), 1);
	vcpus[1][0].evtchn->virq_port[VIRQ_DEBUG] = 0;
	assert_int_equal(errors(), 0);
}

static void pages_of_the_fifo_abi(void **state)
{
	struct evtchn_init_control op = {
		.control_gfn = FIRST_FRAME + 3, .vcpu = 0,
	};
	struct evtchn_expand_array grow = { .array_gfn = FIRST_FRAME + 4 };

	assert_int_equal(counted(&doms[1]), 0);
	assert_int_equal(call(1, EVTCHNOP_init_control, &op), 0);
	op.vcpu = 1;
	op.offset = 128;
	assert_int_equal(call(1, EVTCHNOP_init_control, &op), 0);
	assert_int_equal(call(1, EVTCHNOP_expand_array, &grow), 0);
	assert_int_equal(counted(&doms[1]), 3);
	assert_int_equal(errors(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_right_is_clean),
		T(peers_that_do_not_agree),
		T(ports_and_their_map),
		T(virqs_and_their_ports),
		T(pages_of_the_fifo_abi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
