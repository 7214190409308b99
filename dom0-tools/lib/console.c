/* SPDX-License-Identifier: MIT */
/*
 * console.c - a guest's console, for a program that shows it
 *
 * The layout is that of docs/misc/console.txt of xen-doc: whoever serves a
 * console makes a pseudo terminal and writes its name to the node "tty". That
 * is followed only where the guest cannot have written it. A first console that
 * lodge-consoled serves has a socket as well, which gives each of its readers
 * all that the guest writes.
 *
 *	WAITING --attach--> ATTACHED (the caller's) --hang-up--> WAITING
 *	   '-- the domain is gone: -ESRCH
 *
 * When a server has died without a word, the name that it wrote stays, and may
 * soon be that of somebody else's terminal. So a name is tried once each time
 * that it is written, and while a socket says that nobody listens only if it
 * is the terminal of a daemon for consoles, which serves in the other's place.
 */
#include "host.h"
#include "store.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/sched.h>

#include "xenstore.h"

static const char token[] = "console", end_token[] = "end";

struct lodge_console {
	struct lodge *l;
	struct xs_handle *events;	/* its own: nobody else's come there */
	unsigned int domid;
	bool written;		/* the node, since its value was tried */
	char tty[64];		/* the node with the terminal's name */
	char socket[64];	/* "": there is none of this console */
};

/* ---- which one ---------------------------------------------------------- */

/* 0, and *type is no longer LODGE_CONSOLE_DEFAULT; -errno, and an error */
static int choose_type(struct lodge *l, unsigned int domid,
		       enum lodge_console_type *type)
{
	char *guest;
	int rc;

	if (*type != LODGE_CONSOLE_DEFAULT)
		return 0;
	rc = store_read(l, &guest, "/libxl/%u/type", domid);
	*type = guest && !strcmp(guest, "hvm") ? LODGE_CONSOLE_SERIAL
					       : LODGE_CONSOLE_PV;
	free(guest);
	return rc;
}

static void name_nodes(struct lodge_console *c, enum lodge_console_type type,
		       unsigned int number)
{
	bool first = type == LODGE_CONSOLE_PV && !number;

	if (first)
		snprintf(c->tty, sizeof(c->tty), "/local/domain/%u/console/tty",
			 c->domid);
	else
		snprintf(c->tty, sizeof(c->tty), "/local/domain/%u/%s/%u/tty",
			 c->domid, type == LODGE_CONSOLE_PV ? "device/console"
							    : "serial",
			 number);
	if (first)
		snprintf(c->socket, sizeof(c->socket), "%s/%u",
			 LODGE_CONSOLE_SOCKETS, c->domid);
}

/* 0; -errno, and an error */
static int start_watching(struct lodge_console *c)
{
	c->events = xs_open(0);
	if (c->events && xs_fileno(c->events) >= 0 &&
	    xs_watch(c->events, c->tty, token) &&
	    xs_watch(c->events, "@releaseDomain", end_token))
		return 0;
	return fail(c->l, errno, "cannot watch %s in the store: %s", c->tty,
		    strerror(errno));
}

int lodge_console_open(struct lodge *l, struct lodge_console **out,
		       unsigned int domid, enum lodge_console_type type,
		       unsigned int number)
{
	struct lodge_console *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return fail(l, ENOMEM, "there is no memory");
	c->l = l;
	c->domid = domid;
	rc = choose_type(l, domid, &type);
	if (!rc) {
		name_nodes(c, type, number);
		rc = start_watching(c);
	}
	if (rc) {
		lodge_console_close(c);
		return fail_because(l, "cannot reach the console of domain %u",
				    domid);
	}
	*out = c;
	return 0;
}

void lodge_console_close(struct lodge_console *c)
{
	if (!c)
		return;
	if (c->events)
		xs_close(c->events);
	free(c);
}

int lodge_console_events(const struct lodge_console *c)
{
	return xs_fileno(c->events);
}

/* ---- to its terminal ---------------------------------------------------- */

/* 0; -errno, and an error: the store cannot be heard any more */
static int take_events(struct lodge_console *c)
{
	char **event;

	while ((event = xs_check_watch(c->events))) {
		c->written |= !strcmp(event[XS_WATCH_TOKEN], token);
		free(event);
	}
	return errno == EAGAIN ? 0
			       : fail(c->l, errno,
				      "the store does not answer: %s",
				      strerror(errno));
}

/* 0; -ESRCH there is no such domain, or not for long; -errno. And an error */
static int check_there(struct lodge_console *c,
		       struct xen_domctl_getdomaininfo *info)
{
	int rc = hv_domain_info(c->l, c->domid, info);

	if (rc == -ESRCH || (!rc && info->flags & XEN_DOMINF_dying))
		rc = fail(c->l, ESRCH, "there is no domain %u any more",
			  c->domid);
	return rc;
}

/* One that is suspended may go on. */
int lodge_console_has_shut_down(struct lodge_console *c)
{
	struct xen_domctl_getdomaininfo info;
	int rc = take_events(c);

	if (!rc)
		rc = check_there(c, &info);
	if (rc)
		return rc;
	return info.flags & XEN_DOMINF_shutdown &&
	       (info.flags >> XEN_DOMINF_shutdownshift &
		XEN_DOMINF_shutdownmask) != SHUTDOWN_suspend;
}

/* 0; -EACCES the guest could have written the name; -errno. And an error */
static int check_rights(struct lodge_console *c)
{
	unsigned int nr = 0, i;
	struct xs_permissions *perms;
	bool theirs;

	perms = xs_get_permissions(c->events, XBT_NULL, c->tty, &nr);
	if (!perms)
		return errno == ENOENT ? -EAGAIN
				       : fail(c->l, errno,
					      "cannot read the rights of %s in "
					      "the store: %s", c->tty,
					      strerror(errno));
	theirs = !nr || perms[0].id;
	for (i = 0; i < nr; i++)
		theirs |= perms[i].id != 0 && perms[i].perms & XS_PERM_WRITE;
	/* The first entry's says what all others may. */
	theirs |= nr && perms[0].perms & XS_PERM_WRITE;
	free(perms);
	return theirs ? fail(c->l, EACCES,
			     "%s in the store can be written by the guest",
			     c->tty)
		      : 0;
}

/* Not negative: a terminal; -EAGAIN it is not there; -errno, and an error */
static int open_terminal(struct lodge_console *c, const char *path)
{
	int fd;

	if (!c->written)
		return -EAGAIN;
	c->written = false;
	if (strncmp(path, "/dev/", 5) || strstr(path, ".."))
		return fail(c->l, EINVAL, "%s in the store names no terminal",
			    c->tty);
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && !isatty(fd)) {
		close(fd);
		return fail(c->l, ENOTTY, "%s is no terminal", path);
	}
	if (fd >= 0)
		return fd;
	/* Its server has ended: there will be another one. */
	if (errno == ENOENT || errno == ENXIO || errno == EIO)
		return -EAGAIN;
	return fail(c->l, errno, "cannot open %s: %s", path, strerror(errno));
}

/*
 * Not negative: a stream of lodge-consoled's; -ENOENT it does not serve this
 * one; -ECONNREFUSED it has died; -EAGAIN it is busy; -errno, and an error
 */
static int open_socket(struct lodge_console *c)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd, error;

	if (!*c->socket)
		return -ENOENT;
	memcpy(to.sun_path, c->socket, sizeof(c->socket));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	if (error == ENOENT || error == ECONNREFUSED || error == EAGAIN)
		return -error;
	return fail(c->l, error, "cannot connect to %s: %s", c->socket,
		    strerror(error));
}

/* As open_terminal(). */
static int open_reachable(struct lodge_console *c, const char *path)
{
	int fd = open_socket(c);

	if (fd == -ECONNREFUSED)
		fd = c->written && terminal_has_server(path) ? -ENOENT
							     : -EAGAIN;
	return fd == -ENOENT ? open_terminal(c, path) : fd;
}

/* As open_terminal(). */
static int open_either(struct lodge_console *c)
{
	char *path;
	int fd;
	int rc = store_read(c->l, &path, "%s", c->tty);

	if (rc)
		return rc;
	fd = -EAGAIN;
	if (path && *path) {
		rc = check_rights(c);
		fd = rc ? rc : open_reachable(c, path);
	}
	free(path);
	return fd;
}

int lodge_console_attach(struct lodge_console *c, int *fd)
{
	struct xen_domctl_getdomaininfo info;
	int rc = take_events(c);

	if (!rc)
		rc = check_there(c, &info);
	if (!rc)
		rc = open_either(c);
	if (rc >= 0)
		*fd = rc;
	else if (rc != -EAGAIN)
		fail_because(c->l, "cannot reach the console of domain %u",
			     c->domid);
	return rc < 0 ? rc : 0;
}
