/* SPDX-License-Identifier: MIT */
/*
 * peer.h - an unprivileged domain that answers
 *
 * It blocks. An event makes it send one back; if told to, it makes calls
 * first, or yields for ever after. Its frames from PEER_FRAME on are there to
 * be granted; it has granted nothing itself, peer_grant() writes its table.
 */
#ifndef PAIRS_PEER_H
#define PAIRS_PEER_H

#include <guestkit/program.h>

enum peer_mode { PEER_BLOCKS, PEER_YIELDS, PEER_CALLS };

/* Shared with its code, which knows the offsets. */
struct peer_data {
	uint64_t mode;		/* ours: PEER_ */
	uint64_t count;		/* its: yields, and upcalls */
	uint64_t calls;		/* ours: how many to make between marks */
	uint64_t ticks;		/* its: what they took */
	uint32_t port;		/* ours: its port, below 64 */
};

#define PEER_FRAMES 32

struct peer {
	struct program program;
	domid_t domid;
	evtchn_port_t port;	/* ours, to its */
	unsigned long mfns[PEER_FRAMES];
	volatile struct peer_data *data;
};

/* All of it; it runs and blocks. Return: 0; or the errno of what failed. */
long peer_build(struct peer *peer);
/* Its entry @ref lets us use its frame @i, for writing too. */
void peer_grant(const struct peer *peer, grant_ref_t ref, unsigned int i);
/* Destroy it. Nothing of it may be mapped by grants. Return: errno. */
long peer_destroy(struct peer *peer);

#endif
