/* SPDX-License-Identifier: MIT */
/*
 * domain.c - commands that do one thing with domains
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "liblodge.h"

/* Each in turn, to the end: one that fails keeps no other from its turn. */
static int for_domains(int argc, char **argv,
		       int (*act)(struct lodge *l, unsigned int domid))
{
	struct lodge *l = cli_open();
	int i, status = CLI_DONE;
	unsigned int domid;

	if (!l)
		return CLI_FAILED;
	for (i = 0; i < argc; i++)
		if (lodge_domain_find(l, argv[i], &domid) || act(l, domid))
			status = cli_failed(l);
	lodge_close(l);
	return status;
}

int cmd_pause(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	return for_domains(argc, argv, lodge_domain_pause);
}

int cmd_unpause(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	return for_domains(argc, argv, lodge_domain_unpause);
}

/* What is left of one that was half ended already may be no domain. */
static int destroy(struct lodge *l, const char *who)
{
	unsigned int domid;
	size_t nr;

	if (lodge_finish(l, who, &nr))
		return cli_failed(l);
	if (nr)
		return CLI_DONE;
	if (!lodge_domain_find(l, who, &domid))
		return lodge_domain_destroy(l, domid) ? cli_failed(l)
						      : CLI_DONE;
	if (lodge_error(l)->code != ESRCH)
		return cli_failed(l);
	/* It may be between its end and its next start. */
	return lodge_domain_give_up(l, who) ? cli_failed(l) : CLI_DONE;
}

int cmd_destroy(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	int i, status = CLI_DONE;

	(void)o;
	if (!l)
		return CLI_FAILED;
	for (i = 0; i < argc; i++)
		if (destroy(l, argv[i]))
			status = CLI_FAILED;
	lodge_close(l);
	return status;
}

int cmd_domid(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = cli_open();
	unsigned int domid;
	int status = CLI_DONE;

	(void)o;
	(void)argc;
	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, argv[0], &domid))
		status = cli_failed(l);
	else
		printf("%u\n", domid);
	lodge_close(l);
	return status;
}

static int show_name(struct lodge *l, unsigned int domid)
{
	char *name;

	if (lodge_domain_name(l, domid, &name))
		return cli_failed(l);
	puts(name);
	free(name);
	return CLI_DONE;
}

int cmd_domname(const struct cli_options *o, int argc, char **argv)
{
	unsigned long domid;
	struct lodge *l;
	int status;
	char *end;

	(void)o;
	(void)argc;
	domid = strtoul(argv[0], &end, 10);
	if (*end || !*argv[0] || *argv[0] == '-' || domid > 32751) {
		fprintf(stderr, "lodge: \"%s\" is no domain id, which is a "
			"number up to 32751\n", argv[0]);
		return CLI_FAILED;
	}
	l = cli_open();
	if (!l)
		return CLI_FAILED;
	status = show_name(l, (unsigned int)domid);
	lodge_close(l);
	return status;
}
