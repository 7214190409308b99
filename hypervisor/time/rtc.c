/* SPDX-License-Identifier: MIT */
/*
 * rtc.c - the firmware's clock: MC146818 registers in CMOS memory
 *
 * Read at boot only, and never written.
 *
 * Locks: rtc_lock (LOCK_PLATFORM) guards the index register.
 */
#include "private.h"

#include <lodge/acpi.h>
#include <lodge/console.h>
#include <lodge/lib.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71

#define RTC_SECOND	0x00
#define RTC_MINUTE	0x02
#define RTC_HOUR	0x04
#define RTC_DAY		0x07
#define RTC_MONTH	0x08
#define RTC_YEAR	0x09
#define RTC_STATUS_A	0x0a
#define RTC_STATUS_B	0x0b
#define RTC_CENTURY	0x32

#define STATUS_A_UPDATING	0x80
#define STATUS_B_24H		0x02
#define STATUS_B_BINARY		0x04
#define HOUR_PM			0x80

#define SECONDS_PER_DAY		86400

static spinlock_t rtc_lock = SPINLOCK_INIT(LOCK_PLATFORM);

static unsigned int decode(uint8_t v, const struct rtc_time *raw)
{
	if (raw->status_b & STATUS_B_BINARY)
		return v;
	return (unsigned int)(v >> 4) * 10 + (v & 15);
}

static unsigned int decode_hour(const struct rtc_time *raw)
{
	unsigned int hour = decode(raw->hour & ~HOUR_PM, raw);

	if (raw->status_b & STATUS_B_24H)
		return decode(raw->hour, raw);
	return hour % 12 + (raw->hour & HOUR_PM ? 12 : 0);
}

/* Machines without a century register have something else there. */
static unsigned int decode_year(const struct rtc_time *raw)
{
	unsigned int year = decode(raw->year, raw);
	unsigned int century = decode(raw->century, raw);

	if (century < 19 || century > 21)
		century = year < 70 ? 20 : 19;
	return century * 100 + year;
}

static bool leap(unsigned int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of that month. */
static uint64_t days_before(unsigned int year, unsigned int month)
{
	static const uint16_t before[12] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334,
	};
	unsigned int y, days = before[month - 1];

	for (y = 1970; y < year; y++)
		days += leap(y) ? 366 : 365;
	return days + (month > 2 && leap(year));
}

uint64_t rtc_to_seconds(const struct rtc_time *raw)
{
	unsigned int second = decode(raw->second, raw);
	unsigned int minute = decode(raw->minute, raw);
	unsigned int hour = decode_hour(raw), day = decode(raw->day, raw);
	unsigned int month = decode(raw->month, raw), year = decode_year(raw);

	if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31 ||
	    month < 1 || month > 12 || year < 1970)
		return 0;
	return (days_before(year, month) + day - 1) * SECONDS_PER_DAY +
	       hour * 3600 + minute * 60 + second;
}

static uint8_t cmos_read(uint8_t reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static void read_registers(struct rtc_time *t)
{
	t->second = cmos_read(RTC_SECOND);
	t->minute = cmos_read(RTC_MINUTE);
	t->hour = cmos_read(RTC_HOUR);
	t->day = cmos_read(RTC_DAY);
	t->month = cmos_read(RTC_MONTH);
	t->year = cmos_read(RTC_YEAR);
	t->century = cmos_read(RTC_CENTURY);
	t->status_b = cmos_read(RTC_STATUS_B);
}

/* An update takes 2 ms at most: do not read within one. */
static bool wait_for_update(void)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (!(cmos_read(RTC_STATUS_A) & STATUS_A_UPDATING))
			return true;
		udelay(10);
	}
	return false;
}

/**
 * rtc_read_seconds() - what the firmware's clock says
 *
 * Reads until two readings outside of an update agree.
 *
 * Context: boot; takes rtc_lock.
 * Return: seconds since 1970, taken as UTC; 0: there is no such clock, or it
 *         shows no date.
 */
uint64_t rtc_read_seconds(void)
{
	struct rtc_time a = { 0 }, b = { 0 };
	unsigned long flags;
	unsigned int tries;
	bool good = false;

	if (acpi_info.no_cmos_rtc)
		return 0;
	flags = spin_lock_irqsave(&rtc_lock);
	for (tries = 0; tries < 10 && !good; tries++) {
		if (!wait_for_update())
			break;
		read_registers(&a);
		if (!wait_for_update())
			break;
		read_registers(&b);
		good = !memcmp(&a, &b, sizeof(a));
	}
	spin_unlock_irqrestore(&rtc_lock, flags);
	return good ? rtc_to_seconds(&a) : 0;
}
