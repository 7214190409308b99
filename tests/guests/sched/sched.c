/* SPDX-License-Identifier: MIT */
/*
 * sched - giving the processor away, and getting it back
 *
 * block and poll must return for the event that was waited for, also when it
 * came just before; poll with a time must not return early; shutdown must
 * refuse reasons that do not exist.
 */
#include <guestkit/clock.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define BAD_POINTER ((void *)0x1000)

static bool set_up(void)
{
	return shared_info && !event_set_up();
}

static long timer_port(void)
{
	static long port;

	if (!port && set_up()) {
		HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
		port = event_bind_virq(VIRQ_TIMER, 0);
		if (port > 0)
			event_port_enable(port);
	}
	return port;
}

TEST(yield)
{
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_yield, NULL), 0);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_yield, BAD_POINTER), 0);
	CHECK_EQ(HYPERVISOR_sched_op_compat(SCHEDOP_yield, 0), 0);
}

/* Called with events masked it lets them in: nothing is slept through. */
TEST(block)
{
	long port = timer_port();
	unsigned long before;
	uint64_t at;

	REQUIRE(port > 0);
	before = event_port_count(port);
	event_block();
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(HYPERVISOR_set_timer_op(at), 0);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
	CHECK_EQ(event_port_count(port), before + 1);
	CHECK(clock_ns() >= at);
	CHECK_EQ(this_vcpu()->info->evtchn_upcall_mask, 0);
}

TEST(block_with_event_pending)
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
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0);
	CHECK_EQ(event_port_count(port), before + 1);
	CHECK_EQ(event_close(port), 0);
}

static long poll_ports(evtchn_port_t *ports, unsigned int nr, uint64_t timeout)
{
	struct sched_poll poll = {
		.ports.p = ports,
		.nr_ports = nr,
		.timeout = timeout,
	};

	return HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

TEST(poll_timeout)
{
	evtchn_port_t port;
	uint64_t at;

	REQUIRE(set_up());
	event_block();
	port = event_bind_ipi(0);
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(poll_ports(&port, 1, at), 0);
	CHECK(clock_ns() >= at);
	CHECK_EQ(this_vcpu()->info->evtchn_upcall_mask, 1);
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(poll_ports(NULL, 0, at), 0);
	CHECK(clock_ns() >= at);
	CHECK_EQ(event_close(port), 0);
}

TEST(poll_past)
{
	evtchn_port_t port;
	uint64_t before;

	REQUIRE(set_up());
	port = event_bind_ipi(0);
	before = clock_ns();
	CHECK_EQ(poll_ports(&port, 1, clock_ns() - 1), 0);
	CHECK(clock_ns() - before < 20 * NS_PER_S);
	CHECK_EQ(event_close(port), 0);
}

/* Pending already, masked or not: it returns at once and takes nothing. */
TEST(poll_pending)
{
	evtchn_port_t ports[2];

	REQUIRE(set_up());
	ports[0] = event_bind_ipi(0);
	ports[1] = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
	CHECK_EQ(event_send(ports[0]), 0);
	CHECK_EQ(poll_ports(ports, 2, 0), 0);
	CHECK(event_port_pending(ports[0]));
	CHECK(event_port_take(ports[0]));
	CHECK_EQ(event_close(ports[0]), 0);
	CHECK_EQ(event_close(ports[1]), 0);
}

/* An event of the timer on a masked port wakes the poller. */
TEST(poll_woken)
{
	evtchn_port_t port = timer_port();
	uint64_t at;

	REQUIRE(set_up());
	event_block();
	event_port_disable(port);
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(HYPERVISOR_set_timer_op(at), 0);
	CHECK_EQ(poll_ports(&port, 1, at + 40 * NS_PER_S), 0);
	CHECK(clock_ns() >= at);
	CHECK(clock_ns() < at + 20 * NS_PER_S);
	CHECK(event_port_take(port));
	event_port_enable(port);
	event_unblock();
}

TEST(poll_wrong)
{
	static evtchn_port_t ports[200];
	struct sched_poll poll = {
		.ports.p = BAD_POINTER,
		.nr_ports = 1,
	};

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, BAD_POINTER), -EFAULT);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), -EFAULT);
	ports[0] = 4096;
	CHECK_EQ(poll_ports(ports, 1, 0), RECORDED(-EINVAL));
	ports[0] = ~0U;
	CHECK_EQ(poll_ports(ports, 1, 0), RECORDED(-EINVAL));
	CHECK_EQ(poll_ports(ports, 129, clock_ns()), RECORDED(-EINVAL));
	CHECK_EQ(poll_ports(ports, ~0U, clock_ns()), RECORDED(-EINVAL));
}

/* Xen 4.17 gives one of its errors as 32 bits without sign. */
static long watchdog(uint32_t id, uint32_t timeout)
{
	struct sched_watchdog op = {.id = id, .timeout = timeout};

	return (int)HYPERVISOR_sched_op(SCHEDOP_watchdog, &op);
}

TEST(watchdog)
{
	long id = watchdog(0, 1000);

	if (id == -ENOSYS)
		TEST_SKIP("no watchdogs");
	CHECK(id > 0);
	CHECK_EQ(watchdog(id, 1000), RECORDED(0));
	CHECK_EQ(watchdog(id, 0), 0);
	CHECK_EQ(watchdog(id, 0), RECORDED(-EINVAL));
	CHECK_EQ(watchdog(99, 1000), RECORDED(-EINVAL));
}

TEST(watchdogs_are_few)
{
	long id[4], i, nr = 0;

	if (watchdog(99, 0) == -ENOSYS)
		TEST_SKIP("no watchdogs");
	while (nr < 4 && (id[nr] = watchdog(0, 1000)) > 0)
		nr++;
	CHECK(nr >= 1);
	CHECK_EQ(nr < 4 ? id[nr] : watchdog(0, 1000), RECORDED(-ENOSPC));
	for (i = 0; i < nr; i++)
		CHECK_EQ(watchdog(id[i], 0), 0);
}

TEST(shutdown_code)
{
	struct sched_shutdown op = {.reason = SHUTDOWN_reboot};

	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_shutdown_code, &op), 0);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_shutdown_code, BAD_POINTER),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_shutdown, BAD_POINTER), -EFAULT);
}

TEST(remote_shutdown)
{
	struct sched_remote_shutdown op = {.domain_id = 1234};

	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &op), -ESRCH);
	op.domain_id = DOMID_SELF;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &op),
		 RECORDED(-ESRCH));
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, BAD_POINTER),
		 -EFAULT);
}

TEST(pin_override)
{
	struct sched_pin_override op = {.pcpu = 0};

	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &op), 0);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &op),
		 RECORDED(-EBUSY));
	op.pcpu = -1;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &op), 0);
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &op),
		 RECORDED(-EINVAL));
	op.pcpu = 9999;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &op),
		 RECORDED(-EINVAL));
}

TEST(unknown)
{
	CHECK_EQ(HYPERVISOR_sched_op(8, NULL), -ENOSYS);
	CHECK_EQ(HYPERVISOR_sched_op(-1, NULL), -ENOSYS);
	CHECK_EQ(HYPERVISOR_sched_op_compat(3, 0), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_sched_op_compat(99, 0), RECORDED(-ENOSYS));
}

/* The reason that kernels give when they have nothing left to say. */
CRASH_TEST(shutdown_crash)
{
	guest_shutdown(SHUTDOWN_crash);
}

CRASH_TEST(watchdog_bites)
{
	if (watchdog(99, 0) == -ENOSYS)
		TEST_SKIP("no watchdogs");
	REQUIRE(watchdog(0, 1) > 0);
	for (;;)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}
