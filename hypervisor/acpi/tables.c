/* SPDX-License-Identifier: MIT */
/*
 * tables.c - find ACPI's tables and check them (ACPI 6.4, chapter 5)
 *
 * RSDP -> XSDT (or RSDT) -> tables. Nothing is believed before length and
 * checksum are right; a table that is not is named once and treated as
 * absent.
 *
 * Context: acpi_init() runs on the boot CPU; afterwards nothing changes.
 */
#include "private.h"

#include <lodge/boot.h>
#include <lodge/console.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define RSDP_ALIGN	16
#define RSDP_LENGTH_V1	20
#define RSDP_LENGTH_V2	36
#define BIOS_START	0xe0000UL
#define BIOS_SIZE	0x20000UL
#define EBDA_POINTER	0x40eUL
#define EBDA_BYTES	1024
#define MAX_TABLE_BYTES	(1U << 20)
#define MAX_TABLES	256U

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;	/* from here on: revision 2 */
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __packed;

_Static_assert(sizeof(struct acpi_rsdp) == RSDP_LENGTH_V2, "ACPI 5.2.5.3");
_Static_assert(sizeof(boot_info.rsdp) == RSDP_LENGTH_V2, "the loader's copy");
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

struct acpi_info acpi_info;

/* The checked RSDT or XSDT, mapped; NULL: no ACPI. */
static const struct acpi_header *root;
static unsigned int root_entry_bytes;

uint64_t acpi_field(const struct acpi_header *table, uint32_t offset,
		    unsigned int bytes)
{
	uint64_t v = 0;

	if (offset + bytes > table->length)
		return 0;
	memcpy(&v, (const char *)table + offset, bytes);
	return v;
}

struct acpi_address acpi_address_field(const struct acpi_header *table,
				       uint32_t offset)
{
	return (struct acpi_address){
		.space = (uint8_t)acpi_field(table, offset, 1),
		.width = (uint8_t)acpi_field(table, offset + 1, 1),
		.address = acpi_field(table, offset + 4, 8),
	};
}

static bool sum_is_zero(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *b++);
	return sum == 0;
}

static bool rsdp_valid(const struct acpi_rsdp *r)
{
	return !memcmp(r->signature, "RSD PTR ", 8) &&
	       sum_is_zero(r, RSDP_LENGTH_V1) &&
	       (r->revision < 2 || sum_is_zero(r, RSDP_LENGTH_V2));
}

/* Looks for it on 16-byte borders. True: copied to @out. */
static bool scan_for_rsdp(uint64_t start, size_t size, struct acpi_rsdp *out)
{
	char *area = ioremap(PADDR(start), size);
	bool found = false;
	size_t pos;

	if (!area)
		return false;
	for (pos = 0; !found && pos + sizeof(*out) <= size; pos += RSDP_ALIGN) {
		memcpy(out, area + pos, sizeof(*out));
		found = rsdp_valid(out);
	}
	iounmap(area);
	return found;
}

static uint64_t ebda_address(void)
{
	uint16_t segment = 0;
	char *bda = ioremap(PADDR(EBDA_POINTER), sizeof(segment));

	if (!bda)
		return 0;
	memcpy(&segment, bda, sizeof(segment));
	iounmap(bda);
	return (uint64_t)segment << 4;
}

static bool find_rsdp(struct acpi_rsdp *out)
{
	uint64_t ebda;

	memcpy(out, boot_info.rsdp, sizeof(*out));
	if (rsdp_valid(out))
		return true;
	ebda = ebda_address();
	if (ebda >= 0x400 && ebda < 0xa0000 &&
	    scan_for_rsdp(ebda, EBDA_BYTES, out))
		return true;
	return scan_for_rsdp(BIOS_START, BIOS_SIZE, out);
}

/* Maps a table whole if it is in order; NULL, with a message, if not. */
static const struct acpi_header *map_table(uint64_t addr)
{
	struct acpi_header h;
	void *p = addr ? ioremap(PADDR(addr), sizeof(h)) : NULL;

	if (!p)
		return NULL;
	memcpy(&h, p, sizeof(h));
	iounmap(p);
	if (h.length < sizeof(h) || h.length > MAX_TABLE_BYTES) {
		printk(LOG_WARN "ACPI: table %.4s at %#lx has a length of %u; "
		       "ignored\n", h.signature, addr, h.length);
		return NULL;
	}
	p = ioremap(PADDR(addr), h.length);
	if (!p)
		return NULL;
	/* The length is read again: what was checked is what is used. */
	if (((struct acpi_header *)p)->length == h.length &&
	    sum_is_zero(p, h.length))
		return p;
	iounmap(p);
	printk(LOG_WARN "ACPI: table %.4s at %#lx has a wrong checksum; "
	       "ignored\n", h.signature, addr);
	return NULL;
}

static bool signature_at(uint64_t addr, const char *signature)
{
	char *p = addr ? ioremap(PADDR(addr), 4) : NULL;
	bool same;

	if (!p)
		return false;
	same = !memcmp(p, signature, 4);
	iounmap(p);
	return same;
}

/**
 * acpi_find_table() - find a table by its signature
 * @signature: four characters
 *
 * Context: after the root table was found in acpi_init(); may map memory.
 * Return: the first such table that is in order, mapped for good; NULL: there
 *         is none.
 */
const struct acpi_header *acpi_find_table(const char *signature)
{
	const struct acpi_header *table;
	uint32_t i, nr;
	uint64_t addr;

	if (!root)
		return NULL;
	nr = (root->length - (uint32_t)sizeof(*root)) / root_entry_bytes;
	for (i = 0; i < min(nr, MAX_TABLES); i++) {
		addr = acpi_field(root, (uint32_t)sizeof(*root) +
					i * root_entry_bytes,
				  root_entry_bytes);
		if (!signature_at(addr, signature))
			continue;
		table = map_table(addr);
		if (table)
			return table;
	}
	return NULL;
}

static const struct acpi_header *map_root(uint64_t addr, const char *signature,
					  unsigned int entry_bytes)
{
	const struct acpi_header *table = map_table(addr);

	if (!table || memcmp(table->signature, signature, 4))
		return NULL;
	root_entry_bytes = entry_bytes;
	return table;
}

static void find_root(void)
{
	struct acpi_rsdp rsdp;

	root = NULL;
	if (!find_rsdp(&rsdp))
		return;
	if (rsdp.revision >= 2 && rsdp.xsdt)
		root = map_root(rsdp.xsdt, "XSDT", 8);
	if (!root)
		root = map_root(rsdp.rsdt, "RSDT", 4);
}

#define HPET_ADDRESS 40

static void parse_hpet(const struct acpi_header *table)
{
	struct acpi_address a = acpi_address_field(table, HPET_ADDRESS);

	if (a.space == ACPI_SPACE_MEMORY)
		acpi_info.hpet_address = a.address;
}

#define MCFG_FIRST	44
#define MCFG_ENTRY	16

static void parse_mcfg(const struct acpi_header *table)
{
	uint32_t at;

	for (at = MCFG_FIRST; at + MCFG_ENTRY <= table->length;
	     at += MCFG_ENTRY) {
		unsigned int n = acpi_info.nr_mcfg;

		if (n == ACPI_MAX_MCFG) {
			printk(LOG_WARN "ACPI: more than %u MCFG entries\n", n);
			return;
		}
		if (acpi_field(table, at + 10, 1) >
		    acpi_field(table, at + 11, 1))
			continue;
		acpi_info.mcfg[n].address = acpi_field(table, at, 8);
		acpi_info.mcfg[n].segment =
			(uint16_t)acpi_field(table, at + 8, 2);
		acpi_info.mcfg[n].start_bus =
			(uint8_t)acpi_field(table, at + 10, 1);
		acpi_info.mcfg[n].end_bus =
			(uint8_t)acpi_field(table, at + 11, 1);
		acpi_info.nr_mcfg++;
	}
}

/**
 * acpi_init() - find the tables, take what we need into acpi_info
 *
 * Without ACPI acpi_info stays empty, and those who need a part of it say so.
 *
 * Context: boot CPU, after mm_init().
 */
void acpi_init(void)
{
	static const struct {
		const char *signature;
		void (*parse)(const struct acpi_header *table);
	} tables[] = {
		{ "APIC", acpi_parse_madt },
		{ "FACP", acpi_parse_fadt },
		{ "HPET", parse_hpet },
		{ "MCFG", parse_mcfg },
	};
	const struct acpi_header *table;
	unsigned int i;

	find_root();
	if (!root)
		printk(LOG_WARN "ACPI: no tables\n");
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		table = acpi_find_table(tables[i].signature);
		if (table)
			tables[i].parse(table);
	}
	acpi_reset_init();
	printk(LOG_INFO "ACPI: %u CPUs, %u IO-APICs, %u overrides, %u MCFG, "
	       "HPET at %#lx, PM timer at %#x\n", acpi_info.nr_cpus,
	       acpi_info.nr_ioapics, acpi_info.nr_overrides,
	       acpi_info.nr_mcfg, acpi_info.hpet_address,
	       acpi_info.pm_timer_port);
}
