/* SPDX-License-Identifier: MIT */
/*
 * recover.h - the state that the last daemon left behind
 */
#ifndef XS_RECOVER_H
#define XS_RECOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unpacker;

struct recover_state {
	uint64_t seq;		/* of the latest record */
	uint64_t nodes;		/* of the snapshot, so far */
	struct unpacker *tree;	/* of the snapshot that is being read */
	bool snapshot_done;	/* the record that ends a snapshot was there */
};

bool recover_records(const uint8_t *data, size_t size, size_t *end,
		     struct recover_state *s);
int recover(const char *dir, uint64_t *gen, uint64_t *pos);

#endif
