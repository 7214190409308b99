/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of acpi/ share
 */
#ifndef LODGE_ACPI_PRIVATE_H
#define LODGE_ACPI_PRIVATE_H

#include <lodge/acpi.h>

/*
 * A little-endian field of @bytes at @offset of a table; 0 where the table
 * ends before: old revisions are shorter, and 0 means "not there".
 */
uint64_t acpi_field(const struct acpi_header *table, uint32_t offset,
		    unsigned int bytes);

/* Generic address structure: 12 bytes at @offset. */
struct acpi_address {
	uint8_t space, width;
	uint64_t address;
};
#define ACPI_SPACE_MEMORY	0
#define ACPI_SPACE_IO		1
#define ACPI_SPACE_PCI		2
struct acpi_address acpi_address_field(const struct acpi_header *table,
				       uint32_t offset);

/* Each takes its table out of @table into acpi_info. */
void acpi_parse_madt(const struct acpi_header *table);
void acpi_parse_fadt(const struct acpi_header *table);

/* Maps what acpi_reset() will need. */
void acpi_reset_init(void);

#endif
