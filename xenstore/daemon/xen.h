/* SPDX-License-Identifier: MIT */
/*
 * xen.h - what the daemon needs of the hypervisor
 */
#ifndef XS_XEN_H
#define XS_XEN_H

#include <stdbool.h>
#include <stdint.h>

enum xen_domain_state {
	XEN_DOMAIN_GONE,	/* there is none, or it is dying */
	XEN_DOMAIN_SHUTDOWN,
	XEN_DOMAIN_ALIVE,
	XEN_DOMAIN_UNKNOWN,	/* the hypervisor would not say */
};

int xen_open(void);
bool xen_present(void);
int xen_event_fd(void);
int xen_pending(void);
void *xen_map_ring(uint16_t domid, uint64_t gfn);
void *xen_map_dom0(uint32_t *port);
void xen_unmap_ring(uint16_t domid, void *page);
int xen_bind(uint16_t domid, uint32_t remote);
void xen_unbind(int port);
void xen_notify(int port);
bool xen_is_domain_virq(int port);
enum xen_domain_state xen_domain_state(uint16_t domid);

#endif
