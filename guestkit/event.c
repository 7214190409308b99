/* SPDX-License-Identifier: MIT */
/*
 * event.c - event channels, two-level form
 *
 * Words shared with the hypervisor and other vCPUs change by locked
 * instructions. Counters are per port; a port is bound to one vCPU.
 */
#include <guestkit/event.h>
#include <guestkit/clock.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/trap.h>

#define NR_PORTS      4096
#define BITS_PER_WORD 64

static volatile unsigned long counts[NR_PORTS];
static volatile uint8_t last_vcpu[NR_PORTS];
static void (*handlers[NR_PORTS])(evtchn_port_t port);

static bool bit_take(volatile xen_ulong_t *words, unsigned int bit)
{
	bool was;

	asm volatile("lock btrq %2, %0"
		     : "+m"(words[bit / BITS_PER_WORD]), "=@ccc"(was)
		     : "r"((uint64_t)bit % BITS_PER_WORD)
		     : "memory");
	return was;
}

static void bit_set(volatile xen_ulong_t *words, unsigned int bit)
{
	asm volatile("lock btsq %1, %0"
		     : "+m"(words[bit / BITS_PER_WORD])
		     : "r"((uint64_t)bit % BITS_PER_WORD)
		     : "memory");
}

static void take_port(evtchn_port_t port)
{
	if (!bit_take(shared_info->evtchn_pending, port))
		return;
	counts[port]++;
	last_vcpu[port] = this_vcpu()->id;
	if (handlers[port])
		handlers[port](port);
}

static void take_word(unsigned int word)
{
	uint64_t ready = shared_info->evtchn_pending[word] &
			 ~shared_info->evtchn_mask[word];

	for (; ready; ready &= ready - 1)
		take_port(word * BITS_PER_WORD + __builtin_ctzl(ready));
}

static bool upcall(struct cpu_user_regs *regs)
{
	volatile struct vcpu_info *info = this_vcpu()->info;

	(void)regs;
	while (__atomic_exchange_n(&info->evtchn_upcall_pending, 0,
				   __ATOMIC_SEQ_CST)) {
		uint64_t words = __atomic_exchange_n(&info->evtchn_pending_sel,
						     0, __ATOMIC_SEQ_CST);

		for (; words; words &= words - 1)
			take_word(__builtin_ctzl(words));
	}
	return true;
}

long event_set_up(void)
{
	unsigned int word;
	long rc;

	if (!shared_info)
		return -EFAULT;
	for (word = 0; word < NR_PORTS / BITS_PER_WORD; word++)
		shared_info->evtchn_mask[word] = ~0UL;
	trap_hook(ENTRY_EVENT, upcall);
	rc = callback_install(CALLBACKTYPE_event, 0);
	if (!rc)
		rc = callback_install(CALLBACKTYPE_failsafe,
				      CALLBACKF_mask_events);
	if (!rc)
		event_unblock();
	return rc;
}

void event_block(void)
{
	this_vcpu()->info->evtchn_upcall_mask = 1;
	asm volatile("" ::: "memory");
}

/* Any hypercall delivers what came while the mask was set. */
void event_unblock(void)
{
	volatile struct vcpu_info *info = this_vcpu()->info;

	info->evtchn_upcall_mask = 0;
	asm volatile("" ::: "memory");
	if (info->evtchn_upcall_pending)
		HYPERVISOR_xen_version(XENVER_version, NULL);
}

long event_alloc_unbound(domid_t dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = {.dom = dom, .remote_dom = remote};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : op.port;
}

long event_bind_interdomain(domid_t remote, evtchn_port_t port)
{
	struct evtchn_bind_interdomain op = {
		.remote_dom = remote,
		.remote_port = port,
	};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &op);

	return rc ? rc : op.local_port;
}

long event_bind_virq(unsigned int virq, unsigned int vcpu)
{
	struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &op);

	return rc ? rc : op.port;
}

long event_bind_ipi(unsigned int vcpu)
{
	struct evtchn_bind_ipi op = {.vcpu = vcpu};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &op);

	return rc ? rc : op.port;
}

long event_send(evtchn_port_t port)
{
	struct evtchn_send op = {.port = port};

	return HYPERVISOR_event_channel_op(EVTCHNOP_send, &op);
}

long event_close(evtchn_port_t port)
{
	struct evtchn_close op = {.port = port};

	return HYPERVISOR_event_channel_op(EVTCHNOP_close, &op);
}

long event_status(struct evtchn_status *status, domid_t dom, evtchn_port_t port)
{
	status->dom = dom;
	status->port = port;
	return HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}

/* By call: an event that came meanwhile is delivered, not lost. */
void event_port_enable(evtchn_port_t port)
{
	struct evtchn_unmask op = { .port = port };

	HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &op);
}

void event_port_disable(evtchn_port_t port)
{
	bit_set(shared_info->evtchn_mask, port);
}

bool event_port_pending(evtchn_port_t port)
{
	volatile xen_ulong_t *word =
		&shared_info->evtchn_pending[port / BITS_PER_WORD];

	return *word >> (port % BITS_PER_WORD) & 1;
}

bool event_port_take(evtchn_port_t port)
{
	return bit_take(shared_info->evtchn_pending, port);
}

unsigned long event_port_count(evtchn_port_t port)
{
	return counts[port];
}

unsigned int event_port_vcpu(evtchn_port_t port)
{
	return last_vcpu[port];
}

void event_port_handler(evtchn_port_t port, void (*handler)(evtchn_port_t))
{
	handlers[port] = handler;
}

bool event_port_wait(evtchn_port_t port, unsigned long count,
		     uint64_t timeout_ns)
{
	uint64_t end = clock_ns() + timeout_ns;

	while (counts[port] < count && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return counts[port] >= count;
}
