/* SPDX-License-Identifier: MIT */
/*
 * options.c - a row of the table of commands, and a command line for it
 */
#include <getopt.h>
#include <stdio.h>

#include "cli.h"

#define MOST_OPTIONS 16

static void show_option_name(FILE *out, const struct cli_option *o)
{
	if (cli_has_letter(o))
		fprintf(out, "-%c", o->letter);
	if (cli_has_letter(o) && o->name)
		fputs(", ", out);
	if (o->name)
		fprintf(out, "--%s", o->name);
	if (o->argument)
		fprintf(out, " %s", o->argument);
}

void cli_usage(FILE *out, const struct cli_command *c)
{
	const struct cli_option *o;

	fprintf(out, "usage: lodge %s%s%s%s\n", c->name,
		c->options ? " [OPTIONS]" : "", *c->arguments ? " " : "",
		c->arguments);
	for (o = c->options; o && o->letter; o++) {
		fputs("  ", out);
		show_option_name(out, o);
		fprintf(out, ": %s\n", o->help);
	}
}

int cli_explain(const struct cli_command *c)
{
	printf("%s.\n\n", c->summary);
	cli_usage(stdout, c);
	return CLI_DONE;
}

/* What getopt_long() wants of a row. */
static void getopt_tables(const struct cli_command *c, char *letters,
			  struct option *longs)
{
	const struct cli_option *o;

	for (o = c->options; o && o->letter; o++) {
		if (cli_has_letter(o))
			*letters++ = o->letter;
		if (o->argument)
			*letters++ = ':';
		if (o->name)
			*longs++ = (struct option){
				o->name,
				o->argument ? required_argument : no_argument,
				NULL, o->letter};
	}
	*letters++ = 'h';
	*letters = '\0';
	*longs++ = (struct option){"help", no_argument, NULL, 'h'};
	*longs = (struct option){0};
}

int cli_run(const struct cli_command *c, int argc, char **argv)
{
	struct cli_options o = {.has = {0}};
	struct option longs[MOST_OPTIONS + 2];
	char letters[2 * MOST_OPTIONS + 2];
	int letter;

	getopt_tables(c, letters, longs);
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (letter == 'h')
			return cli_explain(c);
		if (letter == '?') {
			cli_usage(stderr, c);
			return CLI_USAGE;
		}
		o.has[letter] = true;
		o.value[letter] = optarg;
	}
	argc -= optind;
	argv += optind;
	if (argc < c->least || (c->most >= 0 && argc > c->most)) {
		cli_usage(stderr, c);
		return CLI_USAGE;
	}
	return c->run(&o, argc, argv);
}

int cli_finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	perror("lodge: the output cannot be written");
	return CLI_FAILED;
}
