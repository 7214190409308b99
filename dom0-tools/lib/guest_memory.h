/* SPDX-License-Identifier: MIT */
/*
 * guest_memory.h - a guest's first memory: taken from the host, and written
 */
#ifndef LODGE_GUEST_MEMORY_H
#define LODGE_GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>

struct lodge;
struct lodge_task;

struct guest_memory {
	struct lodge *l;
	unsigned int domid;
	uint64_t nr;		/* pages */
	xen_pfn_t *mfns;	/* of each pfn */
};

/**
 * guest_memory_populate() - give a domain without memory its pages
 * @m:    written on success, to be given to guest_memory_free()
 * @nr:   pages
 * @task: is told how far it is, and may end it
 *
 * All of it is claimed first: there is either enough, or nothing is taken.
 * What a failure leaves goes with the domain.
 *
 * Return: 0; -ENOMEM the host has not enough, and by how much not; -ECANCELED;
 *         -errno. And an error.
 */
int guest_memory_populate(struct guest_memory *m, struct lodge *l,
			  unsigned int domid, uint64_t nr,
			  const struct lodge_task *task);
/* The array only; the pages are the domain's. */
void guest_memory_free(struct guest_memory *m);

/* Pages of the guest, writable; NULL, and an error. @pfn and @nr must exist. */
void *guest_memory_map(const struct guest_memory *m, uint64_t pfn, size_t nr);
void guest_memory_unmap(const struct guest_memory *m, void *at, size_t nr);

/* Writes @bytes to @to, the part of it at @offset. 0; -errno, and an error */
typedef int (*guest_memory_filler)(void *arg, uint64_t offset, void *to,
				   size_t bytes);

/*
 * Has @bytes from the pseudo-physical @address on filled piece by piece, each as
 * it is mapped. All of it must be within the guest's memory. 0; -errno, and an
 * error
 */
int guest_memory_fill(const struct guest_memory *m, uint64_t address,
		      uint64_t bytes, guest_memory_filler fill, void *arg);

/*
 * @bytes from @source to the pseudo-physical @address; NULL: zeroes. All of it
 * must be within the guest's memory. 0; -errno, and an error
 */
int guest_memory_write(const struct guest_memory *m, uint64_t address,
		       const void *source, uint64_t bytes);

#endif
