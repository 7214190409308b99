/* SPDX-License-Identifier: MIT */
/*
 * test_acpi.c - ACPI tables, right, old, damaged and hostile
 *
 * Each test builds tables in a small physical memory. A mapping is a copy of
 * exactly the bytes asked for, so that AddressSanitizer sees a read beyond.
 */
#include "fake/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/boot.h>
#include <lodge/mm.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

#define MEMORY_BYTES	0x200000
#define RSDP_AT		0xf0010
#define XSDT_AT		0x100000
#define RSDT_AT		0x101000
#define TABLES_AT	0x102000

static uint8_t memory[MEMORY_BYTES];
static uint64_t next_at;
static unsigned int nr_tables;
static void *mapped[64];
static bool stopped;

struct boot_info boot_info;

void *ioremap(paddr_t addr, size_t size)
{
	unsigned int i;
	uint8_t *p;

	if (addr.x > MEMORY_BYTES || size > MEMORY_BYTES - addr.x)
		return NULL;
	for (i = 0; mapped[i]; i++)
		assert_true(i + 1 < ARRAY_SIZE(mapped));
	p = malloc(size);
	assert_non_null(p);
	memcpy(p, memory + addr.x, size);
	mapped[i] = p;
	return p;
}

void iounmap(void *va)
{
	unsigned int i;

	for (i = 0; mapped[i] != va; i++)
		assert_true(i + 1 < ARRAY_SIZE(mapped));
	free(va);
	mapped[i] = NULL;
}

static unsigned int nr_mapped(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(mapped); i++)
		n += mapped[i] != NULL;
	return n;
}

static int unmap_all(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mapped); i++) {
		free(mapped[i]);
		mapped[i] = NULL;
	}
	return 0;
}

void smp_stop_others(void)
{
	stopped = true;
}

/* ---- building ---- */

static void put(uint64_t at, uint64_t v, unsigned int bytes)
{
	memcpy(memory + at, &v, bytes);
}

static void fix_sum(uint64_t at, size_t len, uint64_t sum_at)
{
	uint8_t sum = 0;
	size_t i;

	memory[sum_at] = 0;
	for (i = 0; i < len; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[sum_at] = (uint8_t)-sum;
}

static void finish_table(uint64_t at)
{
	uint32_t length;

	memcpy(&length, memory + at + 4, 4);
	fix_sum(at, length, at + 9);
}

static void begin_table(uint64_t at, const char *signature, uint32_t length)
{
	memcpy(memory + at, signature, 4);
	put(at + 4, length, 4);
	memory[at + 8] = 1;
	finish_table(at);
}

/* Adds a pointer to both root tables. */
static void link_table(uint64_t at)
{
	put(XSDT_AT + 36 + 8 * nr_tables, at, 8);
	put(RSDT_AT + 36 + 4 * nr_tables, at, 4);
	nr_tables++;
	begin_table(XSDT_AT, "XSDT", 36 + 8 * nr_tables);
	begin_table(RSDT_AT, "RSDT", 36 + 4 * nr_tables);
}

static uint64_t add_table(const char *signature, uint32_t length)
{
	uint64_t at = next_at;

	next_at += (length + 15) & ~15U;
	assert_true(next_at < MEMORY_BYTES);
	begin_table(at, signature, length);
	link_table(at);
	return at;
}

static void make_rsdp(uint64_t at, unsigned int revision)
{
	memcpy(memory + at, "RSD PTR ", 8);
	memory[at + 15] = (uint8_t)revision;
	put(at + 16, RSDT_AT, 4);
	put(at + 20, 36, 4);
	put(at + 24, XSDT_AT, 8);
	fix_sum(at, 20, at + 8);
	fix_sum(at, 36, at + 32);
}

static int fresh(void **state)
{
	memset(memory, 0, sizeof(memory));
	memset(&acpi_info, 0, sizeof(acpi_info));
	memset(boot_info.rsdp, 0, sizeof(boot_info.rsdp));
	next_at = TABLES_AT;
	nr_tables = 0;
	stopped = false;
	begin_table(XSDT_AT, "XSDT", 36);
	begin_table(RSDT_AT, "RSDT", 36);
	make_rsdp(RSDP_AT, 2);
	fake_log_clear();
	return 0;
}

/* ---- the root ---- */

static void finds_the_root_in_the_bios_area(void **state)
{
	add_table("TEST", 40);
	acpi_init();
	assert_non_null(acpi_find_table("TEST"));
	assert_null(acpi_find_table("NONE"));
}

static void prefers_the_loaders_word(void **state)
{
	add_table("TEST", 40);
	memcpy(boot_info.rsdp, memory + RSDP_AT, 36);
	memset(memory + RSDP_AT, 0, 36);
	acpi_init();
	assert_non_null(acpi_find_table("TEST"));
}

static void does_not_believe_a_wrong_copy(void **state)
{
	add_table("TEST", 40);
	memset(boot_info.rsdp, 0xff, sizeof(boot_info.rsdp));
	memcpy(boot_info.rsdp, "RSD PTR ", 8);
	acpi_init();
	assert_non_null(acpi_find_table("TEST"));
}

static void looks_into_the_extended_bios_data(void **state)
{
	add_table("TEST", 40);
	memset(memory + RSDP_AT, 0, 36);
	put(0x40e, 0x9fc0, 2);
	make_rsdp(0x9fc00 + 0x3d0, 2);
	acpi_init();
	assert_non_null(acpi_find_table("TEST"));
}

static void falls_back_to_the_rsdt(void **state)
{
	add_table("TEST", 40);
	memory[XSDT_AT + 40] ^= 1;		/* its sum is wrong now */
	acpi_init();
	assert_non_null(strstr(fake_log, "XSDT"));
	assert_non_null(acpi_find_table("TEST"));
	fresh(NULL);
	make_rsdp(RSDP_AT, 0);			/* revision 1 has no XSDT */
	memset(memory + RSDP_AT + 20, 0xff, 16);
	add_table("TEST", 40);
	acpi_init();
	assert_non_null(acpi_find_table("TEST"));
}

static void a_wrong_sum_is_no_rsdp(void **state)
{
	add_table("TEST", 40);
	memory[RSDP_AT + 32] ^= 1;
	acpi_init();
	assert_non_null(strstr(fake_log, "no tables"));
	assert_null(acpi_find_table("TEST"));
}

static void pointers_to_nowhere(void **state)
{
	add_table("TEST", 40);
	put(XSDT_AT + 36, 0xffffffffff000UL, 8);
	finish_table(XSDT_AT);
	acpi_init();
	assert_null(acpi_find_table("TEST"));
	put(XSDT_AT + 36, 0, 8);
	finish_table(XSDT_AT);
	acpi_init();
	assert_null(acpi_find_table("TEST"));
}

static void impossible_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 35, 1U << 21, 0xffffffff };
	uint64_t at = add_table("TEST", 40);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		put(at + 4, lengths[i], 4);
		acpi_init();
		fake_log_clear();
		assert_null(acpi_find_table("TEST"));
		assert_non_null(strstr(fake_log, "TEST"));
	}
}

static void skips_the_broken_of_two(void **state)
{
	uint64_t first = add_table("TEST", 40), second = add_table("TEST", 44);
	const struct acpi_header *t;

	memory[first + 38] ^= 1;
	acpi_init();
	t = acpi_find_table("TEST");
	assert_non_null(t);
	assert_int_equal(t->length, 44);
	assert_memory_equal(t, memory + second, 44);
}

/* ---- MADT ---- */

static uint64_t madt_at;
static uint32_t madt_length;

static void begin_madt(void)
{
	madt_at = add_table("APIC", 1024);
	put(madt_at + 36, 0xfee00000, 4);
	madt_length = 44;
	put(madt_at + 4, madt_length, 4);
	finish_table(madt_at);
}

static void madt_entry(const uint8_t *bytes, unsigned int n)
{
	memcpy(memory + madt_at + madt_length, bytes, n);
	madt_length += n;
	put(madt_at + 4, madt_length, 4);
	finish_table(madt_at);
}

#define MADT(...)                                                             \
	do {                                                                  \
		const uint8_t b[] = { __VA_ARGS__ };                          \
		madt_entry(b, sizeof(b));                                     \
	} while (0)

static void madt_of_a_pc(void **state)
{
	begin_madt();
	MADT(0, 8, 0, 0, 1, 0, 0, 0);
	MADT(0, 8, 1, 2, 0, 0, 0, 0);
	MADT(1, 12, 5, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0);
	MADT(2, 10, 0, 0, 2, 0, 0, 0, 0x0d, 0);
	MADT(4, 6, 0xff, 0, 0, 1);		/* an NMI: not ours */
	acpi_init();
	assert_int_equal(acpi_info.lapic_address, 0xfee00000);
	assert_int_equal(acpi_info.nr_cpus, 2);
	assert_true(acpi_info.cpus[0].enabled);
	assert_int_equal(acpi_info.cpus[1].apic_id, 2);
	assert_int_equal(acpi_info.cpus[1].acpi_id, 1);
	assert_false(acpi_info.cpus[1].enabled);
	assert_int_equal(acpi_info.nr_ioapics, 1);
	assert_int_equal(acpi_info.ioapics[0].id, 5);
	assert_int_equal(acpi_info.ioapics[0].address, 0xfec00000);
	assert_int_equal(acpi_info.ioapics[0].gsi_base, 24);
	assert_int_equal(acpi_info.nr_overrides, 1);
	assert_int_equal(acpi_info.overrides[0].gsi, 2);
	assert_int_equal(acpi_info.overrides[0].flags, 0x0d);
}

static void madt_with_x2apics(void **state)
{
	begin_madt();
	MADT(0, 8, 1, 3, 1, 0, 0, 0);
	MADT(9, 16, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0);
	MADT(9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0);
	MADT(0, 8, 9, 0xff, 1, 0, 0, 0);
	MADT(9, 16, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 8, 0, 0, 0);
	MADT(5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0);
	acpi_init();
	/* The same CPU twice is one; broadcast ids are none. */
	assert_int_equal(acpi_info.nr_cpus, 2);
	assert_int_equal(acpi_info.cpus[1].apic_id, 256);
	assert_int_equal(acpi_info.cpus[1].acpi_id, 7);
	assert_int_equal(acpi_info.lapic_address, 0x1fee00000);
}

static void madt_entries_that_are_damaged(void **state)
{
	begin_madt();
	MADT(0, 8, 0, 0, 1, 0, 0, 0);
	MADT(0, 4, 1, 1);			/* short: stepped over */
	MADT(2, 10, 7, 0, 2, 0, 0, 0, 0, 0);	/* not the ISA bus */
	MADT(2, 10, 0, 77, 2, 0, 0, 0, 0, 0);	/* no ISA interrupt */
	MADT(0, 8, 2, 2, 1, 0, 0, 0);
	MADT(1, 0, 0, 0, 0, 0);			/* endless: the end */
	MADT(0, 8, 3, 3, 1, 0, 0, 0);
	acpi_init();
	assert_int_equal(acpi_info.nr_cpus, 2);
	assert_int_equal(acpi_info.nr_overrides, 0);
	assert_non_null(strstr(fake_log, "short"));
	assert_non_null(strstr(fake_log, "damaged"));
	fresh(NULL);
	begin_madt();
	MADT(0, 8, 0, 0, 1, 0, 0, 0);
	MADT(0, 200, 1, 1, 1, 0, 0, 0);		/* beyond the table */
	acpi_init();
	assert_int_equal(acpi_info.nr_cpus, 1);
}

static void madt_with_too_much(void **state)
{
	unsigned int i;

	madt_at = add_table("APIC", 0x8000);
	put(madt_at + 36, 0xfee00000, 4);
	madt_length = 44;
	for (i = 0; i < ACPI_MAX_CPUS + 20; i++)
		MADT(9, 16, 0, 0, (uint8_t)i, (uint8_t)(i >> 8), 1, 0, 1, 0, 0,
		     0, 1, 0, 0, 0);
	for (i = 0; i < ACPI_MAX_IOAPICS + 5; i++)
		MADT(1, 12, (uint8_t)i, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	for (i = 0; i < ACPI_MAX_OVERRIDES + 5; i++)
		MADT(2, 10, 0, (uint8_t)(i % 16), 2, 0, 0, 0, 0, 0);
	acpi_init();
	assert_int_equal(acpi_info.nr_cpus, ACPI_MAX_CPUS);
	assert_int_equal(acpi_info.nr_ioapics, ACPI_MAX_IOAPICS);
	assert_int_equal(acpi_info.nr_overrides, ACPI_MAX_OVERRIDES);
}

/* ---- FADT, HPET, MCFG ---- */

static uint64_t make_fadt(uint32_t length)
{
	uint64_t at = add_table("FACP", length);

	put(at + 36, 0x7000, 4);		/* FACS */
	put(at + 46, 9, 2);
	put(at + 56, 0x600, 4);
	put(at + 64, 0x604, 4);
	put(at + 76, 0x608, 4);
	memory[at + 88] = 4;
	memory[at + 89] = 2;
	memory[at + 91] = 4;
	put(at + 112, 0x500, 4);		/* reset register, 32-bit timer */
	if (length > 129) {
		memory[at + 116] = 1;
		put(at + 120, 0xcf9, 8);
		memory[at + 128] = 0x0f;
	}
	finish_table(at);
	return at;
}

static void fadt_of_a_pc(void **state)
{
	make_fadt(244);
	acpi_init();
	assert_true(acpi_info.have_fadt);
	assert_int_equal(acpi_info.sci_int, 9);
	assert_int_equal(acpi_info.pm1a_control, 0x604);
	assert_int_equal(acpi_info.pm1b_control, 0);
	assert_int_equal(acpi_info.pm_timer_port, 0x608);
	assert_true(acpi_info.pm_timer_32bit);
	assert_true(acpi_info.reset_supported);
	assert_int_equal(acpi_info.reset_address, 0xcf9);
	assert_int_equal(acpi_info.reset_value, 0x0f);
	assert_int_equal(acpi_info.facs_address, 0x7000);
}

static void fadt_with_extended_fields(void **state)
{
	uint64_t at = make_fadt(244);

	put(at + 132, 0x123456789000, 8);
	memory[at + 172] = 1;
	put(at + 176, 0x1804, 8);
	memory[at + 208] = 0;			/* in memory: not for us */
	put(at + 212, 0xfed80000, 8);
	finish_table(at);
	acpi_init();
	assert_int_equal(acpi_info.facs_address, 0x123456789000);
	assert_int_equal(acpi_info.pm1a_control, 0x1804);
	assert_int_equal(acpi_info.pm_timer_port, 0x608);
}

static void fadt_of_revision_1(void **state)
{
	make_fadt(116);
	acpi_init();
	assert_true(acpi_info.have_fadt);
	assert_int_equal(acpi_info.pm1a_control, 0x604);
	assert_false(acpi_info.reset_supported);
	assert_int_equal(acpi_info.facs_address, 0x7000);
}

static void fadt_too_short(void **state)
{
	make_fadt(100);
	acpi_init();
	assert_false(acpi_info.have_fadt);
	assert_int_equal(acpi_info.pm_timer_port, 0);
}

static void hpet_and_mcfg(void **state)
{
	uint64_t hpet = add_table("HPET", 56), mcfg = add_table("MCFG", 44 + 39);

	put(hpet + 44, 0xfed00000, 8);
	finish_table(hpet);
	put(mcfg + 44, 0xb0000000, 8);
	put(mcfg + 52, 1, 2);
	memory[mcfg + 54] = 2;
	memory[mcfg + 55] = 0xff;
	memory[mcfg + 60 + 10] = 9;		/* ends before it begins */
	memory[mcfg + 60 + 11] = 8;
	finish_table(mcfg);
	acpi_init();
	assert_int_equal(acpi_info.hpet_address, 0xfed00000);
	assert_int_equal(acpi_info.nr_mcfg, 1);
	assert_int_equal(acpi_info.mcfg[0].address, 0xb0000000);
	assert_int_equal(acpi_info.mcfg[0].segment, 1);
	assert_int_equal(acpi_info.mcfg[0].start_bus, 2);
	assert_int_equal(acpi_info.mcfg[0].end_bus, 0xff);
}

static void hpet_in_port_space_is_none(void **state)
{
	uint64_t hpet = add_table("HPET", 56);

	memory[hpet + 40] = 1;
	put(hpet + 44, 0xfed0, 8);
	finish_table(hpet);
	acpi_init();
	assert_int_equal(acpi_info.hpet_address, 0);
}

static void leaves_no_mapping_of_what_is_broken(void **state)
{
	memory[add_table("APIC", 100) + 50] = 3;
	memory[add_table("FACP", 244) + 50] = 3;
	acpi_init();
	/* The root is kept, the rest is not. */
	assert_int_equal(nr_mapped(), 1);
}

/* ---- sleep and reset ---- */

static struct {
	uint16_t port;
	unsigned int bytes;
	uint32_t val;
} out[8];
static unsigned int nr_out;

static void note_out(uint16_t port, unsigned int bytes, uint32_t val)
{
	assert_true(nr_out < ARRAY_SIZE(out));
	out[nr_out].port = port;
	out[nr_out].bytes = bytes;
	out[nr_out++].val = val;
}

static void sleeps_by_pm1_control(void **state)
{
	make_fadt(244);
	acpi_init();
	fake_out_hook = note_out;
	nr_out = 0;
	assert_int_equal(acpi_enter_sleep(5, 0x3c01, 0), -EIO);
	assert_true(stopped);
	assert_int_equal(nr_out, 2);
	assert_int_equal(out[0].port, 0x604);
	assert_int_equal(out[0].val, 0x1c01);
	assert_int_equal(out[1].port, 0x604);
	assert_int_equal(out[1].val, 0x3c01);
	assert_int_equal(out[1].bytes, 2);
}

static void refuses_other_sleep(void **state)
{
	make_fadt(244);
	acpi_init();
	fake_out_hook = note_out;
	nr_out = 0;
	assert_int_equal(acpi_enter_sleep(3, 0, 0), -EINVAL);
	assert_int_equal(acpi_enter_sleep(5, 0x10000, 0), -EINVAL);
	assert_int_equal(acpi_enter_sleep(5, 0, 0x10000), -EINVAL);
	fresh(NULL);
	acpi_init();
	assert_int_equal(acpi_enter_sleep(5, 0, 0), -EINVAL);
	assert_int_equal(nr_out, 0);
	assert_false(stopped);
}

static void resets_by_the_register(void **state)
{
	uint64_t at = make_fadt(244);

	acpi_init();
	fake_out_hook = note_out;
	nr_out = 0;
	acpi_reset();
	assert_int_equal(nr_out, 1);
	assert_int_equal(out[0].port, 0xcf9);
	assert_int_equal(out[0].bytes, 1);
	assert_int_equal(out[0].val, 0x0f);

	memory[at + 116] = 2;			/* PCI 00:1f.3, register 0x45 */
	put(at + 120, 0x1f00030045, 8);
	finish_table(at);
	nr_out = 0;
	acpi_init();
	acpi_reset();
	assert_int_equal(nr_out, 2);
	assert_int_equal(out[0].val, 0x8000fb44);
	assert_int_equal(out[1].port, 0xcfd);

	put(at + 112, 0, 4);			/* not offered */
	finish_table(at);
	nr_out = 0;
	acpi_init();
	acpi_reset();
	assert_int_equal(nr_out, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, unmap_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_root_in_the_bios_area),
		TEST(prefers_the_loaders_word),
		TEST(does_not_believe_a_wrong_copy),
		TEST(looks_into_the_extended_bios_data),
		TEST(falls_back_to_the_rsdt),
		TEST(a_wrong_sum_is_no_rsdp),
		TEST(pointers_to_nowhere),
		TEST(impossible_lengths),
		TEST(skips_the_broken_of_two),
		TEST(madt_of_a_pc),
		TEST(madt_with_x2apics),
		TEST(madt_entries_that_are_damaged),
		TEST(madt_with_too_much),
		TEST(fadt_of_a_pc),
		TEST(fadt_with_extended_fields),
		TEST(fadt_of_revision_1),
		TEST(fadt_too_short),
		TEST(hpet_and_mcfg),
		TEST(hpet_in_port_space_is_none),
		TEST(leaves_no_mapping_of_what_is_broken),
		TEST(sleeps_by_pm1_control),
		TEST(refuses_other_sleep),
		TEST(resets_by_the_register),
	};

	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
