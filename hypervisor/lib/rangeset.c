/* SPDX-License-Identifier: MIT */
/*
 * rangeset.c - sets of numbers, kept as sorted ranges
 *
 * Used for a domain's rights to ports, device memory and interrupts. The
 * ranges are in ascending order and neither overlap nor touch. Sets are small
 * and change rarely, so a sorted array serves.
 * A guest's control domain cannot make a set larger than MAX_RANGES.
 *
 * Locks: each set has its own (LOCK_RANGESET), IRQs on. An answer is true of
 * the moment when it was given.
 */
#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/spinlock.h>

#define FIRST_RANGES	8
#define MAX_RANGES	4096

struct range {
	uint64_t first, last;
};

struct rangeset {
	spinlock_t lock;
	unsigned int nr, room;
	struct range *r;
};

/**
 * rangeset_new() - make an empty set
 *
 * Context: as kmalloc().
 * Return: the set; NULL: no memory.
 */
struct rangeset *rangeset_new(void)
{
	struct rangeset *r = kzalloc(sizeof(*r));

	if (r)
		spin_init(&r->lock, LOCK_RANGESET);
	return r;
}

/**
 * rangeset_free() - free a set
 * @r: the set, may be NULL
 *
 * Context: as kfree().
 */
void rangeset_free(struct rangeset *r)
{
	if (!r)
		return;
	kfree(r->r);
	kfree(r);
}

/* Number of ranges that end before @n: where one with @n is or would be. */
static unsigned int find_range(const struct rangeset *s, uint64_t n)
{
	unsigned int lo = 0, hi = s->nr, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->r[mid].last < n)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Room for one more range. 0; -ENOMEM; -ENOSPC */
static int make_room(struct rangeset *s)
{
	unsigned int room = s->room ? s->room * 2 : FIRST_RANGES;
	struct range *r;

	if (s->nr < s->room)
		return 0;
	if (room > MAX_RANGES)
		return -ENOSPC;
	r = kcalloc(room, sizeof(*r));
	if (!r)
		return -ENOMEM;
	if (s->nr)
		memcpy(r, s->r, s->nr * sizeof(*r));
	kfree(s->r);
	s->r = r;
	s->room = room;
	return 0;
}

/* Replaces ranges @at .. @at + @old - 1 by @new ranges with no contents yet. */
static void resize_at(struct rangeset *s, unsigned int at, unsigned int old,
		      unsigned int new)
{
	if (old == new)
		return;
	memmove(&s->r[at + new], &s->r[at + old],
		(s->nr - at - old) * sizeof(*s->r));
	s->nr = s->nr - old + new;
}

static int add_locked(struct rangeset *r, uint64_t first, uint64_t last)
{
	unsigned int at, end;
	int rc;

	if (last < first)
		return -EINVAL;
	rc = make_room(r);
	if (rc)
		return rc;
	/* All ranges that overlap or touch the new one become one with it. */
	at = find_range(r, first ? first - 1 : 0);
	for (end = at; end < r->nr; end++) {
		if (last != UINT64_MAX && r->r[end].first > last + 1)
			break;
		first = min(first, r->r[end].first);
		last = max(last, r->r[end].last);
	}
	resize_at(r, at, end - at, 1);
	r->r[at] = (struct range){ first, last };
	return 0;
}

/**
 * rangeset_add() - put numbers into a set
 * @r:     the set
 * @first: first number
 * @last:  last number
 *
 * Context: any but interrupts and NMI; takes LOCK_RANGESET.
 * Return: 0; -EINVAL @last is below @first; -ENOMEM; -ENOSPC too many ranges.
 *         On error the set has not changed.
 */
int rangeset_add(struct rangeset *r, uint64_t first, uint64_t last)
{
	int rc;

	spin_lock(&r->lock);
	rc = add_locked(r, first, last);
	spin_unlock(&r->lock);
	return rc;
}

static int remove_locked(struct rangeset *r, uint64_t first, uint64_t last)
{
	struct range keep[2];
	unsigned int at, end, nr = 0;
	int rc;

	if (last < first)
		return -EINVAL;
	at = find_range(r, first);
	for (end = at; end < r->nr && r->r[end].first <= last; end++)
		;
	if (at == end)
		return 0;
	if (r->r[at].first < first)
		keep[nr++] = (struct range){ r->r[at].first, first - 1 };
	if (r->r[end - 1].last > last)
		keep[nr++] = (struct range){ last + 1, r->r[end - 1].last };
	/* Nothing can keep a right from being taken away but a split. */
	rc = nr > end - at ? make_room(r) : 0;
	if (rc)
		return rc;
	resize_at(r, at, end - at, nr);
	memcpy(&r->r[at], keep, nr * sizeof(*keep));
	return 0;
}

/**
 * rangeset_remove() - take numbers out of a set
 * @r:     the set
 * @first: first number
 * @last:  last number; numbers that are not in the set are no error
 *
 * Context: any but interrupts and NMI; takes LOCK_RANGESET.
 * Return: 0; -EINVAL @last is below @first; -ENOMEM or -ENOSPC a range had to
 *         be split. On error the set has not changed.
 */
int rangeset_remove(struct rangeset *r, uint64_t first, uint64_t last)
{
	int rc;

	spin_lock(&r->lock);
	rc = remove_locked(r, first, last);
	spin_unlock(&r->lock);
	return rc;
}

/**
 * rangeset_contains() - are all of these numbers in a set?
 * @r:     the set
 * @first: first number
 * @last:  last number
 *
 * Context: any but interrupts and NMI; takes LOCK_RANGESET.
 * Return: true if each of them is; false too if @last is below @first.
 */
bool rangeset_contains(struct rangeset *r, uint64_t first, uint64_t last)
{
	unsigned int at;
	bool all;

	spin_lock(&r->lock);
	at = find_range(r, first);
	all = first <= last && at < r->nr && r->r[at].first <= first &&
	      r->r[at].last >= last;
	spin_unlock(&r->lock);
	return all;
}
