/* SPDX-License-Identifier: MIT */
/*
 * events - event channels in their two-level form
 *
 * Every kind of port is made, asked about, signalled and closed; the mask
 * bits and the upcall mask hold events back without losing them; ports that
 * are not, or are not of the kind, are refused.
 */
#include <guestkit/clock.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_DOMID 1234
#define LAST_PORT     4095
#define NO_SUCH_PORT  1000
#define BAD_POINTER   ((void *)0x1000)

static bool set_up(void)
{
	return shared_info && !event_set_up();
}

TEST(loop_of_two_ports)
{
	struct evtchn_status status;
	long a, b;

	REQUIRE(set_up());
	a = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
	CHECK(a > 0);
	CHECK_EQ(event_status(&status, DOMID_SELF, a), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_unbound);
	CHECK_EQ(status.vcpu, 0);
	CHECK_EQ(status.u.unbound.dom, RECORDED(0));
	b = event_bind_interdomain(DOMID_SELF, a);
	CHECK(b > 0);
	CHECK(a != b);
	CHECK_EQ(event_status(&status, DOMID_SELF, b), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_interdomain);
	CHECK_EQ(status.u.interdomain.port, a);
	CHECK_EQ(status.u.interdomain.dom, RECORDED(0));
	/* The new end starts pending. */
	CHECK(event_port_pending(b));
	CHECK(event_port_take(b));

	event_port_enable(b);
	CHECK_EQ(event_send(a), 0);
	CHECK_EQ(event_port_count(b), 1);
	event_port_enable(a);
	CHECK_EQ(event_send(b), 0);
	CHECK_EQ(event_port_count(a), 1);

	CHECK_EQ(event_close(a), 0);
	CHECK_EQ(event_status(&status, DOMID_SELF, b), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_unbound);
	CHECK_EQ(event_close(b), 0);
	CHECK_EQ(event_status(&status, DOMID_SELF, b), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_closed);
}

/* An event for a masked port waits in its bit until the unmask call. */
TEST(mask_of_port)
{
	struct evtchn_unmask unmask;
	unsigned long before;
	long port;

	REQUIRE(set_up());
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	before = event_port_count(port);
	CHECK_EQ(event_send(port), 0);
	CHECK(event_port_pending(port));
	CHECK_EQ(event_port_count(port), before);
	unmask.port = port;
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &unmask), 0);
	CHECK_EQ(event_port_count(port), before + 1);
	CHECK(!event_port_pending(port));
	CHECK_EQ(event_close(port), 0);
}

/* Sent twice while it waits is sent once. */
TEST(mask_of_vcpu)
{
	unsigned long before;
	long port;

	REQUIRE(set_up());
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	event_port_enable(port);
	before = event_port_count(port);
	event_block();
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(event_port_count(port), before);
	CHECK_EQ(this_vcpu()->info->evtchn_upcall_pending, 1);
	CHECK(this_vcpu()->info->evtchn_pending_sel & 1UL << port / 64);
	event_unblock();
	CHECK_EQ(event_port_count(port), before + 1);
	CHECK_EQ(event_close(port), 0);
}

static volatile bool masked_in_upcall;

static void note_mask(evtchn_port_t port)
{
	(void)port;
	masked_in_upcall = this_vcpu()->info->evtchn_upcall_mask;
}

TEST(mask_in_upcall)
{
	long port;

	REQUIRE(set_up());
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	event_port_handler(port, note_mask);
	event_port_enable(port);
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(masked_in_upcall, true);
	CHECK_EQ(this_vcpu()->info->evtchn_upcall_mask, 0);
	event_port_handler(port, NULL);
	CHECK_EQ(event_close(port), 0);
}

TEST(virq)
{
	struct evtchn_status status;
	long port, console;

	REQUIRE(set_up());
	port = event_bind_virq(VIRQ_TIMER, 0);
	CHECK(port > 0);
	CHECK_EQ(event_status(&status, DOMID_SELF, port), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_virq);
	CHECK_EQ(status.u.virq, VIRQ_TIMER);
	CHECK_EQ(event_bind_virq(VIRQ_TIMER, 0), -EEXIST);
	console = event_bind_virq(VIRQ_CONSOLE, 0);
	CHECK(console > 0);
	CHECK_EQ(event_send(port), RECORDED(-EINVAL));
	CHECK_EQ(event_close(port), 0);
	CHECK_EQ(event_close(console), 0);
	port = event_bind_virq(VIRQ_TIMER, 0);
	CHECK(port > 0);
	CHECK_EQ(event_close(port), 0);
}

TEST(virq_wrong)
{
	REQUIRE(set_up());
	CHECK_EQ(event_bind_virq(NR_VIRQS, 0), RECORDED(-EINVAL));
	CHECK_EQ(event_bind_virq(~0U, 0), RECORDED(-EINVAL));
	CHECK_EQ(event_bind_virq(VIRQ_TIMER, 1), RECORDED(-ENOENT));
	CHECK_EQ(event_bind_virq(VIRQ_TIMER, ~0U), RECORDED(-ENOENT));
	CHECK_EQ(event_bind_virq(VIRQ_CONSOLE, 1), RECORDED(-EINVAL));
	CHECK_EQ(event_bind_virq(VIRQ_ARCH_0, 0) > 0, RECORDED(true));
	CHECK_EQ(event_bind_virq(5, 0) > 0, RECORDED(true));
}

TEST(ipi)
{
	struct evtchn_status status;
	long port;

	REQUIRE(set_up());
	port = event_bind_ipi(0);
	CHECK(port > 0);
	CHECK_EQ(event_status(&status, DOMID_SELF, port), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_ipi);
	event_port_enable(port);
	CHECK_EQ(event_send(port), 0);
	CHECK(event_port_count(port) >= 1);
	CHECK_EQ(event_close(port), 0);
	CHECK_EQ(event_bind_ipi(1), RECORDED(-ENOENT));
	CHECK_EQ(event_bind_ipi(~0U), RECORDED(-ENOENT));
}

TEST(alloc_unbound_wrong)
{
	REQUIRE(set_up());
	CHECK_EQ(event_alloc_unbound(NO_SUCH_DOMID, DOMID_SELF),
		 RECORDED(-ESRCH));
	CHECK_EQ(event_alloc_unbound(DOMID_XEN, DOMID_SELF), RECORDED(-ESRCH));
	/* For a domain that is not there yet: a port is given. */
	CHECK_EQ(event_alloc_unbound(DOMID_SELF, NO_SUCH_DOMID) > 0,
		 RECORDED(true));
}

TEST(bind_interdomain_wrong)
{
	long port, other;

	REQUIRE(set_up());
	CHECK_EQ(event_bind_interdomain(NO_SUCH_DOMID, 1), -ESRCH);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, NO_SUCH_PORT), -EINVAL);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, 0), -EINVAL);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, LAST_PORT + 1), -EINVAL);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, ~0U), -EINVAL);
	port = event_alloc_unbound(DOMID_SELF, NO_SUCH_DOMID);
	REQUIRE(port > 0);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, port), -EINVAL);
	CHECK_EQ(event_close(port), 0);
	port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
	other = event_bind_interdomain(DOMID_SELF, port);
	REQUIRE(other > 0);
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, port), -EINVAL);
	CHECK_EQ(event_close(port), 0);
	CHECK_EQ(event_close(other), 0);
}

TEST(send_wrong)
{
	long port;

	REQUIRE(set_up());
	CHECK_EQ(event_send(NO_SUCH_PORT), -EINVAL);
	CHECK_EQ(event_send(0), RECORDED(-EINVAL));
	CHECK_EQ(event_send(LAST_PORT + 1), -EINVAL);
	CHECK_EQ(event_send(~0U), -EINVAL);
	port = event_alloc_unbound(DOMID_SELF, NO_SUCH_DOMID);
	REQUIRE(port > 0);
	CHECK_EQ(event_send(port), RECORDED(0));
	CHECK_EQ(event_close(port), 0);
}

TEST(close_wrong)
{
	REQUIRE(set_up());
	CHECK_EQ(event_close(NO_SUCH_PORT), -EINVAL);
	CHECK_EQ(event_close(0), -EINVAL);
	CHECK_EQ(event_close(~0U), -EINVAL);
}

TEST(status_wrong)
{
	struct evtchn_status status;

	REQUIRE(set_up());
	CHECK_EQ(event_status(&status, NO_SUCH_DOMID, 1), -ESRCH);
	CHECK_EQ(event_status(&status, DOMID_SELF, LAST_PORT + 1), -EINVAL);
	CHECK_EQ(event_status(&status, DOMID_SELF, 0), RECORDED(0));
	CHECK_EQ(status.status, RECORDED(EVTCHNSTAT_closed));
	CHECK_EQ(event_status(&status, 0, 0), RECORDED(0));
}

TEST(unmask_wrong)
{
	struct evtchn_unmask unmask = {.port = ~0U};

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &unmask),
		 -EINVAL);
	unmask.port = NO_SUCH_PORT;
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &unmask),
		 RECORDED(-EINVAL));
}

static long bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
	struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};

	return HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

TEST(bind_vcpu)
{
	long unbound, ipi, timer, console;

	REQUIRE(set_up());
	unbound = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
	ipi = event_bind_ipi(0);
	timer = event_bind_virq(VIRQ_TIMER, 0);
	console = event_bind_virq(VIRQ_CONSOLE, 0);
	REQUIRE(unbound > 0 && ipi > 0 && timer > 0 && console > 0);
	CHECK_EQ(bind_vcpu(unbound, 0), 0);
	CHECK_EQ(bind_vcpu(console, 0), 0);
	CHECK_EQ(bind_vcpu(unbound, 1), RECORDED(-ENOENT));
	CHECK_EQ(bind_vcpu(unbound, ~0U), RECORDED(-ENOENT));
	CHECK_EQ(bind_vcpu(ipi, 0), RECORDED(-EINVAL));
	CHECK_EQ(bind_vcpu(timer, 0), RECORDED(-EINVAL));
	CHECK_EQ(bind_vcpu(NO_SUCH_PORT, 0), RECORDED(-EINVAL));
	event_close(unbound);
	event_close(ipi);
	event_close(timer);
	event_close(console);
}

TEST(calls_wrong)
{
	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_event_channel_op(99, NULL), -ENOSYS);
	CHECK_EQ(HYPERVISOR_event_channel_op(-1, NULL), -ENOSYS);
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_send, BAD_POINTER),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, BAD_POINTER),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_event_channel_op(14, BAD_POINTER),
		 RECORDED(-EFAULT));
}

/* Two levels of 64 bits are 4096 ports, the first of which is nobody's. */
TEST(all_ports)
{
	static evtchn_port_t taken[LAST_PORT + 1];
	unsigned int nr = 0, i;
	long port;

	REQUIRE(set_up());
	while ((port = event_alloc_unbound(DOMID_SELF, DOMID_SELF)) > 0 &&
	       nr <= LAST_PORT)
		taken[nr++] = port;
	CHECK_EQ(port, -ENOSPC);
	CHECK(nr > 4000);
	CHECK_EQ(event_bind_ipi(0), -ENOSPC);
	for (i = 0; i < nr; i++)
		CHECK(taken[i] <= LAST_PORT && !event_close(taken[i]));
}

TEST(reset)
{
	struct evtchn_reset op = {.dom = DOMID_SELF};
	struct evtchn_status status;
	long port;

	REQUIRE(set_up());
	port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
	REQUIRE(port > 0);
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_reset, &op), 0);
	CHECK_EQ(event_status(&status, DOMID_SELF, port), 0);
	CHECK_EQ(status.status, EVTCHNSTAT_closed);
	op.dom = NO_SUCH_DOMID;
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_reset, &op), -ESRCH);
}

TEST(legacy_call)
{
	struct evtchn_op op = {
		.cmd = EVTCHNOP_alloc_unbound,
		.u.alloc_unbound = {.dom = DOMID_SELF,
				    .remote_dom = DOMID_SELF},
	};

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_event_channel_op_compat(&op), RECORDED(0));
}
