/* SPDX-License-Identifier: MIT */
/*
 * map.c - GNTTABOP_map_grant_ref, unmap_grant_ref, unmap_and_replace
 *
 *   free handle --map--> HOST and/or DEVICE --claim--> BUSY --flushed--> free
 *
 * Undoing goes in batches: entries are cleared, then one flush, then the
 * frames and marks are given back. Nobody is told that a frame is unused while
 * a TLB may still hold it; a handle that is BUSY can be claimed by nobody else.
 *
 * Locks: none held over the calls into page tables; see private.h.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <xen/xen.h>

#define UNMAP_BATCH   32
#define RELEASE_BATCH 64 /* free handles passed between two questions */

const struct grant_map_ops *grant_map_ops;

static bool is_write(uint32_t flags)
{
	return !(flags & GNTMAP_readonly);
}

void grant_map_end(struct grant_table *gt, struct track *t,
		   grant_handle_t handle, unsigned int busy)
{
	struct domain *granter = t->granter;

	grant_unpin(granter, t->ref, is_write(t->flags));
	if (track_release(t, busy)) {
		t->granter = NULL;
		track_free(gt, t, handle);
		domain_put(granter);
	}
}

/* One pin for each of the two ways. */
static int pin_for(struct domain *rd, struct vcpu *v,
		   const struct gnttab_map_grant_ref *op,
		   const struct grant_active **act)
{
	bool both = (op->flags & GNTMAP_host_map) &&
		    (op->flags & GNTMAP_device_map);
	int status = grant_pin(rd, op->ref, v->domain, is_write(op->flags),
			       GRANT_WHOLE, act);

	if (status || !both)
		return status;
	status = grant_pin(rd, op->ref, v->domain, is_write(op->flags),
			   GRANT_WHOLE, act);
	if (status)
		grant_unpin(rd, op->ref, is_write(op->flags));
	return status;
}

static void unpin_for(struct domain *rd, const struct gnttab_map_grant_ref *op)
{
	if (op->flags & GNTMAP_host_map)
		grant_unpin(rd, op->ref, is_write(op->flags));
	if (op->flags & GNTMAP_device_map)
		grant_unpin(rd, op->ref, is_write(op->flags));
}

/* @t is the caller's alone; @rd is referenced. */
static int map_tracked(struct vcpu *v, struct domain *rd, struct track *t,
		       struct gnttab_map_grant_ref *op)
{
	const struct grant_active *act;
	uint16_t state = 0;
	int status;

	status = pin_for(rd, v, op, &act);
	if (status)
		return status;
	if (op->flags & GNTMAP_host_map)
		status = grant_map_ops->map(v, op->host_addr, act->pg,
					    op->flags);
	if (status) {
		unpin_for(rd, op);
		return status;
	}
	op->dev_bus_addr = paddr_x(mfn_to_paddr(page_to_mfn(act->pg)));
	if (op->flags & GNTMAP_host_map)
		state |= TRACK_HOST;
	if (op->flags & GNTMAP_device_map)
		state |= TRACK_DEVICE;
	t->granter = rd;
	t->ref = op->ref;
	t->flags = op->flags;
	atomic_store(&t->state, state); /* from here on it can be undone */
	return GNTST_okay;
}

static int map_from(struct vcpu *v, struct domain *rd,
		    struct gnttab_map_grant_ref *op)
{
	grant_handle_t handle;
	struct track *t = track_alloc(v, &handle);
	int status;

	if (!t)
		return GNTST_no_space;
	status = map_tracked(v, rd, t, op);
	if (status)
		track_free(v->domain->grants, t, handle);
	else
		op->handle = handle;
	return status;
}

/**
 * grant_map_one() - GNTTABOP_map_grant_ref, one element
 * @v:   the caller, current
 * @arg: struct gnttab_map_grant_ref; handle, dev_bus_addr and status are
 *       written: GNTST_bad_gntref no such entry, or no kind of mapping asked
 *       for; GNTST_bad_domain; GNTST_no_space no handle;
 *       GNTST_general_error the entry does not permit it, a frame of a type
 *       that excludes it, or no place for an entry at host_addr;
 *       GNTST_bad_page the granter's frame is not memory. Flags that are not
 *       defined are ignored.
 *
 * Context: no locks held; takes LOCK_GRANT, LOCK_PAGETABLE. On an error
 * nothing has changed.
 */
void grant_map_one(struct vcpu *v, void *arg)
{
	struct gnttab_map_grant_ref *op = arg;
	struct domain *rd;

	op->status = GNTST_bad_gntref;
	if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map)))
		return;
	/* A domain may map its own grants, but only by its number. */
	op->status = GNTST_bad_domain;
	rd = op->dom == DOMID_SELF ? NULL : domain_get(v->domain, op->dom);
	if (!rd)
		return;
	op->status = (int16_t)map_from(v, rd, op);
	if (op->status)
		domain_put(rd); /* else the handle keeps it */
}

static void flush(struct vcpu *v)
{
	tlb_flush_mask(&v->domain->dirty_cpus, FLUSH_GLOBAL);
}

static void unclaim(struct track *t, uint16_t busy)
{
	if (busy & TRACK_HOST_BUSY)
		(void)track_claim(t, TRACK_HOST_BUSY, TRACK_HOST);
	if (busy & TRACK_DEVICE_BUSY)
		(void)track_claim(t, TRACK_DEVICE_BUSY, TRACK_DEVICE);
}

/**
 * grant_map_undo() - the caller cannot be told its handle: take it back
 * @v:   the caller, current
 * @arg: as grant_map_one() left it, with status GNTST_okay
 *
 * A mapping whose entry is not there any more stays, as with an unmapping.
 *
 * Context: as grant_map_one(), IRQs on.
 */
void grant_map_undo(struct vcpu *v, void *arg)
{
	struct gnttab_map_grant_ref *op = arg;
	struct grant_table *gt = v->domain->grants;
	struct track *t;
	struct page *pg;

	if (op->status)
		return;
	t = track_lookup(gt, op->handle);
	/* Another vCPU may have guessed the handle and been faster; it may even
	 * be that of a later element by now, whose entry is elsewhere. */
	if (track_claim(t, TRACK_HOST, TRACK_HOST_BUSY)) {
		pg = grant_pinned_page(t->granter, t->ref);
		if (grant_map_ops->unmap(v, op->host_addr, page_to_mfn(pg),
					 t->flags)) {
			unclaim(t, TRACK_HOST_BUSY);
			return;
		}
		flush(v);
		grant_map_end(gt, t, op->handle, TRACK_HOST_BUSY);
	}
	if (track_claim(t, TRACK_DEVICE, TRACK_DEVICE_BUSY))
		grant_map_end(gt, t, op->handle, TRACK_DEVICE_BUSY);
}

/* One element of either kind: they differ in what follows host_addr. */
union unmap_op {
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_unmap_and_replace replace;
};

#define SAME_OFFSET(field)                                  \
	(offsetof(struct gnttab_unmap_grant_ref, field) == \
	 offsetof(struct gnttab_unmap_and_replace, field))
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) ==
			       sizeof(struct gnttab_unmap_and_replace) &&
		       SAME_OFFSET(host_addr) && SAME_OFFSET(handle) &&
		       SAME_OFFSET(status),
	       "ABI");

/* @t to be undone in one way more. @busy: the ways that are ours by now. */
static bool claim(struct track *t, unsigned int from, unsigned int to,
		  uint16_t *busy)
{
	if (!track_claim(t, from, to))
		return false;
	*busy |= (uint16_t)to;
	return true;
}

/* What is claimed keeps the grant pinned. */
static int unmap_claimed(struct vcpu *v, const struct track *t, uint16_t busy,
			 const union unmap_op *op, bool replace)
{
	mfn_t mfn = page_to_mfn(grant_pinned_page(t->granter, t->ref));

	if ((busy & TRACK_DEVICE_BUSY) &&
	    op->unmap.dev_bus_addr != paddr_x(mfn_to_paddr(mfn)))
		return GNTST_bad_dev_addr;
	if (!(busy & TRACK_HOST_BUSY))
		return GNTST_okay;
	if (replace)
		return grant_map_ops->replace(v, op->replace.host_addr, mfn,
					      op->replace.new_addr, t->flags);
	return grant_map_ops->unmap(v, op->unmap.host_addr, mfn, t->flags);
}

/* An address for a kind of mapping that the handle has not is ignored.
 * *busy: what is the caller's to end. */
static inline int unmap_begin(struct vcpu *v, const union unmap_op *op,
			      bool replace, uint16_t *busy)
{
	struct track *t = track_lookup(v->domain->grants, op->unmap.handle);
	unsigned int state = t ? READ_ONCE(t->state) : 0;
	int status = GNTST_bad_handle;
	bool host, device;

	*busy = 0;
	if (!(state & TRACK_ANY))
		return status;
	host = (replace || op->unmap.host_addr) &&
	       (state & (TRACK_HOST | TRACK_HOST_BUSY));
	device = !replace && op->unmap.dev_bus_addr &&
		 (state & (TRACK_DEVICE | TRACK_DEVICE_BUSY));
	if ((!host || claim(t, TRACK_HOST, TRACK_HOST_BUSY, busy)) &&
	    (!device || claim(t, TRACK_DEVICE, TRACK_DEVICE_BUSY, busy)))
		status = *busy ? unmap_claimed(v, t, *busy, op, replace)
			       : GNTST_okay;
	if (status) {
		unclaim(t, *busy);
		*busy = 0;
	}
	return status;
}

static void unmap_end(struct grant_table *gt, grant_handle_t handle,
		      uint16_t busy)
{
	struct track *t = track_lookup(gt, handle);

	if (busy & TRACK_HOST_BUSY)
		grant_map_end(gt, t, handle, TRACK_HOST_BUSY);
	if (busy & TRACK_DEVICE_BUSY)
		grant_map_end(gt, t, handle, TRACK_DEVICE_BUSY);
}

/* Entries first, then the TLBs, then what they held, then the answers. */
static __forceinline long unmap_batch(struct vcpu *v, bool replace,
				      guest_ptr_t arg, unsigned int nr)
{
	union unmap_op ops[UNMAP_BATCH];
	uint16_t busy[UNMAP_BATCH];
	unsigned int i, ways = 0;
	unsigned int got = copy_elements_from_guest(ops, arg, sizeof(*ops), nr);

	v->grant_near.region = 0;
	for (i = 0; i < got; i++) {
		ops[i].unmap.status =
			(int16_t)unmap_begin(v, &ops[i], replace, &busy[i]);
		ways |= busy[i];
	}
	if (ways & TRACK_HOST_BUSY)
		flush(v);
	for (i = 0; i < got; i++)
		if (busy[i])
			unmap_end(v->domain->grants, ops[i].unmap.handle,
				  busy[i]);
	if (copy_to_guest(arg, ops, got * sizeof(*ops)) || got < nr)
		return -EFAULT;
	return 0;
}

/**
 * grant_unmap() - GNTTABOP_unmap_grant_ref, GNTTABOP_unmap_and_replace
 * @v:     the caller, current
 * @nr:    which of the two
 * @arg:   guest pointer to an array; each status is written:
 *         GNTST_bad_handle no such mapping; GNTST_bad_dev_addr not its
 *         address; GNTST_general_error it is not mapped there, or the entry
 *         there is one to read and the mapping one to write, or the other way
 *         round: an entry to write must not outlive its mapping. A mapping
 *         that is refused stays as it was.
 * @count: elements
 *
 * Preemptible between batches.
 *
 * Context: IRQs on, no locks held; takes LOCK_GRANT, LOCK_PAGETABLE,
 * LOCK_CALL.
 * Return: 0; -EFAULT an element cannot be read or its status not written:
 *         those before it are done; HYPERCALL_CONTINUED.
 */
long grant_unmap(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		 unsigned long count)
{
	bool replace = nr == GNTTABOP_unmap_and_replace;
	unsigned long done;
	unsigned int n;
	long rc;

	for (done = 0; done < count; done += n) {
		guest_ptr_t at =
			guest_ptr_add(arg, done * sizeof(union unmap_op));

		if (done && hypercall_preempt_check())
			return hypercall_continue(__HYPERVISOR_grant_table_op,
						  3, (unsigned long)nr, at.va,
						  count - done);
		n = (unsigned int)min(count - done, (unsigned long)UNMAP_BATCH);
		rc = unmap_batch(v, replace, at, n);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * grant_table_release_mappings() - a domain lets go of all it had mapped
 * @d: a dying domain; its vCPUs do not run, its page tables are gone
 *
 * Preemptible: next_release remembers how far it came. Others' mappings of its
 * own frames stay.
 *
 * Context: IRQs on, no locks held; takes LOCK_GRANT.
 * Return: 0; -ERESTART stopped: call again.
 */
int grant_table_release_mappings(struct domain *d)
{
	struct grant_table *gt = d->grants;
	struct track *t;

	tlb_flush_mask(&d->dirty_cpus, FLUSH_GLOBAL);
	while ((t = track_lookup(gt, gt->next_release)) != NULL) {
		grant_handle_t handle = gt->next_release++;
		bool some = handle % RELEASE_BATCH == 0;

		if (track_claim(t, TRACK_HOST, TRACK_HOST_BUSY)) {
			grant_map_end(gt, t, handle, TRACK_HOST_BUSY);
			some = true;
		}
		if (track_claim(t, TRACK_DEVICE, TRACK_DEVICE_BUSY)) {
			grant_map_end(gt, t, handle, TRACK_DEVICE_BUSY);
			some = true;
		}
		if (some && hypercall_preempt_check())
			return -ERESTART;
	}
	return 0;
}
