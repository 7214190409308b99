/* SPDX-License-Identifier: MIT */
/*
 * link.c - network interfaces of Dom0, over rtnetlink
 */
#include "link.h"

#include "clock.h"
#include "host.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The kernel's messages are smaller than a page. */
#define MESSAGE_MOST 8192

union message {
	struct nlmsghdr header;
	char bytes[MESSAGE_MOST];
};

static int trouble(struct lodge *l, const char *what, const char *name,
		   int error)
{
	return fail(l, error, "cannot %s the network interface %s: %s", what,
		    name, strerror(error));
}

static bool read_number(const char *path, unsigned int *number)
{
	FILE *f = fopen(path, "re");
	int n = 0;

	if (f) {
		n = fscanf(f, "%u", number);
		fclose(f);
	}
	return n == 1;
}

int link_check_bridge(struct lodge *l, const char *bridge, uint32_t *mtu)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/net/%.32s/bridge", bridge);
	if (strchr(bridge, '/') || access(path, F_OK)) {
		fail(l, ENODEV, "there is no bridge \"%s\" in Dom0", bridge);
		hint(l, "\"ip link add NAME type bridge\" makes one");
		return -ENODEV;
	}
	snprintf(path, sizeof(path), "/sys/class/net/%.32s/mtu", bridge);
	return read_number(path, mtu)
		       ? 0
		       : trouble(l, "read the MTU of", bridge, EIO);
}

/* Until any interface changes. 0; -ETIMEDOUT; -errno */
static int wait_change(struct mnl_socket *events, long end)
{
	struct pollfd p = {
		.fd = mnl_socket_get_fd(events),
		.events = POLLIN,
	};
	long left = end - clock_ms();
	union message m;
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)left);
	if (n <= 0)
		return n && errno != EINTR ? -errno : 0;
	/* Too many of them, ENOBUFS, is a change as well. */
	return mnl_socket_recvfrom(events, &m, sizeof(m)) < 0 &&
			       errno != ENOBUFS
		       ? -errno
		       : 0;
}

int link_wait(struct lodge *l, const char *path, unsigned int ms,
	      unsigned int *index)
{
	struct mnl_socket *events =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	long end = clock_ms() + (long)ms;
	int rc = 0;

	if (!events || mnl_socket_bind(events, RTMGRP_LINK, MNL_SOCKET_AUTOPID))
		rc = -errno;
	while (!rc && !read_number(path, index))
		rc = wait_change(events, end);
	if (events)
		mnl_socket_close(events);
	return rc && rc != -ETIMEDOUT ? trouble(l, "find", path, -rc) : rc;
}

static void fill(union message *m, unsigned int index, unsigned int bridge,
		 const struct link_wish *wish)
{
	static const uint8_t address[6] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct ifinfomsg *info;

	mnl_nlmsg_put_header(m);
	m->header.nlmsg_type = RTM_NEWLINK;
	m->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(&m->header, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)index;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	mnl_attr_put(&m->header, IFLA_ADDRESS, sizeof(address), address);
	mnl_attr_put_u32(&m->header, IFLA_MTU, wish->mtu);
	if (wish->name)
		mnl_attr_put_strz(&m->header, IFLA_IFNAME, wish->name);
	mnl_attr_put_u32(&m->header, IFLA_MASTER, bridge);
}

/* One request; the kernel's answer is 0 or -errno. */
static int ask(union message *m)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	unsigned int port;
	ssize_t n = -1;
	int rc = 0;

	if (!s)
		return -errno;
	if (!mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(s, m, m->header.nlmsg_len) >= 0)
		n = mnl_socket_recvfrom(s, m, sizeof(*m));
	port = mnl_socket_get_portid(s);
	if (n < 0 || mnl_cb_run(m, (size_t)n, 0, port, NULL, NULL) < 0)
		rc = -errno;
	mnl_socket_close(s);
	return rc;
}

int link_set_up(struct lodge *l, const char *name, unsigned int index,
		const struct link_wish *wish)
{
	unsigned int bridge = if_nametoindex(wish->bridge);
	union message m;
	int rc;

	/* 0 would mean: of no bridge. */
	if (!bridge)
		return trouble(l, "find", wish->bridge, ENODEV);
	fill(&m, index, bridge, wish);
	rc = ask(&m);
	return rc ? trouble(l, "set up", name, -rc) : 0;
}
