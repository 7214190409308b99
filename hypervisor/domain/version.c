/* SPDX-License-Identifier: MIT */
/*
 * version.c - HYPERVISOR_xen_version: who we are and what we can do
 *
 * Specification: <xen/version.h>, <xen/features.h>.
 */
#include <lodge/hypercall.h>

#include <lodge/boot.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/version.h>
#include <xen/features.h>
#include <xen/version.h>

static long op_version(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		       unsigned long extra)
{
	return LODGE_ABI_MAJOR << 16 | LODGE_ABI_MINOR;
}

static long op_extraversion(struct vcpu *v, void *arg)
{
	strlcpy(arg, LODGE_EXTRA_VERSION, sizeof(xen_extraversion_t));
	return 0;
}

static long op_compile_info(struct vcpu *v, void *arg)
{
	struct xen_compile_info *info = arg;

	strlcpy(info->compiler, "gcc " __VERSION__, sizeof(info->compiler));
	strlcpy(info->compile_by, "lodge", sizeof(info->compile_by));
	strlcpy(info->compile_domain, "lodge", sizeof(info->compile_domain));
	/* A date would make each build differ. */
	strlcpy(info->compile_date, "reproducible",
		sizeof(info->compile_date));
	return 0;
}

static long op_capabilities(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			    unsigned long extra)
{
	/* The whole array is copied: tools read all of it. */
	static const xen_capabilities_info_t caps = "xen-3.0-x86_64 ";

	return copy_to_guest(arg, caps, sizeof(caps)) ? -EFAULT : 0;
}

static long op_changeset(struct vcpu *v, void *arg)
{
	strlcpy(arg, "lodge", sizeof(xen_changeset_info_t));
	return 0;
}

static long op_platform(struct vcpu *v, void *arg)
{
	struct xen_platform_parameters *p = arg;

	p->virt_start = HYPERVISOR_VIRT_START;
	return 0;
}

static uint32_t features_of(const struct domain *d)
{
	uint32_t f = BIT(XENFEAT_mmu_pt_update_preserve_ad) |
		     BIT(XENFEAT_highmem_assist) |
		     BIT(XENFEAT_gnttab_map_avail_bits) |
		     BIT(XENFEAT_memory_op_vnode_supported) |
		     BIT(XENFEAT_not_direct_mapped);

	if (d->privileged)
		f |= BIT(XENFEAT_dom0);
	return f;
}

static long op_features(struct vcpu *v, void *arg)
{
	struct xen_feature_info *info = arg;

	if (info->submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	info->submap = features_of(v->domain);
	return 0;
}

static long op_pagesize(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			unsigned long extra)
{
	/* A sub-operation without an argument: one is a caller's mistake. */
	return guest_ptr_null(arg) ? (long)PAGE_SIZE : -EINVAL;
}

static long op_handle(struct vcpu *v, void *arg)
{
	memcpy(arg, v->domain->handle, sizeof(xen_domain_handle_t));
	return 0;
}

static long op_commandline(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			   unsigned long extra)
{
	size_t len = strnlen(boot_info.cmdline, sizeof(xen_commandline_t) - 1);

	if (!v->domain->privileged)
		len = 0;
	if (copy_to_guest(arg, boot_info.cmdline, len))
		return -EFAULT;
	return clear_guest(guest_ptr_add(arg, len),
			   sizeof(xen_commandline_t) - len) ? -EFAULT : 0;
}

static const struct op ops[] = {
	OP_RAWFN(XENVER_version, op_version, 0),
	OP(XENVER_extraversion, op_extraversion, xen_extraversion_t, OP_OUT),
	OP(XENVER_compile_info, op_compile_info, struct xen_compile_info, OP_OUT),
	OP_RAWFN(XENVER_capabilities, op_capabilities, 0),
	OP(XENVER_changeset, op_changeset, xen_changeset_info_t, OP_OUT),
	OP(XENVER_platform_parameters, op_platform, struct xen_platform_parameters, OP_OUT),
	OP(XENVER_get_features, op_features, struct xen_feature_info, OP_INOUT),
	OP_RAWFN(XENVER_pagesize, op_pagesize, 0),
	OP(XENVER_guest_handle, op_handle, xen_domain_handle_t, OP_OUT),
	OP_RAWFN(XENVER_commandline, op_commandline, 0),
	OP_NONE(XENVER_build_id, ENODATA, "the image carries no build id"),
};

static const struct op_table table = {
	"xen_version", ops, ARRAY_SIZE(ops), ENOSYS,
};

/**
 * hypercall_xen_version() - HYPERVISOR_xen_version(cmd, arg)
 *
 * Return: the operation's result; -ENOSYS: no such operation; -EFAULT.
 */
long hypercall_xen_version(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg1), 0,
			   &table);
}
