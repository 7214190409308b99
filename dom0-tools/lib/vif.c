/* SPDX-License-Identifier: MIT */
/*
 * vif.c - one network interface, by xl-network-configuration(5)
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#define DEFAULT_INTERVAL_US 50000
#define MTU_MOST	    65535

static bool parse_mac(const char *text, uint8_t mac[6])
{
	size_t i;

	if (strlen(text) != 17)
		return false;
	for (i = 0; i < 6; i++, text += 3) {
		if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0 ||
		    (i < 5 && text[2] != ':'))
			return false;
		mac[i] = (uint8_t)(hex_digit(text[0]) << 4 |
				   hex_digit(text[1]));
	}
	return true;
}

static bool read_mac(const struct cfg_at *at, const char *text,
		     struct lodge_vif *v)
{
	v->has_mac = parse_mac(text, v->mac);
	if (!v->has_mac)
		must_be(at, "of the form 00:16:3e:12:34:56", "has the mac %s",
			quoted(at, text));
	else if (v->mac[0] & 1)
		must_be(at, "that of one card: its first byte is even",
			"has the mac %s of a group", quoted(at, text));
	return v->has_mac && !(v->mac[0] & 1);
}

struct unit {
	const char *name;
	uint64_t times, divide;
};

static const struct unit rates[] = {
	{"GB/s", 1000000000, 1}, {"MB/s", 1000000, 1}, {"KB/s", 1000, 1},
	{"B/s", 1, 1},		 {"Gb/s", 1000000000, 8},
	{"Mb/s", 1000000, 8},	 {"Kb/s", 1000, 8},    {"b/s", 1, 8},
};

static const struct unit intervals[] = {
	{"us", 1, 1}, {"ms", 1000, 1}, {"s", 1000000, 1},
};

/* Digits and a unit, moving *p behind them. */
static bool parse_unit(const char **p, const struct unit *units, size_t nr,
		       uint64_t *result)
{
	const char *from = *p;
	uint64_t n = 0;
	size_t i;

	for (; isdigit((unsigned char)**p) && n < 1000000000; (*p)++)
		n = n * 10 + (uint64_t)(**p - '0');
	if (*p == from)
		return false;
	for (i = 0; i < nr; i++)
		if (!strncmp(*p, units[i].name, strlen(units[i].name))) {
			*p += strlen(units[i].name);
			*result = n * units[i].times / units[i].divide;
			return true;
		}
	return false;
}

/* "10Mb/s", "1MB/s@20ms" */
static bool parse_rate(const char *text, struct lodge_vif *v)
{
	uint64_t rate, interval = DEFAULT_INTERVAL_US;

	if (!parse_unit(&text, rates, ARRAY_SIZE(rates), &rate))
		return false;
	if (*text == '@') {
		text++;
		if (!parse_unit(&text, intervals, ARRAY_SIZE(intervals),
				&interval))
			return false;
	}
	if (*text || !interval || interval > UINT32_MAX)
		return false;
	v->rate_interval_us = (uint32_t)interval;
	v->rate_bytes = (uint64_t)((unsigned __int128)rate * interval /
				   1000000);
	return v->rate_bytes && v->rate_bytes <= UINT32_MAX;
}

static bool read_rate(const struct cfg_at *at, const char *text,
		      struct lodge_vif *v)
{
	if (parse_rate(text, v))
		return true;
	must_be(at,
		"of the form 10Mb/s, 250KB/s or 1MB/s@20ms, at least a byte "
		"and less than 4 GiB in an interval",
		"has the rate %s", quoted(at, text));
	return false;
}

static bool read_limited(const struct cfg_at *at, const char *what,
			 const char *text, uint64_t least, uint64_t most,
			 uint64_t *n)
{
	if (parse_number(text, n) && *n >= least && *n <= most)
		return true;
	must_be(at,
		arena_printf(&at->config->arena, "from %llu to %llu",
			     (unsigned long long)least,
			     (unsigned long long)most),
		"has the %s %s", what, quoted(at, text));
	return false;
}

static bool read_mtu(const struct cfg_at *at, const char *text,
		     struct lodge_vif *v)
{
	uint64_t n = 0;
	bool good = read_limited(at, "mtu", text, 68, MTU_MOST, &n);

	v->mtu = (uint32_t)n;
	return good;
}

static bool read_devid(const struct cfg_at *at, const char *text,
		       struct lodge_vif *v)
{
	uint64_t n = 0;
	bool good = read_limited(at, "devid", text, 0, 255, &n);

	v->devid = (unsigned int)n;
	v->has_devid = good;
	return good;
}

/* Longer ones the kernel does not take. */
static bool read_ifname(const struct cfg_at *at, const char *text,
			struct lodge_vif *v)
{
	size_t length = strlen(text);

	v->ifname = text;
	if (length && length < 16 && !strpbrk(text, "/ :"))
		return true;
	must_be(at, "1 to 15 characters, without \"/\", \":\" and blanks",
		"has the vifname %s", quoted(at, text));
	return false;
}

/* Either a string that is kept, or read by a function, or of no concern. */
static const struct {
	const char *name;
	size_t member;
	bool (*read)(const struct cfg_at *at, const char *text,
		     struct lodge_vif *v);
	bool ignored;
} params[] = {
	{"mac", .read = read_mac},
	{"bridge", .member = offsetof(struct lodge_vif, bridge)},
	{"gatewaydev", .member = offsetof(struct lodge_vif, gateway_dev)},
	{"netdev", .member = offsetof(struct lodge_vif, gateway_dev)},
	{"vifname", .read = read_ifname},
	{"script", .member = offsetof(struct lodge_vif, script)},
	{"ip", .member = offsetof(struct lodge_vif, ip)},
	{"backend", .member = offsetof(struct lodge_vif, backend)},
	{"rate", .read = read_rate},
	{"devid", .read = read_devid},
	{"mtu", .read = read_mtu},
	/* of an emulated card beside this one, which only HVM guests have */
	{"type", .ignored = true},
	{"model", .ignored = true},
};

static const char *param_name(size_t i, const void *arg)
{
	(void)arg;
	return i < ARRAY_SIZE(params) ? params[i].name : NULL;
}

static void unknown(const struct cfg_at *at, const char *name)
{
	const char *near = nearest(name, param_name, NULL);
	struct cfg_finding *f;

	f = finding(at, LODGE_ERROR,
		    "has a parameter that is not known: %s", quoted(at, name));
	if (near)
		f->f.hint = arena_printf(&at->config->arena,
					 "did you mean \"%s\"?", near);
}

static bool set(const struct cfg_at *at, size_t i, const char *text,
		struct lodge_vif *v)
{
	if (params[i].ignored || !*text)
		return true;
	if (params[i].read)
		return params[i].read(at, text, v);
	*(const char **)(void *)((char *)v + params[i].member) = text;
	return true;
}

static bool read_named(const struct cfg_at *at, const struct spec_param *p,
		       struct lodge_vif *v)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(params); i++)
		if (!strcmp(p->name, params[i].name))
			return set(at, i, p->value, v);
	unknown(at, p->name);
	return false;
}

static bool read_flag(const struct cfg_at *at, const char *flag,
		      struct lodge_vif *v)
{
	if (!strcmp(flag, "trusted") || !strcmp(flag, "untrusted")) {
		v->untrusted = *flag == 'u';
		return true;
	}
	if (!*flag)
		return true;
	unknown(at, flag);
	return false;
}

bool read_vif(const struct cfg_at *at, const char *spec, struct lodge_vif *v)
{
	struct spec_param p;
	bool good = true;

	while (spec_next(&at->config->arena, &spec, NULL, &p))
		good &= p.name ? read_named(at, &p, v)
			       : read_flag(at, p.value, v);
	return good;
}
