/* SPDX-License-Identifier: MIT */
/*
 * port.c - a domain's ports: found, given out, made
 *
 * Ports live in chunks, chunks in groups; both are made on demand and stay
 * until the domain is freed, so that look-up takes no lock. A bitmap in each
 * group says which ports are in use: no search looks at ports one by one, of
 * which a guest may have 131072. Port 0 is there, closed, and never given out.
 * States and locks: private.h.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bitmap.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/x86.h>

/* How often a free port is passed over because the guest is not done with it. */
#define MAX_BUSY 32

static struct evtchn *chunk_new(struct evtchn_group *group, evtchn_port_t port)
{
	struct evtchn *chunk = kcalloc(PORTS_PER_CHUNK, sizeof(*chunk));
	evtchn_port_t first = port - port % PORTS_PER_CHUNK;
	unsigned int i;

	if (!chunk)
		return NULL;
	for (i = 0; i < PORTS_PER_CHUNK; i++) {
		spin_init(&chunk[i].lock, LOCK_PORT);
		chunk[i].port = first + i;
		chunk[i].priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	}
	atomic_store(&group->chunks[port % PORTS_PER_GROUP / PORTS_PER_CHUNK],
		     chunk);
	return chunk;
}

struct evtchn *evtchn_make_port(struct domain *d, evtchn_port_t port)
{
	struct evtchn *chn = evtchn_lookup(d, port), *chunk;
	struct evtchn_domain *e = d->evtchn;
	struct evtchn_group *group;

	if (chn)
		return chn;
	group = evtchn_group_of(e, port);
	if (!group) {
		group = kzalloc(sizeof(*group));
		if (!group)
			return NULL;
		atomic_store(&e->groups[port / PORTS_PER_GROUP], group);
	}
	chunk = chunk_new(group, port);
	return chunk ? &chunk[port % PORTS_PER_CHUNK] : NULL;
}

/* The first port from @port on that is not in use; MAX_PORTS: none. */
static evtchn_port_t next_free(const struct evtchn_domain *e,
			       evtchn_port_t port)
{
	for (; port < MAX_PORTS; port += PORTS_PER_GROUP) {
		const struct evtchn_group *group = evtchn_group_of(e, port);
		evtchn_port_t base = port - port % PORTS_PER_GROUP;
		unsigned long bit = port % PORTS_PER_GROUP;

		if (group)
			bit = find_next_zero_bit(group->used, PORTS_PER_GROUP,
						 bit);
		if (bit < PORTS_PER_GROUP)
			return base + (evtchn_port_t)bit;
		port = base;
	}
	return MAX_PORTS;
}

evtchn_port_t evtchn_next_used(const struct domain *d, evtchn_port_t port)
{
	for (; port < MAX_PORTS; port += PORTS_PER_GROUP) {
		const struct evtchn_group *group = evtchn_group_of(d->evtchn, port);
		evtchn_port_t base = port - port % PORTS_PER_GROUP;
		unsigned long bit = PORTS_PER_GROUP;

		if (group)
			bit = find_next_bit(group->used, PORTS_PER_GROUP,
					    port % PORTS_PER_GROUP);
		if (bit < PORTS_PER_GROUP)
			return base + (evtchn_port_t)bit;
		port = base;
	}
	return 0;
}

/*
 * The lowest port that is neither used nor busy. If only busy ones are near,
 * one of them: what comes is then delivered where its former owner had it.
 */
static evtchn_port_t choose_port(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	evtchn_port_t end = min(e->ops->nr_ports, e->max_port + 1);
	evtchn_port_t port, busy = 0;
	unsigned int i;

	port = next_free(e, e->next_free);
	e->next_free = port;
	for (i = 0; i < MAX_BUSY && port < end; i++) {
		const struct evtchn *chn = evtchn_lookup(d, port);

		if (!chn || !e->ops->is_busy(d, chn))
			return port;
		busy = busy ? busy : port;
		port = next_free(e, port + 1);
	}
	return busy;
}

struct evtchn *evtchn_find_free(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	evtchn_port_t port;
	struct evtchn *chn;

	ASSERT(spin_is_held(&e->lock));
	port = e->closing ? 0 : choose_port(d);
	if (!port)
		return NULL;
	chn = evtchn_make_port(d, port);
	if (chn)
		bitmap_set(evtchn_group_of(e, port)->used, port % PORTS_PER_GROUP);
	return chn;
}

void evtchn_give_back(struct domain *d, const struct evtchn *chn)
{
	struct evtchn_domain *e = d->evtchn;

	ASSERT(spin_is_held(&e->lock));
	bitmap_clear(evtchn_group_of(e, chn->port)->used, chn->port % PORTS_PER_GROUP);
	e->next_free = min(e->next_free, chn->port);
}

unsigned long evtchn_change_begin(struct evtchn *chn)
{
	return spin_lock_irqsave(&chn->lock);
}

void evtchn_change_end(struct evtchn *chn, unsigned long flags,
		       enum evtchn_state state, unsigned int vcpu)
{
	chn->vcpu = (uint16_t)vcpu;
	chn->state = (uint8_t)state;
	spin_unlock_irqrestore(&chn->lock, flags);
}

void evtchn_lock_domains(struct domain *a, struct domain *b)
{
	if (a->domid > b->domid)
		swap(a, b);
	spin_lock(&a->evtchn->lock);
	if (a != b)
		spin_lock_nested(&b->evtchn->lock);
}

void evtchn_unlock_domains(struct domain *a, struct domain *b)
{
	spin_unlock(&a->evtchn->lock);
	if (a != b)
		spin_unlock(&b->evtchn->lock);
}
