/* SPDX-License-Identifier: MIT */
/*
 * queue.c - the guest's half of the FIFO ABI, for the event tests
 */
#include "queue.h"

#include <lodge/atomic.h>

long init_control(unsigned int dom, uint64_t gfn, uint32_t offset,
		  uint32_t vcpu)
{
	struct evtchn_init_control op = { .control_gfn = gfn,
					  .offset = offset,
					  .vcpu = vcpu };
	long rc = call(dom, EVTCHNOP_init_control, &op);

	assert_int_equal(op.link_bits, rc ? 0 : 17);
	return rc;
}

long expand_array(unsigned int dom, uint64_t gfn)
{
	struct evtchn_expand_array op = { .array_gfn = gfn };

	return call(dom, EVTCHNOP_expand_array, &op);
}

long set_priority(unsigned int dom, evtchn_port_t port, uint32_t priority)
{
	struct evtchn_set_priority op = { .port = port, .priority = priority };

	return call(dom, EVTCHNOP_set_priority, &op);
}

long reset_ports(unsigned int dom, domid_t who)
{
	struct evtchn_reset op = { .dom = who };

	return call(dom, EVTCHNOP_reset, &op);
}

evtchn_port_t bind_ipi(unsigned int dom, uint32_t vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };

	assert_int_equal(call(dom, EVTCHNOP_bind_ipi, &op), 0);
	return op.port;
}

void enter_fifo(unsigned int dom, unsigned int nr_pages)
{
	unsigned int i;

	assert_int_equal(init_control(dom, GFN_OF(0), 0, 0), 0);
	for (i = 0; i < nr_pages; i++)
		assert_int_equal(expand_array(dom, GFN_OF(1 + i)), 0);
}

volatile uint32_t *word(evtchn_port_t port)
{
	return (volatile uint32_t *)frames[1] + port;
}

volatile struct evtchn_fifo_control_block *control(void)
{
	return (void *)frames[0];
}

static uint32_t unlink_word(volatile uint32_t *w)
{
	uint32_t old = READ_ONCE(*w);

	while (!atomic_cmpxchg(w, &old, old & ~(LINKED | LINK)))
		;
	return old & LINK;
}

evtchn_port_t consume(volatile struct evtchn_fifo_control_block *block,
		      evtchn_port_t *front, uint32_t *ready)
{
	unsigned int priority;
	evtchn_port_t port;

	*ready |= atomic_xchg(&block->ready, 0U);
	if (!*ready)
		return 0;
	priority = (unsigned int)__builtin_ctz(*ready);
	port = front[priority];
	if (!port)
		port = READ_ONCE(block->head[priority]);
	front[priority] = unlink_word(word(port));
	if (!front[priority])
		*ready &= ~(1U << priority);
	return port;
}

bool take(evtchn_port_t port)
{
	if ((READ_ONCE(*word(port)) & (PENDING | MASKED)) != PENDING)
		return false;
	atomic_fetch_and(word(port), ~PENDING);
	return true;
}

bool unmask_alone(evtchn_port_t port)
{
	uint32_t old = READ_ONCE(*word(port));

	while (old & MASKED) {
		if (old & PENDING)
			return false;
		if (atomic_cmpxchg(word(port), &old, old & ~MASKED))
			break;
	}
	return true;
}
