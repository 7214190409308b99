/* SPDX-License-Identifier: MIT */
/*
 * queue.h - the guest's half of the FIFO event-channel ABI
 *
 * Queues are emptied by the upcall of their vCPU: counted per port, with the
 * order in which ports came.
 */
#ifndef FIFO_QUEUE_H
#define FIFO_QUEUE_H

#include <guestkit/event.h>
#include <guestkit/xen.h>

#define WORDS_PER_PAGE 1024
#define NR_WORD_PAGES  128
#define NR_PORTS       (NR_WORD_PAGES * WORDS_PER_PAGE)
#define CONTROL_BYTES  72
#define NR_CPUS	       2

#define PENDING (1U << EVTCHN_FIFO_PENDING)
#define MASKED	(1U << EVTCHN_FIFO_MASKED)
#define LINKED	(1U << EVTCHN_FIFO_LINKED)

/* The calls. */
long init_control(unsigned long gfn, uint32_t offset, uint32_t vcpu);
long expand_array(unsigned long gfn);
long set_priority(evtchn_port_t port, uint32_t priority);
long unmask_call(evtchn_port_t port);
long bind_to(evtchn_port_t port, uint32_t vcpu);
long reset_ports(void);

/* What init_control answered last. */
extern uint8_t link_bits;

/* A page of words for the next 1024 ports, all @fill. False: refused. */
bool queue_grow(uint32_t fill);
/* The vCPU's control block at @offset of a page of its own; one page of
 * words, not masked. Upcalls go here from now on. */
bool queue_enter(uint32_t offset);
/* One more vCPU; in the page of the first, behind its block. */
bool queue_add_vcpu(unsigned int vcpu);
/* Two-level again, the kit's upcalls again. */
bool queue_leave(void);

volatile uint32_t *queue_word(evtchn_port_t port);
volatile struct evtchn_fifo_control_block *queue_control(unsigned int vcpu);

/* Without a call where that is allowed. */
void queue_mask(evtchn_port_t port);
void queue_unmask(evtchn_port_t port);

/* What upcalls took: how often a port, on which vCPU last, which ports in
 * which order since queue_forget(). */
unsigned long queue_count(evtchn_port_t port);
unsigned int queue_vcpu(evtchn_port_t port);
extern volatile unsigned int queue_nr_order;
extern evtchn_port_t queue_order[16];
void queue_forget(void);

#endif
