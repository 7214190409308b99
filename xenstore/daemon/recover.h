/* SPDX-License-Identifier: MIT */
/*
 * recover.h - the state that the last daemon left behind
 */
#ifndef XS_RECOVER_H
#define XS_RECOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recover_state {
	uint64_t seq;		/* of the latest record */
	bool snapshot_done;	/* the record that ends a snapshot was there */
	bool too_new;		/* a journal is of a format that we do not know */
};

bool recover_records(const uint8_t *data, size_t size, size_t *end,
		     struct recover_state *s);
int recover(const char *dir, uint64_t *gen, uint64_t *pos);

#endif
