/* SPDX-License-Identifier: MIT */
/*
 * event.h - event channels, two-level form
 *
 * Upcalls count per port what they take and clear; a port may have a handler
 * too. All ports are masked until event_port_enable().
 */
#ifndef GUESTKIT_EVENT_H
#define GUESTKIT_EVENT_H

#include <guestkit/xen.h>

/* Register the callbacks, mask all ports, let upcalls in. Return: errno. */
long event_set_up(void);

/* This vCPU's upcall mask. Unmasking takes what is pending at once. */
void event_block(void);
void event_unblock(void);

/* Each: the port, or a negative errno. */
long event_alloc_unbound(domid_t dom, domid_t remote);
long event_bind_interdomain(domid_t remote, evtchn_port_t port);
long event_bind_virq(unsigned int virq, unsigned int vcpu);
long event_bind_ipi(unsigned int vcpu);

long event_send(evtchn_port_t port);
long event_close(evtchn_port_t port);
long event_status(struct evtchn_status *status, domid_t dom,
		  evtchn_port_t port);

/* Enabling delivers what came while the port was masked. */
void event_port_enable(evtchn_port_t port);
void event_port_disable(evtchn_port_t port);
bool event_port_pending(evtchn_port_t port);
bool event_port_take(evtchn_port_t port); /* test and clear pending */

/* Upcalls taken for the port, on any vCPU, and the vCPU of the last. */
unsigned long event_port_count(evtchn_port_t port);
unsigned int event_port_vcpu(evtchn_port_t port);
void event_port_handler(evtchn_port_t port, void (*handler)(evtchn_port_t));

/* Until the port's count reaches @count; did it, within @timeout_ns? */
bool event_port_wait(evtchn_port_t port, unsigned long count,
		     uint64_t timeout_ns);

#endif /* GUESTKIT_EVENT_H */
