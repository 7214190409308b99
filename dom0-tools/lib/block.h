/* SPDX-License-Identifier: MIT */
/*
 * block.h - what serves a guest's disk: a block device, or a loop device
 *
 * A loop device ends when nobody has it open: with the back end, with this
 * program. So there is nothing to be cleaned up, whoever is killed when.
 */
#ifndef LODGE_BLOCK_H
#define LODGE_BLOCK_H

#include "liblodge.h"

struct store_change;

struct block {
	int lock, device; /* descriptors */
	unsigned int major, minor;
	char loop[32]; /* "/dev/loop3"; "" if it is none */
};

#define BLOCK_NONE ((struct block){.lock = -1, .device = -1})

/**
 * block_open() - a block device for a disk
 * @b: held open until block_close()
 *
 * Return: 0; -EBUSY it is in use by the host, or being given to a guest, or a
 *         file that has a loop device, and one of both writes; -ENOTBLK it is neither file nor block device;
 * -errno. And an error.
 */
int block_open(struct lodge *l, const struct lodge_disk *disk, struct block *b);
void block_close(struct block *b);

/**
 * block_check() - has another guest, or another disk of this one, the device?
 * @t: of the transaction that gives it away
 *
 * A disk and its partition are one.
 *
 * Return: 0; -EBUSY one has it, and one of both writes; -errno. And an error.
 */
int block_check(struct lodge *l, struct store_change *t,
		const struct lodge_disk *disk, const struct block *b);

#endif
