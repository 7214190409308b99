/* SPDX-License-Identifier: MIT */
/*
 * domain.h - a second domain, made by the control domain
 *
 * It is there to own memory, page tables and a grant table; program.h has one
 * run.
 */
#ifndef GUESTKIT_DOMAIN_H
#define GUESTKIT_DOMAIN_H

#include <guestkit/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

/* One domctl about @domid; what comes back is in @op. */
long domain_control(unsigned int cmd, domid_t domid, struct xen_domctl *op);

/**
 * domain_create() - a paravirtual domain without memory, paused,
 *                   with one vCPU that is down
 * @max_pages:     what it may own
 * @grant_frames:  limit of its grant table, -1: the default
 * @grant_version: highest version of the table
 *
 * Return: its number; or the errno of the domctl.
 */
long domain_create(unsigned int max_pages, int grant_frames,
		   unsigned int grant_version);

/* Destroy it, however often that must be asked for. Return: errno. */
long domain_destroy(domid_t domid);

/* -1: it is gone; else its XEN_DOMINF_ flags; @pages: what it owns. */
long domain_state(domid_t domid, unsigned long *pages);

/* Populate its pfns from @pfn on; @mfns: where. Return: how many. */
long domain_populate(domid_t domid, unsigned long pfn, unsigned long *mfns,
		     unsigned int nr, unsigned int order);

/* Map frame @mfn of @domid at @virt, by mmu_update, which flushes nothing.
 * Return: errno. */
long domain_map(domid_t domid, void *virt, unsigned long mfn, uint64_t flags);

/* Frame @mfn of @domid in place of a page of our own. Return: where; NULL:
 * refused. */
void *domain_show(domid_t domid, unsigned long mfn);
/* Our page is there again, and free. Return: errno. */
long domain_hide(void *at);

/* Frames of its grant table (@id 1: of the status) from @first on. */
long domain_acquire(domid_t domid, unsigned int id, unsigned int first,
		    unsigned long *mfns, unsigned int nr);

/* The machine's free frames, and how many of them are claimed. */
bool machine_free_pages(unsigned long *pages, unsigned long *claimed);

#endif /* GUESTKIT_DOMAIN_H */
