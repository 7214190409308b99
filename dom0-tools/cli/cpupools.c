/* SPDX-License-Identifier: MIT */
/*
 * cpupools.c - lodge cpupool-*, in the columns of xl's
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* ---- lists -------------------------------------------------------------- */

/* xl's: each CPU, without ranges. */
static void show_cpus(const struct lodge_cpupool *p)
{
	const char *comma = "";
	unsigned int cpu;

	printf("%-19s", p->name ? p->name : "");
	for (cpu = 0; cpu < LODGE_MAX_CPUS; cpu++)
		if (cli_bit(p->cpus, cpu)) {
			printf("%s%u", comma, cpu);
			comma = ",";
		}
	putchar('\n');
}

static void show_pool(const struct lodge_cpupool *p)
{
	printf("%-19s%3u %9s       y       %4u\n", p->name ? p->name : "",
	       p->nr_cpus, p->scheduler, p->nr_domains);
}

static void json_pool(yajl_gen g, const struct lodge_cpupool *p)
{
	yajl_gen_map_open(g);
	json_number(g, "cpupool", p->id);
	json_text(g, "name", p->name);
	json_text(g, "scheduler", p->scheduler);
	cli_json_map(g, "cpus", p->cpus, LODGE_MAX_CPUS);
	json_number(g, "domains", p->nr_domains);
	yajl_gen_map_close(g);
}

/* The pools, and which of them. */
struct view {
	const struct cli_options *o;
	struct lodge_cpupool *list;
	size_t nr;
	bool one;
	unsigned int wanted;
};

static void show_all(const struct view *v, yajl_gen g)
{
	size_t i;

	for (i = 0; i < v->nr; i++) {
		if (v->one && v->wanted != v->list[i].id)
			continue;
		if (g)
			json_pool(g, &v->list[i]);
		else if (v->o->has['c'])
			show_cpus(&v->list[i]);
		else
			show_pool(&v->list[i]);
	}
}

static int fill(yajl_gen g, void *arg)
{
	show_all(arg, g);
	return CLI_DONE;
}

static int show(struct view *v)
{
	if (v->o->has[CLI_JSON])
		return json_whole(fill, v);
	puts(v->o->has['c'] ? "Name               CPU list"
			    : "Name               CPUs   Sched     Active   "
			      "Domain count");
	show_all(v, NULL);
	return CLI_DONE;
}

static int list_pools(struct lodge *l, const struct cli_options *o, int argc,
		      char **argv)
{
	struct view v = {.o = o, .one = argc};
	int status;

	if ((argc && lodge_cpupool_find(l, argv[0], &v.wanted)) ||
	    lodge_cpupools(l, &v.list, &v.nr))
		return cli_failed(l);
	status = show(&v);
	lodge_cpupools_free(v.list, v.nr);
	return status;
}

int cmd_cpupool_list(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	int status = l ? list_pools(l, o, argc, argv) : CLI_FAILED;

	lodge_close(l);
	return status;
}

/* ---- changes of one ----------------------------------------------------- */

/* @act with a handle, the pool that argv[0] names, and what follows. */
static int with_pool(char **argv, int (*act)(struct lodge *l, unsigned int pool,
					     const char *argument))
{
	struct lodge *l = cli_open();
	unsigned int pool;
	int status = CLI_DONE;

	if (!l)
		return CLI_FAILED;
	if (lodge_cpupool_find(l, argv[0], &pool) || act(l, pool, argv[1]))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

static int destroy(struct lodge *l, unsigned int pool, const char *none)
{
	(void)none;
	return lodge_cpupool_destroy(l, pool);
}

int cmd_cpupool_destroy(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return with_pool(argv, destroy);
}

int cmd_cpupool_rename(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return with_pool(argv, lodge_cpupool_rename);
}

/* ---- CPUs --------------------------------------------------------------- */

static int move(char **argv, int (*act)(struct lodge *l, unsigned int pool,
					const struct lodge_cpu_list *cpus))
{
	struct lodge_config *config;
	const struct lodge_domain_config *d;
	struct lodge *l = cli_open();
	unsigned int pool;
	int status = CLI_FAILED;

	if (!l || lodge_config_read_cpus(&config, argv[1], "-")) {
		lodge_close(l);
		return status;
	}
	cli_show_findings(stderr, config);
	d = lodge_config_domain(config);
	if (d && !d->hard.nr)
		fputs("lodge: \"-\" is no list of CPUs\n", stderr);
	else if (d && (lodge_cpupool_find(l, argv[0], &pool) ||
		       act(l, pool, d->hard.lists)))
		cli_failed(l);
	else if (d)
		status = CLI_DONE;
	lodge_config_free(config);
	lodge_close(l);
	return status;
}

int cmd_cpupool_cpu_add(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return move(argv, lodge_cpupool_add);
}

int cmd_cpupool_cpu_remove(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return move(argv, lodge_cpupool_remove);
}

/* ---- the others --------------------------------------------------------- */

/* "a=b" is a setting, anything else a file, as xl has it. */
static struct lodge_config *read_config(const struct cli_options *o, int argc,
					char **argv)
{
	struct lodge_source file = {.name = o->value['f']};

	if (!file.name && argc && !strchr(argv[0], '=')) {
		file.name = argv[0];
		argc--;
		argv++;
	}
	return cli_read_texts(file.name ? &file : NULL, argc, argv,
			      lodge_config_read_cpupool);
}

static int create(const struct lodge_cpupool_config *c)
{
	struct lodge *l = cli_open();
	unsigned int pool;
	int status = CLI_DONE;

	if (!l)
		return CLI_FAILED;
	if (lodge_cpupool_create(l, c, &pool))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

int cmd_cpupool_create(const struct cli_options *o, int argc, char **argv)
{
	struct lodge_config *config = read_config(o, argc, argv);
	const struct lodge_cpupool_config *c;
	int status = CLI_FAILED;

	if (!config)
		return status;
	cli_show_findings(stderr, config);
	c = lodge_config_cpupool(config);
	if (c)
		status = o->has['n'] ? CLI_DONE : create(c);
	lodge_config_free(config);
	return status;
}

int cmd_cpupool_migrate(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	unsigned int domid, pool;
	int status = CLI_DONE;

	(void)o;
	(void)argc;
	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, argv[0], &domid) ||
	    lodge_cpupool_find(l, argv[1], &pool) ||
	    lodge_domain_set_cpupool(l, domid, pool))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

int cmd_cpupool_numa_split(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	int status = CLI_DONE;

	(void)o;
	(void)argc;
	(void)argv;
	if (!l)
		return CLI_FAILED;
	if (lodge_cpupool_split(l))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}
