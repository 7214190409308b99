/* SPDX-License-Identifier: MIT */
/*
 * fifo.c - the FIFO ABI: one word per port, linked into queues
 *
 * Specification: <xen/event_channel.h>. Each vCPU has a queue for each of 16
 * priorities. A queue is a list through the LINK fields of its ports' words,
 * from HEAD in the vCPU's control block; the guest takes ports off its front by
 * clearing LINKED and LINK of one word in one step, and reads HEAD again when
 * the LINK that it took was zero. We append at the back, which only we know
 * (queue->tail).
 *
 * Words and control blocks are the guest's to change at any time. Nothing read
 * from them is used as an index or waited for: of a word we use the bits MASKED
 * and LINKED, of READY one bit; LINK and HEAD are only ever written. Every
 * access is one atomic operation, so the work of one event is bounded, whatever
 * the guest does. BUSY, which asks a guest not to unmask, is never needed.
 *
 * What makes the append right: a port is put onto a queue under the locks of
 * that queue and of the one it was on last (port->queue), and LINKED is set
 * nowhere else. So while a queue's lock is held its tail's LINKED can only be
 * cleared, by the guest. Or-ing the new port into the tail's LINK, which is
 * zero, therefore both appends and tells, by LINKED in the old value, whether
 * the guest was still to come past: if not, the queue has run empty and the
 * new port is its HEAD.
 */
#include "fifo.h"

#include <lodge/atomic.h>
#include <lodge/x86.h>

#define PENDING	(1U << EVTCHN_FIFO_PENDING)
#define MASKED	(1U << EVTCHN_FIFO_MASKED)
#define LINKED	(1U << EVTCHN_FIFO_LINKED)
#define LINK	((1U << EVTCHN_FIFO_LINK_BITS) - 1)

/* Only a guest that plays with its words moves a port more often meanwhile. */
#define MOVE_TRIES 8

/* NULL: the guest has given no page for it. IRQs off. */
static event_word_t *word_of(const struct domain *d, evtchn_port_t port)
{
	const struct evtchn_fifo *fifo = atomic_load(&d->evtchn->fifo);
	event_word_t *words;

	if (!fifo)
		return NULL;
	words = atomic_load(&fifo->words[port / WORDS_PER_PAGE]);
	return words ? &words[port % WORDS_PER_PAGE] : NULL;
}

static uint16_t queue_number(const struct vcpu *v, unsigned int priority)
{
	return (uint16_t)(v->id * EVTCHN_FIFO_MAX_QUEUES + priority + 1);
}

/* NULL: none, or its vCPU has no control block (any more). */
static struct fifo_queue *queue_by_number(const struct domain *d,
					  uint16_t number)
{
	struct fifo_vcpu *fv;

	if (!number)
		return NULL;
	number--;
	fv = atomic_load(&d->vcpus[number / EVTCHN_FIFO_MAX_QUEUES]
				  ->evtchn->fifo);
	return fv ? &fv->queues[number % EVTCHN_FIFO_MAX_QUEUES] : NULL;
}

/* @b may be @a, or NULL. IRQs are off, as the port's lock is held. */
static void lock_queues(struct fifo_queue *a, struct fifo_queue *b)
{
	struct fifo_queue *first = b ? min(a, b) : a;

	spin_lock(&first->lock);
	if (b && a != b)
		spin_lock_nested(&max(a, b)->lock);
}

static void unlock_queues(struct fifo_queue *a, struct fifo_queue *b)
{
	if (b && a != b)
		spin_unlock(&b->lock);
	spin_unlock(&a->lock);
}

/* Locks @to and the queue that the port was on last: *@from. */
static bool lock_for_move(const struct domain *d, const struct evtchn *chn,
			  struct fifo_queue *to, struct fifo_queue **from)
{
	unsigned int i;

	for (i = 0; i < MOVE_TRIES; i++) {
		uint16_t number = READ_ONCE(chn->queue);

		*from = queue_by_number(d, number);
		lock_queues(to, *from);
		if (READ_ONCE(chn->queue) == number)
			return true;
		unlock_queues(to, *from);
	}
	return false;
}

/* True: the queue was empty, and its READY bit not set. */
static bool append(const struct domain *d, struct fifo_vcpu *fv,
		   unsigned int priority, evtchn_port_t port)
{
	struct fifo_queue *queue = &fv->queues[priority];
	evtchn_port_t tail = queue->tail;
	event_word_t *word;

	queue->tail = port;
	/* The port itself: the guest has taken it off. */
	if (tail && tail != port) {
		word = word_of(d, tail);
		if (atomic_fetch_or(word, port) & LINKED)
			return false;
		(void)atomic_fetch_and(word, ~LINK);
	}
	WRITE_ONCE(fv->control->head[priority], port);
	return !(atomic_fetch_or(&fv->control->ready, 1U << priority) &
		 1U << priority);
}

/* The queues' locks are held. True: @v must be told. */
static bool link_locked(struct vcpu *v, struct fifo_vcpu *fv,
			unsigned int priority, struct fifo_queue *from,
			struct evtchn *chn, event_word_t *word)
{
	if (READ_ONCE(*word) & LINKED)
		return false;
	if (from && from != &fv->queues[priority] && from->tail == chn->port)
		from->tail = 0;
	WRITE_ONCE(chn->queue, queue_number(v, priority));
	(void)atomic_fetch_and(word, ~LINK);
	(void)atomic_fetch_or(word, LINKED);
	return append(v->domain, fv, priority, chn->port);
}

/*
 * The port is pending and not masked: puts it onto @v's queue. Without a
 * control block it stays as it is; the next event, or unmasking, tries again.
 */
static void link_port(struct vcpu *v, struct evtchn *chn, event_word_t *word)
{
	struct fifo_vcpu *fv = atomic_load(&v->evtchn->fifo);
	/* A sender to a peer does not hold the port's lock: read once. */
	unsigned int priority = READ_ONCE(chn->priority);
	struct fifo_queue *from, *to;
	bool tell;

	if (!fv)
		return;
	to = &fv->queues[priority];
	if (!lock_for_move(v->domain, chn, to, &from))
		return;
	tell = link_locked(v, fv, priority, from, chn, word);
	unlock_queues(to, from);
	if (tell)
		evtchn_notify_vcpu(v);
}

static void make_pending(struct vcpu *v, struct evtchn *chn,
			 event_word_t *word)
{
	if (!(atomic_fetch_or(word, PENDING) & (MASKED | LINKED)))
		link_port(v, chn, word);
}

static void fifo_set_pending(struct vcpu *v, struct evtchn *chn)
{
	event_word_t *word = word_of(v->domain, chn->port);

	if (!word) {
		/* EVTCHNOP_expand_array publishes the word, then looks. */
		atomic_store(&chn->early, 1);
		smp_mb();
		word = word_of(v->domain, chn->port);
		if (!word || !atomic_xchg(&chn->early, 0))
			return;
	}
	make_pending(v, chn, word);
}

static void fifo_clear_pending(struct domain *d, struct evtchn *chn)
{
	event_word_t *word = word_of(d, chn->port);

	atomic_store(&chn->early, 0);
	if (word)
		(void)atomic_fetch_and(word, ~PENDING);
}

static void fifo_unmask(struct vcpu *v, struct evtchn *chn)
{
	event_word_t *word = word_of(v->domain, chn->port), old;

	if (!word)
		return;
	old = atomic_fetch_and(word, ~MASKED);
	if ((old & (PENDING | LINKED)) == PENDING)
		link_port(v, chn, word);
}

static bool fifo_is_pending(const struct domain *d, const struct evtchn *chn)
{
	const event_word_t *word = word_of(d, chn->port);

	return word ? READ_ONCE(*word) & PENDING : READ_ONCE(chn->early);
}

static bool fifo_is_masked(const struct domain *d, const struct evtchn *chn)
{
	const event_word_t *word = word_of(d, chn->port);

	return !word || READ_ONCE(*word) & MASKED;
}

/* Still on a queue, maybe another vCPU's than its next owner's. */
static bool fifo_is_busy(const struct domain *d, const struct evtchn *chn)
{
	unsigned long flags = irq_save();
	const event_word_t *word = word_of(d, chn->port);
	bool busy = word && READ_ONCE(*word) & LINKED;

	irq_restore(flags);
	return busy;
}

/* The queues do not lie in vcpu_info. */
static void fifo_rescan(struct vcpu *v)
{
}

const struct evtchn_ops evtchn_fifo_ops = {
	.name = "FIFO",
	.nr_ports = EVTCHN_FIFO_NR_CHANNELS,
	.set_pending = fifo_set_pending,
	.clear_pending = fifo_clear_pending,
	.unmask = fifo_unmask,
	.is_pending = fifo_is_pending,
	.is_masked = fifo_is_masked,
	.is_busy = fifo_is_busy,
	.rescan = fifo_rescan,
};
