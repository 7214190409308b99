/* SPDX-License-Identifier: MIT */
/*
 * mm-entry.c - what one page-table entry may say, and what it pays
 *
 * Each present entry of a validated table holds one general reference to the
 * frame it names. An entry above L1 holds a reference of the type below it
 * as well, and an L1 entry with write permission a writable one. Entries for
 * device memory hold nothing: such frames are nobody's and never change that.
 *
 * An L1 entry names a frame of @fd: the table's own domain, or one that the
 * caller was found privileged over. Entries above name the table's domain's.
 *
 * What the guest writes is not quite what is stored:
 *  - the user bit is forced everywhere, as its kernel runs in ring 3 too;
 *  - a leaf is global if and only if the guest gave the user bit: switching
 *    between user and kernel root then keeps the user's translations, and
 *    must not keep the kernel's. PTE_GUEST_KERNEL remembers what it gave;
 *  - pages of interrupt controllers and MSI-X tables are never writable;
 *  - memory is write-back, unless the domain was given device memory.
 *
 * No locks are taken here but those of the functions called.
 */
#include "mm.h"

#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/mm.h>

static bool address_fits(uint64_t e)
{
	return !((e & PTE_ADDR_MASK) >> cpu_features.phys_bits);
}

/* May @d's tables name that device page? 0; -EPERM */
static __noinline int get_device(const struct domain *d, mfn_t mfn)
{
	return d->iomem && rangeset_contains(d->iomem, mfn_x(mfn), mfn_x(mfn)) ?
		       0 : -EPERM;
}

/* Has the domain a device, so that caching is its business? */
static bool may_be_uncached(const struct domain *d)
{
	return d->privileged;
}

/*
 * Is it a form that a leaf of @d's may have? Makes it what is stored. @pg is
 * what it names. 0; -EINVAL: protection key, no-execute where there is none;
 * -EPERM: an address beyond the processor's: nobody's memory.
 */
static int l1e_check(const struct domain *d, const struct page *pg, uint64_t *e)
{
	bool kernel = !(*e & PTE_USER) || *e & PTE_GUEST_KERNEL;

	if (*e & PTE_PKEY || (*e & PTE_NX && !cpu_features.nx))
		return -EINVAL;

	*e &= ~(PTE_GLOBAL | PTE_GUEST_KERNEL);
	*e |= PTE_USER | (kernel ? PTE_GUEST_KERNEL : PTE_GLOBAL);
	if (pg) {
		if (*e & PTE_CACHE && !may_be_uncached(d))
			*e &= ~PTE_CACHE;
		return 0;
	}
	if (!address_fits(*e))
		return -EPERM;
	if (*e & PTE_RW && irq_mmio_protected(pte_mfn(*e)))
		*e &= ~PTE_RW;
	return 0;
}

/* References for a leaf to memory, as far as @need has its flags. */
static __noinline int get_memory(struct domain *fd, struct page *pg,
				 uint64_t need)
{
	if (need & PTE_PRESENT) {
		if (!page_get(pg, fd))
			return -EBUSY;
	} else if (need & PTE_RW && pg->owner != fd) {
		return -EBUSY;
	}
	if (need & PTE_RW && page_get_type(pg, PT_WRITABLE, false)) {
		if (need & PTE_PRESENT)
			page_put(pg);
		return -EBUSY;
	}
	return 0;
}

/**
 * pv_l1e_get() - check a leaf and take what it pays
 * @d:    whose table it is for
 * @fd:   whose frame it may name; dom_io: device memory only
 * @e:    any entry; on success as it is to be stored
 * @held: an entry of the same frame whose references go over to @e as far as
 *        it needs them; 0: none. It may name a frame that is not @fd's: then
 *        @e must not allow more.
 *
 * Device memory is @fd's by its rights, and with dom_io the table's domain's.
 *
 * Context: as page_get_type().
 * Return: 0; -EINVAL a form that is refused; -EBUSY not @fd's frame, or of a
 *         type that must not be written; -EPERM device memory that the domain
 *         was not given. Nothing is taken on error.
 */
int pv_l1e_get(const struct domain *d, struct domain *fd, uint64_t *e,
	       uint64_t held)
{
	uint64_t new = *e, need;
	struct page *pg;
	int rc;

	if (!(new &PTE_PRESENT))
		return 0;
	pg = pte_page(new);
	rc = l1e_check(d, pg, &new);
	if (rc)
		return rc;
	need = new & ~held &(PTE_PRESENT | PTE_RW);
	if (need)
		rc = pg ? get_memory(fd, pg, need) :
			  get_device(fd == dom_io ? d : fd, pte_mfn(new));
	if (rc)
		return rc;
	if (unlikely(new & PTE_CACHE) && pg && new & PTE_RW)
		page_note_uncached(pg);
	*e = new;
	return 0;
}

/**
 * pv_l1e_give_back() - give back what a leaf holds, or some of it
 * @e:    as it was stored, present
 * @give: PTE_PRESENT: the general reference; PTE_RW: the writable one
 *
 * Context: as page_put_type().
 */
void pv_l1e_give_back(uint64_t e, uint64_t give)
{
	struct page *pg = pte_page(e);

	if (!pg)
		return;
	if (give & PTE_RW)
		page_put_type(pg);
	if (give & PTE_PRESENT)
		page_put(pg);
}

/**
 * pv_upper_check() - is it a form an entry above L1 may have?
 * @e: a present entry; on success as it is to be stored
 *
 * Caching attributes are refused: the processor would read a table past the
 * cache in which it was checked.
 *
 * Return: 0; -EINVAL: large page, reserved bits, key, caching attribute.
 */
int pv_upper_check(uint64_t *e)
{
	if (!address_fits(*e) || (*e & PTE_NX && !cpu_features.nx) ||
	    *e & (PTE_PSE | PTE_GLOBAL | PTE_PWT | PTE_PCD | PTE_PKEY))
		return -EINVAL;
	*e |= PTE_USER;
	return 0;
}

/**
 * pv_upper_get() - check an entry above L1 and take what it pays
 * @d:           whose table it is for, and whose frame it must name
 * @level:       the table's type, PT_L2 to PT_L4
 * @e:           present entry; on success as it is to be stored
 * @preemptible: as for page_get_type()
 *
 * Context: as page_get_type().
 * Return: 0; -EINVAL a form that is refused, not @d's frame, or not fit to be
 *         the table below; -EINTR, -ERESTART as page_get_type(). Nothing is
 *         held on error.
 */
int pv_upper_get(const struct domain *d, enum page_type level, uint64_t *e,
		 bool preemptible)
{
	uint64_t new = *e;
	struct page *pg;
	int rc = pv_upper_check(&new);

	if (rc)
		return rc;
	pg = page_get_mfn(pte_mfn(new), d);
	if (!pg)
		return -EINVAL;
	rc = page_get_type(pg, (enum page_type)(level - 1), preemptible);
	if (rc)
		page_put(pg);
	else
		*e = new;
	return rc;
}

/**
 * pv_upper_put() - give back what an entry above L1 holds
 * @e: as it was stored; nothing happens if it is not present
 *
 * A table that loses its last reference is put on the release queue.
 *
 * Context: as page_put_type().
 */
void pv_upper_put(uint64_t e)
{
	struct page *pg;

	if (!(e & PTE_PRESENT))
		return;
	pg = mfn_to_page(pte_mfn(e));
	page_put_type(pg);
	page_put(pg);
}
