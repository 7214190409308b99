/* SPDX-License-Identifier: MIT */
/*
 * topology.c - where CPUs and memory of the host are: of lodge info -n
 */
#include <stdio.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* ---- text --------------------------------------------------------------- */

static void show_cpus(const struct lodge_topology *t)
{
	unsigned int i;

	printf("cpu_topology           :\n"
	       "cpu:    core    socket     node\n");
	for (i = 0; i < t->nr_cpus; i++)
		if (t->cpus[i].there)
			printf("%3u:    %4u     %4u     %4u\n", i,
			       t->cpus[i].core, t->cpus[i].socket,
			       t->cpus[i].node);
}

static void show_nodes(const struct lodge_topology *t)
{
	unsigned int i, k;

	printf("numa_info              :\n"
	       "node:    memsize    memfree    distances\n");
	for (i = 0; i < t->nr_nodes; i++) {
		if (!t->nodes[i].there)
			continue;
		printf("%4u:    %6llu     %6llu      ", i,
		       (unsigned long long)t->nodes[i].total_kib / 1024,
		       (unsigned long long)t->nodes[i].free_kib / 1024);
		for (k = 0; k < t->nr_nodes; k++)
			printf("%s%u", k ? "," : "",
			       t->distances[i * t->nr_nodes + k]);
		putchar('\n');
	}
}

void cli_show_topology(const struct lodge_topology *t)
{
	show_cpus(t);
	printf("device topology        :\n"
	       "device           node\n"
	       "No device topology data available\n");
	show_nodes(t);
}

/* ---- JSON --------------------------------------------------------------- */

static void json_cpu(yajl_gen g, unsigned int number, const struct lodge_cpu *c)
{
	yajl_gen_map_open(g);
	json_number(g, "cpu", number);
	json_number(g, "core", c->core);
	json_number(g, "socket", c->socket);
	json_number(g, "node", c->node);
	yajl_gen_map_close(g);
}

static void json_node(yajl_gen g, const struct lodge_topology *t,
		      unsigned int number)
{
	const struct lodge_node *n = &t->nodes[number];
	unsigned int k;

	yajl_gen_map_open(g);
	json_number(g, "node", number);
	json_number(g, "total_kib", n->total_kib);
	json_number(g, "free_kib", n->free_kib);
	json_name(g, "distances");
	yajl_gen_array_open(g);
	for (k = 0; k < t->nr_nodes; k++)
		yajl_gen_integer(g, t->distances[number * t->nr_nodes + k]);
	yajl_gen_array_close(g);
	yajl_gen_map_close(g);
}

void cli_json_topology(yajl_gen g, const struct lodge_topology *t)
{
	unsigned int i;

	json_name(g, "cpu_topology");
	yajl_gen_array_open(g);
	for (i = 0; i < t->nr_cpus; i++)
		if (t->cpus[i].there)
			json_cpu(g, i, &t->cpus[i]);
	yajl_gen_array_close(g);
	json_name(g, "numa_info");
	yajl_gen_array_open(g);
	for (i = 0; i < t->nr_nodes; i++)
		if (t->nodes[i].there)
			json_node(g, t, i);
	yajl_gen_array_close(g);
}
