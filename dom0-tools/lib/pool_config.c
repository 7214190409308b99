/* SPDX-License-Identifier: MIT */
/*
 * pool_config.c - the keys of xlcpupool.cfg(5)
 */
#include "config.h"

#include <errno.h>
#include <string.h>

static void read_name(const struct cfg_at *at, const struct cfg_value *v)
{
	const char *name;

	if (!value_string(at, v, &name))
		return;
	if (is_domain_name(name))
		at->config->pool.name = name;
	else
		must_be(at, "text without \"/\" and control characters, and no "
			"number", "is %s", quoted(at, name));
}

static void read_scheduler(const struct cfg_at *at, const struct cfg_value *v)
{
	static const struct cfg_choice names[] = {
		{"credit", 0}, {"credit2", 0}, {"rtds", 0}, {NULL, 0},
	};
	const char *name;
	int ignored;

	if (value_string(at, v, &name) &&
	    value_choice(at, name, names, &ignored))
		at->config->pool.scheduler = name;
}

/* A string, or a list of them, that are one list of CPUs. */
static void read_cpus(const struct cfg_at *at, const struct cfg_value *v)
{
	const char **texts, *all = v->text;
	size_t nr, i;

	if (v->kind == CFG_LIST) {
		texts = value_strings(at, v, &nr);
		if (!texts)
			return;
		for (all = "", i = 0; i < nr; i++)
			all = arena_printf(&at->config->arena, "%s%s%s", all,
					   i ? "," : "", texts[i]);
	}
	read_cpu_list(at, all, &at->config->pool.cpus);
}

static bool read_node(const struct cfg_at *at, const struct cfg_value *v,
		      struct lodge_cpu_range *r)
{
	static const struct cfg_range nodes = {0, 63, NULL};
	uint64_t n;

	if (!value_number(at, v, &nodes, &n))
		return false;
	r->nodes = true;
	r->first = r->last = (unsigned int)n;
	return true;
}

static void read_nodes(const struct cfg_at *at, const struct cfg_value *v)
{
	const struct cfg_value *first = v->kind == CFG_LIST ? v->first : v, *e;
	struct lodge_cpu_range *ranges;
	size_t nr = 1, i = 0;

	for (e = first; v->kind == CFG_LIST && e; e = e->next)
		nr++;
	ranges = arena_alloc(&at->config->arena, nr * sizeof(*ranges));
	for (e = first; e; e = v->kind == CFG_LIST ? e->next : NULL)
		if (!read_node(at, e, &ranges[i++]))
			return;
	at->config->pool.cpus = (struct lodge_cpu_list){i, ranges};
}

static const struct {
	const char *name;
	void (*read)(const struct cfg_at *at, const struct cfg_value *v);
} keys[] = {
	{"name", read_name},
	{"sched", read_scheduler},
	{"cpus", read_cpus},
	{"nodes", read_nodes},
};

static const char *key_name_of(size_t i, const void *arg)
{
	(void)arg;
	return i < ARRAY_SIZE(keys) ? keys[i].name : NULL;
}

static void read_setting(struct lodge_config *config,
			 const struct cfg_setting *s)
{
	const struct cfg_at at = {config, s->source, s->line, s->key};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(s->key, keys[i].name)) {
			keys[i].read(&at, s->value);
			return;
		}
	unknown_key(&at, key_name_of);
}

static void read_pool(struct lodge_config *config,
		      const struct lodge_source *sources, size_t nr)
{
	const struct cfg_setting *s;
	struct cfg_at at;

	read_texts(config, sources, nr);
	for (s = config->settings; s; s = s->next)
		read_setting(config, s);
	at = at_key(config, "cpus");
	if (at.line && at_key(config, "nodes").line)
		finding(&at, LODGE_ERROR, "is set, and so is nodes");
	at = at_key(config, NULL);
	if (!config->pool.name && !config->errors)
		finding(&at, LODGE_ERROR, "name is not set");
	findings_finish(config);
}

int lodge_config_read_cpupool(struct lodge_config **out,
			      const struct lodge_source *sources, size_t nr)
{
	struct lodge_config *config = new_config();

	if (!config || arena_enter(&config->arena)) {
		lodge_config_free(config);
		return -ENOMEM;
	}
	read_pool(config, sources, nr);
	arena_leave(&config->arena);
	*out = config;
	return 0;
}

const struct lodge_cpupool_config *
lodge_config_cpupool(const struct lodge_config *config)
{
	return config->errors ? NULL : &config->pool;
}
