/* SPDX-License-Identifier: MIT */
/*
 * link.h - network interfaces of Dom0, over rtnetlink
 */
#ifndef LODGE_LINK_H
#define LODGE_LINK_H

#include <stdint.h>

struct lodge;

/* 0, and its MTU; -ENODEV there is no such bridge; and an error */
int link_check_bridge(struct lodge *l, const char *bridge, uint32_t *mtu);

struct link_wish {
	const char *bridge;
	const char *name; /* NULL: as it is */
	uint32_t mtu;
};

/**
 * link_set_up() - give the back end of a network interface to a bridge
 * @name: as its driver has called it; it appears soon
 *
 * It gets the address fe:ff:ff:ff:ff:ff, which a bridge does not take for its
 * own, and is up.
 *
 * Return: 0; -ETIMEDOUT there is no such interface yet; -ENODEV the bridge
 *         has gone; -EEXIST another one
 *         has the name wished for; -errno. And an error.
 */
int link_set_up(struct lodge *l, const char *name,
		const struct link_wish *wish);

#endif
