/* SPDX-License-Identifier: MIT */
/*
 * world.h - three domains, interrupts and guest frames for the event tests
 *
 * Domain 0 may do everything; domains 1 and 2 are guests. All calls go through
 * the hypercall's table, from vCPU 0.
 */
#ifndef TEST_EVENT_WORLD_H
#define TEST_EVENT_WORLD_H

#include "../fake/machine.h"

#include <lodge/guest.h>
#include "../../../hypervisor/event/private.h"

#define NR_DOMAINS	3
#define NR_VCPUS	2
#define NR_GSIS		24
#define NR_IRQS		64

extern struct domain doms[NR_DOMAINS];
extern struct vcpu vcpus[NR_DOMAINS][NR_VCPUS];
/* Calls of event_kick; of vcpu_unblock() and vcpu_wake(). */
extern unsigned int kicked[NR_DOMAINS][NR_VCPUS];
extern unsigned int nr_unblocked, nr_woken;

struct fake_irq {
	struct domain *d;
	unsigned int pirq, cpu, nr_eois;
	bool shareable;
};
extern struct fake_irq irqs[NR_IRQS];
extern int bind_result;		/* of irq_bind_guest() */

/* Frames that any domain may share: gfn FIRST_FRAME and on. */
#define FIRST_FRAME	0x1000
#define NR_FRAMES	160
extern uint8_t (*const frames)[PAGE_SIZE];
extern int frame_refs[NR_FRAMES];

int setup(void **state);
int teardown(void **state);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
void domain_end(struct domain *d);

/* ---- calls: those without @dom are domain 0's ---- */
long call(unsigned int dom, unsigned int cmd, void *arg);
evtchn_port_t unbound(unsigned int dom, domid_t remote);
long bind_inter(unsigned int dom, domid_t remote, evtchn_port_t port,
		       evtchn_port_t *local);
long send_on(unsigned int dom, evtchn_port_t port);
long close_on(unsigned int dom, evtchn_port_t port);
long unmask_on(unsigned int dom, evtchn_port_t port);
long bind_virq(unsigned int dom, uint32_t virq, uint32_t vcpu,
		      evtchn_port_t *port);
long bind_pirq(uint32_t pirq, uint32_t flags, evtchn_port_t *port);
long bind_vcpu(unsigned int dom, evtchn_port_t port, uint32_t vcpu);
struct evtchn_status status_of(unsigned int dom, evtchn_port_t port);
/* Two-level. */
bool pending(unsigned int dom, evtchn_port_t port);
/* What the guest's handler does, two-level. */
void guest_consume(unsigned int dom, unsigned int vcpu);

#endif
