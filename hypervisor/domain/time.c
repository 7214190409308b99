/* SPDX-License-Identifier: MIT */
/*
 * time.c - what guests see of time: vcpu_time_info, runstates, wall clock,
 * and the timers that raise VIRQ_TIMER
 *
 * <xen/xen.h> and <xen/vcpu.h>: an area is being written while its version is
 * odd (or XEN_RUNSTATE_UPDATE is set); the guest reads it again then.
 *
 * Locks: vcpu_time_info and the runstate area are written by the CPU that runs
 * the vCPU only. v->runstate changes under the run queue's lock, between two
 * steps of v->runstate_version; a copy for another CPU is read until it lies
 * between two steps, too. Wall clock: wc_lock.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/event.h>
#include <lodge/guest.h>
#include <lodge/lib.h>


static spinlock_t wc_lock = SPINLOCK_INIT(LOCK_WALLCLOCK);

/* The stable bit promises that all vCPUs' areas agree: an invariant TSC. */
static uint8_t time_flags(void)
{
	return cpu_features.invariant_tsc ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

static void fill_time(struct vcpu_time_info *t)
{
	struct time_scale ts;

	time_get_scale(&ts);
	t->tsc_timestamp = ts.tsc_stamp;
	t->system_time = ts.stime_ns;
	t->tsc_to_system_mul = ts.mul_frac;
	t->tsc_shift = ts.shift;
	t->flags = time_flags();
}

/* Body between two changes of the version. */
static void write_time(struct vcpu_time_info *to,
		       const struct vcpu_time_info *t)
{
	uint32_t version = READ_ONCE(to->version) | 1;

	WRITE_ONCE(to->version, version);
	smp_wmb();
	to->tsc_timestamp = t->tsc_timestamp;
	to->system_time = t->system_time;
	to->tsc_to_system_mul = t->tsc_to_system_mul;
	to->tsc_shift = t->tsc_shift;
	to->flags = t->flags;
	smp_wmb();
	WRITE_ONCE(to->version, version + 1);
}

/* The copy at a virtual address: in three steps, each whole. */
static void write_time_guest(guest_ptr_t at, struct vcpu_time_info *t)
{
	guest_ptr_t version = guest_ptr_add(at,
			offsetof(struct vcpu_time_info, version));

	t->version |= 1;
	if (copy_to_guest_kernel(version, &t->version, sizeof(t->version)))
		return;
	smp_wmb();
	if (copy_to_guest_kernel(at, t, sizeof(*t)))
		return;
	smp_wmb();
	t->version++;
	/* A page that went away meanwhile is the guest's own doing. */
	if (copy_to_guest_kernel(version, &t->version, sizeof(t->version)))
		return;
}

/**
 * vcpu_update_time() - write the time areas of a vCPU
 * @v: current, with its address space loaded
 *
 * The scale is this CPU's; call it on each move and recalibration.
 */
void vcpu_update_time(struct vcpu *v)
{
	struct vcpu_time_info t = { 0 };
	uint64_t at = atomic_load(&v->time_guest);

	fill_time(&t);
	write_time(&v->info->time, &t);
	if (!at)
		return;
	t.version = v->info->time.version;
	write_time_guest(GUEST_PTR(at), &t);
}

static void recalibrated(void)
{
	if (current && current->domain && current->domain->ops)
		vcpu_update_time(current);
}

/**
 * domain_update_wallclock() - write shared_info's wall clock
 * @d: the domain
 */
void domain_update_wallclock(struct domain *d)
{
	struct shared_info *s = d->shared_info;
	uint32_t version, nsec;
	uint64_t sec;

	wallclock_get(&sec, &nsec);
	sec += (uint64_t)d->time_offset_s;
	spin_lock(&wc_lock);
	version = READ_ONCE(s->wc_version) | 1;
	WRITE_ONCE(s->wc_version, version);
	smp_wmb();
	s->wc_sec = (uint32_t)sec;
	s->wc_nsec = nsec;
	s->wc_sec_hi = (uint32_t)(sec >> 32);
	smp_wmb();
	WRITE_ONCE(s->wc_version, version + 1);
	spin_unlock(&wc_lock);
}

static void wallclock_changed(void)
{
	struct domain *d;
	unsigned int next;

	for (next = 0; (d = domain_get_next(next)) != NULL; domain_put(d)) {
		next = d->domid + 1U;
		domain_update_wallclock(d);
	}
}

/* ---- runstates ---- */

/**
 * vcpu_runstate_change() - account the time since the last change
 * @v:      the vCPU
 * @state:  RUNSTATE_
 * @now_ns: system time
 *
 * Context: under the lock of @v's run queue.
 */
void vcpu_runstate_change(struct vcpu *v, int state, uint64_t now_ns)
{
	struct vcpu_runstate_info *r = &v->runstate;

	WRITE_ONCE(v->runstate_version, v->runstate_version + 1);
	smp_wmb();
	if (now_ns > r->state_entry_time)
		r->time[r->state] += now_ns - r->state_entry_time;
	r->state_entry_time = now_ns;
	r->state = state;
	smp_wmb();
	WRITE_ONCE(v->runstate_version, v->runstate_version + 1);
}

/* False: it changed meanwhile. */
static bool runstate_copy(const struct vcpu *v, struct vcpu_runstate_info *out)
{
	uint32_t version = atomic_load(&v->runstate_version);

	if (version & 1)
		return false;
	memcpy(out, &v->runstate, sizeof(*out));
	smp_rmb();
	return version == READ_ONCE(v->runstate_version);
}

/**
 * vcpu_runstate_get() - a consistent copy, up to now
 * @v:   any vCPU of a live domain
 * @out: written
 */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	uint64_t now;

	while (!runstate_copy(v, out))
		cpu_relax();
	now = system_time_ns();
	if (now > out->state_entry_time)
		out->time[out->state] += now - out->state_entry_time;
	out->state_entry_time = now;
}

/**
 * vcpu_runstate_publish() - write the area that the guest registered
 * @v: current, with its address space loaded
 *
 * Context: no locks. An area that cannot be written is skipped.
 */
void vcpu_runstate_publish(struct vcpu *v)
{
	guest_ptr_t at = GUEST_PTR(atomic_load(&v->runstate_guest));
	struct vcpu_runstate_info r = v->runstate;
	guest_ptr_t entry = guest_ptr_add(at, offsetof(typeof(r),
						       state_entry_time));
	bool flagged = v->domain->vm_assist &
		       BIT(VMASST_TYPE_runstate_update_flag);

	if (guest_ptr_null(at))
		return;
	if (flagged) {
		r.state_entry_time |= XEN_RUNSTATE_UPDATE;
		if (copy_to_guest_kernel(entry, &r.state_entry_time, 8))
			return;
		smp_wmb();
	}
	if (copy_to_guest_kernel(at, &r, sizeof(r)) || !flagged)
		return;
	smp_wmb();
	r.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	/* Unmapped meanwhile: the flag in a page that nobody reads. */
	if (copy_to_guest_kernel(entry, &r.state_entry_time, 8))
		return;
}

/* ---- timers of vCPUs ---- */

/* What a vCPU has until it says otherwise: part of the ABI, as Xen does it. */
#define PERIOD_AT_START_NS (10 * NS_PER_MS)

static void singleshot_fired(void *arg)
{
	evtchn_send_virq(arg, VIRQ_TIMER);
}

static void periodic_fired(void *arg)
{
	struct vcpu *v = arg;
	uint64_t period = atomic_load(&v->periodic_ns);

	if (!period)
		return;
	/* VCPUOP_up starts it again. */
	if (test_bit(VPF_DOWN, &v->pause_flags))
		return;
	evtchn_send_virq(v, VIRQ_TIMER);
	/* Ticks that were missed are not made good one by one. */
	timer_set(&v->periodic, system_time_ns() + period);
}

static void poll_timed_out(void *arg)
{
	struct vcpu *v = arg;

	if (vcpu_poll_end(v))
		vcpu_wake(v);
}

/**
 * vcpu_timers_init() - make the vCPU's three timers, unarmed
 * @v: new
 */
void vcpu_timers_init(struct vcpu *v)
{
	unsigned int cpu = smp_processor_id();

	timer_init(&v->singleshot, singleshot_fired, v, cpu);
	timer_init(&v->periodic, periodic_fired, v, cpu);
	v->periodic_ns = PERIOD_AT_START_NS;
	timer_init(&v->poll_timer, poll_timed_out, v, cpu);
}

/**
 * vcpu_timers_kill() - a vCPU will never run again
 * @v: the vCPU; on return none of its timers runs
 *
 * Context: IRQs on, no locks.
 */
void vcpu_timers_kill(struct vcpu *v)
{
	timer_kill(&v->singleshot);
	timer_kill(&v->periodic);
	timer_kill(&v->poll_timer);
}

/**
 * vcpu_timers_move() - let a vCPU's timers fire where it runs
 * @v:   the vCPU
 * @cpu: online CPU
 */
void vcpu_timers_move(struct vcpu *v, unsigned int cpu)
{
	timer_migrate(&v->singleshot, cpu);
	timer_migrate(&v->periodic, cpu);
	timer_migrate(&v->poll_timer, cpu);
}

/**
 * vcpu_timers_up() - a vCPU that was down may run
 * @v: the vCPU, not down any more
 */
void vcpu_timers_up(struct vcpu *v)
{
	uint64_t period = atomic_load(&v->periodic_ns);

	if (period)
		timer_set(&v->periodic, system_time_ns() + period);
}

/**
 * vcpu_set_periodic() - VIRQ_TIMER each @period_ns
 * @v:         the vCPU
 * @period_ns: 0: off
 */
void vcpu_set_periodic(struct vcpu *v, uint64_t period_ns)
{
	atomic_store(&v->periodic_ns, period_ns);
	if (period_ns)
		timer_set(&v->periodic, system_time_ns() + period_ns);
	else
		timer_stop(&v->periodic);
}

void domain_time_init(void)
{
	time_recalibrated_hook = recalibrated;
	wallclock_changed_hook = wallclock_changed;
}
