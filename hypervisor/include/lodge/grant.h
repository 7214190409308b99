/* SPDX-License-Identifier: MIT */
/*
 * grant.h - grant tables: what a domain lets others do with its frames
 */
#ifndef LODGE_GRANT_H
#define LODGE_GRANT_H

#include <lodge/domain.h>

/* Debug key; at boot, once. */
void grant_init(void);
int grant_table_init(struct domain *d);		/* 0; -ENOMEM */

/* As XEN_DOMCTL_createdomain gives them; less than 0: the default. */
struct grant_limits {
	int max_frames;		/* of the table */
	int max_track_frames;	/* of handles; 0: nothing can be mapped */
	unsigned int max_version;
};
#define GRANT_LIMITS_DEFAULT                                                  \
	{ .max_frames = -1, .max_track_frames = -1, .max_version = 2 }
int grant_check_limits(struct grant_limits *limits); /* 0; -EINVAL */
/* Between domain_alloc() and domain_publish(). 0; -EINVAL; -ENOMEM: both
 * leave the table as it was. */
int grant_table_set_limits(struct domain *d, const struct grant_limits *limits);

/*
 * Death: grant_table_end() once when the domain has become DYING, then, when
 * its page tables are gone, grant_table_release_mappings() until it is done;
 * grant_table_destroy() when it has no references.
 */
/* @d is dying: the table's frames are not its any more. */
void grant_table_end(struct domain *d);
/* Unmaps what @d had mapped, its page tables being gone; others' mappings of
 * its frames stay. 0; -ERESTART (preempted: call again) */
int grant_table_release_mappings(struct domain *d);
void grant_table_destroy(struct domain *d);
/* Frame @idx of the shared (or, @status, the status) table, grown on demand,
 * for XENMEM_add_to_physmap / acquire_resource. 0; -EINVAL; -ENOMEM */
int grant_table_get_frame(struct domain *d, unsigned int idx, bool status,
			  mfn_t *mfn);
/* How many of them there can be. */
unsigned int grant_table_nr_frames(const struct domain *d, bool status);

/*
 * How grants reach a guest's page tables (set by pv/, hvm/ answers too).
 * host_addr: a virtual address, or the machine address of a PTE. Callers forget
 * v->grant_near when they begin with a list.
 */
struct grant_map_ops {
	/* 0; GNTST_ codes (negative) as the ABI returns them. What is undone
	 * must be writable or not as @flags say. */
	int (*map)(struct vcpu *v, uint64_t host_addr, struct page *pg,
		   unsigned int flags);
	int (*unmap)(struct vcpu *v, uint64_t host_addr, mfn_t mfn,
		     unsigned int flags);
	/* GNTTABOP_unmap_and_replace: move the PTE of new_addr there. */
	int (*replace)(struct vcpu *v, uint64_t host_addr, mfn_t mfn,
		       uint64_t new_addr, unsigned int flags);
};
extern const struct grant_map_ops *grant_map_ops;

#endif
