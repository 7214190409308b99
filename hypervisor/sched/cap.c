/* SPDX-License-Identifier: MIT */
/*
 * cap.c - no more CPU time than a domain's cap, however idle the machine is
 *
 * A cap is a percentage of one CPU, for all vCPUs of the domain together. Each
 * period of 10 ms brings that much of it as budget; what runs is charged. A
 * vCPU that the scheduler would choose while the budget is used up is parked
 * (VPF_CAPPED) until the period's end. What was overrun is missing from the
 * next period; what was not used is lost.
 *
 * No timer runs for a domain that stays below its cap: the budget is brought
 * up to date by whoever looks at it.
 *
 * Locks: sched_domain.lock (LOCK_CAP) inside that of a run queue, interrupts
 * off. Parking is decided under it, so it cannot miss the new budget.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/percpu.h>

#define PERIOD_NS (10 * NS_PER_MS)
/* The shortest stretch worth a switch. */
#define LEAST_NS  (100 * NS_PER_US)

static int64_t quota_ns(const struct sched_domain *sd)
{
	return (int64_t)(sd->cap * (PERIOD_NS / 100));
}

/* The lock is held. */
static void refill(struct sched_domain *sd, uint64_t now)
{
	uint64_t periods;
	int64_t quota = quota_ns(sd), missing = quota - sd->budget_ns;

	if (now < sd->period_end_ns)
		return;
	periods = 1 + (now - sd->period_end_ns) / PERIOD_NS;
	sd->period_end_ns += periods * PERIOD_NS;
	if (periods > (uint64_t)missing / (uint64_t)quota)
		sd->budget_ns = quota;
	else
		sd->budget_ns += (int64_t)periods * quota;
}

static void unpark_all(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu(d, v, i)
		if (test_and_clear_bit(VPF_CAPPED, &v->pause_flags))
			vcpu_wake(v);
}

/* Armed only while somebody is parked. */
static void period_ended(void *arg)
{
	struct domain *d = arg;
	struct sched_domain *sd = &d->sched;
	uint64_t flags = spin_lock_irqsave(&sd->lock);
	bool more;

	if (sd->cap)
		refill(sd, system_time_ns());
	more = !sd->cap || sd->budget_ns > 0;
	if (!more)
		timer_set(&sd->timer, sd->period_end_ns);
	spin_unlock_irqrestore(&sd->lock, flags);
	if (more)
		unpark_all(d);
}

/* [q] of the CPU where @v ran. */
void sched_cap_charge(struct vcpu *v, uint64_t ran_ns)
{
	struct sched_domain *sd = &v->domain->sched;

	if (!READ_ONCE(sd->cap))
		return;
	spin_lock(&sd->lock);
	if (sd->cap)
		sd->budget_ns -= (int64_t)ran_ns;
	spin_unlock(&sd->lock);
}

/* [q] @v is not queued: true if it has to wait for the period's end. */
bool sched_cap_parks(struct vcpu *v, uint64_t now)
{
	struct sched_domain *sd = &v->domain->sched;
	bool parked = false;

	if (!READ_ONCE(sd->cap))
		return false;
	spin_lock(&sd->lock);
	if (sd->cap) {
		refill(sd, now);
		parked = sd->budget_ns <= 0;
	}
	if (parked) {
		set_bit(VPF_CAPPED, &v->pause_flags);
		timer_set(&sd->timer, sd->period_end_ns);
	}
	spin_unlock(&sd->lock);
	return parked;
}

/* [q] How long @v may run at once, at most @slice_ns; *hard: it must end
 * then, also if nobody waits. */
uint64_t sched_cap_slice(const struct vcpu *v, uint64_t slice_ns, bool *hard)
{
	const struct sched_domain *sd = &v->domain->sched;
	int64_t budget = READ_ONCE(sd->budget_ns);

	*hard = READ_ONCE(sd->cap);
	if (!*hard)
		return slice_ns;
	return min(slice_ns, (uint64_t)max(budget, (int64_t)LEAST_NS));
}

/**
 * sched_domain_init() - scheduling parameters of a new domain
 * @d: has no vCPUs yet
 *
 * Context: any.
 */
void sched_domain_init(struct domain *d)
{
	spin_init(&d->sched.lock, LOCK_CAP);
	d->sched.weight = SCHED_DEFAULT_WEIGHT;
	sched_pool_add_domain(d);
	timer_init(&d->sched.timer, period_ended, d, smp_processor_id());
}

/**
 * sched_domain_destroy() - the scheduler forgets a domain
 * @d: none of its vCPUs will run again
 *
 * Context: IRQs on.
 */
void sched_domain_destroy(struct domain *d)
{
	timer_kill(&d->sched.timer);
	sched_pool_remove_domain(d);
}

/**
 * sched_get_params() - weight and cap of a domain
 * @d: any domain but an idle one
 *
 * Context: any but NMI; no lock above LOCK_CAP held.
 */
struct sched_params sched_get_params(struct domain *d)
{
	struct sched_domain *sd = &d->sched;
	uint64_t flags = spin_lock_irqsave(&sd->lock);
	struct sched_params p = {.weight = sd->weight, .cap = sd->cap};

	spin_unlock_irqrestore(&sd->lock, flags);
	return p;
}

/* What @v has used so far, which may be a long slice, is the old cap's. */
static void account_for(struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	if (v->sched.running)
		sched_account(rq, system_time_ns());
	spin_unlock_irqrestore(&rq->lock, flags);
}

static void set_cap(struct domain *d, uint16_t cap)
{
	struct sched_domain *sd = &d->sched;
	struct vcpu *v;
	unsigned int i;
	uint64_t flags;

	for_each_vcpu(d, v, i)
		account_for(v);
	flags = spin_lock_irqsave(&sd->lock);
	WRITE_ONCE(sd->cap, cap);
	sd->period_end_ns = system_time_ns() + PERIOD_NS;
	sd->budget_ns = quota_ns(sd);
	spin_unlock_irqrestore(&sd->lock, flags);
	unpark_all(d);
}

/* Who runs for a long slice without a cap has to be charged from now on. */
static void choose_again(struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);

	if (v->sched.running)
		sched_kick(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/**
 * sched_set_params() - say what share of the CPUs a domain gets
 * @d: any domain but an idle one
 * @p: weight against other domains, for each vCPU: not 0; cap in percent of
 *     one CPU for all vCPUs together: 0 is none
 *
 * Context: any but NMI; no lock above LOCK_RUNQ held. Two callers at once:
 *          the caller serialises them.
 * Return: 0; -EINVAL: the weight is 0; nothing has changed.
 */
int sched_set_params(struct domain *d, const struct sched_params *p)
{
	struct vcpu *v;
	unsigned int i;

	if (!p->weight)
		return -EINVAL;
	WRITE_ONCE(d->sched.weight, p->weight);
	if (d->sched.cap != p->cap)
		set_cap(d, p->cap);
	for_each_vcpu(d, v, i) {
		vcpu_set_weight(v, p->weight);
		choose_again(v);
	}
	return 0;
}
