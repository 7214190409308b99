/* SPDX-License-Identifier: MIT */
/*
 * test_multiboot.c - what boot loaders tell, by both protocols
 *
 * The low 4 GiB are mapped, as they are when the parsers run; what a table
 * points at lies in the first MiB of them.
 */
#include "fake/machine.h"

#include <string.h>
#include <sys/mman.h>

#include <lodge/layout.h>

#include "hypervisor/boot/private.h"

#define MAGIC1		0x2badb002
#define MAGIC2		0x36d76289
#define INFO_AT		0x10000
#define MIB		(1UL << 20)

static struct boot_info bi;
static size_t at;

static char *ram(uint64_t phys)
{
	return (char *)(DIRECTMAP_BASE + phys);
}

static int map_low(void **state)
{
	void *p = mmap(ram(0), 1UL << 32, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		       MAP_FIXED_NOREPLACE, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int reset(void **state)
{
	memset(&bi, 0, sizeof(bi));
	memset(ram(0), 0, MIB);
	at = INFO_AT;
	fake_log_clear();
	return 0;
}

/* Values one after the other. */
static void put32(uint32_t v)
{
	memcpy(ram(at), &v, sizeof(v));
	at += sizeof(v);
}

static void put64(uint64_t v)
{
	put32((uint32_t)v);
	put32((uint32_t)(v >> 32));
}

static uint32_t string_at(uint32_t phys, const char *s)
{
	strcpy(ram(phys), s);
	return phys;
}

/* ---- multiboot 2 ---- */

static void begin2(void)
{
	at = INFO_AT + 8;
}

static bool end2(void)
{
	uint32_t total;

	put32(0);
	put32(8);
	total = (uint32_t)(at - INFO_AT);
	memcpy(ram(INFO_AT), &total, sizeof(total));
	return boot_parse(&bi, MAGIC2, INFO_AT);
}

static void tag_string(uint32_t type, const char *s)
{
	uint32_t n = (uint32_t)strlen(s) + 1;

	put32(type);
	put32(8 + n);
	memcpy(ram(at), s, n);
	at += ALIGN_UP(n, 8);
}

static void tag_module(uint32_t start, uint32_t end, const char *s)
{
	uint32_t n = (uint32_t)strlen(s) + 1;

	put32(3);
	put32(16 + n);
	put32(start);
	put32(end);
	memcpy(ram(at), s, n);
	at += ALIGN_UP(n, 8);
}

static void tag_mmap(unsigned int nr)
{
	unsigned int i;

	put32(6);
	put32(16 + 24 * nr);
	put32(24);
	put32(0);
	for (i = 0; i < nr; i++) {
		put64(i * 16 * MIB);
		put64(8 * MIB);
		put32(MEM_RAM);
		put32(0);
	}
}

static void takes_all_of_it(void **state)
{
	begin2();
	tag_module(0x1000000, 0x1234567, "console=hvc0 quiet");
	tag_string(1, "console=com1 loglvl=all");
	tag_string(2, "GRUB 2.06");
	tag_string(99, "a tag from the future");
	tag_mmap(3);
	tag_module(0x2000000, 0x2000001, "");
	assert_true(end2());
	assert_string_equal(bi.loader, "GRUB 2.06");
	assert_string_equal(bi.cmdline, "console=com1 loglvl=all");
	assert_int_equal(bi.nr_ranges, 3);
	assert_int_equal(bi.ranges[2].start, 32 * MIB);
	assert_int_equal(bi.nr_modules, 2);
	assert_int_equal(bi.modules[0].start, 0x1000000);
	assert_int_equal(bi.modules[0].size, 0x234567);
	assert_string_equal(bi.modules[0].cmdline, "console=hvc0 quiet");
	assert_string_equal(bi.modules[1].cmdline, "");
	assert_string_equal(fake_log, "");
}

static void newer_entries_may_be_longer(void **state)
{
	begin2();
	put32(6);
	put32(16 + 2 * 32);
	put32(32);
	put32(1);
	put64(0);
	put64(MIB);
	put64(MEM_RAM);
	put64(0x1234);
	put64(16 * MIB);
	put64(MIB);
	put64(MEM_ACPI);
	put64(0x1234);
	assert_true(end2());
	assert_int_equal(bi.nr_ranges, 2);
	assert_int_equal(bi.ranges[1].kind, MEM_ACPI);
}

static void keeps_the_better_rsdp(void **state)
{
	begin2();
	tag_mmap(1);
	tag_string(15, "RSD PTR two 345678901234567890123456");
	tag_string(14, "RSD PTR one");
	assert_true(end2());
	assert_memory_equal(bi.rsdp, "RSD PTR two ", 12);
}

static void sizes_without_a_map(void **state)
{
	begin2();
	put32(4);
	put32(16);
	put32(639);
	put32(31 << 10);
	assert_true(end2());
	assert_int_equal(bi.nr_ranges, 2);
	assert_int_equal(bi.ranges[0].size, 639 << 10);
	assert_int_equal(bi.ranges[1].size, 31 * MIB);
	assert_non_null(strstr(fake_log, "only two sizes"));
}

static void no_memory_is_no_boot(void **state)
{
	begin2();
	tag_string(1, "console=com1");
	assert_false(end2());
	assert_false(boot_parse(&bi, 0x12345678, INFO_AT));
}

/* Whatever a damaged tag says, what came before it counts. */
static void damaged_tags_end_the_list(void **state)
{
	static const uint32_t sizes[] = { 0, 7, 0xffffffff, 0x7ffffff8,
					  0x10000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		reset(NULL);
		begin2();
		tag_mmap(2);
		put32(1);
		put32(sizes[i]);
		tag_string(1, "never seen");
		assert_true(end2());
		assert_int_equal(bi.nr_ranges, 2);
		assert_string_equal(bi.cmdline, "");
	}
}

static void short_tags_are_passed_over(void **state)
{
	begin2();
	put32(3);
	put32(12);
	put64(0);
	put32(6);
	put32(8);
	put32(4);
	put32(8);
	tag_mmap(1);
	assert_true(end2());
	assert_int_equal(bi.nr_modules, 0);
	assert_int_equal(bi.nr_ranges, 1);
}

static void a_string_without_an_end(void **state)
{
	begin2();
	tag_mmap(1);
	put32(1);
	put32(8 + 4);
	memcpy(ram(at), "abcdefgh", 8);
	at += 8;
	assert_true(end2());
	assert_string_equal(bi.cmdline, "abcd");
}

static void wrong_totals(void **state)
{
	static const uint32_t totals[] = { 0, 4, 15, 0x100001, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(totals); i++) {
		reset(NULL);
		begin2();
		tag_mmap(1);
		memcpy(ram(INFO_AT), &totals[i], 4);
		assert_false(boot_parse(&bi, MAGIC2, INFO_AT));
	}
	assert_false(boot_parse(&bi, MAGIC2, 0xfffffffc));
}

static void modules_that_cannot_be(void **state)
{
	unsigned int i;

	begin2();
	tag_mmap(1);
	tag_module(0x1000000, 0x1000000, "empty");
	tag_module(0x1000000, 0x0f00000, "backwards");
	tag_module(0x2fffff, 0x300000, "in the image's last page");
	tag_module(0x300000, 0x300001, "behind the image");
	for (i = 0; i < BOOT_MAX_MODULES; i++)
		tag_module(0x1000000, 0x1000001, "many");
	assert_true(end2());
	assert_int_equal(bi.nr_modules, BOOT_MAX_MODULES);
	assert_string_equal(bi.modules[0].cmdline, "behind the image");
	assert_non_null(strstr(fake_log, "overlaps us"));
	assert_non_null(strstr(fake_log, "one too many"));
}

static void a_long_line_is_cut(void **state)
{
	static char line[5000];

	memset(line, 'x', sizeof(line) - 1);
	begin2();
	tag_mmap(1);
	tag_string(1, line);
	tag_module(0x1000000, 0x1000001, line);
	assert_true(end2());
	assert_int_equal(strlen(bi.cmdline), sizeof(bi.cmdline) - 1);
	assert_int_equal(strlen(bi.modules[0].cmdline),
			 sizeof(bi.modules[0].cmdline) - 1);
}

static void what_stands_before_the_options(void **state)
{
	static const struct {
		const char *loader, *line, *want;
	} cases[] = {
		{ "GRUB 2.06", "loglvl=all", "loglvl=all" },
		{ "GRUB 2.06", "placeholder loglvl=all", "loglvl=all" },
		{ "GRUB 2.06", "placeholder", "" },
		{ "GRUB 2.06", "placeholders x", "placeholders x" },
		{ "GRUB 2.06", "/boot/lodge.elf loglvl=all", "loglvl=all" },
		{ "GNU GRUB 0.97", "(hd0,0)/lodge a b", "a b" },
		{ "qemu", "build/lodge.elf  a", "a" },
		{ "qemu", "build/lodge.elf", "" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		reset(NULL);
		begin2();
		tag_string(1, cases[i].line);
		tag_string(2, cases[i].loader);
		tag_mmap(1);
		assert_true(end2());
		assert_string_equal(bi.cmdline, cases[i].want);
	}
}

/* ---- multiboot 1 ---- */

#define MMAP_AT		0x20000
#define MODULES_AT	0x30000
#define STRINGS_AT	0x40000

static void put_info1(uint32_t flags, uint32_t nr_modules, uint32_t mmap_length)
{
	at = INFO_AT;
	put32(flags);
	put32(639);
	put32(31 << 10);
	put32(0);
	put32(string_at(STRINGS_AT, "options"));
	put32(nr_modules);
	put32(MODULES_AT);
	at += 16;
	put32(mmap_length);
	put32(MMAP_AT);
	at += 12;
	put32(string_at(STRINGS_AT + 0x100, "a loader"));
}

static void put_mmap1(uint32_t size, uint64_t start)
{
	put32(size);
	put64(start);
	put64(MIB);
	put32(MEM_RAM);
	at += size - 20;
}

static void takes_multiboot_1(void **state)
{
	put_info1(0x24d, 1, 24 + 32);
	at = MMAP_AT;
	put_mmap1(20, 0);
	put_mmap1(28, 16 * MIB);
	at = MODULES_AT;
	put32(0x1000000);
	put32(0x1000800);
	put32(string_at(STRINGS_AT + 0x200, "module's"));
	assert_true(boot_parse(&bi, MAGIC1, INFO_AT));
	assert_string_equal(bi.loader, "a loader");
	assert_string_equal(bi.cmdline, "options");
	assert_int_equal(bi.nr_ranges, 2);
	assert_int_equal(bi.ranges[1].start, 16 * MIB);
	assert_int_equal(bi.nr_modules, 1);
	assert_int_equal(bi.modules[0].size, 0x800);
	assert_string_equal(bi.modules[0].cmdline, "module's");
}

static void multiboot_1_by_sizes(void **state)
{
	put_info1(0x1, 0, 0);
	assert_true(boot_parse(&bi, MAGIC1, INFO_AT));
	assert_int_equal(bi.nr_ranges, 2);
	assert_string_equal(bi.loader, "an unnamed loader");
	reset(NULL);
	put_info1(0, 0, 0);
	assert_false(boot_parse(&bi, MAGIC1, INFO_AT));
}

static void multiboot_1_damaged(void **state)
{
	put_info1(0x24d, 0xffffffff, 0xffffffff);
	assert_true(boot_parse(&bi, MAGIC1, INFO_AT));	/* the two sizes */
	assert_int_equal(bi.nr_ranges, 2);
	assert_int_equal(bi.nr_modules, 0);
	assert_false(boot_parse(&bi, MAGIC1, 0xfffffff0));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, reset)
	const struct CMUnitTest tests[] = {
		TEST(takes_all_of_it),
		TEST(newer_entries_may_be_longer),
		TEST(keeps_the_better_rsdp),
		TEST(sizes_without_a_map),
		TEST(no_memory_is_no_boot),
		TEST(damaged_tags_end_the_list),
		TEST(short_tags_are_passed_over),
		TEST(a_string_without_an_end),
		TEST(wrong_totals),
		TEST(modules_that_cannot_be),
		TEST(a_long_line_is_cut),
		TEST(what_stands_before_the_options),
		TEST(takes_multiboot_1),
		TEST(multiboot_1_by_sizes),
		TEST(multiboot_1_damaged),
	};

	return cmocka_run_group_tests_name("multiboot", tests, map_low, NULL);
}
