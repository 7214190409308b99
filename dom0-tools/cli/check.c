/* SPDX-License-Identifier: MIT */
/*
 * check.c - lodge check: what is wrong with a configuration, all of it
 *
 * Notes tell what has no effect; warnings and errors are wrong, and the exit
 * status says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

static void show_good(const char *file, const struct lodge_domain_config *d)
{
	printf("%s: good: \"%s\", %llu MiB, %u vCPU%s, %zu disk%s, "
	       "%zu network interface%s\n",
	       file, d->name, (unsigned long long)d->memory_mib, d->vcpus,
	       d->vcpus == 1 ? "" : "s", d->nr_disks,
	       d->nr_disks == 1 ? "" : "s", d->nr_vifs,
	       d->nr_vifs == 1 ? "" : "s");
}

static void json_finding(yajl_gen g, const struct lodge_finding *f)
{
	static const char *const severities[] = {"note", "warning", "error"};

	yajl_gen_map_open(g);
	json_text(g, "severity", severities[f->severity]);
	json_text(g, "source", f->source);
	if (f->line)
		json_number(g, "line", f->line);
	json_text(g, "key", f->key);
	json_text(g, "problem", f->problem);
	json_text(g, "allowed", f->allowed);
	json_text(g, "hint", f->hint);
	yajl_gen_map_close(g);
}

/* An array, empty if all is well. */
static int fill(yajl_gen g, void *arg)
{
	const struct lodge_finding *f;
	size_t nr, i;

	f = lodge_config_findings(arg, &nr);
	for (i = 0; i < nr; i++)
		json_finding(g, &f[i]);
	return CLI_DONE;
}

static bool is_wrong(const struct lodge_finding *f, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (f[i].severity != LODGE_NOTE)
			return true;
	return false;
}

int cmd_check(const struct cli_options *o, int argc, char **argv)
{
	const struct lodge_source file = {.name = argv[0]};
	struct lodge_config *config = cli_read_config(&file, argc - 1,
						      argv + 1);
	const struct lodge_finding *f;
	size_t nr;
	bool wrong;

	if (!config)
		return CLI_FAILED;
	f = lodge_config_findings(config, &nr);
	wrong = is_wrong(f, nr);
	if (o->has[CLI_JSON])
		wrong |= json_whole(fill, config) != CLI_DONE;
	else
		cli_show_findings(stdout, config);
	if (!o->has[CLI_JSON] && !wrong)
		show_good(argv[0], lodge_config_domain(config));
	lodge_config_free(config);
	return wrong ? CLI_FAILED : CLI_DONE;
}
