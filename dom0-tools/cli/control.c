/* SPDX-License-Identifier: MIT */
/*
 * control.c - lodge vcpu-pin, trigger, button-press, config-update and uptime
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* ---- where vCPUs run ---------------------------------------------------- */

/* "3", "all" */
static bool parse_vcpu(const char *text, unsigned int *vcpu)
{
	char *end;

	if (!strcmp(text, "all")) {
		*vcpu = LODGE_ALL_VCPUS;
		return true;
	}
	*vcpu = (unsigned int)strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && strlen(text) < 6)
		return true;
	fprintf(stderr, "lodge: \"%s\" is no vCPU, which is a number or all\n",
		text);
	return false;
}

static int pin(const char *who, unsigned int vcpu,
	       const struct lodge_config *config, bool force)
{
	const struct lodge_domain_config *d = lodge_config_domain(config);
	struct lodge *l = cli_open();
	unsigned int domid;
	int status = CLI_DONE;

	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, who, &domid) ||
	    lodge_domain_pin(l, domid, vcpu, d, force))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

int cmd_vcpu_pin(const struct cli_options *o, int argc, char **argv)
{
	struct lodge_config *config;
	unsigned int vcpu;
	int status = CLI_FAILED;

	if (!parse_vcpu(argv[1], &vcpu))
		return CLI_USAGE;
	if (lodge_config_read_cpus(&config, argv[2],
				   argc > 3 ? argv[3] : "-")) {
		fputs("lodge: there is no memory\n", stderr);
		return status;
	}
	cli_show_findings(stderr, config);
	if (lodge_config_domain(config))
		status = pin(argv[0], vcpu, config, o->has['f']);
	lodge_config_free(config);
	return status;
}

/* ---- buttons ------------------------------------------------------------ */

static const char *const triggers[] = {
	[LODGE_TRIGGER_NMI] = "nmi",	 [LODGE_TRIGGER_RESET] = "reset",
	[LODGE_TRIGGER_INIT] = "init",	 [LODGE_TRIGGER_POWER] = "power",
	[LODGE_TRIGGER_SLEEP] = "sleep",
};

/* The number of triggers[], or how many there are. */
static size_t find_trigger(const char *name)
{
	size_t i, nr = sizeof(triggers) / sizeof(triggers[0]);

	for (i = 0; i < nr && strcmp(name, triggers[i]); i++)
		;
	if (i == nr)
		fprintf(stderr,
			"lodge: there is no trigger \"%s\", but nmi, reset, "
			"init, power and sleep\n",
			name);
	return i;
}

static int press(const char *who, const char *name, unsigned int vcpu)
{
	size_t trigger = find_trigger(name);
	struct lodge *l;
	unsigned int domid;
	int status = CLI_DONE;

	if (trigger == sizeof(triggers) / sizeof(triggers[0]))
		return CLI_USAGE;
	l = cli_open();
	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, who, &domid) ||
	    lodge_domain_trigger(l, domid, (enum lodge_trigger)trigger, vcpu))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

int cmd_trigger(const struct cli_options *o, int argc, char **argv)
{
	unsigned int vcpu = 0;

	(void)o;
	if (argc > 2 && (!parse_vcpu(argv[2], &vcpu) ||
			 vcpu == LODGE_ALL_VCPUS))
		return CLI_USAGE;
	return press(argv[0], argv[1], vcpu);
}

int cmd_button_press(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	if (!strcmp(argv[1], "power") || !strcmp(argv[1], "sleep"))
		return press(argv[0], argv[1], 0);
	fprintf(stderr, "lodge: there is no button \"%s\", but power and "
		"sleep\n", argv[1]);
	return CLI_USAGE;
}

/* ---- configurations ----------------------------------------------------- */

/*
 * The kept configuration with overrides, or another one. NULL: it was said why
 * there is none.
 */
static struct lodge_config *read_update(struct lodge *l, unsigned int domid,
					int argc, char **argv)
{
	struct lodge_source first = {.name = "kept configuration"};
	struct lodge_config *config;
	char *kept;

	if (argc && !strchr(argv[0], '=')) {
		first.name = argv[0];
		return cli_read_config(&first, argc - 1, argv + 1);
	}
	if (lodge_domain_kept_config(l, domid, &kept)) {
		cli_failed(l);
		return NULL;
	}
	first.text = kept;
	first.length = strlen(kept);
	config = cli_read_config(&first, argc, argv);
	free(kept);
	return config;
}

static int update(struct lodge *l, unsigned int domid, int argc, char **argv)
{
	struct lodge_config *config = read_update(l, domid, argc, argv);
	const struct lodge_domain_config *d;
	int status = CLI_FAILED;

	if (!config)
		return status;
	cli_show_findings(stderr, config);
	d = lodge_config_domain(config);
	if (d)
		status = lodge_domain_keep_config(l, domid, d) ? cli_failed(l)
							       : CLI_DONE;
	lodge_config_free(config);
	return status;
}

int cmd_config_update(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	unsigned int domid;
	int status;

	(void)o;
	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, argv[0], &domid))
		status = cli_failed(l);
	else
		status = update(l, domid, argc - 1, argv + 1);
	lodge_close(l);
	return status;
}

/* ---- since when --------------------------------------------------------- */

#define DAY 86400

static void show_days(uint64_t seconds)
{
	unsigned long long days = seconds / DAY;

	if (days)
		printf("%llu day%s, ", days, days == 1 ? "" : "s");
}

static void show_short(const struct lodge_domain *d, uint64_t seconds)
{
	unsigned int s = (unsigned int)(seconds % DAY);
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm t;

	if (localtime_r(&now, &t))
		strftime(clock, sizeof(clock), "%H:%M:%S", &t);
	printf(" %s up ", clock);
	show_days(seconds);
	printf("%2u:%02u, %s (%u)\n", s / 3600, s / 60 % 60,
	       d->name ? d->name : "", d->domid);
}

static void show_long(const struct lodge_domain *d, uint64_t seconds)
{
	unsigned int s = (unsigned int)(seconds % DAY);

	printf("%-33s %4u ", d->name ? d->name : "", d->domid);
	show_days(seconds);
	printf("%2u:%02u:%02u\n", s / 3600, s / 60 % 60, s % 60);
}

static void json_uptime(yajl_gen g, const struct lodge_domain *d,
			uint64_t seconds)
{
	yajl_gen_map_open(g);
	json_number(g, "domid", d->domid);
	json_text(g, "name", d->name);
	json_number(g, "uptime_s", seconds);
	yajl_gen_map_close(g);
}

static int show_uptime(struct lodge *l, const struct cli_options *o,
		       yajl_gen g, const struct lodge_domain *d)
{
	uint64_t seconds;

	if (lodge_domain_uptime(l, d->domid, &seconds))
		return cli_failed(l);
	if (g)
		json_uptime(g, d, seconds);
	else if (o->has['s'])
		show_short(d, seconds);
	else
		show_long(d, seconds);
	return CLI_DONE;
}

/* All, or those named, in that order; one of unknown age keeps none away. */
static int show_uptimes(struct lodge *l, const struct cli_options *o,
			yajl_gen g, const unsigned int *wanted, int nr_wanted)
{
	struct lodge_domain *list;
	int status = CLI_DONE, w;
	size_t nr, i;

	if (lodge_domains(l, &list, &nr))
		return cli_failed(l);
	if (!g && !o->has['s'])
		printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
	for (w = 0; w < (nr_wanted ? nr_wanted : 1); w++)
		for (i = 0; i < nr; i++)
			if (!nr_wanted || list[i].domid == wanted[w])
				status |= show_uptime(l, o, g, &list[i]);
	lodge_domains_free(list, nr);
	return status;
}

static int json_uptimes(struct lodge *l, const struct cli_options *o,
			const unsigned int *wanted, int nr_wanted)
{
	yajl_gen g = json_begin();
	int status;

	if (!g)
		return CLI_FAILED;
	yajl_gen_array_open(g);
	status = show_uptimes(l, o, g, wanted, nr_wanted);
	yajl_gen_array_close(g);
	return json_end(g) ? status : CLI_FAILED;
}

int cmd_uptime(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	unsigned int *wanted = l ? cli_find_domains(l, argc, argv) : NULL;
	int status = CLI_FAILED;

	if (wanted && o->has[CLI_JSON])
		status = json_uptimes(l, o, wanted, argc);
	else if (wanted)
		status = show_uptimes(l, o, NULL, wanted, argc);
	free(wanted);
	lodge_close(l);
	return status;
}
