/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the core and the policies of sched/ share
 */
#ifndef LODGE_SCHED_PRIVATE_H
#define LODGE_SCHED_PRIVATE_H

#include <lodge/domain.h>
#include <lodge/sched.h>
#include <lodge/spinlock.h>
#include <lodge/time.h>

/* One per CPU; each on cache lines of its own. */
struct runq {
	spinlock_t lock;		/* LOCK_RUNQ [q] */
	unsigned int nr_queued;		/* [q], others read it as a hint */
	uint32_t weight;		/* [q] of those queued and running; as above */
	struct cpupool *pool;		/* [q] NULL: none */
	const struct sched_ops *ops;	/* [q] of the pool, or the last one */
	struct vcpu *curr;		/* [q] chosen to run here */
	struct vcpu *idle;		/* [I] */
	uint64_t curr_since_ns;		/* [q] curr was chosen then */
	uint64_t slice_end_ns;		/* [q] */
	uint64_t turn_ns;		/* [q] last got one from another CPU */
	uint64_t timer_ns;		/* [q] timer is armed for; 0: it is not */
	struct timer timer;		/* end of a slice, or rate limit */
	struct vcpu *loaded;		/* [C] whose state is in the registers;
					 * NULL: no guest's */
	bool yielding;			/* [C] curr gives way */
	bool slice_hard;		/* [q] ends also if nobody waits */
} __aligned(64);

extern struct runq runqs[NR_CPUS];

/* Options; in nanoseconds. */
extern uint64_t sched_slice_ns, sched_ratelimit_ns;

/* CPUs that may be given a vCPU: online, in its pool and affinity. */
cpumask_t sched_allowed_cpus(const struct vcpu *v);
/* vCPUs that want that CPU, the one that runs included: a hint. */
unsigned int sched_load(unsigned int cpu);
/* The one of @mask that the fewest want; @best if none is wanted less. */
unsigned int sched_least_wanted(const cpumask_t *mask, unsigned int best,
				unsigned int best_load);
/* ---- core.c; [q]: the lock of the vCPU's run queue is held ---- */
bool sched_runnable(const struct vcpu *v);
bool sched_is_idle(const struct vcpu *v);
unsigned int sched_cpu_of(const struct runq *rq);
/* The run queue of @v, locked. */
struct runq *sched_lock_of(struct vcpu *v, unsigned long *flags);
/* RUNSTATE_ of a vCPU that does not run. */
int sched_waiting_runstate(const struct vcpu *v);
void sched_set_runstate(struct vcpu *v, int state, uint64_t now);	/* [q] */
void sched_account(struct runq *rq, uint64_t now);			/* [q] */
void sched_enqueue(struct runq *rq, struct vcpu *v, bool wakeup);	/* [q] */
void sched_dequeue(struct runq *rq, struct vcpu *v);			/* [q] */
/* @v has just been queued on @rq, and its time accounted. [q] */
void sched_consider_preemption(struct runq *rq, struct vcpu *v, uint64_t now);
/* The CPU shall choose again. */
void sched_kick(struct runq *rq);
extern const struct sched_ops *sched_first_policy;	/* [I] "sched=" */
void sched_dump(unsigned int cpu);

static inline void sched_add_weight(struct runq *rq, const struct vcpu *v)
{
	WRITE_ONCE(rq->weight, rq->weight + v->sched.weight);
}

static inline void sched_remove_weight(struct runq *rq, const struct vcpu *v)
{
	WRITE_ONCE(rq->weight, rq->weight - v->sched.weight);
}

/* ---- balance.c; the lock of @rq is held, curr is back in the queue ---- */
/* A vCPU that waits elsewhere, now this queue's; neither queued nor running. */
struct vcpu *sched_pull(struct runq *rq, uint64_t now);
/* Gives what others could serve better away. */
void sched_balance(struct runq *rq, uint64_t now);

/* ---- pool.c ---- */
void sched_pools_init(const struct sched_ops *ops);	/* pool 0: @ops */
void sched_pool_init_cpu(struct runq *rq);		/* at first in pool 0 */
cpumask_t sched_pool_cpus(const struct cpupool *pool);	/* online ones */
cpumask_t sched_peers(const struct runq *rq);	/* CPUs of the same pool */
const struct sched_ops *sched_ops_of(const struct vcpu *v);
void sched_pool_add_domain(struct domain *d);
void sched_pool_remove_domain(struct domain *d);
struct audit;
void sched_pools_audit(struct audit *a);

/* ---- cap.c ---- */
void sched_cap_charge(struct vcpu *v, uint64_t ran_ns);
bool sched_cap_parks(struct vcpu *v, uint64_t now);
uint64_t sched_cap_slice(const struct vcpu *v, uint64_t slice_ns, bool *hard);

/* ---- switch.c ---- */
/* IRQs off, no locks: puts @next on this CPU. Does not return. */
void sched_switch(struct vcpu *next) __noreturn;
/* IRQs on, no locks: no other CPU holds @v's state any more. */
void sched_unload_elsewhere(struct vcpu *v);
/* The same, this CPU included. */
void sched_unload(struct vcpu *v);

extern const struct sched_ops fair_ops, null_ops;
void fair_init_cpu(unsigned int cpu);
void null_init_cpu(unsigned int cpu);

#endif
