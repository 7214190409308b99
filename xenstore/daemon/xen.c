/* SPDX-License-Identifier: MIT */
/*
 * xen.c - what the daemon needs of the hypervisor, over the stable libraries
 *
 * A ring page is mapped through entry 1 of its domain's grant table, which the
 * ABI reserves for it; a domain whose builder did not fill that entry has its
 * page mapped as foreign memory. Dom0's page and port come from files of Linux.
 *
 * No stable library tells whether a domain lives, so that question is put as
 * the hypercall itself, at the interface version of the installed header.
 */
#define _GNU_SOURCE
#define __XEN_TOOLS__ 1
#include "xen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "log.h"

#define PAGE 4096

static xenevtchn_handle *evtchn;
static xengnttab_handle *gnttab;
static xenforeignmemory_handle *foreign;
static xencall_handle *call;
static int virq_port = -1;

/**
 * xen_open() - connect to the hypervisor
 *
 * Return: 0, or the errno of the first interface that cannot be opened.
 */
int xen_open(void)
{
	evtchn = xenevtchn_open(NULL, 0);
	if (!evtchn)
		return errno;
	/* xen_pending() asks until there is nothing more. */
	if (fcntl(xenevtchn_fd(evtchn), F_SETFL, O_RDWR | O_NONBLOCK))
		return errno;
	gnttab = xengnttab_open(NULL, 0);
	foreign = xenforeignmemory_open(NULL, 0);
	call = xencall_open(NULL, 0);
	if (!gnttab || !foreign || !call)
		return errno;
	virq_port = xenevtchn_bind_virq(evtchn, VIRQ_DOM_EXC);
	return virq_port < 0 ? errno : 0;
}

bool xen_present(void)
{
	return virq_port >= 0;
}

int xen_event_fd(void)
{
	return xenevtchn_fd(evtchn);
}

/* The next port that was signalled, unmasked again; -1: none. */
int xen_pending(void)
{
	int port = xenevtchn_pending(evtchn);

	if (port >= 0 && xenevtchn_unmask(evtchn, (evtchn_port_t)port))
		log_error("event channel %d: %s", port, strerror(errno));
	return port;
}

/**
 * xen_map_ring() - map a domain's ring page
 * @gfn: frame that INTRODUCE named
 *
 * Return: the page, or NULL with errno.
 */
void *xen_map_ring(uint16_t domid, uint64_t gfn)
{
	xen_pfn_t pfn = gfn;
	void *page;
	int err = 0;

	page = xengnttab_map_grant_ref(gnttab, domid,
				       GNTTAB_RESERVED_XENSTORE,
				       PROT_READ | PROT_WRITE);
	if (page)
		return page;
	page = xenforeignmemory_map(foreign, domid, PROT_READ | PROT_WRITE, 1,
				    &pfn, &err);
	if (page && err) {
		xenforeignmemory_unmap(foreign, page, 1);
		errno = -err;
		page = NULL;
	}
	return page;
}

/**
 * xen_map_dom0() - map the ring page of the domain that we run in
 * @port: its end of the event channel
 *
 * Return: the page, or NULL with errno: its kernel offers none.
 */
void *xen_map_dom0(uint32_t *port)
{
	char text[16] = "";
	void *page;
	int fd;

	fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	*port = (uint32_t)strtoul(text, NULL, 10);
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

/* Unmap what either of the above mapped. */
void xen_unmap_ring(uint16_t domid, void *page)
{
	if (!domid)
		munmap(page, PAGE);
	else if (xengnttab_unmap(gnttab, page, 1))
		xenforeignmemory_unmap(foreign, page, 1);
}

/* Return: our end of a channel to a domain's port; -1 with errno. */
int xen_bind(uint16_t domid, uint32_t remote)
{
	return xenevtchn_bind_interdomain(evtchn, domid, remote);
}

void xen_unbind(int port)
{
	xenevtchn_unbind(evtchn, (evtchn_port_t)port);
}

void xen_notify(int port)
{
	xenevtchn_notify(evtchn, (evtchn_port_t)port);
}

/* Is this the port that tells that some domain changed its state? */
bool xen_is_domain_virq(int port)
{
	return port == virq_port;
}

enum xen_domain_state xen_domain_state(uint16_t domid)
{
	struct xen_domctl *ctl = xencall_alloc_buffer(call, sizeof(*ctl));
	enum xen_domain_state state = XEN_DOMAIN_UNKNOWN;
	uint32_t flags;

	if (!ctl)
		return state;
	memset(ctl, 0, sizeof(*ctl));
	ctl->cmd = XEN_DOMCTL_getdomaininfo;
	ctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	ctl->domain = domid;
	if (xencall1(call, __HYPERVISOR_domctl, (uintptr_t)ctl)) {
		/* ESRCH: none of this number, and none after it. */
		if (errno == ESRCH)
			state = XEN_DOMAIN_GONE;
		else
			log_error("getdomaininfo: %s", strerror(errno));
	} else if (ctl->domain != domid) {
		state = XEN_DOMAIN_GONE;
	} else {
		flags = ctl->u.getdomaininfo.flags;
		state = flags & XEN_DOMINF_dying ? XEN_DOMAIN_GONE :
			flags & XEN_DOMINF_shutdown ? XEN_DOMAIN_SHUTDOWN :
			XEN_DOMAIN_ALIVE;
	}
	xencall_free_buffer(call, ctl);
	return state;
}
