/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge: the way to its commands
 *
 * Help, usage, manual page, completion and what is accepted come from one
 * table, in commands.c.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct cli_command *find(const char *name)
{
	size_t i;

	for (i = 0; i < cli_nr_commands; i++)
		if (!strcmp(name, cli_commands[i].name))
			return &cli_commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	fprintf(stderr, "lodge: unknown command \"%s\"; see lodge help\n",
		name);
	return CLI_USAGE;
}

/* ---- help --------------------------------------------------------------- */

static int list_commands(FILE *out)
{
	size_t i;

	fputs("usage: lodge COMMAND [OPTIONS] [ARGUMENTS]\n\n", out);
	for (i = 0; i < cli_nr_commands; i++)
		fprintf(out, " %-20s%s.\n", cli_commands[i].name,
			cli_commands[i].summary);
	return CLI_DONE;
}

int cmd_help(const struct cli_options *o, int argc, char **argv)
{
	const struct cli_command *c;

	if (o->has[CLI_MAN])
		return cli_show_manual();
	if (o->has[CLI_BASH])
		return cli_show_completion();
	if (!argc)
		return list_commands(stdout);
	c = find(argv[0]);
	return c ? cli_explain(c) : unknown(argv[0]);
}

/* ---- the command line --------------------------------------------------- */

static int dispatch(int argc, char **argv)
{
	const struct cli_command *c;

	if (argc < 2) {
		list_commands(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return list_commands(stdout);
	c = find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	argv[1] = argv[0];
	return cli_run(c, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	return cli_finish(dispatch(argc, argv));
}
