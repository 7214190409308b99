/* SPDX-License-Identifier: MIT */
/*
 * attached.h - the devices that a guest has, as far as they are ours to end
 */
#ifndef LODGE_ATTACHED_H
#define LODGE_ATTACHED_H

#include "device.h"

struct attached {
	struct attached *next;
	struct device d;
	char kind[32];
	char loop[64]; /* in sysfs while it serves; "": none */
};

/**
 * attached_find() - all devices of a guest, but for its console
 * @list: to be given to attached_free(), always
 *
 * Return: 0; -EOPNOTSUPP one was set up by a script, or is not served by
 *         Dom0's kernel; -ENOMEM; -errno. And an error.
 */
int attached_find(struct lodge *l, unsigned int domid, struct attached **list);

/* One of them. As attached_find(); -ENOENT there is no such device */
int attached_find_one(struct lodge *l, const struct device *d,
		      struct attached **list);

void attached_free(struct attached *list);

#endif
