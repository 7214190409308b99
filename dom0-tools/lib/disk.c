/* SPDX-License-Identifier: MIT */
/*
 * disk.c - one disk of a configuration, by xl-disk-configuration(5)
 *
 *	[key=value|flag,]* [target, [format, [vdev, [access]]]] [target=...]
 *
 * and the old form, [prefix:]target,vdev[:cdrom],access. It is recognised by a
 * disk's name where a format would be.
 */
#include "config.h"

#include <string.h>

static const struct cfg_choice formats[] = {
	{"raw", LODGE_DISK_RAW},     {"qcow", LODGE_DISK_QCOW},
	{"qcow2", LODGE_DISK_QCOW2}, {"qed", LODGE_DISK_QED},
	{"vhd", LODGE_DISK_VHD},     {"vhdx", LODGE_DISK_VHDX},
	{"vmdk", LODGE_DISK_VMDK},   {"vdi", LODGE_DISK_VDI},
	{NULL, 0},
};

static const struct cfg_choice accesses[] = {
	{"r", false}, {"ro", false}, {"w", true}, {"rw", true}, {NULL, 0},
};

static const struct cfg_choice backends[] = {
	{"phy", LODGE_BACKEND_PHY},
	{"qdisk", LODGE_BACKEND_QDISK},
	{NULL, 0},
};

/* As they were written; NULL: not said */
struct disk_text {
	const char *target, *format, *vdev, *access, *backend, *backend_type;
	const char *script, *devtype, *specification;
};

/* Where a parameter goes: one of those strings. */
static const struct {
	const char *name;
	size_t member;
} names[] = {
	/* these four in the order of positions */
	{"target", offsetof(struct disk_text, target)},
	{"format", offsetof(struct disk_text, format)},
	{"vdev", offsetof(struct disk_text, vdev)},
	{"access", offsetof(struct disk_text, access)},
	{"backend", offsetof(struct disk_text, backend)},
	{"backendtype", offsetof(struct disk_text, backend_type)},
	{"script", offsetof(struct disk_text, script)},
	{"devtype", offsetof(struct disk_text, devtype)},
	{"specification", offsetof(struct disk_text, specification)},
};
#define POSITIONS 4

static const char **place(struct disk_text *text, size_t i)
{
	return (const char **)(void *)((char *)text + names[i].member);
}

static bool set_named(const struct cfg_at *at, struct disk_text *text,
		      const struct spec_param *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(p->name, names[i].name))
			continue;
		if (*place(text, i) && **place(text, i)) {
			finding(at, LODGE_ERROR, "says %s twice", p->name);
			return false;
		}
		*place(text, i) = p->value;
		return true;
	}
	finding(at, LODGE_ERROR, "has a parameter that is not known: %s",
		quoted(at, p->name));
	return false;
}

static bool set_flag(struct lodge_disk *d, const char *flag)
{
	static const struct {
		const char *name;
		size_t member;
		bool value;
	} flags[] = {
		{"cdrom", offsetof(struct lodge_disk, cdrom), true},
		{"direct-io-safe", offsetof(struct lodge_disk, direct_io_safe),
		 true},
		{"discard", offsetof(struct lodge_disk, no_discard), false},
		{"no-discard", offsetof(struct lodge_disk, no_discard), true},
		{"trusted", offsetof(struct lodge_disk, untrusted), false},
		{"untrusted", offsetof(struct lodge_disk, untrusted), true},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(flag, flags[i].name)) {
			*(bool *)((char *)d + flags[i].member) = flags[i].value;
			return true;
		}
	return false;
}

static bool set_positional(const struct cfg_at *at, struct disk_text *text,
			   const char *value)
{
	size_t i;

	for (i = 0; i < POSITIONS; i++)
		if (!*place(text, i)) {
			*place(text, i) = value;
			return true;
		}
	if (!*value)
		return true;
	finding(at, LODGE_ERROR,
		"has %s behind target, format, vdev and access",
		quoted(at, value));
	return false;
}

static bool split(const struct cfg_at *at, const char *spec,
		  struct disk_text *text, struct lodge_disk *d)
{
	struct spec_param p;
	bool good = true;

	while (spec_next(&at->config->arena, &spec, "target", &p)) {
		if (p.name)
			good &= set_named(at, text, &p);
		else if (!set_flag(d, p.value))
			good &= set_positional(at, text, p.value);
	}
	return good;
}

static bool is_choice(const char *text, const struct cfg_choice *choices)
{
	for (; choices->name; choices++)
		if (!strcmp(text, choices->name))
			return true;
	return false;
}

/* "hdc:cdrom", in the place of the format: all move by one. */
static bool take_old_form(const struct cfg_at *at, struct disk_text *text,
			  struct lodge_disk *d)
{
	const char *vdev = text->format ? text->format : "";
	size_t length = strcspn(vdev, ":");
	const char *name = arena_strndup(&at->config->arena, vdev, length);

	if (is_choice(vdev, formats) || !*vdev || !vdev_number(name))
		return true;
	if (vdev[length] && strcmp(vdev + length, ":cdrom") &&
	    strcmp(vdev + length, ":disk")) {
		finding(at, LODGE_ERROR,
			"has a type of device that is not known: %s",
			quoted(at, vdev + length + 1));
		return false;
	}
	d->cdrom |= !strcmp(vdev + length, ":cdrom");
	if (text->access && *text->access) {
		finding(at, LODGE_ERROR, "has %s behind the access",
			quoted(at, text->access));
		return false;
	}
	text->access = text->vdev;
	text->vdev = name;
	text->format = NULL;
	return true;
}

/* Prefixes of old times: a format, a script, or nothing that counts. */
static void take_prefixes(const struct cfg_at *at, struct disk_text *text)
{
	static const char *const ignored[] = {
		"tapdisk:", "tap2:", "tap:", "aio:", "ioemu:", "file:", "phy:",
	};
	static const char *const scripts[] = {"iscsi", "nbd", "enbd", "drbd"};
	const char *t = text->target;
	size_t i, n;

again:
	for (i = 0; i < ARRAY_SIZE(ignored); i++) {
		n = strlen(ignored[i]);
		if (!strncmp(t, ignored[i], n)) {
			t += n;
			goto again;
		}
	}
	n = strcspn(t, ":/");
	text->target = t;
	if (t[n] != ':')
		return;
	for (i = 0; i < ARRAY_SIZE(scripts); i++)
		if (strlen(scripts[i]) == n && !strncmp(t, scripts[i], n)) {
			text->script = arena_printf(&at->config->arena,
						    "block-%s", scripts[i]);
			text->target = t + n + 1;
			return;
		}
	t = arena_strndup(&at->config->arena, t, n);
	if (is_choice(t, formats)) {
		text->format = t;
		text->target += n + 1;
	}
}

static bool choose(const struct cfg_at *at, const char *what, const char *text,
		   const struct cfg_choice *choices, int *value)
{
	if (!text || !*text)
		return true;
	if (is_choice(text, choices))
		return value_choice(at, text, choices, value);
	must_be(at, choices_text(at, choices), "has the %s %s", what,
		quoted(at, text));
	return false;
}

static bool read_vdev(const struct cfg_at *at, const char *vdev,
		      struct lodge_disk *d)
{
	static const char allowed[] =
		"a name like \"xvda\", \"xvda1\", \"hdc\", \"sdb3\" or \"d0p1\"";

	if (!vdev || !*vdev) {
		must_be(at, allowed, "has no vdev, the disk's name in the guest");
		return false;
	}
	d->vdev = vdev;
	d->devid = vdev_number(vdev);
	if (d->devid)
		return true;
	must_be(at, allowed, "has the vdev %s", quoted(at, vdev));
	return false;
}

/* What other devices than ours would need. */
static bool check_rest(const struct cfg_at *at, const struct disk_text *text,
		       struct lodge_disk *d)
{
	static const struct cfg_choice devtypes[] = {
		{"cdrom", 1}, {"disk", 0}, {NULL, 0},
	};
	static const struct cfg_choice specifications[] = {
		{"xen", 0}, {NULL, 0},
	};
	int cdrom = d->cdrom, ignored;
	bool good = choose(at, "devtype", text->devtype, devtypes, &cdrom);

	good &= choose(at, "specification", text->specification,
		       specifications, &ignored);
	d->cdrom = cdrom;
	return good;
}

static void read_target(const struct cfg_at *at, const struct disk_text *text,
			struct lodge_disk *d)
{
	d->script = text->script && *text->script ? text->script : NULL;
	d->target = text->target && *text->target ? text->target : NULL;
	if (!d->target)
		d->format = LODGE_DISK_EMPTY;
	else if (!d->script && *d->target != '/')
		d->target = arena_printf(&at->config->arena, "/dev/%s",
					 d->target);
}

/* A finding if a parameter contradicts another one. */
static bool check_together(const struct cfg_at *at, const struct lodge_disk *d)
{
	if (!d->target && !d->cdrom)
		must_be(at, "a block device or a file, unless it is a CD drive",
			"has no target");
	else if (d->cdrom && d->writable)
		must_be(at, "read-only", "is a CD drive with write access");
	else if (d->backend_type == LODGE_BACKEND_PHY && d->target &&
		 d->format != LODGE_DISK_RAW)
		must_be(at, "raw with backendtype=phy",
			"has an image format that only qdisk can read");
	else
		return true;
	return false;
}

bool read_disk(const struct cfg_at *at, const char *spec, struct lodge_disk *d)
{
	struct disk_text text = {0};
	int format = LODGE_DISK_RAW, writable = -1, backend = LODGE_BACKEND_ANY;
	bool good = split(at, spec, &text, d);

	good = good && take_old_form(at, &text, d);
	if (!good)
		return false;
	if (text.target)
		take_prefixes(at, &text);
	good = check_rest(at, &text, d);
	good &= choose(at, "format", text.format, formats, &format);
	good &= choose(at, "access", text.access, accesses, &writable);
	good &= choose(at, "backendtype", text.backend_type, backends, &backend);
	good &= read_vdev(at, text.vdev, d);
	d->format = (enum lodge_disk_format)format;
	d->backend_type = (enum lodge_disk_backend)backend;
	d->writable = writable < 0 ? !d->cdrom : writable;
	d->backend = text.backend && *text.backend ? text.backend : NULL;
	read_target(at, &text, d);
	return good && check_together(at, d);
}
