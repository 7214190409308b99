/* SPDX-License-Identifier: MIT */
/*
 * foreign.h - the second domain that all tests of this guest are about
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <guestkit/domain.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define PEER_MAX_PAGES	  1000
#define PEER_PAGES	  16
#define PEER_GRANT_FRAMES 4

extern struct peer {
	bool made;
	domid_t domid;
	unsigned long mfns[PEER_PAGES];
	uint8_t *window; /* a page of ours that nothing is mapped at */
} peer;

/* Makes it, once. False: the test has been ended as error or skip. */
bool peer_make(void);

#endif /* FOREIGN_H */
