/* SPDX-License-Identifier: MIT */
/*
 * physdev.c - physdev_op: interrupts and PCI devices, as guests name them
 *
 * A guest knows an interrupt source as a pirq. Dom0 joins a pirq to a source
 * (a GSI, or a message of a PCI device) by map_pirq, binds an event channel to
 * it, and acknowledges by eoi.
 *
 * Locks: mapping and unmapping hold d->lock of the domain whose pirqs they
 * are, so that a number found free is still free when it is taken.
 */
#include <lodge/hypercall.h>

#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/irq.h>
#include <lodge/pci.h>
#include <xen/physdev.h>

#include "private.h"

#define NR_IO_PORTS	65536
#define MAX_MESSAGES	32

_Static_assert(offsetof(struct physdev_op, u) == 8, "physdev.h");
_Static_assert(sizeof(struct physdev_map_pirq) == 40, "physdev.h");

/* ---- acknowledging ---- */

static long op_eoi(struct vcpu *v, void *arg)
{
	const struct physdev_eoi *eoi = arg;

	return pirq_eoi(v->domain, eoi->irq);
}

static long set_eoi_map(struct vcpu *v, const struct physdev_pirq_eoi_gmfn *op,
			bool auto_unmask)
{
	return pirq_set_eoi_map(v->domain, GFN(op->gmfn), auto_unmask);
}

static long op_pirq_eoi_gmfn_v1(struct vcpu *v, void *arg)
{
	return set_eoi_map(v, arg, true);
}

static long op_pirq_eoi_gmfn_v2(struct vcpu *v, void *arg)
{
	return set_eoi_map(v, arg, false);
}

static long op_irq_status_query(struct vcpu *v, void *arg)
{
	struct physdev_irq_status_query *q = arg;
	int irq;

	if (q->irq >= NR_PIRQS)
		return -EINVAL;
	irq = pirq_to_irq(v->domain, q->irq);
	q->flags = 0;
	if (pirq_needs_eoi(v->domain, q->irq))
		q->flags |= XENIRQSTAT_needs_eoi;
	if (irq >= 0 && irq_is_shared((unsigned int)irq))
		q->flags |= XENIRQSTAT_shared;
	return 0;
}

/* ---- ports ---- */

static long op_set_iopl(struct vcpu *v, void *arg)
{
	const struct physdev_set_iopl *op = arg;
	const struct guest_ops *ops = v->domain->ops;

	if (op->iopl > 3)
		return -EINVAL;
	return ops->set_iopl ? ops->set_iopl(v, op->iopl) : -ENOSYS;
}

static long op_set_iobitmap(struct vcpu *v, void *arg)
{
	const struct physdev_set_iobitmap *op = arg;
	const struct guest_ops *ops = v->domain->ops;

	if (op->nr_ports > NR_IO_PORTS)
		return -EINVAL;
	return ops->set_iobitmap ?
		       ops->set_iobitmap(v, guest_ptr(op->bitmap).va,
					 op->nr_ports) :
		       -ENOSYS;
}

/* ---- IO-APIC ---- */

static long op_apic_read(struct vcpu *v, void *arg)
{
	struct physdev_apic *op = arg;

	return ioapic_guest_read(op->apic_physbase, op->reg, &op->value);
}

/* Vectors are ours to choose, when the line is bound: irq and GSI are one. */
static long op_alloc_irq_vector(struct vcpu *v, void *arg)
{
	struct physdev_irq *op = arg;

	if (op->irq >= irq_nr_gsis())
		return -EINVAL;
	op->vector = op->irq;
	return 0;
}

static long op_setup_gsi(struct vcpu *v, void *arg)
{
	const struct physdev_setup_gsi *op = arg;

	if (op->gsi < 0 || op->triggering > 1 || op->polarity > 1)
		return -EINVAL;
	return irq_setup_gsi((unsigned int)op->gsi, op->triggering,
			     op->polarity);
}

/* ---- pirqs ---- */

/* With d->lock. @asked below 0: any. The first of @nr free ones, or errno. */
static int choose_pirq(struct domain *d, int asked, unsigned int nr, bool msi)
{
	unsigned int i;

	if (asked < 0)
		return pirq_find_free(d, nr, msi);
	if ((unsigned int)asked + nr > NR_PIRQS)
		return -EINVAL;
	for (i = 0; i < nr; i++)
		if (pirq_to_irq(d, (unsigned int)asked + i) >= 0)
			return -EEXIST;
	return asked;
}

/* May @d have that line? The control domain may have any. */
static bool gsi_allowed(const struct domain *d, unsigned int gsi)
{
	return d->privileged || rangeset_contains(d->irqs, gsi, gsi);
}

static int map_gsi(struct domain *d, struct physdev_map_pirq *m)
{
	unsigned int gsi = (unsigned int)m->index;
	int pirq, rc;

	if (m->index < 0 || gsi >= irq_nr_gsis() || m->pirq >= NR_PIRQS)
		return -EINVAL;
	if (!gsi_allowed(d, gsi))
		return -EPERM;
	/* Mapped already: the same answer again. */
	pirq = irq_to_pirq(d, gsi);
	if (pirq >= 0) {
		if (m->pirq >= 0 && m->pirq != pirq)
			return -EEXIST;
		m->pirq = pirq;
		return 0;
	}
	pirq = choose_pirq(d, m->pirq, 1, false);
	if (pirq < 0)
		return pirq;
	rc = pirq_map(d, (unsigned int)pirq, gsi, false);
	if (!rc)
		m->pirq = pirq;
	return rc;
}

/* Undoes the first @nr of a group, and the group. */
static void unmap_messages(struct domain *d, unsigned int pirq,
			   unsigned int irq, unsigned int nr)
{
	while (nr--)
		(void)pirq_unmap(d, pirq + nr);
	msi_free(irq);
}

static int map_messages(struct domain *d, const struct msi_request *rq,
			struct physdev_map_pirq *m)
{
	unsigned int irq, i;
	int pirq, rc;

	if (!pci_device_known(rq->sbdf))
		return -ENODEV;
	pirq = choose_pirq(d, m->pirq, rq->nr_vectors, true);
	if (pirq < 0)
		return pirq;
	rc = msi_alloc(rq, &irq);
	if (rc)
		return rc;
	for (i = 0; i < rq->nr_vectors; i++) {
		rc = pirq_map(d, (unsigned int)pirq + i, irq + i, true);
		if (rc) {
			unmap_messages(d, (unsigned int)pirq, irq, i);
			return rc;
		}
	}
	m->pirq = pirq;
	return 0;
}

/* @segment: the high half of bus, or 0 where the type knows no segments. */
static int map_msi_of(struct domain *d, struct physdev_map_pirq *m,
		      unsigned int segment, unsigned int nr)
{
	unsigned int bus = (unsigned int)m->bus & 0xffff;
	struct msi_request rq = {
		.sbdf = PCI_SBDF(segment, bus, m->devfn),
		.table_base = m->table_base,
		.entry = (unsigned int)m->entry_nr,
		.nr_vectors = nr,
	};

	/* Which irq a message gets is ours to choose. */
	if (m->index >= 0 || bus > 0xff || m->devfn < 0 || m->devfn > 0xff ||
	    m->entry_nr < 0)
		return -EINVAL;
	return map_messages(d, &rq, m);
}

static int map_msi(struct domain *d, struct physdev_map_pirq *m)
{
	if (m->bus < 0 || m->bus > 0xff)
		return -EINVAL;
	return map_msi_of(d, m, 0, 1);
}

static int map_msi_seg(struct domain *d, struct physdev_map_pirq *m)
{
	return map_msi_of(d, m, (unsigned int)m->bus >> 16, 1);
}

static int map_multi_msi(struct domain *d, struct physdev_map_pirq *m)
{
	if (m->entry_nr <= 0 || m->entry_nr > MAX_MESSAGES || m->table_base)
		return -EINVAL;
	return map_msi_of(d, m, (unsigned int)m->bus >> 16,
			  (unsigned int)m->entry_nr);
}

static int (*const map_types[])(struct domain *, struct physdev_map_pirq *) = {
	[MAP_PIRQ_TYPE_MSI] = map_msi,
	[MAP_PIRQ_TYPE_GSI] = map_gsi,
	[MAP_PIRQ_TYPE_MSI_SEG] = map_msi_seg,
	[MAP_PIRQ_TYPE_MULTI_MSI] = map_multi_msi,
};

static long op_map_pirq(struct vcpu *v, void *arg)
{
	struct physdev_map_pirq *m = arg;
	struct domain *d;
	int rc;

	if (m->type < 0 || (unsigned int)m->type >= ARRAY_SIZE(map_types) ||
	    !map_types[m->type])
		return -EINVAL;
	d = domain_get(v->domain, m->domid);
	if (!d)
		return -ESRCH;
	rc = -ESRCH;
	spin_lock(&d->lock);
	if (!domain_is_dying(d))
		rc = map_types[m->type](d, m);
	spin_unlock(&d->lock);
	domain_put(d);
	return rc;
}

/* With d->lock. A group goes as a whole, by its first one. */
static int unmap(struct domain *d, unsigned int pirq)
{
	int irq = pirq_to_irq(d, pirq), rc;
	unsigned int nr, i;

	if (irq < 0)
		return -EINVAL;
	if ((unsigned int)irq < irq_nr_gsis())
		return pirq_unmap(d, pirq);
	nr = msi_group_size((unsigned int)irq);
	if (nr == 0)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		rc = pirq_unmap(d, pirq + i);
		if (rc)
			return rc;
	}
	msi_free((unsigned int)irq);
	return 0;
}

/**
 * domain_pirqs_free() - a dying domain gives its interrupts back
 * @d: its ports are closed
 *
 * The first number of a group of messages takes the others along.
 *
 * Context: IRQs on, no locks; takes d->lock.
 */
void domain_pirqs_free(struct domain *d)
{
	int pirq = -1;

	spin_lock(&d->lock);
	while ((pirq = pirq_next_mapped(d, (unsigned int)pirq + 1)) >= 0)
		(void)unmap(d, (unsigned int)pirq);
	spin_unlock(&d->lock);
}

static long op_unmap_pirq(struct vcpu *v, void *arg)
{
	const struct physdev_unmap_pirq *u = arg;
	struct domain *d;
	int rc = -EINVAL;

	d = domain_get(v->domain, u->domid);
	if (!d)
		return -ESRCH;
	spin_lock(&d->lock);
	if (u->pirq >= 0 && u->pirq < NR_PIRQS)
		rc = unmap(d, (unsigned int)u->pirq);
	spin_unlock(&d->lock);
	domain_put(d);
	return rc;
}

static long op_get_free_pirq(struct vcpu *v, void *arg)
{
	struct physdev_get_free_pirq *op = arg;
	int pirq;

	/* Every other type is one of messages. */
	spin_lock(&v->domain->lock);
	pirq = pirq_find_free(v->domain, 1, op->type != MAP_PIRQ_TYPE_GSI);
	spin_unlock(&v->domain->lock);
	if (pirq < 0)
		return pirq;
	op->pirq = (uint32_t)pirq;
	return 0;
}

/* ---- PCI devices ---- */

static long op_pci_mmcfg_reserved(struct vcpu *v, void *arg)
{
	const struct physdev_pci_mmcfg_reserved *op = arg;

	if (op->flags & ~XEN_PCI_MMCFG_RESERVED)
		return -EINVAL;
	return pci_mmcfg_reserved(op->address, op->segment, op->start_bus,
				  op->end_bus,
				  op->flags & XEN_PCI_MMCFG_RESERVED);
}

static long add_device(uint32_t sbdf)
{
	bool known = pci_device_known(sbdf);
	int rc = pci_device_add(sbdf);

	if (rc)
		return rc;
	rc = msi_device_add(sbdf);
	if (rc && !known)
		(void)pci_device_remove(sbdf);
	return rc;
}

static long remove_device(uint32_t sbdf)
{
	int rc;

	if (!pci_device_known(sbdf))
		return -ENODEV;
	rc = msi_device_remove(sbdf);
	return rc ? rc : pci_device_remove(sbdf);
}

static long op_pci_device_add(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device_add *op = arg;

	return add_device(PCI_SBDF(op->seg, op->bus, op->devfn));
}

static long op_pci_device_remove(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device *op = arg;

	return remove_device(PCI_SBDF(op->seg, op->bus, op->devfn));
}

static long op_manage_pci_add(struct vcpu *v, void *arg)
{
	const struct physdev_manage_pci *op = arg;

	return add_device(PCI_SBDF(0, op->bus, op->devfn));
}

static long op_manage_pci_add_ext(struct vcpu *v, void *arg)
{
	const struct physdev_manage_pci_ext *op = arg;

	if (op->is_extfn > 1 || op->is_virtfn > 1)
		return -EINVAL;
	return add_device(PCI_SBDF(0, op->bus, op->devfn));
}

static long op_manage_pci_remove(struct vcpu *v, void *arg)
{
	const struct physdev_manage_pci *op = arg;

	return remove_device(PCI_SBDF(0, op->bus, op->devfn));
}

static long restore_msi(uint32_t sbdf)
{
	return pci_device_known(sbdf) ? msi_restore(sbdf) : -ENODEV;
}

static long op_restore_msi(struct vcpu *v, void *arg)
{
	const struct physdev_restore_msi *op = arg;

	return restore_msi(PCI_SBDF(0, op->bus, op->devfn));
}

static long op_restore_msi_ext(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device *op = arg;

	return restore_msi(PCI_SBDF(op->seg, op->bus, op->devfn));
}

static long op_prepare_msix(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device *op = arg;
	uint32_t sbdf = PCI_SBDF(op->seg, op->bus, op->devfn);

	return pci_device_known(sbdf) ? msi_device_add(sbdf) : -ENODEV;
}

static long op_release_msix(struct vcpu *v, void *arg)
{
	const struct physdev_pci_device *op = arg;
	uint32_t sbdf = PCI_SBDF(op->seg, op->bus, op->devfn);

	return pci_device_known(sbdf) ? msi_device_remove(sbdf) : -ENODEV;
}

/*
 * Dom0 is about to reset a USB controller, or has: whoever talks over its debug
 * port must pause. Our console is a serial port, so nobody has to.
 */
static long op_dbgp_op(struct vcpu *v, void *arg)
{
	const struct physdev_dbgp_op *op = arg;

	if (op->op != PHYSDEVOP_DBGP_RESET_PREPARE &&
	    op->op != PHYSDEVOP_DBGP_RESET_DONE)
		return -ENOSYS;
	if (op->bus != PHYSDEVOP_DBGP_BUS_UNKNOWN &&
	    op->bus != PHYSDEVOP_DBGP_BUS_PCI)
		return -EINVAL;
	return 0;
}

#define DOM0_IN		(OP_DOM0 | OP_IN)
#define DOM0_INOUT	(OP_DOM0 | OP_INOUT)

/* clang-format off */
static const struct op physdev_ops[] = {
	OP(PHYSDEVOP_eoi, op_eoi, struct physdev_eoi, OP_IN),
	OP(PHYSDEVOP_pirq_eoi_gmfn_v1, op_pirq_eoi_gmfn_v1, struct physdev_pirq_eoi_gmfn, OP_IN),
	OP(PHYSDEVOP_pirq_eoi_gmfn_v2, op_pirq_eoi_gmfn_v2, struct physdev_pirq_eoi_gmfn, OP_IN),
	OP(PHYSDEVOP_irq_status_query, op_irq_status_query, struct physdev_irq_status_query, OP_INOUT),
	OP(PHYSDEVOP_set_iopl, op_set_iopl, struct physdev_set_iopl, OP_IN),
	OP(PHYSDEVOP_set_iobitmap, op_set_iobitmap, struct physdev_set_iobitmap, OP_IN),
	OP(PHYSDEVOP_apic_read, op_apic_read, struct physdev_apic, DOM0_INOUT),
	OP_NONE(PHYSDEVOP_apic_write, EINVAL, "the hypervisor alone writes redirection entries: setup_gsi, map_pirq"),
	OP(PHYSDEVOP_alloc_irq_vector, op_alloc_irq_vector, struct physdev_irq, DOM0_INOUT),
	OP_NONE(PHYSDEVOP_free_irq_vector, ENOSYS, "obsolete"),
	OP(PHYSDEVOP_map_pirq, op_map_pirq, struct physdev_map_pirq, DOM0_INOUT),
	OP(PHYSDEVOP_unmap_pirq, op_unmap_pirq, struct physdev_unmap_pirq, DOM0_IN),
	OP(PHYSDEVOP_manage_pci_add, op_manage_pci_add, struct physdev_manage_pci, DOM0_IN),
	OP(PHYSDEVOP_manage_pci_remove, op_manage_pci_remove, struct physdev_manage_pci, DOM0_IN),
	OP(PHYSDEVOP_restore_msi, op_restore_msi, struct physdev_restore_msi, DOM0_IN),
	OP(PHYSDEVOP_manage_pci_add_ext, op_manage_pci_add_ext, struct physdev_manage_pci_ext, DOM0_IN),
	OP(PHYSDEVOP_setup_gsi, op_setup_gsi, struct physdev_setup_gsi, DOM0_IN),
	OP(PHYSDEVOP_get_free_pirq, op_get_free_pirq, struct physdev_get_free_pirq, OP_INOUT),
	OP(PHYSDEVOP_pci_mmcfg_reserved, op_pci_mmcfg_reserved, struct physdev_pci_mmcfg_reserved, DOM0_IN),
	OP(PHYSDEVOP_pci_device_add, op_pci_device_add, struct physdev_pci_device_add, DOM0_IN),
	OP(PHYSDEVOP_pci_device_remove, op_pci_device_remove, struct physdev_pci_device, DOM0_IN),
	OP(PHYSDEVOP_restore_msi_ext, op_restore_msi_ext, struct physdev_pci_device, DOM0_IN),
	OP(PHYSDEVOP_dbgp_op, op_dbgp_op, struct physdev_dbgp_op, DOM0_IN),
	OP(PHYSDEVOP_prepare_msix, op_prepare_msix, struct physdev_pci_device, DOM0_IN),
	OP(PHYSDEVOP_release_msix, op_release_msix, struct physdev_pci_device, DOM0_IN),
	OP_NONE(PHYSDEVOP_IRQ_UNMASK_NOTIFY, ENOSYS, "obsolete since interface version 0x30202"),
};

/* Those that the old form of the call has in its union. */
static const struct op physdev_compat_ops[] = {
	OP(PHYSDEVOP_irq_status_query, op_irq_status_query, struct physdev_irq_status_query, OP_INOUT),
	OP(PHYSDEVOP_set_iopl, op_set_iopl, struct physdev_set_iopl, OP_IN),
	OP(PHYSDEVOP_set_iobitmap, op_set_iobitmap, struct physdev_set_iobitmap, OP_IN),
	OP(PHYSDEVOP_apic_read, op_apic_read, struct physdev_apic, DOM0_INOUT),
	OP_NONE(PHYSDEVOP_apic_write, EINVAL, "the hypervisor alone writes redirection entries: setup_gsi, map_pirq"),
	OP(PHYSDEVOP_alloc_irq_vector, op_alloc_irq_vector, struct physdev_irq, DOM0_INOUT),
	OP_NONE(PHYSDEVOP_free_irq_vector, ENOSYS, "obsolete"),
	OP_NONE(PHYSDEVOP_IRQ_UNMASK_NOTIFY, ENOSYS, "obsolete since interface version 0x30202"),
};
/* clang-format on */

const struct op_table physdev_table = {
	.name = "physdev_op",
	.ops = physdev_ops,
	.nr_ops = ARRAY_SIZE(physdev_ops),
	.unknown = ENOSYS,
};

const struct op_table physdev_compat_table = {
	.name = "physdev_op_compat",
	.ops = physdev_compat_ops,
	.nr_ops = ARRAY_SIZE(physdev_compat_ops),
	.unknown = ENOSYS,
};

/**
 * hypercall_physdev_op() - HYPERVISOR_physdev_op(cmd, arg)
 *
 * Return: as the operation; -ENOSYS no such operation; -EPERM not for this
 *         domain; -EFAULT @arg cannot be reached.
 */
long hypercall_physdev_op(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg1), 0,
			   &physdev_table);
}

/**
 * hypercall_physdev_op_compat() - HYPERVISOR_physdev_op_compat(op)
 *
 * The form of before interface version 0x30202: the operation's number and its
 * argument in one structure.
 *
 * Return: as hypercall_physdev_op().
 */
long hypercall_physdev_op_compat(struct vcpu *v, const struct call_args *a)
{
	guest_ptr_t op = GUEST_PTR(a->arg0);
	uint32_t cmd;

	if (copy_from_guest(&cmd, op, sizeof(cmd)))
		return -EFAULT;
	return op_dispatch(v, cmd,
			   guest_ptr_add(op, offsetof(struct physdev_op, u)), 0,
			   &physdev_compat_table);
}
