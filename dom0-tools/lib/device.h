/* SPDX-License-Identifier: MIT */
/*
 * device.h - a paravirtual device: two ends that meet in the store
 *
 * The nodes of the guest's end, of the back end in Dom0, and a record of the
 * latter where no driver writes, for the tools. States: <xen/io/xenbus.h>.
 */
#ifndef LODGE_DEVICE_H
#define LODGE_DEVICE_H

#include "liblodge.h"

struct store_change;

#define DEVICE_FRONT_PATH   "/local/domain/%u/device/%s/%u"
#define DEVICE_BACK_PATH    "/local/domain/0/backend/%s/%u/%u"
#define DEVICE_RECORD_PATH  "/libxl/%u/device/%s/%u"
#define DEVICE_TROUBLE_PATH "/local/domain/0/error/backend/%s/%u/%u"

/* Drivers answer in milliseconds, on a loaded host in seconds. */
#define DEVICE_DEADLINE_MS	30000

struct device {
	const char *kind; /* "vbd", "vif" */
	unsigned int domid, devid;
};

enum device_end {
	DEVICE_FRONT = 1 << 0,	/* what the guest is told */
	DEVICE_BACK = 1 << 1,	/* what the back end is told */
	DEVICE_RECORD = 1 << 2, /* what tools find again */
};

struct device_node {
	int ends;		  /* enum device_end */
	const char *name, *value; /* value NULL: there is no such node */
};

/* "vbd", "vif" */
const char *device_kind(enum lodge_device_kind kind);

/* Has Dom0 a driver for @kind? 0; -ENODEV; and an error */
int device_check_driver(struct lodge *l, const char *kind);

/**
 * device_put() - the nodes that all devices have, and those given
 *
 * Both ends begin as XenbusStateInitialising.
 *
 * Return: as store_put().
 */
int device_put(struct store_change *t, const struct device *d,
	       const struct device_node *nodes, size_t nr);

/**
 * device_wait_back() - until the back end has taken a device up
 *
 * Return: 0: it waits for the guest's end, or is connected to it; -EIO it gave up, and why;
 *         -ETIMEDOUT it does nothing; -errno. And an error.
 */
int device_wait_back(struct lodge *l, const struct device *d);

/**
 * device_wait_sysfs() - until sysfs shows what nobody is told of
 * @look: 1 it does; 0 not yet; -errno, and an error
 * @end:  deadline, by clock_ms()
 *
 * Return: 0; -ETIMEDOUT, without an error; what @look returned.
 */
int device_wait_sysfs(int (*look)(const void *arg), const void *arg, long end);

/* Why a back end has given up, or that it does nothing. Returns -code. */
int device_stalled(struct lodge *l, const struct device *d, int code);

/* One node of the back end. 0; -ESRCH it is gone; -errno. And an error */
int device_tell_back(struct lodge *l, const struct device *d, const char *name,
		     const char *value);

/* ---- detach.c ----------------------------------------------------------- */

/* 0; -EOPNOTSUPP a device is not of those that we end; -errno. And an error */
int device_check_detach(struct lodge *l, unsigned int domid);

/**
 * device_detach_all() - end all devices of a guest that does not run
 *
 * Returns when their drivers in Dom0, and the loop devices below them, are
 * gone.
 *
 * Return: 0; -EOPNOTSUPP, and nothing was changed; -ETIMEDOUT a back end does
 *         not let go, and all that the store said of it is gone; -errno. And
 *         an error.
 */
int device_detach_all(struct lodge *l, unsigned int domid);

/**
 * device_detach() - end one device of a guest that may run
 * @force: take it away; else the guest is asked to close its end
 *
 * Return: 0; -ENOENT there is no such device; -EOPNOTSUPP, and nothing was
 *         changed; -ETIMEDOUT the guest, or the back end, does not let go;
 *         -errno. And an error.
 */
int device_detach(struct lodge *l, const struct device *d, bool force);

#endif
