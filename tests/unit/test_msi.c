/* SPDX-License-Identifier: MIT */
/*
 * test_msi.c - message-signalled interrupts, of devices that lie too
 *
 * On the simulated machine of irq/world.h.
 */
#include "irq/world.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>

/* ---- MSI ---- */

static uint16_t msi_control(void)
{
	return pci_conf_read16(MSI_DEV, MSI_CAP + 2);
}

static void messages_are_composed_as_the_sdm_has_them(void **state)
{
	struct msi_message m = msi_compose(0x61, 0x12);

	assert_int_equal(m.address, 0xfee12000);
	assert_int_equal(m.data, 0x61);
}

static void msi_with_masks_is_programmed_masked(void **state)
{
	unsigned int irq, vector;

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_true(irq >= NR_PINS);
	assert_int_equal(msi_group_size(irq), 1);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee10000);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 8), 0);
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 12);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~0U);
	assert_true(msi_control() & 1);
	assert_false(irq_needs_eoi(irq));

	assert_int_equal(irq_bind_guest(irq, guest_a, 77, false), 0);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~1U);
	events[0] = '\0';
	interrupt(0, vector);
	assert_string_equal(events, "eoi tell ");
	assert_int_equal(last_pirq, 77);
	irq_set_affinity(irq, 1);
	interrupt(0, vector);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee11000);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~1U);

	irq_unbind_guest(irq, guest_a);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~0U);
	msi_free(irq);
	assert_false(msi_control() & 1);
	assert_int_equal(msi_group_size(irq), 0);
	assert_int_equal(irq_bind_guest(irq, guest_a, 77, false), -EINVAL);
	msi_free(irq);
}

static void msi_without_masks_is_switched_as_a_whole(void **state)
{
	unsigned int irq, vector;

	devices_reset(0);		/* 32-bit, no masks */
	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_false(msi_control() & 1);
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 8);
	assert_int_equal(irq_bind_guest(irq, guest_a, 7, false), 0);
	assert_true(msi_control() & 1);
	/* A torn message must not be: the vector stays, or all stays. */
	assert_int_equal(vector_alloc(1, 500, vector, true), vector);
	irq_set_affinity(irq, 1);
	interrupt(0, vector);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee10000);
	vector_release(1, vector);
	take_cleanups();
	interrupt(0, vector);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee11000);
	assert_int_equal(pci_conf_read16(MSI_DEV, MSI_CAP + 8), vector);
	irq_unbind_guest(irq, guest_a);
	assert_false(msi_control() & 1);
	msi_free(irq);
}

static void several_messages_share_a_capability(void **state)
{
	struct msi_request rq = { .sbdf = MSI_DEV, .nr_vectors = 4 };
	unsigned int irq, i, vector;

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_int_equal(msi_group_size(irq), 4);
	assert_int_equal(msi_group_size(irq + 1), 0);
	assert_int_equal(msi_control() & 0x71, 0x21);	/* 2^2, enabled */
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 12);
	assert_int_equal(vector % 4, 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(irq_bind_guest(irq + i, guest_a, 100 + i,
						false), 0);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~15U);
	assert_int_equal(pci_conf_read16(MSI_DEV, MSI_CAP + 12), vector);
	interrupt(0, vector + 3);
	assert_int_equal(last_pirq, 103);
	irq_set_affinity(irq + 1, 2);
	interrupt(0, vector + 1);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee10000);
	for (i = 0; i < 4; i++)
		irq_unbind_guest(irq + i, guest_a);
	msi_free(irq);
}

static unsigned int first_irq;

static void bind_first(void)
{
	fake_cpu_id = 1;
	assert_int_equal(irq_bind_guest(first_irq, guest_a, 100, false), 0);
	fake_cpu_id = 0;
}

/* CPU 1 binds the first message when CPU 0 is about to open the second. */
static void masks_of_two_messages_are_one_register(void **state)
{
	struct msi_request rq = { .sbdf = MSI_DEV, .nr_vectors = 2 };
	unsigned int irq, i;

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	first_irq = irq;
	conf_write_hook = bind_first;
	assert_int_equal(irq_bind_guest(irq + 1, guest_a, 101, false), 0);
	assert_null(conf_write_hook);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~3U);
	for (i = 0; i < 2; i++)
		irq_unbind_guest(irq + i, guest_a);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 16), ~0U);
	msi_free(irq);
}

static void wrong_requests_for_messages_change_nothing(void **state)
{
	static const unsigned int bad[] = { 0, 3, 8, 32, 64, ~0U };
	struct msi_request rq = msi_one;
	uint8_t before[2][256];
	unsigned int irq = 12345, i;

	memcpy(before, conf, sizeof(conf));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		rq.nr_vectors = bad[i];
		assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	}
	rq.nr_vectors = 1;
	rq.sbdf = MSIX_DEV;		/* has no MSI */
	assert_int_equal(msi_alloc(&rq, &irq), -ENODEV);
	rq.sbdf = PCI_SBDF(0, 9, 9);	/* not there */
	assert_int_equal(msi_alloc(&rq, &irq), -ENODEV);
	assert_int_equal(irq, 12345);
	assert_memory_equal(before, conf, sizeof(conf));

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_int_equal(msi_alloc(&msi_one, &i), -EBUSY);
	msi_free(irq);
}

/* What follows the header's end is another capability's, or nothing. */
static void a_capability_must_fit_in(void **state)
{
	static const struct {
		uint16_t control;
		unsigned int cap;
		int rc;
	} cases[] = {
		{ 0, 0xf4, 0 }, { 0, 0xf8, -ENODEV }, { 0, 0xfc, -ENODEV },
		{ MSI_64, 0xf0, 0 }, { MSI_64, 0xf4, -ENODEV },
		{ MSI_PVM, 0xec, 0 }, { MSI_PVM, 0xf0, -ENODEV },
		{ MSI_64 | MSI_PVM, 0xe8, 0 },
		{ MSI_64 | MSI_PVM, 0xec, -ENODEV },
	};
	struct msi_request rq = msix_request(0);
	uint8_t before[2][256];
	unsigned int irq, i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		devices_reset(0);
		msi_cap = cases[i].cap;
		pci_conf_write16(MSI_DEV, msi_cap + 2, cases[i].control);
		memcpy(before, conf, sizeof(conf));
		assert_int_equal(msi_alloc(&msi_one, &irq), cases[i].rc);
		if (cases[i].rc)
			assert_memory_equal(before, conf, sizeof(conf));
		else
			msi_free(irq);
	}
	memcpy(before, conf, sizeof(conf));
	msix_cap = 0xf8;
	assert_int_equal(msi_alloc(&rq, &irq), -ENODEV);
	assert_memory_equal(before, conf, sizeof(conf));
}

static void no_memory_no_message(void **state)
{
	unsigned int irq;

	allocations_left = 0;
	assert_int_equal(msi_alloc(&msi_one, &irq), -ENOMEM);
	allocations_left = ~0U;
	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	msi_free(irq);
}

/* ---- MSI-X ---- */

#define TABLE_MFN MFN(0xd0002)

static void msix_entries_are_written_by_us_alone(void **state)
{
	struct msi_request rq = msix_request(5);
	unsigned int irq, irq2, vector;

	assert_false(irq_mmio_protected(TABLE_MFN));
	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	assert_true(irq_mmio_protected(TABLE_MFN));
	assert_false(irq_mmio_protected(MFN(0xd0001)));
	assert_false(irq_mmio_protected(MFN(0xd0003)));

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_int_equal(msi_alloc(&rq, &irq2), -EBUSY);
	assert_int_equal(pci_conf_read16(MSIX_DEV, MSIX_CAP + 2), 0x8007);
	assert_int_equal(table_word(5, 0), 0xfee10000);
	assert_int_equal(table_word(5, 4), 0);
	vector = table_word(5, 8);
	assert_int_equal(table_word(5, 12), 1);
	assert_int_equal(table_word(0, 12), 1);		/* never asked for */
	assert_int_equal(irq_bind_guest(irq, guest_b, 55, false), 0);
	assert_int_equal(table_word(5, 12), 0);
	interrupt(0, vector);
	assert_int_equal(told_b, 1);
	irq_set_affinity(irq, 2);
	interrupt(0, vector);
	assert_int_equal(table_word(5, 0), 0xfee12000);
	assert_int_equal(table_word(5, 12), 0);
	interrupt(2, table_word(5, 8));
	assert_int_equal(told_b, 3);

	/* A device that lost it all gets it again. */
	memset(bar_memory + 0x2000, 0xee, 16 * 8);
	assert_int_equal(msi_restore(MSIX_DEV), 0);
	assert_int_equal(table_word(5, 0), 0xfee12000);
	assert_int_equal(table_word(5, 12), 0);
	assert_int_equal(msi_restore(PCI_SBDF(0, 9, 9)), -ENODEV);

	assert_int_equal(msi_device_remove(MSIX_DEV), -EBUSY);
	irq_unbind_guest(irq, guest_b);
	assert_int_equal(table_word(5, 12), 1);
	msi_free(irq);
	assert_int_equal(pci_conf_read16(MSIX_DEV, MSIX_CAP + 2), 7);
	assert_true(irq_mmio_protected(TABLE_MFN));
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
	assert_false(irq_mmio_protected(TABLE_MFN));
}

static void a_table_in_use_is_protected_without_being_announced(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq;

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_true(irq_mmio_protected(TABLE_MFN));
	msi_free(irq);
	assert_false(irq_mmio_protected(TABLE_MFN));
}

static void hostile_tables_are_refused(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq, bir;

	rq.entry = 8;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	rq.entry = ~0U;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	rq = msix_request(0);
	rq.table_base = 0xd0001000;	/* not what the BAR says */
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	rq = msix_request(0);
	conf[1][PCI_COMMAND] = 0;
	assert_int_equal(msi_alloc(&rq, &irq), -ENXIO);
	conf[1][PCI_COMMAND] = PCI_COMMAND_MEMORY;
	/* In RAM, on the IO-APIC, on the local APIC. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0x10000000);
	rq.table_base = 0x10000000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), IOAPIC_BASE - 0x2000);
	rq.table_base = IOAPIC_BASE - 0x2000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), LAPIC_BASE - 0x2000);
	rq.table_base = LAPIC_BASE - 0x2000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	/* Beyond what the processor addresses, its end only; beyond all. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xffffe004);
	pci_conf_write32(MSIX_DEV, PCI_BAR(1), 0xff);
	rq.table_base = 0xffffffe000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xfffffff4);
	pci_conf_write32(MSIX_DEV, PCI_BAR(1), 0xffffffff);
	rq.table_base = 0xfffffffffffffff0;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	/* In an I/O BAR; in a BAR that there is not, which Dom0 then would
	 * have to vouch for. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xc001);
	rq.table_base = 0x10000000;
	assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
	for (bir = 5; bir < 8; bir++) {
		pci_conf_write32(MSIX_DEV, PCI_BAR(5), 0xd0000004);
		pci_conf_write32(MSIX_DEV, MSIX_CAP + 4, 0x2000 | bir);
		assert_int_equal(msi_alloc(&rq, &irq), -EINVAL);
		assert_int_equal(msi_device_add(MSIX_DEV), 0);
	}
	assert_false(irq_mmio_protected(MFN(0x10002)));
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
}

static void a_table_that_moves_is_followed_unless_in_use(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq;

	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0001004);
	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	assert_false(irq_mmio_protected(MFN(0xd0002)));
	assert_true(irq_mmio_protected(MFN(0xd0003)));
	rq.table_base = 0xd0001000;
	assert_int_equal(msi_alloc(&rq, &irq), 0);
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0000004);
	assert_int_equal(msi_device_add(MSIX_DEV), -EBUSY);
	assert_true(irq_mmio_protected(MFN(0xd0003)));
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0001004);
	msi_free(irq);
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
}

/* A device whose table cannot be protected is not announced, nor used. */
static void tables_that_are_too_many_are_refused(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int nr = 0, irq;

	while (!msi_device_add(TWIN_DEV(nr)))
		assert_true(++nr < 1000);
	assert_int_equal(nr, 256);
	assert_int_equal(msi_device_add(TWIN_DEV(nr)), -ENOMEM);
	rq.sbdf = TWIN_DEV(nr);
	assert_int_equal(msi_alloc(&rq, &irq), -ENOMEM);
	/* One that is known may move, and one may take another's place. */
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), 0xd0001004);
	assert_int_equal(msi_device_add(TWIN_DEV(7)), 0);
	assert_true(irq_mmio_protected(MFN(0xd0003)));
	assert_int_equal(msi_device_remove(TWIN_DEV(7)), 0);
	assert_false(irq_mmio_protected(MFN(0xd0003)));
	rq.table_base = 0xd0001000;
	assert_int_equal(msi_alloc(&rq, &irq), 0);
	assert_true(irq_mmio_protected(MFN(0xd0003)));
	msi_free(irq);
	while (nr--)
		assert_int_equal(msi_device_remove(TWIN_DEV(nr)), 0);
	assert_false(irq_mmio_protected(TABLE_MFN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(messages_are_composed_as_the_sdm_has_them),
		T(msi_with_masks_is_programmed_masked),
		T(msi_without_masks_is_switched_as_a_whole),
		T(several_messages_share_a_capability),
		T(masks_of_two_messages_are_one_register),
		T(wrong_requests_for_messages_change_nothing),
		T(a_capability_must_fit_in),
		T(no_memory_no_message),
		T(msix_entries_are_written_by_us_alone),
		T(a_table_in_use_is_protected_without_being_announced),
		T(hostile_tables_are_refused),
		T(a_table_that_moves_is_followed_unless_in_use),
		T(tables_that_are_too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
