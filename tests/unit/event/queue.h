/* SPDX-License-Identifier: MIT */
/*
 * queue.h - the guest's half of the FIFO ABI, for the event tests
 */
#ifndef TEST_EVENT_QUEUE_H
#define TEST_EVENT_QUEUE_H

#include "world.h"

#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED	(1U << EVTCHN_FIFO_MASKED)
#define LINKED	(1U << EVTCHN_FIFO_LINKED)
#define LINK	((1U << EVTCHN_FIFO_LINK_BITS) - 1)

#define PRIORITY EVTCHN_FIFO_PRIORITY_DEFAULT
#define WORDS	 1024
#define GFN_OF(n) (FIRST_FRAME + (n))

/* The calls, with frames by their number; of vCPU 0. */
long init_control(unsigned int dom, uint64_t gfn, uint32_t offset,
		  uint32_t vcpu);
long expand_array(unsigned int dom, uint64_t gfn);
long set_priority(unsigned int dom, evtchn_port_t port, uint32_t priority);
long reset_ports(unsigned int dom, domid_t who);
evtchn_port_t bind_ipi(unsigned int dom, uint32_t vcpu);

/* Control block in frame 0, words in frame 1 on. */
void enter_fifo(unsigned int dom, unsigned int nr_pages);
volatile uint32_t *word(evtchn_port_t port);
volatile struct evtchn_fifo_control_block *control(void);

/*
 * The first port of a queue, taken off; 0: READY is not set. @front is the
 * vCPU's copy, 16 of them; @ready its copy of READY.
 */
evtchn_port_t consume(volatile struct evtchn_fifo_control_block *block,
		      evtchn_port_t *front, uint32_t *ready);
/* Was it pending and not masked? Then it is not pending any more. */
bool take(evtchn_port_t port);
/* False: it is pending: the call must be made. */
bool unmask_alone(evtchn_port_t port);

#endif
