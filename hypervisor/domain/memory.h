/* SPDX-License-Identifier: MIT */
/*
 * memory.h - what the files of HYPERVISOR_memory_op call of each other
 */
#ifndef LODGE_DOMAIN_MEMORY_H
#define LODGE_DOMAIN_MEMORY_H

#include <lodge/guest.h>
#include <xen/memory.h>

/*
 * The call's first argument: the operation, and above it how many extents
 * earlier passes of a continued call did.
 */
#define MEMOP_BITS	  6
#define MEMOP_MASK	  ((1UL << MEMOP_BITS) - 1)
#define MEMOP_MAX_EXTENTS (~0UL >> MEMOP_BITS)

/* Largest extents: 2 MiB, or what a driver domain's devices may want. */
#define MEMORY_MAX_ORDER      9
#define MEMORY_MAX_ORDER_DOM0 10

/* memory.c */
unsigned int memory_max_order(const struct domain *d);
unsigned int memory_alloc_flags(unsigned int mem_flags);
long memory_continue(unsigned int nr, uint64_t done, guest_ptr_t arg);
guest_ptr_t memory_list_entry(guest_ptr_t list, uint64_t nr);

/* memory-reservation.c */
long memory_reservation(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			unsigned long done);
/* memory-claim.c */
long memory_claim(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		  unsigned long done);
/* memory-resource.c */
long memory_acquire_resource(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			     unsigned long done);
/* memory-exchange.c */
long memory_exchange(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		     unsigned long done);
/* memory-map.c */
long memory_map_get(struct vcpu *v, void *arg);
long memory_map_set(struct vcpu *v, void *arg);
long memory_map_machine(struct vcpu *v, void *arg);
long memory_machphys_mapping(struct vcpu *v, void *arg);
long memory_machphys_list(struct vcpu *v, void *arg);
long memory_reserved_devices(struct vcpu *v, void *arg);

#endif
