/* SPDX-License-Identifier: MIT */
/*
 * v2.c - version 2 of the shared entries
 *
 * The guest alone writes the entry, and we alone the status beside it: a word
 * of marks in a frame of its own. The guest withdraws a grant by clearing its
 * flags and then looking at the status; we set the marks and then look at the
 * flags, with a full barrier between the two on both sides: either we see the
 * withdrawal, or the guest sees the marks.
 *
 * Parts of a page (GTF_sub_page) and grants of third domains (GTF_transitive)
 * can be copied from and to, not mapped. GTF_PWT, GTF_PCD and GTF_PAT are not
 * looked at, as in version 1.
 */
#include "private.h"

#include <lodge/atomic.h>

_Static_assert(sizeof(union grant_entry_v2) == 16, "ABI");
_Static_assert(offsetof(union grant_entry_v2, full_page.frame) == 8 &&
		       offsetof(union grant_entry_v2, sub_page.frame) == 8 &&
		       offsetof(union grant_entry_v2, sub_page.page_off) == 4 &&
		       offsetof(union grant_entry_v2, transitive.trans_domid) ==
			       4 &&
		       offsetof(union grant_entry_v2, transitive.gref) == 8,
	       "ABI");

#define V2_REFS_PER_FRAME (PAGE_SIZE / sizeof(union grant_entry_v2))

static union grant_entry_v2 *v2_entry(struct grant_table *gt, grant_ref_t ref)
{
	union grant_entry_v2 *frame = gt->shared[ref / V2_REFS_PER_FRAME];

	return &frame[ref % V2_REFS_PER_FRAME];
}

static grant_status_t *v2_status(struct grant_table *gt, grant_ref_t ref)
{
	return &gt->status[ref / GRANT_STATUS_PER_FRAME]
			  [ref % GRANT_STATUS_PER_FRAME];
}

static uint32_t *v2_word(struct grant_table *gt, grant_ref_t ref)
{
	return (uint32_t *)(void *)v2_entry(gt, ref);
}

static bool v2_permits(union grant_header h, domid_t domid, bool write)
{
	uint16_t type = h.flags & GTF_type_mask;

	return (type == GTF_permit_access || type == GTF_transitive) &&
	       h.domid == domid && !(write && (h.flags & GTF_readonly));
}

static int v2_mark(struct grant_table *gt, grant_ref_t ref, domid_t domid,
		   bool write, uint16_t *flags)
{
	uint16_t marks = GTF_reading | (write ? GTF_writing : 0), old;
	union grant_header h;

	/* An atomic operation, and so the barrier. */
	old = atomic_fetch_or(v2_status(gt, ref), marks);
	h.word = READ_ONCE(*v2_word(gt, ref));
	if (!v2_permits(h, domid, write)) {
		atomic_fetch_and(v2_status(gt, ref), (uint16_t)(~marks | old));
		return GNTST_general_error;
	}
	*flags = h.flags;
	return GNTST_okay;
}

static void v2_unmark(struct grant_table *gt, grant_ref_t ref, bool all)
{
	uint16_t marks = GTF_writing | (all ? GTF_reading : 0);

	atomic_fetch_and(v2_status(gt, ref), (uint16_t)~marks);
}

static uint64_t v2_frame(struct grant_table *gt, grant_ref_t ref)
{
	return READ_ONCE(v2_entry(gt, ref)->full_page.frame);
}

static void v2_set_frame(struct grant_table *gt, grant_ref_t ref,
			 uint64_t frame)
{
	WRITE_ONCE(v2_entry(gt, ref)->full_page.frame, frame);
}

static void v2_read(struct grant_table *gt, grant_ref_t ref, uint16_t flags,
		    struct grant_what *what)
{
	const union grant_entry_v2 *e = v2_entry(gt, ref);

	if ((flags & GTF_type_mask) == GTF_transitive)
		*what = (struct grant_what){
			.length = PAGE_SIZE,
			.transitive = true,
			.domid = READ_ONCE(e->transitive.trans_domid),
			.ref = READ_ONCE(e->transitive.gref),
		};
	else if (flags & GTF_sub_page)
		*what = (struct grant_what){
			.gfn = v2_frame(gt, ref),
			.start = READ_ONCE(e->sub_page.page_off),
			.length = READ_ONCE(e->sub_page.length),
		};
	else
		*what = (struct grant_what){
			.gfn = v2_frame(gt, ref),
			.length = PAGE_SIZE,
		};
}

/* Flags last of all: what they say must be there already. */
static void v2_write(union grant_entry_v2 *e, const uint32_t words[4])
{
	unsigned int i;

	WRITE_ONCE(e->__spacer[0], 0);
	for (i = 3; i > 0; i--)
		WRITE_ONCE(e->__spacer[i], words[i]);
	atomic_store(&e->__spacer[0], words[0]);
}

static void v2_exchange(struct grant_table *gt, grant_ref_t a, grant_ref_t b)
{
	union grant_entry_v2 *ea = v2_entry(gt, a), *eb = v2_entry(gt, b);
	uint32_t wa[4], wb[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		wa[i] = READ_ONCE(ea->__spacer[i]);
		wb[i] = READ_ONCE(eb->__spacer[i]);
	}
	v2_write(ea, wb);
	v2_write(eb, wa);
}

const struct grant_format grant_format_v2 = {
	.version = 2,
	.refs_per_frame = V2_REFS_PER_FRAME,
	.mark = v2_mark,
	.unmark = v2_unmark,
	.read = v2_read,
	.exchange = v2_exchange,
	.header = v2_word,
	.frame = v2_frame,
	.set_frame = v2_set_frame,
	.frame_bits = 64,
};
