/* SPDX-License-Identifier: MIT */
/*
 * madt.c - processors and interrupt controllers (ACPI 6.4, 5.2.12)
 */
#include "private.h"

#include <lodge/console.h>

#define MADT_LAPIC_ADDRESS	36
#define MADT_FIRST		44
#define CPU_ENABLED		0x1
#define XAPIC_BROADCAST		0xff
#define X2APIC_BROADCAST	0xffffffffU
#define ISA_BUS			0
#define NR_ISA_IRQS		16

static void add_cpu(uint32_t apic_id, uint32_t acpi_id, uint32_t flags)
{
	unsigned int i;

	for (i = 0; i < acpi_info.nr_cpus; i++)
		if (acpi_info.cpus[i].apic_id == apic_id)
			return;
	if (acpi_info.nr_cpus == ACPI_MAX_CPUS) {
		printk(LOG_WARN "ACPI: more than %u CPUs\n", ACPI_MAX_CPUS);
		return;
	}
	acpi_info.cpus[acpi_info.nr_cpus].apic_id = apic_id;
	acpi_info.cpus[acpi_info.nr_cpus].acpi_id = acpi_id;
	acpi_info.cpus[acpi_info.nr_cpus].enabled = flags & CPU_ENABLED;
	acpi_info.nr_cpus++;
}

static void local_apic(const struct acpi_header *t, uint32_t at)
{
	uint32_t id = (uint32_t)acpi_field(t, at + 3, 1);

	if (id != XAPIC_BROADCAST)
		add_cpu(id, (uint32_t)acpi_field(t, at + 2, 1),
			(uint32_t)acpi_field(t, at + 4, 4));
}

static void local_x2apic(const struct acpi_header *t, uint32_t at)
{
	uint32_t id = (uint32_t)acpi_field(t, at + 4, 4);

	if (id != X2APIC_BROADCAST)
		add_cpu(id, (uint32_t)acpi_field(t, at + 12, 4),
			(uint32_t)acpi_field(t, at + 8, 4));
}

static void io_apic(const struct acpi_header *t, uint32_t at)
{
	unsigned int n = acpi_info.nr_ioapics;

	if (n == ACPI_MAX_IOAPICS) {
		printk(LOG_WARN "ACPI: more than %u IO-APICs\n", n);
		return;
	}
	acpi_info.ioapics[n].id = (uint8_t)acpi_field(t, at + 2, 1);
	acpi_info.ioapics[n].address = (uint32_t)acpi_field(t, at + 4, 4);
	acpi_info.ioapics[n].gsi_base = (uint32_t)acpi_field(t, at + 8, 4);
	acpi_info.nr_ioapics++;
}

static void interrupt_override(const struct acpi_header *t, uint32_t at)
{
	unsigned int n = acpi_info.nr_overrides;
	uint8_t source = (uint8_t)acpi_field(t, at + 3, 1);

	if (acpi_field(t, at + 2, 1) != ISA_BUS || source >= NR_ISA_IRQS)
		return;
	if (n == ACPI_MAX_OVERRIDES) {
		printk(LOG_WARN "ACPI: more than %u overrides\n", n);
		return;
	}
	acpi_info.overrides[n].source = source;
	acpi_info.overrides[n].gsi = (uint32_t)acpi_field(t, at + 4, 4);
	acpi_info.overrides[n].flags = (uint16_t)acpi_field(t, at + 8, 2);
	acpi_info.nr_overrides++;
}

static void local_apic_address(const struct acpi_header *t, uint32_t at)
{
	acpi_info.lapic_address = acpi_field(t, at + 4, 8);
}

static const struct {
	uint8_t type, length;
	void (*parse)(const struct acpi_header *t, uint32_t at);
} entries[] = {
	{ 0, 8, local_apic },
	{ 1, 12, io_apic },
	{ 2, 10, interrupt_override },
	{ 5, 12, local_apic_address },
	{ 9, 16, local_x2apic },
};

static void parse_entry(const struct acpi_header *t, uint32_t at,
			uint8_t length)
{
	uint8_t type = (uint8_t)acpi_field(t, at, 1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		if (entries[i].type != type)
			continue;
		if (length >= entries[i].length)
			entries[i].parse(t, at);
		else
			printk(LOG_WARN "ACPI: MADT entry of type %u is "
			       "short; ignored\n", type);
	}
}

/* What cannot be stepped over ends the table. */
void acpi_parse_madt(const struct acpi_header *table)
{
	uint32_t at = MADT_FIRST;
	uint8_t length;

	acpi_info.lapic_address = acpi_field(table, MADT_LAPIC_ADDRESS, 4);
	while (at + 2 <= table->length) {
		length = (uint8_t)acpi_field(table, at + 1, 1);
		if (length < 2 || at + length > table->length) {
			printk(LOG_WARN "ACPI: MADT is damaged at byte %u; "
			       "the rest is ignored\n", at);
			return;
		}
		parse_entry(table, at, length);
		at += length;
	}
}
