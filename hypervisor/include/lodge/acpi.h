/* SPDX-License-Identifier: MIT */
/*
 * acpi.h - the static tables that the hypervisor itself reads
 *
 * RSDP, RSDT/XSDT, MADT, HPET, MCFG, FADT. Every length and checksum is
 * checked; a broken table is named in one line and treated as absent. AML is
 * Dom0's business.
 */
#ifndef LODGE_ACPI_H
#define LODGE_ACPI_H

#include <lodge/types.h>

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision, creator_id, creator_revision;
} __packed;

/* Finds and checks the tables, fills acpi_info. */
void acpi_init(void);
/* The table with that signature, mapped for good; NULL: none, or broken. */
const struct acpi_header *acpi_find_table(const char *signature);

#define ACPI_MAX_CPUS		256
#define ACPI_MAX_IOAPICS	16
#define ACPI_MAX_OVERRIDES	32
#define ACPI_MAX_MCFG		8

struct acpi_info {
	uint64_t lapic_address;
	unsigned int nr_cpus;
	struct {
		uint32_t apic_id, acpi_id;
		bool enabled;
	} cpus[ACPI_MAX_CPUS];
	unsigned int nr_ioapics;
	struct {
		uint8_t id;
		uint32_t address, gsi_base;
	} ioapics[ACPI_MAX_IOAPICS];
	unsigned int nr_overrides;
	struct {
		uint8_t source;		/* ISA irq */
		uint32_t gsi;
		uint16_t flags;		/* MPS INTI: polarity, trigger */
	} overrides[ACPI_MAX_OVERRIDES];
	uint64_t hpet_address;		/* 0: none */
	unsigned int nr_mcfg;
	struct {
		uint64_t address;
		uint16_t segment;
		uint8_t start_bus, end_bus;
	} mcfg[ACPI_MAX_MCFG];
	/* FADT */
	bool have_fadt;
	uint16_t sci_int;
	uint32_t pm_timer_port;		/* 0: none */
	bool pm_timer_32bit;
	uint16_t pm1a_control, pm1b_control, pm1a_event, pm1b_event;
	uint8_t pm1_control_len, pm1_event_len;
	uint16_t smi_command;
	uint8_t acpi_enable;
	bool reset_supported;
	uint8_t reset_space, reset_value;
	uint64_t reset_address;
	uint64_t facs_address;
	bool no_cmos_rtc;
};
extern struct acpi_info acpi_info;

/*
 * XENPF_enter_acpi_sleep: writes the values Dom0 took from its AML into the
 * FADT's PM1 control registers. Only S5 is supported.
 * -EINVAL: registers or state we do not know; returns only on error.
 */
int acpi_enter_sleep(unsigned int state, uint32_t pm1a_value,
		     uint32_t pm1b_value);
/* Writes the FADT's reset register, if there is one. Any context. */
void acpi_reset(void);

#endif
