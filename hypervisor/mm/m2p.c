/* SPDX-License-Identifier: MIT */
/*
 * m2p.c - the machine-to-physical table
 *
 * One 64-bit number per machine frame: the owner's name for it, or
 * M2P_INVALID. Guests read it through the read-only alias at RO_M2P_BASE. It
 * is sparse: a chunk of 2 MiB covers 1 GiB of memory and is there only if some
 * of that is memory; elsewhere the alias faults into the guest.
 *
 * No locks: entries are single stores; what they mean is between the owner of
 * the frame and itself.
 */
#include "private.h"

#include <lodge/bug.h>

#define M2P_CHUNK_SHIFT	18	/* frames per chunk, as a power of two */
#define M2P_CHUNKS	((DIRECTMAP_END - DIRECTMAP_BASE) >> PAGE_SHIFT >>    \
			 M2P_CHUNK_SHIFT)

#define m2p_table ((uint64_t *)M2P_BASE)

/* First frame of each chunk, 0: not there. [I] after boot */
static uint32_t chunk_mfns[M2P_CHUNKS];

_Static_assert((DIRECTMAP_END - DIRECTMAP_BASE) >> PAGE_SHIFT <= 1UL << 32,
	       "frame numbers have 32 bits");

/* The chunk is mapped now, at frame @mfn. */
void m2p_init_chunk(uint64_t nr, uint64_t mfn)
{
	uint64_t i, first = nr << M2P_CHUNK_SHIFT;

	chunk_mfns[nr] = (uint32_t)mfn;
	for (i = 0; i < 1UL << M2P_CHUNK_SHIFT; i++)
		m2p_table[first + i] = M2P_INVALID;
}

bool m2p_has_chunk(uint64_t nr)
{
	return nr < M2P_CHUNKS && chunk_mfns[nr];
}

/**
 * m2p_set() - name a frame
 * @mfn: mfn_valid()
 * @pfn: its owner's number for it, or M2P_INVALID
 */
void m2p_set(mfn_t mfn, uint64_t pfn)
{
	ASSERT(mfn_valid(mfn));
	WRITE_ONCE(m2p_table[mfn_x(mfn)], pfn);
}

/**
 * m2p_get() - a frame's name
 * @mfn: any number
 *
 * Return: what was set last; M2P_INVALID if nothing was, or if the frame is
 *         not memory.
 */
uint64_t m2p_get(mfn_t mfn)
{
	if (!m2p_has_chunk(mfn_x(mfn) >> M2P_CHUNK_SHIFT))
		return M2P_INVALID;
	return READ_ONCE(m2p_table[mfn_x(mfn)]);
}

/**
 * m2p_frame() - where a chunk of the table lies
 * @nr:  which, counted from the table's beginning, in 2 MiB
 * @mfn: its first frame; 0 for a chunk that is not there
 *
 * Return: true; false: the table is not that long.
 */
bool m2p_frame(unsigned int nr, mfn_t *mfn)
{
	if ((uint64_t)nr << M2P_CHUNK_SHIFT >= max_mfn)
		return false;
	*mfn = MFN(chunk_mfns[nr]);
	return true;
}
