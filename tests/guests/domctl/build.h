/* SPDX-License-Identifier: MIT */
/*
 * build.h - a small second domain that runs
 *
 * It has a handful of pages: code, data, stack and page tables. Its code counts
 * in the data page, yields, and shuts down when the data page says so.
 */
#ifndef DOMCTL_BUILD_H
#define DOMCTL_BUILD_H

#include <guestkit/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define CHILD_PAGES 8

/* Of the machine; there is a second configuration. */
#ifndef MACHINE_CPUS
#define MACHINE_CPUS 1
#endif

/* Shared with the child's code. */
struct child_data {
	uint64_t count;		/* the child's */
	uint64_t stop;		/* ours: not 0: shut down */
	uint32_t reason;	/* ours: SHUTDOWN_ */
};

struct child {
	domid_t domid;
	unsigned long mfns[CHILD_PAGES];
	volatile struct child_data *data;
};

/* One domctl, sysctl. What comes back is in @op. Return: as the call. */
long domctl(unsigned int cmd, domid_t domid, struct xen_domctl *op);
long sysctl(unsigned int cmd, struct xen_sysctl *op);

/* createdomain as a toolstack calls it, with @nr_vcpus. Return: its number; or
 * the errno. */
long child_create(unsigned int nr_vcpus);
/* All of it, ready to be unpaused. Return: 0; or the errno of what failed. */
long child_build(struct child *child);
/* Unmap its data. */
void child_unmap(struct child *child);
/* Destroy it, however often that must be asked for. */
long child_destroy(domid_t domid);
/* 0: gone; else XEN_DOMINF_ flags with the lowest bit of the high word set. */
#define CHILD_THERE (1UL << 32)
unsigned long child_state(domid_t domid);
/* The context that vCPU @id starts with. */
void child_context(const struct child *child, struct vcpu_guest_context *ctx);
long child_set_context(domid_t domid, unsigned int id,
		       struct vcpu_guest_context *ctx);

/* Frames of the machine that nobody has. */
uint64_t free_frames(void);

#endif
