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

/* No option: what the command claims adds. */
#define CLAIMED 'C'

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
	printf(" %s", cli_uuid_text(d->uuid));
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
	if (o->has['n'])
		printf(" NODE Affinity");
	if (o->has[CLAIMED])
		printf("  Claimed");
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

/* Those of a domain that ends meanwhile are none. */
static void show_nodes(struct lodge *l, const struct lodge_domain *d,
		       unsigned int nr_nodes)
{
	uint64_t nodes = 0;

	if (lodge_domain_nodes(l, d->domid, &nodes))
		nodes = 0;
	putchar(' ');
	cli_show_map((const uint8_t *)&nodes, nr_nodes < 64 ? nr_nodes : 64);
}

static void show_line(struct lodge *l, const struct cli_options *o,
		      const struct lodge_domain *d, unsigned int nr_nodes)
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
	if (o->has['n'])
		show_nodes(l, d, nr_nodes);
	if (o->has[CLAIMED])
		printf(" %5llu", (unsigned long long)d->outstanding_kib / 1024);
	putchar('\n');
}

static void json_domain(yajl_gen g, const struct lodge_domain *d)
{
	yajl_gen_map_open(g);
	json_number(g, "domid", d->domid);
	json_text(g, "name", d->name);
	json_text(g, "uuid", cli_uuid_text(d->uuid));
	json_text(g, "type", d->flags & LODGE_HARDWARE ? "hvm" : "pv");
	json_states(g, d->flags);
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

/* How they are shown. */
struct view {
	struct lodge *l;
	const struct cli_options *o;
	yajl_gen g;		/* NULL: text */
	unsigned int nr_nodes;
};

static int show_one(const struct view *v, const struct lodge_domain *d)
{
	if (v->g && v->o->has['l'])
		return cli_json_long(v->l, v->g, d);
	if (v->g)
		json_domain(v->g, d);
	else
		show_line(v->l, v->o, d, v->nr_nodes);
	if (!v->g && d->abandoned)
		tell_abandoned(d);
	return CLI_DONE;
}

/* All, or those that were named, in that order; who has gone is left out. */
static int for_each(const struct view *v, const struct lodge_domain *list,
		    size_t nr, const unsigned int *wanted, int nr_wanted)
{
	int w, status = CLI_DONE;
	size_t i;

	for (w = 0; w < (nr_wanted ? nr_wanted : 1); w++)
		for (i = 0; i < nr; i++)
			if (!nr_wanted || list[i].domid == wanted[w])
				status |= show_one(v, &list[i]);
	return status;
}

static int show_json(struct view *v, const struct lodge_domain *list,
		     size_t nr, const unsigned int *wanted, int nr_wanted)
{
	int status;

	v->g = json_begin();
	if (!v->g)
		return CLI_FAILED;
	yajl_gen_array_open(v->g);
	status = for_each(v, list, nr, wanted, nr_wanted);
	yajl_gen_array_close(v->g);
	return json_end(v->g) ? status : CLI_FAILED;
}

static int show_text(struct view *v, const struct lodge_domain *list,
		     size_t nr, const unsigned int *wanted, int nr_wanted)
{
	struct lodge_host_info host;

	if (v->o->has['n']) {
		if (lodge_host(v->l, &host))
			return cli_failed(v->l);
		v->nr_nodes = host.nr_nodes;
	}
	show_head(v->o);
	return for_each(v, list, nr, wanted, nr_wanted);
}

static int show(struct lodge *l, const struct cli_options *o,
		const unsigned int *wanted, int nr_wanted)
{
	struct view v = {.l = l, .o = o};
	struct lodge_domain *list;
	int status;
	size_t nr;

	if (lodge_domains(l, &list, &nr))
		return cli_failed(l);
	status = o->has[CLI_JSON] || o->has['l']
			 ? show_json(&v, list, nr, wanted, nr_wanted)
			 : show_text(&v, list, nr, wanted, nr_wanted);
	lodge_domains_free(list, nr);
	return status;
}

int cmd_claims(const struct cli_options *o, int argc, char **argv)
{
	struct cli_options with = *o;

	with.has[CLAIMED] = true;
	return cmd_list(&with, argc, argv);
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
