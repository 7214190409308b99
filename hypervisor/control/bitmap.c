/* SPDX-License-Identifier: MIT */
/*
 * bitmap.c - struct xenctl_bitmap: sets of CPUs to and from a toolstack
 *
 * The toolstack's bitmap may be longer or shorter than ours: what it has too
 * much is written as zero, and read as nothing.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/lib.h>

/* A machine has at most NR_CPUS; whatever is longer is a mistake. */
#define MAX_BITS	(1U << 16)

/**
 * cpumask_to_guest() - write a set of CPUs
 * @map:  the toolstack's bitmap, as it was read
 * @cpus: the set
 *
 * Return: 0; -EFAULT; -EINVAL: an absurd number of bits.
 */
int cpumask_to_guest(const struct xenctl_bitmap *map, const cpumask_t *cpus)
{
	size_t bytes = DIV_ROUND_UP((uint64_t)map->nr_bits, 8);
	size_t n = min(bytes, sizeof(cpus->bits));
	guest_ptr_t to = guest_ptr(map->bitmap);
	unsigned long bits = READ_ONCE(cpus->bits);

	if (map->nr_bits > MAX_BITS)
		return -EINVAL;
	if (map->nr_bits < NR_CPUS)
		bits &= BIT(map->nr_bits) - 1;
	if (copy_to_guest(to, &bits, n) ||
	    clear_guest(guest_ptr_add(to, n), bytes - n))
		return -EFAULT;
	return 0;
}

/**
 * cpumask_from_guest() - read a set of CPUs
 * @cpus: written on success
 * @map:  the toolstack's bitmap, as it was read
 *
 * Return: 0; -EFAULT.
 */
int cpumask_from_guest(cpumask_t *cpus, const struct xenctl_bitmap *map)
{
	size_t n = min(DIV_ROUND_UP((uint64_t)map->nr_bits, 8),
		       sizeof(cpus->bits));
	unsigned long bits = 0;

	if (copy_from_guest(&bits, guest_ptr(map->bitmap), n))
		return -EFAULT;
	if (map->nr_bits < NR_CPUS)
		bits &= BIT(map->nr_bits) - 1;
	cpus->bits = bits;
	return 0;
}
