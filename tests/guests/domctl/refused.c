/* SPDX-License-Identifier: MIT */
/*
 * refused.c - operations that are not offered, and those on a dead domain
 *
 * Where both hypervisors lack something the answers are the same.
 */
#include "build.h"

#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>

#define NO_DOMAIN 4321

struct answer {
	unsigned int cmd;
	long rc;
};

#define FOR_EACH(a, table)                                                    \
	for ((a) = (table);                                                   \
	     (a) < (table) + sizeof(table) / sizeof((table)[0]); (a)++)

static long ask(unsigned int cmd, domid_t domid)
{
	struct xen_domctl op;

	memset(&op, 0, sizeof(op));
	return domctl(cmd, domid, &op);
}

static const struct answer absent[] = {
	{XEN_DOMCTL_gethvmcontext, RECORDED(-EINVAL)},
	{XEN_DOMCTL_sethvmcontext, RECORDED(-EINVAL)},
	{XEN_DOMCTL_gethvmcontext_partial, RECORDED(-EINVAL)},
	{XEN_DOMCTL_assign_device, RECORDED(-EOPNOTSUPP)},
	{XEN_DOMCTL_test_assign_device, RECORDED(-EOPNOTSUPP)},
	{XEN_DOMCTL_deassign_device, RECORDED(-EOPNOTSUPP)},
	{XEN_DOMCTL_get_device_group, RECORDED(-EOPNOTSUPP)},
	{XEN_DOMCTL_bind_pt_irq, RECORDED(-EINVAL)},
	{XEN_DOMCTL_unbind_pt_irq, RECORDED(-EINVAL)},
	{XEN_DOMCTL_memory_mapping, RECORDED(-EINVAL)},
	{XEN_DOMCTL_ioport_mapping, RECORDED(-EOPNOTSUPP)},
	{XEN_DOMCTL_debug_op, RECORDED(-EINVAL)},
	{XEN_DOMCTL_mem_sharing_op, RECORDED(-ENOSYS)},
	{XEN_DOMCTL_audit_p2m, RECORDED(-ENOSYS)},
	{XEN_DOMCTL_set_broken_page_p2m, RECORDED(-EINVAL)},
	{XEN_DOMCTL_cacheflush, RECORDED(-ENOSYS)},
	{XEN_DOMCTL_psr_cmt_op, RECORDED(-ENODEV)},
	{XEN_DOMCTL_psr_alloc, RECORDED(-ENODEV)},
	{XEN_DOMCTL_vuart_op, RECORDED(-ENOSYS)},
	{XEN_DOMCTL_vmtrace_op, RECORDED(-EINVAL)},
	{XEN_DOMCTL_get_paging_mempool_size, RECORDED(-EOPNOTSUPP)},
	{XEN_DOMCTL_set_paging_mempool_size, RECORDED(-EOPNOTSUPP)},
};

TEST(not_offered)
{
	struct child child = {0};
	const struct answer *a;

	CHECK_EQ(child_build(&child), 0);
	REQUIRE(child.data);
	FOR_EACH(a, absent) {
		if (!CHECK_EQ(ask(a->cmd, child.domid), a->rc))
			test_error("operation %u", a->cmd);
	}
	CHECK_EQ(ask(XEN_DOMCTL_monitor_op, child.domid),
		 RECORDED(-EOPNOTSUPP));
	CHECK_EQ(child_destroy(child.domid), 0);
	child_unmap(&child);
}

/* No log of dirty memory for PV guests: nothing to be turned off either. */
TEST(no_log_of_dirty_memory)
{
	static const struct answer ops[] = {
		{XEN_DOMCTL_SHADOW_OP_OFF, RECORDED(-EINVAL)},
		{XEN_DOMCTL_SHADOW_OP_ENABLE, RECORDED(-EINVAL)},
		{XEN_DOMCTL_SHADOW_OP_ENABLE_TEST, RECORDED(-EINVAL)},
		{XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, RECORDED(-EOPNOTSUPP)},
		{XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION, RECORDED(-EINVAL)},
		{XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, RECORDED(-EINVAL)},
		{99, RECORDED(-EINVAL)},
	};
	struct child child = {0};
	struct xen_domctl op;
	const struct answer *a;

	CHECK_EQ(child_build(&child), 0);
	REQUIRE(child.data);
	FOR_EACH(a, ops) {
		memset(&op, 0, sizeof(op));
		op.u.shadow_op.op = a->cmd;
		CHECK_EQ(domctl(XEN_DOMCTL_shadow_op, child.domid, &op),
			 a->rc);
	}
	CHECK_EQ(ask(XEN_DOMCTL_shadow_op, 0), RECORDED(-EINVAL));
	CHECK_EQ(child_destroy(child.domid), 0);
	child_unmap(&child);
}

/* That the domain is not there is said first. */
TEST(not_offered_and_no_domain)
{
	const struct answer *a;

	FOR_EACH(a, absent) {
		if (a->rc != -ENOSYS)
			CHECK_EQ(ask(a->cmd, NO_DOMAIN), RECORDED(-ESRCH));
	}
	CHECK_EQ(ask(XEN_DOMCTL_shadow_op, NO_DOMAIN), RECORDED(-ESRCH));
}

/* We keep a page of it: its shell stays, and can be asked about. */
TEST(dead_domain)
{
	static const struct answer ops[] = {
		{XEN_DOMCTL_pausedomain, RECORDED(0)},
		{XEN_DOMCTL_unpausedomain, RECORDED(0)},
		{XEN_DOMCTL_getdomaininfo, RECORDED(0)},
		{XEN_DOMCTL_getvcpuinfo, RECORDED(0)},
		{XEN_DOMCTL_getvcpuaffinity, RECORDED(-EINVAL)},
		{XEN_DOMCTL_getnodeaffinity, RECORDED(0)},
		{XEN_DOMCTL_get_address_size, RECORDED(0)},
		{XEN_DOMCTL_gettscinfo, RECORDED(0)},
		{XEN_DOMCTL_get_cpu_policy, RECORDED(0)},
		{XEN_DOMCTL_scheduler_op, RECORDED(-EINVAL)},
		{XEN_DOMCTL_destroydomain, RECORDED(0)},
	};
	struct child child = {0};
	const struct answer *a;
	uint64_t count;

	CHECK_EQ(child_build(&child), 0);
	REQUIRE(child.data);
	CHECK_EQ(child_destroy(child.domid), 0);
	count = child.data->count;
	FOR_EACH(a, ops) {
		if (!CHECK_EQ(ask(a->cmd, child.domid), a->rc))
			test_error("operation %u", a->cmd);
	}
	CHECK_EQ(child_state(child.domid) & (CHILD_THERE | XEN_DOMINF_dying),
		 CHILD_THERE | XEN_DOMINF_dying);
	CHECK_EQ(child.data->count, count);
	child_unmap(&child);
}

/* The mode is kept; what is told is for the life after this one. */
TEST(time_stamp_counter)
{
	struct xen_domctl op = {0};
	struct xen_sysctl info = {0};
	long id = child_create(1);

	REQUIRE(id > 0);
	/* This machine's rate, as it was measured at another boot. */
	CHECK_EQ(sysctl(XEN_SYSCTL_physinfo, &info), 0);
	op.u.tsc_info.gtsc_khz = info.u.physinfo.cpu_khz + 10;
	CHECK_EQ(domctl(XEN_DOMCTL_settscinfo, (domid_t)id, &op), 0);
	op.u.tsc_info.tsc_mode = 2;
	op.u.tsc_info.incarnation = 9;
	CHECK_EQ(domctl(XEN_DOMCTL_settscinfo, (domid_t)id, &op), 0);
	memset(&op, 0, sizeof(op));
	CHECK_EQ(domctl(XEN_DOMCTL_gettscinfo, (domid_t)id, &op), 0);
	CHECK_EQ(op.u.tsc_info.tsc_mode, 2);
	CHECK_EQ(op.u.tsc_info.incarnation, RECORDED(10));
	CHECK_EQ(op.u.tsc_info.gtsc_khz, RECORDED(0));
	CHECK_EQ(op.u.tsc_info.elapsed_nsec, RECORDED(0));
	memset(&op, 0, sizeof(op));
	op.u.tsc_info.tsc_mode = 7;
	CHECK_EQ(domctl(XEN_DOMCTL_settscinfo, (domid_t)id, &op),
		 RECORDED(-EINVAL));
	CHECK_EQ(child_destroy((domid_t)id), 0);
}

/* Two MSRs that tell of features: a guest has nothing by them. */
TEST(msrs_of_the_policy)
{
	static xen_msr_entry_t msrs[3];
	struct xen_domctl op = {0};
	struct xen_domctl_cpu_policy *p = &op.u.cpu_policy;
	long id = child_create(1);

	REQUIRE(id > 0);
	CHECK_EQ(domctl(XEN_DOMCTL_get_cpu_policy, (domid_t)id, &op), 0);
	CHECK_EQ(p->nr_msrs, RECORDED(2));
	set_xen_guest_handle(p->msrs, msrs);
	CHECK_EQ(domctl(XEN_DOMCTL_get_cpu_policy, (domid_t)id, &op), 0);
	CHECK_EQ(msrs[0].idx, RECORDED(0xce));
	CHECK_EQ(msrs[1].idx, RECORDED(0x10a));
	CHECK(!msrs[0].flags && !msrs[1].flags);
	p->nr_msrs = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_get_cpu_policy, (domid_t)id, &op),
		 RECORDED(-ENOBUFS));
	/* What was read can be written, and no other. */
	memset(&op, 0, sizeof(op));
	set_xen_guest_handle(p->msrs, msrs);
	p->nr_msrs = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_set_cpu_policy, (domid_t)id, &op), 0);
	msrs[1].idx = 0x1234;
	CHECK_EQ(domctl(XEN_DOMCTL_set_cpu_policy, (domid_t)id, &op), -ERANGE);
	CHECK_EQ(p->err_msr, 0x1234);
	CHECK_EQ(child_destroy((domid_t)id), 0);
}

TEST(no_memory_reserved_for_devices)
{
	struct xen_reserved_device_memory_map map = {
		.flags = XENMEM_RDM_ALL, .nr_entries = 7,
	};

	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_reserved_device_memory_map, &map),
		 RECORDED(0));
	CHECK_EQ(map.nr_entries, RECORDED(0));
	map.flags = 8;
	map.nr_entries = 7;
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_reserved_device_memory_map, &map),
		 RECORDED(-EINVAL));
	CHECK_EQ(map.nr_entries, RECORDED(7));
	CHECK_EQ(HYPERVISOR_memory_op(XENMEM_reserved_device_memory_map,
				      (void *)0x1000), -EFAULT);
}
