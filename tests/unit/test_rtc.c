/* SPDX-License-Identifier: MIT */
/*
 * test_rtc.c - the firmware's clock, and the time of day made from it
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/x86.h>
#include "../../hypervisor/time/private.h"

struct acpi_info acpi_info;

static uint8_t cmos[128];
static uint8_t cmos_index;
static unsigned int updating;		/* reads of status A that say so */
static unsigned int nr_reads;
static void (*on_read)(void);
static unsigned int nr_changes;
static uint64_t now_ns;

static uint32_t port_in(uint16_t port, unsigned int bytes)
{
	assert_int_equal(port, 0x71);
	nr_reads++;
	if (on_read)
		on_read();
	if (cmos_index == 0x0a && updating) {
		updating--;
		return 0x80 | 0x26;
	}
	return cmos[cmos_index];
}

static void port_out(uint16_t port, unsigned int bytes, uint32_t v)
{
	assert_int_equal(port, 0x70);
	cmos_index = v & 0x7f;
}

uint64_t system_time_ns(void)
{
	return now_ns;
}

void udelay(unsigned int us)
{
	now_ns += us * 1000;
}

static void set_clock(const uint8_t *regs)
{
	static const uint8_t index[] = { 0, 2, 4, 7, 8, 9, 0x32, 0x0b };
	unsigned int i;

	memset(cmos, 0, sizeof(cmos));
	cmos[0x0a] = 0x26;
	for (i = 0; i < sizeof(index); i++)
		cmos[index[i]] = regs[i];
}

static int start(void **state)
{
	fake_in_hook = port_in;
	fake_out_hook = port_out;
	updating = nr_reads = nr_changes = 0;
	on_read = NULL;
	acpi_info.no_cmos_rtc = false;
	now_ns = 0;
	return 0;
}

struct sample {
	/* second, minute, hour, day, month, year, century, status B */
	uint8_t regs[8];
	uint64_t seconds;
};

static void dates_are_read_in_every_format(void **state)
{
	static const struct sample samples[] = {
		/* BCD, 24 hours: 2024-02-29 23:59:58 */
		{ { 0x58, 0x59, 0x23, 0x29, 0x02, 0x24, 0x20, 0x02 },
		  1709251198 },
		/* the same in binary */
		{ { 58, 59, 23, 29, 2, 24, 20, 0x06 }, 1709251198 },
		/* BCD, 12 hours: 11 pm */
		{ { 0x58, 0x59, 0x91, 0x29, 0x02, 0x24, 0x20, 0x00 },
		  1709251198 },
		/* binary, 12 hours: 12 am is midnight, 12 pm is noon */
		{ { 0, 0, 12, 1, 3, 24, 20, 0x04 }, 1709251200 },
		{ { 0, 0, 0x80 | 12, 1, 3, 24, 20, 0x04 }, 1709294400 },
		/* 1 am, 1 pm */
		{ { 0, 0, 1, 1, 3, 24, 20, 0x04 }, 1709254800 },
		{ { 0, 0, 0x81, 1, 3, 24, 20, 0x04 }, 1709298000 },
		{ { 0x00, 0x00, 0x00, 0x01, 0x01, 0x70, 0x19, 0x02 }, 0 },
		{ { 0x01, 0x00, 0x00, 0x01, 0x01, 0x70, 0x19, 0x02 }, 1 },
		/* no century register: 26 is 2026, 99 is 1999 */
		{ { 0x00, 0x00, 0x00, 0x22, 0x11, 0x26, 0x00, 0x02 },
		  1795305600 },
		{ { 0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0xff, 0x02 },
		  946684799 },
		/* 2100 is no leap year */
		{ { 0x00, 0x00, 0x00, 0x01, 0x03, 0x00, 0x21, 0x02 },
		  4107542400 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		set_clock(samples[i].regs);
		assert_int_equal(rtc_read_seconds(), samples[i].seconds);
	}
}

static void nonsense_is_no_date(void **state)
{
	static const uint8_t bad[][8] = {
		{ 0x60, 0, 0, 1, 1, 0x24, 0x20, 0x02 },
		{ 0, 0x60, 0, 1, 1, 0x24, 0x20, 0x02 },
		{ 0, 0, 0x24, 1, 1, 0x24, 0x20, 0x02 },
		{ 0, 0, 0, 0, 1, 0x24, 0x20, 0x02 },
		{ 0, 0, 0, 0x32, 1, 0x24, 0x20, 0x02 },
		{ 0, 0, 0, 1, 0, 0x24, 0x20, 0x02 },
		{ 0, 0, 0, 1, 0x13, 0x24, 0x20, 0x02 },
		{ 0, 0, 0, 1, 1, 0x69, 0x19, 0x02 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		set_clock(bad[i]);
		assert_int_equal(rtc_read_seconds(), 0);
	}
}

static const uint8_t new_year[8] = { 0x00, 0x00, 0x00, 0x01,
				     0x01, 0x25, 0x20, 0x02 };
static const uint8_t old_year[8] = { 0x59, 0x59, 0x23, 0x31,
				     0x12, 0x24, 0x20, 0x02 };

/* The year turns between two registers of the first reading. */
static void turn(void)
{
	if (nr_reads == 5)
		set_clock(new_year);
}

static void a_reading_torn_by_an_update_is_not_taken(void **state)
{
	set_clock(old_year);
	on_read = turn;
	assert_int_equal(rtc_read_seconds(), 1735689600);
}

static void waits_while_it_updates(void **state)
{
	set_clock(new_year);
	updating = 100;
	assert_int_equal(rtc_read_seconds(), 1735689600);
	assert_int_equal(updating, 0);
}

static void does_not_wait_for_ever(void **state)
{
	set_clock(new_year);
	updating = ~0U;
	assert_int_equal(rtc_read_seconds(), 0);
}

static void firmware_may_say_that_there_is_none(void **state)
{
	acpi_info.no_cmos_rtc = true;
	assert_int_equal(rtc_read_seconds(), 0);
	assert_int_equal(nr_reads, 0);
}

static void changed(void)
{
	nr_changes++;
}

static void the_time_of_day_is_that_at_system_time_zero(void **state)
{
	uint64_t sec;
	uint32_t nsec;

	wallclock_changed_hook = changed;
	wallclock_set(1000, 500, 3 * NS_PER_SEC + 200);
	wallclock_get(&sec, &nsec);
	assert_int_equal(sec, 997);
	assert_int_equal(nsec, 300);
	wallclock_set(1000, 100, 3 * NS_PER_SEC + 200);
	wallclock_get(&sec, &nsec);
	assert_int_equal(sec, 996);
	assert_int_equal(nsec, 999999900);
	assert_int_equal(nr_changes, 2);
	/* Before 1970: cannot be told. */
	wallclock_set(3, 0, ~0UL);
	wallclock_get(&sec, &nsec);
	assert_int_equal(sec, 0);
	assert_int_equal(nsec, 0);
	wallclock_changed_hook = NULL;
}

static void it_begins_with_the_firmwares_clock(void **state)
{
	uint64_t sec;
	uint32_t nsec;

	set_clock(new_year);
	now_ns = 5 * NS_PER_SEC;
	wallclock_init();
	wallclock_get(&sec, &nsec);
	assert_int_equal(sec, 1735689600 - 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(dates_are_read_in_every_format, start),
		cmocka_unit_test_setup(nonsense_is_no_date, start),
		cmocka_unit_test_setup(a_reading_torn_by_an_update_is_not_taken,
				       start),
		cmocka_unit_test_setup(waits_while_it_updates, start),
		cmocka_unit_test_setup(does_not_wait_for_ever, start),
		cmocka_unit_test_setup(firmware_may_say_that_there_is_none,
				       start),
		cmocka_unit_test_setup(
			the_time_of_day_is_that_at_system_time_zero, start),
		cmocka_unit_test_setup(it_begins_with_the_firmwares_clock,
				       start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
