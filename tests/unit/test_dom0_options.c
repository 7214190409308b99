/* SPDX-License-Identifier: MIT */
/*
 * test_dom0_options.c - what the command line may say of Dom0
 *
 * The cases are those of Xen's document on its command line, and others. The
 * functions are reached as the parser reaches them, by the rows that the
 * sources declare.
 */
#include "fake/machine.h"

#include <errno.h>
#include <string.h>

#include <lodge/cmdline.h>
#include <lodge/lib.h>

#include "hypervisor/pv/dom0.h"

#define MIB_PAGES	256UL
#define ALL		(4096 * MIB_PAGES)	/* 4 GiB */
#define NR_ROWS		3

/* The C library may have none; none of the options here is a text. */
size_t strlcpy(char *dst, const char *src, size_t size)
{
	fail_msg("strlcpy");
	return 0;
}

/* The linker puts the only section of that name there. */
static const struct param *const rows = (const void *)0x30000000;

static void parse(const char *line)
{
	fake_log_clear();
	cmdline_parse(line, rows, rows + NR_ROWS);
}

static void refused(const char *line)
{
	parse(line);
	if (!strstr(fake_log, "ignored"))
		fail_msg("\"%s\" was taken", line);
}

static void expect_mib(const char *line, uint64_t mib)
{
	parse(line);
	assert_string_equal(fake_log, "");
	if (dom0_wanted_pages(ALL) != mib * MIB_PAGES)
		fail_msg("%s: %lu pages", line, dom0_wanted_pages(ALL));
}

/* First, as nothing takes an option back. */
static void without_options(void **state)
{
	assert_int_equal(dom0_wanted_pages(ALL), (4096 - 128) * MIB_PAGES);
	assert_int_equal(dom0_wanted_pages(512 * MIB_PAGES),
			 (512 - 32) * MIB_PAGES);
	assert_int_equal(dom0_wanted_pages(64 * MIB_PAGES), 47.5 * MIB_PAGES);
	assert_int_equal(dom0_wanted_pages(8 * MIB_PAGES), 0);
	assert_int_equal(dom0_limit_pages(77, ALL), UINT32_MAX);
	assert_int_equal(dom0_wanted_vcpus(6), 6);
	assert_int_equal(dom0_wanted_vcpus(1000), MAX_VCPUS);
}

static void memory_that_cannot_be(void **state)
{
	static const char *const lines[] = {
		"dom0_mem=", "dom0_mem", "dom0_mem=0", "dom0_mem=min:",
		"dom0_mem=512M,", "dom0_mem=512M,max", "dom0_mem=x",
		"dom0_mem=512Mx", "dom0_mem=100%", "dom0_mem=1G+",
		"dom0_mem=1G+2G", "dom0_mem=1G+x%", "dom0_mem=--1G",
		"dom0_mem=99999999999999T", "dom0_mem=max:1G,min:", "dom0_mem=%",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		refused(lines[i]);
	assert_int_equal(dom0_wanted_pages(ALL), (4096 - 128) * MIB_PAGES);
}

static void memory(void **state)
{
	expect_mib("dom0_mem=512M", 512);
	expect_mib("dom0_mem=524288", 512);
	expect_mib("dom0_mem=-1G", 3072);
	/* A size alone limits nothing. */
	assert_int_equal(dom0_limit_pages(3072 * MIB_PAGES, ALL), UINT32_MAX);
	expect_mib("dom0_mem=512M,max:1G", 512);
	assert_int_equal(dom0_limit_pages(512 * MIB_PAGES, ALL),
			 1024 * MIB_PAGES);
	expect_mib("dom0_mem=max:256M,512M", 256);
	expect_mib("dom0_mem=min:1G,max:2G,1", 1024);
	/* max overrides min. */
	expect_mib("dom0_mem=min:2G,max:1G,512M", 1024);
	parse("dom0_mem=min:1,max:4G,25%");
	assert_in_range(dom0_wanted_pages(ALL), 1023 * MIB_PAGES,
			1024 * MIB_PAGES);
	parse("dom0_mem=256M+25%");
	assert_in_range(dom0_wanted_pages(ALL), 1279 * MIB_PAGES,
			1280 * MIB_PAGES);
	assert_string_equal(fake_log, "");
}

static void more_memory_than_there_is(void **state)
{
	uint64_t got;

	parse("dom0_mem=min:1,max:1T,1T");
	got = dom0_wanted_pages(ALL);
	assert_in_range(got, 4000 * MIB_PAGES, 4096 * MIB_PAGES - 1);
	assert_non_null(strstr(fake_log, "there is no more"));
}

static void vcpus(void **state)
{
	static const struct {
		const char *line;
		unsigned int cpus, want;
	} cases[] = {
		{ "dom0_max_vcpus=3", 8, 3 }, { "dom0_max_vcpus=5", 2, 5 },
		{ "dom0_max_vcpus=4-8", 2, 4 }, { "dom0_max_vcpus=4-8", 4, 4 },
		{ "dom0_max_vcpus=4-8", 6, 6 }, { "dom0_max_vcpus=4-8", 10, 8 },
		{ "dom0_max_vcpus=4-", 2, 4 }, { "dom0_max_vcpus=4-", 9, 9 },
		{ "dom0_max_vcpus=-3", 2, 2 }, { "dom0_max_vcpus=-3", 9, 3 },
		{ "dom0_max_vcpus=100000", 2, MAX_VCPUS },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		parse(cases[i].line);
		assert_string_equal(fake_log, "");
		assert_int_equal(dom0_wanted_vcpus(cases[i].cpus),
				 cases[i].want);
	}
	refused("dom0_max_vcpus=0");
	refused("dom0_max_vcpus=");
	refused("dom0_max_vcpus=-");
	refused("dom0_max_vcpus=8-4");
	refused("dom0_max_vcpus=4x");
	refused("dom0_max_vcpus=4-8x");
	refused("dom0_max_vcpus=0-4");
	assert_int_equal(dom0_wanted_vcpus(1), MAX_VCPUS);
}

static void modules(void **state)
{
	static struct boot_info bi;

	bi.nr_modules = 1;
	assert_int_equal(dom0_initrd_module(&bi), 0);
	bi.nr_modules = 2;
	assert_int_equal(dom0_initrd_module(&bi), 1);
	bi.nr_modules = 4;
	strcpy(bi.modules[2].cmdline, "another");
	fake_log_clear();
	assert_int_equal(dom0_initrd_module(&bi), 1);
	assert_non_null(strstr(fake_log, "module 2 \"another\" is not used"));
	assert_non_null(strstr(fake_log, "module 3 \"\" is not used"));
	parse("ucode=scan");
	assert_int_equal(dom0_initrd_module(&bi), 1);
	parse("ucode=1");
	assert_int_equal(dom0_initrd_module(&bi), 2);
	assert_non_null(strstr(fake_log, "module 1 is microcode"));
	parse("ucode=-1");
	bi.nr_modules = 2;
	assert_int_equal(dom0_initrd_module(&bi), 0);
	bi.nr_modules = 3;
	assert_int_equal(dom0_initrd_module(&bi), 1);
	refused("ucode=0");
	refused("ucode=1x");
	refused("ucode=-");
	refused("ucode=900");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options),
		cmocka_unit_test(memory_that_cannot_be),
		cmocka_unit_test(memory),
		cmocka_unit_test(more_memory_than_there_is),
		cmocka_unit_test(vcpus),
		cmocka_unit_test(modules),
	};

	return cmocka_run_group_tests_name("dom0_options", tests, NULL, NULL);
}
