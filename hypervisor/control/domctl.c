/* SPDX-License-Identifier: MIT */
/*
 * domctl.c - HYPERVISOR_domctl: what a toolstack does with one domain
 *
 * Specification: <xen/domctl.h>. Look-up, version, permission and copies are
 * made here, once; operations are in the other files of this folder. Only the
 * control domain gets here (hypercall/table.c).
 *
 * Locks: none of its own; the domain is referenced.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/hypercall.h>

#define NO_HVM	"no guests under hardware virtualisation"
#define NO_IOMMU "no IOMMU: no devices for guests"
#define NO_RESET "a PV guest is not begun anew in place"
#define NO_WATCH "guests are not watched"

static const struct op domctl_ops[] = {
	OP(XEN_DOMCTL_createdomain, domctl_create, struct xen_domctl_createdomain, OP_INOUT | DOMCTL_ANY),
	OP(XEN_DOMCTL_destroydomain, domctl_destroy, struct xen_domctl, OP_IN | DOMCTL_OTHER | DOMCTL_DYING),
	OP(XEN_DOMCTL_pausedomain, domctl_pause, struct xen_domctl, OP_IN | DOMCTL_OTHER | DOMCTL_DYING),
	OP(XEN_DOMCTL_unpausedomain, domctl_unpause, struct xen_domctl, OP_IN | DOMCTL_DYING),
	OP(XEN_DOMCTL_getdomaininfo, domctl_get_info, struct xen_domctl_getdomaininfo, OP_INOUT | DOMCTL_ANY),
	OP(XEN_DOMCTL_max_mem, domctl_max_mem, struct xen_domctl_max_mem, OP_IN),
	OP(XEN_DOMCTL_setvcpucontext, domctl_set_context, struct xen_domctl_vcpucontext, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_getvcpucontext, domctl_get_context, struct xen_domctl_vcpucontext, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_getvcpuinfo, domctl_get_vcpu_info, struct xen_domctl_getvcpuinfo, OP_INOUT | DOMCTL_DYING),
	OP(XEN_DOMCTL_max_vcpus, domctl_max_vcpus, struct xen_domctl_max_vcpus, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_setdomainhandle, domctl_set_handle, struct xen_domctl_setdomainhandle, OP_IN),
	OP(XEN_DOMCTL_irq_permission, domctl_irq_permission, struct xen_domctl_irq_permission, OP_IN),
	OP(XEN_DOMCTL_iomem_permission, domctl_iomem_permission, struct xen_domctl_iomem_permission, OP_IN),
	OP(XEN_DOMCTL_ioport_permission, domctl_ioport_permission, struct xen_domctl_ioport_permission, OP_IN),
	OP(XEN_DOMCTL_hypercall_init, domctl_hypercall_page, struct xen_domctl_hypercall_init, OP_IN),
	OP(XEN_DOMCTL_settimeoffset, domctl_set_time_offset, struct xen_domctl_settimeoffset, OP_IN),
	OP(XEN_DOMCTL_resumedomain, domctl_resume, struct xen_domctl, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_subscribe, domctl_subscribe, struct xen_domctl_subscribe, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_sendtrigger, domctl_send_trigger, struct xen_domctl_sendtrigger, OP_IN),
	OP(XEN_DOMCTL_set_address_size, domctl_set_address_size, struct xen_domctl_address_size, OP_IN),
	OP(XEN_DOMCTL_get_address_size, domctl_get_address_size, struct xen_domctl_address_size, OP_INOUT | DOMCTL_DYING),
	OP(XEN_DOMCTL_set_ext_vcpucontext, domctl_set_ext_context, struct xen_domctl_ext_vcpucontext, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_get_ext_vcpucontext, domctl_get_ext_context, struct xen_domctl_ext_vcpucontext, OP_INOUT | DOMCTL_OTHER),
	OP(XEN_DOMCTL_getpageframeinfo3, domctl_frame_info, struct xen_domctl_getpageframeinfo3, OP_IN),
	OP(XEN_DOMCTL_setvcpuaffinity, domctl_set_affinity, struct xen_domctl_vcpuaffinity, OP_IN),
	OP(XEN_DOMCTL_getvcpuaffinity, domctl_get_affinity, struct xen_domctl_vcpuaffinity, OP_IN | DOMCTL_DYING),
	OP(XEN_DOMCTL_setnodeaffinity, domctl_set_nodes, struct xen_domctl_nodeaffinity, OP_IN),
	OP(XEN_DOMCTL_getnodeaffinity, domctl_get_nodes, struct xen_domctl_nodeaffinity, OP_IN | DOMCTL_DYING),
	OP(XEN_DOMCTL_scheduler_op, domctl_scheduler, struct xen_domctl_scheduler_op, OP_INOUT | DOMCTL_DYING),
	OP(XEN_DOMCTL_set_virq_handler, domctl_set_virq_handler, struct xen_domctl_set_virq_handler, OP_IN),
	OP(XEN_DOMCTL_setvcpuextstate, domctl_set_xstate, struct xen_domctl_vcpuextstate, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_getvcpuextstate, domctl_get_xstate, struct xen_domctl_vcpuextstate, OP_INOUT | DOMCTL_OTHER),
	OP(XEN_DOMCTL_get_vcpu_msrs, domctl_get_msrs, struct xen_domctl_vcpu_msrs, OP_IN | OP_OUT_ALWAYS | DOMCTL_OTHER),
	OP(XEN_DOMCTL_set_vcpu_msrs, domctl_set_msrs, struct xen_domctl_vcpu_msrs, OP_IN | OP_OUT_ALWAYS | DOMCTL_OTHER),
	OP(XEN_DOMCTL_gettscinfo, domctl_get_tsc, struct xen_domctl_tsc_info, OP_INOUT | DOMCTL_DYING),
	OP(XEN_DOMCTL_settscinfo, domctl_set_tsc, struct xen_domctl_tsc_info, OP_IN | DOMCTL_OTHER),
	OP(XEN_DOMCTL_get_cpu_policy, domctl_get_policy, struct xen_domctl_cpu_policy, OP_INOUT | DOMCTL_DYING),
	OP(XEN_DOMCTL_set_cpu_policy, domctl_set_policy, struct xen_domctl_cpu_policy, OP_IN | OP_OUT_ALWAYS | DOMCTL_OTHER),
	OP(XEN_DOMCTL_shadow_op, domctl_shadow, struct xen_domctl_shadow_op, OP_IN | DOMCTL_OTHER | DOMCTL_DYING),
	OP_NONE(XEN_DOMCTL_soft_reset, EINVAL, NO_RESET),
	OP_NONE(XEN_DOMCTL_gethvmcontext, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_sethvmcontext, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_gethvmcontext_partial, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_debug_op, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_set_broken_page_p2m, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_vmtrace_op, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_get_paging_mempool_size, EOPNOTSUPP, NO_HVM),
	OP_NONE(XEN_DOMCTL_set_paging_mempool_size, EOPNOTSUPP, NO_HVM),
	OP_NONE(XEN_DOMCTL_assign_device, EOPNOTSUPP, NO_IOMMU),
	OP_NONE(XEN_DOMCTL_test_assign_device, EOPNOTSUPP, NO_IOMMU),
	OP_NONE(XEN_DOMCTL_deassign_device, EOPNOTSUPP, NO_IOMMU),
	OP_NONE(XEN_DOMCTL_get_device_group, EOPNOTSUPP, NO_IOMMU),
	OP_NONE(XEN_DOMCTL_bind_pt_irq, EINVAL, NO_IOMMU),
	OP_NONE(XEN_DOMCTL_unbind_pt_irq, EINVAL, NO_IOMMU),
	OP_NONE(XEN_DOMCTL_ioport_mapping, EOPNOTSUPP, NO_HVM),
	OP_NONE(XEN_DOMCTL_memory_mapping, EINVAL, NO_HVM),
	OP_NONE(XEN_DOMCTL_monitor_op, EOPNOTSUPP, NO_WATCH),
	OP_NONE(XEN_DOMCTL_set_access_required, EOPNOTSUPP, NO_WATCH),
	OP_NONE(XEN_DOMCTL_set_target, ENOSYS, "no device models"),
	OP_NONE(XEN_DOMCTL_setdebugging, ENOSYS, "no debugger"),
	OP_NONE(XEN_DOMCTL_setvnumainfo, EOPNOTSUPP, "no virtual NUMA topology"),
	OP_NONE(XEN_DOMCTL_psr_cmt_op, ENODEV, "caches are not monitored"),
	OP_NONE(XEN_DOMCTL_psr_alloc, ENODEV, "caches are not partitioned"),
};

static const struct op_table domctl_table = {
	"domctl", domctl_ops, ARRAY_SIZE(domctl_ops), ENOSYS,
};

static long find_domain(struct vcpu *v, const struct op *row,
			struct domctl_call *call)
{
	domid_t id = call->op.domain;

	if (row->flags & DOMCTL_ANY)
		return 0;
	if (id == DOMID_SELF)
		id = v->domain->domid;
	call->d = domain_get_any(id);
	if (!call->d)
		return -ESRCH;
	if ((row->flags & DOMCTL_OTHER) && call->d == v->domain)
		return -EINVAL;
	if (!(row->flags & DOMCTL_DYING) && domain_is_dying(call->d))
		return -ESRCH;
	return 0;
}

/* That there is no such domain goes first. */
static long refuse(struct vcpu *v, const struct op *row,
		   struct domctl_call *call)
{
	domid_t id = call->op.domain;
	struct domain *d;

	d = domain_get_any(id == DOMID_SELF ? v->domain->domid : id);
	if (!d)
		return -ESRCH;
	domain_put(d);
	return -row->errno_none;
}

static long carry_out(struct vcpu *v, const struct op *row,
		      struct domctl_call *call)
{
	long rc = find_domain(v, row, call);

	if (!rc)
		rc = row->fn(v, call);
	if (call->d)
		domain_put(call->d);
	return rc;
}

/**
 * hypercall_domctl() - HYPERVISOR_domctl(op)
 * @v: current, of the control domain
 * @a: guest pointer to struct xen_domctl
 *
 * Return: the operation's result; -EFAULT; -EACCES: another version of the
 *         interface; -ENOSYS: no such operation; -ESRCH: no such domain;
 *         -EINVAL: it may not be the caller's own.
 */
long hypercall_domctl(struct vcpu *v, const struct call_args *a)
{
	struct domctl_call call = { .d = NULL };
	guest_ptr_t arg = GUEST_PTR(a->arg0);
	const struct op *row;
	long rc;

	if (copy_from_guest(&call.op, arg, sizeof(call.op)))
		return -EFAULT;
	if (call.op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	row = op_find(&domctl_table, call.op.cmd);
	if (!row)
		return -domctl_table.unknown;
	if (row->errno_none)
		return refuse(v, row, &call);
	/* Where the answer cannot go nothing must be done. */
	if ((row->flags & OP_OUT) &&
	    copy_to_guest(arg, &call.op, sizeof(call.op)))
		return -EFAULT;
	rc = carry_out(v, row, &call);
	if (rc == -ERESTART)
		return hypercall_continue(__HYPERVISOR_domctl, 0);
	if (rc != HYPERCALL_CONTINUED &&
	    ((rc >= 0 && (row->flags & OP_OUT)) ||
	     (row->flags & OP_OUT_ALWAYS)) &&
	    copy_to_guest(arg, &call.op, sizeof(call.op)))
		return -EFAULT;
	return rc;
}
