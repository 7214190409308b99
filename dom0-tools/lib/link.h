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

/*
 * Until there is an interface, whose number sysfs has in the file @path: below
 * its device, as another one may have its name. 0, and *index; -ETIMEDOUT,
 * without an error; -errno, and an error.
 */
int link_wait(struct lodge *l, const char *path, unsigned int ms,
	      unsigned int *index);

struct link_wish {
	const char *bridge;
	const char *name;	/* NULL: as it is */
	uint32_t mtu;
};

/**
 * link_set_up() - give the back end of a network interface to a bridge
 * @name:  as its driver has called it
 * @index: which it is, whoever has that name by now
 *
 * It gets the address fe:ff:ff:ff:ff:ff, which a bridge does not take for its
 * own, and is up.
 *
 * Return: 0; -ENODEV there is no such interface or bridge any more; -EEXIST
 *         another one has the name wished for; -errno. And an error.
 */
int link_set_up(struct lodge *l, const char *name, unsigned int index,
		const struct link_wish *wish);

#endif
