/* SPDX-License-Identifier: MIT */
/*
 * page-type.c - what a frame may be used as: typed, counted references
 *
 * While type references exist the type cannot change; writable, segment and
 * the four table types exclude each other. So no guest can write what the
 * processor reads as a table or a descriptor.
 *
 *                 first get: BUSY while TLBs are flushed and contents checked
 *        +-----------------------+---------------------------+
 *        |                       | ok                        | stopped
 *        |                       v                           v
 *      NONE                  VALIDATED                    PARTIAL
 *    (count 0)              (count >= 1)                 (count 1)
 *        ^                       | last put     any get: BUSY, and goes on
 *        |                       v                           |
 *        +----- release ---- RELEASING <---- abandoned ------+
 *                            (count 1) <---- refused half way (from BUSY)
 *
 * Writable frames have nothing to check or release. They, L1 tables and segment
 * pages are checked and released in one go, without stopping, and are BUSY
 * instead of RELEASING. Rules:
 *
 *  1. BUSY has one owner: the CPU that set it. Everybody else waits for it
 *     where the work is bounded (L1, segment, writable), and is told to come
 *     again (-EINTR) where it is not.
 *  2. The one reference that PARTIAL and RELEASING count is the state's own.
 *     Nobody else holds one: a get that was stopped has taken nothing.
 *     Who stopped it goes on or, if it has come to want something else,
 *     abandons it (pv/mm-stopped.c).
 *  3. nr_validated entries of a table are paid for, from the first on, and no
 *     other. An entry that is not paid never holds a part of a reference:
 *     the table below it, if partial, is PARTIAL by itself.
 *  4. An L2, L3 or L4 with any of these states holds one general reference to
 *     itself, from the first get until it is NONE: no put can free a frame
 *     that is partial or still to be released.
 *  5. A put never stops half way, so it may be made anywhere. A tree is put on
 *     a queue (page_type_ops->release) that a place which can stop works off.
 *  6. On the way to NONE the frame is stamped, when nobody can get it any more
 *     (BUSY, RELEASING): a stamp is never older than the last use. Before the
 *     frame gets another type, each CPU that has not flushed since then does: a
 *     TLB may remember it writable, or (paging-structure caches) as a table.
 *
 * No locks: type_info changes by compare-and-exchange. Interrupts are on, as
 * flushing needs the other CPUs' answer.
 */
#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>

#define CACHE_LINE 64

const struct page_type_ops *page_type_ops;

static enum page_type type_of(uint64_t info)
{
	return (enum page_type)((info & PTI_TYPE_MASK) >> PTI_TYPE_SHIFT);
}

static enum page_type last_of(uint64_t info)
{
	return (enum page_type)((info & PTI_LAST_MASK) >> PTI_LAST_SHIFT);
}

static uint64_t make_type(enum page_type type)
{
	return (uint64_t)type << PTI_TYPE_SHIFT;
}

/* L2 to L4: more work than may be done without stopping. */
static bool is_tree(enum page_type type)
{
	return type >= PT_L2 && type <= PT_L4;
}

/* Rule 6. The frame is BUSY, and @was is its state before. */
static void leave_old_type(struct page *pg, uint64_t was, enum page_type type)
{
	cpumask_t mask = cpu_online_map;
	char *va = page_to_virt(pg);
	unsigned int at;

	if (last_of(was) != PT_NONE && last_of(was) != type) {
		tlb_filter(&mask, READ_ONCE(pg->tlb_stamp));
		if (!cpumask_empty(&mask))
			tlb_flush_mask(&mask, FLUSH_GLOBAL);
	}
	if (!(was & PTI_UNCACHED) || type == PT_WRITABLE)
		return;
	/* What was written past the cache is what the processor will read. */
	for (at = 0; at < PAGE_SIZE; at += CACHE_LINE)
		clflush(va + at);
	atomic_fetch_and(&pg->type_info, ~PTI_UNCACHED);
}

static inline void become_none(struct page *pg, enum page_type type)
{
	uint64_t keep = READ_ONCE(pg->type_info) & PTI_UNCACHED;

	WRITE_ONCE(pg->tlb_stamp, tlb_clock());
	atomic_store(&pg->type_info, (uint64_t)type << PTI_LAST_SHIFT | keep);
	if (is_tree(type))
		page_put(pg);
}

/* BUSY ends: to @state, in one step. */
static void end_busy(struct page *pg, uint64_t state)
{
	uint64_t old = READ_ONCE(pg->type_info);

	while (!atomic_cmpxchg(&pg->type_info, &old, (old & ~PTI_BUSY) | state))
		;
}

/* From BUSY to whatever @rc of the validation says. */
static int end_validation(struct page *pg, enum page_type type, int rc)
{
	if (!rc) {
		end_busy(pg, PTI_VALIDATED);
	} else if (rc == -ERESTART && is_tree(type)) {
		end_busy(pg, PTI_PARTIAL);
	} else if (is_tree(type) && pg->nr_validated) {
		end_busy(pg, PTI_RELEASING);
		page_type_ops->release(pg, type);
	} else {
		become_none(pg, type);
	}
	return rc;
}

/*
 * Is there nothing to do but to count? *@new is to be stored then: it is in
 * force already, or it is to be writable and was nothing else before.
 */
static bool plan_count(uint64_t old, enum page_type type, uint64_t *new)
{
	uint64_t in_force = make_type(type) | PTI_VALIDATED;
	bool is_new = !(old & PTI_COUNT_MASK);

	if (is_new) {
		*new = (old & PTI_UNCACHED) | in_force | 1;
		return type == PT_WRITABLE &&
		       (last_of(old) == PT_NONE || last_of(old) == PT_WRITABLE);
	}
	*new = old + 1;
	return (old & (PTI_TYPE_MASK | PTI_VALIDATED)) == in_force &&
	       (uint32_t)old != PTI_COUNT_MASK;
}

/*
 * What a get makes of @old otherwise: 0: *new is to be stored, and its owner is
 * at work; -EINVAL: refused; -EINTR: somebody else is at work on it; -EAGAIN:
 * by now it is in force.
 */
static int plan_check(uint64_t old, enum page_type type, uint64_t *new)
{
	uint64_t count = old & PTI_COUNT_MASK;

	if (!count) {
		*new = (old & PTI_UNCACHED) | make_type(type) | 1 | PTI_BUSY;
		return 0;
	}
	if (type_of(old) != type || count == PTI_COUNT_MASK)
		return -EINVAL;
	if (old & (PTI_BUSY | PTI_RELEASING))
		return -EINTR;
	if (!(old & PTI_PARTIAL))
		return -EAGAIN;
	*new = (old & ~PTI_PARTIAL) | PTI_BUSY;
	return 0;
}

/* As page_get_type(), when it is not only to be counted, or was not just now.
 */
static __noinline int get_checked(struct page *pg, enum page_type type,
				  bool preemptible)
{
	uint64_t old = READ_ONCE(pg->type_info), new;
	bool first = !(old & PTI_COUNT_MASK);
	int rc = plan_check(old, type, &new);

	if (rc)
		return rc;
	if (is_tree(type) && first && !page_get(pg, pg->owner))
		return -EINVAL;
	if (!atomic_cmpxchg(&pg->type_info, &old, new)) {
		if (is_tree(type) && first)
			page_put(pg);
		return -EAGAIN;
	}
	if (first) {
		leave_old_type(pg, old, type);
		pg->nr_validated = 0;
	}
	if (type != PT_WRITABLE)
		rc = page_type_ops->validate(pg, type, preemptible);
	return end_validation(pg, type, rc);
}

/**
 * page_get_type() - take a type reference, after a check if it is the first
 * @pg:          a frame the caller holds a general reference to
 * @type:        which; not PT_NONE
 * @preemptible: may stop half way. Ignored for types whose check is short
 *
 * A reference to a frame that is checked already costs one atomic operation.
 *
 * Context: interrupts on; no lock above LOCK_PAGETABLE.
 * Return: 0; -EINVAL another type is in use, the count is at its end, or the
 *         contents are refused; -EINTR, -ERESTART: call again, after a look
 *         at the release queue: stopped, or another CPU works on it. On error
 *         the caller has no type reference.
 */
int page_get_type(struct page *pg, enum page_type type, bool preemptible)
{
	uint64_t old, new;
	int rc;

	for (;;) {
		old = READ_ONCE(pg->type_info);
		while (likely(plan_count(old, type, &new)))
			if (likely(atomic_cmpxchg(&pg->type_info, &old, new)))
				return 0;
		rc = get_checked(pg, type, preemptible);
		if (rc == -EINTR && !is_tree(type))
			cpu_relax();
		else if (rc != -EAGAIN)
			return rc;
	}
}

/**
 * page_hold_type() - one more reference of the type in force, whichever it is
 * @pg: a frame the caller holds a general reference to
 *
 * Context: any.
 * Return: the type, now referenced; PT_NONE: there is none, or it is not
 *         (any more) a checked one, or the count is at its end.
 */
enum page_type page_hold_type(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->type_info);

	do {
		uint64_t count = old & PTI_COUNT_MASK;

		if (!(old & PTI_VALIDATED) || !count ||
		    count == PTI_COUNT_MASK || type_of(old) == PT_NONE)
			return PT_NONE;
	} while (!atomic_cmpxchg(&pg->type_info, &old, old + 1));
	return type_of(old);
}

/**
 * page_put_type() - drop a type reference
 * @pg: a frame the caller holds a general and this type reference to
 *
 * The last one releases what a table's entries hold: at once, or by the queue
 * (see rule 5), which the caller should work off before it tells its guest.
 *
 * Context: no lock above LOCK_PAGETABLE.
 */
void page_put_type(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->type_info), new;
	enum page_type type;

	do {
		type = type_of(old);
		BUG_ON(!(old & PTI_COUNT_MASK) || !(old & PTI_VALIDATED));
		if ((old & PTI_COUNT_MASK) > 1) {
			new = old - 1;
			continue;
		}
		BUG_ON(old & PTI_PINNED);
		new = (old & ~PTI_VALIDATED) |
		      (is_tree(type) ? PTI_RELEASING : PTI_BUSY);
	} while (!atomic_cmpxchg(&pg->type_info, &old, new));

	if (!(new &(PTI_RELEASING | PTI_BUSY)))
		return;
	if (type != PT_WRITABLE && type != PT_NONE)
		page_type_ops->release(pg, type);
	if (new &PTI_BUSY)
		become_none(pg, type);
}

/**
 * page_type_released() - a table on the release queue holds nothing any more
 * @pg: RELEASING, nr_validated is 0; may be freed by this
 *
 * Context: as page_put().
 */
void page_type_released(struct page *pg)
{
	BUG_ON(!(pg->type_info & PTI_RELEASING) || pg->nr_validated);
	become_none(pg, page_type(pg));
}

/**
 * page_type_abandon() - release a table whose validation was stopped
 * @pg: a frame the caller holds a general reference to
 *
 * Context: as page_put_type().
 * Return: true: it is on the release queue now; false: it was not PARTIAL.
 */
bool page_type_abandon(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->type_info), new;

	do {
		if (!(old & PTI_PARTIAL))
			return false;
		new = (old & ~PTI_PARTIAL) | PTI_RELEASING;
	} while (!atomic_cmpxchg(&pg->type_info, &old, new));
	page_type_ops->release(pg, type_of(new));
	return true;
}

/**
 * page_note_uncached() - a frame is mapped writable, past the cache
 * @pg: a frame the caller holds a writable type reference to
 *
 * Its cache lines are dropped before the processor uses it as a table: what
 * was checked must be what is in memory.
 *
 * Context: any.
 */
void page_note_uncached(struct page *pg)
{
	atomic_fetch_or(&pg->type_info, PTI_UNCACHED);
}
