/* SPDX-License-Identifier: MIT */
/*
 * host.c - lodge info, dmesg and debug-keys
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* A name and what stands behind it, as text or as a number in JSON. */
struct info_line {
	const char *name;
	char text[1100];
	bool number;
};

#define MOST_LINES 40

struct info {
	struct info_line lines[MOST_LINES];
	size_t nr;
};

static void add(struct info *i, const char *name, const char *text)
{
	struct info_line *line = &i->lines[i->nr++];

	line->name = name;
	snprintf(line->text, sizeof(line->text), "%s", text);
	line->number = false;
}

static void add_number(struct info *i, const char *name, uint64_t n)
{
	struct info_line *line = &i->lines[i->nr++];

	line->name = name;
	snprintf(line->text, sizeof(line->text), "%llu", (unsigned long long)n);
	line->number = true;
}

static void add_system(struct info *i)
{
	struct utsname u;

	if (uname(&u))
		return;
	add(i, "host", u.nodename);
	add(i, "release", u.release);
	add(i, "version", u.version);
	add(i, "machine", u.machine);
}

static void add_machine(struct info *i, const struct lodge_host_info *h)
{
	char text[128];

	add_number(i, "nr_cpus", h->nr_cpus);
	add_number(i, "max_cpu_id", h->max_cpus - 1);
	add_number(i, "nr_nodes", h->nr_nodes);
	add_number(i, "cores_per_socket", h->cores_per_socket);
	add_number(i, "threads_per_core", h->threads_per_core);
	snprintf(text, sizeof(text), "%u.%03u", h->cpu_khz / 1000,
		 h->cpu_khz % 1000);
	add(i, "cpu_mhz", text);
	snprintf(text, sizeof(text),
		 "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", h->hw_cap[0],
		 h->hw_cap[1], h->hw_cap[2], h->hw_cap[3], h->hw_cap[4],
		 h->hw_cap[5], h->hw_cap[6], h->hw_cap[7]);
	add(i, "hw_caps", text);
	add(i, "virt_caps", h->virt_caps);
	add_number(i, "total_memory", h->total_kib / 1024);
	add_number(i, "free_memory", h->free_kib / 1024);
	add_number(i, "sharing_freed_memory", h->sharing_freed_kib / 1024);
	add_number(i, "sharing_used_memory", h->sharing_used_kib / 1024);
	add_number(i, "outstanding_claims", h->outstanding_kib / 1024);
	add_number(i, "free_cpus", h->free_cpus);
}

static void add_hypervisor(struct info *i, const struct lodge_host_info *h)
{
	char text[64];

	add_number(i, "xen_major", h->major);
	add_number(i, "xen_minor", h->minor);
	add(i, "xen_extra", h->extra);
	snprintf(text, sizeof(text), "%u.%u%s", h->major, h->minor, h->extra);
	add(i, "xen_version", text);
	add(i, "xen_caps", h->xen_caps);
	add(i, "xen_scheduler", h->scheduler);
	add_number(i, "xen_pagesize", h->page_size);
	snprintf(text, sizeof(text), "virt_start=0x%lx", h->virt_start);
	add(i, "platform_params", text);
	add(i, "xen_changeset", h->changeset);
	add(i, "xen_commandline", h->command_line);
	add(i, "cc_compiler", h->compiler);
	add(i, "cc_compile_by", h->compiled_by);
	add(i, "cc_compile_domain", h->compile_domain);
	add(i, "cc_compile_date", h->compile_date);
	add(i, "build_id", h->build_id);
	/* A constant of xl's output, which old scripts look for. */
	add_number(i, "xend_config_format", 4);
}

/* Where xl has it, @t: NULL if nobody wants it */
static void show_line(const struct info_line *line,
		      const struct lodge_topology *t)
{
	printf("%-23s: %s\n", line->name, line->text);
	if (t && !strcmp(line->name, "free_cpus"))
		cli_show_topology(t);
}

static int show(const struct info *info, const struct lodge_topology *t,
		bool json)
{
	yajl_gen g = json ? json_begin() : NULL;
	size_t i;

	if (json && !g)
		return CLI_FAILED;
	if (g)
		yajl_gen_map_open(g);
	for (i = 0; i < info->nr; i++) {
		const struct info_line *line = &info->lines[i];

		if (!g)
			show_line(line, t);
		else if (line->number)
			json_number(g, line->name,
				    strtoull(line->text, NULL, 10));
		else
			json_text(g, line->name, line->text);
	}
	if (!g)
		return CLI_DONE;
	if (t)
		cli_json_topology(g, t);
	yajl_gen_map_close(g);
	return json_end(g) ? CLI_DONE : CLI_FAILED;
}

int cmd_info(const struct cli_options *o, int argc, char **argv)
{
	static struct info info;
	struct lodge_topology t = {0};
	struct lodge_host_info host;
	struct lodge *l = cli_open();
	int status;

	(void)argc;
	(void)argv;
	if (!l)
		return CLI_FAILED;
	if (lodge_host(l, &host) || (o->has['n'] && lodge_topology(l, &t))) {
		status = cli_failed(l);
	} else {
		add_system(&info);
		add_machine(&info, &host);
		add_hypervisor(&info, &host);
		status = show(&info, o->has['n'] ? &t : NULL,
			      o->has[CLI_JSON]);
	}
	lodge_topology_free(&t);
	lodge_close(l);
	return status;
}

int cmd_dmesg(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	int status = CLI_DONE;
	char *text;

	(void)argc;
	(void)argv;
	if (!l)
		return CLI_FAILED;
	if (lodge_console_ring(l, &text, o->has['c']))
		status = cli_failed(l);
	else
		fputs(text, stdout);
	free(text);
	lodge_close(l);
	return status;
}

int cmd_debug_keys(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	int status = CLI_DONE;

	(void)o;
	(void)argc;
	if (!l)
		return CLI_FAILED;
	if (lodge_debug_keys(l, argv[0]))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}
