/* SPDX-License-Identifier: MIT */
/*
 * private.h - ports, and what the files of event/ call of each other
 *
 *   FREE --alloc_unbound--> UNBOUND <--bind_interdomain / peer closed--> INTER
 *   FREE --bind_virq--> VIRQ    FREE --bind_ipi--> IPI   FREE --bind_pirq--> PIRQ
 *   any --close, reset, death of the domain--> FREE
 *
 * Locks. [e] e->lock (LOCK_EVTCHN) of the domain orders everything that binds
 * and unbinds; two domains: lower domid first. [p] the port's lock (LOCK_PORT,
 * IRQs off) is all that sending takes. Who changes a port's state or binding
 * holds both, and for an interdomain pair the locks of both ends, so that a
 * sender with one port locked may follow it to its peer: that cannot go away.
 * Two ports: lower address first. [q] a FIFO queue's lock (LOCK_EVTQUEUE, IRQs
 * off) guards its tail and what was last put onto it; two: lower address first.
 *
 * [s] What is shared with the guest under the FIFO ABI is used with IRQs off
 * only, and freed when every CPU has had them on since it was taken away.
 */
#ifndef LODGE_EVENT_PRIVATE_H
#define LODGE_EVENT_PRIVATE_H

#include <lodge/access.h>
#include <lodge/atomic.h>
#include <lodge/domain.h>
#include <lodge/event.h>
#include <lodge/guest.h>
#include <lodge/spinlock.h>
#include <xen/event_channel.h>

enum evtchn_state {
	EVTCHN_FREE,
	EVTCHN_UNBOUND,
	EVTCHN_INTERDOMAIN,
	EVTCHN_PIRQ,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
};

struct evtchn {
	spinlock_t lock;
	evtchn_port_t port;		/* [I] */
	uint8_t state;			/* [e] and [p] enum evtchn_state */
	uint8_t priority;		/* [p] FIFO: its queue; [a] to senders */
	uint8_t early;			/* [a] FIFO: pending, but has no word */
	uint16_t vcpu;			/* [e] whom to notify; [a] to senders */
	uint16_t queue;			/* [q] FIFO: where it was last; 0: never */
	union {				/* [e] and [p] */
		domid_t unbound_dom;	/* UNBOUND: who may bind */
		struct {		/* INTERDOMAIN */
			struct domain *remote_dom;
			evtchn_port_t remote_port;
		};
		uint32_t pirq;		/* PIRQ */
		uint32_t virq;		/* VIRQ */
	};
};

/*
 * One form of the pending and mask bits that a domain shares with us. Called
 * with the port's lock held, except where it says otherwise.
 */
struct evtchn_ops {
	const char *name;
	unsigned int nr_ports;		/* ports 1 to nr_ports - 1 exist */
	/* 0 to 1 and not masked: @v is told. A full barrier is behind the
	 * change. */
	void (*set_pending)(struct vcpu *v, struct evtchn *chn);
	void (*clear_pending)(struct domain *d, struct evtchn *chn);
	/* Pending meanwhile: @v is told. */
	void (*unmask)(struct vcpu *v, struct evtchn *chn);
	bool (*is_pending)(const struct domain *d, const struct evtchn *chn);
	bool (*is_masked)(const struct domain *d, const struct evtchn *chn);
	/* The guest has not yet seen the end of the port's former life; no
	 * port's lock. */
	bool (*is_busy)(const struct domain *d, const struct evtchn *chn);
	/* All that is pending for @v is found again; no lock. */
	void (*rescan)(struct vcpu *v);
};
extern const struct evtchn_ops evtchn_2l_ops, evtchn_fifo_ops;

#define PORTS_PER_CHUNK	 32
#define CHUNKS_PER_GROUP 128
#define PORTS_PER_GROUP	 (PORTS_PER_CHUNK * CHUNKS_PER_GROUP)
#define MAX_PORTS	 EVTCHN_FIFO_NR_CHANNELS
#define MAX_GROUPS	 (MAX_PORTS / PORTS_PER_GROUP)

/* As many ports as the 2-level ABI has: others come with the FIFO one. */
struct evtchn_group {
	unsigned long used[PORTS_PER_GROUP / 64];	/* [e] not FREE */
	struct evtchn *chunks[CHUNKS_PER_GROUP];	/* [a] */
};

struct pirq {
	int irq;		/* [e] -1: none; [a] to readers */
	evtchn_port_t port;	/* [e] 0: not bound; [a] to senders */
};

struct evtchn_domain {
	spinlock_t lock;		/* LOCK_EVTCHN */
	const struct evtchn_ops *ops;	/* [e] [a] to readers */
	bool closing;			/* [e] no port is given out any more */
	evtchn_port_t next_free;	/* [e] no free port below it */
	evtchn_port_t max_port;		/* [e] the last that is given out */
	/* [a] published when made, freed with the domain */
	struct evtchn_group *groups[MAX_GROUPS];
	struct evtchn_fifo *fifo;	/* [e] [s] NULL: 2-level */

	struct pirq *pirqs;		/* [a] NR_PIRQS of them, or NULL */
	unsigned long *eoi_map;		/* [a] the guest's page, or NULL */
	struct page *eoi_page;		/* [e] */
	bool eoi_unmasks;		/* [e] PHYSDEVOP_eoi unmasks the port */
};

/* [a] Ports of the virqs of one vCPU; vCPU 0 has the global ones. 0: none */
struct evtchn_vcpu {
	evtchn_port_t virq_port[NR_VIRQS];
	struct fifo_vcpu *fifo;		/* [e] [s] NULL: no control block */
};

/* Arguments of all operations. */
union evtchn_arg {
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_pirq bind_pirq;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_close close;
	struct evtchn_status status;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_unmask unmask;
	struct evtchn_reset reset;
	struct evtchn_init_control init_control;
	struct evtchn_expand_array expand_array;
	struct evtchn_set_priority set_priority;
};

/* ---- port.c ---- */
static inline struct evtchn_group *evtchn_group_of(const struct evtchn_domain *e,
						   evtchn_port_t port)
{
	return atomic_load(&e->groups[port / PORTS_PER_GROUP]);
}

/* NULL: no such port (yet). Any context. */
static inline struct evtchn *evtchn_lookup(const struct domain *d,
					   evtchn_port_t port)
{
	struct evtchn_group *group;
	struct evtchn *chunk;

	if (port >= MAX_PORTS)
		return NULL;
	group = evtchn_group_of(d->evtchn, port);
	if (!group)
		return NULL;
	chunk = atomic_load(&group->chunks[port % PORTS_PER_GROUP /
					   PORTS_PER_CHUNK]);
	return chunk ? &chunk[port % PORTS_PER_CHUNK] : NULL;
}

/* A port that is not in use, the lowest but for busy ones; from now on it
 * counts as used. NULL: none, no memory, or @d is closing. Lock held. */
struct evtchn *evtchn_find_free(struct domain *d);
/* It does not any more. Lock held. */
void evtchn_give_back(struct domain *d, const struct evtchn *chn);
/* Its structure, made if need be, FREE. NULL: no memory. Lock held, or nobody
 * knows @d. */
struct evtchn *evtchn_make_port(struct domain *d, evtchn_port_t port);
/* The first used one from @port on; 0: none. No lock: a hint. */
evtchn_port_t evtchn_next_used(const struct domain *d, evtchn_port_t port);
/* FREE to @state, notifying @vcpu; what is bound is filled in by the caller
 * between the two. Lock held. */
unsigned long evtchn_change_begin(struct evtchn *chn);
void evtchn_change_end(struct evtchn *chn, unsigned long flags,
		       enum evtchn_state state, unsigned int vcpu);
/* @b may be @a. */
void evtchn_lock_domains(struct domain *a, struct domain *b);
void evtchn_unlock_domains(struct domain *a, struct domain *b);

/* ---- send.c ---- */
/* Its lock, or its peer's, is held: makes it pending at its vCPU. */
void evtchn_set_pending(struct domain *d, struct evtchn *chn);
/* For ops: @v has something to look at, which its @info tells. Any context. */
void evtchn_notify(struct vcpu *v, struct vcpu_info *info);
static inline void evtchn_notify_vcpu(struct vcpu *v)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	if (info)
		evtchn_notify(v, info);
}
int evtchn_unmask_port(struct domain *d, evtchn_port_t port);

/* ---- close.c ---- */
/* 0; -EINVAL: not open. No locks held. */
int evtchn_close_port(struct domain *d, evtchn_port_t port);
/* 0: none was open at some time; -ERESTART: preempted. No locks held. */
int evtchn_close_all(struct domain *d);

/* ---- fifo-setup.c ---- */
/* Back to the 2-level ABI; pages are let go of. False: there are ports in use
 * again. IRQs on, no locks held. */
bool fifo_leave(struct domain *d);

/* ---- virq.c ---- */
/* One for the whole domain, or one for each vCPU? */
bool evtchn_virq_is_global(uint32_t virq);
/* Global virqs that went to @d go to the control domain again. */
void evtchn_virqs_disown(struct domain *d);

/* ---- pirq.c ---- */
/* Deliver to that CPU. Lock held. */
void pirq_set_cpu(struct domain *d, uint32_t pirq, unsigned int cpu);
/* The irq is let go of: no notification of it is under way. Lock held. */
void pirq_unbind(struct domain *d, uint32_t pirq);
/* The guest's page of EOI bits. No locks held. */
void pirqs_release_page(struct domain *d);

/* ---- handlers of the operations ---- */
long evtchn_alloc_unbound(struct vcpu *v, void *arg);
long evtchn_bind_interdomain(struct vcpu *v, void *arg);
long evtchn_bind_virq(struct vcpu *v, void *arg);
long evtchn_bind_ipi(struct vcpu *v, void *arg);
long evtchn_bind_pirq(struct vcpu *v, void *arg);
long evtchn_bind_vcpu(struct vcpu *v, void *arg);
long evtchn_close(struct vcpu *v, void *arg);
long evtchn_reset(struct vcpu *v, void *arg);
long evtchn_reset_cont(struct vcpu *v, void *arg);
long evtchn_send(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		 unsigned long extra);
long evtchn_status(struct vcpu *v, void *arg);
long evtchn_unmask(struct vcpu *v, void *arg);
long evtchn_init_control(struct vcpu *v, void *arg);
long evtchn_expand_array(struct vcpu *v, void *arg);
long evtchn_set_priority(struct vcpu *v, void *arg);

/* ---- dump.c ---- */
void evtchn_dump(void);

#endif
