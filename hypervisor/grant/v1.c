/* SPDX-License-Identifier: MIT */
/*
 * v1.c - version 1 of the shared entries
 *
 * The guest withdraws a grant by exchanging flags that show no use for 0. So
 * flags and domain are read as one word, checked, and exchanged for the same
 * word with our marks: either we see the withdrawal or the guest sees the
 * marks. The frame is stable for an honest guest from then on, and read once
 * for a dishonest one. GTF_PWT, GTF_PCD and GTF_PAT are not looked at: only
 * memory is granted, and memory is mapped write-back everywhere.
 */
#include "private.h"

#include <lodge/atomic.h>

_Static_assert(sizeof(struct grant_entry_v1) == 8, "ABI");
_Static_assert(offsetof(struct grant_entry_v1, flags) == 0 &&
		       offsetof(struct grant_entry_v1, domid) == 2,
	       "one word");

#define V1_REFS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

static struct grant_entry_v1 *v1_entry(struct grant_table *gt, grant_ref_t ref)
{
	struct grant_entry_v1 *frame = gt->shared[ref / V1_REFS_PER_FRAME];

	return &frame[ref % V1_REFS_PER_FRAME];
}

static uint32_t *v1_word(struct grant_table *gt, grant_ref_t ref)
{
	return (uint32_t *)(void *)v1_entry(gt, ref);
}

static bool v1_permits(union grant_header h, domid_t domid, bool write)
{
	return (h.flags & GTF_type_mask) == GTF_permit_access &&
	       h.domid == domid && !(write && (h.flags & GTF_readonly));
}

static int v1_mark(struct grant_table *gt, grant_ref_t ref, domid_t domid,
		   bool write, uint16_t *flags)
{
	uint32_t *word = v1_word(gt, ref);
	union grant_header old = {.word = READ_ONCE(*word)}, new;

	do {
		if (!v1_permits(old, domid, write))
			return GNTST_general_error;
		new = old;
		new.flags |= GTF_reading | (write ? GTF_writing : 0);
	} while (!atomic_cmpxchg(word, &old.word, new.word));
	*flags = new.flags;
	return GNTST_okay;
}

static void v1_unmark(struct grant_table *gt, grant_ref_t ref, bool all)
{
	uint16_t marks = GTF_writing | (all ? GTF_reading : 0);

	atomic_fetch_and(&v1_entry(gt, ref)->flags, (uint16_t)~marks);
}

static uint64_t v1_frame(struct grant_table *gt, grant_ref_t ref)
{
	return READ_ONCE(v1_entry(gt, ref)->frame);
}

static void v1_set_frame(struct grant_table *gt, grant_ref_t ref,
			 uint64_t frame)
{
	WRITE_ONCE(v1_entry(gt, ref)->frame, (uint32_t)frame);
}

static void v1_read(struct grant_table *gt, grant_ref_t ref, uint16_t flags,
		    struct grant_what *what)
{
	*what = (struct grant_what){
		.gfn = v1_frame(gt, ref),
		.length = PAGE_SIZE,
	};
}

static void v1_exchange(struct grant_table *gt, grant_ref_t a, grant_ref_t b)
{
	uint64_t *ea = (uint64_t *)(void *)v1_entry(gt, a);
	uint64_t *eb = (uint64_t *)(void *)v1_entry(gt, b);

	atomic_xchg(ea, atomic_xchg(eb, READ_ONCE(*ea)));
}

const struct grant_format grant_format_v1 = {
	.version = 1,
	.refs_per_frame = V1_REFS_PER_FRAME,
	.mark = v1_mark,
	.unmark = v1_unmark,
	.read = v1_read,
	.exchange = v1_exchange,
	.header = v1_word,
	.frame = v1_frame,
	.set_frame = v1_set_frame,
	.frame_bits = 32,
};
