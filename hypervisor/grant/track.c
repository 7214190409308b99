/* SPDX-License-Identifier: MIT */
/*
 * track.c - handles: what a domain has mapped
 *
 * Each vCPU has a list of free handles, linked by number. Only that vCPU takes
 * from it, while it makes a hypercall; whoever undoes a mapping puts the
 * handle back where it came from. With one taker a list needs no lock: the
 * head that the taker has read cannot be taken and put back by another.
 * Handles are made by the chunk, of one frame, when a list is empty.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>

struct track *track_lookup(struct grant_table *gt, grant_handle_t handle)
{
	struct track *chunk;

	if (handle / TRACKS_PER_CHUNK >= atomic_load(&gt->nr_chunks))
		return NULL;
	chunk = gt->tracks[handle / TRACKS_PER_CHUNK];
	return &chunk[handle % TRACKS_PER_CHUNK];
}

static struct track *pop(struct grant_table *gt, uint32_t *head,
			 grant_handle_t *handle)
{
	uint32_t first = atomic_load(head);
	struct track *t;

	do {
		if (!first)
			return NULL;
		t = track_lookup(gt, first - 1);
	} while (!atomic_cmpxchg(head, &first, READ_ONCE(t->next)));
	*handle = first - 1;
	return t;
}

void track_free(struct grant_table *gt, struct track *t, grant_handle_t handle)
{
	uint32_t *head = &gt->free_tracks[t->home];
	uint32_t first = atomic_load(head);

	ASSERT(!(t->state & TRACK_ANY));
	do {
		WRITE_ONCE(t->next, first);
	} while (!atomic_cmpxchg(head, &first, handle + 1));
}

/* Lock held. */
static struct track *add_chunk(struct grant_table *gt)
{
	struct track *chunk;

	if (gt->nr_chunks == gt->max_chunks)
		return NULL;
	chunk = frames_alloc(0, MEMF_ZERO);
	if (!chunk)
		return NULL;
	gt->tracks[gt->nr_chunks] = chunk;
	return chunk;
}

/* The list of @v is empty: a chunk for it. False: no more. */
static bool refill(struct grant_table *gt, const struct vcpu *v)
{
	struct track *chunk;
	grant_handle_t first;
	unsigned int i;

	spin_lock(&gt->lock);
	first = gt->nr_chunks * TRACKS_PER_CHUNK;
	chunk = add_chunk(gt);
	if (chunk)
		atomic_store(&gt->nr_chunks, gt->nr_chunks + 1);
	spin_unlock(&gt->lock);
	if (!chunk)
		return false;
	for (i = TRACKS_PER_CHUNK; i-- > 0;) {
		chunk[i].home = (uint16_t)v->id;
		track_free(gt, &chunk[i], first + i);
	}
	return true;
}

struct track *track_alloc(struct vcpu *v, grant_handle_t *handle)
{
	struct grant_table *gt = v->domain->grants;
	uint32_t *head = &gt->free_tracks[v->id];
	struct track *t = pop(gt, head, handle);

	if (!t && refill(gt, v))
		t = pop(gt, head, handle);
	return t;
}

bool track_claim(struct track *t, unsigned int from, unsigned int to)
{
	uint16_t old = READ_ONCE(t->state);

	do {
		if ((old & from) != from)
			return false;
	} while (!atomic_cmpxchg(&t->state, &old,
				 (uint16_t)((old & ~from) | to)));
	return true;
}

bool track_release(struct track *t, unsigned int bits)
{
	uint16_t old = atomic_fetch_and(&t->state, (uint16_t)~bits);

	return !(old & ~bits & TRACK_ANY);
}

void tracks_destroy(struct grant_table *gt)
{
	unsigned int i;

	for (i = 0; i < gt->nr_chunks; i++)
		frames_free(gt->tracks[i], 0);
	kfree(gt->tracks);
	kfree(gt->free_tracks);
}
