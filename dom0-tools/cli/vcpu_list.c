/* SPDX-License-Identifier: MIT */
/*
 * vcpu_list.c - lodge vcpu-list, in the columns of xl vcpu-list
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

bool cli_bit(const uint8_t *map, unsigned int n)
{
	return map[n / 8] >> n % 8 & 1;
}

static unsigned int count(const uint8_t *map, unsigned int bits)
{
	unsigned int i, n = 0;

	for (i = 0; i < bits; i++)
		n += cli_bit(map, i);
	return n;
}

void cli_show_map(const uint8_t *map, unsigned int bits)
{
	unsigned int i, first;
	const char *comma = "";

	if (count(map, bits) == bits || !count(map, bits)) {
		printf(count(map, bits) ? "all" : "none");
		return;
	}
	for (i = 0; i < bits; i++) {
		if (!cli_bit(map, i))
			continue;
		for (first = i; i + 1 < bits && cli_bit(map, i + 1);)
			i++;
		printf(first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ",";
	}
}

static void show_line(const struct lodge_domain *d, const struct lodge_vcpu *v,
		      unsigned int bits)
{
	printf("%-32s %5u %5u", d->name ? d->name : "(null)", d->domid, v->id);
	if (v->online)
		printf(" %4u   %c%c- ", v->cpu, v->running ? 'r' : '-',
		       v->blocked ? 'b' : '-');
	else
		printf(" %4c   %c%c%c ", '-', '-', '-', 'p');
	printf(" %8.1f  ", (double)v->cpu_time_ns / 1e9);
	cli_show_map(v->hard, bits);
	printf(" / ");
	cli_show_map(v->soft, bits);
	putchar('\n');
}

void cli_json_map(yajl_gen g, const char *name, const uint8_t *map,
		  unsigned int bits)
{
	unsigned int i;

	json_name(g, name);
	yajl_gen_array_open(g);
	for (i = 0; i < bits; i++)
		if (cli_bit(map, i))
			yajl_gen_integer(g, i);
	yajl_gen_array_close(g);
}

static void json_vcpu(yajl_gen g, const struct lodge_domain *d,
		      const struct lodge_vcpu *v, unsigned int bits)
{
	yajl_gen_map_open(g);
	json_number(g, "domid", d->domid);
	json_text(g, "name", d->name);
	json_number(g, "vcpu", v->id);
	json_bool(g, "online", v->online);
	json_bool(g, "running", v->running);
	json_bool(g, "blocked", v->blocked);
	json_number(g, "cpu", v->cpu);
	json_number(g, "cpu_time_ns", v->cpu_time_ns);
	cli_json_map(g, "hard_affinity", v->hard, bits);
	cli_json_map(g, "soft_affinity", v->soft, bits);
	yajl_gen_map_close(g);
}

static int show_domain(struct lodge *l, yajl_gen g,
		       const struct lodge_domain *d, unsigned int bits)
{
	struct lodge_vcpu *list;
	size_t nr, i;

	/* It may have ended since it was listed. */
	if (lodge_vcpus(l, d->domid, &list, &nr))
		return lodge_error(l)->code == ESRCH ? CLI_DONE : cli_failed(l);
	for (i = 0; i < nr; i++)
		if (g)
			json_vcpu(g, d, &list[i], bits);
		else
			show_line(d, &list[i], bits);
	lodge_vcpus_free(list, nr);
	return CLI_DONE;
}

static bool wanted(struct lodge *l, const struct lodge_domain *d, int argc,
		   const unsigned int *domids)
{
	int i;

	for (i = 0; i < argc; i++)
		if (domids[i] == d->domid)
			return true;
	return !argc;
}

static int show(struct lodge *l, yajl_gen g, int argc,
		const unsigned int *domids)
{
	struct lodge_host_info host;
	struct lodge_domain *list;
	int status = CLI_DONE;
	size_t nr, i;

	if (lodge_host(l, &host) || lodge_domains(l, &list, &nr))
		return cli_failed(l);
	if (!g)
		printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU",
		       "CPU", "State", "Time(s)", "Affinity (Hard / Soft)");
	for (i = 0; i < nr && !status; i++)
		if (wanted(l, &list[i], argc, domids))
			status = show_domain(l, g, &list[i], host.max_cpus);
	lodge_domains_free(list, nr);
	return status;
}

struct wanted {
	struct lodge *l;
	int nr;
	const unsigned int *domids;
};

static int fill(yajl_gen g, void *arg)
{
	const struct wanted *w = arg;

	return show(w->l, g, w->nr, w->domids);
}

int cmd_vcpu_list(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	int status = CLI_FAILED;
	unsigned int *domids;

	if (!l)
		return status;
	domids = cli_find_domains(l, argc, argv);
	if (domids && o->has[CLI_JSON])
		status = json_whole(fill, &(struct wanted){l, argc, domids});
	else if (domids)
		status = show(l, NULL, argc, domids);
	free(domids);
	lodge_close(l);
	return status;
}
