/* SPDX-License-Identifier: MIT */
/*
 * mm.h - what the files that keep a guest's page tables call of each other
 *
 * An entry is a uint64_t as the processor reads it; where it lies is told by
 * its machine address. Tables of level 1 to 4 are the types PT_L1 to PT_L4.
 */
#ifndef LODGE_PV_MM_H
#define LODGE_PV_MM_H

#include "private.h"

#include <lodge/atomic.h>
#include <lodge/grant.h>
#include <lodge/hypercall.h>

/*
 * Our mark in a leaf: the guest gave no user bit. The processor ignores it,
 * and it survives when a guest reads an entry, changes it and writes it back,
 * while the user bit that we force would not tell any more.
 */
#define PTE_GUEST_KERNEL (1UL << 52)
/* Protection keys: not offered. */
#define PTE_PKEY  (0xfUL << 59)
#define PTE_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)
#define PTE_AD	  (PTE_ACCESSED | PTE_DIRTY)

static inline mfn_t pte_mfn(uint64_t e)
{
	return MFN((e & PTE_ADDR_MASK) >> PAGE_SHIFT);
}

static inline uint64_t pte_make(mfn_t mfn, uint64_t flags)
{
	return mfn_x(mfn) << PAGE_SHIFT | flags;
}

static inline unsigned int pte_slot(unsigned long va, unsigned int level)
{
	return va >> (PAGE_SHIFT + 9 * (level - 1)) & (PTES_PER_TABLE - 1);
}

static inline unsigned int paddr_slot(paddr_t at)
{
	return PAGE_OFFSET(paddr_x(at)) / sizeof(uint64_t);
}

static inline bool l4_slot_is_ours(enum page_type level, unsigned int slot)
{
	return level == PT_L4 && slot >= HYP_FIRST_SLOT &&
	       slot <= HYP_LAST_SLOT;
}

/* The first MiB is never given to anybody: it holds the firmware's data, where
 * the control domain looks for its tables. */
#define LOW_FRAMES (0x100000UL >> PAGE_SHIFT)

/*
 * The frame that an entry names, if it is memory; NULL: a device's, which has no
 * references and need not be paid for. For each frame the answer never changes
 * after boot, so an entry is judged the same when it is made and removed.
 */
static inline struct page *pte_page(uint64_t e)
{
	mfn_t mfn = pte_mfn(e);

	return mfn_x(mfn) < LOW_FRAMES ? NULL : page_lookup(mfn);
}

/* ---- entries (mm-entry.c) ---- */
int pv_l1e_get(const struct domain *d, struct domain *fd, uint64_t *e,
	       uint64_t held);
void pv_l1e_give_back(uint64_t e, uint64_t give);
int pv_upper_check(uint64_t *e);
int pv_upper_get(const struct domain *d, enum page_type level, uint64_t *e,
		 bool preemptible);
void pv_upper_put(uint64_t e);

/**
 * pv_l1e_put() - give back what a leaf holds
 * @e:     as it was stored; nothing happens if it is not present
 * @stays: an entry of the same frame that needs some of it still; 0: none
 *
 * Context: as page_put_type().
 */
static inline void pv_l1e_put(uint64_t e, uint64_t stays)
{
	uint64_t give = e & ~stays & (PTE_PRESENT | PTE_RW);

	if (e & PTE_PRESENT && give)
		pv_l1e_give_back(e, give);
}

/* ---- reads of and stores into tables (mm-table.c) ---- */
/**
 * struct pte_write - one store into an L1 entry
 * @fd:       whose frame it may name
 * @val:      the bits to be stored
 * @keep:     bits that stay as they are, besides those of @val
 * @compare:  bits that are compared first
 * @expected: what they must be; what the entry held, when it is over
 */
struct pte_write {
	struct domain *fd;
	uint64_t val, keep, compare, expected;
};

/* Reads an entry, once. The processor may set accessed and dirty meanwhile. */
static inline uint64_t pv_pte_read(const struct page *pt, unsigned int slot)
{
	return READ_ONCE(((uint64_t *)page_to_virt(pt))[slot]);
}

/* The first present entry from @slot on; PTES_PER_TABLE: there is none. */
static inline unsigned int pte_next_present(const struct page *pt,
					    unsigned int slot)
{
	while (slot < PTES_PER_TABLE && !(pv_pte_read(pt, slot) & PTE_PRESENT))
		slot++;
	return slot;
}

bool pv_is_l1_of(const struct page *pt, const struct domain *d);
int pv_l1_read(const struct domain *d, paddr_t at, uint64_t *e);
int pv_l1_write(const struct domain *d, paddr_t at, struct pte_write *w);
int pv_upper_write(struct page *pt, enum page_type level, unsigned int slot,
		   uint64_t val, bool keep_ad);
void pv_table_wait(const struct page *pt);

/* ---- validation and release (mm-validate.c) ---- */
int pv_table_validate(struct page *pg, enum page_type type, bool preemptible);
void pv_table_release(struct page *pg, enum page_type type);
uint64_t pv_pte_store(struct page *pt, unsigned int slot, uint64_t val,
		      bool keep_ad);
int pv_release_work(struct domain *d);

/* Works off @d's release queue. 0; -ERESTART: stopped, call again. */
static inline int pv_release_run(struct domain *d)
{
	if (likely(!atomic_load(&d->pv->release_pending)))
		return 0;
	return pv_release_work(d);
}

/* ---- what stopped half way (mm-stopped.c) ---- */
void pv_note_stopped(struct page *pg, enum page_type type);

/* ---- finding entries (mm-walk.c) ---- */
bool pv_find_l1e(mfn_t root, unsigned long va, paddr_t *at);

/* ---- segment pages (descriptors.c) ---- */
int pv_segment_validate(struct page *pg);
int pv_set_ldt(struct vcpu *v, unsigned long base, unsigned int entries);
void pv_destroy_ldt_pages(struct vcpu *v);
int pv_descriptors_init(void);

/* ---- whom a call is about, and flushes (mm-call.c) ---- */
struct mm_call {
	struct vcpu *v;
	struct domain *pd;     /* owner of the tables */
	struct domain *fd;     /* owner of the frames that they name */
	bool pd_held, fd_held; /* by a counted reference */
	cpumask_t flush;       /* to be flushed, globally, at the end */
	bool flush_cache;
};

int pv_call_find(struct mm_call *c, unsigned int foreigndom);
void pv_call_put(struct mm_call *c);
void pv_call_flush_cpus(struct mm_call *c);

/**
 * pv_call_begin() - find the domains that a call is about
 * @c:          filled in
 * @v:          the caller
 * @foreigndom: as the ABI encodes it: bits 15:0 the owner of the frames, bits
 *              31:16 that of the tables, plus one, 0 meaning the caller
 *
 * Nearly all calls are about the caller's own tables and frames.
 *
 * Return: 0; -ESRCH no such domain; -EPERM the caller is not privileged over
 *         it; -EINVAL it has no page tables. pv_call_end() only after 0.
 */
static inline int pv_call_begin(struct mm_call *c, struct vcpu *v,
				unsigned int foreigndom)
{
	*c = (struct mm_call){.v = v, .pd = v->domain, .fd = v->domain};
	return likely(foreigndom == DOMID_SELF) ? 0 :
						  pv_call_find(c, foreigndom);
}

/**
 * pv_call_flush() - do the flushes gathered so far
 * @c: the call
 *
 * Context: interrupts on, no locks.
 */
static inline void pv_call_flush(struct mm_call *c)
{
	if (unlikely(!cpumask_empty(&c->flush)))
		pv_call_flush_cpus(c);
}

/**
 * pv_call_end() - flush, and let go of the domains
 * @c: the call
 */
static inline void pv_call_end(struct mm_call *c)
{
	pv_call_flush(c);
	if (unlikely(c->pd_held || c->fd_held))
		pv_call_put(c);
}

/* vCPU n is bit n % 8 of byte n / 8. */
struct vcpu_bits {
	uint8_t map[MAX_VCPUS / 8];
};
int pv_read_vcpus(struct vcpu *v, guest_ptr_t map, struct vcpu_bits *bits);
cpumask_t pv_cpus_of(struct domain *d, const struct vcpu_bits *bits);
cpumask_t pv_cpus_of_all(struct domain *d);

/* A call that takes a list of requests. */
struct mm_list {
	unsigned int nr;	/* __HYPERVISOR_ */
	size_t size;		/* of a request, at most PV_LIST_MAX_SIZE */
	/* A private copy of one. 0; an errno; -EINTR, -ERESTART: again. */
	int (*one)(struct mm_call *c, const void *req);
};
#define PV_LIST_MAX_SIZE 32
long pv_list_call(const struct mm_list *l, struct vcpu *v,
		  const struct call_args *a, unsigned int foreigndom);

/* ---- grants (mm-grant.c), audit (mm-audit.c) ---- */
extern const struct grant_map_ops pv_grant_map_ops;

struct pv_audit {
	unsigned long frames;	      /* looked at */
	unsigned long errors;	      /* broken rules */
	unsigned long spare_refs;     /* general references of others */
	unsigned long spare_writable; /* writable references of others */
};
/* Recomputes counts and types of @d's frames. 0; -ENOMEM */
int pv_audit(struct domain *d, struct pv_audit *result);
void pv_audit_init(void);

#endif
