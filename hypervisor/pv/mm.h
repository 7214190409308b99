/* SPDX-License-Identifier: MIT */
/*
 * mm.h - what the files that keep a guest's page tables call of each other
 *
 * An entry is a uint64_t as the processor reads it. Tables of level 1 to 4
 * are the types PT_L1 to PT_L4.
 */
#ifndef LODGE_PV_MM_H
#define LODGE_PV_MM_H

#include "private.h"

#include <lodge/grant.h>

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

static inline bool l4_slot_is_ours(enum page_type level, unsigned int slot)
{
	return level == PT_L4 && slot >= HYP_FIRST_SLOT &&
	       slot <= HYP_LAST_SLOT;
}

/* ---- entries (mm-entry.c) ---- */
int pv_l1e_check(const struct domain *d, uint64_t *e);
int pv_l1e_get(const struct domain *d, struct domain *fd, uint64_t *e);
void pv_l1e_put(uint64_t e);
int pv_upper_check(uint64_t *e);
int pv_upper_get(const struct domain *d, enum page_type level, uint64_t *e,
		 bool preemptible);
void pv_upper_put(uint64_t e);
/* Of a frame without references, which entries need not pay for. */
bool pv_frame_is_device(mfn_t mfn);

/* ---- stores into tables (mm-table.c) ---- */
enum pte_mode {
	PTE_SET,     /* as it is */
	PTE_KEEP_AD, /* accessed and dirty are added */
	PTE_COMPARE, /* only if it holds *expected */
};

struct pte_write {
	struct domain *fd; /* whose frame it may name */
	enum pte_mode mode;
	uint64_t val;
	uint64_t expected; /* PTE_COMPARE: in and out */
};

uint64_t pv_pte_read(const struct page *pt, unsigned int slot);
int pv_l1_write(struct page *pt, unsigned int slot, struct pte_write *w);
int pv_upper_write(struct page *pt, enum page_type level, unsigned int slot,
		   uint64_t val, bool keep_ad);

/* ---- validation and release (mm-validate.c) ---- */
int pv_table_validate(struct page *pg, enum page_type type, bool preemptible);
void pv_table_release(struct page *pg, enum page_type type);
uint64_t pv_pte_store(struct page *pt, unsigned int slot, uint64_t val,
		      bool keep_ad);
int pv_release_run(struct domain *d);

/* ---- what stopped half way (mm-stopped.c) ---- */
void pv_note_stopped(struct page *pg, enum page_type type);

/* ---- finding tables (mm-walk.c) ---- */
struct page *pv_l1_table(struct domain *d, mfn_t root, unsigned long va);
struct page *pv_table_get(struct domain *d, mfn_t mfn);
void pv_table_put(struct page *pt);

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

int pv_call_begin(struct mm_call *c, struct vcpu *v, unsigned int foreigndom);
void pv_call_end(struct mm_call *c);
void pv_call_flush(struct mm_call *c);
int pv_read_vcpumask(struct vcpu *v, guest_ptr_t map, cpumask_t *cpus);

/* A call that takes a list of requests. */
struct mm_list {
	unsigned int nr;	/* __HYPERVISOR_ */
	size_t size;		/* of a request, at most PV_LIST_MAX_SIZE */
	/* A private copy of one. 0; an errno; -EINTR, -ERESTART: again. */
	int (*one)(struct mm_call *c, const void *req);
	/* Works off the release queues. 0; -ERESTART: again. */
	int (*release)(struct mm_call *c);
};
#define PV_LIST_MAX_SIZE 32
long pv_list_call(const struct mm_list *l, struct vcpu *v, const uint64_t a[6],
		  unsigned int foreigndom);

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
