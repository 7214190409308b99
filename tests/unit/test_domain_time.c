/* SPDX-License-Identifier: MIT */
/*
 * test_domain_time.c - time areas, runstates and timers, as a guest sees them
 *
 * The guest's copies are recorded store by store: what counts is that a reader
 * that looks between any two of them can tell that it must read again.
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/event.h>
#include <lodge/guest.h>
#include <lodge/percpu.h>
#include <lodge/time.h>
#include "../../hypervisor/domain/private.h"

#define AREA	0x7000UL
#define MAX_STORES 8

struct cpu_features cpu_features;
static struct domain *only_domain;
void (*time_recalibrated_hook)(void);
void (*wallclock_changed_hook)(void);

static struct shared_info shared;
static struct vcpu_info info;
static const struct guest_ops ops;
static struct domain dom;
static struct vcpu vcpu;
static uint64_t now_ns;

/* ---- the guest's area, and what is stored there ---- */

static struct store {
	unsigned long at;
	size_t len;
	uint8_t bytes[64];
} stores[MAX_STORES];
static unsigned int nr_stores, fail_from;
static uint8_t area[64];

size_t copy_to_guest_kernel(guest_ptr_t dst, const void *src, size_t len)
{
	if (nr_stores >= fail_from)
		return len;
	assert_true(nr_stores < MAX_STORES);
	assert_true(dst.va >= AREA && dst.va + len <= AREA + sizeof(area));
	stores[nr_stores].at = dst.va - AREA;
	stores[nr_stores].len = len;
	memcpy(stores[nr_stores].bytes, src, len);
	memcpy(area + dst.va - AREA, src, len);
	nr_stores++;
	return 0;
}

/* ---- the layers below ---- */

static unsigned int nr_virqs, nr_wakes;

void evtchn_send_virq(struct vcpu *v, unsigned int virq)
{
	assert_ptr_equal(v, &vcpu);
	assert_int_equal(virq, VIRQ_TIMER);
	nr_virqs++;
}

void vcpu_wake(struct vcpu *v)
{
	nr_wakes++;
}

void time_get_scale(struct time_scale *ts)
{
	*ts = (struct time_scale){ 1111, 2222, 3333, -2 };
}

uint64_t system_time_ns(void)
{
	return now_ns;
}

void wallclock_get(uint64_t *sec, uint32_t *nsec)
{
	*sec = 0x1ffffffffUL;
	*nsec = 77;
}

struct domain *domain_get_next(unsigned int from)
{
	return only_domain && only_domain->domid >= from ? only_domain : NULL;
}

void domain_put(struct domain *d)
{
	assert_ptr_equal(d, only_domain);
}

void timer_kill(struct timer *t)
{
	t->killed = true;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg,
		unsigned int cpu)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = (uint16_t)cpu };
}

void timer_set(struct timer *t, uint64_t expires_ns)
{
	t->expires_ns = expires_ns;
	t->rank = 1;
}

void timer_stop(struct timer *t)
{
	t->rank = 0;
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
	t->cpu = (uint16_t)cpu;
}

static int setup(void **state)
{
	memset(&shared, 0, sizeof(shared));
	memset(&info, 0, sizeof(info));
	memset(area, 0, sizeof(area));
	dom = (struct domain){ .shared_info = &shared, .ops = &ops };
	vcpu = (struct vcpu){ .domain = &dom, .info = &info };
	cpu_features.invariant_tsc = true;
	nr_stores = nr_virqs = nr_wakes = 0;
	fail_from = MAX_STORES + 1;
	now_ns = 1000;
	fake_relax_hook = NULL;
	get_cpu_info()->current_vcpu = &vcpu;
	domain_time_init();
	return 0;
}

/* ---- vcpu_time_info ---- */

static void the_time_page_is_filled(void **state)
{
	vcpu_update_time(&vcpu);
	assert_int_equal(info.time.tsc_timestamp, 1111);
	assert_int_equal(info.time.system_time, 2222);
	assert_int_equal(info.time.tsc_to_system_mul, 3333);
	assert_int_equal(info.time.tsc_shift, -2);
	assert_int_equal(info.time.flags, XEN_PVCLOCK_TSC_STABLE_BIT);
	assert_int_equal(info.time.version, 2);
	vcpu_update_time(&vcpu);
	assert_int_equal(info.time.version, 4);
	assert_int_equal(nr_stores, 0);
}

static void an_unstable_tsc_is_not_called_stable(void **state)
{
	cpu_features.invariant_tsc = false;
	vcpu_update_time(&vcpu);
	assert_int_equal(info.time.flags, 0);
}

/* The guest writes there too: whatever it leaves, it ends even. */
static void versions_of_the_guests_own_making(void **state)
{
	static const uint32_t versions[] = { 1, 7, ~0U, ~0U - 1, 1U << 31 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		info.time.version = versions[i];
		vcpu_update_time(&vcpu);
		assert_int_equal(info.time.version & 1, 0);
		assert_int_not_equal(info.time.version, versions[i]);
	}
}

static uint32_t version_of_store(const struct store *s)
{
	uint32_t version;

	memcpy(&version, s->bytes, sizeof(version));
	return version;
}

/* Between any two stores the version is odd; each one begins with it. */
static void a_registered_copy_is_never_half_written(void **state)
{
	struct vcpu_time_info *t = (struct vcpu_time_info *)area;
	unsigned int i;

	vcpu.time_guest = AREA;
	vcpu_update_time(&vcpu);
	assert_int_equal(nr_stores, 3);
	for (i = 0; i < nr_stores; i++) {
		assert_int_equal(stores[i].at, 0);
		assert_int_equal(version_of_store(&stores[i]) & 1, i < 2);
	}
	assert_int_equal(stores[0].len, 4);
	assert_int_equal(stores[1].len, sizeof(*t));
	assert_int_equal(stores[2].len, 4);
	assert_int_equal(version_of_store(&stores[0]),
			 version_of_store(&stores[1]));
	assert_int_equal(version_of_store(&stores[2]),
			 version_of_store(&stores[1]) + 1);
	assert_int_equal(t->system_time, 2222);
	assert_int_equal(t->pad0, 0);
	assert_int_equal(t->pad1[0] | t->pad1[1], 0);
}

static void versions_of_a_copy_move_on(void **state)
{
	struct vcpu_time_info *t = (struct vcpu_time_info *)area;
	uint32_t before = 0;
	unsigned int i;

	vcpu.time_guest = AREA;
	for (i = 0; i < 5; i++) {
		nr_stores = 0;
		vcpu_update_time(&vcpu);
		assert_int_not_equal(t->version, before);
		before = t->version;
	}
}

/* It went away: nothing is stored after that. */
static void an_area_that_cannot_be_written(void **state)
{
	for (fail_from = 0; fail_from < 3; fail_from++) {
		nr_stores = 0;
		vcpu.time_guest = AREA;
		vcpu_update_time(&vcpu);
		assert_int_equal(nr_stores, fail_from);
		assert_int_equal(info.time.version & 1, 0);
	}
}

static void recalibration_updates_the_running_vcpu(void **state)
{
	struct vcpu idle = { .domain = NULL };

	time_recalibrated_hook();
	assert_int_equal(info.time.version, 2);
	get_cpu_info()->current_vcpu = &idle;
	time_recalibrated_hook();
	get_cpu_info()->current_vcpu = NULL;
	time_recalibrated_hook();
	assert_int_equal(info.time.version, 2);
}

/* ---- wall clock ---- */

static void the_wall_clock_is_written(void **state)
{
	dom.time_offset_s = -0x80000000L;
	only_domain = &dom;
	wallclock_changed_hook();
	assert_int_equal(shared.wc_version, 2);
	assert_int_equal(shared.wc_sec, 0x7fffffff);
	assert_int_equal(shared.wc_sec_hi, 1);
	assert_int_equal(shared.wc_nsec, 77);
	shared.wc_version = 5;
	domain_update_wallclock(&dom);
	assert_int_equal(shared.wc_version, 6);
	only_domain = NULL;
	wallclock_changed_hook();
	assert_int_equal(shared.wc_version, 6);
}

/* ---- runstates ---- */

static void times_add_up(void **state)
{
	struct vcpu_runstate_info out;
	unsigned int i;
	uint64_t sum = 0;

	vcpu_runstate_change(&vcpu, RUNSTATE_running, 100);
	vcpu_runstate_change(&vcpu, RUNSTATE_blocked, 150);
	vcpu_runstate_change(&vcpu, RUNSTATE_runnable, 400);
	vcpu_runstate_change(&vcpu, RUNSTATE_running, 410);
	now_ns = 500;
	vcpu_runstate_get(&vcpu, &out);
	assert_int_equal(out.state, RUNSTATE_running);
	assert_int_equal(out.time[RUNSTATE_running], 100 + 50 + 90);
	assert_int_equal(out.time[RUNSTATE_blocked], 250);
	assert_int_equal(out.time[RUNSTATE_runnable], 10);
	for (i = 0; i < 4; i++)
		sum += out.time[i];
	assert_int_equal(sum, now_ns);
}

/* Two CPUs' clocks may differ by a little: time is not taken away. */
static void time_never_goes_back(void **state)
{
	struct vcpu_runstate_info out;

	vcpu_runstate_change(&vcpu, RUNSTATE_running, 100);
	vcpu_runstate_change(&vcpu, RUNSTATE_blocked, 90);
	assert_int_equal(vcpu.runstate.time[RUNSTATE_running], 100);
	now_ns = 80;
	vcpu_runstate_get(&vcpu, &out);
	assert_int_equal(out.time[RUNSTATE_blocked], 0);
}

static void finish_change(void)
{
	vcpu.runstate.time[RUNSTATE_running] = 50;
	vcpu.runstate.state_entry_time = 150;
	vcpu.runstate.state = RUNSTATE_blocked;
	vcpu.runstate_version++;
	fake_relax_hook = NULL;
}

/* Seen from another CPU in the middle of a change: it waits for the end. */
static void a_change_under_way_is_waited_for(void **state)
{
	struct vcpu_runstate_info out;

	vcpu.runstate.state_entry_time = 100;
	vcpu.runstate.time[RUNSTATE_running] = 50;
	vcpu.runstate_version = 3;
	fake_relax_hook = finish_change;
	now_ns = 200;
	vcpu_runstate_get(&vcpu, &out);
	assert_int_equal(out.time[RUNSTATE_running], 50);
	assert_int_equal(out.time[RUNSTATE_blocked], 50);
	assert_int_equal(out.state, RUNSTATE_blocked);
	assert_int_equal(vcpu.runstate_version, 4);
}

static void nothing_registered_nothing_written(void **state)
{
	vcpu_runstate_publish(&vcpu);
	assert_int_equal(nr_stores, 0);
}

static void a_runstate_area_in_one_store(void **state)
{
	struct vcpu_runstate_info *r = (struct vcpu_runstate_info *)area;

	vcpu.runstate_guest = AREA;
	vcpu_runstate_change(&vcpu, RUNSTATE_blocked, 123);
	vcpu_runstate_publish(&vcpu);
	assert_int_equal(nr_stores, 1);
	assert_int_equal(r->state, RUNSTATE_blocked);
	assert_int_equal(r->state_entry_time, 123);
}

static uint64_t entry_time_in(const struct store *s)
{
	uint64_t t;

	memcpy(&t, s->bytes + offsetof(struct vcpu_runstate_info,
				       state_entry_time) - s->at, sizeof(t));
	return t;
}

/* With the guest's assent the flag says that it is being written. */
static void a_flagged_runstate_area_in_three(void **state)
{
	unsigned int i;

	dom.vm_assist = BIT(VMASST_TYPE_runstate_update_flag);
	vcpu.runstate_guest = AREA;
	vcpu_runstate_change(&vcpu, RUNSTATE_blocked, 123);
	vcpu_runstate_publish(&vcpu);
	assert_int_equal(nr_stores, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(entry_time_in(&stores[i]),
				 i < 2 ? 123 | XEN_RUNSTATE_UPDATE : 123);
	for (fail_from = 0; fail_from < 3; fail_from++) {
		nr_stores = 0;
		vcpu_runstate_publish(&vcpu);
		assert_int_equal(nr_stores, fail_from);
	}
}

/* ---- timers ---- */

static void fire(struct timer *t)
{
	t->rank = 0;
	t->fn(t->arg);
}

static void a_single_shot_sends_one_virq(void **state)
{
	vcpu_timers_init(&vcpu);
	fire(&vcpu.singleshot);
	assert_int_equal(nr_virqs, 1);
	assert_int_equal(vcpu.singleshot.rank, 0);
}

static void a_periodic_timer_goes_on_until_stopped(void **state)
{
	vcpu_timers_init(&vcpu);
	vcpu_set_periodic(&vcpu, 500);
	assert_int_equal(vcpu.periodic.expires_ns, 1500);
	now_ns = 9000;
	fire(&vcpu.periodic);
	assert_int_equal(nr_virqs, 1);
	assert_int_equal(vcpu.periodic.rank, 1);
	assert_int_equal(vcpu.periodic.expires_ns, 9500);
	vcpu_set_periodic(&vcpu, 0);
	assert_int_equal(vcpu.periodic.rank, 0);
	/* It was about to fire when it was stopped. */
	fire(&vcpu.periodic);
	assert_int_equal(nr_virqs, 1);
	assert_int_equal(vcpu.periodic.rank, 0);
}

static void a_poll_that_times_out_wakes(void **state)
{
	vcpu_timers_init(&vcpu);
	fire(&vcpu.poll_timer);
	assert_int_equal(nr_wakes, 0);
	vcpu.pause_flags = BIT(VPF_PAUSED);
	vcpu_poll_begin(&vcpu);
	fire(&vcpu.poll_timer);
	assert_int_equal(nr_wakes, 1);
	assert_int_equal(vcpu.pause_flags, BIT(VPF_PAUSED));
}

static void timers_follow_their_vcpu(void **state)
{
	vcpu_timers_init(&vcpu);
	vcpu_timers_move(&vcpu, 5);
	assert_int_equal(vcpu.singleshot.cpu, 5);
	assert_int_equal(vcpu.periodic.cpu, 5);
	assert_int_equal(vcpu.poll_timer.cpu, 5);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_time_page_is_filled),
		TEST(an_unstable_tsc_is_not_called_stable),
		TEST(versions_of_the_guests_own_making),
		TEST(a_registered_copy_is_never_half_written),
		TEST(versions_of_a_copy_move_on),
		TEST(an_area_that_cannot_be_written),
		TEST(recalibration_updates_the_running_vcpu),
		TEST(the_wall_clock_is_written),
		TEST(times_add_up),
		TEST(time_never_goes_back),
		TEST(a_change_under_way_is_waited_for),
		TEST(nothing_registered_nothing_written),
		TEST(a_runstate_area_in_one_store),
		TEST(a_flagged_runstate_area_in_three),
		TEST(a_single_shot_sends_one_virq),
		TEST(a_periodic_timer_goes_on_until_stopped),
		TEST(a_poll_that_times_out_wakes),
		TEST(timers_follow_their_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
