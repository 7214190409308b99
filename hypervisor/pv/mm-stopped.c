/* SPDX-License-Identifier: MIT */
/*
 * mm-stopped.c - validations that stopped half way, and who cleans up
 *
 * A get that stops leaves tables PARTIAL (mm/page-type.c), and the call that
 * wanted it is made again. By then it may want something else: another vCPU
 * has changed the entry, or unpinned what it went through. So a vCPU remembers
 * what it has stopped at, one table of each level, and when its operation has
 * ended it gives up whatever is PARTIAL still: on the release queue it goes.
 * Another vCPU that was about to go on with such a table begins anew.
 *
 * No locks: the list is the vCPU's own. It holds no references; a frame that
 * has changed hands since is left alone.
 */
#include "mm.h"

#include <lodge/domain.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>

static void give_up(struct stopped_table *s)
{
	struct page *pg = s->pg;
	struct domain *d;

	if (!pg)
		return;
	s->pg = NULL;
	d = domain_get(NULL, s->owner);
	if (!d)
		return;
	if (page_get(pg, d)) {
		page_type_abandon(pg);
		page_put(pg);
	}
	domain_put(d);
}

/**
 * pv_note_stopped() - a table's validation stops here
 * @pg:   BUSY, about to be PARTIAL
 * @type: PT_L2 to PT_L4
 *
 * Context: interrupts on; no lock above LOCK_PAGETABLE.
 */
void pv_note_stopped(struct page *pg, enum page_type type)
{
	struct vcpu *v = current;
	struct stopped_table *s = &v->stopped[type - PT_L2];

	if (s->pg != pg)
		give_up(s);
	s->pg = pg;
	s->owner = pg->owner->domid;
	v->has_stopped = true;
}

/**
 * pv_give_up_stopped() - an operation has ended: nothing of it stays PARTIAL
 * @v: current
 *
 * The caller works off the release queue before it tells its guest.
 *
 * Context: as page_put_type().
 */
void pv_give_up_stopped(struct vcpu *v)
{
	unsigned int i;

	for (i = 0; i < NR_STOPPED_TABLES; i++)
		give_up(&v->stopped[i]);
	v->has_stopped = false;
}
