/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - lodge sched-credit2, with the options and columns of xl's
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* False: it is no number up to @most, as was said. */
static bool parse(const struct cli_options *o, char letter, unsigned long most,
		  unsigned int *number)
{
	const char *text = o->value[(int)letter];
	unsigned long n;
	char *end;

	if (!o->has[(int)letter])
		return true;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n > most) {
		fprintf(stderr, "lodge: -%c: \"%s\" is no number up to %lu\n",
			letter, text, most);
		return false;
	}
	*number = (unsigned int)n;
	return true;
}

/* ---- showing ------------------------------------------------------------ */

static void json_share(yajl_gen g, const struct lodge_domain *d,
		       const struct lodge_share *s)
{
	yajl_gen_map_open(g);
	json_number(g, "domid", d->domid);
	json_text(g, "name", d->name);
	json_number(g, "cpupool", d->cpupool);
	json_number(g, "weight", s->weight);
	json_number(g, "cap", s->cap);
	yajl_gen_map_close(g);
}

static int show_domain(struct lodge *l, yajl_gen g,
		       const struct lodge_domain *d)
{
	struct lodge_share s;

	if (lodge_domain_share(l, d->domid, &s))
		return cli_failed(l);
	if (g)
		json_share(g, d, &s);
	else
		printf("%-33s %4u %6u %4u\n", d->name ? d->name : "", d->domid,
		       s.weight, s.cap);
	return CLI_DONE;
}

static void show_head(void)
{
	printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
}

static int show_parameters(struct lodge *l, const struct lodge_cpupool *p)
{
	unsigned int us;

	if (lodge_cpupool_ratelimit(l, p->id, &us))
		return cli_failed(l);
	printf("Cpupool %s: ratelimit=%uus\n", p->name ? p->name : "", us);
	return CLI_DONE;
}

/* What is looked at: domains, and the pool they are in or are to be in. */
struct view {
	struct lodge *l;
	const struct cli_options *o;
	yajl_gen g;		/* NULL: text */
	bool parameters;	/* of the pools alone */
	struct lodge_domain *domains;
	size_t nr_domains;
	struct lodge_cpupool *pools;
	size_t nr_pools;
};

static int show_pool(const struct view *v, const struct lodge_cpupool *p)
{
	int status = v->g ? CLI_DONE : show_parameters(v->l, p);
	size_t i;

	if (status || v->parameters)
		return status;
	if (!v->g)
		show_head();
	for (i = 0; i < v->nr_domains && !status; i++)
		if (v->domains[i].cpupool == p->id)
			status = show_domain(v->l, v->g, &v->domains[i]);
	return status;
}

/* @name: NULL for all; those of another scheduler have other parameters. */
static int show_pools(const struct view *v, const char *name)
{
	int status = CLI_DONE;
	bool found = false;
	size_t i;

	for (i = 0; i < v->nr_pools && !status; i++) {
		const struct lodge_cpupool *p = &v->pools[i];

		if (strcmp(p->scheduler, "credit2") ||
		    (name && (!p->name || strcmp(name, p->name))))
			continue;
		found = true;
		status = show_pool(v, p);
	}
	if (found || !name)
		return status;
	fprintf(stderr, "lodge: there is no CPU pool \"%s\" of credit2\n", name);
	return CLI_FAILED;
}

static int show_one(const struct view *v, unsigned int domid)
{
	size_t i;

	if (!v->g)
		show_head();
	for (i = 0; i < v->nr_domains; i++)
		if (v->domains[i].domid == domid)
			return show_domain(v->l, v->g, &v->domains[i]);
	return CLI_DONE;
}

/* ---- changing ----------------------------------------------------------- */

static int set_share(struct lodge *l, const struct cli_options *o,
		     unsigned int domid)
{
	struct lodge_share s;

	if (lodge_domain_share(l, domid, &s))
		return cli_failed(l);
	if (!parse(o, 'w', 65535, &s.weight) || !parse(o, 'c', 65535, &s.cap))
		return CLI_USAGE;
	return lodge_domain_set_share(l, domid, &s) ? cli_failed(l) : CLI_DONE;
}

static int set_parameters(const struct view *v, const struct cli_options *o)
{
	const char *name = o->value['p'];
	unsigned int us = 0;
	size_t i;

	if (!parse(o, 'r', 500000, &us))
		return CLI_USAGE;
	for (i = 0; i < v->nr_pools; i++)
		if (v->pools[i].name && !strcmp(v->pools[i].name, name))
			return lodge_cpupool_set_ratelimit(v->l,
							   v->pools[i].id, us)
				       ? cli_failed(v->l)
				       : CLI_DONE;
	fprintf(stderr, "lodge: there is no CPU pool \"%s\"\n", name);
	return CLI_FAILED;
}

/* ---- which of it -------------------------------------------------------- */

static int act(const struct view *v)
{
	const struct cli_options *o = v->o;
	unsigned int domid;

	if (o->has['r'])
		return set_parameters(v, o);
	if (!o->has['d'])
		return show_pools(v, o->value['p']);
	if (lodge_domain_find(v->l, o->value['d'], &domid))
		return cli_failed(v->l);
	return o->has['w'] || o->has['c'] ? set_share(v->l, o, domid)
					  : show_one(v, domid);
}

static int look(struct view *v)
{
	int status;

	if (lodge_domains(v->l, &v->domains, &v->nr_domains) ||
	    lodge_cpupools(v->l, &v->pools, &v->nr_pools))
		status = cli_failed(v->l);
	else
		status = act(v);
	lodge_domains_free(v->domains, v->nr_domains);
	lodge_cpupools_free(v->pools, v->nr_pools);
	return status;
}

static bool check(const struct cli_options *o)
{
	const char *wrong = NULL;

	if ((o->has['w'] || o->has['c']) && !o->has['d'])
		wrong = "-w and -c need -d DOMAIN";
	else if (o->has['d'] && (o->has['p'] || o->has['s']))
		wrong = "-d is of a domain, -p and -s are of pools";
	else if (o->has['r'] && !(o->has['s'] && o->has['p']))
		wrong = "-r needs -s and -p POOL";
	else if (o->has['s'] && o->has[CLI_JSON])
		wrong = "--json shows domains, without -s";
	if (wrong)
		fprintf(stderr, "lodge: %s\n", wrong);
	return !wrong;
}

static int look_json(yajl_gen g, void *arg)
{
	struct view *v = arg;

	v->g = g;
	return look(v);
}

int cmd_sched_credit2(const struct cli_options *o, int argc, char **argv)
{
	struct view v = {.o = o, .parameters = o->has['s']};
	int status;

	(void)argc;
	(void)argv;
	if (!check(o))
		return CLI_USAGE;
	v.l = cli_open();
	if (!v.l)
		return CLI_FAILED;
	status = o->has[CLI_JSON] ? json_whole(look_json, &v) : look(&v);
	lodge_close(v.l);
	return status;
}
