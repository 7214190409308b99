/* SPDX-License-Identifier: MIT */
/*
 * world.h - host tests: PV domains with memory, to run page-table code on
 *
 * Two guests and the control domain, two vCPUs each, on two CPUs. Frames are
 * the test's memory; a table is filled by plain stores before it is one, as a
 * guest would. Every test ends with an audit and a teardown that must leave
 * no frame behind.
 */
#ifndef TEST_PV_WORLD_H
#define TEST_PV_WORLD_H

#include "../fake/machine.h"

#include <string.h>

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include "../../../hypervisor/pv/mm.h"

#define LEAF	(PTE_PRESENT | PTE_RW | PTE_USER | PTE_AD)
#define LEAF_RO (PTE_PRESENT | PTE_USER | PTE_ACCESSED)
#define LINK	(PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED)
/* Memory ends below this frame. */
#define WORLD_FRAMES (64UL << (20 - PAGE_SHIFT))
/* Device memory, behind it: of the control domain, and of nobody. */
#define DEVICE_MFN    0x100000UL
#define DEVICE_NR     16
#define PROTECTED_MFN (DEVICE_MFN + 1)
#define FORBIDDEN_MFN (DEVICE_MFN + DEVICE_NR)

/* GDT page of each CPU: a frame that is nobody's. */
#define FIRST_GDT_MFN 16
extern unsigned long fake_gdt_base, fake_ldt_base;
extern unsigned int fake_ldt_entries;

extern struct domain dom_a, dom_b, dom_c; /* dom_c is privileged */

int world_group_setup(void **state);
int world_setup(void **state);
/* Audits, tears all domains down, and wants every frame back. */
int world_teardown(void **state);

/* Who makes calls on this CPU from now on. */
void world_run(struct vcpu *v);

struct page *new_frame(struct domain *d);
uint64_t *table_of(struct page *pg);
uint64_t entry(const struct page *pg, uint64_t flags);
/* Sets an entry of a frame that is no table. */
void put_entry(struct page *pt, unsigned int slot, uint64_t e);

/* An L1 that maps @nr new frames, under an L2, an L3 and an L4. */
struct tree {
	struct page *l4, *l3, *l2, *l1, *data;
};
struct tree new_tree(struct domain *d);
/* A wide one: an L4 with that many L3s, of as many L2s, of as many L1s. */
struct page *new_wide_tree(struct domain *d, unsigned int width);

/* Hypercalls of current, continued until they end. */
long call(long (*fn)(struct vcpu *v, const struct call_args *a), uint64_t a0,
	  uint64_t a1, uint64_t a2, uint64_t a3);
long do_ext(unsigned int cmd, uint64_t arg1, uint64_t arg2);
long do_update(uint64_t ptr, uint64_t val, unsigned int foreigndom);
long pin(unsigned int level, const struct page *pg);
long unpin(const struct page *pg);
uint64_t maddr(const struct page *pt, unsigned int slot);

/* No errors, and nobody but tables holds anything but @spare_writable. */
void check_audit(struct domain *d, unsigned long spare_refs,
		 unsigned long spare_writable);
uint64_t type_count(const struct page *pg);
uint64_t ref_count(const struct page *pg);
bool is_untyped(const struct page *pg);

#endif
