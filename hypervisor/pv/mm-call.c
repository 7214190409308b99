/* SPDX-License-Identifier: MIT */
/*
 * mm-call.c - what the page-table calls have in common
 *
 * Whose tables and whose frames a call is about (its foreign-domain argument),
 * the flushes that it gathers: they are done once, before the guest is told,
 * whether the call ends, fails or is continued; and the way through a list.
 */
#include "mm.h"

#include <lodge/access.h>
#include <lodge/errno.h>
#include <lodge/mm.h>

/* Another domain than @self, by number. 0; -ESRCH; -EPERM */
static int find_other(struct domain *self, domid_t domid, struct domain **d,
		      bool *held)
{
	int rc = -ESRCH;

	if (domid < DOMID_FIRST_RESERVED)
		rc = domain_get_for(self, domid, d);
	*held = !rc;
	return rc;
}

/* The frames' owner: one's own number is no foreign domain. */
static int find_frames_owner(struct mm_call *c, domid_t domid)
{
	struct domain *self = c->v->domain;

	switch (domid) {
	case DOMID_SELF:
		c->fd = self;
		return 0;
	case DOMID_IO:
		c->fd = dom_io;
		return 0;
	case DOMID_XEN:
		c->fd = dom_xen;
		return self->privileged ? 0 : -EPERM;
	default:
		return domid == self->domid
			       ? -ESRCH
			       : find_other(self, domid, &c->fd, &c->fd_held);
	}
}

static int find_tables_owner(struct mm_call *c, unsigned int tables)
{
	struct domain *self = c->v->domain;

	c->pd = self;
	if (!tables || tables - 1 == self->domid || tables - 1 == DOMID_SELF)
		return 0;
	return find_other(self, (domid_t)(tables - 1), &c->pd, &c->pd_held);
}

/**
 * pv_call_find() - find the domains that a call is about
 * @c:          its caller is filled in
 * @foreigndom: as for pv_call_begin()
 *
 * Return: as pv_call_begin().
 */
int pv_call_find(struct mm_call *c, unsigned int foreigndom)
{
	int rc;

	rc = find_tables_owner(c, foreigndom >> 16);
	if (rc)
		return rc;
	rc = c->pd->pv ? find_frames_owner(c, (domid_t)foreigndom) : -EINVAL;
	if (rc && c->pd_held)
		domain_put(c->pd);
	return rc;
}

/**
 * pv_call_flush_cpus() - do the flushes gathered so far, of which there are
 * @c: the call
 *
 * Context: interrupts on, no locks.
 */
void pv_call_flush_cpus(struct mm_call *c)
{
	tlb_flush_mask(&c->flush,
		       FLUSH_GLOBAL | (c->flush_cache ? FLUSH_CACHE : 0));
	c->flush = CPUMASK_NONE;
	c->flush_cache = false;
}

/**
 * pv_call_put() - let go of the domains
 * @c: the call
 */
void pv_call_put(struct mm_call *c)
{
	if (c->fd_held)
		domain_put(c->fd);
	if (c->pd_held)
		domain_put(c->pd);
}

/**
 * pv_read_vcpus() - copy a guest's bitmap of vCPUs
 * @v:    the caller
 * @map:  bit n is vCPU n of its domain
 * @bits: result
 *
 * Return: 0; -EFAULT.
 */
int pv_read_vcpus(struct vcpu *v, guest_ptr_t map, struct vcpu_bits *bits)
{
	size_t bytes = DIV_ROUND_UP(v->domain->max_vcpus, 8);

	return copy_from_guest(bits->map, map, bytes) ? -EFAULT : 0;
}

/**
 * pv_cpus_of() - the CPUs on which vCPUs are loaded
 * @d:    their domain
 * @bits: which; those that are not there are ignored
 *
 * The entries that were the reason are stored already. A vCPU that is loaded
 * nowhere flushes when it is loaded.
 */
cpumask_t pv_cpus_of(struct domain *d, const struct vcpu_bits *bits)
{
	cpumask_t cpus = CPUMASK_NONE;
	struct vcpu *v;
	unsigned int i;

	smp_mb();
	for_each_vcpu (d, v, i) {
		if (bits->map[i / 8] >> i % 8 & 1)
			cpus.bits |= READ_ONCE(v->dirty_cpus.bits);
	}
	return cpus;
}

/**
 * pv_cpus_of_all() - the CPUs on which a domain's tables may be loaded
 * @d: the domain; as pv_cpus_of()
 */
cpumask_t pv_cpus_of_all(struct domain *d)
{
	smp_mb();
	return (cpumask_t){READ_ONCE(d->dirty_cpus.bits)};
}

/* In the count of a list: entered again, *done counts earlier passes. */
#define MMU_PREEMPTED 0x80000000U

/* What earlier passes did; 0 if it cannot be read, as nobody will see it. */
static unsigned int read_done(guest_ptr_t pdone)
{
	unsigned int done;

	if (guest_ptr_null(pdone) ||
	    copy_from_guest(&done, pdone, sizeof(done)))
		return 0;
	return done;
}

/* What was done stays done if the guest cannot be told. */
static void write_done(guest_ptr_t pdone, unsigned int done)
{
	if (guest_ptr_null(pdone))
		return;
	if (copy_to_guest(pdone, &done, sizeof(done)))
		return;
}

/* Requests that are read at once. */
#define LIST_BATCH 8U

/* The queues that a request may have filled. 0; -ERESTART: again. */
static int release_queues(struct mm_call *c)
{
	int rc = pv_release_run(c->pd);

	if (!rc && c->fd != c->pd && c->fd->pv)
		rc = pv_release_run(c->fd);
	return rc;
}

/* Carries out @nr requests; *@done is how many it was. */
static int work_batch(const struct mm_list *l, struct mm_call *c,
		      const char *req, unsigned int nr, unsigned int *done)
{
	int rc, stopped;

	for (*done = 0; *done < nr; req += l->size) {
		rc = pv_operation_ended(c->v, l->one(c, req));
		stopped = release_queues(c);
		if (rc)
			return rc;
		++*done;
		if (stopped)
			return stopped;
		if (*done < nr && hypercall_preempt_check())
			return -ERESTART;
	}
	return 0;
}

/* *nr: how many are left to do. -ERESTART: stopped. */
static int work_list(const struct mm_list *l, struct mm_call *c,
		     guest_ptr_t *list, unsigned int *nr)
{
	uint64_t reqs[LIST_BATCH * PV_LIST_MAX_SIZE / sizeof(uint64_t)];
	int rc = release_queues(c);

	while (!rc && *nr) {
		unsigned int done, got;

		got = copy_elements_from_guest(reqs, *list, l->size,
					       min(*nr, LIST_BATCH));

		if (!got)
			return -EFAULT;
		rc = work_batch(l, c, (const char *)reqs, got, &done);
		*list = guest_ptr_add(*list, done * l->size);
		*nr -= done;
		if (!rc && *nr && hypercall_preempt_check())
			rc = -ERESTART;
	}
	return rc;
}

/**
 * pv_list_call() - a call that takes a list of requests
 * @l:          what it does with one
 * @v:          current
 * @a:          list, count, unsigned int *done or NULL, foreigndom
 * @foreigndom: as for pv_call_begin()
 *
 * It can stop between two requests and inside one: the call is entered again
 * with the rest of the list, and a mark in the count that *done counts what
 * earlier passes did.
 *
 * Context: interrupts on, no locks.
 * Return: 0; the errno of the request that failed: those before it are done,
 *         and *done counts them, if it can be written; -EFAULT the list;
 *         -ESRCH, -EPERM, -EINVAL as pv_call_begin(); HYPERCALL_CONTINUED.
 */
long pv_list_call(const struct mm_list *l, struct vcpu *v,
		  const struct call_args *a, unsigned int foreigndom)
{
	guest_ptr_t list = GUEST_PTR(a->arg0), pdone = GUEST_PTR(a->arg2);
	unsigned int count = (uint32_t)a->arg1, nr = count & ~MMU_PREEMPTED;
	unsigned int total = nr, done = 0;
	struct mm_call c;
	int rc;

	if (count & MMU_PREEMPTED)
		done = read_done(pdone);
	rc = pv_call_begin(&c, v, foreigndom);
	if (rc)
		return rc;
	rc = work_list(l, &c, &list, &nr);
	pv_call_end(&c);

	done += total - nr;
	write_done(pdone, done);
	if (rc != -ERESTART)
		return rc;
	return hypercall_continue(l->nr, 4, list.va,
				  (unsigned long)(nr | MMU_PREEMPTED), pdone.va,
				  (unsigned long)a->arg3);
}
