/* SPDX-License-Identifier: MIT */
/*
 * timers - system time, wall clock and the three ways to be woken by it
 *
 * System time must never go back, must agree with the TSC it is made from,
 * and a timer must not fire early: kernels sleep by it.
 */
#include <guestkit/clock.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define BAD_POINTER ((void *)0x1000)
/* Only what never comes takes so long, on however busy a machine. */
#define PATIENCE_NS (20 * NS_PER_S)

static volatile uint64_t fired_ns;

static void note_time(evtchn_port_t port)
{
	(void)port;
	fired_ns = clock_ns();
}

static long timer_port(void)
{
	static long port;

	if (!port && shared_info && !event_set_up()) {
		port = event_bind_virq(VIRQ_TIMER, 0);
		if (port > 0) {
			event_port_handler(port, note_time);
			event_port_enable(port);
		}
	}
	return port;
}

/* A kernel that asks for nothing is ticked a hundred times a second. */
TEST(periodic_from_the_start)
{
	uint64_t start = clock_ns();
	long port = timer_port();
	unsigned long before;

	REQUIRE(port > 0);
	before = event_port_count(port);
	CHECK(event_port_wait(port, before + 6, PATIENCE_NS));
	CHECK(clock_ns() - start >= RECORDED(50 * NS_PER_MS));
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
}

static long set_singleshot(uint64_t at_ns, uint32_t flags)
{
	struct vcpu_set_singleshot_timer op = {
		.timeout_abs_ns = at_ns,
		.flags = flags,
	};

	return HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static long stop_singleshot(void)
{
	return HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
}

TEST(time_page)
{
	const volatile struct vcpu_time_info *time = &this_vcpu()->info->time;

	REQUIRE(shared_info);
	CHECK_BITS(time->version, 1, 0);
	CHECK(time->version >= 2);
	CHECK(time->tsc_to_system_mul != 0);
	CHECK(time->tsc_timestamp <= tsc_read());
	CHECK(time->system_time > 0);
}

TEST(monotonic)
{
	uint64_t last = clock_ns(), now;
	unsigned int i, backwards = 0;

	for (i = 0; i < 200000; i++) {
		now = clock_ns();
		backwards += now < last;
		last = now;
	}
	CHECK_EQ(backwards, 0);
}

/*
 * Time and TSC of one moment. The reading that took least lies closest: in
 * the others somebody else had the processor in between.
 */
static void sample(uint64_t *ns, uint64_t *tsc)
{
	uint64_t least = ~0UL;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		uint64_t before = tsc_read();
		uint64_t now = clock_ns();
		uint64_t took = tsc_read() - before;

		if (took < least) {
			least = took;
			*ns = now;
			*tsc = before + took / 2;
		}
	}
}

/*
 * The scale is steady. A hypervisor that finds its clock off slews it, which
 * people take to be harmless up to 500 ppm; from that to its opposite is twice
 * as much.
 */
TEST(scale_is_steady)
{
	uint64_t ns[3], tsc[3], rate[2];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		sample(&ns[i], &tsc[i]);
		clock_wait_ns(100 * NS_PER_MS);
	}
	for (i = 0; i < 2; i++)
		rate[i] = (tsc[i + 1] - tsc[i]) * 1000000 / (ns[i + 1] - ns[i]);
	print("NOTE %lu, then %lu TSC ticks per ms\n", rate[0], rate[1]);
	CHECK(rate[0] > 0);
	CHECK((rate[0] > rate[1] ? rate[0] - rate[1] : rate[1] - rate[0]) <=
	      rate[0] / 1000);
}

TEST(wall_clock)
{
	volatile struct shared_info *s = shared_info;
	uint64_t wall_s;

	REQUIRE(s);
	CHECK_BITS(s->wc_version, 1, 0);
	wall_s = s->wc_sec + ((uint64_t)s->wc_sec_hi << 32) +
		 clock_ns() / NS_PER_S;
	CHECK(wall_s > 1577836800); /* 2020 */
	CHECK(wall_s < 4102444800); /* 2100 */
	CHECK(s->wc_nsec < NS_PER_S);
}

TEST(set_wall_clock)
{
	static struct xen_platform_op op;
	volatile struct shared_info *s = shared_info;
	uint32_t version = s->wc_version;
	uint64_t now = clock_ns();
	uint64_t secs = s->wc_sec;

	REQUIRE(s);
	op.cmd = XENPF_settime64;
	op.interface_version = XENPF_INTERFACE_VERSION;
	op.u.settime64.secs = secs + now / NS_PER_S + 1000;
	op.u.settime64.nsecs = 0;
	op.u.settime64.system_time = now;
	CHECK_EQ(HYPERVISOR_platform_op(&op), 0);
	CHECK(s->wc_version != version);
	CHECK_BITS(s->wc_version, 1, 0);
	CHECK(s->wc_sec >= secs + 999 && s->wc_sec <= secs + 1000);
	op.u.settime64.mbz = 1;
	CHECK_EQ(HYPERVISOR_platform_op(&op), RECORDED(-EINVAL));
}

TEST(singleshot)
{
	long port = timer_port();
	unsigned long before;
	uint64_t at;

	REQUIRE(port > 0);
	before = event_port_count(port);
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(set_singleshot(at, 0), 0);
	CHECK(event_port_wait(port, before + 1, PATIENCE_NS));
	CHECK(fired_ns >= at);
	clock_wait_ns(30 * NS_PER_MS);
	CHECK_EQ(event_port_count(port), before + 1);
}

/* The flag may be ignored: then the time that is over is now. */
TEST(singleshot_past)
{
	long port = timer_port(), rc;
	unsigned long before;

	REQUIRE(port > 0);
	before = event_port_count(port);
	rc = set_singleshot(clock_ns() - NS_PER_MS, VCPU_SSHOTTMR_future);
	CHECK(rc == -ETIME || rc == RECORDED(0));
	clock_wait_ns(10 * NS_PER_MS);
	CHECK_EQ(event_port_count(port), before + !rc);
	before = event_port_count(port);
	CHECK_EQ(set_singleshot(clock_ns() - NS_PER_MS, 0), 0);
	CHECK(event_port_wait(port, before + 1, PATIENCE_NS));
	CHECK_EQ(set_singleshot(clock_ns() + 10 * NS_PER_MS,
				VCPU_SSHOTTMR_future),
		 0);
	CHECK(event_port_wait(port, before + 2, PATIENCE_NS));
}

TEST(singleshot_stop)
{
	long port = timer_port();
	unsigned long before;

	REQUIRE(port > 0);
	before = event_port_count(port);
	CHECK_EQ(set_singleshot(clock_ns() + 30 * NS_PER_MS, 0), 0);
	CHECK_EQ(stop_singleshot(), 0);
	CHECK_EQ(stop_singleshot(), 0);
	clock_wait_ns(60 * NS_PER_MS);
	CHECK_EQ(event_port_count(port), before);
}

/* The second call moves the first one's time. */
TEST(singleshot_again)
{
	long port = timer_port();
	unsigned long before;
	uint64_t at;

	REQUIRE(port > 0);
	before = event_port_count(port);
	CHECK_EQ(set_singleshot(clock_ns() + 5 * NS_PER_S, 0), 0);
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(set_singleshot(at, 0), 0);
	CHECK(event_port_wait(port, before + 1, PATIENCE_NS));
	CHECK(fired_ns >= at);
}

TEST(singleshot_wrong)
{
	CHECK_EQ(
		HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, BAD_POINTER),
		-EFAULT);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 1, NULL),
		 RECORDED(-ENOENT));
	CHECK_EQ(set_singleshot(clock_ns() + 1000 * NS_PER_S, ~1U),
		 RECORDED(0));
	CHECK_EQ(stop_singleshot(), 0);
}

TEST(set_timer_op)
{
	long port = timer_port();
	unsigned long before;
	uint64_t at;

	REQUIRE(port > 0);
	before = event_port_count(port);
	at = clock_ns() + 20 * NS_PER_MS;
	CHECK_EQ(HYPERVISOR_set_timer_op(at), 0);
	CHECK(event_port_wait(port, before + 1, PATIENCE_NS));
	CHECK(fired_ns >= at);
	before = event_port_count(port);
	CHECK_EQ(HYPERVISOR_set_timer_op(clock_ns() + 20 * NS_PER_MS), 0);
	CHECK_EQ(HYPERVISOR_set_timer_op(0), 0);
	clock_wait_ns(50 * NS_PER_MS);
	CHECK_EQ(event_port_count(port), before);
	/* A time that is over is now. */
	CHECK_EQ(HYPERVISOR_set_timer_op(clock_ns() - 1), 0);
	CHECK(event_port_wait(port, before + 1, PATIENCE_NS));
}

static long set_periodic(uint64_t period_ns)
{
	struct vcpu_set_periodic_timer op = {.period_ns = period_ns};

	return HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
}

TEST(periodic)
{
	long port = timer_port();
	unsigned long before;
	uint64_t start;

	REQUIRE(port > 0);
	before = event_port_count(port);
	start = clock_ns();
	CHECK_EQ(set_periodic(10 * NS_PER_MS), 0);
	CHECK(event_port_wait(port, before + 10, PATIENCE_NS));
	CHECK(clock_ns() - start >= 90 * NS_PER_MS);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	before = event_port_count(port);
	clock_wait_ns(50 * NS_PER_MS);
	CHECK(event_port_count(port) <= before + 1);
}

TEST(periodic_wrong)
{
	CHECK_EQ(set_periodic(NS_PER_MS / 2), RECORDED(-EINVAL));
	CHECK_EQ(set_periodic(0), RECORDED(-EINVAL));
	CHECK_EQ(set_periodic(~0UL), RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, BAD_POINTER),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
}

/* The copy is kept as the master is. */
TEST(time_memory_area)
{
	static struct vcpu_time_info copy;
	struct vcpu_register_time_memory_area area = {.addr.v = &copy};
	uint64_t a, b;

	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				    &area),
		 0);
	CHECK_EQ(copy.tsc_to_system_mul,
		 this_vcpu()->info->time.tsc_to_system_mul);
	CHECK_BITS(copy.version, 1, 0);
	a = clock_ns();
	b = clock_of_ns(&copy);
	CHECK(b >= a);
	CHECK(b - a < PATIENCE_NS);
	area.addr.v = BAD_POINTER;
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				    &area),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				    BAD_POINTER),
		 -EFAULT);
	area.addr.v = NULL;
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
				    &area),
		 RECORDED(0));
}
