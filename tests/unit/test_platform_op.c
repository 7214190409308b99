/* SPDX-License-Identifier: MIT */
/*
 * test_platform_op.c - platform_op: what it accepts and refuses
 *
 * Time, ACPI, CPUID and the symbol table are played here; address 0 has a BIOS
 * data area.
 */
#include "physdev/world.h"

#include <string.h>

#include <lodge/acpi.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/mm.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/symbols.h>
#include <xen/platform.h>

struct acpi_info acpi_info;
struct cpu_features cpu_features;

static uint64_t set_sec, set_stime;
static uint32_t set_nsec;
static uint64_t mtrr[2][2] = { { 0x80000000, 0xff80000800 }, { 0, 0 } };

void wallclock_set(uint64_t sec, uint32_t nsec, uint64_t stime_ns)
{
	set_sec = sec;
	set_nsec = nsec;
	set_stime = stime_ns;
}

int rdmsr_safe(uint32_t msr, uint64_t *val)
{
	if (msr == 0xfe)
		*val = 0x502;
	else if (msr >= 0x200 && msr < 0x204)
		*val = mtrr[(msr - 0x200) / 2][msr % 2];
	else
		return -EACCES;
	return 0;
}

static struct cpuid_regs has_mtrr(uint32_t leaf, uint32_t subleaf)
{
	return (struct cpuid_regs){ .d = 1U << 12 };
}

unsigned int cpu_apic_id(unsigned int cpu)
{
	return cpu * 2;
}

static uint8_t page0[PAGE_SIZE];

bool mfn_valid(mfn_t mfn)
{
	return true;
}

void *mfn_to_virt(mfn_t mfn)
{
	assert_int_equal(mfn_x(mfn), 0);
	return page0;
}

static uint32_t slept[3];

int acpi_enter_sleep(unsigned int state, uint32_t a, uint32_t b)
{
	slept[0] = state;
	slept[1] = a;
	slept[2] = b;
	return -EINVAL;
}

char image_start[64];
const uint32_t symtab_count = 2;
const struct symbol symtab[] = { { 0x10, 0 }, { 0x20, 6 } };
const char symtab_names[] = "first\0the_second";

/* ---- the tests ---- */

static long platform(struct xen_platform_op *op, uint32_t cmd)
{
	struct call_args a = { .arg0 = (unsigned long)op };

	op->cmd = cmd;
	op->interface_version = XENPF_INTERFACE_VERSION;
	return hypercall_platform_op(&vcpu, &a);
}

static void the_version_must_be_ours(void **state)
{
	struct xen_platform_op op = { .cmd = XENPF_get_cpuinfo };
	struct call_args a = { .arg0 = (unsigned long)&op };

	op.interface_version = XENPF_INTERFACE_VERSION + 1;
	assert_int_equal(hypercall_platform_op(&vcpu, &a), -EACCES);
	op.interface_version = 0;
	assert_int_equal(hypercall_platform_op(&vcpu, &a), -EACCES);
	a.arg0 = BAD_ADDRESS;
	assert_int_equal(hypercall_platform_op(&vcpu, &a), -EFAULT);
	self.privileged = false;
	assert_int_equal(hypercall_platform_op(&vcpu, &a), -EPERM);
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), -EPERM);
}

static void the_time_of_day_is_set(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.settime64 = (struct xenpf_settime64){ 1UL << 40, 7, 0, 99 };
	assert_int_equal(platform(&op, XENPF_settime64), 0);
	assert_true(set_sec == 1UL << 40 && set_nsec == 7 && set_stime == 99);
	op.u.settime64.mbz = 1;
	assert_int_equal(platform(&op, XENPF_settime64), -EINVAL);
	op.u.settime64 = (struct xenpf_settime64){ 1, 1000000000, 0, 99 };
	assert_int_equal(platform(&op, XENPF_settime64), -EINVAL);
	op.u.settime32 = (struct xenpf_settime32){ 5, 6, 7 };
	assert_int_equal(platform(&op, XENPF_settime32), 0);
	assert_true(set_sec == 5 && set_nsec == 6 && set_stime == 7);
	op.u.settime32.nsecs = 1000000000;
	assert_int_equal(platform(&op, XENPF_settime32), -EINVAL);
}

static void processors_are_described(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	nr_cpus_present = 2;
	cpu_present_map.bits = 3;
	cpu_online_map.bits = 1;
	acpi_info.nr_cpus = 2;
	acpi_info.cpus[1].apic_id = 2;
	acpi_info.cpus[1].acpi_id = 55;
	memcpy(cpu_features.vendor, "AuthenticAMD", 13);
	cpu_features.family = 15;
	op.u.pcpu_info.xen_cpuid = 0;
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), 0);
	assert_int_equal(op.u.pcpu_info.max_present, 1);
	assert_int_equal(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
	assert_int_equal(op.u.pcpu_info.apic_id, 0);
	op.u.pcpu_info.xen_cpuid = 1;
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), 0);
	assert_int_equal(op.u.pcpu_info.flags, 0);
	assert_int_equal(op.u.pcpu_info.acpi_id, 55);
	op.u.pcpu_info.xen_cpuid = 64;
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), 0);
	assert_int_equal(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
	op.u.pcpu_version.xen_cpuid = 0;
	assert_int_equal(platform(&op, XENPF_get_cpu_version), 0);
	assert_memory_equal(op.u.pcpu_version.vendor_id, "AuthenticAMD", 12);
	assert_int_equal(op.u.pcpu_version.family, 15);
	op.u.pcpu_version.xen_cpuid = ~0U;
	assert_int_equal(platform(&op, XENPF_get_cpu_version), 0);
	assert_int_equal(op.u.pcpu_version.family, 0);
}

static void memory_types_are_read(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.read_memtype.reg = 0;
	assert_int_equal(platform(&op, XENPF_read_memtype), -EOPNOTSUPP);
	fake_cpuid_hook = has_mtrr;
	cpu_features.phys_bits = 40;
	assert_int_equal(platform(&op, XENPF_read_memtype), 0);
	assert_int_equal(op.u.read_memtype.mfn, 0x80000);
	assert_int_equal(op.u.read_memtype.nr_mfns, 0x80000);
	assert_int_equal(op.u.read_memtype.type, 0);
	op.u.read_memtype.reg = 1;		/* not valid */
	assert_int_equal(platform(&op, XENPF_read_memtype), 0);
	assert_int_equal(op.u.read_memtype.nr_mfns, 0);
	op.u.read_memtype.reg = 2;
	assert_int_equal(platform(&op, XENPF_read_memtype), -EINVAL);
	assert_int_equal(platform(&op, XENPF_add_memtype), -EOPNOTSUPP);
}

static void sleep_is_handed_on(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.enter_acpi_sleep.val_a = 0x2000;
	op.u.enter_acpi_sleep.val_b = 0x2001;
	op.u.enter_acpi_sleep.sleep_state = 5;
	assert_int_equal(platform(&op, XENPF_enter_acpi_sleep), -EINVAL);
	assert_true(slept[0] == 5 && slept[1] == 0x2000 && slept[2] == 0x2001);
	op.u.enter_acpi_sleep.flags = XENPF_ACPI_SLEEP_EXTENDED;
	assert_int_equal(platform(&op, XENPF_enter_acpi_sleep), -EOPNOTSUPP);
	op.u.enter_acpi_sleep.flags = 2;
	assert_int_equal(platform(&op, XENPF_enter_acpi_sleep), -EINVAL);
}

static void firmware_has_little_to_say(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	page0[0x417] = 0x22;
	op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	assert_int_equal(platform(&op, XENPF_firmware_info), -ESRCH);
	page0[0x413] = 639 & 0xff, page0[0x414] = 639 >> 8;
	assert_int_equal(platform(&op, XENPF_firmware_info), 0);
	assert_int_equal(op.u.firmware_info.u.kbd_shift_flags, 0x22);

	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	assert_int_equal(platform(&op, XENPF_firmware_info), -ESRCH);
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	assert_int_equal(platform(&op, XENPF_firmware_info), -ENOSYS);
	op.u.firmware_info.type = 6;
	assert_int_equal(platform(&op, XENPF_firmware_info), -EINVAL);
}

static void symbols_are_listed_to_the_end(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };
	char name[16];

	op.u.symdata.name.p = name;
	op.u.symdata.namelen = sizeof(name);
	op.u.symdata.symnum = 0;
	assert_int_equal(platform(&op, XENPF_get_symbol), 0);
	assert_string_equal(name, "first");
	assert_int_equal(op.u.symdata.namelen, 5);
	assert_int_equal(op.u.symdata.symnum, 1);
	assert_int_equal(op.u.symdata.address, (unsigned long)image_start + 16);
	/* A buffer that is too small gets what fits, and the true length. */
	op.u.symdata.namelen = 3;
	assert_int_equal(platform(&op, XENPF_get_symbol), 0);
	assert_memory_equal(name, "thest", 5);
	assert_int_equal(op.u.symdata.namelen, 10);
	assert_int_equal(op.u.symdata.symnum, 2);
	assert_int_equal(platform(&op, XENPF_get_symbol), 0);
	assert_int_equal(op.u.symdata.symnum, 2);	/* the end */
	op.u.symdata.symnum = 3;
	assert_int_equal(platform(&op, XENPF_get_symbol), -EINVAL);
	op.u.symdata.symnum = 0;
	op.u.symdata.namelen = 16;
	op.u.symdata.name.p = (char *)BAD_ADDRESS;
	assert_int_equal(platform(&op, XENPF_get_symbol), -EFAULT);
}

static long pminfo(uint32_t type, uint32_t *pdc)
{
	struct xen_platform_op op = {
		.u.set_pminfo = { .id = ~0U, .type = type, .u.pdc.p = pdc },
	};

	return platform(&op, XENPF_set_processor_pminfo);
}

static void capabilities_of_processors_are_cleared(void **state)
{
	uint32_t pdc[] = { 1, 2, ~0U, ~0U };
	uint32_t other_revision[] = { 2, 1, ~0U }, no_words[] = { 1, 0, ~0U };

	assert_int_equal(pminfo(XEN_PM_PDC, pdc), 0);
	assert_true(pdc[0] == 1 && pdc[1] == 2 && !pdc[2] && pdc[3] == ~0U);
	assert_int_equal(pminfo(XEN_PM_PDC, other_revision), -EINVAL);
	assert_int_equal(pminfo(XEN_PM_PDC, no_words), -EINVAL);
	assert_true(other_revision[2] == ~0U && no_words[2] == ~0U);
	assert_int_equal(pminfo(XEN_PM_PDC, (uint32_t *)BAD_ADDRESS), -EFAULT);
}

static void lists_of_power_states_are_not_taken(void **state)
{
	assert_int_equal(pminfo(XEN_PM_CX, NULL), -ENOSYS);
	assert_int_equal(pminfo(XEN_PM_PX, NULL), -ENOSYS);
	assert_int_equal(pminfo(XEN_PM_TX, NULL), -ENOSYS);
	assert_int_equal(pminfo(XEN_PM_PDC + 1, NULL), -EINVAL);
}

static void what_is_absent_says_so(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	assert_int_equal(platform(&op, XENPF_microcode_update), -ENOSYS);
	cpu_present_map.bits = 3;
	cpu_online_map.bits = 1;
	op.u.cpu_ol.cpuid = 0;
	assert_int_equal(platform(&op, XENPF_cpu_offline), -EOPNOTSUPP);
	assert_int_equal(platform(&op, XENPF_cpu_online), 0);
	op.u.cpu_ol.cpuid = 1;
	assert_int_equal(platform(&op, XENPF_cpu_online), -EOPNOTSUPP);
	assert_int_equal(platform(&op, XENPF_cpu_offline), 0);
	op.u.cpu_ol.cpuid = 2;
	assert_int_equal(platform(&op, XENPF_cpu_offline), -EINVAL);
	op.u.cpu_ol.cpuid = ~0U;
	assert_int_equal(platform(&op, XENPF_cpu_online), -EINVAL);
	assert_int_equal(platform(&op, XENPF_core_parking), -ENOSYS);
	assert_int_equal(platform(&op, 1000), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_version_must_be_ours),
		T(the_time_of_day_is_set),
		T(processors_are_described),
		T(memory_types_are_read),
		T(sleep_is_handed_on),
		T(firmware_has_little_to_say),
		T(symbols_are_listed_to_the_end),
		T(capabilities_of_processors_are_cleared),
		T(lists_of_power_states_are_not_taken),
		T(what_is_absent_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
