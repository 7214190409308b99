/* SPDX-License-Identifier: MIT */
/*
 * event.h - event channels
 *
 * Ports of a domain; the ABI for pending and mask bits, 2-level or FIFO, is a
 * table of operations. Sending takes the port's lock only.
 */
#ifndef LODGE_EVENT_H
#define LODGE_EVENT_H

#include <lodge/domain.h>

/* Hooks into irq/, debug key; at boot, once. */
void evtchn_init(void);
int evtchn_domain_init(struct domain *d);	/* 0; -ENOMEM */
/* Closes every port and lets go of the guest's pages; the domain is dying, its
 * vCPUs do not run but have not been freed yet. 0; -ERESTART call again. */
int evtchn_domain_kill(struct domain *d);
/* Frees the rest; does the above if nobody has. */
void evtchn_domain_destroy(struct domain *d);
/* Highest port that is given out from now on (XEN_DOMCTL_set_max_evtchn). */
void evtchn_set_max_port(struct domain *d, unsigned int port);
int evtchn_vcpu_init(struct vcpu *v);
void evtchn_vcpu_destroy(struct vcpu *v);

/* Is an event pending and not masked by evtchn_upcall_mask? */
bool evtchn_upcall_pending(const struct vcpu *v);
/* Per-vCPU virq (timer, debug) to @v; global virq to the domain that has it. */
void evtchn_send_virq(struct vcpu *v, unsigned int virq);
void evtchn_send_global_virq(unsigned int virq);
/* XEN_DOMCTL_set_virq_handler: a global virq goes to @d from now on, to the
 * control domain again when @d dies. 0; -EINVAL no global virq; -ESRCH @d is
 * dying. */
int evtchn_set_virq_owner(struct domain *d, uint32_t virq);
/* A guest interrupt came in: irq_guest_notify points here. IRQs off. */
void evtchn_send_pirq(struct domain *d, unsigned int pirq);
/* Is that port's pending bit set? For SCHEDOP_poll. 0/1; -EINVAL no port. */
int evtchn_port_pending(struct domain *d, unsigned int port);
/* An event by a port of @d's to @peer; false: it does not lead there. */
bool evtchn_send_to(struct domain *d, unsigned int port,
		    const struct domain *peer);
/* A vCPU's vcpu_info moved to its own frame: pending selectors follow. */
void evtchn_vcpu_info_moved(struct vcpu *v);

/* physdev's side: pirq <-> irq of a domain. 0; -EEXIST; -ENOSPC; -EINVAL */
int pirq_map(struct domain *d, unsigned int pirq, unsigned int irq, bool msi);
int pirq_unmap(struct domain *d, unsigned int pirq);
/* First of @nr free, adjoining pirqs; -ENOSPC. */
int pirq_find_free(struct domain *d, unsigned int nr, bool msi);
/* -1: not mapped. */
int pirq_to_irq(const struct domain *d, unsigned int pirq);
int irq_to_pirq(const struct domain *d, unsigned int irq);
/* The first from @pirq on that is mapped; -1: none. */
int pirq_next_mapped(const struct domain *d, unsigned int pirq);
/* PHYSDEVOP_eoi: unmask and acknowledge. 0; -EINVAL */
int pirq_eoi(struct domain *d, unsigned int pirq);
/* PHYSDEVOP_irq_status_query: does it need an EOI? */
bool pirq_needs_eoi(struct domain *d, unsigned int pirq);
/* PHYSDEVOP_pirq_eoi_gmfn_v1/v2: a bitmap page shared with the guest.
 * 0; -EBUSY set already; -EINVAL bad frame */
int pirq_set_eoi_map(struct domain *d, gfn_t gfn, bool auto_unmask);
#define NR_PIRQS 1024

#endif
