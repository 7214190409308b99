/* SPDX-License-Identifier: MIT */
/*
 * record.h - what is kept of a guest, so that it can be made anew
 *
 *	/libxl/DOMID/lodge/		of a domain that there is
 *		config/N		its settings, in pieces
 *		life			"BEGUN QUICK SEED"
 *		left			why nobody acts at its end, if so
 *
 * All of it is Dom0's alone, and comes and goes with the domain's other nodes,
 * whoever ends it. What is between the end of one domain and the start of the
 * next is kept elsewhere (restart.h), in the same form.
 */
#ifndef LODGE_RECORD_H
#define LODGE_RECORD_H

#include "guest_devices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lodge;
struct store_change;

#define RECORD_PATH "/libxl/%u/lodge"
#define RECORD_MOST (64 << 10)	/* bytes of settings */

struct record {
	char *text;		/* settings; NULL: nothing is kept */
	uint64_t begun_s;	/* since the host's start */
	unsigned int quick;	/* in a row, those before it that ended soon */
	uint8_t seed[GUEST_SEED];
};

uint64_t record_now_s(void);

/* Below the directory @base. As store_put(); -EFBIG. And an error */
int record_put(struct lodge *l, struct store_change *t, const char *base,
	       const struct record *r);

/*
 * To be given to record_free(). 0; -ENOENT nothing is kept there; -EBADMSG it
 * makes no sense; -errno. And an error
 */
int record_get(struct lodge *l, struct store_change *t, const char *base,
	       struct record *r);
void record_free(struct record *r);

/* Nobody acts at the end of a domain any more. As store_put() */
int record_leave(struct store_change *t, unsigned int domid, const char *why);
/* Is it so? *left is false if nothing is kept of it. As store_get() */
int record_is_left(struct store_change *t, unsigned int domid, bool *left);

#endif
