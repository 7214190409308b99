/* SPDX-License-Identifier: MIT */
/*
 * fifo-setup.c - the FIFO ABI comes into use, grows, and is left
 *
 *   2-level --init_control of any vCPU--> FIFO --reset, death--> 2-level
 *
 * The guest's pages are mapped by us anyway (the direct map); a writable
 * reference keeps each the guest's and writable until the ABI is left.
 *
 * Locks: LOCK_EVTCHN for all of it. Senders take none of ours: they read the
 * pointers with interrupts off, and quiesce() waits for those who read them
 * before they changed.
 */
#include "fifo.h"

#include <lodge/atomic.h>
#include <lodge/bitmap.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

#define CONTROL_SIZE sizeof(struct evtchn_fifo_control_block)

_Static_assert(sizeof(struct evtchn_fifo_control_block) == 72,
	       "<xen/event_channel.h>: READY, reserved, 16 HEADs");
_Static_assert(EVTCHN_FIFO_NR_CHANNELS % WORDS_PER_PAGE == 0,
	       "whole pages of words");

static void nothing(void *unused)
{
}

/* Every CPU has interrupts on at some time before this returns. */
static void quiesce(void)
{
	smp_call(&cpu_online_map, nothing, NULL, true);
}

static bool port_used(const struct domain *d, evtchn_port_t port)
{
	return evtchn_next_used(d, port) == port;
}

/* With the port's lock, so that its vCPU stays. */
static void raise(struct domain *d, evtchn_port_t port)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags = spin_lock_irqsave(&chn->lock);

	if (chn->state != EVTCHN_FREE)
		evtchn_set_pending(d, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
}

/* What came under the 2-level ABI is not lost. */
static void take_over_pending(struct domain *d)
{
	xen_ulong_t *words = d->shared_info->evtchn_pending;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(d->shared_info->evtchn_pending); i++) {
		xen_ulong_t word = READ_ONCE(words[i]);

		if (word)
			word = atomic_xchg(&words[i], 0UL);
		for (; word; word &= word - 1) {
			evtchn_port_t port = i * 64 +
				(evtchn_port_t)__builtin_ctzl(word);

			if (port_used(d, port))
				raise(d, port);
		}
	}
}

/* LOCK_EVTCHN is held. */
static int enter_fifo(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	struct evtchn_fifo *fifo;

	if (e->fifo)
		return 0;
	fifo = kzalloc(sizeof(*fifo));
	if (!fifo)
		return -ENOMEM;
	atomic_store(&e->fifo, fifo);
	atomic_store(&e->ops, &evtchn_fifo_ops);
	quiesce();
	take_over_pending(d);
	return 0;
}

static struct fifo_vcpu *fifo_vcpu_new(struct page *pg, unsigned int offset)
{
	struct fifo_vcpu *fv = kzalloc(sizeof(*fv));
	unsigned int i;

	if (!fv)
		return NULL;
	fv->page = pg;
	fv->control = (void *)((char *)page_to_virt(pg) + offset);
	for (i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++)
		spin_init(&fv->queues[i].lock, LOCK_EVTQUEUE);
	return fv;
}

/* LOCK_EVTCHN is held; @pg's reference is taken over on success. */
static int set_control(struct vcpu *v, struct page *pg, unsigned int offset)
{
	struct fifo_vcpu *fv;
	int rc;

	if (v->evtchn->fifo)
		return -EINVAL;
	fv = fifo_vcpu_new(pg, offset);
	if (!fv)
		return -ENOMEM;
	rc = enter_fifo(v->domain);
	if (rc) {
		kfree(fv);
		return rc;
	}
	memset(fv->control, 0, CONTROL_SIZE);
	atomic_store(&v->evtchn->fifo, fv);
	return 0;
}

/**
 * evtchn_init_control() - EVTCHNOP_init_control
 * @v:   the caller
 * @arg: struct evtchn_init_control; link_bits is written on success
 *
 * The first one, of any vCPU, changes the ABI of the domain. Ports that are
 * open stay so; what is pending becomes pending again when the port gets a
 * word. (The interface does not ask for that.) The block is cleared.
 *
 * Context: no locks held, IRQs on; takes LOCK_EVTCHN.
 * Return: 0; -ENOENT no such vCPU; -EINVAL the block crosses the end of its
 *         page or is not aligned to 8, the vCPU has one, or the frame is not
 *         the caller's to write; -ENOMEM.
 */
long evtchn_init_control(struct vcpu *v, void *arg)
{
	struct evtchn_init_control *op = arg;
	struct domain *d = v->domain;
	struct vcpu *to = domain_vcpu(d, op->vcpu);
	struct page *pg;
	int rc;

	if (!to)
		return -ENOENT;
	if (op->offset > PAGE_SIZE - CONTROL_SIZE || op->offset % 8)
		return -EINVAL;
	pg = gfn_get_page(d, GFN(op->control_gfn), GFN_WRITE, &rc);
	if (!pg)
		return -EINVAL;
	spin_lock(&d->evtchn->lock);
	rc = set_control(to, pg, op->offset);
	spin_unlock(&d->evtchn->lock);
	if (rc)
		gfn_put_page(pg, GFN_WRITE);
	else
		op->link_bits = EVTCHN_FIFO_LINK_BITS;
	return rc;
}

/* What was sent to ports of this page before it came. */
static void raise_early(struct domain *d, unsigned int page)
{
	evtchn_port_t first = page * WORDS_PER_PAGE, port;

	/* Senders say "early", then look for the word. */
	smp_mb();
	for (port = evtchn_next_used(d, first);
	     port && port < first + WORDS_PER_PAGE;
	     port = evtchn_next_used(d, port + 1))
		if (atomic_xchg(&evtchn_lookup(d, port)->early, 0))
			raise(d, port);
}

static int add_words(struct domain *d, struct page *pg)
{
	struct evtchn_fifo *fifo = d->evtchn->fifo;

	if (!fifo)
		return -EOPNOTSUPP;
	if (fifo->nr_pages == MAX_WORD_PAGES)
		return -ENOSPC;
	atomic_store(&fifo->words[fifo->nr_pages],
		     (event_word_t *)page_to_virt(pg));
	raise_early(d, fifo->nr_pages++);
	return 0;
}

/**
 * evtchn_expand_array() - EVTCHNOP_expand_array
 * @v:   the caller
 * @arg: struct evtchn_expand_array
 *
 * The words are used as the guest has filled them: it masks what it wants to.
 *
 * Context: no locks held, IRQs on; takes LOCK_EVTCHN.
 * Return: 0; -EOPNOTSUPP the domain does not use the FIFO ABI; -ENOSPC there
 *         are words for all ports; -EINVAL not a frame of the caller's that it
 *         may write.
 */
long evtchn_expand_array(struct vcpu *v, void *arg)
{
	struct evtchn_expand_array *op = arg;
	struct domain *d = v->domain;
	struct page *pg;
	int rc;

	if (!atomic_load(&d->evtchn->fifo))
		return -EOPNOTSUPP;
	pg = gfn_get_page(d, GFN(op->array_gfn), GFN_WRITE, &rc);
	if (!pg)
		return -EINVAL;
	spin_lock(&d->evtchn->lock);
	rc = add_words(d, pg);
	spin_unlock(&d->evtchn->lock);
	if (rc)
		gfn_put_page(pg, GFN_WRITE);
	return rc;
}

/**
 * evtchn_set_priority() - EVTCHNOP_set_priority
 * @v:   the caller
 * @arg: struct evtchn_set_priority
 *
 * For events from now on; where the port is queued it stays.
 *
 * Context: any; takes LOCK_PORT.
 * Return: 0; -ENOSYS the domain does not use the FIFO ABI; -EINVAL no such
 *         priority or port; -EACCES the port is not open.
 */
long evtchn_set_priority(struct vcpu *v, void *arg)
{
	struct evtchn_set_priority *op = arg;
	struct evtchn *chn = evtchn_lookup(v->domain, op->port);
	unsigned long flags;
	long rc = -EACCES;

	if (atomic_load(&v->domain->evtchn->ops) != &evtchn_fifo_ops)
		return -ENOSYS;
	if (!chn || op->priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	flags = spin_lock_irqsave(&chn->lock);
	if (chn->state != EVTCHN_FREE) {
		WRITE_ONCE(chn->priority, (uint8_t)op->priority);
		rc = 0;
	}
	spin_unlock_irqrestore(&chn->lock, flags);
	return rc;
}

static void fifo_free(struct evtchn_fifo *fifo)
{
	unsigned int i;

	for (i = 0; i < fifo->nr_pages; i++)
		gfn_put_page(virt_to_page(fifo->words[i]), GFN_WRITE);
	kfree(fifo);
}

static void fifo_vcpu_free(struct fifo_vcpu *fv)
{
	if (!fv)
		return;
	gfn_put_page(fv->page, GFN_WRITE);
	kfree(fv);
}

/* LOCK_EVTCHN is held, no port is in use: only unmasking and reading go on. */
static void leave_locked(struct domain *d, struct evtchn_fifo *fifo)
{
	struct evtchn_domain *e = d->evtchn;
	struct vcpu *v;
	unsigned int i;

	atomic_store(&e->ops, &evtchn_2l_ops);
	atomic_store(&e->fifo, NULL);
	quiesce();
	for_each_vcpu(d, v, i) {
		struct fifo_vcpu *fv = v->evtchn->fifo;

		atomic_store(&v->evtchn->fifo, NULL);
		fifo_vcpu_free(fv);
	}
	fifo_free(fifo);
}

bool fifo_leave(struct domain *d)
{
	struct evtchn_domain *e = d->evtchn;
	bool unused;

	spin_lock(&e->lock);
	unused = !evtchn_next_used(d, 1);
	if (unused && e->fifo)
		leave_locked(d, e->fifo);
	spin_unlock(&e->lock);
	return unused;
}
