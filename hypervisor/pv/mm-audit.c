/* SPDX-License-Identifier: MIT */
/*
 * mm-audit.c - recompute counts and types from the tables themselves
 *
 * Rules 1 to 4 of PV memory, checked from outside: every entry that is paid
 * for, pin, root, descriptor frame and state of a table is counted at the frame
 * that it names, and compared with what struct page says. For tables and
 * segment pages the type count must be exact. General and writable references
 * may be more than found, as others hold some too (grants, vcpu_info pages,
 * calls under way on other CPUs): the surplus is reported. A host test that has
 * no others wants it to be none.
 *
 * The counts need eight bytes per frame; a large machine is looked at in
 * windows. Nothing is locked: the debug key pauses the domain first.
 */
#include "mm.h"

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define WINDOW_ORDER   10
#define WINDOW_FRAMES  ((PAGE_SIZE << WINDOW_ORDER) / sizeof(struct tally))
#define MAX_COMPLAINTS 20

/* What was found at one frame. */
struct tally {
	uint32_t refs, types;
};

struct audit {
	struct domain *d;
	struct tally *tally;
	uint64_t first; /* frame that tally[0] is about */
	struct pv_audit *result;
};

static void complain(struct audit *a, const struct page *pg, const char *what)
{
	char state[160];

	if (a->result->errors++ >= MAX_COMPLAINTS)
		return;
	page_describe(pg, state, sizeof(state));
	printk("audit: %s: %s\n", what, state);
}

static void count_at(struct audit *a, mfn_t mfn, unsigned int refs,
		     unsigned int types)
{
	uint64_t at = mfn_x(mfn) - a->first;

	if (mfn_x(mfn) < a->first || at >= WINDOW_FRAMES)
		return;
	a->tally[at].refs += refs;
	a->tally[at].types += types;
}

static bool has_type(mfn_t mfn, enum page_type type)
{
	return page_type(mfn_to_page(mfn)) == type;
}

static void count_leaf(struct audit *a, const struct page *pt, uint64_t e)
{
	mfn_t mfn = pte_mfn(e);

	if (!(e & PTE_USER))
		complain(a, pt, "entry without user bit");
	if (pv_frame_is_device(mfn))
		return;
	count_at(a, mfn, 1, e & PTE_RW ? 1 : 0);
	if (e & PTE_RW && !has_type(mfn, PT_WRITABLE))
		complain(a, mfn_to_page(mfn), "mapped writable");
}

static void count_upper(struct audit *a, const struct page *pt, uint64_t e,
			enum page_type level)
{
	mfn_t mfn = pte_mfn(e);

	if (!(e & PTE_USER) || e & PTE_PSE || !mfn_valid(mfn)) {
		complain(a, pt, "entry of a wrong form");
		return;
	}
	count_at(a, mfn, 1, 1);
	if (!has_type(mfn, (enum page_type)(level - 1)) ||
	    mfn_to_page(mfn)->owner != pt->owner)
		complain(a, mfn_to_page(mfn), "not fit for the entry above");
}

static void count_entries(struct audit *a, const struct page *pt,
			  enum page_type level)
{
	unsigned int i, nr = level == PT_L1 ? PTES_PER_TABLE : pt->nr_validated;

	for (i = 0; i < nr; i++) {
		uint64_t e = pv_pte_read(pt, i);

		if (!(e & PTE_PRESENT) || l4_slot_is_ours(level, i))
			continue;
		if (level == PT_L1)
			count_leaf(a, pt, e);
		else
			count_upper(a, pt, e, level);
	}
}

static bool is_table(enum page_type type)
{
	return type >= PT_L1 && type <= PT_L4;
}

/* What a frame's own state holds, and what its entries do. */
static void count_frame(struct audit *a, mfn_t mfn)
{
	const struct page *pg = mfn_to_page(mfn);
	uint64_t count = READ_ONCE(pg->count_info);
	uint64_t type = READ_ONCE(pg->type_info);
	const struct domain *owner = READ_ONCE(pg->owner);

	if (!(count & PCI_COUNT_MASK))
		return;
	if (count & PCI_ALLOCATED)
		count_at(a, mfn, 1, 0);
	/* Until page_share_end(). */
	if (count & PCI_SHARED && owner && !domain_is_dying(owner))
		count_at(a, mfn, 1, 1);
	if (type & PTI_PINNED)
		count_at(a, mfn, 1, 1);
	if (!(type & PTI_COUNT_MASK) || !is_table(page_type(pg)))
		return;
	if (page_type(pg) != PT_L1)
		count_at(a, mfn, 1, 0);
	if (type & (PTI_PARTIAL | PTI_RELEASING))
		count_at(a, mfn, 0, 1);
	if (!(type & PTI_BUSY))
		count_entries(a, pg, page_type(pg));
}

static void count_root(struct audit *a, mfn_t root)
{
	if (mfn_eq(root, INVALID_MFN))
		return;
	count_at(a, root, 1, 1);
	if (!has_type(root, PT_L4))
		complain(a, mfn_to_page(root), "a root");
}

static void count_segment(struct audit *a, mfn_t mfn)
{
	count_at(a, mfn, 1, 1);
	if (!has_type(mfn, PT_SEG))
		complain(a, mfn_to_page(mfn), "a descriptor page");
}

static void count_vcpu(struct audit *a, struct vcpu *v)
{
	unsigned int i, nr = DIV_ROUND_UP(v->pv->gdt_entries, 512);
	uint64_t *ptes = perdomain_ptes(v->domain, v->id);

	count_root(a, v->pv->kernel_root);
	count_root(a, v->pv->user_root);
	for (i = 0; i < nr; i++)
		count_segment(a, v->pv->gdt_frames[i]);
	for (i = 0; i < 16; i++)
		if (v->pv->ldt_mapped >> i & 1)
			count_segment(a, pte_mfn(ptes[PERDOMAIN_LDT_PAGE + i]));
}

static void compare_frame(struct audit *a, mfn_t mfn, const struct tally *t)
{
	const struct page *pg = mfn_to_page(mfn);
	uint64_t refs = READ_ONCE(pg->count_info) & PCI_COUNT_MASK;
	uint64_t type = READ_ONCE(pg->type_info);
	uint64_t types = type & PTI_COUNT_MASK;

	if (pg->owner != a->d || !refs || type & PTI_BUSY)
		return;
	a->result->frames++;
	if (refs < t->refs)
		complain(a, pg, "fewer references than found");
	else
		a->result->spare_refs += refs - t->refs;
	if (types < t->types) {
		complain(a, pg, "fewer type references than found");
	} else if (page_type(pg) == PT_WRITABLE) {
		a->result->spare_writable += types - t->types;
	} else if (types != t->types) {
		complain(a, pg, "more type references than found");
	}
}

static void audit_window(struct audit *a)
{
	uint64_t mfn, nr = min(max_mfn - a->first, WINDOW_FRAMES);
	struct vcpu *v;
	unsigned int i;

	memset(a->tally, 0, nr * sizeof(*a->tally));
	for (mfn = 0; mfn < max_mfn; mfn++)
		if (mfn_valid(MFN(mfn)))
			count_frame(a, MFN(mfn));
	for_each_vcpu (a->d, v, i)
		count_vcpu(a, v);
	for (i = 0; i < nr; i++)
		if (mfn_valid(MFN(a->first + i)))
			compare_frame(a, MFN(a->first + i), &a->tally[i]);
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
	struct audit a = {.d = d, .result = result};

	*result = (struct pv_audit){0};
	a.tally = frames_alloc(WINDOW_ORDER, 0);
	if (!a.tally)
		return -ENOMEM;
	for (; a.first < max_mfn; a.first += WINDOW_FRAMES)
		audit_window(&a);
	frames_free(a.tally, WINDOW_ORDER);
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
