/* SPDX-License-Identifier: MIT */
/*
 * scale.c - counts to nanoseconds and back, in integers
 *
 * A rate is the ABI's pair of a shift and a 32-bit fraction (struct
 * vcpu_time_info): ns = (count << shift) * mul_frac / 2^32. The fraction is
 * kept in its upper half, so that its resolution is better than 1 in 2^31.
 *
 * Locks: none; pure functions.
 */
#include "private.h"

#define HALF (1LL << 31)
#define PPB 1000000000LL

static uint64_t shift_count(uint64_t count, int shift)
{
	return shift >= 0 ? count << shift : count >> -shift;
}

/* @v with its highest bit at 31; *exponent: how far it was moved down. */
static uint64_t normalise(uint64_t v, int *exponent)
{
	*exponent = 32 - __builtin_clzl(v);
	return *exponent >= 0 ? v >> *exponent : v << -*exponent;
}

/**
 * rate_from_ratio() - the rate at which @count counts last @ns nanoseconds
 * @ns:    nonzero
 * @count: nonzero
 *
 * Return: the rate, rounded down; exact to 1 in 2^31.
 */
struct rate rate_from_ratio(uint64_t ns, uint64_t count)
{
	int ns_exp, count_exp, shift;
	uint64_t frac;

	ns = normalise(ns, &ns_exp);
	count = normalise(count, &count_exp);
	shift = ns_exp - count_exp;
	frac = (ns << 32) / count;	/* 2^31 < frac < 2^33 */
	if (frac >> 32) {
		frac >>= 1;
		shift++;
	}
	return (struct rate){ (uint32_t)frac, (int8_t)shift };
}

/**
 * rate_from_hz() - the rate of a clock of known frequency
 * @hz: nonzero
 */
struct rate rate_from_hz(uint64_t hz)
{
	return rate_from_ratio(NS_PER_SEC, hz);
}

/**
 * rate_to_ns() - how long that many counts last
 * @r:     rate
 * @count: below 2^62; a result above 2^64 ns wraps
 *
 * Return: nanoseconds, rounded down.
 */
uint64_t rate_to_ns(struct rate r, uint64_t count)
{
	return (uint64_t)((unsigned __int128)shift_count(count, r.shift) *
				  r.mul_frac >> 32);
}

/**
 * rate_to_count() - how many counts last that long
 * @r:  rate
 * @ns: below 2^62
 *
 * Return: the count, rounded up, so that rate_to_ns() of it is not below @ns.
 */
uint64_t rate_to_count(struct rate r, uint64_t ns)
{
	uint64_t whole = ns / r.mul_frac, rest = ns % r.mul_frac;
	uint64_t count = (whole << 32) +
			 DIV_ROUND_UP(rest << 32, (uint64_t)r.mul_frac);

	if (r.shift >= 0)
		return (count + BIT(r.shift) - 1) >> r.shift;
	return count << -r.shift;
}

/**
 * rate_to_hz() - frequency of a clock of that rate
 * @r: rate
 */
uint64_t rate_to_hz(struct rate r)
{
	uint64_t hz = (NS_PER_SEC << 32) / r.mul_frac;

	return r.shift >= 0 ? hz >> r.shift : hz << -r.shift;
}

/**
 * rate_adjust() - a rate that is a little faster or slower
 * @r:   rate
 * @ppb: parts in 10^9, from -10^8 to 10^8
 */
struct rate rate_adjust(struct rate r, int64_t ppb)
{
	int64_t frac = r.mul_frac + (int64_t)r.mul_frac * ppb / PPB;

	if (frac >> 32)
		return (struct rate){ (uint32_t)(frac >> 1),
				      (int8_t)(r.shift + 1) };
	if (frac < HALF)
		return (struct rate){ (uint32_t)(frac << 1),
				      (int8_t)(r.shift - 1) };
	return (struct rate){ (uint32_t)frac, r.shift };
}

/**
 * rate_difference() - by how much one rate is faster than another
 * @a: rate
 * @b: rate; the two differ by less than a factor of two
 *
 * Return: parts in 10^9 of @b, negative if @a is slower.
 */
int64_t rate_difference(struct rate a, struct rate b)
{
	int64_t fa = a.mul_frac, fb = b.mul_frac;

	if (a.shift > b.shift)
		fa <<= 1;
	else if (a.shift < b.shift)
		fb <<= 1;
	return (int64_t)((fa - fb) * PPB / fb);
}

/**
 * scale_to_ns() - system time at a TSC value
 * @ts:  scale
 * @tsc: value; one before the stamp counts as the stamp
 */
uint64_t scale_to_ns(const struct time_scale *ts, uint64_t tsc)
{
	struct rate r = { ts->mul_frac, ts->shift };

	if ((int64_t)(tsc - ts->tsc_stamp) < 0)
		return ts->stime_ns;
	return ts->stime_ns + rate_to_ns(r, tsc - ts->tsc_stamp);
}

/**
 * scale_to_tsc() - TSC value at a system time
 * @ts: scale
 * @ns: one before the stamp counts as the stamp
 *
 * Return: the value, rounded up.
 */
uint64_t scale_to_tsc(const struct time_scale *ts, uint64_t ns)
{
	struct rate r = { ts->mul_frac, ts->shift };

	if (ns <= ts->stime_ns)
		return ts->tsc_stamp;
	return ts->tsc_stamp + rate_to_count(r, ns - ts->stime_ns);
}

static int64_t clamp(int64_t v, int64_t limit)
{
	return v > limit ? limit : v < -limit ? -limit : v;
}

/**
 * scale_steer() - the scale for the next second
 * @old:      scale until now
 * @now_tsc:  where the new one begins
 * @rate:     what the clock runs at, as measured
 * @error_ns: platform time minus system time at @now_tsc
 *
 * The error is worn off within a second by running faster or slower, by at
 * most SLEW_MAX_PPB. Being far behind (the machine was stopped) is made good
 * by a step forward. Time never goes backward.
 */
struct time_scale scale_steer(const struct time_scale *old, uint64_t now_tsc,
			      struct rate rate, int64_t error_ns)
{
	struct time_scale ts = {
		.tsc_stamp = now_tsc,
		.stime_ns = scale_to_ns(old, now_tsc),
	};

	if (error_ns > (int64_t)STEP_MIN_NS) {
		ts.stime_ns += (uint64_t)error_ns;
		error_ns = 0;
	}
	/* An error of 1 ns in 1 s is one part in 10^9. */
	rate = rate_adjust(rate, clamp(error_ns, SLEW_MAX_PPB));
	ts.mul_frac = rate.mul_frac;
	ts.shift = rate.shift;
	return ts;
}
