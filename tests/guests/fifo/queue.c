/* SPDX-License-Identifier: MIT */
/*
 * queue.c - the guest's half of the FIFO event-channel ABI
 *
 * Specification: <xen/event_channel.h>. Words and READY change by locked
 * instructions; the front of a queue is its vCPU's own.
 */
#include "queue.h"

#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/trap.h>

#define LINK ((1U << EVTCHN_FIFO_LINK_BITS) - 1)
#define BUSY (1U << EVTCHN_FIFO_BUSY)

uint8_t link_bits;
volatile unsigned int queue_nr_order;
evtchn_port_t queue_order[16];

static volatile uint32_t *pages[NR_WORD_PAGES];
static unsigned int nr_pages, nr_kept;
static void *control_page;
static volatile struct evtchn_fifo_control_block *controls[NR_CPUS];
static evtchn_port_t fronts[NR_CPUS][EVTCHN_FIFO_MAX_QUEUES];
static volatile unsigned long counts[NR_PORTS];
static volatile uint8_t last_vcpu[NR_PORTS];

long init_control(unsigned long gfn, uint32_t offset, uint32_t vcpu)
{
	struct evtchn_init_control op = {
		.control_gfn = gfn, .offset = offset, .vcpu = vcpu,
	};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &op);

	link_bits = op.link_bits;
	return rc;
}

long expand_array(unsigned long gfn)
{
	struct evtchn_expand_array op = {.array_gfn = gfn};

	return HYPERVISOR_event_channel_op(EVTCHNOP_expand_array, &op);
}

long set_priority(evtchn_port_t port, uint32_t priority)
{
	struct evtchn_set_priority op = {.port = port, .priority = priority};

	return HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &op);
}

long unmask_call(evtchn_port_t port)
{
	struct evtchn_unmask op = {.port = port};

	return HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &op);
}

long bind_to(evtchn_port_t port, uint32_t vcpu)
{
	struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};

	return HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

long reset_ports(void)
{
	struct evtchn_reset op = {.dom = DOMID_SELF};

	return HYPERVISOR_event_channel_op(EVTCHNOP_reset, &op);
}

volatile uint32_t *queue_word(evtchn_port_t port)
{
	return &pages[port / WORDS_PER_PAGE][port % WORDS_PER_PAGE];
}

volatile struct evtchn_fifo_control_block *queue_control(unsigned int vcpu)
{
	return controls[vcpu];
}

/* Takes the port off its queue. Return: what follows, 0 at the end. */
static evtchn_port_t unlink(volatile uint32_t *word)
{
	uint32_t old = *word;

	while (!__atomic_compare_exchange_n(word, &old, old & ~(LINKED | LINK),
					    false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
	return old & LINK;
}

static void take(unsigned int vcpu, evtchn_port_t port,
		 volatile uint32_t *word)
{
	if ((*word & (PENDING | MASKED)) != PENDING)
		return;
	__atomic_fetch_and(word, ~PENDING, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&counts[port], 1, __ATOMIC_SEQ_CST);
	last_vcpu[port] = vcpu;
	if (queue_nr_order < 16)
		queue_order[queue_nr_order++] = port;
}

/* The first port of one queue. Return: is the queue at its end? */
static bool consume(unsigned int vcpu, unsigned int priority)
{
	evtchn_port_t *front = &fronts[vcpu][priority], port = *front;
	volatile uint32_t *word;

	if (!port)
		port = controls[vcpu]->head[priority];
	word = queue_word(port);
	*front = unlink(word);
	take(vcpu, port, word);
	return !*front;
}

static bool upcall(struct cpu_user_regs *regs)
{
	struct vcpu *self = this_vcpu();
	volatile struct evtchn_fifo_control_block *control =
		controls[self->id];
	uint32_t ready;

	(void)regs;
	while (__atomic_exchange_n(&self->info->evtchn_upcall_pending, 0,
				   __ATOMIC_SEQ_CST)) {
		ready = 0;
		while ((ready |= __atomic_exchange_n(&control->ready, 0,
						     __ATOMIC_SEQ_CST))) {
			unsigned int priority = __builtin_ctz(ready);

			if (consume(self->id, priority))
				ready &= ~(1U << priority);
		}
	}
	return true;
}

/* Pages are kept for the next time. */
bool queue_grow(uint32_t fill)
{
	unsigned int i;

	if (nr_pages == nr_kept) {
		pages[nr_kept] = page_alloc();
		if (!pages[nr_kept])
			return false;
		nr_kept++;
	}
	for (i = 0; i < WORDS_PER_PAGE; i++)
		pages[nr_pages][i] = fill;
	if (expand_array(virt_to_mfn((void *)pages[nr_pages])))
		return false;
	nr_pages++;
	return true;
}

bool queue_enter(uint32_t offset)
{
	if (!shared_info || event_set_up())
		return false;
	if (!control_page)
		control_page = page_alloc();
	if (!control_page)
		return false;
	event_block();
	memset(fronts, 0, sizeof(fronts));
	memset(control_page, 0, PAGE_BYTES);
	controls[0] = (void *)((char *)control_page + offset);
	nr_pages = 0;
	if (init_control(virt_to_mfn(control_page), offset, 0))
		return false;
	trap_hook(ENTRY_EVENT, upcall);
	return queue_grow(0);
}

bool queue_add_vcpu(unsigned int vcpu)
{
	uint32_t offset = 1024 * vcpu;

	controls[vcpu] = (void *)((char *)control_page + offset);
	return !init_control(virt_to_mfn(control_page), offset, vcpu);
}

bool queue_leave(void)
{
	unsigned int i;

	event_block();
	if (reset_ports())
		return false;
	for (i = 0; i < NR_PORTS; i++)
		counts[i] = 0;
	queue_forget();
	return !event_set_up();
}

void queue_mask(evtchn_port_t port)
{
	__atomic_fetch_or(queue_word(port), MASKED, __ATOMIC_SEQ_CST);
}

/* What is pending must be queued, by the hypervisor. */
void queue_unmask(evtchn_port_t port)
{
	volatile uint32_t *word = queue_word(port);
	uint32_t old = *word & ~BUSY;

	while (old & MASKED) {
		if (old & PENDING) {
			unmask_call(port);
			return;
		}
		if (__atomic_compare_exchange_n(word, &old, old & ~MASKED,
						false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return;
		old &= ~BUSY;
	}
}

unsigned long queue_count(evtchn_port_t port)
{
	return counts[port];
}

unsigned int queue_vcpu(evtchn_port_t port)
{
	return last_vcpu[port];
}

void queue_forget(void)
{
	queue_nr_order = 0;
}
