/* SPDX-License-Identifier: MIT */
/*
 * change.c - commands that ask something of a guest
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "liblodge.h"

/* ---- shutdown and reboot ------------------------------------------------ */

/* All guests, or those named; *nr of them. NULL: it was said why not. */
static unsigned int *choose(struct lodge *l, const struct cli_options *o,
			    int argc, char **argv, size_t *nr)
{
	struct lodge_domain *all;
	unsigned int *domids;
	size_t i, count;

	*nr = (size_t)argc;
	if (!o->has['a'])
		return cli_find_domains(l, argc, argv);
	if (lodge_domains(l, &all, &count)) {
		cli_failed(l);
		return NULL;
	}
	domids = calloc(count + 1, sizeof(*domids));
	if (!domids)
		fputs("lodge: there is no memory\n", stderr);
	*nr = 0;
	for (i = 0; domids && i < count; i++)
		if (all[i].domid && !(all[i].flags & LODGE_SHUTDOWN))
			domids[(*nr)++] = all[i].domid;
	lodge_domains_free(all, count);
	return domids;
}

/* One that does not listen keeps no other from being asked, and waited for. */
static int ask_all(struct lodge *l, unsigned int *domids, size_t nr,
		   bool reboot, bool wait)
{
	int status = CLI_DONE;
	size_t i;

	for (i = 0; i < nr; i++)
		if (lodge_domain_ask_shutdown(l, domids[i], reboot)) {
			status = cli_failed(l);
			domids[i] = 0;
		}
	for (i = 0; i < nr && wait; i++)
		if (domids[i] && lodge_domain_wait_shutdown(l, domids[i]))
			status = cli_failed(l);
	return status;
}

static int end(const struct cli_options *o, int argc, char **argv, bool reboot)
{
	unsigned int *domids;
	struct lodge *l;
	int status;
	size_t nr;

	if (!argc == !o->has['a']) {
		fputs("lodge: name the domains, or use -a for all\n", stderr);
		return CLI_USAGE;
	}
	l = cli_open();
	if (!l)
		return CLI_FAILED;
	domids = choose(l, o, argc, argv, &nr);
	status = domids ? ask_all(l, domids, nr, reboot, o->has['w'])
			: CLI_FAILED;
	free(domids);
	lodge_close(l);
	return status;
}

int cmd_shutdown(const struct cli_options *o, int argc, char **argv)
{
	return end(o, argc, argv, false);
}

int cmd_reboot(const struct cli_options *o, int argc, char **argv)
{
	return end(o, argc, argv, true);
}

/* ---- a domain and a value ----------------------------------------------- */

/* What is behind the domain: text, which the command reads, or a size. */
struct value {
	const char *text;
	uint64_t kib;
};

static int change(const char *who, struct value value,
		  int (*act)(struct lodge *l, unsigned int domid,
			     const struct value *value))
{
	struct lodge *l = cli_open();
	unsigned int domid;
	int status = CLI_DONE;

	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, who, &domid) || act(l, domid, &value))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

static int rename_to(struct lodge *l, unsigned int domid,
		     const struct value *value)
{
	return lodge_domain_rename(l, domid, value->text);
}

int cmd_rename(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return change(argv[0], (struct value){.text = argv[1]}, rename_to);
}

static int press(struct lodge *l, unsigned int domid, const struct value *key)
{
	return lodge_domain_sysrq(l, domid, *key->text);
}

int cmd_sysrq(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	if (strlen(argv[1]) == 1 && isgraph((unsigned char)*argv[1]))
		return change(argv[0], (struct value){.text = argv[1]}, press);
	fprintf(stderr, "lodge: \"%s\" is no key, which is one letter\n",
		argv[1]);
	return CLI_USAGE;
}

static int set_vcpus(struct lodge *l, unsigned int domid,
		     const struct value *value)
{
	return lodge_domain_set_vcpus(
		l, domid, (unsigned int)strtoul(value->text, NULL, 10));
}

int cmd_vcpu_set(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	if (*argv[1] && strlen(argv[1]) < 6 &&
	    strspn(argv[1], "0123456789") == strlen(argv[1]))
		return change(argv[0], (struct value){.text = argv[1]},
			      set_vcpus);
	fprintf(stderr, "lodge: \"%s\" is no number of vCPUs\n", argv[1]);
	return CLI_USAGE;
}

/* ---- sizes -------------------------------------------------------------- */

/* "128", "128m": MiB; "131072k", "1g". False: it is no size. */
static bool parse_kib(const char *text, uint64_t *kib)
{
	static const char units[] = "bkmgt";
	const char *unit = units + 2;
	unsigned long long n;
	char *end;
	int shift;

	if (!isdigit((unsigned char)*text))
		return false;
	n = strtoull(text, &end, 10);
	if (*end)
		unit = strchr(units, tolower((unsigned char)*end));
	if (!unit || (*end && end[1] && (end[1] != 'b' || end[2])))
		return false;
	shift = 10 * (int)(unit - units);
	if (n >= 1ULL << 60 >> shift)
		return false;
	*kib = n << shift >> 10;
	return true;
}

static int set_size(char **argv,
		    int (*act)(struct lodge *l, unsigned int domid,
			       const struct value *value))
{
	struct value size = {0};

	if (parse_kib(argv[1], &size.kib))
		return change(argv[0], size, act);
	fprintf(stderr,
		"lodge: \"%s\" is no size, like 512, 512m, 524288k or 1g\n",
		argv[1]);
	return CLI_USAGE;
}

static int set_max(struct lodge *l, unsigned int domid,
		   const struct value *size)
{
	return lodge_domain_set_max_memory(l, domid, size->kib);
}

int cmd_mem_max(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return set_size(argv, set_max);
}

static int set_target(struct lodge *l, unsigned int domid,
		      const struct value *size)
{
	return lodge_domain_set_memory(l, domid, size->kib);
}

int cmd_mem_set(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	return set_size(argv, set_target);
}
