/* SPDX-License-Identifier: MIT */
/*
 * platform - the control domain asks about and for the machine
 *
 * physdev_op and platform_op: what a kernel reads of processors, I/O APICs
 * and firmware while it boots, and the arguments that are not of this
 * machine.
 */
#include <guestkit/clock.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define BAD_POINTER    ((void *)0x1000)
#define NO_SUCH_DOMID  1234
#define IOAPIC_ADDRESS 0xfec00000UL
#define IOAPIC_ID      0
#define IOAPIC_VERSION 1
#define NO_SUCH_GSI    1000
#define NO_SUCH_IRQ    99999

static struct xen_platform_op op;

static long platform(unsigned int cmd)
{
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return HYPERVISOR_platform_op(&op);
}

TEST(platform_version)
{
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_get_cpuinfo;
	op.interface_version = XENPF_INTERFACE_VERSION + 1;
	CHECK_EQ(HYPERVISOR_platform_op(&op), RECORDED(-EACCES));
	op.interface_version = 0;
	CHECK_EQ(HYPERVISOR_platform_op(&op), RECORDED(-EACCES));
	CHECK_EQ(HYPERVISOR_platform_op(BAD_POINTER), -EFAULT);
	CHECK_EQ(platform(0), RECORDED(-ENOSYS));
	CHECK_EQ(platform(999), RECORDED(-ENOSYS));
}

TEST(cpuinfo)
{
	memset(&op, 0, sizeof(op));
	CHECK_EQ(platform(XENPF_get_cpuinfo), 0);
	CHECK_EQ(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
	CHECK_EQ(op.u.pcpu_info.apic_id, 0);
	CHECK_EQ(op.u.pcpu_info.acpi_id, 0);
	CHECK_EQ(op.u.pcpu_info.max_present, 0);
	op.u.pcpu_info.xen_cpuid = 1;
	CHECK_EQ(platform(XENPF_get_cpuinfo), 0);
	CHECK_BITS(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID,
		   XEN_PCPU_FLAGS_INVALID);
	op.u.pcpu_info.xen_cpuid = ~0U;
	CHECK_EQ(platform(XENPF_get_cpuinfo), RECORDED(0));
}

TEST(cpu_version)
{
	memset(&op, 0, sizeof(op));
	CHECK_EQ(platform(XENPF_get_cpu_version), 0);
	CHECK(op.u.pcpu_version.vendor_id[0] >= 'A');
	CHECK(op.u.pcpu_version.family > 0);
}

/* For frequency governors of the control domain, which this one has not. */
TEST(idle_time)
{
	memset(&op, 0, sizeof(op));
	CHECK_EQ(platform(XENPF_getidletime), RECORDED(-ENOSYS));
}

TEST(firmware)
{
	memset(&op, 0, sizeof(op));
	op.u.firmware_info.type = 6;
	CHECK_EQ(platform(XENPF_firmware_info), RECORDED(-EINVAL));
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = XEN_FW_EFI_VERSION;
	CHECK_EQ(platform(XENPF_firmware_info), RECORDED(-ENOSYS));
	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	op.u.firmware_info.index = 99;
	CHECK_EQ(platform(XENPF_firmware_info), RECORDED(-ESRCH));
	op.u.firmware_info.type = XEN_FW_DISK_MBR_SIGNATURE;
	CHECK_EQ(platform(XENPF_firmware_info), RECORDED(-ESRCH));
}

/* Intel's meaning of the bits in a _PDC buffer. */
#define PDC_P_STATES 0x821U /* by MSR; coordinated by software, hardware */
#define PDC_RESERVED 0xffffe000U

static long pminfo(uint32_t type, void *pdc)
{
	memset(&op, 0, sizeof(op));
	op.u.set_pminfo.id = -1;
	op.u.set_pminfo.type = type;
	op.u.set_pminfo.u.pdc.p = pdc;
	return platform(XENPF_set_processor_pminfo);
}

/* What Linux 6.12 asks before it tells firmware. */
TEST(processor_capabilities)
{
	uint32_t pdc[] = {1, 1, ~0U, ~0U};

	CHECK_EQ(pminfo(XEN_PM_PDC, pdc), 0);
	CHECK_EQ(pdc[0], 1);
	CHECK_EQ(pdc[1], 1);
	CHECK_EQ(pdc[2] & (PDC_P_STATES | PDC_RESERVED), 0);
	CHECK_EQ(pdc[3], ~0U);
	/* Of more words only the first means something. */
	pdc[1] = 2;
	pdc[2] = ~0U;
	CHECK_EQ(pminfo(XEN_PM_PDC, pdc), RECORDED(0));
	CHECK_EQ(pdc[2] & (PDC_P_STATES | PDC_RESERVED), 0);
	CHECK_EQ(pdc[3], ~0U);
}

TEST(processor_capabilities_wrong)
{
	uint32_t pdc[] = {0, 1, ~0U};

	CHECK_EQ(pminfo(XEN_PM_PDC, pdc), RECORDED(-EINVAL));
	pdc[0] = 2;
	CHECK_EQ(pminfo(XEN_PM_PDC, pdc), RECORDED(-EINVAL));
	pdc[0] = 1;
	pdc[1] = 0;
	CHECK_EQ(pminfo(XEN_PM_PDC, pdc), RECORDED(-EINVAL));
	CHECK_EQ(pdc[2], ~0U);
	CHECK_EQ(pminfo(XEN_PM_PDC, BAD_POINTER), -EFAULT);
	CHECK_EQ(pminfo(XEN_PM_PDC, NULL), -EFAULT);
	CHECK_EQ(pminfo(XEN_PM_TX, pdc), RECORDED(-ENOSYS));
	CHECK_EQ(pminfo(XEN_PM_PDC + 1, pdc), RECORDED(-EINVAL));
}

TEST(microcode)
{
	memset(&op, 0, sizeof(op));
	op.u.microcode.data.p = BAD_POINTER;
	op.u.microcode.length = 16;
	CHECK_ABSENT_OR(platform(XENPF_microcode_update), RECORDED(-EINVAL));
}

TEST(not_without_effect)
{
	long rc;

	memset(&op, 0, sizeof(op));
	CHECK_EQ(platform(XENPF_efi_runtime_call), RECORDED(-ENOSYS));
	memset(&op, 0, sizeof(op));
	op.u.enter_acpi_sleep.sleep_state = 9;
	CHECK_EQ(platform(XENPF_enter_acpi_sleep), RECORDED(-EINVAL));
	memset(&op, 0, sizeof(op));
	op.u.cpu_ol.cpuid = 0;
	CHECK_EQ(platform(XENPF_cpu_offline), RECORDED(-EOPNOTSUPP));
	op.u.cpu_ol.cpuid = 999;
	rc = platform(XENPF_cpu_offline);
	CHECK(rc == RECORDED(-EINVAL) || rc == -EOPNOTSUPP);
	rc = platform(XENPF_cpu_online);
	CHECK(rc == RECORDED(-EINVAL) || rc == -EOPNOTSUPP);
}

static long physdev(int cmd, void *arg)
{
	return HYPERVISOR_physdev_op(cmd, arg);
}

TEST(io_apic)
{
	struct physdev_apic apic = {
		.apic_physbase = IOAPIC_ADDRESS,
		.reg = IOAPIC_VERSION,
	};

	CHECK_EQ(physdev(PHYSDEVOP_apic_read, &apic), 0);
	CHECK_EQ(apic.value >> 16 & 0xff, 23); /* 24 lines on QEMU's PC */
	apic.reg = IOAPIC_ID;
	CHECK_EQ(physdev(PHYSDEVOP_apic_read, &apic), 0);
	apic.apic_physbase = 0xfec10000;
	CHECK_EQ(physdev(PHYSDEVOP_apic_read, &apic), RECORDED(-EINVAL));
	apic.apic_physbase = 0;
	CHECK_EQ(physdev(PHYSDEVOP_apic_read, &apic), RECORDED(-EINVAL));
	CHECK_EQ(physdev(PHYSDEVOP_apic_write, &apic), RECORDED(-EINVAL));
	CHECK_EQ(physdev(PHYSDEVOP_apic_read, BAD_POINTER), -EFAULT);
}

TEST(setup_gsi)
{
	struct physdev_setup_gsi gsi = {
		.gsi = 11, .triggering = 1, .polarity = 1};

	CHECK_EQ(physdev(PHYSDEVOP_setup_gsi, &gsi), 0);
	CHECK_EQ(physdev(PHYSDEVOP_setup_gsi, &gsi), RECORDED(-EEXIST));
	gsi.gsi = NO_SUCH_GSI;
	CHECK_EQ(physdev(PHYSDEVOP_setup_gsi, &gsi), RECORDED(-EINVAL));
	gsi.gsi = -1;
	CHECK_EQ(physdev(PHYSDEVOP_setup_gsi, &gsi), RECORDED(-EINVAL));
	CHECK_EQ(physdev(PHYSDEVOP_setup_gsi, BAD_POINTER), -EFAULT);
}

TEST(map_pirq)
{
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF,
		.type = MAP_PIRQ_TYPE_GSI,
		.index = 10,
		.pirq = 10,
	};
	struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = 10};
	long rc;

	CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), 0);
	CHECK_EQ(map.pirq, 10);
	CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), RECORDED(0));
	CHECK_EQ(physdev(PHYSDEVOP_unmap_pirq, &unmap), 0);
	CHECK_EQ(physdev(PHYSDEVOP_unmap_pirq, &unmap), RECORDED(-EINVAL));
	map.index = NO_SUCH_GSI;
	map.pirq = -1;
	CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), RECORDED(-EINVAL));
	map.index = 10;
	map.domid = NO_SUCH_DOMID;
	CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), RECORDED(-ESRCH));
	map.domid = DOMID_SELF;
	map.type = 99;
	CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), RECORDED(-EINVAL));
	map.type = MAP_PIRQ_TYPE_MSI_SEG;
	map.devfn = 0xff;
	map.bus = 0xff;
	rc = physdev(PHYSDEVOP_map_pirq, &map);
	CHECK(rc == RECORDED(-EINVAL) || rc == -ENODEV);
}

TEST(interrupt_status)
{
	struct physdev_irq_status_query query = {.irq = 9};
	struct physdev_eoi eoi = {.irq = NO_SUCH_IRQ};

	CHECK_EQ(physdev(PHYSDEVOP_irq_status_query, &query), 0);
	query.irq = NO_SUCH_IRQ;
	CHECK_EQ(physdev(PHYSDEVOP_irq_status_query, &query),
		 RECORDED(-EINVAL));
	CHECK_EQ(physdev(PHYSDEVOP_eoi, &eoi), RECORDED(-EINVAL));
}

TEST(bind_pirq_wrong)
{
	struct evtchn_bind_pirq bind = {.pirq = NO_SUCH_IRQ};

	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &bind),
		 RECORDED(-EINVAL));
	bind.pirq = 12;
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &bind),
		 RECORDED(-EPERM));
}

TEST(free_pirq)
{
	struct physdev_get_free_pirq free = {.type = MAP_PIRQ_TYPE_MSI};

	CHECK_EQ(physdev(PHYSDEVOP_get_free_pirq, &free), 0);
	CHECK(free.pirq > 0);
}

TEST(eoi_page)
{
	static uint8_t page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
	struct physdev_pirq_eoi_gmfn op_page = {.gmfn = 0x3ffffffff};

	CHECK_EQ(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &op_page),
		 RECORDED(-EINVAL));
	op_page.gmfn = virt_to_mfn(page);
	CHECK_EQ(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &op_page), 0);
	CHECK_EQ(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &op_page),
		 RECORDED(-EBUSY));
}

/* Xen 4.17 takes the control domain's word for it that a device is there. */
TEST(pci_devices)
{
	long rc;
	struct physdev_pci_device_add add = {.seg = 0, .bus = 0xfe};
	struct physdev_pci_device device = {.seg = 0, .bus = 0xfe};
	struct physdev_pci_mmcfg_reserved mmcfg = {.segment = 99};

	rc = physdev(PHYSDEVOP_pci_device_add, &add);
	CHECK(rc == RECORDED(0) || rc == -ENODEV);
	if (!rc)
		CHECK_EQ(physdev(PHYSDEVOP_pci_device_remove, &device), 0);
	CHECK_EQ(physdev(PHYSDEVOP_pci_device_remove, &device),
		 RECORDED(-ENODEV));
	CHECK_EQ(physdev(PHYSDEVOP_restore_msi_ext, &device),
		 RECORDED(-ENODEV));
	CHECK_EQ(physdev(PHYSDEVOP_prepare_msix, &device), RECORDED(-ENODEV));
	CHECK_EQ(physdev(PHYSDEVOP_pci_mmcfg_reserved, &mmcfg),
		 RECORDED(-ENODEV));
}

TEST(physdev_unknown)
{
	CHECK_EQ(physdev(0, NULL), RECORDED(-ENOSYS));
	CHECK_EQ(physdev(22, NULL), RECORDED(-ENOSYS));
	CHECK_EQ(physdev(99, NULL), RECORDED(-ENOSYS));
	CHECK_EQ(physdev(-1, NULL), RECORDED(-ENOSYS));
}
