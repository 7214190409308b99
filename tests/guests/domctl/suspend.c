/* SPDX-License-Identifier: MIT */
/*
 * suspend.c - who is told when a domain suspends
 *
 * VIRQ_DOM_EXC, or instead of it an event that the toolstack has asked for. The
 * domain need not do anything itself: it is shut down from here.
 */
#include "build.h"

#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>
#include <xen/sched.h>

#define SELF	     0
#define NO_SUCH_PORT 1000
#define NOBODY	     1000
#define TRIES	     1000

static evtchn_port_t virq;

static long subscribe(domid_t domid, evtchn_port_t port)
{
	struct xen_domctl op = {0};

	op.u.subscribe.port = port;
	return domctl(XEN_DOMCTL_subscribe, domid, &op);
}

static long resume(domid_t domid)
{
	struct xen_domctl op = {0};

	return domctl(XEN_DOMCTL_resumedomain, domid, &op);
}

static long shut_down(domid_t domid, unsigned int reason)
{
	struct sched_remote_shutdown op = {domid, reason};

	return HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &op);
}

/* Bound once: a guest's other tests may have it too. */
static bool have_virq(void)
{
	long port = virq ? virq : event_bind_virq(VIRQ_DOM_EXC, 0);

	virq = port > 0 ? (evtchn_port_t)port : 0;
	return virq;
}

struct sleeper {
	domid_t domid;
	evtchn_port_t theirs, ours;	/* a pair */
	evtchn_port_t unbound;
};

static bool make_sleeper(struct sleeper *child)
{
	long domid = child_create(1), port;

	child->domid = (domid_t)domid;
	if (domid <= 0)
		return false;
	port = event_alloc_unbound(child->domid, SELF);
	child->theirs = port > 0 ? (evtchn_port_t)port : 0;
	port = event_alloc_unbound(child->domid, SELF);
	child->unbound = port > 0 ? (evtchn_port_t)port : 0;
	port = event_bind_interdomain(child->domid, child->theirs);
	child->ours = port > 0 ? (evtchn_port_t)port : 0;
	if (child->ours)
		event_port_take(child->ours);
	return child->unbound && child->ours;
}

/* Told by the port, and not by the virq. Debian's Xen tells of the end of an
 * earlier child some time after the call that ended it: then once more. */
static bool told_by_port_only(const struct sleeper *child)
{
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		event_port_take(virq);
		if (shut_down(child->domid, SHUTDOWN_suspend) ||
		    !event_port_take(child->ours))
			return false;
		if (!event_port_take(virq))
			return true;
		if (resume(child->domid))
			return false;
	}
	return false;
}

static void check_virq_only(const struct sleeper *child, unsigned int reason)
{
	event_port_take(virq);
	CHECK_EQ(shut_down(child->domid, reason), 0);
	CHECK(!event_port_take(child->ours));
	CHECK(event_port_take(virq));
	CHECK_EQ(resume(child->domid), 0);
}

TEST(told_of_a_suspend)
{
	struct sleeper child;

	REQUIRE(have_virq() && make_sleeper(&child));
	check_virq_only(&child, SHUTDOWN_suspend);
	CHECK_EQ(subscribe(NOBODY, child.theirs), -ESRCH);
	CHECK_EQ(subscribe(child.domid, child.theirs), 0);
	CHECK(told_by_port_only(&child));
	CHECK_EQ(resume(child.domid), 0);
	/* It stays. */
	CHECK(told_by_port_only(&child));
	CHECK_EQ(resume(child.domid), 0);
	check_virq_only(&child, SHUTDOWN_reboot);
	/* Any number will do. */
	CHECK_EQ(subscribe(child.domid, NO_SUCH_PORT), RECORDED(0));
	CHECK_EQ(subscribe(child.domid, ~0U), RECORDED(0));
	CHECK_EQ(subscribe(child.domid, child.unbound), RECORDED(0));
	/* None again */
	CHECK_EQ(subscribe(child.domid, 0), RECORDED(0));
	check_virq_only(&child, SHUTDOWN_suspend);

	CHECK_EQ(event_close(child.ours), 0);
	CHECK_EQ(child_destroy(child.domid), 0);
	event_port_take(virq);
}
