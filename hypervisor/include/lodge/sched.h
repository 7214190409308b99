/* SPDX-License-Identifier: MIT */
/*
 * sched.h - which vCPU runs on which CPU
 *
 *   RUNNABLE (in a run queue) <--> RUNNING <--> BLOCKED (no bit of ours set)
 *
 * A vCPU may run when its pause_flags are zero. The core keeps runstates and
 * calls a policy through struct sched_ops; policies are files of sched/.
 */
#ifndef LODGE_SCHED_H
#define LODGE_SCHED_H

#include <lodge/bitmap.h>
#include <lodge/list.h>
#include <lodge/spinlock.h>
#include <lodge/time.h>
#include <lodge/types.h>

struct domain;
struct vcpu;

/* Embedded in struct vcpu; sched/'s alone. [q]: lock of v's run queue. */
struct sched_vcpu {
	struct list_head link;		/* [q] run queue */
	uint64_t vruntime_ns;		/* [q] weighted time used */
	uint64_t started_ns;		/* [q] running: accounted up to here */
	uint64_t cpu_time_ns;		/* [q] total */
	uint64_t joined_ns;		/* [q] came to the CPU it is on */
	uint32_t weight;		/* [q] */
	uint16_t cpu;			/* [q] run queue it belongs to */
	uint16_t timers_cpu;		/* [C] where its timers fire */
	bool queued;			/* [q] waits in the run queue */
	bool running;			/* [q] chosen to run on cpu; its state
					 * may stay loaded for longer: that is
					 * told by v->dirty_cpus */
	cpumask_t affinity;		/* [q] hard: nowhere else */
	cpumask_t soft;			/* [q] rather there */
};

/* What a domain may be given. */
struct sched_params {
	uint16_t weight;	/* of each vCPU */
	uint16_t cap;		/* percent of one CPU, of all; 0: none */
};

struct cpupool;

/* Embedded in struct domain; sched/'s alone. [c]: lock, [p]: pool_lock. */
struct sched_domain {
	spinlock_t lock;		/* LOCK_CAP */
	uint16_t weight, cap;		/* as above [c], read as a hint */
	int64_t budget_ns;		/* [c] left; below 0: overrun */
	uint64_t period_end_ns;		/* [c] */
	struct timer timer;		/* armed while a vCPU is parked */
	struct cpupool *pool;		/* [p] sched/pool.c; others read it */
	struct list_head pool_link;	/* [p] */
};

struct cpupool_info {
	uint32_t id, nr_domains;
	bool null;			/* policy null; else the first pool's */
	cpumask_t cpus;
};
#define CPUPOOL_ANY	0xffffffffU

/* Reasons not to run: bits of vcpu->pause_flags. */
#define VPF_BLOCKED	0	/* SCHEDOP_block, waits for an event */
#define VPF_DOWN	1	/* not up (VCPUOP_down, or never brought up) */
#define VPF_POLL	2	/* SCHEDOP_poll */
#define VPF_PAUSED	3	/* pause_count > 0 */
#define VPF_SHUTDOWN	4	/* its domain has shut down */
#define VPF_CAPPED	5	/* its domain has used its cap up */
#define VPF_CONTROL	6	/* its domain is paused by the toolstack */
#define VPF_DYING	7	/* its domain dies: for good */

#define SCHED_DEFAULT_WEIGHT	256

/* Which waiting vCPU one CPU would give to another. */
struct sched_wish {
	unsigned int from, to;
	uint32_t below;		/* of less weight than this ... */
#define SCHED_NO_LIMIT	UINT32_MAX
	bool in_turn;		/* ... or of just this */
};

/*
 * A policy. Every function but choose_cpu() is called with the lock of the run
 * queues in question held, and IRQs off.
 */
struct sched_ops {
	const char *name;
	void (*vcpu_init)(struct vcpu *v);
	void (*enqueue)(struct vcpu *v, bool wakeup);
	void (*dequeue)(struct vcpu *v);
	/* Next vCPU for @cpu at @now_ns, taken out of the queue; NULL: idle;
	 * *slice_ns: how long. */
	struct vcpu *(*pick)(unsigned int cpu, uint64_t now_ns,
			     uint64_t *slice_ns);
	void (*account)(struct vcpu *v, uint64_t ran_ns);
	/* Where a vCPU that became runnable should wait: an online CPU of its
	 * affinity. May look at other CPUs' queues without their locks. */
	unsigned int (*choose_cpu)(struct vcpu *v);
	bool (*preempts)(const struct vcpu *woken, const struct vcpu *running);
	/* Running, gives way to the others of its queue. */
	void (*yield)(struct vcpu *v);
	/* Neither queued nor running: belongs to @cpu from now on. */
	void (*move)(struct vcpu *v, unsigned int cpu);
	/* Queued, and as wished for; NULL: none. */
	struct vcpu *(*candidate)(const struct sched_wish *wish);
	void (*dump)(unsigned int cpu);
};

void sched_init(void);			/* boot CPU; "sched=" chooses */
void sched_init_cpu(unsigned int cpu);	/* its run queue and idle vCPU */
/* A new vCPU, down and paused as its flags say. 0; -ENOMEM */
int sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);
void sched_domain_init(struct domain *d);
void sched_domain_destroy(struct domain *d);
struct sched_params sched_get_params(struct domain *d);
int sched_set_params(struct domain *d, const struct sched_params *p);
int cpupool_create(uint32_t *id, bool null);
int cpupool_destroy(uint32_t id);
int cpupool_add_cpu(uint32_t id, unsigned int cpu);
int cpupool_remove_cpu(uint32_t id, unsigned int cpu);
int cpupool_move_domain(struct domain *d, uint32_t id);
int cpupool_get_info(uint32_t id, bool exact, struct cpupool_info *info);
cpumask_t cpupool_free_cpus(void);
uint32_t cpupool_of(struct domain *d);
int sched_set_ratelimit(uint32_t us);
uint32_t sched_get_ratelimit(void);
/* Time that a CPU has idled since it started. */
uint64_t sched_idle_ns(unsigned int cpu);

/* pause_flags changed so that it may run (or became unable to). Any context
 * except NMI; vcpu_sleep_sync() returns when no CPU has it loaded. */
void vcpu_wake(struct vcpu *v);
void vcpu_sleep_nosync(struct vcpu *v);
void vcpu_sleep_sync(struct vcpu *v);
/* Counted. */
void vcpu_pause(struct vcpu *v);	/* not for current */
void vcpu_unpause(struct vcpu *v);
/* Clears VPF_BLOCKED (an event arrived). */
void vcpu_unblock(struct vcpu *v);
/* Current: gives the rest of its slice away. */
void vcpu_yield(void);
/* Current blocks unless an event is pending (checked after the flag is set). */
void vcpu_block(void);
/* Is an event pending that the vCPU would take? Set by boot/ to event/'s. */
extern bool (*vcpu_event_pending_hook)(const struct vcpu *v);
/* 0; -EINVAL: no online CPU in the mask. */
int vcpu_set_affinity(struct vcpu *v, const cpumask_t *hard);

/* Where it runs if it has the choice; any mask. */
void vcpu_set_soft_affinity(struct vcpu *v, const cpumask_t *soft);
/* Both, as they were set. */
void vcpu_get_affinity(struct vcpu *v, cpumask_t *hard, cpumask_t *soft);
void vcpu_set_weight(struct vcpu *v, uint16_t weight);

/* WORK_SCHEDULE: may switch; returns only if the same vCPU goes on. */
void schedule(void);
void idle_loop(void) __attribute__((noreturn));
struct vcpu *idle_vcpu(unsigned int cpu);
/* The vCPU whose state the CPU holds, if it idles the one before; NULL: none
 * (public: read without lock as a hint). */
struct vcpu *cpu_current_vcpu(unsigned int cpu);

#endif
