/* SPDX-License-Identifier: MIT */
/*
 * xen.h - events from guests, and their console's page
 */
#ifndef CONSOLED_XEN_H
#define CONSOLED_XEN_H

#include <stdbool.h>
#include <stdint.h>

struct xencons_interface;

/* One end of an event channel; @came is called with the port masked. */
struct channel {
	int port;		/* ours; -1: there is none */
	void (*came)(struct channel *c);
};

struct console_page {
	struct xencons_interface *ring;	/* NULL: it is not mapped */
	bool granted;		/* by the guest's grant table, or by frame */
};

/* Ends the program if this is no host of guests. */
void xen_open(void);

/* 0; -errno: of a guest's port, or one of the hypervisor's events. */
int channel_bind(struct channel *c, unsigned int domid, uint32_t port);
int channel_bind_virq(struct channel *c, unsigned int virq);
void channel_close(struct channel *c);
void channel_unmask(const struct channel *c);
void channel_notify(const struct channel *c);

/**
 * page_map() - a guest's console
 * @frame: where it is, if the guest's grant table has it not
 *
 * Return: 0; -errno.
 */
int page_map(struct console_page *p, unsigned int domid, uint64_t frame);
void page_unmap(struct console_page *p);

#endif
