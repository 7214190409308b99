/* SPDX-License-Identifier: MIT */
/*
 * memory-map.c - maps: the machine's, a guest's own, and where the M2P lies
 *
 * A guest's own map is what the toolstack set, and nothing else: without one
 * the answer is -ENOSYS, by which a guest knows that it has none.
 *
 * Locks: d->lock guards d->memmap.
 */
#include "memory.h"

#include <lodge/access.h>
#include <lodge/boot.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define MEMMAP_MAX 1024

/* As the BIOS call gives it. */
struct memmap_entry {
	uint64_t start, size; /* bytes */
	uint32_t kind;
} __packed;

_Static_assert(sizeof(struct memmap_entry) == 20, "INT 15h AX=E820h");
_Static_assert(BOOT_MAX_RANGES <= MEMMAP_MAX, "the machine's map fits");

struct domain_memmap {
	unsigned int nr;
	struct memmap_entry entries[];
};

/* With room for @nr entries, which are not filled in. NULL: no memory. */
static struct domain_memmap *memmap_alloc(unsigned int nr)
{
	struct domain_memmap *map;

	map = kzalloc(sizeof(*map) + nr * sizeof(map->entries[0]));
	if (map)
		map->nr = nr;
	return map;
}

void domain_memmap_free(struct domain *d)
{
	kfree(d->memmap);
	d->memmap = NULL;
}

/* Gives @src to the guest, as much of it as it has room for. */
static long show(struct xen_memory_map *op, const struct domain_memmap *src)
{
	unsigned int nr = min(op->nr_entries, src->nr);

	if (copy_to_guest(guest_ptr(op->buffer), src->entries,
			  nr * sizeof(src->entries[0])))
		return -EFAULT;
	op->nr_entries = nr;
	return 0;
}

/**
 * memory_map_get() - XENMEM_memory_map
 * @v:   the caller, whose map it is
 * @arg: struct xen_memory_map
 *
 * Return: 0; -ENOSYS: it has none; -ENOMEM; -EFAULT.
 */
long memory_map_get(struct vcpu *v, void *arg)
{
	struct domain *d = v->domain;
	struct domain_memmap *copy = memmap_alloc(MEMMAP_MAX);
	long rc = -ENOSYS;

	if (!copy)
		return -ENOMEM;
	/* Guest memory is not touched with the lock held. */
	spin_lock(&d->lock);
	if (d->memmap) {
		copy->nr = d->memmap->nr;
		memcpy(copy->entries, d->memmap->entries,
		       copy->nr * sizeof(copy->entries[0]));
		rc = 0;
	}
	spin_unlock(&d->lock);
	if (!rc)
		rc = show(arg, copy);
	kfree(copy);
	return rc;
}

static long set_map(struct domain *d, const struct xen_memory_map *op)
{
	struct domain_memmap *new, *old;

	new = memmap_alloc(op->nr_entries);
	if (!new)
		return -ENOMEM;
	if (copy_from_guest(new->entries, guest_ptr(op->buffer),
			    op->nr_entries * sizeof(new->entries[0]))) {
		kfree(new);
		return -EFAULT;
	}
	spin_lock(&d->lock);
	old = d->memmap;
	d->memmap = new;
	spin_unlock(&d->lock);
	kfree(old);
	return 0;
}

/**
 * memory_map_set() - XENMEM_set_memory_map
 * @v:   the caller
 * @arg: struct xen_foreign_memory_map
 *
 * Return: 0; -EINVAL too many entries; -ESRCH, -EPERM the domain; -ENOMEM;
 *         -EFAULT. On error the old map stays.
 */
long memory_map_set(struct vcpu *v, void *arg)
{
	const struct xen_foreign_memory_map *op = arg;
	struct domain *d;
	long rc = -EINVAL;

	if (op->map.nr_entries <= MEMMAP_MAX)
		rc = domain_get_for(v->domain, op->domid, &d);
	if (rc)
		return rc;
	rc = v->domain->privileged ? set_map(d, &op->map) : -EPERM;
	domain_put(d);
	return rc;
}

/**
 * memory_map_machine() - XENMEM_machine_memory_map
 * @v:   the caller, privileged
 * @arg: struct xen_memory_map; without a buffer the number of entries is asked
 *
 * Return: 0; -EINVAL: fewer entries than there are; -ENOMEM; -EFAULT.
 */
long memory_map_machine(struct vcpu *v, void *arg)
{
	struct xen_memory_map *op = arg;
	struct domain_memmap *map;
	unsigned int i;
	long rc;

	if (guest_ptr_null(guest_ptr(op->buffer))) {
		op->nr_entries = boot_info.nr_ranges;
		return 0;
	}
	if (op->nr_entries < boot_info.nr_ranges)
		return -EINVAL;
	map = memmap_alloc(boot_info.nr_ranges);
	if (!map)
		return -ENOMEM;
	for (i = 0; i < map->nr; i++) {
		const struct mem_range *r = &boot_info.ranges[i];

		map->entries[i] =
			(struct memmap_entry){r->start, r->size, r->kind};
	}
	rc = show(op, map);
	kfree(map);
	return rc;
}

/**
 * memory_machphys_mapping() - XENMEM_machphys_mapping
 * @v:   the caller
 * @arg: struct xen_machphys_mapping
 *
 * Return: 0.
 */
long memory_machphys_mapping(struct vcpu *v, void *arg)
{
	struct xen_machphys_mapping *op = arg;

	op->v_start = MACH2PHYS_VIRT_START;
	op->v_end = MACH2PHYS_VIRT_END;
	op->max_mfn = max_mfn - 1;
	return 0;
}

/**
 * memory_machphys_list() - XENMEM_machphys_mfn_list
 * @v:   the caller
 * @arg: struct xen_machphys_mfn_list
 *
 * Return: 0; -EFAULT.
 */
long memory_machphys_list(struct vcpu *v, void *arg)
{
	struct xen_machphys_mfn_list *op = arg;
	guest_ptr_t list = guest_ptr(op->extent_start);
	unsigned int i;
	mfn_t mfn;

	for (i = 0; i < op->max_extents && m2p_frame(i, &mfn); i++) {
		xen_pfn_t first = mfn_x(mfn);

		if (copy_to_guest(memory_list_entry(list, i), &first,
				  sizeof(first)))
			return -EFAULT;
	}
	op->nr_extents = i;
	return 0;
}

/**
 * memory_reserved_devices() - XENMEM_reserved_device_memory_map
 * @v:   the caller
 * @arg: struct xen_reserved_device_memory_map; the number of regions is written
 *
 * Memory that devices need untranslated is an IOMMU's matter: there is none.
 *
 * Return: 0: no regions; -EINVAL: flags that are not defined.
 */
long memory_reserved_devices(struct vcpu *v, void *arg)
{
	struct xen_reserved_device_memory_map *op = arg;

	if (op->flags & ~XENMEM_RDM_ALL)
		return -EINVAL;
	op->nr_entries = 0;
	return 0;
}
