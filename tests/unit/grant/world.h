/* SPDX-License-Identifier: MIT */
/*
 * world.h - host tests: three domains with grant tables
 *
 * Domain 0 is the control domain, 1 grants, 2 uses; frames are real ones of the
 * allocator, page tables are an array of entries by address. All calls go
 * through the hypercall's table. After each test every frame, reference and
 * domain reference must be back.
 */
#ifndef TEST_GRANT_WORLD_H
#define TEST_GRANT_WORLD_H

#include "../fake/machine.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/percpu.h>
#include "../../../hypervisor/grant/private.h"
#include "../../../hypervisor/mm/private.h"

#define NR_DOMAINS 3
#define NR_VCPUS   2
#define REF	   8
#define NO_HANDLE  12345678

extern struct domain doms[NR_DOMAINS];
extern struct vcpu vcpus[NR_DOMAINS][NR_VCPUS];
extern struct page *frame; /* domain 1's, granted by REF */
extern struct page *own;   /* domain 2's */

/* Page tables: addresses PAGE_SIZE * index. */
struct fake_pte {
	bool present;
	mfn_t mfn;
	unsigned int flags;
};
extern struct fake_pte ptes[64];
unsigned int flushes(void);
/* Called when a domain is looked up by its number. */
extern void (*look_up_hook)(void);

int group_setup(void **state);
int setup(void **state);
int teardown(void **state);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Version 1. */
struct grant_entry_v1 *entry(unsigned int dom, grant_ref_t ref);
void give(grant_ref_t ref, domid_t to, const struct page *pg, uint16_t flags);
unsigned int marks(grant_ref_t ref);
/* Version 2. */
union grant_entry_v2 *entry2(unsigned int dom, grant_ref_t ref);
unsigned int status_of(unsigned int dom, grant_ref_t ref);
long set_version(unsigned int dom, uint32_t version);

long call_as(struct vcpu *v, unsigned int cmd, void *arg, unsigned int count);
long call(unsigned int dom, unsigned int cmd, void *arg, unsigned int count);
/* Domain 2 maps REF of domain 1. */
struct gnttab_map_grant_ref map_op(unsigned int slot, uint32_t flags);
int map_with(struct gnttab_map_grant_ref *op);
grant_handle_t map_ok(unsigned int slot, uint32_t flags);
int unmap_by(unsigned int slot, uint64_t bus, grant_handle_t handle);
/* Domain 2 copies from it to its own. */
struct gnttab_copy copy_op(uint16_t from, uint16_t to, uint16_t len);
int copy_with(struct gnttab_copy *op);

#endif
