/* SPDX-License-Identifier: MIT */
/*
 * kinds.c - how the value of a key is read: one function for each kind
 */
#include "keys.h"

#include <string.h>

static void *member(const struct cfg_at *at, const struct cfg_key *key)
{
	return (char *)&at->config->domain + key->member;
}

/* ---- kinds -------------------------------------------------------------- */

bool key_u64(const struct cfg_at *at, const struct cfg_key *key,
	     const struct cfg_value *v)
{
	return value_number(at, v, key->param, member(at, key));
}

bool key_uint(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	uint64_t n;

	if (!value_number(at, v, key->param, &n))
		return false;
	*(unsigned int *)member(at, key) = (unsigned int)n;
	return true;
}

bool key_bool(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	return value_bool(at, v, member(at, key));
}

bool key_string(const struct cfg_at *at, const struct cfg_key *key,
		const struct cfg_value *v)
{
	return value_string(at, v, member(at, key));
}

bool key_path(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	const char **path = member(at, key);

	if (!value_string(at, v, path))
		return false;
	if (**path == '/')
		return true;
	must_be(at, "a path that begins with /", "is %s", quoted(at, *path));
	*path = NULL;
	return false;
}

bool key_choice(const struct cfg_at *at, const struct cfg_key *key,
		const struct cfg_value *v)
{
	const char *text;
	int value;

	if (!value_string(at, v, &text) ||
	    !value_choice(at, text, key->param, &value))
		return false;
	*(int *)member(at, key) = value;
	return true;
}

bool key_uuid(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	struct lodge_domain_config *d = &at->config->domain;
	const char *text;

	d->has_uuid = value_string(at, v, &text) &&
		      value_uuid(at, text, d->uuid);
	return d->has_uuid;
}

bool key_affinity(const struct cfg_at *at, const struct cfg_key *key,
		  const struct cfg_value *v)
{
	return read_affinity(at, v, member(at, key));
}

/* Commands take a number for a domain's id. */
bool key_name(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	const char **name = member(at, key);

	if (!value_string(at, v, name))
		return false;
	if (is_domain_name(*name))
		return true;
	must_be(at, "text without \"/\" and control characters, and no number",
		"is %s", quoted(at, *name));
	*name = NULL;
	return false;
}

bool key_offset(const struct cfg_at *at, const struct cfg_key *key,
		const struct cfg_value *v)
{
	int64_t *offset = member(at, key);
	const char *text;
	uint64_t n;
	bool minus;

	if (!value_string(at, v, &text))
		return false;
	minus = *text == '-';
	if (!parse_number(text + minus, &n) || n > INT32_MAX) {
		must_be(at, "a number of seconds, if negative in quotes",
			"is %s", quoted(at, text));
		return false;
	}
	*offset = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

bool key_type(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	static const struct cfg_choice types[] = {
		{"pv", LODGE_PV}, {"pvh", LODGE_PVH}, {"hvm", LODGE_HVM},
		{NULL, 0},
	};
	const char *text;
	int type;

	if (!value_string(at, v, &text) ||
	    !value_choice(at, text, types, &type))
		return false;
	at->config->guest_type = (unsigned int)type;
	if (type != LODGE_PV)
		must_be(at, "\"pv\": there are no other guests yet", "is %s",
			quoted(at, text));
	return true;
}

bool key_builder(const struct cfg_at *at, const struct cfg_key *key,
		 const struct cfg_value *v)
{
	static const struct cfg_choice builders[] = {
		{"generic", LODGE_PV}, {"linux", LODGE_PV}, {"hvm", LODGE_HVM},
		{NULL, 0},
	};
	const char *text;
	int type;

	if (!value_string(at, v, &text) ||
	    !value_choice(at, text, builders, &type))
		return false;
	at->config->guest_type = (unsigned int)type;
	finding(at, LODGE_NOTE, "is old")->f.hint = "write type = \"pv\"";
	if (type != LODGE_PV)
		must_be(at, "\"generic\": there are no other guests yet",
			"is %s", quoted(at, text));
	return true;
}

bool key_root(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	return value_string(at, v, &at->config->root);
}

bool key_extra(const struct cfg_at *at, const struct cfg_key *key,
	       const struct cfg_value *v)
{
	return value_string(at, v, &at->config->extra);
}

/* By name, and by the number that it once was. */
bool key_tsc_mode(const struct cfg_at *at, const struct cfg_key *key,
		  const struct cfg_value *v)
{
	static const struct cfg_choice modes[] = {
		{"default", LODGE_TSC_DEFAULT},
		{"always_emulate", LODGE_TSC_ALWAYS_EMULATE},
		{"native", LODGE_TSC_NATIVE},
		{NULL, 0},
	};
	uint64_t n;
	const char *text;
	int mode;

	if (!value_string(at, v, &text))
		return false;
	if (parse_number(text, &n) && n <= LODGE_TSC_NATIVE)
		text = modes[n].name;
	if (!value_choice(at, text, modes, &mode))
		return false;
	at->config->domain.tsc_mode = (enum lodge_tsc_mode)mode;
	return true;
}

/* ---- lists of devices --------------------------------------------------- */

/* One kind of device: where its list goes, and how one is read. */
struct devices {
	size_t list, nr;	/* members of struct lodge_domain_config */
	size_t size;		/* of one */
	bool (*read)(const struct cfg_at *at, const char *spec, void *device,
		     unsigned int index);
};

static bool one_disk(const struct cfg_at *at, const char *spec, void *device,
		     unsigned int index)
{
	return read_disk(at, spec, device);
}

static bool one_vif(const struct cfg_at *at, const char *spec, void *device,
		    unsigned int index)
{
	struct lodge_vif *vif = device;

	vif->devid = index;
	return read_vif(at, spec, vif);
}

static bool one_channel(const struct cfg_at *at, const char *spec, void *device,
			unsigned int index)
{
	return read_channel(at, spec, device);
}

/* Each is "disk[1]", on the line where it stands. */
static bool read_each(const struct cfg_at *at, const struct devices *kind,
		      const struct cfg_value *v, const char **specs,
		      char *device)
{
	const struct cfg_value *e;
	struct cfg_at one = *at;
	unsigned int i = 0;
	bool good = true;

	for (e = v->first; e; e = e->next, i++, device += kind->size) {
		one.line = e->line;
		one.key = arena_printf(&at->config->arena, "%s[%u]", at->key,
				       i);
		good &= kind->read(&one, specs[i], device, i);
	}
	return good;
}

static bool read_devices(const struct cfg_at *at, const struct devices *kind,
			 const struct cfg_value *v)
{
	char *domain = (char *)&at->config->domain;
	const char **specs;
	void *list;
	size_t nr;

	specs = value_strings(at, v, &nr);
	if (!specs)
		return false;
	list = arena_alloc(&at->config->arena, nr * kind->size);
	*(const void **)(void *)(domain + kind->list) = list;
	*(size_t *)(void *)(domain + kind->nr) = nr;
	return read_each(at, kind, v, specs, list);
}

#define DEVICES(member, one)						\
	{								\
		.list = offsetof(struct lodge_domain_config, member),	\
		.nr = offsetof(struct lodge_domain_config, nr_##member),\
		.size = sizeof(*((struct lodge_domain_config *)0)->member), \
		.read = one,						\
	}

bool key_disks(const struct cfg_at *at, const struct cfg_key *key,
	       const struct cfg_value *v)
{
	static const struct devices disks = DEVICES(disks, one_disk);

	return read_devices(at, &disks, v);
}

bool key_vifs(const struct cfg_at *at, const struct cfg_key *key,
	      const struct cfg_value *v)
{
	static const struct devices vifs = DEVICES(vifs, one_vif);

	return read_devices(at, &vifs, v);
}

bool key_channels(const struct cfg_at *at, const struct cfg_key *key,
		  const struct cfg_value *v)
{
	static const struct devices channels = DEVICES(channels, one_channel);

	return read_devices(at, &channels, v);
}
