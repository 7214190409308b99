/* SPDX-License-Identifier: MIT */
/*
 * domctl - a control domain makes a second domain, runs it and ends it
 *
 * What a toolstack does, with nothing of one: so each step can be wrong on
 * purpose. At the end every frame of the machine is where it was.
 */
#include "build.h"

#include <guestkit/clock.h>
#include <guestkit/page.h>
#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define NO_DOMAIN   4321
#define ROUNDS	    200

static long yield(void)
{
	return HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

/* Frames are freed a moment after the call that gave them up: there may be
 * more than there were, when not all had come back yet. */
static bool frames_are_back(uint64_t want)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (free_frames() < want && clock_ns() < end)
		yield();
	return free_frames() >= want;
}

static bool count_reaches(const struct child *child, uint64_t count)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (child->data->count < count && clock_ns() < end)
		yield();
	return child->data->count >= count;
}

static bool state_becomes(domid_t domid, unsigned long mask,
			  unsigned long want)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while ((child_state(domid) & mask) != want && clock_ns() < end)
		yield();
	return (child_state(domid) & mask) == want;
}

/* Xen 4.17 says 0 of a vCPU that has run for a moment only. */
static bool has_run(domid_t domid)
{
	uint64_t end = clock_ns() + PATIENCE_NS;
	struct xen_domctl op = {0};

	while (!op.u.getvcpuinfo.cpu_time && clock_ns() < end) {
		yield();
		op.u.getvcpuinfo.vcpu = 0;
		if (domctl(XEN_DOMCTL_getvcpuinfo, domid, &op))
			return false;
	}
	return op.u.getvcpuinfo.cpu_time;
}

TEST(only_this_version)
{
	struct xen_domctl op = {0};
	struct xen_sysctl s = {0};

	op.cmd = XEN_DOMCTL_getdomaininfo;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1;
	CHECK_EQ(HYPERVISOR_domctl(&op), -EACCES);
	CHECK_EQ(HYPERVISOR_domctl((void *)0x1000), -EFAULT);
	s.cmd = XEN_SYSCTL_physinfo;
	s.interface_version = XEN_SYSCTL_INTERFACE_VERSION - 1;
	CHECK_EQ(HYPERVISOR_sysctl(&s), -EACCES);
	CHECK_EQ(HYPERVISOR_sysctl((void *)0x1000), -EFAULT);
}

TEST(unknown_operations)
{
	struct xen_domctl op = {0};
	struct xen_sysctl s = {0};

	CHECK_EQ(domctl(999, 0, &op), RECORDED(-ENOSYS));
	CHECK_EQ(domctl(6, 0, &op), RECORDED(-ENOSYS));
	CHECK_EQ(sysctl(999, &s), RECORDED(-ENOSYS));
	CHECK_EQ(sysctl(13, &s), RECORDED(-ENOSYS));
}

TEST(no_such_domain)
{
	static const unsigned int cmds[] = {
		XEN_DOMCTL_destroydomain, XEN_DOMCTL_pausedomain,
		XEN_DOMCTL_unpausedomain, XEN_DOMCTL_max_mem,
		XEN_DOMCTL_getvcpuinfo,	  XEN_DOMCTL_max_vcpus,
	};
	struct xen_domctl op = {0};
	unsigned int i;

	for (i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		CHECK_EQ(domctl(cmds[i], NO_DOMAIN, &op), -ESRCH);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, NO_DOMAIN, &op), -ESRCH);
}

/* Not to oneself. */
TEST(own_domain)
{
	struct xen_domctl op = {0};

	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, 0, &op), RECORDED(-EINVAL));
	CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0, &op), RECORDED(-EINVAL));
	op.u.max_vcpus.max = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, 0, &op), RECORDED(-EINVAL));
}

TEST(create_wrong)
{
	static const struct xen_domctl_createdomain good = {
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = 1,
		.max_maptrack_frames = 1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	struct xen_domctl op = {0};
	uint64_t frames;

	/* The first one leaves something behind for all that follow. */
	child_destroy((domid_t)child_create(1));
	frames = free_frames();
	op.u.createdomain = good;
	op.u.createdomain.max_vcpus = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EINVAL));
	op.u.createdomain = good;
	op.u.createdomain.max_vcpus = 100000;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EINVAL));
	op.u.createdomain = good;
	op.u.createdomain.flags = 1U << 30;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EINVAL));
	op.u.createdomain = good;
	op.u.createdomain.flags = XEN_DOMCTL_CDF_hap;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EINVAL));
	op.u.createdomain = good;
	op.u.createdomain.grant_opts = 7;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EINVAL));
	op.u.createdomain = good;
	op.u.createdomain.grant_opts = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EINVAL));
	op.u.createdomain = good;
	op.u.createdomain.arch.emulation_flags = XEN_X86_EMU_LAPIC;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-EOPNOTSUPP));
	op.u.createdomain = good;
	op.u.createdomain.cpupool_id = 77;
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op),
		 RECORDED(-ESRCH));
	CHECK(frames_are_back(frames));
}

TEST(new_domain)
{
	struct xen_domctl op = {0};
	const struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;
	long id = child_create(2);

	REQUIRE(id > 0);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, (domid_t)id, &op), 0);
	CHECK_EQ(info->domain, id);
	CHECK_EQ(info->flags, RECORDED(XEN_DOMINF_paused | 0xffff0000));
	CHECK_EQ(info->tot_pages, 0);
	CHECK_EQ(info->nr_online_vcpus, 0);
	CHECK_EQ(info->max_vcpu_id, RECORDED(XEN_INVALID_MAX_VCPU_ID));
	CHECK(info->shared_info_frame != 0);
	CHECK_EQ(info->outstanding_pages, 0);

	op.u.max_vcpus.max = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, (domid_t)id, &op),
		 RECORDED(-EINVAL));
	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, (domid_t)id, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, (domid_t)id, &op), 0);
	memset(&op, 0, sizeof(op));
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, (domid_t)id, &op), 0);
	CHECK_EQ(info->max_vcpu_id, 1);
	CHECK_EQ(info->nr_online_vcpus, 0);

	CHECK_EQ(child_destroy((domid_t)id), 0);
	CHECK(state_becomes((domid_t)id, CHILD_THERE, 0));
	CHECK_EQ(child_destroy((domid_t)id), -ESRCH);
}

TEST(number_of_choice)
{
	struct xen_domctl op = {0};

	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = 1,
		.max_maptrack_frames = 1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 1000, &op), 0);
	CHECK_EQ(op.domain, 1000);
	CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 1000, &op), -EEXIST);
	/* The next one that there is. */
	memset(&op, 0, sizeof(op));
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 900, &op), 0);
	CHECK_EQ(op.domain, 1000);
	CHECK_EQ(op.u.getdomaininfo.domain, 1000);
	CHECK_EQ(child_destroy(1000), 0);
}

TEST(pauses_are_counted)
{
	struct xen_domctl op = {0};
	long id = child_create(1);
	unsigned int i;

	REQUIRE(id > 0);
	op.u.max_vcpus.max = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, (domid_t)id, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, (domid_t)id, &op), 0);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, (domid_t)id, &op), 0);
	CHECK(child_state((domid_t)id) & XEN_DOMINF_paused);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, (domid_t)id, &op), 0);
	CHECK(!(child_state((domid_t)id) & XEN_DOMINF_paused));
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, (domid_t)id, &op),
		 RECORDED(-EINVAL));
	for (i = 0; i < 300; i++)
		if (domctl(XEN_DOMCTL_pausedomain, (domid_t)id, &op))
			break;
	CHECK_EQ(i, RECORDED(255));
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, (domid_t)id, &op),
		 RECORDED(-EOVERFLOW));
	CHECK_EQ(child_destroy((domid_t)id), 0);
}

TEST(contexts_wrong)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = {0};
	struct child child = {0};
	long id = child_create(2);

	REQUIRE(id > 0);
	child.domid = (domid_t)id;
	child_context(&child, &ctx);
	CHECK_EQ(child_set_context(child.domid, 2, &ctx), RECORDED(-EINVAL));
	CHECK_EQ(child_set_context(child.domid, 0, &ctx), RECORDED(-EINVAL));
	op.u.max_vcpus.max = 2;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, child.domid, &op), 0);
	op.u.vcpucontext.vcpu = 0;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, child.domid, &op),
		 RECORDED(-ENODATA));
	CHECK_EQ(child_set_context(child.domid, 0, (void *)0x1000), -EFAULT);
	/* No root at all, ours, and one that is no table. */
	CHECK_EQ(child_set_context(child.domid, 0, &ctx), RECORDED(-EINVAL));
	ctx.ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(&ctx));
	CHECK_EQ(child_set_context(child.domid, 0, &ctx), RECORDED(-EINVAL));
	CHECK_EQ(child_destroy(child.domid), 0);
}

static void run_child(struct child *child)
{
	struct xen_domctl op = {0};

	CHECK_EQ(child->data->count, 0);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, child->domid, &op), 0);
	CHECK(count_reaches(child, 10));
	child->data->reason = SHUTDOWN_poweroff;
	child->data->stop = 1;
	CHECK(state_becomes(child->domid,
			    XEN_DOMINF_shutdown | CHILD_THERE |
				    XEN_DOMINF_shutdownmask
					    << XEN_DOMINF_shutdownshift,
			    XEN_DOMINF_shutdown | CHILD_THERE |
				    SHUTDOWN_poweroff
					    << XEN_DOMINF_shutdownshift));
}

TEST(a_domain_runs)
{
	struct xen_domctl op = {0};
	struct child child = {0};
	uint64_t count;

	CHECK_EQ(child_build(&child), 0);
	REQUIRE(child.data);
	CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, child.domid, &op), 0);
	CHECK_EQ(op.u.getdomaininfo.tot_pages, CHILD_PAGES);
	CHECK_EQ(op.u.getdomaininfo.nr_online_vcpus, 1);

	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, child.domid, &op), 0);
	CHECK(count_reaches(&child, 5));
	CHECK(has_run(child.domid));
	/* Paused it stands still. */
	CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, child.domid, &op), 0);
	count = child.data->count;
	yield();
	CHECK_EQ(child.data->count, count);
	op.u.getvcpuinfo.vcpu = 0;
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, child.domid, &op), 0);
	CHECK_EQ(op.u.getvcpuinfo.online, 1);
	CHECK_EQ(op.u.getvcpuinfo.running, 0);
	CHECK(op.u.getvcpuinfo.cpu_time > 0);
	CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, child.domid, &op), 0);
	CHECK(count_reaches(&child, count + 5));

	CHECK_EQ(child_destroy(child.domid), 0);
	/* We still have its page: it is dead, and stays. */
	CHECK_EQ(child_state(child.domid) & (CHILD_THERE | XEN_DOMINF_dying),
		 CHILD_THERE | XEN_DOMINF_dying);
	count = child.data->count;
	yield();
	CHECK_EQ(child.data->count, count);
	child_unmap(&child);
	CHECK(state_becomes(child.domid, CHILD_THERE, 0));
}

TEST(context_comes_back)
{
	static struct vcpu_guest_context set, got;
	struct xen_domctl op = {0};
	struct child child = {0};

	CHECK_EQ(child_build(&child), 0);
	REQUIRE(child.data);
	child_context(&child, &set);
	op.u.vcpucontext.vcpu = 0;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &got);
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, child.domid, &op), 0);
	CHECK_EQ(got.user_regs.rip, set.user_regs.rip);
	CHECK_EQ(got.user_regs.rbx, set.user_regs.rbx);
	CHECK_EQ(got.user_regs.rsp, set.user_regs.rsp);
	CHECK_EQ(got.ctrlreg[3], set.ctrlreg[3]);
	CHECK_EQ(got.ctrlreg[1], 0);
	CHECK_BITS(got.flags, VGCF_in_kernel | VGCF_online,
		   VGCF_in_kernel | VGCF_online);
	CHECK_EQ(got.kernel_sp, set.kernel_sp);
	CHECK_EQ(child_destroy(child.domid), 0);
	child_unmap(&child);
}

/* Sent back as it came it changes nothing; what cannot be is refused. */
TEST(extended_state)
{
	static uint8_t state[8192];
	struct xen_domctl op = {0};
	struct child child = {0};
	uint64_t size, mask;

	CHECK_EQ(child_build(&child), 0);
	REQUIRE(child.data);
	CHECK_EQ(domctl(XEN_DOMCTL_getvcpuextstate, child.domid, &op), 0);
	size = op.u.vcpuextstate.size;
	mask = op.u.vcpuextstate.xfeature_mask;
	if (size) {
		CHECK(size > 576 && size <= sizeof(state));
		CHECK_BITS(mask, 3, 3);
		set_xen_guest_handle(op.u.vcpuextstate.buffer,
				     (uint64_t *)state);
		CHECK_EQ(domctl(XEN_DOMCTL_getvcpuextstate, child.domid, &op),
			 0);
		CHECK_EQ(domctl(XEN_DOMCTL_setvcpuextstate, child.domid, &op),
			 0);
		op.u.vcpuextstate.size = 8;
		CHECK_EQ(domctl(XEN_DOMCTL_setvcpuextstate, child.domid, &op),
			 -EINVAL);
	}
	memset(&op, 0, sizeof(op));
	CHECK_EQ(domctl(XEN_DOMCTL_get_vcpu_msrs, child.domid, &op), 0);
	CHECK(op.u.vcpu_msrs.msr_count >= 1);
	/* It still runs. */
	run_child(&child);
	CHECK_EQ(child_destroy(child.domid), 0);
	child_unmap(&child);
}

TEST(shares)
{
	struct xen_domctl op = {0};
	long id = child_create(1);

	REQUIRE(id > 0);
	op.u.max_vcpus.max = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, (domid_t)id, &op), 0);
	memset(&op, 0, sizeof(op));
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, (domid_t)id, &op), 0);
	CHECK_EQ(op.u.scheduler_op.u.credit2.weight, 256);
	CHECK_EQ(op.u.scheduler_op.u.credit2.cap, 0);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.weight = 512;
	op.u.scheduler_op.u.credit2.cap = 30;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, (domid_t)id, &op), 0);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, (domid_t)id, &op), 0);
	CHECK_EQ(op.u.scheduler_op.u.credit2.weight, 512);
	CHECK_EQ(op.u.scheduler_op.u.credit2.cap, 30);
	/* More than its vCPU could use. */
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.scheduler_op.u.credit2.cap = 101;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, (domid_t)id, &op),
		 RECORDED(-EINVAL));
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_RTDS;
	CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, (domid_t)id, &op), -EINVAL);
	CHECK_EQ(child_destroy((domid_t)id), 0);
}

TEST(rights)
{
	struct xen_domctl op = {0};
	long id = child_create(1);

	REQUIRE(id > 0);
	op.u.ioport_permission.first_port = 0x3f0;
	op.u.ioport_permission.nr_ports = 2;
	op.u.ioport_permission.allow_access = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_ioport_permission, (domid_t)id, &op), 0);
	op.u.ioport_permission.first_port = 0xffff;
	CHECK_EQ(domctl(XEN_DOMCTL_ioport_permission, (domid_t)id, &op),
		 RECORDED(-EINVAL));
	/* The interrupt controller's are nobody's to give. */
	op.u.ioport_permission.first_port = 0x20;
	CHECK_EQ(domctl(XEN_DOMCTL_ioport_permission, (domid_t)id, &op),
		 RECORDED(-EPERM));
	memset(&op, 0, sizeof(op));
	op.u.iomem_permission.first_mfn = 0xa0;
	op.u.iomem_permission.nr_mfns = 0x20;
	op.u.iomem_permission.allow_access = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, (domid_t)id, &op), 0);
	op.u.iomem_permission.first_mfn = 0xfee00;
	op.u.iomem_permission.nr_mfns = 1;
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, (domid_t)id, &op),
		 RECORDED(-EPERM));
	op.u.iomem_permission.nr_mfns = ~0UL;
	CHECK_EQ(domctl(XEN_DOMCTL_iomem_permission, (domid_t)id, &op),
		 RECORDED(-EINVAL));
	CHECK_EQ(child_destroy((domid_t)id), 0);
}

TEST(again_and_again)
{
	uint64_t frames = free_frames();
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct child child = {0};
		long rc = child_build(&child);

		if (!CHECK_EQ(rc, 0))
			break;
		run_child(&child);
		CHECK_EQ(child_destroy(child.domid), 0);
		child_unmap(&child);
		if (!CHECK(state_becomes(child.domid, CHILD_THERE, 0)))
			break;
	}
	CHECK(frames_are_back(frames));
}

TEST(machine)
{
	struct xen_sysctl op = {0};

	CHECK_EQ(sysctl(XEN_SYSCTL_physinfo, &op), 0);
	CHECK_EQ(op.u.physinfo.nr_cpus, MACHINE_CPUS);
	CHECK_EQ(op.u.physinfo.max_cpu_id, MACHINE_CPUS - 1);
	CHECK_EQ(op.u.physinfo.nr_nodes, 1);
	CHECK_EQ(op.u.physinfo.threads_per_core, 1);
	CHECK_EQ(op.u.physinfo.cores_per_socket, MACHINE_CPUS);
	CHECK(op.u.physinfo.cpu_khz > 1000);
	CHECK(op.u.physinfo.total_pages > op.u.physinfo.free_pages);
	CHECK_BITS(op.u.physinfo.capabilities,
		   XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1,
		   XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1);
	CHECK(op.u.physinfo.hw_cap[0] & 1);

	memset(&op, 0, sizeof(op));
	CHECK_EQ(sysctl(XEN_SYSCTL_sched_id, &op), 0);
	CHECK_EQ(op.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
	memset(&op, 0, sizeof(op));
	CHECK_EQ(sysctl(XEN_SYSCTL_cputopoinfo, &op), 0);
	CHECK(op.u.cputopoinfo.num_cpus >= 1);
	memset(&op, 0, sizeof(op));
	CHECK_EQ(sysctl(XEN_SYSCTL_numainfo, &op), 0);
	CHECK(op.u.numainfo.num_nodes >= 1);
	memset(&op, 0, sizeof(op));
	op.u.availheap.node = -1;
	CHECK_EQ(sysctl(XEN_SYSCTL_availheap, &op), 0);
	CHECK(op.u.availheap.avail_bytes > 0);
	op.u.availheap.node = 1000;
	CHECK_EQ(sysctl(XEN_SYSCTL_availheap, &op), RECORDED(0));
	CHECK_EQ(op.u.availheap.avail_bytes, RECORDED(0));
}

TEST(list)
{
	static struct xen_domctl_getdomaininfo info[4];
	struct xen_sysctl op = {0};
	long id = child_create(1);

	REQUIRE(id > 0);
	op.u.getdomaininfolist.max_domains = 4;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, info);
	CHECK_EQ(sysctl(XEN_SYSCTL_getdomaininfolist, &op), 0);
	CHECK_EQ(op.u.getdomaininfolist.num_domains, 2);
	CHECK_EQ(info[0].domain, 0);
	CHECK_EQ(info[1].domain, id);
	CHECK_BITS(info[0].flags, XEN_DOMINF_running, XEN_DOMINF_running);
	op.u.getdomaininfolist.max_domains = 1;
	op.u.getdomaininfolist.first_domain = 1;
	CHECK_EQ(sysctl(XEN_SYSCTL_getdomaininfolist, &op), 0);
	CHECK_EQ(op.u.getdomaininfolist.num_domains, 1);
	CHECK_EQ(info[0].domain, id);
	CHECK_EQ(child_destroy((domid_t)id), 0);
}

TEST(log)
{
	static char text[65536];
	struct xen_sysctl op = {0};

	set_xen_guest_handle(op.u.readconsole.buffer, text);
	op.u.readconsole.count = sizeof(text) - 1;
	CHECK_EQ(sysctl(XEN_SYSCTL_readconsole, &op), 0);
	CHECK(op.u.readconsole.count > 100);
	CHECK(strstr(text, "Dom0") || strstr(text, "d0"));
}

TEST(absent)
{
	static const struct {
		unsigned int cmd;
		long rc;
	} ops[] = {
		{XEN_SYSCTL_perfc_op, RECORDED(-ENOSYS)},
		{XEN_SYSCTL_lockprof_op, RECORDED(-ENOSYS)},
		{XEN_SYSCTL_coverage_op, RECORDED(-EOPNOTSUPP)},
		{XEN_SYSCTL_psr_cmt_op, RECORDED(-ENODEV)},
		{XEN_SYSCTL_psr_alloc, RECORDED(-ENODEV)},
		{XEN_SYSCTL_get_pmstat, RECORDED(-ENODEV)},
		{XEN_SYSCTL_pm_op, RECORDED(-ENOSYS)},
	};
	struct xen_sysctl op;
	unsigned int i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		memset(&op, 0, sizeof(op));
		CHECK_EQ(sysctl(ops[i].cmd, &op), ops[i].rc);
	}
}
