/* SPDX-License-Identifier: MIT */
/*
 * list.c - lodge list, in the columns of xl list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* "00000000-0000-0000-0000-000000000000" */
static const char *uuid_text(const uint8_t uuid[16])
{
	static char text[37];
	char *p = text;
	size_t i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", uuid[i]);
	}
	return text;
}

/* Not among what scripts read. */
static void tell_abandoned(const struct lodge_domain *d)
{
	fprintf(stderr,
		"lodge: domain %u, \"%s\", is half made or half ended, by a "
		"process that is gone; \"lodge destroy %u\" ends it\n",
		d->domid, d->name ? d->name : "", d->domid);
}

static bool crashed(const struct lodge_domain *d)
{
	return d->flags & LODGE_SHUTDOWN &&
	       d->shutdown_reason == LODGE_REASON_CRASH;
}

static void show_state(const struct lodge_domain *d)
{
	printf("%c%c%c%c%c%c", d->flags & LODGE_RUNNING ? 'r' : '-',
	       d->flags & LODGE_BLOCKED ? 'b' : '-',
	       d->flags & LODGE_PAUSED ? 'p' : '-',
	       d->flags & LODGE_SHUTDOWN ? 's' : '-', crashed(d) ? 'c' : '-',
	       d->flags & LODGE_DYING ? 'd' : '-');
}

static void show_verbose(const struct lodge_domain *d)
{
	printf(" %s", uuid_text(d->uuid));
	if (d->flags & LODGE_SHUTDOWN)
		printf(" %8u", d->shutdown_reason);
	else
		printf(" %8s", "-");
}

static void show_head(const struct cli_options *o)
{
	printf("%-40s %5s %5s %5s\t%5s\t%s", "Name", "ID", "Mem", "VCPUs",
	       "State", "Time(s)");
	if (o->has['v'])
		printf("   UUID                            Reason-Code\t"
		       "Security Label");
	else if (o->has['Z'])
		printf("   Security Label");
	if (o->has['c'])
		printf("         Cpupool");
	putchar('\n');
}

static void show_pool(struct lodge *l, const struct lodge_domain *d)
{
	char *name;

	if (lodge_cpupool_name(l, d->cpupool, &name))
		name = NULL;
	printf("%16s", name ? name : "-");
	free(name);
}

static void show_line(struct lodge *l, const struct cli_options *o,
		      const struct lodge_domain *d)
{
	printf("%-40s %5u %5llu %5u     ", d->name ? d->name : "(null)",
	       d->domid,
	       (unsigned long long)(d->memory_kib + d->outstanding_kib) / 1024,
	       d->online_vcpus);
	show_state(d);
	printf("  %8.1f", (double)d->cpu_time_ns / 1e9);
	if (o->has['v'])
		show_verbose(d);
	if (o->has['v'] || o->has['Z'])
		printf(" %16s", "-");
	if (o->has['c'])
		show_pool(l, d);
	putchar('\n');
}

static void json_states(yajl_gen g, const struct lodge_domain *d)
{
	static const struct {
		unsigned int flag;
		const char *name;
	} states[] = {
		{LODGE_RUNNING, "running"}, {LODGE_BLOCKED, "blocked"},
		{LODGE_PAUSED, "paused"},   {LODGE_SHUTDOWN, "shutdown"},
		{LODGE_DYING, "dying"},
	};
	size_t i;

	json_name(g, "states");
	yajl_gen_array_open(g);
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (d->flags & states[i].flag)
			json_element(g, states[i].name);
	yajl_gen_array_close(g);
}

static void json_domain(yajl_gen g, const struct lodge_domain *d)
{
	yajl_gen_map_open(g);
	json_number(g, "domid", d->domid);
	json_text(g, "name", d->name);
	json_text(g, "uuid", uuid_text(d->uuid));
	json_text(g, "type", d->flags & LODGE_HARDWARE ? "hvm" : "pv");
	json_states(g, d);
	if (d->flags & LODGE_SHUTDOWN)
		json_number(g, "shutdown_reason", d->shutdown_reason);
	json_number(g, "memory_kib", d->memory_kib);
	json_number(g, "max_memory_kib", d->max_memory_kib);
	json_number(g, "claimed_kib", d->outstanding_kib);
	json_number(g, "vcpus", d->online_vcpus);
	json_number(g, "max_vcpus", d->max_vcpu_id + 1u);
	json_number(g, "cpu_time_ns", d->cpu_time_ns);
	json_number(g, "cpupool", d->cpupool);
	json_bool(g, "abandoned", d->abandoned);
	yajl_gen_map_close(g);
}

/* All, or those that were named, in that order; who has gone is left out. */
static void for_each(struct lodge *l, const struct cli_options *o, yajl_gen g,
		     const struct lodge_domain *list, size_t nr,
		     const unsigned int *wanted, int nr_wanted)
{
	size_t i;
	int w;

	for (w = 0; w < (nr_wanted ? nr_wanted : 1); w++)
		for (i = 0; i < nr; i++) {
			if (nr_wanted && list[i].domid != wanted[w])
				continue;
			if (list[i].abandoned && !g)
				tell_abandoned(&list[i]);
			if (g)
				json_domain(g, &list[i]);
			else
				show_line(l, o, &list[i]);
		}
}

static int show(struct lodge *l, const struct cli_options *o,
		const unsigned int *wanted, int nr_wanted)
{
	struct lodge_domain *list;
	yajl_gen g = NULL;
	size_t nr;

	if (lodge_domains(l, &list, &nr))
		return cli_failed(l);
	if (o->has[CLI_JSON]) {
		g = json_begin();
		if (!g) {
			lodge_domains_free(list, nr);
			return CLI_FAILED;
		}
	}
	if (g)
		yajl_gen_array_open(g);
	else
		show_head(o);
	for_each(l, o, g, list, nr, wanted, nr_wanted);
	lodge_domains_free(list, nr);
	if (!g)
		return CLI_DONE;
	yajl_gen_array_close(g);
	return json_end(g) ? CLI_DONE : CLI_FAILED;
}

int cmd_list(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	unsigned int *wanted;
	int status = CLI_FAILED;

	if (!l)
		return status;
	wanted = cli_find_domains(l, argc, argv);
	if (wanted)
		status = show(l, o, wanted, argc);
	free(wanted);
	lodge_close(l);
	return status;
}
