/* SPDX-License-Identifier: MIT */
/*
 * xen.c - events from guests, and their console's page
 */
#include "xen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <xen/grant_table.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "loop.h"
#include "say.h"
#include "silent.h"

#define MOST_AT_ONCE 64

static xenevtchn_handle *events;
static xengnttab_handle *grants;
static xenforeignmemory_handle *memory;

/* Who has a port of ours. */
static struct channel **users;
static size_t nr_users;

/* ---- events ------------------------------------------------------------- */

static void take_events(struct source *s, uint32_t which)
{
	unsigned int i;
	int port;

	for (i = 0; i < MOST_AT_ONCE; i++) {
		port = xenevtchn_pending(events);
		if (port < 0)
			return;
		if ((size_t)port < nr_users && users[port])
			users[port]->came(users[port]);
	}
}

static struct source from_events = {.ready = take_events};

void xen_open(void)
{
	int fd;

	events = xenevtchn_open(&silent_logger, 0);
	grants = xengnttab_open(&silent_logger, 0);
	memory = xenforeignmemory_open(&silent_logger, 0);
	if (!events || !grants || !memory)
		die("cannot reach guests: %s; is this Dom0?", strerror(errno));
	fd = xenevtchn_fd(events);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		die("cannot wait for events: %s", strerror(errno));
	from_events.fd = fd;
	loop_want(&from_events, EPOLLIN);
}

static int remember(struct channel *c, int port)
{
	size_t needed = (size_t)port + 1;
	struct channel **more;

	if (needed > nr_users) {
		more = realloc(users, needed * sizeof(*more));
		if (!more) {
			xenevtchn_unbind(events, (evtchn_port_t)port);
			return -ENOMEM;
		}
		memset(more + nr_users, 0,
		       (needed - nr_users) * sizeof(*more));
		users = more;
		nr_users = needed;
	}
	users[port] = c;
	c->port = port;
	return 0;
}

int channel_bind(struct channel *c, unsigned int domid, uint32_t port)
{
	int ours = xenevtchn_bind_interdomain(events, domid, port);

	return ours < 0 ? -errno : remember(c, ours);
}

int channel_bind_virq(struct channel *c, unsigned int virq)
{
	int ours = xenevtchn_bind_virq(events, virq);

	return ours < 0 ? -errno : remember(c, ours);
}

void channel_close(struct channel *c)
{
	if (c->port < 0)
		return;
	xenevtchn_unbind(events, (evtchn_port_t)c->port);
	users[c->port] = NULL;
	c->port = -1;
}

void channel_unmask(const struct channel *c)
{
	if (c->port >= 0)
		xenevtchn_unmask(events, (evtchn_port_t)c->port);
}

void channel_notify(const struct channel *c)
{
	if (c->port >= 0)
		xenevtchn_notify(events, (evtchn_port_t)c->port);
}

/* ---- pages -------------------------------------------------------------- */

int page_map(struct console_page *p, unsigned int domid, uint64_t frame)
{
	xen_pfn_t pfn = frame;

	p->granted = true;
	p->ring = xengnttab_map_grant_ref(grants, domid,
					  GNTTAB_RESERVED_CONSOLE,
					  PROT_READ | PROT_WRITE);
	if (p->ring)
		return 0;
	p->granted = false;
	p->ring = xenforeignmemory_map(memory, domid, PROT_READ | PROT_WRITE,
				       1, &pfn, NULL);
	return p->ring ? 0 : -errno;
}

void page_unmap(struct console_page *p)
{
	if (!p->ring)
		return;
	if (p->granted)
		xengnttab_unmap(grants, p->ring, 1);
	else
		xenforeignmemory_unmap(memory, p->ring, 1);
	p->ring = NULL;
}
