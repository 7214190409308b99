/* SPDX-License-Identifier: MIT */
/*
 * domain.c - a second domain, made by the control domain
 */
#include <guestkit/domain.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>

long domain_control(unsigned int cmd, domid_t domid, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domid;
	return HYPERVISOR_domctl(op);
}

static long set_max_vcpus(domid_t domid, unsigned int nr)
{
	struct xen_domctl op = {0};

	op.u.max_vcpus.max = nr;
	return domain_control(XEN_DOMCTL_max_vcpus, domid, &op);
}

long domain_create(unsigned int max_pages, int grant_frames,
		   unsigned int grant_version)
{
	struct xen_domctl op = {0};
	long rc;

	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = grant_frames,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(grant_version),
		.arch.emulation_flags = 0,
	};
	rc = domain_control(XEN_DOMCTL_createdomain, DOMID_INVALID, &op);
	if (rc)
		return rc;
	rc = op.domain;
	memset(&op, 0, sizeof(op));
	op.u.max_mem.max_memkb = max_pages * (PAGE_BYTES / 1024);
	if (domain_control(XEN_DOMCTL_max_mem, (domid_t)rc, &op) ||
	    set_max_vcpus((domid_t)rc, 1)) {
		domain_destroy((domid_t)rc);
		return -ENOMEM;
	}
	return rc;
}

long domain_destroy(domid_t domid)
{
	struct xen_domctl op = {0};
	long rc;

	do {
		rc = domain_control(XEN_DOMCTL_destroydomain, domid, &op);
	} while (rc == -EAGAIN);
	return rc;
}

long domain_state(domid_t domid, unsigned long *pages)
{
	struct xen_domctl op = {0};

	if (domain_control(XEN_DOMCTL_getdomaininfo, domid, &op) ||
	    op.u.getdomaininfo.domain != domid)
		return -1;
	*pages = op.u.getdomaininfo.tot_pages;
	return op.u.getdomaininfo.flags;
}

long domain_populate(domid_t domid, unsigned long pfn, unsigned long *mfns,
		     unsigned int nr, unsigned int order)
{
	struct xen_memory_reservation r = {
		.extent_start.p = mfns,
		.nr_extents = nr,
		.extent_order = order,
		.domid = domid,
	};
	unsigned int i;

	for (i = 0; i < nr; i++)
		mfns[i] = pfn + ((unsigned long)i << order);
	return HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
}

long domain_map(domid_t domid, void *virt, unsigned long mfn, uint64_t flags)
{
	return pte_update_op(pte_machine(virt, 1), pte_make(mfn, flags),
			     MMU_NORMAL_PT_UPDATE, NULL, domid);
}

void *domain_show(domid_t domid, unsigned long mfn)
{
	void *at = page_alloc();

	if (!at || page_map(at, 0) || domain_map(domid, at, mfn, PTE_KERNEL))
		return NULL;
	return at;
}

long domain_hide(void *at)
{
	long rc = page_map(at, pte_make(virt_to_mfn(at), PTE_KERNEL));

	if (!rc)
		page_free(at);
	return rc;
}

long domain_acquire(domid_t domid, unsigned int id, unsigned int first,
		    unsigned long *mfns, unsigned int nr)
{
	struct xen_mem_acquire_resource r = {
		.domid = domid,
		.type = XENMEM_resource_grant_table,
		.id = id,
		.frame = first,
		.nr_frames = nr,
		.frame_list.p = mfns,
	};

	return HYPERVISOR_memory_op(XENMEM_acquire_resource, &r);
}

bool machine_free_pages(unsigned long *pages, unsigned long *claimed)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};

	if (HYPERVISOR_sysctl(&op))
		return false;
	*pages = op.u.physinfo.free_pages + op.u.physinfo.scrub_pages;
	*claimed = op.u.physinfo.outstanding_pages;
	return true;
}
