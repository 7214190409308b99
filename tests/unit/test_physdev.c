/* SPDX-License-Identifier: MIT */
/*
 * test_physdev.c - physdev_op: what it accepts and refuses, but for pirqs
 */
#include "physdev/world.h"

#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/lib.h>

static void only_dom0_touches_the_machine(void **state)
{
	static const unsigned int dom0_only[] = {
		PHYSDEVOP_apic_read, PHYSDEVOP_alloc_irq_vector,
		PHYSDEVOP_map_pirq,
		PHYSDEVOP_unmap_pirq, PHYSDEVOP_manage_pci_add,
		PHYSDEVOP_manage_pci_remove, PHYSDEVOP_restore_msi,
		PHYSDEVOP_manage_pci_add_ext, PHYSDEVOP_setup_gsi,
		PHYSDEVOP_pci_mmcfg_reserved, PHYSDEVOP_pci_device_add,
		PHYSDEVOP_pci_device_remove, PHYSDEVOP_restore_msi_ext,
		PHYSDEVOP_dbgp_op, PHYSDEVOP_prepare_msix,
		PHYSDEVOP_release_msix,
	};
	uint8_t arg[64] = { 0 };
	unsigned int i;

	self.privileged = false;
	for (i = 0; i < ARRAY_SIZE(dom0_only); i++)
		assert_int_equal(physdev(dom0_only[i], arg), -EPERM);
	assert_int_equal(physdev(PHYSDEVOP_eoi, arg), -EINVAL);
}

static void obsolete_and_unknown_are_not_there(void **state)
{
	uint8_t arg[64] = { 0 };

	assert_int_equal(physdev(PHYSDEVOP_IRQ_UNMASK_NOTIFY, arg), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_free_irq_vector, arg), -ENOSYS);
	assert_int_equal(physdev(0, arg), -ENOSYS);
	assert_int_equal(physdev(22, arg), -ENOSYS);
	assert_int_equal(physdev(32, arg), -ENOSYS);
	assert_int_equal(physdev(~0U, arg), -ENOSYS);
}

static void bad_pointers_are_efault(void **state)
{
	assert_int_equal(physdev(PHYSDEVOP_eoi, NULL), -EFAULT);
	assert_int_equal(physdev(PHYSDEVOP_map_pirq, (void *)BAD_ADDRESS),
			 -EFAULT);
}

static void a_query_says_what_a_line_needs(void **state)
{
	struct physdev_irq_status_query q = { .irq = 9, .flags = 0xff };

	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, XENIRQSTAT_needs_eoi);
	pirqs[0][9] = 9;
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, XENIRQSTAT_needs_eoi | XENIRQSTAT_shared);
	q.irq = 10;
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, 0);
	q.irq = NR_PIRQS;
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), -EINVAL);
}

static void ports_are_handed_to_the_guest_layer(void **state)
{
	struct physdev_set_iopl i = { .iopl = 3 };
	struct physdev_set_iobitmap b = { .nr_ports = 65536 };

	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &i), 0);
	assert_int_equal(iopl_set, 3);
	i.iopl = 4;
	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &i), -EINVAL);
	b.bitmap.p = (uint8_t *)0x4444;
	assert_int_equal(physdev(PHYSDEVOP_set_iobitmap, &b), 0);
	assert_int_equal(bitmap_set_to, 0x4444);
	assert_int_equal(nr_ports_set, 65536);
	b.nr_ports = 65537;
	assert_int_equal(physdev(PHYSDEVOP_set_iobitmap, &b), -EINVAL);
	self.ops = &no_ops;
	b.nr_ports = 1;
	i.iopl = 1;
	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &i), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_set_iobitmap, &b), -ENOSYS);
}

static void lines_are_set_up(void **state)
{
	struct physdev_setup_gsi s = { 9, 1, 1 };
	struct physdev_irq q = { .irq = 23 };

	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), 0);
	s.triggering = 2;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	s.triggering = 1;
	s.polarity = 2;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	s.polarity = 1;
	s.gsi = -1;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_alloc_irq_vector, &q), 0);
	assert_int_equal(q.vector, 23);
	q.irq = NR_GSIS;
	assert_int_equal(physdev(PHYSDEVOP_alloc_irq_vector, &q), -EINVAL);
}

static void devices_come_and_go(void **state)
{
	struct physdev_pci_device_add add = { .bus = 3, .devfn = 0x10 };
	struct physdev_pci_device dev = { .bus = 3, .devfn = 0x10 };
	struct physdev_manage_pci old = { .bus = 3, .devfn = 0x10 };
	struct physdev_manage_pci_ext ext = { .bus = 3, .devfn = 0x10 };

	device_known = false;
	assert_int_equal(physdev(PHYSDEVOP_prepare_msix, &dev), -ENODEV);
	assert_int_equal(physdev(PHYSDEVOP_restore_msi_ext, &dev), -ENODEV);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), -ENODEV);
	protect_rc = -ENOMEM;		/* half done: undone */
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -ENOMEM);
	assert_false(device_known);
	protect_rc = 0;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), 0);
	protect_rc = -EBUSY;		/* known before: stays */
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -EBUSY);
	assert_true(device_known);
	protect_rc = 0;
	assert_int_equal(physdev(PHYSDEVOP_prepare_msix, &dev), 0);
	assert_int_equal(physdev(PHYSDEVOP_restore_msi_ext, &dev), 0);
	device_busy = true;
	assert_int_equal(physdev(PHYSDEVOP_release_msix, &dev), -EBUSY);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), -EBUSY);
	assert_true(device_known);
	device_busy = false;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add, &old), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_remove, &old), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add_ext, &ext), 0);
	ext.is_virtfn = 2;
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add_ext, &ext), -EINVAL);
	add.bus = 4;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -ENODEV);
}

static void the_rest_checks_its_flags(void **state)
{
	struct physdev_pci_mmcfg_reserved r = { .address = 0xb0000000,
						.flags = 1 };
	struct physdev_dbgp_op dbgp = { PHYSDEVOP_DBGP_RESET_PREPARE,
					PHYSDEVOP_DBGP_BUS_PCI, { { 0 } } };
	struct physdev_pirq_eoi_gmfn map_frame = { .gmfn = 123 };
	struct physdev_apic apic = { .apic_physbase = 0xfec00000, .reg = 1 };
	struct physdev_eoi eoi = { .irq = 44 };

	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &r), 0);
	r.flags = 0;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &r), -ENODEV);
	r.flags = 2;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &r), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_dbgp_op, &dbgp), 0);
	dbgp.bus = 2;
	assert_int_equal(physdev(PHYSDEVOP_dbgp_op, &dbgp), -EINVAL);
	dbgp.op = 3;
	assert_int_equal(physdev(PHYSDEVOP_dbgp_op, &dbgp), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_pirq_eoi_gmfn_v1, &map_frame), 0);
	assert_true(eoi_auto_unmask);
	assert_int_equal(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &map_frame), 0);
	assert_false(eoi_auto_unmask);
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &apic), 0);
	assert_int_equal(apic.value, 0x1234);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &apic), -EINVAL);
	apic.apic_physbase = 0;
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &apic), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &apic), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_eoi, &eoi), -EINVAL);
	assert_int_equal(last_eoi, 44);
}

static void the_old_form_has_its_own_few(void **state)
{
	struct physdev_op op = { .cmd = PHYSDEVOP_irq_status_query };
	struct call_args a = { .arg0 = (unsigned long)&op };

	op.u.irq_status_query.irq = 9;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, &a), 0);
	assert_int_equal(op.u.irq_status_query.flags, XENIRQSTAT_needs_eoi);
	op.cmd = PHYSDEVOP_set_iopl;
	op.u.set_iopl.iopl = 1;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, &a), 0);
	assert_int_equal(iopl_set, 1);
	op.cmd = PHYSDEVOP_map_pirq;	/* came later */
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, &a), -ENOSYS);
	op.cmd = PHYSDEVOP_IRQ_UNMASK_NOTIFY;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, &a), -ENOSYS);
	a.arg0 = BAD_ADDRESS;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, &a), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_dom0_touches_the_machine),
		T(obsolete_and_unknown_are_not_there),
		T(bad_pointers_are_efault),
		T(a_query_says_what_a_line_needs),
		T(ports_are_handed_to_the_guest_layer),
		T(lines_are_set_up),
		T(devices_come_and_go),
		T(the_rest_checks_its_flags),
		T(the_old_form_has_its_own_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
