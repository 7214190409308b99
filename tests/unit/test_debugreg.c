/* SPDX-License-Identifier: MIT */
/*
 * test_debugreg.c - debug registers of a PV guest: what it may set, what the
 * processor gets, and when
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/percpu.h>
#include "../../hypervisor/pv/private.h"

#define DR7_L0		0x1UL
#define DR7_G3		0x80UL
#define DR7_WRITE0	(1UL << 16)
#define DR7_IO(n)	(2UL << (16 + (n) * 4))

static struct pv_vcpu pv, other_pv;
static struct vcpu vcpu = { .pv = &pv }, other = { .pv = &other_pv };

static int setup(void **state)
{
	memset(&pv, 0, sizeof(pv));
	memset(&FAKE_X86, 0, sizeof(FAKE_X86));
	pv.dr[6] = other_pv.dr[6] = X86_DR6_DEFAULT;
	pv.dr[7] = other_pv.dr[7] = X86_DR7_DEFAULT;
	FAKE_X86.dr[7] = X86_DR7_DEFAULT;
	get_cpu_info()->current_vcpu = &vcpu;
	return 0;
}

static int set(unsigned int reg, uint64_t value)
{
	return pv_set_debugreg(&vcpu, reg, value);
}

static uint64_t get(unsigned int reg)
{
	uint64_t value = 0x5555;

	assert_int_equal(pv_get_debugreg(&vcpu, reg, &value), 0);
	return value;
}

static void only_the_guests_addresses(void **state)
{
	static const uint64_t bad[] = {
		HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END - 1,
		HYPERVISOR_VIRT_START + (1UL << 40), 1UL << 47,
		HYPERVISOR_VIRT_START - 1, 1UL << 63,
	};
	static const uint64_t good[] = {
		0, 1, (1UL << 47) - 1, HYPERVISOR_VIRT_END, ~0UL,
	};
	unsigned int reg, i;

	for (reg = 0; reg < 4; reg++) {
		for (i = 0; i < ARRAY_SIZE(good); i++) {
			assert_int_equal(set(reg, good[i]), 0);
			assert_int_equal(get(reg), good[i]);
		}
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			assert_int_equal(set(reg, bad[i]), -EPERM);
			assert_int_equal(get(reg), ~0UL);
		}
	}
}

static void registers_that_are_not_there(void **state)
{
	uint64_t value;

	assert_int_equal(set(8, 0), -ENODEV);
	assert_int_equal(set(~0U, 0), -ENODEV);
	assert_int_equal(pv_get_debugreg(&vcpu, 8, &value), -ENODEV);
}

static void four_and_five_are_six_and_seven(void **state)
{
	assert_int_equal(set(5, DR7_L0 | DR7_WRITE0), 0);
	assert_int_equal(get(7), DR7_L0 | DR7_WRITE0 | X86_DR7_DEFAULT);
	assert_int_equal(get(5), get(7));
	assert_int_equal(set(4, 0x4001), 0);
	assert_int_equal(get(6), X86_DR6_DEFAULT | 0x4001);
	assert_int_equal(get(4), get(6));
}

static void reserved_bits_stay_as_they_are(void **state)
{
	assert_int_equal(set(7, 0xdc00), 0);
	assert_int_equal(get(7), X86_DR7_DEFAULT);
	assert_int_equal(set(7, 1UL << 32), -EINVAL);
	assert_int_equal(set(6, 1UL << 32), -EINVAL);
	assert_int_equal(set(6, 0xffffffff), 0);
	assert_int_equal(get(6), X86_DR6_DEFAULT | 0xe00f);
	assert_int_equal(set(6, 0), 0);
	assert_int_equal(get(6), X86_DR6_DEFAULT);
}

/* General detection would trap our own loads; ports are not the guest's. */
static void kinds_that_are_not_offered(void **state)
{
	unsigned int i;

	assert_int_equal(set(7, 0x2000), -EPERM);
	for (i = 0; i < 4; i++) {
		assert_int_equal(set(7, DR7_IO(i) | 1UL << (i * 2)), -EPERM);
		assert_int_equal(set(7, DR7_IO(i) | 2UL << (i * 2)), -EPERM);
		assert_int_equal(get(7), X86_DR7_DEFAULT);
	}
	/* Not enabled it is only a number; but it cannot be enabled. */
	assert_int_equal(set(7, DR7_IO(2)), 0);
	assert_int_equal(set(7, get(7) | 1UL << 4), -EPERM);
}

static void enabling_loads_all_of_them(void **state)
{
	set(0, 0x1000);
	set(1, 0x2000);
	set(2, 0x3000);
	set(3, 0x4000);
	assert_int_equal(FAKE_X86.dr[0], 0);
	assert_int_equal(FAKE_X86.dr[7], X86_DR7_DEFAULT);
	assert_int_equal(set(7, DR7_G3), 0);
	assert_int_equal(FAKE_X86.dr[0], 0x1000);
	assert_int_equal(FAKE_X86.dr[1], 0x2000);
	assert_int_equal(FAKE_X86.dr[2], 0x3000);
	assert_int_equal(FAKE_X86.dr[3], 0x4000);
	assert_int_equal(FAKE_X86.dr[7], DR7_G3 | X86_DR7_DEFAULT);
	set(3, 0x5000);
	assert_int_equal(FAKE_X86.dr[3], 0x5000);
}

static void disabling_disarms_the_processor(void **state)
{
	set(0, 0x1000);
	set(7, DR7_L0);
	assert_int_equal(set(7, 0), 0);
	assert_int_equal(FAKE_X86.dr[7] & 0xff, 0);
}

static void another_vcpus_registers_are_not_loaded(void **state)
{
	assert_int_equal(pv_set_debugreg(&other, 0, 0x1000), 0);
	assert_int_equal(pv_set_debugreg(&other, 7, DR7_L0), 0);
	assert_int_equal(FAKE_X86.dr[0], 0);
	assert_int_equal(FAKE_X86.dr[7], X86_DR7_DEFAULT);
	pv_load_debugregs(&other);
	assert_int_equal(FAKE_X86.dr[0], 0x1000);
	assert_int_equal(FAKE_X86.dr[7], DR7_L0 | X86_DR7_DEFAULT);
}

static void the_calls(void **state)
{
	const struct call_args put = { .arg0 = 1, .arg1 = 0x1234 };
	const struct call_args fetch = { .arg0 = 1 }, bad = { .arg0 = 9 };

	assert_int_equal(hypercall_set_debugreg(&vcpu, &put), 0);
	assert_int_equal(hypercall_get_debugreg(&vcpu, &fetch), 0x1234);
	assert_int_equal(hypercall_get_debugreg(&vcpu, &bad), -ENODEV);
	assert_int_equal(hypercall_set_debugreg(&vcpu, &bad), -ENODEV);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_the_guests_addresses),
		TEST(registers_that_are_not_there),
		TEST(four_and_five_are_six_and_seven),
		TEST(reserved_bits_stay_as_they_are),
		TEST(kinds_that_are_not_offered),
		TEST(enabling_loads_all_of_them),
		TEST(disabling_disarms_the_processor),
		TEST(another_vcpus_registers_are_not_loaded),
		TEST(the_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
