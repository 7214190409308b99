/* SPDX-License-Identifier: MIT */
/*
 * config.c - a guest's configuration: read, completed, checked as a whole
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/xen.h>

#define FILE_MOST     (1 << 20)
#define DEFAULT_MIB   32	/* as with xl */
#define SMALLEST_MIB  8

struct cfg_at at_key(struct lodge_config *config, const char *key)
{
	struct cfg_at at = {
		.config = config, .source = config->source, .key = key,
	};
	const struct cfg_setting *s;

	for (s = config->settings; s; s = s->next)
		if (key && !strcmp(s->key, key)) {
			at.source = s->source;
			at.line = s->line;
		}
	return at;
}

/* ---- files -------------------------------------------------------------- */

static const char *read_open_file(struct lodge_config *config, int fd,
				  size_t *length)
{
	char *text = arena_alloc(&config->arena, FILE_MOST + 1);
	ssize_t n;

	for (*length = 0; *length <= FILE_MOST; *length += (size_t)n) {
		n = read(fd, text + *length, FILE_MOST + 1 - *length);
		if (n < 0)
			return NULL;
		if (!n)
			return text;
	}
	errno = EFBIG;
	return NULL;
}

static void read_file(struct lodge_config *config, const char *name)
{
	struct cfg_at at = {.config = config, .source = name};
	const char *text = NULL;
	size_t length;
	int fd = open(name, O_RDONLY | O_CLOEXEC), error;

	if (fd >= 0)
		text = read_open_file(config, fd, &length);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (text)
		parse_settings(config, name, text, length);
	else
		finding(&at, LODGE_ERROR, "cannot be read: %s",
			strerror(error));
}

/* ---- what follows from several keys ------------------------------------- */

static void complete_cmdline(struct lodge_config *config)
{
	struct lodge_domain_config *d = &config->domain;
	const char *root = config->root, *extra = config->extra;
	struct cfg_at at;

	if (d->cmdline && (root || extra)) {
		at = at_key(config, root ? "root" : "extra");
		finding(&at, LODGE_WARNING,
			"does not count, because cmdline is set");
	} else if (root || extra) {
		d->cmdline = arena_printf(&config->arena, "%s%s%s%s",
					  root ? "root=" : "",
					  root ? root : "",
					  root && extra ? " " : "",
					  extra ? extra : "");
	}
}

static void complete(struct lodge_config *config)
{
	struct lodge_domain_config *d = &config->domain;
	struct cfg_at at = at_key(config, NULL);

	if (!d->memory_mib && !d->max_memory_mib && !config->errors) {
		finding(&at, LODGE_WARNING,
			"memory is not set: the guest has %d MiB", DEFAULT_MIB);
		d->memory_mib = DEFAULT_MIB;
	}
	if (!d->memory_mib)
		d->memory_mib = d->max_memory_mib;
	if (!d->max_memory_mib)
		d->max_memory_mib = d->memory_mib;
	if (!d->vcpus)
		d->vcpus = d->max_vcpus ? d->max_vcpus : 1;
	if (!d->max_vcpus)
		d->max_vcpus = d->vcpus;
	complete_cmdline(config);
}

/* What does not fit would be cut off, perhaps in a word. */
static void check_cmdline(struct lodge_config *config)
{
	static const char *const keys[] = {"cmdline", "extra", "root"};
	const char *text = config->domain.cmdline;
	struct cfg_at at;
	size_t i;

	if (!text || strlen(text) < MAX_GUEST_CMDLINE)
		return;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		at = at_key(config, keys[i]);
		if (at.line)
			break;
	}
	must_be(&at,
		arena_printf(&config->arena, "%d at most",
			     MAX_GUEST_CMDLINE - 1),
		"makes a kernel's command line of %zu characters",
		strlen(text));
}

static void check_numbers(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	struct cfg_at at;

	if (d->max_memory_mib < d->memory_mib) {
		at = at_key(config, "maxmem");
		must_be(&at,
			arena_printf(&config->arena,
				     "at least memory, which is %llu",
				     (unsigned long long)d->memory_mib),
			"is %llu", (unsigned long long)d->max_memory_mib);
	}
	if (d->max_vcpus < d->vcpus) {
		at = at_key(config, "maxvcpus");
		must_be(&at,
			arena_printf(&config->arena,
				     "at least vcpus, which is %u", d->vcpus),
			"is %u", d->max_vcpus);
	}
	if (d->memory_mib && d->memory_mib < SMALLEST_MIB) {
		at = at_key(config, "memory");
		finding(&at, LODGE_WARNING,
			"is %llu MiB, which hardly any kernel starts in",
			(unsigned long long)d->memory_mib);
	}
}

static void check_disks(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	struct cfg_at at = at_key(config, "disk");
	size_t i, j;

	for (i = 0; i < d->nr_disks; i++)
		for (j = 0; j < i; j++)
			if (d->disks[i].devid &&
			    d->disks[i].devid == d->disks[j].devid)
				finding(&at, LODGE_ERROR,
					"has two disks with the vdev \"%s\"",
					d->disks[i].vdev);
}

static void check_vifs(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	const struct lodge_vif *a, *b;
	struct cfg_at at = at_key(config, "vif");
	size_t i, j;

	for (i = 0; i < d->nr_vifs; i++)
		for (j = 0; j < i; j++) {
			a = &d->vifs[i];
			b = &d->vifs[j];
			if (a->devid == b->devid)
				finding(&at, LODGE_ERROR,
					"has two interfaces with the devid %u",
					a->devid);
			if (a->has_mac && b->has_mac &&
			    !memcmp(a->mac, b->mac, sizeof(a->mac)))
				finding(&at, LODGE_ERROR,
					"has two interfaces with one mac");
		}
}

/* A guest that is ended without the dump would leave nothing to look at. */
static void check_actions(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	const struct {
		const char *key;
		enum lodge_action action;
	} all[] = {
		{"on_poweroff", d->on_poweroff},
		{"on_reboot", d->on_reboot},
		{"on_watchdog", d->on_watchdog},
		{"on_crash", d->on_crash},
	};
	struct cfg_at at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].action != LODGE_ACTION_COREDUMP_DESTROY &&
		    all[i].action != LODGE_ACTION_COREDUMP_RESTART)
			continue;
		at = at_key(config, all[i].key);
		finding(&at, LODGE_ERROR,
			"needs what is not supported: core dumps")
			->f.hint = "preserve keeps the guest to be looked at";
	}
}

/* What xl accepts and libxl refuses later, or worse. */
static void check_together(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	struct cfg_at at = at_key(config, NULL);

	if (!d->name && !at_key(config, "name").line)
		finding(&at, LODGE_ERROR, "name is not set");
	if (!d->kernel && !at_key(config, "kernel").line &&
	    !at_key(config, "bootloader").line &&
	    !at_key(config, "firmware").line)
		finding(&at, LODGE_ERROR, "kernel is not set");
	check_cmdline(config);
	check_numbers(config);
	check_actions(config);
	check_disks(config);
	check_vifs(config);
}

static void set_defaults(struct lodge_domain_config *d)
{
	d->on_reboot = LODGE_ACTION_RESTART;
}

void read_texts(struct lodge_config *config,
		const struct lodge_source *sources, size_t nr)
{
	size_t i;

	config->source = nr ? sources[0].name : "configuration";
	for (i = 0; i < nr; i++)
		if (sources[i].text)
			parse_settings(config, sources[i].name,
				       sources[i].text, sources[i].length);
		else
			read_file(config, sources[i].name);
}

static void read_sources(struct lodge_config *config,
			 const struct lodge_source *sources, size_t nr)
{
	read_texts(config, sources, nr);
	set_defaults(&config->domain);
	read_settings(config);
	complete(config);
	/* Of half a configuration it would say nonsense. */
	if (!config->errors || config->settings)
		check_together(config);
	findings_finish(config);
}

struct lodge_config *new_config(void)
{
	struct lodge_config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->last_finding = &config->findings;
	config->last_setting = &config->settings;
	config->guest_type = LODGE_PV;
	return config;
}

static void read_device(struct lodge_config *config,
			enum lodge_device_kind kind, const char *spec)
{
	struct lodge_domain_config *d = &config->domain;
	const struct cfg_at at = {
		.config = config,
		.source = "command line",
		.key = kind == LODGE_VBD ? "disk" : "vif",
	};
	struct lodge_disk *disk = arena_alloc(&config->arena, sizeof(*disk));
	struct lodge_vif *vif = arena_alloc(&config->arena, sizeof(*vif));

	config->source = at.source;
	d->nr_disks = kind == LODGE_VBD;
	d->nr_vifs = kind == LODGE_VIF;
	d->disks = disk;
	d->vifs = vif;
	if (kind == LODGE_VBD)
		read_disk(&at, spec, disk);
	else
		read_vif(&at, spec, vif);
	findings_finish(config);
}

int lodge_config_read_device(struct lodge_config **out,
			     enum lodge_device_kind kind, const char *spec)
{
	struct lodge_config *config = new_config();

	if (!config || arena_enter(&config->arena)) {
		lodge_config_free(config);
		return -ENOMEM;
	}
	read_device(config, kind, spec);
	arena_leave(&config->arena);
	*out = config;
	return 0;
}

/* One list is of all vCPUs. */
static void read_cpus(struct lodge_config *config, const char *key,
		      const char *text, struct lodge_affinity *affinity)
{
	const struct cfg_at at = {config, "command line", 0, key};
	struct lodge_cpu_list *list;

	if (!strcmp(text, "-"))
		return;
	list = arena_alloc(&config->arena, sizeof(*list));
	affinity->lists = list;
	affinity->nr = read_cpu_list(&at, text, list);
}

int lodge_config_read_cpus(struct lodge_config **out, const char *hard,
			   const char *soft)
{
	struct lodge_config *config = new_config();

	if (!config || arena_enter(&config->arena)) {
		lodge_config_free(config);
		return -ENOMEM;
	}
	config->source = "command line";
	read_cpus(config, "cpus", hard, &config->domain.hard);
	read_cpus(config, "cpus_soft", soft, &config->domain.soft);
	findings_finish(config);
	arena_leave(&config->arena);
	*out = config;
	return 0;
}

int lodge_config_read(struct lodge_config **out,
		      const struct lodge_source *sources, size_t nr)
{
	struct lodge_config *config = new_config();

	if (!config || arena_enter(&config->arena)) {
		lodge_config_free(config);
		return -ENOMEM;
	}
	read_sources(config, sources, nr);
	arena_leave(&config->arena);
	config->text = settings_text(config);
	config->domain.text = config->text;
	if (!config->text) {
		lodge_config_free(config);
		return -ENOMEM;
	}
	*out = config;
	return 0;
}

void lodge_config_free(struct lodge_config *config)
{
	if (!config)
		return;
	arena_free(&config->arena);
	free(config->text);
	free(config);
}

const struct lodge_domain_config *
lodge_config_domain(const struct lodge_config *config)
{
	return config->errors ? NULL : &config->domain;
}
