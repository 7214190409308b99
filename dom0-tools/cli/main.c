/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge: the table of commands, and the way to them
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

const struct cli_command cli_commands[] = {
	{"check", "FILE [KEY=VALUE...]",
	 "Say all that is wrong with a configuration; create nothing", "j", 1,
	 -1, cmd_check},
	{"help", "[COMMAND]", "List the commands, or explain one", "", 0, 1,
	 cmd_help},
};
const size_t cli_nr_commands = sizeof(cli_commands) / sizeof(cli_commands[0]);

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const struct cli_command *find(const char *name)
{
	size_t i;

	for (i = 0; i < cli_nr_commands; i++)
		if (!strcmp(name, cli_commands[i].name))
			return &cli_commands[i];
	return NULL;
}

static void usage(FILE *out, const struct cli_command *c)
{
	fprintf(out, "usage: lodge %s %s%s\n", c->name,
		strchr(c->options, 'j') ? "[--json] " : "", c->arguments);
}

int cmd_help(const struct cli_options *o, int argc, char **argv)
{
	const struct cli_command *c;
	size_t i;

	(void)o;
	if (argc) {
		c = find(argv[0]);
		if (!c) {
			fprintf(stderr, "lodge: unknown command \"%s\"\n",
				argv[0]);
			return CLI_USAGE;
		}
		usage(stdout, c);
		printf("\n%s.\n", c->summary);
		return CLI_DONE;
	}
	puts("usage: lodge COMMAND [OPTIONS] [ARGUMENTS]\n");
	for (i = 0; i < cli_nr_commands; i++)
		printf(" %-20s%s.\n", cli_commands[i].name,
		       cli_commands[i].summary);
	return CLI_DONE;
}

/* False: not one of this command's; getopt_long() or we have said so. */
static bool take_option(const struct cli_command *c, struct cli_options *o,
			int letter)
{
	if (letter == '?')
		return false;
	if (!strchr(c->options, letter)) {
		fprintf(stderr, "lodge: %s has no option --json\n", c->name);
		return false;
	}
	o->json = true;
	return true;
}

static int run(const struct cli_command *c, int argc, char **argv)
{
	struct cli_options o = {0};
	int letter;

	while ((letter = getopt_long(argc, argv, "h", long_options, NULL)) !=
	       -1) {
		if (letter == 'h')
			return cmd_help(&o, 1, (char *[]){(char *)c->name});
		if (!take_option(c, &o, letter)) {
			usage(stderr, c);
			return CLI_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < c->least || (c->most >= 0 && argc > c->most)) {
		usage(stderr, c);
		return CLI_USAGE;
	}
	return c->run(&o, argc, argv);
}

int main(int argc, char **argv)
{
	const struct cli_command *c;
	int status;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		cmd_help(&(struct cli_options){0}, 0, NULL);
		return argc < 2 ? CLI_USAGE : CLI_DONE;
	}
	c = find(argv[1]);
	if (!c) {
		fprintf(stderr,
			"lodge: unknown command \"%s\"; see lodge help\n",
			argv[1]);
		return CLI_USAGE;
	}
	argv[1] = argv[0];
	status = run(c, argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		perror("lodge: the output cannot be written");
		return CLI_FAILED;
	}
	return status;
}
