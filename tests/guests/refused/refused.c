/* SPDX-License-Identifier: MIT */
/*
 * refused - calls that are not there, or not for this guest
 *
 * Kernels and tools probe: which error they get decides what they try next.
 * Every number is called with nothing, those that Debian's Xen has not or
 * does not serve here with what it answers.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>

#include <xen/arch-x86/xen-mca.h>
#include <guestkit/trap.h>

#define BAD_POINTER ((void *)0x1000)

static long call(unsigned int nr)
{
	return hypercall(nr, 0, 0, 0, 0, 0, 0);
}

/* Numbers that no table has. */
TEST(numbers)
{
	static const unsigned int none[] = {
		11, 43, 44, 45,	 46,  47,	  50,	      55,
		56, 63, 64, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff};
	unsigned int i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_EQ(call(none[i]), -ENOSYS);
}

/* Only the lower half of the register is the number. */
TEST(upper_half_of_number)
{
	long rax = (1L << 32) | __HYPERVISOR_xen_version;

	asm volatile("xor %%edi, %%edi; xor %%esi, %%esi; syscall"
		     : "+a"(rax)
		     :
		     : "rdi", "rsi", "rcx", "r11", "memory");
	CHECK_EQ(rax, RECORDED(-ENOSYS));
}

TEST(not_built_in)
{
	CHECK_EQ(HYPERVISOR_tmem_op(NULL), RECORDED(-ENOSYS));
	CHECK_ABSENT_OR(HYPERVISOR_xenoprof_op(0, NULL), RECORDED(-EFAULT));
	CHECK_EQ(HYPERVISOR_argo_op(0, NULL, NULL, 0, 0), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_xsm_op(NULL), RECORDED(-ENOSYS));
}

TEST(performance_counters)
{
	CHECK_ABSENT_OR(HYPERVISOR_xenpmu_op(0, NULL), RECORDED(-EOPNOTSUPP));
	CHECK_ABSENT_OR(HYPERVISOR_xenpmu_op(0, BAD_POINTER),
			RECORDED(-EOPNOTSUPP));
	CHECK_ABSENT_OR(HYPERVISOR_xenpmu_op(99, NULL), RECORDED(-EOPNOTSUPP));
}

TEST(hvm)
{
	CHECK_ABSENT_OR(HYPERVISOR_hvm_op(0, NULL), RECORDED(-EFAULT));
	CHECK_EQ(HYPERVISOR_hvm_op(99, NULL), RECORDED(-ENOSYS));
	CHECK_ABSENT_OR(HYPERVISOR_dm_op(1234, 0, NULL), RECORDED(-ENODATA));
	CHECK_ABSENT_OR(HYPERVISOR_dm_op(DOMID_SELF, 0, NULL),
			RECORDED(-ENODATA));
}

TEST(machine_check)
{
	CHECK_ABSENT_OR(call(__HYPERVISOR_arch_0), RECORDED(-EFAULT));
}

static long mca(struct xen_mc *mc, uint32_t cmd)
{
	mc->cmd = cmd;
	return HYPERCALL(mca, mc, 0, 0, 0, 0);
}

/* What Linux's mcelog asks for: there is nothing to be told. */
TEST(machine_check_fetch)
{
	struct xen_mc mc = { .interface_version = XEN_MCA_INTERFACE_VERSION };
	static struct mc_info info;

	mc.u.mc_fetch.flags = XEN_MC_URGENT;
	CHECK_EQ(mca(&mc, XEN_MC_fetch), RECORDED(-EINVAL));
	set_xen_guest_handle(mc.u.mc_fetch.data, &info);
	mc.u.mc_fetch.flags = XEN_MC_URGENT;
	CHECK_EQ(mca(&mc, XEN_MC_fetch), 0);
	CHECK_BITS(mc.u.mc_fetch.flags, XEN_MC_NODATA, XEN_MC_NODATA);
	CHECK_EQ(mca(&mc, 99), RECORDED(-EINVAL));
	mc.interface_version++;
	CHECK_EQ(mca(&mc, XEN_MC_fetch), RECORDED(-EACCES));
	CHECK_EQ(HYPERCALL(mca, BAD_POINTER, 0, 0, 0, 0), RECORDED(-EFAULT));
}

TEST(machine_check_processors)
{
	struct xen_mc mc = { .interface_version = XEN_MCA_INTERFACE_VERSION };

	CHECK_EQ(mca(&mc, XEN_MC_physcpuinfo), 0);
	CHECK_EQ(mc.u.mc_physcpuinfo.ncpus, 1);
}

TEST(kexec)
{
	CHECK_ABSENT_OR(HYPERVISOR_kexec_op(0, BAD_POINTER), RECORDED(-EFAULT));
}

TEST(hypfs)
{
	CHECK_ABSENT_OR(HYPERVISOR_hypfs_op(99, NULL, 0, NULL, 0),
			RECORDED(-EINVAL));
}

TEST(control)
{
	uint32_t zero[32] = {0};

	CHECK_ABSENT_OR(HYPERVISOR_domctl(BAD_POINTER), -EFAULT);
	CHECK_ABSENT_OR(HYPERVISOR_sysctl(BAD_POINTER), -EFAULT);
	CHECK_ABSENT_OR(HYPERVISOR_domctl(zero), RECORDED(-EACCES));
	CHECK_ABSENT_OR(HYPERVISOR_sysctl(zero), RECORDED(-EACCES));
}

TEST(legacy)
{
	CHECK_EQ(HYPERVISOR_physdev_op_compat(BAD_POINTER), -EFAULT);
	CHECK_EQ(HYPERVISOR_event_channel_op_compat(BAD_POINTER), -EFAULT);
}

/* A pointer that is the hypervisor's or nobody's, in every kind of call. */
TEST(bad_pointers)
{
	static void *const bad[] = {
		(void *)0x1000,
		(void *)HYPERVISOR_VIRT_START,
		(void *)(HYPERVISOR_VIRT_END - 8),
		(void *)0x0000800000000000,
		(void *)0xffff7ffffffffff8,
		(void *)0x0000900000000000,
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, bad[i]),
			 -EFAULT);
		CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, bad[i]), -EFAULT);
		CHECK_EQ(
			HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, bad[i]),
			-EFAULT);
		CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 8, bad[i]),
			 -EFAULT);
		CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, bad[i]),
			 -EFAULT);
		CHECK_EQ(HYPERVISOR_platform_op(bad[i]), -EFAULT);
	}
}
