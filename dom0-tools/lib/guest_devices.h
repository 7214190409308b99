/* SPDX-License-Identifier: MIT */
/*
 * guest_devices.h - the disks and networks that a guest starts with
 *
 *   open them --> their nodes, with the guest's others --> back ends take up
 *
 * Dom0 serves them: Linux's xen-blkback and xen-netback, without scripts.
 */
#ifndef LODGE_GUEST_DEVICES_H
#define LODGE_GUEST_DEVICES_H

#include "block.h"

struct store_change;

struct guest_vif {
	uint8_t mac[6];
	const char *bridge;
	uint32_t mtu;
};

struct guest_devices {
	const struct lodge_domain_config *config;
	struct block *disks;	/* config->nr_disks */
	struct guest_vif *vifs; /* config->nr_vifs */
};

#define GUEST_SEED 16

/**
 * guest_devices_open() - make sure of all that a guest's devices take
 * @d:    to be given to guest_devices_close(), always
 * @seed: of addresses that @config does not give, GUEST_SEED bytes: from the
 *        same come the same; NULL: they are random
 *
 * Return: 0; -EOPNOTSUPP; -ENODEV Dom0 has no driver or no such bridge;
 *         as block_open(), block_check(); -ENOMEM. And an error.
 */
int guest_devices_open(struct lodge *l, struct guest_devices *d,
		       const struct lodge_domain_config *config,
		       const uint8_t *seed);
void guest_devices_close(struct guest_devices *d);

/* Their nodes. 0; as block_check(), store_put(); and an error */
int guest_devices_put(struct lodge *l, struct store_change *t,
		      const struct guest_devices *d, unsigned int domid);

/* Until all back ends serve. 0; as device_wait_back(); and an error */
int guest_devices_wait(struct lodge *l, const struct guest_devices *d,
		       unsigned int domid);

#endif
