/* SPDX-License-Identifier: MIT */
/*
 * test_mce.c - machine checks: what is harmless is logged and cleared, what is
 * not ends in a panic that names it and leaves the bank alone
 */
#include "cpu/private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/machine.h"

#define NR_BANKS	4
#define MCG_CTL_P	0x100UL
#define VAL		(1UL << 63)
#define OVER		(1UL << 62)
#define UC		(1UL << 61)
#define ADDRV		(1UL << 58)
#define PCC		(1UL << 57)
#define RIPV		1UL

static uint64_t mcg_cap, mcg_status, mcg_ctl;
static uint64_t banks[NR_BANKS][4];	/* control, status, address, misc */
static bool has_mca;

struct cpu_features cpu_features;

static uint64_t *msr_of(uint32_t msr)
{
	switch (msr) {
	case MSR_MCG_CAP:
		return &mcg_cap;
	case MSR_MCG_STATUS:
		return &mcg_status;
	case 0x17b:
		return mcg_cap & MCG_CTL_P ? &mcg_ctl : NULL;
	}
	if (msr < 0x400 || msr >= 0x400 + 4 * NR_BANKS)
		return NULL;
	return &banks[(msr - 0x400) / 4][msr % 4];
}

int rdmsr_safe(uint32_t msr, uint64_t *val)
{
	const uint64_t *reg = msr_of(msr);

	if (!reg)
		return -EIO;
	*val = *reg;
	return 0;
}

int wrmsr_safe(uint32_t msr, uint64_t val)
{
	uint64_t *reg = msr_of(msr);

	if (!reg)
		return -EIO;
	*reg = val;
	return 0;
}

void panic_regs(const struct cpu_user_regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_panic, sizeof(fake_panic), fmt, ap);
	va_end(ap);
	mock_assert(0, fake_panic, "panic_regs", 0);
	abort();
}

static struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r = { 0 };

	if (leaf == 1 && has_mca)
		r.d = 1U << 7 | 1U << 14;
	return r;
}

static int setup(void **state)
{
	memset(banks, 0, sizeof(banks));
	mcg_cap = MCG_CTL_P | NR_BANKS;
	mcg_status = RIPV;
	mcg_ctl = 0;
	has_mca = true;
	fake_cpuid_hook = cpuid;
	fake_log_clear();
	fake_panic[0] = '\0';
	return 0;
}

static void corrected_is_logged_and_cleared(void **state)
{
	struct cpu_user_regs regs = { 0 };

	banks[2][1] = VAL | ADDRV | OVER | 0x135;
	banks[2][2] = 0x1234000;
	do_machine_check(&regs);
	assert_non_null(strstr(fake_log, "bank 2"));
	assert_non_null(strstr(fake_log, "1234000"));
	assert_non_null(strstr(fake_log, ": corrected, more were lost"));
	assert_int_equal(banks[2][1], 0);
	assert_int_equal(mcg_status, 0);
}

/* Without its valid bit an address is left over from another error. */
static void invalid_address_is_not_told(void **state)
{
	struct cpu_user_regs regs = { 0 };

	banks[1][1] = VAL;
	banks[1][2] = 0xdead000;
	do_machine_check(&regs);
	assert_null(strstr(fake_log, "dead000"));
}

static void check_fatal(uint64_t status)
{
	struct cpu_user_regs regs = { 0 };

	banks[0][1] = VAL;
	banks[3][1] = status;
	expect_assert_failure(do_machine_check(&regs));
	assert_non_null(strstr(fake_panic, "bank 3"));
	assert_int_equal(banks[3][1], status);
	assert_int_equal(mcg_status, RIPV);
}

static void uncorrected_panics(void **state)
{
	check_fatal(VAL | UC);
}

static void corrupt_context_panics(void **state)
{
	check_fatal(VAL | PCC);
}

static void no_return_panics(void **state)
{
	struct cpu_user_regs regs = { 0 };

	mcg_status = 0;
	expect_assert_failure(do_machine_check(&regs));
	assert_non_null(strstr(fake_panic, "cannot go on"));
}

static void start_clears_and_enables(void **state)
{
	unsigned int i;

	banks[1][1] = VAL | UC | PCC;
	mce_init_this();
	assert_non_null(strstr(fake_log, "bank 1"));
	assert_int_equal(mcg_ctl, ~0UL);
	for (i = 0; i < NR_BANKS; i++) {
		assert_int_equal(banks[i][0], ~0UL);
		assert_int_equal(banks[i][1], 0);
	}
}

static void no_banks_no_access(void **state)
{
	has_mca = false;
	mce_init_this();
	assert_int_equal(banks[0][0], 0);
	assert_int_equal(mcg_status, RIPV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(corrected_is_logged_and_cleared, setup),
		cmocka_unit_test_setup(invalid_address_is_not_told, setup),
		cmocka_unit_test_setup(uncorrected_panics, setup),
		cmocka_unit_test_setup(corrupt_context_panics, setup),
		cmocka_unit_test_setup(no_return_panics, setup),
		cmocka_unit_test_setup(start_clears_and_enables, setup),
		cmocka_unit_test_setup(no_banks_no_access, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
