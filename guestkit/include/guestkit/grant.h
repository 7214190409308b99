/* SPDX-License-Identifier: MIT */
/*
 * grant.h - the guest's own grant table, version 1
 */
#ifndef GUESTKIT_GRANT_H
#define GUESTKIT_GRANT_H

#include <guestkit/xen.h>

/* The first frame of the table: 512 entries. */
extern volatile struct grant_entry_v1 *grant_table;

/* Set one frame up and map it. Return: errno. */
long grant_set_up(void);

/* Fill entry @ref: @dom may use @mfn, with @flags of GTF_*. */
void grant_give(grant_ref_t ref, domid_t dom, unsigned long mfn,
		unsigned int flags);

/* Take entry @ref back; false while it is in use. */
bool grant_take_back(grant_ref_t ref);

#endif /* GUESTKIT_GRANT_H */
