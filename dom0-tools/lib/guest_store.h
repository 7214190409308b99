/* SPDX-License-Identifier: MIT */
/*
 * guest_store.h - what the store says of a guest
 *
 * The layout is that which Debian's tools write and read
 * (docs/misc/xenstore-paths of xen-doc): xl finds our guests, we find its.
 */
#ifndef LODGE_GUEST_STORE_H
#define LODGE_GUEST_STORE_H

#include "pv_build.h"

#include <stdbool.h>
#include <stdint.h>

struct guest_devices;
struct lodge;
struct lodge_domain_config;
struct record;
struct restart;
struct store_change;

#define UUID_TEXT 37		/* with its end */

struct guest_record {
	unsigned int domid;
	uint8_t uuid[16];
	const struct lodge_domain_config *config;
	const struct pv_rings *rings;
	const struct guest_devices *devices;
	const char *guest_os;
	const struct record *kept;
	const struct restart *again;	/* NULL: it is no restart */
};

void uuid_text(char text[UUID_TEXT], const uint8_t uuid[16]);

/**
 * guest_store_write() - tell of a guest, all at once
 *
 * Return: 0; -EEXIST another one has its name; -ECANCELED its restart has been
 *         given up; -errno. And an error.
 */
int guest_store_write(struct lodge *l, const struct guest_record *r);

/*
 * A node that is written makes those above it: not of a domain that is gone.
 * 0; -ESRCH; -errno. And an error
 */
int guest_store_check(struct lodge *l, struct store_change *t,
		      unsigned int domid);

/* The guest's ring is the store's from now on. 0; -errno, and an error */
int guest_store_introduce(struct lodge *l, const struct guest_record *r);

/* All that is said of a domain that is gone, and that it is being ended. 0; -errno, and an error */
int guest_store_forget(struct lodge *l, unsigned int domid,
		       const uint8_t uuid[16]);

#endif
