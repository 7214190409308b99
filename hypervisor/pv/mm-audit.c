/* SPDX-License-Identifier: MIT */
/*
 * mm-audit.c - recompute counts and types from the tables themselves
 *
 * Rules 1 to 4 of PV memory, checked from outside: every entry that is paid
 * for, pin, root, descriptor frame and state of a table is counted at the frame
 * that it names, and compared with what struct page says. For tables and
 * segment pages the type count must be exact.
 *
 * pv_audit() looks at one domain. General and writable references may be more
 * than found then, as others hold some too (grants, vcpu_info pages, calls
 * under way on other CPUs): the surplus is reported. A host test that has no
 * others wants it to be none. In an audit of everything (<lodge/audit.h>) all
 * who hold references have counted theirs, and every count must be exact.
 *
 * The counts need eight bytes per frame; a large machine is looked at in
 * windows. Nothing is locked: domains do not run meanwhile.
 */
#include "mm.h"

#include <lodge/audit.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define WINDOW_ORDER   10
#define WINDOW_BYTES   (PAGE_SIZE << WINDOW_ORDER)
#define WINDOW_FRAMES  (WINDOW_BYTES / sizeof(struct frame_tally))

static void complain(struct audit *a, const struct page *pg, const char *what)
{
	char state[160];

	page_describe(pg, state, sizeof(state));
	audit_error(a, "%s: %s", what, state);
}

static bool has_type(mfn_t mfn, enum page_type type)
{
	return page_type(mfn_to_page(mfn)) == type;
}

static void count_leaf(struct frame_window *w, const struct page *pt,
		       uint64_t e)
{
	mfn_t mfn = pte_mfn(e);

	if (!(e & PTE_USER))
		complain(w->a, pt, "entry without user bit");
	if (!pte_page(e))
		return;
	audit_count(w, mfn, 1, e & PTE_RW ? 1 : 0);
	if (e & PTE_RW && !has_type(mfn, PT_WRITABLE))
		complain(w->a, mfn_to_page(mfn), "mapped writable");
}

static void count_upper(struct frame_window *w, const struct page *pt,
			uint64_t e, enum page_type level)
{
	mfn_t mfn = pte_mfn(e);

	if (!(e & PTE_USER) || e & PTE_PSE || !mfn_valid(mfn)) {
		complain(w->a, pt, "entry of a wrong form");
		return;
	}
	audit_count(w, mfn, 1, 1);
	if (!has_type(mfn, (enum page_type)(level - 1)) ||
	    mfn_to_page(mfn)->owner != pt->owner)
		complain(w->a, mfn_to_page(mfn), "not fit for the entry above");
}

static void count_entries(struct frame_window *w, const struct page *pt,
			  enum page_type level)
{
	unsigned int i, nr = level == PT_L1 ? PTES_PER_TABLE : pt->nr_validated;

	for (i = 0; i < nr; i++) {
		uint64_t e = pv_pte_read(pt, i);

		if (!(e & PTE_PRESENT) || l4_slot_is_ours(level, i))
			continue;
		if (level == PT_L1)
			count_leaf(w, pt, e);
		else
			count_upper(w, pt, e, level);
	}
}

static bool is_table(enum page_type type)
{
	return type >= PT_L1 && type <= PT_L4;
}

/* What a frame's own state holds, and what its entries do. */
static void count_frame(struct frame_window *w, mfn_t mfn)
{
	const struct page *pg = mfn_to_page(mfn);
	uint64_t count = READ_ONCE(pg->count_info);
	uint64_t type = READ_ONCE(pg->type_info);
	const struct domain *owner = READ_ONCE(pg->owner);

	if (!(count & PCI_COUNT_MASK))
		return;
	if (count & PCI_ALLOCATED)
		audit_count(w, mfn, 1, 0);
	/* Until page_share_end(). */
	if (count & PCI_SHARED && owner && !owner->shares_ended)
		audit_count(w, mfn, 1, 1);
	if (type & PTI_PINNED)
		audit_count(w, mfn, 1, 1);
	if (!(type & PTI_COUNT_MASK) || !is_table(page_type(pg)))
		return;
	if (page_type(pg) != PT_L1)
		audit_count(w, mfn, 1, 0);
	if (type & (PTI_PARTIAL | PTI_RELEASING))
		audit_count(w, mfn, 0, 1);
	if (!(type & PTI_BUSY))
		count_entries(w, pg, page_type(pg));
}

static void count_root(struct frame_window *w, mfn_t root)
{
	if (mfn_eq(root, INVALID_MFN))
		return;
	audit_count(w, root, 1, 1);
	if (!has_type(root, PT_L4))
		complain(w->a, mfn_to_page(root), "a root");
}

static void count_segment(struct frame_window *w, mfn_t mfn)
{
	audit_count(w, mfn, 1, 1);
	if (!has_type(mfn, PT_SEG))
		complain(w->a, mfn_to_page(mfn), "a descriptor page");
}

static void count_vcpu(struct frame_window *w, const struct vcpu *v)
{
	unsigned int i, nr = DIV_ROUND_UP(v->pv->gdt_entries, 512);
	uint64_t *ptes = perdomain_ptes(v->domain, v->id);

	count_root(w, v->pv->kernel_root);
	count_root(w, v->pv->user_root);
	for (i = 0; i < nr; i++)
		count_segment(w, v->pv->gdt_frames[i]);
	for (i = 0; i < 16; i++)
		if (v->pv->ldt_mapped >> i & 1)
			count_segment(w, pte_mfn(ptes[PERDOMAIN_LDT_PAGE + i]));
}

/**
 * pv_audit_frames() - count what all tables and frames hold
 * @w: frames that are counted
 *
 * Entries of a wrong form are told.
 *
 * Context: no locks; takes long.
 */
void pv_audit_frames(struct frame_window *w)
{
	uint64_t mfn;

	for (mfn = 0; mfn < max_mfn; mfn++)
		if (mfn_valid(MFN(mfn)))
			count_frame(w, MFN(mfn));
}

/**
 * pv_audit_domain() - count what the vCPUs of a PV domain hold
 * @w: frames that are counted
 * @d: the domain, whose vCPUs do not change meanwhile
 */
void pv_audit_domain(struct frame_window *w, struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu (d, v, i)
		count_vcpu(w, v);
}

static void compare_exactly(struct frame_window *w, const struct page *pg,
			    const struct frame_tally *t)
{
	uint64_t count = READ_ONCE(pg->count_info);
	uint64_t type = READ_ONCE(pg->type_info);

	if (!pg->owner || !(count & PCI_COUNT_MASK) || type & PTI_BUSY)
		return;
	if ((count & PCI_COUNT_MASK) != t->refs)
		complain(w->a, pg, (count & PCI_COUNT_MASK) < t->refs ?
			 "fewer references than found" :
			 "more references than found");
	if ((type & PTI_COUNT_MASK) != t->types)
		complain(w->a, pg, (type & PTI_COUNT_MASK) < t->types ?
			 "fewer type references than found" :
			 "more type references than found");
}

/**
 * pv_audit_compare() - do all references to frames stand there, and no others?
 * @w: everything that holds some has been counted
 */
void pv_audit_compare(struct frame_window *w)
{
	uint64_t i;

	for (i = 0; i < w->nr; i++)
		if (mfn_valid(MFN(w->first + i)))
			compare_exactly(w, mfn_to_page(MFN(w->first + i)),
					&w->tally[i]);
}

/* ---- one domain ---- */

static void compare_frame(struct frame_window *w, const struct page *pg,
			  const struct frame_tally *t, struct pv_audit *result)
{
	uint64_t refs = READ_ONCE(pg->count_info) & PCI_COUNT_MASK;
	uint64_t type = READ_ONCE(pg->type_info);
	uint64_t types = type & PTI_COUNT_MASK;

	if (!refs || type & PTI_BUSY)
		return;
	result->frames++;
	if (refs < t->refs)
		complain(w->a, pg, "fewer references than found");
	else
		result->spare_refs += refs - t->refs;
	if (types < t->types)
		complain(w->a, pg, "fewer type references than found");
	else if (page_type(pg) == PT_WRITABLE)
		result->spare_writable += types - t->types;
	else if (types != t->types)
		complain(w->a, pg, "more type references than found");
}

static void audit_window(struct frame_window *w, struct domain *d,
			 struct pv_audit *result)
{
	const struct page *pg;
	uint64_t i;

	w->nr = min(max_mfn - w->first, WINDOW_FRAMES);
	memset(w->tally, 0, w->nr * sizeof(*w->tally));
	pv_audit_frames(w);
	pv_audit_domain(w, d);
	for (i = 0; i < w->nr; i++) {
		if (!mfn_valid(MFN(w->first + i)))
			continue;
		pg = mfn_to_page(MFN(w->first + i));
		if (pg->owner == d)
			compare_frame(w, pg, &w->tally[i], result);
	}
}

/**
 * pv_audit() - check the counts and types of a domain's frames
 * @d:      a PV domain whose calls are not under way
 * @result: filled in
 *
 * Broken rules are printed, the first few.
 *
 * Context: no locks; takes long.
 * Return: 0, whatever was found; -ENOMEM.
 */
int pv_audit(struct domain *d, struct pv_audit *result)
{
	struct audit a = { .errors = 0 };
	struct frame_window w = { .a = &a };

	*result = (struct pv_audit){0};
	w.tally = frames_alloc(WINDOW_ORDER, 0);
	if (!w.tally)
		return -ENOMEM;
	for (; w.first < max_mfn; w.first += WINDOW_FRAMES)
		audit_window(&w, d, result);
	frames_free(w.tally, WINDOW_ORDER);
	result->errors = a.errors;
	return 0;
}

static void pause_others(struct domain *d, void (*how)(struct vcpu *v))
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu (d, v, i)
		if (v != current)
			how(v);
}

/* Debug key 'T'. The control domain: the only one that is always there. */
static void audit_key(void)
{
	struct pv_audit r;
	int rc;

	if (!dom0)
		return;
	pause_others(dom0, vcpu_pause);
	rc = pv_audit(dom0, &r);
	pause_others(dom0, vcpu_unpause);
	if (rc)
		printk("audit: no memory\n");
	else
		printk("audit: %s: %lu frames, %lu errors, held by others: "
		       "%lu references, %lu writable\n",
		       dom0->name, r.frames, r.errors, r.spare_refs,
		       r.spare_writable);
}

void pv_audit_init(void)
{
	debug_key_register('T', "audit page types and references", audit_key);
}
