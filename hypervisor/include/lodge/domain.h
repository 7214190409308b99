/* SPDX-License-Identifier: MIT */
/*
 * domain.h - domains and vCPUs
 *
 *   BUILDING --domain_publish--> ALIVE --domain_kill--> DYING --> DEAD
 *   DEAD --last domain_put--> freed
 *
 * Legend: [I] immutable after publication, [a] atomic, [C] the CPU that runs
 * it only, [d] d->lock, [m] d->pages_lock, [k] who has domain_kill()'s turn,
 * [o] the subsystem that owns the pointer. Memory of struct domain is
 * type-stable: it is only ever reused for a struct domain, so that look-up by
 * number takes no lock.
 */
#ifndef LODGE_DOMAIN_H
#define LODGE_DOMAIN_H

#include <lodge/atomic.h>
#include <lodge/bitmap.h>
#include <lodge/list.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/sched.h>
#include <lodge/spinlock.h>
#include <lodge/time.h>
#include <lodge/types.h>
#include <xen/xen.h>
#include <xen/vcpu.h>

struct evtchn_domain;
struct evtchn_vcpu;
struct grant_table;
struct guest_ops;
struct pv_domain;
struct pv_vcpu;
struct fpu;
struct rangeset;

#define MAX_VCPUS	128
#define MAX_WATCHDOGS	2
/* Has not shut down, or gave no reason. */
#define SHUTDOWN_CODE_NONE	(~0U)

#define CPUID_WORDS	10	/* words of features, see <lodge/guest.h> */

enum domain_state { DOM_BUILDING, DOM_ALIVE, DOM_DYING, DOM_DEAD };

/* What a domain is made from. */
struct domain_config {
	domid_t domid;			/* reserved by domid_reserve() */
	unsigned int max_vcpus;		/* 1 to MAX_VCPUS */
	const struct guest_ops *ops;	/* what kind of guest */
};

/* A call that stopped half way inside a multicall. */
struct multicall_state {
	bool active;		/* current runs a multicall entry */
	bool preempted;		/* the entry made a continuation */
	struct multicall_entry call;
};

/* A page table whose check this vCPU has interrupted (pv/mm-stopped.c). */
struct stopped_table {
	struct page *pg;	/* not referenced; NULL: none */
	domid_t owner;
};
#define NR_STOPPED_TABLES 3	/* one of each of levels 2 to 4 */

/* Where the last element of a list of grants lies in page tables: the next one
 * is often near it. Forgotten when a list, or the next part of it, begins. */
struct grant_near {
	unsigned long region;	/* of addresses that share a table; 0: none */
	uint64_t table;		/* its machine address; nobody holds it */
};

struct vcpu {
	unsigned int id;			/* [I] */
	struct domain *domain;			/* [I] */
	struct cpu_user_regs regs;		/* [C] while not on a CPU */
	struct sched_vcpu sched;		/* sched/ */
	unsigned long pause_flags;		/* [a] VPF_ */
	unsigned int pause_count;		/* [a] */
	bool initialised;			/* [d] has a context */

	struct vcpu_info *info;			/* [d] in shared_info, or its own */
	struct page *info_page;			/* [d] NULL: in shared_info */
	void *info_map;				/* [d] its mapping */

	struct grant_near grant_near;		/* [C] */

	struct vcpu_runstate_info runstate;	/* [C] times in ns */
	uint32_t runstate_version;		/* [a] odd: it is being changed */
	uint64_t runstate_guest;		/* [a] virtual address, or 0 */
	uint64_t time_guest;			/* [a] secondary time area, or 0 */

	struct timer singleshot;		/* VIRQ_TIMER */
	struct timer periodic;
	struct timer poll_timer;
	uint64_t periodic_ns;			/* [a] 0: off */
	unsigned int poll_port;			/* [a] 0: any of several */

	struct multicall_state multicall;	/* [C] */
	cpumask_t saved_affinity;		/* [C] while SCHEDOP_pin_override
						 * holds; else empty */
	struct evtchn_vcpu *evtchn;		/* [o] event/ */
	struct fpu *fpu;			/* [o] cpu/ */
	uint64_t xcr0;				/* [C] */
	bool fpu_ts;				/* [C] guest's own CR0.TS */
	bool osxsave;				/* [C] guest's CR4.OSXSAVE */
	uint64_t tsc_aux;			/* [C] */
	uint64_t cf8;				/* [C] latch of port 0xcf8 */
	uint8_t rtc_index;			/* [C] latch of port 0x70 */
	struct pv_vcpu *pv;			/* [o] pv/ */
	bool has_stopped;			/* [C] any below */
	struct stopped_table stopped[NR_STOPPED_TABLES];	/* [C] */
	cpumask_t dirty_cpus;			/* [a] where its state is loaded */
};

struct domain {
	domid_t domid;				/* [I] */
	uint32_t refs;				/* [a] */
	enum domain_state state;		/* [a] */
	bool privileged;			/* [I] the control domain */
	const struct guest_ops *ops;		/* [I] what kind of guest */
	spinlock_t lock;			/* LOCK_DOMAIN */
	struct domain *next_dead;		/* [C] of the CPU that frees it */
	struct list_head list;			/* [domlist] */
	uint8_t handle[16];			/* [d] */
	char name[16];				/* [I] for messages: "d0" */
	bool is_xenstore;			/* [I] told to tools, no more */
	unsigned int control_pauses;		/* [d] by the toolstack */
	bool kill_busy;				/* [a] somebody has the turn */
	unsigned int kill_stage;		/* [k] */
	bool shares_ended;			/* [k] frames of ours are not
						 * shown to it any more */

	struct sched_domain sched;		/* sched/ */
	unsigned int max_vcpus;			/* [I] */
	struct vcpu **vcpus;			/* [I] max_vcpus pointers */

	spinlock_t pages_lock;			/* LOCK_DOMPAGES */
	struct list_head pages;			/* [m] */
	uint64_t tot_pages, max_pages;		/* [m] */
	uint64_t claim;				/* [m] frames put by for it */
	struct domain_memmap *memmap;		/* [d] NULL: none was set */

	struct shared_info *shared_info;	/* [I] */
	struct evtchn_domain *evtchn;		/* [o] event/ */
	struct grant_table *grants;		/* [o] grant/ */
	struct pv_domain *pv;			/* [o] pv/ */
	uint64_t *perdomain_l3;			/* [o] mm/ */
	struct rangeset *ioports, *iomem, *irqs; /* rights; each has a lock */
	cpumask_t dirty_cpus;			/* [a] CPUs that may hold its TLB
						 * entries */
	uint64_t vm_assist;			/* [a] */
	unsigned int nr_polling;		/* [a] vCPUs with VPF_POLL */
	unsigned int shutdown_code;		/* [d] */
	bool is_shut_down;			/* [d] */
	unsigned int suspend_port;		/* [d] event when it suspends;
						 * 0: none */
	struct timer watchdogs[MAX_WATCHDOGS];
	uint32_t watchdogs_used;		/* [d] a bit for each */
	int64_t time_offset_s;			/* [d] */
	uint32_t tsc_mode, tsc_incarnation;	/* [d] for the tools */
	uint32_t cpuid_denied[CPUID_WORDS];	/* [d] until a vCPU can run,
						 * then [I] */
};

extern struct domain *dom0;
/* Owners of frames that belong to no guest. */
extern struct domain *dom_io;	/* device memory */
extern struct domain *dom_xen;	/* the hypervisor's, shown to tools */

void domains_init(void);
/* A number for a new domain: @want, or any if that is none. 0; -EEXIST;
 * -ENOMEM all are in use. domain_alloc() takes it over if it succeeds. */
int domid_reserve(domid_t want, domid_t *domid);
void domid_release(domid_t domid);
/* An unpublished domain without vCPUs. NULL: no memory. */
struct domain *domain_alloc(const struct domain_config *config);
/* It is not to be published after all; its number is free again. */
void domain_discard(struct domain *d);
/* 0; -ENOMEM; -EEXIST; -EINVAL out of range. Starts down. */
int vcpu_create(struct domain *d, unsigned int id);
void domain_publish(struct domain *d);
/* For vcpu_event_pending_hook. */
bool vcpu_has_pending(const struct vcpu *v);
/* Counted reference by number, DOMID_SELF for @self; NULL: none, or dying. */
struct domain *domain_get(struct domain *self, domid_t domid);
/* The same by number only, of a dying one too. */
struct domain *domain_get_any(domid_t domid);
/* The one with the lowest number from @from on, dying ones too. */
struct domain *domain_get_next(unsigned int from);
bool domain_try_get(struct domain *d);
void domain_put(struct domain *d);
/* A guest did something that cannot go on: one line, its registers, and the
 * domain shuts down with SHUTDOWN_crash. Returns; the vCPU does not run on. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);
/* SCHEDOP_shutdown, or a crash. Dom0's means the machine's. */
void domain_shutdown(struct domain *d, unsigned int code);
/* After SHUTDOWN_suspend it goes on: nothing if it has not shut down. */
void domain_resume(struct domain *d);
/* Ends it: 0, it is DEAD; -ERESTART: call again. Not current's own. */
int domain_kill(struct domain *d);
/* The toolstack's pauses are counted, and begin with one. 0; -EOVERFLOW */
int domain_pause(struct domain *d);
/* 0; -EINVAL it is not paused. */
int domain_unpause(struct domain *d);
static inline bool domain_is_dying(const struct domain *d)
{
	return READ_ONCE(d->state) >= DOM_DYING;
}

static inline struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	return id < d->max_vcpus ? d->vcpus[id] : NULL;
}

/*
 * @v, current, polls for ports. Counted before it is said: who sets a port
 * pending and then finds nobody counted has been seen by those who come.
 */
static inline void vcpu_poll_begin(struct vcpu *v)
{
	(void)atomic_add_return(&v->domain->nr_polling, 1U);
	set_bit(VPF_POLL, &v->pause_flags);
	smp_mb();
}

/* It does no more; false: somebody has ended it already. */
static inline bool vcpu_poll_end(struct vcpu *v)
{
	if (!test_and_clear_bit(VPF_POLL, &v->pause_flags))
		return false;
	(void)atomic_sub_return(&v->domain->nr_polling, 1U);
	return true;
}

#define for_each_vcpu(d, v, i)                                                \
	for (i = 0; i < (d)->max_vcpus; i++)                                  \
		if (((v) = (d)->vcpus[i]) != NULL)

/* Builds Dom0 from the boot modules (pv/). Panics with a sentence. */
struct boot_info;
void dom0_build(const struct boot_info *bi);

void domain_set_vm_assist(struct domain *d, uint64_t types);

/* The map that XENMEM_memory_map shows (domain/memory-map.c). */
void domain_memmap_free(struct domain *d);

/* vCPU time and runstate areas (domain/time.c). */
void vcpu_update_time(struct vcpu *v);
void domain_update_wallclock(struct domain *d);
void vcpu_runstate_change(struct vcpu *v, int state, uint64_t now_ns);
void vcpu_runstate_publish(struct vcpu *v);
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
/* 0: off. */
void vcpu_set_periodic(struct vcpu *v, uint64_t period_ns);
/* Timer virq timers follow the vCPU to its CPU. */
void vcpu_timers_init(struct vcpu *v);
/* It goes up: its periodic timer runs, unless it was stopped. */
void vcpu_timers_up(struct vcpu *v);
void vcpu_timers_kill(struct vcpu *v);
void vcpu_timers_move(struct vcpu *v, unsigned int cpu);

/* Sets of numbers: ports, frames, irqs (lib/rangeset.c). */
/* Each set has a lock of its own. */
struct rangeset *rangeset_new(void);
void rangeset_free(struct rangeset *r);
int rangeset_add(struct rangeset *r, uint64_t first, uint64_t last);
int rangeset_remove(struct rangeset *r, uint64_t first, uint64_t last);
bool rangeset_contains(struct rangeset *r, uint64_t first, uint64_t last);

#endif
