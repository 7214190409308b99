/* SPDX-License-Identifier: MIT */
/*
 * test_pci.c - configuration space of devices that lie
 *
 * One device at 0000:00:03.0 whose 256 bytes a test fills as it likes, reached
 * by ports 0xcf8 and 0xcfc; MCFG ranges are ordinary memory.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/boot.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include "../../hypervisor/pci/private.h"

#define DEVICE PCI_SBDF(0, 0, 3 << 3)
#define MCFG_BASE 0xe0000000UL

struct acpi_info acpi_info;
struct boot_info boot_info;

static uint8_t conf[256];
static uint32_t cf8;
static unsigned int nr_accesses, nr_maps;
static bool map_fails;
static char *mapped;

static uint8_t *reached(uint16_t port)
{
	if (!(cf8 & 0x80000000) || (cf8 & 0xffff00) != (DEVICE & 0xffff) << 8)
		return NULL;
	return &conf[(cf8 & 0xfc) + (port - 0xcfc)];
}

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	uint8_t *p = reached(port);
	uint32_t v = ~0U;

	assert_true(port >= 0xcfc && port + bytes <= 0xd00);
	nr_accesses++;
	if (p)
		memcpy(&v, p, bytes);
	return v;
}

static void port_out(uint16_t port, unsigned int bytes, uint32_t v)
{
	uint8_t *p;

	if (port == 0xcf8) {
		assert_int_equal(bytes, 4);
		cf8 = v;
		return;
	}
	p = reached(port);
	nr_accesses++;
	if (p)
		memcpy(p, &v, bytes);
}

void *ioremap(paddr_t addr, size_t size)
{
	assert_int_equal(size, 1 << 20);
	assert_int_equal(paddr_x(addr) & ((1 << 20) - 1), 0);
	nr_maps++;
	if (map_fails)
		return NULL;
	mapped = calloc(1, size);
	return mapped;
}

void iounmap(void *va)
{
	free(va);
}

void *kzalloc(size_t size)
{
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

static int start(void **state)
{
	fake_in_hook = port_in;
	fake_out_hook = port_out;
	memset(conf, 0, sizeof(conf));
	memcpy(conf, "\xf4\x1a\x00\x10", 4);
	conf[PCI_STATUS] = 0x10;
	conf[PCI_CAP_POINTER] = 0x40;
	nr_accesses = 0;
	fake_x86[0].irqs_off = false;
	return 0;
}

static void a_capability_is_found(void **state)
{
	conf[0x40] = 0x01, conf[0x41] = 0x83;	/* low bits are reserved */
	conf[0x80] = PCI_CAP_ID_MSI, conf[0x81] = 0xf0;
	conf[0xf0] = PCI_CAP_ID_MSIX;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0x80);
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSIX), 0xf0);
	assert_int_equal(pci_find_capability(DEVICE, 0x10), 0);
}

static void no_list_no_capability(void **state)
{
	conf[0x40] = PCI_CAP_ID_MSI;
	conf[PCI_STATUS] = 0;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
	conf[PCI_STATUS] = 0x10;
	conf[PCI_HEADER_TYPE] = 0x03;		/* no such header */
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
	conf[PCI_HEADER_TYPE] = 0x80;		/* multi-function is fine */
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0x40);
	conf[PCI_HEADER_TYPE] = PCI_TYPE_CARDBUS;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
	conf[PCI_CAP_POINTER_CARDBUS] = 0x40;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0x40);
}

static void nobody_there_has_none(void **state)
{
	assert_int_equal(pci_find_capability(PCI_SBDF(0, 0, 8), 5), 0);
	assert_int_equal(pci_find_capability(PCI_SBDF(7, 0, 24), 5), 0);
}

static void loops_end(void **state)
{
	conf[0x40] = 0x01, conf[0x41] = 0x50;
	conf[0x50] = 0x02, conf[0x51] = 0x40;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
	assert_true(nr_accesses < 80);
	conf[0x41] = 0x40;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
	assert_true(nr_accesses < 160);
}

static void pointers_into_the_header_end_the_list(void **state)
{
	conf[PCI_CAP_POINTER] = 0x04;
	conf[0x04] = PCI_CAP_ID_MSI;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
	conf[PCI_CAP_POINTER] = 0x40;
	conf[0x40] = 0x01, conf[0x41] = 0x3c;
	conf[0x3c] = PCI_CAP_ID_MSI;
	assert_int_equal(pci_find_capability(DEVICE, PCI_CAP_ID_MSI), 0);
}

static void random_configuration_spaces_do_no_harm(void **state)
{
	unsigned int n, i, at;

	for (n = 0; n < 20000; n++) {
		for (i = 0; i < sizeof(conf); i++)
			conf[i] = (uint8_t)random();
		nr_accesses = 0;
		at = pci_find_capability(DEVICE, PCI_CAP_ID_MSIX);
		assert_true(at == 0 || (at >= 0x40 && at <= 0xfc &&
					at % 4 == 0 &&
					conf[at] == PCI_CAP_ID_MSIX));
		assert_true(nr_accesses <= 60);
	}
}

static void narrow_accesses_reach_their_bytes_only(void **state)
{
	memcpy(conf + 0x44, "\x11\x22\x33\x44", 4);
	assert_int_equal(pci_conf_read8(DEVICE, 0x46), 0x33);
	assert_int_equal(pci_conf_read16(DEVICE, 0x46), 0x4433);
	assert_int_equal(pci_conf_read32(DEVICE, 0x44), 0x44332211);
	pci_conf_write8(DEVICE, 0x45, 0xaa);
	pci_conf_write16(DEVICE, 0x46, 0xbbcc);
	assert_memory_equal(conf + 0x44, "\x11\xaa\xcc\xbb", 4);
}

static void what_cannot_be_reached_is_all_ones(void **state)
{
	assert_int_equal(pci_conf_read16(DEVICE, 0x45), 0xffff);
	assert_int_equal(pci_conf_read32(DEVICE, 0x100), ~0U);
	assert_int_equal(pci_conf_read32(DEVICE, 4096), ~0U);
	assert_int_equal(pci_conf_read8(PCI_SBDF(1, 0, 24), 0), 0xff);
	pci_conf_write32(DEVICE, 0x100, 0);
	pci_conf_write32(PCI_SBDF(1, 0, 24), 0x40, 0x5555);
	assert_int_equal(nr_accesses, 0);
	assert_int_equal(conf[0x40], 0);
}

static void a_guests_ports_are_checked(void **state)
{
	uint32_t good = 0x80000000 | (DEVICE & 0xffff) << 8 | 0x40;

	conf[0x43] = 0x99;
	assert_int_equal(pci_cf8_read(good, 3, 1) & 0xff, 0x99);
	/* Without the enable bit, across the end, misaligned, odd sizes. */
	assert_int_equal(pci_cf8_read(good & 0x7fffffff, 0, 4), ~0U);
	assert_int_equal(pci_cf8_read(good, 2, 4), ~0U);
	assert_int_equal(pci_cf8_read(good, 1, 2), ~0U);
	assert_int_equal(pci_cf8_read(good, 0, 3), ~0U);
	assert_int_equal(pci_cf8_read(good, 4, 1), ~0U);
	pci_cf8_write(good, 3, 2, 0);
	pci_cf8_write(good & 0x7fffffff, 3, 1, 0);
	assert_int_equal(conf[0x43], 0x99);
	pci_cf8_write(good, 3, 1, 0x77);
	assert_int_equal(conf[0x43], 0x77);
	/* Reserved address bits do not reach the bus. */
	(void)pci_cf8_read(good | 0x7f000003, 0, 1);
	assert_int_equal(cf8, good);
}

static void devices_are_known_when_dom0_says_so(void **state)
{
	assert_false(pci_device_known(DEVICE));
	assert_int_equal(pci_device_remove(DEVICE), -ENODEV);
	assert_int_equal(pci_device_add(PCI_SBDF(9, 0, 24)), -ENODEV);
	assert_int_equal(pci_device_add(DEVICE), 0);
	assert_int_equal(pci_device_add(DEVICE), 0);
	assert_true(pci_device_known(DEVICE));
	assert_int_equal(pci_device_remove(DEVICE), 0);
	assert_false(pci_device_known(DEVICE));
	assert_int_equal(pci_device_remove(DEVICE), -ENODEV);
}

/* Buses 0 to 3 of segment 0, in no reserved range; then by Dom0's word. */
static void mcfg_is_used_when_it_can_be_trusted(void **state)
{
	char *device;

	acpi_info.nr_mcfg = 2;
	acpi_info.mcfg[0].address = MCFG_BASE;
	acpi_info.mcfg[0].end_bus = 3;
	acpi_info.mcfg[1].start_bus = 9;	/* backwards: ignored */
	acpi_info.mcfg[1].end_bus = 8;
	pci_init();
	assert_int_equal(pci_conf_read32(DEVICE, 0x100), ~0U);
	assert_int_equal(nr_maps, 0);

	assert_int_equal(pci_mmcfg_reserved(MCFG_BASE + 1, 0, 0, 3, true),
			 -ENODEV);
	assert_int_equal(pci_mmcfg_reserved(MCFG_BASE, 1, 0, 3, true),
			 -ENODEV);
	assert_int_equal(pci_mmcfg_reserved(MCFG_BASE, 0, 1, 3, true),
			 -ENODEV);
	assert_int_equal(pci_mmcfg_reserved(MCFG_BASE, 0, 0, 4, true),
			 -ENODEV);
	assert_int_equal(pci_mmcfg_reserved(MCFG_BASE, 0, 0, 3, true), 0);

	map_fails = true;		/* falls back to the ports */
	assert_int_equal(pci_conf_read16(DEVICE, 0), 0x1af4);
	map_fails = false;
	fake_x86[0].irqs_off = true;	/* an interrupt handler cannot map */
	nr_maps = 0;
	assert_int_equal(pci_conf_read16(DEVICE, 0), 0x1af4);
	assert_int_equal(nr_maps, 0);
	fake_x86[0].irqs_off = false;

	assert_int_equal(pci_conf_read16(DEVICE, 0), 0);
	assert_int_equal(nr_maps, 1);
	device = mapped + ((DEVICE & 0xff) << 12);
	memcpy(device + 0x100, "\x01\x02\x03\x04", 4);
	assert_int_equal(pci_conf_read32(DEVICE, 0x100), 0x04030201);
	assert_int_equal(pci_conf_read8(DEVICE, 0x102), 3);
	pci_conf_write8(DEVICE, 0x101, 0x55);
	pci_conf_write16(DEVICE, 0x102, 0x7766);
	assert_memory_equal(device + 0x100, "\x01\x55\x66\x77", 4);
	assert_int_equal(nr_maps, 1);

	assert_int_equal(pci_mmcfg_reserved(MCFG_BASE, 0, 0, 3, false), 0);
	assert_int_equal(pci_conf_read16(DEVICE, 0), 0x1af4);
	free(mapped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_capability_is_found, start),
		cmocka_unit_test_setup(no_list_no_capability, start),
		cmocka_unit_test_setup(nobody_there_has_none, start),
		cmocka_unit_test_setup(loops_end, start),
		cmocka_unit_test_setup(pointers_into_the_header_end_the_list,
				       start),
		cmocka_unit_test_setup(random_configuration_spaces_do_no_harm,
				       start),
		cmocka_unit_test_setup(narrow_accesses_reach_their_bytes_only,
				       start),
		cmocka_unit_test_setup(what_cannot_be_reached_is_all_ones,
				       start),
		cmocka_unit_test_setup(a_guests_ports_are_checked, start),
		cmocka_unit_test_setup(devices_are_known_when_dom0_says_so,
				       start),
		cmocka_unit_test_setup(mcfg_is_used_when_it_can_be_trusted,
				       start),
	};

	srandom(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
