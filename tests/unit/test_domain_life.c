/* SPDX-License-Identifier: MIT */
/*
 * test_domain_life.c - a domain is made, found, stopped, ended and forgotten
 *
 * Everything that can be allocated on the way fails once.
 */
#include "domain/beside.h"

#include <string.h>

#include <lodge/boot.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/grant.h>
#include <lodge/hypercall.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include "../../hypervisor/domain/private.h"
#include "../../hypervisor/mm/private.h"

#define NR_VCPUS 34	/* two have no place in shared_info */
#define ENOUGH	 200

static uint64_t free_at_start;
static int pools_at_start;
static unsigned int nr_kills;

static struct domain *alloc(domid_t domid)
{
	const struct domain_config config = {
		.domid = domid, .max_vcpus = NR_VCPUS, .ops = &test_ops,
	};
	struct domain *d;
	domid_t got;

	assert_int_equal(domid_reserve(domid, &got), 0);
	assert_int_equal(got, domid);
	d = domain_alloc(&config);
	if (!d)
		domid_release(domid);
	return d;
}

static struct domain *make(domid_t domid)
{
	struct domain *d = alloc(domid);

	assert_non_null(d);
	d->max_pages = 100;
	domain_publish(d);
	assert_int_equal(vcpu_create(d, 0), 0);
	assert_int_equal(vcpu_create(d, NR_VCPUS - 1), 0);
	return d;
}

static void kill_off(struct domain *d)
{
	for (nr_kills = 1; domain_kill(d); nr_kills++)
		assert_true(nr_kills < 1000);
}

static int group_setup(void **state)
{
	fake_memory_init(8UL << (20 - PAGE_SHIFT));
	tlb_init();
	cpu_online_map.bits = 1;
	domains_init();
	dom0 = make(0);
	dom0->privileged = true;
	return 0;
}

static int setup(void **state)
{
	fake_preempt = false;
	passes_wanted = 0;
	during_memory = NULL;
	current = NULL;
	work_off();
	free_at_start = mm_free_frames();
	pools_at_start = nr_in_pools;
	return 0;
}

static int teardown(void **state)
{
	work_off();
	assert_int_equal(mm_free_frames(), free_at_start);
	assert_int_equal(nr_in_pools, pools_at_start);
	assert_int_equal(nr_scheduled, 2);
	assert_int_equal(nr_timers, MAX_WATCHDOGS + 2);
	assert_null(domain_get_any(7));
	return 0;
}

/* ---- birth ---- */

static void expect_nothing(void)
{
	work_off();
	assert_int_equal(mm_free_frames(), free_at_start);
	assert_int_equal(nr_in_pools, pools_at_start);
	assert_null(domain_get_any(7));
}

static void every_object_fails_once(void **state)
{
	struct domain *d = NULL;
	unsigned int n;

	for (n = 0; !d; n++) {
		fake_heap_fail_after(n);
		d = alloc(7);
		fake_heap_fail_never();
		if (!d)
			expect_nothing();
	}
	/* vCPUs, rights, ports, grants: some of each. */
	assert_true(n > 10);
	domain_discard(d);
}

static void every_frame_fails_once(void **state)
{
	struct domain *d = NULL;
	unsigned int left;

	for (left = 0; !d; left++) {
		assert_true(left < ENOUGH);
		fake_frames_leave(left);
		d = alloc(7);
		fake_frames_restore();
		if (!d)
			expect_nothing();
	}
	/* shared_info, two tables of its own, and one of grants. */
	assert_int_equal(left - 1, 4);
	domain_discard(d);
}

/* Of a vCPU nothing is left, but for a table that others use, too. */
static void every_part_of_a_vcpu_fails_once(void **state)
{
	struct domain *d = alloc(7);
	unsigned int n;
	int rc = -ENOMEM;

	fake_frames_leave(0);
	assert_int_equal(vcpu_create(d, 3), -ENOMEM);
	fake_frames_restore();
	assert_null(d->vcpus[3]);
	for (n = 0; rc; n++) {
		int timers = nr_timers, scheduled = nr_scheduled;

		assert_true(n < ENOUGH);
		fake_heap_fail_after(n);
		rc = vcpu_create(d, NR_VCPUS - 1);
		fake_heap_fail_never();
		if (!rc)
			break;
		assert_int_equal(rc, -ENOMEM);
		assert_null(d->vcpus[NR_VCPUS - 1]);
		assert_int_equal(nr_timers, timers);
		assert_int_equal(nr_scheduled, scheduled);
	}
	/* Itself, its vcpu_info, FPU, kind of guest, and events. */
	assert_int_equal(n, 5);
	assert_int_equal(vcpu_create(d, NR_VCPUS - 1), -EEXIST);
	assert_int_equal(vcpu_create(d, NR_VCPUS), -EINVAL);
	domain_discard(d);
}

/* ---- look-up ---- */

static void unborn_is_nobodys(void **state)
{
	struct domain *d = alloc(7);

	assert_null(domain_get_any(7));
	assert_false(domain_try_get(d));
	/* What there is of it holds it; who has tried does not. */
	assert_int_equal(d->refs, 1 + 2);
	domain_publish(d);
	assert_ptr_equal(domain_get(NULL, 7), d);
	assert_ptr_equal(domain_get(d, DOMID_SELF), d);
	domain_put(d);
	domain_put(d);
	kill_off(d);
	assert_null(domain_get(NULL, 7));
	assert_null(domain_get(d, DOMID_SELF));
	work_off();
	assert_false(domain_try_get(d));
}

static void numbers(void **state)
{
	struct domain *d = make(7), *next;
	domid_t got, again;

	assert_int_equal(domid_reserve(7, &got), -EEXIST);
	assert_int_equal(domid_reserve(DOMID_INVALID, &got), 0);
	assert_int_equal(domid_reserve(DOMID_INVALID, &again), 0);
	assert_true(again == got + 1 || again == got + 2);
	assert_int_equal(domid_reserve(got, &got), -EEXIST);
	domid_release(again);
	domid_release(got);
	/* The next one in turn: a number rests for a while. */
	assert_int_equal(domid_reserve(DOMID_INVALID, &got), 0);
	assert_int_not_equal(got, again);
	domid_release(got);
	next = domain_get_next(1);
	assert_ptr_equal(next, d);
	domain_put(next);
	assert_null(domain_get_next(8));
	assert_null(domain_get(NULL, DOMID_FIRST_RESERVED));
	assert_null(domain_get_any(DOMID_SELF));
	kill_off(d);
}

static void all_numbers(void **state)
{
	static domid_t all[DOMID_FIRST_RESERVED];
	unsigned int n = 0;

	while (!domid_reserve(DOMID_INVALID, &all[n]))
		n++;
	assert_int_equal(n, DOMID_FIRST_RESERVED - 1);
	while (n--)
		domid_release(all[n]);
}

/* ---- end ---- */

static void kill_gives_all_back(void **state)
{
	struct domain *d = make(7);
	struct page *pg = domain_page_alloc(d, 0, 0);

	assert_int_equal(vcpu_info_move(d->vcpus[0],
					GFN(mfn_x(page_to_mfn(pg))), 64), 0);
	assert_int_equal(domain_claim(d, 50), 0);
	assert_int_equal(mm_claimed_frames(), 49);
	kill_off(d);
	assert_int_equal(nr_kills, 1);
	assert_int_equal(d->state, DOM_DEAD);
	assert_int_equal(mm_claimed_frames(), 0);
	assert_int_equal(domain_kill(d), 0);
	work_off();
	assert_null(domain_get_any(7));
}

/* Stopped after each stage, and twice inside of two. */
static void kill_stops_and_goes_on(void **state)
{
	struct domain *d = make(7);

	assert_non_null(domain_page_alloc(d, 0, 0));
	fake_preempt = true;
	passes_wanted = 4;
	kill_off(d);
	assert_true(nr_kills > 6 + 4);
	assert_int_equal(d->state, DOM_DEAD);
}

static void kill_by_another(struct domain *d)
{
	assert_int_equal(domain_kill(d), -ERESTART);
	assert_int_equal(d->state, DOM_DYING);
	/* Nothing new comes to it meanwhile. */
	assert_null(domain_page_alloc(d, 0, 0));
	assert_int_equal(domain_claim(d, 10), -EINVAL);
}

static void one_kills_at_a_time(void **state)
{
	struct domain *d = make(7);

	during_memory = kill_by_another;
	kill_off(d);
	assert_int_equal(nr_kills, 1);
}

/* A frame of it, its shared_info, and the domain itself: each keeps it. */
static void what_others_hold_stays(void **state)
{
	struct domain *d = make(7);
	struct page *pg = domain_page_alloc(d, 0, 0), *shared;

	shared = virt_to_page(d->shared_info);
	assert_true(page_get(pg, d));
	assert_true(page_get(shared, d));
	kill_off(d);
	work_off();
	assert_int_equal(d->state, DOM_DEAD);
	assert_int_equal(d->tot_pages, 1);
	assert_ptr_equal(domain_get_any(7), d);
	page_put(pg);
	work_off();
	assert_int_equal(d->tot_pages, 0);
	domain_put(d);
	work_off();
	assert_ptr_equal(domain_get_any(7), d);
	domain_put(d);
	page_put(shared);
	work_off();
	assert_null(domain_get_any(7));
}

/* As the control domain. */
static void event_op(unsigned int cmd, void *op)
{
	const struct call_args a = {.arg0 = cmd, .arg1 = (uint64_t)op};

	assert_int_equal(hypercall_event_channel_op(dom0->vcpus[0], &a), 0);
}

static evtchn_port_t bind_exception_virq(void)
{
	struct evtchn_bind_virq op = {.virq = VIRQ_DOM_EXC};

	event_op(EVTCHNOP_bind_virq, &op);
	return op.port;
}

static void close_port(evtchn_port_t port)
{
	struct evtchn_close op = {.port = port};

	event_op(EVTCHNOP_close, &op);
}

static bool was_told(evtchn_port_t port)
{
	return test_and_clear_bit(port, dom0->shared_info->evtchn_pending);
}

static bool is_stopped(const struct domain *d)
{
	return test_bit(VPF_SHUTDOWN, &d->vcpus[0]->pause_flags) &&
	       test_bit(VPF_SHUTDOWN, &d->vcpus[NR_VCPUS - 1]->pause_flags);
}

static void shutdown_and_resume(void **state)
{
	evtchn_port_t port = bind_exception_virq();
	struct domain *d = make(7);

	assert_int_equal(d->shutdown_code, SHUTDOWN_CODE_NONE);
	domain_shutdown(d, SHUTDOWN_suspend);
	assert_true(d->is_shut_down && is_stopped(d));
	assert_true(was_told(port));
	/* Whoever comes later does not change the reason. */
	domain_shutdown(d, SHUTDOWN_crash);
	assert_int_equal(d->shutdown_code, SHUTDOWN_suspend);
	domain_resume(d);
	assert_false(d->is_shut_down || is_stopped(d));
	assert_int_equal(d->shutdown_code, SHUTDOWN_CODE_NONE);
	fake_log_clear();
	domain_crash(d, "it did %s", "that");
	assert_non_null(strstr(fake_log, "d7 crashed: it did that\n"));
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	assert_true(was_told(port));
	kill_off(d);
	assert_true(was_told(port));
	close_port(port);
}

static void suspend(struct domain *d)
{
	domain_resume(d);
	domain_shutdown(d, SHUTDOWN_suspend);
}

/* A suspend, and nothing else, goes by the port that was asked for, as long as
 * it leads to the control domain. */
static void a_suspend_is_told_to_who_asked(void **state)
{
	evtchn_port_t virq = bind_exception_virq();
	struct domain *d = make(7);
	struct evtchn_alloc_unbound unbound = {.dom = 7, .remote_dom = 0};
	struct evtchn_bind_interdomain pair = {.remote_dom = 7};

	event_op(EVTCHNOP_alloc_unbound, &unbound);
	d->suspend_port = unbound.port;
	suspend(d);
	assert_true(was_told(virq));
	pair.remote_port = unbound.port;
	event_op(EVTCHNOP_bind_interdomain, &pair);
	(void)was_told(pair.local_port);
	assert_false(evtchn_send_to(d, unbound.port, d));
	assert_false(was_told(pair.local_port));

	suspend(d);
	assert_true(!was_told(virq) && was_told(pair.local_port));
	suspend(d);
	assert_true(!was_told(virq) && was_told(pair.local_port));
	domain_resume(d);
	domain_shutdown(d, SHUTDOWN_reboot);
	assert_true(was_told(virq) && !was_told(pair.local_port));
	d->suspend_port = ~0U;
	suspend(d);
	assert_true(was_told(virq) && !was_told(pair.local_port));
	d->suspend_port = unbound.port;
	close_port(pair.local_port);
	suspend(d);
	assert_true(was_told(virq));
	kill_off(d);
	(void)was_told(virq);
	close_port(virq);
}

static void end_of_dom0(void *code)
{
	domain_shutdown(dom0, (unsigned int)(uintptr_t)code);
	fail();
}

static void the_control_domain_is_the_machine(void **state)
{
	static const struct {
		unsigned int code;
		bool noreboot;
		char end;
	} ends[] = {
		{SHUTDOWN_poweroff, false, 'h'},
		{SHUTDOWN_reboot, false, 'r'},
		{SHUTDOWN_reboot, true, 'r'},
		{SHUTDOWN_suspend, false, 'r'},
		{SHUTDOWN_crash, false, 'r'},
		{SHUTDOWN_crash, true, 'h'},
		{SHUTDOWN_watchdog, false, 'r'},
		{SHUTDOWN_watchdog, true, 'h'},
		{SHUTDOWN_soft_reset, false, 'r'},
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		opt_noreboot = ends[i].noreboot;
		until_machine_ends(end_of_dom0,
				   (void *)(uintptr_t)ends[i].code);
		assert_int_equal(machine_end, ends[i].end);
	}
	opt_noreboot = false;
}

/* ---- watchdogs and pauses ---- */

static void watchdogs(void **state)
{
	struct domain *d = make(7);

	assert_int_equal(domain_watchdog(d, 0, 0), -EINVAL);
	assert_int_equal(domain_watchdog(d, 1, 5), -EINVAL);
	assert_int_equal(domain_watchdog(d, 0, 5), 1);
	assert_int_equal(domain_watchdog(d, 0, ~0U), 2);
	assert_int_equal(domain_watchdog(d, 0, 5), -ENOSPC);
	assert_int_equal(domain_watchdog(d, 3, 5), -EINVAL);
	assert_int_equal(domain_watchdog(d, ~0U, 5), -EINVAL);
	assert_int_equal(domain_watchdog(d, 1, 0), 0);
	assert_false(d->watchdogs[0].rank);
	assert_int_equal(domain_watchdog(d, 1, 7), -EINVAL);
	assert_int_equal(domain_watchdog(d, 2, 7), 0);
	timer_fire(&d->watchdogs[1]);
	assert_true(is_stopped(d));
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
	kill_off(d);
	/* A call that was on its way arms nothing any more. */
	(void)domain_watchdog(d, 2, 7);
	assert_false(d->watchdogs[1].rank);
}

static void pauses_are_counted(void **state)
{
	struct domain *d = make(7);
	unsigned int i;

	assert_int_equal(domain_unpause(d), -EINVAL);
	for (i = 0; i < 255; i++)
		assert_int_equal(domain_pause(d), 0);
	assert_int_equal(domain_pause(d), -EOVERFLOW);
	/* A vCPU that comes later takes part. */
	assert_int_equal(vcpu_create(d, 1), 0);
	for (i = 0; i < 255; i++) {
		assert_true(test_bit(VPF_CONTROL, &d->vcpus[1]->pause_flags));
		assert_int_equal(domain_unpause(d), 0);
	}
	assert_false(test_bit(VPF_CONTROL, &d->vcpus[0]->pause_flags));
	assert_false(test_bit(VPF_CONTROL, &d->vcpus[1]->pause_flags));
	assert_int_equal(domain_unpause(d), -EINVAL);
	kill_off(d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_object_fails_once),
		T(every_frame_fails_once),
		T(every_part_of_a_vcpu_fails_once),
		T(unborn_is_nobodys),
		T(numbers),
		T(all_numbers),
		T(kill_gives_all_back),
		T(kill_stops_and_goes_on),
		T(one_kills_at_a_time),
		T(what_others_hold_stays),
		T(shutdown_and_resume),
		T(a_suspend_is_told_to_who_asked),
		T(the_control_domain_is_the_machine),
		T(watchdogs),
		T(pauses_are_counted),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
